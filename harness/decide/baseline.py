"""The baseline: what was once accepted, in two files that need nothing beside them.

The one that is named holds what people look at in a diff: of every backend what was measured, with
what, and its scores. The other lies beside it (`harness.decide.mentions`) and holds counts per
paragraph, from which scores, intervals and tests are computed again, and what became of each
mention, so that a check can name what flipped. It changes by `harness baseline accept` alone.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from harness import __version__
from harness.coding import DecodeError, FileKind, decode, decode_file, encode, laid_out
from harness.decide.entry import Entry, EntryHead, StatedScores, entry_of, problems
from harness.decide.former import FormerBaseline, FormerEntry, former_entry
from harness.decide.mentions import HEAD, MEND, OUTCOMES, Details, entry_lines, read_details
from harness.digest import digest_pieces, digest_text
from harness.errors import HarnessError, InputError, NothingMeasured
from harness.formats.files import atomic_writer, opened, read_text, write_text
from harness.results.outcomes import Outcomes
from harness.results.provenance import now
from harness.results.record import Git, ResultKey, RunRecord
from harness.results.scored import Scored
from harness.results.stored import inside
from harness.tasks.registry import task_named, wrong_task

__all__ = ["KIND", "BASELINE_SCHEMA", "Baseline", "accepted", "is_baseline", "merge"]
__all__ += ["read", "second_file", "write"]

KIND = "harness-baseline"
BASELINE_SCHEMA = 2
"""2: mentions and counts per paragraph are in a second file, scores are stated."""

_FILE = FileKind(
    name="baseline",
    versions=(1, BASELINE_SCHEMA),
    marks={"kind": KIND},
    broken="is the file cut off, or a merge conflict?",
    foreign="a run is accepted as one: harness baseline accept RUN",
    outdated="check with the harness that wrote it, or accept a new run",
)


_UNFOLDED = ("entries", "model", "packages", "scores")


@dataclass(frozen=True, slots=True)
class Baseline:
    """Every accepted entry; keys are unique."""

    tool_version: str
    accepted: str
    """When it was last accepted; UTC, ISO 8601."""
    git: Git | None
    entries: tuple[Entry, ...] = ()


def accepted(scored: Sequence[Scored], record: RunRecord) -> Baseline:
    """A baseline of what a run measured. Raises `NothingMeasured` when that is nothing.

    Sanity rows are left out: they check the harness, not a library.
    """
    real = [one for one in scored if not one.sanity]
    if not real:
        raise NothingMeasured("the run measured no backend, so there is nothing to accept")
    entries = (entry_of(one, record) for one in real)
    return Baseline(__version__, now(), record.git, _ordered(entries))


def merge(old: Baseline | None, new: Baseline, *, remove_missing: bool = False) -> Baseline:
    """`new` with the entries of `old` that it does not speak of, unless these are to go."""
    if old is None or remove_missing:
        return new
    renewed = {entry.key for entry in new.entries}
    kept = (entry for entry in old.entries if entry.key not in renewed)
    return replace(new, entries=_ordered([*new.entries, *kept]))


def _ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The same whatever was accepted before what, so that files differ where entries do."""
    return tuple(sorted(entries, key=lambda one: (one.gold, task_named(one.task).order, one.key)))


def is_baseline(path: str | Path) -> bool:
    """Whether the file says that it is a baseline."""
    path = Path(path)
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as handle:
        return KIND.encode() in handle.read(200)


# --- the files ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head(EntryHead):
    """An entry in the first file."""

    outcomes: Mapping[str, int] | None
    """How many mentions were found, missed and spurious."""
    scores: StatedScores


@dataclass(frozen=True, slots=True)
class _Second:
    """The second file."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _First:
    """The first file."""

    kind: str
    schema_version: int
    tool_version: str
    accepted: str
    git: Git | None
    mentions: _Second
    entries: tuple[_Head, ...]


def second_file(path: str | Path) -> str:
    """The name of the second file of the baseline with that path; no other has the same."""
    path = Path(path)
    return (
        f"{path.stem}.mentions.jsonl" if path.suffix == ".json" else f"{path.name}-mentions.jsonl"
    )


def _draft(second: str, digest: str) -> str:
    """What the second file is called until the first one names it."""
    return f"{second.removesuffix('.jsonl')}.{digest}.jsonl"


def read(path: str | Path) -> Baseline:
    """Read a baseline of any version.

    Raises `InputError` for a missing, broken or foreign file, for a second file that is not the
    one that was accepted with the first, and for numbers that contradict each other.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(
            "there is no baseline here",
            path=path,
            hint="make one: harness baseline accept RUN --baseline FILE",
        )
    value = decode_file(dict[str, Any], read_text(path), _FILE, path)
    try:
        first: FormerBaseline | _First
        if value["schema_version"] == 1:
            first = decode(FormerBaseline, value)
        else:
            first = decode(_First, value)
    except (DecodeError, RecursionError) as error:
        raise InputError(f"not a valid baseline: {error}", path=path) from None
    seen: set[ResultKey] = set()
    for number, head in enumerate(first.entries):
        if wrong := wrong_task(head.task):
            raise InputError(f"not a valid baseline: entries[{number}].task: {wrong}", path=path)
        if head.key in seen:
            said = f"two entries for {head.backend} on {head.gold} ({head.task})"
            raise InputError(said, path=path, hint=MEND)
        seen.add(head.key)
    details: dict[ResultKey, Details] = {}
    if isinstance(first, _First):
        place = _second(path, first.mentions)
        with opened(place, "a text file", mode="r", encoding="utf-8") as lines:
            details = read_details(lines, place, seen)
    # Taken out one by one: what columns are made of is no longer needed beside them.
    entries = tuple(_checked(one, details.pop(one.key, Details()), path) for one in first.entries)
    return Baseline(first.tool_version, first.accepted, first.git, entries)


