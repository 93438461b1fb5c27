"""The sections of the page that show what confidence thresholds leave."""

from __future__ import annotations

from harness.decide.ranking import Ranking
from harness.decide.threshold.analyse import Wanted, systems
from harness.errors import HarnessError
from harness.report.figures.threshold import threshold_charts
from harness.report.page.grid import grid_of
from harness.report.page.why import WhySection
from harness.report.threshold import threshold_tables

__all__ = ["threshold_sections"]


def threshold_sections(ranking: Ranking, most: int) -> tuple[WhySection, ...]:
    """One for each backend that gives confidences; none where no backend does, which is no fault
    of a run, nor of more than `most` documents."""
    if ranking.gold.documents > most:
        return ()
    try:
        found, _ = systems(
            ranking.real, Wanted(resamples=ranking.resamples or 1, seed=ranking.seed)
        )
    except HarnessError:
        return ()
    return tuple(
        WhySection(
            f"Thresholds: {one.backend}",
            (),
            tuple(grid_of(table) for table in threshold_tables(one)),
            tuple(threshold_charts(one)),
        )
        for one in found
    )
