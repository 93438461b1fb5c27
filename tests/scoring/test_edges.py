"""Which signs may stand at the edge of a name, by script, and which belong to an amount."""

from __future__ import annotations

import re
import sys
from unicodedata import category, unidata_version

import pytest

from harness.tasks.ner.boundary import trim
from harness.tasks.ner.edges import EDGE_CLASS, EDGE_SIGNS, MEANING, UNICODE


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ("《人民日报》，", "人民日报"),
        ("「東京」、", "東京"),
        ("。ＮＡＴＯ！", "ＮＡＴＯ"),
        ("［ＮＡＴＯ］", "ＮＡＴＯ"),
        ("ジョン・", "ジョン"),
        ("，5日", "5日"),
        ("،القاهرة؛", "القاهرة"),
        ("«مصر»؟", "مصر"),
        ("“दिल्ली”।", "दिल्ली"),
        ("दिल्ली॥", "दिल्ली"),
        ("«Երևան»։", "Երևան"),
        ("አዲስ አበባ።", "አዲስ አበባ"),
        ("፣አዲስ", "አዲስ"),
        ("“กรุงเทพฯ” ๛", "กรุงเทพฯ"),  # the sign of abbreviation is a letter
        ("๏ ไทย", "ไทย"),
        ("«Москва»,", "Москва"),
        ("„Москва“", "Москва"),
        ("«Αθήνα»·", "Αθήνα"),
        ("־ירושלים׃", "ירושלים"),
        ("ג׳ורג׳,", "ג׳ורג׳"),
        ("༄༅། བོད་།", "བོད"),
        ("ភ្នំពេញ។", "ភ្នំពេញ"),
        ("ရန်ကုန်။", "ရန်ကုန်"),
        ("თბილისი჻", "თბილისი"),
        ("¡Perú!", "Perú"),
        ("¿Lima?", "Lima"),
        ("サッカー〜", "サッカー"),
    ],
)
def test_trim_in_other_scripts(whole: str, kept: str) -> None:
    assert trimmed(whole) == kept


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ("-5", "-5"),
        ("−5 %", "−5 %"),
        ("–5", "–5"),
        ("－５％", "－５％"),
        ("-٥٪", "-٥٪"),
        ("٫٥", "٫٥"),
        ("-$5", "-$5"),
        ("–€.5", "–€.5"),
        ("-.5", "-.5"),
        ("-½ point", "-½ point"),
        ("-3.2 percent.", "-3.2 percent"),
        (".5 percent", ".5 percent"),
        (",5", ",5"),
        ("(-5)", "-5"),
        ("(5)", "5"),
        ("+5", "+5"),
        ("5+", "5+"),
        ("±5", "±5"),
        ("~5", "~5"),
        ("≈5", "≈5"),
        ("5-", "5"),
        ("1990–", "1990"),
        ("- 5", "5"),
        ("—5", "5"),
        ("--5", "5"),
        ("...5", "5"),
        ("… -5", "-5"),
        ("-year", "year"),
        ("−year", "year"),
        ("'90s", "90s"),
        ("٪", "٪"),
        ("5‰", "5‰"),
        ("＃MeToo", "＃MeToo"),
        ("§ 5", "§ 5"),
        ("6′ 2″", "6′ 2″"),
    ],
)
def test_signs_of_an_amount_stay(whole: str, kept: str) -> None:
    assert trimmed(whole) == kept


def trimmed(whole: str) -> str:
    """What stays of a mention, whatever is around it."""
    kept = set()
    for before, after in (("", ""), ("xx ", " yy"), ("the -", "'s"), ("5", "5")):
        text = before + whole + after
        start, end = trim(text, len(before), len(before) + len(whole))
        assert len(before) <= start < end <= len(before) + len(whole)
        kept.add(text[start:end])
    (only,) = kept
    return only


def test_the_signs_are_those_of_unicode() -> None:
    wanted = {"Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
    known = [c for c in map(chr, range(sys.maxunicode + 1)) if category(c) != "Cn"]
    if tuple(map(int, unidata_version.split(".")[:2])) > UNICODE:
        known = [c for c in known if c in EDGE_SIGNS or category(c) not in wanted]
    expected = {c for c in known if category(c) in wanted or c.isspace()} - MEANING
    more = EDGE_SIGNS - expected
    assert expected <= EDGE_SIGNS
    assert {category(c) for c in more} <= {"Cf", "Sk", "Sm", "So", "Cn"}
    assert {c for c in more if category(c) in ("Sk", "Sm")} == set("`´｀<>＜＞﹤﹥≪≫−")
    assert {category(c)[0] for c in MEANING} == {"P"}
    pattern = re.compile(EDGE_CLASS)
    assert {c for c in map(chr, range(sys.maxunicode + 1)) if pattern.match(c)} == EDGE_SIGNS


def test_a_currency_sign_of_any_country_is_one_of_an_amount() -> None:
    signs = [c for c in map(chr, range(sys.maxunicode + 1)) if category(c) == "Sc"]
    if tuple(map(int, unidata_version.split(".")[:2])) <= UNICODE:
        assert [c for c in signs if trimmed(f"-{c}5") != f"-{c}5"] == []
