"""CoNLL-U and CoNLL-U Plus with named entities: tags in the last column, `NER=B-PER` in MISC.

    # text = Ada left.
    1<TAB>Ada<TAB>Ada<TAB>PROPN<TAB>_<TAB>_<TAB>2<TAB>nsubj<TAB>_<TAB>NER=B-PER

Defined at universaldependencies.org/format.html and .../ext-format.html, where the first line names
the columns: `# global.columns = ID FORM UPOS NER`. `# text`, `SpaceAfter=No` and `SpacesAfter=\\n`
give back the text as it was; sentences are parted by a space, paragraphs (`# newpar`) by a newline.
`# newdoc id = x` begins a document; without one every sentence is a document of its own, called by
its `# sent_id`. A multiword token (`1-2`) is one token of the text, and its words stand where it
does; tags may be at either. Empty nodes (`1.1`) are in no text.

The files of Universal NER (`.iob2`) are read as well: number, word, tag, doubt and annotator, with
the same comments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from harness.annotation import Record
from harness.errors import InputError, UsageError, nearest
from harness.formats.columns import places_of
from harness.formats.conllu_rows import STANDARD, TreeFile, tree_columns
from harness.formats.conllu_text import TreeSentence
from harness.formats.conllu_written import write_trees
from harness.formats.losses import Losses
from harness.formats.options import RepairOption, SchemeOption, TagColumnOption, TokensOption
from harness.formats.sniff import Head, head_of
from harness.formats.tagging import GrowingText, chunks_at, told_scheme
from harness.formats.tags import Bigrams, Repair, check_scheme
from harness.options import Flag

__all__ = ["EXAMPLE", "HOLDS", "LOSES", "SUFFIXES", "census", "matches", "read", "settle", "write"]

HOLDS = "flat entities, tokens, ids, texts as they are"
LOSES = "lemmas, trees and other columns, empty nodes, other comments"
EXAMPLE = (
    "# text = Ada left.\n1\tAda\tAda\tPROPN\t_\t_\t2\tnsubj\t_\tNER=B-PER\n"
    "2\tleft\tleave\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No\n"
)
SUFFIXES = (".conllu",)

MiscKeyOption: TypeAlias = Annotated[
    str, Flag("key of the tags in MISC; upper and lower case are the same", metavar="KEY")
]
TextFromOption: TypeAlias = Annotated[
    str, Flag("what gives the text: # text, or the tokens alone", choices=("comment", "tokens"))
]


def matches(head: Head) -> bool:
    """What `tree_columns` knows the columns of."""
    is_text = not head.path.is_dir() and b"\0" not in head.data
    return is_text and tree_columns(head.text) is not None


def _trees(path: str | Path, misc_key: str, tag_column: str | None) -> TreeFile:
    path = Path(path)
    names = tree_columns(head_of(path).text) or STANDARD
    for needed in ("ID", "FORM"):
        if names.count(needed) != 1:
            message = f"the columns are {' '.join(names) or 'none'}, expected one {needed}"
            raise InputError(message, path=path, line=1)
    column = "NER" if "NER" in names else None
    if tag_column is not None:
        if tag_column.upper() in names:
            column = tag_column.upper()
        elif tag_column.strip().lstrip("-").isdecimal():
            column = names[places_of(tag_column, len(names), "tag column")[0]]
        else:
            raise UsageError(f"no column {tag_column!r}{nearest(tag_column.upper(), names)}")
    return TreeFile(path, names, misc_key.lower(), column)


def census(
    path: str | Path, *, misc_key: MiscKeyOption = "NER", tag_column: TagColumnOption = None
) -> Bigrams:
    """Every pair of neighbouring tags with the line where it comes first."""
    return _trees(path, misc_key, tag_column).pairs()


def settle(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    misc_key: MiscKeyOption = "NER",
    tag_column: TagColumnOption = None,
) -> dict[str, Any]:
    """The scheme as `read` would find it out; nothing where there are no tags."""
    pairs = census(path, misc_key=misc_key, tag_column=tag_column)
    if not pairs:
        return {}
    return {"scheme": scheme or told_scheme(pairs, path, strict=repair == "strict")}


def read(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    misc_key: MiscKeyOption = "NER",
    tag_column: TagColumnOption = None,
    text_from: TextFromOption = "comment",
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents of a file; it is read twice, as in `harness.formats.conll`.

    Tags are those of the key in MISC, or of a column that is named (`tag_column`, or `NER`); a word
    without one is `O`. A file in which no word has one has no entity layer, which is counted. An
    entity that begins or ends inside a multiword token is widened to all of it, and counted.

    Raises `InputError` with the line for what `TreeFile.sentences` refuses, for a `# text`
    that differs from the tokens, for an id that comes twice, for faulty tags.
    """
    check_scheme(scheme, repair)
    trees = _trees(path, misc_key, tag_column)
    pairs = trees.pairs()
    losses = Losses() if losses is None else losses
    told = (scheme or told_scheme(pairs, path, strict=repair == "strict")) if pairs else None
    return _documents(_Reading(trees, told, repair, text_from == "comment", losses))


