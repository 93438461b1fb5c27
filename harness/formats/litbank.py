"""LitBank quotations (Sims and Bamman 2020): quotes and speakers in excerpts of fiction.

`<doc>.txt` has a sentence per line, tokens parted by a space; `<doc>.ann` is a table, not brat:

    QUOTE<TAB>Q246<TAB>2<TAB>37<TAB>3<TAB>24<TAB>“ This is …   sentence and token, first and last
    ATTRIB<TAB>Q246<TAB>the_Old_Man-2                           the speaker's coreference cluster

Sources and cues are not annotated: both stay `None`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.annotation import Annotations, Attribution, Record, Span
from harness.coding import whole_number
from harness.errors import AnnotationError, InputError
from harness.formats.files import files_in, read_text
from harness.formats.losses import Losses
from harness.formats.sniff import Head

__all__ = ["EXAMPLE", "LOSES", "matches", "read"]

_ROW = re.compile(r"(?:QUOTE|ATTRIB)\t")
_TOKEN = re.compile(r"[^ \r\n]+")


LOSES = ""
EXAMPLE = "QUOTE\tQ1\t0\t0\t0\t4\t“ It rains . ”\nATTRIB\tQ1\tAda-1\n"


def matches(head: Head) -> bool:
    return any(_ROW.match(line) for line in head.standoff_lines())


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream one record per `.ann` file of a folder, sorted by name, or for one file.

    Raises `InputError` for an `.ann` without `.txt`, `AnnotationError` with the line for a row that
    is neither QUOTE nor ATTRIB, a token that is not there, and words that differ from the text's.
    """
    path = Path(path)
    files = list(files_in(path, ".ann").values()) if path.is_dir() else [path]
    if not files:
        raise InputError("holds no .ann file", path=path)
    for file in files:
        source = file.with_suffix(".txt")
        if not source.is_file():
            raise InputError(f"has no text: expected {source}", path=file)
        text = read_text(source)
        yield Record(file.stem, text, Annotations(None, tuple(_quotes(file, text, losses))))


def _quotes(path: Path, text: str, losses: Counter[str] | None) -> Iterator[Attribution]:
    starts = [0] + [match.end() for match in re.finditer("\n", text)]
    spans: dict[str, Span] = {}
    speakers: dict[str, str] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.removesuffix("\r").split("\t")
        if fields[0] == "QUOTE" and len(fields) == 7:
            spans[fields[1]] = _span(fields, starts, text, path, number)
        elif fields[0] == "ATTRIB" and len(fields) == 3:
            speakers[fields[1]] = fields[2]
        elif line.strip():
            raise AnnotationError(
                f"found {line[:40]!r}, expected a QUOTE row of 7 or an ATTRIB row of 3 columns",
                path=path,
                line=number,
            )
    orphans = len(speakers.keys() - spans.keys())
    if orphans and losses is not None:
        losses["speakers of quotations that are not there: left out"] += orphans
    for id_, span in spans.items():
        yield Attribution((span,), kind="direct", speaker=speakers.get(id_))


def _span(fields: list[str], starts: list[int], text: str, path: Path, number: int) -> Span:
    try:
        places = [whole_number(field) for field in fields[2:6]]
        first = _token(places[0], places[1], starts, text)
        last = _token(places[2], places[3], starts, text)
    except (ValueError, IndexError):
        raise AnnotationError(
            f"sentence and token are {fields[2:6]}, which are not in the text",
            path=path,
            line=number,
        ) from None
    span = Span(first.start, last.end)
    words, there = fields[6].split(), text[span.start : span.end].split()
    if words != there:
        raise AnnotationError(
            f"the quotation reads {fields[6][:50]!r}, but the text has {' '.join(there)[:50]!r}",
            path=path,
            line=number,
        )
    return span


def _token(sentence: int, token: int, starts: list[int], text: str) -> Span:
    if sentence < 0 or token < 0:
        raise IndexError
    start = starts[sentence]
    end = starts[sentence + 1] if sentence + 1 < len(starts) else len(text)
    return Span(*list(_TOKEN.finditer(text, start, end))[token].span())
