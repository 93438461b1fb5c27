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

from harness.annotation import Record, span_problems
from harness.coding import encode
from harness.curation.agreement.alpha import nominal_alpha
from harness.curation.agreement.disagreement import Disagreement, disagreements_of
from harness.errors import AnnotationError, InputError, NothingMeasured, UsageError
from harness.formats.hints import SAME_TEXT
from harness.results.count import count_pairs
from harness.tasks.base import DocumentPair, Task
from harness.tasks.registry import task_named, task_names
from harness.tasks.tally import Tally

__all__ = ["Agreement", "Figure", "PairAgreement", "Spread", "agreement"]

Figure = tuple[str, ...]
"""What was measured: `("strict",)`, `("types", "ORG")`, `("relations", "found50")`,
`("elements", "source", "overlap")`, ..."""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators over the documents that both labelled; figures are F1, 0 to 1.

    `("kind",)` is the share of the found50 pairs that both give the same kind. A figure is `None`
    where neither has anything of the sort.
    """

    annotators: tuple[str, str]
    task: str
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
    shared: Mapping[str, int]
    alone: Mapping[str, tuple[str, ...]]
    pairs: tuple[PairAgreement, ...]
    alphas: Mapping[str, tuple[float | None, int]]
    """Krippendorff's alpha by task, and how many tokens it is over."""
    disagreements: tuple[Disagreement, ...]

    def figures(self, task: str) -> dict[Figure, Spread]:
        """Every figure of a task over the pairs, in the order of a table."""
        pairs = [pair for pair in self.pairs if pair.task == task]
        names = dict.fromkeys(name for pair in pairs for name in pair.figures)
        return {name: Spread.of(pair.figures.get(name) for pair in pairs) for name in names}

    def to_json(self, *, disagreements: bool = True) -> dict[str, Any]:
        out: dict[str, Any] = {"annotators": list(self.annotators)}
        for task in task_names():
            if task not in self.shared:
                out[task] = None
                continue
            out[task] = {"documents": self.shared[task], "alone": list(self.alone[task])}
            out[task] |= encode(_nested(self.figures(task)))
            if task in self.alphas:
                alpha, tokens = self.alphas[task]
                out[task] |= {"alpha": alpha, "tokens": tokens}
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
    tasks: Iterable[str] | None = None,
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
    layers = {name: _by_id(name, records) for name, records in annotators.items()}
    texts = _texts(layers)
    shared: dict[str, int] = {}
    alone: dict[str, tuple[str, ...]] = {}
    pairs: list[PairAgreement] = []
    differences: list[Disagreement] = []
    alphas: dict[str, tuple[float | None, int]] = {}
    for task in map(task_named, task_names() if tasks is None else tasks):
        labelled = Counter(
            id_
            for records in layers.values()
            for id_, record in records.items()
            if task.is_annotated(record)
        )
        if max(labelled.values(), default=0) < 2:
            continue
        shared[task.name] = sum(count > 1 for count in labelled.values())
        alone[task.name] = tuple(sorted(id_ for id_, count in labelled.items() if count == 1))
        for names in combinations(layers, 2):
            common = list(_common(task, texts, layers[names[0]], layers[names[1]]))
            if not common:
                continue
            figures = task.agreement_scores(_sums(task, common))
            pairs.append(PairAgreement(names, task.name, len(common), figures))
            if disagreements:
                for pair in common:
                    differences += disagreements_of(pair, task, names, task.options())
        units = list(_token_units(task, layers, texts))
        if units:
            alphas[task.name] = (nominal_alpha(units), len(units))
    if not shared:
        raise NothingMeasured(
            "no document has a layer from two annotators: do the document ids differ?"
        )
    return Agreement(tuple(layers), shared, alone, tuple(pairs), alphas, tuple(differences))


Layers = Mapping[str, Mapping[str, Record]]


def _by_id(name: str, records: Sequence[Record]) -> dict[str, Record]:
    by_id = {record.id: record for record in records}
    if len(by_id) < len(records):
        twice = Counter(record.id for record in records).most_common(1)[0][0]
        raise InputError(f"annotator {name!r} has document {twice!r} more than once")
    return by_id


def _texts(layers: Layers) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, records in layers.items():
        for id_, record in records.items():
            if record.text is not None and texts.setdefault(id_, record.text) != record.text:
                raise InputError(
                    f"document {id_!r} of annotator {name!r} has another text",
                    hint=SAME_TEXT,
                )
    for name, records in layers.items():
        for id_, record in records.items():
            if id_ not in texts:
                raise InputError(f"document {id_!r} of annotator {name!r} has no text")
            if record.text is None:  # so no reader can have checked its spans
                _check(record, texts[id_], name)
    return texts


def _check(record: Record, text: str, name: str) -> None:
    for task in map(task_named, task_names()):
        for span in (span for item in task.items(record.annotations) for span in task.spans(item)):
            if problem := span_problems(len(text), *span):
                raise AnnotationError(f"document {record.id!r} of annotator {name!r}: {problem}")


def _common(
    task: Task, texts: Mapping[str, str], one: Mapping[str, Record], other: Mapping[str, Record]
) -> Iterator[DocumentPair]:
    """The documents that both labelled, the first annotator's as the gold; what either of them
    ignores takes no part."""
    for id_ in sorted(one.keys() & other.keys()):
        a, b = one[id_], other[id_]
        if task.is_annotated(a) and task.is_annotated(b):
            gold = Record(id_, texts[id_], a.annotations, ignore=(*a.ignore, *b.ignore))
            yield DocumentPair(gold, b.annotations)


def _sums(task: Task, common: Sequence[DocumentPair]) -> dict[str, Tally]:
    """The counts of one annotator against the other, each way that the task compares them."""
    ways = task.agreement_options()
    return {way: count_pairs(task, common, options) for way, options in ways.items()}


def _token_units(task: Task, layers: Layers, texts: Mapping[str, str]) -> Iterator[Counter[str]]:
    """For each token of each document, how many annotators gave it which category."""
    for id_, text in texts.items():
        records = [by_id[id_] for by_id in layers.values() if id_ in by_id]
        records = list(filter(task.is_annotated, records))
        if len(records) < 2:
            continue
        ignored = [span for record in records for span in record.ignore]
        judged = [task.token_roles(text, task.items(record.annotations)) for record in records]
        roles = [tokens for tokens in judged if tokens is not None]
        for same_token in zip(*roles, strict=True):
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