def _second(path: Path, said: _Second) -> Path:
    """Where the second file lies.

    It has its own name from the moment on at which everything is written; the one of a draft lies
    there where `write` was stopped just before.
    """
    if not re.fullmatch("[0-9a-f]{64}", said.sha256):
        wrong = f"mentions.sha256: found {said.sha256[:80]!r}, expected a sha256 in hex"
        raise InputError(f"not a valid baseline: {wrong}", path=path, hint=MEND)
    folder = path.resolve().parent if path.is_symlink() else path.parent
    try:
        places = [inside(folder, n, "") for n in (said.file, _draft(said.file, said.sha256[:16]))]
    except InputError:
        wrong = f"mentions.file: found {said.file[:80]!r}, expected a file beside the baseline"
        raise InputError(f"not a valid baseline: {wrong}", path=path, hint=MEND) from None
    there = [place for place in places if place.is_file()]
    for place in there:
        if _digest(place) == said.sha256:
            return place
    if not places[0].is_file():
        wrong = f"is not there: the counts and mentions of {path.name}"
        raise InputError(wrong, path=places[0], hint=MEND)
    numbered = enumerate(read_text(there[0]).split("\n"), 1)
    raise InputError(
        f"is not the file that {path.name} was accepted with: it was edited, is of another "
        "acceptance, or a merge conflict",
        path=places[0],
        line=next((number for number, line in numbered if line.startswith("<<<<<<<")), None),
        hint=MEND,
    )


def _digest(place: Path) -> str:
    """Of the text. Raises `InputError` for bytes that are not UTF-8."""
    try:
        with opened(place, "a text file", mode="r", encoding="utf-8") as lines:
            return digest_pieces(lines)
    except UnicodeDecodeError:
        return digest_text(read_text(place))  # Which says where.


def _checked(head: _Head | FormerEntry, details: Details, path: Path) -> Entry:
    """An entry that does not contradict itself."""
    try:
        entry = former_entry(head) if isinstance(head, FormerEntry) else _entry(head, details)
        problem = next(problems(entry), None)
    except (ValueError, HarnessError, RecursionError) as error:
        problem = str(error)
    if problem:
        said = f"{head.backend} on {head.gold} ({head.task}): {problem[:300]}"
        raise InputError(said, path=path, hint=MEND)
    return entry


def _entry(head: _Head, details: Details) -> Entry:
    """Of both files. Raises `ValueError` where they have other numbers of mentions."""
    outcomes = details.outcomes if head.outcomes is not None or details.mentions else None
    if (counted := _counted(outcomes)) != head.outcomes:
        raise ValueError(f"its mentions are {head.outcomes}, in the second file {counted}")
    ids, tallies = details.columns()
    return Entry(
        **head.head(),
        scores=head.scores,
        units=ids,
        tallies=tallies,
        outcomes=outcomes,
    )


def _counted(outcomes: Outcomes | None) -> dict[str, int] | None:
    return None if outcomes is None else {k: len(getattr(outcomes, k)) for k in OUTCOMES}


def write(path: str | Path, baseline: Baseline) -> None:
    """Write both files. Whenever this is stopped, what can be read is the old one or the new one.

    Raises `InputError` where something else has the second file's name.
    """
    path = Path(path)
    second = path.with_name(second_file(path))
    if os.path.lexists(second) and not _is_second(second):
        raise InputError(
            f"is there already and is not the second file of a baseline, which {path.name} needs",
            path=second,
            hint="move it away, or give the baseline another name",
        )
    digest = digest_pieces(_lines(baseline))  # Of all before any is written: its name has it.
    first = _First(
        kind=KIND,
        schema_version=BASELINE_SCHEMA,
        tool_version=baseline.tool_version,
        accepted=baseline.accepted,
        git=baseline.git,
        mentions=_Second(second.name, digest),
        entries=tuple(
            _Head(**one.head(), outcomes=_counted(one.outcomes), scores=one.scores)
            for one in baseline.entries
        ),
    )
    value = encode(first)
    for entry in value["entries"]:
        if not entry["spec"]:  # Few have an alias.
            del entry["spec"]
    draft = path.with_name(_draft(second.name, digest[:16]))
    with atomic_writer(draft) as handle:
        handle.writelines(_lines(baseline))
    try:
        write_text(path, laid_out(value, _UNFOLDED) + "\n")
    except (InputError, OSError):  # Nothing else: the first file may name it by then.
        draft.unlink(missing_ok=True)
        raise
    draft.replace(second)
    for left in path.parent.glob(_draft(glob.escape(second.name), "[0-9a-f]" * 16)):
        left.unlink(missing_ok=True)  # Somebody was stopped here.


def _lines(baseline: Baseline) -> Iterator[str]:
    """The second file."""
    for line in chain((HEAD,), chain.from_iterable(map(entry_lines, baseline.entries))):
        yield f"{line}\n"


def _is_second(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as handle:
        return handle.readline().rstrip() == HEAD.encode()
