"""What the gate says: one verdict per thing checked, and the report that they make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from harness.coding import encode
from harness.decide.entry import Entry
from harness.results.outcomes import Flips, Mention
from harness.results.scored import Scored
from harness.table import plural

__all__ = ["GateReport", "VerdictStatus", "Verdict", "about"]

VerdictStatus: TypeAlias = Literal["ok", "warn", "fail", "error"]
"""`fail` is a regression; `error` means that something could not be checked."""


_REMARKS = ("new", "other-scores", "failed-documents")
"""Codes of what is said besides, and is no check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check. Differences, margins and detectable drops are in points of a hundred."""

    status: VerdictStatus
    code: str
    """For machines: `ok`, `drop`, `floor`, `pin`, `blackout`, `undefined`, `within-noise`,
    `few-changed`, `few-units`, `little-support`, `better`, `new`, `failed-documents`,
    `missing-backend`, `missing-gold`, `missing-type`, `other-gold`, `other-schema`, `other-match`,
    `not-comparable`, `empty`, `no-match`, `no-predictions`, `other-scores`."""
    message: str
    backend: str = ""
    gold: str = ""
    task: str | None = None
    metric: str = ""
    part: str = ""
    support: int | None = None
    baseline: float | None = None
    current: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    """Paired bootstrap interval of the difference."""
    level: float | None = None
    """Of that interval; `None` where the margin alone decides."""
    unit: str = ""
    """What was resampled for it."""
    resampled: int = 0
    """Of how many documents; very many are drawn in random groups."""
    margin: float | None = None
    floor: float | None = None
    detectable: float | None = None
    """The smallest true drop that this check fails on with 80 % power if it takes whole documents
    (paragraphs, where those are resampled); `None` if it finds none."""
    detectable_spread: float | None = None
    """The same if it falls on single mentions, whatever document they are in."""
    types: tuple[str, ...] = ()
    """For an average: the types that it goes over."""
    documents: tuple[str, ...] = ()
    """For `blackout`: the documents."""
    flips: Flips | None = None
    pin: Mention | None = None

    @property
    def what(self) -> str:
        """`spacy/en_core_web_sm on seeds: PERSON f1`, as far as it is known."""
        head = f"{self.backend} on {self.gold}" if self.gold else self.backend
        tail = f"{self.part} {self.metric}".strip()
        return ": ".join(part for part in (head, tail) if part) or "the run"


def about(
    one: Entry | Scored, status: VerdictStatus, code: str, message: str, **others: Any
) -> Verdict:
    """A verdict on one backend on one gold set for one task; `others` are its other fields."""
    return Verdict(
        status=status,
        code=code,
        message=message,
        backend=one.backend,
        gold=one.gold,
        task=one.task,
        **others,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Every verdict, what stands behind them, and the exit status that they lead to."""

    verdicts: tuple[Verdict, ...]
    level: float
    """Level of each paired interval, so that all of them together hold at 95 %."""
    checks: int
    """How many drops were tested by an interval."""
    blackout: int
    """Right mentions of a document whose loss as a whole fails; 0 where that is off."""
    unit: str
    """What was resampled for the first gold set; each verdict has its own."""
    resamples: int
    seed: int
    baseline: str = ""
    accepted: str = ""
    run: str = ""
    rules: str = ""
    notes: tuple[str, ...] = ()
    """What changed around the scores since the baseline was accepted."""
    remarks: tuple[str, ...] = ()
    """Where the answers come from, and what cannot be shown."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Gold set -> document id -> text, to show mentions in their context."""

    def having(self, *statuses: VerdictStatus) -> tuple[Verdict, ...]:
        """The verdicts with one of these statuses, in order."""
        return tuple(verdict for verdict in self.verdicts if verdict.status in statuses)

    @property
    def exit_status(self) -> int:
        """1: something regressed; else 3: something could not be checked; else 0."""
        if self.having("fail"):
            return 1
        return 3 if self.having("error") or not self.having("ok", "warn") else 0

    @property
    def headline(self) -> str:
        """One line for people."""
        failed, errors = len(self.having("fail")), len(self.having("error"))
        made = sum(verdict.code not in _REMARKS for verdict in self.verdicts)
        checks = plural(made, "check")
        if failed:
            more = f", {errors} could not be checked" if errors else ""
            return f"regression: {failed} of {checks} failed{more}"
        if errors:
            return f"not checked: {errors} of {checks} could not be made"
        if self.exit_status:
            return "nothing was measured"
        warned = len(self.having("warn"))
        more = f", {warned} with a warning" if warned else ""
        return f"no regression: {checks} passed{more}"

    def to_json(self) -> dict[str, Any]:
        """Everything but the texts."""
        names = ("level", "checks", "blackout", "unit", "resamples", "seed", "baseline", "accepted")
        value: dict[str, Any] = {"status": self.exit_status, "headline": self.headline}
        for name in (*names, "run", "rules", "notes", "remarks", "verdicts"):
            value[name] = encode(getattr(self, name))
        return value
