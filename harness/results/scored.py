"""The one junction: where predictions meet gold, in which labels, and what is counted of them.

A run opens a `Count` and adds documents as they come; files, records and replays are scored by
`score_records` and `score_pairs`, which do the same at once. What comes out is `Scored`, and
everything that decides reads that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.adapter import Capabilities
from harness.annotation import Record
from harness.errors import HarnessError, InputError, SchemaError
from harness.gold.goldset import GoldSet
from harness.paragraphs import paragraph_starts, unit_of
from harness.results.outcomes import Mention, Outcomes, outcomes_of
from harness.results.pairs import join
from harness.results.record import Result
from harness.results.settle import Sides, Speech, Terms, settle, speech_of
from harness.signature import Signature
from harness.stats.rates import defined, rates
from harness.tasks.base import Pair, Task
from harness.tasks.parts import Block, Counts, Matrix, Metric, block
from harness.tasks.registry import task_named
from harness.tasks.tally import Event, Part, Tally

__all__ = [
    "Count",
    "Facts",
    "Scored",
    "headlines",
    "open_count",
    "options_of",
    "score_pairs",
    "score_records",
]


_OF_LABELS = ("schema", "proj")
"""The fields of a signature that say in which labels both sides met."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader of the numbers has to know of how they came about; as in `Result`."""

    duplicates: int = 0
    unknown_labels: Mapping[str, int] = field(default_factory=dict)
    not_scored: Mapping[str, int] = field(default_factory=dict)
    f1_with_all: float | None = None
    assumed: tuple[str, ...] = ()
    cannot_produce: tuple[str, ...] = ()
    ceiling_recall: float | None = None
    merged_labels: tuple[str, ...] = ()
    left_out_labels: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """For a `Result`."""
        return {name: getattr(self, name) for name in self.__slots__}


class Count:
    """Counts documents one by one; holds sums, not documents. `open_count` makes one."""

    def __init__(
        self,
        task: Task,
        options: Any,
        goldset: GoldSet,
        terms: Terms,
        capabilities: Capabilities | None = None,
    ) -> None:
        self.task = task
        self.options = task.with_aliases(options, goldset.aliases)
        self.terms = terms
        self.capabilities = capabilities
        self.goldset = goldset
        self._sums = {"": Tally(), "without": Tally(), "with": Tally()}
        self._asides = {name: Tally() for name in task.asides(options)}
        self.unknown_gold: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._not_scored: Counter[str] = Counter()
        self._documents = 0

    def add(self, pair: Pair, *, asides: bool = True) -> list[Tally]:
        """Count a document whose labels are as they came; a tally per paragraph.

        Without `asides` nothing is counted that `headlines` alone needs.
        """
        compared, sides, strange = self._compared(pair)
        self.unknown_gold.update(strange)
        self._unknown.update(sides.unknown)
        extra = sides.extra
        text = pair.gold.text
        tallies = _cut(
            self.task.count(compared, self.options),
            [0] if text is None else paragraph_starts(text),
        )
        self._documents += 1
        _add(self._sums[""], tallies)
        if asides and text is not None:
            for name, options in self.task.asides(self.options).items():
                _add(self._asides[name], _cut(self.task.count(compared, options), [0]))
        if extra:
            self._not_scored.update(item.label for item in extra)
            # A type of its own, whatever the gold calls its types.
            others = tuple(item._replace(label=f"not scored: {item.label}") for item in extra)
            everything = (*self.task.items(compared.predicted), *others)
            layers = compared.predicted.with_layer(self.task.layer, everything)
            again = replace(compared, predicted=layers)
            _add(self._sums["without"], tallies)
            _add(self._sums["with"], _cut(self.task.count(again, self.options), [0]))
        return tallies

    def compared(self, pair: Pair) -> Pair:
        """The pair with the labels of both sides as they are compared, without what is not
        scored."""
        return self._compared(pair)[0]

    def _compared(self, pair: Pair) -> tuple[Pair, Sides, Mapping[str, int]]:
        """That, what became of the predictions, and labels of the gold that no schema knows."""
        if not self.task.labelled:
            return pair, Sides(self.task.items(pair.predicted), (), {}), {}
        layer = self.task.layer
        gold, strange = self.terms.gold(self.task.items(pair.gold.annotations))
        sides = self.terms.predicted(self.task.items(pair.predicted))
        annotations = pair.gold.annotations.with_layer(layer, gold)
        compared = replace(
            pair,
            gold=replace(pair.gold, annotations=annotations),
            predicted=pair.predicted.with_layer(layer, sides.kept),
        )
        return compared, sides, strange

    @property
    def total(self) -> Tally:
        """The sum so far."""
        return self._sums[""].without_zeros()

    def headlines(self) -> dict[str, Any]:
        """The numbers that a run record states."""
        asides = {name: tally.without_zeros() for name, tally in self._asides.items()}
        return self.task.headlines(self.total, self.options, self.capabilities, asides)

    def facts(self, produced: Sequence[str] | None = None) -> Facts:
        """What stands behind the numbers; `produced` are the labels that the model can give."""
        missing, ceiling, merged, left_out = self.terms.reach(produced, self.goldset.labels)
        if ceiling is not None and not self.task.ceiling(self.options):
            ceiling = 1.0
        return Facts(
            duplicates=self.task.duplicates(self.total),
            unknown_labels=dict(sorted(self._unknown.items())),
            not_scored=dict(sorted(self._not_scored.items())),
            f1_with_all=self._f1_with_all(),
            assumed=self.terms.assumed,
            cannot_produce=missing,
            ceiling_recall=ceiling,
            merged_labels=merged,
            left_out_labels=left_out,
        )

    def _f1_with_all(self) -> float | None:
        """The headline's F1 if what is not scored counted too; `None` where there is none."""
        if not self._not_scored:
            return None
        # Counts add up: only documents with such types were counted a second time.
        everything = Tally(self._sums[""])
        everything.update(self._sums["with"])
        everything.subtract(self._sums["without"])
        headline = self.task.parts(everything, self.options, self.capabilities)[0]
        return defined(rates(*headline.sums(everything)).f1)

    def signature(self, *, prompts: str = "") -> Signature:
        """How this was counted. `prompts` tells backends apart that were told what to look for."""
        goldset = self.goldset
        fields: dict[str, str] = {}
        if self.task.labelled:
            told = f",prompts={prompts}" if prompts else ""
            met = (self.terms.schema, self.terms.projection + told)
            fields = dict(zip(_OF_LABELS, met, strict=True))
        fields |= {name: str(getattr(self.options, name)) for name in self.task.signed}
        return Signature(
            task=self.task.name,
            gold=goldset.name,
            gold_version=goldset.version,
            gold_digest=goldset.digest[:8],
            documents=self._documents,
            fields=fields,
        )


