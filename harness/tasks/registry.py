"""Finding tasks: the entry-point group `harness.tasks`, read lazily.

The built-in tasks are registered in this project's own pyproject.toml, exactly as anybody's.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from harness.errors import UsageError, nearest
from harness.tasks.base import Task

__all__ = [
    "GROUP",
    "layer_names",
    "task_for_layer",
    "task_named",
    "task_names",
    "tasks",
    "wrong_task",
]

GROUP = "harness.tasks"


@cache
def tasks() -> dict[str, Task]:
    """Every registered task by name, in the order of tables."""
    found = [_loaded(point.load()) for point in entry_points(group=GROUP)]
    return {task.name: task for task in sorted(found, key=lambda task: (task.order, task.name))}


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
    return f"found {name!r}, expected {expected}{nearest(name, known, listed=False)}"


def task_for_layer(layer: str) -> Task | None:
    """The task whose items stand in that layer."""
    return next((task for task in tasks().values() if task.layer == layer), None)


def _loaded(value: Task | type[Task]) -> Task:
    return value() if isinstance(value, type) else value
