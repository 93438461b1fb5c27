"""What runs on a node of a cluster: a process for one shard, and the way of its folder there."""

from __future__ import annotations

import shutil
import socket
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.distributions import versions
from harness.registry import OWN_DISTRIBUTION
from harness.run.proof import own_code
from harness.scale.names import STORE
from harness.scale.shard_process import Ended, ShardProcess

__all__ = ["CHUNK", "Node", "Seen", "versions_here", "pack_folder", "unpack_folder"]

CHUNK = 16 << 20
"""Bytes of a packed folder that go over the network at a time."""
_ALWAYS = (OWN_DISTRIBUTION, "msgspec", "numpy")
_OWN, _PACKED = "shard", "packed.tar.gz"


def versions_here(required: Sequence[str]) -> dict[str, str]:
    """The versions here of Python, of the harness, with its code, and of what backends require."""
    known = {"python": sys.version.split()[0], "code of the harness": own_code()}
    return {**known, **versions((*_ALWAYS, *required))}


class Seen(NamedTuple):
    """What is to be known of a node before a shard is run there."""

    host: str
    folder: str
    """Where the shard is written there; empty where it sees the folder of whoever asks."""
    versions: Mapping[str, str]
    """As of `versions_here`."""


class Node:
    """Runs one shard; made on a node, and asked from elsewhere, one thing after another."""

    def __init__(self) -> None:
        self._process: ShardProcess | None = None
        self._folder: Path | None = None
        self._seeds: list[str] = []

    def look(self, mark: str, content: str, required: Sequence[str]) -> Seen:
        """`mark` is a file in the shard's folder with that content, by which is known whether the
        folder is the one that whoever asks sees."""
        if not _has(Path(mark), content):
            self._folder = Path(tempfile.mkdtemp(prefix="harness-shard-"))
        place = str(self._folder / _OWN) if self._folder else ""
        return Seen(socket.gethostname(), place, versions_here(required))

    def receive(self, chunk: bytes, name: str) -> None:
        """The next of the bytes of a packed store; the last are followed by none.

        The store is then there under its name: the shard's own (`STORE`), or one of another shard
        to look into.
        """
        assert self._folder is not None
        file = self._folder / _PACKED
        if chunk:
            with file.open("ab") as handle:
                handle.write(chunk)
            return
        place = self._folder / _OWN / STORE if name == STORE else self._folder / name
        unpack_folder(file, place)
        if name != STORE:
            self._seeds.append(str(place))

    def begin(self, job: Mapping[str, Any], cwd: str) -> None:
        """Start the shard's process."""
        if self._folder is not None:
            options = dict(job["options"])
            options |= {"out": str(self._folder / _OWN), "behind": self._seeds}
            if options["cache"] is not None:
                options["cache"] = str(self._folder / _OWN / STORE)
            job = {**job, "options": options}
        self._process = ShardProcess(job, cwd=cwd if Path(cwd).is_dir() else None)

    def poll(self) -> tuple[list[Mapping[str, Any]], Ended | None]:
        """What it has said since, and how it has ended if it has."""
        assert self._process is not None
        ended = self._process.ended()
        return self._process.events(), ended

    def stop(self) -> None:
        """Let it end."""
        if self._process is not None:
            self._process.stop()

    def pack(self) -> int:
        """Pack the shard's folder, when it has ended, to be fetched by `chunk`; its bytes."""
        assert self._folder is not None
        return pack_folder(self._folder / _OWN, self._folder / _PACKED)

    def chunk(self, start: int) -> bytes:
        """Bytes of what was packed, from `start` on."""
        assert self._folder is not None
        with (self._folder / _PACKED).open("rb") as handle:
            handle.seek(start)
            return handle.read(CHUNK)

    def close(self) -> None:
        """End the process, and remove what was kept here."""
        if self._process is not None:
            self._process.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def pack_folder(folder: Path, file: Path) -> int:
    """Write the files of a folder, compressed, into a file; returns its size in bytes."""
    with tarfile.open(file, mode="w:gz", compresslevel=1) as tar:
        if folder.is_dir():
            tar.add(folder, arcname=".")
    return file.stat().st_size


def unpack_folder(file: Path, folder: Path) -> None:
    """Put what is in a file of `pack_folder` in the place of `folder`, whole or not at all, and
    remove the file. Nothing of it lies outside, and no link is made."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.unpacked")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    with tarfile.open(file, mode="r:gz") as tar:
        tar.extractall(draft, filter="data")
    file.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _has(mark: Path, content: str) -> bool:
    try:
        return mark.read_text("utf-8") == content
    except OSError:
        return False
