"""PDNC, the Project Dialogism Novel Corpus (Vishnubhotla et al. 2022): quotations in novels.

One folder per novel with `novel_text.txt` and `quotation_info.csv`, whose column
`quoteByteSpans` holds character offsets in spite of its name (one pair per part of an interrupted
quotation). The speaker is a character's main name. Sources and cues have no offsets there: both
stay `None`, so only contents, kinds and speakers can be scored.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.annotation import Annotations, Attribution, Record, Span, span_problems
from harness.coding import decode, parse_json, short
from harness.errors import AnnotationError, InputError
from harness.formats.files import read_text
from harness.formats.losses import Losses
from harness.formats.sniff import Head

__all__ = ["EXAMPLE", "LOSES", "TABLE", "TEXT", "matches", "novels", "read"]

TEXT, TABLE = "novel_text.txt", "quotation_info.csv"
_Spans = tuple[tuple[int, int], ...]
_COLUMNS = ("quoteID", "quoteText", "quoteByteSpans", "speaker")


LOSES = "the rest of the table"
EXAMPLE = "quoteID,quoteText,speaker,quoteByteSpans,...\n"


def matches(head: Head) -> bool:
    return head.standoff is None and head.holds(TABLE, f"*/{TABLE}")


def novels(path: Path) -> list[Path]:
    """The novels' folders below `path`, or `path` itself."""
    return [path] if (path / TABLE).is_file() else sorted(p.parent for p in path.glob(f"*/{TABLE}"))


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream one record per novel, named after its folder.

    White space at the edges of a quotation is trimmed and counted in `losses`, as are quotations
    whose words are not those that the table gives. Raises `InputError` for a missing column or
    text, `AnnotationError` with the line for spans that do not fit.
    """
    path = Path(path)
    folders = novels(path)
    if not folders:
        raise InputError("holds no PDNC novel", path=path, hint=f"expected {TEXT} and {TABLE}")
    losses = Losses() if losses is None else losses
    for folder in folders:
        text = read_text(folder / TEXT)
        quotations = tuple(_quotations(folder / TABLE, text, losses))
        yield Record(folder.resolve().name, text, Annotations(None, quotations))


def _quotations(path: Path, text: str, losses: Counter[str]) -> Iterator[Attribution]:
    rows = csv.DictReader(read_text(path).splitlines(keepends=True), strict=True)
    try:
        missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            raise InputError(f"lacks the column {missing[0]!r}", path=path, line=1)
        for row in rows:
            spans = tuple(_spans(row["quoteByteSpans"], text, path, rows.line_num, losses))
            if _letters("".join(text[a:b] for a, b in spans)) != _letters(row["quoteText"]):
                losses["quotations whose words differ from the table's (offsets are trusted)"] += 1
            yield Attribution(spans, kind="direct", speaker=row["speaker"] or None)
    except csv.Error as error:
        raise InputError(f"not a table: {error}", path=path, line=rows.line_num) from None


def _spans(value: str, text: str, path: Path, line: int, losses: Counter[str]) -> Iterator[Span]:
    try:
        pairs = sorted(decode(_Spans, parse_json(value)))
    except (ValueError, TypeError, RecursionError):  # A row with too few columns has `None`.
        pairs = []
    if not pairs:
        raise AnnotationError(
            f"quoteByteSpans is {short(value)}, expected [[start, end], ...]", path=path, line=line
        )
    for start, end in pairs:
        problem = span_problems(len(text), start, end)
        if problem:
            raise AnnotationError(problem, path=path, line=line)
        quotation = text[start:end]
        trimmed = quotation.strip()
        if len(trimmed) < len(quotation):
            losses["quotations trimmed of white space at their edges"] += 1
        start += len(quotation) - len(quotation.lstrip())
        yield Span(start, start + len(trimmed))


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())
