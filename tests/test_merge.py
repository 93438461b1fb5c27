"""Shards of a run, merged, are the run that was not cut: byte for byte, but for times."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from cutting import QUIET, check_same, cut, laid, merged, only, tried, undivided
from inside import BROKEN, forget, planted_inside
from support import in_json, printed, timeless

from harness.annotation import Annotations, Record
from harness.cli.main import main
from harness.errors import TooEntangled
from harness.formats import jsonl
from harness.report.remarks import remarks
from harness.results.stored import iter_units, read, to_json
from harness.run.process import Worker
from harness.shards import Shard
from harness.tasks.ner import count
from harness.tasks.tally import Event

SEEDS = Path(__file__).parents[1] / "goldsets" / "seeds"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with gold; workers run in this process."""
    monkeypatch.chdir(tmp_path)
    with planted_inside(monkeypatch):
        yield tmp_path


# The same, whatever there is


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 64])
def test_the_seeds_with_both_tasks(n: int) -> None:
    """Five documents: most of 64 shards have none."""
    record = tried(n, "gazetteer", "quotes", "oracle", "empty", "--gold", str(SEEDS))
    assert [r.documents for r in record.results] == [5] * 6
    assert record.shard is None
    assert len({len(r.costs.shards) for r in record.results}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 64])
def test_whatever_may_be_wrong_with_answers(n: int) -> None:
    gold = laid(40, faults=(3, 4, 17, 30))
    backends = ("telling/odd", "telling/strange", "silent/hasty", "oracle")
    record = tried(n, *backends, "--gold", gold)
    odd, strange, hasty, oracle = record.results
    assert (odd.status, oracle.status, record.status) == ("partial", "ok", "partial")
    # In the order of the gold set, in which d0003 comes behind d0030.
    assert [one.id for one in odd.failures] == ["d0030", "d0003", "d0004", "d0017"]
    assert odd.reason is not None and "4 of 40" in odd.reason and "d0030" in odd.reason
    assert odd.duplicates > 3
    assert len(odd.drops) == 50 < odd.dropped
    assert len(strange.unknown_labels) == len(strange.not_scored) == 31
    assert strange.f1_with_all is not None
    assert hasty.characters_seen is not None and hasty.characters_seen < hasty.characters
    assert oracle.scores["strict"]["f1"] == 1.0


def test_many_documents_and_many_that_fail(desk: Path) -> None:
    """Units lie in a file, and of the failures the first 1,000 are listed, whoever had them."""
    gold = laid(1050, faults=range(20, 1040))
    record = tried(3, "telling/plain", "oracle", "--gold", gold)
    plain, oracle = record.results
    assert (plain.documents, plain.failed, len(plain.failures)) == (1050, 1020, 1000)
    assert plain.units == () and plain.units_file is not None
    ids = [row.id for row in jsonl.read(desk / "gold.jsonl") if "FAULT" in (row.text or "")]
    assert [one.id for one in plain.failures] == ids[:1000]
    assert oracle.failed == 0


def test_a_shard_of_which_no_document_is_answered() -> None:
    """It is no shard that failed as such: its documents were asked for, and are all-missed."""
    third = [n for n in range(20) if Shard(2, 3).has(f"d{n:04}")]
    record = tried(3, "telling/plain", "silent/plain", "--gold", laid(faults=third))
    assert [r.failed for r in record.results] == [len(third)] * 2
    assert read("shards/02").status == "error"


def test_nothing_is_answered_at_all() -> None:
    gold = laid(9, faults=range(9))
    record = tried(3, "telling/plain", "silent/plain", "--gold", gold, status=3)
    assert record.status == "error"
    assert [r.status for r in record.results] == ["failed", "failed"]
    assert len(record.results[0].failures) == 9


def test_one_document_in_sixty_four_shards() -> None:
    record = tried(64, "telling/plain", "--gold", laid(1))
    assert only(record).documents == 1


def test_documents_that_are_not_annotated_for_a_task() -> None:
    """Each task has places of its own; here and there a shard has a document for one alone."""
    rows = synthetic.articles(8, seed=3) + synthetic.speeches(8)
    rows += [replace(row, id=f"both{row.id}") for row in synthetic.speeches(4, seed=1)]
    for number in range(16, 20):
        entities = synthetic.Entity(0, 3, "PER")
        both = replace(rows[number].annotations, entities=(entities,))
        rows[number] = replace(rows[number], annotations=both)
    rows.append(Record("neither", "Nobody labelled this.", Annotations()))
    rows.sort(key=lambda row: row.id[::-1])
    jsonl.write("gold.jsonl", rows)
    backends = ("telling/plain", "quotes", "oracle", "whole-document")
    record = tried(7, *backends, "--gold", "gold.jsonl")
    assert {(r.task, r.documents) for r in record.results} == {("ner", 12), ("attribution", 12)}


