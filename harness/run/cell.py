"""One backend on one gold set for one task: predicts, scores, times, and says what it cost.

The first round predicts and scores; further rounds only time, so that rounds of different backends
can take turns. Documents stream through; what is kept of each is a few numbers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, compress, tee
from math import nan
from typing import Any, TypeAlias

from harness.annotation import Annotations, Record, TaskName
from harness.errors import (
    BackendFailed,
    BackendUnavailable,
    NothingMeasured,
    SchemaError,
    TooEntangled,
)
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec, adapter
from harness.results.count import open_count
from harness.results.record import (
    Costs,
    GoldRecord,
    Result,
    ResultStatus,
)
from harness.results.settle import labels_of_predictions
from harness.run.asking import annotated, ask_about, gold_labels, placed
from harness.run.counting import ScoringTime, count_units, is_settled
from harness.run.cut import Cut
from harness.run.files import CellFiles
from harness.run.measurement import Measurement
from harness.run.options import RunOptions
from harness.run.predictions import Predictions, PredictOptions
from harness.run.predictor import Query
from harness.run.progress import Progress, ProgressBar
from harness.run.store import Store
from harness.run.timing import rounded, timed
from harness.spill import Numbers
from harness.tasks.registry import task_named

__all__ = ["Answering", "RunCell"]

Answering: TypeAlias = Callable[..., Predictions]
"""What is asked for the answers of a backend for a task; called as `Predictions`."""


class _EmptyShard(Exception):
    """A shard has no document for the task."""


_Pair = tuple[Record, Record]
"""A document of the gold set, and what the backend says about it."""


@dataclass(eq=False, kw_only=True)
class RunCell:
    """Feed it rounds, then ask for its `result`."""

    spec: BackendSpec
    gold: GoldSet
    gold_record: GoldRecord
    task: TaskName
    options: RunOptions
    predict: PredictOptions
    progress: Progress
    title: str
    stop: threading.Event
    """Once it is set, the rest comes back as errors."""
    answering: Answering | None = None
    """Whom to ask in place of `Predictions`."""

    def __post_init__(self) -> None:
        out = self.options.out
        self._declaration = adapter(self.spec.adapter).declaration
        self._files = CellFiles(out, self.gold_record.name, self.task, self.spec.row)
        shard = self.gold.shard
        self._has_unit_file = False
        self._measured = Measurement()
        self.cut = None if shard is None else Cut(shard, self._files, self._measured)
        """What a shard keeps besides the result."""
        self.is_empty = False
        """Whether the shard has no document of it, so that there is no result."""
        self._result = Result(
            backend=self.spec.row,
            spec=str(self.spec) if self.spec.alias else "",
            gold=self.gold_record.name,
            task=self.task,
            status="failed",
            reason="it was not run",
            declaration=self._declaration,
        )
        self._stack = ExitStack()
        self._rounds = self._measure()
        self.is_over = False
        """Whether there is no further round."""

    def close(self) -> None:
        """Give the store back."""
        self._stack.close()

    def run_round(self) -> None:
        """Run the next round; after the last one, or a failure, there is none and nothing is done.

        What breaks ends up in the result.
        """
        self.is_over = True
        try:
            next(self._rounds)
            self.is_over = False
        except StopIteration:
            pass
        except _EmptyShard:
            self.is_empty = True
        except BackendUnavailable as error:
            install = error.install or self._declaration.install or None
            self._fail("unavailable", error.reason, install)
        except (BackendFailed, NothingMeasured) as error:
            self._fail("failed", str(error))
        except (SchemaError, TooEntangled) as error:
            self._fail("failed", error.message + (f" ({error.hint})" if error.hint else ""))

    @property
    def ahead(self) -> tuple[str, int]:
        """What a round of it is to those that wait for it: whose speed decides, and words; of a
        shard so many as it may have."""
        return f"{self.spec.row} ({self.task})", self.gold_record.words // self._parts

    @property
    def _parts(self) -> int:
        """How many shards share the documents."""
        return 1 if self.gold.shard is None else self.gold.shard.count

    def result(self) -> Result:
        """What came of the rounds so far."""
        return self._result

    def _measure(self) -> Iterator[None]:
        """All rounds, with a stop after each for those of other backends."""
        options = self.options
        time = ScoringTime(options.limits.total_seconds)
        if self.cut is not None:
            self.cut.begin()
        predictions = (self.answering or Predictions)(
            self.spec,
            task=self.task,
            labels=gold_labels(self.gold, self.task),
            options=self.predict,
            store=self._store(),
            stop=self.stop,
        )
        if self.cut is not None and self.spec.external:
            self.cut.note_program(self.spec.model)
        try:
            with closing(self._answers(predictions)) as answers:
                counted = self._count(predictions, answers, time)
        except (BackendFailed, BackendUnavailable):
            self._files.write_log(predictions.log.text())
            raise
        finally:
            self._result = replace(self._result, model=predictions.model)
        self._conclude(predictions, counted)
        if self._result.status == "failed":
            return
        rounds = [self._measured.seconds]
        for number in range(1, options.rounds):
            yield
            try:
                seconds, unstable = self._timing_round(predictions, number)
            except (BackendFailed, BackendUnavailable) as error:
                what = f"{self.title}: round {number + 1}"
                self.progress.note(f"{what} was not timed: {error}")
            else:
                rounds.append(seconds)
                costs = self._costs(predictions, rounds)
                self._result = replace(self._result, unstable=unstable, costs=costs)

    def _store(self) -> Store | None:
        cache, behind = self.options.cache, self.options.behind
        return self._stack.enter_context(Store(cache, behind=behind)) if cache else None

    # Rounds

    def _answers(self, predictions: Predictions) -> Generator[_Pair]:
        """Every document with what the backend says of it; measured, and written down."""
        golds, asked = tee(placed(self.gold, self.task))
        recorded, cut = self.gold_record, self.cut
        parts = self._parts
        bar = self._bar(self.title, recorded.documents // parts, recorded.words // parts, parts > 1)
        asking = closing(predictions.round((self._ask(record) for _, record in asked), bar=bar))
        with (
            asking as answers,
            self._files.open("predictions") as file,
            nullcontext() if cut is None else cut.places() as places,
        ):
            for (place, gold), one in zip(golds, answers, strict=True):
                answer = Record(one.id, None, one.annotations or Annotations(), error=one.error)
                if file is not None:
                    file.write(jsonl.dumps(answer) + "\n")
                self._measured.add(one)
                if cut is not None:
                    cut.add(place, places)
                yield gold, answer
            if self.stop.is_set():  # The file of an earlier run is better than half of this one's.
                raise BackendFailed("the run was stopped")
        bar.finish()
        if predictions.damaged:
            self.progress.note(f"{self.title}: {predictions.damaged}")

    def _count(
        self, predictions: Predictions, answers: Iterator[_Pair], time: ScoringTime
    ) -> dict[str, Any]:
        """Count while answers come, or after the last where all of them decide in which labels.

        Returns the fields of the result that hold the counts.
        """
        first = next(answers, None)
        if first is None and self.cut is not None:
            raise _EmptyShard
        if first is None:
            raise NothingMeasured(
                f"no document of {self.gold_record.name} is annotated for this task"
            )
        pairs: Iterator[_Pair] = chain((first,), answers)
        predicted: Iterator[Record] = iter(())
        settled = is_settled(self.task, self._declaration, _labels(predictions))
        if not settled:
            kept = self._kept(pairs)
            pairs, predicted = kept(), (answer for _, answer in kept())
        task, produced = task_named(self.task), _labels(predictions)
        told: dict[str, str] = {}
        try:
            count = open_count(
                self.gold,
                task,
                self.options.scoring()[self.task],
                predicted_labels=labels_of_predictions(
                    task, self._declaration, produced, predicted
                ),
                schema=self.options.schema,
                capabilities=self._declaration.capabilities,
            )
            with self._files.units(self.gold_record.documents, beside=self.cut is not None) as file:
                units = count_units(count, pairs, file, time)
        except (SchemaError, TooEntangled):
            if self.cut is not None and not settled:  # Under the labels of all it may be possible.
                self.cut.conclude(None, told, settled=False)
                costs = self._costs(predictions, [self._measured.seconds])
                self._result = replace(self._result, costs=costs)
            raise
        told = file.fields() if file else told
        self._has_unit_file = file is not None
        count.model = predictions.model  # Known for certain only now: answers may be stored ones.
        if self.cut is not None:
            self.cut.conclude((count.sums, count.signature()), told, settled=settled)
        schema = self.options.schema if task.labelled else None
        return {"schema": schema, **count.fields(produced), "units": tuple(units), **told}

    def _kept(self, pairs: Iterator[_Pair]) -> Callable[[], Iterator[_Pair]]:
        """Wait for all of them, in memory or in their file; what is returned reads them again."""
        path = self._files.path("predictions")
        if path is None:
            held = list(pairs)
            return lambda: iter(held)
        deque(pairs, maxlen=0)
        return lambda: zip(annotated(self.gold, self.task), jsonl.read(path), strict=True)

    def _timing_round(self, predictions: Predictions, number: int) -> tuple[Numbers, int]:
        """Predict what was answered once more: its seconds, and how many answers changed."""
        answered = self._measured.answered
        seconds = Numbers("d")
        asked = map(self._ask, compress(annotated(self.gold, self.task), answered))
        words = sum(compress(self._measured.words, answered))
        documents = self._measured.documents - self._measured.failed
        bar = self._bar(f"{self.title}, round {number + 1}", documents, words)
        unstable = 0
        with closing(predictions.round(asked, number, bar=bar)) as answers:
            for was_answered in answered:
                if not was_answered:
                    seconds.append(nan)
                    continue
                one = next(answers)
                seconds.append(nan if one.seconds is None else one.seconds)
                unstable += one.unstable
        bar.finish()
        return seconds, unstable

    def _bar(self, title: str, documents: int, words: int, estimated: bool = False) -> ProgressBar:
        pace = self.ahead[0]
        return self.progress.task(title, documents, words=words, pace=pace, estimated=estimated)

    def _ask(self, record: Record) -> Query:
        return ask_about(record, self.gold, self._declaration)

    # What the result is made of

    def _fail(self, status: ResultStatus, reason: str, install: str | None = None) -> None:
        if self.cut is not None and next(annotated(self.gold, self.task), None) is None:
            self.is_empty = True  # Nothing was to be asked: it does not matter that nobody can be.
            return
        told = self._measured.fields()
        self._result = replace(self._result, status=status, reason=reason, install=install, **told)
        self.progress.note(f"{self.title}: {status}: {reason}")

    def _conclude(self, predictions: Predictions, counted: dict[str, Any]) -> None:
        """What came of a first round that went to its end."""
        status, reason = self._measured.verdict()
        if self._measured.failed:
            self._files.write_log(predictions.log.text())
        told = self._measured.fields()
        self._result = replace(self._result, status=status, reason=reason, **told)
        if status == "failed":
            return
        files, hello = self._files, predictions.hello
        self._result = replace(
            self._result,
            **counted,
            labels=_labels(predictions),
            packages=dict(hello.packages if hello else predictions.description.packages),
            environment=predictions.environment,
            predictions=files.name("predictions"),
            predictions_digest=files.digest("predictions"),
            proof=predictions.proof,
            costs=self._costs(predictions, [self._measured.seconds]),
        )

    def _costs(self, predictions: Predictions, rounds: Sequence[Iterable[float]]) -> Costs:
        options, model = self.predict, predictions.model
        load, warmup, peak = predictions.process_costs()
        costs = Costs(
            load_seconds=rounded(load),
            warmup_seconds=rounded(warmup),
            peak_memory_bytes=peak,
            model_bytes=model.size_bytes if model else 0,
            batch_size=options.batch_size,
            threads=options.threads,
            replayed=self._measured.replayed,
            timed=options.timed,
        )
        # A number for each document is too much for a record that does not hold its units either.
        each = self.cut is None and not self._has_unit_file
        costs = timed(costs, rounds, self._measured.words, each=each)
        return costs if self.cut is None else self.cut.timed(costs)


def _labels(predictions: Predictions) -> tuple[str, ...] | None:
    """The labels that the loaded model can produce, where it tells."""
    return predictions.hello.labels if predictions.hello else None
