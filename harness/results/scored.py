"""Where predictions and gold are counted: one way for every path to a number.

    terms = settle(goldset, speech, task=task)      # in which labels (harness.results.terms)
    pairs = join(gold, predicted, task=task)        # which documents (harness.results.pairs)
    count = Count(task, terms, options); count.add(...)

A run counts while its predictions stream in; files, records and replays call `count_records`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.adapter import Capabilities
from harness.annotation import Annotations, Entity, Record, Task
from harness.errors import InputError, SchemaError
from harness.gold.goldset import GoldSet
from harness.paragraphs import paragraph_starts
from harness.results.pairs import Pair, join
from harness.results.record import Unit
from harness.results.terms import Speech, Terms, settle
from harness.signature import Signature
from harness.tasks.attribution import count as attribution
from harness.tasks.measures import f1, ratio
from harness.tasks.ner import count as ner

__all__ = ["Count", "Counted", "Tally", "count_pairs", "count_records", "signature_of", "together"]

Tally = ner.NerTally | attribution.AttributionTally

_NORMALISED = ner.NerOptions(boundary="normalised")


def together(pair: Pair, terms: Terms, task: Task) -> Pair:
    """The pair with the labels of both sides as they are compared; what is not scored is out."""
    if task != "ner":
        return pair
    gold, _ = terms.gold(pair.gold.annotations.entities or ())
    predicted = terms.predicted(pair.predicted.entities or ())
    layers = replace(pair.gold.annotations, entities=gold)
    return replace(
        pair,
        gold=replace(pair.gold, annotations=layers),
        predicted=replace(pair.predicted, entities=predicted.kept),
    )


class _Sum:
    """A growing sum of entity counts, folded together now and then."""

    def __init__(self) -> None:
        self._waiting: list[ner.NerTally] = [ner.NerTally()]

    def add(self, tallies: Iterable[ner.NerTally]) -> None:
        self._waiting.extend(tallies)
        if len(self._waiting) > 1000:
            self._waiting = [ner.total(self._waiting)]

    def total(self) -> ner.NerTally:
        self._waiting = [ner.total(self._waiting)]
        return self._waiting[0]


class Count:
    """Counts documents one by one; holds sums, not documents."""

    def __init__(
        self,
        task: Task,
        options: ner.NerOptions,
        *,
        terms: Terms | None = None,
        capabilities: Capabilities | None = None,
        attribution_options: attribution.AttributionOptions | None = None,
        headlines: bool = True,
    ) -> None:
        """Without `headlines` nothing is counted that `scores` alone needs."""
        self._headlines = headlines
        self._task: Task = task
        self.options = options
        self.terms = terms or Terms()
        self._capabilities = capabilities
        self._attribution_options = attribution_options
        self._entities = _Sum()
        self._normalised = _Sum()
        self._without, self._with = _Sum(), _Sum()
        self._attribution = attribution.AttributionTally()
        self.unknown: dict[str, Counter[str]] = {"gold": Counter(), "predictions": Counter()}
        """Labels that the side's own schema does not have, with how often each came."""
        self.not_scored: Counter[str] = Counter()
        """Predicted types that the gold set does not annotate, as they were spelled."""

    @property
    def duplicates(self) -> int:
        """Predictions left out because an identical one was counted: same spans, same label as
        compared. What the gold repeats is not the backend's."""
        if self._task == "ner":
            return self._entities.total().duplicates_predicted
        return self._attribution["duplicates.predicted"]

    @property
    def f1_with_all(self) -> float | None:
        """Micro F1 if the types that are not scored counted too; `None` where there are none."""
        if not self.not_scored:
            return None
        # Counts add up: only documents with such types were counted a second time.
        parts = [
            ner.score(part.total(), self.options).micro
            for part in (self._entities, self._without, self._with)
        ]
        tp, predicted, gold = (
            whole - without + with_all
            for whole, without, with_all in (
                [getattr(part, name) for part in parts] for name in ("tp", "predicted", "support")
            )
        )
        return f1(ratio(tp, predicted), ratio(tp, gold))

    def add(self, gold: Record, predicted: Annotations | None, error: str | None) -> list[Unit]:
        """Count a document; one without predictions is all-missed. Returns its units."""
        layers = Annotations((), ()) if predicted is None else predicted
        tallies = self.tallies(Pair(gold, layers, error=error))
        return [Unit(gold.id, number, tally.to_json()) for number, tally in enumerate(tallies)]

    def tallies(self, pair: Pair) -> Sequence[Tally]:
        """Count a pair whose labels are as they came; a tally per paragraph."""
        if self._task == "attribution":
            relations = _tally_relations(pair, self._attribution_options)
            self._attribution = attribution.total((self._attribution, *relations))
            return relations
        gold, strange = self.terms.gold(pair.gold.annotations.entities or ())
        sides = self.terms.predicted(pair.predicted.entities or ())
        if strange or sides.unknown:
            self.unknown["gold"].update(strange)
            self.unknown["predictions"].update(sides.unknown)
        record = pair.gold
        entities = _tally_entities(record, gold, sides.kept, self.options)
        self._entities.add(entities)
        if self._headlines and record.text is not None:
            forgiving = ner.tally(
                gold, sides.kept, _NORMALISED, text=record.text, ignore=record.ignore
            )
            self._normalised.add((forgiving,))
        if sides.extra:
            self.not_scored.update(entity.label for entity in sides.extra)
            # A type of its own, whatever the gold calls its types.
            extra = tuple(e._replace(label=f"not scored: {e.label}") for e in sides.extra)
            everything = _tally_entities(record, gold, (*sides.kept, *extra), self.options)
            self._without.add(entities)
            self._with.add(everything)
        return entities

    def full_score(self) -> ner.NerScore | attribution.AttributionScore:
        """The score of everything so far."""
        if self._task == "ner":
            return ner.score(self._entities.total(), self.options)
        return attribution.score(self._attribution, capabilities=self._capabilities)

    def scores(self) -> dict[str, Any]:
        """The headline numbers: per match mode for entities, per element for attributions.

        `normalised` is strict without English determiners and possessives and without edge
        punctuation of any script, with the number of boundary errors that this forgives:
        conventions that differ between OntoNotes and CoNLL, so that skill and convention can be
        told apart.
        """
        if self._task == "ner":
            whole = self._entities.total()
            modes: dict[str, Any] = {
                mode: ner.score(whole, replace(self.options, match=mode)).micro.to_json()
                for mode in ner.MATCH_MODES
            }
            forgiving = ner.score(self._normalised.total(), _NORMALISED)
            normalised = {**forgiving.micro.to_json(), "forgiven": forgiving.forgiven}
            return {**modes, "normalised": normalised}
        full = self.full_score().to_json()
        return {key: full[key] for key in ("relations", "elements", "kinds", "speaker")}


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Predictions that were counted against a gold set, with the statistics of it."""

    task: Task
    terms: Terms
    signature: Signature
    score: ner.NerScore | attribution.AttributionScore
    pairs: tuple[Pair, ...] = field(repr=False)
    """Gold and predictions with their labels as they came."""
    units: tuple[tuple[str, int], ...] = field(repr=False)
    """Document and paragraph of every tally."""
    tallies: tuple[Tally, ...] = field(repr=False)
    missing: tuple[str, ...] = ()
    """Gold documents that the predictions do not have: all-missed."""
    failed: tuple[tuple[str, str], ...] = ()
    """Documents for which the predictions carry an error, with it: all-missed."""
    unknown_labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """`gold` / `predictions`: labels that the side's own schema does not have, with counts."""
    not_scored: Mapping[str, int] = field(default_factory=dict)
    """Predicted types that the gold set does not annotate, with counts."""
    f1_with_all: float | None = None
    """Micro F1 with those that are not scored."""
    duplicates: int = 0
    """Predictions that repeat another one, counted once."""
    recount: Callable[[], Count] = field(default=lambda: Count("ner", ner.NerOptions()), repr=False)
    """Counts once more, with all that headlines need."""

    def headlines(self) -> dict[str, Any]:
        """The headline numbers, as a run record has them."""
        return self.recount().scores()

    def compared(self) -> list[Pair]:
        """The pairs with their labels as they are compared, without what is not scored."""
        return [together(pair, self.terms, self.task) for pair in self.pairs]


