"""`harness history`: lines that bind what they say, a file that merges, series that break."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic
from simulations.histories import Story, course
from support import in_json, printed

from harness.adapter import ModelIdentity
from harness.cli.main import main
from harness.coding import compact
from harness.decide.history.counts import pack
from harness.decide.history.file import add_lines, read_history
from harness.decide.history.heights import heights
from harness.decide.history.line import (
    HistoryLine,
    StatedRates,
    line_text,
    lines_of,
    read_line,
    with_id,
)
from harness.decide.history.series import Series, series_of
from harness.decide.ranking import rankings
from harness.errors import InputError
from harness.report.page.history import MOST_SERIES, drawn_series
from harness.results.load import read_run, scored_in
from harness.results.record import Git
from harness.tasks.parts import PartCounts

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"


@pytest.fixture(scope="module")
def committed() -> list[HistoryLine]:
    """The lines of the committed run."""
    return lines_of(read_run(RESULTS))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one backend on 20 documents, with some errors."""
    folder, records = tmp_path_factory.mktemp("base"), synthetic.articles(20)
    said = synthetic.predict(records, synthetic.skilled(0.8, 0.1))
    return synthetic.run_folder(folder / "run", synthetic.gold(folder, records), {"ours": said})


@pytest.fixture(scope="module")
def base(run: Path) -> HistoryLine:
    """Its headline."""
    (line, *_) = lines_of(read_run(run))
    return line


def record(base: HistoryLine, counts: PartCounts, day: int, **changes: Any) -> HistoryLine:
    """A record of the series of `base` with other counts, of the day with that number."""
    scores = (float(counts.score(counts.total, name)) for name in ("precision", "recall", "f1"))
    return with_id(
        replace(
            base,
            started=f"2026-{1 + day // 28:02}-{1 + day % 28:02}T12:00:00+00:00",
            counts=pack(counts, range(len(counts.rows))),
            scores=StatedRates(*(round(value, 6) for value in scores)),
            interval=None,
            **changes,
        )
    )


def story(base: HistoryLine, told: Story, seed: int = 2, **changes: Any) -> list[HistoryLine]:
    """A record a day, in which happens what is told."""
    drawn = course(replace(told, documents=20), np.random.default_rng(seed))
    return [record(base, one, day, **changes) for day, one in enumerate(drawn.counts)]


def only(lines: list[HistoryLine]) -> Series:
    (series,) = series_of(lines, resamples=200)
    return series


STEP = Story(mentions=50, records=12, step=4.0, at=6)
CALM = Story(mentions=50, records=8)

# --- lines ---------------------------------------------------------------------------------------


def test_a_line_comes_back_as_it_was(committed: list[HistoryLine]) -> None:
    for line in committed:
        assert read_line(json.loads(line_text(line))) == line
    assert len({line.id for line in committed}) == len({line.key for line in committed})


def test_lines_say_what_the_run_says(committed: list[HistoryLine]) -> None:
    """Headlines and intervals are those of the rankings; parts those of the counts; no sanity."""
    record_, folder = read_run(RESULTS)
    shown = {
        ranked.result.key: ranked
        for ranking in rankings(record_, folder)
        if not ranking.shared
        for ranked in ranking.rows
    }
    headlines = [line for line in committed if line.headline]
    assert {line.backend for line in headlines} >= {"gazetteer", "quotes"}
    assert not {"oracle", "empty", "whole-document"} & {line.backend for line in committed}
    for line in headlines:
        ranked = shown.get((line.gold, line.task, line.backend))
        if ranked is None:  # Ranked in another schema alone.
            continue
        assert ranked.scored is not None and ranked.interval is not None
        assert line.scores.f1 == pytest.approx(ranked.scored.f1, abs=1e-6)
        assert line.interval == pytest.approx(ranked.interval.bounds, abs=1e-6)
        assert line.speed.words_per_second == ranked.result.costs.words_per_second
    measured = {
        (*scored.key, part.name): (scored, part)
        for scored in scored_in(record_, folder, record_.results)
        for part in scored.parts
    }
    for line in committed:
        scored, part = measured[line.key]
        stored, counted = line.unit_counts, scored.counts(part)
        assert stored.value == pytest.approx(counted.value)
        assert line.mean or (stored.rows == counted.rows).all()


