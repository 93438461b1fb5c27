"""What an interrupted run in shards has left behind, and what of it is still to be run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import lcm
from pathlib import Path
from time import monotonic, sleep

from harness import __version__
from harness.coding import encode
from harness.digest import digest_text
from harness.errors import BackendFailed, HarnessError, UsageError
from harness.formats.files import is_there, read_text, write_text
from harness.gold.goldset import GoldSet
from harness.paths import PREDICTIONS, RECORD, UNFINISHED
from harness.registry import BackendSpec
from harness.results import provenance, stored
from harness.results.lock import locked
from harness.run.launch import describe_backend
from harness.run.options import RunOptions
from harness.run.proof import files_beside, own_code
from harness.run.store import Store
from harness.run.variables import passed_digests
from harness.scale.job import asked_as
from harness.scale.names import STORE
from harness.shards import Shard

__all__ = [
    "await_end",
    "begin",
    "bring_home",
    "done_shards",
    "folder_of",
    "forget",
    "is_done",
    "left_stores",
    "plan_of",
    "remaining",
]

_PLAN = "plan.txt"
_END_SECONDS = 30.0
_PAUSE = 0.05


def plan_of(specs: Sequence[BackendSpec], goldsets: Sequence[GoldSet], options: RunOptions) -> str:
    """A digest of everything that decides what the record will say, and of nothing else: backends
    with what shows that they are the same, gold sets, options, versions; no folder, no command."""
    git = provenance.git_state()
    what = [
        [__version__, sys.version.split()[0], git and git.commit, own_code()],
        [asked_as(specs), [_evidence(spec, options) for spec in specs]],
        [
            [gold.name, gold.digest, sorted((gold.said.options if gold.said else {}).items())]
            for gold in goldsets
        ],
        sorted(options.recorded().items()),
        [options.environment, options.threads, options.seed, passed_digests(options.pass_env)],
    ]
    return digest_text(repr(encode(what)))


def _evidence(spec: BackendSpec, options: RunOptions) -> object:
    prove = options.cache is not None
    try:
        found = describe_backend(
            spec, prove=prove, passed=options.pass_env, named=options.environment
        )
    except BackendFailed as error:
        return str(error)
    return [encode(found), files_beside(spec.model) if spec.external else ""]


def begin(
    place: Path, plan: str, shards: int, *, interrupted: bool, cache: Path | None, token: str
) -> int:
    """Keep the shards in `place` where they are of an interrupted run with the same plan, and
    return how many shards that had at first; those of any other go, with a new beginning, and what
    they have answered goes into the store `cache` (`bring_home`).

    Waits for processes of that run which have not noticed yet that it was killed. Raises
    `UsageError` where one of them does not end.
    """
    for folder in _folders(place):
        await_end(folder)
    file = place / _PLAN
    with suppress(HarnessError, ValueError):
        if interrupted and is_there(file):
            before, count = read_text(file).split()
            if before == plan and int(count) > 0:
                return int(count)
    bring_home(place, cache, token)
    forget(place)
    write_text(file, f"{plan} {shards}\n")
    return shards


def forget(place: Path) -> None:
    """Remove all shards. After a kill in between, those of which a part is left are not gone on
    with: without a plan they are of another run."""
    (place / _PLAN).unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)


def await_end(folder: Path, seconds: float = _END_SECONDS) -> None:
    """Wait until nobody writes into the folder of a shard. Raises `UsageError` after so long."""
    mark = folder / UNFINISHED
    deadline = monotonic() + seconds
    while mark.exists():
        if (handle := locked(mark)) is not None:
            with handle:
                if not os.fstat(handle.fileno()).st_size:  # It had ended, and the mark is ours.
                    mark.unlink(missing_ok=True)
            return
        if monotonic() > deadline:
            raise UsageError(
                f"{folder}: a process that was started by an earlier run is still writing into "
                "this folder; wait for it, or end it"
            )
        sleep(_PAUSE)


def remaining(shard: Shard, done: Sequence[Shard]) -> Iterator[Shard]:
    """What of a shard is still to be run, in as few shards as the ones that are `done`, of which
    no two meet, allow: shards which with these have each of its documents once."""
    inside = [one for one in done if one.meets(shard)]
    if not inside:
        yield shard
    elif not any(shard.count % one.count == 0 for one in inside):
        parts = min(_factor(lcm(shard.count, one.count) // shard.count) for one in inside)
        for part in range(parts):
            piece = Shard(shard.number + part * shard.count, shard.count * parts)
            yield from remaining(piece, inside)


def _factor(number: int) -> int:
    """The smallest prime factor of a number from 2 up."""
    return next((one for one in range(2, number) if number % one == 0), number)


def folder_of(place: Path, shard: Shard) -> Path:
    """Where a shard is written."""
    return place / f"{shard.number}-of-{shard.count}"


def is_done(folder: Path) -> bool:
    """Whether the record of a shard is in its folder."""
    return (folder / RECORD).is_file() and not (folder / UNFINISHED).exists()


def done_shards(place: Path) -> dict[Shard, int]:
    """The shards whose records are there, each with how many documents it was asked for, a
    document once for each result."""
    found = {}
    for folder, shard in _folders(place).items():
        if is_done(folder):
            record = stored.read(folder / RECORD)
            own = record.shard.results if record.shard else ()
            found[shard] = sum(one.documents for one in own)
    return dict(sorted(found.items()))


def left_stores(place: Path) -> list[Shard]:
    """The shards that have stores of their own there, done or not."""
    return [
        shard
        for folder, shard in _folders(place).items()
        if (folder / STORE / PREDICTIONS).is_file()
    ]


def bring_home(place: Path, cache: Path | None, token: str, *, fresh: bool = False) -> None:
    """What shards have answered in stores of their own goes into the run's, of what is not proven
    that of the run with this token; `fresh` answers take the place of those that are there."""
    stores = [one.parent for one in sorted(place.glob(f"*/{STORE}/{PREDICTIONS}"))]
    if cache is not None and stores:
        with Store(cache) as store:
            store.merge(stores, run=token, replacing=fresh)


def _folders(place: Path) -> Mapping[Path, Shard]:
    found = {}
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        number, _, count = folder.name.partition("-of-")
        with suppress(ValueError):
            found[folder] = Shard.parse(f"{number}/{count}")
    return found
