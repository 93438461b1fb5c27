"""Why scores are what they are, for people: costs, weak slices, slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.decide.explain.explanation import (
    Contrast,
    Cost,
    Difference,
    Explanation,
    Searched,
    Slice,
    Weakness,
    cost_of,
)
from harness.report.method import between, p_value, points
from harness.report.sections import Section
from harness.results.outcomes import in_text
from harness.stats.resample import Interval
from harness.table import UNDEFINED, Cell, Table, Toned, number, plural

__all__ = [
    "SELECTION",
    "as_found",
    "cost_table",
    "difference_section",
    "explanation_section",
    "headline",
    "measure_line",
    "sampled_line",
    "searched_line",
    "slice_table",
    "weak_lines",
    "weak_table",
]

_MOST_ROWS = 10
_WORDS = 24
"""Characters of a mention in a table."""
_MOST_LINES = 3
"""Mentions of a kind or of a weak slice; all five are in the data."""
SELECTION = (
    "Intervals of weak slices take no account of the search: of many slices those are listed that "
    "look worst."
)


def explanation_section(one: Explanation, *, whole: bool = False) -> Section:
    """Tables and lines of one backend; without `whole` the ten rows that matter most of each."""
    tables = [cost_table(one, whole=whole), slice_table(one, whole=whole)]
    return Section(tables, [*weak_lines(one.searched, one.texts), *_examples(one.costs, one.texts)])


def weak_table(one: Explanation | Difference) -> Table:
    """The weak slices as data, for forms that have no sentences."""
    rows = tuple(
        (
            "; ".join(f"{facet}: {value}" for facet, value in weak.conditions),
            weak.metric,
            weak.support,
            number(weak.rate.value),
            between(weak.rate.interval.bounds),
            number(weak.elsewhere),
            f"{weak.false_discovery_rate:.2g}",
        )
        for weak in one.searched.weaknesses
    )
    against = f" against {one.reference}" if isinstance(one, Difference) else ""
    title = f"Weak slices: {one.name}{against} on {one.gold} ({one.task})"
    headers = ("slice", "of", "support", "wrong", "95 % CI", "elsewhere", "FDR")
    return Table(title, headers, rows, (searched_line(one.searched), SELECTION))


def difference_section(one: Difference, *, whole: bool = False) -> Section:
    """The same of a backend against the reference."""
    title = f"{one.name} against {one.reference} on {one.gold} ({one.task})"
    shown = _shown(one.costs, whole)
    rows = tuple(
        (
            cost.kind,
            Toned(points(cost.cost), "bad" if cost.cost > 0 else "good")
            if _is_clear(cost.interval)
            else points(cost.cost),
            between(cost.interval.bounds, in_points=True),
            cost.cases,
        )
        for cost in shown
    )
    p = p_value(one.p_value, exact=one.exact)
    said = (
        f"{one.title}: {points(one.difference)} points "
        f"{between(one.interval.bounds, in_points=True)}, p = {p}"
    )
    notes = (
        said,
        "points: how much more it costs than in the reference; cases: how many more",
        *_rest(one.costs, shown, points),
        *one.remarks,
    )
    costs = Table(f"What costs more: {title}", ("kind", "points", "95 % CI", "cases"), rows, notes)
    slices = _slices(
        f"Slices: {title}", one.slices, "difference: to the reference's, in points", whole=whole
    )
    return Section([costs, slices], list(weak_lines(one.searched, one.texts)))


def cost_table(one: Explanation, *, whole: bool = False) -> Table:
    """What each kind of error costs of F, the dearest first."""
    shown = _shown(one.costs, whole)
    rows = tuple(
        (cost.kind, number(cost.cost), between(cost.interval.bounds), cost.cases, _best(cost, one))
        for cost in shown
    )
    notes = [
        one.signature,
        measure_line(one),
        *_rest(one.costs, shown, number),
        *sampled_line(one),
        *one.remarks,
    ]
    headers = ("kind", "cost", "95 % CI", "cases", "such as")
    title = f"What errors cost: {one.name} on {one.gold} ({one.task})"
    return Table(title, headers, rows, tuple(notes), ("such as", "cases"))


def measure_line(one: Explanation) -> str:
    """Which F is explained, and what it is."""
    interval = between(one.interval.bounds)
    return f"{one.title}: {number(one.f1)} {interval}; the costs add up to what lacks to 1"


def sampled_line(one: Explanation) -> Iterator[str]:
    """How far off costs are that were not counted over all orders."""
    if one.bound:
        yield f"costs are sampled: off by {number(one.bound)} at most, in 95 of 100 draws"


def slice_table(one: Explanation, *, whole: bool = False) -> Table:
    """Every slice with its rates and its difference to all other items, the worst first."""
    title = f"Slices: {one.name} on {one.gold} ({one.task})"
    meaning = "difference: F (else recall) less that of all other items, in points"
    table = _slices(title, one.slices, meaning, whole=whole)
    if not one.too_small:
        return table
    listed = one.too_small if whole else one.too_small[:_MOST_ROWS]
    more = len(one.too_small) - len(listed)
    small = f"fewer than {one.searched.min_support} gold: {', '.join(listed)}"
    small += f" and {more} more" if more else ""
    return Table(
        table.title, table.headers, table.rows, (*table.notes, small), table.optional, table.keys
    )


def weak_lines(searched: Searched, texts: Mapping[str, str]) -> Iterator[str]:
    """The weak slices as sentences, each with mentions; and how they were looked for."""
    for one in searched.weaknesses:
        yield Toned(as_found(one), "bad")
        yield from (f"  {in_text(mention, texts)}" for mention in one.examples[:_MOST_LINES])
    yield searched_line(searched)
    if searched.weaknesses:
        yield SELECTION


def searched_line(searched: Searched) -> str:
    """How weak slices were looked for; without any, that there are none."""
    rate = f"{100 * searched.level:.0f} %"
    looked = (
        f"Slices and pairs of slices tested at a false discovery rate of {rate}: "
        f"{searched.tested:,}; with fewer than {searched.min_support} items: "
        f"{searched.too_small:,}."
    )
    return looked if searched.weaknesses else f"No slice was found to be weaker. {looked}"


def as_found(one: Weakness) -> str:
    """A weak slice in a sentence, with how sure the search is of it."""
    rate = one.false_discovery_rate
    return f"{one.sentence} (FDR {'< 0.0001' if rate < 1e-4 else f'{rate:.4f}'})"


def _examples(costs: Sequence[Cost], texts: Mapping[str, str]) -> Iterator[str]:
    """The mentions that show the dearest kinds best."""
    for cost in costs[:3]:
        yield f"{cost.kind}:"
        for one in cost.examples[:_MOST_LINES]:
            times = f" ({one.alike} such)" if one.alike > 1 else ""
            yield f"  {in_text(one.mention, texts)}{times}"


def _best(cost: Cost, one: Explanation) -> str:
    if not cost.examples:
        return ""
    mention = cost.examples[0].mention
    text = one.texts.get(mention.document, "")[mention.start : mention.end]
    words = " ".join(text.split())
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"


def _shown(costs: Sequence[Cost], whole: bool) -> Sequence[Cost]:
    return costs if whole else costs[:_MOST_ROWS]


def _rest(
    costs: Sequence[Cost], shown: Sequence[Cost], said: Callable[[float], str]
) -> Iterator[str]:
    left = costs[len(shown) :]
    if left:
        yield f"{plural(len(left), 'further kind')} of {said(cost_of(left))} together: --all"


def _slices(title: str, slices: Iterable[Slice], meaning: str, *, whole: bool) -> Table:
    every = sorted(slices, key=_difference)
    shown = every if whole else every[:_MOST_ROWS]
    rows = tuple(_row(one) for one in shown)
    notes = [meaning]
    if len(every) > len(shown):
        notes.append(f"{plural(len(every) - len(shown), 'better slice')}: --all")
    headers = ("slice", "value", "support", "R", "P", "F", "difference", "95 % CI")
    return Table(title, headers, rows, tuple(notes), ("P", "R", "95 % CI"), ("value",))


def _row(one: Slice) -> tuple[Cell, ...]:
    rates = (one.contrasts.get(name) for name in ("recall", "precision", "f1"))
    difference = headline(one).difference
    shown = points(difference.value)
    if _is_clear(difference.interval):
        shown = Toned(shown, "good" if (difference.value or 0.0) > 0 else "bad")
    return (
        one.facet,
        one.value,
        one.support,
        *(UNDEFINED if rate is None else number(rate.here.value) for rate in rates),
        shown,
        between(difference.interval.bounds, in_points=True),
    )


def headline(one: Slice) -> Contrast:
    """F of a slice, or recall where only gold can be put into it."""
    return one.contrasts.get("f1") or one.contrasts["recall"]


def _difference(one: Slice) -> tuple[float, str, str]:
    value = headline(one).difference.value
    return (0.0 if value is None else value, one.facet, one.value)


def _is_clear(interval: Interval) -> bool:
    """Whether an interval leaves out 0."""
    return interval.bounds is not None and not interval.bounds[0] <= 0 <= interval.bounds[1]
