"""What is counted of named entities: error classes with the labels of both sides.

    ("correct", label)                        a mention with its equal on the other side
    ("errors", class, gold, predicted)        any other; `None` where a side has no mention
    ("partial", "type" or "overlap", class, gold, predicted)
                                              what has to be added to those (or, below zero, taken
                                              away) for the pairing which that match mode prefers
    ("duplicates_gold",) ("duplicates_predicted",)  repetitions that were left out
    ("forgiven",)                             pairs that are correct only by the boundary rule
    ("tokens" or "characters", "gold", "predicted" or "both", label)
                                              how many of them have the label, on which side

All that is reported is computed from their sum, as sacreBLEU does with its statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from harness.tasks.tally import TallyKey

__all__ = [
    "ERROR_CLASSES",
    "FINER",
    "ErrorCell",
    "ErrorClass",
    "cell_of",
    "cells",
    "dash_last",
    "problem",
]

FINER = ("tokens", "characters")
"""What is smaller than a mention and may be counted too."""

ErrorClass: TypeAlias = Literal[
    "correct", "boundary", "type", "boundary_type", "missed", "spurious"
]
ERROR_CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)

ErrorCell: TypeAlias = tuple[ErrorClass, str | None, str | None]
"""An error class with the gold label and the predicted label; `None` where there is no mention."""

_SHIFTS = ("partial", "type", "overlap")
_SIDES = ("gold", "predicted", "both")
_NUMBERS = ("duplicates_gold", "duplicates_predicted", "forgiven")


def cell_of(key: TallyKey, match: str, chosen: frozenset[str] = frozenset()) -> ErrorCell | None:
    """The cell that a key counts in under the pairing of a match mode; `None` for other keys.

    Where types are `chosen`, a mention of another type is as if it were not there.
    """
    name = key[0]
    if name == "correct":
        return ("correct", key[1], key[1]) if not chosen or key[1] in chosen else None
    if name == "errors" or (name in _SHIFTS and name == match.partition("=")[0]):
        cell: ErrorCell = key[1:]  # type: ignore[assignment]  # as `problem` has it
        return _of_chosen(cell, chosen) if chosen else cell
    return None


def _of_chosen(cell: ErrorCell, chosen: frozenset[str]) -> ErrorCell | None:
    _, gold, predicted = cell
    has_gold, has_predicted = gold in chosen, predicted in chosen
    if has_gold and (has_predicted or predicted is None):
        return cell
    if has_gold:
        return "missed", gold, None
    return ("spurious", None, predicted) if has_predicted else None


def cells(
    tally: Mapping[TallyKey, int], match: str = "strict", chosen: frozenset[str] = frozenset()
) -> dict[ErrorCell, int]:
    """Every count by cell under the pairing of a match mode; no count is 0."""
    out: dict[ErrorCell, int] = {}
    for key, n in tally.items():
        cell = cell_of(key, match, chosen)
        if cell is not None:
            out[cell] = out.get(cell, 0) + n
    return {cell: n for cell, n in out.items() if n}


def dash_last(label: str) -> tuple[bool, str]:
    """Sorts by name, with `-`, which stands for no mention, behind all labels."""
    return (label == "-", label)


def problem(key: TallyKey, n: int) -> str | None:
    """Why a stored count cannot be one of these; `None` where it can."""
    name, *rest = key
    fits = (
        not rest
        if name in _NUMBERS
        else len(rest) == 1
        if name == "correct"
        else len(rest) == 2 and rest[0] in _SIDES and rest[1] is not None
        if name in FINER
        else name in ("errors", *_SHIFTS) and len(rest) == 3 and _is_cell(*rest)
    )
    if not fits:
        return f"not a count of an entity score: {' '.join(map(repr, key))}"
    if n < 0 and name not in _SHIFTS:
        return f"not a count: {n}"
    return None


def _is_cell(error: str | None, gold: str | None, predicted: str | None) -> bool:
    return (
        error in ERROR_CLASSES
        and (gold is None) == (error == "spurious")
        and (predicted is None) == (error == "missed")
    )
