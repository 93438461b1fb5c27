"""Which units there are counts of, as columns: little of a million of them is in memory.

A unit is a paragraph of a document, or a whole document. Ids of very many lie on disk. All backends
of a gold set and task have the same units, so that they share one `UnitIds`.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, repeat
from typing import NamedTuple, overload

from harness.spill import Sorter, Strings
from harness.tasks.base import Task
from harness.tasks.columns import TallyBuilder, TallyColumns
from harness.tasks.tally import Tally

__all__ = ["GoldCounts", "UnitBuilder", "UnitColumns", "UnitIds", "unit_problems"]


class UnitIds(Sequence[tuple[str, int]]):
    """Document and paragraph of each unit; an index gives the two, a slice some of them.

    Equal to any sequence of equal pairs.
    """

    __slots__ = ("_names", "documents", "paragraphs")

    def __init__(self, names: Strings, documents: Sequence[int], paragraphs: Sequence[int]) -> None:
        self._names = names
        self.documents = documents
        """The document of each unit, numbered in order of appearance; where each document is one
        unit a `range`, and `paragraphs` a `Zeros`."""
        self.paragraphs = paragraphs
        """The number of each unit within its document, as it is stated."""

    @classmethod
    def of(cls, units: Iterable[tuple[str, int]]) -> UnitIds:
        """Columns of these; the same object if they are columns."""
        if isinstance(units, UnitIds):
            return units
        builder = UnitBuilder()
        for unit in units:
            builder.begin(*unit)
        return builder.ids()

    @classmethod
    def chained(cls, each: Sequence[UnitIds]) -> UnitIds:
        """The units of several, one after the other; the names of documents begin with the number
        of their own, `0:`, `1:`, so that none is in two of them."""
        builder = UnitBuilder()
        for number, one in enumerate(each):
            for document, paragraph in one:
                builder.begin(f"{number}:{document}", paragraph)
        return builder.ids()

    def __len__(self) -> int:
        return len(self.documents)

    @overload
    def __getitem__(self, place: int) -> tuple[str, int]: ...
    @overload
    def __getitem__(self, place: slice) -> UnitIds: ...
    def __getitem__(self, place: int | slice) -> tuple[str, int] | UnitIds:
        if isinstance(place, slice):
            return self.at(range(*place.indices(len(self))))
        return self.name(self.documents[place]), self.paragraphs[place]

    def __iter__(self) -> Iterator[tuple[str, int]]:
        if isinstance(self.paragraphs, Zeros):
            yield from ((name, 0) for name in self._names)
            return
        last, name = -1, ""
        for document, paragraph in zip(self.documents, self.paragraphs, strict=True):
            if document != last:
                last, name = document, self.name(document)
            yield name, paragraph

    def __eq__(self, other: object) -> bool:
        if isinstance(other, UnitIds):
            return self is other or (
                self.paragraphs == other.paragraphs
                and self.documents == other.documents
                and self._names == other._names
            )
        if isinstance(other, list | tuple):
            return len(self) == len(other) and all(map(tuple.__eq__, self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # who looks units up has their pairs

    def __repr__(self) -> str:
        return f"<{len(self)} units of {self.document_count} documents>"

    @property
    def document_count(self) -> int:
        """How many documents there are."""
        return len(self._names)

    def name(self, number: int) -> str:
        """The id of a document."""
        return self._names[number]

    def names(self) -> Iterator[str]:
        """The ids of all documents."""
        return iter(self._names)

    def find(self, names: Collection[str]) -> dict[str, int]:
        """The numbers of the documents with these ids, of those that are there."""
        if not names:
            return {}
        return {name: number for number, name in enumerate(self.names()) if name in names}

    def at(self, places: Iterable[int]) -> UnitIds:
        """Some of the units, in this order."""
        return UnitIds.of(self[place] for place in places)


class Zeros(Sequence[int]):
    """So many zeros."""

    __slots__ = ("_count",)

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Zeros: ...
    def __getitem__(self, place: int | slice) -> int | Zeros:
        chosen = range(self._count)[place]
        return Zeros(len(chosen)) if isinstance(chosen, range) else 0

    def __iter__(self) -> Iterator[int]:
        return repeat(0, self._count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zeros) and self._count == other._count

    __hash__ = None  # type: ignore[assignment]  # as that of other columns


class UnitColumns(NamedTuple):
    """What was counted of a result: its units, and the tally of each."""

    ids: UnitIds
    tallies: TallyColumns


class UnitBuilder:
    """Makes columns of units that come one after the other."""

    def __init__(self) -> None:
        self._names = Strings()
        self._hashes = Sorter(8)
        self._columns: tuple[array[int], array[int]] | None = None
        """Documents and paragraphs, from the first unit on that is not the only one of its
        document."""
        self._last: str | None = None
        self.tallies = TallyBuilder()
        """Takes a tally for each unit."""

    def begin(self, document: str, paragraph: int) -> None:
        """Add a unit, whose tally is the next. Raises `ValueError` for a number that is none."""
        again = document == self._last
        if self._columns is None and (again or paragraph):
            count = len(self._names)
            self._columns = array("i", range(count)), array("i", bytes(4 * count))
        if not again:
            self._names.append(document)
            self._hashes.add(hash(document).to_bytes(8, "big", signed=True))
            self._last = document
        if self._columns is not None:
            documents, paragraphs = self._columns
            try:
                paragraphs.append(paragraph)
            except OverflowError:
                raise ValueError(f"found the paragraph {paragraph}") from None
            documents.append(len(self._names) - 1)

    def ids(self, like: UnitIds | None = None) -> UnitIds:
        """The units; `like` itself where they are the same. Nothing can be added any more."""
        count = len(self._names)
        columns = self._columns or (range(count), Zeros(count))
        made = UnitIds(self._names, *columns)
        if any(one == other for one, other in pairwise(self._hashes)):
            made = self._parted(made)
        return like if like is not None and like == made else made

    def built(self, like: UnitIds | None = None) -> UnitColumns:
        """Units and tallies; nothing can be added any more."""
        return UnitColumns(self.ids(like), self.tallies.built())

    def _parted(self, made: UnitIds) -> UnitIds:
        """The same where a document may come again after another: it has one number."""
        numbers: dict[str, int] = {}
        of_run = array("i", (numbers.setdefault(name, len(numbers)) for name in made.names()))
        if len(numbers) == len(of_run):  # Two ids with one hash.
            return made
        documents = array("i", (of_run[run] for run in made.documents))
        names = Strings()
        for name in numbers:
            names.append(name)
        return UnitIds(names, documents, array("i", made.paragraphs))


def unit_problems(columns: UnitColumns, task: Task) -> Iterator[tuple[int, str]]:
    """What cannot be of these counts, with the place of the first unit of which it is said."""
    ids, tallies = columns
    single = isinstance(ids.documents, range)
    expected = array("i", bytes(0 if single else 4 * ids.document_count))
    units = zip(ids.documents, ids.paragraphs, strict=True)
    for place, (number, paragraph) in enumerate(() if single else units):
        if paragraph != expected[number]:
            said = f"its counts of the document {ids.name(number)!r} are not of one paragraph each"
            yield place, said
            break
        expected[number] += 1
    for place, sound in enumerate(tallies.of_units(task.adds_up)):
        if not sound:
            yield place, f"its counts of the document {ids[place][0]!r} do not add up"
            break


class GoldCounts:
    """How many gold items of each label units have, comparable for everything that is added here.

    `add` gives a number for each unit: units with equal numbers have the same gold.
    """

    def __init__(self) -> None:
        self._numbers: dict[frozenset[tuple[str, int]], int] = {}
        self._counts: list[Mapping[str, int]] = []

    def add(self, tallies: TallyColumns, task: Task, chosen: Collection[str] = ()) -> array[int]:
        """The gold of every unit; of the labels that are `chosen`, else of all."""

        def number(tally: Tally) -> int:
            counts = {
                label: n
                for label, n in task.gold_counts(tally).items()
                if n and (not chosen or label in chosen)
            }
            found = self._numbers.setdefault(frozenset(counts.items()), len(self._counts))
            if found == len(self._counts):
                self._counts.append(counts)
            return found

        return array("i", tallies.of_units(number))

    def differences(
        self, ids: UnitIds, one: Sequence[int], other: Sequence[int]
    ) -> Iterator[tuple[str, str, int, int]]:
        """Document and label of which two counts of the same units have a different number of
        gold, sorted, with the two numbers."""
        if one == other:
            return
        places: dict[int, list[int]] = {
            ids.documents[place]: []
            for place, (a, b) in enumerate(zip(one, other, strict=True))
            if a != b
        }
        for place, number in enumerate(ids.documents):
            if number in places:
                places[number].append(place)
        for name, document in sorted((ids.name(number), number) for number in places):
            sums = [self._sum(side[place] for place in places[document]) for side in (one, other)]
            for label in sorted(sums[0].keys() | sums[1].keys()):
                mine, theirs = (counts.get(label, 0) for counts in sums)
                if mine != theirs:
                    yield name, label, mine, theirs

    def _sum(self, numbers: Iterable[int]) -> dict[str, int]:
        sums: dict[str, int] = {}
        for number in numbers:
            for label, n in self._counts[number].items():
                sums[label] = sums.get(label, 0) + n
        return sums
