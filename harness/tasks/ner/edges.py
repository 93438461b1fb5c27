"""The signs that may stand at the edge of a name without being part of it, in every script.

That is Unicode's punctuation (general categories Pd, Ps, Pe, Pi, Pf and Po; a connector, Pc, joins
what it stands between), signs used as such that Unicode files elsewhere, white space, and
characters that show nothing. `MEANING` is excepted everywhere, and `SIGN` tells where a sign
belongs to the number behind it.

The ranges are written out, and not asked of `unicodedata`, so that a score does not depend on the
version of Python, and because to look through all of Unicode takes longer than a command may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["EDGE_CLASS", "EDGE_SIGNS", "MEANING", "SIGN", "UNICODE"]

UNICODE = (17, 0)
"""The version of Unicode that the ranges are from."""

_PUNCTUATION = """
    21-23 25-2A 2C-2F 3A-3B 3F-40 5B-5D 7B 7D A1 A7 AB B6-B7 BB BF 37E 387 55A-55F 589-58A 5BE 5C0
    5C3 5C6 5F3-5F4 609-60A 60C-60D 61B 61D-61F 66A-66D 6D4 700-70D 7F7-7F9 830-83E 85E 964-965
    970 9FD A76 AF0 C77 C84 DF4 E4F E5A-E5B F04-F12 F14 F3A-F3D F85 FD0-FD4 FD9-FDA 104A-104F 10FB
    1360-1368 1400 166E 169B-169C 16EB-16ED 1735-1736 17D4-17D6 17D8-17DA 1800-180A 1944-1945
    1A1E-1A1F 1AA0-1AA6 1AA8-1AAD 1B4E-1B4F 1B5A-1B60 1B7D-1B7F 1BFC-1BFF 1C3B-1C3F 1C7E-1C7F
    1CC0-1CC7 1CD3 2010-2027 2030-203E 2041-2043 2045-2051 2053 2055-205E 207D-207E 208D-208E
    2308-230B 2329-232A 2768-2775 27C5-27C6 27E6-27EF 2983-2998 29D8-29DB 29FC-29FD 2CF9-2CFC
    2CFE-2CFF 2D70 2E00-2E2E 2E30-2E4F 2E52-2E5D 3001-3003 3008-3011 3014-301F 3030 303D 30A0 30FB
    A4FE-A4FF A60D-A60F A673 A67E A6F2-A6F7 A874-A877 A8CE-A8CF A8F8-A8FA A8FC A92E-A92F A95F
    A9C1-A9CD A9DE-A9DF AA5C-AA5F AADE-AADF AAF0-AAF1 ABEB FD3E-FD3F FE10-FE19 FE30-FE32 FE35-FE4C
    FE50-FE52 FE54-FE61 FE63 FE68 FE6A-FE6B FF01-FF03 FF05-FF0A FF0C-FF0F FF1A-FF1B FF1F-FF20
    FF3B-FF3D FF5B FF5D FF5F-FF65 10100-10102 1039F 103D0 1056F 10857 1091F 1093F 10A50-10A58
    10A7F 10AF0-10AF6 10B39-10B3F 10B99-10B9C 10D6E 10EAD 10ED0 10F55-10F59 10F86-10F89
    11047-1104D 110BB-110BC 110BE-110C1 11140-11143 11174-11175 111C5-111C8 111CD 111DB
    111DD-111DF 11238-1123D 112A9 113D4-113D5 113D7-113D8 1144B-1144F 1145A-1145B 1145D 114C6
    115C1-115D7 11641-11643 11660-1166C 116B9 1173C-1173E 1183B 11944-11946 119E2 11A3F-11A46
    11A9A-11A9C 11A9E-11AA2 11B00-11B09 11BE1 11C41-11C45 11C70-11C71 11EF7-11EF8 11F43-11F4F
    11FFF 12470-12474 12FF1-12FF2 16A6E-16A6F 16AF5 16B37-16B3B 16B44 16D6D-16D6F 16E97-16E9A
    16FE2 1BC9F 1DA87-1DA8B 1E5FF 1E95E-1E95F
"""
_CURRENCY = """
    24 A2-A5 58F 60B 7FE-7FF 9F2-9F3 9FB AF1 BF9 E3F 17DB 20A0-20C1 A838 FDFC FE69 FF04 FFE0-FFE1
    FFE5-FFE6 11FDD-11FE0 1E2FF 1ECB0
"""
_SPACE = "9-D 1C-20 85 A0 1680 2000-200A 2028-2029 202F 205F 3000"
# They only direct how others are shown. Not all of Cf: the Arabic signs of number and year can be
# seen, and tags are what tells one flag from another.
_UNSEEN = "AD 61C 180E 200B-200F 202A-202E 2060-2064 2066-206F FEFF FFF9-FFFB"
# Symbols to Unicode: marks used for quotation, ornaments included, and the minus, which is a dash
# wherever no number follows.
_MARKS = "`´｀<>＜＞﹤﹥≪≫❛❜❝❞❟❠🙶🙷🙸−"


def _characters(ranges: str) -> set[str]:
    ends = (part.partition("-") for part in ranges.split())
    return {chr(i) for low, _, high in ends for i in range(int(low, 16), int(high or low, 16) + 1)}


def _class(characters: Iterable[str]) -> str:
    """In ranges, which `re` compiles several times as fast as single characters."""
    ranges: list[list[int]] = []
    for point in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return f"[{''.join(f'{re.escape(chr(a))}-{re.escape(chr(b))}' for a, b in ranges)}]"


MEANING = frozenset("%٪؉؊‰‱％﹪&＆﹠@＠﹫#＃﹟*＊﹡§¶′″‴⁗׳")
"""Punctuation to Unicode, but part of a name or an amount: "5%", "AT&T", "#MeToo", "§ 5", "6′", and
the geresh, which makes another letter of the one before it ("ג׳ורג׳", George)."""

EDGE_SIGNS = (
    frozenset(_characters(_PUNCTUATION) | _characters(_SPACE) | _characters(_UNSEEN) | set(_MARKS))
    - MEANING
)
EDGE_CLASS = _class(EDGE_SIGNS)
"""The same as a class of a regular expression."""

# The dashes of a sentence, — and ―, are no sign of a number, and neither is the comma of Chinese or
# of Arabic, which has no white space between it and a number that follows.
_MINUS, _POINT = set("-‐‑‒–−〜﹣－"), set(".,٫．")
_AMOUNT = (
    rf"(?:{_class(_MINUS)}{_class(_characters(_CURRENCY))}?{_class(_POINT)}?|{_class(_POINT)})"
    r"[\d¼-¾⅐-⅞]"
)

SIGN = (
    rf"{_class(EDGE_SIGNS - _MINUS - _POINT)}|({_class(_MINUS | _POINT)})\1+"
    rf"|(?!{_AMOUNT}){_class(_MINUS | _POINT)}"
)
"""A regular expression, with a group, for one edge sign that is not part of an amount behind it.

A minus or a decimal point directly before a digit, or before its currency sign, stays: "-5", "–$5",
"-.5", ".5". The same sign several times is a dash or an ellipsis instead ("--5", "...5"). Plus, ±
and ~ are symbols, which stay at any edge.
"""
