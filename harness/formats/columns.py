"""Rows of columns: a token a line, a blank line between sentences, comments before a sentence.

What the columns are is told from the file's beginning, once for all who read such files: what parts
them, how many there are, whether the first one counts the tokens, which one holds the tags, and
whether every token begins with the code of its language (WikiANN, PAN-X).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.coding import whole_number
from harness.errors import InputError, UsageError
from harness.formats.files import opened
from harness.formats.sniff import Head, head_of
from harness.formats.tags import is_tag
from harness.table import plural

__all__ = ["DOCSTART", "ColumnRow", "Layout", "layout_of", "numbered_lines", "places_of", "rows_of"]

DOCSTART = "-DOCSTART-"
_SPACES = re.compile(r"[ \t]+")
_KNOWN_COMMENT = re.compile(r"#\s*(?:(?:id|newdoc|newpar|sent_id|text)\b|[\w.:-]+ =(?: |$))")
_NEW_DOCUMENT = re.compile(
    r"#\s*(?:newdoc(?:\s+id)?|[\w.-]+:document_id)(?:\s*=\s*(?P<id>.*\S))?\s*$"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*:")
_MOST_COLUMNS = 1000


class ColumnRow(NamedTuple):
    """One line: its number and its columns. None of them: a blank line.

    `document` says that a document begins here, and its id where the file gives one; such a row has
    no columns.
    """

    number: int
    fields: Sequence[str] = ()
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a file are."""

    columns: int
    tabs: bool
    token: int
    tags: tuple[int, ...]
    """Columns with tags, from the outer to the inner."""
    candidates: tuple[int, ...] = ()
    """Every column that looks as if it held tags."""
    prefix: str = ""
    """What every token begins with, such as `en:`; no part of it."""


def _lines(head: Head) -> list[str]:
    lines = [line.rstrip("\r") for line in head.text.split("\n")]
    return lines[:-1] if head.is_cut else lines  # The last one may be cut.


def _split(line: str, tabs: bool) -> list[str]:
    return line.split("\t") if tabs else _SPACES.split(line.strip(" \t"))


def layout_of(path: str | Path) -> Layout:
    """The layout of a file; one without rows has no columns."""
    lines = _lines(head_of(Path(path)))
    shown = [line for line in lines if line.strip(" \t") and not line.startswith(("#", DOCSTART))]
    shown = shown or [line for line in lines if line.strip(" \t") and line.startswith("#")]
    if not shown:
        return Layout(0, True, 0, ())
    tabs = 2 * sum("\t" in line for line in shown) >= len(shown)
    rows = [_split(line, tabs) for line in shown]
    columns = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [row for row in rows if len(row) == columns]
    token = int(columns > 2 and _counts_tokens(lines, tabs, columns))
    tagged = [
        column
        for column in range(token + 1, min(columns, _MOST_COLUMNS))
        if 2 * sum(is_tag(row[column]) for row in rows) >= len(rows)
    ]
    outer = tuple(tagged[-1:]) or (columns - 1,)
    # An index, then the token, then two columns: GermEval 2014's outer and inner entities.
    if token and columns == token + 3 and len(tagged) == 2:
        outer = tuple(tagged)
    return Layout(columns, tabs, token, outer, tuple(tagged), _prefix(rows, token))


def _counts_tokens(lines: Sequence[str], tabs: bool, columns: int) -> bool:
    """Whether the first column counts 1, 2, 3 in every sentence, beyond 1 in at least one."""
    expected, furthest = 1, 0
    for line in lines:
        if not line.strip(" \t"):
            expected = 1
            continue
        row = _split(line, tabs)
        if len(row) != columns:
            continue
        if row[0] != str(expected):
            return False
        furthest = max(furthest, expected)
        expected += 1
    return furthest > 1


def _prefix(rows: Sequence[Sequence[str]], token: int) -> str:
    match = _LANGUAGE.match(rows[0][token]) if rows and token < len(rows[0]) else None
    if match is None or len(rows) < 3:
        return ""
    prefix = match.group()
    return prefix if all(row[token].startswith(prefix) for row in rows) else ""


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
    columns, tabs = layout.columns, layout.tabs
    blank = True
    for number, line in numbered_lines(path):
        fields = line.split("\t") if tabs else _SPACES.split(line.strip(" \t"))
        first = fields[0]
        if len(fields) == columns and first and first[0] != "#" and first != DOCSTART:
            blank = False
            yield ColumnRow(number, fields)
        elif not line.strip(" \t"):
            blank = True
            yield ColumnRow(number)
        elif first == DOCSTART and _ends_nothing(fields, layout):
            blank = True
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


def numbered_lines(path: Path, expected: str = "a tag file") -> Iterator[tuple[int, str]]:
    """Stream `(number, line)` of a UTF-8 file, without line ends and byte order mark, memory flat.

    Lines end at `\\n` or `\\r\\n` alone. Raises `InputError` for an empty file, for bytes that are
    not UTF-8, and for what `opened` refuses.
    """
    number = 0
    with opened(path, expected, mode="r", encoding="utf-8") as handle:
        try:
            for number, line in enumerate(handle, 1):
                yield number, (line if number > 1 else line.removeprefix("\ufeff")).rstrip("\r\n")
        except UnicodeDecodeError:
            raise InputError(
                "is not UTF-8 here or in the next lines",
                path=path,
                line=number + 1,
                hint="save the file as UTF-8",
            ) from None
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
    is_row = len(fields) == layout.columns and all(is_tag(fields[c]) for c in layout.tags)
    if is_row and _KNOWN_COMMENT.match(line):
        raise InputError(
            f"found {line[:60]!r}: a comment, or a row of {plural(layout.columns, 'column')}?",
            path=path,
            line=number,
            options=("comments", {"yes": "all such lines are comments", "no": "none is"}),
        )
    return not is_row


def _check(fields: Sequence[str], layout: Layout, path: Path, number: int) -> None:
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
