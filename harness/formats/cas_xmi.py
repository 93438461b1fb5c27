"""UIMA's CAS in XMI or JSON, as INCEpTION, WebAnno and DKPro write it.

    <cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" sofaString="NATO left"/>
    <type:NamedEntity xmi:id="9" sofa="1" begin="0" end="4" value="ORG"/>

A file, a folder of them, or a zip; of INCEpTION's exports of a project (`annotation/`, `curation/`)
what was curated is read, else the alphabetically first annotator (`annotator=NAME`). Offsets are
UTF-16 units, as Java counts. Types and views: uima.apache.org/d/uimaj-current/ref.html#ugr.ref.xmi.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError
from harness.formats.annolayers import (
    FURTHER_FEATURES,
    NAMED_ENTITIES,
    NO_SPAN_LAYER,
    LayerSpans,
    layer_short_name,
)
from harness.formats.cas_files import CURATED, CasFile, cas_files, names_in_zip
from harness.formats.cas_layers import (
    cas_layers,
    cas_text,
    is_about_document,
    is_of_layer,
    view_items,
)
from harness.formats.cas_values import CasItem
from harness.formats.foreign import count_unread
from harness.formats.hints import FURTHER_ANNOTATORS, no_annotator
from harness.formats.items import Decoder, Where
from harness.formats.losses import Losses
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.options import AnnotatorOption, OffsetsOption, UnpackedOption
from harness.formats.packed import MOST_UNPACKED
from harness.formats.sniff import Head
from harness.options import Flag

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "annotators", "matches", "read", "settle"]

LOSES = "other layers but tokens, further features, other views"
EXAMPLE = """\
<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" sofaString="NATO left"/>
<type:NamedEntity xmi:id="9" sofa="1" begin="0" end="4" value="ORG"/>
"""
LEAVES_OUT = True

_TOKEN = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"  # noqa: S105
_FOLDERS = ("*.xmi", "*/*.xmi", *(f"{top}/*/*.{end}" for top in ("annotation", "curation")
                                  for end in ("xmi", "zip")))  # fmt: skip

_LayerOption = Annotated[
    str | None,
    Flag(
        "type of the annotations to read, or its last part; named entities, else the only one",
        metavar="TYPE",
    ),
]
_FeatureOption = Annotated[str, Flag("feature that is the label", metavar="NAME")]


def matches(head: Head) -> bool:
    """XMI or JSON of a CAS, or a folder or zip with `.xmi` files."""
    if head.path.is_dir():
        return head.holds(*_FOLDERS)
    if head.start == "{":
        return '"%TYPES"' in head.text or '"%FEATURE_STRUCTURES"' in head.text
    if head.data.startswith(b"PK\x03\x04"):
        try:
            return any(name.endswith(".xmi") for name in names_in_zip(head.path))
        except InputError:
            return False
    return b"http://www.omg.org/XMI" in head.data and b"http:///uima/cas.ecore" in head.data


def annotators(
    path: str | Path, *, most_unpacked: UnpackedOption = MOST_UNPACKED
) -> tuple[str, ...]:
    """Every annotator of a project, sorted by name."""
    every = cas_files(Path(path), most_unpacked)
    return tuple(sorted({name for by in every.values() for name in by if name}))


def settle(
    path: str | Path,
    *,
    layer: _LayerOption = None,
    annotator: AnnotatorOption = None,
    most_unpacked: UnpackedOption = MOST_UNPACKED,
) -> dict[str, Any]:
    """The layer as `read` would find it out, where it is not that of the named entities."""
    files = _files(Path(path), annotator, most_unpacked, Losses())
    layers = cas_layers((file for _, file in files), named_suffice=layer is None)
    meant = layers.meant(layer, Path(path))
    return {} if meant in (None, NAMED_ENTITIES) else {"layer": meant}


def read(
    path: str | Path,
    *,
    layer: _LayerOption = None,
    feature: _FeatureOption = "value",
    annotator: AnnotatorOption = None,
    offsets: OffsetsOption = None,
    most_unpacked: UnpackedOption = MOST_UNPACKED,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents, sorted by name; ids are their files' names without ending, or, of a
    project, the names of their folders. Files are read twice, the first time for their layers, as
    far as the first with named entities.

    Entities are the annotations of the layer and of the types that a type system (beside the files,
    or in the JSON) says are such: of `layer`, else of the named entities, else of the only layer of
    spans with a feature. Where there is none, there is no entity layer. One without a value is
    called as its layer, and counted. DKPro's tokens become the record's tokens.

    Raises `InputError` for a file that is no CAS, one without text, several layers that could be
    meant, XML with a document type of its own, and a zip that unpacks to more than `most_unpacked`
    MiB; `AnnotationError` for a layer without that feature and for offsets that do not fit.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    files = _files(path, annotator, most_unpacked, losses)
    named = layer is None and feature == "value"
    layers = cas_layers((file for _, file in files), named_suffice=named)
    meant = layers.meant(layer, path)
    lacking = meant is not None and layers.lacks(meant, feature)
    how = _How(meant, feature, lacking, offsets or "utf16", losses)
    for document, file in files:
        yield _record(document, file, how)


def _files(
    path: Path, annotator: str | None, most: int, losses: Losses
) -> list[tuple[str, CasFile]]:
    """The file of each document that is read; what is not is counted."""
    every = cas_files(path, most)
    if path.is_dir():
        count_unread(path, (".xmi", ".zip", ".xml"), losses)
    known = {name for by in every.values() for name in by}
    if annotator is not None and annotator not in known:
        raise no_annotator(annotator, known - {""}, path)
    files = []
    for document, by in every.items():
        name = annotator or (CURATED if CURATED in by else min(by))
        if name not in by:
            losses[f"documents that {annotator} did not annotate: left out"] += 1
            continue
        if annotator is None and len(by) > 1:
            losses[FURTHER_ANNOTATORS] += len(by) - 1
        files.append((document, by[name]))
    return files


class _How(NamedTuple):
    """How the documents of a source are read."""

    layer: str | None
    feature: str
    lacking: bool
    """Whether the annotations of the layer have features, and never this one."""
    unit: OffsetUnit
    losses: Losses


def _record(document: str, file: CasFile, how: _How) -> Record:
    cas, losses = file.load(), how.losses
    sofa, text = cas_text(cas, file.shown)
    offsets = Offsets(text, how.unit)
    found = LayerSpans(losses)
    tokens = []
    for item in view_items(cas, sofa, losses):
        if how.layer is not None and is_of_layer(item.type, how.layer, cas):
            where = Where(file.shown, item.line)
            if (entity := _entity(item, how, where, text, offsets, found)) is not None:
                found.add(entity)
        elif item.type == _TOKEN:
            tokens.append(item)
        elif not is_about_document(item.type):
            losses[f"annotations of the type {item.type}: left out (layer=TYPE reads them)"] += 1
    if how.layer is None:
        losses[NO_SPAN_LAYER] += 1
    layers = Annotations(None if how.layer is None else tuple(sorted(found.entities)))
    number = None if file.name else 1
    return Record(
        document, text, layers, number=number, tokens=_tokens(tokens, text, offsets, losses)
    )


def _entity(
    item: CasItem, how: _How, where: Where, text: str, offsets: Offsets, found: LayerSpans
) -> Entity | None:
    place = f"{layer_short_name(item.type)} {item.id}"
    if how.lacking:
        there = [key for key, value in item.features.items() if isinstance(value, str)]
        usable = [key for key in there if key and key.isprintable()][:4]
        how.losses.fault(
            where.error(
                f"{place} has no feature {how.feature!r}; it has: {', '.join(there) or 'none'}",
                options=("feature", dict.fromkeys(usable, "")) if usable else None,
            )
        )
        return None
    if others := sum(key != how.feature for key in item.features):
        how.losses[FURTHER_FEATURES] += others
    if found.is_empty(item.begin, item.end):
        return None
    label = item.features.get(how.feature)
    if label in (None, ""):
        label = found.called(item.type)
    made = {"start": item.begin, "end": item.end, "label": label}
    return Decoder(text, where.sink(how.losses), offsets=offsets).entity(made, place)


def _tokens(
    items: list[CasItem], text: str, offsets: Offsets, losses: Losses
) -> tuple[tuple[int, int], ...] | None:
    """The tokens in their order, where there are any and they stand apart."""
    decoder = Decoder(text, lambda *_: None, offsets=offsets)
    spans = [decoder.span({"start": one.begin, "end": one.end}, "") for one in items]
    found = sorted(span for span in spans if span is not None)
    apart = all(one.end <= other.start for one, other in pairwise(found))
    if not items or len(found) < len(items) or not apart:
        if items:
            losses["tokens that overlap or fit no character: all of a document left out"] += 1
        return None
    return tuple((span.start, span.end) for span in found)
