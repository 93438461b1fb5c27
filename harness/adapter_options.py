"""A backend's options (`?stride=32&batch_size=8`) with their defaults, checked."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import UsageError

__all__ = ["Option", "read_options"]

Option = str | int | float | bool


def read_options(
    given: Mapping[str, Option],
    defaults: Mapping[str, Option],
    choices: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, Option]:
    """`defaults` overridden by `given`.

    Raises `UsageError` for an option that is not among the defaults, a value of another kind than
    the default, a number below 0, or a word that is not among its `choices`.
    """
    read = dict(defaults)
    for name, value in given.items():
        if name not in defaults:
            names = ", ".join(sorted(defaults)) or "none"
            raise UsageError(f"unknown option {name!r}; expected one of: {names}")
        default = defaults[name]
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(default, str):
            value = str(value)
        elif type(value) is not type(default):
            raise UsageError(f"option {name}={value}: expected {type(default).__name__}")
        elif not isinstance(value, bool) and value < 0:
            raise UsageError(f"option {name}={value}: expected a number from 0 up")
        allowed = (choices or {}).get(name)
        if allowed and value not in allowed:
            raise UsageError(f"option {name}={value}: expected one of {', '.join(allowed)}")
        read[name] = value
    return read
