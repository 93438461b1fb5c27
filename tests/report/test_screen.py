"""What is printed fits the screen, says what it left out, and is whole where there is no screen."""

from __future__ import annotations

import argparse
import importlib
import io
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.cli.main import VERBS, main
from harness.report.screen import Screen, on_screen, width_of, wrapped
from harness.report.tables import only_columns, render_tables
from harness.table import Cell, Table, Toned

ROOT = Path(__file__).parents[2]
RESULTS, SEEDS = str(ROOT / "results"), str(ROOT / "goldsets" / "seeds")
ANNOTATORS = f"{SEEDS}/annotators"
PREDICTED = f"{RESULTS}/predictions/seeds/ner/gazetteer.jsonl"
BASELINE = ("--baseline", f"{RESULTS}/baseline.json")

# Every verb that prints tables, with all the tables that it has.
COMMANDS = {
    "report": [("report", RESULTS)],
    "compare": [("compare", RESULTS, "--resamples", "100", "--flips", "5")],
    "check": [
        ("check", RESULTS, *BASELINE, "--all", "--resamples", "100", "--backend", "gazetteer")
    ],
    "baseline": [("baseline", "show", *BASELINE)],
    "choose": [
        ("choose", RESULTS, "--task", "ner", "--resamples", "100", "--together"),
        ("choose", RESULTS, "--task", "attribution", "--resamples", "100"),
    ],
    "threshold": [("threshold", RESULTS, "--resamples", "100")],
    "explain": [
        ("explain", RESULTS, "--reference", "gazetteer", "--resamples", "50", "--all"),
    ],
    "score": [
        ("score", "--gold", SEEDS, "--pred", PREDICTED, "--task", "ner", "--confusion", "--doctor")
    ],
    "agreement": [("agreement", f"{ANNOTATORS}/a", f"{ANNOTATORS}/b", "--limit", "3")],
    "backends": [("backends", "gazetteer", "quotes", "spacy/en_core_web_sm")],
    "history": [("history", "show")],
    "merge": [("merge", "shards", "--out", "merged")],
    "run": [("run", "gazetteer", "empty", "--gold", SEEDS, "--no-cache", "--quiet")],
    "stress": [
        ("stress", "gazetteer", "--gold", SEEDS, "--perturb", "upper,truncated", "-q", "--no-cache")
    ],
}

ROWS = Table(
    "A title",
    ("backend", "P", "words/s", "load s"),
    (("spacy/en_core_web_sm", "0.500", "12", "5.1"), ("gazetteer", "0.250", "300000", "0.02")),
    ("ner|gold:seeds@1.0#2840c440|schema:ontonotes5@1|v:1", "one two three"),
    optional=("load s", "words/s"),
)
CELLS = st.one_of(st.none(), st.integers(0, 10**9), st.text("aé漢\u0301 |", max_size=60))


def _lines(text: str) -> list[int]:
    return [width_of(line) for line in text.splitlines()]


def _marks(verb: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.processes] if verb in ("run", "merge", "stress") else []


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(one, id=f"{verb} {number}", marks=_marks(verb))
        for verb, commands in COMMANDS.items()
        for number, one in enumerate(commands)
    ],
)
def test_no_line_is_wider_than_the_screen(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    if command[0] == "history":
        assert main(["history", "add", RESULTS]) == 0
    if command[0] == "merge":
        for number in "12":
            cut = ["--shard", f"{number}/2", "--out", f"shards/{number}"]
            assert main([*COMMANDS["run"][0], *cut]) == 0
        capsys.readouterr()
    assert main(list(command)) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if width_of(line) > 80] == []
    assert "---" in printed


def test_every_verb_with_tables_is_asked() -> None:
    with_tables = set()
    for verb, (module, _) in VERBS.items():
        parser = argparse.ArgumentParser()
        importlib.import_module(f"harness.cli.{module}").configure(parser)
        if "--columns" in parser.format_help():
            with_tables.add(verb)
            source = (ROOT / "harness" / "cli" / f"{module}.py").read_text("utf-8")
            if "publish(args" in source:  # Two verbs print a record they have written.
                source = (ROOT / "harness" / "cli" / "publish.py").read_text("utf-8")
            assert "args.columns" in source, f"{verb} has --columns, which does nothing"
    # It makes environments: tests/test_versions.py prints its tables.
    assert with_tables == {*COMMANDS, "versions"}


