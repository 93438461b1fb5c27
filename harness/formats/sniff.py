"""Telling a format from the content of a file or folder; endings help only with binary files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.formats.jsonstream import objects

__all__ = ["sniff"]

_HEAD = 1 << 16
_TAG = re.compile(r"(?:O|[BIESLUMW][-_]\S+)$")
_LITBANK = re.compile(r"(?:QUOTE|ATTRIB)\t")


def sniff(path: Path) -> str:
    """The name of the format. Raises `InputError` when nothing fits, or there is no such file."""
    if str(path).startswith("hf:"):
        return "datasets"
    if not path.exists():
        raise InputError("no such file or folder", path=path)
    return _folder(path) if path.is_dir() else _file(path)


def _folder(path: Path) -> str:
    if any((path / name).is_file() for name in ("state.json", "dataset_dict.json")):
        return "datasets"
    if any((path / name).is_dir() for name in ("attributions", "annotations")):
        return "polnear"
    layers = sorted(path.glob("*.ann"))
    if layers:
        return _ann(next((ann for ann in layers if ann.stat().st_size), layers[0]))
    if (path / "quotation_info.csv").is_file() or any(path.glob("*/quotation_info.csv")):
        return "pdnc"
    if any(path.glob("*.parquet")) or any(path.glob("*/*.parquet")):
        return "datasets"
    if any(path.glob("*.txt")):
        return "brat"
    raise _unknown(path, "a folder in which nothing is known")


def _ann(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as handle:
        if any(_LITBANK.match(line) for line in islice(handle, 5)):
            return "litbank"
    own, stem = path.with_suffix(".txt"), path.stem.rpartition("_")[0]
    other = path.with_name(f"{stem}.txt")
    return "polnear" if stem and other.is_file() and not own.is_file() else "brat"


def _file(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    if path.suffix == ".ann":
        return _ann(path)
    if head.startswith(b"PAR1"):
        return "datasets"
    if path.suffix == ".spacy":
        return "docbin"
    if not head.strip():
        raise InputError("the file is empty", path=path, hint="expected annotated documents")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"{", b"["):
        return _json(path, array=start == b"[")
    return _text(path, head)


def _json(path: Path, *, array: bool) -> str:
    """By the keys of the first objects that tell; broken JSON is left to the reader to report."""
    try:
        for _, value in islice(objects(path), 20):
            found = _object(value)
            if found:
                return found
    except InputError:
        pass
    return "labelstudio" if array else "jsonl"


def _object(value: Mapping[str, Any]) -> str | None:
    keys = value.keys()
    if isinstance(value.get("data"), Mapping):
        return "labelstudio"
    if {"tokens", "words"} & keys and {"ner_tags", "tags", "labels", "ner"} & keys:
        return "datasets" if "text" not in keys else None
    if any(_is_region(item) for items in value.values() for item in _first(items)):
        return "labelstudio"
    if isinstance(value.get("spans"), list) or "_input_hash" in keys:
        return "prodigy"
    for key in ("label", "labels"):
        if isinstance(value.get(key), list) and ("text" in keys or "data" in keys):
            return "doccano"
    if isinstance(value.get("entities"), list):
        doccano = "relations" in keys or any("start_offset" in e for e in _first(value["entities"]))
        return "doccano" if doccano else "jsonl"
    if {"attributions", "doc"} & keys:
        return "jsonl"
    return None


def _first(items: Any) -> list[Mapping[str, Any]]:
    found = items[:1] if isinstance(items, list) else []
    return [item for item in found if isinstance(item, Mapping)]


def _is_region(item: Mapping[str, Any]) -> bool:
    return {"start", "end"} <= item.keys() and isinstance(item.get("labels"), list)


def _text(path: Path, head: bytes) -> str:
    whole = head.rpartition(b"\n")[0] if len(head) == _HEAD else head
    try:
        text = whole.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = whole[: error.start].count(b"\n") + 1
        raise InputError(
            f"byte {error.start} is not UTF-8", path=path, line=line, hint="save it as UTF-8"
        ) from None
    rows = [line.split() for line in text.splitlines() if line.strip() and line[0] != "#"]
    tagged = sum(len(row) > 1 and bool(_TAG.match(row[-1])) for row in rows)
    if rows and tagged * 2 >= len(rows):
        return "conll"
    raise _unknown(path, "none of the known formats")


def _unknown(path: Path, what: str) -> InputError:
    return InputError(
        f"is {what}; cannot tell how to read it",
        path=path,
        hint="name its format: harness convert INPUT out.jsonl --from FORMAT",
    )
