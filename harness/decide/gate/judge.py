"""Verdicts on scores: has one really dropped, or fallen below its floor?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.decide.draws import Drawn, resample
from harness.decide.gate.power import DropLimits, detectable_drop, possible_drops
from harness.decide.gate.scope import ScoreCheck
from harness.decide.gate.verdicts import Verdict, VerdictStatus, about
from harness.results.outcomes import Flips, flips
from harness.stats.permutation import ALPHA
from harness.stats.resample import Interval, Resampler, percentile_interval
from harness.stats.student import normal_tail
from harness.stats.units import SampleSize, Units
from harness.tasks.parts import Metric, shown_metric

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["evidence_of", "is_tested", "judge"]


def evidence_of(check: ScoreCheck, units: Units) -> SampleSize:
    """What stands behind the difference of a check."""
    return units.evidence(check.accepted.basis, check.current.basis)


def is_tested(check: ScoreCheck, units: Units) -> bool:
    """Whether it can fail by an interval, and so belongs to the family that shares the 5 %."""
    return (
        check.can_fail
        and check.interval
        and check.max_drop is not None
        and evidence_of(check, units).lacking is None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What was measured of a check. Differences are in points."""

    check: ScoreCheck
    old: float | None
    new: float | None
    difference: float | None
    interval: Interval
    changed: int
    gained: int
    testable: bool
    """Whether anything of its backend can be tested by an interval."""
    unit: str
    units: int


def judge(
    checks: Sequence[ScoreCheck], resampler: Resampler, level: float, *, power: bool = True
) -> Iterator[Verdict]:
    """A verdict for each check of one backend on one gold set and task."""
    units = resampler.units
    sides = [side for item in checks for side in (item.accepted, item.current)]
    drawn = resample(resampler, sides)
    demanding = [c for c in checks if c.can_fail and c.interval and c.max_drop is not None]
    testable = not demanding or any(is_tested(item, units) for item in demanding)
    for number, item in enumerate(checks):
        before, after = drawn[2 * number : 2 * number + 2]
        yield _verdict(item, before, after, units, level, testable=testable, power=power)


def _verdict(
    item: ScoreCheck,
    accepted: Drawn,
    current: Drawn,
    units: Units,
    level: float,
    *,
    testable: bool,
    power: bool,
) -> Verdict:
    old, new = item.accepted.value, item.current.value
    evidence = evidence_of(item, units)
    own = level if item.can_fail else 1 - ALPHA
    values = current.values - accepted.values
    changed, gained = _changes(item, units)
    seen = _Seen(
        check=item,
        old=old,
        new=new,
        difference=None if old is None or new is None else 100 * (new - old),
        interval=percentile_interval(values, evidence, level=own),
        changed=changed,
        gained=gained,
        testable=testable,
        unit=units.unit,
        units=evidence.units,
    )
    status, code, message = _outcome(seen)
    whole, spread = _detectable(seen, values, evidence, units) if power else (None, None)
    bounds = seen.interval.bounds
    return about(
        item.matched.entry,
        status,
        code,
        message,
        metric=shown_metric(item.metric, item.current.part.beta),
        part=item.part,
        support=item.current.support,
        baseline=old,
        current=new,
        difference=seen.difference,
        interval=None if bounds is None else (100 * bounds[0], 100 * bounds[1]),
        level=own if item.interval else None,
        unit=units.unit,
        resampled=units.documents,
        margin=item.max_drop,
        floor=item.floor,
        types=tuple(part.name for part in item.accepted.part.over or ()),
        detectable=whole,
        detectable_spread=spread,
        flips=_flips(item) if status != "ok" else None,
    )


def _changes(item: ScoreCheck, units: Units) -> tuple[int, int]:
    """How many units changed, and in how many of them anything was gained."""
    import numpy as np

    tables = [units.fold(one.rows) for one in (item.accepted, item.current)]
    changed = np.flatnonzero(np.any(tables[0] != tables[1], axis=1))
    before, after = (_wins(table[changed], item.metric) for table in tables)
    return len(changed), int(np.any(after > before, axis=1).sum())


