"""CSV and TSV with a header: a token a row, or a span a row.

    Sentence #,Word,POS,Tag                doc,text,start,end,label
    Sentence: 1,Ada,NNP,B-per              a,Ada left Oslo,0,3,PER
    ,left,VBD,O                            a,,9,13,LOC

No standard: as Kaggle's ner_dataset.csv, and as shared tasks and pandas write them. Columns are
told by their names. Of tokens a document is a sentence, or what has one name in a column of
documents; white space is rebuilt as in `harness.formats.conll`. Of spans the rows of a document
stand together, its text in the first of them, or nowhere; offsets are half-open. Cells are written
as they are, formulas too: whatever would be put before them would move the offsets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import Record
from harness.errors import InputError
from harness.formats.csvrows import CsvRow, Sheet, cells_of, sheet_in, sheet_of, with_columns
from harness.formats.csvspans import span_documents
from harness.formats.files import atomic_writer
from harness.formats.losses import Holds, Losses, writable
from harness.formats.options import (
    EncodingOption,
    OffsetsOption,
    RepairOption,
    SchemeOption,
    TagColumnOption,
    TokenColumnOption,
)
from harness.formats.sniff import Head
from harness.formats.tagging import chunks_at, tag_pairs, told_scheme
from harness.formats.tags import Bigrams, Repair, check_scheme
from harness.formats.tokens import tagged
from harness.options import Flag

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "SUFFIXES", "census", "matches", "read"]
__all__ += ["settle", "write"]

HOLDS = "entities with scores, ids"
LOSES = "other columns, white space between tokens"
EXAMPLE = "Sentence #,Word,POS,Tag\nSentence: 1,NATO,NNP,B-org\n,left,VBD,O\n"
SUFFIXES = (".csv",)
LEAVES_OUT = True

_HEADER = ("id", "text", "start", "end", "label", "score")
_SentenceColumn = Annotated[
    str | None, Flag("column that says where a sentence begins", metavar="COLUMN")
]


def matches(head: Head) -> bool:
    """A first line that names a token and its tag, or start, end and label."""
    return head.path.is_file() and sheet_in(head).kind != ""


def read(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    token_column: TokenColumnOption = None,
    tag_column: TagColumnOption = None,
    sentence_column: _SentenceColumn = None,
    encoding: EncodingOption = None,
    offsets: OffsetsOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents; a file of tokens is read twice, as in `harness.formats.conll`.

    Raises `InputError` with the line for what `cells_of` refuses, for a tag without a token and a
    token without a tag, for faulty tags, for a document whose rows are not together or whose texts
    differ, and for spans that do not fit; `UsageError` for a column that there is not.
    """
    check_scheme(scheme, repair)
    path, losses = Path(path), Losses() if losses is None else losses
    sheet = _sheet(path, token_column, tag_column, sentence_column)
    if sheet.kind == "spans":
        return span_documents(path, sheet, encoding or "utf-8", offsets or "codepoint", losses)
    told = scheme or _scheme(path, sheet, encoding, repair)
    return _documents(path, sheet, encoding or "utf-8", told, repair, losses)


def settle(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    token_column: TokenColumnOption = None,
    tag_column: TagColumnOption = None,
    sentence_column: _SentenceColumn = None,
    encoding: EncodingOption = None,
) -> dict[str, Any]:
    """Scheme and columns of tokens as `read` would find them out; nothing of spans."""
    sheet = _sheet(path, token_column, tag_column, sentence_column)
    if sheet.kind == "spans":
        return {}
    return {
        "scheme": scheme or _scheme(Path(path), sheet, encoding, repair),
        "token_column": sheet.names[sheet.columns["token"]],
        "tag_column": sheet.names[sheet.columns["tags"]],
    }


def census(
    path: str | Path,
    *,
    token_column: TokenColumnOption = None,
    tag_column: TagColumnOption = None,
    sentence_column: _SentenceColumn = None,
    encoding: EncodingOption = None,
) -> Bigrams:
    """Every pair of neighbouring tags with the line where it comes first."""
    sheet = _sheet(path, token_column, tag_column, sentence_column)
    return {} if sheet.kind == "spans" else _pairs(Path(path), sheet, encoding)


def _sheet(path: str | Path, token: str | None, tags: str | None, sentence: str | None) -> Sheet:
    sheet = with_columns(sheet_of(path), token=token, tags=tags, sentence=sentence)
    if not sheet.kind:
        raise InputError(
            f"found the columns {', '.join(sheet.names)}; expected a token and its tag, or start, "
            "end and label",
            path=path,
            line=1,
            hint="say which they are: token-column=NAME, tag-column=NAME",
        )
    return sheet


