"""Averages over types: which enter, on resamples too, and one number on every way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import synthetic
from support import in_json, printed

from harness.annotation import Annotations, Record
from harness.decide import baseline as baselines
from harness.decide.compare import compare
from harness.decide.gate.check import check
from harness.decide.rules import parse_rules
from harness.gold.loading import load_goldset
from harness.results.load import from_run
from harness.results.save import write_run
from harness.stats.resample import Resampler
from harness.stats.student import normal_tail
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.parts import parts
from harness.tasks.parts import Matrix

QUICK = ["--resamples", "300"]
RARE = {2: "LAW", 9: "WORK_OF_ART", 17: "EVENT"}


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One type in every document, and three of one mention each; a run of three backends."""
    folder = tmp_path_factory.mktemp("rare")
    docs = synthetic.grid([[["PERSON"] * 4 + [*filter(None, [RARE.get(n)])]] for n in range(24)])
    goldset = synthetic.gold(folder, docs, schema="ontonotes5")
    no_law = synthetic.keeping(docs, lambda number, place: place < 4 or RARE[number] != "LAW")
    wild = [
        Record(r.id, None, Annotations(tuple(
            e._replace(label="DATE") if n % 8 == 0 and e.label == "PERSON" else e
            for e in r.annotations.entities or ())))
        for n, r in enumerate(no_law)
    ]  # fmt: skip
    backends = {"perfect": docs, "nolaw": no_law, "wild": wild}
    synthetic.saved(folder, backends)
    synthetic.run_folder(folder / "run", goldset, backends)
    return folder


def asking(folder: Path) -> list[str]:
    return ["--gold", str(folder / "planted"), "--task", "ner"]


