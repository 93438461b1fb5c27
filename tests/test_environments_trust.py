"""Which interpreters are run: registered ones of the user's own, and none that lies about."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support import in_json, printed

from harness.cli.main import main
from harness.errors import BackendFailed, InputError
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.run import launch
from harness.run.environments import (
    Environment,
    environments,
    find_environment,
    register,
    remove_environment,
)
from harness.run.launch import describe_backend
from harness.run.runner import run

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]

SPEC = BackendSpec.parse("planted/ok")
OTHER = BackendSpec.parse("oracle")


@pytest.fixture
def envs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "envs"
    monkeypatch.setenv("HARNESS_ENVS", str(folder))
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    folder.mkdir(mode=0o700)
    return folder


def interpreter(folder: Path, program: str) -> Path:
    """A folder like an environment, whose `python` is a program of shell or Python lines."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "bin" / "python"
    path.parent.mkdir()
    path.write_text(program, "utf-8")
    path.chmod(0o755)
    return path


def planted_in(folder: Path, program: str = "#!/bin/sh\nexit 1\n") -> Environment:
    """A registered environment of the adapter `planted`."""
    interpreter(folder, program)
    register(made := Environment("planted", str(folder), os.geteuid(), ("x",), "uv", "3.11.7"))
    return made


def python(line: str) -> str:
    return f"#!{sys.executable}\nimport os, sys, time\n{line}\n"


# The current folder


