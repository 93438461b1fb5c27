"""What a stress run costs: `python tests/benchmarks/stress.py [BACKEND...]`, on the seeds.

Prints seconds, and CPU seconds of this process and its workers: of bare prediction (each backend
loaded once and asked about every different text, nothing kept or counted), of one run of all of
them with its record, of the certificates, and of the tables. What the run adds to bare prediction
is the time for perturbing, keeping, counting and writing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from os import times
from pathlib import Path

from harness.annotation import TaskName
from harness.decide.stress.stress import stresses
from harness.gold.loading import load_goldset
from harness.gold.perturbing import perturbed_goldset
from harness.registry import BackendSpec, adapter_of
from harness.results.load import read_run
from harness.run.asking import annotated, ask_about, gold_labels
from harness.run.certificate import certify
from harness.run.options import RunOptions
from harness.run.predictions import Predictions, PredictOptions
from harness.run.predictor import Query
from harness.run.stress import applied_from, stress_run

BACKENDS = (
    *("spacy/en_core_web_sm", "gazetteer", "presidio"),
    *("quotes", "syntax/en_core_web_sm", "textacy/en_core_web_sm"),
)
GOLD = load_goldset("seeds")
APPLIED = applied_from(())


def main() -> None:
    specs = [BackendSpec.parse(name) for name in sys.argv[1:] or BACKENDS]
    print(f"{len(specs)} backends, {len(APPLIED)} perturbations and levels, {GOLD.documents} texts")
    bare = [measured(lambda spec=spec: predict(spec)) for spec in specs]  # type: ignore[misc]
    for spec, taken in zip(specs, bare, strict=True):
        print(f"bare prediction, {spec}: {shown(taken)}", flush=True)
    first = tuple(map(sum, zip(*bare, strict=True)))
    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(out=Path(folder))
        run = measured(lambda: stress_run(specs, [GOLD], APPLIED, options))
        print(f"run: {shown(run)}, of which predicting {shown(first)}", flush=True)
        print(f"run / bare prediction: {run[0] / first[0]:.2f} ({run[1] / first[1]:.2f} CPU)")
        tables = measured(lambda: stresses(*read_run(folder)))
        print(f"tables: {shown(tables)}", flush=True)
    trials = measured(lambda: [certify(one, GOLD, task_of(one), RunOptions()) for one in specs])
    print(f"certificates: {shown(trials)}")
    print(f"harness stress in all: {run[0] + tables[0] + trials[0]:.0f} s")


def predict(spec: BackendSpec) -> None:
    """Ask a worker about every different text."""
    task = task_of(spec)
    predictions = Predictions(
        spec, task=task, labels=gold_labels(GOLD, task), options=PredictOptions()
    )
    with closing(predictions.round(queries(spec, task))) as answers:
        for _ in answers:
            pass


def queries(spec: BackendSpec, task: TaskName) -> list[Query]:
    """All texts, as they are and perturbed, each once; made once for a task."""
    if task not in _SETS:
        sets = [GOLD, *(perturbed_goldset(GOLD, *one) for one in APPLIED)]
        declaration = adapter_of(spec).declaration
        asked = [
            ask_about(record, one, declaration) for one in sets for record in annotated(one, task)
        ]
        _SETS[task] = list({query.digest: query for query in asked}.values())
    return _SETS[task]


_SETS: dict[TaskName, list[Query]] = {}


def task_of(spec: BackendSpec) -> TaskName:
    return next(one for one in GOLD.tasks if one in adapter_of(spec).declaration.tasks)


def measured(what: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process and of those that it has waited for."""
    before, start = sum(times()[:4]), time.perf_counter()
    what()
    return time.perf_counter() - start, sum(times()[:4]) - before


def shown(seconds: tuple[float, ...]) -> str:
    return f"{seconds[0]:.1f} s ({seconds[1]:.1f} CPU)"


if __name__ == "__main__":
    for name in ("ner", "attribution"):
        queries(BackendSpec.parse("gazetteer"), name)
    main()
