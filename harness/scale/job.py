"""One shard to be run: what is sent, as JSON, to the process that runs it, wherever that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.coding import encode
from harness.errors import UsageError
from harness.formats.source import Source
from harness.formats.urls import real
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec
from harness.run.options import Limits, RunOptions
from harness.shards import Shard

__all__ = ["Job", "source_of", "asked_as"]

_PLACES = ("cache", "out")
_TUPLES = ("command", "pass_env", "tasks")


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Backends, gold sets and options of a run, with the shard and its own folder in them; a job
    is itself alone."""

    backends: tuple[str, ...]
    gold: tuple[Source, ...]
    options: RunOptions

    @property
    def shard(self) -> Shard:
        assert self.options.shard is not None
        return self.options.shard

    @property
    def folder(self) -> Path:
        assert self.options.out is not None
        return self.options.out

    def of(self, shard: Shard, folder: Path) -> Job:
        """The same for another shard, into another folder."""
        return replace(self, options=replace(self.options, shard=shard, out=folder))

    def specs(self) -> list[BackendSpec]:
        return [BackendSpec.parse(name) for name in self.backends]

    def goldsets(self) -> list[GoldSet]:
        return [load_goldset(source) for source in self.gold]

    def to_json(self) -> dict[str, Any]:
        """For the process that runs it alone: URLs have their secrets."""
        options = {part.name: getattr(self.options, part.name) for part in fields(RunOptions)}
        options |= {name: options[name] and str(options[name]) for name in _PLACES}
        options["behind"] = [str(path) for path in self.options.behind]
        options["shard"] = str(self.shard)
        return {
            "backends": list(self.backends),
            "gold": [[real(source.path), dict(source.options)] for source in self.gold],
            "options": encode(options),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Job:
        """The inverse of `to_json`; it is this project's own that wrote it."""
        options = dict(value["options"])
        options |= {name: options[name] and Path(options[name]) for name in _PLACES}
        options |= {
            name: None if options[name] is None else tuple(options[name]) for name in _TUPLES
        }
        options["behind"] = tuple(map(Path, options["behind"]))
        options["limits"] = Limits(**options["limits"])
        options["shard"] = Shard.parse(options["shard"])
        return cls(
            tuple(value["backends"]),
            tuple(Source(path, said) for path, said in value["gold"]),
            RunOptions(**options),
        )


def source_of(goldset: GoldSet) -> Source:
    """Where another process finds the gold set. Raises `UsageError` for one that only this one has.

    A path is made absolute; the name of a set that came with the harness, and a URL, stay.
    """
    if goldset.said is None:
        raise UsageError(f"gold set {goldset.name!r} was made here: write it into a file first")
    place = goldset.path
    return replace(goldset.said, path=str(place.resolve()) if place.exists() else goldset.said.path)


def asked_as(specs: Sequence[BackendSpec]) -> tuple[str, ...]:
    """Each row once, as it is parsed back, with its alias."""
    rows = {spec.row: spec for spec in specs}
    return tuple(f"{one.alias}={one}" if one.alias else str(one) for one in rows.values())
