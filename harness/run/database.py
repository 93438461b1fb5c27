"""The SQLite file behind the predictions store: its tables, its version, its errors.

Durability: write-ahead log with `synchronous=NORMAL`, one transaction per statement. A process
killed at any point loses nothing that was committed, for the log is in the kernel's hands by then.
A power cut may lose the last transactions but cannot corrupt the file; what is lost is predicted
again. `FULL` would pay an fsync per document for no more than that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from harness.errors import InputError

__all__ = ["Database", "Pruned"]

_VERSION = 2
_WAIT_SECONDS = 60.0
_DISK = ("SQLITE_FULL", "SQLITE_IOERR")
_TABLES = """
CREATE TABLE backends (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    fields TEXT NOT NULL,
    hello TEXT NOT NULL,
    created TEXT NOT NULL,
    used TEXT NOT NULL
);
CREATE TABLE processes (
    id INTEGER PRIMARY KEY,
    backend INTEGER NOT NULL REFERENCES backends ON DELETE CASCADE,
    machine TEXT NOT NULL,
    load_seconds REAL,
    warmup_seconds REAL,
    peak_memory INTEGER
);
CREATE TABLE predictions (
    backend INTEGER NOT NULL REFERENCES backends ON DELETE CASCADE,
    document BLOB NOT NULL,
    answer TEXT NOT NULL,
    timings TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (backend, document)
) WITHOUT ROWID;
"""
_RUNS = """
CREATE TABLE runs (
    plan TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    started TEXT NOT NULL
)
"""


class Pruned(InputError):
    """What a statement refers to has been removed in the meantime, by another process."""


class Database:
    """The open file. One object serves one thread; several may be open."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it and its folder if need be.

        Raises `InputError` when it is no store, is broken, or of another version.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", path=path.parent) from None
        try:
            self._db = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._broken(error) from None
        # What is no UTF-8 is damage, which whoever reads the row finds.
        self._db.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a statement gives; what it changes is safe once this returns.

        Raises `InputError` when the file cannot be used.
        """
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise Pruned(
                f"a key of the predictions store is gone: {error}", path=self._path
            ) from None
        except sqlite3.Error as error:
            raise self._broken(error) from None

    def _prepare(self) -> None:
        self._switch_to_wal()
        self.run("PRAGMA synchronous=NORMAL")
        self.run("PRAGMA foreign_keys=ON")
        self.run("BEGIN IMMEDIATE")
        ((version,),) = self.run("PRAGMA user_version")
        if version == 0:
            for statement in _TABLES.split(";"):
                self.run(statement)
        if version in (0, 1):  # Version 1 knew no runs; its predictions had weaker keys.
            self.run(_RUNS)
            self.run(f"PRAGMA user_version={_VERSION}")
        self.run("COMMIT")
        if version not in (0, 1, _VERSION):
            raise InputError(
                f"a predictions store of version {version}, expected {_VERSION}",
                path=self._path,
                hint="delete it, or name another folder with --cache-dir",
            )

    def _switch_to_wal(self) -> None:
        # The first switch needs the file for itself, and SQLite does not wait for that.
        deadline = monotonic() + _WAIT_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.Error as error:
                if "locked" not in str(error) or monotonic() > deadline:
                    raise self._broken(error) from None
            sleep(0.01)

    def _broken(self, error: sqlite3.Error) -> InputError:
        hint = "if it is broken, delete it: predictions are made again"
        if getattr(error, "sqlite_errorname", "").startswith(_DISK):
            hint = "is there room on its disk? Make some, or name another folder with --cache-dir"
        return InputError(
            f"the predictions store cannot be used: {error}", path=self._path, hint=hint
        )
