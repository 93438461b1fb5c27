"""The section of the page that shows how scores bend when texts are perturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.decide.stress.families import has_perturbed
from harness.decide.stress.result import Stress
from harness.decide.stress.stress import stresses
from harness.gold.perturbing import perturbed_as
from harness.report.figures.stress import stress_chart
from harness.report.page.grid import grid_of
from harness.report.page.why import MOST_EXPLAINED, WhyLine, WhySection
from harness.report.stress import certificate_lines, certificate_tables, stress_tables
from harness.results.certificate import Trial, read_certificate
from harness.results.finder import GoldFinder
from harness.results.record import RunRecord
from harness.results.scored import Scored

__all__ = ["PerturbedTexts", "perturbed_texts", "stress_sections"]


@dataclass(frozen=True, slots=True)
class PerturbedTexts:
    """What became of the backends of a run on perturbed texts, and whether answers are stable."""

    found: Sequence[Stress] = ()
    trials: Sequence[Trial] = ()
    names: frozenset[str] = frozenset()
    """The perturbed gold sets: they are told of with their originals."""


def perturbed_texts(record: RunRecord, folder: Path, finder: GoldFinder) -> PerturbedTexts:
    """That of a run; nothing where it has no gold set as it is and perturbed. Which mentions are
    lost is found out where the gold is at hand and small."""
    if not has_perturbed(record):
        return PerturbedTexts()
    perturbed = (one.name for one in record.gold if perturbed_as(one.options) is not None)
    few = sum(one.documents for one in record.gold) <= MOST_EXPLAINED
    found = stresses(record, folder, finder, mentions=few)
    return PerturbedTexts(found, read_certificate(folder, record) or (), frozenset(perturbed))


def stress_sections(texts: PerturbedTexts, scored: Sequence[Scored]) -> tuple[WhySection, ...]:
    """Scores after each perturbation, and the certificate, of the backends of one panel."""
    keys = {one.key for one in scored}
    found = [one for one in texts.found if (one.gold, one.task, one.backend) in keys]
    trials = [one for one in texts.trials if (one.gold, one.task, one.backend) in keys]
    sections = []
    if found:
        chart = stress_chart(found)
        sections.append(
            WhySection(
                "Perturbed texts",
                (),
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
