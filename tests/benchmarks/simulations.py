"""How far the statistics can be trusted: simulations with a known truth.

    python tests/benchmarks/simulations.py            # everything, some minutes
    python tests/benchmarks/simulations.py coverage   # or: catch, unchanged, noise, power

Everything is seeded: the same numbers come out again. docs/statistics.md quotes them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import synthetic

from harness import baseline as baselines
from harness.annotation import Annotations, Entity, Record
from harness.baseline import Baseline
from harness.comparison.recorded import run_record
from harness.gate import GateReport, check
from harness.goldset import GoldSet
from harness.record import RunRecord
from harness.scoring.significance import Resampler, f1, interval, recall

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(48)


# --- coverage ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corpus:
    """How counts come about: mentions per paragraph, skill, and how much both vary."""

    documents: int
    paragraphs: int
    """On average; documents differ."""
    mentions: float = 3.0
    skill: float = 0.85
    precision: float = 0.85
    spread_paragraphs: float = 0.5
    """Standard deviation of the log odds of finding a mention, between paragraphs."""
    spread_documents: float = 0.3


def draw(corpus: Corpus, rng: Any) -> tuple[Any, Any, Any, Any]:
    """Counts per paragraph, the document of each, and the expected sums with fixed documents."""
    sizes = 1 + rng.poisson(corpus.paragraphs - 1, corpus.documents)
    documents = np.repeat(np.arange(corpus.documents), sizes)
    odds = np.log(corpus.skill / (1 - corpus.skill))
    of_document = odds + rng.normal(0, corpus.spread_documents, corpus.documents)
    # Negative binomial: some paragraphs are full of names, many have none.
    gold = rng.poisson(corpus.mentions * rng.gamma(1.5, 1 / 1.5, len(documents)))
    skill = _logistic(
        of_document[documents] + rng.normal(0, corpus.spread_paragraphs, len(documents))
    )
    right = rng.binomial(gold, skill)
    rate = corpus.mentions * corpus.skill * (1 - corpus.precision) / corpus.precision
    predicted = right + rng.poisson(rate, len(documents))
    found = _mean_skill(of_document, corpus.spread_paragraphs)
    expected = sizes @ np.stack(
        [
            corpus.mentions * found,
            corpus.mentions * found + rate,
            np.full(corpus.documents, corpus.mentions),
        ],
        axis=1,
    )
    population = float(
        np.sum(
            _mean_skill(odds + corpus.spread_documents * NODES, corpus.spread_paragraphs) * WEIGHTS
        )
        / np.sum(WEIGHTS)
    )
    at_large = np.array(
        [corpus.mentions * population, corpus.mentions * population + rate, corpus.mentions]
    )
    return np.stack([right, predicted, gold], axis=1), documents, expected, at_large


def _logistic(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def _mean_skill(odds: Any, spread: float) -> Any:
    """The expected skill over paragraphs, by Gauss-Hermite quadrature."""
    grid = _logistic(np.asarray(odds)[:, None] + spread * NODES)
    return grid @ WEIGHTS / np.sum(WEIGHTS)


def coverage(
    corpus: Corpus, *, runs: int, resamples: int, statistic: Callable[[Any], Any] = f1
) -> tuple[float, float, float]:
    """Share of 95 % intervals that hold the truth of these documents, the same for the documents'
    population, and the mean width."""
    rng = np.random.default_rng(20_240)
    own = population = 0
    widths = []
    for run in range(runs):
        counts, documents, expected, at_large = draw(corpus, rng)
        found = interval(counts, Resampler(documents, resamples=resamples, seed=run), statistic)
        if found.low is None or found.high is None:
            continue
        own += found.low <= float(statistic(expected)) <= found.high
        population += found.low <= float(statistic(at_large)) <= found.high
        widths.append(found.high - found.low)
    return own / runs, population / runs, float(np.mean(widths))


CORPORA = (
    Corpus(5, 10),
    Corpus(5, 25),
    Corpus(10, 8),
    Corpus(20, 4),
    Corpus(29, 2),
    Corpus(30, 5),
    Corpus(60, 5),
    Corpus(200, 3),
    Corpus(1000, 3),
    Corpus(100, 3, mentions=0.3),
    Corpus(100, 5, skill=0.97, precision=0.97),
)


def report_coverage(runs: int, resamples: int) -> Iterator[str]:
    yield "documents paragraphs mentions  unit       F1     recall  other documents  width"
    for corpus in CORPORA:
        own, population, width = coverage(corpus, runs=runs, resamples=resamples)
        own_recall, _, _ = coverage(corpus, runs=runs, resamples=resamples, statistic=recall)
        unit = Resampler(range(corpus.documents), resamples=1).unit
        yield (
            f"{corpus.documents:9} {corpus.paragraphs:10} {corpus.mentions:8}  {unit:9}  "
            f"{own:.3f}  {own_recall:.3f}   {population:.3f}            {width:.3f}"
        )


# --- the gate ----------------------------------------------------------------------------------


class Gate:
    """Planted articles with a gold set on disk, and a baseline of a backend that is right often."""

    def __init__(self, documents: int, *, mentions: int = 2, skill: float = 0.85) -> None:
        self.docs = synthetic.articles(documents, seed=documents, mentions=mentions)
        self.goldset: GoldSet = synthetic.gold(Path(tempfile.mkdtemp()), self.docs)
        self.skilled = synthetic.skilled(skill, 0.15)
        self.answers = synthetic.predict(self.docs, self.skilled, seed=1)
        self.record, self.accepted = self.accept(self.answers)

    @property
    def mentions(self) -> int:
        return sum(len(doc.annotations.entities or ()) for doc in self.docs)

    def sides(self) -> list[tuple[set[Entity], set[Entity]]]:
        """Gold and answers by document."""
        return [
            (set(doc.annotations.entities or ()), set(said.annotations.entities or ()))
            for doc, said in zip(self.docs, self.answers, strict=True)
        ]

    def accept(self, answers: list[Record]) -> tuple[RunRecord, Baseline]:
        systems = synthetic.systems_of(self.goldset, {"b": answers})
        record = run_record(systems, [self.goldset])
        return record, baselines.from_systems(systems, record)

    def check(
        self, answers: list[Record], *, accepted: Baseline | None = None, resamples: int, seed: int
    ) -> GateReport:
        systems = synthetic.systems_of(self.goldset, {"b": answers})
        return check(
            self.record,
            systems,
            accepted or self.accepted,
            resamples=resamples,
            seed=seed,
        )


def caught(gate: Gate, *, share: float, seeds: int, resamples: int) -> int:
    """How often the loss of a share of the entities at random is caught."""
    losing = synthetic.losing(gate.answers, share)
    return sum(
        gate.check(
            synthetic.predict(gate.docs, losing, seed=seed), resamples=resamples, seed=seed
        ).exit_status
        == 1
        for seed in range(seeds)
    )


def unchanged(gate: Gate, *, runs: int, resamples: int) -> int:
    """How often an unchanged backend fails; each run resamples with another seed."""
    return sum(
        gate.check(gate.answers, resamples=resamples, seed=seed).exit_status != 0
        for seed in range(runs)
    )


def noise(gate: Gate, *, runs: int, resamples: int) -> int:
    """How often two independent draws of equal skill fail: all their differences are noise."""
    failed = 0
    for seed in range(runs):
        _, accepted = gate.accept(synthetic.predict(gate.docs, gate.skilled, seed=2 * seed + 1000))
        answers = synthetic.predict(gate.docs, gate.skilled, seed=2 * seed + 1001)
        report = gate.check(answers, accepted=accepted, resamples=resamples, seed=seed)
        failed += report.exit_status != 0
    return failed


def power(gate: Gate, *, seeds: int, resamples: int) -> tuple[float, float]:
    """The drop of the headline that the gate says it catches in 4 of 5 cases, and the share in
    which it does catch right predictions that vanish until the score has dropped by so much."""
    first = gate.check(gate.answers, resamples=resamples, seed=0).verdicts[0]
    assert first.detectable is not None and first.baseline is not None
    right = sum(len(gold & said) for gold, said in gate.sides())
    size = sum(len(gold) + len(said) for gold, said in gate.sides())
    target = first.baseline - first.detectable / 100
    # 2 (1 - q) tp / (size - q tp) = target, solved for the share q.
    share = (2 * right - target * size) / (right * (2 - target))
    hits = 0
    for seed in range(seeds):
        rng = random.Random(seed)
        answers = [
            Record(
                record.id,
                None,
                Annotations(
                    tuple(sorted(e for e in said if e not in gold or rng.random() >= share))
                ),
            )
            for record, (gold, said) in zip(gate.answers, gate.sides(), strict=True)
        ]
        report = gate.check(answers, resamples=resamples, seed=seed)
        hits += report.verdicts[0].status == "fail"
    return first.detectable, hits / seeds


# --- the command -------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    names = ("coverage", "catch", "unchanged", "noise", "power")
    parser.add_argument("what", nargs="*", default=names, metavar="|".join(names))
    parser.add_argument("--runs", type=int, default=100, help="of the gate; default: 100")
    parser.add_argument("--coverage-runs", type=int, default=2000, help="default: 2000")
    parser.add_argument("--resamples", type=int, default=2000, help="default: 2000")
    args = parser.parse_args()
    started = time.process_time()
    if "coverage" in args.what:
        print(f"coverage of 95 % intervals, {args.coverage_runs} corpora each")
        for line in report_coverage(args.coverage_runs, min(args.resamples, 1000)):
            print(line, flush=True)
    for documents, mentions in ((200, 1), (200, 2), (1000, 2)):
        gate = Gate(documents, mentions=mentions)
        head = f"{documents} documents, {gate.mentions} mentions:"
        options = {"resamples": args.resamples}
        if "catch" in args.what:
            hits = caught(gate, share=0.05, seeds=args.runs, **options)
            print(f"{head} a loss of 5 % is caught in {hits} of {args.runs}", flush=True)
        if "unchanged" in args.what:
            fails = unchanged(gate, runs=args.runs, **options)
            print(f"{head} unchanged, fails in {fails} of {args.runs}", flush=True)
        if "noise" in args.what:
            fails = noise(gate, runs=args.runs, **options)
            print(f"{head} pure noise, fails in {fails} of {args.runs}", flush=True)
        if "power" in args.what:
            drop, share = power(gate, seeds=args.runs, **options)
            print(
                f"{head} a drop of {drop:.2f} points, said to be caught in 80 %, is caught in "
                f"{100 * share:.0f} %",
                flush=True,
            )
    print(f"{time.process_time() - started:.0f} s of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
