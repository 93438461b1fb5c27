"""Units of very many documents as a SQLite file: each distinct tally once, and the rows in order.

    CREATE TABLE tallies (number INTEGER PRIMARY KEY, tally TEXT NOT NULL)
    CREATE TABLE units (document TEXT NOT NULL, paragraph INTEGER NOT NULL, tally INTEGER NOT NULL)

`tally` of a unit is the number of its tally; the order of units is that of `rowid`. A fourth of the
size of JSON lines, and read in no more memory than these.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from harness.errors import InputError

__all__ = ["RowOfUnit", "database_rows", "database_writer"]

RowOfUnit: TypeAlias = tuple[str, int, str]
"""Document, paragraph, and the JSON of the tally."""

_TABLES = (
    "CREATE TABLE tallies (number INTEGER PRIMARY KEY, tally TEXT NOT NULL)",
    "CREATE TABLE units (document TEXT NOT NULL, paragraph INTEGER NOT NULL, tally INTEGER NOT "
    "NULL)",
)
_TOGETHER = 4096
"""Rows that are put in at once; fixed, so that the same units make the same bytes."""
_MOST_TALLIES = 10_000
"""Distinct tallies that are told again; of more the file has some twice."""


@contextmanager
def database_writer(path: Path) -> Iterator[Callable[[RowOfUnit], object]]:
    """What takes units into a new file; nothing in it is of the time or the machine.

    Raises `sqlite3.Error` where it cannot be written.
    """
    numbers: dict[str, int] = {}
    tallies: list[tuple[int, str]] = []
    units: list[tuple[str, int, int]] = []
    count = 0

    def put() -> None:
        db.executemany("INSERT INTO tallies VALUES (?, ?)", tallies)
        db.executemany("INSERT INTO units VALUES (?, ?, ?)", units)
        tallies.clear()
        units.clear()

    def take(row: RowOfUnit) -> None:
        nonlocal count
        document, paragraph, text = row
        number = numbers.get(text)
        if number is None:
            if len(numbers) == _MOST_TALLIES:
                numbers.clear()
            number = numbers[text] = count
            count += 1
            tallies.append((number, text))
        units.append((document, paragraph, number))
        if len(units) == _TOGETHER:
            put()

    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", *_TABLES, "BEGIN"):
            db.execute(statement)
        yield take
        put()
        db.execute("COMMIT")
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def database_rows(path: Path) -> Iterator[RowOfUnit]:
    """Stream the units of a file; nothing else of it is obeyed.

    Raises `InputError` for a file that is none, and for what is no unit.
    """
    number = 0
    try:
        with closing(_opened(path)) as db:
            found = db.execute("SELECT sql FROM sqlite_master ORDER BY rowid").fetchall()
            if [sql for (sql,) in found] != list(_TABLES):
                raise InputError(
                    "not a file of units: it has other tables than `tallies` and `units`",
                    path=path,
                )
            rows = db.execute(
                "SELECT document, paragraph, tallies.tally FROM units "
                "LEFT JOIN tallies ON number = units.tally ORDER BY units.rowid"
            )
            for number, row in enumerate(rows, 1):
                if [*map(type, row)] != [str, int, str]:
                    raise InputError(f"not a unit: row {number}: {str(row)[:200]}", path=path)
                yield row
    except (sqlite3.Error, OverflowError) as error:
        raise InputError(f"not a file of units that can be read: {error}", path=path) from None


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    db.execute("PRAGMA trusted_schema=OFF")
    db.execute("PRAGMA cell_size_check=ON")
    return db
