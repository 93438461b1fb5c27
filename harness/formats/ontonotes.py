"""CoNLL-2012, the columns of OntoNotes 5: named entities in brackets, one document a part.

    #begin document (bc/ada/00/ada_0000); part 000
    bc/ada/00/ada_0000 0 0 Ada NNP (TOP(S(NP*) - - - - (PERSON) (ARG0*) (1)
    #end document

Defined at conll.cemantix.org/2012/data.html. Columns are parted by white space; there are more of
them where a sentence has more predicates. The word is in column 3, counted from 0, the named
entities in column 10, or in those that `tag_column` says; they may be nested. Words are kept as
they are (`-LRB-`, `/.`). White space is rebuilt: single spaces between tokens, a newline between
sentences. The id is that of the document with the number of its part, `bc/ada/00/ada_0000_000`. Of
a folder, all files in it and below it are read that end in `_conll`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.annotation import Record, Span
from harness.coding import short
from harness.errors import InputError
from harness.formats.columns import numbered_lines, places_of
from harness.formats.losses import Losses
from harness.formats.options import TagColumnOption
from harness.formats.sniff import Head
from harness.formats.tagging import GrowingText
from harness.formats.tags import Chunk
from harness.table import plural

__all__ = ["EXAMPLE", "LOSES", "matches", "read"]

LOSES = "coreference, trees, predicates and other columns, speakers, white space between tokens"
EXAMPLE = (
    "#begin document (bc/ada/00/ada_0000); part 000\n"
    "bc/ada/00/ada_0000 0 0 Ada NNP (TOP* - - - - (PERSON) (1)\n#end document\n"
)

_BEGIN = re.compile(r"#begin document +(?:\((.*)\);?|([^\s;]+);?)(?: +part +([0-9]+))?\s*")
_END = re.compile(r"#end document\b.*")
_BRACKETS = re.compile(r"\(([^()*\s]+)|\*|\)")
_WHOLE = re.compile(r"(?:\([^()*\s]+|\*|\))+")
_SPACES = re.compile(r"[ \t]+")
_WORD = 3
_ENTITIES = (10,)
_HIDDEN = "[WORD]"
_NONE = {"_", "-"}


def matches(head: Head) -> bool:
    """`#begin document` comes first; of a folder, a file in it or below it ends in `_conll`."""
    if head.path.is_dir():
        return head.holds(
            *(f"{below}*_conll" for below in ("", "*/", "*/*/", "*/*/*/", "*/*/*/*/"))
        )
    first = next((line for line in head.text.split("\n") if line.strip()), "")
    return _BEGIN.fullmatch(first) is not None


def read(
    path: str | Path, *, tag_column: TagColumnOption = None, losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the parts of all documents of a file or a folder, memory flat.

    A part in which no row has that column, or all have `-` or `_` there, has no entity layer; that
    is counted. Raises `InputError` with the line for brackets that do not close or do not open, for
    rows of one sentence with different numbers of columns or outside a document, for a document
    without an end, and for one that comes twice.
    """
    path = Path(path)
    columns = _ENTITIES if tag_column is None else places_of(tag_column, 0, "tag column")
    losses = Losses() if losses is None else losses
    below = (file for file in path.rglob("*_conll") if file.is_file())
    files = sorted(below) if path.is_dir() else [path]
    if not files:
        raise InputError("holds no file that ends in _conll", path=path)
    return _read(files, columns, losses)


