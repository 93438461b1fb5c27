"""Perturbations: what each makes of a text, what moves, and how they are found."""

from __future__ import annotations

import runpy
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from random import Random
from typing import Any

import pytest
from md_blocks import blocks
from simulations.perturb import simulate

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import UsageError
from harness.perturb import registry
from harness.perturb.edits import Edited, TextEdit, edited, edited_record
from harness.perturb.perturbation import Level, TextPerturbation, perturbed
from harness.perturb.registry import level_named, perturbation_named, perturbations

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "perturbations.md"
_30 = "a" * 30


def became(name: str, text: str, level: Level, *spans: tuple[int, int], seed: int = 0) -> list[str]:
    """A text after a perturbation, and what stands in its spans."""
    items = tuple(Entity(*span, "MISC") for span in spans)
    new = perturbed(
        Record("d", text, Annotations(items)), perturbation_named(name), level, seed=seed
    )
    assert new.text is not None
    return [new.text, *(new.text[e.start : e.end] for e in new.annotations.entities or ())]


@pytest.mark.parametrize(
    ("name", "level", "text", "expected"),
    [
        ("upper", "all", "Straße ŉ ǆ ﬁn", "STRASSE ʼN Ǆ FIN"),
        ("lower", "all", "İN ΟΔΟΣ. ẞ", "i̇n οδος. ß"),
        ("title", "all", "a boy's 3rd cafe\u0301s ΟΔΟΣ ßa", "A Boy's 3rd Cafe\u0301s Οδος Ssa"),
        ("diacritics", "all", "café cafe\u0301 Việt ø İ ё", "cafe cafe Viet ø I е"),
        ("diacritics", "all", "हिन्दी が 한 שָׁלוֹם ❤\ufe0f", "हिन्दी が 한 שָׁלוֹם ❤\ufe0f"),
        ("quotes-straight", "all", "„So“, ‘it’s’ «oui»", "\"So\", 'it's' \"oui\""),
        ("quotes-curly", "all", "\"'Yes,' he\" (\"won't\") \"", "“‘Yes,’ he” (“won’t”) “"),
        ("quotes-doubled", "all", "“a” \"b\"", "``a'' ``b''"),
        ("quotes-missing", 1.0, "“a” \"b\" 'c'", "a b 'c'"),
        ("nbsp", 1.0, "a b\tc", "a\xa0b\tc"),
        ("line-breaks", "40", f"{_30} 456789 90 {_30}{_30} d", f"{_30} 456789 90\n{_30}{_30}\nd"),
        ("crlf", "all", "a\nb\r\nc\rd\n", "a\r\nb\r\nc\rd\r\n"),
        ("paragraphs-joined", "all", "\na\r\n \n\nb\nc\n", "\na b c\n"),
        ("hyphenation", 1.0, "a single modest hyphen.", "a sin-\ngle mod-\nest hyp-\nhen."),
        ("final-stop", "without", "A b.\nC.”  \nD...\nE?", "A b\nC”  \nD...\nE?"),
        ("final-stop", "with", "A b\nC”\nD.\n(e)\n—", "A b.\nC”.\nD.\n(e).\n—"),
        ("truncated", 0.5, "a\n\nb\nc\n", "a\n\nb"),
        ("truncated", 1.0, "a\n\nb\nc\n", "a"),
        ("truncated", 0.5, "One. Two! “Three.” Four...", "One. Two!"),
        ("truncated", 0.75, "one sentence", "one sentence"),
        ("ocr", 1.0, "modern clan", "rnoclcm dau"),
    ],
)  # fmt: skip
def test_what_becomes_of_a_text(name: str, level: Level, text: str, expected: str) -> None:
    assert became(name, text, level)[0] == expected


