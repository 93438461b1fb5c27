"""Why scores are what they are: of each backend alone, and of each against a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.annotation import Record
from harness.decide.compare import check_same_count
from harness.decide.explain.costs import Priced, costs_of, f_interval, priced
from harness.decide.explain.examined import Examined, Setting, examined
from harness.decide.explain.explanation import Cost, Difference, Explanation
from harness.decide.explain.slices import Sliced, sliced, slices_between, slices_of
from harness.decide.explain.weak import weak_between, weak_slices
from harness.decide.pairwise import pairwise
from harness.errors import (
    HarnessError,
    InputError,
    NotComparable,
    NothingMeasured,
    UsageError,
    nearest,
)
from harness.results.scored import Scored
from harness.stats.resample import Resampler, percentile_interval
from harness.stats.units import COMPARE_SUPPORT, DEFAULT_RESAMPLES
from harness.table import listed

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
    force: bool = False
    """Whether backends that were counted differently are held against each other all the same,
    where they have the same gold items."""


class Explained(NamedTuple):
    """What was found out, and what could not be explained, with the reason."""

    explanations: tuple[Explanation, ...]
    differences: tuple[Difference, ...]
    left_out: tuple[tuple[str, HarnessError], ...]
    no_difference: tuple[tuple[str, HarnessError], ...] = ()
    """Backends that are explained, but not against the reference, with the reason."""
    setting: Setting | None = None
    """Which slices an item is in; `None` where nothing was explained."""


class _Taken(NamedTuple):
    one: Examined
    made: Priced
    costs: tuple[Cost, ...]
    slices: Sliced


def explain(
    scored: Sequence[Scored], options: ExplainOptions | None = None, *, reference: str | None = None
) -> Explained:
    """Explain backends of one gold set and task, and with a `reference` how the others differ.

    Those whose mentions are not at hand are left out, with the reason, and so is the difference
    between two that were not counted in the same way. Raises `UsageError` for a facet that there is
    not, and for a reference that is none of the backends.
    """
    options = options or ExplainOptions()
    if reference is not None and reference not in (names := [one.name for one in scored]):
        raise UsageError(f"no backend {reference!r} to compare with{nearest(reference, names)}")
    setting: Setting | None = None
    apart: list[Examined] = []
    left_out: list[tuple[str, HarnessError]] = []
    for one in scored:
        try:
            one.pairs()
            setting = setting or Setting(one, options.training, options.slices)
            if apart and one.columns.ids != apart[0].scored.columns.ids:
                raise NotComparable(f"it has counts of other documents than {apart[0].scored.name}")
            apart.append(examined(one, setting))
        except UsageError:
            raise
        except HarnessError as error:
            left_out.append((one.name, error))
        except OSError as error:
            left_out.append((one.name, InputError(str(error))))
    if not apart or setting is None:
        return Explained((), (), tuple(left_out))
    if options.slices and (empty := setting.empty):
        needed = "" if options.training is not None else "; some slices need --train FILE"
        raise UsageError(f"nothing has a slice by {', '.join(empty)}{needed}")
    seed = scored[0].seed if options.seed is None else options.seed
    documents = apart[0].scored.document_numbers
    resampler = Resampler(documents, resamples=options.resamples, seed=seed)
    # After the last: by then it is known which values any item has.
    taken = [_taken(one, resampler) for one in apart]
    explanations = tuple(_explanation(one, resampler, options) for one in taken)
    base = next((one for one in taken if one.one.scored.name == reference), None)
    differences: list[Difference] = []
    alone: list[tuple[str, HarnessError]] = []
    for other in taken if reference is not None else ():
        try:
            if other is not base:
                differences.append(_difference(base, other, resampler, options))
        except HarnessError as error:
            alone.append((other.one.scored.name, error))
    return Explained(explanations, tuple(differences), tuple(left_out), tuple(alone), setting)


def _taken(one: Examined, resampler: Resampler) -> _Taken:
    made = priced(one, resampler)
    return _Taken(one, made, costs_of(one, made, resampler), sliced(one, resampler))


def _check_same_items(first: Examined, second: Examined, *, force: bool) -> list[str]:
    """Remarks on how two were counted; raises `NotComparable` where they cannot be held against
    each other item by item."""
    notes = check_same_count([first.scored, second.scored], force=force)
    mention = first.setting.task.mention
    ours, theirs = (
        [*zip(one.gold.documents, map(mention, one.gold.items), strict=True)]
        for one in (first, second)
    )
    if ours != theirs:
        raise NotComparable(
            f"{first.scored.name} and {second.scored.name} were not counted on the same gold items"
        )
    return notes


def _explanation(taken: _Taken, resampler: Resampler, options: ExplainOptions) -> Explanation:
    one, made, costs, counted = taken
    slices, small = slices_of(one, counted, resampler, options.min_support)
    return Explanation(
        one.scored.name,
        one.scored.backend,
        one.scored.gold,
        one.scored.task,
        one.explained.title,
        str(one.scored.signature),
        made.f1,
        f_interval(one, made, resampler),
        costs,
        slices,
        weak_slices(one, resampler, options.min_support),
        made.bound,
        small,
        (*one.remarks, *_unsliced(one.setting, options)),
        one.texts,
    )


def _unsliced(setting: Setting, options: ExplainOptions) -> Iterator[str]:
    """By what nothing could be sliced that may be expected."""
    if setting.corpus.unsliced and not options.slices:
        yield setting.unsliced(setting.corpus.unsliced)
    if options.training is not None and not setting.task.labelled:
        yield f"there are no slices of {setting.task.title} by training data"
    if strange := setting.corpus.strange:
        yield (
            f"types of the training data that this gold does not have: {listed(strange, 10)}; "
            "what has them there counts as seen with other types"
        )


def _difference(
    base: _Taken | None, taken: _Taken, resampler: Resampler, options: ExplainOptions
) -> Difference:
    one = taken.one
    if base is None:
        where = f"{one.scored.gold} ({one.scored.task})"
        raise NothingMeasured(f"the reference is not explained on {where}")
    before = base.one
    notes = _check_same_items(before, one, force=options.force)
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
        (*one.remarks, *notes),
        one.texts,
    )


def _cost_differences(base: _Taken, taken: _Taken, resampler: Resampler) -> tuple[Cost, ...]:
    """What each kind costs the second more than the first, by size."""
    import numpy as np

    nothing = np.zeros(resampler.resamples)
    evidence = resampler.units.evidence(base.one.counts.basis, taken.one.counts.basis)
    sides = [{kind: at for at, kind in enumerate(one.made.kinds)} for one in (base, taken)]
    theirs, own = ({cost.kind: cost for cost in one.costs} for one in (base, taken))
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