def _read(files: Sequence[Path], columns: tuple[int, ...], losses: Losses) -> Iterator[Record]:
    seen: set[str] = set()
    for path in files:
        part: _Part | None = None
        number = 0
        for number, line in numbered_lines(path, "a CoNLL-2012 file"):
            begins = _BEGIN.fullmatch(line)
            if begins is not None and part is None:
                id_ = "_".join(filter(None, [begins[1] or begins[2], begins[3]]))
                if id_ in seen:
                    message = f"document {id_!r} comes a second time"
                    raise InputError(message, path=path, line=number)
                seen.add(id_)
                part = _Part(path, id_, number, columns, losses)
            elif part is None:
                if line.strip():
                    message = f"found {short(line)}, expected #begin document"
                    raise InputError(message, path=path, line=number)
            elif begins is not None or _END.fullmatch(line):
                if begins is not None:
                    raise part.endless(number)
                yield part.record()
                part = None
            elif line.startswith("#"):
                losses["comments: left out"] += 1
            elif line.strip(" \t"):
                part.row(number, _SPACES.split(line.strip(" \t")))
            else:
                part.end_sentence()
        if part is not None:
            raise part.endless(number)


@dataclass(slots=True)
class _Part:
    """A part that is being read."""

    path: Path
    id: str
    line: int
    columns: tuple[int, ...]
    losses: Losses
    growing: GrowingText = field(default_factory=GrowingText)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    annotated: bool = False

    def endless(self, number: int) -> InputError:
        message = f"no #end document for {self.id!r}, which begins in line {self.line}"
        return InputError(message, path=self.path, line=number, hint="is the file cut off?")

    def row(self, number: int, fields: list[str]) -> None:
        expected = len(self.rows[0][1]) if self.rows else max(len(fields), _WORD + 1)
        if len(fields) != expected:
            raise InputError(
                f"found {plural(len(fields), 'column')}, expected {expected}",
                path=self.path,
                line=number,
                hint="document, part, number, word, ...: as many in every row of a sentence",
            )
        self.rows.append((number, fields))

    def end_sentence(self) -> None:
        """Add the rows that have been read to the text."""
        if not self.rows:
            return
        width, spans = len(self.rows[0][1]), list[Span]()
        places = [width + column if column < 0 else column for column in self.columns]
        if self.columns == _ENTITIES and width - 1 in places:
            places = []  # The last column is coreference.
        for _, fields in self.rows:
            if self.growing.tokens:
                self.growing.gap(" " if spans else "\n")
            spans.append(self.growing.token(fields[_WORD]))
            if fields[_WORD] == _HIDDEN:
                self.losses["words hidden as [WORD]: kept as they are"] += 1
            if width - 1 > _WORD and width - 1 not in places and "(" in fields[-1]:
                self.losses["mentions of coreference: left out"] += fields[-1].count("(")
        for column in places:
            if 0 <= column < width:
                self.growing.mark(self._chunks(column), spans)
        self.rows = []

    def _chunks(self, column: int) -> list[Chunk]:
        cells = [fields[column] for _, fields in self.rows]
        if all(cell in _NONE for cell in cells):
            return []
        self.annotated = True
        chunks: list[Chunk] = []
        waiting: list[tuple[int, str]] = []
        for index, (number, fields) in enumerate(self.rows):
            cell = fields[column]
            if not _WHOLE.fullmatch(cell):
                raise self._wrong(f"found {short(cell)}", number)
            for bracket in _BRACKETS.finditer(cell):
                if bracket[1] is not None:
                    waiting.append((index, bracket[1]))
                elif bracket[0] == ")":
                    if not waiting:
                        raise self._wrong(
                            f"{short(cell)} ends an entity that has not begun", number
                        )
                    start, label = waiting.pop()
                    chunks.append(Chunk(start, index + 1, label))
        if waiting:
            start, label = waiting[-1]
            message = f"the entity {short(label)} does not end in its sentence"
            raise self._wrong(message, self.rows[start][0])
        return sorted(chunks, key=lambda chunk: (chunk.start, -chunk.end))

    def _wrong(self, message: str, number: int) -> InputError:
        hint = "named entities are written (PERSON), or (PERSON* * *)"
        return InputError(message, path=self.path, line=number, hint=hint)

    def record(self) -> Record:
        self.end_sentence()
        if not self.annotated and self.growing.tokens:
            self.losses["documents without named entities in brackets: no entity layer"] += 1
        return self.growing.record(self.id, annotated=self.annotated or not self.growing.tokens)
