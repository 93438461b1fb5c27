"""The page of comparisons: paired differences, and what each backend gains and loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.decide.comparison import Comparison, Row
from harness.report.comparison import comparison_tables
from harness.report.figures.compared import difference_figure
from harness.report.figures.figure import Chart
from harness.report.method import between, p_value, points
from harness.report.page.grid import Grid, grid_of
from harness.report.page.render import page
from harness.results.outcomes import Mention, passage_of
from harness.table import number

__all__ = ["MOST_FLIPS", "comparison_page"]

MOST_FLIPS = 2_000
"""Of each kind and pair; a page with more would be slow to open."""

_KINDS = (
    ("Lost", "gold mentions that the reference finds"),
    ("Gained", "gold mentions that the reference does not find"),
    ("New errors", "spurious mentions of this backend alone"),
    ("Errors gone", "spurious mentions of the reference alone"),
)


@dataclass(frozen=True, slots=True)
class _Passage:
    label: str
    document: str
    before: str
    inside: str
    after: str


@dataclass(frozen=True, slots=True)
class _FlipList:
    title: str
    meaning: str
    all: int
    shown: tuple[_Passage, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A backend against the reference; `lists` is empty where its mentions are not at hand."""

    name: str
    lists: tuple[_FlipList, ...]


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    verdict: tuple[str, ...]
    figures: tuple[Chart, ...]
    grids: tuple[Grid, ...]
    reference: str
    pairs: tuple[_Pair, ...]


def comparison_page(
    comparisons: Sequence[Comparison], *, min_support: int, most: int = MOST_FLIPS
) -> str:
    """The page; `most` mentions of each kind and pair are listed, of how many is said."""
    panels = [_panel(one, min_support, most) for one in comparisons]
    figures = {
        f"p{place}-difference-{at}": figure
        for place, panel in enumerate(panels)
        for at, figure in enumerate(panel.figures)
    }
    return page("compare.j2", figures, title="NLP backends side by side", meta=[], panels=panels)


def _panel(comparison: Comparison, min_support: int, most: int) -> _Panel:
    title = f"{comparison.gold}: {comparison.task}, {comparison.part} {comparison.metric}"
    figure = difference_figure(comparison, title)
    reference = comparison.rows[0].name
    return _Panel(
        title,
        tuple(_sentence(row, comparison) for row in comparison.rows[1:]),
        (figure,) if figure else (),
        tuple(grid_of(table) for table in comparison_tables(comparison, min_support=min_support)),
        reference,
        tuple(_pair(row.name, comparison, most) for row in comparison.rows[1:]),
    )


def _sentence(row: Row, comparison: Comparison) -> str:
    """What the test says of a backend against the reference, with its numbers."""
    reference = comparison.rows[0]
    verdicts = {
        "better": "is better than",
        "worse": "is worse than",
        "tie": "cannot be told from",
    }
    what = verdicts.get(row.verdict, f"({row.verdict}) against")
    text = f"{row.name} ({number(row.score)}) {what} {reference.name} ({number(reference.score)})"
    if row.difference is None:
        return f"{text}."
    bounds = between(row.paired.bounds if row.paired else None, in_points=True)
    p = p_value(row.adjusted, exact=row.exact)
    return f"{text}: {points(row.difference)} points {bounds}, p {p} after Holm's correction."


def _pair(name: str, comparison: Comparison, most: int) -> _Pair:
    flips = comparison.flips.get(name)
    if flips is None:
        return _Pair(name, ())
    lists = tuple(
        _FlipList(
            title, meaning, len(mentions), tuple(_passages(mentions[:most], comparison.texts))
        )
        for (title, meaning), mentions in zip(_KINDS, flips.parts(), strict=True)
    )
    return _Pair(name, lists)


def _passages(mentions: Sequence[Mention], texts: Mapping[str, str]) -> Iterator[_Passage]:
    for one in mentions:
        where = f"[{one.start}, {one.end})"
        passage = passage_of(one, texts) or ("", where, "")
        yield _Passage(one.label, one.document, *passage)
