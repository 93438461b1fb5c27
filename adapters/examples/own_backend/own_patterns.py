"""A backend of your own: ships and ports by two patterns. docs/tutorial.md finds its weakness."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity
from harness.annotation import Annotations, Entity

SHIP = r"\b(?:MV|MS|SS) [A-Z]\w+"
PORT = r"\b(?:Bergen|Gdynia|Oslo|Riga|Tallinn|Turku)\b"

Found = list[tuple[int, int, str]]


class OwnBackend(Backend):
    """What is loaded: it holds whatever your library needs."""

    labels = ("SHIP", "PORT")

    def __init__(self, identity: ModelIdentity) -> None:
        self.identity = identity
        self.patterns = ((re.compile(SHIP), "SHIP"), (re.compile(PORT), "PORT"))

    def predict(self, texts: Sequence[str]) -> Iterable[Found]:
        """One answer for each text, in order. This is timed."""
        return [self._found(text) for text in texts]

    def _found(self, text: str) -> Found:
        return [
            (*match.span(), label)
            for pattern, label in self.patterns
            for match in pattern.finditer(text)
        ]

    def annotations(self, text: str, raw: Found) -> Annotations:
        """An answer as annotations: half-open offsets in code points. This is not timed."""
        return Annotations(tuple(Entity(start, end, label) for start, end, label in raw))


class OwnAdapter(Adapter):
    """What is known of it without loading anything."""

    declaration = Declaration(
        name="own",
        tasks=("ner",),
        summary="ships and ports by patterns",
        install="pip install -e own_backend",
        code_licence="MIT",
        model_licence="none",
        labels=OwnBackend.labels,
        default_models=("",),
        takes_model=False,
    )

    def open(self, request: LoadRequest, identity: ModelIdentity) -> OwnBackend:
        """Runs in a process of the backend's own: import the library here."""
        return OwnBackend(identity)


ADAPTER = OwnAdapter()