def open_count(
    goldset: GoldSet,
    task: Task,
    options: Any = None,
    *,
    speech: Speech,
    schema: str | None = None,
    place: Any = None,
    as_spelled: bool = False,
    capabilities: Capabilities | None = None,
) -> Count:
    """Settle in which labels a gold set and predictions meet, and open a count of them.

    `schema` is the one that was asked for, `place` one to meet in; with `as_spelled` labels are
    compared as they are spelled unless one of them is given. Raises `SchemaError` where the two
    have no schema in common.
    """
    terms = settle(goldset, speech, task=task, schema=schema, place=place, as_spelled=as_spelled)
    return Count(task, options or task.options(), goldset, terms, capabilities)


def options_of(task: Task, signature: Signature) -> Any:
    """The options that a signature names.

    Raises `InputError` for one that lacks a field of the task, or has another's.
    """
    expected = ((*_OF_LABELS, *task.signed)) if task.labelled else task.signed
    for name in dict.fromkeys((*expected, *signature.fields)):
        if (name in expected) != (name in signature.fields):
            which = "no" if name in expected else "a strange"
            raise InputError(
                f"not a signature of the task {task.name!r}: {which} field {name!r}",
                hint=f"found {str(signature)[:200]!r}",
            )
    return task.options(**{name: signature.fields[name] for name in task.signed})


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
    units: tuple[tuple[str, int], ...] = field(repr=False)
    """Document and paragraph of every tally."""
    tallies: tuple[Tally, ...] = field(repr=False)
    options: Any = None
    facts: Facts = field(default_factory=Facts, repr=False)
    source: str = ""
    result: Result | None = field(default=None, repr=False)
    """The run's own account of it: costs, licences, failures; `None` for a predictions file."""
    schema: str | None = None
    """The label schema that was asked for; `signature.schema` is where labels met."""
    count: Count | None = field(default=None, repr=False)
    """What counted it, where that was done here."""
    documents: tuple[Pair, ...] = field(default=(), repr=False)
    """Gold and predictions with their labels as they came, where it was counted here."""
    recall_pairs: Callable[[], list[Pair]] | None = field(default=None, repr=False)
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

    @cached_property
    def total(self) -> Tally:
        """The sum of all counts."""
        return Tally.of(self.tallies)

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
            return self.facts.assumed
        return (*self.count.terms.gold_assumed, *self.count.terms.assumed)

    def to_json(self) -> dict[str, Any]:
        """As `harness score --json`."""
        return {"signature": str(self.signature), "task": self.task, **self.score.to_json()}

    @cached_property
    def matrix(self) -> Matrix:
        """The counts of every paragraph."""
        return Matrix(self.tallies)

    def counts(
        self,
        part: Part | None = None,
        metric: Metric = "f1",
        weights: tuple[float, float] = (1.0, 1.0),
    ) -> Counts:
        """One part of every paragraph; the headline unless another is named."""
        return self.matrix.counts(part or self.parts[0], metric, weights)

    @property
    def document_numbers(self) -> tuple[int, ...]:
        """The document of every unit, numbered in order of appearance."""
        numbers: dict[str, int] = {}
        return tuple(numbers.setdefault(document, len(numbers)) for document, _ in self.units)

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

    def pairs(self) -> list[Pair]:
        """Gold documents with predictions, their labels as they are compared.

        Raises `HarnessError` where predictions or gold are not at hand.
        """
        if self.count is not None:
            return self._compared
        if self.recall_pairs is None:
            raise HarnessError(f"{self.name} on {self.gold}: its mentions were not kept")
        return self.recall_pairs()

    @cached_property
    def _compared(self) -> list[Pair]:
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
            return self.known_outcomes, ""
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
        return Mention(document, *self.definition.named(item))


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
) -> Scored:
    """Score records of predictions against a gold set, under a name for tables.

    Labels are compared as they are spelled, unless `schema` names one onto which both sides are
    projected, as in a run. `strict_labels` makes a predicted label that neither the gold nor its
    schema has, or that `schema` does not know, a `SchemaError`. `gold` are the gold set's records
    where they are in memory. Raises what `join` and `settle` raise.
    """
    gold = goldset.read_all() if gold is None else gold
    definition = task_named(task)
    pairs = join(gold, list(predicted), task=definition)
    speech = speech_of(definition, None, None, _as_records(pairs))
    if strict_labels and schema is None:
        _refuse_strangers(goldset, Counter(speech.occurring or {}))
    count = open_count(goldset, definition, options, speech=speech, schema=schema, as_spelled=True)
    empty = Scored(name, name, goldset.name, task, count.signature(), (), ())
    scored = score_pairs(replace(empty, source=source, schema=schema), pairs, count)
    if strict_labels and schema is not None:
        _refuse(scored.facts.unknown_labels, schema)
    return scored