def test_no_shard_claims_more_documents_than_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "oracle", "--gold", laid(20), "--no-cache", "--rankings")
    for number in range(1, 8):
        out = f"shards/{number}"
        assert main([*words, "--shard", f"{number}/7", "--out", out]) == 0
        size = sum(Shard(number, 7).has(f"d{n:04}") for n in range(20))
        said = capsys.readouterr().err
        assert f"oracle on gold (ner): {size}/{size} documents in " in said


# In which labels


def spelled(name: str, words: Sequence[str], label: str = "PER") -> str:
    """A gold set in which each document has one of these words as a name."""
    rows = []
    for number, word in enumerate(words):
        text = f"then {word} came and Ona left ({number})"
        rows.append(Record(f"d{number}", text, synthetic_gold(text, word, label)))
    jsonl.write(f"{name}.jsonl", rows)
    return f"{name}.jsonl"


def synthetic_gold(text: str, word: str, label: str) -> Annotations:
    start = text.index(word)
    return Annotations((synthetic.Entity(start, start + len(word), label),))


def test_the_labels_of_all_answers_decide_where_nobody_states_any() -> None:
    """No shard has seen all of them, and each may take them for those of another schema."""
    words = ("PERSON", "GPE", "NORP", "FAC", "DATE", "PER", "LOC", "ORG", "WIZARD", "MAGE")
    record = tried(7, "silent/spelled", "silent/plain", "--gold", spelled("gold", words))
    shards = [read(f"shards/{n:02}") for n in range(1, 8)]
    first = [one.results[0] for one in shards if one.results]
    ways = {one.counted.projection for one in first if one.signature is not None}
    assert len(ways) > 1 and {one.status for one in first} == {"ok", "failed"}
    # Whoever could count its own part or not has taken time over it.
    assert len(record.results[0].costs.shards) == len(first)


def test_a_shard_whose_own_labels_meet_the_gold_nowhere() -> None:
    words = ("PER", "LOC", "politician", "PER", "election", "PER", "LOC", "ORG")
    gold = spelled("gold", words)
    tried(7, "silent/spelled", "--gold", gold, "--schema", "conll03")


