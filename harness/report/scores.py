"""Tables of one backend's scores: per entity type, per error class, per attribution element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.tables import Cell, Table, number

__all__ = ["attribution_table", "confusion_table", "error_table", "ner_table"]

_COUNTS = ("tp", "fp", "fn")
_HEADERS = ("support", "P", "R", "F1", "TP", "FP", "FN")
_RELATIONS = {
    "found50": "content found (Dice ≥ .5)",
    "found80": "content found (Dice ≥ .8)",
    "pair": "content + source",
    "triple": "content + source + cue",
    "exact": "all three equal",
}
_KINDS = (
    "kind: R, TP and FN go by the kind in the gold, P and FP by the predicted kind, "
    "so that TP + FP is not the number predicted"
)


def ner_table(title: str, score: Mapping[str, Any], *, notes: tuple[str, ...] = ()) -> Table:
    """A row per entity type with support, P, R, F1, TP, FP, FN; then micro, macro, weighted.

    `score` is `NerScore.to_json()`. The notes say which types the averages go over, and which were
    predicted although the gold has none.
    """
    types = sorted(score["types"].items(), key=lambda item: (-item[1]["support"], item[0]))
    rows = [_row(label, block) for label, block in types]
    rows.append(_row("micro", score["micro"]))
    rows.extend(_average(name, score[name]) for name in ("macro", "weighted"))
    return Table(title, ("type", *_HEADERS), tuple(rows), (*notes, *_averaged(score)))


def _averaged(score: Mapping[str, Any]) -> Iterator[str]:
    """What averages go over, and what they leave out."""
    over = score["macro"]["types"]
    if over:
        yield f"macro, weighted (by gold mentions): the mean over {', '.join(over)}"
    strange = {
        label: block["predicted"]
        for label, block in score["types"].items()
        if not block["support"] and block["predicted"]
    }
    if strange:
        listed = ", ".join(f"{label} ({number_})" for label, number_ in strange.items())
        yield f"predicted, but never in the gold, and in no average but micro: {listed}"


def error_table(title: str, score: Mapping[str, Any]) -> Table:
    """How many mentions fell in each error class; every mention is in exactly one."""
    return Table(title, tuple(score["errors"]), (tuple(score["errors"].values()),))


def confusion_table(title: str, score: Mapping[str, Any]) -> Table:
    """Gold labels down, predicted labels across; `-` is missed (column) and spurious (row)."""
    matrix: Mapping[str, Mapping[str, int]] = score["confusion"]
    columns = sorted({label for row in matrix.values() for label in row}, key=_dash_last)
    rows = tuple(
        (gold, *(matrix[gold].get(label) or None for label in columns))
        for gold in sorted(matrix, key=_dash_last)
    )
    return Table(title, ("gold \\ predicted", *columns), rows)


def attribution_table(
    title: str, score: Mapping[str, Any], *, notes: tuple[str, ...] = ()
) -> Table:
    """A row per relation measure, element, kind, and for null sources; speakers in the notes.

    Overlap rows count letters and digits, their support too.

    `score` is `AttributionScore.to_json()`. Kinds have a note: their counts do not add up in a row,
    for recall goes by the kind of the gold and precision by that of the prediction.
    """
    rows = [_row(shown, score["relations"][name]) for name, shown in _RELATIONS.items()]
    for element, measures in score["elements"].items():
        rows.extend(
            _row(f"{element}, {shown}", measures[name])
            for name, shown in (("exact", "exact"), ("overlap", "overlap (letters)"))
            if name in measures
        )
    rows.extend(_row(f"kind: {kind}", block) for kind, block in score["kinds"].items())
    rows.append(_row("null source", score["null_source"]))
    speaker = score["speaker"]
    said = ", ".join(
        f"{name} {number(speaker.get(name))}" for name in ("accuracy", "coverage", "f1")
    )
    kinds = (_KINDS,) if score["kinds"] else ()
    return Table(title, ("element", *_HEADERS), tuple(rows), (f"speaker: {said}", *kinds, *notes))


def _row(name: str, block: Mapping[str, Any]) -> tuple[Cell, ...]:
    rates = (number(block.get(rate)) for rate in ("precision", "recall", "f1"))
    return (name, block.get("support"), *rates, *(_count(block.get(key)) for key in _COUNTS))


def _average(name: str, block: Mapping[str, Any]) -> tuple[Cell, ...]:
    rates = (number(block.get(rate)) for rate in ("precision", "recall", "f1"))
    return (name, block.get("support"), *rates, None, None, None)


def _count(value: float | None) -> Cell:
    if value is None:
        return None
    return int(value) if value == int(value) else f"{value:.1f}"


def _dash_last(label: str) -> tuple[bool, str]:
    return (label == "-", label)
