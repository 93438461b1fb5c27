"""How to run: each option is declared here, once (`harness.options`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import TaskName
from harness.coding import encode
from harness.errors import UsageError, nearest
from harness.options import Flag, check_options, flags_of, from_flags
from harness.run.sizes import parse_size
from harness.run.variables import check_passed
from harness.shards import Shard
from harness.tasks.registry import tasks

__all__ = ["Limits", "RunOptions", "WorkerOptions", "task_flags"]

_worker = partial(Flag, group="workers")
_number = partial(_worker, metavar="N", least=1, most=1_000_000, keyed=True)
_seconds = partial(_worker, metavar="SECONDS", above=0, most=1e9, noun="seconds")

# Fields of RunOptions that a record has in another place: of its own, of each result, or as the
# folder it lies in.
_ELSEWHERE = ("command", "counting", "environment", "limits", "out", "seed", "shard", "threads")
# Where answers are kept and looked for decides none of them.
_UNSAID = ("behind", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take. Seconds and bytes; `None` is no limit."""

    document_seconds: Annotated[float, _seconds("for one document", name="timeout")] = 300.0
    """For one document; a batch of n documents has n times as long."""
    load_seconds: Annotated[float, _seconds("for loading a backend", name="load_timeout")] = 600.0
    total_seconds: Annotated[
        float | None,
        _seconds(
            "for all documents of a backend and gold set, loading and scoring; default: none",
            name="total_timeout",
        ),
    ] = None
    memory_bytes: Annotated[
        int | None,
        _worker(
            "resident memory of a worker, such as 800MB or 4GiB; default: none",
            name="max_memory",
            metavar="SIZE",
            least=1,
            parse=parse_size,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How backends are asked, by a run and by whatever else asks them. Raises `UsageError`."""

    batch_size: Annotated[
        int,
        _number("documents handed to a library in one call; with 1 each has a time of its own"),
    ] = 1
    threads: Annotated[
        int, _number("threads of the numeric libraries of a worker", most=10_000)
    ] = 1
    limits: Limits = field(default_factory=Limits)
    offline: Annotated[
        bool, _worker("let backends fetch models; default: never", name="online")
    ] = True
    pass_env: Annotated[
        tuple[str, ...],
        _worker(
            "also this variable of the environment; may be repeated", metavar="NAME", keyed=True
        ),
    ] = ()
    """Variables that backends see besides those of `harness.run.variables`."""
    environment: str = ""
    """The name of the environment to run in, in place of the adapter's own (`launch`)."""
    fresh: Annotated[
        bool, Flag("ask everything anew, and replace what it has", group="predictions store")
    ] = False

    def __post_init__(self) -> None:
        check_options(self)
        check_passed(self.pass_env)


def task_flags() -> tuple[Flag, ...]:
    """How things are counted: the options of every task, each name once.

    Raises `UsageError` where two tasks do not mean the same by a name.
    """
    every: dict[str, tuple[Flag, str]] = {}
    for task in tasks().values():
        for flag in flags_of(task.options, *task.signed):
            other, owner = every.setdefault(flag.name, (flag, task.name))
            if other != flag:
                raise UsageError(
                    f"the tasks {owner!r} and {task.name!r} declare --{flag.name} in two ways: "
                    "one of the two has to call its option by another name"
                )
    return tuple(flag for flag, _ in every.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(WorkerOptions):
    """How to run. Raises `UsageError` for what is not possible, alone or together."""

    tasks: tuple[TaskName, ...] | None = None
    """Only these tasks; `None` is every task that the gold has."""
    counting: Mapping[str, Any] = field(default_factory=dict)
    """Options of tasks (`task_flags`) that are not as by default: `{"match": "exact"}`."""
    schema: Annotated[str | None, Flag("compare in this label schema", metavar="NAME")] = None
    """Label schema to compare in, instead of the finest that both sides reach."""
    rounds: Annotated[
        int, Flag("timing rounds, interleaved", metavar="N", least=1, most=10_000)
    ] = 1
    jobs: Annotated[
        int, Flag("workers at a time; above 1 nothing is timed", metavar="N", least=1, most=1000)
    ] = 1
    cache: Path | None = None
    """Folder of the predictions store; `None` neither reads nor writes one."""
    behind: tuple[Path, ...] = ()
    """Folders of stores to look in for what `cache` does not have."""
    token: str = ""
    """The token in the store of the run that this one is a part of (`harness.run.store.taken_up`);
    empty: it takes up its own."""
    out: Annotated[
        Path | None, Flag("folder for the record and the predictions", metavar="DIR")
    ] = None
    """Folder for run.json and the predictions; `None` writes nothing."""
    seed: Annotated[int, Flag("of the resampling", metavar="N", least=0, most=10**15 - 1)] = 0
    """Written down for whoever resamples the record."""
    shard: Shard | None = None
    """These documents alone; the record is that of a shard (`harness.scale.merge`)."""
    command: tuple[str, ...] = ()
    suite: str | None = None

    def __post_init__(self) -> None:
        WorkerOptions.__post_init__(self)  # `super()` does not work where there are slots.
        if self.jobs > 1 and self.rounds > 1:
            raise UsageError("rounds are for timing, and nothing is timed with more than one job")
        names = [flag.name for flag in task_flags()]
        for name in self.counting.keys() - set(names):
            raise UsageError(f"no task has the option {name!r}{nearest(name, names)}")

    def scoring(self) -> dict[str, Any]:
        """How each task counts. Raises what its options do."""
        return {
            task.name: from_flags(task.options, self.counting, *task.signed)
            for task in tasks().values()
        }

    def recorded(self) -> Mapping[str, str | int | float | bool | None]:
        """Every option by the name of its field, as a record keeps them.

        Whether there was a store stands for its folder. Missing are those of which a record has
        fields of its own, and the folder that it lies in.
        """
        values = {
            **{flag.name: flag.default for flag in task_flags()},
            **self.counting,
            **encode(self),
            **encode(self.limits),
            "tasks": None if self.tasks is None else ",".join(self.tasks),
            "pass_env": ",".join(self.pass_env) or None,
            "cache": self.cache is not None,
        }
        return {
            name: value for name, value in values.items() if name not in (*_ELSEWHERE, *_UNSAID)
        }
