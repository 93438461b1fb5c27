"""Fixtures that several test modules share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from planting import TEXTS, Bench
from support import BACKENDS, gold_entities

from harness import registry
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.run.worker import WARM_UP

# There the command line says more (`harness.report.github`); tests of that set it themselves.
os.environ.pop("GITHUB_ACTIONS", None)

# Workers of pytest-xdist have a width, which would be that of every table.
os.environ.pop("COLUMNS", None)

# Nor does anybody's own environment take part: a test that makes some names a folder for them.
os.environ["HARNESS_ENVS"] = "/nobody/envs"


# How much is tried of what could be tried without end: examples of Hypothesis and, through
# `support.whole` and `support.examples`, moments, runs, sizes. `make test` has `half`, `make
# test PROFILE=whole` the other, `make quick` its own. No deadline: what takes longer than some
# fifth of a second says nothing of the code, somebody else may be busy.
settings.register_profile("whole", max_examples=100, deadline=None)
settings.register_profile("half", max_examples=50, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)
settings.load_profile("half")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The backends with planted faults are registered, here and in workers; gives their log."""
    monkeypatch.syspath_prepend(str(BACKENDS))
    monkeypatch.setenv("PYTHONPATH", str(BACKENDS))
    # Two processes a run, and the answer may change under a test: somebody may commit meanwhile.
    monkeypatch.setattr("harness.results.provenance.git_state", lambda: None)
    _forget()
    yield BACKENDS
    _forget()
    sys.modules.pop("planted", None)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """First line of every document that a planted backend predicted, in order; no warm-up."""
    path = tmp_path / "planted.log"
    monkeypatch.setenv("NLTK_DATA", str(path))

    def read() -> list[str]:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [line for line in lines if line != WARM_UP.strip()]

    return read


@pytest.fixture
def make_gold(tmp_path: Path) -> Callable[..., GoldSet]:
    """A gold set of texts; every capitalised word is gold."""

    def make(texts: Mapping[str, str], name: str = "tiny", label: str = "ENT") -> GoldSet:
        path = tmp_path / f"{name}.jsonl"
        lines = [
            json.dumps({"id": id_, "text": text, "entities": gold_entities(text, label)})
            for id_, text in texts.items()
        ]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return load_goldset(path)

    return make


@pytest.fixture
def bench(
    monkeypatch: pytest.MonkeyPatch,
    make_gold: Callable[..., GoldSet],
    log: Callable[[], list[str]],
    tmp_path: Path,
) -> Iterator[Bench]:
    """Plants backends, which are found here and in workers."""
    made = Bench(tmp_path, make_gold(TEXTS), log)
    for folder in (made.project / "src", made.site):
        folder.mkdir(parents=True)
        monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (made.site, made.project / "src"))))
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HARNESS_ENVS", str(tmp_path / "envs"))
    # Somebody may be working on this project while it is tested: every answer would be a miss.
    monkeypatch.setattr("harness.run.proof._own_places", lambda: iter((made.own,)))
    monkeypatch.setattr("harness.results.provenance.git_state", lambda: None)
    yield made
    made.forget()


def _forget() -> None:
    registry._entry_points.cache_clear()
    registry.adapter.cache_clear()
