"""Which backend to take: who qualifies, who is on the Pareto front, who is best, and how surely.

Quality is the F measure with the wished weights (`harness.stats.rates.weighted_f`), over the
wished types. A backend is recommended when it is better than every other that qualifies, by the
tests and the correction of `harness.decide.pairwise` over all pairs of those that qualify, so
that picking the best first is allowed for; else the choice abstains and names those that are tied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.annotation import Task
from harness.coding import encode
from harness.decide.compare import check_same_count, match_of, shared_units
from harness.decide.constraints import (
    Wishes,
    in_schema,
    licences,
    obstacles,
    parse_weights,
    seconds_per_1k_words,
)
from harness.decide.pairwise import Pairwise, pairwise
from harness.errors import NothingMeasured, UsageError
from harness.results.measures import (
    Columns,
    Drawn,
    Metric,
    Statistic,
    as_float,
    averaged,
    columns,
    entity_types,
    headline_part,
    part_named,
    resample,
    score_of,
    withheld_parts,
)
from harness.results.record import Costs
from harness.results.systems import System
from harness.stats.rates import rates, weighted_f
from harness.stats.resample import Resampler
from harness.tasks.ner.tally import NerTally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Candidate", "Choice", "Wishes", "choose", "in_schema", "parse_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One backend: does it qualify, how good is it, what does it cost."""

    name: str
    qualifies: bool
    obstacles: tuple[str, ...]
    quality: float | None
    interval: tuple[float, float] | None
    lacking: str | None
    """Why there is no interval."""
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
    types: tuple[str, ...]
    """The types that are pooled, or that a macro average goes over; empty for all of them."""
    signature: str
    candidates: tuple[Candidate, ...]
    """Best quality first among those that qualify; then the others."""
    recommended: str | None
    tied: tuple[str, ...]
    """Those that cannot be told from the best; empty where one is recommended."""
    reasons: tuple[str, ...]
    pairs: int
    """How many pairs of those that qualify were tested: what Holm's correction goes over."""
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
    systems, _ = shared_units(systems, force=force)
    counts = [_counts(system, wishes, systems) for system in systems]
    score = _quality(wishes, counts[0])
    resampler = Resampler(systems[0].documents, resamples=resamples, seed=seed)
    drawn = resample(resampler, counts, [score] * len(counts))
    found = [
        _candidate(system, counted, one, score, wishes, ran_offline)
        for system, counted, one in zip(systems, counts, drawn, strict=True)
    ]
    able = [index for index, candidate in enumerate(found) if candidate.qualifies]
    for index, share in zip(able, _best_shares([drawn[i] for i in able]), strict=True):
        found[index] = replace(
            found[index],
            best_probability=share,
            pareto=not any(_dominates(found[j], found[index]) for j in able),
        )
    ranked = sorted(range(len(found)), key=lambda i: (not found[i].qualifies, -_worth(found[i])))
    order = [i for i in ranked if found[i].qualifies]
    sides = pairwise([counts[i] for i in order], score, resampler, seed=seed)
    recommended, tied, reasons = _decide([found[i] for i in order], sides, resampler.unit)
    return Choice(
        gold=systems[0].gold,
        task=wishes.task,
        part=_shown_part(wishes),
        types=counts[0].types or wishes.types,
        signature=str(systems[0].signature),
        candidates=tuple(found[i] for i in ranked),
        recommended=recommended,
        tied=tied,
        reasons=tuple(reasons),
        pairs=sides.tested(),
        unit=resampler.unit,
        resamples=resamples,
        seed=seed,
    )


def _counts(system: System, wishes: Wishes, systems: Sequence[System]) -> Columns:
    """What quality is made of, a row per paragraph: the wished types pooled, or one part."""
    known = _types(systems)
    names = [
        part_named(name, wishes.task, known)
        for name in wishes.types or (wishes.part or headline_part(wishes.task),)
    ]
    names = list(dict.fromkeys(names))
    averages = [name for name in names if name in ("micro", "macro")]
    if averages and len(names) > 1:
        others = ", ".join(name for name in names if name not in averages[:1])
        raise UsageError(
            f"{averages[0]} is over all types already; name it alone, or the types alone, not "
            f"together with {others}"
        )
    match = match_of(system)
    types = [label for label, n in entity_types(systems[0].tallies).items() if n]
    metric: Metric = "f1"
    if not wishes.precision_weight or not wishes.recall_weight:
        metric = "recall" if wishes.recall_weight else "precision"
    found = [
        columns(system.tallies, name, match=match, types=types, metric=metric) for name in names
    ]
    if len(found) == 1:
        return found[0]
    return Columns(sum(one.counts for one in found), 3, metric=metric)  # type: ignore[arg-type]  # never empty