def test_a_headline_that_a_backend_cannot_give_has_no_heir(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = read_run(run)
    (scored,) = (one for one in scored_in(*opened, opened[0].results) if not one.sanity)
    first, *others = scored.parts
    scored.__dict__["parts"] = (first._replace(available=False), *others)
    monkeypatch.setattr("harness.decide.history.line.scored_in", lambda *_: [scored])
    lines = lines_of(opened)
    assert lines and not any(line.headline for line in lines)
    assert first.name not in {line.part for line in lines}


def test_what_nobody_could_read_is_not_written(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of(read_run(run))
    sizes = {line.part: len(compact((2 * line.unit_counts.rows.T).astype(int).tolist()))
             for line in lines}  # fmt: skip
    most = min(sizes.values())
    assert most < max(sizes.values())
    monkeypatch.setattr("harness.decide.history.counts._MOST", most)
    file = tmp_path / "h.jsonl"
    assert main(["history", "add", str(run), "--history", str(file)]) == 0
    said = capsys.readouterr().err
    assert said.count("its counts are larger than") == sum(n > most for n in sizes.values())
    history = read_history(file)
    assert not history.problems
    assert {line.part for line in history.lines} == {p for p, n in sizes.items() if n <= most}


def test_lines_are_as_small_as_the_page_says(committed: list[HistoryLine]) -> None:
    sizes = [len(line_text(line).encode()) for line in committed]
    page = (ROOT / "docs" / "history.md").read_text("utf-8")
    assert f"{sum(sizes) / len(sizes) / 1000:.1f} kB on the seeds ({len(sizes)} lines" in page
    assert f"{sum(sizes) / 1000:.0f} kB a run" in page and max(sizes) < 2500


def test_a_line_binds_everything_in_it(base: HistoryLine) -> None:
    value = json.loads(line_text(base))
    for name in (field.name for field in fields(HistoryLine)):
        if name != "schema":
            other = {**value, name: "x" if value[name] != "x" else "y"}
            with pytest.raises(ValueError, match="its content makes it"):
                read_line(other)
    with pytest.raises(ValueError, match="its content makes it"):
        read_line({**value, "more": 1})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scores": StatedRates(0.5, 0.5, 0.5)}, "states 0.5 as precision, its counts make it 0."),
        ({"scores": StatedRates(None, 0.8, 0.8)}, "states None as precision"),
        ({"counts": "AAAA"}, "cannot be unpacked"),
        ({"counts": "é"}, "cannot be unpacked"),
        ({"task": "nerd"}, "found 'nerd', expected"),
        ({"gold": "other"}, "the gold set is 'planted' in its signature"),
        ({"gold_digest": "0" * 64}, "the gold's digest"),
        ({"signature": "none"}, "not a signature"),
        ({"paragraphs": (20,)}, "20 documents were counted"),
        ({"failed": 21}, "21 of 20 documents failed"),
        ({"mean": True, "beta": 0.0}, "its beta is 0.0"),
        ({"interval": (0.9, 0.8)}, "its interval is"),
        ({"started": "yesterday"}, "yesterday"),
        ({"started": "2026-01-01T12:00:00"}, "expected one with its zone"),
    ],
)
def test_a_line_that_contradicts_itself(
    base: HistoryLine, changes: dict[str, Any], said: str
) -> None:
    wrong = with_id(replace(base, **changes))
    with pytest.raises((ValueError, InputError), match=said):
        read_line(json.loads(line_text(wrong)))


def test_counts_that_cannot_be(base: HistoryLine) -> None:
    rows = np.zeros((20, 4))
    for column, said in ((0, "more is found"), (2, "more right than predicted")):
        wrong = rows.copy()
        wrong[3, column] = 1
        counts = replace(base.unit_counts, distinct=wrong)
        line = with_id(replace(base, counts=pack(counts, range(20))))
        with pytest.raises(ValueError, match=said):
            read_line(json.loads(line_text(line)))


# --- the file ------------------------------------------------------------------------------------


