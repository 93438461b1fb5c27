"""How named entities are counted: the options that change a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from harness.errors import UsageError
from harness.options import Flag

__all__ = ["BOUNDARY_RULES", "MATCH_MODES", "BoundaryRule", "Match", "NerOptions"]

Match: TypeAlias = Literal["strict", "exact", "partial", "type"]
BoundaryRule: TypeAlias = Literal["raw", "normalised"]
MATCH_MODES: tuple[Match, ...] = get_args(Match)
BOUNDARY_RULES: tuple[BoundaryRule, ...] = get_args(BoundaryRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class NerOptions:
    """How to count. `match` is read by `score` alone, `boundary` by whatever matches mentions.

    Under `normalised`, English determiners in front, English possessives behind, and punctuation of
    any script and white space at the edges do not count (`harness.tasks.ner.boundary.trim`). Raises
    `UsageError` for a mode or a rule that does not exist.
    """

    match: Annotated[Match, Flag("when entities are the same")] = "strict"
    boundary: Annotated[BoundaryRule, Flag("what counts at their edges")] = "raw"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("match mode", self.match, MATCH_MODES),
            ("boundary rule", self.boundary, BOUNDARY_RULES),
        ):
            if value not in known:
                raise UsageError(f"unknown {name} {value!r}, expected one of {', '.join(known)}")
