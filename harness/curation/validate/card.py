"""Checks of a gold set's card: its fields, its files, its sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from harness.curation.agreement.agreement import agreement
from harness.curation.validate.finding import Finding
from harness.digest import digest_file
from harness.errors import HarnessError, InputError, near_name
from harness.formats.files import files_in, is_there
from harness.gold.card import Card, card_texts
from harness.gold.goldset import GoldSet
from harness.paths import CARD
from harness.tasks.registry import task_named

__all__ = ["check_card", "listed_documents", "sums", "sums_as_toml"]

_REQUIRED = ("name", "version", "tasks", "licence")
_EXPECTED = {
    "description": "what the set is",
    "language": "the texts' language, such as en",
    "documents": "a table per document with id and origin",
    "labellers": "who labelled, and how",
    "guidelines": "the file with the rules",
    "known_problems": "what users should know; an empty list when there is nothing",
    "sha256": "sums of texts and layers (harness validate --sums prints them)",
}
_AGREED_TO = 0.0006


def check_card(gold: GoldSet) -> Iterator[Finding]:
    """Fields that are missing or misspelt, files that are not there, sums that do not fit."""
    card, path = gold.card, str(gold.path / CARD)
    for key in _REQUIRED:
        if not card.get(key):
            yield Finding("error", "card", f'"{key}" is missing', path)
    for key, what in _EXPECTED.items():
        if key not in card:
            yield Finding("warning", "card", f'"{key}" is missing: {what}', path)
    names = [one.name for one in fields(Card)]
    for key in card:
        if key not in names:
            near = near_name(key, names)
            guess = f", did you mean {near!r}?" if near else ""
            yield Finding("warning", "card", f"unknown field {key!r}{guess}", path)
    labelled = any(task_named(name).labelled for name in gold.tasks)
    if labelled and "schema" not in card:
        yield Finding(
            "warning", "card", '"schema" is missing: the labels\' schema is guessed', path
        )
    if len(gold.annotators) > 1 and "agreement" not in card:
        yield Finding("warning", "card", '"agreement" is missing, with several annotators', path)
    if card.get("guidelines") and not (gold.path / card["guidelines"]).is_file():
        yield Finding("error", "card", f'"guidelines": no file {card["guidelines"]}', path)
    for name, folder in gold.annotators.items():
        if not is_there(folder):
            yield Finding("error", "card", f"annotator {name!r}: no folder {folder}", path)
    yield from _documents(card, path)
    yield from _sums(gold, path)
    yield from _agreement(gold, path)


def _documents(card: Mapping[str, Any], path: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for item in card.get("documents", ()):
        id_ = item.get("id")
        if not id_:
            yield Finding("error", "card", "a document without id", path)
            continue
        if id_ in seen:
            yield Finding("error", "card", f"document {id_!r} is listed twice", path)
        seen.add(id_)
        if not item.get("origin"):
            yield Finding(
                "warning",
                "card",
                f'document {id_!r}: where it comes from is missing ("origin")',
                path,
            )


def listed_documents(card: Mapping[str, Any]) -> set[str]:
    """The ids of the documents that a card says something of."""
    return {item["id"] for item in card.get("documents", ()) if item.get("id")}


def sums(gold: GoldSet) -> dict[str, dict[str, str]]:
    """The sha256 that the card should state: table -> file's stem (or name) -> hex.

    Tables are `texts`, `layers`, `annotators.<name>`, or `data`.
    """
    if "data" in gold.card:
        try:
            reader = gold.reader()
            files = [] if reader is None else [Path(part.path) for part in reader.place.parts]
        except InputError:
            files = []
        return {"data": {file.name: _sum(file) for file in files if file.is_file()}}
    tables = {"texts": dict(card_texts(gold.card, gold.path))}
    layers = gold.path / gold.card.get("layers", ".")
    tables["layers"] = files_in(layers, ".ann")
    for name, folder in gold.annotators.items():
        tables[f"annotators.{name}"] = files_in(folder, ".ann")
    return {
        table: {stem: _sum(file) for stem, file in sorted(files.items())}
        for table, files in tables.items()
    }


def _sum(file: Path) -> str:
    try:
        return digest_file(file)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=file) from None


def sums_as_toml(gold: GoldSet) -> str:
    """The `[sha256…]` tables to paste into the card."""
    return "\n".join(
        f"[sha256.{table}]\n" + "".join(f'"{stem}" = "{value}"\n' for stem, value in own.items())
        for table, own in sums(gold).items()
        if own
    )


def _agreement(gold: GoldSet, path: str) -> Iterator[Finding]:
    """The card's figures, measured again: F1 strict and found50 over the pairs of annotators."""
    stated = gold.card.get("agreement", {})
    if not stated or len(gold.annotators) < 2:
        return
    try:
        readers = {name: list(gold.annotator(name)) for name in gold.annotators}
        result = agreement(readers, tasks=gold.tasks, disagreements=False)
    except HarnessError as error:
        yield Finding("error", "agreement", f"cannot be measured: {error}", path)
        return
    for task in gold.tasks:
        spread = next(iter(result.figures(task).values()), None)
        said = stated.get(task)
        if spread is None:
            continue
        if not isinstance(said, Mapping):
            shown = f"{task} = {{ f1 = {spread.mean or 0:.3f}, … }}"
            yield Finding("warning", "agreement", f"the card does not state {shown}", path)
            continue
        measured = {"f1": spread.mean, "lowest": spread.lowest, "highest": spread.highest}
        for key, value in measured.items():
            if value is not None and not _agreed(said.get(key), value):
                yield Finding(
                    "error",
                    "agreement",
                    f"{task} {key} is {value:.3f}, the card says {said.get(key)}",
                    path,
                )


def _agreed(said: Any, value: float) -> bool:
    return isinstance(said, (int, float)) and abs(said - value) <= _AGREED_TO


def _sums(gold: GoldSet, path: str) -> Iterator[Finding]:
    stated = _flat(gold.card.get("sha256", {}))
    try:
        actual = _flat(sums(gold))
    except InputError as error:
        yield Finding("error", "card", error.message, path)
        return
    for (table, stem), value in stated.items():
        if (table, stem) not in actual:
            yield Finding("error", "sha256", f"{table}: a sum for {stem}, which is not there", path)
        elif actual[table, stem] != value:
            yield Finding(
                "error",
                "sha256",
                f"{table}: {stem} is {actual[table, stem][:12]}…, the card says "
                f"{value[:12]}…: the file was changed",
                path,
            )
    if stated:
        for table, stem in actual.keys() - stated.keys():
            yield Finding("warning", "sha256", f"{table}: no sum for {stem}", path)


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[tuple[str, str], Any]:
    out: dict[tuple[str, str], Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            out.update(_flat(value, f"{prefix}.{key}" if prefix else key))
        else:
            out[prefix, key] = value
    return out
