"""Runs in shards that are killed: a backend that says what it was asked, and who is left."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from support import alive, gold_entities, timeless

from harness.cli.main import main
from harness.paths import UNFINISHED
from harness.results.stored import read, to_json
from harness.shards import Shard

ROOT = Path(__file__).parent.parent

# Nothing proves its answers. What it is asked goes where `NLTK_DATA` says, as of planted backends:
# a file that is named on its command line, or lies beside it, must not change. Documents with SLOW
# in them take so many seconds, all others so many. While there is a file with the name of that log
# and `.hold`, each process answers two documents and waits at its third.
PROGRAM = """
import json, os, re, sys, time

slow, quick = map(float, sys.argv[1:])
log = os.environ["NLTK_DATA"]
asked = 0

def say(message):
    print(json.dumps(message), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        say({"type": "hello", "protocol": 1, "labels": ["ENT"]})
        continue
    for document in message["documents"]:
        text = document["text"]
        with open(log, "a") as file:
            file.write("told " + text.splitlines()[0] + "\\n")
        time.sleep(slow if "SLOW" in text else quick)
        asked += text.startswith("Text ")
        while asked > 2 and os.path.exists(log + ".hold"):
            time.sleep(0.01)
        spans = [match.span() for match in re.finditer(r"[A-Z]\\w*", text)]
        say({"type": "annotations", "id": document["id"], "entities": [
            {"start": start, "end": end, "label": "ENT"} for start, end in spans]})
"""


@dataclass(frozen=True)
class Sharded:
    """A folder with a gold set, a store and a backend for one test."""

    folder: Path
    gold: Path
    log: Path
    cluster: str = ""
    """The address of a Ray cluster to run in."""
    count: int = 3
    """How many shards it is cut into."""

    @property
    def hold(self) -> Path:
        """While this file is there, each process of a backend waits at its third document."""
        return self.log.with_name(f"{self.log.name}.hold")

    def backend(self, *, slow: float = 0.0, quick: float = 0.0, alias: str = "told") -> str:
        program = self.folder / "program" / "told.py"
        program.parent.mkdir(exist_ok=True)
        program.write_text(PROGRAM, "utf-8")
        words = [sys.executable, str(program), str(slow), str(quick)]
        return f"{alias}=process:{shlex.join(words)}"

    def asked(self) -> Counter[str]:
        """How often it was asked what; warming up is not told."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return Counter(line for line in lines if line.startswith("told Text "))

    def command(self, *words: str, out: str = "out", cut: bool = True) -> list[str]:
        said = ["run", *words, "--gold", str(self.gold), "--out", str(self.folder / out)]
        there = ["ray", "--ray-address", self.cluster] if self.cluster else ["local"]
        shards = (
            ["--executor", *there, "--workers", "2", "--shards", str(self.count)] if cut else []
        )
        return [*said, "--cache-dir", str(self.folder / f"cache-{out}"), *shards]

    def run(self, *words: str, out: str = "out", cut: bool = True, status: int = 0) -> None:
        assert main(self.command(*words, "-q", out=out, cut=cut)) == status

    def undivided(self, *words: str) -> None:
        """The run that `check_same` compares with; what it was asked is forgotten."""
        self.run(*words, out="whole", cut=False)
        self.log.unlink(missing_ok=True)

    def check_same(self) -> None:
        assert self.record() == self.record("whole")
        assert self.files() == self.files("whole")
        assert not (self.folder / "out" / UNFINISHED).exists()

    def record(self, out: str = "out") -> str:
        """Without what a clock wrote, and the command line; somebody may commit meanwhile."""
        record = timeless(read(self.folder / out))
        return to_json(replace(record, command=(), git=None, project=None))

    def files(self, out: str = "out") -> dict[str, bytes]:
        """Everything beside the record."""
        folder = self.folder / out
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        return {
            name: data
            for name, data in named.items()
            if name.startswith(("predictions/", "units/", "places/", "shards/"))
        }

    def left(self) -> list[int]:
        """Processes of backends and shards that were started in here."""
        here, found = os.fsencode(self.folder), []
        for path in Path("/proc").iterdir():
            if path.name.isdigit() and int(path.name) != os.getpid():
                with suppress(OSError):
                    seen = (path / "environ").read_bytes() + (path / "cmdline").read_bytes()
                    if here in seen and alive(int(path.name)):
                        found.append(int(path.name))
        return found


def laid(folder: Path, count: int, log: Path, *, cluster: str = "") -> Sharded:
    """A gold set of so many documents; a third of them, a shard, is SLOW."""
    path = folder / "gold.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            slow = " SLOW" if Shard(1, 3).has(f"d{number}") else ""
            text = f"Text {number} by Anna{slow}.\nIt is Number {number}."
            line = {"id": f"d{number}", "text": text, "entities": gold_entities(text, "ENT")}
            file.write(json.dumps(line) + "\n")
    sharded = Sharded(folder, path, log, cluster)
    for left in (sharded.log, sharded.hold):
        left.unlink(missing_ok=True)
    return sharded


class Driver:
    """The command in a process of its own, in which `prepare` is called first."""

    def __init__(self, command: list[str], prepare: Callable[[], None] | None = None) -> None:
        self._process = get_context("fork").Process(target=self._run, args=(command, prepare))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @staticmethod
    def _run(command: list[str], prepare: Callable[[], None] | None) -> None:
        if prepare is not None:
            prepare()
        os._exit(main(command))

    def kill(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit status."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, "it does not end"
        return self._process.exitcode

    @property
    def is_running(self) -> bool:
        return self._process.is_alive()


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def shards_of(pid: int) -> list[int]:
    """The processes of shards below a driver, or below whoever stands for it."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text("ascii").split()):
                if b"shard_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
    return found


def workers_below(pid: int) -> list[int]:
    """The backends' processes below the process of a shard."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text("ascii").split()):
                found += workers_below(child)
                if b"told.py" in (words := Path(f"/proc/{child}/cmdline").read_bytes()):
                    found += [] if b"parenthood" in words else [child]
    return found
