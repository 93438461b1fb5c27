"""Rankings and tables: what stands in which column, and that all verbs have one number for it."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import synthetic
from support import in_json, printed

from harness.adapter import Capabilities, Declaration
from harness.annotation import KINDS
from harness.cli.main import main
from harness.decide.compare import compare
from harness.results import stored
from harness.results.load import from_run
from harness.results.record import Result
from harness.stats.student import student_quantile
from harness.tasks.ner.options import MATCH_MODES, Match

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
QUICK = ["--resamples", "300"]


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase",
    ["look like ties", "smaller ones are ties", "median over pairs", "(?<!at least )as large"],
)
def test_no_table_says_what_is_not_so(phrase: str) -> None:
    """Smaller differences may be found as well; p counts differences at least as large."""
    for path in sorted((ROOT / "harness").rglob("*.py")):
        # Sentences go over several lines of source.
        text = re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
        assert not re.search(phrase, text), path


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The committed run, as a page of tables."""
    path = tmp_path_factory.mktemp("committed") / "page"
    with path.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        assert main(["report", str(ROOT / "results"), "--rankings", "--format", "github"]) == 0
    return path.read_text("utf-8")


def test_the_range_of_the_readers_is_no_interval(committed: str) -> None:
    rows = [line for line in committed.splitlines() if line.startswith("| three language-model")]
    assert rows
    head = next(line for line in committed.splitlines() if line.startswith("| backend"))
    place = [cell.strip() for cell in head.split("|")].index("95 % CI")
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        assert cells[place] == "–" and "mean of" in cells[1] and float(cells[place - 1]) <= 1
    found = re.findall(
        r"F1 from the lowest to the highest of \d+ pairs: [\d.]+ to [\d.]+", committed
    )
    assert len(found) == len(rows)
    # Whatever stands in the column is an interval or nothing.
    for line in committed.splitlines():
        if line.startswith("| ") and len(line.split("|")) == len(head.split("|")):
            cell = line.split("|")[place].strip()
            assert re.fullmatch(r"95 % CI|–|:?-+:?|\[[\d.]+, [\d.]+\]", cell), line


def test_what_can_be_seen_is_said_as_a_range_over_pairs(committed: str) -> None:
    said = r"finds a true difference of (\S+) to (\S+) F1 points with 80 % power(.*?)\."
    found = re.findall(said, committed)
    assert found
    for low, high, rest in found:
        assert float(low) < float(high) and rest.startswith(", by pair, after Holm's correction")


# --- what can be seen ----------------------------------------------------------------------------


@pytest.mark.parametrize("match", MATCH_MODES)
def test_detectable_differences_are_those_of_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], match: Match
) -> None:
    docs = synthetic.articles(20, seed=3)
    goldset = synthetic.gold(tmp_path, docs)
    shares = {"a": 0.9, "b": 0.85, "c": 0.5, "d": 0.8}
    backends = {
        name: synthetic.predict(docs, synthetic.skilled(share, 0.2), seed=n)
        for n, (name, share) in enumerate(shares.items())
    }
    folder = synthetic.run_folder(tmp_path / "run", goldset, backends, match=match)
    systems = {system.name: system for system in from_run(folder)}
    seen = []
    for one in systems:
        others = [name for name in systems if name != one]
        found = compare([systems[one], *(systems[name] for name in others)])
        assert found.pairs == 6 and found.match == match
        seen += [row.detectable for row in found.rows[1:] if row.detectable is not None]
    assert len(seen) == 12
    low, high = f"{100 * min(seen):.1f}", f"{100 * max(seen):.1f}"
    text = " ".join(printed(capsys, ["report", str(folder), "--rankings"]).split())
    assert (
        f"harness compare finds a true difference of {low} to {high} F1 points with 80 % power, "
        "by pair, after Holm's correction over 6 pairs"
    ) in text
    # The row has the interval and the score of compare.
    for row in compare(list(systems.values())).rows:
        assert row.interval.bounds is not None and row.score is not None
        low, high = (f"{end:.3f}" for end in row.interval.bounds)
        assert f"{row.score:.3f} [{low}, {high}]" in text


def test_detectable_differences_by_hand(tmp_path: Path) -> None:
    """(t of the level + t of the power) standard errors; the level is Holm's for this pair."""
    docs = synthetic.grid([[["PER"] * 8]] * 20)
    goldset = synthetic.gold(tmp_path, docs)
    backends = {
        "a": synthetic.keeping(docs, lambda number, place: place < 7 - number % 2),
        "b": synthetic.keeping(docs, lambda number, place: place < 7 - number % 3),
        "c": synthetic.keeping(docs, lambda number, place: place < 2),
    }
    found = compare(synthetic.systems_of(goldset, backends))
    assert [row.verdict for row in found.rows] == ["reference", "tie", "worse"]
    b, c = found.rows[1:]
    # a - b is the only tie of the three, and had nothing else to pass; c loses every document
    # against both, so that both p are 2 / 2^20, and a - c comes first.
    assert c.test is not None and c.test.p_value == pytest.approx(2 / 2**20)
    for row, factor in ((b, 1), (c, 3)):
        assert row.paired is not None and row.paired.standard_error is not None
        degrees = row.paired.degrees
        assert 18 < degrees <= 19  # 20 documents of nearly one weight, one stratum.
        reach = student_quantile(1 - 0.025 / factor, degrees) + student_quantile(0.8, degrees)
        assert row.detectable == pytest.approx(reach * row.paired.standard_error)


