"""How high each point of a series stands between its lowest and its highest."""

from __future__ import annotations

from harness.decide.history.series import Series

__all__ = ["HEIGHTS", "heights"]

HEIGHTS = 8


def heights(series: Series) -> list[int | None]:
    """From 0 to 7 for each point, `None` where the score is undefined; of equal scores all 3."""
    known = [point.f1 for point in series.points if point.f1 is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return [None if point.f1 is None else _height(point.f1, low, high) for point in series.points]


def _height(value: float, low: float, high: float) -> int:
    if high <= low:
        return HEIGHTS // 2 - 1
    return min(HEIGHTS - 1, int(HEIGHTS * (value - low) / (high - low)))
