"""The predictions store shared: `python tests/benchmarks/store.py [ROWS]`.

Prints how many answers a second 1, 2 and 4 processes put into one store, all as fast as they can,
and the longest that one of them waited; then how many rows a CPU second a merge copies out of a
store of so many (200,000), a second merge of the same finds there, and the largest memory of each,
in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Entity
from harness.run.key import StoreKey, document_digest
from harness.run.rows import ProcessCosts, Timing
from harness.run.store import Store, Stored

KEY = StoreKey({"backend": "a/x", "task": "ner"})
ANSWER = Annotations(tuple(Entity(10 * n, 10 * n + 4, "PER", 0.5) for n in range(10)))
PUTS = 20_000
FORK = multiprocessing.get_context("fork")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    for processes in (1, 2, 4):
        with tempfile.TemporaryDirectory() as folder:
            share = PUTS // processes
            found = together(*((put, Path(folder), who, share) for who in range(processes)))
            rate = processes * share / max(seconds for seconds, _ in found)
            longest = 1000 * max(wait for _, wait in found)
            print(f"{processes} processes: {rate:,.0f} puts/s, longest {longest:.0f} ms")
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), Path(name) / "source"
        together((put, source, 0, rows, True))
        for what in ("merged", "merged again"):
            ((seconds, memory),) = together((merge, folder, source))
            print(f"{what}: {rows / seconds:,.0f} rows a CPU second, {memory:.0f} MB")


def together(*jobs: tuple[Callable[..., Any], *tuple[Any, ...]]) -> list[tuple[float, float]]:
    """What each function gives, in a process of its own, all at once."""
    with FORK.Pool(len(jobs)) as pool:
        return [one.get() for one in [pool.apply_async(job, rest) for job, *rest in jobs]]


def put(folder: Path, who: int, count: int, at_once: bool = False) -> tuple[float, float]:
    """Seconds in all, and those of the longest; `at_once` in one transaction."""
    with Store(folder) as store:
        row = store.backend_id(KEY, hello="{}")
        process = store.add_process(row, ProcessCosts("here", float(who), None, None))
        stored = Stored(ANSWER, timings=(Timing(0.01, process),))
        longest, start = 0.0, time.perf_counter()
        with store._database.transaction() if at_once else nullcontext():
            for number in range(count):
                before = time.perf_counter()
                store.put(row, KEY.digest, document_digest(f"{who} {number}"), stored)
                longest = max(longest, time.perf_counter() - before)
        return time.perf_counter() - start, longest


def merge(folder: Path, source: Path) -> tuple[float, float]:
    """CPU seconds, and the largest memory in MB."""
    start = time.process_time()
    with Store(folder) as store:
        store.merge([source])
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
