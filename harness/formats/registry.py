"""Which formats there are, and reading and writing any of them.

A format is a module of this folder and a row here. The module has

    matches(head) -> bool                       whether a file or folder is of this format
    read(path, *, ...) -> Iterator[Record]
    write(path, records, *, ...) -> int         where it can be written, with
    HOLDS, SUFFIXES                             what survives, and endings that mean this format

The keyword options of `read` and `write` are the format's options; `losses` counts what it leaves
out. Modules are imported when a format is needed, and import heavy libraries inside functions.
"""

from __future__ import annotations

import importlib
import inspect
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.annotation import Record
from harness.errors import HarnessError, InputError, UsageError, nearest

__all__ = ["FORMATS", "Format", "for_output", "format_named", "guess", "read_any", "write_any"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format; all but its name and a summary is asked of its module."""

    name: str
    summary: str
    module: str = ""
    """The module's name, where it is not the format's."""

    def load(self) -> ModuleType:
        return importlib.import_module(f"harness.formats.{self.module or self.name}")

    @property
    def writes(self) -> bool:
        return hasattr(self.load(), "write")

    @property
    def options(self) -> tuple[str, ...]:
        """Keyword options of `read`, such as `repair`."""
        return _keyword_only(self.load().read)

    @property
    def write_options(self) -> tuple[str, ...]:
        return _keyword_only(getattr(self.load(), "write", None))

    @property
    def holds(self) -> str:
        """For people: what of a record survives being written; empty if it cannot be."""
        return str(getattr(self.load(), "HOLDS", ""))

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of a file to write that mean this format, where they mean only one."""
        return tuple(getattr(self.load(), "SUFFIXES", ()))


def _keyword_only(function: Callable[..., Any] | None) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values() if function else ()
    return tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)


# A file is asked of them from the last to the first: what is more special stands further down.
FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format("jsonl", "this project's own JSON lines"),
        Format("brat", "brat standoff: a folder of .txt and .ann"),
        Format("conll", "CoNLL columns, any IOB1 / IOB2 / BIOES / BILOU tag file"),
        Format("docbin", "spaCy's DocBin (.spacy)"),
        Format("doccano", "doccano's JSON lines"),
        Format("prodigy", "Prodigy's JSON lines"),
        Format("labelstudio", "Label Studio's JSON and JSON_MIN"),
        Format("pdnc", "PDNC novels (quotations)"),
        Format("polnear", "PolNeAR's brat folders (news attributions, several annotators)"),
        Format("litbank", "LitBank quotations (.ann tables and .txt)"),
        Format(
            "datasets",
            "Hugging Face datasets: save_to_disk, .parquet, a local folder, hf:<hub id>",
            module="hf",
        ),
    )
}


def format_named(name: str) -> Format:
    """The format of that name; `UsageError` with the nearest one when there is none."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}{nearest(name, FORMATS)}")
    return FORMATS[name]


def guess(path: str | Path) -> Format:
    """The format of a file or folder, judged by its content.

    Raises `InputError` when nothing fits, or there is no such file.
    """
    from harness.formats.sniff import heads, unknown

    for head in heads(Path(path)):
        for item in reversed(FORMATS.values()):
            if item.load().matches(head):
                return item
    raise unknown(head)


def for_output(path: str | Path) -> Format:
    """The format that a path to write to asks for by its ending; `UsageError` when none does."""
    suffix = Path(path).suffix.lower()
    for item in FORMATS.values():
        if item.writes and suffix in item.suffixes:
            return item
    names = ", ".join(item.name for item in FORMATS.values() if item.writes)
    raise UsageError(f"{path}: cannot tell which format to write; say --to FORMAT ({names})")


def read_any(
    path: str | Path,
    format: str | None = None,  # noqa: A002  named as the option is
    *,
    losses: Counter[str] | None = None,
    **options: Any,
) -> Iterator[Record]:
    """Stream the records of a file or folder; the format is guessed unless it is named.

    `losses` counts, by message, what the format has and the data model cannot hold. Raises
    `UsageError` for a format that there is not or an option that it does not have, and all that its
    reader raises.
    """
    chosen = guess(path) if format is None else format_named(format)
    keywords = _keywords(chosen, chosen.options, losses, options)
    try:
        records: Iterator[Record] = chosen.load().read(path, **keywords)
    except InputError as error:
        raise _helped(error, chosen, path, keywords) from None
    return _read(records, chosen, path, keywords)


def _read(
    records: Iterator[Record], chosen: Format, path: str | Path, keywords: dict[str, Any]
) -> Iterator[Record]:
    try:
        yield from records
    except InputError as error:
        raise _helped(error, chosen, path, keywords) from None


def _helped(
    error: InputError, chosen: Format, path: str | Path, keywords: dict[str, Any]
) -> InputError:
    """The error with the options that really read the file; they are tried on the whole of it.

    Verbs differ in the options that they have, and a library call has none: `harness convert` has
    those of every format, and all verbs read what it writes.
    """
    if error.options is None:
        return error
    option, values = error.options
    lines = [
        f"harness convert {shlex.quote(str(path))} OUT.jsonl --{option} {shlex.quote(value)}"
        + (f"   # {what}" if what else "")
        for value, what in values.items()
        if _reads(chosen, path, {**keywords, option.replace("-", "_"): value})
    ]
    if not lines:
        return error
    hint = "\n  ".join(["convert it, and use what is written in its place:", *lines])
    return error.of(path, hint=hint)


def _reads(chosen: Format, path: str | Path, keywords: dict[str, Any]) -> bool:
    if not keywords.keys() <= set(chosen.options):
        return False
    if "losses" in keywords:
        keywords["losses"] = Counter()
    try:
        for _ in chosen.load().read(path, **keywords):
            pass
    except HarnessError:
        return False
    return True


def write_any(
    path: str | Path,
    records: Iterable[Record],
    format: str,  # noqa: A002
    *,
    losses: Counter[str] | None = None,
    **options: Any,
) -> int:
    """Write records, whole or not at all; returns how many. `losses` counts what is lost."""
    chosen = format_named(format)
    if not chosen.writes:
        raise UsageError(f"format {chosen.name} can be read, not written")
    losses = Counter() if losses is None else losses
    keywords = _keywords(chosen, chosen.write_options, losses, options)
    written: int = chosen.load().write(path, records, **keywords)
    return written


def _keywords(
    chosen: Format, accepted: tuple[str, ...], losses: Counter[str] | None, options: dict[str, Any]
) -> dict[str, Any]:
    keywords = {name: value for name, value in options.items() if value is not None}
    for name in keywords:
        if name not in accepted:
            raise UsageError(f"format {chosen.name} has no option {name!r}")
    return keywords | ({"losses": losses} if "losses" in accepted else {})