def score_pairs(empty: Scored, pairs: Sequence[Pair], count: Count) -> Scored:
    """`empty` with the counts of these pairs, whose labels are as they came."""
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    for pair in pairs:
        for number, tally in enumerate(count.add(pair, asides=False)):
            units.append((pair.gold.id, number))
            tallies.append(tally)
    produced = empty.result.labels if empty.result is not None else None
    return replace(
        empty,
        signature=count.signature(),
        units=tuple(units),
        tallies=tuple(tallies),
        options=count.options,
        facts=count.facts(produced),
        count=count,
        documents=tuple(pairs),
    )


def headlines(scored: Scored) -> dict[str, Any]:
    """The numbers that a run record states of what was counted here."""
    assert scored.count is not None
    count = scored.count
    again = Count(count.task, count.options, count.goldset, count.terms, count.capabilities)
    for pair in scored.documents:
        again.add(pair)
    return again.headlines()


def _as_records(pairs: Iterable[Pair]) -> Iterable[Record]:
    return (replace(pair.gold, annotations=pair.predicted) for pair in pairs)


def _cut(events: Iterable[Event], starts: Sequence[int]) -> list[Tally]:
    """A tally for each paragraph, which begin at these offsets; they add up to the document's."""
    tallies = [Tally() for _ in starts]
    first = tallies[0]
    for offset, key, n in events:
        tally = first if len(starts) == 1 else tallies[unit_of(offset, starts)]
        tally[key] = tally.get(key, 0) + n
    for tally in tallies:
        tally.without_zeros()
    return tallies


def _add(total: Tally, tallies: Iterable[Tally]) -> None:
    for tally in tallies:
        for key, n in tally.items():
            total[key] = total.get(key, 0) + n


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
