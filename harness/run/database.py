"""The SQLite file behind the predictions store: its tables, its version, its errors.

Any number of processes may use it at once: a statement waits for its turn. One that only looks for
answers in it opens it read-only, also where nothing can be written.

Durability: write-ahead log with `synchronous=NORMAL`, one transaction per statement. A process
killed at any point loses nothing that was committed, for the log is in the kernel's hands by then.
A power cut may lose the last transactions but cannot corrupt the file; what is lost is predicted
again. `FULL` would pay an fsync per document for no more than that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from harness.errors import InputError

__all__ = ["Database", "OtherVersion", "Pruned"]

_VERSION = 2
_WAIT_SECONDS = 60.0
_DISK = ("SQLITE_FULL", "SQLITE_IOERR")
_NO_PARENT = "SQLITE_CONSTRAINT_FOREIGNKEY"
_NO_LOCKS = ("SQLITE_CANTOPEN", "SQLITE_READONLY")
# A number is given once: who still holds that of a row which was pruned shall not find another's.
_TABLES = """
CREATE TABLE backends (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    fields TEXT NOT NULL,
    hello TEXT NOT NULL,
    created TEXT NOT NULL,
    used TEXT NOT NULL
);
CREATE TABLE processes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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


class OtherVersion(InputError):
    """A store of another version."""


class Database:
    """The open file. One object serves one thread; several may be open."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, making it and its folder if need be; `read_only` neither makes nor writes.

        Raises `InputError` when it is no store or is broken (read-only, also when it is not
        there), and `OtherVersion` when it is of another version.
        """
        self.path = path
        self._read_only = read_only
        self._unlocked: tuple[int, int] | None = None
        if not read_only:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"cannot be made: {error.strerror}", path=path.parent) from None
        self._db = self._connected("mode=ro" if read_only else "mode=rwc")
        try:
            self._prepare_reading() if read_only else self._prepare()
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
        except sqlite3.Error as error:
            if _name(error) == _NO_PARENT:
                message = f"a key of the predictions store is gone: {error}"
                raise Pruned(message, path=self.path) from None
            raise self._broken(error) from None

    def stream(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, of one moment."""
        try:
            yield from self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._broken(error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside are kept together, or none is; others wait meanwhile.

        One inside another is a part of it.
        """
        if self._is_in_transaction():
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._is_in_transaction():  # A full disk has rolled it back already.
                self.run("ROLLBACK")
            raise

    def _is_in_transaction(self) -> bool:
        return self._db.in_transaction

    def check_unchanged(self) -> None:
        """Raises `InputError` where the file was read without a lock and was written meanwhile."""
        if self._unlocked is not None and (_state(self.path) != self._unlocked or self._has_log()):
            hint = "give the same command again: it goes on"
            raise InputError("was written while it was read", path=self.path, hint=hint)

    def _connected(self, how: str) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?{how}",
                timeout=_WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
        except sqlite3.Error as error:
            raise self._broken(error) from None
        # What is no UTF-8 is damage, which whoever reads the row finds.
        db.text_factory = lambda data: data.decode("utf-8", "replace")
        return db

    def _has_log(self) -> bool:
        """Whether something is in the write-ahead log beside the file."""
        state = _state(self.path.with_name(f"{self.path.name}-wal"))
        return state is not None and state[0] > 0

    def _prepare_reading(self) -> None:
        try:
            self._db.execute("SELECT * FROM sqlite_master").fetchall()
        except sqlite3.Error as error:
            # Readers take locks in a file beside it. Where nothing can be written they cannot, but
            # without a log nobody is writing, and whether somebody began to can be seen later.
            if not _name(error).startswith(_NO_LOCKS) or self._has_log():
                raise self._broken(error) from None
            self._db.close()
            self._db = self._connected("immutable=1")
            self._unlocked = _state(self.path)
        ((version,),) = self.run("PRAGMA user_version")
        if version == 0 and not self.run("SELECT * FROM sqlite_master"):
            # Its making was stopped; it is a store that has nothing.
            self._db.close()
            self._db = sqlite3.connect(":memory:", isolation_level=None)
            self._db.executescript(_TABLES)
        elif version != _VERSION:
            raise self._foreign(version)

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
            raise self._foreign(version)

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
        if _name(error).startswith(_DISK):
            hint = "is there room on its disk? Make some, or name another folder with --cache-dir"
        if self._read_only:
            hint = "it is only looked into: leave it out, or make it again"
            if self._has_log():
                hint = (
                    "it was not closed, or is in use: where it may not be written, copy its folder"
                )
        return InputError(
            f"the predictions store cannot be used: {error}", path=self.path, hint=hint
        )

    def _foreign(self, version: object) -> OtherVersion:
        hint = "delete it, or name another folder with --cache-dir"
        if self._read_only:
            hint = "leave it out; one of an earlier version is taken over by `harness cache list`"
        message = f"a predictions store of version {version}, expected {_VERSION}"
        return OtherVersion(message, path=self.path, hint=hint)


def _name(error: sqlite3.Error) -> str:
    """SQLite's name of an error, as in SQLITE_FULL; empty where it comes from Python's side."""
    return getattr(error, "sqlite_errorname", "")


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of a file; `None` where it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
