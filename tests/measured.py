"""What tests ask of counts: a part by its name, in a match mode, and plain sums of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.results.scored import Scored, read_with
from harness.results.signature import Signature
from harness.tasks.ner.parts import type_part
from harness.tasks.parts import PartCounts, metric_named
from harness.tasks.tally import Part

__all__ = ["counts_of", "entity_types", "part_of", "plain", "signed_otherwise", "without_pairs"]


def part_of(scored: Scored, name: str, match: str | None = None) -> Part:
    """The part of that name; a type that the gold lacks too."""
    counted = read_with(scored, match=match)
    known = {part.name: part for part in counted.parts}
    return known[name] if name in known else type_part(name, counted.options)


def counts_of(
    scored: Scored, name: str, metric: str = "f1", match: str | None = None
) -> PartCounts:
    return scored.counts(part_of(scored, name, match), metric_named(metric))


def plain(counts: PartCounts) -> Any:
    """`found, gold, right, predicted` of all paragraphs; of an average, of each of its parts."""
    return counts.total


def entity_types(scored: Scored) -> dict[str, int]:
    """The types that the gold has, with their mentions."""
    return {part.name: round(part.sums(scored.total)[1]) for part in scored.parts if part.listed}


def without_pairs(scored: Scored) -> Scored:
    """The counts alone: predictions and gold are not at hand."""
    return replace(scored, count=None, documents=(), recall_pairs=None)


def signed_otherwise(signature: Signature, field: str, value: Any) -> Signature:
    """The signature with another value of one of its fields."""
    if field in signature.__slots__:
        return replace(signature, **{field: value})
    return signature.but(**{field: value})
