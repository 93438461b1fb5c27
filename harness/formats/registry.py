"""Which formats there are, what each can hold, and how to tell one from its content.

A format is a module with `read(path, ...) -> Iterator[Record]` and, where it can be written,
`write(path, records, ...) -> int`. Modules are imported when they are used: some need a library.
"""

from __future__ import annotations

import difflib
import importlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.annotation import Record
from harness.errors import UsageError

__all__ = ["FORMATS", "Format", "format_named", "guess", "read_any", "write_any"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `holds` is for people: what of a record survives being written in it."""

    name: str
    summary: str
    module: str
    reads: bool = True
    writes: bool = True
    options: tuple[str, ...] = ()
    """Keyword options of `read`, such as `repair`; `report` where it counts what it leaves out."""
    write_options: tuple[str, ...] = ()
    holds: str = "everything"
    folder: bool = False
    """Whether it is written as a folder."""

    def load(self) -> ModuleType:
        return importlib.import_module(f"harness.formats.{self.module}")


FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format("jsonl", "this project's own JSON lines", "jsonl"),
        Format(
            "brat",
            "brat standoff, a folder of .txt and .ann",
            "brat",
            options=("report", "tasks", "texts"),
            write_options=("report",),
            holds="entities, attributions, ignore regions; no scores",
            folder=True,
        ),
    )
}


def format_named(name: str) -> Format:
    """The format of that name; `UsageError` with the nearest one when there is none."""
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        guessed = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"unknown format {name!r}.{guessed} Known: {', '.join(FORMATS)}")
    return FORMATS[name]


def guess(path: str | Path) -> Format:
    """The format of a file or folder, judged by its content; see `harness.formats.sniff`."""
    from harness.formats.sniff import sniff

    return FORMATS[sniff(Path(path))]


def read_any(
    path: str | Path,
    format: str | None = None,  # noqa: A002  named as the option is
    *,
    report: Counter[str] | None = None,
    **options: Any,
) -> Iterator[Record]:
    """Stream the records of a file or folder; the format is guessed unless it is named.

    `report` counts, by message, what the format has and the data model cannot hold. Raises
    `UsageError` for a format that cannot be read or an option that it does not have, and all that
    its reader raises.
    """
    chosen = guess(path) if format is None else format_named(format)
    if not chosen.reads:
        raise UsageError(f"format {chosen.name} can be written, not read")
    keywords = _keywords(chosen, chosen.options, report, options)
    records: Iterator[Record] = chosen.load().read(path, **keywords)
    return records


def write_any(
    path: str | Path,
    records: Iterable[Record],
    format: str,  # noqa: A002
    *,
    report: Counter[str] | None = None,
    **options: Any,
) -> int:
    """Write records, whole or not at all; returns how many. `report` counts what is lost."""
    chosen = format_named(format)
    if not chosen.writes:
        raise UsageError(f"format {chosen.name} can be read, not written")
    report = Counter() if report is None else report
    keywords = _keywords(chosen, chosen.write_options, report, options)
    written: int = chosen.load().write(path, records, **keywords)
    return written


def _keywords(
    chosen: Format, accepted: tuple[str, ...], report: Counter[str] | None, options: dict[str, Any]
) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in accepted:
            raise UsageError(f"format {chosen.name} has no option {name!r}")
    return given | ({"report": report} if "report" in accepted else {})
