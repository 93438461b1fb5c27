"""A text has no effect in a medium, and says the same there: each medium's own parser is asked."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import (
    PAYLOADS,
    log_lines,
    read_csv,
    read_html,
    read_json,
    read_latex,
    read_markdown,
    read_xml,
)

from harness.annotation import printable
from harness.cli.streams import _Guarded
from harness.media import (
    csv_cell,
    github_command,
    json_text,
    latex,
    markdown,
    markdown_code,
    one_line,
    terminal,
    xml_text,
)
from harness.report.page.render import environment
from harness.report.tables import TABLE_FORMS, render_lines, render_tables
from harness.table import Table

# What the media obey, in any order.
MARKS = ":: : ## ##[ [ ] ( ) vso = + - @ a 1 # < > & ` `` * _ ~ \\ $ % { } ^ \" ' ! |"
WORDS = "http://h.example www.h.example GH-1 <!-- <b> 1. --- é \ud800 \U0001f600"
hostile = st.lists(
    st.sampled_from(
        [*MARKS.split(), *WORDS.split(), *("\n", "\r", " ", "\t", "\x00", "\x1b", "\x9b", "\u2028")]
    ),
    max_size=12,
).map("".join)


@given(hostile)
def test_a_terminal_and_a_log_obey_nothing(text: str) -> None:
    log_lines(terminal(text))
    assert terminal(text).count("\n") == text.count("\n")
    assert terminal(terminal(text)) == terminal(text)
    assert len(one_line(text, 5)) <= 5


@given(st.lists(hostile, max_size=5))
def test_nor_where_it_comes_in_pieces(pieces: list[str]) -> None:
    out = io.StringIO()
    stream = _Guarded(out, "stdout", needed=True)
    for piece in pieces:
        assert stream.write(piece) == len(piece)
    log_lines(out.getvalue())


def test_what_is_harmless_is_not_changed() -> None:
    for text in ("a::b c: d", "# title", "1 of 2", "x [y] (z)", "Zoë “said” – 50 %", ""):
        assert terminal(text) == text
        assert json_text(json.dumps(text, ensure_ascii=False)) == f'"{text}"'
    for text in ("0.5", "-0.5", "+1.25", "1,234", "a=b", "12 %", "1e-5", ""):
        assert csv_cell(text) == text
    for text in ("[0.81, 0.90]", "en_core_web_sm", "a (b)", "-0.5", "3 of 4", "ontonotes5@1"):
        assert markdown(text) == text


@given(hostile)
def test_json_keeps_its_value(text: str) -> None:
    whole = json_text(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert json.loads(whole) == {text: [text]}
    log_lines(whole)


@given(hostile)
def test_a_cell_is_read_back_and_not_computed(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([csv_cell(text), "x"])
    ((cell, _),) = read_csv(out.getvalue())
    assert cell.removeprefix("'") == terminal(printable(text)).removeprefix("'")
    log_lines(out.getvalue())


@given(hostile)
def test_markdown_shows_the_characters(text: str) -> None:
    shown = read_markdown(f"{markdown(text)}\n").replace("\u200b", "")
    assert shown.split() == printable(text).split()
    read_markdown(f"| {markdown(text)} | b |\n|---|---|\n| {markdown(text)} | x |\n")
    code = read_markdown(f"x {markdown_code('c' + text)}\n")
    assert "`" in code


@given(hostile)
def test_latex_html_and_xml_show_the_characters(text: str) -> None:
    read_latex(f"\\begin{{tabular}}{{ll}}\n{latex(text)} & {latex(text)} \\\\\nx\n\\end{{tabular}}")
    template = environment().from_string("<script></script><p title='{{ text }}'>{{ text }}</p>")
    tree = read_html(template.render(text=text))
    assert tree.findtext(".//p") == printable(text)
    assert tree.find(".//p").get("title") == printable(text)
    from xml.sax.saxutils import escape

    read_xml(f"<a>{escape(xml_text(text))}</a>")


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_a_command_of_ours_holds_no_other(text: str) -> None:
    command = github_command("error", text, title="harness check")
    assert command.startswith("::error title=harness check::")
    log_lines(command, commands=True)


@pytest.mark.parametrize("form", TABLE_FORMS)
@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_tables_and_lines_in_every_form(form: str, text: str) -> None:
    table = Table(text, ("a", text), ((text, 1), (None, text)), notes=(text, f"ner|gold:{text}"))
    shown = render_tables([table, table], form)
    readers = {"csv": read_csv, "json": read_json, "github": read_markdown, "latex": read_latex}
    readers.get(form, log_lines)(shown)
    if form != "json":
        readers.get(form, log_lines)(render_lines([text, f"  {text}"], form))


def test_a_cell_of_any_length_leaves_the_table_readable() -> None:
    table = Table("t", ("a", "b"), (("x" * 10**6, 1),), ("n" * 10**6,))
    assert len(render_tables([table], "simple")) < 10_000
    assert len(render_tables([table], "github")) < 20_000
