"""Kills of a run in shards at random moments: `python tests/benchmarks/kills.py [KILLS] [SEED]`.

A third of them hit the driver, a third the process of a shard, a third everything of a backend's.
The command is given again until it ends well. Prints how often the record was then that of the run
that was not cut, and every answer was asked for once, but for those that were under way at a kill:
`20 of 20`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from sharded import ROOT, Driver, Sharded, laid, shards_of, wait_until, workers_below

from harness.results.stored import read

COUNT = 40


def main(kills: int = 20, seed: int = 0) -> int:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="harness-kills-") as name:
        os.environ |= {
            "PYTHONPATH": str(ROOT),
            "NLTK_DATA": f"{name}/asked.log",
            "HARNESS_HOME": f"{name}/home",
        }
        with redirect_stdout(StringIO()):
            whole = laid(Path(name), COUNT, Path(name) / "asked.log")
            backend = whole.backend(slow=0.02, quick=0.02)
            whole.undivided(backend)
            good = sum(_kill(whole, backend, rng, number) for number in range(kills))
    print(f"{good} of {kills}")
    return 0 if good == kills else 1


def _kill(whole: Sharded, backend: str, rng: random.Random, number: int) -> bool:
    """Whether one run, killed once, came to the same end."""
    whole.log.unlink(missing_ok=True)
    out = f"out-{number}"
    command = whole.command(backend, "-q", out=out)
    who = ("driver", "shard", "worker")[number % 3]
    run = Driver(command)
    # A backend that dies while it is loaded has failed for good, as in any run.
    after = rng.randrange(8, COUNT) if who == "worker" else 0
    wait_until(lambda: len(whole.asked()) >= after or not run.is_running)
    time.sleep(0 if who == "worker" else rng.uniform(0.0, 3.0))
    victims = [run.pid] if who == "driver" else shards_of(run.pid)[:1]
    if who == "worker":
        victims = [worker for victim in victims for worker in workers_below(victim)]
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    status = run.wait(120)
    while status != 0:
        if status >= 0:
            print(f"{out}: ended with status {status}", file=sys.stderr)
            return False
        status = Driver(command).wait(120)
    wait_until(lambda: not whole.left(), 15)
    asked = whole.asked()
    if who == "worker" and victims:  # The document that it died of has failed, as in any run.
        (result,) = read(whole.folder / out).results
        return result.failed <= 1 and set(asked.values()) == {1}
    same = whole.record(out) == whole.record("whole") and whole.files(out) == whole.files("whole")
    print(f"{out}: {who}: {same}, asked {sum(asked.values())} for {len(asked)}", file=sys.stderr)
    return same and len(asked) == COUNT and sum(asked.values()) <= COUNT + 2


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
