"""What is counted of named entities: error classes with the labels of both sides.

    ("correct", label)                        a mention with its equal on the other side
    ("errors", class, gold, predicted)        any other; `None` where a side has no mention
    ("partial" or "type", class, gold, predicted)
                                              what has to be added to those (or, below zero, taken
                                              away) for the pairing which that match mode prefers
    ("duplicates_gold",) ("duplicates_predicted",)  repetitions that were left out
    ("forgiven",)                             pairs that are correct only by the boundary rule

All that is reported is computed from their sum, as sacreBLEU does with its statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from harness.tasks.tally import TallyKey

__all__ = ["ERROR_CLASSES", "ErrorCell", "ErrorClass", "cell_of", "cells", "dash_last", "problem"]

ErrorClass: TypeAlias = Literal[
    "correct", "boundary", "type", "boundary_type", "missed", "spurious"
]
ERROR_CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)

ErrorCell: TypeAlias = tuple[ErrorClass, str | None, str | None]
"""An error class with the gold label and the predicted label; `None` where there is no mention."""

_SHIFTS = ("partial", "type")
_NUMBERS = ("duplicates_gold", "duplicates_predicted", "forgiven")


def cell_of(key: TallyKey, match: str) -> ErrorCell | None:
    """The cell that a key counts in under the pairing of a match mode; `None` for other keys."""
    name = key[0]
    if name == "correct":
        return "correct", key[1], key[1]
    if name == "errors" or (name == match and name in _SHIFTS):
        return key[1:]  # type: ignore[return-value]  # as `problem` has it
    return None


def cells(tally: Mapping[TallyKey, int], match: str = "strict") -> dict[ErrorCell, int]:
    """Every count by cell under the pairing of a match mode; no count is 0."""
    out: dict[ErrorCell, int] = {}
    for key, n in tally.items():
        cell = cell_of(key, match)
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
