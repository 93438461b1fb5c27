"""How fast entities are scored, beside seqeval and nervaluate on the same spans in the same run.

CPU seconds; one million tokens in documents of about 600, some 80,000 gold mentions, of which a
backend of average skill (made up: 5 % missed, 5 % relabelled, 8 % stretched) finds most.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Entity
from harness.tasks.ner.count import events
from harness.tasks.ner.options import MATCH_MODES, NerOptions
from harness.tasks.ner.score import NerScore, score
from harness.tasks.tally import Tally

Spans = list[tuple[int, int, str]]
Tagged = tuple[list[list[str]], list[list[str]]]
pytestmark = [
    pytest.mark.benchmark(timer=time.process_time),
    pytest.mark.filterwarnings("ignore"),  # of the peers
]

LABELS = ("PER", "ORG", "LOC", "MISC")
TOKENS = 1_000_000
DOCUMENT = 600
WIDTH = 6  # a token of five characters and a space
STRICT = NerOptions()
GERMEVAL = Path(__file__).parents[3] / "shared" / "vectors" / "corpus_faireval_germeval_ner.json"


def make_document(random_: random.Random) -> tuple[Spans, Spans]:
    """Gold and predicted token spans of a document; neither side overlaps itself."""
    gold: Spans = []
    token = 0
    while token < DOCUMENT:
        if random_.random() < 0.1:
            end = min(token + random_.choice((1, 1, 2, 2, 3)), DOCUMENT)
            gold.append((token, end, random_.choice(LABELS)))
            token = end
        token += 1
    predicted: Spans = []
    free = 0
    for start, end, label in gold:
        luck = random_.random()
        if luck < 0.05 or start < free:
            continue
        if luck < 0.10:
            label = random_.choice(LABELS)
        elif luck > 0.92:
            end = min(end + 1, DOCUMENT)
        predicted.append((start, end, label))
        free = end
    return gold, predicted


@pytest.fixture(scope="module")
def documents() -> list[tuple[Spans, Spans]]:
    random_ = random.Random(20)
    return [make_document(random_) for _ in range(TOKENS // DOCUMENT)]


def entities(spans: Spans) -> list[Entity]:
    return [Entity(start * WIDTH, end * WIDTH - 1, label) for start, end, label in spans]


@pytest.fixture(scope="module")
def corpus(documents: list[tuple[Spans, Spans]]) -> list[tuple[list[Entity], list[Entity]]]:
    return [(entities(gold), entities(predicted)) for gold, predicted in documents]


def tags(spans: Spans) -> list[str]:
    out = ["O"] * DOCUMENT
    for start, end, label in spans:
        out[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return out


@pytest.fixture(scope="module")
def tagged(documents: list[tuple[Spans, Spans]]) -> Tagged:
    return [tags(gold) for gold, _ in documents], [tags(predicted) for _, predicted in documents]


@pytest.fixture(scope="module")
def files(
    corpus: list[tuple[list[Entity], list[Entity]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("scoring")
    paths = (folder / "gold.jsonl", folder / "predicted.jsonl")
    for side, path in enumerate(paths):
        with path.open("w", encoding="utf-8") as handle:
            for number, document in enumerate(corpus):
                value = [{"start": e.start, "end": e.end, "label": e.label} for e in document[side]]
                handle.write(json.dumps({"id": str(number), "entities": value}) + "\n")
    return paths


def counted(corpus: list[tuple[list[Entity], list[Entity]]]) -> Tally:
    """A tally per document, as a run keeps them, and their sum."""
    tallies: list[Tally] = []
    for gold, predicted in corpus:
        tallies += Tally.units(events(gold, predicted, STRICT))
    return Tally.of(tallies)


def strict(corpus: list[tuple[list[Entity], list[Entity]]]) -> NerScore:
    return score(counted(corpus), STRICT)


def four_modes(corpus: list[tuple[list[Entity], list[Entity]]]) -> list[NerScore]:
    counts = counted(corpus)
    return [score(counts, NerOptions(match=match)) for match in MATCH_MODES]


def seqeval_report(tagged: Tagged) -> dict[str, Any]:
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    report: dict[str, Any] = classification_report(
        *tagged, mode="strict", scheme=IOB2, output_dict=True
    )
    return report


def nervaluate_modes(tagged: Tagged) -> Any:
    from nervaluate import Evaluator

    return Evaluator(*tagged, tags=list(LABELS), loader="list").evaluate()["overall"]


def tags_from_disk(files: tuple[Path, Path]) -> Tagged:
    """What a user of a tag scorer writes to get from our files to its input."""
    sides = []
    for path in files:
        with path.open(encoding="utf-8") as handle:
            sides.append(
                [
                    tags(
                        [
                            (e["start"] // WIDTH, (e["end"] + 1) // WIDTH, e["label"])
                            for e in json.loads(line)["entities"]
                        ]
                    )
                    for line in handle
                ]
            )
    return sides[0], sides[1]


def harness_score(files: tuple[Path, Path]) -> str:
    from harness.cli.main import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        status = main(["score", "--gold", str(files[0]), "--pred", str(files[1]), "--task", "ner"])
    assert status == 0
    return out.getvalue()


def cpu_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """The least of some rounds."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


