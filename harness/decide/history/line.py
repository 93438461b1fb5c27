"""A line of the history: one measure of one backend on one gold set, as one run found it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.adapter import ModelIdentity
from harness.coding import compact, decode, encode, parse_json, short
from harness.decide.draws import resample
from harness.decide.entry import signed_otherwise
from harness.decide.history.counts import in_groups, pack, paragraphs_of, part_counts, unpack
from harness.digest import digest_pieces, digest_text
from harness.errors import HarnessError
from harness.results.load import check_whole, scored_in
from harness.results.record import Git, Machine, Result, RunRecord
from harness.results.scored import Scored
from harness.results.signature import Signature
from harness.stats.resample import Interval, Resampler
from harness.stats.units import COMPARE_SUPPORT, drawn_of, sampling_unit
from harness.tasks.parts import METRICS, PartCounts
from harness.tasks.registry import wrong_task

if TYPE_CHECKING:
    from harness.results.load import Opened

__all__ = [
    "SCHEMA",
    "HistoryLine",
    "StatedRates",
    "Speed",
    "line_text",
    "lines_of",
    "read_line",
    "when",
]
__all__ += ["with_id"]

SCHEMA = "harness.history/1"

_DIGITS = 6
_ID = 32
"""Hexadecimal digits of an id."""
_UNITS = 16


class StatedRates(NamedTuple):
    """Precision, recall and F; `None` where undefined."""

    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What the run says of time and memory; without what it did not measure itself."""

    documents_per_second: float | None
    words_per_second: float | None
    peak_memory_bytes: int | None
    load_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One line, in the order in which it is written."""

    schema: str
    id: str
    """The beginning of a sha256 over everything that follows."""
    backend: str
    gold: str
    task: str
    part: str
    started: str
    """When the run began; UTC, ISO 8601."""
    scores: StatedRates
    interval: tuple[float, float] | None
    """95 %, of F, by the run's seed; `None` where there is none."""
    signature: str
    gold_digest: str
    """sha256 over texts and annotations, whole."""
    headline: bool
    """Whether it is the measure that backends are ranked by."""
    beta: float
    """Of F: recall weighs so much more than precision, as a square root."""
    mean: bool
    """Whether it is a mean over groups of four columns."""
    units: str
    """The beginning of a sha256 over document and paragraph of every unit, in the gold's order."""
    paragraphs: tuple[int, ...]
    """Of each document, where they are the units; empty where documents are."""
    counts: str
    """Found, gold, right and predicted of every unit (`harness.decide.history.counts`)."""
    failed: int
    """Documents without an answer, which count as all-missed."""
    failed_documents: str
    """The beginning of a sha256 over the ids that the run names; empty where none failed."""
    replayed: int
    """Documents whose answers were taken from the store; then no speed is stated."""
    speed: Speed
    model: ModelIdentity | None
    packages: Mapping[str, str]
    tool_version: str
    python: str
    harness: Git | None
    project: Git | None
    machine: Machine

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Gold set, task, backend and part: the series that it belongs to."""
        return self.gold, self.task, self.backend, self.part

    @property
    def missing(self) -> tuple[int, str]:
        """Which documents failed, as far as a line knows: a run names the first thousand."""
        return self.failed, self.failed_documents

    @property
    def unit_counts(self) -> PartCounts:
        """The counts of every unit. Raises `ValueError` where they cannot be read."""
        rows = unpack(self.counts)
        if not self.paragraphs:  # Up to 0.8 a line had a row for each document, however many.
            rows = in_groups(rows)
        return part_counts(rows, self.part, mean=self.mean, beta=self.beta)

    def numbers(self, units: int) -> tuple[int, ...]:
        """The document of each of so many units."""
        if not self.paragraphs:
            return tuple(range(units))
        return tuple(n for n, count in enumerate(self.paragraphs) for _ in range(count))


def lines_of(opened: Opened, left_out: list[str] | None = None) -> list[HistoryLine]:
    """The lines that a run adds: of each backend that is no sanity row, its headline and every
    other part with at least 20 gold mentions that it can give.

    Each is read back first; one that nobody could read is none, and `left_out` gets why.
    """
    record, folder = opened
    check_whole(record, folder)
    lines: list[HistoryLine] = []
    for scored in scored_in(record, folder, record.results):
        if scored.sanity or scored.result is None:
            continue
        for line in _lines(scored, scored.result, record):
            try:
                lines.append(read_line(parse_json(line_text(line))))
            except (ValueError, HarnessError) as error:
                if left_out is not None:
                    left_out.append(f"{line.backend} on {line.gold}, {line.part}: {error}")
    return lines


def _lines(scored: Scored, result: Result, record: RunRecord) -> Iterator[HistoryLine]:
    numbers = scored.document_numbers
    measured = [
        counts
        for part in scored.parts
        if part.available
        and ((counts := scored.counts(part)).support >= COMPARE_SUPPORT or part is scored.parts[0])
    ]
    drawn = resample(Resampler(numbers, seed=record.seed), measured)
    failed = sorted(failure.id for failure in result.failures)
    units = digest_pieces(_listed(scored.units))[:_UNITS]
    costs = result.costs
    for counts, one in zip(measured, drawn, strict=True):
        yield with_id(
            HistoryLine(
                schema=SCHEMA,
                id="",
                backend=scored.backend,
                gold=scored.gold,
                task=scored.task,
                part=counts.part.name,
                started=record.started,
                scores=_rates(counts),
                interval=_bounds(one.interval()),
                signature=str(scored.signature),
                gold_digest=record.find_gold(scored.gold).digest,
                headline=counts.part.name == scored.parts[0].name,
                beta=counts.part.beta,
                mean=counts.part.over is not None,
                units=units,
                paragraphs=paragraphs_of(numbers),
                counts=pack(counts, numbers),
                failed=result.failed,
                failed_documents=digest_text(compact(failed))[:_UNITS] if failed else "",
                replayed=costs.replayed,
                speed=Speed(
                    **{
                        field.name: None if costs.replayed else getattr(costs, field.name)
                        for field in fields(Speed)
                    }
                ),
                model=result.model,
                packages=result.packages,
                tool_version=record.tool_version,
                python=record.python,
                harness=record.git,
                project=record.project,
                machine=record.machine,
            )
        )


def _listed(units: Iterable[tuple[str, int]]) -> Iterator[str]:
    """The units as one list in JSON, in pieces."""
    before = "["
    for unit in units:
        yield before + compact(unit)
        before = ","
    yield "]"


def _rates(counts: PartCounts) -> StatedRates:
    values = (float(counts.score(counts.total, metric)) for metric in METRICS)
    return StatedRates(*(None if value != value else round(value, _DIGITS) for value in values))


def _bounds(interval: Interval) -> tuple[float, float] | None:
    if interval.bounds is None:
        return None
    low, high = interval.bounds
    return round(low, _DIGITS), round(high, _DIGITS)


def line_text(line: HistoryLine) -> str:
    """The line, without its end."""
    return compact(encode(line))


def with_id(line: HistoryLine) -> HistoryLine:
    """The line with the id that its content makes."""
    value = encode(line)
    return decode(HistoryLine, value | {"id": _digest(value)})


def _digest(value: Mapping[str, Any]) -> str:
    """Of a line's value, whose id does not count."""
    return digest_text(compact({key: one for key, one in value.items() if key != "id"}))[:_ID]


