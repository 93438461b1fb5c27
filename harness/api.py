"""The public functions: load a backend, score predictions, compare, explain, load a gold set.

    from harness import load_backend
    backend = load_backend("spacy/en_core_web_sm")
    for annotations in backend.predict(["Jens Stoltenberg leads NATO."]):
        print(annotations.entities)

A backend is loaded through the same adapter and checked by the same rules as when it was measured.
Offsets are Unicode code points into the text as it was given, half-open. Everything raised on
purpose is a `harness.errors.HarnessError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.adapter import Backend, LoadRequest, ModelIdentity, Option
from harness.annotation import (
    Annotations,
    Attribution,
    Entity,
    Record,
    Span,
    TaskName,
)
from harness.errors import BackendFailed, BackendUnavailable, UsageError
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec, adapter_of
from harness.results.scored import Scored
from harness.stats.units import COMPARE_SUPPORT, DEFAULT_RESAMPLES

if TYPE_CHECKING:
    from harness.decide.comparison import Comparison
    from harness.decide.explain.explain import Explained

__all__ = [
    "Annotations",
    "Attribution",
    "Entity",
    "GoldSet",
    "LoadedBackend",
    "Record",
    "Scored",
    "Span",
    "compare",
    "explain",
    "load_backend",
    "load_goldset",
    "score",
]


class LoadedBackend:
    """A model that is ready to predict, in this process. Not safe for two threads at a time."""

    def __init__(
        self, spec: BackendSpec, task: TaskName, backend: Backend, batch_size: int
    ) -> None:
        self.name = spec.row
        """Its alias, else its full name with its options: what a run calls its row."""
        self.task: TaskName = task
        self.dropped = 0
        """Spans so far that were outside their text, empty or of a wrong type: left out."""
        self._backend = backend
        self._batch_size = batch_size

    def __repr__(self) -> str:
        return f"<backend {self.name} for {self.task}>"

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Every entity label that it can give; `None` where unknown or without meaning."""
        return self._backend.labels

    @property
    def identity(self) -> ModelIdentity:
        """Which model answers: name, version, digest, licence, size on disk."""
        return self._backend.identity

    def predict(self, texts: Iterable[str]) -> Iterator[Annotations]:
        """One `Annotations` per text, in order, as they are made; `texts` may be endless.

        `entities` is a tuple for the task `ner` and `None` for `attribution`, `attributions` the
        other way round. An empty text gets an empty tuple. Texts are given to the library as they
        are. Raises `TypeError` for a single string, `BackendFailed` when the library fails on a
        text.
        """
        if isinstance(texts, str):
            raise TypeError("predict() takes texts, not one text: predict([text])")
        return self._predict(iter(texts))

    def annotate(self, text: str) -> Annotations:
        """The annotations of one text."""
        return next(self.predict([text]))

    def _predict(self, texts: Iterator[str]) -> Iterator[Annotations]:
        done = 0
        while batch := list(islice(texts, self._batch_size)):
            for number, text in enumerate(batch, done + 1):
                if not isinstance(text, str):
                    raise TypeError(f"text {number} is {type(text).__name__}, expected str")
            try:
                raws = list(self._backend.predict(batch))
                if len(raws) != len(batch):
                    raise BackendFailed(
                        f"{self.name} gave {len(raws)} results for {len(batch)} texts"
                    )
                answers = [
                    self._backend.annotations(*pair) for pair in zip(batch, raws, strict=True)
                ]
            except BackendFailed:
                raise
            except Exception as error:
                where = f"text {done + 1}" if len(batch) == 1 else f"texts {done + 1} and following"
                raise BackendFailed(
                    f"{self.name} failed on {where}: {type(error).__name__}: {error}"
                ) from error
            yield from map(self._checked, batch, answers)
            done += len(batch)

    def _checked(self, text: str, annotations: Annotations) -> Annotations:
        """The annotations as the harness would have counted them."""
        from harness.formats.jsonl import annotations_to_json
        from harness.formats.offsets import Offsets
        from harness.run.answers import check_answer
        from harness.run.protocol import ProtocolError

        try:
            answer = check_answer(annotations_to_json(annotations), text, self.task, Offsets(text))
        except ProtocolError as error:
            raise BackendFailed(f"{self.name}: {error}") from None
        self.dropped += len(answer.problems)
        return answer.annotations


def load_backend(
    name: str,
    *,
    task: TaskName | None = None,
    labels: Sequence[str] = (),
    offline: bool = True,
    batch_size: int = 1,
    **options: Option,
) -> LoadedBackend:
    """Load a backend by the name under which it was measured, in this process.

    `name` is `adapter/model`, with options as `?key=value` or as keywords. `task` is `ner` or
    `attribution` (default: the adapter's only task). `labels` are prompts for zero-shot backends.
    With `offline`, a model that is not on this machine is unavailable. `batch_size` texts are given
    to the library at a time.

    Raises `UsageError` for an unknown name or task, `BackendUnavailable` where the library or the
    model is missing (with the line that installs it).
    """
    if batch_size < 1:
        raise UsageError(f"batch_size is {batch_size}, expected a number from 1 up")
    spec = BackendSpec.parse(name)
    spec = BackendSpec(spec.adapter, spec.model, {**spec.options, **options})
    wrapper = adapter_of(spec)
    declaration = wrapper.declaration
    if declaration.external:
        raise UsageError(
            f"{name} is a program of its own and cannot be loaded into this process; "
            "use `harness predict`"
        )
    if task is None and len(declaration.tasks) > 1 and not declaration.needs_gold:
        several = " or ".join(f"task={one!r}" for one in declaration.tasks)
        raise UsageError(f"{name} knows several tasks: give {several}")
    task = declaration.task_for(name, task)
    reason = wrapper.unavailable(spec.model)
    if reason is not None:
        raise BackendUnavailable(reason, install=declaration.install or None)
    request = LoadRequest(
        model=spec.model,
        task=task,
        labels=tuple(labels),
        options=spec.options,
        offline=offline,
    )
    return LoadedBackend(spec, task, wrapper.load(request), batch_size)