def _wins(table: Array, metric: Metric) -> Array:
    """What may only rise when a unit gets better: what is right, and minus what is wrong; of counts
    by unit.

    Recall knows nothing of what is wrong, and precision nothing of what is found.
    """
    import numpy as np

    shaped = table.reshape(len(table), table.shape[1] // 4, 4)
    found, right, predicted = shaped[..., 0], shaped[..., 2], shaped[..., 3]
    wins = {
        "recall": [found],
        "precision": [right, right - predicted],
        "f1": [found, right - predicted],
    }[metric]
    return np.concatenate(wins, axis=1)


_Said = tuple[VerdictStatus, str, str]


def _outcome(seen: _Seen) -> _Said:
    item, old, new = seen.check, seen.old, seen.new
    if item.floor is not None and new is None:
        return _weighed(item, "floor", f"is undefined, the floor is {item.floor:g}")
    if item.floor is not None and new is not None and new < item.floor:
        return _weighed(item, "floor", f"{_number(new)} is below the floor of {item.floor:g}")
    if item.max_drop is None:
        return "ok", "ok", f"{_number(new)}, floor {item.floor:g}"
    if old is not None and new is None:
        return _weighed(item, "undefined", f"was {_number(old)}, is undefined now")
    if seen.difference is None:
        return "ok", "ok", f"{_number(old)} before, {_number(new)} now"
    said = f"{_number(old)} -> {_number(new)} ({seen.difference:+.2f} points)"
    # Two sums of the same counts may differ in the last digit: that is no drop.
    if -seen.difference - item.max_drop > 1e-9:
        return _dropped(seen, said)
    bounds = seen.interval.bounds
    if seen.difference > item.max_drop and bounds is not None and bounds[0] > 0:
        return "warn", "better", f"{said}: well above the baseline; accept the new one"
    return "ok", "ok", said


def _dropped(seen: _Seen, said: str) -> _Said:
    """The verdict on a drop that is larger than its margin."""
    item, bounds = seen.check, seen.interval.bounds
    more = f"{said}, more than {item.max_drop:g} allowed"
    if not item.interval or (bounds is not None and bounds[1] < 0):
        return _weighed(item, "drop", more)
    if bounds is None:
        why = f"{more}, but {seen.interval.lacking}, so that chance cannot be told from loss"
        if seen.testable or not item.can_fail:
            return "warn", "few-units", why
        return "error", "few-units", f"{why} (interval = false lets the margin alone decide)"
    if not seen.gained:
        which = f"{seen.changed} of {seen.units} {seen.unit}s"
        return "warn", "few-changed", f"{more}, but too few {seen.unit}s changed to tell ({which})"
    return "warn", "within-noise", f"{said}, but that is within the noise of this gold set"


def _weighed(item: ScoreCheck, code: str, said: str) -> _Said:
    if item.can_fail:
        return "fail", code, said
    what = item.current.part.counts or "gold mentions"
    few = f"{said}; only {item.current.support} {what} (fewer than {item.min_support})"
    return "warn", "little-support" if code != "floor" else "floor", few


def _detectable(
    seen: _Seen, values: Array, evidence: SampleSize, units: Units
) -> tuple[float | None, float | None]:
    """Smallest drops found if whole units are lost, and if mentions are; `None` for what cannot
    fail, and where not even the loss of everything would be seen."""
    item = seen.check
    tested = item.max_drop is not None and (not item.interval or evidence.lacking is None)
    if not item.can_fail or seen.old is None or not (tested or item.floor is not None):
        return None, None
    lost = possible_drops(item.accepted, units)
    noise = 100 * values[values == values]
    if lost is None or not len(noise):
        return None, None
    limits = DropLimits(
        margin=item.max_drop if tested else None,
        tail=(
            normal_tail((1 - seen.interval.level) / 2, evidence.degrees) if item.interval else None
        ),
        gap=None if item.floor is None else 100 * (seen.old - item.floor),
    )
    whole = detectable_drop(noise, lost, limits, whole=True)
    spread = detectable_drop(noise, lost, limits, whole=False)
    # Each is found by draws of its own; what is lost whole is never easier to see.
    return (whole if whole is None or spread is None else max(whole, spread)), spread


def _flips(item: ScoreCheck) -> Flips | None:
    before, after = item.matched.accepted.outcomes, item.matched.current.outcomes
    if before is None or after is None:
        return None
    changed = flips(before, after)
    task = item.matched.current.definition
    labels = {task.label_of(mention.label) for mention in before.gold}
    return changed.of(task, item.part) if item.part in labels else changed


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
