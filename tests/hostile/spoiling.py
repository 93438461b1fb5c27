"""Modes that spoil what lies in the folder where they are started: the store and the record."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hostile.saying import (
    Mode,
    said,
    sound,
)


def spoils(act: Callable[[], None]) -> Mode:
    def answer(document: Mapping[str, Any]) -> bytes:
        act()
        return said(sound(document))

    return Mode("named", "", answer=answer)


STORE = Path("cache", "predictions.sqlite")


def over(data: bytes, place: Callable[[], Path] = lambda: STORE) -> Callable[[], None]:
    return lambda: (place().write_bytes(data), None)[1]


def in_the_middle() -> None:
    data = bytearray(STORE.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    STORE.write_bytes(data)


def as_folder(path: Path) -> Callable[[], None]:
    def make() -> None:
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        path.mkdir(parents=True)

    return make


def the_predictions() -> Path:
    folder = Path("out", "predictions", "g", "ner")
    folder.mkdir(parents=True, exist_ok=True)
    return next(folder.glob("*"), folder / "x")


def gone(path: str) -> Callable[[], None]:
    return lambda: shutil.rmtree(path, ignore_errors=True)


SPOILING = {
    "store-overwritten": spoils(over(b"no database")),
    "store-emptied": spoils(over(b"")),
    "store-damaged": spoils(in_the_middle),
    "store-a-folder": spoils(as_folder(STORE)),
    "store-gone": spoils(gone("cache")),
    "record-gone": spoils(gone("out")),
    "record-a-folder": spoils(as_folder(Path("out", "run.json"))),
    "record-folder-a-file": spoils(lambda: (gone("out")(), over(b"", lambda: Path("out"))())[1]),
    "predictions-overwritten": spoils(over(b"\xff{", the_predictions)),
    "gold-overwritten": spoils(over(b"\xff{", lambda: Path("g.jsonl"))),
    "gold-gone": spoils(lambda: Path("g.jsonl").unlink(missing_ok=True)),
}
