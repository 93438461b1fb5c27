"""The predictions store: content-addressed, in one SQLite file, safe against a kill at any point.

A prediction is found by the document's text and by everything that the answer depends on
(`harness.run.key.StoreKey`), so that a changed model, option, adapter or library misses. Two
backends can never answer for each other: each row carries a digest over its key, its document and
its contents, checked when it is read. Errors are not stored, except those that a backend calls
final.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from harness.annotation import Annotations
from harness.coding import decode, json_decoder, load_json
from harness.digest import digest_text, load_memo, save_memo
from harness.errors import HarnessError
from harness.formats.files import is_there
from harness.formats.jsonl import annotations_from_json, annotations_to_json
from harness.formats.plain import plain_layers
from harness.paths import DIGESTS, PREDICTIONS, cache_folder
from harness.results.lock import locked
from harness.results.provenance import now
from harness.run.answers import Size
from harness.run.copying import (
    Copied,
    adopt,
    is_same_file,
    key_named,
    merge_stores,
    store_file,
    take_documents,
)
from harness.run.database import Database
from harness.run.key import StoreKey
from harness.run.rows import ProcessCosts, Timing, row_checksum

__all__ = ["Store", "Stored", "StoredBackend", "taken_up"]

_WEEK = timedelta(days=7)
_dumps = json.JSONEncoder(separators=(",", ":")).encode


_decode_timings = json_decoder(tuple[bool, tuple[Timing, ...]])


class StoredBackend(NamedTuple):
    """A key in the store."""

    id: int
    digest: str
    name: str
    fields: Mapping[str, Any]
    predictions: int
    created: str
    used: str


class Stored(NamedTuple):
    """One answer: checked annotations, what was dropped from it, and its times by round."""

    annotations: Annotations | None
    """`None` where the backend refused the document for good; `error` then says why."""
    problems: tuple[str, ...] = ()
    characters_seen: int | None = None
    timings: tuple[Timing, ...] = ()
    unstable: bool = False
    """A later round answered otherwise."""
    error: str | None = None

    def answer_text(self) -> str:
        """The answer without its times, as it is stored and compared."""
        answer = annotations_to_json(self.annotations or Annotations())
        if self.annotations is None:
            answer["error"] = self.error
        if self.problems:
            answer["problems"] = list(self.problems)
        if self.characters_seen is not None:
            answer["characters"] = self.characters_seen
        return _dumps(answer)


class Store:
    """The open store; a context manager. One object serves one thread; several may be open."""

    def __init__(
        self, folder: str | Path | None = None, *, behind: Iterable[str | Path] = ()
    ) -> None:
        """Open the store in `folder`, making it if need be.

        What it lacks is looked for in the stores `behind` it, one after another, folders or files
        that are only read: what is found there is copied, and there from then on. One of them that
        is not there has nothing.

        Raises `InputError` when a file is no store, is broken, or of another version.
        """
        self.path = Path(folder or cache_folder()) / PREDICTIONS
        self.damaged = 0
        """Rows so far that were not as they were written; to those who ask they are not there."""
        self._runs: dict[str, TextIO] = {}
        self._database = Database(self.path)
        self._behind: list[Database] = []
        load_memo(self._memo)
        try:
            for file in map(store_file, behind):
                if is_there(file) and not is_same_file(file, self.path):
                    self._behind.append(Database(file, read_only=True))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for handle in self._runs.values():
            handle.close()  # A run that did not finish may be taken up from here on.
        for database in (self._database, *self._behind):
            database.close()
        save_memo(self._memo)

    @property
    def _memo(self) -> Path:
        """Digests of model files, so that a large model need not be hashed at every start."""
        return self.path.with_name(DIGESTS)

    # Runs

    def begin(self, plan: str) -> str:
        """The token of a run: that of the interrupted one with the same plan, or a new one.

        Answers of what is not proven to be the same are kept under it, so that only the same run
        finds them when it is taken up again; a run that is under way is not taken up. What was not
        within a week is forgotten.
        """
        self._forget_old()
        handle, plan = next(
            (handle, slot)
            for slot in (f"{plan}{number or ''}" for number in count())
            if (handle := locked(self._lock_of(slot)))
        )
        rows = self._database.run("SELECT token FROM runs WHERE plan = ?", (plan,))
        token = str(rows[0][0]) if rows else uuid.uuid4().hex
        if not rows:
            self._database.run("INSERT INTO runs VALUES (?, ?, ?)", (plan, token, now()))
        self._runs[token] = handle
        return token

    def finish(self, token: str) -> None:
        """Forget a run that has ended, with all answers that only it may use."""
        ours = f'%"run":"{token}"%'
        self._database.run("DELETE FROM backends WHERE fields LIKE ?", (ours,))
        self._database.run("DELETE FROM runs WHERE token = ?", (token,))
        handle = self._runs.pop(token, None)
        if handle is not None:
            Path(handle.name).unlink(missing_ok=True)
            handle.close()

    def _forget_old(self) -> None:
        """Forget interrupted runs that nobody has taken up within a week."""
        today = datetime.now(UTC)
        for plan, token, started in self._database.run("SELECT plan, token, started FROM runs"):
            try:
                if today - datetime.fromisoformat(started) <= _WEEK:
                    continue
            except (TypeError, ValueError):  # No time of ours: a damaged row, which goes as well.
                pass
            handle = locked(self._lock_of(str(plan)))
            if handle is not None:
                self._runs[token] = handle
                self.finish(token)

    def _lock_of(self, plan: str) -> Path:
        name = digest_text(plan)[:16]
        return self.path.with_name(f"{self.path.name}.{name}.lock")

    # Backends and processes

    def backend_id(self, key: StoreKey, *, hello: str = "") -> int:
        """The row of a key, made when it is new; `hello` is kept beside it for replays."""
        used = now()
        with self._database.transaction():  # Between the two somebody might prune it.
            self._database.run(
                "INSERT INTO backends (digest, name, fields, hello, created, used) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET used = excluded.used,"
                " hello = CASE WHEN excluded.hello = '' THEN hello ELSE excluded.hello END",
                (key.digest, str(key.fields.get("backend", "")), key.text, hello, used, used),
            )
            query = "SELECT id FROM backends WHERE digest = ?"
            ((row,),) = self._database.run(query, (key.digest,))
        return int(row)

    def hello(self, backend: int) -> str:
        """What the worker said of itself when it last answered; empty when it never did."""
        rows = self._database.run("SELECT hello, digest FROM backends WHERE id = ?", (backend,))
        said, digest = rows[0] if rows else ("", "")
        for source in () if said else self._behind:
            key = key_named(source, digest)
            if key is not None and key.hello:
                with self._database.transaction():
                    adopt(self._database, key)
                return key.hello
        return str(said)

    def add_process(self, backend: int, costs: ProcessCosts) -> int:
        """Note a worker process; returns its number, for the timings of what it predicts.

        Raises `Pruned` where the backend is gone, as `put` does.
        """
        statement = "INSERT INTO processes VALUES (NULL, ?, ?, ?, ?, ?)"
        self._database.run(statement, (backend, *costs))
        ((number,),) = self._database.run("SELECT last_insert_rowid()")
        return int(number)

    def note_peak(self, process: int, peak_memory_bytes: int | None) -> None:
        """Update a process's peak memory."""
        statement = "UPDATE processes SET peak_memory = ? WHERE id = ?"
        self._database.run(statement, (peak_memory_bytes, process))

    def processes(self, numbers: Iterable[int]) -> dict[int, ProcessCosts]:
        """The costs of processes by number; unknown ones are left out, and damaged ones."""
        wanted = sorted(set(numbers))
        columns = "id, machine, load_seconds, warmup_seconds, peak_memory"
        query = f"SELECT {columns} FROM processes WHERE id IN ({_marks(wanted)})"  # noqa: S608
        found = {}
        for number, *costs in self._database.run(query, wanted):
            try:
                found[number] = decode(ProcessCosts, costs)
            except ValueError:
                self.damaged += 1
        return found

    # Predictions

    def get(self, backend: int, digest: str, documents: Sequence[bytes]) -> dict[bytes, Stored]:
        """Stored answers for document digests; what is not there, or damaged, is left out.

        `digest` is the key's, which the row's checksum covers. What the store lacks comes from
        those behind it.
        """
        found = self._get(backend, digest, documents)
        for source in self._behind:
            lacking = [document for document in documents if document not in found]
            if not lacking:
                break
            copied = Copied()
            taken = take_documents(self._database, source, digest, lacking, copied)
            self.damaged += copied.damaged
            if taken:
                found |= self._get(backend, digest, taken)
        return found

    def _get(self, backend: int, digest: str, documents: Sequence[bytes]) -> dict[bytes, Stored]:
        columns = "document, answer, timings, checksum"
        where = f"backend = ? AND document IN ({_marks(documents)})"
        query = f"SELECT {columns} FROM predictions WHERE {where}"  # noqa: S608 - only marks
        rows = self._database.run(query, (backend, *documents))
        read = {document: _stored(digest, document, *row) for document, *row in rows}
        sound = {document: stored for document, stored in read.items() if stored is not None}
        self.damaged += len(rows) - len(sound)
        return sound

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is put within is safe once this ends, all of it or, after an error, nothing."""
        with self._database.transaction():
            yield

    def put(self, backend: int, digest: str, document: bytes, stored: Stored) -> None:
        """Keep an answer; it is safe once this returns, or the block of `at_once` ends.

        Raises `Pruned` where the backend is gone.
        """
        answer = stored.answer_text()
        timings = _dumps([stored.unstable, stored.timings])
        checksum = row_checksum(digest, document, answer, timings)
        self._database.run(
            "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?, ?, ?)",
            (backend, document, answer, timings, checksum),
        )

    # All of it

    def merge(
        self, sources: Sequence[str | Path], *, run: str = "", replacing: bool = False
    ) -> list[tuple[Path, Copied]]:
        """Copy all that other stores have into this one (`harness.run.copying.merge_stores`)."""
        return merge_stores(self._database, sources, run=run, replacing=replacing)

    def backends(self) -> list[StoredBackend]:
        """Every key with how many predictions it has, by name, newest first.

        One that is damaged has no fields.
        """
        query = (
            "SELECT id, digest, name, fields,"
            " (SELECT count(*) FROM predictions WHERE backend = id), created, used"
            " FROM backends ORDER BY name, used DESC, id DESC"
        )
        return [
            StoredBackend(id_, digest, name, _fields(digest, fields), count, created, used)
            for id_, digest, name, fields, count, created, used in self._database.run(query)
        ]

    def prune(self, backends: Iterable[int]) -> int:
        """Forget backends with all their predictions; returns how many predictions went."""
        gone = 0
        for backend in backends:
            self._database.run("DELETE FROM predictions WHERE backend = ?", (backend,))
            ((count,),) = self._database.run("SELECT changes()")
            gone += int(count)
            self._database.run("DELETE FROM backends WHERE id = ?", (backend,))
        self._database.run("VACUUM")
        return gone


@contextmanager
def taken_up(store: Store, plan: object) -> Iterator[str]:
    """The token under which a run keeps answers of what is not proven to be the same.

    It is that of the run with the same `plan` (anything that JSON can write) where that was
    interrupted. A run that ends takes those answers with it.
    """
    digest = digest_text(json.dumps(plan))
    token = store.begin(digest)
    yield token
    store.finish(token)


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a row says beside the annotations."""

    error: str | None = None
    problems: tuple[str, ...] = ()
    characters: Size | None = None


def _stored(
    digest: str, document: bytes, answer: str, timings: str, checksum: bytes
) -> Stored | None:
    """A row, checked as if anybody had written it; `None` where it is damaged."""
    try:
        if checksum != row_checksum(digest, document, answer, timings):
            return None
        unstable, rounds = _decode_timings(timings)
        if plain := plain_layers(answer):
            return Stored(plain, timings=rounds, unstable=unstable)
        value = load_json(answer)
        said = decode(_Beside, value, extra=True)
        annotations = annotations_from_json(value, None) if said.error is None else None
    except (ValueError, AttributeError, RecursionError, HarnessError):  # A blob has no `encode`.
        return None
    characters = None if said.characters is None else int(said.characters)
    return Stored(annotations, said.problems, characters, rounds, unstable, said.error)


def _fields(digest: str, text: str) -> Mapping[str, Any]:
    """The fields of a key; none where they are not what its digest is of."""
    fields = load_json(text) if isinstance(text, str) and digest_text(text) == digest else None
    return fields if isinstance(fields, dict) else {}


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
