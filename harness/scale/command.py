"""The command line of the run that was not cut, from that of a shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["undivided"]

_OUT = "--out"
_CUT = ("--shard",)


def undivided(command: Sequence[str], out: Path) -> tuple[str, ...]:
    """The command without what cuts it, and with `out` in the place of its own folder."""
    return tuple(_without(command, str(out)))


def _without(command: Sequence[str], out: str) -> Iterator[str]:
    words = iter(command)
    for word in words:
        name, equals, _ = word.partition("=")
        if name in _CUT:
            if not equals:
                next(words, None)
        elif name == _OUT:
            if equals:
                yield f"{name}={out}"
            else:
                next(words, None)
                yield from (name, out)
        else:
            yield word
