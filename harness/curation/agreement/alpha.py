"""Krippendorff's alpha."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

__all__ = ["nominal_alpha"]


def nominal_alpha(units: Iterable[Mapping[str, int]]) -> float | None:
    """Alpha for nominal categories; each unit says how many annotators chose which category.

    1 is perfect agreement, 0 what chance would give, below 0 systematic disagreement. An
    annotator who did not judge a unit is left out of its counts; a unit with fewer than two
    judgements says nothing and is left out itself. `None` where nothing is left or where all
    judgements are the same category, since agreement by chance would then be perfect too.

    alpha = 1 - D_o / D_e over the matrix of coincidences, in which a unit judged m times counts
    each of its ordered pairs of judgements 1 / (m - 1) times (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability", section C).
    """
    totals: Counter[str] = Counter()
    agreed = 0.0
    for unit in units:
        judgements = sum(unit.values())
        if judgements < 2:
            continue
        totals.update(unit)
        agreed += sum(count * (count - 1) for count in unit.values()) / (judgements - 1)
    n = sum(totals.values())
    by_chance = sum(count * (count - 1) for count in totals.values())
    if n < 2 or by_chance == n * (n - 1):
        return None
    observed = 1 - agreed / n
    expected = 1 - by_chance / (n * (n - 1))
    return 1 - observed / expected