def score(
    gold: GoldSet | str | Path,
    predictions: str | Path | Iterable[Record] | Mapping[str, Annotations],
    *,
    task: str,
    name: str | None = None,
    schema: str | None = None,
    **options: Any,
) -> Scored:
    """Score predictions against a gold set.

    `gold` is a gold set, its name or a path; `predictions` a file in any format that is read,
    records, or annotations by document id. A gold document without predictions counts as
    all-missed. `schema` projects the labels of both sides; `options` are the task's own: `match`,
    `boundary`, `types`, `beta`, `levels` for entities.

    Raises `InputError` for files that cannot be read, predictions for unknown documents and other
    texts, `AnnotationError` for offsets outside the text, `NothingMeasured` when the gold has no
    layer for the task, `SchemaError` for labels that do not fit, `UsageError` for an option that
    the task does not have.
    """
    from harness.options import check_options
    from harness.results.load import from_file
    from harness.results.scored import score_records
    from harness.tasks.registry import task_named

    goldset = gold if isinstance(gold, GoldSet) else load_goldset(gold)
    definition = task_named(task)
    own = (*definition.signed, *definition.signed_if_changed)
    strange = sorted(options.keys() - set(own))
    if strange:
        known = ", ".join(own) or "none"
        raise UsageError(f"the task {task!r} has no option {strange[0]!r}; it has: {known}")
    counted = definition.options(**options)
    check_options(counted)
    if isinstance(predictions, str | Path):
        scored = from_file(predictions, goldset, task, counted, schema=schema)
        return scored if name is None else replace(scored, name=name, backend=name)
    if isinstance(predictions, Mapping):
        records: Iterable[Record] = [Record(i, None, layers) for i, layers in predictions.items()]
    else:
        records = predictions
    return score_records(name or "predictions", goldset, records, task, counted, schema=schema)


def compare(
    *sources: Scored | str | Path,
    gold: GoldSet | str | Path | None = None,
    task: str | None = None,
    metric: str = "f1",
    part: str | None = None,
    match: str | None = None,
    types: str | None = None,
    beta: float | None = None,
    boundary: str | None = None,
    levels: str | None = None,
    force: bool = False,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int | None = None,
) -> Comparison:
    """Compare scores, runs, baselines or files of predictions; the first is the reference.

    Runs give all their backends but the sanity rows; where these met the gold in different label
    schemas, their counts in the common one are compared. Files need `gold` and `task`. The sources
    have to meet on one gold set and task; `gold` and `task` choose one. `match`,
    `types`, `beta`, `boundary` and `levels` are how counts of entities are read; by default as they
    were scored.

    Raises `NotComparable` for backends that were counted differently (`force` compares all the
    same), `NothingMeasured` where there is nothing, `UsageError` where several gold sets are left.
    """
    from harness.decide.compare import compare as compare_scored

    group = _together(sources, gold, task, force=force)
    return compare_scored(
        group,
        metric=metric,
        part=part,
        match=match,
        types=types,
        beta=beta,
        boundary=boundary,
        levels=levels,
        force=force,
        resamples=resamples,
        seed=seed,
    )


def explain(
    *sources: Scored | str | Path,
    gold: GoldSet | str | Path | None = None,
    task: str | None = None,
    reference: str | None = None,
    training: Sequence[Record] | None = None,
    min_support: int = COMPARE_SUPPORT,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int | None = None,
) -> Explained:
    """Explain scores, runs, baselines or files of predictions: what errors cost, slices, weak ones.

    Sources as in `compare`. With a `reference`, the name of one of them, its `differences` say how
    the others differ. Backends whose mentions are not at hand are in `left_out`, with the reason.
    Raises `UsageError` where several gold sets are left, or the reference is none of the backends.
    """
    from harness.decide.explain.explain import ExplainOptions
    from harness.decide.explain.explain import explain as explain_scored

    options = ExplainOptions(
        training=training, min_support=min_support, resamples=resamples, seed=seed
    )
    group = _together(sources, gold, task, force=False)
    return explain_scored(group, options, reference=reference)


def _together(
    sources: Sequence[Scored | str | Path],
    gold: GoldSet | str | Path | None,
    task: str | None,
    *,
    force: bool,
) -> list[Scored]:
    """What the sources have scored on one gold set and task."""
    from harness.decide.sources import load_sources
    from harness.results.finder import GoldFinder
    from harness.results.select import grouped, in_one_schema

    goldset = load_goldset(gold) if isinstance(gold, str | Path) else gold
    finder = GoldFinder([] if goldset is None else [goldset.said or goldset.path])
    scored: list[Scored] = []
    for source in sources:
        if isinstance(source, Scored):
            scored.append(source)
        else:
            loaded = load_sources(
                [source], finder, goldset=goldset, task=task, wanted="gold and task"
            )
            scored += [one for one in loaded if not one.sanity]
    scored = [finder.under_known_name(one) for one in scored]
    wanted = None if goldset is None else finder.known_name(goldset.name)
    groups = grouped(scored, gold=wanted, task=task)
    if len(groups) > 1:
        shown = ", ".join(f"{one} ({kind})" for one, kind in groups)
        raise UsageError(f"several gold sets and tasks: {shown}; choose with gold and task")
    group = next(iter(groups.values()), [])
    if not force:
        group, _ = in_one_schema(group)
    return group
