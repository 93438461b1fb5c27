"""Finding tasks: the entry-point group `harness.tasks`, read lazily.

The built-in tasks are registered in this project's own pyproject.toml, exactly as anybody's.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from harness.distributions import origin_of
from harness.errors import UsageError, nearest
from harness.tasks.base import Task

__all__ = [
    "TASK_GROUP",
    "layer_names",
    "task_for_layer",
    "task_named",
    "task_names",
    "tasks",
    "wrong_task",
]

TASK_GROUP = "harness.tasks"

_TAKEN = {"id", "doc", "text", "ignore", "error", "tokens", "type", "seconds", "problems", "label"}
"""Keys of documents and of messages: no layer can be called so."""


@cache
def tasks() -> dict[str, Task]:
    """Every registered task by name, in the order of tables.

    Raises `UsageError` for one that cannot be loaded, and for two of one name or layer: numbers of
    the one could be taken for the other's.
    """
    origins: dict[str, EntryPoint] = {}
    loaded: list[Task] = []
    for point in entry_points(group=TASK_GROUP):
        task = _loaded(point)
        if task.layer in _TAKEN:
            raise UsageError(
                f"the task {origin_of(point)} has the layer {task.layer!r}, which is a key of "
                "every document; it needs another name"
            )
        for taken in (f"the name {task.name!r}", f"the layer {task.layer!r}"):
            other = origins.setdefault(taken, point)
            if other is not point:
                raise UsageError(
                    f"two tasks have {taken}: {origin_of(other)} and {origin_of(point)}; "
                    "uninstall one of the two"
                )
        loaded.append(task)
    return {task.name: task for task in sorted(loaded, key=lambda task: (task.order, task.name))}


def task_names() -> tuple[str, ...]:
    """The names of all tasks, in the order of tables."""
    return tuple(tasks())


def task_named(name: str) -> Task:
    """The task of that name. Raises `UsageError` with the nearest one."""
    known = tasks()
    if name in known:
        return known[name]
    raise UsageError(f"unknown task {name!r}{nearest(name, known)}")


@cache
def layer_names() -> tuple[str, ...]:
    """The layers of all tasks, in the order of tables."""
    return tuple(task.layer for task in tasks().values())


def wrong_task(name: str) -> str | None:
    """What is wrong with a name that should be a task's: `found 'nerd', expected 'ner' or ...`."""
    known = task_names()
    if name in known:
        return None
    expected = " or ".join(map(repr, known))
    guess = nearest(name, known, listed=False)
    return f"found {name!r}, expected {expected}{guess}".removesuffix(".")


def task_for_layer(layer: str) -> Task | None:
    """The task whose items stand in that layer."""
    return next((task for task in tasks().values() if task.layer == layer), None)


def _loaded(point: EntryPoint) -> Task:
    try:
        value = point.load()
        task = value() if isinstance(value, type) else value
    except Exception as error:  # Code of others: anything may be wrong with it.
        problem = f"{type(error).__name__}: {error}"
    else:
        if isinstance(task, Task):
            return task
        problem = f"found {task!r}, expected a harness.tasks.base.Task"
    raise UsageError(
        f"the task {origin_of(point)} cannot be loaded ({problem}); mend or uninstall it"
    ) from None
