"""The section of the page that shows how scores bend when texts are perturbed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.decide.ranking import Ranking
from harness.decide.stress.families import Family, families_of
from harness.decide.stress.result import Stress
from harness.decide.stress.stress import stresses
from harness.errors import NothingMeasured
from harness.report.figures.stress import stress_chart
from harness.report.page.grid import grid_of
from harness.report.page.why import MOST_EXPLAINED, WhyLine, WhySection
from harness.report.stress import (
    certificate_lines,
    certificate_tables,
    lost_lines,
    stress_tables,
)
from harness.results.certificate import Trial, read_certificate
from harness.results.finder import GoldFinder
from harness.results.record import RunRecord
from harness.stats.units import DEFAULT_RESAMPLES

__all__ = ["PerturbedTexts", "perturbed_texts", "stress_sections"]

_MOST_LOST = 3
"""Lost mentions of each backend, as `harness stress` shows."""


@dataclass(frozen=True, slots=True)
class PerturbedTexts:
    """What became of the backends of a run on perturbed texts, and whether answers are stable."""

    found: Sequence[Stress] = ()
    trials: Sequence[Trial] = ()
    families: Sequence[Family] = ()

    @property
    def names(self) -> frozenset[str]:
        """The perturbed gold sets that are told of with their originals."""
        return frozenset(one.name for _, others in self.families for one in others)

    @property
    def originals(self) -> frozenset[str]:
        return frozenset(one.name for one, _ in self.families)


def perturbed_texts(
    record: RunRecord, folder: Path, finder: GoldFinder, ranked: Sequence[Ranking] = ()
) -> PerturbedTexts:
    """That of a run, resampled as it was `ranked`; nothing where it has no gold set as it is and
    perturbed. Which mentions are lost is found out where the gold is at hand and small."""
    try:
        families = families_of(record.gold, folder)
    except NothingMeasured:
        return PerturbedTexts()
    documents = sum(one.documents for one, _ in families)
    try:
        found = stresses(
            record,
            folder,
            finder,
            resamples=next((one.resamples for one in ranked if one.resamples), DEFAULT_RESAMPLES),
            seed=next((one.seed for one in ranked), None),
            mentions=documents <= MOST_EXPLAINED,
        )
    except NothingMeasured:  # Each panel says so.
        found = []
    if documents > MOST_EXPLAINED:
        reason = (
            f"a page looks for them in {MOST_EXPLAINED:,} documents at most, and there are "
            f"{documents:,}; harness stress --stored takes more"
        )
        found = [replace(one, without_lost=reason) for one in found]
    return PerturbedTexts(found, read_certificate(folder, record) or (), families)


def stress_sections(texts: PerturbedTexts, ranking: Ranking) -> tuple[WhySection, ...]:
    """Scores after each perturbation, and the certificate, of the backends of one panel."""
    keys = {one.key for one in ranking.real}
    found = [one for one in texts.found if (one.gold, one.task, one.backend) in keys]
    trials = [one for one in texts.trials if (one.gold, one.task, one.backend) in keys]
    sections = []
    if ranking.gold.name in texts.originals:
        chart = stress_chart(found) if found else None
        sections.append(
            WhySection(
                "Perturbed texts",
                tuple(_lines(ranking, found)),
                tuple(grid_of(table) for table in stress_tables(found)),
                (chart,) if chart else (),
            )
        )
    if trials:
        sections.append(
            WhySection(
                "Stability of answers",
                tuple(WhyLine(line) for line in certificate_lines(trials)),
                tuple(grid_of(table) for table in certificate_tables(trials)),
            )
        )
    return tuple(sections)


def _lines(ranking: Ranking, found: Sequence[Stress]) -> Iterator[WhyLine]:
    if not found:
        yield WhyLine(
            f"No backend has answers on {ranking.gold.name} as it is: there is nothing to compare "
            "those on perturbed texts with."
        )
    for one in found:
        yield from (WhyLine(line.strip()) for line in lost_lines(one, _MOST_LOST))
