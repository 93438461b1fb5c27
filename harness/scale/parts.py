"""The shards of one run, opened: are all of them there, once, and of one and the same run?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from harness.coding import encode, short
from harness.errors import InputError, NotComparable, NothingMeasured
from harness.paths import RECORD
from harness.results.load import Opened, read_run
from harness.results.record import Result, ResultKey, RunRecord, ShardRecord, ShardResult
from harness.results.signature import Signature
from harness.shards import Shard, ShardIndex, first_meeting

__all__ = ["ShardRun", "Piece", "missing_shards", "opened_parts", "pieces"]

_OF_A_PART = frozenset(
    ("command", "common", "finished", "gold", "machine", "project", "results", "shard", "started")
) | {"status"}
_SUMMED = frozenset(
    (
        *("status", "reason", "documents", "failed", "failures", "dropped", "drops", "duplicates"),
        *("unknown_labels", "not_scored", "f1_with_all", "characters", "characters_seen"),
        *("unstable", "signature", "scores", "predictions", "predictions_digest", "costs", "units"),
        *("units_file", "units_digest", "install"),
    )
)
_OF_LABELS = frozenset(
    ("assumed", "cannot_produce", "ceiling_recall", "left_out_labels", "merged_labels")
)
"""What the labels decide that occur in all answers, where nobody states labels."""
_OF_ANSWERS = frozenset(("environment", "labels", "packages", "proof", "schema")) | _OF_LABELS
"""What a result does not say of which no document was answered."""
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class ShardRun:
    """A shard of a run, with the folder that its files lie in."""

    record: RunRecord
    folder: Path

    @property
    def cut(self) -> ShardRecord:
        assert self.record.shard is not None
        return self.record.shard

    @property
    def shard(self) -> Shard:
        return self.cut.shard

    def __str__(self) -> str:
        return str(self.folder)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one part has of one result; `result` is `None` where the shard has no document of it."""

    part: ShardRun
    own: ShardResult
    result: Result | None

    @property
    def is_whole(self) -> bool:
        """Whether its documents were asked for and counted, be they answered or not."""
        return self.own.documents > 0

    @property
    def has_answers(self) -> bool:
        """Whether any of its documents was answered."""
        return self.result is not None and self.result.answered

    @property
    def is_lost(self) -> bool:
        """Whether the backend failed as such, so that of its documents nothing is known."""
        return self.result is not None and not self.is_whole

    @property
    def is_refused(self) -> bool:
        """Whether its documents were asked for and cannot be counted, whoever counts them."""
        return self.is_lost and self.result is not None and self.result.documents > 0

    def __str__(self) -> str:
        return f"{self.part} ({self.own.backend} on {self.own.gold}, {self.own.task})"


def opened_parts(folders: Sequence[Path], out: Path | None = None) -> list[ShardRun]:
    """The shards in these folders, by number; a folder of folders with shards stands for them:
    a whole run in `out`, which a merge has written there before, is left out.

    Raises what `read_run` raises; `InputError` for a record that is of no shard and for a shard
    that is there twice or overlaps another; `NothingMeasured` where shards are missing, with their
    names; `NotComparable` for one that is of another run, with what differs.
    """
    runs = map(read_run, _expanded(folders))
    parts = sorted(
        (_part(run) for run in runs if run[0].shard is not None or run[1] != out or out in folders),
        key=lambda part: part.shard,
    )
    _check_covering(parts)
    said = [_of_the_run(part.record) for part in parts]
    usual = _usual(said)
    for part, value in zip(parts, said, strict=True):
        _refuse(said[usual], value, parts[usual], part)
    return parts


def pieces(parts: Sequence[ShardRun]) -> Iterator[list[Piece]]:
    """Of each result that was asked for, in the run's order, what every part has.

    Raises `NotComparable` where two parts were not made by the same thing in the same way,
    `InputError` for one that contradicts itself.
    """
    for place, asked in enumerate(parts[0].cut.results):
        found = [
            Piece(part, part.cut.results[place], _result(part.record, asked.key)) for part in parts
        ]
        for piece in found:
            _check_piece(piece)
        counted = [piece for piece in found if piece.is_whole]
        said = [piece for piece in counted if piece.has_answers] or counted
        for piece in counted:
            _check_same_result(said[0], piece)
        yield found


def missing_shards(shards: Sequence[Shard]) -> list[Shard]:
    """Shards that are not there: of those with the largest number of shards that occurs."""
    count = max(shard.count for shard in shards)
    finest = {shard.number for shard in shards if shard.count == count}
    wider = ShardIndex(shard for shard in shards if shard.count < count)
    absent = (Shard(number, count) for number in range(1, count + 1) if number not in finest)
    return [shard for shard in absent if not wider.meets(shard)]


def _usual(said: Sequence[Any]) -> int:
    """Where the first of those stands that most are like: what differs from it is the odd one."""
    texts = [json.dumps(one, sort_keys=True) for one in said]
    alike = Counter(texts)
    return max(range(len(said)), key=lambda at: (alike[texts[at]], -at))


