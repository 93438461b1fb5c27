"""CoNLL columns: a token and its tag a line, a blank line between sentences.

CoNLL-2002, CoNLL-2003, GermEval 2014, LitBank, WNUT, MultiCoNER, WikiANN and any other file of tags
(`harness.formats.tags`), parted by tabs or else by spaces. The token is the first column, or the
second where the first counts the tokens; the tags are the last column that holds tags, all of them
where there are four or more (LitBank's nested entities), or `tag_column`, which may name several
(`tag-column=2,3`). `-DOCSTART-` or a comment `# newdoc` begins a document; without one every
sentence is a document of its own, since nothing says which belong together. White space is rebuilt:
single spaces between tokens, a newline between sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.errors import InputError
from harness.formats.columns import ColumnRow, places_of, rows_of
from harness.formats.files import atomic_writer
from harness.formats.layout import DOCSTART, WITH_PLACE, Layout, layout_of
from harness.formats.losses import Losses, writable
from harness.formats.options import (
    CommentsOption,
    EncodingOption,
    RepairOption,
    SchemeOption,
    TagColumnOption,
    TokenColumnOption,
    TokensOption,
)
from harness.formats.sniff import Head
from harness.formats.tagging import chunks_at, told_scheme
from harness.formats.tags import Bigrams, Chunk, Repair, check_scheme, is_tag, written_tags
from harness.formats.tokens import sentences, tagged

__all__ = ["EXAMPLE", "HOLDS", "LOSES", "SUFFIXES", "census", "matches", "read", "scheme_of"]
__all__ += ["settle", "write"]

HOLDS = "flat entities, tokens; no ids"
LOSES = "other columns, comments, white space between tokens"
EXAMPLE = "NATO\tB-ORG\nleft\tO\n"
SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv")

_SOME = 0.2


def matches(head: Head) -> bool:
    """Rows of columns, of which one holds tags in at least half of them."""
    if head.standoff is not None or head.path.is_dir() or b"\0" in head.data or not head.text:
        return False
    layout = layout_of(head.path, head.encoding)
    whole = head.text.split("\n")[:-1] or [head.text]
    lines = [line.rstrip("\r") for line in whole if line.strip(" \t\r")]
    if layout.columns < 2:
        return bool(lines) and lines[0].startswith(DOCSTART)
    lines = [line for line in lines if line[0] != "#"]
    rows = [row for row in map(layout.split, lines) if len(row) == layout.columns]
    if 2 * len(rows) < len(lines):
        return False
    last = [row[layout.tags[-1]] for row in rows]
    if layout.candidates:
        return 2 * sum(map(is_tag, last)) >= len(last)
    # Tags without letters: most tokens are in no entity, and there are few labels.
    return last.count("O") >= _SOME * len(last) and len(set(last)) <= 1 + len(last) // 3 + 1


def read(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    tag_column: TagColumnOption = None,
    token_column: TokenColumnOption = None,
    comments: CommentsOption = None,
    encoding: EncodingOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents of a tag file.

    Columns are counted from 0, or from the end with -1, -2 (the gold of conlleval's input). The
    scheme is told from the whole file, in a first pass that keeps nothing but the pairs of
    neighbouring tags. Documents without ids of their own are numbered: `<file>-00001`. Under
    `conlleval` and `discard` the entities repaired or left out are counted in `losses`, as are
    prefixes of a language that are cut off.

    Raises `InputError` with the line for a missing column, a tag that is none, a file that mixes
    schemes and, under `strict`, a sequence that the scheme does not allow.
    """
    check_scheme(scheme, repair)
    layout = _layout(path, tag_column, token_column, encoding)
    if scheme is None:
        scheme = scheme_of(path, layout, comments, strict=repair == "strict")
    losses = Losses() if losses is None else losses
    return _documents(Path(path), _How(layout, scheme, repair, comments, losses))


def settle(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    tag_column: TagColumnOption = None,
    token_column: TokenColumnOption = None,
    comments: CommentsOption = None,
    encoding: EncodingOption = None,
) -> dict[str, Any]:
    """Columns and scheme as `read` would find them out."""
    layout = _layout(path, tag_column, token_column, encoding)
    told = scheme or scheme_of(path, layout, comments, strict=repair == "strict")
    if not layout.tags:
        return {"scheme": told}
    tags = ",".join(map(str, layout.tags))
    return {"scheme": told, "token_column": str(layout.token), "tag_column": tags}


def census(
    path: str | Path,
    *,
    tag_column: TagColumnOption = None,
    token_column: TokenColumnOption = None,
    comments: CommentsOption = None,
    encoding: EncodingOption = None,
) -> Bigrams:
    """Every pair of neighbouring tags with the line where it comes first."""
    return _bigrams(Path(path), _layout(path, tag_column, token_column, encoding), comments)


def scheme_of(
    path: str | Path, layout: Layout, comments: str | None = None, *, strict: bool = True
) -> str:
    """The tag scheme of a file: one pass over it. See `guess_scheme`."""
    return told_scheme(_bigrams(Path(path), layout, comments), path, strict=strict)