@pytest.mark.parametrize("home", [None, ".harness"])
def test_no_verb_runs_what_lies_in_the_current_folder(
    home: str | None,
    make_gold: Callable[..., GoldSet],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gold = str(make_gold({"a": "Anna went to Bonn."}).path)
    (tmp_path / "unpacked").mkdir()
    monkeypatch.chdir(tmp_path / "unpacked")
    monkeypatch.delenv("HARNESS_ENVS")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("XDG_DATA_HOME", "")
    if home is None:
        monkeypatch.delenv("HARNESS_HOME", raising=False)
    else:
        monkeypatch.setenv("HARNESS_HOME", home)
    marker = tmp_path / "marker"
    old = Path(".harness/envs").absolute()
    rows = []
    for name in ("planted", "gazetteer"):
        interpreter(old / name, f"#!/bin/sh\ntouch {marker}\nexit 1\n")
        asked: dict[str, object] = {"requirements": [], "tool": "uv", "python_version": "3.11"}
        (old / name / "harness-env.json").write_text(json.dumps({"name": name, **asked}))
        rows.append({"name": name, "folder": str(old / name), "owner": os.geteuid(), **asked})
    registry = json.dumps({"schema_version": 1, "environments": rows})
    for place in (old, old.parent, Path.cwd()):
        (place / "environments.json").write_text(registry)
    out = "predicted.jsonl"
    for command in (
        ["backends"],
        ["backends", "planted/ok", "--json"],
        ["run", "planted/ok", "gazetteer", "--gold", gold, "--quiet"],
        ["cache", "list"],
        ["cache", "explain", "planted/ok"],
        ["check-backend", "planted/ok"],
        ["predict", "planted/ok", "--docs", gold, "--out", out],
        ["score", "--gold", gold, "--pred", out, "--task", "ner"],
        ["report", "results"],
        ["env", "list"],
    ):
        assert main(command) == 0, (command, capsys.readouterr())
        assert not marker.exists(), command
    said = capsys.readouterr().err.splitlines()
    (hint,) = [line for line in said if "harness env create" in line and "env list" not in line][
        -1:
    ]
    assert "gazetteer, planted in" in hint or "planted, gazetteer in" in hint
    assert main(["env", "remove", "planted"]) == 2
    assert (old / "planted").exists() and not marker.exists()
    assert not (tmp_path / "me").exists(), "a listing makes no folder"


def test_an_interpreter_of_ones_own_is_run(envs: Path, tmp_path: Path) -> None:
    """The marker of the test above would be seen."""
    marker = tmp_path / "marker"
    planted_in(envs / "planted", f"#!/bin/sh\ntouch {marker}\nexit 1\n")
    with pytest.raises(BackendFailed, match="does not answer"):
        describe_backend(SPEC)
    assert marker.exists()


# What is registered and may not be run


def _link(made: Environment) -> None:
    place = Path(made.folder)
    place.rename(place.parent.parent / "elsewhere")
    place.symlink_to(place.parent.parent / "elsewhere")


def _loop(made: Environment) -> None:
    place = Path(made.folder)
    place.rename(place.parent.parent / "elsewhere")
    place.symlink_to(place)


def _anothers(made: Environment) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(made.folder, 4242, -1)


BROKEN: dict[str, tuple[Callable[[Environment], object], str]] = {
    "symlink": (_link, "is a symlink, expected a folder"),
    "symlink to itself": (_loop, "is a symlink, expected a folder"),
    "another's": (_anothers, "belongs to user 4242"),
    "made by another": (lambda one: register(replace(one, owner=4242)), "was made by user 4242"),
    "group": (lambda one: Path(one.folder).chmod(0o770), r"written to by others \(mode 770"),
    "world": (lambda one: Path(one.folder).chmod(0o707), r"written to by others \(mode 707"),
    "open": (lambda one: Path(one.folder).chmod(0o755), r"entered by others \(mode 755"),
    "gone": (
        lambda one: Path(one.folder).rename(Path(one.folder).parent.parent / "x"),
        "is not there",
    ),
    "no python": (lambda one: one.python.unlink(), "is not there, or does not run"),
    "no program": (lambda one: one.python.chmod(0o644), "is not there, or does not run"),
    "elsewhere": (lambda one: register(replace(one, folder="/usr")), "not where environments lie"),
    "above": (lambda one: register(replace(one, folder=one.folder + "/..")), "not where"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_environment_is_a_row(
    what: str,
    envs: Path,
    make_gold: Callable[..., GoldSet],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    marker = tmp_path / "marker"
    spoil, expected = BROKEN[what]
    spoil(planted_in(envs / "planted", f"#!/bin/sh\ntouch {marker}\nexit 1\n"))
    if what == "no program" and os.access(envs / "planted/bin/python", os.X_OK):
        pytest.skip("every file runs here")
    with pytest.raises(BackendFailed, match=expected):
        find_environment("planted")
    (row,) = in_json(capsys, ["env", "list"])
    assert row["trouble"]
    assert f"broken: {row['trouble']}" in printed(capsys, ["env", "list"])
    row, other = in_json(capsys, ["backends", "planted/ok", "gazetteer"])
    assert (row["available"], row["here"], row["environment"]) == (False, "broken", "planted")
    assert "harness env create planted" in row["reason"]
    assert (other["here"], other["environment"]) == ("yes", "")
    shown = printed(capsys, ["backends"])
    assert "planted: its environment 'planted' is broken" in shown
    failed, done = run([SPEC, OTHER], [make_gold({"a": "Anna."})]).results
    assert (failed.status, done.status) == ("failed", "ok")
    assert "is broken" in (failed.reason or "")
    assert main(["check-backend", "planted/ok"]) == 3
    assert main(["cache", "explain", "planted/ok"]) == 3
    assert not marker.exists()


@pytest.mark.parametrize("verb", ["remove", "create"])
def test_a_symlink_is_neither_followed_nor_deleted(
    verb: str, envs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept").touch()
    (envs / "planted").symlink_to(target)
    said = printed(capsys, ["env", verb, "planted"], 2)
    assert "is a symlink" in said and "it was left as it is" in said
    assert (envs / "planted").is_symlink() and (target / "kept").exists()


def test_the_row_of_one_that_is_gone_is_removed(envs: Path) -> None:
    made = planted_in(envs / "planted")
    Path(made.folder).rename(envs / "other")
    remove_environment("planted")
    assert environments() == []
    assert find_environment("planted") is None


@pytest.mark.parametrize("what", ["symlink", "loop", "group", "file", "below a file", "another's"])
def test_the_folder_has_to_be_the_users_own(
    what: str, envs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted_in(envs / "planted")
    if what == "symlink":
        envs.rename(envs.parent / "elsewhere")
        envs.symlink_to(envs.parent / "elsewhere")
    elif what == "loop":
        (envs.parent / "loop").symlink_to(envs.parent / "loop")
        envs = envs.parent / "loop" / "envs"
    elif what == "group":
        envs.chmod(0o770)
    elif what == "below a file":
        envs = envs / "environments.json" / "envs"
    elif what == "file":
        envs.rename(envs.parent / "elsewhere")
        envs.touch()
    else:
        mine = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    monkeypatch.setenv("HARNESS_ENVS", str(envs))
    for command in (["backends"], ["env", "list"], ["env", "create", "planted"]):
        said = printed(capsys, command, 2)
        assert str(envs) in said and "$HARNESS_ENVS" in said
    assert main(["env", "remove", "planted"]) == 2


# Interpreters that answer nonsense

ODD = {"type": "description", "packages": [1], "files": "many", "model": {"name": 3}}
HALF = '{"type": "description", "unavailable": "no \\ud800 \\u001b[2J"}'
NONSENSE = {
    "exits": (python("sys.exit(1)"), "exited with status 1"),
    "exits with words": (python("sys.exit('OSError: no disk')"), "OSError: no disk"),
    "garbage": (python("print('Loading... done')"), "Loading... done"),
    "bytes": (python("os.write(1, b'\\x00\\xff\\n')"), "on stdout"),
    "silent": (python("os.close(1); time.sleep(60)"), "closed its stdin or stdout"),
    "hangs": (python("time.sleep(600)"), "no answer within 2 s"),
    "a gigabyte": (python("while True: os.write(1, b'x' * (1 << 20))"), "a line of more than"),
    "a gigabyte of words": (
        python("for _ in range(1024): os.write(2, b'x' * (1 << 20))\nsys.exit(1)"),
        "does not answer",
    ),
    "odd types": (python(f"print({json.dumps(ODD)!r})"), "expected"),
    "another message": (python('print(\'{"type": "hello"}\')'), "something else"),
    "nested": (python("print('[' * 10**6)"), "on stdout"),
    "long numbers": (python("print('{\"type\": 1' + '0' * 10**6 + '}')"), "does not answer"),
    "no program": ("", "Exec format error"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_an_interpreter_that_answers_nonsense_is_a_row(
    what: str,
    envs: Path,
    make_gold: Callable[..., GoldSet],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program, expected = NONSENSE[what]
    slow = what.startswith("a giga") or what == "silent"
    seconds = 60.0 if slow else 2.0 if what == "hangs" else 30.0
    monkeypatch.setattr(launch, "_DESCRIBE_SECONDS", {True: seconds, False: seconds})
    planted_in(envs / "planted", program)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row, other = in_json(capsys, ["backends", "planted/ok", "gazetteer"])
    assert (row["here"], other["here"]) == ("broken", "yes")
    assert expected in row["reason"] and "harness env create planted" in row["reason"]
    assert len(row["reason"]) < 1000
    failed, done = run([SPEC, OTHER], [make_gold({"a": "Anna."})]).results
    assert (failed.status, done.status) == ("failed", "ok")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400 << 10, f"{grown >> 10} MiB more"


def test_what_it_says_is_fit_for_a_terminal(envs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted_in(envs / "planted", python(f"print({HALF!r})"))
    (row,) = in_json(capsys, ["backends", "planted/ok"])
    assert (row["here"], row["reason"]) == ("no", "no    [2J")
    assert main(["backends", "planted/ok"]) == 0


# The registry


def _replaced(by: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(by)


def _row(**changes: object) -> bytes:
    row: dict[str, object] = {"name": "planted", "folder": "/x", "owner": 0, "requirements": []}
    row |= {"tool": "uv", "python_version": "3", **changes}
    return json.dumps({"schema_version": 1, "environments": [row]}).encode()


def _moved(path: Path, *, back: bool) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path if back else path.with_name("moved"))


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGED: dict[str, Callable[[Path], object]] = {
    "empty": _replaced(b""),
    "cut off": _replaced(b'{"schema_version": 1, "environments": ['),
    "a list": _replaced(b"[]"),
    "nested": _replaced(b"[" * 100_000),
    "no UTF-8": _replaced(b"\xff\xfe{}"),
    "another version": _replaced(b'{"schema_version": 7, "environments": []}'),
    "a number": _replaced(b'{"schema_version": 1, "environments": 3}'),
    "an unknown key": _replaced(_row(more=1)),
    "a name that is none": _replaced(_row(name=3)),
    "an owner that is none": _replaced(_row(owner="root")),
    "symlink": lambda path: _moved(path, back=False),
    "symlink to itself": lambda path: _moved(path, back=True),
    "pipe": _pipe,
    "folder": _folder,
    "group": lambda path: path.chmod(0o660),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_registry_is_told(
    what: str,
    envs: Path,
    make_gold: Callable[..., GoldSet],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    made = planted_in(envs / "planted")
    path = envs / "environments.json"
    DAMAGED[what](path)
    with pytest.raises(InputError):
        find_environment("planted")
    gold = str(make_gold({"a": "Anna."}).path)
    for command in (
        ["backends"],
        ["run", "planted/ok", "--gold", gold, "--out", str(tmp_path / "out"), "--quiet"],
        ["check-backend", "planted/ok"],
        ["env", "list"],
        ["env", "create", "planted"],
        ["env", "remove", "planted"],
    ):
        said = printed(capsys, command, 2)
        assert str(path) in said, command
        assert "harness env create NAME" in said, command
    assert Path(made.folder).exists(), "nothing was deleted"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\0b"])
def test_a_row_of_an_impossible_name_is_broken(
    name: str, envs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _row(name=name, folder=str(envs / name), owner=os.geteuid())
    (envs / "environments.json").write_bytes(text)
    (envs / "environments.json").chmod(0o600)
    (row,) = in_json(capsys, ["env", "list"])
    assert row["trouble"]
    assert main(["env", "list"]) == 0


def test_what_is_written_is_private_whatever_the_mask(envs: Path) -> None:
    before = os.umask(0)
    try:
        planted_in(envs / "planted")
    finally:
        os.umask(before)
    assert (envs / "environments.json").stat().st_mode & 0o077 == 0
    assert find_environment("planted") is not None
