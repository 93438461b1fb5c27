"""Which executors there are, by the name that `--executor` has."""

from __future__ import annotations

import os

from harness.run.options import RunOptions
from harness.scale.executor import Executor
from harness.scale.names import ExecutorName

__all__ = ["executor_named"]


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
    slots = workers or max(1, (cores or 1) // options.threads)
    check_memory(options.limits, slots)
    return LocalExecutor(slots)