def test_adding_twice_changes_nothing(tmp_path: Path, base: HistoryLine) -> None:
    file, lines = tmp_path / "new" / "h.jsonl", story(base, CALM)
    assert add_lines(file, lines[:3])[0] == 3
    before = file.read_bytes()
    assert add_lines(file, lines[:3])[0] == 0 and file.read_bytes() == before
    assert add_lines(file, lines)[0] == 5
    assert file.read_bytes().startswith(before)


def test_branches_merge_line_by_line(tmp_path: Path, base: HistoryLine) -> None:
    """As union does: all lines of both sides, in some order, some of them twice."""
    file, lines = tmp_path / "h.jsonl", story(base, STEP)
    texts = [line_text(line) for line in (*lines, *lines[3:9])]
    random.Random(1).shuffle(texts)
    file.write_text("\n".join(texts), "utf-8")
    history = read_history(file)
    assert not history.problems and len(history.lines) == len(lines)
    assert series_of(history.lines, resamples=200) == series_of(lines, resamples=200)


def _faults(line: HistoryLine) -> Iterator[tuple[str, str]]:
    value = json.loads(line_text(line))
    yield "<<<<<<< HEAD", "merge conflict"
    yield "=======", "merge conflict"
    yield line_text(line)[:-30], "not a JSON object"
    yield "[]", "found [], expected an object with"
    yield '{"schema": 1, "schema": 2}', "comes twice"
    yield json.dumps({**value, "schema": "harness.history/2"}), "found a line of schema"
    yield json.dumps({**value, "backend": "theirs"}), "its content makes it"
    yield json.dumps({**value, "started": "\x1b[31m::error::"}), "its content makes it"
    yield '{"a":' * 5000, "not a JSON object"
    yield "NaN", "NaN"


def test_a_broken_line_is_named_and_left_out(
    tmp_path: Path, base: HistoryLine, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = story(base, CALM)
    faults = list(_faults(lines[0]))
    texts = [line_text(line) for line in lines]
    file = tmp_path / "h.jsonl"
    file.write_text("\n".join([*texts[:4], *(text for text, _ in faults), *texts[4:]]), "utf-8")
    history = read_history(file)
    assert list(history.lines) == lines
    for number, ((_, said), problem) in enumerate(zip(faults, history.problems, strict=True), 5):
        assert problem.line == number and said in problem.message
        assert str(problem).startswith(f"{file}:{number}: ")
    for arguments, status in (([], 0), (["--strict"], 2)):
        assert main(["history", "show", str(file), *arguments]) == status
        said = capsys.readouterr()
        assert said.err.count("left out: ") == len(faults) and "\x1b" not in said.out + said.err
        assert "planted  ner" in said.out
    rest = in_json(capsys, ["history", str(file)])
    assert [one["line"] for one in rest["left_out"]] == list(range(5, 5 + len(faults)))


def test_bytes_that_are_no_text(tmp_path: Path, base: HistoryLine) -> None:
    file = tmp_path / "h.jsonl"
    file.write_bytes(b"\xff\xfe\n" + line_text(base).encode() + b"\n")
    history = read_history(file)
    assert (len(history.lines), history.problems[0].line) == (1, 1)


def test_a_line_that_was_cut_off_does_not_swallow_the_next(
    tmp_path: Path, base: HistoryLine
) -> None:
    file, (one, two, *_) = tmp_path / "h.jsonl", story(base, CALM)
    file.write_text(line_text(one)[:100], "utf-8")
    added, old = add_lines(file, [two])
    assert added == 1 and len(old.problems) == 1
    assert read_history(file).lines == (two,)


@pytest.mark.parametrize("kind", ["folder", "pipe", "below a file"])
def test_what_is_no_file(tmp_path: Path, base: HistoryLine, kind: str) -> None:
    place = tmp_path / "h"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.write_text("", "utf-8")
        place /= "h.jsonl"
    with pytest.raises(InputError, match=r"h(\.jsonl)?: "):
        add_lines(place, [base])


# --- series --------------------------------------------------------------------------------------


def test_a_step_is_named_with_what_changed(base: HistoryLine) -> None:
    lines = story(base, STEP)
    model = ModelIdentity("m", version="1")
    lines = [
        with_id(
            replace(
                line,
                project=Git(f"{'a' if day < 6 else 'b'}" * 40, day == 7),
                packages={"spacy": "3.7" if day < 6 else "3.8", "same": "1"},
                model=model if day < 6 else replace(model, version="2"),
                python="3.11.7",
            )
        )
        for day, line in enumerate(lines)
    ]
    series = only(random.Random(0).sample(lines, len(lines)))
    (step,) = series.steps
    assert (step.before, step.at, series.drifts) == (5, 6, ())
    assert step.change == pytest.approx(-0.04, abs=0.008) and step.p_value < 0.05
    assert step.low is not None and step.high is not None and step.low < -0.03 < 0 > step.high
    assert [(one.what, one.old, one.new) for one in step.named] == [
        ("project", "a" * 10, "b" * 10),
        ("spacy", "3.7", "3.8"),
        ("model version", "1", "2"),
    ]
    assert [point.commit for point in series.points[5:8]] == ["a" * 10, "b" * 10, "b" * 10 + "+"]
    assert series.since_first == pytest.approx(
        (lines[-1].scores.f1 or 0) - (lines[0].scores.f1 or 0)
    )
    assert series.since_step == pytest.approx(
        (lines[-1].scores.f1 or 0) - (lines[6].scores.f1 or 0)
    )


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (lambda s: s.replace("#", "#0"), "gold changed"),
        (lambda s: s.replace("match:strict", "match:exact"), "counted differently: match"),
        (lambda s: s + "9", None),  # Another version of the tool.
    ],
)
def test_no_difference_across_a_break(
    base: HistoryLine, changed: Callable[[str], str], what: str | None
) -> None:
    """The same step is none where the gold, or the way of counting, changed with it."""
    lines = story(base, STEP)
    later = []
    for line in lines[6:]:
        signature = changed(line.signature)
        digest = f"0{line.gold_digest[:-1]}" if what == "gold changed" else line.gold_digest
        later.append(with_id(replace(line, signature=signature, gold_digest=digest)))
    series = only([*lines[:6], *later])
    if what is None:
        assert not series.breaks and [step.at for step in series.steps] == [6]
        return
    (one,) = series.breaks
    assert (one.at, one.why[0].what, series.steps, series.drifts) == (6, what, (), ())
    assert series.since_first is None
    assert series.since_step == pytest.approx(
        (lines[-1].scores.f1 or 0) - (lines[6].scores.f1 or 0)
    )


