"""Runs that are cut into shards: are they exact, what do two workers bring, how large may they be?

    python tests/benchmarks/shards.py --part merge
    python tests/benchmarks/shards.py --part speed --documents 1000 10000
    python tests/benchmarks/shards.py --part million --folder FOLDER   # its shards stay for later

Not a test: parts take minutes, and a million documents are read by every shard. The rows are those
of the tables of docs/scale.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import shlex
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

# A script's own folder is on the path; the tests' folder is put there.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scale import measure, write_documents
from support import timeless

from harness.paths import RECORD, WRITTEN
from harness.results import stored

GOLD = "docs.jsonl"
COUNTS = (1, 2, 3, 7, 16, 64)
BURN = f"burn=process:{shlex.join([sys.executable, str(Path(__file__).with_name('burn.py'))])}"
QUIET = ("--quiet", "--rankings")
FEW = 2
"""Documents of a run that shows what its start takes."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {"merge": merging, "speed": speed, "million": million}
    parser.add_argument("--part", choices=parts, action="append", help="default: all of them")
    parser.add_argument("--documents", type=int, nargs="*", default=[])
    parser.add_argument("--folder", type=Path, help="of `million`: what is there is used again")
    parser.add_argument("--shards", type=int, default=64, help="of `million`")
    parser.add_argument("--pairs", type=int, default=3, help="of `speed`")
    parser.add_argument("--executor", nargs="*", default=["local", "ray"], help="of `speed`")
    options = parser.parse_args()
    for part in options.part or parts:
        parts[part](options)


@contextlib.contextmanager
def gold(documents: int, folder: Path | None = None) -> Iterator[Path]:
    """A folder with so many documents; one that is given stays."""
    with tempfile.TemporaryDirectory() as name:
        place = folder or Path(name)
        place.mkdir(parents=True, exist_ok=True)
        if not (place / GOLD).exists():
            write_documents(place / f"{GOLD}.draft", documents)
            (place / f"{GOLD}.draft").rename(place / GOLD)
        yield place


def run(folder: Path, out: str, *arguments: str, backend: str = "gazetteer") -> float:
    """Seconds of a run."""
    command = ["run", backend, "--gold", GOLD, "--out", out, "--no-cache", *QUIET, *arguments]
    _, _, seconds = measure(command, folder)
    return seconds


def is_same(one: Path, other: Path) -> bool:
    """Whether two runs, in folders side by side, differ in times at most, and in their command."""
    records = [replace(timeless(stored.read(place)), command=()) for place in (one, other)]
    files = [
        {
            path.relative_to(place): path.read_bytes()
            for name in WRITTEN
            for path in (place / name).rglob("*")
            if path.is_file()
        }
        for place in (one, other)
    ]
    return records[0] == records[1] and files[0] == files[1]


# Whether it is exact


def merging(options: argparse.Namespace) -> None:
    """Is a merge of so many shards the run that was not cut, and how long does it take?"""
    print(f"{'shards':>8}{'documents':>11}  {'the same':<10}{'merge s':>8}", flush=True)
    for documents in options.documents or [2_000]:
        with gold(documents) as folder:
            run(folder, "whole")
            for count in COUNTS:
                for number in range(1, count + 1):
                    run(folder, f"{count}/{number}", "--shard", f"{number}/{count}")
                command = ["merge", str(count), "--out", f"merged-{count}", "--rankings"]
                _, _, seconds = measure(command, folder)
                same = "yes" if is_same(folder / "whole", folder / f"merged-{count}") else "NO"
                print(f"{count:>8}{documents:>11}  {same:<10}{seconds:>8.1f}", flush=True)


# What several workers bring


def speed(options: argparse.Namespace) -> None:
    """Two workers against one, in turn, with a backend that does nothing but compute."""
    head = f"{'executor':<10}{'documents':>10}{'start s':>9}{'1: docs/s':>11}{'2: docs/s':>11}"
    print(f"{head}{'ratio':>7}  from to", flush=True)
    for executor in options.executor:
        if importlib.util.find_spec(executor) is None and executor != "local":
            print(f"{executor}: not installed", flush=True)
            continue
        for documents in options.documents or [1_000, 10_000]:
            pairs = [_pair(executor, documents) for _ in range(options.pairs)]
            start, one, two = (statistics.median(each) for each in zip(*pairs, strict=True))
            ratios = sorted(two / one for _, one, two in pairs)
            print(
                f"{executor:<10}{documents:>10}{start:>9.1f}{one:>11.1f}{two:>11.1f}"
                f"{statistics.median(ratios):>7.2f}  {ratios[0]:.2f} {ratios[-1]:.2f}",
                flush=True,
            )


def _pair(executor: str, documents: int) -> tuple[float, float, float]:
    """Seconds of the start, documents a second of one local worker, and of two workers.

    The start of local workers counts. That of a cluster, which is there already where there is one,
    is what the same command takes for two documents, and does not.
    """
    with gold(documents) as folder:
        one = documents / _workers(folder, "local", 1)
        two = _workers(folder, executor, 2)
    start = 0.0
    if executor != "local":
        with gold(FEW) as folder:
            start = _workers(folder, executor, 2)
    return start, one, documents / (two - start)


def _workers(folder: Path, executor: str, workers: int) -> float:
    said = ("--executor", executor, "--workers", str(workers))
    return run(folder, f"{executor}-{workers}", *said, backend=BURN)


# How large it may be


def million(options: argparse.Namespace) -> None:
    """Seconds and memory of what comes after the shards."""
    (documents,) = options.documents or [1_000_000]
    with gold(documents, options.folder) as folder:
        _shards(folder, options.shards)
        shutil.rmtree(folder / "merged", ignore_errors=True)
        print(f"{'':<28}{'documents':>10}{'peak MiB':>10}{'CPU s':>8}{'wall s':>8}", flush=True)
        for title, command in (
            ("merge, with its tables", ["merge", "shards", "--out", "merged", "--rankings"]),
            ("report, 10,000 resamples", ["report", "merged", "--rankings"]),
        ):
            memory, cpu, wall = measure(command, folder)
            print(f"{title:<28}{documents:>10}{memory:>10.1f}{cpu:>8.1f}{wall:>8.1f}", flush=True)


def _shards(folder: Path, count: int) -> None:
    """Run those that are not there, as many at a time as there are cores."""

    def one(number: int) -> None:
        out = f"shards/{number}-of-{count}"
        if not (folder / out / RECORD).exists():
            seconds = run(folder, out, "--shard", f"{number}/{count}")
            print(f"shard {number} of {count}: {seconds:.0f} s", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, range(1, count + 1)))


if __name__ == "__main__":
    main()
