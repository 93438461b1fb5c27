"""Shards as actors of a Ray cluster. Ray is imported when an executor is made, and not before.

An actor starts the same process as `harness.scale.local` does, on its node, so that models are
loaded there and nothing of them passes through Ray's object store. Where the run's folder is the
same one on a node, results lie in it; else the shard's folder, and before that the stores of
shards with answers of it, go over the network in pieces.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any, Literal

from harness.errors import LibraryMissing, UsageError
from harness.paths import PREDICTIONS, RECORD
from harness.registry import BackendSpec, adapter_of
from harness.results import stored
from harness.run.options import RunOptions
from harness.scale.executor import JobEvent
from harness.scale.job import Job
from harness.scale.local import check_memory
from harness.scale.merge import moved_gold
from harness.scale.names import STORE
from harness.scale.node import CHUNK, Node, Seen, pack_folder, unpack_folder, versions_here
from harness.scale.ray_address import check_address

__all__ = ["RayExecutor"]

_WAIT = 0.5
_PAUSE = 0.2
_POLLS_PER_SECOND = 2000
_CLOSE_SECONDS = 15.0
_LOST = -9
_MARK = ".mark"


@dataclass(slots=True)
class _Actor:
    handle: Any
    seeds: Sequence[Job]
    asked: Any
    """What will say the next that is to be known of it; `None` where nothing is asked."""
    step: Literal["looks", "begins", "runs"] = "looks"
    host: str = ""
    folder: str = ""
    """As of `Seen`."""
    is_stopped: bool = False


class RayExecutor:
    """`Executor` on a cluster; `slots` are by default its cores over those of a shard."""

    def __init__(
        self,
        options: RunOptions,
        *,
        workers: int | None = None,
        address: str = "",
        shares: bool = True,
    ) -> None:
        """Connect, or start a cluster of this machine. Without `shares` no node is asked whether it
        sees the run's folder: none does.

        Raises `LibraryMissing` without Ray, `UsageError` for a cluster that does not answer, has
        another version of Python or Ray, or no node that a shard fits on.
        """
        self._ray = ray = _imported()
        check_address(address)
        self._cores = options.threads * options.jobs
        self._memory = options.limits.memory_bytes and options.limits.memory_bytes * options.jobs
        if not address:
            workers = workers or max(1, (os.cpu_count() or 1) // self._cores)
            check_memory(options.limits, workers * options.jobs)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        logging.getLogger("ray").setLevel(logging.ERROR)  # How to log in is for who runs a cluster.
        try:
            ray.init(
                address=address or "local",
                num_cpus=None if address else (workers or 1) * self._cores,
                include_dashboard=None if address else False,
                log_to_driver=False,
                configure_logging=False,
                namespace=f"harness-{uuid.uuid4().hex}",
            )
        except Exception as error:
            where = f"the Ray cluster at {address}" if address else "a Ray cluster here"
            raise UsageError(f"{where} cannot be used: {_said(error)}") from None
        fitting = sum(self._fitting(node) for node in ray.nodes() if node["Alive"])
        if address and not fitting:
            ray.shutdown()
            size = f" and {self._memory / 1e9:.3g} GB of memory" if self._memory else ""
            raise UsageError(
                f"the Ray cluster at {address} has no node of {self._cores} cores{size} for a "
                "shard: give fewer --threads or --jobs, or a lower --max-memory"
            )
        self.slots = workers or fitting
        self._running: dict[Job, _Actor] = {}
        self._shares = shares
        self._mark = uuid.uuid4().hex

    def _fitting(self, node: dict[str, Any]) -> int:
        """How many shards at a time fit on a node."""
        has = node["Resources"]
        cores = int(has.get("CPU", 0)) // self._cores
        return min(cores, int(has.get("memory", 0) / self._memory)) if self._memory else cores

    def start(self, job: Job, seeds: Sequence[Job] = ()) -> None:
        job.folder.mkdir(parents=True, exist_ok=True)
        mark = job.folder.absolute() / _MARK
        mark.write_text(self._mark, "utf-8")
        memory = {} if self._memory is None else {"memory": self._memory}
        remote = self._ray.remote(Node)
        handle = remote.options(num_cpus=self._cores, max_restarts=0, **memory).remote()
        content = self._mark if self._shares else ""
        asked = handle.look.remote(str(mark), content, _required(job))
        self._running[job] = _Actor(handle, seeds, asked)

    def stop(self, job: Job) -> None:
        actor = self._running[job]
        actor.is_stopped = True
        if actor.step == "runs":
            actor.handle.stop.remote()

    def events(self) -> list[JobEvent]:
        found: list[JobEvent] = []
        for actor in self._running.values():
            if actor.asked is None:
                actor.asked = actor.handle.poll.remote()
        jobs = {one.asked: job for job, one in self._running.items()}
        there, _ = self._ray.wait(list(jobs), num_returns=len(jobs), timeout=_WAIT)
        for ref in there:
            found += self._heard(jobs[ref])
        if not found:
            sleep(max(_PAUSE, len(jobs) / _POLLS_PER_SECOND))
        return found

    def _heard(self, job: Job) -> list[JobEvent]:
        actor = self._running[job]
        try:
            value = self._ray.get(actor.asked)
            actor.asked = None
            if actor.step == "looks":
                self._begin(job, actor, value)
                return []
            if actor.step == "begins":
                actor.step = "runs"
                if actor.is_stopped:
                    actor.handle.stop.remote()
                return []
            said, ended = value
            found = [JobEvent(job, self._placed(one, actor)) for one in said]
            if ended is None:
                return found
            if actor.folder:
                self._fetch(job, actor)
            status, reason = ended
            last = JobEvent(job, {}, status, f"on node {actor.host}: {reason}" if reason else "")
        except self._ray.exceptions.RayError as error:
            node = f"node {actor.host}" if actor.host else "its node"
            found, last = [], JobEvent(job, {}, _LOST, f"{node} was lost: {_said(error)}")
        self._forget(job)
        return [*found, last]

    def _placed(self, said: dict[str, Any], actor: _Actor) -> dict[str, Any]:
        """With the node in an error: what is wrong may be wrong there alone."""
        error = said.get("error")
        return {**said, "error": f"on node {actor.host}: {error}"} if error else said

    def _begin(self, job: Job, actor: _Actor, seen: Seen) -> None:
        here = versions_here(_required(job))
        for name, version in here.items():
            if (there := seen.versions.get(name, "none")) != version:
                raise UsageError(
                    f"node {seen.host} has {name} {there}, and {version} is here: install the same"
                )
        actor.host, actor.folder = seen.host, seen.folder
        stores = [
            place
            for one in (*actor.seeds, job)
            if ((place := one.folder.absolute() / STORE) / PREDICTIONS).is_file()
        ]
        if actor.folder:
            for number, place in enumerate(stores):
                own = place.parent == job.folder.absolute()
                self._send(place, actor, STORE if own else f"seed-{number}")
        behind = [place for place in stores if place.parent != job.folder.absolute()]
        sent = _own_store(job, behind).to_json()
        actor.asked = actor.handle.begin.remote(sent, str(Path.cwd()))
        actor.step = "begins"

    def _send(self, store: Path, actor: _Actor, name: str) -> None:
        """A store in pieces, so that not all of it is in memory."""
        with TemporaryDirectory(prefix="harness-store-") as folder:
            file = Path(folder) / "store"
            pack_folder(store, file)
            for chunk in _chunks(file):
                self._ray.get(actor.handle.receive.remote(chunk, name))

    def _fetch(self, job: Job, actor: _Actor) -> None:
        """The shard's folder, in pieces."""
        file = job.folder.with_name(f".{job.folder.name}.packed")
        size = self._ray.get(actor.handle.pack.remote())
        with file.open("wb") as handle:
            while handle.tell() < size:
                handle.write(self._ray.get(actor.handle.chunk.remote(handle.tell())))
        unpack_folder(file, job.folder)
        if (job.folder / RECORD).is_file():
            record = stored.read(job.folder / RECORD)
            there = Path(actor.folder)
            gold = tuple(moved_gold(one, there, job.folder) for one in record.gold)
            stored.write(job.folder / RECORD, replace(record, gold=gold))

    def _forget(self, *jobs: Job) -> None:
        actors = {job: self._running.pop(job) for job in jobs}
        # One that is only being made has nothing to close, and may never be made.
        begun = [actor for actor in actors.values() if actor.step != "looks"]
        closing = [actor.handle.close.remote() for actor in begun]
        if closing:
            self._ray.wait(closing, num_returns=len(closing), timeout=_CLOSE_SECONDS)
        for job, actor in actors.items():
            (job.folder / _MARK).unlink(missing_ok=True)
            self._ray.kill(actor.handle)

    def __enter__(self) -> RayExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._forget(*self._running)
        finally:
            self._ray.shutdown()


def _own_store(job: Job, behind: Sequence[Path]) -> Job:
    """With a store in its own folder: several nodes cannot write into one SQLite file."""
    options, folder = job.options, job.folder.absolute()
    if options.cache is None:
        return replace(job, options=replace(options, out=folder))
    looked = (options.cache.absolute(), *behind)
    return replace(job, options=replace(options, out=folder, cache=folder / STORE, behind=looked))


def _required(job: Job) -> list[str]:
    """The distributions of its backends."""
    specs = map(BackendSpec.parse, job.backends)
    return sorted({name for spec in specs for name in adapter_of(spec).declaration.requires})


def _chunks(file: Path) -> Iterator[bytes]:
    """What is in a file, and then nothing."""
    with file.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk
    yield b""


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:500]


def _imported() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise LibraryMissing("the executor ray is not installed", extra="ray") from None
    return ray
