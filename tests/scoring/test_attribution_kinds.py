"""Kinds read off quotation marks, also where the marks are broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Span
from harness.scoring.kinds import derive_kind, quoted_regions


def quoted(text: str) -> list[str]:
    return [text[start:end] for start, end in quoted_regions(text)]


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("He said “yes” and “no”.", ["“yes”", "“no”"]),
        ('He said "yes" and "no".', ['"yes"', '"no"']),
        ("He said ``yes'' twice.", ["``yes''"]),
        ("He said «oui».", ["«oui»"]),
        ("It isn't the dogs' day.", []),
        ("“We “never” go,” he said.", ["“We “never” go,”"]),
        # Turned round by machine translation: position decides, not the glyph.
        ("He said ”yes we can“ today.", ["”yes we can“"]),
        ("”We can,” he said.", ["”We can,”"]),
        # A stray mark harms its own paragraph at most.
        ('A stray " mark.\nHe said "yes".', ['"yes"']),
        ("A stray “ mark here.\nHe said “yes”.", ["“yes”"]),
        ("It closes” alone. He said “yes”.", ["“yes”"]),
        ("It “opens alone. He said “yes”.", ["“yes”"]),
        # Quotations over paragraphs: the mark is opened again and closed at the very end.
        ("“One.\n\n“Two.\n\n“Three,” he said.", ["“One.", "“Two.", "“Three,”"]),
        ("He said: “One.\n\n“Two,” he said.", ["“One.", "“Two,”"]),
        ("“One.\n\nTwo,” he said.", ["“One.", "Two,”"]),
        ("He said: “One.\n\nNobody spoke.", []),
        ("“One", ["“One"]),
        ("", []),
        ("”", []),
    ],
)
def test_quoted_regions(text: str, regions: list[str]) -> None:
    assert quoted(text) == regions


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("“We will go,”", "direct"),
        ("We will go", "direct"),
        ("that the plan “works”", "mixed"),
        ("the plan", "indirect"),
        ("he said", "indirect"),
    ],
)
def test_kind_is_the_share_of_letters_within_marks(content: str, kind: str) -> None:
    text = "“We will go,” he said, and that the plan “works”."
    start = text.index(content)
    span = Span(start, start + len(content))
    assert derive_kind(text, [span], quoted=quoted_regions(text)) == kind


def test_discontinuous_content_is_direct_without_what_lies_between() -> None:
    text = "“We go,” he said. “Now.”"
    assert derive_kind(text, [Span(0, 8), Span(18, 24)], quoted=quoted_regions(text)) == "direct"
    assert derive_kind(text, [Span(0, 24)], quoted=quoted_regions(text)) == "mixed"


def test_content_without_letters_is_judged_by_its_positions() -> None:
    text = "“…” he said …"
    regions = quoted_regions(text)
    assert derive_kind(text, [Span(0, 3)], quoted=regions) == "direct"
    assert derive_kind(text, [Span(12, 13)], quoted=regions) == "indirect"


@given(st.text(alphabet="ab “”\"\n'`«».,", max_size=60))
def test_regions_are_sorted_disjoint_and_within_one_paragraph(text: str) -> None:
    end = 0
    for region in quoted_regions(text):
        assert end <= region.start < region.end <= len(text)
        assert "\n" not in text[region.start : region.end]
        end = region.end
