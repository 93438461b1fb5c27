"""The sufficient statistics of named-entity scores: what a score needs to know of a document.

They are small, they add up, and everything is computed from their sum, as sacreBLEU does with
its statistics. So a run record can keep them per document or paragraph, and resampling need not
match anything again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

__all__ = ["ERROR_CLASSES", "Cell", "ErrorClass", "NerTally", "add", "total"]

ErrorClass: TypeAlias = Literal[
    "correct", "boundary", "type", "boundary_type", "missed", "spurious"
]
ERROR_CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)

Cell: TypeAlias = tuple[ErrorClass, str | None, str | None]
"""An error class with the gold label and the predicted label; `None` where there is no mention."""

_NONE: Mapping[Any, int] = {}


class NerTally(NamedTuple):
    """Counts of one document, of a part of it, or of many documents.

    `correct` counts the correct mentions by label and `errors` all others by `Cell`. `partial`
    and `type` are what has to be added to these (and, below zero, taken away) for the pairing
    which the match mode of that name prefers; they are nearly always empty. `forgiven` counts the
    pairs that are correct only thanks to the boundary rule; `duplicates_*` the repetitions that
    were left out.
    """

    correct: Mapping[str, int] = _NONE
    errors: Mapping[Cell, int] = _NONE
    partial: Mapping[Cell, int] = _NONE
    type: Mapping[Cell, int] = _NONE
    duplicates_gold: int = 0
    duplicates_predicted: int = 0
    forgiven: int = 0

    def cells(self, pairing: Literal["strict", "exact", "partial", "type"]) -> dict[Cell, int]:
        """Every count by cell under the pairing of a match mode; no count is 0."""
        cells: dict[Cell, int] = {("correct", x, x): n for x, n in self.correct.items()}
        add(cells, self.errors)
        if pairing == "partial":
            add(cells, self.partial)
        elif pairing == "type":
            add(cells, self.type)
        return {cell: n for cell, n in cells.items() if n}

    def to_json(self) -> dict[str, Any]:
        """A compact JSON object, the same for equal counts; what is empty or 0 is left out."""
        out: dict[str, Any] = {
            "correct": dict(sorted(self.correct.items())),
            "errors": _to_rows(self.errors),
            "partial": _to_rows(self.partial),
            "type": _to_rows(self.type),
            "duplicates_gold": self.duplicates_gold,
            "duplicates_predicted": self.duplicates_predicted,
            "forgiven": self.forgiven,
        }
        return {key: value for key, value in out.items() if value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NerTally:
        """The inverse of `to_json`. Raises `ValueError` for anything that it cannot have made."""
        try:
            unknown = sorted(value.keys() - cls._fields)
            if unknown:
                raise ValueError(f"not a count of an entity score: {unknown[0]!r}")
            return cls(
                correct={str(label): _count(n) for label, n in value.get("correct", {}).items()},
                errors=dict(_from_rows(value.get("errors", ()))),
                partial=dict(_from_rows(value.get("partial", ()), signed=True)),
                type=dict(_from_rows(value.get("type", ()), signed=True)),
                duplicates_gold=_count(value.get("duplicates_gold", 0)),
                duplicates_predicted=_count(value.get("duplicates_predicted", 0)),
                forgiven=_count(value.get("forgiven", 0)),
            )
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not the counts of an entity score: {error}") from None


def total(tallies: Iterable[NerTally]) -> NerTally:
    """The sum; of nothing, a tally without any count."""
    correct: dict[str, int] = {}
    errors: dict[Cell, int] = {}
    partial: dict[Cell, int] = {}
    type_: dict[Cell, int] = {}
    duplicates_gold = duplicates_predicted = forgiven = 0
    for item in tallies:
        add(correct, item.correct)
        if item.errors:
            add(errors, item.errors)
            if item.partial or item.type:
                add(partial, item.partial)
                add(type_, item.type)
        duplicates_gold += item.duplicates_gold
        duplicates_predicted += item.duplicates_predicted
        forgiven += item.forgiven
    for shift in (partial, type_):
        for cell in [cell for cell, n in shift.items() if not n]:
            del shift[cell]
    return NerTally(
        correct, errors, partial, type_, duplicates_gold, duplicates_predicted, forgiven
    )


def add(into: dict[Any, int], counts: Mapping[Any, int]) -> None:
    """Add `counts` to `into`, in place."""
    for key, n in counts.items():
        into[key] = into.get(key, 0) + n


def _to_rows(cells: Mapping[Cell, int]) -> list[list[Any]]:
    rows = ([error, gold, predicted, n] for (error, gold, predicted), n in cells.items())
    return sorted(rows, key=lambda row: (ERROR_CLASSES.index(row[0]), row[1] or "", row[2] or ""))


def _from_rows(rows: Iterable[Any], *, signed: bool = False) -> Iterator[tuple[Cell, int]]:
    for error, gold, predicted, n in rows:
        labels_fit = (
            (gold is None) == (error == "spurious")
            and (predicted is None) == (error == "missed")
            and all(label is None or isinstance(label, str) for label in (gold, predicted))
        )
        if error not in ERROR_CLASSES or not labels_fit:
            raise ValueError(f"not a cell of an entity score: {error!r}, {gold!r}, {predicted!r}")
        yield (error, gold, predicted), _count(n, signed=signed)


def _count(value: Any, *, signed: bool = False) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or (value < 0 and not signed):
        raise ValueError(f"not a count: {value!r}")
    return value
