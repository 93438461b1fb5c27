"""Reading and writing a million tokens of tags: `python tests/benchmarks/tag_files.py [TOKENS]`.

Prints CPU seconds and the largest memory of a process of its own for each.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.formats.opening import read_any
from harness.formats.writing import write_any

WORDS = ["Ada", "Roe", "met", "NATO", "in", "Oslo", "the", "of", "and", "reported", ",", "."]


def made(path: Path, tokens: int) -> None:
    """A file of documents of 20 sentences."""
    chance = random.Random(3)
    with path.open("w") as handle:
        written = 0
        while written < tokens:
            handle.write("-DOCSTART-\tO\n\n")
            for _ in range(20):
                for _ in range(chance.randint(5, 30)):
                    tag = chance.choice(["B-PER", "B-ORG", *["O"] * 8])
                    handle.write(f"{chance.choice(WORDS)}\t{tag}\n")
                    written += 1
                handle.write("\n")


def main() -> None:
    tokens = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.conll"
        made(path, tokens)
        for what in ("read", "read and write"):
            subprocess.run([sys.executable, __file__, "--one", what, str(path)], check=True)


def one(what: str, path: Path) -> None:
    start = time.process_time()
    if what == "read":
        documents = sum(1 for _ in read_any(path))
    else:
        documents = write_any(path.with_suffix(".out"), read_any(path), "conll")
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what}: {documents} documents, {seconds:.1f} s CPU, {memory} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
