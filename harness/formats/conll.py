"""CoNLL columns: a token and its tag a line, a blank line between sentences.

CoNLL-2002, CoNLL-2003 and any IOB1 / IOB2 / BIOES / BILOU tag file: the first column is the token,
the last one its tag (or `tag_column`), parted by tabs or else by spaces. `-DOCSTART-` begins a
document; without one every sentence is a document of its own, since nothing says which belong
together. White space is rebuilt: single spaces between tokens, a newline between sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from harness.annotation import Record
from harness.errors import InputError, UsageError
from harness.formats import hints
from harness.formats.files import atomic_writer, opened
from harness.formats.losses import writable
from harness.formats.sniff import Head
from harness.formats.tags import (
    BadTag,
    Chunk,
    Repair,
    check_scheme,
    encode_tags,
    guess_scheme,
    repaired,
    split_tag,
)
from harness.formats.tokens import Tokens, sentences, tagged
from harness.table import plural

__all__ = ["DOCSTART", "HOLDS", "SUFFIXES", "tag_lines", "matches", "read", "scheme_of", "write"]

HOLDS = "flat entities, no ids"
SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv")

DOCSTART = "-DOCSTART-"
_SPACES = re.compile(r"[ \t]+")
_COMMENT = re.compile(r"#\s*(?:id\b|[\w.-]+ =(?: |$))")
_TAG = re.compile(r"(?:O|[BIESLUMW][-_]\S+)$")


def matches(head: Head) -> bool:
    """At least half of the lines end in a tag."""
    rows = [line.split() for line in head.lines if line.strip() and line[0] != "#"]
    tagged = sum(len(row) > 1 and bool(_TAG.match(row[-1])) for row in rows)
    return head.standoff is None and bool(rows) and tagged * 2 >= len(rows)


class Line(NamedTuple):
    """One line of the file: number, token, tag. An empty token is a blank line."""

    number: int
    token: str
    tag: str


def read(
    path: str | Path,
    *,
    scheme: str | None = None,
    repair: Repair = "strict",
    tag_column: int | str = -1,
    losses: Counter[str] | None = None,
) -> Iterator[Record]:
    """Stream the documents of a tag file.

    `tag_column` counts columns from 0, or from the end with -1, -2 (the gold of conlleval's input).

    The scheme is guessed from the whole file, in a first pass that keeps nothing but the pairs of
    neighbouring tags. Documents are numbered: `<file>-00001`. Under `conlleval` and `discard` the
    entities repaired or left out are counted in `losses`.

    Raises `InputError` with the line for a missing column, a tag that is none, a file that mixes
    schemes and, under `strict`, a sequence that the scheme does not allow.
    """
    path = Path(path)
    check_scheme(scheme, repair)
    try:
        column = int(tag_column)
    except ValueError:
        raise UsageError(f"tag column {tag_column!r}, expected a number such as -1") from None
    chosen = scheme_of(path, column, strict=repair == "strict") if scheme is None else scheme
    reader = _Reader(path, chosen, repair, Counter() if losses is None else losses)
    return reader.records(column)


class _Reader:
    def __init__(self, path: Path, scheme: str, repair: Repair, losses: Counter[str]) -> None:
        self.path, self.scheme, self.repair, self.losses = path, scheme, repair, losses
        self.count = 0

    def records(self, tag_column: int) -> Iterator[Record]:
        document: list[list[Line]] | None = None
        for sentence in _sentences(self.path, tag_column):
            if sentence[0].token == DOCSTART:
                if document is not None:
                    yield self.record(document)
                document = [sentence[1:]] if len(sentence) > 1 else []
            elif document is None:
                yield self.record([sentence])
            else:
                document.append(sentence)
        if document is not None:
            yield self.record(document)
        if not self.count:
            raise InputError("the file holds no token", path=self.path)

    def record(self, document: list[list[Line]]) -> Record:
        self.count += 1
        sentences = [([line.token for line in one], self.chunks(one)) for one in document]
        record = tagged(f"{self.path.stem}-{self.count:05}", sentences)
        return replace(record, number=self.count)

    def chunks(self, sentence: list[Line]) -> list[Chunk]:
        if all(line.tag == "O" for line in sentence):
            return []
        try:
            return repaired([row.tag for row in sentence], self.scheme, self.repair, self.losses)
        except BadTag as error:
            raise InputError(
                error.message,
                path=self.path,
                line=sentence[error.place].number,
                options=hints.REPAIR_HINT,
            ) from None


def scheme_of(path: str | Path, tag_column: int = -1, *, strict: bool = True) -> str:
    """The tag scheme of a file: one pass over it. See `guess_scheme`."""
    path = Path(path)
    pairs: dict[tuple[str, str], int] = {}
    before = "O"
    for number, token, tag in tag_lines(path, tag_column):
        now = tag if token and token != DOCSTART else "O"
        if (before, now) not in pairs:
            try:
                split_tag(now)
            except BadTag as error:
                raise InputError(error.message, path=path, line=number) from None
            pairs[before, now] = number
        before = now
    if before != "O":
        pairs.setdefault((before, "O"), number)
    try:
        return guess_scheme(pairs, strict=strict)
    except BadTag as error:
        raise InputError(
            error.message.replace("(place ", "(line "),
            path=path,
            line=error.place,
            options=hints.REPAIR_HINT,
        ) from None


def tag_lines(path: str | Path, tag_column: int = -1) -> Iterator[Line]:
    """Stream the lines of a tag file; a blank line has an empty token.

    Comment lines (`# id …`, `# key = value` before a sentence) are skipped. Raises `InputError`
    for a directory, an empty file, bytes that are not UTF-8, and a line with another number of
    columns than the first.
    """
    path = Path(path)
    columns, tabs, blank = 0, False, True
    number = 0
    with opened(path, "a tag file", mode="r", encoding="utf-8") as handle:
        try:
            for number, raw in enumerate(handle, 1):
                line = raw.rstrip("\r\n")
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if not line.strip(" \t"):
                    blank = True
                    yield Line(number, "", "O")
                    continue
                if blank and line[0] == "#" and _COMMENT.match(line):
                    continue
                if not columns:
                    tabs = "\t" in line
                fields = line.split("\t") if tabs else _SPACES.split(line.strip(" \t"))
                blank = False
                if fields[0] == DOCSTART:
                    yield Line(number, DOCSTART, "O")
                    continue
                columns = columns or _checked(fields, tag_column, path, number)
                if len(fields) != columns:
                    raise InputError(
                        f"found {plural(len(fields), 'column')}, expected {columns} as before",
                        path=path,
                        line=number,
                        hint="a token and its tag on each line, a blank line between sentences",
                    )
                yield Line(number, fields[0], fields[tag_column])
        except UnicodeDecodeError:
            raise InputError(
                "is not UTF-8 here or in the next lines",
                path=path,
                line=number + 1,
                hint="save the file as UTF-8",
            ) from None
    if not number:
        raise InputError("the file is empty", path=path)


def _checked(fields: list[str], tag_column: int, path: Path, number: int) -> int:
    if len(fields) < 2 or not -len(fields) <= tag_column < len(fields):
        raise InputError(
            f"found {plural(len(fields), 'column')}, expected a token and a tag",
            path=path,
            line=number,
        )
    return len(fields)


def _sentences(path: Path, tag_column: int) -> Iterator[list[Line]]:
    sentence: list[Line] = []
    for line in tag_lines(path, tag_column):
        if line.token == DOCSTART and sentence:
            yield sentence
            sentence = []
        if line.token:
            sentence.append(line)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    losses: Counter[str],
    scheme: str = "IOB2",
    tokens: Tokens = "auto",
) -> int:
    """Write two columns, token and tag, with a `-DOCSTART-` before each document.

    Counts in `losses` what tags cannot hold; document ids and exact white space are always lost.
    Raises `InputError` for a document without text and a label with white space.
    """
    check_scheme(scheme)
    count = 0
    with atomic_writer(path) as handle:
        for record, _ in writable(records, path):
            handle.write(f"{DOCSTART}\tO\n\n")
            for words, chunks in sentences(record, tokens, losses):
                for _, _, label in chunks:
                    if not label or any(char.isspace() for char in label):
                        raise InputError(f"{record.id}: a tag cannot spell the label {label!r}")
                rows = zip(words, encode_tags(chunks, len(words), scheme), strict=True)
                handle.write("".join(f"{word}\t{tag}\n" for word, tag in rows) + "\n")
            count += 1
    return count
