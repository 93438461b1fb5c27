"""What a backend sees of the environment: what it needs, and nothing that was meant for others."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.digest import digest_text
from harness.errors import UsageError
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.results.stored import read
from harness.run.key import describe_here, make_key
from harness.run.options import RunOptions
from harness.run.variables import check_passed, variables

PROGRAM = """
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        with open(__file__ + ".seen", "w") as file:
            json.dump(dict(os.environ), file)
        model = {"name": "env", "digest": "1"}
        print(json.dumps({"type": "hello", "protocol": 1, "model": model}), flush=True)
    for document in message.get("documents", []):
        end = 1 + len(os.environ.get("MODEL_PATH", ""))
        entities = [{"start": 0, "end": end, "label": "ENT"}]
        answer = {"type": "annotations", "id": document["id"], "entities": entities}
        print(json.dumps(answer), flush=True)
"""
SECRETS = (
    "GITHUB_TOKEN",
    "HF_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "HARNESS_API_KEY",
    "PYTHON_KEYRING_PASSWORD",
    "DATABASE_URL",
    "https_proxy",
    "HF_ENDPOINT",
    "HF_HUB_TOKEN_TIMEOUT",
    "HARNESS_token",
    "HARNESS_PASS",
    "PYTHON_api_key",
    "PYTHONPASSPHRASE",
    "OMP_PAT",
    "LC_SECRET",
    "CUDA_LICENCE",
)
Make = Callable[..., GoldSet]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "s3cr3t")


@pytest.mark.usefixtures("secrets")
def test_what_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ("PATH", "HOME", "LC_ALL", "TZ", "PYTHONPATH", "HF_HOME", "CUDA_VISIBLE_DEVICES")
    for name in (*needed, "HARNESS_CACHE"):
        monkeypatch.setenv(name, "here")
    seen = variables(threads=3)
    assert not seen.keys() & set(SECRETS)
    assert {name for name, value in seen.items() if value == "here"} == {*needed, "HARNESS_CACHE"}
    assert (seen["OMP_NUM_THREADS"], seen["HF_HUB_OFFLINE"]) == ("3", "1")
    online = variables(offline=False, passed=["HF_TOKEN"])
    assert (online["HF_TOKEN"], online["https_proxy"]) == ("s3cr3t", "s3cr3t")
    assert "HF_HUB_OFFLINE" not in online and "GITHUB_TOKEN" not in online


def test_what_cannot_be_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PATH", "x")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    check_passed(["MODEL_PATH"])
    with pytest.raises(UsageError, match=r"'MODEL_PAHT' .* not set\. Did you mean 'MODEL_PATH'"):
        RunOptions(pass_env=("MODEL_PAHT",))
    with pytest.raises(UsageError, match="OMP_NUM_THREADS cannot be passed"):
        RunOptions(pass_env=("OMP_NUM_THREADS",))


def test_the_key_has_names_and_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = BackendSpec.parse("gazetteer")

    def digest(*names: str) -> str:
        key = make_key(spec, described, task="ner", labels=(), batch_size=1, threads=1,
                       pass_env=names)  # fmt: skip
        assert key is not None and "secret-value" not in key.text
        return key.digest

    described = describe_here(spec)
    monkeypatch.setenv("ONE", "secret-value")
    monkeypatch.setenv("TWO", "secret-value")
    keys = [digest(), digest("ONE"), digest("TWO"), digest("ONE", "TWO")]
    monkeypatch.setenv("ONE", "another")
    assert len({*keys, digest("ONE")}) == 5
    assert digest("TWO", "ONE") == digest("ONE", "TWO")


@pytest.mark.processes
@pytest.mark.usefixtures("secrets")
def test_a_program_sees_no_token(
    make_gold: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an answer that was computed with another value of a variable is another answer."""
    program, seen, out = tmp_path / "env.py", tmp_path / "env.py.seen", tmp_path / "out"
    program.write_text(PROGRAM, "utf-8")
    gold = str(make_gold({"a": "Anna in Bonn."}).path)
    backend = shlex.join([sys.executable, str(program)])
    places = ("--gold", gold, "--out", str(out), "--cache-dir", str(tmp_path / "cache"), "-q")

    def answer(*options: str) -> tuple[int, int]:
        assert main(["run", f"process:{backend}", *places, *options]) == 0
        (result,) = read(out).results
        assert result.predictions is not None
        said = json.loads((out / result.predictions).read_bytes())
        return said["entities"][0]["end"], result.costs.replayed

    assert answer() == (1, 0)
    assert "s3cr3t" not in seen.read_text("utf-8")
    assert answer() == (1, 1)
    for value in ("x", "xx"):
        monkeypatch.setenv("MODEL_PATH", value)
        assert answer() == (1, 1)
        assert answer("--pass-env", "MODEL_PATH", "--pass-env", "HF_TOKEN") == (1 + len(value), 0)
        assert answer("--pass-env", "HF_TOKEN", "--pass-env", "MODEL_PATH") == (1 + len(value), 1)
    assert "s3cr3t" in seen.read_text("utf-8")
    assert read(out).options["pass_env"] == "HF_TOKEN,MODEL_PATH"
    for path in (*out.rglob("*"), *(tmp_path / "cache").rglob("*")):
        assert not path.is_file() or b"s3cr3t" not in path.read_bytes(), path
    assert digest_text("s3cr3t").encode() in b"".join(
        path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()
    )


@pytest.mark.processes
@pytest.mark.usefixtures("secrets", "planted")
def test_a_worker_of_ours_sees_no_token(make_gold: Make, tmp_path: Path) -> None:
    note = tmp_path / "seen"
    gold = str(make_gold({"a": "Anna in Bonn."}).path)
    command = ["run", f"planted/environ:{note}", "--gold", gold, "--out", str(tmp_path / "out")]
    assert main([*command, "--no-cache", "-q"]) == 0
    assert "PATH" in note.read_text("utf-8")
    assert "s3cr3t" not in note.read_text("utf-8")


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("verb", ["run", "predict", "check-backend"])
def test_a_variable_that_is_not_set_is_an_error_before_any_work(
    verb: str, make_gold: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = str(make_gold({"a": "Anna in Bonn."}).path)
    out = tmp_path / "out"
    more = {"run": ["--gold", gold, "--out", str(out)], "check-backend": [],
            "predict": ["--docs", gold, "--out", str(out)]}[verb]  # fmt: skip
    assert main([verb, "planted/ok", *more, "--pass-env", "NO_SUCH_NAME"]) == 2
    assert "'NO_SUCH_NAME'" in capsys.readouterr().err
    assert not out.exists()


def test_a_suite_may_pass_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("harness.toml").write_text(
        '[suites.s]\nbackends = ["empty"]\ngold = ["seeds"]\npass_env = ["NO_SUCH_NAME"]\n', "utf-8"
    )
    assert main(["run", "--suite", "s"]) == 2
    assert "'NO_SUCH_NAME'" in capsys.readouterr().err
