"""The files of shards, woven into one in the order of the gold set, memory flat.

Each document has a place, its number among all; in the whole every place is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import groupby, repeat
from operator import attrgetter
from typing import TypeVar

from harness.errors import InputError
from harness.formats.jsonstream import json_lines
from harness.results.record import UnitTally
from harness.results.stored import beside, iter_units
from harness.scale.parts import Piece

__all__ = ["places", "prediction_lines", "unit_groups", "woven"]

T = TypeVar("T")


def places(piece: Piece) -> Iterator[int]:
    """The places of its documents, ascending. Raises `InputError` where they are none."""
    own, folder = piece.own, piece.part.folder
    path = beside(folder, own.places, own.places_digest, "places")
    last = -1
    for number, line in json_lines(path):
        if not line.strip().isdigit() or int(line) <= last:
            raise InputError(
                f"found {line[:40]!r}, expected a number above {last}", path=path, line=number
            )
        last = int(line)
        yield last


def prediction_lines(piece: Piece) -> Iterator[str]:
    """The lines of its predictions, each with its newline: a document each."""
    own = piece.own
    path = beside(piece.part.folder, own.predictions, own.predictions_digest, "predictions")
    return (line.decode("utf-8") for _, line in json_lines(path))


def unit_groups(piece: Piece) -> Iterator[list[UnitTally]]:
    """The units of its documents, those of a document together."""
    own, result = piece.own, piece.result
    assert result is not None
    named = replace(result, units=(), units_file=own.units, units_digest=own.units_digest)
    units = iter_units(named, piece.part.folder)
    return (list(group) for _, group in groupby(units, attrgetter("document")))


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
