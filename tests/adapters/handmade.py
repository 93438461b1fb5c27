"""Parses written by hand, so that the rules can be tested without a parser."""

from __future__ import annotations

from harness.adapters._attribution.parse import Parse, Token, UdWord


def parse(text: str, rows: str, *, offset: int = 0) -> Parse:
    """One sentence; a row is `form lemma POS TAG label head`, the head counted from 1, 0 = root.

    Forms are looked for in `text` from left to right.
    """
    tokens, place = [], 0
    for index, row in enumerate(row.split() for row in rows.strip().splitlines()):
        form, lemma, pos, tag, label, head = row
        place = text.index(form, place)
        start, place = place, place + len(form)
        above = index if head == "0" else int(head) - 1
        tokens.append(Token(form, lemma, pos, tag, label, above, offset + start, offset + place))
    return Parse(tokens)


def ud(text: str, rows: str) -> list[UdWord]:
    """One sentence of Universal Dependencies, in the columns of `parse`."""
    words, place = [], 0
    for row in (row.split() for row in rows.strip().splitlines()):
        form, lemma, pos, tag, label, head = row
        place = text.index(form, place)
        words.append(UdWord(form, lemma, pos, tag, label, int(head), place, place + len(form)))
        place += len(form)
    return words
