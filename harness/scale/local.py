"""Shards as processes on this machine, which share its store of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from time import sleep

from harness.errors import UsageError
from harness.results.provenance import machine
from harness.run.options import Limits
from harness.scale.executor import Event
from harness.scale.job import Job
from harness.scale.shard_process import ShardProcess

__all__ = ["LocalExecutor", "check_memory"]

_PAUSE = 0.05


class LocalExecutor:
    """`Executor` on this machine."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._running: dict[Job, ShardProcess] = {}

    def start(self, job: Job, seeds: Sequence[Job] = ()) -> None:
        # What was answered elsewhere is in the store that all of them share.
        self._running[job] = ShardProcess(job.to_json())

    def stop(self, job: Job) -> None:
        self._running[job].stop()

    def events(self) -> list[Event]:
        found: list[Event] = []
        for job, process in list(self._running.items()):
            ended = process.ended()  # Asked first: then all that it said is there.
            found += [Event(job, said) for said in process.events()]
            if ended is not None:
                process.close()
                del self._running[job]
                found.append(Event(job, {}, *ended))
        if not found:
            sleep(_PAUSE)
        return found

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.stop()
        for process in self._running.values():
            process.close()
        self._running.clear()


def check_memory(limits: Limits, workers: int) -> None:
    """Raise `UsageError` where so many workers may take more memory than the machine has."""
    whole = machine().memory_bytes
    if limits.memory_bytes is not None and whole and limits.memory_bytes * workers > whole:
        raise UsageError(
            f"{workers} workers of up to {limits.memory_bytes / 1e9:.3g} GB each may take "
            f"{limits.memory_bytes * workers / 1e9:.3g} GB, and this machine has "
            f"{whole / 1e9:.3g} GB: give a lower --max-memory, or fewer --workers"
        )
