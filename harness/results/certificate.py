"""What was tried to make a backend's answers change, and what did: the file beside a stress run.

`certificate.json` has a row for each backend, gold set, task and kind of trial. It is of the run
whose record lies beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.coding import FileKind, decode_file, encode, laid_out
from harness.formats.files import read_text, write_text
from harness.results.record import RunRecord

__all__ = ["CERTIFICATE", "Instability", "Trial", "read_certificate", "write_certificate"]

CERTIFICATE = "certificate.json"
"""In the folder of a run."""

_FILE = FileKind(
    name="certificate",
    versions=(1,),
    marks={"kind": "harness-certificate"},
    broken="is the file cut off?",
    foreign="expected the certificate.json that `harness stress` writes",
    outdated="run harness stress again",
)


@dataclass(frozen=True, slots=True)
class Instability:
    """An answer that changed though nothing did that should have changed it."""

    document: str
    text: str
    """The smallest text found on which it does; that of the document where it came only once."""
    before: tuple[str, ...]
    """What was answered to it, of what differs, each in its surroundings."""
    after: tuple[str, ...]
    again: bool
    """Whether it came again when that text was asked about by itself."""
    calls: int
    """How often that was tried."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was varied for a backend on a gold set."""

    backend: str
    gold: str
    task: str
    varied: str
    """`batch`, `order`, ...: see `harness.run.certificate`."""
    how: str
    """`1 and 4`"""
    texts: int
    """How many were asked about in both ways."""
    changed: int
    """For how many of them the answer was another one."""
    example: Instability | None = None
    """Of the shortest of these."""
    trouble: str = ""
    """Why it was not tried."""


@dataclass(frozen=True, slots=True)
class _File:
    kind: str
    schema_version: int
    run_started: str
    trials: tuple[Trial, ...]


def write_certificate(folder: Path, record: RunRecord, trials: Sequence[Trial] | None) -> None:
    """Write the certificate of a run, or delete the one of an earlier run into this folder."""
    path = folder / CERTIFICATE
    if trials is None:
        path.unlink(missing_ok=True)
        return
    file = _File("harness-certificate", 1, record.started, tuple(trials))
    write_text(path, laid_out(encode(file), ("trials",)) + "\n")


def read_certificate(folder: Path, record: RunRecord) -> tuple[Trial, ...] | None:
    """The trials of a run; `None` where there were none, or the file is of another run.

    Raises `InputError` for a file that is broken.
    """
    path = folder / CERTIFICATE
    if not path.is_file():
        return None
    file = decode_file(_File, read_text(path), _FILE, path)
    return file.trials if file.run_started == record.started else None
