"""How the scores of a backend bend when its texts are perturbed; from the record of a run alone.

A perturbed gold set has the units of its original (`harness.annotation.Record.cuts`), so that the
two pair with one another one by one. What is compared is the headline. Holm's correction goes over
all perturbations of a backend on a gold set; where counts are the same that is known, not tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness.decide.compare import against, shared_units
from harness.decide.comparison import Row, bounds_or_none
from harness.decide.pairwise import pairwise
from harness.errors import HarnessError, NothingMeasured, UsageError
from harness.formats.source import Source
from harness.gold.goldset import GoldSet
from harness.gold.held import held
from harness.gold.perturbing import (
    CHANGED,
    GONE,
    PERTURBING,
    original_name,
    perturbed_as,
    perturbed_goldset,
    perturbing_options,
)
from harness.perturb.perturbation import EVERYWHERE
from harness.results.finder import GoldFinder
from harness.results.load import check_whole, scored_in
from harness.results.outcomes import Mention, Outcomes, passage_of
from harness.results.record import GoldRecord, Result, ResultKey, RunRecord
from harness.results.scored import Scored
from harness.results.signature import DECLARED, diff
from harness.stats.permutation import holm_steps
from harness.stats.resample import Interval, Resampler
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.base import Task

__all__ = ["LostMention", "Stress", "StressRow", "has_perturbed", "stresses", "unanswered"]

Passage: TypeAlias = tuple[str, str, str]
"""What stands before a mention, the mention, what stands behind it."""
_Hull: TypeAlias = tuple[str, int, int]
"""Of an annotation: document, start, end."""


@dataclass(frozen=True, slots=True)
class LostMention:
    """A gold mention that is found in the text as it is, and missed in the perturbed one."""

    before: Mention
    after: Mention
    text: Passage | None
    """In its surroundings; `None` where the gold is not at hand."""
    perturbed: Passage | None

    def to_json(self) -> dict[str, Any]:
        """Offsets are code points of the one text and the other."""

        def side(mention: Mention, passage: Passage | None) -> dict[str, Any]:
            text = None if passage is None else passage[1]
            return {"start": mention.start, "end": mention.end, "text": text}

        return {
            "document": self.before.document,
            "label": self.before.label,
            "before": side(self.before, self.text),
            "after": side(self.after, self.perturbed),
        }


@dataclass(frozen=True, slots=True)
class StressRow:
    """A backend on a gold set after one perturbation at one level."""

    name: str
    """What the perturbed gold set is called."""
    perturbation: str
    level: str
    seed: str
    documents: int
    changed: int
    """Documents whose text is another one."""
    gone: int
    """Annotations of which nothing is left; they are no gold any more."""
    row: Row | None = None
    """The score there, against the score on the texts as they are, both on the units that both
    have; `None` where they cannot be compared."""
    reference: float | None = None
    """The score on the texts as they are, on these units."""
    whole: float | None = None
    """The score there on all units."""
    left_out: int = 0
    """Units that the perturbed texts no longer have."""
    same: bool = False
    """Whether every count is the same."""
    lost: tuple[LostMention, ...] | None = None
    """`None` where predictions or gold are not at hand."""
    failed: int = 0
    """Documents without an answer, which count as all-missed."""
    trouble: str = ""
    """Why there is no `row`."""

    @property
    def called(self) -> str:
        """`typos 0.05`, `upper`"""
        return (
            self.perturbation if self.level in EVERYWHERE else f"{self.perturbation} {self.level}"
        )

    @property
    def verdict(self) -> str:
        """`same` where every count is, else as `harness.decide.comparison.Row.verdict`."""
        if self.row is None:
            return "not compared"
        return "same" if self.same else self.row.verdict


@dataclass(frozen=True, slots=True)
class Stress:
    """A backend on one gold set for one task, as it is and perturbed."""

    backend: str
    gold: str
    task: str
    part: str
    """What is compared: the headline."""
    beta: float
    f1: float | None
    interval: Interval
    rows: tuple[StressRow, ...]
    """In the order of the record."""
    signature: str
    unit: str
    resamples: int
    seed: int
    documents: int
    tests: int = 0
    """How many tests Holm's correction goes over."""
    without_lost: str = ""
    """Why nobody can say which mentions are lost; empty where that is known."""

    @property
    def worst(self) -> StressRow | None:
        """The perturbation after which the score is lowest against that before; `None` where none
        lowers it."""
        falls = [
            (one.row.difference, place)
            for place, one in enumerate(self.rows)
            if one.row is not None and one.row.difference is not None and one.row.difference < 0
        ]
        return self.rows[min(falls)[1]] if falls else None

    def most_lost(self) -> list[tuple[Mention, list[tuple[StressRow, LostMention]]]]:
        """Mentions that any perturbation loses, those that most of them lose first."""
        found: dict[Mention, list[tuple[StressRow, LostMention]]] = {}
        for row in self.rows:
            for one in row.lost or ():
                found.setdefault(one.before, []).append((row, one))
        return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

    def to_json(self, *, lost: int | None = None) -> list[dict[str, Any]]:
        """An object for each row; `lost` is how many lost mentions of each are told at most."""
        return [
            {
                "backend": self.backend,
                "gold": self.gold,
                "task": self.task,
                "part": self.part,
                "perturbation": one.perturbation,
                "level": one.level,
                "seed": one.seed,
                "perturbed_gold": one.name,
                "f1": one.whole,
                "f1_compared": one.row and one.row.score,
                "reference": one.reference,
                "difference": one.row and one.row.difference,
                "interval": one.row and bounds_or_none(one.row.paired),
                "p_value": one.row and one.row.test and one.row.test.p_value,
                "p_holm": one.row and one.row.adjusted,
                "verdict": one.verdict,
                "documents": one.documents,
                "changed_documents": one.changed,
                "failed_documents": one.failed,
                "units_left_out": one.left_out,
                "gone": one.gone,
                "lost_mentions": None if one.lost is None else len(one.lost),
                "lost": None if one.lost is None else [m.to_json() for m in one.lost[:lost]],
                "trouble": one.trouble,
            }
            for one in self.rows
        ]


