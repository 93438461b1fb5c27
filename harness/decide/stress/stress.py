"""How the scores of a backend bend when its texts are perturbed; from the record of a run alone.

A perturbed gold set has the units of its original (`harness.annotation.Record.cuts`), so that the
two pair with one another one by one. What is compared is the headline. Holm's correction goes over
all perturbations of a backend on a gold set; where counts are the same that is known, not tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from harness.decide.compare import against, counted_apart, shared_units
from harness.decide.comparison import Row
from harness.decide.pairwise import pairwise
from harness.decide.stress.families import families_of, hold_originals
from harness.decide.stress.moves import Moves, missed_where_moved
from harness.decide.stress.result import LostMention, Stress, StressRow
from harness.errors import HarnessError, NothingMeasured
from harness.gold.perturbing import CHANGED, gone_from, perturbed_as
from harness.results.finder import GoldFinder
from harness.results.load import check_whole, scored_in
from harness.results.outcomes import passage_of
from harness.results.record import GoldRecord, Result, ResultKey, RunRecord
from harness.results.scored import Scored
from harness.results.signature import DECLARED
from harness.stats.permutation import holm_steps
from harness.stats.resample import Interval, Resampler
from harness.stats.units import DEFAULT_RESAMPLES

__all__ = ["stresses"]


def stresses(
    record: RunRecord,
    folder: str | Path,
    finder: GoldFinder | None = None,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int | None = None,
    mentions: bool = True,
) -> list[Stress]:
    """What became of each backend on each gold set that the run has perturbed ones of as well.

    In the record's order. `finder` knows where gold lies, which only lost `mentions` need; `seed`
    is that of the resampling (default: the run's). Raises `NothingMeasured` for a run without
    perturbed gold, or without their originals.
    """
    check_whole(record, folder)
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    families = families_of(record.gold, folder)
    seed = record.seed if seed is None else seed
    moves = Moves(finder)
    out = []
    for original, others in families:
        if mentions:
            hold_originals(finder, original, others)
        wanted = [original.name, *(one.name for one in others)]
        results = [one for one in record.results if one.gold in wanted]
        scored = {one.key: one for one in scored_in(record, folder, results, finder=finder)}
        for result in results:
            if result.gold != original.name or result.sanity:
                continue
            if (reference := scored.get(result.key)) is not None:
                family = _Family(reference, others, results, scored)
                out.append(family.stress(resamples, seed, moves if mentions else None))
    if not out:
        raise NothingMeasured(f"no backend has answers on a gold set that {folder} has perturbed")
    return out


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

    def stress(self, resamples: int, seed: int, moves: Moves | None) -> Stress:
        reference, part = self.reference, self.reference.parts[0]
        resampler = Resampler(reference.document_numbers, resamples=resamples, seed=seed)
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
            seed=seed,
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
            gone=gone_from(gold.losses, self.reference.definition.layer),
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
        reference, seed = self.reference, resampler.seed
        out: dict[str, _Compared] = {}
        alike: list[Scored] = []
        for one in known:
            (first, other), dropped = shared_units([reference, one], force=True)
            if not dropped:
                alike.append(one)
                continue
            own = Resampler(first.document_numbers, resamples=resampler.resamples, seed=seed)
            pairs = pairwise([first.counts(), other.counts()], own, seed=seed)
            row, same = against(one.gold, pairs, 0, 1), _same_counts(first, other)
            out[one.gold] = _Compared(row, pairs.scores[0], dropped, same=same)
        pairs = pairwise(
            [one.counts() for one in (reference, *alike)],
            resampler,
            seed=seed,
            among=[(0, place) for place in range(1, len(alike) + 1)],
        )
        for place, one in enumerate(alike, 1):
            row, same = against(one.gold, pairs, 0, place), _same_counts(reference, one)
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

    def _lost(self, moves: Moves | None) -> tuple[dict[str, tuple[LostMention, ...]], str]:
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
            pairs = missed_where_moved(before.found, there.outcomes, moved)
            texts, perturbed = self.reference.texts(), there.texts()
            found[gold.name] = tuple(
                LostMention(one, now, passage_of(one, texts), passage_of(now, perturbed))
                for one, now in pairs
            )
        return found, why_not


def _same_counts(one: Scored, other: Scored) -> bool:
    """Whether every count is the same, of two that have the same units."""
    return one.columns.tallies == other.columns.tallies


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
    # Types of which a perturbation left none count all the same: they are stated. And which schema
    # predictions are taken to be in may go by the labels that are still predicted.
    found = [one for one in counted_apart(of, named) if one[0] != DECLARED]
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