def test_what_becomes_of_what_stands_in_it() -> None:
    assert became("upper", "Weiß heiß", "all", (0, 4), (5, 9)) == ["WEISS HEISS", "WEISS", "HEISS"]
    assert became("final-stop", "Made by X Inc.", "without", (8, 14))[1] == "X Inc"
    assert became("final-stop", "Made by X", "with", (8, 9)) == ["Made by X.", "X"]
    assert became("hyphenation", "modest", 1.0, (0, 3), (3, 6)) == ["mod-\nest", "mod", "est"]
    assert became("paragraphs-joined", "a\n\nb", "all", (0, 4)) == ["a b", "a b"]
    # An item of which nothing is left is gone; one that is cut is waited for.
    assert became("quotes-missing", '"a', 1.0, (0, 1), (1, 2)) == ["a", "a"]
    assert became("truncated", "a\nb\nc\nd", 0.75, (0, 3), (4, 5)) == ["a\nb", "a\nb"]


@pytest.mark.parametrize("number", range(12))
def test_a_slip_is_one_of_four_kinds_and_spares_the_first_letter(number: int) -> None:
    """With the key beside: on a QWERTY keyboard those of `d` are e, r, s, f, x, c."""
    new, *_ = became("typos", "odd", 1.0, seed=number)
    beside = {f"o{key}d" for key in "ersfxcw"} | {f"od{key}" for key in "ersfxcw"}
    assert new in {*beside, "od", "oddd"}
    assert became("typos", "an ox, 1234", 1.0, seed=number) == ["an ox, 1234"]


def test_a_share_of_places_is_about_that_share() -> None:
    """Of 4000 blanks a tenth: 400, give or take four standard deviations of 19."""
    assert 324 < became("nbsp", "a " * 4000, 0.1)[0].count("\xa0") < 476
    assert 324 < became("zero-width", "ab" * 2000 + "a", 0.1)[0].count("\u200b") * 4 < 496


def test_zero_width_cuts_no_character_in_two() -> None:
    whole = ["e\u0301", "👩\u200d🚀", "🇫🇷", "👍🏽", "\r\n", "❤\ufe0f"]
    new, *_ = became("zero-width", "".join(whole), 1.0)
    assert all(one in new for one in whole) and len(new) == len("".join(whole)) + len(whole) - 1


def test_names_stay_the_same_throughout_a_document() -> None:
    text = (
        "Angela Merkel met J. R. Ewing of Acme. Merkel's aide, MERKEL, Angela and von Ewing; "
        "Bank of Berlin in Berlin. Иван in Oslo."
    )
    said = [("Angela Merkel", "PER"), ("J. R. Ewing", "person"), ("Acme", "ORG")]
    said += [("Merkel's", "PERSON"), ("MERKEL", "PER"), ("Angela and", "EVENT")]
    said += [("von Ewing", "PER"), ("Bank of Berlin", "ORG"), ("Berlin.", "GPE"), ("Иван", "PER")]
    entities = [
        Entity(at, at + len(one.rstrip(".")), label)
        for one, label in said
        for at in [text.rindex(one) if one != "Angela Merkel" else 0]
    ]
    entities.append(Entity(text.index("Berlin"), text.index("Berlin") + 6, "LOC"))
    record = Record("d", text, Annotations(tuple(entities)))
    names = perturbation_named("names")
    new = perturbed(record, names, "all")
    assert new.text is not None
    found = [new.text[e.start : e.end] for e in new.annotations.entities or ()]
    given, family = found[0].split()
    assert {given, family}.isdisjoint(("Angela", "Merkel"))
    other = found[1].removeprefix("J. R. ")
    assert other not in ("Ewing", family)
    assert found[3:5] == [f"{family}'s", family.upper()]
    assert found[5] == "Angela and"  # No type with a list.
    assert found[6] == f"von {other}"
    assert found[7] == f"Bank of {found[8]}" and found[8] == found[10] != "Berlin"
    assert found[9] == "Иван" and new.text.endswith("in Oslo.")
    assert found[2] != "Acme"
    assert perturbed(record, names, "all", seed=1).text != new.text


