"""Writing records in any format: which one a path asks for, and what no path may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.errors import UsageError
from harness.formats.keywords import keywords_of
from harness.formats.losses import Losses
from harness.formats.packed import unpacked_name
from harness.formats.registry import FORMATS, Format, format_named
from harness.formats.urls import hidden, is_url

__all__ = ["for_output", "write_any"]


def for_output(path: str | Path) -> Format:
    """The format that a path to write to asks for by its ending; `UsageError` when none does."""
    _check_plain(path)
    suffix = Path(path).suffix.lower()
    for item in FORMATS.values():
        if item.writes and suffix in item.suffixes:
            return item
    names = ", ".join(item.name for item in FORMATS.values() if item.writes)
    raise UsageError(f"{path}: cannot tell which format to write; say --to FORMAT ({names})")


def write_any(
    path: str | Path,
    records: Iterable[Record],
    format: str,  # noqa: A002
    *,
    losses: Counter[str] | None = None,
    **options: Any,
) -> int:
    """Write records, whole or not at all; returns how many. `losses` counts what is lost."""
    _check_plain(path)
    chosen = format_named(format)
    if not chosen.writes:
        raise UsageError(f"format {chosen.name} can be read, not written")
    keywords = keywords_of(chosen, chosen.write_options, options)
    losses = Losses() if losses is None else losses
    written: int = chosen.load().write(path, records, losses=losses, **keywords)
    return written


def _check_plain(path: str | Path) -> None:
    """Raise `UsageError` for a URL, and for the name of a compressed file: neither is written."""
    if is_url(path):
        raise UsageError(
            f"{hidden(str(path))}: nothing is written behind a URL: write a file, then copy it"
        )
    if unpacked_name(str(path)) != str(path):
        raise UsageError(
            f"{path}: compressed files are not written: write {unpacked_name(str(path))}, then "
            "compress it"
        )
