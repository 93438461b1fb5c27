"""Tables in every format, and numbers as people read them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from harness.report.tables import TABLE_FORMS, render_tables
from harness.table import Table, number, quantity

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


def test_latex_keeps_the_signature_as_a_comment() -> None:
    assert "% ner|gold:g@1#0|v:1" in render_tables([TABLE], "latex").splitlines()


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
