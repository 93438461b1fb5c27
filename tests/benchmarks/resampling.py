"""Intervals and tests of a million documents: `python tests/benchmarks/resampling.py`.

Printed are the CPU time and the largest memory beyond the counts, which are here before the clock
starts. Not a test: the counts alone take 400 MB.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.stats.permutation import PairedTest, swap_test
from harness.stats.rates import rates
from harness.stats.resample import Resampler, percentile_interval

SIDES = ("found", "gold", "right", "predicted")


def f1(sums: Any) -> Any:
    """Of found, gold, right and predicted, as many times as there are."""
    shaped = np.asarray(sums, float).reshape(*np.shape(sums)[:-1], -1, len(SIDES))
    return rates(*(shaped[..., side] for side in range(len(SIDES)))).f1


def counts_of(gold: Any, skill: float, rng: Any) -> Any:
    """Counts of a backend on gold mentions of each document and part, `(documents, 4 x parts)`."""
    right = rng.binomial(gold, skill).astype(np.uint8)
    predicted = right + rng.poisson(0.15, gold.shape).astype(np.uint8)
    return np.stack([right, gold, right, predicted], axis=-1).reshape(len(gold), -1)


def measured(title: str, work: Callable[[], Any]) -> Any:
    """What the work gives; its cost is printed."""
    tracemalloc.start()
    started = time.process_time()
    found = work()
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"{title:<66}{seconds:>8.2f}{peak:>10.0f}", flush=True)
    return found


def intervals(resampler: Resampler, table: Any) -> list[Any]:
    """An interval for each part of each backend."""
    sums = resampler.sums(table)
    found = []
    for first in range(0, table.shape[1], len(SIDES)):
        basis = table[:, [first + 1, first + 3]].sum(axis=1, keepdims=True)
        scores = f1(sums[:, first : first + len(SIDES)])[:, 0]
        found.append(percentile_interval(scores, resampler.units.evidence(basis)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--backends", type=int, default=5)
    parser.add_argument("--parts", type=int, default=20)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    columns = args.parts * len(SIDES)
    table = np.empty((args.documents, args.backends * columns), np.uint8)
    for part in range(args.parts):  # The later a part comes, the rarer it is.
        gold = rng.poisson(2.0 / (1 + part), (args.documents, 1)).astype(np.uint8)
        for backend in range(args.backends):
            first = backend * columns + len(SIDES) * part
            table[:, first : first + len(SIDES)] = counts_of(gold, 0.85, rng)
    numbers = list(range(args.documents))
    print(f"{'':<66}{'CPU s':>8}{'peak MiB':>10}")
    resampler = measured("what is drawn", lambda: Resampler(numbers))
    measured(
        f"intervals of {args.backends} backends x {args.parts} parts",
        lambda: intervals(resampler, table),
    )
    heads = [table[:, start : start + len(SIDES)] for start in range(0, table.shape[1], columns)]
    few = np.concatenate(heads, axis=1)
    measured(
        f"on the same resamples, of {args.backends} backends x 1 part",
        lambda: intervals(resampler, few),
    )
    one, two = (head.astype(float) for head in heads[:2])
    show(measured("test of two equal backends", lambda: swap_test(one, two, f1_of_one)))
    worse = counts_of(heads[0][:, 1:2], 0.84, rng).astype(float)
    show(measured("test of two that differ", lambda: swap_test(one, worse, f1_of_one)))
    one, two = (table[:, start : start + columns].astype(float) for start in (0, columns))
    show(
        measured(
            f"test of a mean over {args.parts} parts",
            lambda: swap_test(one, two, lambda sums: f1(sums).mean(axis=-1)),
        )
    )


def f1_of_one(sums: Any) -> Any:
    return f1(sums)[..., 0]


def show(test: PairedTest) -> None:
    print(f"    {test.units} documents differ, {test.assignments} swaps, p = {test.p_value:.2g}")


if __name__ == "__main__":
    main()
