"""The page of runs: a panel for each ranking, with its figures, tables and texts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.decide.ranking import Ranking, rankings
from harness.report.figures.figure import Chart
from harness.report.page.documents import PAGE_BYTES
from harness.report.page.panel import Panel, panel_of
from harness.report.page.perturbed import perturbed_texts
from harness.report.page.render import page
from harness.report.page.why import MOST_EXPLAINED
from harness.report.run import description
from harness.results.finder import GoldFinder
from harness.results.record import RunRecord

__all__ = ["VIEWS", "RankedRun", "panels_of", "placed_figures", "report_page"]

VIEWS = (
    ("overview", "Overview"),
    ("types", "By type"),
    ("errors", "Errors"),
    ("texts", "Texts"),
    ("why", "Why"),
)


class RankedRun(NamedTuple):
    """A run with its rankings, which pages, figures and tables are made of."""

    record: RunRecord
    folder: Path
    rankings: Sequence[Ranking]
    finder: GoldFinder

    @classmethod
    def of(cls, record: RunRecord, folder: Path, finder: GoldFinder) -> RankedRun:
        """Rank the backends of a record; `finder` knows where its gold lies."""
        return cls(record, folder, rankings(record, folder, finder), finder)


def panels_of(runs: Sequence[RankedRun], *, room: int | None = PAGE_BYTES) -> list[Panel]:
    """A panel for each ranking of the runs, in their order; a perturbed gold set is told of in that
    of its original.

    `room` is how many bytes the texts may take in all; with `None` there are none.
    """
    out: list[Panel] = []
    left, documents = room, MOST_EXPLAINED
    for record, folder, ranked, finder in runs:
        name = str(folder) if len(runs) > 1 else ""
        texts = perturbed_texts(record, folder, finder, ranked)
        for ranking in ranked:
            if ranking.gold.name in texts.names:
                continue
            one = panel_of(ranking, record, run=name, room=left, explained=documents, texts=texts)
            if ranking.gold.documents <= documents:
                documents -= ranking.gold.documents
            if left is not None and one.documents:
                left = max(0, left - one.documents.size)
            out.append(one)
    return out


def report_page(runs: Sequence[RankedRun], *, room: int = PAGE_BYTES) -> tuple[str, list[str]]:
    """The page, and a sentence for whatever it does not show."""
    panels = panels_of(runs, room=room)
    missing = list(dict.fromkeys(_missing(panels)))
    meta = [
        f"{run.folder}: {line}" if len(runs) > 1 else line
        for run in runs
        for line in description(run.record)
    ]
    text = page(
        "report.j2",
        placed_figures(panels),
        title="NLP backends compared",
        meta=meta,
        missing=missing,
        panels=panels,
        views=VIEWS,
        run_hint=shlex.join(str(run.folder) for run in runs),
    )
    return text, missing


def placed_figures(panels: Sequence[Panel]) -> dict[str, Chart]:
    """Every figure by the id of the place where the template has it."""
    return {
        f"p{number}-{place}-{at}": figure
        for number, panel in enumerate(panels)
        for place, figures in (*panel.figures.items(), *_reasons(panel))
        for at, figure in enumerate(figures)
    }


def _reasons(panel: Panel) -> Iterator[tuple[str, tuple[Chart, ...]]]:
    """The figures of the sections that say why, by the place of the section."""
    for place, section in enumerate(panel.why):
        yield f"why{place}", section.figures


def _missing(panels: Sequence[Panel]) -> list[str]:
    out = []
    for panel in panels:
        if panel.documents is None:
            continue
        out += [f"{panel.title}: {line}" for line in panel.documents.missing]
        if panel.documents.shown < panel.documents.all:
            out.append(
                f"{panel.title}: {panel.documents.shown:,} of {panel.documents.all:,} documents "
                f"are in the page; --gold {panel.gold} gives this set a page of its own, "
                "--page-size a larger one"
            )
    return out
