"""What was said of a format's options, as its reader or writer takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from harness.errors import UsageError, nearest
from harness.formats.files import ENCODINGS
from harness.formats.registry import Format
from harness.formats.source import Source
from harness.options import Flag

__all__ = ["about_source", "encoding_of", "keywords_of", "read_as"]


@contextmanager
def about_source(source: Source) -> Iterator[None]:
    """An option that cannot be as it is said, as an error that names the source."""
    try:
        yield
    except UsageError as error:
        said = str(error)
        raise UsageError(said if source.path in said else f"{source.path}: {said}") from None


def encoding_of(given: Mapping[str, Any]) -> str:
    """The encoding in which a format is guessed: the one that was said, where it is offered."""
    encoding = str(given.get("encoding") or "utf-8")
    return encoding if encoding in ENCODINGS else "utf-8"


def keywords_of(
    chosen: Format, flags: tuple[Flag, ...], options: Mapping[str, Any], besides: Sequence[str] = ()
) -> dict[str, Any]:
    """What was said, by a parameter's name; a text as its flag reads it."""
    known = {flag.name.replace("_", "-"): flag for flag in flags}
    out = {}
    for said, value in options.items():
        name = said.replace("_", "-")
        if value is None:
            continue
        if name not in known:
            names = ", ".join(known) or "none"
            further = f"; a gold set has besides: {', '.join(besides)}" if besides else ""
            near = nearest(name, (*known, *besides), listed=False)
            raise UsageError(
                f"format {chosen.name} has no option {name!r}{near} It has: {names}{further}"
            )
        out[name.replace("-", "_")] = read_as(known[name], name, value)
    return out


def read_as(flag: Flag, name: str, value: Any) -> Any:
    """A value as its flag reads it; raises `UsageError` for one that it does not allow."""
    try:
        return _said(flag, value)
    except ValueError as error:
        raise UsageError(f"{name} is {value!r}, expected {error}") from None


def _said(flag: Flag, value: Any) -> Any:
    if flag.kind is bool and isinstance(value, str):
        return flag.read({"true": True, "false": False}.get(value, value))
    if isinstance(value, str) or flag.kind is str:
        return flag.read_text(str(value))
    return flag.read(value)
