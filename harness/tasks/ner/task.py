"""The task `ner`: named entities, labelled spans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from types import ModuleType
from typing import Any

from harness.annotation import Capabilities, Entity, Record, Span, printable
from harness.coding import encode
from harness.table import Table
from harness.tasks.base import Column, DocumentPair, Outcome, Task, bracketed
from harness.tasks.cases import Case, ExplainedMeasure
from harness.tasks.facets import Facet
from harness.tasks.ner import tally as counts
from harness.tasks.ner.options import MATCH_MODES, OVERLAP, NerOptions
from harness.tasks.ner.parts import gold_types, parts
from harness.tasks.ner.score import NerScore, confusion, error_counts, micro, score
from harness.tasks.ner.tables import confusion_table, error_table, type_table
from harness.tasks.tally import Event, Part, Tally, TallyKey

__all__ = ["NamedEntities"]

_FRAGMENTS = re.compile(r" \d+-\d+(;\d+-\d+)+\Z")
_NORMALISED = NerOptions(boundary="normalised")


class NamedEntities(Task):
    """Labelled spans, matched one to one (`count`)."""

    name = "ner"
    layer = "entities"
    title = "named entities"
    item = Entity
    options = NerOptions
    signed = ("match", "boundary")
    signed_if_changed = ("types", "beta", "levels")
    read_off = ("match", "boundary", "types", "beta", "levels")
    order = 0
    labelled = True
    flat = True
    part_word = "type"
    item_word = "mentions"
    gated: Mapping[str, float] = {"*": 3.0}  # never changed
    column = Column(
        "F1 norm.",
        "F1 norm.: English determiners and possessives and edge punctuation do not count.",
        ("normalised",),
    )
    same_text = (
        "Entities are the same when they have the same span and label, right and wrong alike."
    )

    @cached_property
    def _count(self) -> ModuleType:
        from harness.tasks.ner import count  # Late: most commands count nothing.

        return count

    @cached_property
    def _boundary(self) -> ModuleType:
        from harness.tasks.ner import boundary

        return boundary

    def count(self, pair: DocumentPair, options: NerOptions) -> Iterator[Event]:
        record = pair.gold
        sides = self._chosen(pair, options)
        counted: Iterator[Event] = self._count.events(
            *sides, options, text=record.text, ignore=record.ignore
        )
        if options.levels == "mentions":
            return counted
        from harness.tasks.ner.finer import finer_events
        from harness.tasks.ner.keys import outside

        kept = (outside(side, record.ignore) for side in sides)
        return chain(counted, finer_events(record, *kept))

    def _chosen(
        self, pair: DocumentPair, options: NerOptions
    ) -> tuple[Sequence[Entity], Sequence[Entity]]:
        """Both sides as if no other types were there."""
        gold, predicted = self.sides(pair)
        if not options.types:
            return gold, predicted
        chosen = options.chosen
        kept = ([one for one in side if one.label in chosen] for side in (gold, predicted))
        return next(kept), next(kept)

    def outcomes(self, pair: DocumentPair, options: NerOptions) -> Iterator[Outcome]:
        gold, predicted = self._chosen(pair, options)
        yield from self._count.outcomes(
            gold, predicted, options, text=pair.gold.text, ignore=pair.gold.ignore
        )

    def matched_by(self, item: Entity, text: str | None, options: NerOptions) -> Hashable:
        from harness.tasks.ner.keys import key_of, trimmed_key

        key = key_of(item)
        return trimmed_key(key, text or "") if options.boundary == "normalised" else key

    def explained(
        self, options: NerOptions, capabilities: Capabilities | None = None
    ) -> ExplainedMeasure:
        """A mention is right or not under `strict` alone: the other modes give halves."""
        return ExplainedMeasure("F of named entities, span and type", read={"match": "strict"})

    def cases(
        self, pair: DocumentPair, options: NerOptions, capabilities: Capabilities | None = None
    ) -> Iterable[Case]:
        from harness.tasks.ner.cases import entity_cases

        return entity_cases(tuple(self.outcomes(pair, options)), pair.gold.text)

    def facets(self) -> Sequence[Facet]:
        from harness.tasks.ner.facets import mention_facets

        return mention_facets()

    def chosen_labels(self, options: NerOptions) -> frozenset[str]:
        return options.chosen

    def uses_tokens(self, options: NerOptions) -> bool:
        return options.levels == "all"

    def needs_another_count(self, before: NerOptions, after: NerOptions) -> str | None:
        if before.match != after.match and after.match not in MATCH_MODES:
            return f"--match {after.match}"
        if before.boundary != after.boundary:
            return f"--boundary {after.boundary}"
        if before.levels != after.levels == "all":
            return "--levels all"
        # Where labels do not count, mentions of other types may have taken partners away.
        blind = after.match in ("exact", "partial")
        lacking = before.chosen and not (after.chosen and after.chosen <= before.chosen)
        if lacking or (blind and after.chosen != before.chosen):
            return f"--types {after.types}{f' --match {after.match}' if blind else ''}"
        return None

    def sides(self, pair: DocumentPair) -> tuple[tuple[Entity, ...], tuple[Entity, ...]]:
        """The entities of both sides."""
        return pair.gold.annotations.entities or (), pair.predicted.entities or ()

    def spans(self, item: Entity) -> Iterable[Span]:
        return item.fragments or (item.span,)

    def mention(self, item: Entity) -> tuple[int, int, str]:
        """A discontinuous one has its fragments in the label: two may share hull and type."""
        if not item.fragments:
            return item[:3]
        parts = ";".join(f"{start}-{end}" for start, end in item.fragments)
        return item.start, item.end, f"{item.label} {parts}"

    def marked_spans(self, item: Entity) -> Iterator[tuple[str, Span]]:
        return ((item.label, span) for span in self.spans(item))

    def label_of(self, mention: str) -> str:
        return _FRAGMENTS.sub("", mention)

    def describe(self, item: Entity, text: str) -> str:
        shown = " … ".join(bracketed(text, span) for span in self.spans(item))
        return f"{printable(item.label)} {shown}"

    def whole(self, text: str, label: str) -> tuple[Entity, ...]:
        return (Entity(0, len(text), label),)

    def agreement_options(self) -> Mapping[str, NerOptions]:
        return {"strict": NerOptions(), "normalised": _NORMALISED, "type": NerOptions(match="type")}

    def agreement_scores(self, sums: Mapping[str, Tally]) -> dict[tuple[str, ...], float | None]:
        """Micro F1 each way, and strict F1 of each type."""
        ways = self.agreement_options()
        out: dict[tuple[str, ...], float | None] = {
            (way,): micro(tally, ways[way]).f1 for way, tally in sums.items()
        }
        types = score(sums["strict"], ways["strict"]).types
        return out | {("types", label): block.f1 for label, block in types.items()}

    def parts(
        self,
        tally: Mapping[TallyKey, int],
        options: NerOptions,
        capabilities: Capabilities | None = None,
    ) -> tuple[Part, ...]:
        return parts(tally, options)

    def problem(self, key: TallyKey, n: int) -> str | None:
        return counts.problem(key, n)

    def adds_up(self, tally: Tally) -> bool:
        modes = (*MATCH_MODES, OVERLAP)
        return all(n >= 0 for mode in modes for n in counts.cells(tally, mode).values())

    def gold_counts(self, tally: Tally) -> Counter[str]:
        return Counter(gold_types(tally))

    def labels_not_in_gold(self, tally: Tally) -> Counter[str]:
        types = gold_types(tally)
        out: Counter[str] = Counter()
        for (*_, label), n in counts.cells(tally).items():
            if label is not None and label not in types:
                out[label] += n
        return out

    def error_counts(self, tally: Mapping[TallyKey, int], options: NerOptions) -> Mapping[str, int]:
        return error_counts(tally, options)

    def confusion(
        self, tally: Mapping[TallyKey, int], options: NerOptions
    ) -> Mapping[str, Mapping[str, int]]:
        return confusion(tally, options)

    def duplicates(self, tally: Tally) -> int:
        return tally[("duplicates_predicted",)]

    def further_options(self, options: NerOptions) -> Mapping[str, NerOptions]:
        """Conventions differ between OntoNotes and CoNLL at the edges of names; counted without
        them, skill and convention can be told apart."""
        return {"normalised": replace(options, boundary="normalised", levels="mentions")}

    def counts_alike(self, pair: DocumentPair, options: NerOptions, other: NerOptions) -> bool:
        """Where trimming changes no mention, the boundary rule is of no account."""
        text = pair.gold.text
        if text is None or any(
            getattr(options, name) != getattr(other, name) for name in ("match", "types", "levels")
        ):
            return False
        if options.boundary == other.boundary:
            return True
        return all(self._boundary.are_trimmed(text, side) for side in self.sides(pair))

    def score(
        self, tally: Tally, options: NerOptions, capabilities: Capabilities | None = None
    ) -> NerScore:
        return score(tally, options)

    def stated_scores(
        self,
        tally: Tally,
        options: NerOptions,
        capabilities: Capabilities | None = None,
        further: Mapping[str, Tally] | None = None,
    ) -> dict[str, Any]:
        """Micro under each match mode, and `normalised`: as the headline, with forgiving
        boundaries, and how many boundary errors that forgives."""
        out: dict[str, Any] = {
            mode: encode(micro(tally, replace(options, match=mode)))
            for mode in dict.fromkeys((*MATCH_MODES, options.match))
        }
        for name, other in (further or {}).items():
            forgiven = other[("forgiven",)]
            as_told = self.further_options(options)[name]
            out[name] = {**encode(micro(other, as_told)), "forgiven": forgiven}
        return out

    def match(self, options: NerOptions) -> str:
        return options.match

    def tables(
        self, title: str, score: Mapping[str, Any], notes: tuple[str, ...] = ()
    ) -> Iterator[Table]:
        yield type_table(title, score, notes=notes)
        yield error_table("Error classes", score)
        yield confusion_table("Confusion", score)

    def stranger_events(
        self, record: Record, items: Sequence[Entity], options: NerOptions
    ) -> Iterable[Event] | None:
        """Only what equals a gold mention earns anything under `strict`, and equals are paired
        with each other in any case."""
        if options.match != "strict":
            return None
        if options.types:
            return ()
        counted: Iterator[Event] = self._count.events(
            (), items, options, text=record.text, ignore=record.ignore
        )
        return counted

    def has_recall_ceiling(self, options: NerOptions) -> bool:
        """Where labels do not count, what a backend calls by another name is found."""
        return options.match not in ("exact", "partial")

    def comparable_with_annotators(self, options: NerOptions) -> bool:
        return options == NerOptions()
