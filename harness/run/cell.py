"""One backend on one gold set for one task: predicts, scores, times, and says what it cost.

The first round predicts and scores; further rounds only time, so that rounds of different backends
can take turns. Documents stream through; what is kept of each is a few numbers.
"""

from __future__ import annotations

import threading
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import compress
from math import ceil, isnan, nan
from pathlib import Path
from statistics import median
from typing import IO, Any

from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Annotations, Record, Task
from harness.digest import digest_file, digest_text
from harness.errors import BackendFailed, BackendUnavailable, InputError, SchemaError
from harness.formats import jsonl
from harness.formats.files import atomic_writer, write_text
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec, adapter
from harness.results.record import (
    Costs,
    Failure,
    GoldRecord,
    Result,
    ResultStatus,
    Unit,
    dump_units,
    slug,
)
from harness.results.scored import Count, open_count
from harness.results.settle import speech_of
from harness.run.key import document_digest
from harness.run.predictions import Asked, Prediction, Predictions, PredictOptions
from harness.run.progress import Progress
from harness.run.store import Store
from harness.signature import Signature
from harness.tasks.base import Pair
from harness.tasks.registry import task_named

__all__ = ["Cell", "CellOptions"]

_MAX_FAILURES = 1000
_MAX_DROPS = 50
_INLINE_DOCUMENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOptions:
    """What all cells of a run have in common."""

    predict: PredictOptions
    scoring: Mapping[str, Any]
    """How each task counts."""
    schema: str | None = None
    rounds: int = 1
    cache: Path | None = None
    """Folder of the predictions store; `None` neither reads nor writes it."""
    out: Path | None = None


