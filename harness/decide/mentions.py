"""The second file of a baseline: counts by paragraph, and what became of each mention.

    ["seeds","ner","gazetteer","001",0,{"correct":{"GPE":2},"errors":[["missed","ORG",null,1]]}]
    ["seeds","ner","gazetteer","001","found",[[49,55,"GPE"],[60,65,"GPE"]]]

A line says one thing of one document: gold set, task, backend and document; then the number of a
paragraph and its counts, or `found`, `missed` or `spurious` with start, end (code points) and label
of mentions. No text is in it. A line is cut where it would be too long, mentions at fixed offsets
first, so that a change of one moves no others to another line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from harness.tasks.tally import Tally, TallyKey

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

_COUNTED = re.compile(
    r'(\["[^"\\\x00-\x1f]*","[^"\\\x00-\x1f]*","[^"\\\x00-\x1f]*"),'
    r'"([^"\\\x00-\x1f]*)",(0|[1-9][0-9]{0,8}),(\{.*\})\]'
)
"""A line of counts whose names need no escapes."""

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
    last: tuple[tuple[str, int], str, Tally | None] | None = None
    """The unit that was read last, to which the next line may add: its counts as JSON, and what
    they are unless the same text has been read before; or both, where several lines have them."""

    def columns(self) -> UnitColumns:
        """What was counted of each unit; nothing can be added any more."""
        self.close()
        return self.units.built()

    def close(self) -> None:
        """Take the last unit: no further line adds to it."""
        if self.last is not None:
            unit, text, tally = self.last
            self.units.begin(*unit)
            if tally is not None:
                self.units.tallies.add(tally, text or None)
            else:
                self.units.tallies.again(text)
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
    texts: dict[frozenset[tuple[TallyKey, int]], str] = {}
    key = compact(entry.key)[:-1]
    units = zip(entry.units, entry.tallies, strict=True)
    for document, counted in groupby(units, key=lambda one: one[0][0]):
        for (_, paragraph), tally in counted:
            counts = frozenset(tally.items())
            if counts not in texts:
                texts[counts] = compact(tally.to_json())
            line = f"{key},{compact(document)},{paragraph},{texts[counts]}]"
            if len(line) <= LONGEST:
                yield line
                continue
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


def read_details(
    lines: Iterable[str], path: Path, keys: Iterable[ResultKey]
) -> dict[ResultKey, Details]:
    """What the file says of each entry; `lines` have their ends.

    Raises `InputError` for a line that is none, or that is about no such entry.
    """
    found: dict[ResultKey, Details] = {key: Details() for key in keys}
    plain = {compact(key)[:-1]: (one, task_named(key[1])) for key, one in found.items()}
    number = 0
    for number, text in enumerate(lines, 1):
        if text[-1:] != "\n" or (number == 1 and text[:-1] != HEAD):
            raise _no_such_file(path)
        if number == 1:
            continue
        try:
            counted = _COUNTED.fullmatch(text[:-1])
            if counted is not None and counted[1] in plain:
                known, task = plain[counted[1]]
                _add_counts(known, (counted[2], int(counted[3])), counted[4], task)
                continue
            line = decode(_Line, parse_json(text[:-1]), extra=True)
            details = found.get((line.gold, line.task, line.backend))
            if details is None:
                raise ValueError(f"the baseline has no {line.backend} on {line.gold} ({line.task})")
            _add(details, line, task_named(line.task))
        except (ValueError, RecursionError) as error:
            problem = str(error)[:300]
            raise InputError(
                f"not a line of it: {problem}", path=path, line=number, hint=MEND
            ) from None
    if not number:
        raise _no_such_file(path)
    return found


def _no_such_file(path: Path) -> InputError:
    return InputError(
        f"expected {HEAD} as the first line, and a line's end as the last", path=path, hint=MEND
    )


def _add_counts(details: Details, unit: tuple[str, int], text: str, task: Task) -> None:
    """Add a line of counts. Raises `ValueError` as `_add` does."""
    if details.last is not None and details.last[0] == unit:
        _add_to_last(details, read_tally(task, parse_json(text)), task)
        return
    details.close()
    known = details.units.tallies.knows(text)
    details.last = unit, text, None if known else read_tally(task, parse_json(text))


def _add_to_last(details: Details, tally: Tally, task: Task) -> None:
    assert details.last is not None
    unit, text, known = details.last
    known = read_tally(task, parse_json(text)) if known is None else known
    if not known or not tally or known.keys() & tally.keys():
        raise ValueError(f"these counts of paragraph {unit[1]} were there")
    known.update(tally)
    details.last = unit, "", known


def _add(details: Details, line: _Line, task: Task) -> None:
    """Add a line. Raises `ValueError` for one that cannot be, or was there."""
    if isinstance(line.what, int):
        _add_counts(details, (line.document, line.what), compact(line.said), task)
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
