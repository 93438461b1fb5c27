"""How time grows with the length of hostile texts: `python tests/benchmarks/long_texts.py`.

Each kind of `tests/longest.py` goes through each backend of our own, in a process of its own;
printed is its time per character over that on the seed articles (CPU time, the best of several).
Not a test: `syntax` takes minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from longest import KINDS, articles

from harness.adapter import Backend, LoadRequest
from harness.registry import BackendSpec, adapter

OURS = ("gazetteer", "quotes", "whole-document", "syntax/en_core_web_sm")


def load(name: str) -> Backend:
    spec = BackendSpec.parse(name)
    task = adapter(spec.adapter).declaration.tasks[0]
    return adapter(spec.adapter).load(LoadRequest(model=spec.model, task=task, offline=True))


def seconds_a_character(backend: Backend, texts: Sequence[str], best_of: int) -> float:
    best = float("inf")
    for _ in range(best_of):
        start = time.process_time()
        for text in texts:
            for raw in backend.predict([text]):
                backend.annotations(text, raw)
        best = min(best, time.process_time() - start)
    return best / sum(map(len, texts))


def _one(backend: Backend, text: str, limit: int, best_of: int, channel: Connection) -> None:
    # The kernel ends what does not end: a library's own loops never look at the clock.
    resource.setrlimit(resource.RLIMIT_CPU, (limit * best_of, limit * best_of))
    channel.send(seconds_a_character(backend, [text], best_of))


def measure(backend: Backend, text: str, limit: int, best_of: int) -> float | None:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_one, args=(backend, text, limit, best_of, theirs))
    child.start()
    theirs.close()
    try:
        return float(ours.recv())
    except EOFError:
        return None
    finally:
        child.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", nargs="*", default=OURS)
    parser.add_argument("--kind", nargs="*", default=list(KINDS))
    parser.add_argument("--size", type=int, default=200_000, help="characters")
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds for a text")
    parser.add_argument("--best-of", type=int, default=2)
    parser.add_argument("--over", type=float, default=0.0, help="only ratios above")
    options = parser.parse_args()
    print(f"{'backend':<24}{'kind':<34}{'characters':>10}{'us/character':>14}{'ratio':>8}")
    for name in options.backend:
        backend = load(name)
        base = seconds_a_character(backend, articles(60_000), 3)
        print(f"{name:<24}{'seed articles':<34}{'':>10}{base * 1e6:>14.3f}{1:>8.2f}", flush=True)
        for kind in options.kind:
            text = KINDS[kind](options.size)
            found = measure(backend, text, options.limit, options.best_of)
            if found is None:
                least = options.limit / len(text) / base
                shown = f"{'no end':>14}{f'>{least:.0f}':>8}"
            elif found / base < options.over:
                continue
            else:
                shown = f"{found * 1e6:>14.3f}{found / base:>8.2f}"
            print(f"{name:<24}{kind:<34}{len(text):>10}{shown}", flush=True)


if __name__ == "__main__":
    main()