def has_perturbed(record: RunRecord) -> bool:
    """Whether a run has a gold set as it is and perturbed."""
    try:
        return bool(_families(record.gold))
    except NothingMeasured:
        return False


def stresses(
    record: RunRecord,
    folder: str | Path,
    finder: GoldFinder | None = None,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    mentions: bool = True,
) -> list[Stress]:
    """What became of each backend on each gold set that the run has perturbed ones of as well.

    In the record's order. `finder` knows where gold lies, which only lost `mentions` need. Raises
    `NothingMeasured` for a run without perturbed gold, or without their originals.
    """
    check_whole(record, folder)
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    families = _families(record.gold)
    moves = _Moves(finder)
    out = []
    for original, others in families:
        if mentions:
            _hold(finder, original, others)
        wanted = [original.name, *(one.name for one in others)]
        results = [one for one in record.results if one.gold in wanted]
        scored = {one.key: one for one in scored_in(record, folder, results, finder=finder)}
        for result in results:
            if result.gold != original.name or result.sanity:
                continue
            if (reference := scored.get(result.key)) is not None:
                family = _Family(reference, others, results, scored)
                out.append(family.stress(resamples, moves if mentions else None))
    if not out:
        raise NothingMeasured(f"no backend has answers on a gold set that {folder} has perturbed")
    return out


def unanswered(record: RunRecord) -> list[str]:
    """A line for each backend that has no answers on a gold set as it is."""
    perturbed = {one.name for one in record.gold if perturbed_as(one.options) is not None}
    return [
        f"{one.backend} on {one.gold} ({one.task}): {one.status}: {one.reason}"
        for one in record.results
        if one.gold not in perturbed and not one.answered
    ]


def _hold(finder: GoldFinder, original: GoldRecord, others: Iterable[GoldRecord]) -> None:
    """Have the perturbed sets made of an original that is read once for all of them."""
    with suppress(HarnessError, OSError):  # Whoever asks for them is told.
        whole = finder.find(original.name)
        if whole is None:
            return
        whole = held(whole)
        finder.take(original.name, whole)
        for one in others:
            made = perturbing_options(dict(one.options), Source(one.name))
            if made is not None:
                perturbation, level, seed = made
                again = perturbed_goldset(whole, perturbation, level, seed=seed)
                finder.take(one.name, held(again))


def _families(golds: Sequence[GoldRecord]) -> list[tuple[GoldRecord, list[GoldRecord]]]:
    """Each original with what was made of it."""
    originals = {_made_of(one): one for one in golds if perturbed_as(one.options) is None}
    found: dict[str, list[GoldRecord]] = {}
    strays = []
    for one in golds:
        if perturbed_as(one.options) is not None:
            original = originals.get(_made_of(one))
            if original is None:
                strays.append(one.name)
            else:
                found.setdefault(original.name, []).append(one)
    if strays and not found:
        raise NothingMeasured(
            f"the run has no original of {strays[0]} to compare it with: run it beside"
        )
    if not found:
        raise NothingMeasured("the run has no perturbed gold set: make one with harness stress")
    return [(one, found[one.name]) for one in originals.values() if one.name in found]


