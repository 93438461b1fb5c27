"""Runs: what is predicted, cached, timed, scored and written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from support import BACKENDS, timeless

from harness.errors import NothingMeasured, UsageError
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.results.record import Result, RunRecord
from harness.results.stored import iter_units, read
from harness.run.options import RunOptions
from harness.run.progress import Progress
from harness.run.runner import run

TEXTS = {
    "a": "Anna went to Bonn.\n\nthere she met Carl.",
    "b": "nothing here",
    "c": "Dora 😀 likes\r\nEssen.",
    "d": "",
}
Log = Callable[[], list[str]]
Make = Callable[..., GoldSet]

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


def record_of(backends: list[str], gold: GoldSet, **options: object) -> RunRecord:
    specs = [BackendSpec.parse(name) for name in backends]
    return run(specs, [gold], RunOptions(**options))  # type: ignore[arg-type]


def run_one(backend: str, gold: GoldSet, **options: object) -> Result:
    (result,) = record_of([backend], gold, **options).results
    return result


def test_a_run_end_to_end(make_gold: Make, tmp_path: Path) -> None:
    texts = {key: text for key, text in TEXTS.items() if text}
    gold = make_gold(texts)
    out = tmp_path / "out"
    backends = ["oracle", "planted/ok", "empty", "planted/missing"]
    record = record_of(backends, gold, out=out, command=("harness", "run"), seed=7)
    assert read(out) == record
    assert [result.status for result in record.results] == ["ok", "ok", "ok", "unavailable"]
    assert record.status == "success"
    assert (record.seed, record.command) == (7, ("harness", "run"))
    (card,) = record.gold
    assert (card.name, card.documents) == ("tiny", 3)
    assert card.characters == sum(map(len, texts.values()))
    assert card.words == sum(len(text.split()) for text in texts.values())
    oracle, good, empty, _ = record.results
    for result in (oracle, good):
        assert result.scores["strict"]["f1"] == 1.0
        assert result.scores["strict"]["tp"] == 5
    assert empty.scores["strict"]["precision"] is None
    assert empty.scores["strict"]["fn"] == 5
    assert good.labels == ("ENT",)
    assert good.model is not None
    assert good.model.digest
    assert good.signature is not None
    assert good.signature.startswith(f"ner|gold:tiny@#{card.digest[:8]}|schema:")
    assert "|n:3d|" in good.signature
    # One unit per paragraph; their sum is the score.
    assert [(unit.document, unit.paragraph) for unit in good.units] == [
        ("a", 0), ("a", 1), ("b", 0), ("c", 0), ("c", 1),
    ]  # fmt: skip
    assert good.predictions is not None
    written = list(jsonl.read(out / good.predictions))
    assert [item.id for item in written] == ["a", "b", "c"]
    assert [len(item.annotations.entities or ()) for item in written] == [3, 0, 2]
    assert not list(out.rglob(".*"))


def test_costs(make_gold: Make) -> None:
    texts = {str(i): "one Two three four." for i in range(10)}
    costs = run_one("planted/slow:0.01", make_gold(texts)).costs
    assert costs.timed
    assert costs.batch_size == costs.threads == 1
    assert costs.replayed == 0
    assert len(costs.document_seconds) == 10
    assert all(0.01 <= seconds < 0.1 for seconds in costs.document_seconds)
    assert costs.predict_seconds == pytest.approx(sum(costs.document_seconds), rel=1e-3)
    assert costs.documents_per_second == pytest.approx(10 / costs.predict_seconds, rel=1e-3)
    assert costs.words_per_second == pytest.approx(40 / costs.predict_seconds, rel=1e-3)
    assert costs.p95_seconds == pytest.approx(max(costs.document_seconds), rel=1e-3)
    assert costs.load_seconds is not None
    assert costs.warmup_seconds is not None
    assert costs.warmup_seconds >= 0.01
    assert costs.peak_memory_bytes is not None
    assert 5 << 20 < costs.peak_memory_bytes < 80 << 20


def test_conversion_is_off_the_clock(
    make_gold: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend whose conversion takes 20 ms and whose prediction takes none."""
    package = tmp_path / "slow"
    info = package / "slow_converter-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow_converter\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[harness.adapters]\nslow = slow_converter:Slow\n")
    (package / "slow_converter.py").write_text(
        "import time, planted\n"
        "from dataclasses import replace\n"
        "class Model(planted.Planted):\n"
        "    def annotations(self, text, raw):\n"
        "        time.sleep(0.02)\n"
        "        return super().annotations(text, raw)\n"
        "class Slow(planted.PlantedAdapter):\n"
        "    declaration = replace(planted.PlantedAdapter.declaration, name='slow')\n"
        "    def load(self, request):\n"
        "        return Model('ok', self.identity('ok'))\n"
    )

    from harness import registry

    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("PYTHONPATH", f"{package}:{BACKENDS}")
    registry._entry_points.cache_clear()
    costs = run_one("slow/ok", make_gold({str(i): "A b." for i in range(5)})).costs
    assert costs.predict_seconds is not None
    assert costs.predict_seconds < 0.02