def test_without_a_screen_everything_is_whole() -> None:
    long = Table("T" * 500, ("a", "b"), (("x" * 500, "1"),), ("n " * 250,))
    shown = render_tables([long], "simple")
    assert {"T" * 500, f"{'x' * 500}  1", ("n " * 250).rstrip()} <= {
        line.rstrip() for line in shown.splitlines()
    }


def test_columns_go_by_rank_and_are_named() -> None:
    assert on_screen(ROWS, Screen(41)).splitlines() == [
        "A title",
        "",
        "backend                   P  words/s",
        "--------------------  -----  -------",
        "spacy/en_core_web_sm  0.500       12",
        "gazetteer             0.250   300000",
        "ner|gold:seeds@1.0#2840c440|",
        "  schema:ontonotes5@1|v:1",
        "one two three",
        "Too narrow for load s: --columns NAMES,",
        "  --format csv or a wider terminal shows",
        "  them.",
    ]


def test_long_cells_lose_their_middle_when_no_column_can_go() -> None:
    shown = on_screen(ROWS, Screen(21)).splitlines()
    assert shown[4:6] == ["spacy/e…web_sm  0.500", "gazetteer       0.250"]
    assert "Too narrow for words/s, load s:" in " ".join(line.strip() for line in shown)


def test_a_matrix_loses_columns_from_the_right() -> None:
    wide = Table("M", ("gold", *"abcdefghijklmnop"), (("x", *range(100, 116)),))
    shown = on_screen(wide, Screen(30))
    assert max(_lines(shown)) <= 30
    assert shown.splitlines()[2] == "gold    a    b    c    d    e"
    assert "and 0 more" not in shown
    assert "Too narrow for f, g, h, i," in shown


@settings(max_examples=examples(100))
@given(
    st.integers(20, 120),
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.tuples(*[CELLS] * n), min_size=1, max_size=4).map(tuple)
    ),
    st.text("漢ab |", max_size=200),
    st.integers(0, 6),
)
def test_any_table_fits_and_loses_no_column_silently(
    width: int, rows: tuple[tuple[Cell, ...], ...], note: str, optional: int
) -> None:
    headers = tuple(f"head{number}" for number in range(len(rows[0])))
    table = Table(note, headers, rows, (note,), optional=headers[:optional])
    shown = on_screen(table, Screen(width))
    assert max(_lines(shown)) <= width
    lines = shown.splitlines()
    head = next(above for above, line in pairwise(lines) if line and set(line) <= {"-", " "})
    said = " ".join(line.strip() for line in lines).rpartition("Too narrow for")[2]
    assert all(name in head or name in said for name in headers)


@given(st.text("漢 ab|.", max_size=100), st.integers(20, 60))
def test_wrapping_loses_no_character(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(line) <= width for line in lines)


def test_columns_that_were_named_are_those_shown() -> None:
    other = Table("Other", ("type", "F1"), (("PER", "1.000"),))
    (chosen,) = only_columns([ROWS, other], ["load s", "P"])
    assert chosen.headers == ("backend", "load s", "P")
    assert chosen.rows[1] == ("gazetteer", "0.02", "0.250")
    assert only_columns([ROWS, other], []) == [ROWS, other]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


COMPARED = ("compare", RESULTS, "--resamples", "100", "--flips", "1")
_CODE = re.compile(r"\x1b\[([0-9;]*)m")


def _on_a_terminal(monkeypatch: pytest.MonkeyPatch, *command: str, **environ: str) -> str:
    for name, value in {"TERM": "xterm", "NO_COLOR": "", "COLUMNS": "80", **environ}.items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", shown := Terminal())
        assert main(list(command)) == 0
    return shown.getvalue()


def test_colours_are_on_terminals_alone_and_take_no_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    coloured = _on_a_terminal(monkeypatch, *COMPARED)
    assert main(list(COMPARED)) == 0
    plain = capsys.readouterr().out
    assert _CODE.sub("", coloured) == plain != coloured
    assert set(_CODE.findall(coloured)) == {"0", "1", "31", "32"}
    assert re.search(r"\x1b\[31mworse|\x1b\[32mbetter", coloured)
    assert re.search(r"^\x1b\[32m  gained: ", coloured, re.M)


