"""The table of attribution scores: per relation, element and kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.table import Table, number
from harness.tasks.attribution.tally import RELATIONS
from harness.tasks.parts import BLOCK_OPTIONAL, block_headers, block_row

__all__ = ["element_table"]

_SHOWN = {
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


def element_table(title: str, score: Mapping[str, Any], *, notes: tuple[str, ...] = ()) -> Table:
    """A row per relation measure, element, kind, and for null sources; speakers in the notes.

    Overlap rows count letters and digits, their support too.

    `score` is `AttributionScore.to_json()`. Kinds have a note: their counts do not add up in a row,
    for recall goes by the kind of the gold and precision by that of the prediction.
    """
    rows = [block_row(_SHOWN.get(name, name), score["relations"][name]) for name in RELATIONS]
    for element, measures in score["elements"].items():
        rows.extend(
            block_row(f"{element}, {shown}", measures[name])
            for name, shown in (("exact", "exact"), ("overlap", "overlap (letters)"))
            if name in measures
        )
    rows.extend(block_row(f"kind: {kind}", block) for kind, block in score["kinds"].items())
    rows.append(block_row("null source", score["null_source"]))
    speaker = score["speaker"]
    figures = ", ".join(
        f"{name} {number(speaker.get(name))}" for name in ("accuracy", "coverage", "f1")
    )
    kinds = (_KINDS,) if score["kinds"] else ()
    headers, said = ("element", *block_headers()), (f"speaker: {figures}", *kinds, *notes)
    return Table(title, headers, tuple(rows), said, BLOCK_OPTIONAL)