def test_a_second_run_calls_no_backend(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold({**TEXTS, "again": TEXTS["a"]})
    first = run_one("planted/ok", gold, cache=tmp_path / "cache")
    assert first.costs.replayed == 1  # The text that comes twice.
    done = log()
    assert len(done) == 4
    second = run_one("planted/ok", gold, cache=tmp_path / "cache")
    assert log() == done
    assert second.costs == replace(first.costs, replayed=5)
    assert len(second.costs.document_seconds) == 5
    assert replace(second, costs=first.costs) == first


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_refusal_is_kept_like_an_answer(
    batch_size: int, make_gold: Make, tmp_path: Path, log: Log
) -> None:
    gold = make_gold({"a": "Anna.", "b": "FAULT", "c": "Carl."})
    options = {"cache": tmp_path / "cache", "batch_size": batch_size}
    first = run_one("planted/refuses", gold, **options)
    assert [tuple(failure) for failure in first.failures] == [("b", "an odd number of marks")]
    done = log()
    second = run_one("planted/refuses", gold, **options)
    assert log() == done
    assert second.costs.replayed == 3
    assert replace(second, costs=first.costs) == first
    assert replace(second.costs, replayed=0) == first.costs


def test_another_gold_layer_over_the_same_texts_hits(
    make_gold: Make, tmp_path: Path, log: Log
) -> None:
    run_one("planted/ok", make_gold(TEXTS), cache=tmp_path / "cache")
    done = log()
    renamed = make_gold({f"new-{key}": text for key, text in TEXTS.items()}, name="renamed")
    assert run_one("planted/ok", renamed, cache=tmp_path / "cache").costs.replayed == 4
    assert log() == done


def test_the_oracle_is_not_fooled_by_other_gold(make_gold: Make, tmp_path: Path) -> None:
    """The same text with other gold must not get the answer of the first."""
    one = make_gold({"a": "Anna went."}, name="one")
    path = tmp_path / "two.jsonl"
    entities = [{"start": 5, "end": 9, "label": "ENT"}]
    path.write_text(json.dumps({"id": "a", "text": "Anna went.", "entities": entities}) + "\n")
    from harness.gold.loading import load_goldset

    for gold in (one, load_goldset(path), one):
        result = run_one("oracle", gold, cache=tmp_path / "cache")
        assert result.scores["strict"]["f1"] == 1.0


def test_a_changed_model_file_misses(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold({"a": "Anna went."})
    model = tmp_path / "model.bin"
    backend = f"planted/model-file:{model}"
    seen = []
    for content in ("ENT", "XYZ", "ENT"):
        before = model.stat() if model.exists() else None
        model.write_text(content)
        if before is not None:  # Not even the same size and modification time may fool us.
            import os

            os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
        result = run_one(backend, gold, cache=tmp_path / "cache")
        seen.append((result.scores["strict"]["tp"], result.costs.replayed, len(log())))
    assert seen == [(1, 0, 1), (0, 0, 2), (1, 1, 2)]


def test_no_cache_really_bypasses(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold(TEXTS)
    for times in (1, 2):
        assert run_one("planted/slow:0", gold).costs.replayed == 0
        assert len(log()) == times * 4
    assert not list(tmp_path.rglob("*.sqlite"))


def test_two_backends_never_answer_for_each_other(make_gold: Make, tmp_path: Path) -> None:
    gold = make_gold(TEXTS)
    names = ["planted/ok", "planted/random", "planted/ok?a=1", "empty", "whole-document", "oracle"]
    for _ in range(2):
        record = record_of(names, gold, cache=tmp_path / "cache", tasks=("ner",))
        assert [r.scores["strict"]["tp"] for r in record.results] == [5, 0, 5, 0, 0, 5]


def test_a_different_machine_measures_again(
    make_gold: Make, tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = make_gold({"a": "Anna."})
    run_one("planted/ok", gold, cache=tmp_path / "cache")
    from harness.run import runner

    other = replace(runner.machine(), cpu="another")
    monkeypatch.setattr(runner, "machine", lambda: other)
    assert run_one("planted/ok", gold, cache=tmp_path / "cache").costs.replayed == 0
    assert len(log()) == 2


def test_rounds_take_turns(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold({"a": "Anna.", "b": "Bert.", "bad": "FAULT"})
    names = ["planted/raises", "planted/slow:0.001"]
    record = record_of(names, gold, rounds=3, cache=tmp_path / "cache")
    bad, slow = record.results
    assert (bad.failed, slow.failed) == (1, 0)
    assert len(bad.costs.rounds) == len(slow.costs.rounds) == 3
    # What failed is not asked again; the rounds of the two are interleaved.
    once, again = ["Anna.", "Bert.", "FAULT"], ["Anna.", "Bert."]
    assert log() == once + once + again + once + again + once
    assert slow.costs.predict_seconds == sorted(slow.costs.rounds)[1]
    assert len(slow.costs.document_seconds) == 3
    done = len(log())
    record = record_of(names, gold, rounds=3, cache=tmp_path / "cache")
    assert record.results[1].costs.rounds == slow.costs.rounds
    assert len(log()) == done + 1  # The error.


@pytest.mark.parametrize("cached", [True, False])
def test_rounds_tell_unstable_backends(cached: bool, make_gold: Make, tmp_path: Path) -> None:
    gold = make_gold({"a": "Anna.", "b": "nothing"})
    cache = tmp_path / "cache" if cached else None
    result = run_one("planted/random", gold, rounds=2, cache=cache)
    assert result.unstable == 1  # Without a capitalised word there is nothing to be random about.
    if cached:
        again = run_one("planted/random", gold, rounds=2, cache=cache)
        assert again.unstable == 1
        assert again.scores == result.scores
    assert run_one("planted/ok", gold, rounds=2, cache=cache).unstable == 0


def test_jobs_give_no_times(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold(TEXTS)
    names = ["planted/ok", "planted/slow:0.001", "planted/prints"]
    record = record_of(names, gold, jobs=3, cache=tmp_path / "cache")
    assert record.status == "success"
    for result in record.results:
        assert result.scores["strict"]["f1"] == 1.0
        assert not result.costs.timed
        assert result.costs.predict_seconds is None
        assert result.costs.load_seconds is None
        assert result.costs.peak_memory_bytes is None
    done = len(log())
    record_of(names, gold, jobs=2, cache=tmp_path / "cache")
    assert len(log()) == done
    # Times are wanted again: what was measured under load does not count.
    timed = record_of(names, gold, cache=tmp_path / "cache")
    assert len(log()) == 2 * done
    assert all(result.costs.predict_seconds for result in timed.results)


def test_batches_are_scored_alike(make_gold: Make, log: Log) -> None:
    gold = make_gold({str(i): f"Word {i}." for i in range(7)})
    result = run_one("planted/ok", gold, batch_size=3)
    assert (result.status, result.scores["strict"]["f1"]) == ("ok", 1.0)
    assert (result.costs.batch_size, result.costs.median_seconds) == (3, None)
    assert result.costs.documents_per_second is not None


def test_unknown_labels_are_counted(make_gold: Make) -> None:
    result = run_one("planted/bad-label", make_gold(TEXTS))
    assert result.unknown_labels == {"NEVER-DECLARED": 3}
    # A type that the gold set does not annotate: not scored, and what it would do is said.
    assert result.not_scored == {"NEVER-DECLARED": 3}
    assert result.scores["strict"]["predicted"] == 0
    assert result.f1_with_all == 0.0


def test_large_sets_keep_their_units_beside_the_record(make_gold: Make, tmp_path: Path) -> None:
    texts = {f"{i:04}": "Anna.\nBert." if i % 3 else "none" for i in range(1001)}
    gold = make_gold(texts)
    result = run_one("planted/ok", gold, out=tmp_path / "out", batch_size=100)
    assert result.units == ()
    assert result.units_file is not None
    units = list(iter_units(result, tmp_path / "out"))
    assert len(units) == 1001 + 667
    inline = run_one("planted/ok", gold, batch_size=100)
    assert inline.units == tuple(units)


def test_the_record_says_what_the_run_was(make_gold: Make, tmp_path: Path) -> None:
    counting = {"boundary": "normalised", "match": "partial"}
    record = record_of(["empty"], make_gold(TEXTS), counting=counting)
    assert record.options["boundary"] == "normalised"
    assert "|match:partial|boundary:normalised|" in (record.results[0].signature or "")
    assert record.machine.cores >= 1
    assert record.machine.memory_bytes > 0
    assert "nlp-harness" in record.packages
    assert timeless(record).started == ""


def test_nothing_to_measure(make_gold: Make) -> None:
    with pytest.raises(NothingMeasured, match="no task that both know") as caught:
        record_of(["planted/ok"], make_gold(TEXTS), tasks=("attribution",))
    assert caught.value.exit_status == 3
    with pytest.raises(UsageError, match="knows the task ner only"):
        gold = make_gold(TEXTS)
        both = replace(gold, stated_tasks=("attribution",))
        record_of(["planted/ok", "empty"], both)


def test_usage(make_gold: Make) -> None:
    gold = make_gold(TEXTS)
    for options in ({"rounds": 0}, {"jobs": 0}, {"batch_size": 0}, {"threads": 0}):
        with pytest.raises(UsageError, match="between 1 and"):
            record_of(["empty"], gold, **options)
    with pytest.raises(UsageError, match="nothing is timed"):
        record_of(["empty"], gold, rounds=2, jobs=2)
    with pytest.raises(UsageError, match="same name"):
        run([BackendSpec.parse("empty")], [gold, gold])


def test_the_same_backend_twice_is_run_once(make_gold: Make) -> None:
    assert len(record_of(["empty", "empty"], make_gold(TEXTS)).results) == 1


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_and_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.run import progress as module

    now = iter(range(0, 1000, 20))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(now)))
    plain, terminal, quiet = StringIO(), Terminal(), Terminal()
    for stream in (plain, terminal, quiet):
        shown = Progress(stream=stream, quiet=stream is quiet)
        task = shown.task("[1/1] spacy\x1b[2J on seeds", 3)
        task.advance(replayed=True)
        task.advance(failed=True)
        shown.note("look out")
        task.advance()
        task.finish()
    assert plain.getvalue() == (
        "[1/1] spacy [2J on seeds: 1/3 documents (1 from the store), time left unknown\n"
        "[1/1] spacy [2J on seeds: 2/3 documents (1 from the store), 1 failed, 40.0 s left\n"
        "look out\n"
        "[1/1] spacy [2J on seeds: 3/3 documents (1 from the store), 1 failed in 1 min\n"
    )
    assert quiet.getvalue() == "look out\n"
    lines = terminal.getvalue()
    assert lines.count("\n") == 2
    assert "\x1b" not in lines
    assert lines.endswith("3/3 documents (1 from the store), 1 failed in 1 min\n")
