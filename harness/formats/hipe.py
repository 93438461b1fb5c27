"""HIPE-2022: named entities in historical newspapers, several layers of tags in a table.

    TOKEN<TAB>NE-COARSE-LIT<TAB>NE-FINE-LIT<TAB>NEL-LIT<TAB>MISC
    # hipe2022:document_id = p1
    Ada<TAB>B-pers<TAB>B-pers.ind<TAB>Q7259<TAB>NoSpaceAfter

Defined at github.com/hipe-eval/HIPE-2022-data. The first line names the columns; `layer` says which
one is read. `_` means that a document was not annotated in that column: it has no entity layer.
The text is rebuilt: tokens are parted by a space, by nothing after `NoSpaceAfter`, and by a newline
after `EndOfSentence` and at a blank line; ends of layout lines are spaces. `Partial-0:6` says which
characters of its token a mention has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

from harness.annotation import Entity, Record, Span
from harness.coding import short, whole_number
from harness.errors import InputError, UsageError, nearest
from harness.formats.columns import numbered_lines
from harness.formats.losses import Losses
from harness.formats.options import RepairOption, SchemeOption
from harness.formats.sniff import Head
from harness.formats.tagging import GrowingText, chunks_at, tag_pairs, told_scheme
from harness.formats.tags import Bigrams, Repair, check_scheme
from harness.options import Flag
from harness.table import plural

__all__ = ["EXAMPLE", "LOSES", "census", "matches", "read", "settle"]

LOSES = "other layers, links, ends of layout lines, noise of OCR (LED), comments"
EXAMPLE = "TOKEN\tNE-COARSE-LIT\tMISC\n# hipe2022:document_id = p1\nAda\tB-pers\tNoSpaceAfter\n"

LayerOption: TypeAlias = Annotated[
    str, Flag("column of the entities, such as NE-FINE-LIT", name="layer", metavar="COLUMN")
]
_USUAL = "NE-COARSE-LIT"
_ID = re.compile(r"#\s*(?:[\w.-]+:)?document_id\s*=\s*(.*?)\s*")
_COMMENT = re.compile(r"#\s*[\w.:-]+\s*=")
_PARTIAL = re.compile(r"Partial-([0-9]+):([0-9]+)")
_WITHIN = ("NE-NESTED", "NE-FINE-COMP")
"""Layers of what is inside a mention: `Partial` is about the mention."""


def matches(head: Head) -> bool:
    """The first line names `TOKEN` and a column that begins with `NE-`."""
    names = head.text.split("\n")[0].rstrip("\r").split("\t")
    return names[0] == "TOKEN" and any(name.startswith("NE-") for name in names)


class _Row(NamedTuple):
    """A line: a token; or, without columns, a blank line, or the beginning of a document."""

    number: int
    fields: Mapping[str, str] = {}
    document: str | None = None


def _rows(path: Path) -> Iterator[_Row]:
    names: list[str] = []
    for number, line in numbered_lines(path, "a HIPE file"):
        fields = line.split("\t")
        if not names:
            names = fields
            if names[0] != "TOKEN" or len(set(names)) < len(names):
                message = f"found {short(line)}, expected the names of columns: TOKEN, NE-..."
                raise InputError(message, path=path, line=number)
        elif fields == names:
            continue
        elif line[:1] == "#" and (not any(fields[1:]) or len(fields) != len(names)):
            # No row: its tags would be empty, or there are not as many.
            if begins := _ID.fullmatch(line.rstrip()):
                yield _Row(number, document=begins[1])
            elif any(fields[1:]) and not _COMMENT.match(line):
                raise _other_columns(fields, names, path, number)
        elif not line.strip():
            yield _Row(number)
        elif len(fields) != len(names) or not fields[0].strip(" "):
            raise _other_columns(fields, names, path, number)
        else:
            yield _Row(number, dict(zip(names, fields, strict=True)))


def _other_columns(fields: list[str], names: list[str], path: Path, number: int) -> InputError:
    found = plural(len(fields), "column") if fields[0].strip(" ") else "a row without token"
    return InputError(
        f"found {found}, expected {len(names)} parted by tabs",
        path=path,
        line=number,
        hint=f"columns: {' '.join(names)}",
    )


def _layer(path: Path, said: str) -> str:
    """The column of that name. Raises `UsageError`."""
    _, line = next(numbered_lines(path, "a HIPE file"))
    names = {name.upper(): name for name in line.split("\t")[1:]}
    if said.upper() not in names:
        layers = [name for name in names if name.startswith("NE-")]
        raise UsageError(f"{path}: no layer {said!r}{nearest(said, layers)}")
    return names[said.upper()]


def census(path: str | Path, *, layer: LayerOption = _USUAL) -> Bigrams:
    """Every pair of neighbouring tags of a layer with the line where it comes first."""
    path = Path(path)
    column = _layer(path, layer)

    def tags() -> Iterator[list[tuple[str, int]]]:
        document: list[tuple[str, int]] = []
        for row in _rows(path):
            if row.document is not None:
                yield document
                document = []
            elif row.fields:
                document.append((_tag(row, column), row.number))
        yield document

    return tag_pairs(tags())


def _tag(row: _Row, column: str) -> str:
    return "O" if row.fields[column] == "_" else row.fields[column]


def settle(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    layer: LayerOption = _USUAL,
) -> dict[str, Any]:
    """The scheme as `read` would find it out."""
    pairs = census(path, layer=layer)
    return {"scheme": scheme or told_scheme(pairs, path, strict=repair == "strict")}


def read(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    layer: LayerOption = _USUAL,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents of a file; it is read twice, and kept no more than one document.

    Sentences end no mention: they were cut by a program. Raises `UsageError` for a layer that the
    file has not, and `InputError` with the line for other faults: another number of columns, a
    token that is empty, faulty tags, a `Partial-` outside its token.
    """
    check_scheme(scheme, repair)
    path = Path(path)
    told = settle(path, scheme=scheme, repair=repair, layer=layer)["scheme"]
    how = _Reading(path, _layer(path, layer), told, repair, Losses() if losses is None else losses)
    return how.records()


