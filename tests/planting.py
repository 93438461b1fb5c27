"""Backends made for one test, run through the command line, and changed between two runs.

A planted backend marks the words that its rules name, and the rules lie wherever a test wants: in
its script, in a module or a data file, in a library, in a file that an option names. So the words
in a record tell which rules have answered.
"""

from __future__ import annotations

import importlib
import io
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from harness import registry
from harness.cli.main import main
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.results.stored import read

TEXTS = {"a": "Anna met Bertram.", "b": "Then Bertram met Anna."}

_PROGRAM = """
import json, os, re, sys, time
from pathlib import Path
import marks

HERE = Path(__file__).parent
WORDS = set("{own}".split()) | set(marks.WORDS.split())
WORDS |= set((HERE / "rules.txt").read_text().split())

def say(message):
    print(json.dumps(message), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        say({{"type": "hello", "protocol": 1, "labels": ["ENT"],
              "model": json.loads((HERE / "model.json").read_text())}})
        continue
    for document in message["documents"]:
        text = document["text"]
        with open(os.environ["NLTK_DATA"], "a") as log:
            log.write(text + "\\n")
        time.sleep({seconds})
        if "FAULT" in text:
            (HERE / "next.json").replace(HERE / "model.json")
            os._exit(3)
        spans = [m.span() for m in re.finditer(r"\\w+", text) if m[0] in WORDS]
        say({{"type": "annotations", "id": document["id"], "entities": [
            {{"start": start, "end": end, "label": "ENT"}} for start, end in spans]}})
"""

_ADAPTER = """
import os, re
from pathlib import Path
import harness.adapter
from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Annotations, Entity
from harness.digest import digest_file

HERE = Path(__file__).parent

class Backend(harness.adapter.Backend):
    labels = ("ENT",)

    def __init__(self, identity, words):
        self.identity, self._words = identity, set(words)

    def predict(self, texts):
        with open(os.environ["NLTK_DATA"], "a") as log:
            log.writelines(text.partition("\\n")[0] + "\\n" for text in texts)
        return [[m.span() for m in re.finditer(r"\\w+", t) if m[0] in self._words] for t in texts]

    def annotations(self, text, raw):
        return Annotations(tuple(Entity(start, end, "ENT") for start, end in raw))

class Adapter:
    declaration = Declaration(
        name="{name}", tasks=("ner",), summary="planted", install="-",
        requires={requires!r}, labels={labels!r},
    )

    def unavailable(self, model):
        return None

    def identity(self, model):
        return ModelIdentity(model, version="1", digest={digest})

    def load(self, request):
        return Backend(self.identity(request.model), ({words}).split())

ADAPTER = Adapter()
"""


class Row(NamedTuple):
    """What a run's record says of its only backend, and how often that was asked."""

    words: set[str]
    asked: int
    replayed: int
    proof: str
    trouble: str


