"""A score taken apart: every case, and every item with its slices, by unit.

Gold items come in the same order whatever was predicted, so that two backends are compared item by
item.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.annotation import Record
from harness.errors import InputError, NothingMeasured, UsageError, nearest
from harness.paragraphs import unit_of
from harness.results.count import unit_starts
from harness.results.scored import Scored, read_with
from harness.table import number
from harness.tasks.cases import Case, ExplainedMeasure
from harness.tasks.facets import Corpus, Facet, Scene, metadata_facets
from harness.tasks.parts import PartCounts, part_named

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["NO_VALUE", "Examined", "Items", "Setting", "Wrong", "examined"]

NO_VALUE = -1
_HELD = 2_000_000
"""Characters of texts that are kept open."""


class Wrong(NamedTuple):
    """A case that is wrong, and the units in which its items are counted."""

    document: str
    case: Case
    gold: tuple[int, ...]
    predicted: tuple[int, ...]

    @property
    def unit(self) -> int:
        """Where it begins."""
        return (self.gold or self.predicted)[0]


class Setting:
    """What all backends of a gold set and task have in common: its facets and its documents."""

    def __init__(
        self,
        scored: Scored,
        training: Sequence[Record] | None = None,
        names: Iterable[str] = (),
    ) -> None:
        """With `names` only these facets. Raises `UsageError` for one that there is not, or that
        has no values."""
        self.task = scored.definition
        records = [pair.gold for pair in scored.pairs()]
        self.corpus = Corpus(self.task, records, training)
        every = (*self.task.facets(), *metadata_facets(self.corpus))
        known = {facet.name: facet for facet in every}
        for name in names:
            if name in known:
                continue
            if name in self.corpus.unsliced:
                raise UsageError(f"{scored.gold}: {self.unsliced((name,))}")
            raise UsageError(f"unknown slice {name!r} of {self.task.title}{nearest(name, known)}")
        self.facets: tuple[Facet, ...] = tuple(
            facet for facet in every if not names or facet.name in names
        )
        self.values: list[dict[str, int]] = [{} for _ in self.facets]
        """Of each facet its values, in order of appearance, with their numbers."""
        self._scenes: dict[str, Scene] = {}
        """For the next backend, as long as their texts are small: what is found in a text takes
        some fifty times its memory."""
        self._held = 0
        self._codes: dict[tuple[str, Any], tuple[int, ...]] = {}

    def codes(self, record: Record, item: Any) -> tuple[int, ...]:
        """The number of the value that each facet gives an item; -1 for none."""
        # Of an entity all but its confidence; other items are told apart by all that they have.
        key = record.id, self.task.mention(item) if self.task.labelled else item
        found = self._codes.get(key)
        if found is None:
            scene = self._scenes.get(record.id) or self._opened(record)
            found = self._codes[key] = tuple(
                NO_VALUE
                if record.text is None and facet.needs_text
                else self._code(place, facet.value(scene, item))
                for place, facet in enumerate(self.facets)
            )
        return found

    def _opened(self, record: Record) -> Scene:
        self._held += len(record.text or "")
        if self._held > _HELD:
            self._scenes.clear()
            self._held = len(record.text or "")
        scene = self._scenes[record.id] = Scene(self.corpus, record)
        return scene

    def _code(self, facet: int, value: str | None) -> int:
        known = self.values[facet]
        return NO_VALUE if value is None else known.setdefault(value, len(known))

    @property
    def empty(self) -> Sequence[str]:
        """The facets that have given no item a value."""
        every = zip(self.facets, self.values, strict=True)
        return [facet.name for facet, values in every if not values]

    def unsliced(self, keys: Iterable[str]) -> str:
        """Why documents are not sliced by keys of their metadata."""
        return (
            f"documents are not sliced by {', '.join(keys)}: all have one value, or there are too "
            "many"
        )

    def phrase(self, facet: int, value: str) -> str:
        """How a value is said of items."""
        return self.facets[facet].phrase.format(value)


@dataclass(frozen=True, eq=False)
class Items:
    """The items of one side, in the same order for every backend where they are gold."""

    documents: list[str]
    items: list[Any]
    units: Any
    wrong: Any
    """1 for those that are missed, or spurious; else 0."""
    codes: Any
    """`(items, facets)`: the number of each facet's value, -1 for none."""


