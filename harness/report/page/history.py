"""The page of a history: what was found, a figure for each series that matters, all in a table."""

from __future__ import annotations

from collections.abc import Sequence

from harness.decide.history.series import Series
from harness.report.figures.figure import Chart
from harness.report.figures.history import series_figure
from harness.report.history import history_lines, history_table
from harness.report.page.grid import grid_of
from harness.report.page.render import page

__all__ = ["MOST_SERIES", "drawn_series", "history_page"]

MOST_SERIES = 60
"""So many are drawn at most."""


def drawn_series(series: Sequence[Series]) -> list[Series]:
    """Those that are drawn: the headlines, then those in which something was found."""
    headlines = [one for one in series if one.headline]
    told = [one for one in series if not one.headline and (one.steps or one.drifts)]
    return ([*headlines, *told] or list(series))[:MOST_SERIES]


def history_page(series: Sequence[Series], *, title: str, alpha: float) -> str:
    """The page of a history's series; `title` is its file's name."""
    chosen = drawn_series(series)
    drawn = [figure for one in chosen if (figure := series_figure(one)) is not None]
    figures: dict[str, Chart] = {f"history-{place}": one for place, one in enumerate(drawn)}
    return page(
        "history.j2",
        figures,
        title="Scores over time",
        meta=[title],
        lines=list(history_lines(series)),
        figures=figures,
        drawn=len(chosen),
        every=len(series),
        grid=grid_of(history_table(series, title="Every series", alpha=alpha)),
    )
