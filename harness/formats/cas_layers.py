"""Which annotations of a CAS are its entities: the layers its files have, and the meant one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InputError, UsageError, nearest
from harness.formats.annolayers import NAMED_ENTITIES, layer_short_name, meant_layer
from harness.formats.cas_files import CasFile
from harness.formats.cas_values import Cas, CasItem

__all__ = ["CasLayers", "cas_layers", "cas_text", "is_about_document", "is_of_layer", "view_items"]

_INITIAL_VIEW = "_InitialView"
_DOCUMENT = (
    "uima.tcas.DocumentAnnotation",
    "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.",
    "de.tudarmstadt.ukp.clarin.webanno.api.type.",
)
"""Types of what is said of a whole document, or their beginnings."""
_ARCS = {"Governor", "Dependent", "next", "referenceType", "referenceRelation"}
"""Features of relations and of links of chains, which are no layers of spans."""


@dataclass
class CasLayers:
    """What the files of a source have: the features of each type, and what is above a type."""

    features: dict[str, set[str]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    arcs: set[str] = field(default_factory=set)
    """The types that are relations or links of chains."""

    @property
    def has_named(self) -> bool:
        """Whether there are named entities."""
        return any(is_of_layer(kind, NAMED_ENTITIES, self) for kind in self.features)

    def meant(self, said: str | None, path: Path) -> str | None:
        """The layer to read: the one that was said, the named entities, or the only other one.

        `None`: there is none. Raises `InputError` for several, `UsageError` for one not there.
        """
        if said is not None:
            known = [*self.features, *self.parents]
            if said.endswith(NAMED_ENTITIES) or any(is_of_layer(k, said, self) for k in known):
                return said
            names = dict.fromkeys(map(layer_short_name, self.features))
            raise UsageError(f"{path}: no layer {said!r}{nearest(said, names)}")
        if self.has_named:
            return NAMED_ENTITIES
        valued = [kind for kind, has in self.features.items() if has and kind not in self.arcs]
        return meant_layer(sorted(valued), path)

    def lacks(self, layer: str, feature: str) -> bool:
        """Whether no annotation of a layer has the feature, and some have others."""
        if layer_short_name(layer) == NAMED_ENTITIES and feature == "value":
            return False
        found = [has for kind, has in self.features.items() if is_of_layer(kind, layer, self)]
        every = set[str]().union(*found)
        return bool(every) and feature not in every


def cas_layers(files: Iterable[CasFile], *, named_suffice: bool = False) -> CasLayers:
    """The layers of the files, in the view that is read; if `named_suffice`, of no more files than
    it takes to find named entities. Raises what `CasFile.load` does."""
    layers = CasLayers()
    for file in files:
        cas = file.load()
        layers.parents |= cas.parents
        for item in view_items(cas, cas_text(cas, file.shown)[0], Counter()):
            if not is_about_document(item.type):
                has = (key for key, value in item.features.items() if isinstance(value, str))
                layers.features.setdefault(item.type, set()).update(has)
                if not _ARCS.isdisjoint(item.features):
                    layers.arcs.add(item.type)
        if named_suffice and layers.has_named:
            break
    return layers


def cas_text(cas: Cas, path: Path) -> tuple[str, str]:
    """Id and text of the sofa that is read: the first view's, else the first with a text.

    Raises `InputError` where there is none.
    """
    sofa = next((id_ for id_, name in cas.names.items() if name == _INITIAL_VIEW), None)
    if sofa is None or sofa not in cas.texts:
        sofa = next(iter(cas.texts), None)
    if sofa is None:
        raise InputError("has no text: no sofa with a sofaString", path=path)
    return sofa, cas.texts[sofa]


def view_items(cas: Cas, sofa: str, losses: Counter[str]) -> Iterator[CasItem]:
    """What is annotated in the view of that sofa; what is not is counted."""
    members = cas.members.get(sofa)
    for item in cas.items:
        if item.sofa != sofa:
            losses["annotations of other views: left out"] += 1
        elif members is not None and item.id not in members:
            losses["annotations that are not in the index of their view: left out"] += 1
        else:
            yield item


def is_about_document(kind: str) -> bool:
    """Whether annotations of a type say something of the whole document."""
    return kind.startswith(_DOCUMENT)


def is_of_layer(kind: str, layer: str, known: Cas | CasLayers) -> bool:
    """Whether a type is that of the layer, or has it above it."""
    seen: set[str] = set()
    while kind and kind not in seen:
        if layer in (kind, layer_short_name(kind)):
            return True
        seen.add(kind)
        kind = known.parents.get(kind, "")
    return False
