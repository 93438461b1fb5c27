"""Shards as actors of a Ray cluster. Ray is imported when an executor is made, and not before.

An actor starts the same process as `harness.scale.local` does, on its node, so that models are
loaded there and nothing of them passes through Ray's object store. Where the run's folder is the
same one on a node, results lie in it; else the shard's folder comes back through the object store.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.registry import BackendSpec, adapter_of
from harness.run.options import RunOptions
from harness.scale.executor import Event
from harness.scale.job import Job
from harness.scale.names import STORE
from harness.scale.node import Node, about, packed, unpacked

__all__ = ["RayExecutor"]

_INSTALL = "pip install 'nlp-harness[ray]'"
_WAIT = 0.5
_CONNECT_SECONDS = 10.0
_LOST = -9


@dataclass(slots=True)
class _Actor:
    handle: Any
    ready: Any
    """What says that it has begun; `None` once it has."""
    asked: Any = None
    """What will say what has happened since."""


class RayExecutor:
    """`Executor` on a cluster; `slots` are by default its cores over the threads of a worker."""

    def __init__(self, options: RunOptions, *, workers: int | None, address: str = "") -> None:
        """Connect, or start a cluster of this machine. Raises `UsageError` without Ray, and for a
        cluster that does not answer or has another version of Python or Ray."""
        self._ray = ray = _imported()
        _check_reached(address)
        self._options = options
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        cores = None if address else (workers or os.cpu_count() or 1) * options.threads
        try:
            ray.init(
                address=address or "local",
                num_cpus=cores,
                include_dashboard=None if address else False,
                log_to_driver=False,
                configure_logging=False,
                namespace=f"harness-{uuid.uuid4().hex}",
            )
        except Exception as error:
            said = " ".join(str(error).split())[:500]
            where = f"the Ray cluster at {address}" if address else "a Ray cluster here"
            raise UsageError(f"{where} cannot be used: {said}") from None
        whole = int(ray.cluster_resources().get("CPU", 1))
        self.slots = workers or max(1, whole // options.threads)
        self._running: dict[Job, _Actor] = {}
        self._mark = uuid.uuid4().hex

    def start(self, job: Job, seeds: Sequence[Job] = ()) -> None:
        job.folder.mkdir(parents=True, exist_ok=True)
        mark = job.folder / ".mark"
        mark.write_text(self._mark, "utf-8")
        limits = {"memory": self._options.limits.memory_bytes}
        remote = self._ray.remote(Node).options(
            num_cpus=self._options.threads,
            max_restarts=0,
            **{name: value for name, value in limits.items() if value is not None},
        )
        handle = remote.remote()
        stores = [one.folder for one in (*seeds, job) if (one.folder / STORE).is_dir()]
        sent = [self._ray.put(packed(folder / STORE)) for folder in stores]
        behind = [folder / STORE for folder in stores if folder != job.folder]
        ready = handle.begin.remote(
            _own_store(job, behind).to_json(),
            str(mark),
            self._mark,
            str(Path.cwd()),
            about(_required(job)),
            sent,
        )
        self._running[job] = _Actor(handle, ready)

    def stop(self, job: Job) -> None:
        self._running[job].handle.stop.remote()

    def events(self) -> list[Event]:
        found: list[Event] = []
        for actor in self._running.values():
            if actor.ready is None and actor.asked is None:
                actor.asked = actor.handle.poll.remote()
        refs = {(one.ready or one.asked): job for job, one in self._running.items()}
        there, _ = self._ray.wait(list(refs), num_returns=1, timeout=_WAIT)
        for ref in there:
            found += self._heard(refs[ref], ref)
        return found

    def _heard(self, job: Job, ref: Any) -> list[Event]:
        actor = self._running[job]
        try:
            value = self._ray.get(ref)
            if actor.ready is not None:
                actor.ready = None
                if value:
                    raise UsageError(value)
                return []
            actor.asked = None
            said, ended = value
            found = [Event(job, one) for one in said]
            if ended is not None:
                if (folder := self._ray.get(actor.handle.packed.remote())) is not None:
                    unpacked(folder, job.folder)
                found.append(Event(job, {}, *ended))
        except self._ray.exceptions.RayError as error:
            said = " ".join(str(error).split())[:300]
            ended, found = (_LOST, said), [Event(job, {}, _LOST, f"its node was lost: {said}")]
        if ended is not None:
            self._forget(job)
        return found

    def _forget(self, job: Job) -> None:
        actor = self._running.pop(job)
        (job.folder / ".mark").unlink(missing_ok=True)
        self._ray.kill(actor.handle)

    def __enter__(self) -> RayExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        for job in list(self._running):
            self._forget(job)
        self._ray.shutdown()


def _own_store(job: Job, behind: Sequence[Path]) -> Job:
    """With a store in its own folder: several nodes cannot write into one SQLite file."""
    options = job.options
    if options.cache is None:
        return job
    looked = (options.cache, *behind)
    return replace(job, options=replace(options, cache=job.folder / STORE, behind=looked))


def _required(job: Job) -> list[str]:
    """The distributions of its backends."""
    specs = map(BackendSpec.parse, job.backends)
    return sorted({name for spec in specs for name in adapter_of(spec).declaration.requires})


def _check_reached(address: str) -> None:
    """Raise `UsageError` where nobody listens at HOST:PORT: Ray itself tries for minutes."""
    place = address.removeprefix("ray://")
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdigit():
        return  # `auto`, `local`: Ray knows at once.
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"the Ray cluster at {address} cannot be reached: {error}; is it running (ray status), "
            "and is this its address?"
        ) from None


def _imported() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise UsageError(f"the executor ray is not installed: {_INSTALL}") from None
    return ray
