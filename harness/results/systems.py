"""What is compared: one backend's counts on one gold set.

Outcomes (which mention was found) need predictions and gold, and are worked out only when asked
for. Systems come out of a run (`harness.results.load`), a file of predictions, or records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

from harness.annotation import Record, Task
from harness.errors import HarnessError, InputError, NotComparable, UsageError
from harness.gold.goldset import GoldSet, load_goldset, named_goldset
from harness.results.measures import Tally
from harness.results.outcomes import Outcomes, outcomes
from harness.results.pairs import Pair, read_predictions
from harness.results.record import GoldRecord, Result, RunRecord
from harness.results.scored import Counted, count_records
from harness.signature import Signature
from harness.tasks.attribution.tally import AttributionOptions
from harness.tasks.ner.options import NerOptions

__all__ = [
    "GoldFinder",
    "System",
    "distinct_names",
    "from_counted",
    "from_predictions",
    "from_records",
    "named_backends",
    "on_one_footing",
    "recounted",
]


class GoldFinder:
    """The gold sets that a user asked for: where they lie, and which results are about them.

    Each place is a path, the name of a known gold set, or a pattern of names. Without any, every
    gold set is wanted. One that was not given by its place is looked for where a record says that
    it lay (`learn`), and by its name.
    """

    def __init__(self, places: Iterable[str | Path] = ()) -> None:
        self._given: dict[str, GoldSet] = {}
        self._found: dict[str, GoldSet | None] = {}
        self._cards: dict[str, tuple[GoldRecord, Path]] = {}
        self._renamed: dict[str, str] = {}
        patterns = []
        for place in places:
            if Path(place).exists() or named_goldset(place):
                goldset = load_goldset(place)
                self._given[goldset.name] = goldset
                patterns.append(goldset.name)
            else:
                patterns.append(str(place))
        self.patterns = tuple(patterns)

    def learn(self, record: RunRecord, folder: str | Path) -> None:
        """Take from a record where its gold sets lay; `folder` is the record's.

        A gold set that was given under another name is the record's if it has its digest.
        """
        for card in record.gold:
            self._cards.setdefault(card.name, (card, Path(folder)))
            for name, goldset in list(self._given.items()):
                if card.name not in self._given and goldset.digest == card.digest:
                    self._given[card.name] = _called(self._given.pop(name), card.name)
                    self._renamed[name] = card.name
                    self.patterns = tuple(card.name if p == name else p for p in self.patterns)

    def known_name(self, name: str) -> str:
        """The name that the records have for a gold set that was given under this one."""
        return self._renamed.get(name, name)

    def under_known_name(self, system: System) -> System:
        """The system with its gold set under the name that the records have for it."""
        name = self.known_name(system.gold)
        if name == system.gold:
            return system
        return replace(system, gold=name, signature=replace(system.signature, gold=name))

    def wants(self, name: str) -> bool:
        """Whether the gold set of that name was asked for."""
        return not self.patterns or any(
            one == name or fnmatchcase(name, one) for one in self.patterns
        )

    def check_patterns(self) -> None:
        """Raise `UsageError` for a gold set that was asked for and is in no record."""
        for pattern in self.patterns:
            if not any(pattern == name or fnmatchcase(name, pattern) for name in self._cards):
                known = ", ".join(sorted(self._cards)) or "none"
                raise UsageError(f"no gold set {pattern!r} in there; there is: {known}")

    def find(self, name: str) -> GoldSet | None:
        """The gold set of that name, or `None`.

        The one that was given, else one that a record knows and that is still the same, else
        whatever lies there; its digest has to be looked at.
        """
        if name in self._given:
            return self._given[name]
        if name not in self._found:
            there = list(self._candidates(name))
            card = self._cards[name][0] if name in self._cards else None
            same = [one for one in there if card is not None and one.digest == card.digest]
            found = next(iter([*same, *there]), None)
            self._found[name] = None if found is None else _called(found, name)
        return self._found[name]

    def check_given(self, record: RunRecord) -> None:
        """Raise `NotComparable` for a gold set that was given and is not the record's any more."""
        for card in record.gold:
            goldset = self._given.get(card.name)
            if goldset is not None and goldset.digest != card.digest:
                raise NotComparable(
                    f"the gold set {card.name!r} at {goldset.path} is not the one of the run: its "
                    f"digest is {goldset.digest[:8]}, the run's {card.digest[:8]}. The run's "
                    "counts are of the old gold: run again"
                )

    def _candidates(self, name: str) -> Iterator[GoldSet]:
        places: list[str | Path] = [name]
        if name in self._cards and self._cards[name][0].path:
            card, folder = self._cards[name]
            places.insert(0, folder / card.path)
        for place in places:
            try:
                found = load_goldset(place)
                _ = found.digest  # Whether it can be read at all.
            except (HarnessError, OSError):
                continue
            yield found


