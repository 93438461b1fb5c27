"""Rows of columns: a token a line, a blank line between sentences, comments before a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.coding import whole_number
from harness.errors import InputError, UsageError
from harness.formats.files import not_in, opened
from harness.formats.layout import DOCSTART, Layout
from harness.formats.tags import is_tag
from harness.table import plural

__all__ = ["ColumnRow", "numbered_lines", "places_of", "rows_of"]

_SPACES = re.compile(r"[ \t]+")
_KNOWN_COMMENT = re.compile(r"#\s*(?:(?:id|newdoc|newpar|sent_id|text)\b|[\w.:-]+ =(?: |$))")
_NEW_DOCUMENT = re.compile(
    r"#\s*(?:newdoc(?:\s+id)?|[\w.-]+:document_id)(?:\s*=\s*(?P<id>.*\S))?\s*$"
)


class ColumnRow(NamedTuple):
    """One line: its number and its columns. None of them: a blank line.

    `document` says that a document begins here, and its id where the file gives one; such a row has
    no columns.
    """

    number: int
    fields: Sequence[str] = ()
    document: str | None = None


def places_of(said: str | None, columns: int, what: str) -> tuple[int, ...]:
    """Column numbers from what a user said, `2`, `-1` or `2,3`, counted from 0.

    Raises `UsageError` for what is no number, and for one that no column has.
    """
    out = []
    for part in (said or "").split(","):
        negative = part.strip().startswith("-")
        try:
            number = whole_number(part.strip().removeprefix("-"))
        except ValueError:
            raise UsageError(f"{what} {said!r}, expected a number such as -1") from None
        place = columns - number if negative else number
        if columns and not 0 <= place < columns:
            raise UsageError(f"{what} {said!r}, but there are {plural(columns, 'column')}")
        out.append(place)
    return tuple(out)


def rows_of(
    path: str | Path, layout: Layout, *, comments: str | None = None
) -> Iterator[ColumnRow]:
    """Stream the rows of a file, memory flat.

    A line with # before a sentence is a comment where it is no row: where it has another number of
    columns or no tag. One that may be either is refused, unless `comments` says yes or no. Raises
    `InputError` with the line for such a line, for another number of columns, for a tag without a
    token, and for bytes that are not UTF-8.
    """
    path = Path(path)
    columns, tabs, split = layout.columns, layout.tabs, layout.split
    blank = True
    for number, line in numbered_lines(path, encoding=layout.encoding):
        fields = line.split("\t") if tabs else _SPACES.split(line.strip(" \t"))
        if len(fields) != columns or line[-1:] == " ":
            fields = split(line)
        first = fields[0]
        if "\r" in line:
            raise InputError(
                "found a line that goes on after a carriage return",
                path=path,
                line=number,
                hint="lines end with a newline here: convert the line ends of the file",
            )
        if len(fields) == columns and first and first[0] != "#" and first != DOCSTART:
            blank = False
            yield ColumnRow(number, fields)
        elif not line.strip(" \t"):
            blank = True
            yield ColumnRow(number)
        elif first == DOCSTART and _ends_nothing(fields, layout):
            if not blank:
                raise InputError(
                    f"found {DOCSTART} inside a sentence",
                    path=path,
                    line=number,
                    hint="a blank line before it makes it the beginning of a document",
                )
            yield ColumnRow(number, document="")
        elif (
            blank and first[:1] == "#" and _is_comment(line, fields, layout, comments, path, number)
        ):
            begins = _NEW_DOCUMENT.match(line)
            if begins is not None:
                yield ColumnRow(number, document=begins["id"] or "")
        else:
            _check(fields, layout, path, number)
            blank = False
            yield ColumnRow(number, fields)


def numbered_lines(
    path: Path, expected: str = "a tag file", encoding: str = "utf-8"
) -> Iterator[tuple[int, str]]:
    """Stream `(number, line)` of a text file, without line ends and byte order mark, memory flat.

    Lines end at `\\n` or `\\r\\n` alone. Raises `InputError` for an empty file, for bytes that are
    not of that encoding, and for what `opened` refuses.
    """
    number = 0
    with opened(path, expected, mode="r", encoding=encoding) as handle:
        try:
            for number, line in enumerate(handle, 1):
                yield number, (line if number > 1 else line.removeprefix("\ufeff")).rstrip("\r\n")
        except UnicodeDecodeError:
            raise not_in(encoding, path, number + 1) from None
    if not number:
        raise InputError("the file is empty", path=path)


def _ends_nothing(fields: Sequence[str], layout: Layout) -> bool:
    """Whether a line with `-DOCSTART-` is what it looks like: its tags, if any, are all `O`."""
    return len(fields) != layout.columns or all(
        fields[column] == "O" or not is_tag(fields[column]) for column in layout.tags
    )


def _is_comment(
    line: str, fields: Sequence[str], layout: Layout, comments: str | None, path: Path, number: int
) -> bool:
    if comments is not None:
        return comments == "yes"
    if len(fields) != layout.columns:
        return True
    is_row, is_known = layout.is_tagged(fields), bool(_KNOWN_COMMENT.match(line))
    # Where tags have no letters, anything may be one.
    if is_row == is_known and (is_row or layout.labels):
        raise InputError(
            f"found {line[:60]!r}: a comment, or a row of {plural(layout.columns, 'column')}?",
            path=path,
            line=number,
            options=("comments", {"yes": "all such lines are comments", "no": "none is"}),
        )
    return not is_row


def _check(fields: Sequence[str], layout: Layout, path: Path, number: int) -> None:
    if not layout.columns:
        message = "found a first line of more than 64 KiB: its columns cannot be told"
        raise InputError(message, path=path, line=number)
    if len(fields) != layout.columns:
        raise InputError(
            f"found {plural(len(fields), 'column')}, expected {layout.columns} as in most lines",
            path=path,
            line=number,
            hint="a token and its tag on each line, a blank line between sentences",
        )
    if not fields[layout.token]:
        raise InputError(
            "a tag without a token",
            path=path,
            line=number,
            hint="an empty token can be in no text: remove the line, or say what stands there",
        )