class Bench:
    """Plants backends below `folder` and runs them, each time found as by a new process."""

    def __init__(self, folder: Path, gold: GoldSet, log: Callable[[], list[str]]) -> None:
        self.folder = folder
        self.gold = gold
        self.log = log
        self.site = folder / "site"
        self.project = folder / "my project"
        """A checkout that is installed as editable."""
        self.own = folder / "own"
        """Stands for the folders of this project."""
        self.said = ""
        """What the last run printed."""

    # Running

    def run(self, backend: str, *more: str, out: str = "out") -> Row:
        before = len(self.log())
        self.forget()
        said = io.StringIO()
        with redirect_stdout(said):
            main([*self.command(backend, out=out), *more])
        self.said = said.getvalue()
        return self.row(out, len(self.log()) - before)

    def row(self, out: str = "out", asked: int = 0) -> Row:
        (result,) = read(self.folder / out).results
        texts = {record.id: record.text or "" for record in self.gold.records()}
        words: set[str] = set()
        if result.predictions is not None:
            for said in jsonl.read(self.folder / out / result.predictions):
                spans = [entity.span for entity in said.annotations.entities or ()]
                words |= {texts[said.id][start:end] for start, end in spans}
        failures = "; ".join(failure.error for failure in result.failures)
        trouble = f"{result.reason or ''} {failures}".strip()
        return Row(words, asked, result.costs.replayed, result.proof, trouble)

    def command(self, backend: str, *, out: str = "out") -> list[str]:
        told = ["--gold", str(self.gold.path), "--out", str(self.folder / out)]
        return ["run", backend, *told, "--cache-dir", str(self.folder / "store"), "--quiet"]

    def kill(self, *command: str, after: int = 2) -> int:
        """Start a command and kill it when `after` documents were asked; returns how many were."""
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *command], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while len(self.log()) <= after and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        process.wait()
        time.sleep(0.3)  # The worker goes a moment later.
        return len(self.log())

    def forget(self) -> None:
        """Have adapters found and imported anew."""
        registry._entry_points.cache_clear()
        registry.adapter.cache_clear()
        importlib.invalidate_caches()
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(str(self.folder)):
                del sys.modules[name]

    def misses(self, backend: str, change: Callable[[], object], *, after: str = "") -> None:
        """What is proven is used again, until the change; then the new answer is in the record."""
        now = backend
        for word in ("Anna", "Bertram"):
            row = self.run(now)
            assert (row.words, row.asked, row.replayed) == ({word}, 2, 0), row
            row = self.run(now)
            assert (row.words, row.asked, row.replayed) == ({word}, 0, 2), row
            assert not row.proof.startswith("not proven")
            if word == "Anna":
                change()
                now = after or backend

    def never_keeps(self, backend: str, change: Callable[[], object]) -> str:
        """What is not proven is asked again, changed or not; returns why it is not."""
        for word in ("Anna", "Anna", "Bertram"):
            if word == "Bertram":
                change()
            row = self.run(backend)
            assert (row.words, row.asked, row.replayed) == ({word}, 2, 0), row
        known, _, why = row.proof.partition(": ")
        assert known == "not proven"
        return why

    # Planting

    def program(self, *, own: str = "", seconds: float = 0, **model: str) -> str:
        """A program with a module and a data file beside it; returns the backend's name."""
        self.beside("program.py", _PROGRAM.format(own=own, seconds=seconds))
        self.beside("marks.py", "WORDS = ''\n")
        self.beside("rules.txt", "" if own else "Anna")
        self.state(**model)
        return f"process:{shlex.quote(sys.executable)} {self.folder / 'program' / 'program.py'}"

    def beside(self, name: str, text: str) -> None:
        write(self.folder / "program" / name, text)

    def state(self, *, file: str = "model.json", **model: str) -> None:
        """What the program's hello says of its model."""
        self.beside(file, json.dumps({"name": "planted", **model}))

    def install(
        self,
        name: str,
        files: Mapping[str, str],
        *,
        version: str = "1.0",
        requires: Sequence[str] = (),
        adapter: str = "",
        recorded: bool = True,
        editable: Path | None = None,
        site: Path | None = None,
    ) -> Path:
        """A distribution as pip leaves it, in `site` or from the folder `editable`.

        `adapter` is the module of the adapter that it registers. Returns where its files lie.
        """
        site = site or self.site
        home = editable / "src" if editable else site
        for path, text in files.items():
            write(home / path, text)
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        needed = "".join(f"Requires-Dist: {item}\n" for item in requires)
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write(site / info / "METADATA", head + needed)
        if adapter:
            points = f"[harness.adapters]\n{name} = {adapter}:ADAPTER\n"
            write(site / info / "entry_points.txt", points)
        if editable:
            direct = {"url": editable.as_uri(), "dir_info": {"editable": True}}
            write(site / info / "direct_url.json", json.dumps(direct))
        if recorded or editable:
            names = [*(() if editable else files), f"{info}/METADATA", f"{info}/RECORD"]
            write(site / info / "RECORD", "".join(f"{path},,\n" for path in names))
        return home

    def plug(self, words: str, *, requires: Sequence[str] = (), **how: str) -> str:
        """A regular adapter `plug` whose rules are the expression `words`; its name."""
        text = source("plug", words, requires=requires, **how)
        self.install("plug", {"plug/__init__.py": text}, adapter="plug")
        return "plug/x"


def source(
    name: str,
    words: str,
    *,
    requires: Sequence[str] = (),
    labels: Sequence[str] | None = ("ENT",),
    digest: str = "'planted'",
) -> str:
    """An adapter's module. `words` and `digest` are expressions: its rules, its model's digest."""
    return _ADAPTER.format(
        name=name, words=words, requires=tuple(requires), labels=labels, digest=digest
    )


def write(path: Path, text: str) -> None:
    """Write a file, and make the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
