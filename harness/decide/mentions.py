"""The second file of a baseline: counts by paragraph, and what became of each mention.

    ["seeds","ner","gazetteer","001",0,{"correct":{"GPE":2},"errors":[["missed","ORG",null,1]]}]
    ["seeds","ner","gazetteer","001","found",[[49,55,"GPE"],[60,65,"GPE"]]]

A line says one thing of one document: gold set, task, backend and document; then the number of a
paragraph and its counts, or `found`, `missed` or `spurious` with start, end (code points) and label
of mentions. No text is in it. A line is cut where it would be too long, mentions at fixed offsets
first, so that a change of one moves no others to another line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from harness.coding import compact, decode, parse_json
from harness.decide.entry import Entry
from harness.errors import InputError
from harness.results.consistent import read_tally
from harness.results.outcomes import Mention, Outcomes
from harness.results.record import ResultKey
from harness.results.units import UnitBuilder, UnitColumns
from harness.tasks.base import Task
from harness.tasks.registry import task_named
from harness.tasks.tally import Tally

__all__ = ["HEAD", "OUTCOMES", "LONGEST", "MEND", "Details", "entry_lines", "read_details"]

HEAD = compact({"kind": "harness-baseline-mentions"})
"""The first line."""
LONGEST = 2000
"""No line has more characters, unless names alone do."""

MEND = (
    "bring both files back from version control, or delete them and accept the run again: "
    "harness baseline accept RUN"
)
"""What to do about a baseline that contradicts itself."""
OUTCOMES = ("found", "missed", "spurious")
_WINDOW = 4000
"""Code points: mentions that begin in two of these are on two lines."""

_Row = tuple[int, int, str]


class _Line(NamedTuple):
    gold: str
    task: str
    backend: str
    document: str
    what: int | str
    """Number of a paragraph, or one of `OUTCOMES`."""
    said: Any


@dataclass(slots=True)
class Details:
    """What the file says of an entry."""

    units: UnitBuilder = field(default_factory=UnitBuilder)
    mentions: dict[str, set[Mention]] = field(default_factory=dict)
    """By kind: found, missed, spurious."""
    last: tuple[tuple[str, int], Tally] | None = None
    """The unit that was read last, to which the next line may add."""

    def columns(self) -> UnitColumns:
        """What was counted of each unit; nothing can be added any more."""
        self.close()
        return self.units.built()

    def close(self) -> None:
        """Take the last unit: no further line adds to it."""
        if self.last is not None:
            unit, tally = self.last
            self.units.begin(*unit)
            self.units.tallies.add(tally)
            self.last = None

    @property
    def outcomes(self) -> Outcomes:
        """What became of every mention."""
        return Outcomes(*(frozenset(self.mentions.get(kind, ())) for kind in OUTCOMES))


def entry_lines(entry: Entry) -> Iterator[str]:
    """What the file has of an entry: a document after the other, in the gold's order."""
    mentions: dict[tuple[str, str], list[Mention]] = {}
    for kind in OUTCOMES if entry.outcomes else ():
        for mention in sorted(getattr(entry.outcomes, kind)):
            mentions.setdefault((mention.document, kind), []).append(mention)
    units = zip(entry.units, entry.tallies, strict=True)
    for document, counted in groupby(units, key=lambda one: one[0][0]):
        for (_, paragraph), tally in counted:
            yield from _cut(
                (*entry.key, document, paragraph), sorted(tally.items(), key=str), _counts
            )
        for kind in OUTCOMES:
            rows = [mention[1:] for mention in mentions.get((document, kind), ())]
            for _, window in groupby(rows, key=lambda row: row[0] // _WINDOW):
                yield from _cut((*entry.key, document, kind), list(window), list)


def _counts(items: Iterable[tuple[Any, int]]) -> Any:
    return Tally.made(dict(items)).to_json()


def _cut(
    head: Sequence[str | int], items: Sequence[Any], shown: Callable[[Sequence[Any]], Any]
) -> Iterator[str]:
    """One line, or those of its halves where it is too long."""
    line = compact([*head, shown(items)])
    if len(line) <= LONGEST or len(items) < 2:
        yield line
        return
    middle = len(items) // 2
    yield from _cut(head, items[:middle], shown)
    yield from _cut(head, items[middle:], shown)


def read_details(text: str, path: Path, keys: Iterable[ResultKey]) -> Mapping[ResultKey, Details]:
    """What the file says of each entry.

    Raises `InputError` for a line that is none, or that is about no such entry.
    """
    first, *rest = text.split("\n")
    if first != HEAD or rest[-1:] != [""]:
        raise InputError(
            f"expected {HEAD} as the first line, and a line's end as the last", path=path, hint=MEND
        )
    found: dict[ResultKey, Details] = {key: Details() for key in keys}
    for number, text_of_line in enumerate(rest[:-1], 2):
        try:
            line = decode(_Line, parse_json(text_of_line), extra=True)
            details = found.get((line.gold, line.task, line.backend))
            if details is None:
                raise ValueError(f"the baseline has no {line.backend} on {line.gold} ({line.task})")
            _add(details, line, task_named(line.task))
        except (ValueError, RecursionError) as error:
            problem = str(error)[:300]
            raise InputError(
                f"not a line of it: {problem}", path=path, line=number, hint=MEND
            ) from None
    return found


def _add(details: Details, line: _Line, task: Task) -> None:
    """Add a line. Raises `ValueError` for one that cannot be, or was there."""
    if isinstance(line.what, int):
        tally, unit = read_tally(task, line.said), (line.document, line.what)
        if details.last is None or details.last[0] != unit:
            details.close()
            details.last = unit, tally
            return
        known = details.last[1]
        if not known or not tally or known.keys() & tally.keys():
            raise ValueError(f"these counts of paragraph {line.what} were there")
        known.update(tally)
        return
    if line.what not in OUTCOMES:
        raise ValueError(
            f"found {line.what[:40]!r}, expected a paragraph or {' or '.join(OUTCOMES)}"
        )
    mentions = details.mentions.setdefault(line.what, set())
    for row in decode(tuple[_Row, ...], line.said, extra=True):
        mention = Mention(line.document, *row)
        if mention in mentions:
            raise ValueError(f"{mention} was there")
        mentions.add(mention)
