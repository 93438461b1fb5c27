"""The lines of CoNLL-U, checked, as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from harness.coding import short
from harness.errors import InputError
from harness.formats.columns import numbered_lines
from harness.formats.conllu_text import TreeSentence, TreeToken, gap_meant
from harness.formats.sniff import head_of
from harness.formats.tagging import tag_pairs
from harness.formats.tags import Bigrams, is_tag
from harness.table import plural

__all__ = ["STANDARD", "TreeFile", "TreeRow", "tree_columns"]

STANDARD = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_UNIVERSAL = ("ID", "FORM", "NER", "DOUBT", "ANNOTATOR")
_HEAD, _KNOWN = STANDARD.index("HEAD"), 10
_NAMED = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_COMMENT = re.compile(
    r"#\s*(newdoc|newpar|sent_id|text)\b(?:\s+id)?\s*(?:=\s*(.*?)\s*)?$", re.DOTALL
)
_PAIR = re.compile(r"([A-Za-z]\w*(?:\[\w+\])?)=")
_ID = re.compile(r"(0|[1-9][0-9]{0,8})(?:([-.])([1-9][0-9]{0,8}))?")


class TreeRow(NamedTuple):
    """One line of a sentence: the columns and what MISC says, keys in lower case."""

    number: int
    fields: Mapping[str, str]
    misc: Mapping[str, str]


TagOf = Callable[[TreeRow], str | None]
"""The tag of a row; `None` where it has none."""


@dataclass(frozen=True)
class TreeFile:
    """A file, and where its tags are."""

    path: Path
    names: tuple[str, ...]
    key: str
    column: str | None

    def tag_of(self, row: TreeRow) -> str | None:
        if self.column is None:
            said = row.misc.get(self.key)
            if said is not None and (said[:1] == "(" or said[-1:] == ")"):
                raise InputError(
                    f"{self.key} is {short(said)} in MISC: brackets of CorefUD, expected a tag",
                    path=self.path,
                    line=row.number,
                    hint="such mentions are not read; name a key with tags such as B-PER",
                )
            return said
        tag = row.fields[self.column]
        if pair := _PAIR.match(tag):
            by_key = f"read the tags in MISC by their key: misc-key={pair[1]}, without tag-column"
            hint = by_key if self.column == "MISC" else "name the column of the tags"
            message = f"the column {self.column} holds {short(tag)}, expected a tag such as B-PER"
            raise InputError(message, path=self.path, line=row.number, hint=hint)
        return None if tag in ("_", "*") else tag

    @cached_property
    def missing(self) -> str:
        """What a file without tags lacks, with the keys whose values look like tags."""
        if "MISC" not in self.names:
            own = [name for name in self.names if name not in STANDARD]
            return f"a column of tags that is named (tag-column={' or '.join(own) or 'NAME'}?)"
        values: dict[str, set[str]] = {}
        for line in head_of(self.path).text.split("\n"):
            for part in line.rstrip("\r").rpartition("\t")[2].split("|"):
                key, equals, value = part.partition("=")
                if equals and not line.startswith("#"):
                    values.setdefault(key, set()).add(value)
        keys = [key for key, found in values.items() if found > {"O"} and all(map(is_tag, found))]
        hint = f" (misc-key={' or '.join(keys)}?)" if keys else ""
        return f"{self.key.upper()}= in MISC{hint}"

    def sentences(self) -> Iterator[TreeSentence]:
        """Stream the sentences of the file, and the beginnings of its documents, memory flat.

        Raises `InputError` with the line for another number of columns, a number of a word that
        does not follow on the one before it, an empty form, and a comment inside a sentence.
        """
        return _sentences(self.path, self.names, self.tag_of)

    def pairs(self) -> Bigrams:
        """Every pair of neighbouring tags with a line; none where no row has a tag."""
        found = [False]

        def tags() -> Iterator[list[tuple[str, int]]]:
            for sentence in self.sentences():
                found[0] |= any(tag is not None for tag, _, _ in sentence.tags)
                yield [(tag or "O", line) for tag, line, _ in sentence.tags]

        pairs = tag_pairs(tags())
        return pairs if found[0] or self.column is not None else {}


def tree_columns(text: str) -> tuple[str, ...] | None:
    """The columns that a beginning names or has, in CoNLL-U or Universal NER, or `None`."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    named = _NAMED.match(lines[0])
    if named is not None:
        return tuple(named[1].upper().split())
    shown = [line for line in (lines[:-1] or lines) if line.strip() and line[0] != "#"]
    rows = [line.split("\t") for line in shown[:_KNOWN]]
    if any(_ID.fullmatch(row[0]) is None for row in rows) or all("-" in row[0] for row in rows):
        return None  # Or there is none; and a multiword token has words.
    if all(map(_is_standard, rows)):
        return STANDARD
    is_known = any(line.startswith("# text =") for line in lines)
    tagged = all(len(row) == len(_UNIVERSAL) and is_tag(row[2]) for row in rows)
    return _UNIVERSAL if is_known and tagged else None


def _is_standard(row: Sequence[str]) -> bool:
    """Whether there is a head where it ought to be, and at the end no tag but MISC."""
    return (
        len(row) == len(STANDARD)
        and (row[_HEAD] == "_" or row[_HEAD].isdecimal())
        and ("=" in row[-1] or not is_tag(row[-1]))
    )


