"""What a stress run costs: `python tests/benchmarks/stress.py [BACKEND...]`, on the seeds.

Prints seconds, and CPU seconds of this process and its workers: of bare prediction (each backend
loaded once and asked about every different text, nothing kept or counted), of the run on the same
texts with its record, of the certificate, and of the tables. What the run adds is on the right.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from os import times
from pathlib import Path

from harness.decide.stress import stresses
from harness.errors import BackendUnavailable
from harness.gold.loading import load_goldset
from harness.gold.perturbing import perturbed_goldset
from harness.registry import BackendSpec, adapter_of
from harness.results.load import read_run
from harness.run.asking import annotated, ask_about, gold_labels
from harness.run.certificate import certify
from harness.run.options import RunOptions
from harness.run.predictions import Predictions, PredictOptions
from harness.run.stress import applied_from, stress_run

BACKENDS = (
    "spacy/en_core_web_sm",
    "gazetteer",
    "presidio",
    "quotes",
    "syntax/en_core_web_sm",
    "textacy/en_core_web_sm",
)
GOLD = load_goldset("seeds")
APPLIED = applied_from(())


def main() -> None:
    specs = [BackendSpec.parse(name) for name in sys.argv[1:] or BACKENDS]
    sets = [GOLD, *(perturbed_goldset(GOLD, *one) for one in APPLIED)]
    print(f"{len(specs)} backends, {len(APPLIED)} perturbations and levels, {GOLD.documents} texts")
    whole = 0.0
    for spec in specs:
        (task,) = set(adapter_of(spec).declaration.tasks) & set(GOLD.tasks)
        declaration = adapter_of(spec).declaration
        asked = {
            query.digest: query
            for one in sets
            for record in annotated(one, task)
            for query in [ask_about(record, one, declaration)]
        }

        def bare(spec: BackendSpec = spec, task: str = task, asked: dict = asked) -> None:  # type: ignore[type-arg]
            predictions = Predictions(
                spec, task=task, labels=gold_labels(GOLD, task), options=PredictOptions()
            )
            with closing(predictions.round(asked.values())) as answers:
                for _ in answers:
                    pass

        with tempfile.TemporaryDirectory() as folder:
            options = RunOptions(out=Path(folder))

            def run(spec: BackendSpec = spec, options: RunOptions = options) -> None:
                stress_run([spec], [GOLD], APPLIED, options)

            try:
                first = measured(bare)
            except BackendUnavailable as error:
                print(f"{spec}: {error}")
                continue
            ours = measured(run)
            again = measured(lambda spec=spec, task=task: certify(spec, GOLD, task, RunOptions()))  # type: ignore[misc]
            tables = measured(lambda folder=folder: stresses(*read_run(folder)))  # type: ignore[misc]
        whole += ours[0] + again[0] + tables[0]
        print(
            f"{spec}: {len(asked)} texts; bare {shown(first)}, run {shown(ours)}, "
            f"certificate {shown(again)}, tables {shown(tables)}; run/bare "
            f"{ours[0] / first[0]:.2f} ({ours[1] / first[1]:.2f} CPU)",
            flush=True,
        )
    print(f"all of it without the bare: {whole:.0f} s")


def measured(what: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process and of those that it has waited for."""
    before, start = sum(times()[:4]), time.perf_counter()
    what()
    return time.perf_counter() - start, sum(times()[:4]) - before


def shown(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.1f} s ({seconds[1]:.1f} CPU)"


if __name__ == "__main__":
    main()
