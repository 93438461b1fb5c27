"""`harness stress`: differences by hand, each text asked once, records, the gate, the figure."""

from __future__ import annotations

import html
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pages import panel_titles
from support import BACKENDS, in_json, printed

from harness.cli.main import main
from harness.decide.ranking import rankings
from harness.decide.stress.families import families_of, strays_of
from harness.decide.stress.moves import missed_where_moved
from harness.decide.stress.stress import stresses
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.gold.perturbing import GONE
from harness.registry import BackendSpec
from harness.report.figures.stress import stress_chart
from harness.report.page import perturbed
from harness.report.stress import lost_lines, stress_tables
from harness.results.finder import GoldFinder
from harness.results.gold_record import gold_record
from harness.results.load import from_run, read_run
from harness.results.outcomes import Mention, Outcomes
from harness.run.options import RunOptions
from harness.run.predictor import Predictor
from harness.run.stress import applied_from, stress_run

pytestmark = pytest.mark.processes

# Nine documents, so that they are the units; three names in each.
TEXTS = {f"d{n}": f"Ada of Riga met Bo{n}.\nIt rained on {n}0 people." for n in range(9)}
GOOD = ("planted/good",)


@pytest.fixture
def stressed(
    planted: Path, log: Callable[[], list[str]], make_gold: Callable[..., GoldSet], tmp_path: Path
) -> Callable[..., Path]:
    """Runs backends on perturbed texts; returns the folder of the record."""

    def run(*backends: str, perturb: tuple[str, ...], out: str = "out", store: bool = True) -> Path:
        cache = tmp_path / "store" if store else None
        options = RunOptions(out=tmp_path / out, cache=cache)
        specs = [BackendSpec.parse(one) for one in backends]
        stress_run(specs, [make_gold(TEXTS)], applied_from(perturb), options)
        return tmp_path / out

    return run


def test_differences_are_those_that_one_counts_by_hand(stressed: Callable[..., Path]) -> None:
    """It marks words with a capital. Gold are Ada, Riga, Bo and It, all of which it finds.

    In lower case it finds none of four: F1 0. In capitals it marks nine words (ADA OF RIGA MET BO1
    IT RAINED ON PEOPLE), of which four are right: precision 4/9, recall 1, F1 8/13.
    """
    folder = stressed(*GOOD, perturb=("identity", "lower", "upper", "typos:0.05"))
    (found,) = stresses(*read_run(folder))
    rows = {row.called: row for row in found.rows}
    assert list(rows) == ["identity", "lower", "upper", "typos 0.05"]
    assert found.f1 == 1.0

    identity = rows["identity"]
    assert identity.row is not None and identity.row.difference == 0.0
    assert (identity.verdict, identity.changed, identity.lost) == ("same", 0, ())
    assert identity.row.paired is not None and identity.row.paired.bounds == (0.0, 0.0)

    lower, upper = rows["lower"], rows["upper"]
    assert lower.row is not None and upper.row is not None
    assert lower.row.difference == -1.0 and (lower.changed, lower.verdict) == (9, "worse")
    assert upper.row.difference == pytest.approx(8 / 13 - 1)
    assert found.worst is lower
    # By Holm's correction over the two or three that differ; each of 2^9 swaps is as likely.
    assert lower.row.test is not None and lower.row.test.p_value == 2 / 2**9
    assert lower.row.adjusted is not None and lower.row.adjusted >= 4 / 2**9

    assert lower.lost is not None and len(lower.lost) == 36 and upper.lost == ()
    first = lower.lost[0]
    assert first.text == ("", "Ada", " of Riga met Bo0. It rained on 00 people…")
    assert first.perturbed == ("", "ada", " of riga met bo0. it rained on 00 people…")
    mention, by = found.most_lost()[0]
    assert by[0][0] is lower and mention.document.startswith("d")


