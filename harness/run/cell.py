"""One backend on one gold set for one task: predicts, scores, times, and says what it cost.

The first round predicts and scores; further rounds only time, so that rounds of different backends
can take turns. Documents stream through; what is kept of each is a few numbers.
"""

from __future__ import annotations

import threading
from array import array
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, compress, tee
from math import nan
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Record, Task
from harness.errors import BackendFailed, BackendUnavailable, NothingMeasured, SchemaError
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec, adapter
from harness.results.record import Costs, GoldRecord, Result, ResultStatus
from harness.run.asking import annotated, ask_about, gold_labels
from harness.run.counting import Counting, is_settled
from harness.run.files import CellFiles
from harness.run.measurement import Measurement
from harness.run.predictions import Asked, Predictions, PredictOptions
from harness.run.progress import Progress
from harness.run.store import Store
from harness.run.timing import rounded, timed
from harness.tasks.ner.count import NerOptions

__all__ = ["Cell", "CellOptions"]

_INLINE_DOCUMENTS = 1000

_Pair = tuple[Record, Record]
"""A document of the gold set, and what the backend says about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOptions:
    """What all cells of a run have in common."""

    predict: PredictOptions
    scoring: NerOptions
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
        title: str,
        stop: threading.Event,
    ) -> None:
        self._spec = spec
        self._declaration = adapter(spec.adapter).declaration
        self._gold = gold
        self._card = card
        self._task: Task = task
        self._options = options
        self._progress = progress
        self._title = title
        self._stop = stop
        self._files = CellFiles(options.out, card.name, task, str(spec))
        self._large = card.documents > _INLINE_DOCUMENTS and options.out is not None
        self._measured = Measurement()
        self._result = Result(
            str(spec), card.name, task, "failed", "it was not run", declaration=self._declaration
        )
        self._stack = ExitStack()
        self._rounds = self._measure()

    def close(self) -> None:
        """Give the store back."""
        self._stack.close()

    def run_round(self) -> None:
        """Run the next round; after the last one, or a failure, there is none and nothing is done.

        What breaks ends up in the result.
        """
        try:
            next(self._rounds, None)
        except BackendUnavailable as error:
            install = error.install or self._declaration.install or None
            self._fail("unavailable", error.reason, install)
        except (BackendFailed, NothingMeasured) as error:
            self._fail("failed", str(error))
        except SchemaError as error:
            self._fail("failed", error.message + (f" ({error.hint})" if error.hint else ""))

    def result(self) -> Result:
        """What came of the rounds so far."""
        return self._result

    def _measure(self) -> Iterator[None]:
        """All rounds, with a stop after each for those of other backends."""
        options = self._options
        predictions = Predictions(
            self._spec,
            task=self._task,
            labels=gold_labels(self._gold, self._task),
            options=options.predict,
            store=self._stack.enter_context(Store(options.cache)) if options.cache else None,
            stop=self._stop,
        )
        try:
            with closing(self._answers(predictions)) as answers:
                counted = self._count(predictions, answers)
        except (BackendFailed, BackendUnavailable):
            self._files.write_log(predictions.log.text())
            raise
        finally:
            self._result = replace(self._result, model=predictions.model)
        rounds = [self._measured.seconds]
        self._conclude(predictions, counted, self._costs(predictions, rounds))
        for number in range(1, options.rounds if any(self._measured.answered) else 1):
            yield
            try:
                seconds, unstable = self._timing_round(predictions, number)
            except (BackendFailed, BackendUnavailable) as error:
                round_ = f"round {number + 1}"
                self._progress.note(f"{self._title}: {round_} was not timed: {error}")
                continue
            rounds.append(seconds)
            costs = self._costs(predictions, rounds)
            self._result = replace(self._result, unstable=unstable, costs=costs)

    # Rounds

    def _answers(self, predictions: Predictions) -> Generator[_Pair]:
        """Every document with what the backend says of it; measured, and written down."""
        golds, asked = tee(annotated(self._gold, self._task))
        task = self._progress.task(self._title, self._card.documents)
        answers = predictions.round(map(self._ask, asked))
        with self._files.open("predictions") as file:
            for gold, one in zip(golds, answers, strict=True):
                answer = Record(one.id, None, one.annotations or Annotations(), error=one.error)
                if file is not None:
                    file.write(jsonl.dumps(answer) + "\n")
                self._measured.add(one)
                task.advance(replayed=one.replayed, failed=one.error is not None)
                yield gold, answer
        task.finish()

    def _count(self, predictions: Predictions, answers: Iterator[_Pair]) -> dict[str, Any]:
        """Count while answers come, or after the last where all of them decide in which labels.

        Returns the fields of the result that hold the counts.
        """
        first = next(answers, None)
        if first is None:
            raise NothingMeasured(f"no document of {self._card.name} is annotated for this task")
        pairs: Iterator[_Pair] = chain((first,), answers)
        predicted: Iterator[Record] = iter(())
        if not is_settled(self._task, self._declaration, _labels(predictions)):
            kept = self._kept(pairs)
            pairs, predicted = kept(), (answer for _, answer in kept())
        counting = Counting(
            self._gold,
            self._task,
            self._declaration,
            scoring=self._options.scoring,
            schema=self._options.schema,
            produced=_labels(predictions),
            predicted=predicted,
        )
        with self._files.open("units") if self._large else nullcontext() as file:
            units = counting.count(pairs, file)
        return {**counting.fields(predictions.model), "units": tuple(units)}

    def _kept(self, pairs: Iterator[_Pair]) -> Callable[[], Iterator[_Pair]]:
        """Wait for all of them, in memory or in their file; what is returned reads them again."""
        path = self._files.path("predictions")
        if path is None:
            held = list(pairs)
            return lambda: iter(held)
        deque(pairs, maxlen=0)
        return lambda: zip(annotated(self._gold, self._task), jsonl.read(path), strict=True)

    def _timing_round(self, predictions: Predictions, number: int) -> tuple[array[float], int]:
        """Predict what was answered once more: its seconds, and how many answers changed."""
        answered = self._measured.answered
        seconds = array("d", [nan]) * len(answered)
        places = [place for place, one in enumerate(answered) if one]
        asked = map(self._ask, compress(annotated(self._gold, self._task), answered))
        task = self._progress.task(f"{self._title}, round {number + 1}", len(places))
        unstable = 0
        for place, one in zip(places, predictions.round(asked, number), strict=True):
            seconds[place] = nan if one.seconds is None else one.seconds
            unstable += one.unstable
            task.advance(replayed=one.replayed, failed=one.error is not None)
        task.finish()
        return seconds, unstable

    def _ask(self, record: Record) -> Asked:
        return ask_about(record, self._gold, self._declaration)

    # What the result is made of

    def _fail(self, status: ResultStatus, reason: str, install: str | None = None) -> None:
        measured = self._measured.fields()
        self._result = replace(
            self._result, status=status, reason=reason, install=install, **measured
        )
        self._progress.note(f"{self._title}: {status}: {reason}")

    def _conclude(self, predictions: Predictions, counted: dict[str, Any], costs: Costs) -> None:
        """What came of a first round that went to its end."""
        status, reason = self._measured.verdict()
        if self._measured.failed:
            self._files.write_log(predictions.log.text())
        self._result = replace(
            self._result, status=status, reason=reason, **self._measured.fields()
        )
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
            costs=costs,
            units_file=files.name("units") if self._large else None,
            units_digest=files.digest("units") if self._large else "",
        )

    def _costs(self, predictions: Predictions, rounds: Sequence[array[float]]) -> Costs:
        options, model = self._options.predict, predictions.model
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
        return timed(costs, rounds, self._measured.words)


def _labels(predictions: Predictions) -> tuple[str, ...] | None:
    """The labels that the loaded model can produce, where it tells."""
    return predictions.hello.labels if predictions.hello else None
