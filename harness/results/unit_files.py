"""Files of units beside a record: JSON lines, or Parquet where there are very many.

    ["d0000001",0,{"correct":{"PERSON":5}}]

A line, or a row with the columns `document`, `paragraph` and `tally`, says of one unit what was
counted; the tally is the same JSON in both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness.coding import compact, decode, parse_json
from harness.digest import digest_file
from harness.errors import InputError, LibraryMissing
from harness.formats.files import atomic_writer, new_file
from harness.formats.jsonstream import json_lines
from harness.results.record import UnitTally
from harness.results.units import UnitBuilder, UnitColumns, UnitIds
from harness.tasks.tally import Tally, TallyKey

__all__ = ["PARQUET_FROM", "UnitFile", "UnitRow", "read_columns", "unit_rows", "units_in"]
__all__ += ["write_units"]

PARQUET_FROM = 1_000_000
"""Documents of a gold set from which on units are written as Parquet."""

_LINES, _PARQUET = ".jsonl", ".parquet"
_GROUP = 1 << 16
"""Rows of a group; fixed, so that the same units make the same bytes whatever they came in."""
_MOST_TEXTS = 10_000
"""Different counts whose JSON is remembered."""
_LINE = re.compile(r'\["([^"\\\x00-\x1f]*)",(0|[1-9][0-9]{0,8}),(\{.*\})\]')
"""A unit as it is written, of a document whose id needs no escapes."""

_COLUMNS = [("document", "string"), ("paragraph", "int32"), ("tally", "string")]
"""Of Parquet, with their types."""

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
    the format: Parquet from `PARQUET_FROM` on where pyarrow is installed, JSON lines else. The file
    of the other format goes. Equal units in the same order make equal bytes, with the same version
    of pyarrow. Memory is bounded by a group of rows. Raises `InputError` where it cannot be
    written.
    """
    folder, stem = Path(folder), name.removesuffix(_LINES)
    as_parquet = documents >= PARQUET_FROM and _has_pyarrow()
    name, other = (stem + end for end in ((_PARQUET, _LINES)[:: 1 if as_parquet else -1]))
    if as_parquet:
        with new_file(folder / name) as draft, _parquet_writer(draft) as take:
            yield UnitFile(folder, name, take)
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

    Raises `InputError` for a line or row that is none, `LibraryMissing` without pyarrow.
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
    if path.suffix == _PARQUET:
        return InputError(f"not a unit: row {number}: {error}", path=path)
    return InputError(f"not a unit: {error}", path=path, line=number)


def _rows(path: Path) -> Iterator[_Row]:
    return _of_parquet(path) if path.suffix == _PARQUET else _of_lines(path)


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


# Parquet


def _has_pyarrow() -> bool:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        return False
    return True


@contextmanager
def _parquet_writer(path: Path) -> Iterator[Callable[[UnitRow], object]]:
    """What takes units into a Parquet file; nothing in it is of the time or the machine."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in _COLUMNS])
    rows: list[UnitRow] = []

    def write_group() -> None:
        columns = [
            pa.array(c, f.type) for c, f in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=_GROUP)
        rows.clear()

    def take(row: UnitRow) -> None:
        rows.append(row)
        if len(rows) == _GROUP:
            write_group()

    options: Mapping[str, Any] = {"compression": "zstd", "version": "2.6", "store_schema": False}
    with path.open("wb") as handle:
        with parquet.ParquetWriter(handle, schema, use_dictionary=["tally"], **options) as writer:
            yield take
            if rows:
                write_group()
        handle.flush()
        os.fsync(handle.fileno())


def _of_parquet(path: Path) -> Iterator[_Row]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise LibraryMissing(f"{path}: a Parquet file needs pyarrow", extra="parquet") from None
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            kinds = {field.name: str(field.type) for field in file.schema_arrow}
            if list(kinds.items()) != _COLUMNS:
                raise InputError(
                    f"not a file of units: found the columns {str(kinds)[:200]}, expected document "
                    "(string), paragraph (int32) and tally (string)",
                    path=path,
                )
            for batch in file.iter_batches(_GROUP, use_threads=False):
                for row in zip(*(batch.column(name).to_pylist() for name in kinds), strict=True):
                    number += 1
                    if None in row:
                        raise _not_a_unit(ValueError("a column is empty"), path, number)
                    document, paragraph, text = row
                    yield number, document, paragraph, text
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"not a Parquet file that can be read: {str(error)[:200]}", path=path
        ) from None