def read_line(value: Any) -> HistoryLine:
    """A line from its JSON value. Raises `ValueError` that says what was found and expected."""
    if not isinstance(value, Mapping) or "schema" not in value:
        raise ValueError(f'found {short(value)}, expected an object with "schema": "{SCHEMA}"')
    if value["schema"] != SCHEMA:
        found = short(value["schema"])
        raise ValueError(f"found a line of schema {found}, expected {SCHEMA!r}")
    if value.get("id") != (expected := _digest(value)):
        found = short(value.get("id"))
        raise ValueError(f"found the id {found}, its content makes it {expected!r}")
    line = decode(HistoryLine, value)
    problem = next(_contradictions(line), None)
    if problem is not None:
        raise ValueError(problem)
    return line


def when(line: HistoryLine) -> datetime:
    """When its run began. Raises `ValueError` for what is no time with a zone."""
    moment = datetime.fromisoformat(line.started)
    if moment.tzinfo is None:
        raise ValueError(f"found the time {line.started[:40]!r}, expected one with its zone")
    return moment.astimezone(UTC)


def _contradictions(line: HistoryLine) -> Iterator[str]:
    """What contradicts another in a line that was read; raises `ValueError` as well."""
    when(line)
    if wrong := wrong_task(line.task):
        yield f"task: {wrong}"
    signature = Signature.parse(line.signature)
    yield from signed_otherwise(
        signature, task=line.task, gold=line.gold, documents=signature.documents
    )
    if not line.gold_digest.startswith(signature.gold_digest):
        yield (
            f"the gold's digest is {signature.gold_digest!r} in its signature, and stated as "
            f"{line.gold_digest[:12]!r}"
        )
    if not 0.001 <= line.beta <= 1000:
        yield f"its beta is {line.beta}"
    counts = line.unit_counts
    units = len(counts.rows)
    if not line.mean and counts.rows.shape[1] != 4:
        yield "its counts are of several groups, and yet it is no mean"
    documents = len(line.paragraphs) or units
    if not line.paragraphs and units == drawn_of(signature.documents):
        documents = signature.documents
    folded = sampling_unit(documents) == "document"
    if (
        documents != signature.documents
        or folded == bool(line.paragraphs)
        or (line.paragraphs and (min(line.paragraphs) < 0 or sum(line.paragraphs) != units))
    ):
        yield (
            f"{signature.documents} documents were counted, its counts are of {units} units of "
            f"{documents}"
        )
    if not 0 <= line.failed <= signature.documents:
        yield f"{line.failed} of {signature.documents} documents failed"
    for name, stated, counted in zip(METRICS, line.scores, _rates(counts), strict=True):
        if (stated is None) != (counted is None) or abs((stated or 0) - (counted or 0)) > 2e-6:
            yield f"it states {stated} as {name}, its counts make it {counted}"
    if line.interval is not None and not 0 <= line.interval[0] <= line.interval[1] <= 1:
        yield f"its interval is {list(line.interval)}"