def test_a_type_that_a_resample_lacks_leaves_its_mean(
    rare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", str(rare / "run"), *asking(rare), "--part", "macro", *QUICK]
    (value,) = in_json(capsys, command)
    perfect, no_law, wild = value["systems"]
    assert (perfect["score"], perfect["interval"]) == (1.0, [1.0, 1.0])
    assert no_law["score"] == pytest.approx(3 / 4)
    assert no_law["interval"][1] > no_law["score"] + 0.05
    # PERSON: 84 of 96 found, and all 84 right.
    assert wild["score"] == pytest.approx((2 * 84 / (84 + 96) + 0 + 1 + 1) / 4)
    assert value["types"] == ["PERSON", "EVENT", "LAW", "WORK_OF_ART"]


def test_the_interval_of_a_macro_average_by_hand(rare: Path) -> None:
    """Resample by resample: the mean of the F1 of those types that it holds."""
    goldset = load_goldset(rare / "planted")
    docs = goldset.read_all()
    answers = synthetic.keeping(
        docs, lambda number, place: place < 4 - number % 3 or RARE.get(number) == "WORK_OF_ART"
    )
    (system,) = synthetic.systems_of(goldset, {"x": answers})
    row = compare([system], part="macro", resamples=400, seed=5).rows[0]
    resampler = Resampler(range(24), resamples=400, seed=5)
    weights = resampler.sums(np.eye(24))  # How often each document is drawn.
    values = []
    for drawn in weights:
        rates = []
        for label in ("PERSON", "LAW", "WORK_OF_ART", "EVENT"):
            right = gold = 0.0
            for times, doc, said in zip(drawn, docs, answers, strict=True):
                is_gold = {e for e in doc.annotations.entities or () if e.label == label}
                gold += times * len(is_gold)
                right += times * len(is_gold & set(said.annotations.entities or ()))
            if gold:
                rates.append(2 * right / (right + gold))
        values.append(sum(rates) / len(rates))
    tail = normal_tail(0.025, row.interval.degrees)
    expected = np.quantile(values, [tail, 1 - tail])
    assert row.interval.bounds == pytest.approx(tuple(expected))


def test_score_compare_choose_and_gate_have_one_macro_average(
    rare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (compared,) = in_json(
        capsys, ["compare", str(rare / "run"), *asking(rare), "--part", "macro", *QUICK]
    )
    by_compare = {row["name"]: row["score"] for row in compared["systems"]}
    more = ["--types", "macro", *QUICK]
    (choice,) = in_json(capsys, ["choose", str(rare / "run"), *asking(rare), *more])["choices"]
    by_choose = {one["name"]: one["quality"] for one in choice["candidates"]}
    intervals = {one["name"]: one["interval"] for one in choice["candidates"]}
    # choose draws with the seed of the run, compare with its own: both are 0.
    assert intervals == {row["name"]: row["interval"] for row in compared["systems"]}
    by_score = {
        name: in_json(capsys, ["score", "--pred", str(rare / f"{name}.jsonl"), *asking(rare)])
        for name in by_compare
    }
    goldset = load_goldset(rare / "planted")
    systems = from_run(rare / "run")
    record = write_run(rare / "again", systems, [goldset])
    rules = parse_rules({"rule": [{"type": "macro", "floor": 0.1, "max_drop": 1}]}, source="r")
    accepted = baselines.accepted(systems, record)
    report = check(record, systems, accepted, rules, resamples=200, power=False)
    by_gate = {verdict.backend: verdict.current for verdict in report.verdicts}
    for name, score in by_compare.items():
        assert by_choose[name] == by_gate[name] == pytest.approx(score)
        assert by_score[name]["macro"]["f1"] == pytest.approx(score)


def test_notes_tell_what_averages_go_over_and_what_they_leave_out(
    rare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"PERSON", "EVENT", "LAW", "WORK_OF_ART"}
    text = printed(capsys, ["score", "--pred", str(rare / "wild.jsonl"), *asking(rare)])
    (line,) = [line for line in text.splitlines() if "the mean over" in line]
    assert set(line.partition("the mean over ")[2].split(", ")) == there
    assert "predicted, but never in the gold, and in no average but micro: DATE (12)" in text
    base = ["compare", str(rare / "run"), *asking(rare), *QUICK, "--flips", "0"]
    for more in ([], ["--part", "macro"], ["--part", "PERSON"]):
        text = printed(capsys, [*base, *more])
        assert "wild: predicted, but never in the gold: DATE (12)" in text
        assert text.count("never in the gold") == 1
        assert ("macro: the mean over PERSON, EVENT, LAW, WORK_OF_ART" in text) == ("macro" in more)
    more = ["--types", "macro", *QUICK]
    text = printed(capsys, ["choose", str(rare / "run"), *asking(rare), *more])
    assert (
        "macro: the mean over PERSON, EVENT, LAW, WORK_OF_ART (the types that the gold has)" in text
    )
    assert "DATE" not in text.partition("macro: the mean over")[2].splitlines()[0]


def test_what_is_never_predicted_has_a_precision_of_0_in_the_mean(tmp_path: Path) -> None:
    """As the scorer has it, whose averages treat undefined as 0."""
    docs = synthetic.grid([[["PER", "ORG"]]] * 8)
    people = synthetic.keeping(docs, lambda _, place: place == 0)
    (system,) = synthetic.systems_of(synthetic.gold(tmp_path, docs), {"x": people})
    row = compare([system], part="macro", metric="precision", resamples=50).rows[0]
    assert row.score == 0.5 == system.score.macro.precision


def test_so_it_has_where_there_is_one_type_only(tmp_path: Path) -> None:
    """score: macro P = 0; compare --part macro --metric precision: undefined."""
    docs = synthetic.grid([[["PER", "PER"]]] * 8)
    silent = synthetic.keeping(docs, lambda *_: False)
    (system,) = synthetic.systems_of(synthetic.gold(tmp_path, docs), {"x": silent})
    assert system.score.macro.precision == 0.0
    row = compare([system], part="macro", metric="precision", resamples=50).rows[0]
    assert row.score == 0.0


def test_a_mean_over_no_type_is_undefined() -> None:
    _, macro = parts({}, NerOptions())
    assert Matrix([]).counts(macro).value is None


def test_types_that_are_one_in_another_schema_count_once(
    rare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["choose", str(rare / "run"), *asking(rare), *QUICK, "--schema", "conll03"]
    by_name = {}
    for types in ("MISC", "LAW,EVENT", "EVENT,LAW,WORK_OF_ART,MISC"):
        (choice,) = in_json(capsys, [*command, "--types", types])["choices"]
        assert choice["types"] == ["MISC"] and choice["part"] == "MISC"
        for one in choice["candidates"]:
            assert by_name.setdefault(one["name"], one["quality"]) == one["quality"]
    assert by_name["nolaw"] == pytest.approx(2 * 2 / (2 + 3))