def _called(goldset: GoldSet, name: str) -> GoldSet:
    """The gold set under the name that a record knows: a file may have been renamed since."""
    return goldset if goldset.name == name else replace(goldset, name=name)


@dataclass(frozen=True, eq=False)
class System:
    """One backend on one gold set for one task, as it was counted."""

    name: str
    """What tables call it: the backend, with the file where two have the same backend."""
    backend: str
    gold: str
    task: Task
    signature: Signature
    units: tuple[tuple[str, int], ...]
    """Document and paragraph of every unit."""
    tallies: tuple[Tally, ...] = field(repr=False)
    source: str = ""
    result: Result | None = field(default=None, repr=False)
    """The run's own account of it: costs, licences, failures; `None` for a predictions file."""
    pairs: Callable[[], list[Pair]] | None = field(default=None, repr=False)
    """Gold documents with predictions in one label schema; raises `HarnessError` where missing."""
    known_outcomes: Outcomes | None = field(default=None, repr=False)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Other names of speakers, by canonical name."""
    schema: str | None = None
    """The label schema that was asked for; `signature.schema` is where labels met."""
    counted: Counted | None = field(default=None, repr=False)
    """What it was counted from, where that was done here."""
    common: Callable[[], System] | None = field(default=None, repr=False)
    """The same, as the run counted it in the finest schema that all of its backends reach."""

    @property
    def documents(self) -> tuple[int, ...]:
        """The document of every unit, numbered in order of appearance."""
        numbers: dict[str, int] = {}
        return tuple(numbers.setdefault(document, len(numbers)) for document, _ in self.units)

    @property
    def sanity(self) -> bool:
        """Whether it is a row that checks the harness rather than a library."""
        declaration = self.result.declaration if self.result else None
        return bool(declaration and declaration.sanity)

    @property
    def attribution_options(self) -> AttributionOptions:
        """How its relations were matched."""
        return AttributionOptions(aliases=self.aliases)

    @property
    def options(self) -> NerOptions:
        """How its mentions were matched."""
        boundary = self.signature.boundary
        return NerOptions(boundary="normalised" if boundary == "normalised" else "raw")

    @property
    def outcomes(self) -> Outcomes | None:
        """What became of every mention; `None` where predictions or gold are not at hand."""
        return self._outcomes[0]

    @property
    def without_outcomes(self) -> str:
        """Why there are no outcomes; empty where there are."""
        return self._outcomes[1]

    @cached_property
    def _outcomes(self) -> tuple[Outcomes | None, str]:
        if self.known_outcomes is not None:
            return self.known_outcomes, ""
        if self.pairs is None:
            return None, f"{self.name} on {self.gold}: its mentions were not kept"
        try:
            found = outcomes(self.pairs(), self.task, self.options, self.attribution_options)
        except (HarnessError, OSError) as error:
            return None, str(error)
        return found, ""

    def texts(self) -> dict[str, str]:
        """Document id -> text; empty where the gold is not at hand."""
        if self.pairs is None:
            return {}
        try:
            return {pair.gold.id: pair.gold.text or "" for pair in self.pairs()}
        except (HarnessError, OSError):
            return {}


def from_predictions(
    path: str | Path,
    goldset: GoldSet,
    *,
    task: Task,
    options: NerOptions | None = None,
    schema: str | None = None,
) -> System:
    """A file of predictions, counted against a gold set as `harness score` does it.

    Labels are compared as they are spelled unless `schema` names one to project both sides onto.
    Raises what reading and joining raise (`InputError`, `NothingMeasured`, `SchemaError`).
    """
    path = Path(path)
    gold = goldset.read_all()
    predicted = read_predictions(path, gold)
    try:
        counted = count_records(
            goldset, predicted, task=task, options=options, schema=schema, gold=gold
        )
    except InputError as error:  # Records do not know their file.
        raise type(error)(
            error.message, path=error.path or path, line=error.line, hint=error.hint
        ) from None
    return from_counted(path.stem, goldset, counted, schema=schema, source=str(path))


def from_records(
    name: str,
    goldset: GoldSet,
    predicted: Iterable[Record],
    *,
    task: Task,
    options: NerOptions | None = None,
    schema: str | None = None,
    source: str = "",
) -> System:
    """As `from_predictions`, with records at hand."""
    counted = count_records(goldset, predicted, task=task, options=options, schema=schema)
    return from_counted(name, goldset, counted, schema=schema, source=source)


def from_counted(
    name: str, goldset: GoldSet, counted: Counted, *, schema: str | None = None, source: str = ""
) -> System:
    """What was counted, as a system of that name; `schema` is the one that was asked for."""
    empty = System(
        name, name, goldset.name, counted.task, counted.signature, (), (), source, schema=schema
    )
    return recounted(empty, goldset, counted)


def recounted(system: System, goldset: GoldSet, counted: Counted) -> System:
    """The system with these counts in place of its own."""
    return replace(
        system,
        signature=counted.signature,
        units=counted.units,
        tallies=counted.tallies,
        aliases=goldset.aliases,
        counted=counted,
        pairs=cache(counted.compared),
    )


def named_backends(systems: Sequence[System], names: Sequence[str]) -> list[System]:
    """The systems asked for by name or pattern, in that order; without names all real ones.

    Rows that check the harness are there only where a name fits them. Raises `UsageError` for a
    name that fits nothing.
    """
    if not names:
        return [system for system in systems if not system.sanity]
    chosen: list[System] = []
    for name in names:
        found = [s for s in systems if name == s.backend or fnmatchcase(s.backend, name)]
        if not found:
            known = ", ".join(sorted({system.backend for system in systems}))
            raise UsageError(f"no backend {name!r} in there; known: {known or 'none'}")
        chosen += [system for system in found if system not in chosen]
    return chosen


def on_one_footing(systems: Sequence[System]) -> tuple[list[System], str | None]:
    """Systems of one gold set in one label schema where their runs have counts in a common one.

    The schema's name comes with them; the same systems and `None` where they meet the gold in one
    schema already, and where their runs do not have all of them in one.
    """
    if len({system.signature.schema for system in systems}) < 2:
        return list(systems), None
    common = [system if system.common is None else system.common() for system in systems]
    schemas = {system.signature.schema for system in common}
    return (list(systems), None) if len(schemas) > 1 else (common, schemas.pop())


def distinct_names(systems: Sequence[System]) -> list[System]:
    """The same systems, with the file added to names that come twice."""
    names = [system.name for system in systems]
    out = []
    for system in systems:
        if names.count(system.name) > 1:
            system = replace(system, name=f"{system.name} ({_short(system.source)})")
        out.append(system)
    again = [system.name for system in out]
    return [
        replace(system, name=f"{system.name} #{again[:index].count(system.name) + 1}")
        if again.count(system.name) > 1
        else system
        for index, system in enumerate(out)
    ]


def _short(source: str) -> str:
    path = Path(source)
    return path.parent.name if path.name == "run.json" else path.name
