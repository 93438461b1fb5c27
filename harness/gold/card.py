"""The card of a gold set: what `goldset.toml` may say, and in what types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.annotation import TaskName
from harness.coding import DecodeError, decode, parse_toml
from harness.errors import InputError
from harness.formats.files import read_text
from harness.paths import CARD

__all__ = ["Card", "card_texts", "read_card"]


_Sums = Mapping[str, str | Mapping[str, str]]
"""A file's stem -> its sum; for `annotators`, an annotator -> such sums."""


@dataclass(frozen=True, slots=True)
class _Document:
    id: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """The fields of a card; `harness.gold.goldset` shows one. Others may stand beside them."""

    name: str = ""
    version: str = ""
    description: str = ""
    language: str = ""
    licence: str = ""
    guidelines: str = ""
    adjudication: str = ""
    labellers: str | tuple[Any, ...] = ""
    known_problems: tuple[str, ...] = ()
    tasks: tuple[TaskName, ...] | None = None
    schema: str | None = None
    texts: str | tuple[str, ...] | None = None
    layers: str = "."
    data: str | None = None
    format: str | None = None
    nested: bool = False
    annotators: Mapping[str, str] = field(default_factory=dict)
    agreement: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents: tuple[_Document, ...] = ()
    sha256: Mapping[str, _Sums] = field(default_factory=dict)


def read_card(path: Path) -> tuple[Card, dict[str, Any]]:
    """A card, and all that its file says.

    Raises `InputError` when it is not TOML, and for a field of another type.
    """
    try:
        value = parse_toml(read_text(path), path)
        return decode(Card, value, extra=True, toml=True), value
    except DecodeError as error:
        raise InputError(str(error), path=path) from None


def card_texts(card: Mapping[str, Any], path: Path) -> dict[str, Path]:
    """Document id -> its `.txt`, for a card with `texts`: those it lists, else all there are.

    Raises `InputError` for a listed document whose text is missing.
    """
    texts = card["texts"]
    files: dict[str, Path] = {}
    for folder in [path / name for name in ([texts] if isinstance(texts, str) else texts)]:
        if not folder.is_dir():
            raise InputError(f'"texts" names {folder}, which is no folder', path=path / CARD)
        for file in sorted(folder.glob("*.txt")):
            if file.stem in files:
                raise InputError(
                    f"two texts for document {file.stem!r}: {files[file.stem]}, {file}"
                )
            files[file.stem] = file
    listed = [str(item.get("id")) for item in card.get("documents", ())]
    for id_ in listed:
        if id_ not in files:
            raise InputError(f"lists document {id_!r}, but there is no {id_}.txt", path=path / CARD)
    return {id_: files[id_] for id_ in listed or files}
