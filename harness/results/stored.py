"""The run record as a file, and the files beside it that it names: predictions and units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import FileKind, decode_file, encode, laid_out
from harness.digest import digest_file, digest_text
from harness.errors import InputError, UsageError
from harness.formats import jsonl
from harness.formats.files import atomic_writer, read_text
from harness.paths import RECORD
from harness.results.record import (
    INLINE_DOCUMENTS,
    RECORD_SCHEMA,
    Result,
    RunRecord,
    UnitTally,
    stands_in_record,
)
from harness.results.unit_files import read_columns, units_in
from harness.results.units import UnitBuilder, UnitColumns, UnitIds
from harness.tasks.tally import Tally

__all__ = [
    "beside",
    "file_name",
    "from_json",
    "inside",
    "iter_units",
    "read",
    "read_units",
    "slug",
    "stored_predictions",
    "to_json",
    "write",
]

_FILE = FileKind(
    name="run record",
    versions=(1, RECORD_SCHEMA),
    marks={"schema_version": None},
    broken="is the file cut off?",
    foreign="expected the run.json that `harness run` writes",
    outdated="read it with the harness that wrote it, or run again",
)


def slug(backend: str) -> str:
    """A file name for a backend's name: readable, and never the same for two backends.

    `spacy/en_core_web_sm` becomes `spacy__en_core_web_sm`; any other special character is replaced,
    and then a digest of the whole name follows after `~`.
    """
    name = backend.replace("/", "__")
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in name
    )
    if (
        plain == name
        and "__" not in backend
        and "___" not in name
        and len(name) <= 100
        and name[0] != "."
    ):
        return plain
    return f"{plain[:80].lstrip('.')}~{digest_text(backend)[:8]}"


def file_name(kind: str, gold: str, task: str, backend: str, *, common: bool = False) -> str:
    """A file beside a record, of the kind `predictions` or `units`, as the record names it.

    `common` is for what was counted once more, in the schema that all backends reach.
    """
    folder = f"{kind}/{slug(gold)}{'/common' if common else ''}/{task}"
    return f"{folder}/{slug(backend)}.jsonl"


def to_json(record: RunRecord) -> str:
    """The record's text: a key a line, so that a person can read it and git can compare it."""
    value = encode(record)
    for name in ("results", "common"):  # At the end.
        value[name] = value.pop(name)
    return laid_out(value, ("results", "common")) + "\n"


def from_json(text: str, *, path: str | Path | None = None) -> RunRecord:
    """Read a record. Raises `InputError` for broken JSON, another version, a wrong field."""
    record = decode_file(RunRecord, text, _FILE, path)
    if record.seed < 0:
        raise InputError(
            f"not a valid run record: seed: found {record.seed}, expected a number from 0 up",
            path=path,
        )
    return record


def read(path: str | Path) -> RunRecord:
    """Read `run.json`, or the `run.json` in a folder. Raises `InputError`."""
    path = Path(path)
    path = path / RECORD if path.is_dir() else path
    return from_json(read_text(path), path=path)


def write(path: str | Path, record: RunRecord) -> None:
    """Write the record, whole or not at all.

    Raises `UsageError` where it holds the units of more documents than a record should
    (`harness.results.record.INLINE_DOCUMENTS`): they belong into a file beside it.
    """
    for one in (*record.results, *record.common):
        if one.units and not stands_in_record(one.documents):
            raise UsageError(
                f"{path}: the counts of {one.documents:,} documents ({one.backend} on {one.gold}) "
                f"are too much for a record, expected those of at most {INLINE_DOCUMENTS:,}: "
                "harness.results.save.write_run puts them into a file beside it"
            )
    with atomic_writer(path) as handle:
        handle.write(to_json(record))


def inside(folder: str | Path, name: str, what: str) -> Path:
    """The path of a file that a record names. Raises `InputError` outside the record's folder."""
    path = Path(folder) / name
    try:
        resolved = path.resolve()
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle.
        raise InputError(f"{what} {name[:100]!r} cannot be looked for: {error}"[:400]) from None
    if not resolved.is_relative_to(Path(folder).resolve()):
        raise InputError(f"{what} {name!r} lie outside the run's folder")
    if there and not path.is_file():
        raise InputError(f"{what} {name!r} are no regular file")
    return path


def beside(folder: str | Path, name: str, digest: str, what: str) -> Path:
    """The path of a file that a record names, which has to be the one that the run wrote.

    Raises `InputError` for one outside the record's folder, and for one with another digest: then
    the record is of one run, and the file of another.
    """
    path = inside(folder, name, what)
    try:
        if digest and digest_file(path) != digest:
            raise InputError(
                f"is not the file that this record is about: its {what} are of another run",
                path=path,
                hint="a run was stopped while it wrote here, or a file was edited: run again",
            )
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    return path


def stored_predictions(result: Result, folder: str | Path) -> Iterator[Record]:
    """The predictions of a result that has some, as they were written into the record's `folder`.

    Raises what `beside` raises.
    """
    assert result.predictions is not None
    return jsonl.read(beside(folder, result.predictions, result.predictions_digest, "predictions"))


def iter_units(result: Result, folder: str | Path) -> Iterator[UnitTally]:
    """The units of a result, from the record or from its side file in the record's `folder`.

    Raises what `beside` raises, and `units_in`.
    """
    yield from result.units
    if result.units_file is not None:
        yield from units_in(beside(folder, result.units_file, result.units_digest, "units"))


def read_units(
    result: Result,
    folder: str | Path,
    read: Callable[[Any], Tally],
    like: UnitIds | None = None,
) -> UnitColumns:
    """All of them as columns; `read` makes a tally of its JSON, and `like` are units that this
    result may have too: then they are shared. Raises what `iter_units` and `read` raise."""
    if result.units_file is None:
        builder = UnitBuilder()
        for unit in result.units:
            builder.begin(unit.document, unit.paragraph)
            builder.tallies.add(read(unit.tally))
        return builder.built(like)
    path = beside(folder, result.units_file, result.units_digest, "units")
    return read_columns(path, read, like)
