"""Why scores are what they are: of each backend alone, and of each against a reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.annotation import Record
from harness.decide.explain.costs import Priced, costs_of, f_interval, priced
from harness.decide.explain.examined import Examined, Setting, examined
from harness.decide.explain.explanation import Cost, Difference, Explanation
from harness.decide.explain.slices import Sliced, sliced, slices_between, slices_of
from harness.decide.explain.weak import weak_between, weak_slices
from harness.decide.pairwise import pairwise
from harness.errors import HarnessError, UsageError
from harness.results.scored import Scored
from harness.stats.resample import Resampler, percentile_interval
from harness.stats.units import COMPARE_SUPPORT, DEFAULT_RESAMPLES

__all__ = ["ExplainOptions", "Explained", "explain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOptions:
    """How scores are explained."""

    training: Sequence[Record] | None = None
    """Documents that a backend may have learnt from."""
    slices: tuple[str, ...] = ()
    """Facets to slice by; all unless some are named."""
    min_support: int = COMPARE_SUPPORT
    """Slices with fewer gold items are neither listed nor tested."""
    resamples: int = DEFAULT_RESAMPLES
    seed: int | None = None
    """Of the resampling; as the run says unless given."""


class Explained(NamedTuple):
    """What was found out, and what could not be explained, with the reason."""

    explanations: tuple[Explanation, ...]
    differences: tuple[Difference, ...]
    left_out: tuple[tuple[str, HarnessError], ...]
    setting: Setting | None = None
    """Which slices an item is in; `None` where nothing was explained."""


class _Taken(NamedTuple):
    one: Examined
    made: Priced
    slices: Sliced


def explain(
    scored: Sequence[Scored], options: ExplainOptions | None = None, *, reference: str | None = None
) -> Explained:
    """Explain backends of one gold set and task, and with a `reference` how the others differ.

    Those whose mentions are not at hand are left out, with the reason. Raises `UsageError` for a
    facet that there is not.
    """
    options = options or ExplainOptions()
    setting: Setting | None = None
    apart: list[Examined] = []
    left_out: list[tuple[str, HarnessError]] = []
    for one in scored:
        try:
            one.pairs()
            setting = setting or Setting(one, options.training, options.slices)
            apart.append(examined(one, setting))
        except UsageError:
            raise
        except HarnessError as error:
            left_out.append((one.name, error))
    if not apart:
        return Explained((), (), tuple(left_out))
    seed = scored[0].seed if options.seed is None else options.seed
    documents = apart[0].scored.document_numbers
    resampler = Resampler(documents, resamples=options.resamples, seed=seed)
    # After the last: by then it is known which values any item has.
    taken = [_Taken(one, priced(one, resampler), sliced(one, resampler)) for one in apart]
    explanations = tuple(_explanation(one, resampler, options) for one in taken)
    base = next((one for one in taken if one.one.scored.name == reference), None)
    differences = (
        tuple(_difference(base, one, resampler, options) for one in taken if one is not base)
        if base is not None
        else ()
    )
    return Explained(explanations, differences, tuple(left_out), setting)


def _explanation(taken: _Taken, resampler: Resampler, options: ExplainOptions) -> Explanation:
    one, made, counted = taken
    slices, small = slices_of(one, counted, resampler, options.min_support)
    unsliced = one.setting.corpus.unsliced
    return Explanation(
        one.scored.name,
        one.scored.backend,
        one.scored.gold,
        one.scored.task,
        one.explained.title,
        made.f1,
        f_interval(one, made, resampler),
        costs_of(one, made, resampler),
        slices,
        weak_slices(one, resampler, options.min_support),
        made.bound,
        small,
        (*one.remarks, *_unsliced(unsliced)),
        one.texts,
    )


def _unsliced(keys: Iterable[str]) -> Iterable[str]:
    if listed := ", ".join(keys):
        yield f"documents are not sliced by {listed}: all have one value, or there are too many"


def _difference(
    base: _Taken, taken: _Taken, resampler: Resampler, options: ExplainOptions
) -> Difference:
    before, one = base.one, taken.one
    pair = pairwise([before.told, one.told], resampler, seed=resampler.seed).pairs[0]
    return Difference(
        before.scored.name,
        one.scored.name,
        one.scored.gold,
        one.scored.task,
        one.explained.title,
        taken.made.f1 - base.made.f1,
        pair.paired,
        pair.test.p_value,
        pair.test.exact,
        _cost_differences(base, taken, resampler),
        slices_between(base.slices, one, taken.slices, resampler, options.min_support),
        weak_between(before, one, resampler, options.min_support),
        one.remarks,
        one.texts,
    )


def _cost_differences(base: _Taken, taken: _Taken, resampler: Resampler) -> tuple[Cost, ...]:
    """What each kind costs the second more than the first, by size."""
    import numpy as np

    nothing = np.zeros(resampler.resamples)
    evidence = resampler.units.evidence(base.one.counts.basis, taken.one.counts.basis)
    sides = [
        dict(zip(one.made.kinds, range(len(one.made.kinds)), strict=True)) for one in (base, taken)
    ]
    own = {cost.kind: cost for cost in costs_of(taken.one, taken.made, resampler)}
    theirs = {cost.kind: cost for cost in costs_of(base.one, base.made, resampler)}
    out = []
    for kind in sorted({*own, *theirs}):
        drawn = [
            one.made.drawn[places[kind]] if kind in places else nothing
            for one, places in zip((base, taken), sides, strict=True)
        ]
        more = (own[kind].cost if kind in own else 0.0) - (
            theirs[kind].cost if kind in theirs else 0.0
        )
        cases = (own[kind].cases if kind in own else 0) - (
            theirs[kind].cases if kind in theirs else 0
        )
        examples = own[kind].examples if kind in own else ()
        interval = percentile_interval(drawn[1] - drawn[0], evidence)
        out.append(Cost(kind, more, interval, cases, examples))
    return tuple(sorted(out, key=lambda cost: (-abs(cost.cost), cost.kind)))