def _expanded(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        below = (
            [] if (folder / RECORD).exists() or not folder.is_dir() else sorted(folder.iterdir())
        )
        inner = [path for path in below if (path / RECORD).is_file()]
        yield from inner or [folder]


def _part(run: Opened) -> ShardRun:
    record, folder = run
    if record.shard is None:
        raise InputError(
            "is the record of a whole run, expected that of a shard",
            path=folder / RECORD,
            hint="shards are made by `harness run ... --shard I/N --out FOLDER`",
        )
    return ShardRun(record, folder)


def _check_covering(parts: Sequence[ShardRun]) -> None:
    shards = [part.shard for part in parts]
    if (meeting := first_meeting(shards)) is not None:
        one, other = (next(p for p in parts if p.shard == shard) for shard in meeting)
        if one is other:
            one, other = [part for part in parts if part.shard == meeting[0]][:2]
        if one.folder == other.folder:
            raise InputError("is given twice", path=one.folder)
        what = "the same shard" if one.shard == other.shard else "shards with the same documents"
        raise InputError(
            f"{one} and {other} are {what}: {one.shard} and {other.shard}; give one of them",
            path=other.folder / RECORD,
        )
    if sum(Fraction(1, shard.count) for shard in shards) < 1:
        missing = missing_shards(shards)
        named = ", ".join(map(str, missing[:_MOST_NAMED]))
        more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
        raise NothingMeasured(
            f"shards are missing: {named}{more}; run them (--shard {missing[0]}), and merge again"
        )


def _of_the_run(record: RunRecord) -> dict[str, Any]:
    """What all shards of a run have in common."""
    value = {name: one for name, one in encode(record).items() if name not in _OF_A_PART}
    value["git"] = None if record.git is None else record.git.commit
    value["gold sets"] = sorted(gold.name for gold in record.gold)
    value["gold set"] = {
        gold.name: {name: one for name, one in encode(gold).items() if name not in ("path",)}
        for gold in record.gold
    }
    assert record.shard is not None
    value["code of the harness"] = record.shard.code
    value["asked for"] = [
        f"{one.backend} on {one.gold} ({one.task})" for one in record.shard.results
    ]
    return value


def _check_piece(piece: Piece) -> None:
    path = piece.part.folder / RECORD
    try:
        problem = next(_contradictions(piece.own, piece.result), None)
    except InputError as error:
        raise error.of(path) from None
    if problem is not None:
        raise InputError(
            f"the record contradicts itself: {piece}: {problem}",
            path=path,
            hint="it was edited: run that shard again",
        )


def _contradictions(own: ShardResult, result: Result | None) -> Iterator[str]:
    """Where what a shard keeps of a result is not of that result."""
    if own.documents and result is None:
        yield f"{own.documents} documents were asked for, and there is no result"
    if result is None:
        return
    if own.documents != result.documents and (own.documents or result.answered):
        yield f"{own.documents} documents are in the shard, {result.documents} in the result"
    if not own.documents:
        return
    for what in ("failures", "drops"):
        places = own.failed_at if what == "failures" else own.drops_at
        if len(places) != len(getattr(result, what)):
            yield f"it has the places of {len(places)} of {len(getattr(result, what))} {what}"
    files: list[tuple[str, tuple[str, str], tuple[str | None, str] | None]] = [
        ("places", (own.places, own.places_digest), None),
        (
            "predictions",
            (own.predictions, own.predictions_digest),
            (result.predictions, result.predictions_digest),
        ),
    ]
    if own.settled:
        units = (result.units_file, result.units_digest)
        files.append(("units", (own.units, own.units_digest), units))
        if Signature.parse(own.signature).documents != own.documents:
            yield "its signature is of another number of documents"
    for what, kept, stated in files:
        if not all(kept):
            yield f"it names no file of {what} with its digest"
        elif result.answered and stated not in (None, kept):
            yield f"it names two files of {what}"


def _check_same_result(first: Piece, piece: Piece) -> None:
    settled = first.own.settled and piece.own.settled
    left_out = _SUMMED if settled else _SUMMED | _OF_LABELS
    if not (first.has_answers and piece.has_answers):
        left_out |= _OF_ANSWERS
    one, other = (
        {name: value for name, value in encode(each.result).items() if name not in left_out}
        for each in (first, piece)
    )
    for each, value in ((first, one), (piece, other)):
        if settled:
            head, _, tail = each.own.signature.rpartition("|n:")
            value["signature"] = f"{head}|{tail.partition('|')[2]}"
        value["labels settled"] = each.own.settled
        value["program"] = each.own.program
    _refuse(one, other, first, piece)


def _refuse(one: Any, other: Any, first: object, part: object) -> None:
    if (found := _difference(one, other)) is not None:
        place, before, now = found
        raise NotComparable(
            f"{part} is not of the same run as {first}: {place} is {short(now)} in {part}, and "
            f"{short(before)} in {first}; run the shard in {part} again as the others were"
        )


def _difference(one: Any, other: Any, place: str = "") -> tuple[str, Any, Any] | None:
    """The first place at which two values differ, and what is there."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys((*one, *other)):
            inner = f"{place}.{name}" if place else str(name)
            if (found := _difference(one.get(name), other.get(name), inner)) is not None:
                return found
        return None
    return None if one == other else (place, one, other)


def _result(record: RunRecord, key: ResultKey) -> Result | None:
    return next((result for result in record.results if result.key == key), None)
