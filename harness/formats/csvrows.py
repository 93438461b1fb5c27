"""CSV and TSV with a header: which column is which by its name, and the rows with their lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError, UsageError, nearest
from harness.formats.columns import places_of
from harness.formats.files import not_in, opened
from harness.formats.sniff import Head, head_of
from harness.table import plural

__all__ = ["CsvRow", "Sheet", "cells_of", "sheet_in", "sheet_of", "with_columns"]

_DELIMITERS = ",\t;"
_NO_LETTERS = re.compile(r"[\W_]+")
_SHOWN = 12

_TOKENS = ("token", "word", "tokens", "words", "form")
_TAGS = ("ner", "nertag", "nertags", "netag", "tag", "tags", "iob", "bio", "iobtag", "biotag",
         "entitytag", "label", "labels", "entity", "ne")  # fmt: skip
_NAMES = {
    "sentence": ("sentence", "sentenceid", "sentenceidx", "sentid", "sentidx", "sentno", "sent"),
    "document": ("doc", "docid", "document", "documentid", "documentname", "filename", "file",
                 "fileid", "articleid", "textid", "tweetid"),
    "start": ("start", "begin", "startoffset", "startchar", "charstart", "beginoffset",
              "offsetstart", "startindex", "startpos", "off0"),
    "end": ("end", "stop", "endoffset", "endchar", "charend", "offsetend", "endindex", "endpos",
            "off1"),
    "label": ("label", "type", "entitytype", "entitylabel", "nerlabel", "tag", "category", "class",
              "entity", "ner"),
    "text": ("text", "fulltext", "documenttext", "content", "sentence"),
    "surface": ("mention", "surface", "surfaceform", "span", "spantext", "entitytext",
                "coveredtext", "extraction", "term", "phrase", "entity", "word", "value"),
    "score": ("score", "confidence", "probability"),
}  # fmt: skip

_TAKEN = {"text": ("label",), "surface": ("label", "text")}
"""Whose columns a role cannot have."""

CsvRow = tuple[int, list[str]]
"""Line and cells; no cells: a row that has nothing in it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the columns of a file are, by their numbers."""

    names: tuple[str, ...]
    delimiter: str
    columns: dict[str, int]

    @property
    def kind(self) -> str:
        """`tokens`: a token a row; `spans`: a place in a text a row; or neither."""
        if {"token", "tags"} <= self.columns.keys():
            return "tokens"
        return "spans" if {"start", "end", "label"} <= self.columns.keys() else ""


def sheet_in(head: Head) -> Sheet:
    """The columns that a file's first line names; none where it is no header."""
    first, _, rest = head.data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    try:
        line = first.decode().rstrip("\r")
    except UnicodeDecodeError:
        line = first.decode("latin-1").rstrip("\r")
    delimiter = max(_DELIMITERS, key=line.count)
    if not rest or delimiter not in line or head.start:
        return Sheet((), delimiter, {})
    try:
        names = tuple(next(csv.reader([line], delimiter=delimiter, strict=True)))
    except (csv.Error, StopIteration):
        return Sheet((), delimiter, {})
    return Sheet(names, delimiter, _columns([_NO_LETTERS.sub("", n).casefold() for n in names]))


def _columns(names: Sequence[str]) -> dict[str, int]:
    """Places by role, of names in small letters without anything else."""
    found: dict[str, int] = {}

    def find(role: str, known: Sequence[str], taken: Sequence[str] = ()) -> None:
        others = {found[other] for other in taken if other in found}
        places = (names.index(name) for name in known if name in names)
        place = next((place for place in places if place not in others), None)
        if place is not None:
            found[role] = place

    find("token", _TOKENS)
    find("tags", _TAGS)
    for role, known in _NAMES.items():
        find(role, known, _TAKEN.get(role, ()))
    if {"start", "end"} <= found.keys():
        if "document" not in found:
            find("document", ("id",))
        if "token" in found and names[found["token"]] not in ("token", "tokens"):
            del found["token"]  # What stands at a place.
    return found


def sheet_of(path: str | Path) -> Sheet:
    """The columns of a file. Raises `InputError` where it names none of those that are needed."""
    sheet = sheet_in(head_of(Path(path)))
    if not sheet.names:
        raise InputError(
            "has no header that names its columns",
            path=path,
            line=1,
            hint="such as sentence,token,tag or doc,start,end,label",
        )
    return sheet


def with_columns(sheet: Sheet, **said: str | None) -> Sheet:
    """The same with columns that somebody named, or numbered from 0. Raises `UsageError`."""
    columns = dict(sheet.columns)
    for role, name in said.items():
        if name is None:
            continue
        if name in sheet.names:
            columns[role] = sheet.names.index(name)
        elif re.fullmatch(r"-?[0-9]+", name):
            (columns[role],) = places_of(name, len(sheet.names), f"{role} column")
        else:
            raise UsageError(f"no column {name!r}{nearest(name, filter(None, sheet.names))}")
    return Sheet(sheet.names, sheet.delimiter, columns)


def cells_of(path: Path, sheet: Sheet, encoding: str) -> Iterator[CsvRow]:
    """Stream the rows below the header, memory flat. Trailing empty cells may be missing or more.

    Raises `InputError` with the line for another number of cells, for quotes that do not close, for
    cells of more than 131,072 characters and for bytes of another encoding.
    """
    width = len(sheet.names)
    plain = encoding == "utf-8"
    with opened(path, "a table", mode="r", encoding="utf-8-sig" if plain else encoding) as handle:
        rows = csv.reader(handle, delimiter=sheet.delimiter, strict=True)
        try:
            next(rows, None)
            for row in rows:
                if not any(row):
                    yield rows.line_num, []
                    continue
                while len(row) > width and not row[-1]:
                    row.pop()
                if len(row) != width:
                    raise InputError(
                        f"found {plural(len(row), 'cell')}, expected {width} as in the header: "
                        + ", ".join(sheet.names[:_SHOWN]),
                        path=path,
                        line=rows.line_num,
                    )
                yield rows.line_num, row
        except csv.Error as error:
            raise InputError(
                f"not a table: {error}",
                path=path,
                line=rows.line_num,
                hint="a quotation mark in a cell is written twice, and the cell in quotation marks",
            ) from None
        except UnicodeDecodeError:
            raise not_in(encoding, path, rows.line_num + 1) from None