class Cell:
    """Feed it rounds, then ask for its `result`."""

    def __init__(
        self,
        spec: BackendSpec,
        gold: GoldSet,
        card: GoldRecord,
        task: Task,
        options: CellOptions,
        *,
        progress: Progress,
        title: str = "",
        stop: threading.Event | None = None,
    ) -> None:
        self.title = title or f"{spec} on {gold.name} ({task})"
        self._spec = spec
        self._declaration: Declaration = adapter(spec.adapter).declaration
        self._gold = gold
        self._card = card
        self._task: Task = task
        self._definition = task_named(task)
        self._options = options
        self._progress = progress
        self._stop = stop
        self._store: Store | None = None
        self._predictions: Predictions | None = None
        self._counts: Count | None = None
        self._end: tuple[ResultStatus, str, str | None] | None = None
        self._columns: list[array[float]] = []  # Seconds of each round by document, nan without.
        self._answered = bytearray()
        self._words = array("l")
        self._documents = self._failed = self._dropped = self._unstable = self._replayed = 0
        self._characters = 0
        self._seen: int | None = None
        self._failures: list[Failure] = []
        self._drops: list[Failure] = []
        self._units: list[Unit] = []
        self._large = card.documents > _INLINE_DOCUMENTS and options.out is not None

    def close(self) -> None:
        """Give the store back."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def run_round(self, number: int) -> None:
        """Run round `number`, counted from 0. What breaks ends up in the result."""
        if self._end is not None:
            return
        try:
            if number == 0:
                self._first_round()
            else:
                self._timing_round(number)
        except BackendUnavailable as error:
            install = error.install or self._declaration.install or None
            self._finish("unavailable", error.reason, install)
        except BackendFailed as error:
            self._finish("failed", str(error), None)
        except SchemaError as error:
            hint = f" ({error.hint})" if error.hint else ""
            self._finish("failed", f"{error.message}{hint}", None)

    def result(self) -> Result:
        """What came of all rounds."""
        status, reason, install = self._end or self._verdict()
        answered = status in ("ok", "partial")
        result = Result(
            backend=str(self._spec),
            gold=self._card.name,
            task=self._task,
            status=status,
            reason=reason,
            install=install,
            declaration=self._declaration,
            model=self._model(),
            documents=self._documents,
            failed=self._failed,
            failures=tuple(self._failures),
        )
        predictions, count = self._predictions, self._counts
        if predictions is None or count is None or not answered:
            return result
        hello = predictions.hello
        return replace(
            result,
            labels=hello.labels if hello else None,
            packages=dict(hello.packages if hello else predictions.description.packages),
            environment=predictions.environment,
            dropped=self._dropped,
            drops=tuple(self._drops),
            **count.facts(hello.labels if hello else None).fields(),
            schema=self._options.schema if self._definition.labelled else None,
            characters=self._characters,
            characters_seen=self._seen,
            unstable=self._unstable,
            signature=str(self._signature(count)),
            scores=count.headlines(),
            predictions=self._file("predictions"),
            predictions_digest=self._digest("predictions"),
            proof=predictions.proof,
            costs=self._costs(predictions),
            units=tuple(self._units),
            units_file=self._file("units") if self._large else None,
            units_digest=self._digest("units") if self._large else "",
        )

    # Rounds

    def _first_round(self) -> None:
        if self._options.cache is not None:
            self._store = Store(self._options.cache)
        self._predictions = Predictions(
            self._spec,
            task=self._task,
            labels=self._gold_labels(),
            options=self._options.predict,
            store=self._store,
            stop=self._stop,
        )
        self._columns.append(array("d"))
        golds: deque[Record] = deque()
        waiting: list[tuple[Record, Record]] = []
        with ExitStack() as files:
            lines = self._open(files, "predictions")
            units = self._open(files, "units") if self._large else None
            task = self._progress.task(self.title, self._card.documents)
            for prediction in self._predictions.round(self._asked(golds)):
                gold = golds.popleft()
                self._note(prediction)
                said = _said(prediction)
                if lines is not None:
                    lines.write(jsonl.dumps(said) + "\n")
                if self._is_settled():
                    self._count(gold, said, units)
                elif lines is None:
                    waiting.append((gold, said))
                task.advance(replayed=prediction.replayed, failed=prediction.error is not None)
            task.finish()
        if self._counts is None and self._documents:
            self._count_later(waiting)
        if self._failed:
            self._write_log()

    def _is_settled(self) -> bool:
        """Whether it is known in which labels to count: not before the end where labels are
        neither declared nor told, since what occurs in the predictions decides then."""
        if self._counts is None:
            assert self._predictions is not None
            hello = self._predictions.hello
            labels = hello.labels if hello else None
            speech = speech_of(self._definition, self._declaration, labels)
            if self._definition.labelled and not speech.is_stated and not self._declaration.sanity:
                return False
            self._counts = self._new_count(())
        return True

    def _count_later(self, waiting: list[tuple[Record, Record]]) -> None:
        """Count when all predictions are there; they wait in memory, or else in their file."""
        name = self._file("predictions")

        def predicted() -> Iterator[Record]:
            if name is None or self._options.out is None:
                return (said for _, said in waiting)
            return jsonl.read(self._options.out / name)

        self._counts = self._new_count(predicted())
        annotated = (
            r
            for r in self._gold.records()
            if r.annotations.layer(self._definition.layer) is not None
        )
        golds = (gold for gold, _ in waiting) if waiting else annotated
        with ExitStack() as files:
            units = self._open(files, "units") if self._large else None
            for gold, said in zip(golds, predicted(), strict=True):
                self._count(gold, said, units)

    def _count(self, gold: Record, said: Record, units: IO[str] | None) -> None:
        assert self._counts is not None
        layers = Annotations() if said.error is not None else said.annotations
        tallies = self._counts.add(Pair(gold, layers, error=said.error))
        counted = [Unit(gold.id, number, one.to_json()) for number, one in enumerate(tallies)]
        if units is not None:
            units.writelines(dump_units(counted))
        else:
            self._units.extend(counted)

    def _timing_round(self, number: int) -> None:
        """Predict what was answered once more; only the times and any change are of interest."""
        assert self._predictions is not None
        column = array("d", [nan]) * self._documents
        places = [place for place, answered in enumerate(self._answered) if answered]
        task = self._progress.task(f"{self.title}, round {number + 1}", len(places))
        again = self._predictions.round(compress(self._asked(), self._answered), number)
        unstable = 0
        try:
            for place, prediction in zip(places, again, strict=True):
                if prediction.seconds is not None:
                    column[place] = prediction.seconds
                unstable += prediction.unstable
                task.advance(replayed=prediction.replayed, failed=prediction.error is not None)
        except (BackendFailed, BackendUnavailable) as error:
            self._progress.note(f"{self.title}: round {number + 1} was not timed: {error}")
            return
        task.finish()
        self._columns.append(column)
        self._unstable = unstable

    def _asked(self, golds: deque[Record] | None = None) -> Iterator[Asked]:
        """The documents that are annotated for the task; their records are queued in `golds`."""
        for record in self._gold.records():
            if record.annotations.layer(self._definition.layer) is None:
                continue
            if record.text is None:
                raise InputError(
                    f"document {record.id!r} has no text to predict on", path=self._gold.path
                )
            if golds is not None:
                golds.append(record)
            gold = None
            if self._declaration.needs_gold:
                gold = jsonl.annotations_to_json(record.annotations)
            yield Asked(record.id, record.text, document_digest(record.text, gold), gold)

    def _note(self, prediction: Prediction) -> None:
        """Add what one document cost, and what was wrong with its answer, to every sum."""
        answered = prediction.annotations is not None
        seconds = prediction.seconds
        self._documents += 1
        self._answered.append(answered)
        self._words.append(len(prediction.text.split()))
        self._columns[0].append(nan if seconds is None or not answered else seconds)
        self._replayed += prediction.replayed
        self._unstable += prediction.unstable
        if answered:
            self._characters += len(prediction.text)
            if prediction.characters_seen is not None:
                self._seen = (self._seen or 0) + prediction.characters_seen
        else:
            self._failed += 1
            if len(self._failures) < _MAX_FAILURES:
                self._failures.append(Failure(prediction.id, prediction.error or "no answer"))
        self._dropped += len(prediction.problems)
        room = _MAX_DROPS - len(self._drops)
        self._drops.extend(Failure(prediction.id, item) for item in prediction.problems[:room])

    # What the result is made of

    def _gold_labels(self) -> tuple[str, ...]:
        return self._gold.annotated_labels if self._definition.labelled else ()

    def _new_count(self, predicted: Iterable[Record]) -> Count:
        assert self._predictions is not None
        hello = self._predictions.hello
        return open_count(
            self._gold,
            self._definition,
            self._options.scoring[self._task],
            speech=speech_of(
                self._definition, self._declaration, hello.labels if hello else None, predicted
            ),
            schema=self._options.schema,
            capabilities=self._declaration.capabilities,
        )

    def _finish(self, status: ResultStatus, reason: str, install: str | None) -> None:
        self._end = (status, reason, install)
        self._progress.note(f"{self.title}: {status}: {reason}")
        self._write_log()

    def _verdict(self) -> tuple[ResultStatus, str | None, str | None]:
        if not self._documents:
            return "failed", f"no document of {self._card.name} is annotated for this task", None
        if self._failed == self._documents:
            return "failed", f"no document was answered; {_first(self._failures)}", None
        if self._failed:
            failed = f"{self._failed} of {self._documents} documents failed"
            return "partial", f"{failed}; {_first(self._failures)}", None
        return "ok", None, None

    def _model(self) -> ModelIdentity | None:
        return None if self._predictions is None else self._predictions.model

    def _signature(self, count: Count) -> Signature:
        model = self._model()
        # A backend that is told what to look for was asked another question by other prompts.
        prompts = model.notes.get("prompts", "") if model else ""
        return count.signature(prompts=digest_text(prompts)[:8] if prompts else "")

    def _costs(self, predictions: Predictions) -> Costs:
        options = self._options.predict
        model = self._model()
        costs = Costs(
            model_bytes=model.size_bytes if model else 0,
            batch_size=options.batch_size,
            threads=options.threads,
            replayed=self._replayed,
            timed=options.timed,
        )
        if not options.timed:
            return costs
        load, warmup, peak = predictions.process_costs()
        costs = replace(
            costs,
            load_seconds=_digits(load),
            warmup_seconds=_digits(warmup),
            peak_memory_bytes=peak,
        )
        rounds = [sum(value for value in column if not isnan(value)) for column in self._columns]
        each = [_median(values) for values in zip(*self._columns, strict=True)]
        timed = [(value, words) for value, words in zip(each, self._words, strict=True) if value]
        if not timed:
            return costs
        total = median(rounds)
        alone = sorted(value for value, _ in timed) if options.batch_size == 1 else []
        return replace(
            costs,
            predict_seconds=_digits(total),
            rounds=tuple(float(f"{value:.6g}") for value in rounds),
            document_seconds=tuple(float(f"{value:.4g}") for value, _ in timed),
            documents_per_second=_digits(len(timed) / total) if total else None,
            words_per_second=_digits(sum(words for _, words in timed) / total) if total else None,
            median_seconds=_digits(median(alone)) if alone else None,
            p95_seconds=_digits(alone[ceil(0.95 * len(alone)) - 1]) if alone else None,
        )

    # Files

    def _file(self, kind: str) -> str | None:
        if self._options.out is None:
            return None
        return f"{kind}/{slug(self._card.name)}/{self._task}/{slug(str(self._spec))}.jsonl"

    def _digest(self, kind: str) -> str:
        name = self._file(kind)
        return (
            ""
            if name is None or self._options.out is None
            else digest_file(self._options.out / name)
        )

    def _open(self, files: ExitStack, kind: str) -> IO[str] | None:
        name = self._file(kind)
        if name is None or self._options.out is None:
            return None
        return files.enter_context(atomic_writer(self._options.out / name))

    def _write_log(self) -> None:
        """Keep what a worker that broke down had to say, beside the results."""
        if self._options.out is None or self._predictions is None:
            return
        text = self._predictions.log.text()
        if text.strip():
            name = f"{slug(self._card.name)}-{self._task}-{slug(str(self._spec))}.log"
            write_text(self._options.out / "logs" / name, text)


def _said(prediction: Prediction) -> Record:
    layers = prediction.annotations or Annotations()
    return Record(prediction.id, None, layers, error=prediction.error)


def _first(failures: list[Failure]) -> str:
    return f"the first: {failures[0].id}: {failures[0].error}" if failures else ""


def _median(values: tuple[float, ...]) -> float | None:
    known = [value for value in values if not isnan(value)]
    return median(known) if known else None


def _digits(value: float | None) -> float | None:
    """Six significant digits: more is noise, and a record is read by people too."""
    return None if value is None else float(f"{value:.6g}")
