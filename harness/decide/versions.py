"""At which release of a library the answers of a backend changed, and whether for the better.

Each release is compared with the one measured before it. Steps between the same answers are known,
not tested; Holm's correction goes over the others and, where there are several, the way from the
first release to the last, which small steps in one direction may add up to. A hypothesis that its
own data cannot refute needs no share of the correction (Tarone 1990, "A modified Bonferroni method
for discrete data", Biometrics 46): swapping equal answers changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from harness.coding import encode
from harness.decide.compare import against, check_same_count, shared_units
from harness.decide.comparison import Row, bounds_or_none
from harness.decide.pairwise import pairwise
from harness.decide.same_answers import answered_alike
from harness.results.load import scored_in
from harness.results.record import Result
from harness.results.scored import Scored
from harness.run.versions import Chosen, Release
from harness.stats.resample import Interval, Resampler
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.parts import shown_metric
from harness.tasks.tally import Part

__all__ = ["ReleaseRow", "ReleaseStep", "Releases", "Stretch", "compare_releases"]

_CHANGED = ("better", "worse")
_STILL = ("tie", "same answers")


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    """From one measured release to the next."""

    before: str
    after: str
    between: tuple[str, ...]
    """Releases in between that were not measured, where the index was asked for them."""
    row: Row | None
    """The later against the earlier; `None` where the answers are the same."""
    others: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """What else differs in the two environments: versions of a distribution before and after."""

    @property
    def verdict(self) -> str:
        """`same answers`, or what `Row.verdict` says: `better`, `worse`, `tie`, ..."""
        return "same answers" if self.row is None else self.row.verdict

    @property
    def changed(self) -> bool:
        """Whether the score was found to differ."""
        return self.verdict in _CHANGED


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release."""

    version: str
    result: Result | None
    """`None` where it could not be installed."""
    trouble: str = ""
    scored: Scored | None = None
    """`None` where nothing was measured."""
    interval: Interval | None = None
    step: ReleaseStep | None = None
    """From the measured one before; `None` for the first of them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps one after the other of which the same is to be said."""

    kind: Literal["changed", "same answers", "no change", "undecided"]
    steps: tuple[ReleaseStep, ...]

    @property
    def ends(self) -> tuple[str, str]:
        """The first release and the last."""
        return self.steps[0].before, self.steps[-1].after

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Releases inside that were not measured."""
        return tuple(version for step in self.steps for version in step.between)

    @property
    def detectable(self) -> float | None:
        """The true difference that every tested step would show with 80 % power; `None` where that
        cannot be said of one of them."""
        seen = [step.row.detectable for step in self.steps if step.row is not None]
        known = [one for one in seen if one is not None]
        return max(known) if known and len(known) == len(seen) else None


@dataclass(frozen=True, slots=True)
class Releases:
    """One backend on one gold set for one task, with several releases of one package."""

    package: str
    backend: str
    gold: str
    task: str
    rows: tuple[ReleaseRow, ...]
    """In the order asked for."""
    left_out: tuple[str, ...]
    """Releases from the first to the last that were not asked for."""
    part: Part | None = None
    """What is compared: the headline; `None` where nothing was measured."""
    match: str = ""
    signature: str = ""
    whole: Row | None = None
    """The last measured release against the first, where several steps were tested."""
    tests: int = 0
    """How many tests Holm's correction goes over."""
    unit: str = ""
    resamples: int = 0
    seed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def measured(self) -> tuple[ReleaseRow, ...]:
        """The releases that have a score."""
        return tuple(row for row in self.rows if row.scored is not None)

    @property
    def steps(self) -> tuple[ReleaseStep, ...]:
        return tuple(row.step for row in self.rows if row.step is not None)

    @property
    def drifted(self) -> bool:
        """Whether the last release differs from the first though no single step was found to."""
        ends = self.whole is not None and self.whole.verdict in _CHANGED
        return ends and not any(step.changed for step in self.steps)

    def stretches(self) -> Iterator[Stretch]:
        """Every step, those without a change that follow each other together."""
        kinds = dict.fromkeys(_CHANGED, "changed") | dict.fromkeys(_STILL, "still")
        for kind, group in groupby(self.steps, lambda step: kinds.get(step.verdict, "undecided")):
            steps = tuple(group)
            if kind == "still":
                same = all(step.row is None for step in steps)
                yield Stretch("same answers" if same else "no change", steps)
            else:
                found: Literal["changed", "undecided"]
                found = "changed" if kind == "changed" else "undecided"
                yield from (Stretch(found, (step,)) for step in steps)

    def to_json(self) -> dict[str, Any]:
        """Everything; differences are on the scale of the score."""
        part = self.part
        return {
            **{name: getattr(self, name) for name in ("package", "backend", "gold", "task")},
            "part": part and part.name,
            "metric": part and shown_metric("f1", part.beta),
            "match": self.match,
            "signature": self.signature,
            "releases": [_row_json(row) for row in self.rows],
            "left_out": list(self.left_out),
            "changed_at": [step.after for step in self.steps if step.changed],
            "first_to_last": self.whole and self.whole.difference_json(),
            "tests": self.tests,
            **{name: encode(getattr(self, name)) for name in ("unit", "resamples", "seed")},
            "notes": list(self.notes),
        }