def test_speakers_are_called_as_the_names_in_their_text_are() -> None:
    text = (
        "Anna Berg and the United Nations spoke. “No,” she said; Berg and the mayor of Oslo: “Yes.”"
    )
    said = [("Anna Berg", "PER"), ("the United Nations", "ORG"), ("Oslo", "GPE"), ("Berg and", "X")]
    entities = [Entity(text.index(one), text.index(one) + len(one), label) for one, label in said]
    mayor = Span(text.index("the mayor"), text.index(": “Yes"))
    content = (Span(text.index("“No"), text.index(" she")),)
    speakers = ("Anna Berg", "Berg", "United Nations; Anna Berg", "Eva Roe", "Carl Moe", None)
    attributions = [Attribution(content, speaker=one) for one in speakers]
    attributions[4] = replace(attributions[4], source=mayor)
    record = Record("d", text, Annotations(tuple(entities), tuple(attributions)))
    new = perturbed(record, perturbation_named("names"), "all")
    assert new.text is not None
    person, body, *_ = (new.text[e.start : e.end] for e in new.annotations.entities or ())
    assert [one.speaker for one in new.annotations.attributions or ()] == [
        person,
        person.split()[1],
        f"{body}; {person}",
        "Eva Roe",  # Nothing of this name is in the text.
        None,  # Nobody knows what the mayor of another place is called.
        None,
    ]
    # No other perturbation calls anybody otherwise.
    upper = perturbed(record, perturbation_named("upper"), "all").annotations.attributions or ()
    assert [one.speaker for one in upper] == list(speakers)


def test_no_two_names_become_one_where_a_list_is_used_up() -> None:
    people = [f"Q{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(150)]
    text, at, items = " ".join(people), 0, []
    for one in people:
        items.append(Entity(at, at + len(one), "PER"))
        at += len(one) + 1
    new = perturbed(
        Record("d", text, Annotations(tuple(items))), perturbation_named("names"), "all"
    )
    after = (new.text or "").split()
    assert len(set(after)) == 150 and 0 < len(set(after) & set(people)) < 100


def test_lists_of_names_are_lists() -> None:
    tables = tomllib.loads((ROOT / "harness/perturb/data/names.toml").read_text("utf-8"))
    labels = [label for table in tables.values() for label in table["labels"]]
    assert len(set(labels)) == len(labels) and {"PER", "LOC", "GPE", "ORG"} <= set(labels)
    for table in tables.values():
        for names in (value for key, value in table.items() if key != "labels"):
            found = names.splitlines() if "lines" in table else names.split()
            assert len(found) == len(set(found)) > 50


def test_edits_move_units_and_tokens() -> None:
    """By hand: an insertion at a unit's start is in that unit, a replacement across it is not."""
    record = Record(
        "d",
        "ab\ncd\nef",
        Annotations((Entity(2, 4, "X"), Entity(6, 8, "Y"))),
        ignore=(Span(0, 2),),
        tokens=((0, 2), (3, 5), (6, 8)),
        metadata={"genre": "news"},
    )
    edits = [TextEdit(6, 6, "--"), TextEdit(2, 4, "ZZZ"), TextEdit(0, 0, ">")]
    new = edited_record(record, edits)
    assert new.text == ">abZZZd\n--ef"
    assert new.cuts == (0, 6, 8)
    assert new.annotations.entities == (Entity(3, 6, "X"), Entity(10, 12, "Y"))
    assert new.ignore == (Span(1, 3),)
    assert new.tokens == ((0, 3), (6, 7), (8, 12))
    assert new.metadata == record.metadata
    # Again: the units are still those of the first text.
    assert edited_record(new, [TextEdit(0, 1, ""), TextEdit(7, 8, "")]).cuts == (0, 5, 6)


def test_an_edit_through_an_edge_is_not_made() -> None:
    made = edited("abcdef", [TextEdit(1, 3, "X"), TextEdit(4, 5, "Y")], [(2, 4)])
    assert (made.text, made.edits) == ("abcdYf", (TextEdit(4, 5, "Y"),))


def test_fragments_that_nothing_parts_are_one() -> None:
    parts = (Span(0, 1), Span(2, 3), Span(4, 5))
    item = Entity(0, 5, "X", None, parts)
    record = Record("d", "a-b-c", Annotations((item,)))
    (both,) = edited_record(record, [TextEdit(1, 2, "")]).annotations.entities or ()
    assert both == Entity(0, 4, "X", None, (Span(0, 2), Span(3, 4)))
    (one,) = edited_record(record, [TextEdit(1, 5, "")]).annotations.entities or ()
    assert one == item  # It would cut through edges.
    gone = [TextEdit(at, at + 1, "") for at in range(1, 5)]
    assert edited_record(record, gone).annotations.entities == (Entity(0, 1, "X"),)


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ([TextEdit(0, 3, "x"), TextEdit(2, 4, "y")], "not apart, of [0, 3) and [2, 4)"),
        ([TextEdit(1, 1, "x"), TextEdit(1, 1, "y")], "not apart, of [1, 1) and [1, 1)"),
        # Refused as well where neither is made, since it would cut through an edge.
        ([TextEdit(1, 3, "x"), TextEdit(1, 4, "y")], "not apart, of [1, 3) and [1, 4)"),
        ([TextEdit(3, 9, "x")], "[3, 9) in a text of 5 characters"),
        ([TextEdit(-1, 1, "x")], "[-1, 1) in a text"),
        ([TextEdit(3, 2, "x")], "[3, 2) in a text"),
        ([(1, 2)], "ValueError"),
        ([(1.0, 2, "x")], "expected a TextEdit"),
        ([TextEdit(1, 2, None)], "expected a TextEdit"),  # type: ignore[arg-type]
        (None, "TypeError"),
    ],
)
def test_a_perturbation_at_fault_is_named(edits: Any, said: str) -> None:
    wrong = TextPerturbation("wrong", "", ("all",), lambda text, level, rng: edits)
    record = Record("doc-7", "abcde", Annotations((Entity(2, 4, "X"),)))
    with pytest.raises(UsageError) as caught:
        perturbed(record, wrong, "all")
    assert "'wrong'" in str(caught.value) and "'doc-7'" in str(caught.value)
    assert said in str(caught.value)


