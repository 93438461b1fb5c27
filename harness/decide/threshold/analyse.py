"""Everything that there is to say of the thresholds of a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from harness.coding import encode
from harness.decide.threshold.crossfit import DEFAULT_FOLDS, Best, best
from harness.decide.threshold.curve import CurvePoint, counts_of, curve
from harness.decide.threshold.guarantee import Guarantee, guarantee
from harness.decide.threshold.scores import Scores, has_option, read_scores, strict
from harness.errors import HarnessError, InputError, NothingMeasured, UsageError, nearest
from harness.options import Flag
from harness.results.scored import Scored, reason_of
from harness.stats.calibration import Calibration, calibration
from harness.stats.resample import Resampler
from harness.stats.units import COMPARE_SUPPORT, DEFAULT_RESAMPLES, LEAST_DOCUMENTS
from harness.tasks.parts import BETA

__all__ = ["ALL_TYPES", "LeftOut", "System", "Wanted", "system", "systems", "too_little"]

ALL_TYPES = "all"
"""What all types together are called; a type of that name, or of the task's, is `type all`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for."""

    part: Annotated[str | None, Flag("an entity type; default: all together", metavar="TYPE")] = (
        None
    )
    beta: Annotated[float, BETA] = 1.0
    recall: Annotated[float, Flag("a recall to keep", metavar="R", least=0.01, most=0.999)] = 0.9
    confidence: Annotated[
        float, Flag("how surely it is to be kept", metavar="P", least=0.01, most=0.999)
    ] = 0.95
    folds: Annotated[int, Flag("that documents are cut into", metavar="N", least=2, most=1000)] = (
        DEFAULT_FOLDS
    )
    resamples: int = DEFAULT_RESAMPLES
    seed: int | None = None
    """The run's own without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One backend on one gold set."""

    backend: str
    gold: str
    task: str
    signature: str
    """How it was counted, under strict matching."""
    part: str
    """What best, guarantee and calibration are of: a type, or `all`."""
    beta: float
    f1: float | None
    """As it was run, under strict matching, of the part."""
    documents: int
    mentions: int
    predicted: int
    unit: str
    resamples: int
    seed: int
    curve: Mapping[str, tuple[CurvePoint, ...]]
    """By type; `all` first, then the types in the run's order."""
    calibration: Calibration | None
    best: Best | None
    guarantee: Guarantee | None
    notes: tuple[str, ...]
    """What is to be known, and why something is not there."""

    def to_json(self) -> dict[str, Any]:
        """Everything; intervals as their two ends."""
        value: dict[str, Any] = encode(self)
        if self.calibration is not None:
            value["calibration"]["interval"] = encode(self.calibration.interval.bounds)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A backend of which nothing can be said, and why."""

    backend: str
    gold: str
    task: str
    reason: str


def systems(scored: Sequence[Scored], wanted: Wanted) -> tuple[list[System], list[LeftOut]]:
    """Those whose predictions have confidences, and the others with the reason.

    Raises `NothingMeasured` with all reasons where there is none, `UsageError` for a type that none
    of them has.
    """
    found: list[System] = []
    left: list[LeftOut] = []
    unknown: UsageError | None = None
    for one in scored:
        try:
            found.append(system(one, wanted))
        except InputError:
            raise
        except (HarnessError, OSError) as error:
            if isinstance(error, UsageError):
                unknown = unknown or error
            reason = reason_of(one, error)
            left.append(LeftOut(backend=one.name, gold=one.gold, task=one.task, reason=reason))
    if not found and unknown is not None:
        raise unknown
    if not found:
        raise NothingMeasured(
            "no backend gives confidences here that a threshold could go by: "
            + "; ".join(f"{one.backend} on {one.gold} ({one.task}): {one.reason}" for one in left)
        )
    return found, left


def system(scored: Scored, wanted: Wanted) -> System:
    """All of one backend. Raises what `read_scores` does, and `UsageError` for an unknown type."""
    own = strict(scored)
    everything = read_scores(scored)
    labels = _labels(own, everything)
    part, chosen = _chosen(wanted.part, labels, own)
    scores = everything.of(chosen)
    seed = scored.seed if wanted.seed is None else wanted.seed
    resampler = Resampler(scored.document_numbers, resamples=wanted.resamples, seed=seed)
    notes = [_counted_otherwise(scored)]
    calibrated, why = _calibration(scores, resampler)
    notes.append(why)
    lacking = too_little(scores)
    if lacking:
        notes.append(f"No threshold is recommended: {lacking}.")
    named = {"folds": wanted.folds, "seed": seed}
    return System(
        backend=scored.name,
        gold=scored.gold,
        task=scored.task,
        signature=str(own.signature),
        part=part,
        beta=wanted.beta,
        f1=counts_of(scores.table(0.0), 1.0).value,
        documents=scores.document_count,
        mentions=scores.support,
        predicted=len(scores.confidence),
        unit=resampler.unit,
        resamples=wanted.resamples,
        seed=seed,
        curve={
            ALL_TYPES: curve(everything, wanted.beta),
            **{name: curve(everything.of([label]), wanted.beta) for name, label in labels.items()},
        },
        calibration=calibrated,
        best=None
        if lacking
        else best(scores, resampler, beta=wanted.beta, option=has_option(scored), **named),
        guarantee=None
        if lacking
        else guarantee(
            scores, resampler, recall=wanted.recall, confidence=wanted.confidence, **named
        ),
        notes=tuple(filter(None, notes)),
    )


def _labels(scored: Scored, scores: Scores) -> dict[str, str]:
    """Every type that is gold or predicted, by the name that it has here; gold ones in the run's
    order, the others behind them."""
    gold = scored.definition.gold_counts(scored.total)
    known = {*scores.labels, *scores.missed_labels}
    ours = [label for label in gold if label in known]
    ours += sorted(known.difference(ours))
    taken = (ALL_TYPES, scored.parts[0].name)
    return {f"type {label}" if label in taken else label: label for label in ours}


def _chosen(
    part: str | None, labels: Mapping[str, str], scored: Scored
) -> tuple[str, tuple[str, ...]]:
    whole = scored.parts[0].name
    if part in (None, ALL_TYPES, whole):
        return ALL_TYPES, ()
    assert part is not None
    if part not in labels:
        word = scored.definition.part_word
        raise UsageError(
            f"unknown {word} {part!r} of {scored.name} on {scored.gold}"
            f"{nearest(part, (ALL_TYPES, *labels))}"
        )
    return part, (labels[part],)


def _counted_otherwise(scored: Scored) -> str:
    task = scored.definition
    match, usual = task.match(scored.options), task.match(strict(scored).options)
    if match == usual:
        return ""
    return (
        f"The run was counted with match mode {match}; all numbers here are of {usual} matching, "
        "under which a threshold changes nothing for the predictions that stay."
    )


def _calibration(scores: Scores, resampler: Resampler) -> tuple[Calibration | None, str]:
    count = len(scores.confidence)
    if count < COMPARE_SUPPORT:
        few = f"{count} predictions, and it takes {COMPARE_SUPPORT}"
        return None, f"Nothing is said of calibration: {few}."
    low, high = float(scores.confidence[-1]), float(scores.confidence[0])
    if high > 1:
        return None, (
            f"Confidences run from {low:g} to {high:g}, so that they are no probabilities and "
            "have no calibration."
        )
    return calibration(
        scores.confidence,
        scores.right,
        scores.rows,
        resampler,
        of=len(scores.documents),
    ), ""


def too_little(scores: Scores) -> str | None:
    """Why no threshold can be chosen and measured on other documents."""
    if scores.document_count < LEAST_DOCUMENTS:
        return (
            f"{scores.document_count} documents, and it takes {LEAST_DOCUMENTS} to choose it on "
            "some and measure it on others"
        )
    if scores.support < COMPARE_SUPPORT:
        return f"{scores.support} gold mentions, and it takes {COMPARE_SUPPORT}"
    return None
