"""Tables in every format, and numbers as people read them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.decide.ranking import rankings
from harness.report.run import ranking_tables
from harness.report.sections import MOST_OF_A_COMMENT, Section, render_sections
from harness.report.tables import TABLE_FORMS, render_tables
from harness.results import stored
from harness.table import Table, Toned, number, quantity
from tests.reading import read_latex

RESULTS = Path(__file__).parents[2] / "results"

TABLE = Table(
    "Two rows",
    ("backend", "P", "note"),
    (("a|b", "0.500", None), ("\x1b[2Jc", None, "x")),
    notes=("ner|gold:g@1#0|v:1", "A remark."),
)


def test_github() -> None:
    assert render_tables([TABLE], "github") == (
        "### Two rows\n\n"
        "| backend   |     P | note   |\n"
        "|-----------|-------|--------|\n"
        "| a\\|b      | 0.500 | –      |\n"
        "| [2Jc      |     – | x      |\n\n"
        "`ner|gold:g@1#0|v:1`\n\n"
        "A remark."
    )


def test_csv_reads_back() -> None:
    rows = list(csv.reader(io.StringIO(render_tables([TABLE], "csv"))))
    assert rows[1:4] == [["backend", "P", "note"], ["a|b", "0.500", ""], [" [2Jc", "", "x"]]


def test_json_has_null_for_undefined() -> None:
    (table,) = json.loads(render_tables([TABLE], "json"))
    assert table["rows"][0] == {"backend": "a|b", "P": "0.500", "note": None}
    assert table["notes"] == list(TABLE.notes)


def test_latex() -> None:
    best = replace(
        TABLE, rows=((Toned("a_b", "best"), Toned("0.500", "best"), "≥"), ("c", None, 1))
    )
    shown = render_tables([best, best], "latex")
    read_latex(shown)
    assert shown.partition("\n\n")[0].splitlines() == [
        r"\begin{table}[htbp]",
        r"\centering",
        r"\caption{Two rows}",
        r"\label{tab:two-rows}",
        r"\begin{tabular}{lrl}",
        r"\toprule",
        r"backend & P & note \\",
        r"\midrule",
        r"\textbf{a\_b} & \textbf{0.500} & \ensuremath{\geq} \\",
        r"c & – & 1 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip\footnotesize\raggedright",
        r"ner\textbar{}\allowbreak{}gold:g@1\#0\textbar{}\allowbreak{}v:1",
        r"\par",
        "A remark.",
        r"\par",
        "Bold: the best, and what was not found to differ from it.",
        r"\end{table}",
    ]
    assert r"\label{tab:two-rows-2}" in shown


def test_latex_of_a_run_has_the_best_group_in_bold() -> None:
    tables = ranking_tables(stored.read(RESULTS), rankings(stored.read(RESULTS), RESULTS))
    shown = render_tables(tables, "latex")
    read_latex(shown)
    # The test finds no difference between the first two, and none of these is the third.
    assert r"\textbf{spacy/en\_core\_web\_sm} & 0.903 & 0.845 & \textbf{0.873}" in shown
    assert r"\textbf{gazetteer} & 0.952 & 0.774 & \textbf{0.854}" in shown
    assert r"\textbf{stanza" not in shown
    assert r"\textbf{oracle" not in shown


def test_markdown_fits_a_comment_and_says_what_does_not() -> None:
    tables = [replace(TABLE, title=f"T{number}") for number in range(900)]
    shown = render_sections(
        [Section(tables[:300], ["one"]), Section(tables[300:], ["x" * 100])], "github"
    )
    assert len(shown) <= MOST_OF_A_COMMENT
    kept = shown.count("### T")
    assert f"\n\n{kept} of 900 tables and 1 of 2 lines: GitHub takes" in shown
    assert 300 < kept < 900
    assert len(shown) > MOST_OF_A_COMMENT - 600


def test_markdown_that_fits_is_whole() -> None:
    shown = render_sections([Section([TABLE, TABLE], ["one", "two"])], "github")
    assert shown == f"{render_tables([TABLE, TABLE], 'github')}\n\n- one\n- two"
    edge = Table("T", ("a",), (), ("n" * 1900,) * 34)
    size = len(render_tables([edge], "github"))
    exact = replace(edge, notes=(*edge.notes, "n" * (MOST_OF_A_COMMENT - size - 2)))
    for more, whole in (("", True), ("n", False)):
        table = replace(exact, notes=(*exact.notes[:-1], exact.notes[-1] + more))
        shown = render_sections([Section([table])], "github")
        assert shown.startswith("0 of 1 tables: ") != whole
        assert len(shown) <= MOST_OF_A_COMMENT


def test_data_has_no_lines_for_people() -> None:
    sections = [Section([TABLE], ["one"]), Section([TABLE], ["two"])]
    assert len(json.loads(render_sections(sections, "json"))) == 2
    assert "one" not in render_sections(sections, "csv")
    assert render_sections(sections, "simple").count("A remark.\n\none") == 1


@pytest.mark.parametrize("form", TABLE_FORMS)
def test_no_format_lets_control_characters_through(form: str) -> None:
    assert "\x1b" not in render_tables([TABLE], form)


@pytest.mark.parametrize("form", TABLE_FORMS)
def test_nor_do_titles_headers_and_notes(form: str) -> None:
    """A confusion matrix has predicted labels in its header, and a log obeys lines in `::`."""
    label = "PER\x1b[2J\n::error::x"
    shown = render_tables([Table(label, ("gold", label), (("a", 1),), notes=(label,))], form)
    assert "\x1b" not in shown
    assert not any(line.startswith("::") for line in shown.splitlines())


@pytest.mark.parametrize("form", TABLE_FORMS)
def test_an_empty_table_is_no_error(form: str) -> None:
    assert render_tables([Table("None", ("a", "b"), ())], form)


def test_numbers() -> None:
    assert number(None) == "–"
    assert number(0.0) == "0.000"
    assert number(2 / 3) == "0.667"
    assert quantity(None) == "–"
    assert [quantity(x) for x in (0.123, 1.234, 12.34, 1234.5)] == ["0.12", "1.23", "12.3", "1234"]
