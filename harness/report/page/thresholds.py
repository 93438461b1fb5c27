"""The sections of the page that show what confidence thresholds leave."""

from __future__ import annotations

from harness.decide.ranking import Ranking
from harness.decide.threshold.analyse import System, Wanted, system
from harness.decide.threshold.scores import NoConfidences, has_confidences
from harness.errors import HarnessError
from harness.report.figures.threshold import threshold_charts
from harness.report.method import shared
from harness.report.page.grid import grid_of
from harness.report.page.why import MOST_EXPLAINED, WhyLine, WhySection
from harness.report.threshold import threshold_tables
from harness.results.scored import Scored, reason_of

__all__ = ["threshold_sections"]


def threshold_sections(ranking: Ranking, most: int) -> tuple[WhySection, ...]:
    """One for each backend that gives confidences, then one that says why others have none, nor
    all of more than `most` documents. That a backend or a task has no confidences is no fault of
    a run, and is not said."""
    if not has_confidences(ranking.task):
        return ()
    wanted = Wanted(resamples=ranking.resamples or 1, seed=ranking.seed)
    sections: list[WhySection] = []
    left_out: list[tuple[str, str, str]] = []
    for one in ranking.real:
        if ranking.gold.documents > most:
            found: System | str = (
                f"all tabs of a page have thresholds of {MOST_EXPLAINED:,} documents at most, and "
                f"this one has {ranking.gold.documents:,}; harness threshold takes more"
            )
        else:
            found = _looked_at(one, wanted)
        if isinstance(found, System):
            sections.append(_section(found))
        elif found:
            left_out.append((one.name, "no thresholds", found))
    lines = tuple(WhyLine(f"{text}.") for text in shared(left_out))
    return (*sections, WhySection("Thresholds", lines)) if lines else tuple(sections)


def _looked_at(scored: Scored, wanted: Wanted) -> System | str:
    """What there is to say of a backend, or why there is nothing; empty where it gives no
    confidences."""
    try:
        return system(scored, wanted)
    except NoConfidences:
        return ""
    except (HarnessError, OSError) as error:
        return reason_of(scored, error)


def _section(found: System) -> WhySection:
    return WhySection(
        f"Thresholds: {found.backend}",
        (),
        tuple(grid_of(table) for table in threshold_tables(found)),
        tuple(threshold_charts(found)),
    )
