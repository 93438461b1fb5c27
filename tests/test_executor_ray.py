"""Runs in shards on a Ray cluster of this machine, which all tests here share; skipped without Ray.

A cluster takes seconds to begin: the driver is told its address, as of anybody's.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sharded import ROOT, Sharded, laid, wait_until
from support import BACKENDS

from harness.cli.main import main
from harness.errors import UsageError
from harness.results.provenance import git_state
from harness.scale import ray_address
from harness.scale.node import pack_folder, unpack_folder
from harness.scale.ray_address import check_address

COUNT = 16
HELD = 6
"""Documents that two workers are asked until both wait at their third."""
SECONDS = 180.0
"""What is waited for takes a few; a machine may be busy."""

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Begins a cluster, says its address, and ends it with its stdin.
CLUSTER = """
import sys, ray
ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False,
         object_store_memory=100 << 20, _memory=2 << 30)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray")


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """Of a cluster whose nodes know the planted backends; all tests have one log."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'nlp-harness[ray]'")
    (place / "nodes").mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(BACKENDS))),
        "NLTK_DATA": str(place / "planted.log"),
        # Folders of nodes; Ray's own has sockets, whose names may not be long.
        "TMPDIR": str(place / "nodes"),
        "RAY_TMPDIR": tempfile.gettempdir(),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
    }
    cluster = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    assert cluster.stdout is not None
    try:
        yield cluster.stdout.readline().strip()
    finally:
        cluster.communicate(timeout=SECONDS)


@pytest.fixture
def shards(
    address: str, place: Path, tmp_path: Path, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> Sharded:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), str(BACKENDS))))
    monkeypatch.setenv("NLTK_DATA", str(place / "planted.log"))
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    # As in the processes that are started here.
    monkeypatch.setattr("harness.results.provenance.git_state", git_state)
    return laid(tmp_path, COUNT, place / "planted.log", cluster=address)


def actors(place: Path) -> list[int]:
    """Processes that run shards in the cluster of these tests: another may have its own."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):
                of_this = os.fsencode(place) in (path / "environ").read_bytes()
                if of_this and b"ray::Node" in (path / "cmdline").read_bytes():
                    found.append(int(path.name))
    return found


