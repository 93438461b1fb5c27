"""The run record: everything that one run found out, in one JSON file that explains itself.

A record holds sufficient statistics per document and paragraph (`units`), so that every score,
interval and test can be computed again without a model. Everything measured with a clock or a
memory counter sits in `Result.costs`, `started` and `finished`: two runs over the same things
differ nowhere else. `harness.results.stored` reads and writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.adapter import Declaration, ModelIdentity, Option
from harness.annotation import Capabilities, TaskName
from harness.results.signature import Signature
from harness.shards import Shard

__all__ = [
    "INLINE_DOCUMENTS",
    "RECORD_SCHEMA",
    "Costs",
    "Failure",
    "Git",
    "GoldRecord",
    "Machine",
    "Result",
    "ResultKey",
    "ResultStatus",
    "RunRecord",
    "RunStatus",
    "ShardCosts",
    "ShardRecord",
    "ShardResult",
    "UnitTally",
    "result_verdict",
    "run_status",
    "stands_in_record",
]

RECORD_SCHEMA = 2
"""2: digests of the files beside the record, where its gold lies, the project's commit."""

MOST_FAILURES = 1000
"""So many documents without an answer are listed; beyond, they are counted."""
MOST_DROPS = 50
"""The same of what could not be used of answers."""

INLINE_DOCUMENTS = 1000
"""Of a gold set with more, what is counted lies in a file beside the record."""


def stands_in_record(documents: int) -> bool:
    """Whether what is counted of a gold set of so many documents stands in the record itself."""
    return documents <= INLINE_DOCUMENTS


ResultStatus = Literal["ok", "partial", "failed", "unavailable"]
RunStatus = Literal["success", "partial", "error"]


ResultKey: TypeAlias = tuple[str, str, str]
"""Gold set, task and backend: what a result is about."""


class UnitTally(NamedTuple):
    """The statistics of one paragraph (or document): what is resampled and added up."""

    document: str
    paragraph: int
    """Number of the paragraph within its document, from 0."""
    tally: Any
    """`Tally.to_json()`, of the result's task."""


class Failure(NamedTuple):
    """A document that got no answer, or a span that could not be used."""

    id: str
    error: str


