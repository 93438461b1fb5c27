"""The card of a gold set: what `goldset.toml` may say, and in what types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from harness.annotation import TaskName
from harness.coding import DecodeError, decode, parse_toml
from harness.errors import InputError
from harness.formats.files import files_in, is_there, read_text
from harness.formats.source import Source, is_remote
from harness.paths import CARD
from harness.tasks.registry import task_names

__all__ = ["Card", "card_texts", "read_card"]


_Sums = Mapping[str, str | Mapping[str, str]]
"""A file's stem -> its sum; for `annotators`, an annotator -> such sums."""


_Number = Annotated[float, Meta(ge=-1e15, le=1e15, description="a number")]
_Plain = Annotated[str | bool | _Number, Meta(description="a string, a number, or true or false")]
"""What a run record can keep: no date, nothing infinite."""


_Labeller = Annotated[str | Mapping[str, Any], Meta(description="a name or a table")]


@dataclass(frozen=True, slots=True)
class _Figures:
    """F1 over the pairs of annotators."""

    f1: _Number
    lowest: _Number
    highest: _Number
    pairs: Annotated[int, Meta(ge=0, le=10**15, description="a whole number from 0 up")]


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
    labellers: str | tuple[_Labeller, ...] = ""
    known_problems: tuple[str, ...] = ()
    tasks: tuple[TaskName, ...] | None = None
    schema: str | None = None
    labels: tuple[str, ...] = ()
    texts: str | tuple[str, ...] | None = None
    layers: str = "."
    data: str | None = None
    format: str | None = None
    nested: bool = False
    annotators: Mapping[str, str] = field(default_factory=dict)
    agreement: Mapping[str, str | Mapping[str, _Plain]] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents: tuple[_Document, ...] = ()
    sha256: Mapping[str, _Sums] = field(default_factory=dict)


def read_card(path: Path) -> tuple[Card, dict[str, Any]]:
    """A card, and all that its file says.

    Raises `InputError` when it is not TOML, and for a field of another type.
    """
    try:
        value = parse_toml(read_text(path), path)
        card = decode(Card, value, extra=True, toml=True)
        for task in card.agreement.keys() & {*task_names()}:
            decode(_Figures, value["agreement"][task], f"agreement.{task}", extra=True, toml=True)
    except DecodeError as error:
        raise InputError(str(error), path=path) from None
    for key, name in _places(card):
        place = Source.parse(name).path
        if is_remote(place):
            continue
        try:
            is_there(path.parent / place)
        except InputError as error:
            raise InputError(f"{key}: {error.message}", path=path) from None
    return card, value


def _places(card: Card) -> Iterator[tuple[str, str]]:
    """Every path that a card names, with its key."""
    texts = (card.texts,) if isinstance(card.texts, str) else card.texts or ()
    single = {name: getattr(card, name) for name in ("layers", "data", "guidelines", "schema")}
    yield from (("texts", text) for text in texts)
    yield from ((name, said) for name, said in single.items() if said)
    yield from ((f"annotators.{name}", place) for name, place in card.annotators.items())


def card_texts(card: Mapping[str, Any], path: Path) -> dict[str, Path]:
    """Document id -> its `.txt`, for a card with `texts`: those it lists, else all there are.

    Raises `InputError` for a listed document whose text is missing.
    """
    texts = card["texts"]
    files: dict[str, Path] = {}
    for folder in [path / name for name in ([texts] if isinstance(texts, str) else texts)]:
        if not folder.is_dir():
            raise InputError(f'"texts" names {folder}, which is no folder', path=path / CARD)
        for stem, file in files_in(folder, ".txt").items():
            if stem in files:
                raise InputError(f"two texts for document {stem!r}: {files[stem]}, {file}")
            files[stem] = file
    listed = [str(item.get("id")) for item in card.get("documents", ())]
    for id_ in listed:
        if id_ not in files:
            raise InputError(f"lists document {id_!r}, but there is no {id_}.txt", path=path / CARD)
    return {id_: files[id_] for id_ in listed or files}
