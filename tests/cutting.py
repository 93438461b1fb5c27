"""Runs that are cut into shards beside those that are not, in the current folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import synthetic
from inside import BROKEN, forget
from support import timeless

from harness.cli.main import main
from harness.results.record import Result, RunRecord
from harness.results.stored import iter_units, read, to_json

QUIET = ("--no-cache", "--quiet", "--rankings")


def laid(
    documents: int = 20, name: str = "gold", *, faults: Iterable[int] = (), schema: str = ""
) -> str:
    """A gold set whose ids are in no order, and where it lies; documents with faults say so."""
    rows = synthetic.articles(documents, seed=documents, paragraphs=1 if documents > 100 else 3)
    bad = set(faults)
    rows = [
        replace(row, text=f"{row.text}FAULT {number}") if number in bad else row
        for number, row in enumerate(rows)
    ]
    rows.sort(key=lambda row: row.id[::-1])
    return str(synthetic.gold(Path(), rows, name, schema).path)


def undivided(*words: str, status: int = 0) -> Path:
    """The folder of the run that was not cut; it was made where the merged one will be."""
    forget_but_broken()
    assert main(["run", *words, "--out", "out", *QUIET]) == status
    return Path("out").rename("whole")


def cut(*words: str, n: int, during: Callable[[int], None] | None = None) -> list[str]:
    """The folders of the shards; `during` is called before each."""
    folders = []
    for number in range(1, n + 1):
        forget_but_broken()
        if during is not None:
            during(number)
        folders.append(f"shards/{number:02}")
        main(["run", *words, "--out", folders[-1], "--shard", f"{number}/{n}", *QUIET])
    return folders


def forget_but_broken() -> None:
    broken = dict(BROKEN)
    forget()
    BROKEN.update(broken)


def merged(folders: Sequence[str], *words: str, status: int = 0) -> Path:
    assert main(["merge", *folders, "--out", "out", *words, "--rankings"]) == status
    return Path("out")


def tried(n: int, *words: str, status: int = 0, gold: Sequence[str] = ()) -> RunRecord:
    """A run and its shards put together, which are the same; the record of it."""
    whole = undivided(*words, status=status)
    out = merged(cut(*words, n=n), *gold, status=status)
    check_same(whole, out)
    return read(out)


def check_same(whole: Path, out: Path) -> None:
    records = [read(folder) for folder in (whole, out)]
    one, other = (to_json(timeless(record)) for record in records)
    assert one.splitlines() == other.splitlines()
    assert one == other
    one_files, other_files = (files(folder) for folder in (whole, out))
    assert list(one_files) == list(other_files)
    for name, content in one_files.items():
        assert content == other_files[name], name
    for result in (*records[1].results, *records[1].common):
        assert list(iter_units(result, whole)) == list(iter_units(result, out))


def files(folder: Path) -> Mapping[str, bytes]:
    """The files beside a record, but those that tell of times."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    told = ("run.json", "leaderboard.md")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in told and path.parent.name != "logs"
    }


def only(record: RunRecord) -> Result:
    (result,) = record.results
    return result