def _layout(
    path: str | Path, tag_column: str | None, token_column: str | None, encoding: str | None
) -> Layout:
    layout = layout_of(path, encoding or "utf-8")
    if token_column is not None:
        (token,) = places_of(token_column, layout.columns, "token column")[:1]
        layout = replace(layout, token=token)
    if tag_column is not None:
        layout = replace(layout, tags=places_of(tag_column, layout.columns, "tag column"))
    if layout.columns == 1:
        raise InputError("found 1 column, expected a token and a tag", path=path, line=1)
    return layout


def _bigrams(path: Path, layout: Layout, comments: str | None) -> dict[tuple[str, str], int]:
    pairs: dict[tuple[str, str], int] = {}
    outside = ("O",) * len(layout.tags)
    before: Iterable[str] = outside
    number = 0
    for number, fields, _ in rows_of(path, layout, comments=comments):
        now: Iterable[str] = [fields[column] for column in layout.tags] if fields else outside
        for pair in zip(before, now, strict=True):
            if pair not in pairs:
                pairs[pair] = number
        before = now
    for pair in zip(before, outside, strict=True):
        pairs.setdefault(pair, number)
    return pairs


@dataclass(frozen=True, slots=True)
class _How:
    """How the rows of a file are read."""

    layout: Layout
    scheme: str
    repair: Repair
    comments: str | None
    losses: Losses


def _documents(path: Path, how: _How) -> Iterator[Record]:
    count = 0
    for id_, document in _grouped(path, how):
        count += 1
        name = id_ or f"{path.stem}-{count:05}"
        record = tagged(name, [_sentence(rows, path, how) for rows in document])
        yield record if id_ else replace(record, number=count)
    if not count:
        raise InputError("the file holds no token", path=path)


def _grouped(path: Path, how: _How) -> Iterator[tuple[str, list[list[ColumnRow]]]]:
    """Id (or none) and sentences of every document."""
    document: list[list[ColumnRow]] | None = None
    id_, sentence = "", list[ColumnRow]()
    seen: set[str] = set()
    for row in rows_of(path, how.layout, comments=how.comments):
        if row.fields:
            sentence.append(row)
            continue
        if sentence:
            if document is None:
                yield "", [sentence]
            else:
                document.append(sentence)
            sentence = []
        if row.document is not None:
            if document is not None:
                yield id_, document
            document, id_ = [], row.document
            if id_ and id_ in seen:
                raise InputError(
                    f"document id {id_!r} comes a second time", path=path, line=row.number
                )
            seen.add(id_)
    if sentence and document is None:
        yield "", [sentence]
    elif document is not None:
        yield id_, [*document, sentence] if sentence else document


def _sentence(rows: list[ColumnRow], path: Path, how: _How) -> tuple[list[str], list[Chunk]]:
    layout = how.layout
    tokens = [row.fields[layout.token] for row in rows]
    if layout.prefix or layout.numbered:
        tokens = [_bare(row, path, layout) for row in rows]
        what = (
            f"the prefix {layout.prefix} of a language"
            if layout.prefix
            else "their place in a word"
        )
        how.losses[f"tokens with {what}: it is cut off"] += len(rows)
    chunks: list[Chunk] = []
    for column in layout.tags:
        tags = [row.fields[column] for row in rows]
        chunks += chunks_at(
            tags,
            [row.number for row in rows],
            path,
            scheme=how.scheme,
            repair=how.repair,
            losses=how.losses,
        )
    return tokens, chunks


def _bare(row: ColumnRow, path: Path, layout: Layout) -> str:
    """A token without the code of its language, or its place in a word, that all others have."""
    token = row.fields[layout.token]
    if layout.prefix and token.startswith(layout.prefix) and token != layout.prefix:
        return token.removeprefix(layout.prefix)
    if not layout.prefix and (numbered := WITH_PLACE.fullmatch(token)):
        return numbered[1]
    said = f"begin with {layout.prefix!r}, the code of their language"
    raise InputError(
        f"found the token {token[:40]!r}; those before it "
        f"{said if layout.prefix else 'are a character and its place in a word'}",
        path=path,
        line=row.number,
    )


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    losses: Losses,
    scheme: SchemeOption = "IOB2",
    tokens: TokensOption = "auto",
) -> int:
    """Write two columns, token and tag, with a `-DOCSTART-` before each document.

    Counts in `losses` what tags cannot hold; document ids and exact white space are always lost.
    Raises `InputError` for a document without text, a token with a tab or a line break in it, and a
    label with white space.
    """
    check_scheme(scheme)
    count = 0
    with atomic_writer(path) as handle:
        for record, _ in writable(records, path):
            handle.write(f"{DOCSTART}\tO\n\n")
            for words, chunks in sentences(record, tokens, losses, ids=False):
                for _, _, label in chunks:
                    if not label or any(char.isspace() for char in label):
                        raise InputError(f"{record.id}: a tag cannot spell the label {label!r}")
                if words and words[0] == DOCSTART and (not chunks or min(chunks)[0]):
                    losses[f"sentences that begin with {DOCSTART}: read as a new document"] += 1
                rows = zip(
                    words, written_tags(chunks, len(words), scheme or "IOB2", losses), strict=True
                )
                handle.write("".join(f"{word}\t{tag}\n" for word, tag in rows) + "\n")
            count += 1
    return count