def _pairs(path: Path, sheet: Sheet, encoding: str | None) -> Bigrams:
    tags = sheet.columns["tags"]
    every = _sentences(path, sheet, encoding or "utf-8", Losses())
    return tag_pairs([(row[tags], line) for line, row in rows] for _, rows in every)


def _scheme(path: Path, sheet: Sheet, encoding: str | None, repair: str) -> str:
    pairs = _pairs(path, sheet, encoding)
    told = told_scheme(pairs, path, strict=repair == "strict")
    if told == "IO" and pairs and ("O", "O") not in pairs:
        others = {name: "" for name in sheet.names if name and not _is_used(name, sheet)}
        raise InputError(
            f"no tag in the column {sheet.names[sheet.columns['tags']]!r} is O: does it hold "
            "those of entities?",
            path=path,
            line=2,
            options=("tag-column", others),
        )
    return told


def _is_used(name: str, sheet: Sheet) -> bool:
    return sheet.names.index(name) in sheet.columns.values()


def _sentences(
    path: Path, sheet: Sheet, encoding: str, losses: Losses
) -> Iterator[tuple[str | None, list[CsvRow]]]:
    """The name of the document, where there is a column of it, and the rows of each sentence."""
    token, tags = sheet.columns["token"], sheet.columns["tags"]
    sentence, document = sheet.columns.get("sentence"), sheet.columns.get("document")
    rows: list[CsvRow] = []
    inside, name = "", None
    for line, row in cells_of(path, sheet, encoding):
        if not row or (not row[token] and not row[tags]):
            if rows:
                yield name, rows
                rows = []
            continue
        begins = sentence is not None and row[sentence] not in ("", inside)
        other = document is not None and row[document] not in ("", name)
        if (begins or other) and rows:
            yield name, rows
            rows = []
        inside = row[sentence] if sentence is not None and row[sentence] else inside
        name = row[document] if document is not None and row[document] else name
        if not row[token] and row[tags] == "O":
            losses["rows with a tag and no token: left out"] += 1
            continue
        if not row[token] or not row[tags]:
            what = "token" if not row[token] else "tag"
            raise InputError(f"a row without a {what}", path=path, line=line)
        rows.append((line, row))
    if rows:
        yield name, rows


def _documents(
    path: Path, sheet: Sheet, encoding: str, scheme: str, repair: Repair, losses: Losses
) -> Iterator[Record]:
    seen: set[str] = set()
    number, open_, document = 0, None, list[tuple[list[str], Any]]()
    for name, rows in _sentences(path, sheet, encoding, losses):
        if name is not None and name != open_:
            if document:
                yield tagged(open_ or "", document)
            if name in seen:
                raise InputError(
                    f"the rows of document {name!r} are not together", path=path, line=rows[0][0]
                )
            seen.add(name)
            open_, document = name, []
        tags = [row[sheet.columns["tags"]] for _, row in rows]
        lines = [line for line, _ in rows]
        chunks = chunks_at(tags, lines, path, scheme=scheme, repair=repair, losses=losses)
        number += 1
        words = [row[sheet.columns["token"]] for _, row in rows]
        if name is not None:
            document.append((words, chunks))
            continue
        record = tagged(f"{path.stem}-{number:05}", [(words, chunks)])
        yield Record(
            record.id, record.text, record.annotations, number=number, tokens=record.tokens
        )
    if document:
        yield tagged(open_ or "", document)
    if not number:
        raise InputError("the file holds no token", path=path)


def write(path: str | Path, records: Iterable[Record], *, losses: Losses) -> int:
    """Write a row for each entity, the text in the first row of a document; a document without
    entities is a row without span. Counts in `losses` what is left out."""
    count = 0
    with atomic_writer(path) as handle:
        rows = csv.writer(handle, lineterminator="\r\n")
        rows.writerow(_HEADER)
        holds: tuple[Holds, ...] = ("entities", "scores", "overlaps", "ids")
        for record, text in writable(records, path, losses, holds):
            first: tuple[str, str] = (record.id, text)
            for one in record.annotations.entities or ():
                score = "" if one.score is None else repr(one.score)
                rows.writerow([*first, one.start, one.end, one.label, score])
                first = (record.id, "")
            if not record.annotations.entities:
                rows.writerow([*first, "", "", "", ""])
            count += 1
    return count