def test_a_mean_over_other_groups_is_another_measure(base: HistoryLine) -> None:
    """Signatures do not say which groups a backend can give."""
    lines = [with_id(replace(line, mean=True)) for line in story(base, CALM)]
    counts = lines[4].unit_counts
    wide = replace(counts, distinct=np.concatenate([counts.rows, counts.rows], axis=1))
    lines[4:] = [with_id(replace(line, counts=pack(wide, range(20)))) for line in lines[4:]]
    (one,) = only(lines).breaks
    assert (one.at, one.why[0].old, one.why[0].new) == (4, "F1 over 1 groups", "F1 over 2 groups")


def test_records_in_which_other_documents_failed_are_left_out(base: HistoryLine) -> None:
    """A record without a tenth of its documents is no step; a backend's usual failures are."""
    calm = story(base, CALM)
    fallen = story(base, replace(CALM, step=8.0, at=0))
    odd = with_id(replace(fallen[4], failed=2, failed_documents="ab"))
    series = only([*calm[:4], odd, *calm[5:]])
    assert [point.searched for point in series.points] == [day != 4 for day in range(8)]
    assert series.points[4].marks[0] == "2 documents failed" and not series.steps
    usual = [
        with_id(replace(line, failed=1, failed_documents="cd", replayed=20))
        for line in story(base, STEP)
    ]
    series = only(usual)
    assert all(point.searched for point in series.points) and len(series.steps) == 1
    assert series.points[0].marks == ("1 document failed", "20 answers from the store")
    # A run names the first thousand that failed: the digest may be the same of more.
    more = with_id(replace(usual[3], failed=2))
    assert [point.searched for point in only([*usual[:3], more, *usual[4:]]).points] == [
        day != 3 for day in range(len(usual))
    ]


