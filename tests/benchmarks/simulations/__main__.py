"""How far the statistics can be trusted: simulations with a known truth.

    make simulations                                           # everything, under 30 minutes
    python tests/benchmarks/simulations coverage --share 0.1   # a tenth of one claim

Everything is seeded: the same numbers come out again. docs/statistics.md quotes them.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

# A folder that is run has no parent package: its own folder and the tests' are on the path.
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from simulations import choosing, coverage, gates, tests

CLAIMS = {
    "coverage": coverage.report,
    "tests": tests.report,
    "power": tests.report_power,
    "choose": choosing.report,
    "alarms": gates.report_alarms,
    "drops": gates.report_drops,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="simulations behind docs/statistics.md")
    parser.add_argument("what", nargs="*", default=list(CLAIMS), metavar="|".join(CLAIMS))
    parser.add_argument("--share", type=float, default=1.0, help="of the runs; default: 1")
    args = parser.parse_args()
    for name in args.what:
        if name not in CLAIMS:
            parser.error(f"unknown claim {name!r}; known: {', '.join(CLAIMS)}")
        started = time.process_time()
        for line in CLAIMS[name](args.share):
            print(line, flush=True)
        print(f"({name}: {time.process_time() - started:.0f} s of processor time)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