def test_items_without_a_place_are_refused() -> None:
    record = Record("d", "abc", Annotations(others={"topics": ("sport",)}))
    with pytest.raises(UsageError, match="str has no start and end"):
        perturbed(record, perturbation_named("upper"), "all")


def test_a_document_without_text_stays() -> None:
    record = Record("d", None, Annotations((Entity(0, 1, "X"),)))
    assert perturbed(record, perturbation_named("upper"), "all") is record


def test_names_and_levels_of_the_command_line() -> None:
    typos, wrapped = perturbation_named("typos"), perturbation_named("line-breaks")
    assert [level_named(typos, text) for text in ("0.05", "1", ".3")] == [0.05, 1.0, 0.3]
    assert level_named(wrapped, "60") == "60"
    for text in ("0", "1.01", "-0.1", "nan", "inf", "some", ""):
        with pytest.raises(UsageError, match=r"share above 0 and up to 1, such as 0\.01, 0\.05"):
            level_named(typos, text)
    with pytest.raises(UsageError, match=r"no level 'wth'\. Did you mean 'with'\? Known: without"):
        level_named(perturbation_named("final-stop"), "wth")
    with pytest.raises(UsageError, match="line-breaks has no level '61'"):
        level_named(wrapped, "61")
    with pytest.raises(UsageError, match=r"unknown perturbation 'typo'\. Did you mean 'typos'\?"):
        perturbation_named("typo")


def test_they_are_sorted_and_those_of_the_project() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    assert list(perturbations()) == sorted(stated[registry.PERTURBATION_GROUP])


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Registers `upper` of the harness, and others beside it with what `own_plugin.py` says."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def register(source: str, *values: str) -> None:
        (tmp_path / "own_plugin.py").write_text(source, "utf-8")
        sys.modules.pop("own_plugin", None)
        points = [("upper", "harness.perturb.case:UPPER"), *(("own", value) for value in values)]
        found = [EntryPoint(name, value, registry.PERTURBATION_GROUP) for name, value in points]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)
        perturbations.cache_clear()

    yield register
    perturbations.cache_clear()
    sys.modules.pop("own_plugin", None)


_CLASS = """
class Own:
    name, summary, levels = {name!r}, "", {levels}
    def edits(self, record, level, rng):
        return []
"""


