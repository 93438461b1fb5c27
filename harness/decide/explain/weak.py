"""Weak slices as a person would say them: of one backend, and between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.decide.explain.examined import Examined, Items, Setting
from harness.decide.explain.explanation import Rate, Searched, Weakness
from harness.decide.explain.search import (
    Clusters,
    Condition,
    Side,
    WeakGroup,
    members_of,
    weakest,
)
from harness.results.outcomes import Mention
from harness.stats.resample import Resampler, percentile_interval

__all__ = ["LEVEL", "weak_between", "weak_slices"]

LEVEL = 0.05
"""False discovery rate of one search, over both sides."""
_SHOWN = 5


def weak_slices(one: Examined, resampler: Resampler, min_support: int) -> Searched:
    """The slices in which more is missed, or more of what is predicted is wrong, than elsewhere."""
    return _searched(one, (one.gold, one.predicted), resampler, min_support)


def weak_between(
    first: Examined, second: Examined, resampler: Resampler, min_support: int
) -> Searched:
    """The slices in which the second loses more of what one of the two alone has right.

    Of the gold items those that one of them finds and the other misses, of the predictions those
    that are wrong and that one of them alone makes: is it the second that is wrong, more often than
    elsewhere? Least support goes by these, half as many as elsewhere.
    """
    import numpy as np

    least = max(1, min_support // 2)
    apart = first.gold.wrong != second.gold.wrong
    gold = _some(second.gold, apart, second.gold.wrong)
    ours, theirs = _spurious(first), _spurious(second)
    rows = [(second, place, 1) for key, place in theirs.items() if key not in ours]
    rows += [(first, place, 0) for key, place in ours.items() if key not in theirs]
    predicted = Items(
        [one.predicted.documents[at] for one, at, _ in rows],
        [one.predicted.items[at] for one, at, _ in rows],
        np.array([one.predicted.units[at] for one, at, _ in rows], dtype=np.int64),
        np.array([new for _, _, new in rows], dtype=np.int64),
        np.array([one.predicted.codes[at] for one, at, _ in rows], dtype=np.int32).reshape(
            len(rows), len(second.setting.facets)
        ),
    )
    return _searched(second, (gold, predicted), resampler, least, between=True)


def _clusters(one: Examined, side: Items, resampler: Resampler) -> Clusters:
    import numpy as np

    documents = np.asarray(one.scored.document_numbers)[side.units]
    whole = frozenset(n for n, facet in enumerate(one.setting.facets) if facet.of_document)
    units = documents if resampler.units.unit == "document" else side.units
    return Clusters(units, documents, whole)


def _searched(
    one: Examined,
    sides: tuple[Items, Items],
    resampler: Resampler,
    min_support: int,
    *,
    between: bool = False,
) -> Searched:
    first, second = (
        Side(side.codes, side.wrong, _clusters(one, side, resampler)) for side in sides
    )
    done = weakest((first, second), min_support=min_support, level=LEVEL)
    found = [
        _weakness(one, side, metric, group, resampler, between=between)
        for metric, side, search in zip(("recall", "precision"), sides, done, strict=True)
        for group in search.found
    ]
    return Searched(
        tuple(sorted(found, key=lambda one: one.false_discovery_rate)),
        sum(search.tested for search in done),
        sum(search.too_small for search in done),
        LEVEL,
        min_support,
    )


def _some(side: Items, chosen: Any, wrong: Any) -> Items:
    import numpy as np

    at = np.flatnonzero(chosen)
    return Items(
        [side.documents[n] for n in at],
        [side.items[n] for n in at],
        side.units[at],
        wrong[at],
        side.codes[at],
    )


def _spurious(one: Examined) -> dict[tuple[str, Any], int]:
    """The wrong predictions by document and what they say, with their places."""
    side = one.predicted
    task = one.setting.task
    return {
        (side.documents[at], task.mention(side.items[at])): at
        for at in side.wrong.nonzero()[0].tolist()
    }


def _weakness(
    one: Examined,
    side: Items,
    metric: str,
    group: WeakGroup,
    resampler: Resampler,
    *,
    between: bool = False,
) -> Weakness:
    members = members_of(side.codes, group.conditions)
    rate = _rate(one, side, members, resampler)
    conditions = tuple(_conditions(one.setting, group.conditions))
    said = " ".join(one.setting.phrase(facet, value) for facet, value in conditions)
    make = _said_between if between else _said
    return Weakness(
        tuple((one.setting.facets[facet].name, value) for facet, value in conditions),
        metric,
        group.size,
        rate,
        group.elsewhere,
        group.false_discovery_rate,
        make(f"{one.setting.task.item_word} {said}", metric, rate, group),
        tuple(_examples(one, side, members)),
    )


def _rate(one: Examined, side: Items, members: Any, resampler: Resampler) -> Rate:
    """The share of hits in a group, with its interval."""
    import numpy as np

    units = len(one.base)
    at = side.units[members]
    rows = np.stack(
        [
            np.bincount(at, side.wrong[members].astype(float), minlength=units),
            np.bincount(at, minlength=units).astype(float),
        ],
        axis=1,
    )
    sums = resampler.sums(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan)
    hits, size = rows.sum(axis=0)
    evidence = resampler.units.evidence(rows[:, [1]])
    return Rate(float(hits / size), percentile_interval(values, evidence))


def _conditions(setting: Setting, conditions: Sequence[Condition]) -> Iterator[tuple[int, str]]:
    """The number of each facet and the name of its value, in the order of the facets."""
    for facet, code in sorted(conditions):
        yield facet, next(v for v, number in setting.values[facet].items() if number == code)


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _said(items: str, metric: str, rate: Rate, group: WeakGroup) -> str:
    ends = rate.interval.bounds
    shown = f" [{_percent(ends[0])}, {_percent(ends[1])}]" if ends else ""
    share = f"{_percent(rate.value or 0.0)} %{shown}"
    elsewhere = f"{_percent(group.elsewhere)} % elsewhere"
    if metric == "recall":
        return f"misses {share} of the {group.size} {items}, {elsewhere}"
    return f"is wrong in {share} of the {group.size} {items} that it gives, {elsewhere}"


def _said_between(items: str, metric: str, rate: Rate, group: WeakGroup) -> str:
    share, elsewhere = _percent(rate.value or 0.0), _percent(group.elsewhere)
    if metric == "recall":
        return (
            f"of the {group.size} {items} that only one of the two finds it misses {share} %, "
            f"{elsewhere} % elsewhere"
        )
    return (
        f"of the {group.size} wrong {items} that only one of the two gives {share} % are its own, "
        f"{elsewhere} % elsewhere"
    )


def _examples(one: Examined, side: Items, members: Any) -> Iterator[Mention]:
    chosen = (members & (side.wrong > 0)).nonzero()[0].tolist()
    for at in chosen[:_SHOWN]:
        yield one.scored.mention(side.documents[at], side.items[at])
