"""The task `attribution`: who said what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.annotation import KINDS, Attribution, Capabilities, Record, Span, printable
from harness.errors import InputError
from harness.stats.rates import defined, rates
from harness.table import Table
from harness.tasks.attribution import tally as counts
from harness.tasks.attribution.parts import parts
from harness.tasks.attribution.score import AttributionScore, error_counts, score
from harness.tasks.attribution.tables import element_table
from harness.tasks.attribution.tally import ERRORS, RELATIONS, AttributionOptions
from harness.tasks.base import Column, DocumentPair, Outcome, Task, bracketed
from harness.tasks.cases import Case, ExplainedMeasure
from harness.tasks.facets import Facet
from harness.tasks.tally import Event, Part, Tally, TallyKey

if TYPE_CHECKING:
    from harness.tasks.attribution.characters import Characters
    from harness.tasks.attribution.count import Pairing

__all__ = ["Attributions"]


class Attributions(Task):
    """Relations of a source, a cue and a content; contents are aligned (`count`)."""

    name = "attribution"
    layer = "attributions"
    title = "attributions"
    item = Attribution
    item_word = "attributions"
    options = AttributionOptions
    order = 1
    gated: Mapping[str, float] = {"pair": 3.0}  # never changed
    column = Column("F1 +source", "F1 +source: the source overlaps too.", ("relations", "pair"))
    same_text = (
        "Attributions are the same when their contents share at least half (Dice .5), right ones "
        "with a gold relation and wrong ones with each other."
    )

    def spans(self, item: Attribution) -> Iterable[Span]:
        return (span for _, span in item.spans())

    def mention(self, item: Attribution) -> tuple[int, int, str]:
        """Its content's hull and its kind; several relations may have the same."""
        return item.content[0].start, item.content[-1].end, item.kind or "attribution"

    def marked_spans(self, item: Attribution) -> Iterator[tuple[str, Span]]:
        return item.spans()

    def role_spans(self, item: Attribution) -> Iterator[tuple[str, Span]]:
        return item.spans()

    def facts(self, item: Attribution) -> Iterator[tuple[str, str]]:
        for name, value in (("kind", item.kind), ("speaker", item.speaker)):
            if value is not None:
                yield name, value

    def whole(self, text: str, label: str) -> tuple[Attribution, ...]:
        return (Attribution((Span(0, len(text)),)),)

    def describe(self, item: Attribution, text: str) -> str:
        parts = [f"{role} {bracketed(text, span)}" for role, span in item.spans()]
        if item.source is None:
            parts.insert(0, "no source")
        if item.kind is not None:
            parts.append(item.kind)
        if item.speaker is not None:
            parts.append(f"speaker {printable(item.speaker)}")
        return ", ".join(parts)

    def token_roles(
        self, text: str, items: Sequence[Attribution]
    ) -> Sequence[tuple[tuple[int, int], str]]:
        from harness.tasks.attribution.tokens import token_roles

        return token_roles(text, items)

    def agreement_scores(self, sums: Mapping[str, Tally]) -> dict[tuple[str, ...], float | None]:
        """F1 of relations, elements and speakers, and the share of pairs of the same kind."""
        full = score(next(iter(sums.values())))
        same_kind = sum(full.kind_confusion[kind][kind] for kind in KINDS)
        found = full.relations["found50"].tp
        return {
            **{("relations", name): block.f1 for name, block in full.relations.items()},
            **{
                ("elements", role, view): block.f1
                for role, views in full.elements.items()
                for view, block in views.items()
            },
            ("kind",): defined(rates(same_kind, found, same_kind, found).recall),
            ("speaker",): full.speaker.f1,
        }

    def with_aliases(
        self, options: AttributionOptions, aliases: Mapping[str, tuple[str, ...]]
    ) -> AttributionOptions:
        return AttributionOptions(aliases=aliases)

    def count(self, pair: DocumentPair, options: AttributionOptions) -> Iterator[Event]:
        from harness.tasks.attribution.count import events  # Late: most commands count nothing.

        gold, predicted, text = self._sides(pair)
        return events(gold, predicted, options, text=text, ignore=pair.gold.ignore)

    def outcomes(self, pair: DocumentPair, options: AttributionOptions) -> Iterator[Outcome]:
        from harness.tasks.attribution.count import pairs

        gold, predicted, text = self._sides(pair)
        for one in pairs(gold, predicted, options, text=text, ignore=pair.gold.ignore):
            yield Outcome(one.error, one.gold, one.predicted, one.is_found, _besides(one))

    def explained(
        self, options: AttributionOptions, capabilities: Capabilities | None = None
    ) -> ExplainedMeasure:
        """Right is a relation whose content is found (Dice of half) and whose other elements, of
        those that the backend can give, are right too."""
        able = capabilities or Capabilities()
        elements = ["content", "source"]
        elements += ["cue"] if able.cues else []
        elements += ["speaker (where the gold names one)"] if able.speakers else []
        return ExplainedMeasure(
            f"F of attributions: {', '.join(elements)}",
            part="triple" if able.cues else "pair",
            besides=frozenset({"speaker"}),
        )

    def cases(
        self,
        pair: DocumentPair,
        options: AttributionOptions,
        capabilities: Capabilities | None = None,
    ) -> Iterable[Case]:
        from harness.tasks.attribution.cases import relation_cases
        from harness.tasks.attribution.count import pairs

        gold, predicted, text = self._sides(pair)
        met = pairs(gold, predicted, options, text=text, ignore=pair.gold.ignore)
        return relation_cases(met, gold, capabilities or Capabilities())

    def facets(self) -> Sequence[Facet]:
        from harness.tasks.attribution.facets import relation_facets

        return relation_facets()

    def _sides(
        self, pair: DocumentPair
    ) -> tuple[tuple[Attribution, ...], tuple[Attribution, ...], str]:
        if pair.gold.text is None:
            raise InputError(
                f"document {pair.gold.id!r}: the gold has no text, which attribution scoring needs",
                hint='add "text" to the gold, or give a gold set with its texts',
            )
        gold = pair.gold.annotations.attributions or ()
        return gold, pair.predicted.attributions or (), pair.gold.text

    def same(self, document: Record, one: Attribution, other: Attribution) -> bool:
        """Whether the contents of two relations share at least half, as the scorer counts it."""
        from harness.tasks.attribution.characters import share_half

        characters = _characters(document.text or "", document.ignore)
        first, second = (characters.element(item.content) for item in (one, other))
        if first is None or second is None:
            return first is second
        return share_half(first, second)

    def parts(
        self,
        tally: Mapping[TallyKey, int],
        options: AttributionOptions,
        capabilities: Capabilities | None = None,
    ) -> tuple[Part, ...]:
        return parts(tally, capabilities)

    def problem(self, key: TallyKey, n: int) -> str | None:
        return counts.problem(key, n)

    def adds_up(self, tally: Tally) -> bool:
        """Every relation is in one class, and right at most once."""
        classes = sum(tally[f"error.{name}",] for name in ERRORS)
        gold, predicted = tally["gold",], tally["predicted",]
        return (
            gold == classes - tally["error.spurious",]
            and predicted == classes - tally["error.missed",]
            and min(gold, predicted) >= max(tally[name,] for name in RELATIONS)
        )

    def gold_counts(self, tally: Tally) -> Counter[str]:
        return Counter({"relations": tally["gold",]})

    def error_counts(
        self, tally: Mapping[TallyKey, int], options: AttributionOptions
    ) -> Mapping[str, int]:
        return error_counts(tally)

    def duplicates(self, tally: Tally) -> int:
        return tally["duplicates.predicted",]

    def score(
        self,
        tally: Tally,
        options: AttributionOptions,
        capabilities: Capabilities | None = None,
    ) -> AttributionScore:
        return score(tally, capabilities)

    def stated_scores(
        self,
        tally: Tally,
        options: AttributionOptions,
        capabilities: Capabilities | None = None,
        further: Mapping[str, Tally] | None = None,
    ) -> dict[str, Any]:
        full = score(tally, capabilities).to_json()
        return {name: full[name] for name in ("relations", "elements", "kinds", "speaker")}

    def tables(
        self, title: str, score: Mapping[str, Any], notes: tuple[str, ...] = ()
    ) -> Iterator[Table]:
        yield element_table(title, score, notes=notes)


def _besides(pairing: Pairing) -> str:
    """What differs of a pair whose spans agree: the kind, else the speaker."""
    one, other = pairing.gold, pairing.predicted
    if pairing.error != "correct" or one is None or other is None:
        return ""
    if one.kind != other.kind and one.kind and other.kind:
        return "kind"
    return "speaker" if pairing.speaker is False or (other.speaker and not one.speaker) else ""


@lru_cache(maxsize=8)
def _characters(text: str, ignore: tuple[Span, ...]) -> Characters:
    from harness.tasks.attribution.characters import Characters

    return Characters(text, ignore)