def _made_of(gold: GoldRecord) -> tuple[Any, ...]:
    """What an original and the sets made of it have in common, and no other has."""
    own = (*PERTURBING, "name")
    options = sorted((name, str(value)) for name, value in gold.options.items() if name not in own)
    return (gold.path or original_name(gold.name, gold.options), gold.version, *options)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A backend on a perturbed set against itself on the original."""

    row: Row
    reference: float | None
    left_out: int = 0
    same: bool = False


class _Family(NamedTuple):
    """A backend on an original, and what it has on the perturbed sets."""

    reference: Scored
    others: Sequence[GoldRecord]
    results: Sequence[Result]
    scored: Mapping[ResultKey, Scored]

    def there(self, gold: str) -> Scored | None:
        """The backend's counts on a perturbed set."""
        return self.scored.get((gold, self.reference.task, self.reference.backend))

    def stress(self, resamples: int, moves: _Moves | None) -> Stress:
        reference, part = self.reference, self.reference.parts[0]
        resampler = Resampler(reference.document_numbers, resamples=resamples, seed=reference.seed)
        troubles = {one.name: self._trouble(one.name) for one in self.others}
        known = [
            there
            for one in self.others
            if not troubles[one.name] and (there := self.there(one.name)) is not None
        ]
        compared, interval = self._compared(known, resampler)
        compared, tests = _corrected(compared)
        lost, why_not = self._lost(moves)
        return Stress(
            backend=reference.backend,
            gold=reference.gold,
            task=reference.task,
            part=reference.definition.match(reference.options) or part.name,
            beta=part.beta,
            f1=reference.f1,
            interval=interval,
            rows=tuple(
                self._row(one, compared.get(one.name), lost.get(one.name), troubles[one.name])
                for one in self.others
            ),
            signature=str(reference.signature),
            unit=resampler.unit,
            resamples=resamples,
            seed=reference.seed,
            documents=len(set(reference.document_numbers)),
            tests=tests,
            without_lost=why_not,
        )

    def _row(
        self,
        gold: GoldRecord,
        compared: _Compared | None,
        lost: tuple[LostMention, ...] | None,
        trouble: str,
    ) -> StressRow:
        there = self.there(gold.name)
        return StressRow(
            gold.name,
            *(perturbed_as(gold.options) or ("", "", "")),
            documents=gold.documents,
            changed=gold.losses.get(CHANGED, 0),
            gone=gold.losses.get(GONE, 0),
            row=None if compared is None else compared.row,
            reference=None if compared is None else compared.reference,
            whole=None if there is None else there.f1,
            left_out=compared.left_out if compared else 0,
            same=compared is not None and compared.same,
            lost=lost,
            failed=there.result.failed if there and there.result else 0,
            trouble=trouble,
        )

    def _compared(
        self, known: Sequence[Scored], resampler: Resampler
    ) -> tuple[dict[str, _Compared], Interval]:
        """By perturbed set; and the interval of the original."""
        reference, seed = self.reference, self.reference.seed
        out: dict[str, _Compared] = {}
        alike: list[Scored] = []
        for one in known:
            (first, other), dropped = shared_units([reference, one], force=True)
            if not dropped:
                alike.append(one)
                continue
            own = Resampler(first.document_numbers, resamples=resampler.resamples, seed=seed)
            pairs = pairwise([first.counts(), other.counts()], own, seed=seed)
            out[one.gold] = _Compared(against(one.gold, pairs, 0, 1), pairs.scores[0], dropped)
        pairs = pairwise(
            [one.counts() for one in (reference, *alike)],
            resampler,
            seed=seed,
            among=[(0, place) for place in range(1, len(alike) + 1)],
        )
        for place, one in enumerate(alike, 1):
            same = one.columns.tallies == reference.columns.tallies
            row = against(one.gold, pairs, 0, place)
            out[one.gold] = _Compared(row, pairs.scores[0], same=same)
        return out, pairs.intervals[0]

    def _trouble(self, gold: str) -> str:
        """Why a perturbed set cannot be compared; empty where it can."""
        there = self.there(gold)
        return self._missing(gold) if there is None else _differs(self.reference, there)

    def _missing(self, gold: str) -> str:
        """Why there are no counts of the backend on a perturbed set."""
        key = gold, self.reference.task, self.reference.backend
        result = next((one for one in self.results if one.key == key), None)
        if result is None:
            return "it was not run"
        return f"{result.status}: {result.reason}"

    def _lost(self, moves: _Moves | None) -> tuple[dict[str, tuple[LostMention, ...]], str]:
        if moves is None:
            return {}, ""
        before = self.reference.outcomes
        if before is None:
            return {}, self.reference.without_outcomes
        found: dict[str, tuple[LostMention, ...]] = {}
        why_not = ""
        for gold in self.others:
            there = self.there(gold.name)
            if there is None:
                continue
            if there.outcomes is None:
                why_not = why_not or there.without_outcomes
                continue
            try:
                moved = moves.of(gold.name, there.definition)
            except (HarnessError, OSError) as error:
                why_not = why_not or str(error)
                continue
            pairs = _missed(before.found, there.outcomes, moved)
            texts, perturbed = self.reference.texts(), there.texts()
            found[gold.name] = tuple(
                LostMention(one, now, passage_of(one, texts), passage_of(now, perturbed))
                for one, now in pairs
            )
        return found, why_not


