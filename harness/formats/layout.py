"""What the columns of a tag file are, told from its beginning.

What parts them, how many there are, whether the first one counts the tokens, which hold the tags,
and whether every token begins with the code of its language (WikiANN, PAN-X).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.formats.files import not_in
from harness.formats.sniff import Head, head_of
from harness.formats.tags import is_tag

__all__ = ["WITH_PLACE", "DOCSTART", "Layout", "layout_of"]

DOCSTART = "-DOCSTART-"
_SPACES = re.compile(r"[ \t]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*:")
_MOST_COLUMNS = 1000
_NESTED = 4
_FEW = 2
"""Fewer tokens are not counted."""


WITH_PLACE = re.compile(r"([0-9]|[^0-9]{1,2})[0-9]{1,2}")
"""A token of one character with its place in a word behind it."""


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
    numbered: bool = False
    """Whether every token is a character with its place in a word behind it (Weibo NER)."""
    prefix: str = ""
    """What every token begins with, such as `en:`; no part of it."""
    labels: frozenset[str] = frozenset()
    """What stands where the tags are, in the file's beginning, where no tag there has a letter."""
    encoding: str = "utf-8"

    def split(self, line: str) -> list[str]:
        """The columns of a line; a tab at its end is none."""
        fields = _split(line, self.tabs)
        if self.columns and len(fields) == self.columns + 1 and not fields[-1]:
            fields.pop()
        return fields

    def is_tagged(self, fields: Sequence[str]) -> bool:
        """Whether there are tags where they ought to be."""
        return all(is_tag(fields[tag]) or fields[tag] in self.labels for tag in self.tags)


def _lines(head: Head) -> list[str]:
    lines = [line.rstrip("\r") for line in head.text.split("\n")]
    return lines[:-1] if head.is_cut else lines  # The last one may be cut.


def _split(line: str, tabs: bool) -> list[str]:
    return line.rstrip(" ").split("\t") if tabs else _SPACES.split(line.strip(" \t"))


def layout_of(path: str | Path, encoding: str = "utf-8") -> Layout:
    """The layout of a file; one without rows, or whose first line is endless, has no columns.

    Raises `InputError` where its beginning is not of that encoding.
    """
    head = head_of(Path(path), encoding)
    if head.data and not head.text:
        raise not_in(encoding, head.path, 1)
    lines = _lines(head)
    shown = [line for line in lines if line.strip(" \t") and not line.startswith(("#", DOCSTART))]
    shown = shown or [line for line in lines if line.strip(" \t") and line.startswith("#")]
    if not shown:
        return Layout(0, False, 0, (), encoding=encoding)
    tabs = 2 * sum("\t" in line for line in shown) >= len(shown)
    rows = [_split(line, tabs) for line in shown]
    columns = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [row for row in rows if len(row) == columns]
    if tabs and columns > 1 and not any(row[-1] for row in rows):
        columns -= 1  # A tab at the end of every line.
    token = int(columns > 2 and _counts_tokens(lines, tabs, columns))
    tagged = [
        column
        for column in range(token + 1, min(columns, _MOST_COLUMNS))
        if 2 * sum(is_tag(row[column]) for row in rows) >= len(rows)
    ]
    outer = tuple(tagged[-1:]) or (columns - 1,)
    # An index, then the token, then two columns: GermEval 2014's outer and inner entities. Four or
    # more of them are LitBank's nested ones; parts of speech, chunks and two judgements are fewer.
    if (token and columns == token + 3 and len(tagged) == 2) or len(tagged) >= _NESTED:
        outer = tuple(tagged)
    labels = {row[column] for row in rows for column in outer} - {"O"}
    if any(map(is_tag, labels)):
        labels = set()
    return Layout(
        columns,
        tabs,
        token,
        outer,
        tuple(tagged),
        _is_numbered(rows, token),
        _prefix(rows, token),
        frozenset(labels),
        encoding,
    )


def _counts_tokens(lines: Sequence[str], tabs: bool, columns: int) -> bool:
    """Whether the first column counts the tokens of every sentence, or of the file, from 0 or 1."""
    numbers: list[list[str]] = [[]]
    for line in lines:
        row = _split(line, tabs)
        if not line.strip(" \t"):
            numbers.append([])
        elif len(row) >= columns and not line.startswith("#"):
            numbers[-1].append(row[0])
    sentences = [sentence for sentence in numbers if sentence]
    if sum(map(len, sentences)) < _FEW or sentences[0][0] not in ("0", "1"):
        return False
    first = at = int(sentences[0][0])
    anew = running = True
    for sentence in sentences:
        anew = anew and sentence == [str(first + place) for place in range(len(sentence))]
        running = running and sentence == [str(at + place) for place in range(len(sentence))]
        at += len(sentence)
    return anew or running


def _is_numbered(rows: Sequence[Sequence[str]], token: int) -> bool:
    """A file of nothing but numbers is none."""
    tokens = [row[token] for row in rows if token < len(row)]
    return (
        len(tokens) > 2
        and all(map(WITH_PLACE.fullmatch, tokens))
        and any(not one[0].isascii() for one in tokens)
    )


def _prefix(rows: Sequence[Sequence[str]], token: int) -> str:
    match = _LANGUAGE.match(rows[0][token]) if rows and token < len(rows[0]) else None
    if match is None or len(rows) < 3:
        return ""
    prefix = match.group()
    return prefix if all(row[token].startswith(prefix) for row in rows) else ""