def test_the_record_is_that_of_the_undivided(
    shards: Sharded, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [shards.backend(), "planted/ok", "planted/missing"]
    shards.undivided(*words)
    capfd.readouterr()
    assert main(shards.command(*words, "--json")) == 0
    printed = capfd.readouterr()
    shards.check_same()
    assert set(shards.asked().values()) == {1}
    assert json.loads(printed.out)["status"] == "success"
    assert printed.err.count("it was never there") == 1
    for line in printed.err.splitlines():  # Nothing of Ray.
        assert " of 3 shards, " in line or "planted/missing" in line
    assert "3 of 3 shards, 32 of 48 answers in " in printed.err  # The missing one gave none.


def test_nodes_that_do_not_see_the_folder(
    shards: Sharded, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered before a shard is cut goes there, the folder comes back, no model does."""
    import ray

    from harness.scale import driver, on_ray

    shards = replace(shards, count=2)
    sent: list[str] = []
    send = on_ray.RayExecutor._send

    def noted_send(self: on_ray.RayExecutor, store: Path, actor: Any, name: str) -> None:
        sent.append(name)
        send(self, store, actor, name)

    def cut_first(self: driver._Drive) -> None:
        for job, state in self._running.items():
            if shards.hold.exists() and str(job.shard) == "1/2" and len(shards.asked()) == HELD:
                state.is_cut = True
                self._executor.stop(job)
                shards.hold.unlink()

    monkeypatch.setattr(on_ray.RayExecutor, "_send", noted_send)
    monkeypatch.setattr(on_ray, "RayExecutor", partial(on_ray.RayExecutor, shares=False))
    monkeypatch.setattr(driver._Drive, "_cut_slowest", cut_first)
    monkeypatch.setattr(ray, "put", lambda value: pytest.fail(f"put {value!r}"))
    backend = shards.backend()
    shards.undivided(backend)
    shards.hold.touch()
    shards.run(backend)
    shards.check_same()
    assert sent == ["seed-0", "seed-0"]
    assert sum(shards.asked().values()) <= COUNT + 1
    assert not list((place / "nodes").iterdir())  # Nothing is left on the nodes.


def test_an_actor_is_killed(
    shards: Sharded,
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from harness.scale import driver

    shards = replace(shards, count=2)

    def kill_one(self: driver._Drive) -> None:
        if shards.hold.exists() and len(shards.asked()) == HELD:
            os.kill(actors(place)[0], signal.SIGKILL)
            shards.hold.unlink()

    monkeypatch.setattr(driver._Drive, "_cut_slowest", kill_one)
    backend = shards.backend()
    shards.undivided(backend)
    shards.hold.touch()
    shards.run(backend)
    assert "is run again: node " in capsys.readouterr().err
    shards.check_same()
    assert sum(shards.asked().values()) <= COUNT + 1


def test_the_driver_is_killed(shards: Sharded) -> None:
    shards = replace(shards, count=2)
    backend = shards.backend()
    shards.undivided(backend)
    shards.hold.touch()
    command = [sys.executable, "-m", "harness", *shards.command(backend, "-q")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(shards.asked()) == HELD, SECONDS)
    finally:
        running.kill()
        running.wait()
    shards.hold.unlink()
    shards.run(backend)
    shards.check_same()
    # Of each process that was stopped, the document that it had under way.
    assert sum(shards.asked().values()) <= COUNT + 2


def test_what_is_wrong_on_a_node_names_it(
    shards: Sharded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.scale import driver, on_ray

    begin = driver.begin

    def elsewhere(*args: Any, **options: Any) -> int:
        shards.gold.rename(shards.folder / "moved.jsonl")
        return begin(*args, **options)

    monkeypatch.setattr(driver, "begin", elsewhere)
    shards.run("empty", status=2)
    said = capsys.readouterr().err
    assert f"on node {socket.gethostname()}: " in said
    assert str(shards.gold) in said
    monkeypatch.setattr(driver, "begin", begin)
    (shards.folder / "moved.jsonl").rename(shards.gold)
    monkeypatch.setattr(on_ray, "versions_here", lambda _: {"python": "3.1.4"})
    shards.run("empty", status=2)
    here = sys.version.split()[0]
    expected = f"node {socket.gethostname()} has python {here}, and 3.1.4 is here: install the same"
    assert expected in capsys.readouterr().err


def test_no_node_is_large_enough(shards: Sharded, capsys: pytest.CaptureFixture[str]) -> None:
    shards.run("empty", "--threads", "64", status=2)
    assert "has no node of 64 cores for a shard" in capsys.readouterr().err


# Without a cluster


def test_ray_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    out = ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
    assert main(["run", "empty", "--gold", "seeds", "--executor", "ray", *out]) == 2
    assert "pip install 'nlp-harness[ray]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["ray://head:10001", "head", "head:x", ":6379", "head:99999"])
def test_what_is_no_address(place: str) -> None:
    with pytest.raises(UsageError, match=r"no address of a Ray cluster|HOST:6379"):
        check_address(place)


def test_nobody_is_there_or_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ray_address._CONNECT_SECONDS + ray_address._ANSWER_SECONDS < 15
    monkeypatch.setattr(ray_address, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        if find_spec("ray") is not None:
            with pytest.raises(UsageError, match="does not answer as a Ray cluster"):
                check_address(place)
    with pytest.raises(UsageError, match=r"cannot be reached: .*refused; is it running"):
        check_address(place)


def test_a_folder_is_packed_and_there_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(bytes(range(256)) * 100)
    size = pack_folder(tmp_path / "a", tmp_path / "packed")
    assert size == (tmp_path / "packed").stat().st_size
    data = (tmp_path / "packed").read_bytes()
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "old").touch()
    (tmp_path / "packed").write_bytes(data[: size // 2])
    with pytest.raises((EOFError, tarfile.TarError)):
        unpack_folder(tmp_path / "packed", tmp_path / "to")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["old"]
    (tmp_path / "packed").write_bytes(data)
    unpack_folder(tmp_path / "packed", tmp_path / "to")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["b"]
    assert (tmp_path / "to" / "b" / "c").read_bytes() == bytes(range(256)) * 100
    assert not (tmp_path / "packed").exists()
    (tmp_path / "a" / "evil").symlink_to("/etc/passwd")
    pack_folder(tmp_path / "a", tmp_path / "packed")
    with pytest.raises(tarfile.TarError):
        unpack_folder(tmp_path / "packed", tmp_path / "to")