@dataclass(frozen=True, slots=True)
class Git:
    """A checkout."""

    commit: str
    dirty: bool
    """Whether files differ from the commit; results written by a run do not count."""

    def __str__(self) -> str:
        return f"commit {self.commit[:10]}{' with changes' if self.dirty else ''}"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the costs were measured; costs of two machines are not comparable."""

    cpu: str
    cores: int
    """Cores that this process may use, not those that the machine has."""
    memory_bytes: int
    system: str
    """Kernel name, release and architecture."""

    def __str__(self) -> str:
        """In words, on one line."""
        memory = f"{self.memory_bytes / 1e9:.0f} GB"
        return f"{self.cpu}, {self.cores} cores, {memory}, {self.system}"


@dataclass(frozen=True, slots=True)
class GoldRecord:
    """A gold set as it was when the run read it."""

    name: str
    version: str
    digest: str
    """sha256 over texts and annotations, in hex."""
    schema: str
    """Name of the entity label schema; empty where the set has no entities."""
    tasks: tuple[TaskName, ...]
    documents: int
    characters: int
    """Code points of all texts."""
    words: int
    """Runs of non-white-space; the unit of `Costs.words_per_second`."""
    path: str = ""
    """Where it lay: relative to the record's folder where the run was written, else as it was
    named. `digest` says whether what lies there now is the same."""
    assumed: tuple[str, ...] = ()
    """What nobody stated of it and was taken to be so, a sentence each."""
    options: Mapping[str, str] = field(default_factory=dict)
    """How it was asked for at that path: the options of its source."""
    losses: Mapping[str, int] = field(default_factory=dict)
    """What reading it left out or changed, with how often."""
    read_as: str = ""
    """What of the way that its file was read changes a score, such as a tag scheme."""
    agreement: Mapping[str, Any] = field(default_factory=dict)
    """What the card says of the annotators' agreement: `who`, and per task the F1 over pairs of
    annotators (`f1`, `lowest`, `highest`, `pairs`); the ceiling row of the tables."""


@dataclass(frozen=True, slots=True)
class ShardCosts:
    """What one shard took, and where: its worker was alone in its process, not on its machine."""

    shard: Shard
    machine: Machine
    documents: int
    """Answered documents."""
    started: str
    """UTC, ISO 8601."""
    seconds: float
    """Wall-clock seconds from there to the last document's count: loading, predicting, scoring."""
    predict_seconds: float | None = None
    """As in `Costs`."""
    documents_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """Time and memory of one result; seconds are wall-clock seconds inside the worker."""

    load_seconds: float | None = None
    """Importing the library and loading the model; the median over rounds."""
    warmup_seconds: float | None = None
    """Predicting one built-in short text before the clock starts; the median over rounds."""
    predict_seconds: float | None = None
    """Predicting every answered document, without conversion; the median over `rounds`."""
    rounds: tuple[float, ...] = ()
    """`predict_seconds` of every round; rounds of different backends are interleaved."""
    document_seconds: tuple[float, ...] = ()
    """Per answered document in the gold's order, the median over rounds; empty where the units are
    in a file (`units_file`), so that a record does not grow with the documents: then
    `median_seconds` and `p95_seconds` stand for them.

    With `batch_size` above 1 only the sum means anything: a library gives a batch back at once.
    """
    documents_per_second: float | None = None
    words_per_second: float | None = None
    median_seconds: float | None = None
    """Median of `document_seconds`; undefined with `batch_size` above 1."""
    p95_seconds: float | None = None
    """95th percentile (nearest rank) of `document_seconds`; undefined with `batch_size` above 1."""
    peak_memory_bytes: int | None = None
    """Largest resident set of the worker process, the largest over rounds and restarts."""
    model_bytes: int = 0
    """Size of the model's files on disk."""
    batch_size: int = 1
    """Documents handed to the library in one call."""
    threads: int = 1
    """Threads that the worker's numeric libraries were pinned to."""
    replayed: int = 0
    """Documents whose prediction and seconds come from the predictions store."""
    timed: bool = True
    """`False` when several workers ran at the same time: then no seconds are given."""
    shards: tuple[ShardCosts, ...] = ()
    """Of a run that was cut, or of a shard. Seconds of documents were not measured alone then, and
    those of several machines say nothing of one."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one backend did on one gold set for one task."""

    backend: str
    """What its row is called: its alias, else its full name with its options (`asked`)."""
    gold: str
    """`GoldRecord.name`."""
    task: TaskName
    status: ResultStatus
    """`ok`: every document answered; `partial`: some; `failed`: none; `unavailable`: not here."""
    reason: str | None = None
    """Why the status is not `ok`."""
    install: str | None = None
    """The line that would make an unavailable backend available."""
    declaration: Declaration | None = None
    """What the adapter said of itself: licences, capabilities, traps."""
    model: ModelIdentity | None = None
    labels: tuple[str, ...] | None = None
    """Labels that the loaded model can produce; `None` where unknown or without meaning."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of the declared distributions in the worker's own environment."""
    environment: str = ""
    """Name of the `harness env` environment that the worker ran in; empty for this one."""
    documents: int = 0
    """Documents asked for; failed ones included."""
    failed: int = 0
    """Documents without an answer: they count as all-missed."""
    failures: tuple[Failure, ...] = ()
    """The first 1,000 of them, with the reason."""
    dropped: int = 0
    """Spans outside the text, empty or of a wrong type, odd scores, kinds and speakers: reported
    and left out."""
    drops: tuple[Failure, ...] = ()
    """The first 50 of them."""
    duplicates: int = 0
    """Predictions identical to another one, in spans and in label as scored: counted once."""
    unknown_labels: Mapping[str, int] = field(default_factory=dict)
    """Predicted labels that the backend's own schema does not have, with how often each came: the
    30 most frequent, and the others in one sum."""
    not_scored: Mapping[str, int] = field(default_factory=dict)
    """Predicted types that the gold set does not annotate, counted in the same way."""
    f1_with_all: float | None = None
    """Micro F1 if those counted as well; `None` where there are none."""
    assumed: tuple[str, ...] = ()
    """What nobody stated of its labels and was taken to be so, a sentence each."""
    schema: str | None = None
    """The label schema that was asked for; the signature names the one where labels met."""
    cannot_produce: tuple[str, ...] = ()
    """Gold types that the model has no label for, in the meeting schema."""
    ceiling_recall: float | None = None
    """The recall that it cannot pass because of that; 1 where it can produce every type."""
    merged_labels: tuple[str, ...] = ()
    """Labels that became one in the meeting schema, as `gold GPE, LOC -> LOC`: a lossy merge."""
    left_out_labels: tuple[str, ...] = ()
    """Gold labels without counterpart in the meeting schema: not scored."""
    characters: int = 0
    """Code points of the answered documents."""
    characters_seen: int | None = None
    """How many of them the backend looked at, where it says so (a model that cuts long texts)."""
    unstable: int = 0
    """Documents whose answer differed between rounds; the first answer is the one scored."""
    signature: str | None = None
    """How `scores` were counted; `None` without scores. See `harness.results.signature`."""
    scores: Mapping[str, Any] = field(default_factory=dict)
    """Headline per match mode: NER `strict`, `exact`, `partial`, `type`, and `normalised` (as the
    headline, with forgiving boundaries); attribution `relations`, `elements`, ...; each with
    precision, recall, f1 and counts."""
    predictions: str | None = None
    """The predictions' JSON-lines file, relative to the record's folder."""
    predictions_digest: str = ""
    """sha256 of that file; empty in records of version 1."""
    proof: str = ""
    """Why answers may be taken from the store, or why not; empty where no store was used."""
    costs: Costs = field(default_factory=Costs)
    units: tuple[UnitTally, ...] = ()
    """Statistics per paragraph in the gold's order; empty when `units_file` is given."""
    units_file: str | None = None
    """A file of the units, relative to the record's folder, for gold sets of many documents: JSON
    lines, or SQLite where it ends so (`harness.results.unit_files`).

    `iter_units` reads all of them."""
    units_digest: str = ""
    """sha256 of that file."""
    spec: str = ""
    """The full name that its alias stands for; empty where it has none."""

    @property
    def asked(self) -> str:
        """The full name with its options; `BackendSpec.parse` reads it back."""
        return self.spec or self.backend

    @property
    def answered(self) -> bool:
        """Whether any document was answered."""
        return self.status in ("ok", "partial")

    @property
    def why_replayed(self) -> str:
        """Why answers of earlier runs could stand for asking again."""
        return self.proof or "the run does not say why that was allowed"

    @property
    def key(self) -> ResultKey:
        """Gold set, task and backend: what it is about."""
        return self.gold, self.task, self.backend

    @property
    def counted(self) -> Signature:
        """How it was counted. Raises `InputError` where there is no signature, or none as it is."""
        return Signature.parse(str(self.signature))

    @property
    def sanity(self) -> bool:
        """Whether it is a row that checks the harness rather than a library."""
        return self.declaration is not None and self.declaration.sanity

    @property
    def capabilities(self) -> Capabilities | None:
        """What the adapter says that it can give; `None` where nobody says."""
        return None if self.declaration is None else self.declaration.capabilities


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What of one result of a shard is needed to put the whole together: the sums behind its
    numbers, and where its documents stand."""

    gold: str
    task: TaskName
    backend: str
    documents: int = 0
    """None: nothing was asked."""
    program: str = ""
    """sha256 of the command of a foreign program and of the files that it names."""
    settled: bool = True
    """Whether its labels were known before its answers were; else those of all shards decide."""
    sums: Any = None
    """`Sums.to_json()`."""
    signature: str = ""
    places: str = ""
    """JSON lines, relative to the record's folder: of each document its number among those of the
    gold set that are annotated for the task, from 0, in the order of the predictions."""
    places_digest: str = ""
    predictions: str = ""
    predictions_digest: str = ""
    units: str = ""
    units_digest: str = ""
    failed_at: tuple[int, ...] = ()
    """The places of `Result.failures`."""
    drops_at: tuple[int, ...] = ()
    """The places of `Result.drops`."""

    @property
    def key(self) -> ResultKey:
        return self.gold, self.task, self.backend


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """Which documents the record is about, and what puts it together with those of the others."""

    shard: Shard
    results: tuple[ShardResult, ...] = ()
    """One of each that was asked for: those without a document have no `Result`."""
    code: str = ""
    """sha256 over the harness's files, which a commit alone does not tell."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: backends × gold sets × tasks."""

    schema_version: int
    tool_version: str
    status: RunStatus
    """`success`: every available backend answered everything; `error`: nothing was answered."""
    started: str
    """UTC, ISO 8601."""
    finished: str
    command: tuple[str, ...]
    git: Git | None
    """The harness's own checkout; `None` when it does not run from one."""
    python: str
    packages: Mapping[str, str]
    """Versions in the parent's environment: the harness itself and what draws its tables."""
    machine: Machine
    threads: int
    seed: int
    """Of everything random that later reads this record: bootstrap and randomisation test."""
    options: Mapping[str, Option | None]
    """The run's options as given: match, boundary, rounds, jobs, time and memory limits, ..."""
    gold: tuple[GoldRecord, ...]
    results: tuple[Result, ...]
    """In the order asked for: gold set, then task, then backend."""
    common: tuple[Result, ...] = ()
    """Entity results counted once more in the finest schema that all backends of a gold set reach,
    where they meet the gold in different ones (`harness.run.common`)."""
    project: Git | None = None
    """The checkout in whose folder the run was started; `None` where there is none."""
    shard: ShardRecord | None = None
    """`None` where all documents were asked for. The gold sets are whole ones in any case."""

    def find_gold(self, name: str) -> GoldRecord:
        """The gold set of that name. Raises `KeyError`."""
        for gold in self.gold:
            if gold.name == name:
                return gold
        raise KeyError(name)

    def select(
        self, *, gold: str | None = None, task: TaskName | None = None
    ) -> tuple[Result, ...]:
        """The results of one gold set and task, in the record's order."""
        return tuple(
            result
            for result in self.results
            if (gold is None or result.gold == gold) and (task is None or result.task == task)
        )


def result_status(documents: int, failed: int) -> ResultStatus:
    """How a backend that ran did, by how many documents it did not answer."""
    return "ok" if not failed else "partial" if failed < documents else "failed"


def result_verdict(
    documents: int, failed: int, failures: Sequence[Failure]
) -> tuple[ResultStatus, str | None]:
    """The same, with the reason where it is not `ok`; `failures` begin with the first."""
    status = result_status(documents, failed)
    if status == "ok":
        return status, None
    first = f"the first: {failures[0].id}: {failures[0].error}"
    if status == "failed":
        return status, f"no document was answered; {first}"
    return status, f"{failed} of {documents} documents failed; {first}"


def run_status(results: Sequence[Result]) -> RunStatus:
    """What a run with these results is called; unavailable backends have no say."""
    here = [result.status for result in results if result.status != "unavailable"]
    if not any(status in ("ok", "partial") for status in here):
        return "error"
    return "success" if all(status == "ok" for status in here) else "partial"