def count_records(
    goldset: GoldSet,
    predicted: Iterable[Record],
    *,
    task: Task,
    options: ner.NerOptions | None = None,
    schema: str | None = None,
    strict_labels: bool = False,
    gold: Sequence[Record] | None = None,
) -> Counted:
    """Count records of predictions against a gold set.

    Labels are compared as they are spelled, unless `schema` names one onto which both sides are
    projected, as in a run. `strict_labels` makes a predicted label that neither the gold nor its
    schema has, or that `schema` does not know, a `SchemaError`. `gold` are the gold set's records
    where they are in memory. Raises what `join` and `settle` raise.
    """
    gold = goldset.read_all() if gold is None else gold
    pairs = join(gold, list(predicted), task=task)
    labels = Counter(e.label for pair in pairs for e in pair.predicted.entities or ())
    terms = settle(goldset, Speech(occurring=labels), task=task, schema=schema, as_spelled=True)
    if strict_labels and schema is None:
        _refuse_strangers(goldset, labels)
    counted = count_pairs(goldset, pairs, terms, task=task, options=options)
    if strict_labels and schema is not None:
        _refuse(counted.unknown_labels.get("predictions", {}), schema)
    return counted


def count_pairs(
    goldset: GoldSet,
    pairs: Sequence[Pair],
    terms: Terms,
    *,
    task: Task,
    options: ner.NerOptions | None = None,
) -> Counted:
    """Count joined pairs, whose labels are as they came, under settled terms."""
    options = options or ner.NerOptions()
    relations = attribution.AttributionOptions(aliases=goldset.aliases)

    def recount() -> Count:
        whole = Count(task, options, terms=terms, attribution_options=relations)
        for pair in pairs:
            whole.tallies(pair)
        return whole

    count = Count(task, options, terms=terms, attribution_options=relations, headlines=False)
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    for pair in pairs:
        for number, tally in enumerate(count.tallies(pair)):
            units.append((pair.gold.id, number))
            tallies.append(tally)
    return Counted(
        task=task,
        terms=terms,
        signature=signature_of(goldset, terms, task=task, options=options, documents=len(pairs)),
        score=count.full_score(),
        pairs=tuple(pairs),
        units=tuple(units),
        tallies=tuple(tallies),
        missing=tuple(pair.gold.id for pair in pairs if pair.missing),
        failed=tuple((pair.gold.id, pair.error) for pair in pairs if pair.error is not None),
        unknown_labels={side: dict(counts) for side, counts in count.unknown.items() if counts},
        not_scored=dict(sorted(count.not_scored.items())),
        f1_with_all=count.f1_with_all,
        duplicates=count.duplicates,
        recount=recount,
    )


