"""The one junction: where predictions meet gold, in which labels, and what is counted of them.

A run opens a `Count` (`harness.results.count`) and adds documents as they come; files, records and
replays are scored by `score_records` and `score_pairs`, which do the same at once. What comes out
is `Scored`, and everything that decides reads that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.annotation import Capabilities, Record
from harness.coding import to_words
from harness.errors import HarnessError, InputError, NotComparable, SchemaError, UsageError
from harness.formats.losses import lost
from harness.gold.goldset import GoldSet
from harness.results.count import Caveats, Count, check_chosen, open_count
from harness.results.outcomes import Mention, Outcomes, outcomes_of
from harness.results.pairs import join_documents
from harness.results.record import Result, ResultKey
from harness.results.settle import labels_of_predictions
from harness.results.signature import READ_AS, TOKENS, Signature
from harness.results.units import UnitColumns, UnitIds
from harness.table import tallied
from harness.tasks.base import DocumentPair, Task
from harness.tasks.columns import TallyColumns
from harness.tasks.parts import Block, Matrix, Metric, PartCounts, block
from harness.tasks.registry import task_named
from harness.tasks.tally import Part, Tally

__all__ = [
    "Scored",
    "check_types",
    "read_losses",
    "reason_of",
    "read_with",
    "stated_scores",
    "score_pairs",
    "score_records",
]


@dataclass(frozen=True, eq=False)
class Scored:
    """One backend on one gold set for one task, as it was counted."""

    name: str
    """What tables call it: the backend, with the file where two have the same backend."""
    backend: str
    gold: str
    task: str
    signature: Signature
    """How it was counted. Two scores compare only if these are equal."""
    units: Sequence[tuple[str, int]] = field(repr=False)
    """Document and paragraph of every tally."""
    tallies: Sequence[Tally] = field(repr=False)
    """What was counted of each. Both are columns (`columns`) where they were read from a run: who
    goes through them makes an object of every unit."""
    options: Any = None
    caveats: Caveats = field(default_factory=Caveats, repr=False)
    source: str = ""
    seed: int = 0
    """Of whatever is drawn at random, as its run says."""
    result: Result | None = field(default=None, repr=False)
    """The run's own account of it: costs, licences, failures; `None` for a predictions file."""
    schema: str | None = None
    """The label schema that was asked for; `signature.schema` is where labels met."""
    count: Count | None = field(default=None, repr=False)
    """What counted it, where that was done here."""
    losses: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)
    """What reading left out or changed, of `gold` and `predictions`, where files were read here."""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """How the two were read: their sources with every option."""
    documents: tuple[DocumentPair, ...] = field(default=(), repr=False)
    """Gold and predictions with their labels as they came, where it was counted here."""
    recall_pairs: Callable[[], list[DocumentPair]] | None = field(default=None, repr=False)
    """Gives them with labels as compared, where it was not; raises `HarnessError` if they are
    gone."""
    known_outcomes: Outcomes | None = field(default=None, repr=False)
    common: Callable[[], Scored] | None = field(default=None, repr=False)
    """The same, as the run counted it in the finest schema that all of its backends reach."""

    @property
    def capabilities(self) -> Capabilities | None:
        """What the backend says that it can give; `None` where nobody says."""
        return None if self.result is None else self.result.capabilities

    @property
    def definition(self) -> Task:
        """The task with all that it is asked for."""
        return task_named(self.task)

    @property
    def key(self) -> ResultKey:
        """Gold set, task and backend."""
        return self.gold, self.task, self.backend

    @cached_property
    def total(self) -> Tally:
        """The sum of all counts."""
        tallies = self.tallies
        return tallies.total() if isinstance(tallies, TallyColumns) else Tally.of(tallies)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Every measure of these counts; the first is the headline."""
        return tuple(self.definition.parts(self.total, self.options, self.capabilities))

    @property
    def headline(self) -> Block:
        """The measure that backends are ranked by."""
        return block(self.parts[0], self.total)

    @cached_property
    def score(self) -> Any:
        """Everything that `harness score` prints: `score.micro.f1`, `score.types["PERSON"].recall`,
        or `score.relations["found50"].f1`. Undefined is `None`."""
        return self.definition.score(self.total, self.options, self.capabilities)

    @property
    def f1(self) -> float | None:
        """The headline's F1: of all entities, of `found50` attributions."""
        return self.headline.f1

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What nobody stated of the labels of either side and was taken to be so."""
        if self.count is None:
            return self.caveats.assumed
        return (*self.count.mapping.gold_assumed, *self.count.mapping.assumed)

    def to_json(self) -> dict[str, Any]:
        """As `harness score --json`."""
        return {"signature": str(self.signature), "task": self.task, **self.score.to_json()}

    @cached_property
    def matrix(self) -> Matrix:
        """The counts of every paragraph."""
        return Matrix(self.columns.tallies)

    def counts(
        self,
        part: Part | None = None,
        metric: Metric = "f1",
        weights: tuple[float, float] | None = None,
    ) -> PartCounts:
        """One part of every paragraph; the headline unless another is named."""
        return self.matrix.counts(part or self.parts[0], metric, weights)

    @cached_property
    def columns(self) -> UnitColumns:
        """Units and tallies as columns: what all that goes by unit is computed from."""
        return UnitColumns(UnitIds.of(self.units), TallyColumns.of(self.tallies))

    @property
    def document_numbers(self) -> Sequence[int]:
        """The document of every unit, numbered in order of appearance."""
        return self.columns.ids.documents

    @property
    def sanity(self) -> bool:
        """Whether it is a row that checks the harness rather than a library."""
        return self.result is not None and self.result.sanity

    @property
    def missing(self) -> tuple[str, ...]:
        """Gold documents that the predictions do not have: all-missed."""
        return tuple(pair.gold.id for pair in self.documents if pair.missing)

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """Documents for which the predictions carry an error, with it: all-missed."""
        return tuple((p.gold.id, p.error) for p in self.documents if p.error is not None)

    def pairs(self) -> list[DocumentPair]:
        """Gold documents with predictions, their labels as they are compared.

        Raises `HarnessError` where predictions or gold are not at hand.
        """
        if self.count is not None:
            return self._compared
        if self.recall_pairs is None:
            raise HarnessError(f"{self.name} on {self.gold}: its mentions were not kept")
        return self.recall_pairs()

    @cached_property
    def _compared(self) -> list[DocumentPair]:
        assert self.count is not None
        return [self.count.compared(pair) for pair in self.documents]

    @property
    def outcomes(self) -> Outcomes | None:
        """What became of every mention; `None` where predictions or gold are not at hand."""
        return self._outcomes[0]

    @property
    def without_outcomes(self) -> str:
        """Why there are no outcomes; empty where there are."""
        return self._outcomes[1]

    @cached_property
    def _outcomes(self) -> tuple[Outcomes | None, str]:
        if self.known_outcomes is not None:
            labels = self.definition.chosen_labels(self.options)
            return self.known_outcomes.only(self.definition, labels), ""
        try:
            return outcomes_of(self.pairs(), self.definition, self.options), ""
        except (HarnessError, OSError) as error:
            return None, str(error)

    def texts(self) -> dict[str, str]:
        """Document id -> text; empty where the gold is not at hand."""
        try:
            return {pair.gold.id: pair.gold.text or "" for pair in self.pairs()}
        except (HarnessError, OSError):
            return {}

    def under(self, gold: str) -> Scored:
        """The same under another name of its gold set: a file may have been renamed."""
        return replace(self, gold=gold, signature=replace(self.signature, gold=gold))

    def mention(self, document: str, item: Any) -> Mention:
        """The name of an item in a document."""
        return Mention(document, *self.definition.mention(item))


def score_records(
    name: str,
    goldset: GoldSet,
    predicted: Iterable[Record],
    task: str,
    options: Any = None,
    *,
    schema: str | None = None,
    strict_labels: bool = False,
    gold: Sequence[Record] | None = None,
    source: str = "",
    read_as: str = "",
) -> Scored:
    """Score records of predictions against a gold set, under a name for tables.

    Labels are compared as they are spelled, unless `schema` names one onto which both sides are
    projected, as in a run. `strict_labels` makes a predicted label that neither the gold nor its
    schema has, or that `schema` does not know, a `SchemaError`. `gold` are the gold set's records
    where they are in memory. Raises what `join_documents` and `settle` raise.
    """
    gold = goldset.read_all() if gold is None else gold
    definition = task_named(task)
    pairs = join_documents(gold, list(predicted), task=definition, path=source or None)
    predicted_labels = labels_of_predictions(definition, None, None, _as_records(pairs))
    if strict_labels and schema is None:
        _refuse_strangers(goldset, Counter(predicted_labels.occurring or {}))
    count = open_count(
        goldset,
        definition,
        options,
        predicted_labels=predicted_labels,
        schema=schema,
        as_spelled=True,
        read_as=read_as,
    )
    empty = Scored(name, name, goldset.name, task, count.signature(), (), ())
    scored = score_pairs(replace(empty, source=source, schema=schema), pairs, count)
    if strict_labels and schema is not None:
        _refuse(scored.caveats.unknown_labels, schema)
    return scored


def score_pairs(empty: Scored, pairs: Sequence[DocumentPair], count: Count) -> Scored:
    """`empty` with the counts of these pairs, whose labels are as they came."""
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    for pair in pairs:
        for number, tally in enumerate(count.add(pair, further=False)):
            units.append((pair.gold.id, number))
            tallies.append(tally)
    produced = empty.result.labels if empty.result is not None else None
    return replace(
        empty,
        signature=count.signature(),
        units=tuple(units),
        tallies=tuple(tallies),
        options=count.options,
        caveats=count.caveats(produced),
        count=count,
        documents=tuple(pairs),
    )


def reason_of(scored: Scored, error: Exception) -> str:
    """Why its mentions are not there, without its own name before it, and what to do."""
    text = str(error).removeprefix(f"{scored.backend} on {scored.gold}: ")
    hint = ""
    if isinstance(error, NotComparable):
        hint = "; --gold PATH says where it lies as it was"
    elif isinstance(error, InputError) and not error.hint:
        hint = "; run again to have them"
    return "; ".join(map(str.strip, text.split("\n"))) + hint


def read_losses(scored: Iterable[Scored]) -> list[str]:
    """What reading left out or changed: a line each, that of a gold set once."""
    lines: dict[str, None] = {}
    for one in scored:
        for side, losses in one.losses.items():
            what = (
                f"{one.gold}, as it was read" if side == "gold" else f"{one.name}, as it was read"
            )
            lines.update(dict.fromkeys(lost(what, losses)))
    return list(lines)


def read_with(scored: Scored, **options: Any) -> Scored:
    """The same counts read with other options of the task, of those for which they serve.

    Those that are `None` stay, as do those that the task does not have. Raises `UsageError` for an
    option that asks for another count.
    """
    known = scored.definition.read_off
    given = {name: value for name, value in options.items() if value is not None and name in known}
    if not given:
        return scored
    read = replace(scored.options, **given)
    task = scored.definition
    if (other := task.needs_another_count(scored.options, read)) is not None:
        raise UsageError(
            f"{scored.name} on {scored.gold} was not counted with {other}: run or score it so"
        )
    signed = (*task.signed, *task.signed_if_changed)
    fields = dict(scored.signature.fields)
    last = {name: fields.pop(name) for name in (TOKENS, READ_AS) if name in fields}
    if not task.uses_tokens(read):
        last.pop(TOKENS, None)
    fields = {name: value for name, value in fields.items() if name not in signed}
    fields |= to_words(read, (*task.signed, *task.changed(read))) | last
    signature = replace(scored.signature, fields=fields)
    return replace(scored, options=read, signature=signature)


def check_types(scored: Sequence[Scored], **options: Any) -> None:
    """Raise `UsageError` for labels to score alone that none of these has, on either side."""
    for one in scored:
        labels = {
            label
            for other in scored
            if other.task == one.task
            for counts in (one.definition.gold_counts, one.definition.labels_not_in_gold)
            for label in counts(other.total)
        }
        check_chosen(one.definition, read_with(one, **options).options, labels)


def stated_scores(scored: Scored) -> dict[str, Any]:
    """The numbers that a run record states of what was counted here."""
    assert scored.count is not None
    count = scored.count
    again = Count(
        count.task,
        count.options,
        count.goldset,
        count.mapping,
        count.capabilities,
        model=count.model,
        read_as=count.read_as,
    )
    for pair in scored.documents:
        again.add(pair)
    return again.stated_scores()


def _as_records(pairs: Iterable[DocumentPair]) -> Iterable[Record]:
    return (replace(pair.gold, annotations=pair.predicted) for pair in pairs)


def _refuse(unknown: Mapping[str, int], schema: str) -> None:
    if unknown:
        listed = tallied(dict(Counter(unknown).most_common()), 10)
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
        listed = tallied(dict(strange.most_common()), 10)
        raise SchemaError(
            f"labels in the predictions that neither the gold nor its schema has: {listed}",
            hint=f"the gold has {', '.join(sorted(known)[:20])}; project both sides onto one "
            "schema with --schema NAME",
        )