@pytest.mark.parametrize(
    ("environ", "more"),
    [
        ({"NO_COLOR": "1"}, ()),
        ({"TERM": "dumb"}, ()),
        ({}, ("--format", "github")),
        ({}, ("--format", "csv")),
        ({}, ("--json",)),
    ],
)
def test_colours_are_nowhere_else(
    environ: dict[str, str], more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = _on_a_terminal(monkeypatch, "baseline", "show", *BASELINE, *more, **environ)
    assert "\x1b" not in shown


def test_a_text_from_outside_brings_no_colour_and_loses_its_own() -> None:
    evil = Toned("\x1b[31m::error::x", "best")
    shown = on_screen(Table(evil, (evil, "n"), ((evil, Toned("1", "good")),)), Screen(60, True))
    assert set(_CODE.findall(shown)) <= {"0", "1", "32"}
    assert not any(line.lstrip().startswith("::") for line in _CODE.sub("", shown).splitlines())


@pytest.mark.parametrize("form", ["simple", "github", "csv", "latex"])
def test_what_is_printed_passes_the_guard_unless_it_is_coloured(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A note that begins like a command of a CI service is none in its log."""
    from harness.cli.printer import print_lines, print_tables
    from harness.cli.streams import guarded_streams

    with guarded_streams():
        print_tables([Table("t", ("a",), (("b",),), ("::error::x", "##[error]y"))], form)
        print_lines(["::error::x"], form)
    shown = capsys.readouterr().out.splitlines()
    assert not [line for line in shown if line.startswith("::") or "##[" in line]


def test_an_unknown_column_is_refused_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["baseline", "show", *BASELINE, "--columns", "documnets"]) == 2
    assert "Did you mean 'documents'?" in capsys.readouterr().err


def test_columns_do_not_go_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "show", *BASELINE, "--columns", "F1", "--json"]) == 2
    assert "leave out --columns" in capsys.readouterr().err


def _flipped(capsys: pytest.CaptureFixture[str], *more: str) -> list[str]:
    command = ("compare", RESULTS, "--task", "ner", "--resamples", "100", *more)
    assert main(list(command)) == 0
    printed = capsys.readouterr().out
    return re.findall(r"^  (?:lost|gained|new error|error gone): (?!…).*", printed, re.M)


def test_a_comparison_is_brief_unless_more_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", RESULTS, "--task", "ner", "--resamples", "100"]) == 0
    brief = capsys.readouterr().out
    # The reference is the gazetteer, spaCy the best other.
    (summary,) = re.findall(r"^.* against gazetteer: lost .*", brief, re.M)
    assert summary.startswith("spacy/en_core_web_sm against gazetteer: ")
    assert brief.rstrip().endswith("Flips of all backends: --flips all, or --flips N of each kind.")
    all_of_it = [int(number) for number in re.findall(r"\d+", summary.partition("lost")[2])]
    assert sum(all_of_it) > 20

    some = _flipped(capsys)
    assert len(some) == 20
    kinds = ("lost", "gained", "new error", "error gone")
    there = {kind for kind, size in zip(kinds, all_of_it, strict=True) if size}
    assert {line.split(":")[0].strip() for line in some} == there
    of_each = _flipped(capsys, "--flips", "1")
    everything = _flipped(capsys, "--flips", "all")
    assert len(of_each) == 3 * len(there)
    assert set(some) | set(of_each) < set(everything)
    assert _flipped(capsys, "--flips", "0") == []


def test_all_flips_of_two_backends_are_as_many_as_the_summary_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("--backend", "gazetteer", "--backend", "spacy/*", "--flips", "all")
    command = ("compare", RESULTS, "--task", "ner", "--resamples", "100", *names)
    assert main(list(command)) == 0
    printed = capsys.readouterr().out
    (summary,) = re.findall(r"against gazetteer: (lost .*)", printed)
    lines = re.findall(r"^  (lost|gained|new error|error gone): ", printed, re.M)
    assert len(lines) == sum(map(int, re.findall(r"\d+", summary)))


@pytest.mark.parametrize("value", ["-1", "some", "1.5", ""])
def test_a_number_of_flips_or_all(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", RESULTS, f"--flips={value}"]) == 2
    assert "a whole number from 0 up, or all" in capsys.readouterr().err
