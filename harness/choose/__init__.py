"""Which backend to take: who qualifies, who is on the Pareto front, who is best, and how surely.

Quality is the F measure with the wished weights, over the wished types:

    F = (w_p + w_r) tp / (w_p predicted + w_r gold)

which is van Rijsbergen's F with beta^2 = w_r / w_p (1979, "Information Retrieval", ch. 7). A
backend is recommended when it is better than every other that qualifies by a paired randomisation
test with Holm's correction; else the choice abstains and names those that are tied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.annotation import Task
from harness.choose.wishes import (
    Wishes,
    in_schema,
    licences,
    obstacles,
    parse_weights,
    seconds_per_1k_words,
)
from harness.coding import encode
from harness.comparison import check_same_count, match_of
from harness.comparison.measures import (
    Columns,
    as_float,
    columns,
    entity_types,
    headline_part,
    part_named,
    resample,
    statistic,
    withheld_parts,
)
from harness.comparison.systems import System
from harness.errors import NothingMeasured
from harness.record import Costs
from harness.scoring.significance import (
    Resampler,
    holm,
    percentile_interval,
    randomisation_test,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Candidate", "Choice", "Wishes", "choose", "in_schema", "parse_weights"]

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One backend: does it qualify, how good is it, what does it cost."""

    name: str
    qualifies: bool
    obstacles: tuple[str, ...]
    quality: float | None
    interval: tuple[float, float] | None
    precision: float | None
    recall: float | None
    best_probability: float | None = None
    """Share of bootstrap resamples in which it is the best of those that qualify."""
    pareto: bool = False
    """No other that qualifies is at least as good, as fast and as small, and better in one."""
    documents_per_second: float | None = None
    words_per_second: float | None = None
    seconds_per_1k_words: float | None = None
    load_seconds: float | None = None
    peak_memory_bytes: int | None = None
    model_bytes: int | None = None
    code_licence: str = ""
    model_licence: str = ""
    traps: tuple[str, ...] = ()
    """What its adapter warns of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A recommendation with its reasons, or an abstention."""

    gold: str
    task: Task
    part: str
    signature: str
    candidates: tuple[Candidate, ...]
    """Best quality first among those that qualify; then the others."""
    recommended: str | None
    tied: tuple[str, ...]
    """Those that cannot be told from the best; empty where one is recommended."""
    reasons: tuple[str, ...]
    unit: str
    resamples: int
    seed: int

    @property
    def abstains(self) -> bool:
        """Whether several are tied for the best."""
        return bool(self.tied)

    def to_json(self) -> dict[str, Any]:
        """Everything."""
        value: dict[str, Any] = encode(self)
        value["abstains"] = self.abstains
        return value


def choose(
    systems: Sequence[System],
    wishes: Wishes,
    *,
    ran_offline: bool = False,
    resamples: int = 10_000,
    seed: int = 0,
    force: bool = False,
) -> Choice:
    """Choose among systems on one gold set and task.

    Raises `NothingMeasured` for no system, `UsageError` for an unknown type or part,
    `NotComparable` for systems that were counted differently.
    """
    if not systems:
        raise NothingMeasured(f"no backend was measured for the task {wishes.task}")
    check_same_count(systems, force=force)
    counts = [_counts(system, wishes, systems) for system in systems]
    resampler = Resampler(systems[0].documents, resamples=resamples, seed=seed)
    drawn = resample(resampler, counts)
    found = [
        _candidate(system, counted, sums, wishes, resampler, ran_offline)
        for system, counted, sums in zip(systems, counts, drawn, strict=True)
    ]
    able = [index for index, candidate in enumerate(found) if candidate.qualifies]
    for index, share in zip(able, _best_shares([drawn[i] for i in able], wishes), strict=True):
        found[index] = replace(
            found[index],
            best_probability=share,
            pareto=not any(_dominates(found[j], found[index]) for j in able),
        )
    ranked = sorted(
        range(len(found)), key=lambda i: (not found[i].qualifies, -(found[i].quality or 0.0))
    )
    recommended, tied, reasons = _decide(
        [found[i] for i in ranked if found[i].qualifies],
        {found[i].name: counts[i] for i in able},
        wishes,
        seed,
    )
    return Choice(
        gold=systems[0].gold,
        task=wishes.task,
        part=_shown_part(wishes),
        signature=str(systems[0].signature),
        candidates=tuple(found[i] for i in ranked),
        recommended=recommended,
        tied=tied,
        reasons=tuple(reasons),
        unit=resampler.unit,
        resamples=resamples,
        seed=seed,
    )


