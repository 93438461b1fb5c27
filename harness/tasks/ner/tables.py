"""Tables of named-entity scores: per entity type, per error class, and the confusion matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.table import Table
from harness.tasks.ner.tally import dash_last
from harness.tasks.parts import BLOCK_OPTIONAL, block_headers, block_row

__all__ = ["confusion_table", "error_table", "type_table"]

_MOST_LABELS = 100


def type_table(title: str, score: Mapping[str, Any], *, notes: tuple[str, ...] = ()) -> Table:
    """A row per entity type with support, P, R, F1, TP, FP, FN; then micro, macro, weighted.

    `score` is `NerScore.to_json()`. The notes say which types the averages go over, and which were
    predicted although the gold has none.
    """
    types = sorted(score["types"].items(), key=lambda item: (-item[1]["support"], item[0]))
    rows = [block_row(label, block) for label, block in types]
    rows.append(block_row("micro", score["micro"]))
    rows.extend(block_row(name, score[name], counts=False) for name in ("macro", "weighted"))
    rows.extend(block_row(name, values) for name, values in score.get("finer", {}).items())
    headers = ("type", *block_headers(score.get("beta", 1.0)))
    return Table(title, headers, tuple(rows), (*notes, *_averaged(score)), BLOCK_OPTIONAL)


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
    """Gold labels down, predicted labels across; `-` is missed (column) and spurious (row).

    Of very many labels those that occur most: a table grows with their square.
    """
    matrix: Mapping[str, Mapping[str, int]] = score["confusion"]
    counts: Counter[str] = Counter()
    for gold, row in matrix.items():
        counts[gold] += sum(row.values())
        counts.update(row)
    most = sorted(counts, key=lambda label: (label != "-", -counts[label], label))
    kept = {*most[: _MOST_LABELS + 1]}
    columns = sorted(kept & {label for row in matrix.values() for label in row}, key=dash_last)
    rows = tuple(
        (gold, *(matrix[gold].get(label) or None for label in columns))
        for gold in sorted(kept & matrix.keys(), key=dash_last)
    )
    left_out = len(counts) - len(kept)
    notes = (f"{left_out} labels that occur less are left out",) if left_out else ()
    rare_first = tuple(label for label in reversed(most) if label != "-")
    return Table(title, ("gold \\ predicted", *columns), rows, notes, rare_first)
