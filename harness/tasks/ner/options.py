"""How named entities are counted: the options that change a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from harness.coding import real_number
from harness.errors import UsageError, nearest
from harness.options import Flag, comma_list
from harness.tasks.parts import BETA

__all__ = ["BOUNDARY_RULES", "LEVELS", "MATCH_MODES", "BoundaryRule", "Match", "NerOptions"]
__all__ += ["OVERLAP", "threshold_of"]

Match: TypeAlias = Literal["strict", "exact", "partial", "type"]
BoundaryRule: TypeAlias = Literal["raw", "normalised"]
Levels: TypeAlias = Literal["mentions", "all"]
MATCH_MODES: tuple[Match, ...] = get_args(Match)
BOUNDARY_RULES: tuple[BoundaryRule, ...] = get_args(BoundaryRule)
LEVELS: tuple[Levels, ...] = get_args(Levels)
OVERLAP = "overlap"
"""What the match mode with a threshold begins with: `overlap=0.5`."""


def threshold_of(match: str) -> float | None:
    """The share of characters that `overlap=T` asks for; `None` for any other mode.

    Raises `ValueError` for a threshold that is none: it lies above 0 and is at most 1.
    """
    name, equals, value = match.partition("=")
    if name != OVERLAP:
        return None
    try:
        threshold = real_number(value) if equals else 0.0
    except ValueError:
        threshold = 0.0
    if not 0 < threshold <= 1:
        raise ValueError(f"{_MATCHES}, T above 0 and at most 1")
    return threshold


_MATCHES = f"one of {', '.join(MATCH_MODES)} or {OVERLAP}=T"


def _match(text: str) -> str:
    threshold = threshold_of(text)
    if threshold is not None:
        return f"{OVERLAP}={threshold:g}"
    if text not in MATCH_MODES:
        raise ValueError(f"{_MATCHES}{nearest(text, (*MATCH_MODES, OVERLAP), listed=False)}")
    return text


def _types(text: str) -> str:
    """Types in one spelling: sorted, each once, parted by commas."""
    return ",".join(sorted(set(comma_list(text))))


@dataclass(frozen=True, slots=True, kw_only=True)
class NerOptions:
    """How to count.

    `match` is `strict`, `exact`, `partial`, `type`, or `overlap=T`: the same type, and of the
    characters that either of the two covers at least the share T in both (intersection over union,
    Jaccard). The four are read off the same counts; `overlap=T` is counted for itself.

    Under `normalised`, English determiners in front, English possessives behind, and punctuation of
    any script and white space at the edges do not count (`harness.tasks.ner.boundary.trim`).

    `types` are the only types that are scored (`ORG,PER`), on either side, as if no others were
    there; empty for all. `beta` is that of F: recall weighs beta squared times as much as
    precision. `levels` counts tokens and characters too, as further parts. Raises `UsageError` for
    a mode, a rule or a beta that does not exist.
    """

    match: Annotated[
        str, Flag(f"when entities are the same: {_MATCHES}", parse=_match, metavar="MODE")
    ] = "strict"
    boundary: Annotated[BoundaryRule, Flag("what counts at their edges")] = "raw"
    types: Annotated[
        str, Flag("score these types alone; default: all", metavar="A,B", parse=_types)
    ] = ""
    beta: Annotated[float, BETA] = 1.0
    levels: Annotated[
        Levels, Flag("what is counted: mentions, or tokens and characters as well")
    ] = "mentions"

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "match", _match(self.match))
        except ValueError as error:
            raise UsageError(f"unknown match mode {self.match!r}, expected {error}") from None
        try:
            object.__setattr__(self, "types", _types(self.types) if self.types else "")
        except ValueError as error:
            raise UsageError(f"types is {self.types!r}, expected {error}") from None
        if self.boundary not in BOUNDARY_RULES:
            raise UsageError(
                f"unknown boundary rule {self.boundary!r}, expected one of "
                f"{', '.join(BOUNDARY_RULES)}"
            )

    @property
    def chosen(self) -> frozenset[str]:
        """The types that are scored; empty for all."""
        return frozenset(self.types.split(",")) if self.types else frozenset()