def test_each_text_is_asked_about_once_and_a_second_run_asks_nobody(
    stressed: Callable[..., Path], log: Callable[[], list[str]]
) -> None:
    folder = stressed(*GOOD, perturb=("identity", "lower", "quotes-curly"))
    assert len(log()) == 2 * len(TEXTS)  # As they are, and in lower case: the others change none.
    record, _ = read_run(folder)
    assert [one.name for one in record.gold] == [
        "tiny", "tiny~identity", "tiny~lower", "tiny~quotes-curly",
    ]  # fmt: skip
    assert {one.costs.replayed for one in record.results} == {0}
    again, _ = read_run(stressed(*GOOD, perturb=("identity", "lower"), out="again"))
    assert len(log()) == 2 * len(TEXTS)
    assert {one.costs.replayed for one in again.results} == {9}


def test_each_backend_is_loaded_once_and_what_it_cannot_answer_is_not_tried_again(
    planted: Path,
    log: Callable[[], list[str]],
    make_gold: Callable[..., GoldSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a store as well, and where the loaded model alone can say which it is."""
    starts = []
    start = Predictor._start_worker

    def counted(self: Predictor) -> object:
        starts.append(self)
        return start(self)

    monkeypatch.setattr(Predictor, "_start_worker", counted)
    gold = make_gold({"a": "Ada left.", "b": "FAULT in Riga."})
    specs = [BackendSpec.parse(one) for one in ("planted/raises", "planted/no-identity")]
    options = RunOptions(out=tmp_path / "out")
    record = stress_run(specs, [gold], applied_from(["identity", "truncated:0.5"]), options)
    assert len(log()) == 4 and len(starts) == 2
    assert {one.status for one in record.results if one.backend == "planted/raises"} == {"partial"}
    found = {one.backend: one for one in stresses(*read_run(tmp_path / "out"))}
    row = found["planted/raises"].rows[0]
    assert (row.failed, row.verdict) == (1, "same")


def test_a_replay_counts_the_same(stressed: Callable[..., Path]) -> None:
    folder = stressed(*GOOD, perturb=("lower", "paragraphs-joined", "typos:0.1"))
    scored = from_run(folder)
    again = from_run(folder, replay=True)
    assert [one.f1 for one in again] == [one.f1 for one in scored]
    assert [tuple(one.units) for one in again] == [tuple(one.units) for one in scored]
    # Joined into one paragraph, each text has the two units that it had.
    assert len({tuple(one.units) for one in scored}) == 1


def test_missing_units_are_left_out_on_both_sides(stressed: Callable[..., Path]) -> None:
    """Of two lines the second is cut off: three names are left, and F1 is 1 on these.

    Every count that is left is the same: that is known, and only `lower` is tested.
    """
    folder = stressed(*GOOD, perturb=("truncated:0.5", "lower"))
    (found,) = stresses(*read_run(folder))
    row, _ = found.rows
    assert (row.verdict, found.tests) == ("same", 1)
    assert row.row is not None and row.row.adjusted is None
    assert (row.left_out, row.gone) == (9, 9)
    assert row.row is not None and (row.reference, row.row.difference) == (1.0, 0.0)
    assert row.lost == ()
    # Of annotations of other tasks its table says nothing.
    record, _ = read_run(folder)
    losses = {f"{GONE} (entities)": 9, f"{GONE} (attributions)": 4}
    golds = tuple(replace(one, losses={**one.losses, **losses}) for one in record.gold)
    (found,) = stresses(replace(record, gold=golds), folder)
    assert found.rows[0].gone == 9


def test_a_backend_that_says_nothing_any_more_is_compared(stressed: Callable[..., Path]) -> None:
    """It states no labels, and calls one of four names by a label that the gold does not have: in
    which schema its labels are goes by what it says, and after `upper` it says nothing."""
    speaker = f"process:{shlex.quote(sys.executable)} {BACKENDS / 'speaker.py'} open"
    folder = stressed(f"open={speaker}", perturb=("upper",))
    record, _ = read_run(folder)
    assert len({one.counted.projection for one in record.results}) == 2
    (found,) = stresses(record, folder)
    (row,) = found.rows
    assert (row.trouble, row.verdict, row.whole) == ("", "worse", 0.0)
    # What is called otherwise is not scored: three of four are found, precision 1, F1 6/7.
    assert row.row is not None and row.row.difference == pytest.approx(-6 / 7)
    assert row.lost is not None and len(row.lost) == 27


def test_the_tables_need_neither_backend_nor_gold(
    stressed: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(stressed(*GOOD, "planted/missing", perturb=("lower", "identity")))
    again = ["stress", "--stored", "--out", folder]
    said = in_json(capsys, again)
    assert said["certificate"] is None
    (left_out,) = said["left_out"]
    assert "it was never there" in left_out.pop("reason")
    assert left_out == {
        "backend": "planted/missing", "gold": "tiny", "task": "ner", "status": "unavailable"
    }  # fmt: skip
    lower, identity = said["stress"]
    assert (lower["backend"], lower["gold"], lower["task"]) == ("planted/good", "tiny", "ner")
    assert (lower["perturbation"], lower["level"], lower["f1"]) == ("lower", "all", 0.0)
    assert lower["difference"] == -1.0 and lower["lost_mentions"] == 36
    assert lower["lost"][0]["before"]["text"] == "Ada"
    assert identity["difference"] == 0.0 and identity["changed_documents"] == 0
    assert main(again) == 0
    shown, noted = capsys.readouterr()
    assert "planted/missing on tiny (ner): unavailable: it was never there" in noted
    assert "changes no document of tiny: identity" in shown
    assert "[Ada]" in shown and "[ada]" in shown
    moved = (tmp_path / "tiny.jsonl").rename(tmp_path / "moved.jsonl")
    assert "lost mentions are not told" in printed(capsys, again)
    assert "[ada]" in printed(capsys, [*again, "--gold", str(moved)])
    assert main(["report", folder, "--rankings"]) == 0
    assert "tiny~lower" in capsys.readouterr().out
    figures = ["report", folder, "--figures", str(tmp_path / "f"), "--figure-format", "json"]
    assert main(figures) == 0
    spec = json.loads((tmp_path / "f" / "stress-tiny-ner.json").read_text("utf-8"))
    rows = {row["perturbation"]: row["difference"] for row in spec["data"]["values"]}
    assert rows == {"lower": -1.0, "identity": 0.0}


def test_the_figure_compiles(stressed: Callable[..., Path]) -> None:
    library = pytest.importorskip("vl_convert", reason="needs the extra figures")
    folder = stressed(*GOOD, perturb=("typos", "upper"))
    chart = stress_chart(stresses(*read_run(folder), mentions=False))
    assert chart is not None and "worst" in chart.summary
    spec = {**chart.spec(), "width": 400}
    assert library.vegalite_to_vega(spec, vl_version="6.4")["marks"]


def test_the_gate_catches_a_backend_that_broke_under_capitals(
    stressed: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It scores as before on the texts as they are; a rule for perturbed gold sees the rest."""
    rules = tmp_path / "stress.toml"
    rules.write_text('[[rule]]\nmax_drop = 1.0\n[[rule]]\ngold = "*~*"\nmax_drop = 2.0\n', "utf-8")
    before = stressed("ours=planted/good", perturb=("upper",), out="before")
    after = stressed("ours=planted/no-capitals", perturb=("upper",), out="after")
    told = ["--baseline", str(tmp_path / "base.json")]
    assert main(["baseline", "accept", str(before), *told, "--yes"]) == 0
    check = ["--rules", str(rules), *told]
    assert main(["check", str(before), *check]) == 0
    capsys.readouterr()
    assert main(["check", str(after), *check]) == 1
    said = capsys.readouterr().out
    assert "tiny~upper" in said and "1 of 2 checks failed" in said
    assert main(["check", str(after), *check, "--gold", "tiny"]) == 0


def test_what_an_item_is_called_may_be_read_from_the_text() -> None:
    """A quotation that lost a mark is mixed, and no longer direct; alone on its hull it is it."""
    found = frozenset({Mention("a", 0, 9, "direct"), Mention("a", 20, 25, "PER")})
    moved = {("a", 0, 9): ("a", 0, 8), ("a", 20, 25): ("a", 19, 24)}
    now = {Mention("a", 0, 8, "mixed"), Mention("a", 19, 24, "PER"), Mention("a", 19, 24, "ORG")}
    there = Outcomes(frozenset(), frozenset(now), frozenset())
    assert list(missed_where_moved(found, there, moved)) == [
        (Mention("a", 0, 9, "direct"), Mention("a", 0, 8, "mixed")),
        (Mention("a", 20, 25, "PER"), Mention("a", 19, 24, "PER")),
    ]
    assert (
        list(missed_where_moved(found, Outcomes(frozenset(now), frozenset(), frozenset()), moved))
        == []
    )
    assert list(missed_where_moved(found, there, dict.fromkeys(moved))) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["planted/good", "--perturb", "uper"], 2, "upper"),
        (["planted/good", "--perturb", "typos:much"], 2, "0.01"),
        (["planted/good", "--perturb", "upper", "--gold", "nowhere.jsonl"], 2, "nowhere.jsonl"),
        (["planted/missing", "--perturb", "upper"], 3, "it was never there"),
        (["planted/load-raises", "--perturb", "upper"], 3, "the weights are corrupt"),
        ([], 2, "--stored"),
        (["planted/good", "--stored"], 2, "leave out a backend"),
        (["--stored", "--match", "partial", "--beta", "2"], 2, "leave out --match, --beta"),
        (["--stored", "--types", "ENT", "--threads", "2"], 2, "leave out --types, --threads"),
        (["--stored", "--batch-size", "4", "--quiet"], 2, "leave out --batch-size"),
        (["--stored", "--pass-env", "A", "--no-cache"], 2, "leave out --pass-env, --no-cache"),
        (["--stored", "--perturb", "upper", "--fresh"], 2, "leave out --perturb, --fresh"),
        (["planted/good", "--certificate", "--no-certificate"], 2, "contradict"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: list[str],
    status: int,
    said: str,
    planted: Path,
    make_gold: Callable[..., GoldSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_gold({"a": "Ada left."})
    gold = [] if "--gold" in arguments or "--stored" in arguments else ["--gold", "tiny.jsonl"]
    assert said in printed(capsys, ["stress", *arguments, *gold, "--quiet"], status)


def test_gold_that_cannot_be_perturbed_is_said(
    planted: Path,
    make_gold: Callable[..., GoldSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_gold({"a": ""})
    command = ["stress", "planted/good", "--gold"]
    assert "no document of tiny has a text" in printed(capsys, [*command, "tiny.jsonl"], 3)
    make_gold({"a": "Ada left."})
    twice = printed(capsys, [*command, "tiny.jsonl?perturb=upper"], 2)
    assert "tiny~upper is perturbed" in twice
    assert (
        main(["run", "planted/good", "--gold", "tiny.jsonl", "--out", "plain", "--no-cache"]) == 0
    )
    capsys.readouterr()
    plain = printed(capsys, ["stress", "--stored", "--out", "plain"], 3)
    assert "no perturbed gold set" in plain


def test_a_page_tells_of_perturbed_texts_where_their_original_is(
    stressed: Callable[..., Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One panel, whose section has the rows that the verb prints; the figure once."""
    folder = stressed(*GOOD, perturb=("identity", "lower", "upper"))
    capsys.readouterr()
    assert main(["report", str(folder), "--html", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<h3>Perturbed texts</h3>") == 1
    assert page.count('data-view="why"') - page.count('id="p0-tab-why"') == 1
    rows = in_json(capsys, ["stress", "--stored", "--out", str(folder), "--json"])["stress"]
    for row in rows:
        text = page.partition("<h3>Perturbed texts</h3>")[2]
        line = text.partition(f">{row['perturbation']}<")[2].partition("</tr>")[0]
        assert f"{100 * row['difference']:+.1f}" in line and str(row["lost_mentions"]) in line
    (found,) = stresses(*read_run(folder))
    lost = [html.escape(line.strip()) for line in lost_lines(found, 3)]
    assert len(lost) > 3 and all(f'<p class="reason">{line}</p>' in page for line in lost)


def test_a_page_says_why_nothing_is_told(
    stressed: Callable[..., Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where no backend has answers on the texts as they are, and where these are too many."""
    page = tmp_path / "page.html"
    none = stressed("planted/missing", perturb=("lower",), out="none")
    assert main(["report", str(none), "--html", str(page)]) == 0
    assert "No backend has answers on tiny as it is" in page.read_text("utf-8")


def test_how_many_documents_a_page_looks_at_goes_by_the_originals(
    stressed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    record, folder = read_run(stressed(*GOOD, perturb=("identity", "lower", "upper")))
    monkeypatch.setattr(perturbed, "MOST_EXPLAINED", len(TEXTS))
    (found,) = perturbed.perturbed_texts(record, folder, GoldFinder()).found
    assert [one.lost is None for one in found.rows] == [False] * 3 and not found.without_lost
    monkeypatch.setattr(perturbed, "MOST_EXPLAINED", len(TEXTS) - 1)
    (found,) = perturbed.perturbed_texts(record, folder, GoldFinder()).found
    assert [one.lost for one in found.rows] == [None] * 3
    (table,) = stress_tables([found])
    assert any("lost mentions are not told: a page looks" in note for note in table.notes)


def test_a_page_resamples_as_its_rankings_do(stressed: Callable[..., Path]) -> None:
    record, folder = read_run(stressed(*GOOD, perturb=("lower",)))
    ranked = [replace(one, resamples=99, seed=5) for one in rankings(record, folder)]
    (found,) = perturbed.perturbed_texts(record, folder, GoldFinder(), ranked).found
    assert (found.resamples, found.seed) == (99, 5)
    (direct,) = stresses(record, folder, resamples=99, seed=5)
    paired = [one.rows[0].row and one.rows[0].row.paired for one in (found, direct)]
    assert paired[0] == paired[1]


def test_a_perturbed_set_is_of_its_original_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of those that came with the harness, which a record knows by name alone."""
    monkeypatch.chdir(tmp_path)
    named = ["seeds", "seeds?perturb=upper&name=caps", "seeds?perturb=typos&level=0.05"]
    named.append("seeds?perturb=upper&perturb_seed=1")
    golds = [gold_record(load_goldset(one), tmp_path / "out") for one in named]
    assert [bool(one.path) for one in golds] == [False, True, False, False]
    ((original, others),) = families_of(golds, tmp_path / "out")
    assert original.name == "seeds"
    assert [one.name for one in others] == ["caps", "seeds~typos:0.05", "seeds~upper:1"]
    assert strays_of(golds, tmp_path / "out") == []
    copy = replace(golds[1], path="../mine/seeds")  # Another folder of that name.
    assert strays_of([golds[0], copy], tmp_path / "out") == ["caps"]


def test_perturbed_sets_without_their_original_keep_a_tab(
    planted: Path,
    make_gold: Callable[..., GoldSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_gold(TEXTS)
    make_gold(TEXTS, name="other")
    golds = ["tiny.jsonl", "tiny.jsonl?perturb=lower", "other.jsonl?perturb=lower"]
    named = [part for gold in golds for part in ("--gold", gold)]
    assert main(["run", *GOOD, *named, "--out", "out", "--no-cache", "-q"]) == 0
    assert main(["report", "out", "--html", "page.html"]) == 0
    titles = panel_titles(Path("page.html").read_text("utf-8"))
    assert [one.partition(":")[0] for one in titles] == ["tiny", "other~lower"]
    capsys.readouterr()
    assert main(["stress", "--stored", "--out", "out"]) == 0
    assert "other~lower is not told of" in capsys.readouterr().err