@pytest.mark.parametrize(
    ("source", "value", "said"),
    [
        ("", "no_such_module:Own", "No module named 'no_such_module'"),
        ("", "own_plugin:Own", "AttributeError"),
        ("1 / 0", "own_plugin:Own", "ZeroDivisionError"),
        ("Own = 3", "own_plugin:Own", "found 3, expected an object with name, summary, levels"),
        (_CLASS.format(name="x", levels=()), "own_plugin:Own", "found the levels ()"),
        (_CLASS.format(name="x", levels="(0.5, 'all')"), "own_plugin:Own", "found the levels"),
        (_CLASS.format(name="x", levels="(0.5, 1.5)"), "own_plugin:Own", "found the levels"),
        (_CLASS.format(name="x", levels="'all'"), "own_plugin:Own", "found the levels 'all'"),
        (_CLASS.format(name="", levels="(1,)"), "own_plugin:Own", "found the name ''"),
        (_CLASS.format(name="upper", levels="(1,)"), "own_plugin:Own", "two perturbations have"),
    ],
)
def test_what_cannot_be_loaded_is_named(plugins: Any, source: str, value: str, said: str) -> None:
    plugins(source, value)
    with pytest.raises(UsageError) as caught:
        perturbation_named("upper")
    assert said in str(caught.value) and f"own = {value}" in str(caught.value)


def test_one_of_ones_own_is_found(plugins: Any) -> None:
    """That of docs/perturbations.md."""
    (_, source), (_, points) = [
        (language, text) for language, text in blocks(PAGE) if language in ("python", "toml")
    ][1:]
    (value,) = tomllib.loads(points)["project"]["entry-points"][
        registry.PERTURBATION_GROUP
    ].values()
    assert value.endswith(":Ampersands")
    assert len([line for line in source.splitlines() if line.strip()]) <= 10
    plugins(source, "own_plugin:Ampersands")
    assert list(perturbations()) == ["ampersands", "upper"]
    assert became("ampersands", "Tom and Anna and sand", 1.0, (0, 12)) == [
        "Tom & Anna & sand",
        "Tom & Anna",
    ]


def test_the_page_begins_with_what_works() -> None:
    source = next(text for language, text in blocks(PAGE) if language == "python")
    space: dict[str, Any] = {}
    exec(compile(source, "docs/perturbations.md", "exec"), space)
    noisy = space["noisy"]
    assert noisy.text != space["gold"].text and len(noisy.annotations.entities) == 1


def test_the_table_of_the_page_is_what_they_do() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "perturbations_table.py"))
    text = PAGE.read_text("utf-8")
    assert made["table"]() == text.split("<!-- table -->")[1].split("<!-- /table -->")[0].strip()
    assert made["TEXT"].splitlines() == [
        line.strip()
        for line in text.splitlines()
        if line.startswith("    “") or line[:5] == '    "'
    ]


def test_a_small_simulation_holds() -> None:
    """Of tests/simulations/perturb.py, which tries a million."""
    at_random, of_perturbations = simulate(4000, seed=7)
    assert at_random.faults == of_perturbations.faults == []
    assert at_random.holds and of_perturbations.holds
    assert min(at_random.spans, of_perturbations.spans) > 2500


def test_a_simulation_sees_edges_that_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what is inserted at the end of a span is taken in."""
    right = Edited.span

    def wrong(self: Edited, start: int, end: int) -> Span | None:
        span = right(self, start, end)
        put = sum(len(e.text) for e in self.edits if e.start == e.end == end)
        return span and Span(span.start, span.end + put)

    monkeypatch.setattr(Edited, "span", wrong)
    assert not any(outcome.holds for outcome in simulate(1500))


def test_rng_is_all_that_is_random() -> None:
    """Called twice with the same numbers, each says the same."""
    record = Record("d", "“Anna Berg,” he said.\nModern official films", Annotations(()))
    for one in perturbations().values():
        for level in one.levels:
            first, second = (list(one.edits(record, level, Random(3))) for _ in range(2))
            assert first == second
