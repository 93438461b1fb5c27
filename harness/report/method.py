"""How intervals and p-values were made, in the words that stand under every table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.stats.units import drawn_of
from harness.table import UNDEFINED, number

__all__ = [
    "between",
    "detectable",
    "mean_over",
    "p_value",
    "points",
    "resampling",
    "scope",
    "shared",
]


def resampling(
    unit: str, resamples: int, seed: int, *, paired: bool = False, documents: int = 0
) -> str:
    """`10,000 bootstrap resamples by document, seed 0`; with the number of documents, where they
    are that many, `by document in 2,000 random groups`."""
    within = " within document" if unit == "paragraph" else ""
    if unit == "document" and drawn_of(documents) < documents:
        within = f" in {drawn_of(documents):,} random groups"
    return (
        f"{resamples:,} {'paired ' if paired else ''}bootstrap resamples by {unit}{within}, "
        f"seed {seed}"
    )


def scope(unit: str) -> str:
    """What intervals and tests by this unit speak of; empty where it needs no saying."""
    if unit != "paragraph":
        return ""
    return "With so few documents they speak of these documents, not of texts like them."


def mean_over(types: Sequence[str]) -> str:
    """What an average goes over."""
    return f"the mean over {', '.join(types)} (the types that the gold has)"


def shared(said: Iterable[tuple[str, str, str | None]]) -> Iterator[str]:
    """A line for all names of which the same is said: name, what, and why, if anything is."""
    names: dict[str, list[str]] = {}
    for name, what, why in said:
        if why:
            names.setdefault(f"{what}: {why}" if what else why, []).append(name)
    for text, ours in names.items():
        yield f"{', '.join(ours)}: {text}"


def detectable(
    bounds: tuple[float, float] | None, pairs: int, *, who: str = "harness compare", f: str = "F1"
) -> str:
    """What the tests between the backends of a table are able to see; empty where unknown.

    `who` tests them, in points of `f`.
    """
    if bounds is None:
        return ""
    low, high = (f"{100 * value:.1f}" for value in bounds)
    many = f"Holm's correction over {pairs} pairs"
    return (
        f"Between two of these backends {who} finds a true difference of "
        f"{low if low == high else f'{low} to {high}'} {f} points with 80 % power"
        f"{f', by pair, after {many}' if pairs > 1 else ''}."
    )


def between(bounds: tuple[float, float] | None, *, in_points: bool = False) -> str:
    """`[0.838, 0.900]`, or signed points; `–` where there is no interval."""
    if bounds is None:
        return UNDEFINED
    if in_points:
        return f"[{100 * bounds[0]:+.1f}, {100 * bounds[1]:+.1f}]"
    return f"[{number(bounds[0])}, {number(bounds[1])}]"


def points(difference: float | None, *, digits: int = 1) -> str:
    """A difference of scores in points of a hundred, with its sign."""
    return UNDEFINED if difference is None else f"{100 * difference:+.{digits}f}"


def p_value(value: float | None, *, exact: bool) -> str:
    """A p-value; `~` before one that was sampled and not counted over all assignments."""
    if value is None:
        return UNDEFINED
    shown = "< .0001" if value < 0.0001 else f"{value:.4f}"
    return shown if exact else f"~{shown}"
