"""The view that says why scores are what they are, in sections that stand below each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.decide.explain.explain import Explained, ExplainOptions, explain
from harness.decide.explain.explanation import Cost, Explanation, Slice, Weakness
from harness.decide.ranking import Ranking
from harness.errors import NothingMeasured
from harness.report.explain import (
    SELECTION,
    as_found,
    headline,
    measure_line,
    sampled_line,
    searched_line,
)
from harness.report.figures.explained import cost_figure, dearest_first
from harness.report.figures.figure import Chart
from harness.report.method import between, points, shared
from harness.report.page.documents import BackendMention, Documents
from harness.report.page.grid import Grid, GridCell, asked, grid_of
from harness.results.scored import reason_of
from harness.table import UNDEFINED, Cell, Table, number

__all__ = [
    "MOST_EXPLAINED",
    "WhyLine",
    "WhySection",
    "examples_of",
    "explained_of",
    "explained_sections",
]

MOST_EXPLAINED = 1_000
"""Documents that are explained in a page, in all tabs: of five backends with 25 mentions in each
that takes as long as the rest of the page."""

_SIDES = {"recall": "gold", "precision": "predicted"}
"""Of which side a weak slice is, by its metric."""


@dataclass(frozen=True, slots=True)
class WhyLine:
    """A sentence, about whom, and what a click behind it lists."""

    text: str
    about: str = ""
    links: tuple[GridCell, ...] = ()


@dataclass(frozen=True, slots=True)
class WhySection:
    """Figures, then sentences, then tables, under one heading."""

    title: str
    lines: tuple[WhyLine, ...] = ()
    grids: tuple[Grid, ...] = ()
    figures: tuple[Chart, ...] = ()


def explained_of(ranking: Ranking, most: int) -> Explained:
    """What `harness explain` says of the backends of a ranking, resampled as the ranking is.

    Nothing of more than `most` documents: the reason is among those left out.
    """
    if not ranking.real:
        return Explained((), (), ())
    if ranking.gold.documents > most:
        error = NothingMeasured(
            f"all tabs of a page explain {MOST_EXPLAINED:,} documents at most, and this one has "
            f"{ranking.gold.documents:,}; harness explain takes more"
        )
        return Explained((), (), tuple((one.name, error) for one in ranking.real))
    options = ExplainOptions(resamples=ranking.resamples, seed=ranking.seed)
    return explain(ranking.real, options)


def examples_of(explained: Explained) -> Iterator[BackendMention]:
    """The mentions that show the kinds of error best, which cells of a table list."""
    for one in explained.explanations:
        for cost in one.costs:
            yield from ((one.name, example.mention) for example in cost.examples)


def explained_sections(
    ranking: Ranking, explained: Explained, documents: Documents | None, title: str
) -> tuple[WhySection, ...]:
    """What errors cost, where the weak slices are, and all slices."""
    lines = [WhyLine(text) for text in _left_out(ranking, explained)]
    ones = explained.explanations
    if not ones:
        return (WhySection("What errors cost", tuple(lines)),)
    lines += [WhyLine(f"{measure_line(one)}.", one.name) for one in ones]
    lines += [WhyLine(f"{text}.") for text in shared(_notes(ones))]
    figure = cost_figure(ones, title)
    if figure is None:
        lines.append(WhyLine("Nothing is wrong."))
    costs, slices = _cost_grid(ones, documents), _slice_grid(ones, documents)
    return (
        WhySection(
            "What errors cost",
            tuple(lines),
            (costs,) if costs else (),
            (figure,) if figure else (),
        ),
        WhySection("Weak slices", tuple(_weak_lines(ones, documents))),
        WhySection(
            "Slices",
            () if slices else tuple(WhyLine(text) for text in _small(ones)),
            (slices,) if slices else (),
        ),
    )


def _left_out(ranking: Ranking, explained: Explained) -> Iterator[str]:
    if not ranking.real:
        yield "Nothing was measured."
    real = {one.name: one for one in ranking.real}
    for text in shared(
        (name, "not explained", reason_of(real[name], error)) for name, error in explained.left_out
    ):
        yield f"{text}."


def _notes(ones: Sequence[Explanation]) -> Iterator[tuple[str, str, str]]:
    for one in ones:
        yield from ((one.name, "", text) for text in (*sampled_line(one), *one.remarks))


def _cost_grid(ones: Sequence[Explanation], documents: Documents | None) -> Grid | None:
    """Kinds of error down, in the order of the figure, backends across."""
    kinds = dearest_first(ones)
    if not kinds:
        return None
    by_kind = [{cost.kind: cost for cost in one.costs} for one in ones]
    rows: list[tuple[Cell, ...]] = []
    shows: list[list[Any]] = []
    heat: list[list[float | None]] = []
    for kind in kinds:
        costs = [known.get(kind) for known in by_kind]
        rows.append((kind, *(_cost(cost) for cost in costs)))
        shows.append(
            [None, *(_of_examples(one, c, documents) for one, c in zip(ones, costs, strict=True))]
        )
        heat.append([None, *(None if cost is None else max(0.0, cost.cost) for cost in costs)])
    notes = (
        "Cost, its 95 % interval, in brackets in how many cases the kind is among what is wrong; a "
        "click lists the cases that show it best.",
    )
    headers = ("kind", *(one.name for one in ones))
    table = Table("Every kind of every backend", headers, tuple(rows), notes)
    return grid_of(table, shows=shows, heat=heat)


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return UNDEFINED
    return f"{number(cost.cost)} {between(cost.interval.bounds)} ({cost.cases:,})"


def _of_examples(
    one: Explanation, cost: Cost | None, documents: Documents | None
) -> Mapping[str, str] | None:
    if cost is None or documents is None:
        return None
    places = [
        (example.mention.document, key)
        for example in cost.examples
        for key in documents.places.get((one.name, example.mention), ())
    ]
    return {"backend": one.name, "kind": cost.kind, "at": asked(places)} if places else None


def _weak_lines(ones: Sequence[Explanation], documents: Documents | None) -> Iterator[WhyLine]:
    for one in ones:
        for weak in one.searched.weaknesses:
            link = _of_weak(one, weak, documents)
            yield WhyLine(f"{as_found(weak)}.", one.name, (link,) if link else ())
        yield WhyLine(searched_line(one.searched), one.name)
    if any(one.searched.weaknesses for one in ones):
        yield WhyLine(SELECTION)


def _of_weak(one: Explanation, weak: Weakness, documents: Documents | None) -> GridCell | None:
    side = _SIDES[weak.metric]
    text = f"the {weak.support:,} {side} ones"
    show = _of_slice(weak.conditions, documents, one.name, side)
    return GridCell(text, asked(show)) if show else None


def _of_slice(
    conditions: Iterable[tuple[str, str]],
    documents: Documents | None,
    backend: str = "",
    side: str = "",
) -> Mapping[str, str] | None:
    """What lists a slice: of one side or both, of one backend or all."""
    known = list(conditions)
    if documents is None or not documents.slices.issuperset(known):
        return None
    if backend and backend not in documents.backends:
        return None
    show = {"backend": backend, "slice": asked(known), "of": side}
    return {name: value for name, value in show.items() if value}


def _slice_grid(ones: Sequence[Explanation], documents: Documents | None) -> Grid | None:
    """A row for each slice; of each backend the rate, and how it differs from the rest."""
    by_key = [{_key(part): part for part in one.slices} for one in ones]
    rows: list[tuple[Cell, ...]] = []
    shows: list[list[Any]] = []
    heat: list[list[float | None]] = []
    for key in dict.fromkeys(key for known in by_key for key in known):
        facet, value, support, metric = key
        row: list[Cell] = [f"{facet}: {value}", support, metric]
        show: list[Any] = [_of_slice([(facet, value)], documents), None, None]
        warm: list[float | None] = [None] * len(row)
        for one, known in zip(ones, by_key, strict=True):
            here, difference = _rates(known.get(key))
            row += [number(here), difference]
            show += [_of_slice([(facet, value)], documents, one.name), None]
            warm += [here, None]
        rows.append(tuple(row))
        shows.append(show)
        heat.append(warm)
    if not rows:
        return None
    names = [name for one in ones for name in (one.name, f"{one.name}: difference")]
    notes = (
        "Support: gold items. F of a backend's slice, R (recall) where only gold can be put into "
        "it; difference: less that of all other items, in points, with its 95 % interval.",
        *_small(ones),
    )
    headers = ("slice", "support", "of", *names)
    table = Table("Every slice of every backend", headers, tuple(rows), notes)
    return grid_of(table, shows=shows, heat=heat)


def _key(part: Slice) -> tuple[str, str, int, str]:
    return part.facet, part.value, part.support, "F" if "f1" in part.contrasts else "R"


def _rates(part: Slice | None) -> tuple[float | None, str]:
    if part is None:
        return None, UNDEFINED
    contrast = headline(part)
    bounds = contrast.difference.interval.bounds
    interval = f" {between(bounds, in_points=True)}" if bounds else ""
    return contrast.here.value, f"{points(contrast.difference.value)}{interval}"


def _small(ones: Sequence[Explanation]) -> Iterator[str]:
    said = (
        (
            one.name,
            f"fewer than {one.searched.min_support} gold items",
            ", ".join(one.too_small),
        )
        for one in ones
    )
    yield from (f"{text}." for text in shared(said))
