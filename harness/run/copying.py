"""Copying answers from one predictions store into another: a merge, and a look behind the own one.

One function copies, `take`. A batch is one transaction, with the key and the processes that it
refers to, so that a kill leaves whole batches behind and the next go finds them there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from harness.coding import decode, load_json
from harness.digest import digest_text
from harness.errors import InputError, UsageError
from harness.formats.files import is_there
from harness.paths import PREDICTIONS
from harness.run.database import Database, OtherVersion
from harness.run.rows import KeyRow, PredictionRow, ProcessCosts, Timing, row_checksum

__all__ = ["Copied", "adopt", "is_same_file", "key_named", "merge_stores", "store_file", "take"]
__all__ += ["take_documents"]

_BATCH_ROWS = 500
_BATCH_CHARACTERS = 4_000_000


@dataclass(slots=True)
class Copied:
    """What came of copying: predictions by what became of them, and keys."""

    keys: int = 0
    """Keys that the target did not have."""
    predictions: int = 0
    """Predictions that the target did not have, or had in a damaged row."""
    same: int = 0
    """Predictions that both have."""
    differing: Counter[str] = field(default_factory=Counter)
    """By backend, predictions of which each has another answer: the target's stays."""
    damaged: int = 0
    """Predictions that are not as they were written, or are under such a key: not taken."""
    unproven_keys: int = 0
    """Keys of one run alone: not taken."""
    unproven: int = 0
    """Predictions under them."""
    other_version: str = ""
    """Why nothing was taken: a store of another version."""


# A merge


def merge_stores(
    target: Database, sources: Sequence[str | Path], *, run: str = "", replacing: bool = False
) -> list[tuple[Path, Copied]]:
    """Copy all that the `sources`, files or their folders, have into `target`; one after another.

    Doing it again changes nothing, and goes on where it was stopped. What is kept for one run
    alone stays where it is, unless it is the run with the token `run`. Another answer than the
    target's is counted, and with `replacing` takes its place: it was asked for anew. Raises
    `InputError`, before anything is copied, for a source that is not there or is broken, and
    `UsageError` for one that is the target.
    """
    files = [store_file(source) for source in sources]
    for file in files:
        if is_same_file(file, target.path):
            raise UsageError(f"{file} is the store to merge into: name others")
        if not is_there(file):
            raise InputError("there is no predictions store", path=file)
        with suppress(OtherVersion):
            Database(file, read_only=True).close()
    return [(file, _merge_one(target, file, run, replacing)) for file in files]


def _merge_one(target: Database, file: Path, run: str, replacing: bool) -> Copied:
    copied = Copied()
    try:
        source = Database(file, read_only=True)
    except OtherVersion as error:
        copied.other_version = error.message
        return copied
    try:
        for (number,) in source.run("SELECT id FROM backends ORDER BY id"):
            for row in source.run("SELECT * FROM backends WHERE id = ?", (number,)):
                _merge_key(target, source, row, run, replacing, copied)
        source.check_unchanged()
    finally:
        source.close()
    return copied


def _merge_key(
    target: Database,
    source: Database,
    row: Sequence[Any],
    run: str,
    replacing: bool,
    copied: Copied,
) -> None:
    key = _checked_key(row)
    if key is None or load_json(key.fields).get("run", run) != run:
        query = "SELECT count(*) FROM predictions WHERE backend = ?"
        ((predictions,),) = source.run(query, row[:1])
        if key is None:
            copied.damaged += predictions
        else:
            copied.unproven_keys += 1
            copied.unproven += predictions
        return
    copied.keys += key_named(target, key.digest) is None
    with target.transaction():
        adopt(target, key)
    for batch in _batches(source, key.id):
        take(target, source, key, batch, copied, replacing=replacing)


def _batches(source: Database, backend: int) -> Iterator[list[PredictionRow]]:
    """All rows of a key, by document, so many at a time that memory stays flat."""
    where = f"backend = ? AND document > ? ORDER BY document LIMIT {_BATCH_ROWS}"
    last: object = float("-inf")  # Before whatever may stand there.
    while True:
        batch: list[PredictionRow] = []
        characters = 0
        with closing(_rows(source, where, (backend, last))) as rows:
            for row in rows:
                batch.append(row)
                characters += len(row.answer) if isinstance(row.answer, str) else 0
                if characters > _BATCH_CHARACTERS:
                    break
        if not batch:
            return
        yield batch
        last = batch[-1].document


def _rows(
    store: Database, where: str, values: Sequence[object]
) -> Generator[PredictionRow, None, None]:
    query = f"SELECT document, answer, timings, checksum FROM predictions WHERE {where}"  # noqa: S608 - conditions of ours
    yield from map(PredictionRow._make, store.stream(query, values))


# Both


def take(
    target: Database,
    source: Database,
    key: KeyRow,
    rows: Sequence[PredictionRow],
    copied: Copied,
    *,
    replacing: bool = False,
) -> list[bytes]:
    """Copy predictions of a `key` of `source` that are sound and that `target` lacks; with
    `replacing` all that are sound.

    Returns the documents of which the target now has an answer: somebody else may have put one
    there since it was looked for. Times of processes that the source does not know are left out,
    with the rounds after them.
    """
    sound = {row.document: row for row in rows if _is_sound(key.digest, row)}
    copied.damaged += len(rows) - len(sound)
    lacking, same, differing = _compared(target, key, sound)
    if lacking or replacing:
        with target.transaction():  # From here on nobody else writes, who may have until now.
            lacking, same, differing = _compared(target, key, sound)
            _insert(target, source, key, list(sound.values()) if replacing else lacking)
    copied.predictions += len(lacking)
    copied.same += same
    if differing:
        copied.differing[key.name] += differing
    return list(sound)


