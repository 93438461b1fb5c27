"""Direct, indirect, mixed: one rule over quotation marks of every fashion, also broken ones."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_counts import score, tally
from support import examples

from harness.adapters._attribution.assemble import assemble
from harness.adapters._attribution.quotation import quotations
from harness.adapters._attribution.relation import DraftAttribution
from harness.annotation import Attribution, Record, Span
from harness.gold.loading import load_goldset
from harness.quotation.regions import quoted_regions
from harness.tasks.attribution.kinds import DIRECT_SHARE, kind_of

DOUBLE = [
    ("He said “yes” and “no”.", ["“yes”", "“no”"]),
    ('He said "yes" and "no".', ['"yes"', '"no"']),
    ("He said ``yes'' twice.", ["``yes''"]),
    ("''We go,'' he said. ''It's ours.''", ["''We go,''", "''It's ours.''"]),
    ("‘‘We go,’’ he said.", ["‘‘We go,’’"]),
    ("He said «oui».", ["«oui»"]),
    ("Il a dit « oui » et « non ».", ["« oui »", "« non »"]),
    ("„Ja“, sagte er. „Nein”, sagte sie.", ["„Ja“", "„Nein”"]),
    ("„ Ja “ sagte er.", ["„ Ja “"]),
    (",,Ja'', sagte er.", [",,Ja''"]),
    ("»Ja«, sagte er. » Nein « sagte sie.", ["»Ja«", "» Nein «"]),
    ("»Ja», sade han. ”Nej”, sade hon.", ["»Ja»", "”Nej”"]),
    ("他说“好的”，然后走了。", ["“好的”"]),
    ("彼は「今日『明日』」と言った。『本』", ["「今日『明日』」", "『本』"]),
    ("《红楼梦》是一本书。〈诗〉", []),
    ("He said ＂yes＂.", ["＂yes＂"]),
    ("“We “never” go,” he said.", ["“We “never” go,”"]),
    ("“ We go , ” he said .", ["“ We go , ”"]),
    # Mixed shapes, marks turned round, spaces lost: position decides, then shape.
    ('“We go," he said. «Oui», «Non”.', ['“We go,"', "«Oui»", "«Non”"]),
    ("He said ”yes we can“ today.", ["”yes we can“"]),
    ("”We can,” he said.", ["”We can,”"]),
    ("“We go,”he said.", ["“We go,”"]),
    ("He said: “We go. “", ["“We go. “"]),
    # Every sentence opened, one mark to close them.
    ("“We go. “Now,” she said.", ["“We go. “Now,”"]),
    ("“One. “Two. “Three,” she said. “Four.”", ["“One. “Two. “Three,”", "“Four.”"]),
    # Measures.
    ("He is 6'2\" tall and “fine with it”.", ["“fine with it”"]),
    ('"He is 6\'2" tall," she said.', ['"He is 6\'2" tall,"']),
    ('"A 12" pipe broke," he said.', ['"A 12" pipe broke,"']),
    ('A 12"x14" frame, he said, "fits".', ['"fits"']),
    ('"Apollo 13" was a film; "Alien" too.', ['"Apollo 13"', '"Alien"']),
    # A stray mark harms its own paragraph at most.
    ('A stray " mark.\nHe said "yes".', ['"yes"']),
    ("A stray “ mark here.\nHe said “yes”.", ["“yes”"]),
    ("It closes” alone. He said “yes”.", ["“yes”"]),
    ("It “opens alone. He said “yes”.", ["“yes”"]),
    ("The “war on words continued.\nNow she said “no”.", ["“no”"]),
    ("", []),
    ("”", []),
]
CONTINUED = [
    ("“One.\n\n“Two.\n\n“Three,” he said.", ["“One.", "“Two.", "“Three,”"]),
    ("He said: “One.\n\n“Two,” he said.", ["“One.", "“Two,”"]),
    ("“One.\n\nTwo,” he said.", ["“One.", "Two,”"]),
    ("It is so. “One.\nTwo. Three. “Four,” he said.", ["“One.", "Two. Three. “Four,”"]),
    ("“One.\nHe said “yes”.", ["“One.", "“yes”"]),
    # Never closed, and yet speech.
    ("He said: “One.\n\nNobody spoke.", ["“One."]),
    ("“One", ["“One"]),
    ("‘One.\n\n‘Two,’ he said.", ["‘One.", "‘Two,’"]),
    ("Roe said: ‘One.\n\n‘Two.\n\n‘Three.’", ["‘One.", "‘Two.", "‘Three.’"]),
    ("'The dogs' owners.\n\n'Two,' he said.", ["'The dogs' owners.", "'Two,'"]),
    ("‘One.\n\nNobody spoke.", []),
    ("'Twas brillig.\n'Twas not.", []),
]
SINGLE = [
    ("'We will not pay,' Ann Roe said.", ["'We will not pay,'"]),
    ("‘We go,’ she said. ‘It’s ours.’", ["‘We go,’", "‘It’s ours.’"]),
    ("China was to ‘pick a side’, of ‘consequences’ and ‘costs’ if", [
        "‘pick a side’", "‘consequences’", "‘costs’"]),
    ("`We go,' he said.", ["`We go,'"]),
    ("＇We go,＇ he said.", ["＇We go,＇"]),
    ("‚Ja‘, sagte er. ›Nein‹, ‹oui›, ‹ non ›.", ["‚Ja‘", "›Nein‹", "‹oui›", "‹ non ›"]),
    ("他说‘好’。", ["‘好’"]),
    ("’We go,‘ he said.", ["’We go,‘"]),
    ("’Ja,’ sade han.", ["’Ja,’"]),
    ("¿‘Qué’? dijo: ‘¡Vamos!’", ["‘Qué’", "‘¡Vamos!’"]),
    ("‘We go,' he said.", ["‘We go,'"]),
    ("‘We go,’he said. She said:'No.'", ["‘We go,’", "'No.'"]),
    ("‘ Yes , ’ said he . ‘ No , ’", ["‘ Yes , ’", "‘ No , ’"]),
    ("‘We go. ‘We stay,’ he said.", ["‘We go. ‘We stay,’"]),
    ("‘A stray one. He said ‘yes’.", ["‘yes’"]),
    # Marks within marks.
    ("“I said, ‘we go,’ and went,” he said.", ["“I said, ‘we go,’ and went,”"]),
    ("‘He said “no”,’ she said.", ["‘He said “no”,’"]),
    ("'\"No,\" she said,' he told us.", ["'\"No,\" she said,'"]),
    ("‘She said: “no,’ he said.", ["‘She said: “no,’"]),
    # Apostrophes.
    ("It isn't the dogs' day, nor O'Brien's, nor l'homme d’État.", []),
    ("It's the voters' choice, isn't it? The states' rights.", []),
    ("He called it ‘the voters’ choice’ again.", ["‘the voters’ choice’"]),
    ("‘We like dogs’, he said, and the voters' rights.", ["‘We like dogs’"]),
    ("rock 'n' roll, rock ’n’ roll and the dogs' day", []),
    ("In the '90s, the ’90s and ‘90s, the kids' shows", []),
    ("Get 'em and 'til the cows' tails; ’tis the dogs’ day", []),
    ("'Tis the season,' he said.", ["'Tis the season,'"]),
    ("'It was 'cause of the '90s,' he said.", ["'It was 'cause of the '90s,'"]),
    ("'I ain't goin' home nor nothin', man,' he said.", ["'I ain't goin' home nor nothin', man,'"]),
    ("al-‘Abadi said the fighters’ weapons were his.", []),
    ("'I'm 6' tall,' he said. 'So am I.'", ["'I'm 6' tall,'", "'So am I.'"]),
    ("A board of 5' by 6', and the dogs' own.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "regions"), [*DOUBLE, *CONTINUED, *SINGLE])
def test_quoted_regions(text: str, regions: list[str]) -> None:
    assert [text[start:end] for start, end in quoted_regions(text)] == regions


def kind(text: str, *content: str, cue: str | None = None) -> str:
    spans = [_find(text, part) for part in content]
    found = None if cue is None else _find(text, cue)
    return kind_of(text, spans, quoted_regions(text), cue=found)


def _find(text: str, part: str) -> Span:
    return Span(text.index(part), text.index(part) + len(part))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("‘We will go,’", "direct"),
        ("We will go", "direct"),
        ("that the plan “works”", "mixed"),
        ("the plan", "indirect"),
        ("he said", "indirect"),
    ],
)
def test_kind_is_the_share_of_letters_within_marks(content: str, expected: str) -> None:
    assert kind("‘We will go,’ he said, and that the plan “works”.", content) == expected


def test_a_stray_letter_does_not_make_a_long_quotation_mixed() -> None:
    assert DIRECT_SHARE == 0.98
    long, short = (f"a “{'b' * count}”" for count in (50, 49))
    assert kind(long, long) == "direct"
    assert kind(short, short) == "mixed"


def test_discontinuous_content_is_direct_without_what_lies_between() -> None:
    text = "“We go,” he said. “Now.”"
    assert kind(text, "“We go,”", "“Now.”", cue="said") == "direct"
    assert kind(text, text, cue="said") == "mixed"


def test_content_without_letters_is_judged_by_its_positions() -> None:
    text = "“…” he said …"
    regions = quoted_regions(text)
    assert kind_of(text, [Span(0, 3)], regions) == "direct"
    assert kind_of(text, [Span(12, 13)], regions) == "indirect"


def test_the_outer_marks_of_a_nested_relation_do_not_count() -> None:
    text = "“I think we go, and he said ‘no way’ to it,” she said."
    assert kind(text, "we go", cue="think") == "indirect"
    assert kind(text, "‘no way’", cue="he said") == "direct"
    assert kind(text, "‘no way’ to it", cue="he said") == "mixed"
    assert kind(text, "we go", cue="she said") == "direct"


def test_a_mark_as_cue_or_a_content_with_the_first_mark_nests_nothing() -> None:
    assert kind("They carry a “big flag,” she said.", "big flag", cue="“") == "direct"
    # The closing mark was forgotten, so that the region goes on over the cue.
    assert kind('"We go now, said Roe.', '"We go now,', cue="said") == "direct"


@pytest.fixture(scope="module")
def seeds() -> list[Record]:
    return list(load_goldset("goldsets/seeds").records())


def relations(records: list[Record]) -> list[tuple[str, Attribution]]:
    return [
        (record.text or "", item)
        for record in records
        for item in record.annotations.attributions or ()
    ]


def test_the_labels_of_the_seeds_are_what_the_rule_says(seeds: list[Record]) -> None:
    """All but one: there the text lacks the mark with which the quotation begins."""
    wrong = [
        text[item.content[0].start :][:14]
        for text, item in relations(seeds)
        if item.kind != kind_of(text, item.content, quoted_regions(text), cue=item.cue)
    ]
    assert len(relations(seeds)) == 105
    assert wrong == ["If we do not c"]


def test_adapters_and_scorer_say_the_same_of_every_relation(seeds: list[Record]) -> None:
    for text, item in relations(seeds):
        relation = DraftAttribution(list(item.content), item.cue, item.source)
        (predicted,) = assemble(text, [relation], quotations(text), None)
        confusion = score(tally([replace(item, kind=None)], [predicted], text=text)).kind_confusion
        assert predicted.kind
        assert confusion[predicted.kind][predicted.kind] == 1


MARKS = st.text(alphabet="abs1 “”\"\n'`‘’‚„«»‹›「」.,:6-", max_size=60)


@settings(max_examples=examples(500))
@given(MARKS)
def test_regions_are_sorted_disjoint_and_within_one_paragraph(text: str) -> None:
    end = 0
    for region in quoted_regions(text):
        assert end <= region.start < region.end <= len(text)
        assert "\n" not in text[region.start : region.end]
        end = region.end


@settings(max_examples=examples(500))
@given(MARKS, st.sampled_from(list("“”\"'‘’«»")), st.integers(0, 60))
def test_a_stray_mark_changes_its_own_paragraph_only(text: str, mark: str, at: int) -> None:
    """Beyond a plain paragraph on either side, over which no quotation goes on."""
    first = text.replace("\n", " ")
    at = min(at, len(first))
    rest = "\nA plain line.\n“We go,” he said. ‘No,’ she said."
    before, after = (
        {region.start - len(whole) for region in quoted_regions(whole) if region.start > size}
        for whole, size in ((first + rest, len(first)), (first[:at] + mark + first[at:] + rest, 0))
    )
    assert {start for start in after if start >= -len(rest)} == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["“", '"', "'", "‘a ", "s' x", "‘em ", "“A. “", "‘A. ‘", "\n‘a", "a, ’", "'\"", "‘a, ’"]
)
def test_time_grows_with_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        quoted_regions(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(200_000) < 12 * max(seconds(50_000), 0.005)
