"""Finding each annotator's records, however the labellings are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.annotation import Record
from harness.errors import InputError, UsageError
from harness.formats import brat
from harness.formats.files import files_in, read_text
from harness.formats.multi import is_multi, read_multi
from harness.formats.registry import read_any
from harness.gold.goldset import load_goldset, load_layer
from harness.paths import CARD
from harness.results.pairs import renamed

__all__ = ["load_annotators"]


def load_annotators(
    paths: Sequence[str | Path], *, gold: str | Path | None = None
) -> dict[str, list[Record]]:
    """Annotator -> records.

    Either one path a person (a file of any known format, or a folder of `.ann`, named after
    itself), or files of JSON lines that name their annotators, or one gold set that has several.
    A folder without texts takes them from `gold` (a gold set, or a folder of `.txt`), else from
    the gold set that it lies in.

    Raises `UsageError` for one annotator alone, `InputError` for whatever cannot be read.
    """
    if all(is_multi(path) for path in paths):
        return _merged([read_multi(path) for path in paths])
    if len(paths) == 1:
        return _of_gold_set(paths[0])
    names = _names([Path(path) for path in paths])
    records_of = {name: _one(Path(path), gold) for name, path in zip(names, paths, strict=True)}
    first = records_of[names[0]]
    return {
        name: records if records is first else renamed(first, records, path=path)
        for (name, records), path in zip(records_of.items(), paths, strict=True)
    }


def _merged(files: Sequence[dict[str, list[Record]]]) -> dict[str, list[Record]]:
    merged: dict[str, list[Record]] = {}
    for by_name in files:
        for name, records in by_name.items():
            merged.setdefault(name, []).extend(records)
    return merged


def _of_gold_set(name: str | Path) -> dict[str, list[Record]]:
    gold = load_goldset(name)
    if len(gold.annotators) < 2:
        raise UsageError(
            f"{name} is the labelling of one annotator; give a second path, a gold set with "
            'several annotators, or JSON lines with "annotator" on every line'
        )
    texts = gold.texts()
    return {name: _layer(folder, texts) for name, folder in gold.annotators.items()}


def _one(path: Path, gold: str | Path | None) -> list[Record]:
    if path.is_dir() and not any(path.glob("*.txt")) and any(path.glob("*.ann")):
        return _layer(path, _texts(gold if gold is not None else _gold_set_around(path)))
    return list(read_any(path))


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


def _names(paths: Sequence[Path]) -> list[str]:
    """The paths' own names where they differ, else the paths."""
    short = [path.stem if path.is_file() else path.resolve().name for path in paths]
    if len(set(short)) == len(short):
        return short
    full = [str(path) for path in paths]
    if len(set(full)) < len(full):
        raise UsageError("the same path is given twice; agreement takes different annotators")
    return full