def _counts(system: System, wishes: Wishes, systems: Sequence[System]) -> Columns:
    """Right, predicted and gold per unit, over everything that is wished for."""
    known = _types(systems)
    names = wishes.types or (wishes.part or headline_part(wishes.task),)
    total = sum(_triple(system, part_named(name, wishes.task, known)) for name in names)
    return Columns(total, 3)  # type: ignore[arg-type]  # names are never empty


def _triple(system: System, part: str) -> Array:
    """Right, predicted and gold per unit; what is right goes by the predictions."""
    match = match_of(system)
    types = list(entity_types(system.tallies)) if part == "macro" else []
    counted = columns(system.tallies, part, match=match, types=types)
    blocks = counted.counts.reshape(len(counted.counts), -1, counted.group)
    columns_ = [0, 1, 2] if counted.group == 3 else [2, 3, 1]
    pooled: Array = blocks[:, :, columns_].sum(axis=1)
    return pooled


def _types(systems: Sequence[System]) -> set[str]:
    return {label for system in systems for label in entity_types(system.tallies)}


def _shown_part(wishes: Wishes) -> str:
    return ", ".join(wishes.types) or wishes.part or headline_part(wishes.task)


def _quality(wishes: Wishes) -> Any:
    import numpy as np

    first, second = wishes.precision_weight, wishes.recall_weight

    def score(counts: Array) -> Array:
        right, predicted, gold = (counts[..., i] for i in range(3))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((first + second) * right / (first * predicted + second * gold))

    return score


def _candidate(
    system: System,
    counted: Columns,
    sums: Array,
    wishes: Wishes,
    resampler: Resampler,
    ran_offline: bool,
) -> Candidate:
    quality = _quality(wishes)
    total = counted.counts.sum(axis=0)
    bounds = percentile_interval(quality(sums), resampler)
    precision = as_float(statistic("precision", 3)(total))
    recall = as_float(statistic("recall", 3)(total))
    problems = list(obstacles(system, wishes, ran_offline=ran_offline))
    problems += [f"never gives {label}" for label in _never_given(system, wishes)]
    declaration = system.result.declaration if system.result else None
    if wishes.part in withheld_parts(declaration.capabilities if declaration else None):
        problems.append(f"cannot give {wishes.part}")
    for name, value, least in (
        ("precision", precision, wishes.min_precision),
        ("recall", recall, wishes.min_recall),
    ):
        if least is not None and (value is None or value < least):
            shown = "undefined" if value is None else f"{value:.3f}"
            problems.append(f"{name} is {shown}, wanted at least {least:g}")
    costs = system.result.costs if system.result else Costs()
    code, model = licences(system)
    return Candidate(
        name=system.name,
        qualifies=not problems,
        obstacles=tuple(problems),
        quality=as_float(quality(total)),
        interval=None if bounds.low is None or bounds.high is None else (bounds.low, bounds.high),
        precision=precision,
        recall=recall,
        documents_per_second=costs.documents_per_second,
        words_per_second=costs.words_per_second,
        seconds_per_1k_words=seconds_per_1k_words(costs),
        load_seconds=costs.load_seconds,
        peak_memory_bytes=costs.peak_memory_bytes,
        model_bytes=costs.model_bytes if system.result else None,
        code_licence=code,
        model_licence=model,
        traps=declaration.traps if declaration else (),
    )