def _types(systems: Sequence[System]) -> set[str]:
    return {label for system in systems for label in entity_types(system.tallies)}


def _shown_part(wishes: Wishes) -> str:
    return ", ".join(wishes.types) or wishes.part or headline_part(wishes.task)


def _quality(wishes: Wishes, counts: Columns) -> Statistic:
    first, second = wishes.precision_weight, wishes.recall_weight

    def score(counts: Array) -> Array:
        found = rates(counts)
        return weighted_f(found.precision, found.recall, first, second)

    return averaged(score, counts.group, macro=bool(counts.types))


def _candidate(
    system: System,
    counted: Columns,
    drawn: Drawn,
    quality: Statistic,
    wishes: Wishes,
    ran_offline: bool,
) -> Candidate:
    total = counted.counts.sum(axis=0)
    precision = as_float(score_of(counted, "precision")(total))
    recall = as_float(score_of(counted, "recall")(total))
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
        interval=drawn.interval().bounds,
        lacking=drawn.interval().lacking,
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
    """Wished types that the gold has and the backend never predicts, where labels count."""
    if match_of(system) in ("exact", "partial"):
        return []
    gold = entity_types(system.tallies)
    given = {
        label
        for tally in system.tallies
        if isinstance(tally, NerTally)
        for *_, label in tally.cells("strict")
    }
    return [label for label in wishes.types if gold.get(label) and label not in given]


def _best_shares(drawn: Sequence[Drawn]) -> list[float]:
    """How often each is the best; resamples in which several are best are shared out."""
    import numpy as np

    if not drawn:
        return []
    scores = np.nan_to_num(np.stack([one.values for one in drawn]), nan=-1.0)
    best = scores >= scores.max(axis=0) - 1e-12
    return [float(share) for share in (best / best.sum(axis=0)).mean(axis=1)]


def _worth(candidate: Candidate) -> float:
    """The quality; an undefined one is worse than any."""
    return -1.0 if candidate.quality is None else candidate.quality


def _dominates(one: Candidate, other: Candidate) -> bool:
    """At least as good, as fast and as small, and better in one; an unknown cost is the worst."""
    ours, theirs = _merits(one), _merits(other)
    return all(a >= b for a, b in zip(ours, theirs, strict=True)) and ours != theirs


def _merits(candidate: Candidate) -> tuple[float, float, float]:
    memory = candidate.peak_memory_bytes
    return (
        _worth(candidate),
        candidate.words_per_second or 0.0,
        float("-inf") if memory is None else -float(memory),
    )


def _decide(
    ranked: Sequence[Candidate], sides: Pairwise, unit: str
) -> tuple[str | None, tuple[str, ...], list[str]]:
    """`ranked` are those that qualify, best first, and `sides` their pairs in that order."""
    if not ranked:
        return None, (), ["no backend qualifies"]
    best, others = ranked[0], ranked[1:]
    if not others:
        return best.name, (), [f"{best.name} is the only backend that qualifies", *_good(best)]
    pairs = [sides.pair(0, place) for place in range(1, len(ranked))]
    tied = [other for other, pair in zip(others, pairs, strict=True) if not pair.differs]
    if not tied:
        largest = max(pairs, key=lambda pair: pair.adjusted or 0.0)
        better = _better(best, len(others), largest.adjusted or 0.0, largest.exact)
        return best.name, (), [better, *_good(best)]
    together = [best, *tied]
    names = ", ".join(candidate.name for candidate in tied)
    undecided = [pair for pair in pairs if not pair.differs]
    known = [pair.adjusted for pair in undecided if pair.adjusted is not None]
    if lacking := next((pair.test.lacking for pair in undecided if pair.test.lacking), None):
        why = lacking
    elif known and not any(pair.possible for pair in undecided):
        why = f"with so few {unit}s no difference could pass the correction"
    else:
        why = f"p up to {max(known, default=1.0):.2f} after Holm's correction"
    reasons = [
        f"no recommendation: this gold set cannot tell {best.name} from {names} ({why})",
        *_cheapest(together),
    ]
    return None, tuple(candidate.name for candidate in together), reasons


def _better(best: Candidate, others: int, p: float, exact: bool) -> str:
    shown = "< .0001" if p < 0.0001 else f"= {p:.4f}"
    shown = shown if exact else f"~{shown}"
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
        reasons.append("no other that qualifies is at least as good, as fast and as small")
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
