"""Names that the command line asks for before anything is imported."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

__all__ = ["EXECUTORS", "STORE", "ExecutorName"]

ExecutorName: TypeAlias = Literal["local", "ray"]
EXECUTORS: tuple[ExecutorName, ...] = get_args(ExecutorName)

STORE = "store"
"""In a shard's folder, its own store of predictions, where it has one."""
