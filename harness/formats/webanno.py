"""WebAnno TSV 3, the columns that INCEpTION and WebAnno export.

    #FORMAT=WebAnno TSV 3.3
    #T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value
    #Text=Ada Roe left
    1-1<TAB>0-3<TAB>Ada<TAB>*[1]<TAB>PER[1]

Defined in the user's guide of INCEpTION. The spans of one layer are read: of `layer`, else of the
named entities, else of the only layer that is there. Offsets count UTF-16 units. The text is that
of the sentences, where their tokens say that they stand. A file is one document, called as the
file; a folder has a document a file, or, as it is exported (`annotation/<document>/<user>.tsv`), a
document a folder and a file an annotator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

from harness.annotation import Annotations, Record
from harness.errors import InputError, UsageError, nearest
from harness.formats.annolayers import FURTHER_FEATURES, NO_SPAN_LAYER, meant_layer
from harness.formats.files import files_below, files_in
from harness.formats.foreign import count_unread
from harness.formats.hints import FURTHER_ANNOTATORS, no_annotator, not_labelled_by
from harness.formats.losses import Losses
from harness.formats.options import AnnotatorOption, OffsetsOption
from harness.formats.packed import stem_of
from harness.formats.sniff import Head, head_of
from harness.formats.webanno_file import AnnoFile, AnnoLayer
from harness.formats.webanno_rows import anno_file, is_old_table
from harness.options import Flag

__all__ = ["EXAMPLE", "LOSES", "annotators", "matches", "read"]

LOSES = "relations, chains, other layers and features, other files, white space between sentences"
EXAMPLE = "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Name|value\n"

SpanLayerOption: TypeAlias = Annotated[
    str | None,
    Flag("layer of the entities, by its name or the last part of it", name="layer", metavar="NAME"),
]
FeatureOption: TypeAlias = Annotated[
    str | None, Flag("feature of the layer that is the label", metavar="NAME")
]
_MARK = "#FORMAT=WebAnno TSV 3"
_VALUE = "value"
_ANNOTATION, _CURATION = "annotation", "curation"
_NOBODY, _CURATOR = "INITIAL_CAS", "CURATION_USER"
"""Files of an export that are no annotator's: one without labels, and what was agreed upon."""


def matches(head: Head) -> bool:
    """The first line says so; of a folder, that of the first `.tsv` in it or two folders down.

    Tables of version 2, which are not read, are known by their sentences: reading says what helps.
    """
    if not head.path.is_dir():
        return _is_table(head.text)
    for below in ("*", "*/*", f"{_ANNOTATION}/*/*"):
        first = next(
            (path for path in sorted(head.path.glob(f"{below}.tsv")) if path.is_file()), None
        )
        if first is not None:
            return _is_table(head_of(first).text)
    return False


def _is_table(text: str) -> bool:
    return text.startswith(_MARK) or is_old_table(text)


def annotators(path: str | Path) -> tuple[str, ...]:
    """Who has a file in a folder of documents; empty for other folders and files."""
    documents = _documents(Path(path))
    return tuple(sorted({name for files in documents.values() for name in files if name}))


