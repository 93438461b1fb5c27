"""What is compared: one backend's counts on one gold set, from a run record or a predictions file.

Counts come from the record alone, without model, text or gold. Outcomes (which mention was found)
need the stored predictions and the gold set, and are worked out only when asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import __version__
from harness import record as records
from harness.annotation import Record, Task
from harness.assess import meeting_of, spoken
from harness.comparison.measures import Tally
from harness.errors import (
    HarnessError,
    InputError,
    NotComparable,
    NothingMeasured,
    UsageError,
)
from harness.evaluate import Pair, join, onto_schema, project_records, tally_document
from harness.flips import Outcomes, outcomes
from harness.formats import jsonl
from harness.goldset import CARD, FOLDER, GoldSet, load_goldset
from harness.record import Result, RunRecord
from harness.scoring.attribution_tally import AttributionOptions, AttributionTally
from harness.scoring.counts import NerTally
from harness.scoring.options import NerOptions
from harness.signature import Signature

__all__ = [
    "GoldFinder",
    "System",
    "distinct_names",
    "from_predictions",
    "from_records",
    "from_run",
    "is_run",
    "read_run",
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
            if Path(place).exists() or (FOLDER / place / CARD).is_file():
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


def is_run(path: str | Path) -> bool:
    """Whether a path is a run: a folder with `run.json`, or a file that looks like one inside."""
    path = Path(path)
    if path.is_dir():
        return (path / "run.json").is_file()
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as handle:
        return b'"schema_version"' in handle.read(2000)


def read_run(path: str | Path) -> tuple[RunRecord, Path]:
    """The record and the folder that its other files lie in.

    Raises `InputError` where there is none, or a broken one.
    """
    path = Path(path)
    file = path / "run.json" if path.is_dir() else path
    if not file.exists():
        raise InputError(
            "no run here", path=file, hint="make one with `harness run`, or name its folder"
        )
    return records.read(file), file.parent


def from_run(
    path: str | Path,
    *,
    finder: GoldFinder | None = None,
    replay: bool = False,
    lenient: bool = False,
) -> list[System]:
    """Every result of a run that has counts and is about a wanted gold set, in its order.

    With `replay` the stored predictions are counted again, with this version's rules and the gold
    as it is now; `NothingMeasured` where predictions or gold are not at hand. Raises `UsageError`
    when the run has none of the wanted gold sets, unless `lenient`.
    """
    record, folder = read_run(path)
    finder = finder or GoldFinder()
    golds = sorted({result.gold for result in record.results})
    if golds and not lenient and not any(map(finder.wants, golds)):
        raise UsageError(
            f"no gold set {', '.join(finder.patterns)} in {folder}; there is: {', '.join(golds)}"
        )
    systems = []
    for result in record.results:
        answered = result.signature is not None and result.status in ("ok", "partial")
        if not answered or not finder.wants(result.gold):
            continue
        system = _system(result, record, folder, finder)
        systems.append(_recounted(system, result, record, folder, finder) if replay else system)
    return systems


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
    if schema is not None and task == "ner":
        unknown: dict[str, Counter[str]] = {"gold": Counter(), "predictions": Counter()}
        gold, predicted = onto_schema(schema, gold, predicted, unknown)
    pairs = join(gold, predicted, task=task)
    signature = Signature(
        task=task,
        gold=goldset.name,
        gold_version=goldset.version,
        gold_digest=goldset.digest[:8],
        documents=len(pairs),
        schema=schema or "none",
        match=options.match if task == "ner" else "found50",
        boundary=options.boundary if task == "ner" else "none",
    )
    empty = System(name, name, goldset.name, task, signature, (), (), source)
    return _counted(replace(empty, aliases=goldset.aliases), pairs)


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


class _Uncounted(Counter[str]):
    """Unknown labels are scored as they are spelled; here nobody asks how many there were."""


def _short(source: str) -> str:
    path = Path(source)
    return path.parent.name if path.name == "run.json" else path.name


def _system(result: Result, record: RunRecord, folder: Path, finder: GoldFinder) -> System:
    assert result.signature is not None
    read: Callable[[Any], Tally] = (
        NerTally.from_json if result.task == "ner" else AttributionTally.from_json
    )
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    try:
        for unit in records.iter_units(result, folder):
            units.append((unit.document, unit.paragraph))
            tallies.append(read(unit.tally))
    except (ValueError, InputError) as error:
        raise InputError(
            f"{result.backend} on {result.gold}: {error}",
            path=folder / "run.json",
            hint="was it edited, or written by another version? run again",
        ) from None
    if not units:
        raise NothingMeasured(
            f"{result.backend} on {result.gold}: the run has no counts of a single document"
        )
    signature = Signature.parse(result.signature)
    return System(
        name=result.backend,
        backend=result.backend,
        gold=result.gold,
        task=result.task,
        signature=signature,
        units=tuple(units),
        tallies=tuple(tallies),
        source=str(folder),
        result=result,
        pairs=_Once(lambda: _stored_pairs(result, record, folder, finder, signature.gold_digest)),
    )


class _Once:
    """Calls once: several tables ask for the same pairs."""

    def __init__(self, make: Callable[[], list[Pair]]) -> None:
        self._make = make
        self._pairs: list[Pair] | None = None

    def __call__(self) -> list[Pair]:
        if self._pairs is None:
            self._pairs = self._make()
        return self._pairs


def _stored_pairs(
    result: Result, record: RunRecord, folder: Path, finder: GoldFinder, digest: str | None
) -> list[Pair]:
    """Gold and stored predictions in the schema that the run met in.

    `digest` is what the gold's has to begin with; `None` takes the gold as it is now.
    """
    what = f"{result.backend} on {result.gold}"
    if result.predictions is None:
        raise NothingMeasured(f"{what}: the run kept no predictions")
    path = (folder / result.predictions).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"predictions {result.predictions!r} lie outside the run's folder")
    goldset = finder.find(result.gold)
    if goldset is None:
        raise NothingMeasured(
            f"{what}: gold set {result.gold!r} is not at hand; name it with --gold"
        )
    if digest is not None and not goldset.digest.startswith(digest):
        raise NotComparable(f"{what}: gold set {result.gold!r} has changed since the run")
    gold: Iterable[Record] = goldset.records()
    predicted: Iterable[Record] = jsonl.read(path)
    if result.task == "ner":
        gold, predicted = _projected(gold, predicted, result, record, goldset)
    return join(list(gold), predicted, task=result.task)


def _projected(
    gold: Iterable[Record],
    predicted: Iterable[Record],
    result: Result,
    record: RunRecord,
    goldset: GoldSet,
) -> tuple[Iterable[Record], Iterable[Record]]:
    declared = result.declaration.labels if result.declaration else None
    forced = record.options.get("schema")
    meeting = meeting_of(
        goldset.schema,
        spoken(declared, result.labels, goldset.schema_folders),
        schema=forced if isinstance(forced, str) else None,
        folders=goldset.schema_folders,
    )
    if meeting is None:
        return gold, predicted
    return (
        project_records(gold, meeting.project_gold, _Uncounted()),
        project_records(predicted, meeting.project_predicted, _Uncounted()),
    )


def _recounted(
    system: System, result: Result, record: RunRecord, folder: Path, finder: GoldFinder
) -> System:
    pairs = _stored_pairs(result, record, folder, finder, None)
    goldset = finder.find(result.gold)
    assert goldset is not None
    signature = replace(
        system.signature,
        gold_version=goldset.version,
        gold_digest=goldset.digest[:8],
        documents=len(pairs),
        version=__version__,
    )
    return _counted(replace(system, signature=signature, aliases=goldset.aliases), pairs)


def _counted(system: System, pairs: list[Pair]) -> System:
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    for pair in pairs:
        counted = tally_document(pair, system.task, system.options, system.attribution_options)
        of_units: tuple[Tally, ...] = counted.units
        for number, tally in enumerate(of_units):
            units.append((pair.gold.id, number))
            tallies.append(tally)
    return replace(system, units=tuple(units), tallies=tuple(tallies), pairs=lambda: pairs)
