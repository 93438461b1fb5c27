"""Finding perturbations: the entry-point group `harness.perturbations`, read lazily.

Those of the harness are registered in this project's own pyproject.toml, exactly as anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from harness.distributions import origin_of
from harness.errors import UsageError, nearest
from harness.perturb.perturbation import Level, Perturbation

__all__ = ["PERTURBATION_GROUP", "level_named", "perturbation_named", "perturbations"]

PERTURBATION_GROUP = "harness.perturbations"


@cache
def perturbations() -> Mapping[str, Perturbation]:
    """Every registered perturbation by name, sorted by it.

    Raises `UsageError` for one that cannot be loaded, and for two of one name.
    """
    origins: dict[str, EntryPoint] = {}
    loaded: dict[str, Perturbation] = {}
    for point in entry_points(group=PERTURBATION_GROUP):
        perturbation = _loaded(point)
        other = origins.setdefault(perturbation.name, point)
        if other is not point:
            raise UsageError(
                f"two perturbations have the name {perturbation.name!r}: {origin_of(other)} and "
                f"{origin_of(point)}; uninstall one of the two"
            )
        loaded[perturbation.name] = perturbation
    return MappingProxyType(dict(sorted(loaded.items())))


def perturbation_named(name: str) -> Perturbation:
    """The perturbation of that name. Raises `UsageError` with the nearest one."""
    known = perturbations()
    if name in known:
        return known[name]
    raise UsageError(f"unknown perturbation {name!r}{nearest(name, known)}")


def level_named(perturbation: Perturbation, text: str) -> Level:
    """The level that `text` says: one of the words, or any share above 0 and up to 1.

    Raises `UsageError` that lists the levels.
    """
    levels = perturbation.levels
    if text in levels:
        return text
    words = [level for level in levels if isinstance(level, str)]
    if words:
        raise UsageError(f"{perturbation.name} has no level {text!r}{nearest(text, words)}")
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if 0 < share <= 1:
        return share
    stated = ", ".join(f"{level:g}" for level in levels)
    raise UsageError(
        f"{perturbation.name}: found the level {text!r}, expected a share above 0 and up to 1, "
        f"such as {stated}"
    )


def _loaded(point: EntryPoint) -> Perturbation:
    try:
        value = point.load()
        made = value() if isinstance(value, type) else value
        problem = _problem(made)
    except Exception as error:  # Code of others: anything may be wrong with it.
        problem = f"{type(error).__name__}: {error}"
    else:
        if problem is None:
            assert isinstance(made, Perturbation)
            return made
    raise UsageError(
        f"the perturbation {origin_of(point)} cannot be loaded ({problem}); mend or uninstall it"
    ) from None


def _problem(made: object) -> str | None:
    """Why an object is no perturbation; `None` where it is one."""
    if not isinstance(made, Perturbation):
        return f"found {made!r}, expected an object with name, summary, levels and edits()"
    name, levels = made.name, made.levels
    if not isinstance(name, str) or not name or not isinstance(made.summary, str):
        return f"found the name {name!r}, expected a name and a summary that are strings"
    words = [isinstance(level, str) and level != "" for level in levels]
    shares = [type(level) in (int, float) and 0 < float(level) <= 1 for level in levels]
    if levels and isinstance(levels, tuple) and (all(words) or all(shares)):
        return None
    return f"found the levels {levels!r}, expected a tuple of shares above 0 up to 1, or of words"