def test_each_measure_of_each_backend_is_a_series(base: HistoryLine) -> None:
    lines = story(base, CALM)
    others = [
        with_id(replace(line, **{name: "x"})) for line in lines for name in ("backend", "part")
    ]
    assert [(one.backend, one.part, len(one.points)) for one in series_of([*lines, *others])] == [
        ("ours", "micro", 8),
        ("ours", "x", 8),
        ("x", "micro", 8),
    ]


def test_dates_of_other_zones_are_in_order(base: HistoryLine) -> None:
    first, second, *_ = story(base, CALM)
    late = with_id(replace(first, started="2026-01-01T12:00:00+00:00"))
    early = with_id(replace(second, started="2026-01-01T13:00:00+02:00"))
    assert [point.id for point in only([late, early]).points] == [early.id, late.id]


def test_headlines_are_drawn_first(base: HistoryLine) -> None:
    calm = only(story(base, CALM)[:3])
    told = replace(only(story(base, STEP)), headline=False, part="a")
    silent = replace(calm, headline=False, part="b")
    many = [replace(calm, backend=str(number)) for number in range(MOST_SERIES - 1)]
    assert drawn_series([told, silent, *many]) == [*many, told]
    assert drawn_series([told, told, *many, calm]) == [*many, calm]
    assert drawn_series([silent]) == [silent]


def test_heights_by_hand(base: HistoryLine) -> None:
    series = only(story(base, CALM)[:5])
    points = [
        replace(point, f1=f1)
        for point, f1 in zip(series.points, (0.5, 0.625, 1.0, None, 0.75), strict=True)
    ]
    assert heights(replace(series, points=tuple(points))) == [0, 2, 7, None, 4]
    flat = [replace(point, f1=0.5) for point in points]
    assert heights(replace(series, points=tuple(flat))) == [3] * 5


# --- the verb ------------------------------------------------------------------------------------