def read(
    path: str | Path,
    *,
    layer: SpanLayerOption = None,
    feature: FeatureOption = None,
    annotator: AnnotatorOption = None,
    offsets: OffsetsOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the document of a file, or those of a folder, sorted by name.

    A span whose feature has no value is called as its layer, and counted. Without `annotator` the
    first one by name is read of each document, and the others are counted; what was agreed upon
    is that of the annotator `CURATION_USER`. Raises `InputError`
    for a folder without `.tsv`, for a layer that is not said where there are several, for one that
    is not there, and with the line for what `anno_file` and `AnnoFile.spans` refuse.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    if annotator is not None and annotator not in annotators(path):
        raise no_annotator(annotator, annotators(path), path)
    documents = _documents(path)
    if path.is_dir():
        count_unread(path, (".tsv",), losses)
        further = len(files_below(path, ".tsv")) - sum(map(len, documents.values()))
        if further:
            losses["files that end in .tsv in further folders: not looked into"] += further
    for name, files in documents.items():
        labelled = sorted(files.keys() - {_NOBODY, _CURATOR}) or sorted(files)
        chosen = labelled[0] if annotator is None else annotator
        further = len(files.keys() - {_NOBODY, chosen})
        if annotator is None and further:
            losses[FURTHER_ANNOTATORS] += further
        if chosen not in files:
            losses[not_labelled_by(chosen)] += 1
        else:
            file = anno_file(files[chosen], offsets or "utf16")
            yield _record(file, name, layer, feature, losses, None if path.is_dir() else 1)


def _documents(path: Path) -> Mapping[str, Mapping[str, Path]]:
    """The files of every document by its annotator; the name is empty where nobody is named."""
    if not path.is_dir():
        return {stem_of(path): {"": path}}
    files = files_in(path, ".tsv")
    if files:
        return {name: {"": file} for name, file in files.items()}
    homes = [path / home for home in (_ANNOTATION, _CURATION) if (path / home).is_dir()] or [path]
    documents: dict[str, dict[str, Path]] = {}
    for home in homes:
        for folder in sorted(one for one in home.iterdir() if one.is_dir()):
            found = files_in(folder, ".tsv")
            if found:
                documents.setdefault(folder.name, {}).update(found)
    if not documents:
        raise InputError(
            "holds no .tsv file",
            path=path,
            hint="expected files, or folders of them as exported: annotation/<document>/<user>.tsv",
        )
    return dict(sorted(documents.items()))


def _record(
    file: AnnoFile,
    name: str,
    said: str | None,
    feature: str | None,
    losses: Losses,
    number: int | None,
) -> Record:
    layer = _layer(file, said)
    for other in file.layers:
        what = {"SP": "spans of other layers", "CH": "links of chains", "RL": "relations"}
        count = 0 if other == layer else file.count(other)
        if count:
            losses[f"{what[other.kind]}: left out"] += count
    tokens = tuple((unit.span.start, unit.span.end) for unit in file.units if unit.whole)
    if layer is None:
        losses[NO_SPAN_LAYER] += 1
        return Record(name, file.text, Annotations(), number=number, tokens=tokens)
    label = _feature(file, layer, feature)
    for place, name_of in enumerate(layer.features):
        further = file.count_values(layer.first + place) if name_of not in ("", label) else 0
        if further:
            losses[FURTHER_FEATURES] += further
    entities = file.spans(layer, label, losses)
    return Record(name, file.text, Annotations(entities), number=number, tokens=tokens)


def _layer(file: AnnoFile, said: str | None) -> AnnoLayer | None:
    layers = [layer for layer in file.layers if layer.kind == "SP"]
    if said is not None:
        for layer in layers:
            if said in (layer.name, layer.short_name):
                return layer
        names = [layer.short_name for layer in layers]
        raise UsageError(f"{file.path}: no layer {said!r}{nearest(said, names)}")
    meant = meant_layer((layer.name for layer in layers), file.path)
    return next((layer for layer in layers if layer.name == meant), None)


def _feature(file: AnnoFile, layer: AnnoLayer, said: str | None) -> str | None:
    """The feature that is the label: the one that was said, `value`, or the first."""
    slots = [place for place, one in enumerate(layer.features) if one.startswith("ROLE_")]
    targets = {*slots, *(place + 1 for place in slots)}
    plain = [one for place, one in enumerate(layer.features) if one and place not in targets]
    if said is not None:
        if said not in plain:
            message = f"{file.path}: {layer.name} has no feature {said!r}{nearest(said, plain)}"
            raise UsageError(message)
        return said
    if _VALUE in plain:
        return _VALUE
    return plain[0] if plain else None
