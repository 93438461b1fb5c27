"""What the runner costs: over a plain loop, at the start of each verb, when nothing has changed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.registry import BackendSpec, adapter
from harness.run.launch import launch
from harness.run.predictor import Predictor, Query
from harness.run.protocol import load_message

ROOT = Path(__file__).parent.parent.parent
ARTICLES = int(os.environ.get("HARNESS_PERF_ARTICLES", "200"))
BLOCK = 20
# The library as its manual shows it: no harness, no adapter, no protocol.
PLAIN = """
import json, sys, time
import spacy
nlp = spacy.load(sys.argv[1], exclude=["lemmatizer", "textcat", "textcat_multilabel"])
nlp("A short text to warm up.")
for line in sys.stdin:
    texts = json.loads(line)
    start = time.perf_counter()
    for text in texts:
        nlp(text)
    print(time.perf_counter() - start, flush=True)
"""
Ratio = Callable[[str, float, float], None]


@pytest.fixture
def articles() -> list[str]:
    seeds = [path.read_bytes().decode() for path in sorted((ROOT / "seeds").glob("*.txt"))]
    return [f"{seeds[i % len(seeds)]}\nNumber {i}.\n" for i in range(ARTICLES)]


@pytest.fixture
def plain_loop() -> Iterator[Callable[[list[str]], float]]:
    from harness.adapters._spacy import find_pipeline

    folder = find_pipeline("en_core_web_sm")
    variables = launch(BackendSpec("spacy", "en_core_web_sm")).variables
    with subprocess.Popen(
        [sys.executable, "-c", PLAIN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(variables),
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def loop(texts: list[str]) -> float:
            print(json.dumps(texts), file=process.stdin, flush=True)
            return float(process.stdout.readline())

        yield loop
        process.stdin.close()


def test_predict_loop_beside_the_plain_loop(
    articles: list[str], plain_loop: Callable[[list[str]], float], benchmark: Any, ratio: Ratio
) -> None:
    """Blocks of the two take turns, so that whatever else the machine does hits both."""
    spec = BackendSpec("spacy", "en_core_web_sm")
    if adapter("spacy").unavailable(spec.model):
        pytest.skip("needs spacy/en_core_web_sm")
    times = {"ours": 0.0, "plain": 0.0}
    load = load_message(str(spec), task="ner", model=spec.model)

    def both() -> None:
        with Predictor(launch(spec), load, task="ner") as predictor:
            for first in range(0, len(articles), BLOCK):
                block = articles[first : first + BLOCK]
                asked = [Query(str(i), text) for i, text in enumerate(block)]
                answers = [outcome.answer for outcome in predictor.ask(asked)]
                times["ours"] += sum(answer.seconds or 0 for answer in answers if answer)
                times["plain"] += plain_loop(block)

    benchmark.pedantic(both, rounds=1)
    times_of = f"{times['plain']:.1f} s / {times['ours']:.1f} s"
    name = f"plain spaCy loop / predict phase, {ARTICLES} articles: {times_of}"
    ratio(name, times["plain"] / times["ours"], 0.95)


@pytest.mark.parametrize(
    ("verb", "limit"),
    [
        (["--help"], 0.25),
        (["backends"], 0.25),
        (["score", "--help"], 0.25),
        (["run", "--help"], 0.25),
        (["predict", "--help"], 0.25),
        (["cache", "list"], 0.25),
        (["env", "list"], 0.25),
        (["check-backend", "--help"], 0.25),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_start_up(verb: list[str], limit: float, benchmark: Any, ratio: Ratio) -> None:
    """CPU seconds from nothing to the prompt, the best of five."""
    command = [sys.executable, "-m", "harness", *verb]
    seconds = []

    def call() -> None:
        seconds.append(_cpu_of(command))

    benchmark.pedantic(call, rounds=5, warmup_rounds=1)
    ratio(
        f"harness {' '.join(verb)}: {min(seconds):.2f} s CPU of {limit} s",
        limit / min(seconds),
        1.0,
    )


def test_a_run_with_nothing_changed(benchmark: Any, ratio: Ratio, tmp_path: Path) -> None:
    """Every default backend on the seeds, all answers in the store, tables and all."""
    command = [sys.executable, "-m", "harness", "run", "--gold", str(ROOT / "goldsets" / "seeds")]
    command += ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache"), "--quiet"]
    _cpu_of(command)
    seconds: list[float] = []
    benchmark.pedantic(lambda: seconds.append(_cpu_of(command)), rounds=3)
    record = json.loads((tmp_path / "out" / "run.json").read_bytes())
    for result in record["results"]:
        if result["status"] in ("ok", "partial"):
            assert result["costs"]["replayed"] == result["documents"]
    ratio(
        f"harness run again on the seeds: {min(seconds):.2f} s CPU of 1.5 s",
        1.5 / min(seconds),
        1.0,
    )


def _cpu_of(command: list[str]) -> float:
    """User and system seconds of a command and its children, byte-code kept as pip keeps it."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env=own, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
