"""How far annotators agree: the scores of each against each other, and Krippendorff's alpha.

F1 is the same whichever of two annotators is called gold, so the figures of a pair have no
direction. A pair is compared over the documents that both labelled, its counts summed; figures
for more than two annotators are plain means over the pairs. Regions that either of a pair ignores
take no part.

Alpha is over tokens in the categories source, cue, content and none (`alpha` beside this module),
over all annotators of a document at once; tokens that one of them ignores are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from harness.annotation import (
    KINDS,
    TASKS,
    Annotations,
    Record,
    Span,
    Task,
    span_problems,
)
from harness.coding import encode
from harness.errors import AnnotationError, InputError, NothingMeasured, UsageError
from harness.gold.agreement.alpha import nominal_alpha, token_roles
from harness.gold.agreement.disagreement import (
    Disagreement,
    attribution_disagreements,
    entity_disagreements,
)
from harness.tasks.attribution import count as attribution
from harness.tasks.attribution.count import AttributionOptions
from harness.tasks.measures import ratio
from harness.tasks.ner import count as ner
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.score import score as ner_score
from harness.tasks.ner.tally import total as ner_total

__all__ = ["Agreement", "Figure", "PairAgreement", "Spread", "agreement"]

Figure = tuple[str, ...]
"""What was measured: `("strict",)`, `("types", "ORG")`, `("relations", "found50")`,
`("elements", "source", "overlap")`, ..."""

_NER = (
    ("strict", NerOptions()),
    ("normalised", NerOptions(boundary="normalised")),
    ("type", NerOptions(match="type")),
)


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators over the documents that both labelled; figures are F1, 0 to 1.

    `("kind",)` is the share of the found50 pairs that both give the same kind. A figure is `None`
    where neither has anything of the sort.
    """

    annotators: tuple[str, str]
    task: Task
    documents: int
    figures: Mapping[Figure, float | None]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all pairs for which it is defined; `None` where there is no such pair."""

    mean: float | None
    lowest: float | None
    highest: float | None
    pairs: int

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread:
        known = [value for value in values if value is not None]
        if not known:
            return cls(None, None, None, 0)
        return cls(fmean(known), min(known), max(known), len(known))


@dataclass(frozen=True, slots=True)
class Agreement:
    """What `agreement` found. `shared` and `alone`: documents that at least two, or only one
    annotator labelled, by task; tasks that nobody shares are absent."""

    annotators: tuple[str, ...]
    shared: Mapping[Task, int]
    alone: Mapping[Task, tuple[str, ...]]
    pairs: tuple[PairAgreement, ...]
    alpha: float | None
    tokens: int
    """How many tokens alpha is over."""
    disagreements: tuple[Disagreement, ...]

    def figures(self, task: Task) -> dict[Figure, Spread]:
        """Every figure of a task over the pairs, in the order of a table."""
        pairs = [pair for pair in self.pairs if pair.task == task]
        names = dict.fromkeys(name for pair in pairs for name in pair.figures)
        return {name: Spread.of(pair.figures.get(name) for pair in pairs) for name in names}

    def rows(self, task: Task) -> list[tuple[str, Spread]]:
        """A line for each figure: its name for people, and its spread."""
        return [(" ".join(name), spread) for name, spread in self.figures(task).items()]

    def to_json(self, *, disagreements: bool = True) -> dict[str, Any]:
        out: dict[str, Any] = {"annotators": list(self.annotators)}
        for task in TASKS:
            if task not in self.shared:
                out[task] = None
                continue
            out[task] = {"documents": self.shared[task], "alone": list(self.alone[task])}
            out[task] |= encode(_nested(self.figures(task)))
            if task == "attribution":
                out[task] |= {"alpha": self.alpha, "tokens": self.tokens}
        out["pairs"] = [
            {
                "annotators": list(pair.annotators),
                "task": pair.task,
                "documents": pair.documents,
                **_nested(pair.figures),
            }
            for pair in self.pairs
        ]
        if disagreements:
            out["disagreements"] = [item.to_json() for item in self.disagreements]
        return out


def agreement(
    annotators: Mapping[str, Sequence[Record]],
    *,
    tasks: Iterable[Task] = TASKS,
    options: AttributionOptions | None = None,
    disagreements: bool = True,
) -> Agreement:
    """Compare any number of annotators, each with everyone.

    A document whose layer is `None` was not labelled by that annotator; one whose layer is empty
    was. Records may leave out a text that another annotator's record of the document gives.

    Raises `UsageError` for fewer than two annotators, `NothingMeasured` where no two share a
    labelled document, `InputError` where texts of a document differ, none is given or an annotator
    has a document twice, and `AnnotationError` for a span outside the text.
    """
    if len(annotators) < 2:
        raise UsageError(f"agreement takes two annotators or more, found {len(annotators)}")
    options = options or AttributionOptions()
    layers = {name: _by_id(name, records) for name, records in annotators.items()}
    texts = _texts(layers)
    shared: dict[Task, int] = {}
    alone: dict[Task, tuple[str, ...]] = {}
    pairs: list[PairAgreement] = []
    differences: list[Disagreement] = []
    for task in tasks:
        labelled = Counter(
            id_
            for records in layers.values()
            for id_, record in records.items()
            if record.annotations.layer(task) is not None
        )
        if max(labelled.values(), default=0) < 2:
            continue
        shared[task] = sum(count > 1 for count in labelled.values())
        alone[task] = tuple(sorted(id_ for id_, count in labelled.items() if count == 1))
        for names in combinations(layers, 2):
            common = list(_common(task, layers[names[0]], layers[names[1]]))
            if not common:
                continue
            compare = _entities if task == "ner" else _attributions
            pairs.append(PairAgreement(names, task, len(common), compare(common, texts, options)))
            if disagreements:
                differences += _differences(task, names, common, texts, options)
    if not shared:
        raise NothingMeasured(
            "no document has a layer from two annotators: do the document ids differ?"
        )
    alpha, tokens = None, 0
    if "attribution" in shared:
        units = list(_token_units(layers, texts))
        alpha, tokens = nominal_alpha(units), len(units)
    return Agreement(tuple(layers), shared, alone, tuple(pairs), alpha, tokens, tuple(differences))


Layers = Mapping[str, Mapping[str, Record]]


def _by_id(name: str, records: Sequence[Record]) -> dict[str, Record]:
    found = {record.id: record for record in records}
    if len(found) < len(records):
        twice = Counter(record.id for record in records).most_common(1)[0][0]
        raise InputError(f"annotator {name!r} has document {twice!r} more than once")
    return found


def _texts(layers: Layers) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, records in layers.items():
        for id_, record in records.items():
            if record.text is not None and texts.setdefault(id_, record.text) != record.text:
                raise InputError(
                    f"document {id_!r} of annotator {name!r} has another text",
                    hint="annotators must label the very same text, or offsets mean nothing",
                )
    for name, records in layers.items():
        for id_, record in records.items():
            if id_ not in texts:
                raise InputError(f"document {id_!r} of annotator {name!r} has no text")
            if record.text is None:  # so no reader can have checked its spans
                _check(record, texts[id_], name)
    return texts


def _check(record: Record, text: str, name: str) -> None:
    layers = record.annotations
    spans = [entity.span for entity in layers.entities or ()]
    spans += [span for item in layers.attributions or () for _, span in item.spans()]
    for span in spans:
        problem = span_problems(len(text), *span)
        if problem:
            raise AnnotationError(f"document {record.id!r} of annotator {name!r}: {problem}")


Common = tuple[str, Annotations, Annotations, tuple[Span, ...]]
"""Id, either annotator's layers, and what either of them ignores."""


