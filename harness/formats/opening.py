"""From what somebody says of a source to its reader: its files, its format, its options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.errors import InputError, UsageError, nearest
from harness.formats.keywords import about_source, encoding_of, keywords_of, read_as
from harness.formats.losses import Losses
from harness.formats.parts import PartFile, Place, numbered_files, place_of
from harness.formats.reader import Reader
from harness.formats.registry import FORMATS, Format, format_named, guess
from harness.formats.source import Source
from harness.options import Flag

__all__ = ["located", "open_source", "read_any"]

TIME_LIMIT = Flag(
    "seconds without a byte after which a URL is given up",
    name="remote-timeout",
    kind=float,
    above=0,
    most=86_400,
    noun="seconds",
)
"""The option of every URL."""


def open_source(
    said: str | Path | Source,
    format: str | None = None,  # noqa: A002  named as the option is
    *,
    besides: Sequence[str] = (),
    **options: Any,
) -> Reader:
    """How a source is read; nothing but its beginning is looked at, and only to tell its format.

    `besides` are options that whoever asks has taken out, for the error of one that there is not.
    `format` and `options`, by their names in Python, go beside what the source says itself. Raises
    `UsageError` for a format that there is not, and for an option that the format does not have or
    that is said twice.
    """
    source = Source.parse(said)
    given = dict(source.options)
    for name, value in {"format": format, **options}.items():
        if value is not None:
            if given.get(name.replace("_", "-"), value) != value:
                raise UsageError(f"{source}: {name.replace('_', '-')} is said twice")
            given[name.replace("_", "-")] = value
    place = located(source, given.pop("remote-timeout", None))
    named = given.pop("format", None)
    chosen, place = _chosen(source, place, given, named)
    with about_source(source):
        keywords = keywords_of(chosen, chosen.options, given, besides)
    faulty = str(keywords.pop("faulty", "refuse"))
    return Reader(
        replace(source, options=given), chosen, keywords, place, faulty, named is not None
    )


def located(source: Source, seconds: Any = None) -> Place:
    """The files that a source leads to, whatever their format; `seconds` is the time limit of a
    URL, else the source says it. Raises as `harness.formats.parts.place_of`."""
    said = source.options.get("remote-timeout") if seconds is None else seconds
    with about_source(source):
        limit = None if said is None else float(read_as(TIME_LIMIT, "remote-timeout", said))
        return place_of(source, limit)


def _chosen(
    source: Source, place: Place, given: Mapping[str, Any], named: Any
) -> tuple[Format, Place]:
    """The format of a source, and what is read: a folder that no format claims may be a set."""
    if named is not None:
        chosen = format_named(str(named))
        numbered = None if place.several else numbered_files(source.path)
        if numbered is not None and _is_of(numbered, chosen) and not _is_claimed(source.path):
            return chosen, numbered
        return chosen, place
    if place.several:
        return _guessed(_first(place), given), place
    try:
        return _guessed(place.parts[0], given), place
    except InputError:
        numbered = numbered_files(source.path)
        if numbered is None:
            raise
        try:
            return guess(_first(numbered).path, encoding_of(given)), numbered
        except InputError:
            pass
        raise


def _first(place: Place) -> PartFile:
    """The first part that holds anything, else the first."""
    return next((part for part in place.parts if not part.is_empty), place.parts[0])


def _is_of(place: Place, chosen: Format) -> bool:
    try:
        return guess(_first(place).path) is chosen
    except InputError:
        return False


def _is_claimed(folder: str) -> bool:
    try:
        guess(folder)
    except InputError:
        return False
    return True


def _guessed(part: PartFile, given: Mapping[str, Any]) -> Format:
    """The format of what does not name it. Where none fits, an option that none has is the error:
    it may have been meant to mend that."""
    try:
        with part.named():
            return guess(part.path, encoding_of(given))
    except InputError:
        flags = {flag.name.replace("_", "-"): flag for f in FORMATS.values() for flag in f.options}
        for name, value in given.items():
            flag = flags.get(name.replace("_", "-"))
            if flag is None:
                raise UsageError(
                    f"no format has an option {name!r}{nearest(name, flags)}"
                ) from None
            read_as(flag, name, value)
        raise


def read_any(
    said: str | Path | Source,
    format: str | None = None,  # noqa: A002  named as the option is
    *,
    losses: Losses | None = None,
    **options: Any,
) -> Iterator[Record]:
    """Stream the records of a source; the format is guessed unless it is named.

    `losses` counts, by message, what the format has and the data model cannot hold. Raises what
    `open_source` raises, and all that its reader raises.
    """
    return open_source(said, format, **options).records(losses)