def _differs(reference: Scored, other: Scored) -> str:
    """In what two were not counted alike, apart from the gold set; empty where in nothing."""
    of = reference.signature
    named = replace(
        other.signature,
        gold=of.gold,
        gold_version=of.gold_version,
        gold_digest=of.gold_digest,
        documents=of.documents,
    )
    # Types of which a perturbation left none count all the same: they are stated.
    found = [one for one in diff(of, named) if one[0] != DECLARED]
    return f"{found[0][0]} is {found[0][2]}, of the original {found[0][1]}" if found else ""


def _corrected(compared: Mapping[str, _Compared]) -> tuple[dict[str, _Compared], int]:
    """The same with Holm's correction over those that are tested, and how many these are."""
    tests = {
        name: one.row.test
        for name, one in compared.items()
        if not one.same and one.row.test is not None and one.row.test.p_value is not None
    }
    steps = holm_steps([test.p_value or 0.0 for test in tests.values()])
    ours = list(tests.values())
    adjusted = {
        name: (value, ours[source].exact)
        for name, (value, source) in zip(tests, steps, strict=True)
    }
    out = {}
    for name, one in compared.items():
        value, exact = adjusted.get(name, (None, True))
        out[name] = replace(one, row=replace(one.row, adjusted=value, exact=exact))
    return out, len(tests)


def _missed(
    found: Iterable[Mention], there: Outcomes, moved: Mapping[_Hull, _Hull | None]
) -> Iterator[tuple[Mention, Mention]]:
    """Mentions that were found, and are missed where they are now; by document and offset.

    What an item is called may be read from the text (whether a quotation is direct), and then be
    another after a perturbation: where it is alone on its hull it is the same item all the same.
    """
    on_hull: dict[_Hull, list[Mention]] = {}
    for mention in there.gold:
        on_hull.setdefault(mention[:3], []).append(mention)
    for one in sorted(found):
        hull = moved.get(one[:3])
        if hull is None:
            continue
        ours = on_hull.get(hull, [])
        now = Mention(*hull, one.label)
        if now not in ours and len(ours) == 1:
            (now,) = ours
        if now in there.missed:
            yield one, now


@dataclass(frozen=True, eq=False)
class _Moves:
    """Where a perturbation has moved annotations, each set and task looked at once."""

    finder: GoldFinder
    known: dict[tuple[str, str], dict[_Hull, _Hull | None]] = field(default_factory=dict)

    def of(self, gold: str, task: Task) -> dict[_Hull, _Hull | None]:
        """Each annotation's hull as it was, with what it is now; `None` where nothing is left, or
        two that had one hull have different ones."""
        key = gold, task.name
        if key not in self.known:
            goldset = self.finder.find(gold)
            if goldset is None:
                raise NothingMeasured(f"gold set {gold!r} is not at hand")
            self.known[key] = _moved(goldset, task)
        return self.known[key]


def _moved(goldset: GoldSet, task: Task) -> dict[_Hull, _Hull | None]:
    of = goldset.perturbed
    if of is None:
        raise UsageError(f"{goldset.name} is no perturbed gold set")
    out: dict[_Hull, _Hull | None] = {}
    for record in of.original.records():
        items = task.items(record.annotations)
        # A layer of its own for each item tells which has become which, though some are gone.
        layers = record.annotations
        marks = {f"#{place}": (item,) for place, item in enumerate(items)}
        marked = replace(layers, others={**layers.others, **marks})
        now = of.apply(record.with_annotations(marked)).annotations.others
        for place, item in enumerate(items):
            hull = (record.id, *task.mention(item)[:2])
            left = now[f"#{place}"]
            to = (record.id, *task.mention(left[0])[:2]) if left else None
            out[hull] = to if out.get(hull, to) == to else None
    return out