def test_what_the_committed_run_compares(capsys: pytest.CaptureFixture[str]) -> None:
    """All pairs of the real backends: the range in the ranking is that of compare."""
    folder = ROOT / "results"
    golds = {r.gold for r in stored.read(folder).results if r.task == "attribution"}
    for gold in sorted(golds):
        systems = [
            s
            for s in from_run(folder)
            if (s.gold, s.task) == (gold, "attribution") and not s.sanity
        ]
        if len(systems) < 2:
            continue
        seen = []
        for one, two in combinations(range(len(systems)), 2):
            rest = [s for n, s in enumerate(systems) if n not in (one, two)]
            row = compare([systems[one], systems[two], *rest], resamples=10_000).rows[1]
            seen += [] if row.detectable is None else [row.detectable]
        text = " ".join(printed(capsys, ["report", str(folder), "--rankings"]).split())
        low, high = f"{100 * min(seen):.1f}", f"{100 * max(seen):.1f}"
        span = low if low == high else f"{low} to {high}"
        assert f"finds a true difference of {span} F1 points" in text


# --- kinds of attributions -----------------------------------------------------------------------


KINDS_SAID: dict[str, Any] = {
    "all indirect": lambda number, place: "indirect",
    "some wrong": lambda number, place: ("direct", "mixed", None, "direct")[(number + place) % 4],
    "none": lambda number, place: None,
    "all right": lambda number, place: "direct",
}


@pytest.mark.parametrize("name", KINDS_SAID)
def test_kinds_have_the_numbers_of_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    docs, said = synthetic.kinds(9, KINDS_SAID[name])
    goldset = synthetic.gold(tmp_path, docs)
    paths = synthetic.saved(tmp_path, {"gold": docs, "said": said})
    asked = ["--gold", str(goldset.path), "--task", "attribution"]
    text = printed(capsys, ["score", "--pred", paths[1], *asked, "--format", "github"])
    blocks = in_json(capsys, ["score", "--pred", paths[1], *asked])["kinds"]
    for kind in KINDS:
        (line,) = [one for one in text.splitlines() if one.startswith(f"| kind: {kind} ")]
        shown = dict(zip(("precision", "recall", "f1"), line.split("|")[3:6], strict=True))
        for metric, cell in shown.items():
            command = ["compare", *paths, *asked, "--part", kind, "--metric", metric, *QUICK]
            (value,) = in_json(capsys, command)
            row = value["systems"][1]
            expected = blocks[kind][metric]
            assert row["score"] == (None if expected is None else pytest.approx(expected))
            assert (cell.strip() == "–") == (expected is None)
            if expected is None:
                assert row["verdict"] == "undefined" and row["p"] is None
                table = printed(capsys, [*command, "--flips", "0", "--format", "github"])
                (line,) = [one for one in table.splitlines() if one.startswith("| said")][:1]
                assert line.split("|")[2].strip() == "–"


def test_kinds_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Recall by the kind in the gold, precision by that which was said; all of it was found."""
    docs, said = synthetic.kinds(8, lambda _, place: ("direct", "direct", "mixed", None)[place])
    goldset = synthetic.gold(tmp_path, docs)
    (path,) = synthetic.saved(tmp_path, {"said": said})
    asked = ["--gold", str(goldset.path), "--task", "attribution"]
    kinds = in_json(capsys, ["score", "--pred", path, *asked])["kinds"]
    rates = ("precision", "recall", "f1")
    assert [kinds["direct"][rate] for rate in rates] == [1.0, 0.75, pytest.approx(6 / 7)]
    # What was called mixed is right as a finding, and no gold relation is mixed.
    assert [kinds["mixed"][rate] for rate in rates] == [1.0, None, None]
    assert [kinds["indirect"][rate] for rate in rates] == [None, None, None]


@pytest.mark.parametrize("part", ["speaker", "triple", "indirect"])
def test_what_a_backend_cannot_give_is_undefined_as_headline_too(tmp_path: Path, part: str) -> None:
    """By part it is –; asked for with --part it is 0.000 and `worse`."""
    docs = synthetic.speeches(20, seed=2)
    if part == "indirect":
        docs, _ = synthetic.kinds(20, lambda *_: None)
        docs = [
            replace(d, annotations=replace(d.annotations, attributions=tuple(
                replace(a, kind="indirect") for a in d.annotations.attributions or ())))
            for d in docs
        ]  # fmt: skip
    goldset = synthetic.gold(tmp_path, docs)
    bare = [
        replace(d, text=None, annotations=replace(d.annotations, attributions=tuple(
            replace(a, cue=None, speaker=None)
            for a in d.annotations.attributions or () if part != "indirect")))
        for d in docs
    ]  # fmt: skip
    full, cut = synthetic.systems_of(goldset, {"full": docs, "bare": bare}, "attribution")
    able = Capabilities(cues=False, speakers=False, indirect=False)
    declared = Declaration("bare", ("attribution",), "x", capabilities=able)
    result = Result("bare", "planted", "attribution", "ok", declaration=declared)
    cut = replace(cut, result=result)
    by_part = {row.part: row for row in compare([full, cut], resamples=50).parts}
    assert by_part[part].scores["bare"] is None  # That much holds.
    row = compare([full, cut], part=part, resamples=50).rows[1]
    assert row.score is None and row.verdict == "undefined"


def test_speakers_that_no_gold_has_are_undefined_in_both(tmp_path: Path) -> None:
    docs = synthetic.speeches(10, seed=1)
    silent = [
        replace(d, annotations=replace(d.annotations, attributions=tuple(
            replace(a, speaker=None) for a in d.annotations.attributions or ())))
        for d in docs
    ]  # fmt: skip
    goldset = synthetic.gold(tmp_path, silent)
    said = [replace(d, text=None) for d in docs]
    (system,) = synthetic.systems_of(goldset, {"x": said}, "attribution")
    assert system.score.speaker.f1 is None
    assert compare([system], part="speaker", resamples=50).rows[0].score is None
