"""The contract test finds what is planted, and nothing in a good backend."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support import BACKENDS

from harness.cli.main import main
from harness.errors import BackendUnavailable
from harness.registry import BackendSpec
from harness.run.contract import check_backend
from harness.run.contract_checks import ContractCheck
from harness.run.worker import WARM_UP

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


def checks_of(backend: str, *, long: bool = False) -> dict[str, ContractCheck]:
    found = check_backend(BackendSpec.parse(backend), "ner", long=long)
    return {check.name: check for check in found}


def failed(checks: dict[str, ContractCheck]) -> set[str]:
    return {name for name, check in checks.items() if check.status == "failed"}


def test_a_good_backend_keeps_the_contract() -> None:
    checks = checks_of("planted/ok", long=True)
    assert {check.status for check in checks.values()} == {"ok"}
    assert len(checks) == 14
    assert "are the same" in checks["proven to be the same"].detail


def test_a_backend_is_loaded_four_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process and another, one with batches, one with the texts in another order."""
    log = tmp_path / "log"
    monkeypatch.setenv("NLTK_DATA", str(log))
    checks_of("planted/ok", long=True)
    assert log.read_text("utf-8").splitlines().count(WARM_UP.strip()) == 4


@pytest.mark.parametrize(
    ("fault", "broken", "words"),
    [
        ("strips", {"offsets on the words"}, "They would fit +6 characters on"),
        ("normalises", {"offsets on the words"}, "line breaks of Windows: "),
        ("utf16", {"offsets on the words"}, "emoji: "),
        ("random", {"the same again", "declared labels"}, "15"),
        ("leaks", {"no state between documents", "the same within a process"}, "texts: "),
        ("split", {"answers every text"}, "results for 1 texts"),
        ("batch", {"any batch size"}, "texts: plain"),
        ("bad-label", {"declared labels"}, "not declared: NEVER-DECLARED"),
        (
            "no-empty",
            {"answers every text"},
            "2 of 15 texts: empty, white space; empty: IndexError",
        ),
        ("load-raises", {"loads"}, "the weights are corrupt"),
        ("wrong-identity", {"says which model it is"}, "identity() gives the version"),
    ],
)
def test_planted_faults_are_found(fault: str, broken: set[str], words: str) -> None:
    checks = checks_of(f"planted/{fault}")
    assert failed(checks) >= broken
    assert any(words in checks[name].detail for name in broken)
    assert all(checks[name].mend for name in failed(checks))


def test_a_text_that_is_cut_is_found() -> None:
    checks = checks_of("planted/cuts", long=True)
    assert failed(checks) == {"a document of 200,000 characters"}
    assert "in the first tenth, 0 in the last" in checks["a document of 200,000 characters"].detail


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("looks-back", "a verb of speech: "),
        ("never-ends", "a verb of speech: no answer within "),
    ],
)
def test_a_time_that_is_not_linear_is_found(
    fault: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.contract._QUICK", 2e-7)
    checks = checks_of(f"planted/{fault}", long=True)
    assert failed(checks) == {"long hostile documents"}
    assert words in checks["long hostile documents"].detail
    assert "DocumentRefused" in checks["long hostile documents"].mend


def test_a_long_document_may_be_refused_by_name() -> None:
    checks = checks_of("planted/refuses-rows", long=True)
    assert failed(checks) == set()
    assert "refuses a verb of speech: no rows of verbs" in checks["long hostile documents"].detail


def test_spans_outside_are_found() -> None:
    program = f"process:{sys.executable} {BACKENDS / 'speaker.py'} utf16"
    assert failed(checks_of(program)) == set()
    checks = checks_of("planted/no-identity")
    assert checks["says which model it is"].status == "warning"


def test_what_is_not_there_cannot_be_checked() -> None:
    with pytest.raises(BackendUnavailable, match="pip install planted"):
        checks_of("planted/missing")


def test_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-backend", "planted/ok", "--no-long"]) == 0
    assert capsys.readouterr().out.endswith("the contract is kept\n")
    assert main(["check-backend", "planted/bad-label", "--no-long", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["failed"] == 1
    assert [c["name"] for c in shown["tasks"]["ner"] if c["status"] == "failed"] == [
        "declared labels"
    ]
    assert main(["check-backend", "planted/ok", "--task", "attribution"]) == 2
    assert main(["check-backend", "planted/missing"]) == 3
