"""The lines of WebAnno TSV 3, checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.annotation import Span
from harness.coding import short, whole_number
from harness.errors import InputError
from harness.formats.columns import numbered_lines
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.sniff import head_of
from harness.formats.webanno_file import AnnoFile, AnnoLayer, AnnoUnit, anno_meant
from harness.table import plural

__all__ = ["anno_file", "is_old_table"]

_FORMAT = re.compile(r"#FORMAT=WebAnno TSV 3\.?([0-9]?)\s*")
_LAYER = re.compile(r"#T_(SP|CH|RL)=([^|]+)(?:\|(.*))?")
_OLD_SENTENCE = re.compile(r"^#id=[0-9]+\r?\n#text=", re.MULTILINE)
_OLD_ROW = re.compile(r"^[0-9]{1,9}-[0-9]{1,9}\t", re.MULTILINE)
_UNIT = re.compile(r"([0-9]{1,9})-([0-9]{1,9})(\.[0-9]{1,9})?")
_RANGE = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


def anno_file(path: Path, unit: OffsetUnit) -> AnnoFile:
    """Read a file. Raises `InputError` with the line for whatever does not fit the format, for
    offsets that do not fit the text and for tokens that differ from it."""
    return _Parser(path, unit).parse()


def is_old_table(text: str) -> bool:
    """Whether it begins as a file of WebAnno TSV 2, whose header names no version."""
    return bool(_OLD_SENTENCE.search(text) and _OLD_ROW.search(text))


_LONGEST = 1 << 16
"""What may stand between two sentences, at most."""


class _Line(NamedTuple):
    """The line of a token, or of a part of one, with offsets as they are given."""

    number: int
    is_part: bool
    start: int
    end: int
    columns: Sequence[str]


class _Parser:
    def __init__(self, path: Path, unit: OffsetUnit) -> None:
        self._file = AnnoFile(path)
        self._unit = unit
        self._java = False
        self._width = 3
        self._parts: list[str] = []
        self._length = 0
        """Of the text so far, in the unit of the offsets."""
        self._said: list[str] = []
        """The text of the sentence that begins."""
        self._rows: list[_Line] = []

    def parse(self) -> AnnoFile:
        number, waiting = 0, False
        for number, line in numbered_lines(self._file.path, "a WebAnno TSV file"):
            if number == 1:
                self._version(line)
            elif line.startswith("#Text="):
                if not waiting and self._said:
                    self._place(None, number)
                self._said.append(self._text(line[6:], number))
                waiting = True
            elif line.startswith("#T_") and not self._rows and not waiting:
                self._layer(line, number)
            elif line.startswith("#") and not _UNIT.match(line):
                continue  # An id of a sentence, or what somebody has noted.
            elif line.strip():
                self._row(line, number, begins=waiting)
                waiting = False
            else:
                if waiting:
                    self._place(None, number)
                waiting = False
        if self._said:
            self._place(None, number)
        self._file.text = "".join(self._parts)
        self._resolve()
        return self._file

    def _wrong(self, message: str, number: int, hint: str | None = None) -> InputError:
        return InputError(message, path=self._file.path, line=number, hint=hint)

    def _version(self, line: str) -> None:
        match = _FORMAT.fullmatch(line)
        if match is None and is_old_table(head_of(self._file.path).text):
            hint = "import it into WebAnno or INCEpTION, and export it as WebAnno TSV 3"
            raise self._wrong("is WebAnno TSV 2, which is not read", 1, hint)
        if match is None:
            raise self._wrong(f"found {short(line)}, expected #FORMAT=WebAnno TSV 3.3", 1)
        self._java = match[1] in ("", "0", "1")

    def _text(self, said: str, number: int) -> str:
        text = anno_meant(said, java=self._java)
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self._wrong(f"found half a character in {short(said)}", number) from None

    def _layer(self, line: str, number: int) -> None:
        match = _LAYER.fullmatch(line)
        if match is None:
            raise self._wrong(f"found {short(line)}, expected #T_SP=layer|feature", number)
        features = tuple((match[3] or "").split("|"))
        layer = AnnoLayer(match[1], match[2].strip(), features, self._width, len(features))
        self._file.layers.append(layer)
        self._width += layer.width

    def _place(self, begin: int | None, number: int) -> None:
        """Add the text of a sentence where its first token begins, or at the end."""
        text = "\n".join(self._said)
        gap = (1 if self._length else 0) if begin is None else begin - self._length
        self._said = []
        if begin is None and not text:
            return
        if not 0 <= gap <= _LONGEST:
            message = f"the sentence begins at {begin}, but the text before it ends at "
            raise self._wrong(f"{message}{self._length}", number)
        between = " " * (gap - 1) + "\n" if gap and self._length else " " * gap
        self._parts += (between, text)
        self._length += gap + Offsets(text, self._unit).length

    def _row(self, line: str, number: int, *, begins: bool) -> None:
        columns = line.split("\t")
        if len(columns) == self._width + 1 and not columns[-1]:
            columns.pop()
        unit = _UNIT.fullmatch(columns[0])
        offsets = _RANGE.fullmatch(columns[1]) if len(columns) == self._width else None
        if unit is None or offsets is None or not all(columns[3:]):
            raise self._wrong(
                f"found {plural(len(columns), 'column')} that begin {short(line)}, expected "
                f"{self._width}: 1-1, 0-3, a token, and the layers of the header",
                number,
            )
        start, end = whole_number(offsets[1]), whole_number(offsets[2])
        if begins:
            self._place(start, number)
        elif not self._parts:
            raise self._wrong("a token before the first #Text=", number)
        self._rows.append(_Line(number, unit[3] is not None, start, end, columns))

    def _resolve(self) -> None:
        """Offsets become code points, checked against the text."""
        text, path = self._file.text, self._file.path
        offsets = Offsets(text, self._unit)
        count, last = 0, Span(0, 0)
        for number, is_part, *given, columns in self._rows:
            start, end = (offsets.code_point(one) for one in given)
            known = start is not None and end is not None and start <= end <= len(text)
            there = text[start:end] if known else None
            if there not in (columns[2], anno_meant(columns[2], java=self._java)):
                found = "nothing" if there is None else short(there)
                raise InputError(
                    f"the token is {short(columns[2])}, but the text has {found} at {columns[1]}",
                    path=path,
                    line=number,
                    options=("offsets", {"codepoint": "counts every character as one"}),
                )
            assert start is not None and end is not None
            if not is_part:
                if start < last.end or start == end:
                    what = "is empty" if start == end else "begins before the end of the last one"
                    raise self._wrong(f"the token {short(columns[2])} {what}", number)
                count, last = count + 1, Span(start, end)
            elif not count or start < last.start:
                raise self._wrong("a part of a token that does not stand before it", number)
            self._file.units.append(AnnoUnit(number, count, not is_part, Span(start, end), columns))