@pytest.mark.parametrize("where", ["at hand", "moved", "gone", "changed"])
def test_the_gold_is_needed_where_answers_decide(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = laid()
    whole, folders = (
        undivided("silent/plain", "--gold", gold),
        cut("silent/plain", "--gold", gold, n=2),
    )
    capsys.readouterr()
    said: tuple[str, ...] = ()
    if where == "moved":
        Path("elsewhere").mkdir()
        said = ("--gold", str(Path(gold).rename("elsewhere/gold.jsonl")))
    elif where == "gone":
        Path(gold).unlink()
    elif where == "changed":
        laid(21)
    if where in ("at hand", "moved"):
        out = merged(folders, *said)
        if where == "at hand":
            check_same(whole, out)
        else:
            assert read(out).results[0].scores == read(whole).results[0].scores
        return
    told = printed(capsys, ["merge", *folders, "--out", "out"], 3)
    assert "gold set 'gold'" in told
    assert ("--gold PATH" if where == "gone" else "has changed since the shards were run") in told
    assert not Path("out/run.json").exists()


def test_no_gold_is_needed_where_labels_are_stated() -> None:
    """Two tasks, which count in labels and in none, are no two schemas."""
    shutil.copytree(SEEDS, "my/goldsets/seeds")
    shutil.copytree(SEEDS.parents[1] / "seeds", "my/seeds")
    words = ("gazetteer", "quotes", "oracle", "--gold", "my/goldsets/seeds")
    whole, folders = undivided(*words), cut(*words, n=2)
    shutil.rmtree("my")
    check_same(whole, merged(folders))


def test_backends_with_other_labels_are_counted_in_common_ones() -> None:
    """In two gold sets, given in another order than that of their names."""
    words = ["--gold", laid(12, "zebra", schema="ontonotes5"), "--gold", laid(10, "ape")]
    record = tried(3, "telling/plain", "telling/ontonotes", "oracle", *words)
    assert {r.gold for r in record.common} >= {"zebra"}
    assert [r.gold for r in record.results] == ["zebra"] * 3 + ["ape"] * 3


def test_common_counts_of_two_gold_sets_stand_in_the_order_of_the_run() -> None:
    words = [laid(8, name, schema="ontonotes5") for name in ("zebra", "ape")]
    golds = [word for place in words for word in ("--gold", place)]
    record = tried(2, "telling/plain", "telling/ontonotes", *golds)
    assert list(dict.fromkeys(r.gold for r in record.common)) == ["zebra", "ape"]


def test_common_counts_of_many_documents_lie_in_files() -> None:
    words = ("--gold", laid(1001, schema="ontonotes5"))
    record = tried(2, "telling/plain", "telling/ontonotes", *words)
    assert all(r.units_file for r in record.common)


def test_counts_of_very_many_documents_are_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.results.unit_files.DATABASE_FROM", 20)
    monkeypatch.setattr("harness.results.record.INLINE_DOCUMENTS", 5)
    monkeypatch.setattr("harness.results.unit_database._TOGETHER", 4)
    record = tried(3, "telling/plain", "telling/odd", "--gold", laid())
    assert all(str(one.units_file).endswith(".sqlite") for one in record.results)


# With options


@pytest.mark.parametrize(
    "options",
    [
        ("--match", "partial", "--boundary", "normalised"),
        ("--types", "PER,LOC"),
        ("--schema", "per-org-loc"),
        ("--task", "ner", "--match", "exact", "--seed", "7"),
        ("--rounds", "2"),
        ("--batch-size", "3", "--jobs", "2"),
    ],
    ids=" ".join,
)
def test_options(options: tuple[str, ...]) -> None:
    backends = ("one=telling/plain", "two=silent/plain", "telling/changing")
    record = tried(3, *backends, "--gold", laid(), *options)
    assert [r.backend for r in record.results] == ["one", "two", "telling/changing"]
    assert record.results[0].spec == "telling/plain"
    if "--rounds" in options:
        assert record.results[2].unstable > 3


def test_options_of_attributions() -> None:
    tried(3, "quotes", "empty", "--gold", str(SEEDS), "--task", "attribution")


# Backends that fail as such


def test_an_unavailable_backend_is_a_row() -> None:
    record = tried(2, "telling/plain", "telling/missing", "--gold", laid())
    assert [r.status for r in record.results] == ["ok", "unavailable"]
    assert record.results[1].install == "pip install such-a-library"
    forget()
    shutil.rmtree("whole")
    shutil.rmtree("out")
    record = tried(2, "telling/missing", "--gold", laid(), status=3)
    assert only(record).status == "unavailable"


@pytest.mark.parametrize(
    ("problem", "status"), [("gone", "unavailable"), ("the weights are corrupt", "failed")]
)
def test_nobody_misses_a_backend_where_nothing_is_to_be_asked(
    problem: str, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shard without a document of the task has no result of it; the whole has one, which says
    what the undivided run says."""
    of_names, others = synthetic.articles(2), synthetic.speeches(8)
    jsonl.write("gold.jsonl", [*of_names, *(replace(row, id=f"s{row.id}") for row in others)])
    BROKEN["hasty"] = problem
    record = tried(5, "quotes", "telling/missing", "silent/hasty", "--gold", "gold.jsonl")
    assert [r.status for r in record.results] == ["unavailable", status, "ok"]
    said = capsys.readouterr().err
    for number in range(1, 6):
        shard = Shard(number, 5)
        lacking = not any(shard.has(row.id) for row in of_names)
        found = {r.backend: r for r in read(f"shards/{number:02}").results}
        assert ("telling/missing" in found, "silent/hasty" in found) == (not lacking,) * 2
        assert number != 1 or (lacking and "quotes" in found)
    # Once by the undivided run, and by each shard that has a document to ask for.
    having = len({next(n for n in range(1, 6) if Shard(n, 5).has(row.id)) for row in of_names})
    assert said.count("telling/missing on gold (ner): unavailable: ") == 1 + having


def test_a_shard_with_no_document_at_all_needs_no_backend() -> None:
    for name in ("telling/missing", "silent/gone"):
        BROKEN["gone"] = "gone"
        record = tried(3, name, "--gold", laid(1), status=3)
        assert only(record).status == "unavailable"
        (own,) = (n for n in range(1, 4) if Shard(n, 3).has("d0000"))
        for number in range(1, 4):
            shard = read(f"shards/{number:02}")
            assert [r.status for r in shard.results] == ["unavailable"] * (number == own)
        for folder in ("whole", "out", "shards"):
            shutil.rmtree(folder)


@pytest.mark.parametrize("problem", ["gone", "the weights are corrupt"])
def test_a_backend_that_one_shard_could_not_load(
    problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its documents there count as all-missed, as if each had failed; or nothing is written."""

    def breaking(number: int) -> None:
        BROKEN.update({"plain": problem} if number == 2 else {})

    gold, backends = laid(), ("telling/plain", "silent/hasty")
    folders = cut(*backends, "--gold", gold, n=3, during=breaking)
    # Broken for the third as well: nothing mended it.
    lost = {f"d{n:04}" for n in range(20) if not Shard(1, 3).has(f"d{n:04}")}
    capsys.readouterr()
    told = printed(capsys, ["merge", *folders, "--out", "out", "--require-complete"], 3)
    assert "not complete: shards/02 (telling/plain on gold, ner)" in told
    assert "shards/03 (telling/plain on gold, ner)" in told
    assert not Path("out").exists()
    assert main(["merge", *folders, "--out", "out"]) == 0
    assert "partial: shards/02 (telling/plain on gold, ner): " in capsys.readouterr().err
    record = read("out")
    plain, hasty = record.results
    assert (record.status, plain.status, hasty.status) == ("partial", "partial", "ok")
    assert (plain.documents, plain.failed) == (20, len(lost))
    assert {one.id for one in plain.failures} == lost
    assert all(one.error.startswith("shard ") for one in plain.failures)
    # The same documents without an answer, of which each failed by itself.
    rows = [
        replace(row, text=f"{row.text}FAULT") if row.id in lost else row for row in jsonl.read(gold)
    ]
    BROKEN.clear()
    jsonl.write("failing/gold.jsonl", rows)
    main(["run", "telling/plain", "--gold", "failing/gold.jsonl", "--out", "failed", *QUIET])
    failed = only(read("failed"))
    assert failed.failed == plain.failed
    counts = ("tp", "fp", "fn")
    for mode in ("strict", "partial"):
        assert [failed.scores[mode][n] for n in counts] == [plain.scores[mode][n] for n in counts]
    one, other = (
        [unit for unit in iter_units(result, folder) if unit.tally]
        for result, folder in ((failed, "failed"), (plain, "out"))
    )
    assert one == other


@pytest.mark.parametrize("backend", ["telling/plain", "silent/plain"])
def test_answers_that_nobody_can_count(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too entangled in one shard: the whole has no numbers either, for the same reason."""

    def events(gold: Sequence[object], *rest: object, **more: object) -> Iterator[Event]:
        if len(gold) == most:
            raise TooEntangled("too dense")
        return iter(counted(gold, *rest, **more))  # type: ignore[arg-type]

    counted = count.events
    gold = laid()
    most = max(len(row.annotations.entities or ()) for row in jsonl.read(gold))
    monkeypatch.setattr(count, "events", events)
    whole = undivided(backend, "--gold", gold, status=3)
    folders = cut(backend, "--gold", gold, n=3)
    assert {read(folder).status for folder in folders} == {"error", "success"}
    alone, put_together = only(read(whole)), only(read(merged(folders, status=3)))
    assert (alone.status, put_together.status) == ("failed", "failed")
    assert put_together.reason == alone.reason
    assert alone.reason is not None and alone.reason.endswith(": too dense")
    assert (put_together.signature, put_together.scores) == (None, {})


def test_a_backend_that_no_shard_could_load(capsys: pytest.CaptureFixture[str]) -> None:
    BROKEN["plain"] = "the weights are corrupt"
    gold = laid()
    whole = undivided("telling/plain", "oracle", "--gold", gold)
    folders = cut("telling/plain", "oracle", "--gold", gold, n=2)
    capsys.readouterr()
    told = printed(capsys, ["merge", *folders, "--out", "out", "--require-complete"], 3)
    assert "not complete: shards/01 (telling/plain on gold, ner): " in told
    assert not Path("out").exists()
    check_same(whole, merged(folders))


# Where answers come from


@pytest.mark.processes
def test_workers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.run.predictor.Worker", Worker)
    record = tried(2, "gazetteer", "quotes", "--gold", str(SEEDS))
    assert all(r.costs.shards[0].predict_seconds for r in record.results)


def test_answers_from_the_store() -> None:
    """A shard that was stopped goes on from there; of another all answers are old ones."""
    words = ("run", "gazetteer", "--gold", str(SEEDS), "--quiet", "--cache-dir", "store")
    for out in ("whole", "shards/1", "shards/1", "shards/2"):
        cut = ("--shard", f"{out[-1]}/2") if out != "whole" else ()
        assert main([*words, *cut, "--out", out]) == 0
        if out == "whole":
            shutil.rmtree("store")
    shards = [read(f"shards/{n}").results[0] for n in (1, 2)]
    assert shards[0].costs.replayed == shards[0].documents
    assert shards[1].costs.replayed == 0 < shards[1].documents
    out = merged(["shards"])
    assert only(read(out)).proof
    one, other = (replace(timeless(read(folder)), command=(), gold=()) for folder in ("whole", out))
    assert to_json(one) == to_json(other)
    assert only(read(out)).costs.replayed == shards[0].documents


def test_gold_behind_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    """It lies where it lay, from wherever the record is seen."""
    pytest.importorskip("fsspec", reason="the extra remote is not installed")
    url = Path(laid(6)).resolve().as_uri()
    record = tried(2, "oracle", "--gold", url)
    assert [one.path for one in record.gold] == [url]


# What the merged folder is good for


def test_shards_without_a_document_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Five documents lie in four of seven shards; one that gave no answer may have had some."""
    record = tried(7, "gazetteer", "--gold", str(SEEDS))
    capsys.readouterr()
    result = only(record)
    assert len(result.costs.shards) == 4
    assert "run in 7 shards, 3 of them without a document, " in printed(capsys, ["report", "out"])

    def said(*shards: str, failed: int = 0) -> str:
        own = [replace(result.costs.shards[0], shard=Shard.parse(one)) for one in shards]
        costs = replace(result.costs, shards=tuple(own))
        (line,) = (
            line
            for line in remarks([replace(result, costs=costs, failed=failed)])
            if "run in " in line
        )
        return line.partition("run in ")[2].partition(" documents/s")[0].rpartition(", ")[0]

    assert said("1/3", "2/3", "3/3") == "3 shards"
    assert said("1/2", "2/4", "4/4") == "3 shards"
    assert said("1/3", "3/3", failed=2) == "3 shards, 1 of them without an answer"
    assert said("1/3", "2/6") == "2 shards, and others without a document"


@pytest.mark.slow
def test_the_merged_run_goes_through_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    gold, backends = laid(30), ("telling/plain", "silent/hasty", "telling/odd")
    record = tried(3, *backends, "--gold", gold)
    capsys.readouterr()
    shown = printed(capsys, ["report", "out"])
    assert "run in 3 shards" in shown and "Shard" not in shown
    assert printed(capsys, ["compare", "out", "--resamples", "100"]).count("silent/hasty")
    told = in_json(capsys, ["compare", "whole", "out", "--backend", "telling/plain"])
    assert [one["verdict"] for one in told[0]["systems"]] == ["reference", "tie"]
    assert told[0]["systems"][1]["difference_interval"] == [0.0, 0.0]
    base = ["--baseline", "base.json"]
    printed(capsys, ["baseline", "accept", "whole", *base, "--yes"])
    for how in ([], ["--replay"]):
        told = in_json(capsys, ["check", "out", *base, "--resamples", "100", *how])
        assert told["status"] == 0 and told["checks"] > 3, told
    printed(capsys, ["baseline", "accept", "out", "--baseline", "merged.json", "--yes"])
    printed(capsys, ["history", "add", "out", "--history", "trend.jsonl"])
    predictions = record.results[0].predictions
    assert predictions is not None
    scored = in_json(
        capsys, ["score", "--gold", gold, "--pred", f"out/{predictions}", "--task", "ner"]
    )
    assert str(record.results[0].scores["strict"]["tp"]) in str(scored)
    # And merged once more into the same folder.
    told = printed(
        capsys, ["merge", "shards", "--out", "out", "--history", "trend.jsonl", "--json"]
    )
    assert told == Path("out/run.json").read_text("utf-8") == to_json(read("out"))
    assert timeless(read("out")) == timeless(replace(record, command=read("out").command))