@pytest.fixture(scope="module")
def seqeval_seconds(tagged: Tagged) -> float:
    pytest.importorskip("seqeval")
    return cpu_seconds(lambda: seqeval_report(tagged))


@pytest.fixture(scope="module")
def nervaluate_seconds(tagged: Tagged) -> float:
    pytest.importorskip("nervaluate")
    return cpu_seconds(lambda: nervaluate_modes(tagged))


def test_strict_in_memory(
    benchmark: Any, ratio: Any, corpus: Any, tagged: Tagged, seqeval_seconds: float
) -> None:
    result = benchmark(strict, corpus)
    theirs = seqeval_report(tagged)["micro avg"]
    assert result.micro.f1 == pytest.approx(theirs["f1-score"], abs=1e-9)
    ratio(
        f"strict in memory: seqeval {seqeval_seconds:.2f} s",
        seqeval_seconds / benchmark.stats.stats.min,
        20,
    )


def test_four_modes_in_memory(
    benchmark: Any, ratio: Any, corpus: Any, tagged: Tagged, nervaluate_seconds: float
) -> None:
    results = benchmark(four_modes, corpus)
    theirs = nervaluate_modes(tagged)
    for result, mode in zip(results, ("strict", "exact", "partial", "ent_type"), strict=True):
        # The two differ where several pairings are possible; here that is seldom.
        assert result.micro.f1 == pytest.approx(theirs[mode].f1, abs=1e-3)
    ratio(
        f"all four modes in memory: nervaluate {nervaluate_seconds:.2f} s",
        nervaluate_seconds / benchmark.stats.stats.min,
        10,
    )


def test_from_json_lines_to_the_table(
    benchmark: Any,
    ratio: Any,
    files: tuple[Path, Path],
    seqeval_seconds: float,
    nervaluate_seconds: float,
) -> None:
    """The whole verb but for starting Python; the peers read the same files."""
    table = benchmark.pedantic(harness_score, args=(files,), rounds=3, warmup_rounds=1)
    assert "micro" in table
    reading = cpu_seconds(lambda: tags_from_disk(files))
    ours = benchmark.stats.stats.min
    ratio("from disk to the table: seqeval strict", (seqeval_seconds + reading) / ours, 12)
    ratio("from disk to the table: nervaluate", (nervaluate_seconds + reading) / ours, 7)


def test_the_germeval_corpus(benchmark: Any) -> None:
    if not GERMEVAL.is_file():
        pytest.skip(f"no corpus beside the repository ({GERMEVAL})")
    sentences = json.loads(GERMEVAL.read_text(encoding="utf-8"))["sentences"]
    corpus = [
        ([Entity(*g) for g in sentence["gold"]], [Entity(*p) for p in sentence["pred"]])
        for sentence in sentences
    ]
    result = benchmark(strict, corpus)
    assert (result.micro.support, result.micro.tp) == (6178, 5159)
    assert benchmark.stats.stats.max < 0.5


@pytest.mark.parametrize("count", [250_000, 500_000, 1_000_000])
def test_many_mentions_in_one_document(benchmark: Any, count: int) -> None:
    random_ = random.Random(count)
    gold = [Entity(10 * i, 10 * i + 6, random_.choice(LABELS)) for i in range(count)]
    predicted = []
    for start, end, label, _ in gold:
        luck = random_.random()
        if luck < 0.05:
            predicted.append(Entity(start + 7, end + 3, label))
        elif luck < 0.10:
            predicted.append(Entity(start, end, random_.choice(LABELS)))
        else:
            predicted.append(Entity(start, end + 2 * (luck > 0.9), label))
    random_.shuffle(predicted)
    result = benchmark.pedantic(strict, args=([(gold, predicted)],), rounds=2)
    assert result.micro.support == result.micro.predicted == count
    benchmark.extra_info["microseconds_per_mention"] = 1e6 * benchmark.stats.stats.min / count
    assert benchmark.stats.stats.min < 10 * count / 1_000_000
