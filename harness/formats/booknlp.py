"""BookNLP's output: mentions of entities (`.entities`) and quotations with speakers (`.quotes`).

    COREF<TAB>start_token<TAB>end_token<TAB>prop<TAB>cat<TAB>text
    123<TAB>4<TAB>5<TAB>PROP<TAB>PER<TAB>Ada Roe

Written by github.com/booknlp/booknlp. Both tables count the tokens of `<id>.tokens`, which says
where each stands in the text that was read. Any of the three files may be named, or a folder of
them. That text is `<id>.txt` beside them, where it has these tokens; else it is rebuilt with its
offsets: only the white space between tokens is not in the files. A speaker is called by the proper
name that their mentions have most often, with the number of their cluster where another one has the
same, and by that number where there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.coding import short, whole_number
from harness.errors import InputError
from harness.formats.columns import numbered_lines
from harness.formats.files import files_below, read_text
from harness.formats.foreign import count_unread
from harness.formats.losses import Losses
from harness.formats.sniff import Head, head_of
from harness.options import Flag
from harness.table import plural

__all__ = ["EXAMPLE", "LOSES", "matches", "read"]

LOSES = "coreference, kinds of mentions, events, syntax, white space where there is no text"
EXAMPLE = "COREF\tstart_token\tend_token\tprop\tcat\ttext\n123\t4\t5\tPROP\tPER\tAda Roe\n"

MentionsOption: TypeAlias = Annotated[
    str,
    Flag("which mentions are entities", choices=("all", "PROP", "NOM", "PRON")),
]
_TOKENS = ("token_ID_within_document", "word", "byte_onset", "byte_offset", "paragraph_ID")
_ENTITIES = ("COREF", "start_token", "end_token", "prop", "cat", "text")
_QUOTES = ("quote_start", "quote_end", "mention_start", "mention_end", "char_id", "quote")
_TABLES: Mapping[str, tuple[str, ...]] = {
    ".tokens": _TOKENS,
    ".entities": _ENTITIES,
    ".quotes": _QUOTES,
}
_NONE = "None"
_BLANKS = str.maketrans({" ": "S", "\n": "N", "\r": "N", "\t": "T"})
"""Letters that stand for white space inside a token, as the tool writes it."""
_LONGEST = 1 << 16
"""White space between two tokens, at most."""


def matches(head: Head) -> bool:
    """The first line names the columns of a table; of a folder, its first `.tokens` does."""
    if head.path.is_dir():
        for below in ("*", "*/*"):
            first = next(iter(sorted(head.path.glob(f"{below}.tokens"))), None)
            if first is not None and first.is_file():
                return _is_table(head_of(first))
        return False
    return _is_table(head)


def _is_table(head: Head) -> bool:
    names = set(head.text.split("\n")[0].rstrip("\r").split("\t"))
    return any(names >= set(needed) for needed in _TABLES.values())


def read(
    path: str | Path, *, mentions: MentionsOption = "all", losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the books of a folder and its subfolders, sorted by name, or the one of a file.

    A book without `.entities` has no entity layer, one without `.quotes` no attributions.
    Raises `InputError` for one without `.tokens`, and with the line for a column that is missing,
    a token that is not there or does not stand behind the one before it, and for words that are
    not those of the tokens.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    if path.is_dir():
        found = {suffix: files_below(path, suffix) for suffix in (*_TABLES, ".txt")}
        names = sorted({*found[".tokens"], *found[".entities"], *found[".quotes"]})
        count_unread(path, (*_TABLES, ".txt"), losses)
    else:
        beside = {suffix: path.with_suffix(suffix) for suffix in (*_TABLES, ".txt")}
        found = {suffix: {path.stem: file} for suffix, file in beside.items() if file.is_file()}
        names = [path.stem]
    if not names:
        raise InputError("holds no .tokens of BookNLP", path=path)
    for name in names:
        files = {suffix: files[name] for suffix, files in found.items() if name in files}
        if ".tokens" not in files:
            known = next(iter(files.values()), path)
            raise InputError(
                f"has no tokens: expected {known.with_suffix('.tokens').name}",
                path=known,
                hint="put the file beside it that BookNLP has written with it",
            )
        book = _book(files, losses)
        entities, speakers = _entities(book, files.get(".entities"), mentions, losses)
        layers = Annotations(entities, _quotations(book, files.get(".quotes"), speakers))
        number = None if path.is_dir() else 1
        yield Record(name, book.text, layers, number=number, tokens=tuple(book.tokens))


class _Row(NamedTuple):
    path: Path
    line: int
    values: Mapping[str, str]

    def number(self, column: str) -> int:
        try:
            return whole_number(self.values[column])
        except ValueError as error:
            raise self.wrong(f"{column}: {error}") from None

    def wrong(self, message: str) -> InputError:
        hint = "do the files come from one run?"
        return InputError(message, path=self.path, line=self.line, hint=hint)


def _rows(path: Path, needed: Sequence[str]) -> Iterator[_Row]:
    names: list[str] = []
    for number, line in numbered_lines(path, "a table of BookNLP"):
        values = line.split("\t")
        if not names:
            names = values
            missing = [name for name in needed if name not in names]
            if missing or len(set(names)) < len(names):
                message = f"found the columns {short(line)}, expected {', '.join(needed)}"
                raise InputError(message, path=path, line=number)
        elif line.strip() and len(values) != len(names):
            message = f"found {plural(len(values), 'column')}, expected {len(names)}"
            raise InputError(message, path=path, line=number)
        elif line.strip():
            yield _Row(path, number, dict(zip(names, values, strict=True)))


@dataclass(frozen=True, slots=True)
class _Book:
    text: str
    tokens: Sequence[Span]
    words: Sequence[str]

    def span(self, row: _Row, first: str, last: str) -> tuple[Span, str]:
        """Where these tokens stand, both included, and their words."""
        start, end = row.number(first), row.number(last)
        if not start <= end < len(self.tokens):
            message = f"tokens {start} to {end} of {len(self.tokens)}, counted from 0"
            raise row.wrong(f"found {message}")
        span = Span(self.tokens[start].start, self.tokens[end].end)
        return span, " ".join(self.words[start : end + 1])


def _book(files: Mapping[str, Path], losses: Losses) -> _Book:
    tokens: list[Span] = []
    words: list[str] = []
    parts: list[str] = []
    at, paragraph = 0, ""
    for row in _rows(files[".tokens"], _TOKENS):
        word, start, end = row.values["word"], row.number("byte_onset"), row.number("byte_offset")
        if row.number("token_ID_within_document") != len(tokens):
            raise row.wrong(
                f"found token {row.values['token_ID_within_document']}, expected {len(tokens)}"
            )
        if not at <= start <= at + _LONGEST or not word or end - start != len(word):
            message = f"found {short(word)} from {start} to {end}, where the last one ends at {at}"
            raise row.wrong(message)
        turns = tokens and row.values["paragraph_ID"] != paragraph and start > at
        parts += (" " * (start - at) if not turns else "\n" * (start - at), word)
        tokens.append(Span(start, end))
        words.append(word)
        at, paragraph = end, row.values["paragraph_ID"]
    text = "".join(parts)
    if ".txt" in files:
        given = read_text(files[".txt"])
        if all(given[a:b].translate(_BLANKS) == text[a:b] for a, b in tokens):
            return _Book(given, tokens, words)
        losses["texts beside the tables that have other tokens: not used"] += 1
    losses["texts rebuilt from tokens: their white space is not in the file"] += 1
    return _Book(text, tokens, words)


def _entities(
    book: _Book, path: Path | None, mentions: str, losses: Losses
) -> tuple[tuple[Entity, ...] | None, Mapping[str, str]]:
    """The mentions, and what each cluster is called by its proper names."""
    if path is None:
        return None, {}
    entities = []
    names: dict[str, Counter[str]] = {}
    for row in _rows(path, _ENTITIES):
        span, words = book.span(row, "start_token", "end_token")
        _check_words(row, words, "text")
        if not row.values["cat"]:
            raise row.wrong("cat is empty, expected a label such as PER")
        if row.values["prop"] == "PROP":
            names.setdefault(row.values["COREF"], Counter())[words] += 1
        if mentions in ("all", row.values["prop"]):
            entities.append(Entity(*span, row.values["cat"]))
        else:
            losses[f"mentions that are not {mentions}: left out"] += 1
    entities.sort(key=lambda entity: (entity.start, -entity.end))
    return tuple(entities), _called(names)


def _called(names: Mapping[str, Counter[str]]) -> Mapping[str, str]:
    """What each cluster is called; a name that several have is followed by the cluster's number."""
    usual = {key: count.most_common(1)[0][0] for key, count in names.items()}
    often = Counter(usual.values())
    return {key: name if often[name] == 1 else f"{name} {key}" for key, name in usual.items()}


def _quotations(
    book: _Book, path: Path | None, speakers: Mapping[str, str]
) -> tuple[Attribution, ...] | None:
    if path is None:
        return None
    quotations = []
    for row in _rows(path, _QUOTES):
        content, words = book.span(row, "quote_start", "quote_end")
        _check_words(row, words, "quote")
        source = None
        if row.values["mention_start"] != _NONE:
            source, _ = book.span(row, "mention_start", "mention_end")
        cluster = row.values["char_id"]
        speaker = None if cluster in (_NONE, "") else speakers.get(cluster, cluster)
        quotations.append(Attribution((content,), source, kind="direct", speaker=speaker))
    return tuple(quotations)


def _check_words(row: _Row, words: str, column: str) -> None:
    if "".join(words.split()) != "".join(row.values[column].split()):
        raise row.wrong(
            f"{column} is {short(row.values[column])}, but the tokens are {short(words)}"
        )