def compare_releases(
    releases: Sequence[Release],
    chosen: Chosen,
    *,
    package: str,
    backend: str,
    gold: str,
    task: str,
    resamples: int = DEFAULT_RESAMPLES,
) -> Releases:
    """What became of a backend's headline from release to release, on one gold set and task.

    Raises `NotComparable` where releases were not counted in the same way.
    """
    rows = [_row(one, gold, task) for one in releases]
    found = Releases(package, backend, gold, task, tuple(rows), chosen.left_out)
    if not found.measured:
        return found
    return _compared(found, {one.version: one.installed for one in releases}, chosen, resamples)


def _row(release: Release, gold: str, task: str) -> ReleaseRow:
    if release.record is None:
        return ReleaseRow(release.version, None, release.trouble)
    (result,) = release.record.select(gold=gold, task=task)
    scored = next(iter(scored_in(release.record, release.folder, [result])), None)
    return ReleaseRow(release.version, result, scored=scored)


def _compared(
    found: Releases, installed: Mapping[str, Mapping[str, str]], chosen: Chosen, resamples: int
) -> Releases:
    versions = [row.version for row in found.measured]
    scored = [row.scored for row in found.measured if row.scored is not None]
    notes = check_same_count(scored)
    scored, _ = shared_units(scored, force=False)
    first, last = scored[0], len(scored) - 1
    resampler = Resampler(first.document_numbers, resamples=resamples, seed=first.seed)
    steps = [(place - 1, place) for place in range(1, len(scored))]
    among = [(i, j) for i, j in steps if not answered_alike(scored[i], scored[j])]
    way = len(among) > 1 and not answered_alike(first, scored[last])
    if way:
        among.append((0, last))
    pairs = pairwise([one.counts() for one in scored], resampler, seed=first.seed, among=among)
    made = {
        versions[j]: ReleaseStep(
            versions[i],
            versions[j],
            chosen.between(versions[i], versions[j]),
            against(versions[j], pairs, i, j) if (i, j) in among else None,
            _others(installed[versions[i]], installed[versions[j]], found.package),
        )
        for i, j in steps
    }
    intervals = dict(zip(versions, pairs.intervals, strict=True))
    rows = (
        replace(row, interval=intervals.get(row.version), step=made.get(row.version))
        for row in found.rows
    )
    return replace(
        found,
        rows=tuple(rows),
        part=first.parts[0],
        match=first.definition.match(first.options) or first.parts[0].name,
        signature=str(first.signature),
        whole=against(versions[last], pairs, 0, last) if way else None,
        tests=pairs.tested(),
        unit=resampler.unit,
        resamples=resamples,
        seed=first.seed,
        notes=tuple(notes),
    )


def _others(
    before: Mapping[str, str], after: Mapping[str, str], package: str
) -> dict[str, tuple[str | None, str | None]]:
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after} - {package})
        if before.get(name) != after.get(name)
    }


def _row_json(row: ReleaseRow) -> dict[str, Any]:
    result, step = row.result, row.step
    head = row.scored and row.scored.headline
    costs = result and result.costs
    return {
        "version": row.version,
        "status": "not installed" if result is None else result.status,
        "reason": row.trouble or (result and result.reason),
        "precision": head and head.precision,
        "recall": head and head.recall,
        "f1": head and head.f1,
        "interval": row.interval and bounds_or_none(row.interval),
        "documents_per_second": costs and costs.documents_per_second,
        "peak_memory_bytes": costs and costs.peak_memory_bytes,
        "step": step
        and {
            "before": step.before,
            "between": list(step.between),
            **(step.row.difference_json() if step.row else {"difference": 0.0}),
            "verdict": step.verdict,
            "others": {name: list(pair) for name, pair in step.others.items()},
        },
    }
