"""Compare named-entity and quotation-attribution backends on gold annotations.

    from harness import load_backend, score, compare, load_goldset

Names are imported when they are first used, so that `import harness` stays cheap. They are
documented in `harness.api` and, on one page, in docs/library.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import (
        Annotations,
        Attribution,
        Entity,
        GoldSet,
        LoadedBackend,
        Record,
        Scored,
        Span,
        compare,
        explain,
        load_backend,
        load_goldset,
        score,
    )

__version__ = "0.10.0"

__all__ = [
    "Annotations",
    "Attribution",
    "Entity",
    "GoldSet",
    "LoadedBackend",
    "Record",
    "Scored",
    "Span",
    "compare",
    "explain",
    "load_backend",
    "load_goldset",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("harness.api"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