def _never_given(system: System, wishes: Wishes) -> list[str]:
    """Wished types that the gold has and the backend never predicts."""
    never = []
    for label in wishes.types:
        _, predicted, gold = _triple(system, label).sum(axis=0)
        if gold > 0 and predicted == 0:
            never.append(label)
    return never


def _best_shares(drawn: Sequence[Array], wishes: Wishes) -> list[float]:
    """How often each is the best; resamples in which several are best are shared out."""
    import numpy as np

    if not drawn:
        return []
    scores = np.nan_to_num(np.stack([_quality(wishes)(sums) for sums in drawn]), nan=-1.0)
    best = scores >= scores.max(axis=0) - 1e-12
    return [float(share) for share in (best / best.sum(axis=0)).mean(axis=1)]


def _dominates(one: Candidate, other: Candidate) -> bool:
    """At least as good, as fast and as small, and better in one; an unknown cost is the worst."""
    ours, theirs = _merits(one), _merits(other)
    return all(a >= b for a, b in zip(ours, theirs, strict=True)) and ours != theirs


def _merits(candidate: Candidate) -> tuple[float, float, float]:
    memory = candidate.peak_memory_bytes
    return (
        candidate.quality or 0.0,
        candidate.words_per_second or 0.0,
        float("-inf") if memory is None else -float(memory),
    )


def _decide(
    ranked: Sequence[Candidate], counts: dict[str, Columns], wishes: Wishes, seed: int
) -> tuple[str | None, tuple[str, ...], list[str]]:
    if not ranked:
        return None, (), ["no backend qualifies"]
    best, others = ranked[0], ranked[1:]
    if not others:
        return best.name, (), [f"{best.name} is the only backend that qualifies", *_good(best)]
    tests = [
        randomisation_test(
            counts[best.name].counts, counts[other.name].counts, _quality(wishes), seed=seed
        ).p_value
        for other in others
    ]
    adjusted = holm([1.0 if p is None else p for p in tests])
    tied = [other for other, p in zip(others, adjusted, strict=True) if p >= ALPHA]
    if not tied:
        return (
            best.name,
            (),
            [
                _better(best, len(others), max(adjusted)),
                *_good(best),
            ],
        )
    together = [best, *tied]
    names = ", ".join(candidate.name for candidate in together)
    reasons = [
        f"no recommendation: this gold set cannot tell {names} apart (p up to {max(adjusted):.2f})",
        *_cheapest(together),
    ]
    return None, tuple(candidate.name for candidate in together), reasons


def _better(best: Candidate, others: int, p: float) -> str:
    shown = "< .0001" if p < 0.0001 else f"= {p:.4f}"
    if others == 1:
        than, largest = "the only other that qualifies", "p"
    else:
        than, largest = f"all {others} others that qualify", "largest p"
    return f"{best.name} is better than {than} ({largest} {shown} after Holm's correction)"


def _good(best: Candidate) -> list[str]:
    reasons = []
    if best.quality is not None and best.interval is not None:
        reasons.append(
            f"its quality is {best.quality:.3f}, between {best.interval[0]:.3f} and "
            f"{best.interval[1]:.3f} at 95 %"
        )
    if best.best_probability is not None and best.best_probability < 1:
        reasons.append(f"it is the best in {100 * best.best_probability:.0f} % of resamples")
    if best.pareto:
        reasons.append("no other is at least as good, as fast and as small")
    return reasons


def _cheapest(tied: Sequence[Candidate]) -> list[str]:
    """What else may decide between those that are tied."""
    reasons = []
    fast = [c for c in tied if c.words_per_second is not None]
    if fast:
        quick = max(fast, key=lambda c: c.words_per_second or 0.0)
        reasons.append(
            f"the fastest of them is {quick.name} ({quick.words_per_second:.0f} words/s)"
        )
    small = [c for c in tied if c.peak_memory_bytes is not None]
    if small:
        least = min(small, key=lambda c: c.peak_memory_bytes or 0)
        reasons.append(
            f"the one with the smallest peak memory is {least.name} "
            f"({(least.peak_memory_bytes or 0) / 1e6:.0f} MB)"
        )
    return reasons
