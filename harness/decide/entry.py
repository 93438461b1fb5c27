"""An entry of the baseline: what was accepted of one backend on one gold set for one task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from harness.adapter import ModelIdentity
from harness.coding import EXACT
from harness.results.count import options_of
from harness.results.outcomes import Outcomes
from harness.results.record import ResultKey, RunRecord
from harness.results.scored import Scored
from harness.results.signature import Signature
from harness.results.units import UnitIds, unit_problems
from harness.tasks.parts import METRICS, Average, Block, average, block
from harness.tasks.registry import task_named
from harness.tasks.tally import Tally

__all__ = ["Entry", "EntryHead", "StatedScores", "entry_of", "problems", "rounded_scores"]
__all__ += ["signed_otherwise"]

StatedScores: TypeAlias = Mapping[str, Mapping[str, int | float | None]]
"""By part: `precision`, `recall` and `f1`, and of what is no mean `tp`, `fp` and `fn`."""

_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHead:
    """What an entry is about, and where it comes from."""

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
    spec: str = ""
    """The full name that its alias stands for; empty where it has none."""

    @property
    def key(self) -> ResultKey:
        """Gold set, task and backend: what an entry is about."""
        return self.gold, self.task, self.backend

    def head(self) -> dict[str, Any]:
        """The fields that every kind of entry has, by name."""
        return {part.name: getattr(self, part.name) for part in fields(EntryHead)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(EntryHead):
    """An entry with everything that a check needs; its counts can be trusted (`problems`)."""

    scores: StatedScores
    """For readers of the file: nothing is computed from them. A part that the backend cannot give
    is not among them."""
    units: Sequence[tuple[str, int]]
    """Document and paragraph of every tally, in the gold's order."""
    tallies: Sequence[Tally]
    outcomes: Outcomes | None
    """What became of every mention; `None` where the run kept no predictions."""

    def scored(self) -> Scored:
        """The entry as something that can be compared. Raises `InputError` for odd options."""
        signature = Signature.parse(self.signature)
        return Scored(
            name=self.backend,
            backend=self.backend,
            gold=self.gold,
            task=self.task,
            signature=signature,
            units=self.units,
            tallies=self.tallies,
            options=options_of(task_named(self.task), signature),
            source="the baseline",
            known_outcomes=self.outcomes,
        )


def entry_of(scored: Scored, record: RunRecord) -> Entry:
    """What was scored as an entry; `record` is of the run that it comes from."""
    result = scored.result
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
        spec=result.spec if result else "",
        scores=rounded_scores(scored),
        units=scored.units,
        tallies=scored.tallies,
        outcomes=scored.outcomes,
    )


def rounded_scores(scored: Scored) -> StatedScores:
    """The rates of every part that the backend can give, to four digits, with their counts."""
    stated: dict[str, dict[str, int | float | None]] = {}
    for part in scored.parts:
        if not part.available:
            continue
        measured: Block | Average
        if part.over is None:
            measured = block(part, scored.total)
            counts = {name: getattr(measured, name) for name in ("tp", "fp", "fn")}
        else:
            measured = average({one.name: block(one, scored.total) for one in part.over})
            counts = {}
        rates = {metric: getattr(measured, metric) for metric in METRICS}
        stated[part.name] = {
            name: None if rate is None else round(rate, _DIGITS) for name, rate in rates.items()
        } | counts
    return stated


def problems(entry: Entry) -> Iterator[str]:
    """What contradicts another in an entry that was read.

    Raises `HarnessError` for an unknown task and for a signature that is none.
    """
    scored = entry.scored()
    yield from signed_otherwise(
        scored.signature, task=entry.task, gold=entry.gold, documents=entry.documents
    )
    ids = scored.columns.ids
    for _, problem in sorted(unit_problems(scored.columns, scored.definition)):
        yield problem
    if ids.document_count != entry.documents:
        yield f"{entry.documents} documents were counted, its counts are of {ids.document_count}"
    if not 0 <= entry.failed <= entry.documents:
        yield f"{entry.failed} of {entry.documents} documents failed"
    if entry.model is not None and not 0 <= entry.model.size_bytes <= EXACT:
        yield f"its model has {entry.model.size_bytes} bytes"
    yield from _of_outcomes(entry.outcomes, ids)
    yield from _of_scores(entry.scores, scored)


def signed_otherwise(
    signature: Signature, *, task: str, gold: str, documents: int
) -> Iterator[str]:
    """What a signature says differently from what is stated beside it."""
    for what, signed, said in (
        ("task", signature.task, task),
        ("gold set", signature.gold, gold),
        ("number of documents", signature.documents, documents),
    ):
        if signed != said:
            yield f"the {what} is {signed!r} in its signature, and stated as {said!r}"


def _of_outcomes(outcomes: Outcomes | None, ids: UnitIds) -> Iterator[str]:
    if outcomes is None:
        return
    mentions = outcomes.gold | outcomes.spurious
    documents = ids.find({mention.document for mention in mentions})
    for mention in sorted(mentions):
        if mention.document not in documents:
            yield f"it has a mention in {mention.document!r}, and no counts of that document"
        if not 0 <= mention.start <= mention.end <= EXACT:
            yield f"it has a mention from {mention.start} to {mention.end}"
    for mention in sorted(outcomes.found & (outcomes.missed | outcomes.spurious)):
        yield f"it has {mention} as found, and as missed or spurious"


def _of_scores(stated: StatedScores, scored: Scored) -> Iterator[str]:
    """A part may be missing, since others come with later versions; the headline may not."""
    expected = rounded_scores(scored)
    if scored.parts[0].name not in stated:
        yield f"it states no score of {scored.parts[0].name!r}"
    for name, rates in stated.items():
        if name not in expected:
            yield f"it states a score of {name!r}, which its counts do not have"
        elif rates != expected[name]:
            mine = expected[name]
            key = next(key for key in (*mine, *rates) if rates.get(key, "") != mine.get(key, ""))
            yield (
                f"it states {rates.get(key)} as {key} of {name!r}, its counts make it "
                f"{mine.get(key)}"
            )
