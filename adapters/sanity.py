"""Rows that check the harness itself: `empty`, `oracle`, `whole-document`.

`empty` finds nothing (precision undefined, recall 0); `oracle` echoes the gold (1.0 everywhere);
`whole-document` says that everything is one mention, which no honest score may reward (it finds
nothing for a task without such a thing).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity
from harness.annotation import Annotations
from harness.tasks.registry import task_named, task_names


class _Plain(Backend):
    """Finds nothing; a backend whose raw result is the annotations."""

    def __init__(self, request: LoadRequest, identity: ModelIdentity) -> None:
        self.identity = identity
        self._request = request

    def predict(self, texts: Sequence[str]) -> Iterable[Annotations]:
        for _ in texts:
            yield self._layer(Annotations())

    def annotations(self, text: str, raw: Annotations) -> Annotations:
        return raw

    def _layer(self, layers: Annotations) -> Annotations:
        """What was asked for, of all layers."""
        task = task_named(self._request.task)
        return task.layers(task.items(layers))


class _WholeDocument(_Plain):
    def predict(self, texts: Sequence[str]) -> Iterable[Annotations]:
        task, label = task_named(self._request.task), next(iter(self._request.labels), "MISC")
        for text in texts:
            items = task.whole(text, label) if text else ()
            yield task.layers(items)


class _Oracle(_Plain):
    def predict(self, texts: Sequence[str]) -> Iterable[Annotations]:
        raise RuntimeError("the oracle needs gold: call predict_gold")

    def predict_gold(
        self, texts: Sequence[str], gold: Sequence[Annotations]
    ) -> Iterable[Annotations]:
        """The gold itself, one per text."""
        return map(self._layer, gold)


class SanityAdapter(Adapter):
    """One of the three, which have nothing to install and nothing to load."""

    def __init__(
        self,
        name: str,
        summary: str,
        backend: type[_Plain],
        *,
        tasks: tuple[str, ...],
        needs_gold: bool = False,
    ) -> None:
        self._backend = backend
        self.declaration = Declaration(
            name=name,
            tasks=tasks,
            summary=summary,
            install="always there",
            code_licence="MIT",
            model_licence="none",
            default_models=("",),
            takes_model=False,
            needs_gold=needs_gold,
            sanity=True,
        )

    def open(self, request: LoadRequest, identity: ModelIdentity) -> _Plain:
        return self._backend(request, identity)


EMPTY = SanityAdapter(
    "empty", "finds nothing: precision undefined, recall 0", _Plain, tasks=task_names()
)
ORACLE = SanityAdapter(
    "oracle",
    "echoes the gold: every score is 1",
    _Oracle,
    tasks=task_names(),
    needs_gold=True,
)
WHOLE_DOCUMENT = SanityAdapter(
    "whole-document",
    "one mention as long as the document: scores near 0",
    _WholeDocument,
    tasks=task_names(),
)
