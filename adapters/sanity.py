"""Rows that check the harness itself: `empty`, `oracle`, `whole-document`.

`empty` finds nothing (precision undefined, recall 0); `oracle` echoes the gold (1.0 everywhere);
`whole-document` says that everything is one mention, which no honest score may reward.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.adapter import Declaration, LoadRequest, ModelIdentity
from harness.adapters._options import read_options
from harness.annotation import Annotations, Attribution, Entity, Span, Task
from harness.digest import digest_files

_IDENTITY = ModelIdentity("rules", digest=digest_files([Path(__file__)]), licence="none")


def _declare(name: str, summary: str, *, needs_gold: bool = False) -> Declaration:
    return Declaration(
        name=name,
        tasks=("ner", "attribution"),
        summary=summary,
        install="always there",
        code_licence="MIT",
        model_licence="none",
        default_models=("",),
        takes_model=False,
        needs_gold=needs_gold,
        sanity=True,
    )


class _Sanity:
    """What the three have in common: nothing to install, nothing to load."""

    declaration: Declaration

    def unavailable(self, model: str) -> str | None:
        return f"{self.declaration.name} takes no model, found {model!r}" if model else None

    def identity(self, model: str) -> ModelIdentity | None:
        return _IDENTITY


class _Plain:
    """A backend whose raw result is the annotations."""

    labels: tuple[str, ...] | None = None
    identity = _IDENTITY

    def __init__(self, task: Task, label: str = "") -> None:
        self._task: Task = task
        self._label = label

    def annotations(self, text: str, raw: Annotations) -> Annotations:
        return raw

    def _layer(
        self, entities: tuple[Entity, ...], attributions: tuple[Attribution, ...]
    ) -> Annotations:
        if self._task == "ner":
            return Annotations(entities=entities)
        return Annotations(attributions=attributions)


class _Empty(_Plain):
    def predict(self, texts: Sequence[str]) -> Iterable[Annotations]:
        for _ in texts:
            yield self._layer((), ())


class _WholeDocument(_Plain):
    def predict(self, texts: Sequence[str]) -> Iterable[Annotations]:
        for text in texts:
            whole = Span(0, len(text))
            if text:
                yield self._layer((Entity(*whole, self._label),), (Attribution((whole,)),))
            else:
                yield self._layer((), ())


class _Oracle(_Plain):
    def predict(self, texts: Sequence[str]) -> Iterable[Annotations]:
        raise RuntimeError("the oracle needs gold: call predict_gold")

    def predict_gold(
        self, texts: Sequence[str], gold: Sequence[Annotations]
    ) -> Iterable[Annotations]:
        """The gold itself, one per text."""
        for layers in gold:
            yield self._layer(layers.entities or (), layers.attributions or ())


class EmptyAdapter(_Sanity):
    """Finds nothing."""

    declaration = _declare("empty", "finds nothing: precision undefined, recall 0")

    def load(self, request: LoadRequest) -> _Empty:
        read_options(request.options, {})
        return _Empty(request.task)


class OracleAdapter(_Sanity):
    """Echoes the gold."""

    declaration = _declare("oracle", "echoes the gold: every score is 1", needs_gold=True)

    def load(self, request: LoadRequest) -> _Oracle:
        read_options(request.options, {})
        return _Oracle(request.task)


class WholeDocumentAdapter(_Sanity):
    """One mention over the whole document, with the first label of the gold's schema."""

    declaration = _declare("whole-document", "one mention as long as the document: scores near 0")

    def load(self, request: LoadRequest) -> _WholeDocument:
        read_options(request.options, {})
        return _WholeDocument(request.task, request.labels[0] if request.labels else "MISC")


EMPTY = EmptyAdapter()
ORACLE = OracleAdapter()
WHOLE_DOCUMENT = WholeDocumentAdapter()