def signature_of(
    goldset: GoldSet,
    terms: Terms,
    *,
    task: Task,
    options: ner.NerOptions,
    documents: int,
    prompts: str = "",
) -> Signature:
    """How a count was made. `prompts` tells backends apart that were told what to look for."""
    entities = task == "ner"
    return Signature(
        task=task,
        gold=goldset.name,
        gold_version=goldset.version,
        gold_digest=goldset.digest[:8],
        documents=documents,
        schema=terms.schema,
        projection=terms.projection + (f",prompts={prompts}" if prompts else ""),
        match=options.match if entities else "found50",
        boundary=options.boundary if entities else "none",
    )


def _tally_entities(
    record: Record,
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: ner.NerOptions,
) -> list[ner.NerTally]:
    return ner.tally_units(
        gold,
        predicted,
        options,
        text=record.text,
        ignore=record.ignore,
        starts=[0] if record.text is None else paragraph_starts(record.text),
    )


def _tally_relations(
    pair: Pair, options: attribution.AttributionOptions | None
) -> list[attribution.AttributionTally]:
    record = pair.gold
    if record.text is None:
        raise InputError(
            f"document {record.id!r}: the gold has no text, which attribution scoring needs",
            hint='add "text" to the gold, or give a gold set with its texts',
        )
    return attribution.tally_units(
        record.annotations.attributions or (),
        pair.predicted.attributions or (),
        options,
        text=record.text,
        ignore=record.ignore,
        starts=paragraph_starts(record.text),
    )


def _refuse(unknown: Mapping[str, int], schema: str) -> None:
    if unknown:
        listed = ", ".join(f"{label} ({n})" for label, n in Counter(unknown).most_common(10))
        raise SchemaError(
            f"labels in the predictions that the schema {schema!r} does not have: {listed}",
            hint="name the schema that has them (--schema), or write a projection",
        )


def _refuse_strangers(goldset: GoldSet, predicted: Counter[str]) -> None:
    """Labels are compared as spelled here, so that an alias of a label is a stranger too."""
    schema = goldset.schema
    known = {*goldset.labels, *(schema.labels if schema else ())}
    strange = Counter({label: n for label, n in predicted.items() if label not in known})
    if strange:
        listed = ", ".join(f"{label} ({count})" for label, count in strange.most_common(10))
        more = f" and {len(strange) - 10} more" if len(strange) > 10 else ""
        raise SchemaError(
            f"labels in the predictions that neither the gold nor its schema has: {listed}{more}",
            hint=f"the gold has {', '.join(sorted(known)[:20])}; project both sides onto one "
            "schema with --schema NAME",
        )
