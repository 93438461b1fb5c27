"""The example programs that speak the protocol, in Python and in JavaScript."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.run.contract import check_backend
from harness.run.options import RunOptions
from harness.run.runner import run

EXAMPLES = Path(__file__).parent.parent / "adapters" / "examples"
SCRIPT = EXAMPLES / "compromise" / "backend.js"
MODULE = EXAMPLES / "compromise" / "node_modules" / "compromise"

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not MODULE.is_dir(),
    reason=f"needs node, and: npm ci --prefix {SCRIPT.parent.relative_to(EXAMPLES.parent.parent)}",
)


def spec(command: str) -> BackendSpec:
    return BackendSpec.parse(f"process:{command}")


def test_ten_lines_of_python(make_gold: Callable[..., GoldSet]) -> None:
    backend = spec(f"{sys.executable} {EXAMPLES / 'ten_lines.py'}")
    checks = check_backend(backend, "ner", long=False)
    assert {check.status for check in checks} == {"ok"}
    text = "Anna 😀 met Bert."
    (result,) = run([backend], [make_gold({"a": text}, label="NAME")]).results
    assert (result.status, result.labels) == ("ok", ("NAME",))
    assert result.scores["strict"]["f1"] == 1.0
    code = (EXAMPLES / "ten_lines.py").read_text("utf-8").split("import sys\n")[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


@pytest.mark.node
@needs_node
def test_compromise(make_gold: Callable[..., GoldSet], tmp_path: Path) -> None:
    """Its UTF-16 offsets come out as code points: on the words, whatever stands before them."""
    text = "😀👩‍👩‍👧 Jane Roe of Example Corp. met John Smith\r\nin Oslo. 🇳🇴 IBM hired Cafe\u0301."
    backend = spec(f"node {SCRIPT}")
    gold = make_gold({"a": text}, label="PER")
    (result,) = run([backend], [gold], RunOptions(out=tmp_path / "out")).results
    assert (result.status, result.dropped) == ("ok", 0)
    assert result.labels == ("LOC", "ORG", "PER")
    assert result.packages["compromise"].startswith("14.")
    assert result.predictions is not None
    (record,) = jsonl.read(tmp_path / "out" / result.predictions)
    found = {(text[e.start : e.end], e.label) for e in record.annotations.entities or ()}
    assert {("Jane Roe", "PER"), ("John Smith", "PER"), ("Oslo", "LOC"), ("IBM", "ORG")} <= found


@pytest.mark.node
@needs_node
def test_compromise_keeps_the_contract() -> None:
    checks = check_backend(spec(f"node {SCRIPT}"), "ner", long=False)
    assert [check for check in checks if check.status != "ok"] == []


def test_the_lock_file_pins_compromise_14() -> None:
    lock = json.loads((SCRIPT.parent / "package-lock.json").read_text("utf-8"))
    assert lock["packages"]["node_modules/compromise"]["version"].startswith("14.")
    assert all("integrity" in item for name, item in lock["packages"].items() if name)
