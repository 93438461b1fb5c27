"""A count of one backend on one gold set: documents go in one by one, counts and facts come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.adapter import ModelIdentity
from harness.annotation import Capabilities, Record, replaced
from harness.coding import from_words, to_words
from harness.digest import digest_text
from harness.errors import InputError, TooEntangled, UsageError, nearest
from harness.gold.goldset import GoldSet
from harness.labels.schema import Schema
from harness.paragraphs import paragraph_starts
from harness.results.settle import (
    LabelMapping,
    PredictedLabels,
    SettledEntities,
    known_schemas,
    settle,
)
from harness.results.signature import DECLARED, READ_AS, TOKENS, Signature
from harness.results.sums import Sums, add_tallies
from harness.tasks.base import DocumentPair, Task
from harness.tasks.tally import Tally

__all__ = [
    "Count",
    "Caveats",
    "check_chosen",
    "check_possible",
    "count_pairs",
    "open_count",
    "options_of",
    "unit_starts",
]

_OF_LABELS = ("schema", "proj")
"""The fields of a signature that say in which labels both sides met."""
_PROMPTS = "prompts"
"""The field of backends alone that are told what to look for."""
_AT_WILL = (_PROMPTS, DECLARED, TOKENS, READ_AS)


@dataclass(frozen=True, slots=True)
class Caveats:
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
        mapping: LabelMapping,
        capabilities: Capabilities | None = None,
        *,
        model: ModelIdentity | None = None,
        read_as: str = "",
    ) -> None:
        """`model` tells backends apart that were told what to look for (`prompts`); `read_as` is
        what of the way that predictions were read changes a score."""
        self.task = task
        self.model = model
        self.read_as = read_as
        self.options = task.with_aliases(options, goldset.aliases)
        self.mapping = mapping
        self.capabilities = capabilities
        self.goldset = goldset
        self._further = task.further_options(self.options)
        self.sums = Sums(further={name: Tally() for name in self._further})
        self.unknown_gold: Counter[str] = Counter()

    def add(self, pair: DocumentPair, *, further: bool = True) -> list[Tally]:
        """Count a document whose labels are as they came; a tally per paragraph.

        Without `further` nothing is counted that `stated_scores` alone needs. Raises `TooEntangled`
        where the sides overlap too densely.
        """
        compared, sides, strange = self._compared(pair)
        sums = self.sums
        if strange or sides.unknown:
            self.unknown_gold.update(strange)
            sums.unknown.update(sides.unknown)
        extra = sides.extra
        text = pair.gold.text
        starts = unit_starts(pair.gold)
        tallies = self._units(compared, self.options, starts)
        sums.documents += 1
        add_tallies(sums.total, tallies)
        for name, options in self._further.items() if further else ():
            if text is None:  # Nobody can tell how it would be counted.
                add_tallies(sums.further[name], tallies, times=-1)
            elif not self.task.counts_alike(compared, self.options, options):
                add_tallies(sums.further[name], self._units(compared, options))
                add_tallies(sums.further[name], tallies, times=-1)
        if extra:
            for item in extra:
                sums.not_scored[item.label] += 1
            self._add_unscored(compared, extra, tallies)
        return tallies

    def _add_unscored(
        self, pair: DocumentPair, extra: Sequence[Any], tallies: Sequence[Tally]
    ) -> None:
        """Count what predictions that are not scored add to a document's counts."""
        task, unscored = self.task, self.sums.unscored
        # A type of its own, whatever the gold calls its types.
        others = tuple([replaced(item, label=f"not scored: {item.label}") for item in extra])
        alone = task.stranger_events(pair.gold, others, self.options)
        if alone is not None:
            add_tallies(unscored, Tally.units(alone))
            return
        everything = task.layers((*task.items(pair.predicted), *others))
        again = DocumentPair(pair.gold, everything, pair.missing, pair.error)
        add_tallies(unscored, self._units(again, self.options))
        add_tallies(unscored, tallies, times=-1)

    def _units(self, pair: DocumentPair, options: Any, starts: Sequence[int] = (0,)) -> list[Tally]:
        try:
            return Tally.units(self.task.count(pair, options), starts)
        except TooEntangled as error:
            raise TooEntangled(f"document {pair.gold.id!r}: {error.message}") from None

    def compared(self, pair: DocumentPair) -> DocumentPair:
        """The pair with the labels of both sides as they are compared, without what is not
        scored."""
        return self._compared(pair)[0]

    def _compared(
        self, pair: DocumentPair
    ) -> tuple[DocumentPair, SettledEntities, Mapping[str, int]]:
        """That, what became of the predictions, and labels of the gold that no schema knows."""
        if not self.task.labelled:
            return pair, SettledEntities(self.task.items(pair.predicted), (), {}), {}
        layer = self.task.layer
        items, given = self.task.items(pair.gold.annotations), self.task.items(pair.predicted)
        gold, strange = self.mapping.gold(items)
        sides = self.mapping.predicted(given)
        if gold is items and sides.kept is given:
            return pair, sides, strange
        record, predicted = pair.gold, pair.predicted
        if gold is not items:
            record = record.with_annotations(record.annotations.with_layer(layer, gold))
        if sides.kept is not given:
            predicted = predicted.with_layer(layer, sides.kept)
        return DocumentPair(record, predicted, pair.missing, pair.error), sides, strange

    @property
    def total(self) -> Tally:
        """The sum so far."""
        return self.sums.total.without_zeros()

    def stated_scores(self) -> dict[str, Any]:
        """The numbers that a run record states."""
        return self.sums.stated_scores(self.task, self.options, self.capabilities)

    def fields(self, produced: Sequence[str] | None) -> dict[str, Any]:
        """The fields of a `Result` that say how it was counted and what came of it."""
        return {
            "signature": str(self.signature()),
            "scores": self.stated_scores(),
            **self.caveats(produced).fields(),
        }

    def caveats(self, produced: Sequence[str] | None = None) -> Caveats:
        """What stands behind the numbers; `produced` are the labels that the model can give."""
        missing, ceiling, merged, left_out = self.mapping.reach(
            produced, self.goldset.labels_of(self.task.layer)
        )
        if ceiling is not None and not self.task.has_recall_ceiling(self.options):
            ceiling = 1.0
        return Caveats(
            **self.sums.caveats(self.task, self.options, self.capabilities),
            assumed=self.mapping.assumed,
            cannot_produce=missing,
            ceiling_recall=ceiling,
            merged_labels=merged,
            left_out_labels=left_out,
        )

    def signature(self) -> Signature:
        """How this was counted."""
        goldset = self.goldset
        fields: dict[str, str] = {}
        if self.task.labelled:
            fields = {"schema": self.mapping.schema, "proj": self.mapping.projection}
            if declared := self.mapping.declared:
                fields[DECLARED] = declared
        if prompts := self.model.notes.get(_PROMPTS) if self.model else None:
            fields[_PROMPTS] = digest_text(prompts)[:8]
        fields |= to_words(self.options, self.task.signed)
        fields |= to_words(self.options, self.task.changed(self.options))
        if self.task.uses_tokens(self.options):
            fields[TOKENS] = goldset.tokens_digest[:8]
        sides = {"gold": goldset.read_as, "pred": self.read_as}
        if notes := [f"{side}={note}" for side, note in sides.items() if note]:
            fields[READ_AS] = ",".join(notes)
        return Signature(
            task=self.task.name,
            gold=goldset.name,
            gold_version=goldset.version,
            gold_digest=goldset.digest[:8],
            documents=self.sums.documents,
            fields=fields,
        )


