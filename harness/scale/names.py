"""Names that the command line asks for before anything is imported."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

__all__ = ["EXECUTORS", "SHARD_FOLDERS", "STORE", "ExecutorName"]

ExecutorName: TypeAlias = Literal["local", "ray"]
EXECUTORS: tuple[ExecutorName, ...] = get_args(ExecutorName)

SHARD_FOLDERS = "shards"
"""In the folder of a run that is under way: a folder for every shard."""

STORE = "store"
"""In a shard's folder, its own store of predictions, where it has one."""
