"""How memory and time grow with the number of documents: `python tests/benchmarks/scale.py`.

Short documents stream through `harness predict` and `harness run`; printed are the peak memory and
the CPU time of the parent process, and the wall-clock time. Not a test: it takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEASURE = """
import re, sys, time
from pathlib import Path
from harness.cli.main import main
status = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print("measured", int(peak[1]) / 1024, time.process_time(), file=sys.stderr)
sys.exit(status)
"""
WORDS = [
    "the",
    "of",
    "Anna",
    "and",
    "Bonn",
    "to",
    "in",
    "Carl",
    "a",
    "is",
    "that",
    "Dora",
    "for",
    "said",
]


def write_documents(path: Path, number: int) -> None:
    rng = random.Random(number)
    with path.open("w", encoding="utf-8") as handle:
        for index in range(number):
            words = rng.choices(WORDS, k=30)
            entities, start = [], 0
            for word in words:
                if word[0].isupper():
                    entities.append({"start": start, "end": start + len(word), "label": "PERSON"})
                start += len(word) + 1
            document = {"id": f"d{index:07}", "text": " ".join(words) + f" {index}"}
            handle.write(json.dumps({**document, "entities": entities}) + "\n")


def measure(arguments: list[str], folder: Path, code: str = MEASURE) -> tuple[float, float, float]:
    """Peak MiB, CPU seconds and seconds of a process of its own in a folder."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "HARNESS_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    _, memory, cpu = done.stderr.splitlines()[-1].split()
    return float(memory), float(cpu), time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--backend", default="gazetteer")
    parser.add_argument("--batch-size", default="1")
    parser.add_argument("--only", default="", help="the rows that begin so")
    options = parser.parse_args()
    print(f"{'':<34}{'documents':>10}{'peak MiB':>10}{'CPU s':>8}{'wall s':>8}{'docs/s':>8}")
    for number in options.documents:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_documents(folder / "docs.jsonl", number)
            batch = ["--batch-size", options.batch_size, "--quiet"]
            predict = ["predict", options.backend, "--docs", "docs.jsonl", "--out", "p.jsonl"]
            run = ["run", options.backend, "--gold", "docs.jsonl", "--out", "o", "--rankings"]
            for title, arguments in (
                ("predict", [*predict, *batch]),
                ("predict, from the store", [*predict, *batch]),
                ("run (predict, score, record)", [*run, *batch, "--no-cache"]),
                ("run, from the store", [*run, *batch]),
            ):
                if not title.startswith(options.only):
                    continue
                if title == "run, from the store":
                    measure(arguments, folder)  # The store has answers without times till then.
                memory, cpu, wall = measure(arguments, folder)
                print(
                    f"{title:<34}{number:>10}{memory:>10.1f}{cpu:>8.1f}{wall:>8.1f}"
                    f"{number / wall:>8.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
