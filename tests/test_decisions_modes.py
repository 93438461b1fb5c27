"""Match modes, averages and wished types: score, compare and choose have the same numbers."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic
from support import in_json, printed

from harness.annotation import Annotations, Entity, Record
from harness.decide.choose import choose
from harness.decide.compare import compare
from harness.decide.constraints import Constraints
from harness.gold.loading import load_goldset
from harness.labels.meeting import meet
from harness.report.remarks import remarks
from harness.results.count import Count
from harness.results.record import Result
from harness.results.settle import LabelMapping
from harness.tasks.ner.options import MATCH_MODES, Match, NerOptions
from harness.tasks.registry import task_named

pytestmark = pytest.mark.slow

QUICK = ["--resamples", "300"]


def asking(folder: Path) -> list[str]:
    return ["--gold", str(folder / "planted"), "--task", "ner"]


# --- match modes -------------------------------------------------------------------------------

# What a backend may say of a mention: its label or another, its span or one end less, or nothing.
SLIPS = ("right", "right", "label", "edge", "both", "missed", "twin")


def slipping(docs: list[Record], seed: int) -> tuple[list[Record], list[tuple[str, str, str]]]:
    """Answers with known slips, and each as (label in the gold, label said, kind of slip)."""
    rng = random.Random(seed)
    cells, out = [], []
    for record in docs:
        entities = []
        for one in record.annotations.entities or ():
            slip = rng.choice(SLIPS)
            other = rng.choice(
                [label for label in (*synthetic.LABELS, "MISC") if label != one.label]
            )
            said = other if slip in ("label", "both") else one.label
            if slip == "twin":  # What was missed, and a mention where nothing is.
                entities.append(Entity(one.end + 1, one.end + 4, said))
                cells.append(("", said, "spurious"))
                slip = "missed"
            if slip != "missed":
                short = slip in ("edge", "both")
                entities.append(Entity(one.start, one.end - short, said))
            cells.append((one.label, "" if slip == "missed" else said, slip))
        out.append(Record(record.id, None, Annotations(tuple(entities))))
    return out, cells


def by_hand(cells: list[tuple[str, str, str]], match: Match) -> dict[str, dict[str, Any]]:
    """TP, what is predicted and what is gold by type, from the definitions of the modes."""
    credit = {
        "strict": {"right": 1.0},
        "exact": {"right": 1.0, "label": 1.0},
        "partial": {"right": 1.0, "label": 1.0, "edge": 0.5, "both": 0.5},
        "type": {"right": 1.0, "edge": 1.0},
    }[match]
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for gold, said, slip in cells:
        blind = match in ("exact", "partial") and gold and said
        if gold:
            counts[gold]["gold"] += 1
            counts[gold]["tp"] += credit.get(slip, 0.0)
        if said:
            counts[gold if blind else said]["predicted"] += 1
    counts["micro"] = {
        key: sum(one[key] for one in counts.values()) for key in ("gold", "tp", "predicted")
    }
    return {label: rated(**{k: one[k] for k in ("tp", "predicted", "gold")})
            for label, one in counts.items()}  # fmt: skip


def rated(tp: float, predicted: float, gold: float) -> dict[str, Any]:
    precision = tp / predicted if predicted else None
    recall = tp / gold if gold else None
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else 0.0
    if precision is None and recall is None:
        f1 = None  # type: ignore[assignment]
    return {
        "precision": precision, "recall": recall, "f1": f1,
        "tp": tp, "fp": predicted - tp, "fn": gold - tp, "support": gold,
    }  # fmt: skip


@pytest.fixture(scope="module")
def slips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str, str]]]:
    folder = tmp_path_factory.mktemp("slips")
    rng = random.Random(7)
    docs = synthetic.grid([[rng.choices(synthetic.LABELS, k=7)] for _ in range(14)])
    goldset = synthetic.gold(folder, docs, schema="conll03")
    answers, cells = slipping(docs, 3)
    second, _ = slipping(docs, 4)
    synthetic.saved(folder, {"a": answers, "b": second})
    for match in MATCH_MODES:
        synthetic.run_folder(folder / match, goldset, {"a": answers, "b": second}, match=match)
    return folder, cells


def approx(expected: Any) -> Any:
    return None if expected is None else pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("match", MATCH_MODES)
def test_types_of_every_mode_by_hand(
    slips: tuple[Path, list[tuple[str, str, str]]],
    capsys: pytest.CaptureFixture[str],
    match: Match,
) -> None:
    folder, cells = slips
    hand = by_hand(cells, match)
    asked = ["--gold", str(folder / "planted"), "--task", "ner"]
    value = in_json(capsys, ["score", "--pred", str(folder / "a.jsonl"), *asked, "--match", match])
    blocks = {**value["types"], "micro": value["micro"]}
    for label, expected in hand.items():
        for key, number in expected.items():
            assert blocks[label][key] == approx(number), (label, key)
    for block in blocks.values():
        assert all(block[rate] is None or 0 <= block[rate] <= 1 for rate in ("precision", "recall"))
        assert min(block["tp"], block["fp"], block["fn"]) >= 0
        assert block["tp"] + block["fp"] == block["predicted"]
        assert block["tp"] + block["fn"] == block["support"]
    for key in ("tp", "fp", "fn", "support", "predicted", "cor", "inc", "par", "mis", "spu"):
        assert sum(block[key] for block in value["types"].values()) == value["micro"][key]
    weights = {label: hand[label]["support"] for label in synthetic.LABELS}
    for rate in ("precision", "recall", "f1"):
        known = {label: hand[label][rate] or 0.0 for label in weights}
        assert value["macro"][rate] == approx(sum(known.values()) / 3)
        mean = sum(known[label] * n for label, n in weights.items()) / sum(weights.values())
        assert value["weighted"][rate] == approx(mean)
    assert value["macro"]["types"] == sorted(weights)
    assert value["weighted"]["recall"] == approx(value["micro"]["recall"])


@pytest.mark.parametrize("match", MATCH_MODES)
@pytest.mark.parametrize("part", ["micro", "macro", "PER", "LOC"])
def test_compare_and_choose_have_the_numbers_of_score(
    slips: tuple[Path, list[tuple[str, str, str]]],
    capsys: pytest.CaptureFixture[str],
    match: Match,
    part: str,
) -> None:
    folder, _ = slips
    asked = ["--gold", str(folder / "planted"), "--task", "ner"]
    paths = [str(folder / f"{name}.jsonl") for name in "ab"]
    scores = {}
    for name, path in zip("ab", paths, strict=True):
        value = in_json(capsys, ["score", "--pred", path, *asked, "--match", match])
        scores[name] = value[part] if part in value else value["types"][part]
    told_by_compare = []
    for given in ([*paths, "--match", match], [str(folder / match)]):
        for metric in ("precision", "recall", "f1"):
            more = ["--part", part, "--metric", metric, *QUICK]
            (found,) = in_json(capsys, ["compare", *given, *asked, *more])
            assert found["match"] == match
            for row in found["systems"]:
                assert row["score"] == approx(scores[row["name"]][metric])
            told_by_compare.append([(row["p"], row["exact"]) for row in found["systems"]])
    # The run and the files are the same question.
    assert told_by_compare[:3] == told_by_compare[3:]
    more = ["--types", part, *QUICK]
    (choice,) = in_json(capsys, ["choose", str(folder / match), *asked, *more])["choices"]
    for one in choice["candidates"]:
        for key, metric in (("precision", "precision"), ("recall", "recall"), ("quality", "f1")):
            assert one[key] == approx(scores[one["name"]][metric])


@pytest.mark.parametrize(
    ("match", "ceiling", "said"),
    [
        ("strict", 0.75, "recall cannot pass 0.750"),
        ("type", 0.75, "recall cannot pass 0.750"),
        ("exact", 1.0, "which costs no recall where labels do not count"),
        ("partial", 1.0, "which costs no recall where labels do not count"),
    ],
)
def test_the_ceiling_of_recall_follows_the_mode(
    tmp_path: Path, match: Match, ceiling: float, said: str
) -> None:
    docs = synthetic.grid([[["PER", "ORG", "LOC", "LOC"]]] * 8)
    goldset = load_goldset(synthetic.gold(tmp_path, docs).path, schema="conll03")
    mapping = LabelMapping(meeting=meet("conll03", "conll03"))
    count = Count(task_named("ner"), NerOptions(match=match), goldset, mapping)
    caveats = count.caveats(("PER", "LOC"))
    assert caveats.cannot_produce == ("ORG",) and caveats.ceiling_recall == ceiling
    result = replace(Result("x", "planted", "ner", "ok"), **caveats.fields())
    assert remarks([result])[0] == f"x: cannot produce ORG; {said}"
    # And the ceiling is what a backend reaches that gives all others right.
    other = {"PER": "PER", "LOC": "LOC", "ORG": "LOC"}
    answers = [
        Record(d.id, None, Annotations(tuple(
            e._replace(label=other[e.label]) for e in d.annotations.entities or ())))
        for d in docs
    ]  # fmt: skip
    (system,) = synthetic.systems_of(goldset, {"x": answers}, match=match)
    assert compare([system], metric="recall", resamples=50).rows[0].score == ceiling


# --- wished types ------------------------------------------------------------------------------


def test_types_pool_and_duplicates_collapse(
    slips: tuple[Path, list[tuple[str, str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, cells = slips
    hand = by_hand(cells, "strict")
    base = ["choose", str(folder / "strict"), *asking(folder), *QUICK]
    pooled = [hand["PER"], hand["LOC"]]
    tp, fp, fn = (sum(one[key] for one in pooled) for key in ("tp", "fp", "fn"))
    for types in ("PER,LOC", "LOC, PER", "PER,LOC,PER", "PER,,LOC,"):
        (choice,) = in_json(capsys, [*base, "--types", types])["choices"]
        one = next(c for c in choice["candidates"] if c["name"] == "a")
        assert one["precision"] == pytest.approx(tp / (tp + fp))
        assert one["recall"] == pytest.approx(tp / (tp + fn))
        assert one["quality"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
        assert sorted(choice["types"]) == ["LOC", "PER"]
    for types in ("micro", "micro,micro"):
        (choice,) = in_json(capsys, [*base, "--types", types])["choices"]
        one = next(c for c in choice["candidates"] if c["name"] == "a")
        assert one["quality"] == pytest.approx(hand["micro"]["f1"])


@pytest.mark.parametrize("weights", [(2.0, 1.0), (1.0, 3.0), (0.5, 2.0), (1.0, 0.0), (0.0, 1.0)])
def test_weights_by_hand(
    slips: tuple[Path, list[tuple[str, str, str]]],
    capsys: pytest.CaptureFixture[str],
    weights: tuple[float, float],
) -> None:
    """(a + b) / (a / P + b / R), of one type and of the mean over all."""
    folder, cells = slips
    hand = by_hand(cells, "strict")
    first, second = weights

    def f(block: dict[str, Any]) -> float:
        return (first + second) / (first / block["precision"] + second / block["recall"])

    base = ["choose", str(folder / "strict"), *asking(folder), *QUICK]
    base += ["--weight", f"precision={first}", "--weight", f"recall={second}"]
    mean = sum(f(hand[label]) for label in synthetic.LABELS) / 3
    for types, expected in (("ORG", f(hand["ORG"])), ("micro", f(hand["micro"])), ("macro", mean)):
        (choice,) = in_json(capsys, [*base, "--types", types])["choices"]
        one = next(c for c in choice["candidates"] if c["name"] == "a")
        assert one["quality"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ("macro,PER", "macro is over all types already; name it alone, or the types alone, not "
         "together with PER"),
        ("PER,macro", "not together with PER"),
        ("micro,PER,ORG", "micro is over all types already"),
        ("macro,micro", "macro is over all types already"),
        ("macro,PERS", "Did you mean 'PER'"),
        ("Macro", "Did you mean 'macro'"),
    ],
)  # fmt: skip
def test_averages_stand_alone(
    slips: tuple[Path, list[tuple[str, str, str]]],
    capsys: pytest.CaptureFixture[str],
    types: str,
    said: str,
) -> None:
    folder, _ = slips
    base = ["choose", str(folder / "strict"), *asking(folder), *QUICK, "--types", types]
    text = printed(capsys, base, status=2)
    assert said in text and "Traceback" not in text and text.count("\n") <= 2


@pytest.mark.parametrize("match", ["exact", "partial"])
def test_where_labels_do_not_count_no_type_is_never_given(tmp_path: Path, match: Match) -> None:
    """All ORG are found, under another label: P = R = F1 = 1, and `never gives ORG`."""
    docs = synthetic.grid([[["PER", "ORG"] * 2]] * 10)
    people = [
        replace(d, text=None, annotations=Annotations(tuple(
            e._replace(label="PER") for e in d.annotations.entities or ())))
        for d in docs
    ]  # fmt: skip
    goldset = synthetic.gold(tmp_path, docs)
    systems = synthetic.systems_of(goldset, {"people": people, "all": docs}, match=match)
    choice = choose(systems, Constraints(task="ner", parts=("ORG",)), resamples=50)
    assert [one.quality for one in choice.candidates] == [1.0, 1.0]
    assert all(one.qualifies for one in choice.candidates)


def test_a_rate_that_weighs_nothing_does_not_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All direct speech is found and called indirect: its recall is 1, its precision undefined."""
    docs, said = synthetic.kinds(10, lambda *_: "indirect")
    goldset = synthetic.gold(tmp_path, docs)
    run = synthetic.run_folder(tmp_path / "run", goldset, {"x": said}, "attribution")
    command = ["choose", str(run), "--task", "attribution", "--part", "direct", *QUICK]
    (choice,) = in_json(capsys, [*command, "--weight", "precision=0"])["choices"]
    (one,) = choice["candidates"]
    assert one["recall"] == 1.0 and one["quality"] == 1.0
