"""The texts of the contract test: short odd ones, a long ordinary one, long hostile ones."""

from __future__ import annotations

__all__ = ["HOSTILE", "LONG", "TEXTS", "hostile"]

_PARAGRAPH = (
    "“The bridge in Riga will open in May,” Jane Roe of Example Corp. said on Monday. "
    "John Smith, who leads Acme Ltd. in Oslo, told reporters that 300 workers had been hired.\n\n"
)
# Every text has the paragraph in it, so that a backend has something to find, after what is to be
# survived: whoever miscounts that is off by so much on every word that follows.
TEXTS: dict[str, str] = {
    "plain": _PARAGRAPH,
    "empty": "",
    "white space": " \t\n\u00a0\u2003\r\n ",
    "leading white space": "  \n\n \t" + _PARAGRAPH,
    "line breaks of Windows": _PARAGRAPH.replace("\n", "\r\n") * 3,
    "no-break spaces": _PARAGRAPH.replace(" in ", "\u00a0in\u00a0") * 2,
    "emoji": "Well 😀👩‍👩‍👧🇳🇴 now. " * 3 + _PARAGRAPH,
    "combining accents": "Cafe\u0301 a\u0308u\u0308o\u0308. " * 3 + _PARAGRAPH,
    "compatibility characters": "ﬁve oﬃces, ½ of №\u20097, Ⅳ… " * 3 + _PARAGRAPH,
    "byte-order mark": "\ufeff" + _PARAGRAPH,
    "zero width": "a\u200bb\u00adc\u2060d. " * 3 + _PARAGRAPH,
    "control characters": "a\x00b\x0cc\x0b. " + _PARAGRAPH,
    "right to left": "שלום עולם. مرحبا. " * 2 + _PARAGRAPH,
    "one very long word": "x" * 3000 + ". " + _PARAGRAPH,
    "another": "Mary Major met Richard Miles in Lagos. She said: “We agreed on Tuesday.”\n",
}
LONG = _PARAGRAPH * (200_000 // len(_PARAGRAPH) + 1)

_MARKS = "“”\"«»‘’'().,;:!?—-…"
# What takes the square of their number from whoever looks on to the end, or back, at each of them.
HOSTILE: dict[str, str] = {
    "one paragraph": _PARAGRAPH.replace("\n", " "),
    "quotations": "“We will all vote in May,” Jane Roe said. ",
    "quotations that are not closed": "“We will all vote in May.\n",
    "a verb of speech": "said ",
    "reports of reports": "he said that she said that ",
    # In rows as people type them: tokenisers take the square of a longer one, which is one word.
    "marks alone": "".join(mark * 50 + " " for mark in _MARKS),
    "names": "Jane Roe ",
    "short paragraphs": "He left.\n",
    "letters without a space": "a",
    "spaces": " ",
}


def hostile(name: str, size: int) -> str:
    """So many characters of one kind."""
    unit = HOSTILE[name]
    return (unit * (size // len(unit) + 1))[:size]
