"""What is compared: one backend's counts on one gold set.

Outcomes (which mention was found) need predictions and gold, and are worked out only when asked
for. Systems come out of a run (`harness.comparison.runs`), a file of predictions, or records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from harness.annotation import Record, Task
from harness.comparison.measures import Tally
from harness.errors import (
    HarnessError,
)
from harness.evaluate import Pair, join, onto_schema, projection_name, tally_document
from harness.flips import Outcomes, outcomes
from harness.goldset import GoldSet, load_goldset, named_goldset
from harness.record import Result
from harness.scoring.attribution_tally import AttributionOptions
from harness.scoring.options import NerOptions
from harness.signature import Signature

__all__ = [
    "GoldFinder",
    "System",
    "counted",
    "distinct_names",
    "from_predictions",
    "from_records",
    "on_one_footing",
]


class GoldFinder:
    """The gold sets that a user asked for: where they lie, and which results are about them.

    Each place is a path, a name below `goldsets/`, or a pattern of names. Without any, every gold
    set is wanted, and looked for by its name.
    """

    def __init__(self, places: Iterable[str | Path] = ()) -> None:
        self._known: dict[str, GoldSet | None] = {}
        patterns = []
        for place in places:
            if Path(place).exists() or named_goldset(place):
                goldset = load_goldset(place)
                self._known[goldset.name] = goldset
                patterns.append(goldset.name)
            else:
                patterns.append(str(place))
        self.patterns = tuple(patterns)

    def wants(self, name: str) -> bool:
        """Whether the gold set of that name was asked for."""
        return not self.patterns or any(
            one == name or fnmatchcase(name, one) for one in self.patterns
        )

    def find(self, name: str) -> GoldSet | None:
        """The gold set of that name, or `None`; its digest is not checked."""
        if name not in self._known:
            try:
                self._known[name] = load_goldset(name)
            except HarnessError:
                self._known[name] = None
        return self._known[name]


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

    @cached_property
    def outcomes(self) -> Outcomes | None:
        """What became of every mention; `None` where predictions or gold are not at hand."""
        if self.known_outcomes is not None or self.pairs is None:
            return self.known_outcomes
        try:
            return outcomes(self.pairs(), self.task, self.options, self.attribution_options)
        except (HarnessError, OSError):
            return None

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
    """A file of predictions, scored against a gold set as `harness score` does it.

    Labels are compared as they are spelled unless `schema` names one to project both sides onto.
    Raises what reading and joining raise (`InputError`, `NothingMeasured`, `SchemaError`).
    """
    from harness.formats.registry import read_any

    path = Path(path)
    predicted = list(read_any(path))
    return from_records(
        path.stem, goldset, predicted, task=task, options=options, schema=schema, source=str(path)
    )


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
    options = options or NerOptions()
    predicted, gold = list(predicted), list(goldset.records())
    meeting = None
    if schema is not None and task == "ner":
        unknown: dict[str, Counter[str]] = {"gold": Counter(), "predictions": Counter()}
        gold, predicted, meeting = onto_schema(
            schema, gold, predicted, unknown, gold_schema=goldset.schema
        )
    pairs = join(gold, predicted, task=task)
    signature = Signature(
        task=task,
        gold=goldset.name,
        gold_version=goldset.version,
        gold_digest=goldset.digest[:8],
        documents=len(pairs),
        schema="none" if meeting is None else str(meeting.schema),
        projection=projection_name(meeting),
        match=options.match if task == "ner" else "found50",
        boundary=options.boundary if task == "ner" else "none",
    )
    empty = System(name, name, goldset.name, task, signature, (), (), source)
    return counted(replace(empty, aliases=goldset.aliases), pairs)


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


def counted(system: System, pairs: list[Pair]) -> System:
    """The system with the counts of these pairs."""
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    for pair in pairs:
        tallied = tally_document(pair, system.task, system.options, system.attribution_options)
        of_units: tuple[Tally, ...] = tallied.units
        for number, tally in enumerate(of_units):
            units.append((pair.gold.id, number))
            tallies.append(tally)
    return replace(system, units=tuple(units), tallies=tuple(tallies), pairs=lambda: pairs)
