"""Workers that are asked outside of runs: by the contract test, and for certificates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from harness.annotation import TaskName
from harness.registry import BackendSpec
from harness.run.launch import Launch
from harness.run.options import Limits
from harness.run.predictor import Predictor
from harness.run.protocol import Hello, load_message

__all__ = ["started"]


@contextmanager
def started(
    launch: Launch,
    spec: BackendSpec,
    task: TaskName,
    *,
    labels: Sequence[str] = (),
    batch_size: int = 1,
    offline: bool = True,
    limits: Limits | None = None,
) -> Iterator[tuple[Predictor, Hello]]:
    """A process of its own, loaded. Raises `BackendUnavailable` and `BackendFailed`."""
    load = load_message(
        str(spec),
        task=task,
        model=spec.model,
        labels=labels,
        options=spec.options,
        batch_size=batch_size,
        offline=offline,
    )
    with Predictor(launch, load, task=task, batch_size=batch_size, limits=limits) as predictor:
        yield predictor, predictor.start()
