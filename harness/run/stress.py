"""A run over gold sets and their perturbed forms, for which every backend is loaded once.

All texts of a backend, as they are and after every perturbation, are asked about first, by one
worker and each text once. The run after it is one like any other, a gold set for each perturbation
and level, and takes all answers from there.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from harness.annotation import TaskName
from harness.errors import BackendFailed, BackendUnavailable, NothingMeasured, UsageError
from harness.gold.goldset import GoldSet
from harness.gold.perturbing import level_text, perturbed_goldset
from harness.perturb.perturbation import Level, Perturbation
from harness.perturb.registry import level_named, perturbation_named, perturbations
from harness.registry import BackendSpec, adapter_of
from harness.results.record import RunRecord
from harness.run.asking import annotated, ask_about, gold_labels
from harness.run.options import RunOptions
from harness.run.predictions import Predictions
from harness.run.predictor import Query
from harness.run.progress import Progress
from harness.run.runner import (
    at_hand,
    check_folder,
    interruptible,
    planned,
    predict_options,
    run,
    run_token,
)
from harness.run.store import Store

__all__ = ["Applied", "applied_from", "stress_run"]


class Applied(NamedTuple):
    """A perturbation at a level."""

    perturbation: Perturbation
    level: Level


def applied_from(said: Sequence[str]) -> list[Applied]:
    """What is meant by `typos:0.05`, or `typos` for all of its levels; all there is by nothing.

    Raises `UsageError` for an unknown perturbation or level, with the nearest.
    """
    out: dict[tuple[str, str], Applied] = {}
    for text in said or perturbations():
        name, colon, level = text.partition(":")
        one = perturbation_named(name)
        for each in (level_named(one, level),) if colon else one.levels:
            out.setdefault((name, level_text(each)), Applied(one, each))
    return list(out.values())


class _Asked(NamedTuple):
    """What decides which worker answers: two gold sets share one if they ask for the same."""

    backend: str
    task: TaskName
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sets:
    """An original and all that is made of it."""

    every: tuple[GoldSet, ...]

    def queries(self, spec: BackendSpec, task: TaskName) -> Iterator[Query]:
        declaration = adapter_of(spec).declaration
        for gold in self.every:
            for record in annotated(gold, task):
                yield ask_about(record, gold, declaration)

    @property
    def documents(self) -> int:
        return sum(gold.documents for gold in self.every)

    @property
    def words(self) -> int:
        return sum(gold.words for gold in self.every)


def stress_run(
    specs: Sequence[BackendSpec],
    goldsets: Sequence[GoldSet],
    applied: Sequence[Applied],
    options: RunOptions,
    progress: Progress | None = None,
    *,
    perturb_seed: int = 0,
) -> RunRecord:
    """Apply every backend to every gold set, as it is and after each perturbation.

    The record is that of a run (`harness.run.runner.run`), with the perturbed sets behind their
    original. Without a store in `options` there is one for as long as this takes. Raises as `run`,
    `UsageError` for a gold set that is a perturbed one, and `NothingMeasured` where no document
    has a text.
    """
    progress = progress or Progress(quiet=True)
    check_folder(options)
    with ExitStack() as stack:
        if options.cache is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-"))
            options = replace(options, cache=Path(folder))
        sets = [_sets(gold, applied, options, perturb_seed) for gold in goldsets]
        every = [gold for one in sets for gold in one.every]
        plan = planned(specs, [one.every[0] for one in sets], options)
        stop = threading.Event()
        stack.enter_context(interruptible(stop))
        token = stack.enter_context(run_token(specs, every, options))
        assert options.cache is not None
        store = stack.enter_context(Store(options.cache, behind=options.behind))
        asking = _Asking(options, token, store, stop)
        for spec, gold, task in plan:
            whole = next(one for one in sets if one.every[0] is gold)
            asking.ask(spec, whole, task, progress)
        # What was said of each backend has been said; to count its answers is quick.
        silent = Progress(quiet=True, stream=io.StringIO())
        own = replace(options, token=token)
        return run(specs, every, own, silent, answering=asking.answering)


def _sets(
    gold: GoldSet, applied: Sequence[Applied], options: RunOptions, perturb_seed: int
) -> _Sets:
    if gold.perturbed is not None:
        raise UsageError(
            f"{gold.name} is perturbed: name the gold set that it was made of, and the "
            "perturbation with --perturb"
        )
    original = at_hand(gold, options)
    if not any(record.text for record in original.records()):
        raise NothingMeasured(f"no document of {gold.name} has a text that could be perturbed")
    made = (perturbed_goldset(original, *one, seed=perturb_seed) for one in applied)
    return _Sets((original, *(at_hand(one, options) for one in made)))


class _Asking:
    """Asks each backend about all that is wanted of it, and has its answers then."""

    def __init__(
        self, options: RunOptions, token: str, store: Store, stop: threading.Event
    ) -> None:
        self._options = replace(predict_options(options, token), once=True)
        self._store = store
        self._stop = stop
        self._asked: dict[_Asked, Predictions] = {}
        self._failed: dict[_Asked, BackendFailed | BackendUnavailable] = {}

    def ask(self, spec: BackendSpec, sets: _Sets, task: TaskName, progress: Progress) -> None:
        """Ask about all texts of an original and what is made of it, each once."""
        key = _Asked(spec.row, task, gold_labels(sets.every[0], task))
        if key in self._failed:
            return
        title = f"{spec.row} on {sets.every[0].name} ({task}), all perturbations"
        bar = progress.task(title, sets.documents, words=sets.words, pace=title, estimated=True)
        try:
            if key not in self._asked:
                self._asked[key] = Predictions(
                    spec,
                    task=task,
                    labels=key.labels,
                    options=self._options,
                    store=self._store,
                    stop=self._stop,
                )
            predictions = self._asked[key]
            seen: set[bytes] = set()
            queries = (
                query
                for query in sets.queries(spec, task)
                if query.digest not in seen and not seen.add(query.digest)  # type: ignore[func-returns-value]
            )
            with closing(predictions.round(queries, bar=bar)) as answers:
                for _ in answers:
                    pass
        except (BackendFailed, BackendUnavailable) as error:
            self._failed[key] = error
            progress.note(f"{title}: {error}")
            return
        bar.finish()
        if predictions.damaged:
            progress.note(f"{title}: {predictions.damaged}")

    def answering(
        self, spec: BackendSpec, *, task: TaskName, labels: Sequence[str], **others: object
    ) -> Predictions:
        """As `Predictions`, of what was asked. Raises what stood in the way then."""
        key = _Asked(spec.row, task, tuple(labels))
        if key in self._failed:
            raise self._failed[key]
        return self._asked[key]
