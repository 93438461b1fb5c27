"""What runs the shards of a run: here, or on a cluster. An executor is a module that makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from harness.scale.job import Job

__all__ = ["Event", "Executor"]


class Event(NamedTuple):
    """Something that a job has said (`harness.scale.shard_main`), or that it has ended."""

    job: Job
    said: Mapping[str, Any]
    """Empty in the end."""
    status: int | None = None
    """The exit status of a job that has ended: 0 and its record is in its folder; negative for the
    signal that ended it."""
    reason: str = ""


class Executor(Protocol):
    """Runs up to `slots` jobs at a time; a context manager that leaves nothing running."""

    slots: int

    def start(self, job: Job, seeds: Sequence[Job] = ()) -> None:
        """Run a job; answers of the jobs `seeds`, which were stopped, are not asked for again."""

    def stop(self, job: Job) -> None:
        """Let a job end before it is done; it has ended once an event says so."""

    def events(self) -> list[Event]:
        """What has happened since this was last asked; waits a moment where nothing has."""

    def __enter__(self) -> Executor: ...

    def __exit__(self, *_: object) -> None: ...
