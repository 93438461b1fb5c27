"""What a test is able to see: the smallest true difference that is found four times in five.

Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", ch. 1. The simulations
in docs/statistics.md say how often it holds.
"""

from __future__ import annotations

from harness.stats.permutation import ALPHA
from harness.stats.resample import Interval
from harness.stats.student import student_quantile
from harness.stats.units import SampleSize

__all__ = ["POWER", "detectable_difference", "verdict_is_possible"]

POWER = 0.8
_NO_SPREAD = 1e-9


def detectable_difference(
    paired: Interval, evidence: SampleSize, *, factor: int = 1
) -> float | None:
    """The smallest true difference found with 80 % power, on the scale of the score.

    `paired` is the interval of the difference and `evidence` what stands behind it. The test is
    two-sided at 5 % divided by `factor`, which is what Holm's correction leaves to this pair. It is
    (t_(1 - a/2) + t_.80) standard errors; the test swaps all units alike, so that strata cost it no
    degrees of freedom. `None` where there is no interval, where that is more than two scores can
    differ, and where the difference does not vary at all, so that nothing is known of how it might.
    """
    error = paired.standard_error
    # What is left of sums of the same counts in the last digit is no spread.
    if paired.bounds is None or error is None or error < _NO_SPREAD:
        return None
    degrees = max(1.0, evidence.effective - 1)
    level = student_quantile(1 - ALPHA / factor / 2, degrees)
    smallest = (level + student_quantile(POWER, degrees)) * error
    return smallest if smallest <= 1 else None


def verdict_is_possible(units: int, factor: int = 1) -> bool:
    """Whether a randomisation test over so many units can get below 5 % after the correction.

    The smallest two-sided p-value is 2 / 2^units: all units speak for the same side.
    """
    return units > 1000 or 2 * factor / 2**units < ALPHA
