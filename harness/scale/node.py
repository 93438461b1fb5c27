"""What runs on a node of a cluster: a process for one shard, and the way of its folder there."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.distributions import versions
from harness.registry import OWN_DISTRIBUTION
from harness.scale.names import STORE
from harness.scale.shard_process import Ended, ShardProcess

__all__ = ["Node", "about", "packed", "unpacked"]

_ALWAYS = (OWN_DISTRIBUTION, "msgspec", "numpy")


def about(required: Sequence[str]) -> dict[str, str]:
    """The versions here of Python, of the harness and of what backends require."""
    return {"python": sys.version.split()[0], **versions((*_ALWAYS, *required))}


class Node:
    """Runs one shard; made on a node, and asked from elsewhere."""

    def __init__(self) -> None:
        self._process: ShardProcess | None = None
        self._folder: Path | None = None

    def begin(
        self,
        job: Mapping[str, Any],
        mark: str,
        content: str,
        cwd: str,
        there: Mapping[str, str],
        stores: Sequence[Any],
    ) -> str:
        """Start the shard's process; returns why it cannot be, or nothing.

        `mark` is a file in its folder with that content, by which is known whether the folder is
        the one that whoever asks sees; `there` are the versions there (`about`); `stores` are
        packed stores with answers of other shards.
        """
        required = [name for name in there if name != "python"]
        for name, version in {**dict.fromkeys(there, "none"), **about(required)}.items():
            if name in there and version != there[name]:
                return f"a node has {name} {version}, and {there[name]} is here: install the same"
        job = {**job, "options": dict(job["options"])}
        if not _has(Path(mark), content):
            self._folder = Path(tempfile.mkdtemp(prefix="harness-shard-"))
            behind = []
            for number, store in enumerate(_fetched(stores)):
                place = self._folder / f"seed-{number}"
                unpacked(store, place)
                behind.append(str(place))
            out = self._folder / "shard"
            job["options"] |= {"out": str(out), "behind": behind}
            if job["options"]["cache"] is not None:
                job["options"]["cache"] = str(out / STORE)
        self._process = ShardProcess(job, cwd=cwd if Path(cwd).is_dir() else None)
        return ""

    def poll(self) -> tuple[list[Mapping[str, Any]], Ended | None]:
        """What it has said since, and how it has ended if it has."""
        assert self._process is not None
        ended = self._process.ended()
        return self._process.events(), ended

    def stop(self) -> None:
        """Let it end."""
        if self._process is not None:
            self._process.stop()

    def packed(self) -> bytes | None:
        """Its folder, and then it is gone; `None` where whoever asks has it."""
        if self._folder is None:
            return None
        data = packed(self._folder / "shard")
        shutil.rmtree(self._folder, ignore_errors=True)
        return data


def packed(folder: Path) -> bytes:
    """The files of a folder, compressed."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as tar:
        if folder.is_dir():
            tar.add(folder, arcname=".")
    return data.getvalue()


def unpacked(data: bytes, folder: Path) -> None:
    """The files of `packed` in a folder; none of them lies outside, and no link is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        tar.extractall(folder, filter="data")


def _has(mark: Path, content: str) -> bool:
    try:
        return mark.read_text("utf-8") == content
    except OSError:
        return False


def _fetched(stores: Sequence[Any]) -> list[bytes]:
    """What the references of an object store stand for."""
    if not stores:
        return []
    import ray

    return list(ray.get(list(stores)))
