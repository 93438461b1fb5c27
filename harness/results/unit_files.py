"""Files of units beside a record: JSON lines, or a SQLite file where there are very many.

    ["d0000001",0,{"correct":{"PERSON":5}}]

A line, or a row (`harness.results.unit_database`), says of one unit what was counted; the tally is
the same JSON in both.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness.coding import compact, decode, parse_json
from harness.digest import digest_file
from harness.errors import InputError
from harness.formats.files import atomic_writer, new_file
from harness.formats.jsonstream import json_lines
from harness.results.record import UnitTally
from harness.results.unit_database import database_rows, database_writer
from harness.results.units import UnitBuilder, UnitColumns, UnitIds
from harness.tasks.tally import Tally, TallyKey

__all__ = ["DATABASE_FROM", "UnitFile", "UnitRow", "read_columns", "unit_rows", "units_in"]
__all__ += ["write_units"]

DATABASE_FROM = 1_000_000
"""Documents of a gold set from which on units are written into a SQLite file."""

_LINES, _DATABASE = ".jsonl", ".sqlite"
_MOST_TEXTS = 10_000
"""Different counts whose JSON is remembered."""
_LINE = re.compile(r'\["([^"\\\x00-\x1f]*)",(0|[1-9][0-9]{0,8}),(\{.*\})\]')
"""A unit as it is written, of a document whose id needs no escapes."""

_Row: TypeAlias = tuple[int, str, int, str]
"""Number of the line or row, document, paragraph, and the JSON of the tally."""


class UnitRow(NamedTuple):
    """A unit whose tally is JSON as it was written, not looked at."""

    document: str
    paragraph: int
    tally: str

    def parsed(self) -> UnitTally:
        """With its tally looked at. Raises `ValueError` for one that is no JSON."""
        return UnitTally(self.document, self.paragraph, parse_json(self.tally))

    def line(self) -> str:
        """As it stands in a file of JSON lines: what `compact` makes of a `UnitTally`."""
        return f"[{compact(self.document)},{self.paragraph},{self.tally}]\n"


class UnitFile:
    """A file of units that is being written."""

    def __init__(self, folder: Path, name: str, take: Callable[[UnitRow], object]) -> None:
        self.name = name
        """As a record has it: relative to its folder, with the ending of its format."""
        self._folder = folder
        self._take = take
        self._texts: dict[frozenset[tuple[TallyKey, int]], str] = {}

    def add(self, units: Iterable[UnitTally]) -> None:
        """Write these, behind all others."""
        for unit in units:
            self._take(UnitRow(unit.document, unit.paragraph, compact(unit.tally)))

    def add_rows(self, rows: Iterable[UnitRow]) -> None:
        """The same of units as another file has them (`unit_rows`)."""
        for row in rows:
            self._take(row)

    def add_counted(self, document: str, tallies: Iterable[Tally]) -> None:
        """Write the units of one document; the JSON of counts that come again is made once."""
        for number, tally in enumerate(tallies):
            counts = frozenset(tally.items())
            text = self._texts.get(counts)
            if text is None:
                if len(self._texts) == _MOST_TEXTS:
                    self._texts.clear()
                text = self._texts[counts] = compact(tally.to_json())
            self._take(UnitRow(document, number, text))

    def fields(self) -> dict[str, Any]:
        """What a `Result` says of the file, once it is whole."""
        return {"units_file": self.name, "units_digest": digest_file(self._folder / self.name)}


@contextmanager
def write_units(folder: str | Path, name: str, documents: int) -> Iterator[UnitFile]:
    """Write a file of units, as they stream, whole or not at all.

        with write_units(out, file_name("units", gold, task, backend), documents) as file:
            file.add(units)
        result = replace(result, **file.fields())

    `name` is what `harness.results.stored.file_name` makes: a path below `folder` that ends in
    `.jsonl`. `documents` is how many the whole gold set has, of a shard's too, since that decides
    the format: SQLite from `DATABASE_FROM` on, JSON lines else. The file of the other format goes.
    Equal units in the same order make equal bytes, with the same version of SQLite. Memory is flat.
    Raises `InputError` where it cannot be written.
    """
    folder, stem = Path(folder), name.removesuffix(_LINES)
    large = documents >= DATABASE_FROM
    name, other = (stem + end for end in ((_DATABASE, _LINES)[:: 1 if large else -1]))
    if large:
        try:
            with new_file(folder / name) as draft, database_writer(draft) as take:
                yield UnitFile(folder, name, take)
        except sqlite3.Error as error:
            raise InputError(f"cannot be written: {error}", path=folder / name) from None
    else:
        with atomic_writer(folder / name) as handle:
            yield UnitFile(folder, name, lambda row: handle.write(row.line()))
    with suppress(FileNotFoundError):
        (folder / other).unlink()


def unit_rows(path: Path) -> Iterator[UnitRow]:
    """Stream the rows of a file in either format, to be written again. Raises as `units_in`."""
    for _, document, paragraph, text in _rows(path):
        yield UnitRow(document, paragraph, text)


def units_in(path: Path) -> Iterator[UnitTally]:
    """Stream the units of a file in either format.

    Raises `InputError` for a line or row that is none.
    """
    for number, document, paragraph, text in _rows(path):
        yield UnitTally(document, paragraph, _value(text, path, number))


def read_columns(
    path: Path, read: Callable[[Any], Tally], like: UnitIds | None = None
) -> UnitColumns:
    """The units of a file in either format, as columns; `read` makes tallies of their JSON.

    The ids are `like` itself where they are equal. Raises what `units_in` and `read` raise.
    """
    builder = UnitBuilder()
    begin, again = builder.begin, builder.tallies.again
    for number, document, paragraph, text in _rows(path):
        try:
            begin(document, paragraph)
        except ValueError as error:
            raise _not_a_unit(error, path, number) from None
        if not again(text):
            builder.tallies.add(read(_value(text, path, number)), text)
    return builder.built(like)


def _value(text: str, path: Path, number: int) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        raise _not_a_unit(error, path, number) from None


def _not_a_unit(error: Exception, path: Path, number: int) -> InputError:
    if path.suffix == _DATABASE:
        return InputError(f"not a unit: row {number}: {error}", path=path)
    return InputError(f"not a unit: {error}", path=path, line=number)


def _rows(path: Path) -> Iterator[_Row]:
    if path.suffix == _DATABASE:
        return ((number, *row) for number, row in enumerate(database_rows(path), 1))
    return _of_lines(path)


def _of_lines(path: Path) -> Iterator[_Row]:
    for number, line in json_lines(path):
        try:
            text = line.decode("utf-8")
            plain = _LINE.fullmatch(text.rstrip("\r\n"))
            if plain is not None:  # Its third part is looked at by whoever has not yet seen it.
                yield number, plain[1], int(plain[2]), plain[3]
                continue
            unit = decode(UnitTally, parse_json(text))
        except (ValueError, RecursionError) as error:
            raise _not_a_unit(error, path, number) from None
        yield number, unit.document, unit.paragraph, compact(unit.tally)
