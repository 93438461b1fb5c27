"""What differs between two records of a series: what may have changed its score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.adapter import ModelIdentity
from harness.decide.history.line import HistoryLine
from harness.results.record import Git
from harness.results.signature import Signature, diff
from harness.tasks.parts import f_name

__all__ = ["Named", "apart", "commit_name", "named"]

_NONE = "none"
_COMMIT = 10
_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that differs, as it was and as it is."""

    what: str
    old: str
    new: str


def commit_name(git: Git | None) -> str:
    """`0123456789`, with `+` where files differed from the commit; empty without a checkout."""
    return "" if git is None else f"{git.commit[:_COMMIT]}{'+' if git.dirty else ''}"


def apart(old: HistoryLine, new: HistoryLine) -> tuple[Named, ...]:
    """Why no difference of two records can be computed; nothing where one can."""
    found: list[Named] = []
    digests = (old.gold_digest, new.gold_digest)
    if digests[0] != digests[1]:
        found.append(Named("gold changed", *(digest[:_DIGEST] for digest in digests)))
    for field, one, two in diff(Signature.parse(old.signature), Signature.parse(new.signature)):
        # What follows from other gold is no second reason.
        if field not in ("gold_digest", "gold_version", "documents") or not found:
            found.append(Named(f"counted differently: {field}", one, two))
    if not found and (shapes := [_shape(line) for line in (old, new)])[0] != shapes[1]:
        found.append(Named("counted differently: part", *shapes))
    if not found and (old.units, old.paragraphs) != (new.units, new.paragraphs):
        found.append(Named("counted differently: units", old.units, new.units))
    return tuple(found)


def _shape(line: HistoryLine) -> str:
    """What a part is, as far as its signature does not say it."""
    groups = line.unit_counts.rows.shape[1] // 4 if line.mean else 1
    return f"{f_name(line.beta)}{f' over {groups} groups' if line.mean else ''}"


def named(old: HistoryLine, new: HistoryLine) -> tuple[Named, ...]:
    """What made the two records that is not the same: commits, versions, model, machine."""
    return tuple(one for one in _pairs(old, new) if one.old != one.new)


def _pairs(old: HistoryLine, new: HistoryLine) -> Iterator[Named]:
    yield Named("project", _commit(old.project), _commit(new.project))
    yield Named("harness", _commit(old.harness), _commit(new.harness))
    yield Named("harness version", old.tool_version, new.tool_version)
    yield Named("Python", old.python, new.python)
    yield from _each("", old.packages, new.packages)
    yield from _of_model(old.model, new.model)
    yield Named("machine", str(old.machine), str(new.machine))


def _each(before: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Named]:
    for name in sorted(old.keys() | new.keys()):
        yield Named(f"{before}{name}", old.get(name, _NONE), new.get(name, _NONE))


def _of_model(old: ModelIdentity | None, new: ModelIdentity | None) -> Iterator[Named]:
    if old is None or new is None:
        yield Named("model", *(_NONE if one is None else one.name for one in (old, new)))
        return
    yield Named("model", old.name, new.name)
    yield Named("model version", old.version or _NONE, new.version or _NONE)
    yield Named("model digest", *(one.digest[:_DIGEST] or _NONE for one in (old, new)))
    yield from _each("model ", old.notes, new.notes)


def _commit(git: Git | None) -> str:
    return commit_name(git) or _NONE
