"""What a run of very many documents costs whoever reads it: `python tests/benchmarks/units.py`.

A run of two backends is made without any text: five mentions a document, counted as `harness run`
counts them. Printed are the peak memory and the CPU time of a process that does one thing with it.
Not a test: it takes minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.results import stored, unit_files
from harness.results.record import UnitTally
from harness.results.save import write_run
from harness.tasks.tally import Tally
from tests import synthetic
from tests.benchmarks.scale import MEASURE, measure

BACKENDS = {"careful": 0.8, "hasty": 0.7}
"""With the share of the mentions that they find."""

READ = """
import re, sys, time
from pathlib import Path
from harness.results.load import from_run, read_run
for one in from_run(read_run(sys.argv[1])):
    one.total
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print("measured", int(peak[1]) / 1024, time.process_time(), file=sys.stderr)
"""


def units(documents: int, share: float) -> Iterator[UnitTally]:
    """A unit for each document; the gold is the same whatever share of it is found."""
    golds, answers = random.Random(documents), random.Random(share)
    for number in range(documents):
        counts: dict[tuple[str | None, ...], int] = {}
        for label in golds.choices(synthetic.LABELS, k=5):
            draw = answers.random()
            key: tuple[str | None, ...] = ("correct", label)
            if draw > share:
                other = answers.choice(synthetic.LABELS)
                key = ("errors", "missed", label, None)
                if draw > share + 0.1 and other != label:
                    key = ("errors", "type", label, other)
            counts[key] = counts.get(key, 0) + 1
        if answers.random() < 0.2:
            counts["errors", "spurious", None, "ORG"] = 1
        yield UnitTally(f"d{number:07}", 0, Tally.made(counts).to_json())


def write_many(folder: Path, documents: int) -> Path:
    """A run of so many documents, whose record fits its counts."""
    small = synthetic.articles(9)
    gold = synthetic.gold(folder, small)
    systems = synthetic.systems_of(gold, dict.fromkeys(BACKENDS, small))
    record = write_run(folder / "run", systems, [gold])
    results = []
    for result in record.results:
        name = stored.file_name("units", result.gold, result.task, result.backend)
        with unit_files.write_units(folder / "run", name, documents) as file:
            file.add(units(documents, BACKENDS[result.backend]))
        signature = str(result.signature).replace("|n:9d|", f"|n:{documents}d|")
        told = {"signature": signature, "documents": documents, "predictions": None}
        told |= {"predictions_digest": "", "scores": {}, "units": (), **file.fields()}
        results.append(replace(result, **told))
    golds = tuple(replace(one, documents=documents) for one in record.gold)
    stored.write(folder / "run" / "run.json", replace(record, gold=golds, results=tuple(results)))
    return folder / "run"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--verbs", nargs="*", default=["report", "compare"])
    options = parser.parse_args()
    print(f"{'':<26}{'format':>10}{'documents':>10}{'MiB':>8}{'peak MiB':>10}{'CPU s':>8}")
    for number in options.documents:
        for ending, least in (("jsonl", number + 1), ("sqlite", number)):
            unit_files.DATABASE_FROM = least
            with tempfile.TemporaryDirectory() as name:
                run = str(write_many(Path(name), number))
                size = sum(file.stat().st_size for file in Path(run).glob("units/*/*/*")) / 2**20
                for what, code, arguments in (
                    ("read, check and add up", READ, [run]),
                    *((verb, MEASURE, [verb, run]) for verb in options.verbs),
                ):
                    memory, cpu, _ = measure(arguments, Path(name), code)
                    print(
                        f"{what:<26}{ending:>10}{number:>10}{size:>8.1f}{memory:>10.1f}{cpu:>8.1f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