@dataclass(frozen=True, slots=True)
class _Reading:
    trees: TreeFile
    scheme: str | None
    """`None`: there are no tags."""
    repair: Repair
    comment: bool
    losses: Losses

    def add(self, sentence: TreeSentence, growing: GrowingText) -> None:
        path = self.trees.path
        spans = sentence.add_to(growing, path, comment=self.comment)
        self.losses.update(+sentence.lost)
        if self.scheme is None:
            return
        chunks = chunks_at(
            [tag or "O" for tag, _, _ in sentence.tags],
            [line for _, line, _ in sentence.tags],
            path,
            scheme=self.scheme,
            repair=self.repair,
            losses=self.losses,
        )
        growing.mark(chunks, spans)
        whole = [token for _, _, token in sentence.tags]
        widened = sum(
            (chunk.start > 0 and whole[chunk.start - 1] == whole[chunk.start])
            or (chunk.end < len(whole) and whole[chunk.end] == whole[chunk.end - 1])
            for chunk in chunks
        )
        if widened:
            self.losses["entities of a part of a multiword token: widened to all of it"] += widened

    def made(
        self, text: GrowingText, name: str, number: int, last: TreeSentence | None = None
    ) -> Record:
        """The document that has been read, `last` its last sentence."""
        if last is not None:
            text.gap(last.gap(None))
        annotated = self.scheme is not None
        if not annotated:
            self.losses[f"documents without {self.trees.missing}: no entity layer"] += 1
        if name:
            return text.record(name, annotated=annotated)
        return text.record(f"{self.trees.path.stem}-{number:05}", number, annotated=annotated)


def _documents(how: _Reading) -> Iterator[Record]:
    path, number = how.trees.path, 0
    seen: set[str] = set()
    growing: GrowingText | None = None
    name = ""
    last: TreeSentence | None = None
    for sentence in how.trees.sentences():
        if sentence.document is None and growing is not None:
            if last is not None:
                growing.gap(last.gap(sentence.paragraph))
            how.add(sentence, growing)
            last = sentence
            continue
        if growing is not None:
            yield how.made(growing, name, number, last)
        number += 1
        name = sentence.name if sentence.document is None else sentence.document
        if name and name in seen:
            message = f"document id {name!r} comes a second time"
            raise InputError(message, path=path, line=sentence.line)
        seen.add(name)
        last = None
        if sentence.document is not None:
            growing = GrowingText()
        else:
            alone = GrowingText()
            how.add(sentence, alone)
            yield how.made(alone, name, number)
    if growing is not None:
        yield how.made(growing, name, number, last)
    elif not number:
        raise InputError("the file holds no token", path=path)


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    losses: Losses,
    scheme: SchemeOption = "IOB2",
    tokens: TokensOption = "auto",
) -> int:
    """Write words with their tags in MISC, lines of the text as sentences, white space as it is.

    Raises `InputError` for a document without text, an id, a token or a label that does not fit,
    and for text that is in no token.
    """
    check_scheme(scheme)
    return write_trees(path, records, scheme or "IOB2", tokens, losses)