def _sentences(path: Path, names: Sequence[str], tag_of: TagOf) -> Iterator[TreeSentence]:
    now, rows = TreeSentence(0), _Rows(path, tag_of)
    for number, line in numbered_lines(path, "a CoNLL-U file"):
        if line.startswith("#"):
            if rows.begun:
                message = f"found the comment {short(line)} inside a sentence, without a blank line"
                raise InputError(message, path=path, line=number)
            what, value = _said(line)
            if what == "newdoc":
                yield TreeSentence(number, document=value)
            elif what == "newpar":
                now.paragraph = True
            elif what == "sent_id":
                now.name = value
            elif what == "text":
                now.text = value
        elif not line.strip(" \t"):
            if rows.begun:
                yield rows.end(now, number)
                now, rows = TreeSentence(0), _Rows(path, tag_of)
        else:
            rows.add(now, _row(line, names, path, number))
    if rows.begun:
        yield rows.end(now, number + 1)


def _said(line: str) -> tuple[str, str]:
    match = _COMMENT.fullmatch(line)
    return (match[1], match[2] or "") if match else ("", "")


def _row(line: str, names: Sequence[str], path: Path, number: int) -> TreeRow:
    values = line.split("\t")
    if len(values) == len(names) + 1 and not values[-1]:
        values.pop()
    if len(values) != len(names):
        raise InputError(
            f"found {plural(len(values), 'column')}, expected {len(names)} parted by tabs",
            path=path,
            line=number,
            hint=f"the columns are {' '.join(names)}",
        )
    fields = dict(zip(names, values, strict=True))
    misc: dict[str, str] = {}
    if fields.get("MISC", "_") != "_":
        for part in fields["MISC"].split("|"):
            key, _, value = part.partition("=")
            key = key.strip().lower()
            if misc.setdefault(key, value) != value:
                message = f"{short(key)} comes twice in MISC"
                raise InputError(message, path=path, line=number)
    return TreeRow(number, fields, misc)


class _Rows:
    """The lines of one sentence as they come."""

    def __init__(self, path: Path, tag_of: TagOf) -> None:
        self._path, self._tag_of = path, tag_of
        self._last = 0
        self._until = 0
        """The last word of the multiword token that is being read."""
        self._whole: tuple[str | None, int] = (None, 0)
        """Tag and line of that token."""
        self.begun = False

    def add(self, now: TreeSentence, row: TreeRow) -> None:
        first, mark, second = self._number(row)
        form, tag = row.fields["FORM"], self._tag_of(row)
        if not form.strip(" \t"):
            raise self._wrong(row, "a line without a form")
        now.line = now.line or row.number
        self.begun = True
        now.lost["mentions in Entity=: left out"] += row.misc.get("entity", "").count("(")
        if mark == ".":
            now.lost["empty nodes: left out"] += 1
            now.lost["tags of empty nodes: left out"] += tag not in (None, "O")
            return
        if mark == "-":
            self._until, self._whole = second, (tag, len(now.tags))
        else:
            self._last = first
            now.tags.append((tag, row.number, len(now.tokens) - (first <= self._until)))
        if mark == "-" or first > self._until:
            keys = ("SpacesBefore", "SpacesAfter")
            gaps = [gap_meant(row.misc.get(k.lower()), k, self._path, row.number) for k in keys]
            glued = row.misc.get("spaceafter", "").lower() == "no"
            now.tokens.append(TreeToken(form, row.number, glued, gaps[0] or "", gaps[1]))
        elif first == self._until:
            self._close(now, row.number)

    def _close(self, now: TreeSentence, line: int) -> None:
        """Whose tag counts, where a multiword token has ended: the words', else its own."""
        tag, start = self._whole
        if tag is None:
            return
        if all(own is None for own, _, _ in now.tags[start:]):
            now.tags[start:] = [(tag, line, len(now.tokens) - 1)]
        else:
            now.lost["tags of multiword tokens whose words have their own: left out"] += tag != "O"

    def _number(self, row: TreeRow) -> tuple[int, str, int]:
        match = _ID.fullmatch(row.fields["ID"])
        if match is None:
            raise self._wrong(row, "expected one such as 1, 1-2 or 1.1")
        first, mark, second = int(match[1]), match[2] or "", int(match[3] or 0)
        if mark == ".":
            if first != self._last:
                raise self._wrong(row, f"expected {self._last}.1, as it comes after {self._last}")
        elif first != self._last + 1 or (mark and first <= self._until):
            raise self._wrong(row, f"expected {self._last + 1}")
        elif mark and second < first:
            raise self._wrong(row, "which ends before it begins")
        return first, mark, second

    def end(self, now: TreeSentence, line: int) -> TreeSentence:
        if self._last < self._until:
            message = f"the sentence ends before word {self._until} of its multiword token"
            raise InputError(message, path=self._path, line=line - 1)
        return now

    def _wrong(self, row: TreeRow, what: str) -> InputError:
        message = f"found the number {short(row.fields['ID'])}: {what}"
        hint = "words are counted from 1 in every sentence; is a blank line missing?"
        return InputError(message, path=self._path, line=row.number, hint=hint)
