"""Which executors there are, by the name that `--executor` has."""

from __future__ import annotations

import os

from harness.errors import UsageError
from harness.run.options import RunOptions
from harness.scale.executor import Executor
from harness.scale.names import ExecutorName

__all__ = ["executor_named"]

_MOST_A_CORE = 16
"""Workers that wait for a network; those that compute are best one for each core."""


def executor_named(
    name: ExecutorName, options: RunOptions, *, workers: int | None = None, address: str = ""
) -> Executor:
    """An executor of so many workers at a time, by default as many as the machine, or the cluster,
    has cores for. Raises `UsageError` where it is not installed, not reached, or asks for more
    memory than there is."""
    if name == "ray":
        from harness.scale.on_ray import RayExecutor

        return RayExecutor(options, workers=workers, address=address)
    from harness.scale.local import LocalExecutor, check_memory

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    slots = workers or max(1, (cores or 1) // (options.threads * options.jobs))
    if slots > _MOST_A_CORE * (cores or 1):
        raise UsageError(
            f"{slots} workers are too many for {cores} cores, expected at most {_MOST_A_CORE} for "
            "each: give fewer --workers (--shards may be as many as you like)"
        )
    check_memory(options.limits, slots * options.jobs)
    return LocalExecutor(slots)
