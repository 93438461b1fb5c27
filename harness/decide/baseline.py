"""The baseline: what was once accepted, in one file that needs nothing beside it.

It holds the counts per paragraph of every backend, from which scores, intervals and tests are
computed again, and what became of each mention (offsets and labels, no text), so that a check can
name what flipped. It changes by `harness baseline accept` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import __version__
from harness.adapter import ModelIdentity
from harness.coding import FileKind, decode_file, encode, laid_out
from harness.errors import InputError, NothingMeasured
from harness.formats.files import read_text, write_text
from harness.results.consistent import read_tally
from harness.results.count import options_of
from harness.results.outcomes import Mention, Outcomes
from harness.results.provenance import now
from harness.results.record import Git, ResultKey, RunRecord, UnitTally
from harness.results.scored import Scored
from harness.results.signature import Signature
from harness.tasks.registry import task_named

__all__ = ["KIND", "BASELINE_SCHEMA", "Baseline", "Entry", "accepted", "is_baseline", "merge"]
__all__ += ["read", "write"]

KIND = "harness-baseline"
BASELINE_SCHEMA = 1

_FILE = FileKind(
    name="baseline",
    versions=(BASELINE_SCHEMA,),
    marks={"kind": KIND},
    broken="is the file cut off, or a merge conflict?",
    foreign="a run is accepted as one: harness baseline accept RUN",
    outdated="check with the harness that wrote it, or accept a new run",
)

Spans = Mapping[str, tuple[tuple[int, int, str], ...]]
"""Document id -> start, end, label of mentions."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One backend on one gold set for one task, as it was accepted."""

    backend: str
    gold: str
    task: str
    signature: str
    documents: int
    failed: int
    model: ModelIdentity | None
    packages: Mapping[str, str]
    started: str
    """When the run that it comes from began; UTC, ISO 8601."""
    found: Spans | None
    """Gold mentions that were found; `None` where the run kept no predictions."""
    missed: Spans | None
    spurious: Spans | None
    units: tuple[UnitTally, ...]

    @property
    def key(self) -> ResultKey:
        """Gold set, task and backend: what an entry is about."""
        return self.gold, self.task, self.backend

    def scored(self) -> Scored:
        """The entry as something that can be compared. Raises `InputError` for odd counts."""
        task = task_named(self.task)
        try:
            tallies = tuple(read_tally(task, unit.tally) for unit in self.units)
        except (ValueError, InputError) as error:
            raise InputError(f"baseline of {self.backend} on {self.gold}: {error}") from None
        outcomes = None
        if self.found is not None and self.missed is not None and self.spurious is not None:
            outcomes = Outcomes(*map(_mentions, (self.found, self.missed, self.spurious)))
        signature = Signature.parse(self.signature)
        return Scored(
            name=self.backend,
            backend=self.backend,
            gold=self.gold,
            task=self.task,
            signature=signature,
            units=tuple((unit.document, unit.paragraph) for unit in self.units),
            tallies=tallies,
            options=options_of(task, signature),
            source="the baseline",
            known_outcomes=outcomes,
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """Every accepted entry; keys are unique."""

    kind: str
    schema_version: int
    tool_version: str
    accepted: str
    """When it was last accepted; UTC, ISO 8601."""
    git: Git | None
    entries: tuple[Entry, ...] = field(default=())


def accepted(scored: Sequence[Scored], record: RunRecord) -> Baseline:
    """A baseline of what a run measured. Raises `NothingMeasured` when that is nothing.

    Sanity rows are left out: they check the harness, not a library.
    """
    real = [one for one in scored if not one.sanity]
    if not real:
        raise NothingMeasured("the run measured no backend, so there is nothing to accept")
    return Baseline(
        kind=KIND,
        schema_version=BASELINE_SCHEMA,
        tool_version=__version__,
        accepted=now(),
        git=record.git,
        entries=tuple(_entry(one, record) for one in real),
    )


def merge(old: Baseline | None, new: Baseline, *, remove_missing: bool = False) -> Baseline:
    """`new` with the entries of `old` that it does not speak of, unless these are to go."""
    if old is None or remove_missing:
        return new
    renewed = {entry.key for entry in new.entries}
    kept = tuple(entry for entry in old.entries if entry.key not in renewed)
    return replace(new, entries=(*new.entries, *kept))


def is_baseline(path: str | Path) -> bool:
    """Whether the file says that it is a baseline."""
    path = Path(path)
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as handle:
        return KIND.encode() in handle.read(200)


def read(path: str | Path) -> Baseline:
    """Read a baseline. Raises `InputError` for a missing, broken or foreign file."""
    path = Path(path)
    if not path.exists():
        raise InputError(
            "there is no baseline here",
            path=path,
            hint="make one: harness baseline accept RUN --baseline FILE",
        )
    baseline = decode_file(Baseline, read_text(path), _FILE, path)
    keys = [entry.key for entry in baseline.entries]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"two entries for {key[2]} on {key[0]} ({key[1]})", path=path)
    return baseline


def write(path: str | Path, baseline: Baseline) -> None:
    """Write it, whole or not at all; a unit a line, so that version control can show changes."""
    write_text(path, laid_out(encode(baseline), ("entries", "units")) + "\n")


def _entry(scored: Scored, record: RunRecord) -> Entry:
    result, outcomes = scored.result, scored.outcomes
    units = zip(scored.units, scored.tallies, strict=True)
    return Entry(
        backend=scored.backend,
        gold=scored.gold,
        task=scored.task,
        signature=str(scored.signature),
        documents=scored.signature.documents,
        failed=result.failed if result else 0,
        model=result.model if result else None,
        packages=dict(result.packages) if result else {},
        started=record.started,
        found=_spans(outcomes.found) if outcomes else None,
        missed=_spans(outcomes.missed) if outcomes else None,
        spurious=_spans(outcomes.spurious) if outcomes else None,
        units=tuple(UnitTally(*unit, tally.to_json()) for unit, tally in units),
    )


def _spans(mentions: Iterable[Mention]) -> Spans:
    out: dict[str, list[tuple[int, int, str]]] = {}
    for document, start, end, label in sorted(mentions):
        out.setdefault(document, []).append((start, end, label))
    return {document: tuple(spans) for document, spans in out.items()}


def _mentions(spans: Spans) -> frozenset[Mention]:
    return frozenset(Mention(document, *span) for document, row in spans.items() for span in row)
