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
from typing import Annotated

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError
from harness.formats.cas_files import CURATED, CasFile, cas_files, names_in_zip
from harness.formats.cas_values import Cas, CasItem
from harness.formats.files import MOST_UNPACKED
from harness.formats.hints import no_annotator
from harness.formats.items import Decoder, Where
from harness.formats.losses import Losses
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.options import AnnotatorOption, OffsetsOption, UnpackedOption
from harness.formats.sniff import Head
from harness.options import Flag

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "annotators", "matches", "read"]

LOSES = "other layers but tokens, further features, other views"
EXAMPLE = """\
<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" sofaString="NATO left"/>
<type:NamedEntity xmi:id="9" sofa="1" begin="0" end="4" value="ORG"/>
"""
LEAVES_OUT = True

_LAYER = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
_TOKEN = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"  # noqa: S105
_DOCUMENT = ("uima.tcas.DocumentAnnotation", "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.")
"""Types of what is said of a whole document, or their beginnings."""
_FOLDERS = ("*.xmi", "*/*.xmi", *(f"{top}/*/*.{end}" for top in ("annotation", "curation")
                                  for end in ("xmi", "zip")))  # fmt: skip
_INITIAL_VIEW = "_InitialView"

_LayerOption = Annotated[
    str | None,
    Flag("type of the annotations to read, or its last part; named entities", metavar="TYPE"),
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
    project, the names of their folders.

    Entities are the annotations of the layer and of the types that a type system (beside the files,
    or in the JSON) says are such. DKPro's tokens become the record's tokens.

    Raises `InputError` for a file that is no CAS, one without text, XML with a document type of its
    own, and a zip that unpacks to more than `most_unpacked` MiB; `AnnotationError` for annotations
    without that feature and for offsets that do not fit.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    every = cas_files(path, most_unpacked)
    known = {name for by in every.values() for name in by}
    if annotator is not None and annotator not in known:
        raise no_annotator(annotator, known - {""}, path)
    for document, by in every.items():
        name = annotator or (CURATED if CURATED in by else min(by))
        if name not in by:
            losses[f"documents that {annotator} did not annotate: left out"] += 1
            continue
        if annotator is None and len(by) > 1:
            losses["labellings by further annotators: left out (annotator=NAME reads one)"] += (
                len(by) - 1
            )
        number = 1 if not by[name].name else None
        yield _record(
            document, by[name], layer or _LAYER, feature, offsets or "utf16", number, losses
        )


def _record(
    document: str,
    file: CasFile,
    layer: str,
    feature: str,
    unit: OffsetUnit,
    number: int | None,
    losses: Losses,
) -> Record:
    cas = file.load()
    sofa = next((id_ for id_, name in cas.names.items() if name == _INITIAL_VIEW), None)
    if sofa is None or sofa not in cas.texts:
        sofa = next(iter(cas.texts), None)
    if sofa is None:
        raise InputError("has no text: no sofa with a sofaString", path=file.shown)
    text = cas.texts[sofa]
    offsets = Offsets(text, unit)
    kept: dict[Entity, None] = {}
    tokens = []
    for item in _items(cas, sofa, losses):
        if _is(item.type, layer, cas):
            entity = _entity(item, feature, Where(file.shown, item.line), text, offsets, losses)
            if entity in kept:
                losses["annotations that come twice: read once"] += 1
            elif entity is not None:
                kept[entity] = None
        elif item.type == _TOKEN:
            tokens.append(item)
        elif not item.type.startswith(_DOCUMENT):
            losses[f"annotations of the type {item.type}: left out (layer=TYPE reads them)"] += 1
    spans = _tokens(tokens, text, offsets, losses)
    return Record(document, text, Annotations(tuple(sorted(kept))), number=number, tokens=spans)


def _items(cas: Cas, sofa: str, losses: Losses) -> Iterator[CasItem]:
    """What is annotated in the view of that sofa."""
    members = cas.members.get(sofa)
    for item in cas.items:
        if item.sofa != sofa:
            losses["annotations of other views: left out"] += 1
        elif members is not None and item.id not in members:
            losses["annotations that are not in the index of their view: left out"] += 1
        else:
            yield item


def _is(kind: str, layer: str, cas: Cas) -> bool:
    """Whether a type is that of the layer, or has it above it."""
    seen: set[str] = set()
    while kind and kind not in seen:
        if layer in (kind, kind.rpartition(".")[2]):
            return True
        seen.add(kind)
        kind = cas.parents.get(kind, "")
    return False


def _entity(
    item: CasItem, feature: str, where: Where, text: str, offsets: Offsets, losses: Losses
) -> Entity | None:
    place = f"{item.type.rpartition('.')[2]} {item.id}"
    if item.features.get(feature) is None:
        there = [key for key, value in item.features.items() if isinstance(value, str)]
        usable = [key for key in there if key and key.isprintable()][:4]
        losses.fault(
            where.error(
                f"{place} has no feature {feature!r}; it has: {', '.join(there) or 'none'}",
                options=("feature", dict.fromkeys(usable, "")) if usable else None,
            )
        )
        return None
    if others := sum(key != feature for key in item.features):
        losses["further features of annotations: left out"] += others
    made = {"start": item.begin, "end": item.end, "label": item.features[feature]}
    return Decoder(text, where.sink(losses), offsets=offsets).entity(made, place)


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
