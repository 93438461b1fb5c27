"""Finding each annotator's records, however the labellings are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.annotation import Record
from harness.errors import InputError, UsageError
from harness.formats import brat
from harness.formats.files import files_in, read_text
from harness.formats.multi import is_multi
from harness.formats.opening import read_any
from harness.formats.source import Source, is_remote
from harness.gold.layers import load_layer
from harness.gold.loading import load_goldset
from harness.paths import CARD
from harness.results.pairs import renamed

__all__ = ["load_annotators"]


def load_annotators(
    paths: Sequence[str | Path], *, gold: str | Path | None = None
) -> dict[str, list[Record]]:
    """Annotator -> records.

    Either one source a person (a file of any known format, or a folder of `.ann`, named after
    itself), or files of JSON lines that name their annotators, or one gold set or file that has
    several. Where ids differ documents are paired by their texts.
    A folder without texts takes them from `gold` (a gold set, or a folder of `.txt`), else from
    the gold set that it lies in.

    Raises `UsageError` for one annotator alone, `InputError` for whatever cannot be read.
    """
    sources = [Source.parse(path) for path in paths]
    if len(sources) == 1:
        return _of_one(sources[0])
    if all(_is_multi(source) for source in sources):
        return _merged([_of_one(source) for source in sources])
    names = _names(sources)
    records_of = {name: _one(source, gold) for name, source in zip(names, sources, strict=True)}
    first = records_of[names[0]]
    return {
        name: records if records is first else _matched(first, records, path=source.path)
        for (name, records), source in zip(records_of.items(), sources, strict=True)
    }


def _is_multi(source: Source) -> bool:
    here = not is_remote(source.path) and "annotator" not in source.options
    return here and is_multi(source.path)


def _matched(first: list[Record], records: list[Record], *, path: str) -> list[Record]:
    """Records under the ids of the first annotator's documents, by place or else by text."""
    ids = {record.id for record in first}
    if any(record.id in ids for record in records):
        return records
    if all(record.number is not None for record in (*first, *records)):
        with suppress(InputError):
            return renamed(first, records, path=path)
    counts = Counter(record.text for record in first)
    known = {r.text: r.id for r in first if r.text is not None and counts[r.text] == 1}
    return [replace(record, id=known.get(record.text or "", record.id)) for record in records]


def _merged(files: Sequence[dict[str, list[Record]]]) -> dict[str, list[Record]]:
    merged: dict[str, list[Record]] = {}
    for by_name in files:
        for name, records in by_name.items():
            merged.setdefault(name, []).extend(records)
    return merged


def _of_one(source: Source) -> dict[str, list[Record]]:
    gold = load_goldset(source)
    if len(gold.annotators) > 1:
        texts = gold.texts()
        return {name: _layer(folder, texts) for name, folder in gold.annotators.items()}
    reader = gold.reader()
    names = () if reader is None else reader.annotators()
    if reader is None or len(names) < 2:
        raise UsageError(
            f"{source} is the labelling of one annotator; give a second path, a gold set with "
            'several annotators, or JSON lines with "annotator" on every line'
        )
    return {name: list(reader.but(annotator=name).records()) for name in names}


def _one(source: Source, gold: str | Path | None) -> list[Record]:
    path = Path(source.path)
    if path.is_dir() and not any(path.glob("*.txt")) and any(path.glob("*.ann")):
        return _layer(path, _texts(gold if gold is not None else _gold_set_around(path)))
    return list(read_any(source))


def _layer(folder: Path, texts: dict[str, str]) -> list[Record]:
    layers = brat.layers_in(folder) if folder.is_dir() else brat.LAYERS
    layer = load_layer(folder, texts, layers=layers)
    return [
        Record(id_, texts[id_], annotations, ignore) for id_, (annotations, ignore) in layer.items()
    ]


def _texts(gold: str | Path) -> dict[str, str]:
    folder = Path(gold)
    if folder.is_dir() and not (folder / CARD).is_file():
        files = files_in(folder, ".txt")
        if not files:
            raise InputError("holds neither a gold set nor texts", path=folder)
        return {stem: read_text(file) for stem, file in files.items()}
    return load_goldset(gold).texts()


def _gold_set_around(path: Path) -> Path:
    for folder in path.resolve().parents:
        if (folder / CARD).is_file():
            return folder
    raise InputError(
        "holds .ann files without their texts",
        path=path,
        hint="say where the texts are: --gold SET (or a folder of .txt)",
    )


def _names(sources: Sequence[Source]) -> list[str]:
    """The sources' own names where they differ, else the sources."""
    short = [source.stem for source in sources]
    if len(set(short)) == len(short):
        return short
    full = [str(source) for source in sources]
    if len(set(full)) < len(full):
        raise UsageError("the same path is given twice; agreement takes different annotators")
    return full