def test_the_story_is_told(
    tmp_path: Path, base: HistoryLine, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "h.jsonl"
    lines = [
        with_id(replace(line, project=Git(f"{day:x}" * 40, False), model=None, harness=None))
        for day, line in enumerate(story(base, STEP))
    ]
    add_lines(file, lines)
    said = printed(capsys, ["history", str(file)])
    assert "ours on planted (ner, micro): stepped by -" in said
    assert "at 2026-01-07 12:00 6666666666, after 2026-01-06 12:00 5555555555 (p ~0.0" in said
    assert "  changed: project 5555555555 -> 6666666666\n" in said
    assert "█" in said and "▁" in said
    shown = in_json(capsys, ["history", "show", str(file)])
    (series,) = shown["series"]
    assert [step["at"] for step in series["steps"]] == [6] and len(series["points"]) == 12
    assert series["points"][0]["f1"] == lines[0].scores.f1
    for form in ("github", "csv", "latex", "json"):
        assert printed(capsys, ["history", str(file), "--format", form])
    assert "harness history add RUN" in printed(capsys, ["history", str(tmp_path / "no")], 2)
    assert "micro" in printed(capsys, ["history", str(file), "--part", "micro"])
    assert "there is: micro" in printed(capsys, ["history", str(file), "--part", "x"], 2)
    assert "expected add RUN, or show FILE" in printed(capsys, ["history", "ad", str(file)], 2)
    assert "two files" in printed(capsys, ["history", "show", "a", "--history", "b"], 2)
    assert "--alpha" in printed(capsys, ["history", str(file), "--alpha", "0.0005"], 2)
    for option, value in (
        ("--html", "x"), ("--figures", "x"), ("--figure-format", "svg"), ("--alpha", "0.1"),
        ("--columns", "gold"), ("--format", "csv"), ("--json", None),
    ):  # fmt: skip
        command = ["history", "add", "a", option, *([value] if value else [])]
        assert f"leave out {option}" in printed(capsys, command, 2)
    command = ["history", str(file), "--figure-format", "svg"]
    assert "add --figures FOLDER" in printed(capsys, command, 2)
    assert "whole run" in printed(capsys, ["history", "add", "a", "--part", "b"], 2)


def test_little_is_said_clearly(
    tmp_path: Path, base: HistoryLine, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "h.jsonl"
    file.write_text("\n", "utf-8")
    assert "holds no record yet" in printed(capsys, ["history", str(file)])
    assert in_json(capsys, ["history", str(file)])["series"] == []
    assert json.loads(printed(capsys, ["history", str(file), "--format", "json"])) == []
    for form in ("csv", "latex"):
        assert "holds" not in printed(capsys, ["history", str(file), "--format", form])
    one, two, *_ = story(base, CALM)
    add_lines(file, [one])
    assert "nothing to compare yet" in printed(capsys, ["history", str(file)])
    add_lines(file, [two])
    assert "no step and no drift was found" in printed(capsys, ["history", str(file)])


def test_names_from_outside_have_no_effect(
    tmp_path: Path, base: HistoryLine, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = "a\x1b[31m\n::error::x"
    signature = base.signature.replace("gold:planted@", "gold:a%1B%5B31m%0A::error::x@")
    line = with_id(
        replace(base, gold=bad, backend=bad, part=bad, signature=signature, failed=1,
                failed_documents="x", packages={bad: bad})
    )  # fmt: skip
    other = with_id(replace(line, started="2030-01-01T00:00:00+00:00", signature=base.signature))
    file = tmp_path / "h.jsonl"
    add_lines(file, [line, replace(line, id="")])
    file.write_text(file.read_text("utf-8") + line_text(other), "utf-8")
    for form in ("simple", "github", "csv", "latex", "json"):
        assert main(["history", str(file), "--format", form]) == 0
        said = capsys.readouterr()
        assert "\x1b" not in said.out + said.err
        assert not any(text.startswith("::") for text in (said.out + said.err).splitlines())


def test_a_run_is_added(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "h.jsonl")
    for said in ("lines added", "it has this run already"):
        assert main(["history", "add", str(run), "--history", file]) == 0
        assert said in capsys.readouterr().err
    assert list(read_history(file).lines) == lines_of(read_run(run))
    assert "no run here" in printed(capsys, ["history", "add", str(tmp_path)], 2)


def test_check_adds_what_it_checked_whatever_it_says(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, base_, file = tmp_path / "run", str(tmp_path / "b.json"), tmp_path / "h.jsonl"
    shutil.copytree(run, ours)
    assert main(["baseline", "accept", str(ours), "--baseline", base_, "--yes"]) == 0
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rule]]\nfloor = 1.0\n", "utf-8")
    command = ["check", str(ours), "--baseline", base_, "--rules", str(rules), "--history"]
    assert main([*command, str(file)]) == 1
    assert "lines added" in capsys.readouterr().err
    assert list(read_history(file).lines) == lines_of(read_run(run))
    # A history that cannot be written takes nothing from the verdict.
    junit, here = tmp_path / "x.xml", str(tmp_path)
    assert main([*command, here, "--junit", str(junit)]) == 1
    said = capsys.readouterr()
    assert "not added" in said.err and "1 of 1 check failed" in said.out and junit.exists()
    assert main(["check", str(ours), "--baseline", base_, "--history", here]) == 2
    # One that contradicts itself is not to be trusted.
    other, record_ = tmp_path / "other.jsonl", ours / "run.json"
    text = record_.read_text("utf-8")
    assert text.count('"failed": 0,') == 1
    record_.write_text(text.replace('"failed": 0,', '"failed": 2,'), "utf-8")
    assert main([*command, str(other)]) == 2 and not other.exists()


def test_run_adds_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "h.jsonl", str(tmp_path / "run")
    command = ["run", "gazetteer", "--gold", "seeds", "--task", "ner", "-q", "--json"]
    command += ["--cache-dir", str(tmp_path / "cache"), "--history", str(file), "--out", out]
    assert main(command) == 0
    assert "lines added" in capsys.readouterr().err
    assert list(read_history(file).lines) == lines_of(read_run(out))
    command[command.index(str(file))] = str(tmp_path)
    for more, status in (([], 2), (["--require", "spacy"], 3)):
        assert main([*command, *more]) == status
        said = capsys.readouterr()
        assert "the run was not added" in said.err and json.loads(said.out)["results"]
