"""The files of shards, woven into one in the order of the gold set, memory flat.

Each document has a place, its number among all; in the whole every place is there once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import groupby, repeat
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from harness.errors import InputError
from harness.formats.jsonstream import json_lines
from harness.paths import RECORD
from harness.results.stored import beside
from harness.results.unit_files import UnitRow, unit_rows
from harness.scale.parts import Piece

__all__ = ["own_file", "places", "prediction_lines", "unit_groups", "woven"]

T = TypeVar("T")

_document = attrgetter("document")
_PLACE = re.compile(b"[0-9]{1,15}")


def places(piece: Piece) -> Iterator[int]:
    """The places of its documents, ascending. Raises `InputError` where they are none."""
    path = own_file(piece, "places")
    last = -1
    for number, line in json_lines(path):
        if not _PLACE.fullmatch(line.strip()) or int(line) <= last:
            found = line[:40].decode("utf-8", "replace").strip()
            raise InputError(
                f"found {found!r}, expected a number above {last}", path=path, line=number
            )
        last = int(line)
        yield last


def own_file(piece: Piece, kind: str) -> Path:
    """The path of one of its files. Raises `InputError` for one that is not its own."""
    name, digest = (getattr(piece.own, field) for field in (kind, f"{kind}_digest"))
    try:
        return beside(piece.part.folder, name, digest, kind)
    except InputError as error:
        raise error.of(piece.part.folder / RECORD) from None


def prediction_lines(piece: Piece) -> Iterator[str]:
    """The lines of its predictions, each with its newline: a document each."""
    return (line.decode("utf-8") for _, line in json_lines(own_file(piece, "predictions")))


def unit_groups(piece: Piece) -> Iterator[list[UnitRow]]:
    """The units of its documents, those of a document together."""
    return (list(group) for _, group in groupby(unit_rows(own_file(piece, "units")), _document))


def woven(
    pieces: Sequence[Piece], rows: Callable[[Piece], Iterator[T]], *, whole: bool = True
) -> Iterator[tuple[int, T]]:
    """Places with what the pieces have of the documents there, in the order of the gold set.

    With `whole` no place may be missing. Raises `InputError` for a place that two pieces have, for
    one that none has, and for a piece that has not one row for each of its places.
    """
    sources = [rows(piece) for piece in pieces]
    marked = (zip(places(piece), repeat(at)) for at, piece in enumerate(pieces))
    expected, before = 0, 0
    for place, at in merge(*marked):
        if place < expected:
            problem = f"document {place + 1} of the gold set is in {pieces[before]} too"
            raise InputError(problem, path=pieces[at].part.folder)
        if whole and place > expected:
            break
        expected, before = place + 1, at
        row = next(sources[at], None)
        if row is None:
            raise _uneven(pieces[at], "less")
        yield place, row
    else:
        for piece, source in zip(pieces, sources, strict=True):
            if next(source, None) is not None:
                raise _uneven(piece, "more")
        return
    raise InputError(f"document {expected + 1} of the gold set is in no shard")


def _uneven(piece: Piece, how: str) -> InputError:
    return InputError(
        f"a file of {piece} has {how} than a row for each of its documents",
        path=piece.part.folder,
        hint="it was edited: run that shard again",
    )