def _insert(target: Database, source: Database, key: KeyRow, rows: Sequence[PredictionRow]) -> None:
    own = adopt(target, key)
    rounds = {row.document: _rounds(row.timings) for row in rows}
    used = {timing.process for _, times in rounds.values() for timing in times}
    numbers = _processes(target, source, key.id, own, used)
    for row in rows:
        unstable, times = rounds[row.document]
        known = takewhile(lambda timing: timing.process in numbers, times)
        renumbered = [timing._replace(process=numbers[timing.process]) for timing in known]
        timings = json.dumps([unstable, renumbered], separators=(",", ":"))
        checksum = row_checksum(key.digest, row.document, row.answer, timings)
        target.run(
            "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?, ?, ?)",
            (own, row.document, row.answer, timings, checksum),
        )


def take_documents(
    target: Database, source: Database, digest: str, documents: Sequence[bytes], copied: Copied
) -> list[bytes]:
    """Copy the predictions for these documents, as `take` does, under the key with this digest."""
    key = key_named(source, digest)
    if key is None:
        return []
    marks = ", ".join("?" * len(documents))
    where = f"backend = ? AND document IN ({marks})"
    rows = list(_rows(source, where, (key.id, *documents)))
    return take(target, source, key, rows, copied) if rows else []


def adopt(target: Database, key: KeyRow) -> int:
    """The number of a key in `target`, which is made where it is new; inside a transaction.

    Of what both know the target's stays, but for the day when it was last used.
    """
    known = target.run(
        "SELECT id FROM backends WHERE digest = ? AND used >= ? AND (hello != '' OR ? = '')",
        (key.digest, key.used, key.hello),
    )
    if known:
        return int(known[0][0])
    target.run(
        "INSERT INTO backends (digest, name, fields, hello, created, used) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE"
        " SET used = max(used, excluded.used),"
        " hello = CASE WHEN hello = '' THEN excluded.hello ELSE hello END",
        key[1:],
    )
    ((number,),) = target.run("SELECT id FROM backends WHERE digest = ?", (key.digest,))
    return int(number)


def key_named(store: Database, digest: str) -> KeyRow | None:
    """The key with this digest; `None` where the store has none, or a damaged one."""
    rows = store.run("SELECT * FROM backends WHERE digest = ?", (digest,))
    return _checked_key(rows[0]) if rows else None


def store_file(place: str | Path) -> Path:
    """The file of a store that is named by it or by its folder."""
    path = Path(place)
    return path / PREDICTIONS if path.is_dir() else path


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both are there and are one file, by whatever names."""
    return is_there(one) and is_there(other) and one.samefile(other)


def _checked_key(row: Sequence[Any]) -> KeyRow | None:
    """The row, or `None` where its fields are not what its digest is of."""
    try:
        key = decode(KeyRow, list(row))
        fields = load_json(key.fields)
    except (ValueError, RecursionError):
        return None
    sound = isinstance(fields, dict) and digest_text(key.fields) == key.digest
    return key if sound else None


def _is_sound(digest: str, row: PredictionRow) -> bool:
    try:
        if row.checksum != row_checksum(digest, *row[:3]):
            return False
        _rounds(row.timings)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _rounds(timings: str) -> tuple[bool, tuple[Timing, ...]]:
    return decode(tuple[bool, tuple[Timing, ...]], load_json(timings), extra=True)


def _compared(
    target: Database, key: KeyRow, sound: Mapping[bytes, PredictionRow]
) -> tuple[list[PredictionRow], int, int]:
    """The rows that `target` has not, or not as they were written; of how many others both have
    the same answer, and of how many another."""
    marks = ", ".join("?" * len(sound))
    where = f"backend = (SELECT id FROM backends WHERE digest = ?) AND document IN ({marks})"  # noqa: S608 - only marks
    rows = _rows(target, where, (key.digest, *sound))
    own = {row.document: row.answer for row in rows if _is_sound(key.digest, row)}
    same = sum(answer == sound[document].answer for document, answer in own.items())
    lacking = [row for document, row in sound.items() if document not in own]
    return lacking, same, len(own) - same


def _processes(
    target: Database, source: Database, theirs: int, own: int, used: Collection[int]
) -> dict[int, int]:
    """Processes of a key of `source` by their number there, with that in `target`.

    One that has the same machine and times is the same, copied before; the larger peak counts.
    """
    numbers: dict[int, int] = {}
    for number in sorted(used):
        rows = source.run(
            "SELECT machine, load_seconds, warmup_seconds, peak_memory FROM processes"
            " WHERE id = ? AND backend = ?",
            (number, theirs),
        )
        try:
            (costs,) = (decode(ProcessCosts, list(row)) for row in rows)
        except ValueError:  # None of that number, or a damaged one.
            continue
        known = target.run(
            "SELECT id FROM processes WHERE backend = ? AND machine = ?"
            " AND load_seconds IS ? AND warmup_seconds IS ? ORDER BY id LIMIT 1",
            (own, *costs[:3]),
        )
        if known:
            numbers[number] = known[0][0]
            if costs.peak_memory_bytes is not None:
                target.run(
                    "UPDATE processes SET peak_memory = max(ifnull(peak_memory, 0), ?)"
                    " WHERE id = ?",
                    (costs.peak_memory_bytes, known[0][0]),
                )
            continue
        target.run("INSERT INTO processes VALUES (NULL, ?, ?, ?, ?, ?)", (own, *costs))
        ((numbers[number],),) = target.run("SELECT last_insert_rowid()")
    return numbers