@dataclass(frozen=True, eq=False)
class Examined:
    """One backend, as its cases are counted."""

    scored: Scored
    """Read as the task explains it (`Task.explained`)."""
    explained: ExplainedMeasure
    setting: Setting
    counts: PartCounts
    """The measure, by unit, without what `ExplainedMeasure.besides` has wrong."""
    wrong: list[Wrong]
    gold: Items
    predicted: Items
    remarks: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of error that there is, sorted."""
        return tuple(sorted({kind for one in self.wrong for kind in one.case.kinds}))

    @cached_property
    def base(self) -> Array:
        """Right, gold and predicted of every unit, `(units, 3)`, as the cases have them."""
        rows = self.counts.rows[:]
        base: Array = rows[:, [2, 1, 3]].copy()
        for one in self.wrong:
            if set(one.case.kinds) <= self.explained.besides:
                base[one.unit, 0] -= 1
        return base

    @cached_property
    def told(self) -> PartCounts:
        """The measure as the cases have it: with what `ExplainedMeasure.besides` has wrong."""
        return replace(self.counts, distinct=self.base[:, [0, 1, 0, 2]], pattern=None)


def examined(scored: Scored, setting: Setting) -> Examined:
    """Take a score apart.

    Raises `HarnessError` where predictions or gold are not at hand, `NothingMeasured` where there
    is nothing to explain, and `InputError` where the cases are not what the record has counted.
    """
    task = scored.definition
    how = task.explained(scored.options, scored.capabilities)
    read = read_with(scored, **how.read)
    part = read.parts[how.part] if isinstance(how.part, int) else part_named(how.part, read.parts)
    if part.over is not None:
        raise NothingMeasured(f"{part.name} is an average, which no error takes a part from")
    counts = read.counts(part)
    first: dict[str, int] = {}
    for place, (document, _) in enumerate(read.units):
        first.setdefault(document, place)
    wrong: list[Wrong] = []
    sides: tuple[list[_Row], list[_Row]] = ([], [])
    for pair in read.pairs():
        record = pair.gold
        starts = unit_starts(record)
        if record.id not in first:  # A shard has counts of its own documents alone.
            raise NothingMeasured(f"document {record.id!r} is left out of the counts")
        rows: tuple[list[_Row], list[_Row]] = ([], [])
        for case in task.cases(pair, read.options, read.capabilities):
            units = [
                [first[record.id] + unit_of(task.mention(one)[0], starts) for one in items]
                for items in (case.gold, case.predicted)
            ]
            if all(units):  # The first two are a pair, which counts where the gold begins.
                units[1][0] = units[0][0]
            bad = int(bool(case.kinds))
            if bad:
                wrong.append(Wrong(record.id, case, tuple(units[0]), tuple(units[1])))
            for place, items in enumerate((case.gold, case.predicted)):
                rows[place].extend(
                    _Row(record.id, one, unit, bad, setting.codes(record, one))
                    for one, unit in zip(items, units[place], strict=True)
                )
        for all_rows, here in zip(sides, rows, strict=True):
            all_rows.extend(sorted(here, key=lambda row: (task.mention(row.item), str(row.item))))
    texts = {pair.gold.id: pair.gold.text or "" for pair in read.pairs()}
    gold, predicted = (_items(rows, len(setting.facets)) for rows in sides)
    for place, facet in enumerate(setting.facets):
        if facet.gold_only:
            predicted.codes[:, place] = NO_VALUE
    out = Examined(
        read, how, setting, counts, wrong, gold, predicted, tuple(_remarks(scored, how)), texts
    )
    _check(out)
    return out


class _Row(NamedTuple):
    document: str
    item: Any
    unit: int
    wrong: int
    codes: tuple[int, ...]


def _items(rows: Sequence[_Row], facets: int) -> Items:
    import numpy as np

    return Items(
        [row.document for row in rows],
        [row.item for row in rows],
        np.array([row.unit for row in rows], dtype=np.int64),
        np.array([row.wrong for row in rows], dtype=np.int64),
        np.array([row.codes for row in rows], dtype=np.int32).reshape(len(rows), facets),
    )


def _remarks(scored: Scored, how: ExplainedMeasure) -> Iterable[str]:
    for name, value in how.read.items():
        if getattr(scored.options, name) != value:
            yield (
                f"explained is F under {name}={value}; the run's own headline is under "
                f"{name}={getattr(scored.options, name)}"
            )
    headline = scored.parts[0]
    if how.part not in (0, headline.name):
        yield f"the run's headline is another measure, {headline.name}: {number(scored.f1)}"


def _check(one: Examined) -> None:
    """Two paths to the same counts: what the record holds, and what its cases make."""
    right, gold, predicted = (int(n) for n in one.base.sum(axis=0))
    told = (
        len(one.gold.items) - int(one.gold.wrong.sum()),
        len(one.predicted.items) - int(one.predicted.wrong.sum()),
    )
    if told != (right, right) or (len(one.gold.items), len(one.predicted.items)) != (
        gold,
        predicted,
    ):
        raise InputError(
            f"{one.scored.name} on {one.scored.gold}: its cases are not what was counted: "
            f"{told[0]} right of {len(one.gold.items)} gold and {len(one.predicted.items)} "
            f"predicted, counted were {right} of {gold} and {predicted}",
            hint="the gold, the predictions or the code that counts have changed: run again",
        )
    if not gold:
        raise NothingMeasured(f"{one.scored.gold} has no gold of {one.setting.task.title}")
