"""Which perturbed gold sets of a run were made of which original."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from harness.errors import HarnessError, NothingMeasured
from harness.formats.source import Source, is_remote
from harness.gold.held import held
from harness.gold.loading import named_goldset
from harness.gold.perturbing import (
    PERTURBING,
    original_name,
    perturbed_as,
    perturbed_goldset,
    perturbing_options,
)
from harness.results.finder import GoldFinder
from harness.results.record import GoldRecord, Result, RunRecord

__all__ = ["Family", "families_of", "hold_originals", "strays_of", "unanswered"]

Family: TypeAlias = tuple[GoldRecord, list[GoldRecord]]
"""A gold set as it is, and what was made of it."""


def unanswered(record: RunRecord) -> list[Result]:
    """The backends that have no answers on a gold set as it is."""
    perturbed = {one.name for one in record.gold if perturbed_as(one.options) is not None}
    return [one for one in record.results if one.gold not in perturbed and not one.answered]


def hold_originals(finder: GoldFinder, original: GoldRecord, others: Iterable[GoldRecord]) -> None:
    """Have the perturbed sets made of an original that is read once for all of them."""
    with suppress(HarnessError, OSError):  # Whoever asks for them is told.
        whole = finder.find(original.name)
        if whole is None:
            return
        whole = held(whole)
        finder.take(original.name, whole)
        for one in others:
            made = perturbing_options(dict(one.options), Source(one.name))
            if made is not None:
                perturbation, level, seed = made
                again = perturbed_goldset(whole, perturbation, level, seed=seed)
                finder.take(one.name, held(again))


def families_of(golds: Sequence[GoldRecord], folder: str | Path) -> list[Family]:
    """Each original with what was made of it; `folder` is that of their record.

    Raises `NothingMeasured` where no perturbed set has its original among them.
    """
    families, strays = _families(golds, Path(folder))
    if not families and strays:
        raise NothingMeasured(
            f"the run has no original of {strays[0]} to compare it with: run it beside"
        )
    if not families:
        raise NothingMeasured("the run has no perturbed gold set: make one with harness stress")
    return families


def strays_of(golds: Sequence[GoldRecord], folder: str | Path) -> list[str]:
    """The names of perturbed sets whose original is not among them."""
    return _families(golds, Path(folder))[1]


def _families(golds: Sequence[GoldRecord], folder: Path) -> tuple[list[Family], list[str]]:
    """And the names of perturbed sets that are in none."""
    originals = {_made_of(one, folder): one for one in golds if perturbed_as(one.options) is None}
    found: dict[str, list[GoldRecord]] = {}
    strays = []
    for one in golds:
        if perturbed_as(one.options) is not None:
            original = originals.get(_made_of(one, folder))
            if original is None:
                strays.append(one.name)
            else:
                found.setdefault(original.name, []).append(one)
    return [(one, found[one.name]) for one in originals.values() if one.name in found], strays


def _made_of(gold: GoldRecord, folder: Path) -> tuple[Any, ...]:
    """What an original and the sets made of it have in common, and no other has."""
    own = (*PERTURBING, "name")
    options = sorted(
        (name, str(value))
        for name, value in gold.options.items()
        if name.replace("_", "-") not in own
    )
    return (_place(gold, folder), gold.version, *options)


def _place(gold: GoldRecord, folder: Path) -> str:
    """Where it lies: one that came with the harness has a path where it was named otherwise."""
    if is_remote(gold.path):
        return gold.path
    if gold.path:
        return str((folder.resolve() / gold.path).resolve())
    name = original_name(gold.name, gold.options)
    known = named_goldset(name)
    return name if known is None else str(known.resolve())
