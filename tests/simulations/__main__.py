"""How far the statistics can be trusted: every claim of the docs by simulation.

    make simulations                               # everything, into the pages of the docs
    python tests/simulations history --write       # one family; a page is written if it is whole
    python tests/simulations power --share 0.1     # a tenth of its runs

Everything is seeded: the same numbers come out again. Exit status 1: a claim does not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

# A folder that is run is no package: the tests' folder is put on the path.
sys.path.insert(0, str(Path(__file__).parents[1]))

from simulations.claims import PAGES, SPREADS, Outcome, measure

DOCS = Path(__file__).parents[2] / "docs"
MARKS = ("<!-- simulations -->", "<!-- /simulations -->")


def main() -> int:
    claims = [claim for page in PAGES.values() for claim in page]
    families = tuple(dict.fromkeys(claim.family for claim in claims))
    parser = argparse.ArgumentParser(description="simulations behind the docs")
    parser.add_argument("family", nargs="*", metavar="|".join(families))
    parser.add_argument("--share", type=float, default=1.0, help="of the runs; default: 1")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    args = parser.parse_args()
    if unknown := [name for name in args.family if name not in families]:
        parser.error(f"unknown family {unknown[0]!r}; known: {', '.join(families)}")
    chosen = [claim for claim in claims if claim.family in (args.family or families)]
    started = time.monotonic()
    outcomes = []
    print("\n".join(_head()), flush=True)
    for outcome in measure(chosen, args.share, workers=args.workers):
        outcomes.append(outcome)
        print(_row(outcome), flush=True)
    print(f"{time.monotonic() - started:.0f} s with {args.workers} processes", file=sys.stderr)
    for page, wanted in PAGES.items() if args.write else ():
        rows = [outcome for outcome in outcomes if outcome.claim in wanted]
        if len(rows) == len(wanted):
            _write(DOCS / page, rows)
    broken = [outcome for outcome in outcomes if not outcome.holds]
    for outcome in broken:
        print(f"does not hold: {_row(outcome)}", file=sys.stderr)
    return 1 if broken else 0


def _head() -> Iterator[str]:
    yield (
        "| family | claim | conditions | runs | "
        + " | ".join(f"sd {sd:g}" for sd in SPREADS)
        + " | aim |"
    )
    yield "| --- | --- | --- | ---: |" + " ---: |" * len(SPREADS) + " --- |"


def _row(outcome: Outcome) -> str:
    claim = outcome.claim
    shares = " | ".join(f"{100 * share:.1f}" for share in outcome.shares)
    return (
        f"| {claim.family} | {claim.says} | {claim.setting} | {outcome.runs} | {shares} | "
        f"{claim.aim} |"
    )


def _write(path: Path, outcomes: Iterable[Outcome]) -> None:
    text = path.read_text("utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    table = "\n".join([*_head(), *map(_row, outcomes)])
    path.write_text(f"{before}{MARKS[0]}\n\n{table}\n\n{MARKS[1]}{after}", "utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