def unit_starts(record: Record) -> Sequence[int]:
    """Where the units of a document begin: its paragraphs, or those of the text that a perturbed
    one had before. Of these, the last that are no longer there are no units of it. A document
    without text is one unit."""
    text = record.text
    if text is None:
        return [0]
    if record.cuts is None:
        return paragraph_starts(text)
    return [0, *(cut for cut in record.cuts[1:] if cut < len(text))]


def open_count(
    goldset: GoldSet,
    task: Task,
    options: Any = None,
    *,
    predicted_labels: PredictedLabels,
    schema: str | None = None,
    meet_in: str | Schema | None = None,
    as_spelled: bool = False,
    capabilities: Capabilities | None = None,
    model: ModelIdentity | None = None,
    read_as: str = "",
) -> Count:
    """Settle in which labels a gold set and predictions meet, and open a count of them.

    `schema` is the one that was asked for, `meet_in` one to meet in; with `as_spelled` labels are
    compared as they are spelled unless one of them is given. Raises `SchemaError` where the two
    have no schema in common.
    """
    mapping = settle(
        goldset, predicted_labels, task=task, schema=schema, meet_in=meet_in, as_spelled=as_spelled
    )
    options = options or task.options()
    check_chosen(task, options, mapping.annotated or goldset.labels, f" of {goldset.name}")
    return Count(task, options, goldset, mapping, capabilities, model=model, read_as=read_as)


def check_chosen(task: Task, options: Any, known: Iterable[str], whose: str = "") -> None:
    """Raise `UsageError` for a label that is to be scored alone and that there is not; `whose`
    labels these are is said behind it."""
    labels = sorted(known)
    for label in sorted(task.chosen_labels(options)):
        if label not in labels:
            raise UsageError(f"unknown {task.part_word} {label!r}{whose}{nearest(label, labels)}")


def check_possible(task: Task, options: Any, goldset: GoldSet) -> None:
    """Raise `UsageError` for a label to score alone that neither the gold set has nor any schema
    in which it can be compared: before predictions say in which of them it is."""
    chosen = task.chosen_labels(options)
    if not chosen or not goldset.labels:
        return
    if chosen - {label for schema in known_schemas(goldset) for label in schema.labels}:
        check_chosen(task, options, goldset.labels, f" of {goldset.name}")


def count_pairs(task: Task, pairs: Iterable[DocumentPair], options: Any) -> Tally:
    """The sum over pairs, labels compared as they are spelled: for sides without a gold set."""
    return Tally.of(one for pair in pairs for one in Tally.units(task.count(pair, options)))


def options_of(task: Task, signature: Signature) -> Any:
    """The options that a signature names.

    Raises `InputError` for one that lacks a field of the task, has another's, or a value that
    cannot be.
    """
    expected = ((*_OF_LABELS, *task.signed)) if task.labelled else task.signed
    at_will = (*_AT_WILL, *task.signed_if_changed)
    stated = (name for name in signature.fields if name not in at_will)
    for name in dict.fromkeys((*expected, *stated)):
        if (name in expected) != (name in signature.fields):
            which = "no" if name in expected else "a strange"
            raise InputError(
                f"not a signature of the task {task.name!r}: {which} field {name!r}",
                hint=f"found {str(signature)[:200]!r}",
            )
    try:
        signed = (*task.signed, *task.signed_if_changed)
        words = {name: signature.fields[name] for name in signed if name in signature.fields}
        return from_words(task.options, words)
    except ValueError as error:
        raise InputError(
            f"not a signature of the task {task.name!r}: {error}",
            hint=f"found {str(signature)[:200]!r}",
        ) from None