def _common(task: Task, one: Mapping[str, Record], other: Mapping[str, Record]) -> Iterator[Common]:
    for id_ in sorted(one.keys() & other.keys()):
        a, b = one[id_], other[id_]
        if a.annotations.layer(task) is not None and b.annotations.layer(task) is not None:
            yield id_, a.annotations, b.annotations, (*a.ignore, *b.ignore)


def _entities(
    common: Sequence[Common], texts: Mapping[str, str], _: AttributionOptions
) -> dict[Figure, float | None]:
    figures: dict[Figure, float | None] = {}
    types: dict[Figure, float | None] = {}
    for name, options in _NER:
        score = ner_score(
            ner_total(
                ner.tally(
                    a.entities or (), b.entities or (), options, text=texts[id_], ignore=ignore
                )
                for id_, a, b, ignore in common
            ),
            options,
        )
        figures[(name,)] = score.micro.f1
        if name == "strict":
            types = {("types", label): block.f1 for label, block in score.types.items()}
    return figures | types


def _attributions(
    common: Sequence[Common], texts: Mapping[str, str], options: AttributionOptions
) -> dict[Figure, float | None]:
    tally = attribution.total(
        attribution.tally(
            a.attributions or (), b.attributions or (), options, text=texts[id_], ignore=ignore
        )
        for id_, a, b, ignore in common
    )
    score = attribution.score(tally, options)
    same_kind = sum(score.kind_confusion[kind][kind] for kind in KINDS)
    return {
        **{("relations", name): block.f1 for name, block in score.relations.items()},
        **{
            ("elements", role, view): block.f1
            for role, views in score.elements.items()
            for view, block in views.items()
        },
        ("kind",): ratio(same_kind, score.relations["found50"].tp),
        ("speaker",): score.speaker.f1,
    }


def _differences(
    task: Task,
    names: tuple[str, str],
    common: Sequence[Common],
    texts: Mapping[str, str],
    options: AttributionOptions,
) -> Iterator[Disagreement]:
    for id_, a, b, ignore in common:
        if task == "ner":
            sides = (a.entities or (), b.entities or ())
            yield from entity_disagreements(id_, texts[id_], names, sides, ignore)
        else:
            relations = (a.attributions or (), b.attributions or ())
            yield from attribution_disagreements(id_, texts[id_], names, relations, options, ignore)


def _token_units(layers: Layers, texts: Mapping[str, str]) -> Iterator[Counter[str]]:
    """For each token of each document, how many annotators gave it which role."""
    for id_, text in texts.items():
        records = [by_id[id_] for by_id in layers.values() if id_ in by_id]
        records = [record for record in records if record.annotations.attributions is not None]
        if len(records) < 2:
            continue
        ignored = [span for record in records for span in record.ignore]
        judged = [token_roles(text, record.annotations.attributions or ()) for record in records]
        for same_token in zip(*judged, strict=True):
            start, end = same_token[0][0]
            if not any(start < span.end and span.start < end for span in ignored):
                yield Counter(role for _, role in same_token)


def _nested(figures: Mapping[Figure, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in figures.items():
        place = out
        for part in name[:-1]:
            place = place.setdefault(part, {})
        place[name[-1]] = value
    return out
