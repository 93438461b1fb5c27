"""Which backend to take: who qualifies, who is on the Pareto front, who is best, and how surely.

Quality is the F measure with the weights asked for (`harness.stats.rates`), over the types asked
for. A backend is recommended when it is better than every other that qualifies, by the tests and
the correction of `harness.decide.pairwise` over all pairs of those that qualify, so that picking
the best first is allowed for; else the choice abstains and names those that are tied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.coding import encode
from harness.decide.compare import check_same_count, shared_units
from harness.decide.constraints import Constraints, licences, obstacles, seconds_per_1k_words
from harness.decide.draws import Drawn, resample
from harness.decide.pairwise import Pairwise, pairwise
from harness.decide.threshold.crossfit import Best
from harness.decide.threshold.suggest import raising_threshold
from harness.errors import NothingMeasured, UsageError
from harness.results.record import Costs
from harness.results.scored import Scored, read_losses, read_with
from harness.results.signature import Signature
from harness.stats.rates import defined
from harness.stats.resample import Resampler
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.parts import Metric, PartCounts, part_named, shown_metric
from harness.tasks.tally import Part, Tally, TallyKey, Weights

__all__ = ["Candidate", "Choice", "choose"]


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
    threshold: Best | None = None
    """Of its confidences: the one that raises its quality, where that is sure and was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A recommendation with its reasons, or an abstention."""

    gold: str
    task: str
    part: str
    types: tuple[str, ...]
    """The types that are pooled, or that a macro average goes over; empty for all of them."""
    signature: str
    metric: str
    """What quality is: `f1`, `f2`, `recall`."""
    candidates: tuple[Candidate, ...]
    """Best quality first among those that qualify; then the others."""
    recommended: str | None
    tied: tuple[str, ...]
    """Those that cannot be told from the best; empty where one is recommended."""
    reasons: tuple[str, ...]
    why: str
    """Of these the first alone, behind "it is" for a recommendation, and in brackets for a tie."""
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
    scored: Sequence[Scored],
    constraints: Constraints,
    *,
    ran_offline: bool = False,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
    force: bool = False,
    known: Pairwise | None = None,
    thresholds: bool = False,
) -> Choice:
    """Choose among backends on one gold set and task.

    `known` are their pairs by the headline in the order given, with these resamples and this seed,
    where they were compared already: where that is what is asked for, they are not tested again.
    With `thresholds` predictions are read, for what a threshold of their confidences would do.

    Raises `NothingMeasured` for no backend, `UsageError` for an unknown type or part,
    `NotComparable` for backends that were counted differently.
    """
    if not scored:
        raise NothingMeasured(f"no backend was measured for the task {constraints.task}")
    check_same_count(scored, force=force)
    scored, _ = shared_units(scored, force=force)
    parts = [_part(one, constraints, scored) for one in scored]
    counts = [_counts(*row, constraints) for row in zip(scored, parts, strict=True)]
    resampler = Resampler(scored[0].document_numbers, resamples=resamples, seed=seed)
    drawn = resample(resampler, counts)
    candidates = [
        _candidate(*row, constraints, ran_offline)
        for row in zip(scored, counts, drawn, strict=True)
    ]
    if thresholds:
        candidates = [
            replace(candidate, threshold=_threshold(one, constraints, part, resampler))
            for candidate, one, part in zip(candidates, scored, parts, strict=True)
        ]
    able = [index for index, candidate in enumerate(candidates) if candidate.qualifies]
    for index, share in zip(able, _best_shares([drawn[i] for i in able]), strict=True):
        candidates[index] = replace(
            candidates[index],
            best_probability=share,
            pareto=not any(_dominates(candidates[j], candidates[index]) for j in able),
        )
    ranked = sorted(
        range(len(scored)), key=lambda i: (not candidates[i].qualifies, -_worth(candidates[i]))
    )
    order = [i for i in ranked if candidates[i].qualifies]
    if known is not None and order == [*range(len(scored))] and _is_plain(constraints):
        sides = known
    else:
        sides = pairwise([counts[i] for i in order], resampler, seed=seed)
    recommended, tied, reasons, why = _decide([candidates[i] for i in order], sides, resampler.unit)
    named = constraints.parts if scored[0].definition.labelled else ()
    return Choice(
        gold=scored[0].gold,
        task=constraints.task,
        part=parts[0].name,
        types=tuple(one.name for one in parts[0].over or ()) or named,
        signature=str(_signature(scored[0], constraints, named)),
        metric=shown_metric(counts[0].metric, constraints.beta or parts[0].beta),
        candidates=tuple(candidates[i] for i in ranked),
        recommended=recommended,
        tied=tied,
        reasons=(*reasons, *read_losses(scored[:1])),
        why=why,
        pairs=sides.tested(),
        unit=resampler.unit,
        resamples=resamples,
        seed=seed,
    )


def _is_plain(constraints: Constraints) -> bool:
    """Whether quality is the headline as the run counted it."""
    return not constraints.parts and constraints.weights is None


def _signature(scored: Scored, constraints: Constraints, named: Sequence[str]) -> Signature:
    """How quality was counted: with the types that are pooled, and the beta that decides."""
    listed = {part.name for part in scored.parts if part.listed}
    types = ",".join(named) if named and listed.issuperset(named) else None
    if types is not None:
        chosen = replace(scored.options, types=types)
        # Rows of types that were counted beside others are no count of these types alone.
        if scored.definition.needs_another_count(scored.options, chosen) is not None:
            types = None
    return read_with(scored, types=types, beta=constraints.beta).signature


def _part(scored: Scored, constraints: Constraints, group: Sequence[Scored]) -> Part:
    """What quality is made of: one part, or types that are pooled."""
    task = scored.definition
    everything = Tally.of(one.total for one in group)
    parts = task.parts(everything, scored.options, scored.capabilities)
    names = dict.fromkeys(constraints.parts) or (parts[0].name,)
    chosen = [part_named(name, parts, word=task.part_word) for name in names]
    if len(chosen) == 1:
        return chosen[0]
    whole = next((one.name for one in chosen if not one.listed), None)
    if whole is not None or not task.labelled:
        whole = whole or chosen[0].name
        others = ", ".join(one.name for one in chosen if one.name != whole)
        raise UsageError(
            f"{whole} is over all {task.part_word}s already; name it alone, or the "
            f"{task.part_word}s alone, not together with {others}"
        )

    def pooled(key: TallyKey) -> Weights:
        found, gold, right, predicted = map(sum, zip(*(p.weigh(key) for p in chosen), strict=True))
        return found, gold, right, predicted

    return Part(", ".join(names), pooled, beta=chosen[0].beta)


def _counts(scored: Scored, part: Part, constraints: Constraints) -> PartCounts:
    weights = constraints.weights
    metric: Metric = "f1"
    if weights is not None and not all(weights):
        metric = "precision" if weights[0] else "recall"
    return scored.counts(part, metric, weights)


def _candidate(
    scored: Scored, counts: PartCounts, drawn: Drawn, constraints: Constraints, ran_offline: bool
) -> Candidate:
    precision = defined(counts.score(counts.total, "precision"))
    recall = defined(counts.score(counts.total, "recall"))
    problems = list(obstacles(scored, constraints, ran_offline=ran_offline))
    problems += [f"never gives {label}" for label in _never_given(scored, constraints)]
    if not counts.part.available:
        problems.append(f"cannot give {counts.part.name}")
    for name, value, least in (
        ("precision", precision, constraints.min_precision),
        ("recall", recall, constraints.min_recall),
    ):
        if least is not None and (value is None or value < least):
            shown = "undefined" if value is None else f"{value:.3f}"
            problems.append(f"{name} is {shown}, wanted at least {least:g}")
    declaration = scored.result.declaration if scored.result else None
    costs = scored.result.costs if scored.result else Costs()
    code, model = licences(scored)
    interval = drawn.interval()
    return Candidate(
        name=scored.name,
        qualifies=not problems,
        obstacles=tuple(problems),
        quality=counts.value,
        interval=interval.bounds,
        lacking=interval.lacking,
        precision=precision,
        recall=recall,
        documents_per_second=costs.documents_per_second,
        words_per_second=costs.words_per_second,
        seconds_per_1k_words=seconds_per_1k_words(costs),
        load_seconds=costs.load_seconds,
        peak_memory_bytes=costs.peak_memory_bytes,
        model_bytes=costs.model_bytes if scored.result else None,
        code_licence=code,
        model_licence=model,
        traps=declaration.traps if declaration else (),
    )


def _threshold(
    scored: Scored, constraints: Constraints, part: Part, resampler: Resampler
) -> Best | None:
    """Where quality is an F, and of types that are pooled."""
    if part.over is not None or (constraints.weights is not None and not all(constraints.weights)):
        return None
    whole = scored.parts[0].name
    labels = () if constraints.parts in ((), (whole,)) else constraints.parts
    return raising_threshold(scored, labels, resampler, beta=constraints.beta or part.beta)


def _never_given(scored: Scored, constraints: Constraints) -> list[str]:
    """Types asked for that the gold has and the backend never predicts, where labels count."""
    task = scored.definition
    if not task.labelled or not task.has_recall_ceiling(scored.options):
        return []
    blocks = {one.name: one.sums(scored.total) for one in scored.parts if one.listed}
    return [
        name
        for name in constraints.parts
        if name in blocks and blocks[name][1] and not blocks[name][3]
    ]


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
) -> tuple[str | None, tuple[str, ...], list[str], str]:
    """`ranked` are those that qualify, best first, and `sides` their pairs in that order."""
    if not ranked:
        return None, (), ["no backend qualifies"], ""
    best, others = ranked[0], ranked[1:]
    if not others:
        alone = "the only backend that qualifies"
        return best.name, (), [f"{best.name} is {alone}", *_good(best)], alone
    pairs = [sides.pair(0, place) for place in range(1, len(ranked))]
    tied = [other for other, pair in zip(others, pairs, strict=True) if not pair.differs]
    if not tied:
        largest = max(pairs, key=lambda pair: pair.adjusted or 0.0)
        better = _better(len(others), largest.adjusted or 0.0, largest.exact)
        return best.name, (), [f"{best.name} is {better}", *_good(best)], better
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
    return None, tuple(candidate.name for candidate in together), reasons, why


def _better(others: int, p: float, exact: bool) -> str:
    shown = "< .0001" if p < 0.0001 else f"= {p:.4f}"
    shown = shown if exact else f"~{shown}"
    if others == 1:
        than, largest = "the only other that qualifies", "p"
    else:
        than, largest = f"all {others} others that qualify", "largest p"
    return f"better than {than} ({largest} {shown} after Holm's correction)"


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
