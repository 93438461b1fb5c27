"""CPU time of `harness explain`: 1,000 documents, five backends, everything.

    python tests/benchmarks/explain.py

With the start of Python, reading the run and the gold set, and 10,000 resamples.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthetic import articles, gold, predict, run_folder, skilled


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        documents = articles(1000, seed=1, paragraphs=4, mentions=3)
        backends = {
            f"b{number}": predict(documents, skilled(0.7 + 0.04 * number, 0.15), seed=number)
            for number in range(5)
        }
        run_folder(folder / "run", gold(folder, documents), backends)
        mentions = sum(len(one.annotations.entities or ()) for one in documents)
        before = _spent()
        subprocess.run(
            [sys.executable, "-m", "harness", "explain", str(folder / "run"), "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        print(f"{mentions:,} mentions, 5 backends: {_spent() - before:.2f} s CPU")


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