@dataclass(frozen=True, slots=True)
class _Reading:
    path: Path
    column: str
    scheme: str
    repair: Repair
    losses: Losses
    seen: Counter[str] = field(default_factory=Counter)

    def records(self) -> Iterator[Record]:
        rows: list[_Row] = []
        number, name, begun = 0, "", False
        for row in _rows(self.path):
            if row.document is None:
                rows.append(row)
                continue
            if begun or any(one.fields for one in rows):
                number += 1
                yield self._record(rows, name, number)
            rows, name, begun = [], row.document, True
        if begun or any(one.fields for one in rows):
            yield self._record(rows, name, number + 1)
        elif not number:
            raise InputError("the file holds no token", path=self.path)

    def _once(self, name: str) -> str:
        """The id, with a number where it has come before: published files have such documents."""
        self.seen[name] += 1
        if self.seen[name] == 1:
            return name
        self.losses["documents whose id has come before: #2 and so on is added"] += 1
        return self._once(f"{name}#{self.seen[name]}")

    def _record(self, rows: list[_Row], name: str, number: int) -> Record:
        name = self._once(name) if name else name
        growing, gap = GrowingText(), ""
        for row in rows:
            if not row.fields:
                gap = "\n" if gap else ""
                continue
            growing.gap(gap)
            growing.token(row.fields["TOKEN"])
            flags = row.fields.get("MISC", "").split("|")
            gap = "\n" if "EndOfSentence" in flags else " "
            gap = "" if "NoSpaceAfter" in flags else gap
        said = [row for row in rows if row.fields]
        blank = sum(row.fields[self.column] == "_" for row in said)
        annotated = blank < len(said) or not said
        if not annotated:
            self.losses[f"documents without {self.column}: no entity layer"] += 1
        else:
            if blank:
                self.losses[f"tokens with _ in {self.column} beside others: taken for O"] += blank
            growing.entities += self._entities(said, growing.tokens)
        if name:
            return growing.record(name, annotated=annotated)
        return growing.record(f"{self.path.stem}-{number:05}", number, annotated=annotated)

    def _entities(self, rows: list[_Row], tokens: list[Span]) -> Iterator[Entity]:
        chunks = chunks_at(
            [_tag(row, self.column) for row in rows],
            [row.number for row in rows],
            self.path,
            scheme=self.scheme,
            repair=self.repair,
            losses=self.losses,
        )
        used = 0
        partial = {} if self.column in _WITHIN else self._partial(rows, tokens)
        for chunk in chunks:
            first, last = chunk.start, chunk.end - 1
            used += len({first, last} & partial.keys())
            yield Entity(
                partial.get(first, tokens[first]).start,
                partial.get(last, tokens[last]).end,
                chunk.label,
            )
        if len(partial) > used:
            unused = len(partial) - used
            self.losses["Partial- of tokens at no edge of a mention: left out"] += unused

    def _partial(self, rows: list[_Row], tokens: list[Span]) -> dict[int, Span]:
        """Where mentions have a part of a token, in the text, by the token."""
        found: dict[int, Span] = {}
        for index, row in enumerate(rows):
            for flag in row.fields.get("MISC", "").split("|"):
                part = _PARTIAL.fullmatch(flag)
                if part is None:
                    continue
                token = tokens[index]
                start, end = whole_number(part[1][-9:]), whole_number(part[2][-9:])
                if not 0 <= start < end <= token.end - token.start:
                    message = f"found {short(flag)} of a token of {token.end - token.start} letters"
                    raise InputError(message, path=self.path, line=row.number)
                found[index] = Span(token.start + start, token.start + end)
        return found
