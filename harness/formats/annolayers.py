"""Layers of spans in files of WebAnno and INCEpTION: which one is read, and what its spans become.

The same for their tables (`webanno`) and their CAS (`cas_xmi`): of several layers that of the named
entities is meant, else the only one that somebody has made. What is counted is worded here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.annotation import Entity
from harness.errors import InputError
from harness.formats.losses import Losses

__all__ = [
    "FURTHER_FEATURES",
    "NAMED_ENTITIES",
    "NO_SPAN_LAYER",
    "LayerSpans",
    "layer_short_name",
    "meant_layer",
]

NAMED_ENTITIES = "NamedEntity"
NO_SPAN_LAYER = "documents without a layer of spans: no entity layer"
FURTHER_FEATURES = "further features of annotations: left out"
_OF_TOKENS = ("de.tudarmstadt.ukp.", "uima.")
"""Layers that come with the tools, most of them a label a token."""


def layer_short_name(name: str) -> str:
    """The last part of a layer's name, as people say it."""
    return name.rpartition(".")[2]


def meant_layer(layers: Iterable[str], path: Path) -> str | None:
    """Which of the layers of spans is meant where none is said; `None` where there is none.

    Raises `InputError` that names them, and the option, where several could be.
    """
    every = list(layers)
    named = [name for name in every if layer_short_name(name) == NAMED_ENTITIES]
    own = [name for name in every if not name.startswith(_OF_TOKENS)]
    for choice in (named, own):
        if len(choice) == 1:
            return choice[0]
    if not named and not own:
        return None
    raise InputError(
        f"has several layers of spans: {', '.join(named or own)}; say which one: layer=NAME",
        path=path,
        options=("layer", {layer_short_name(name): "" for name in named or own}),
    )


class LayerSpans:
    """The entities of one document as they are found; equal ones are kept once."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._kept: dict[Entity, None] = {}

    def is_empty(self, start: object, end: object) -> bool:
        """Whether a span has no characters; it is counted as left out."""
        if type(start) is not int or start != end:
            return False
        self._losses["spans without characters: left out"] += 1
        return True

    def called(self, layer: str) -> str:
        """The label of a span without a value: its layer's name. It is counted."""
        self._losses["spans without a value: called as their layer"] += 1
        return layer_short_name(layer)

    def add(self, entity: Entity) -> None:
        """Keep an entity; one that comes twice is counted."""
        if entity in self._kept:
            self._losses["annotations that come twice: read once"] += 1
        self._kept[entity] = None

    @property
    def entities(self) -> tuple[Entity, ...]:
        """All of them, in the order of the text, longer ones first."""
        return tuple(sorted(self._kept, key=lambda one: (one.start, -one.end)))
