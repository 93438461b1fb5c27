"""What was found out about the documents of all shards, as a result without counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.results.record import (
    MOST_DROPS,
    MOST_FAILURES,
    Failure,
    Result,
    result_verdict,
)
from harness.results.unit_files import UnitRow
from harness.run.files import CellFiles
from harness.scale.costs import merged_costs
from harness.scale.parts import Piece

__all__ = ["told_of", "with_units", "without_counts"]

_OF_A_FAILURE = (
    *("backend", "spec", "gold", "task", "declaration", "model", "documents", "failed", "failures"),
    *("dropped", "drops", "characters", "characters_seen", "unstable"),
)


def told_of(counted: Sequence[Piece], lost: Sequence[tuple[int, Failure]] = ()) -> Result:
    """Of pieces that have documents, at least one; `lost` are documents of other shards, with
    their places, to which nothing was answered."""
    results = [piece.result for piece in counted if piece.result is not None]
    answered = next((one for one in results if one.answered), without_counts(results[0]))
    documents, failed = (
        sum(getattr(one, name) for one in results) + len(lost) for name in ("documents", "failed")
    )
    failures = _first(counted, "failures", "failed_at", MOST_FAILURES, lost)
    status, reason = result_verdict(documents, failed, failures)
    seen = [one.characters_seen for one in results if one.characters_seen is not None]
    told = replace(
        answered,
        status=status,
        reason=reason,
        install=None,
        units=(),  # Those of the whole are written anew: the shards' own lie in their folders.
        units_file=None,
        units_digest="",
        documents=documents,
        failed=failed,
        failures=failures,
        dropped=sum(one.dropped for one in results),
        drops=_first(counted, "drops", "drops_at", MOST_DROPS),
        characters=sum(one.characters for one in results),
        characters_seen=sum(seen) if seen else None,
        unstable=sum(one.unstable for one in results),
        costs=merged_costs([one.costs for one in results if one.costs.shards] or [answered.costs]),
    )
    return without_counts(told) if status == "failed" else told


def without_counts(result: Result, reason: str | None = None) -> Result:
    """What is said of a backend that was asked and whose answers are not counted; `reason` is why
    where it is another than the result's."""
    kept = {name: getattr(result, name) for name in _OF_A_FAILURE}
    return Result(status="failed", reason=reason or result.reason, **kept)


def _first(
    counted: Sequence[Piece],
    listed: str,
    at: str,
    most: int,
    others: Iterable[tuple[int, Failure]] = (),
) -> tuple[Failure, ...]:
    """The first of what the pieces list, and of others, in the order of the gold set."""
    found = list(others)
    for piece in counted:
        found += zip(getattr(piece.own, at), getattr(piece.result, listed), strict=True)
    found.sort(key=lambda one: one[0])
    return tuple(failure for _, failure in found[:most])


def with_units(files: CellFiles, documents: int, units: Iterable[UnitRow]) -> dict[str, Any]:
    """The fields of a result that hold its units, or name their file: of a gold set of so many
    documents, whatever its shards did."""
    with files.units(documents) as file:
        if file is None:
            return {"units": tuple(unit.parsed() for unit in units)}
        file.add_rows(units)
    return file.fields()
