"""What a file of WebAnno TSV 3 says: its layers, its text, and the spans of one layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.annotation import Entity, Span
from harness.coding import short
from harness.errors import InputError
from harness.formats.annolayers import LayerSpans, layer_short_name
from harness.formats.losses import Losses

__all__ = ["AnnoFile", "AnnoLayer", "AnnoUnit", "anno_meant", "anno_values"]

_STACKED = re.compile(r"(?:\\.|[^|])+", re.DOTALL)
_NUMBERED = re.compile(r"(.*?)(?<!\\)\[([0-9]+)\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(->|.)", re.DOTALL)
_JAVA = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_MEANT = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "b": "\b"}


class AnnoLayer(NamedTuple):
    """A layer that the header names, and where its columns are."""

    kind: str
    """`SP` for spans, `CH` for chains, `RL` for relations."""
    name: str
    features: tuple[str, ...]
    first: int
    """The column of its first feature."""
    width: int

    @property
    def short_name(self) -> str:
        return layer_short_name(self.name)


class AnnoUnit(NamedTuple):
    """A line: a token or a part of one."""

    line: int
    number: int
    """Which token of the document it is or is in."""
    whole: bool
    span: Span
    columns: Sequence[str]


@dataclass(slots=True)
class AnnoFile:
    """What a file says."""

    path: Path
    layers: list[AnnoLayer] = field(default_factory=list)
    text: str = ""
    units: list[AnnoUnit] = field(default_factory=list)

    def spans(self, layer: AnnoLayer, feature: str | None, losses: Losses) -> tuple[Entity, ...]:
        """The spans of a layer, labelled with the value of a feature, or as the layer is called.

        Raises `InputError` with the line for one whose value is not the same everywhere or whose
        number comes again further on.
        """
        column = layer.first + (0 if feature is None else layer.features.index(feature))
        found: dict[tuple[int, str], list[AnnoUnit]] = {}
        labels: dict[tuple[int, str], str] = {}
        for unit in self.units:
            for place, (value, number) in enumerate(anno_values(unit.columns[column])):
                key = (0, number) if number else (len(found) + 1, f"{unit.line} {place}")
                if labels.setdefault(key, value) != value:
                    message = f"[{number}] is {short(value)} here, and {short(labels[key])} before"
                    raise InputError(message, path=self.path, line=unit.line)
                before = found.setdefault(key, [])
                if before and unit.number > before[-1].number + 1:
                    message = f"[{number}] comes again, but the token before this one is without it"
                    hint = "a number belongs to one span in the whole file"
                    raise InputError(message, path=self.path, line=unit.line, hint=hint)
                before.append(unit)
        spans = LayerSpans(losses)
        for key, units in found.items():
            start, end = min(one.span.start for one in units), max(one.span.end for one in units)
            label = anno_meant(labels[key]) if labels[key] != "*" else ""
            if spans.is_empty(start, end):
                continue
            if not label:
                label = layer.short_name if feature is None else spans.called(layer.name)
            spans.add(Entity(start, end, label))
        return spans.entities

    def count(self, layer: AnnoLayer) -> int:
        """How many annotations a layer has."""
        last = layer.first + layer.width - 1
        column = last if layer.kind == "RL" else layer.first
        values = [
            (number or f"{unit.line} {place}")
            for unit in self.units
            for place, (_, number) in enumerate(anno_values(unit.columns[column]))
        ]
        return len(values if layer.kind != "SP" else set(values))

    def count_values(self, column: int) -> int:
        """How many annotations have a value in a column, those over several lines once."""
        return len(
            {
                number or f"{unit.line} {place}"
                for unit in self.units
                for place, (value, number) in enumerate(anno_values(unit.columns[column]))
                if value != "*"
            }
        )


def anno_values(cell: str) -> Iterator[tuple[str, str]]:
    """The stacked values of a cell, escaped as they are, each with its number or nothing."""
    if cell in ("_", ""):
        return
    for value in _STACKED.findall(cell):
        numbered = _NUMBERED.fullmatch(value)
        yield (numbered[1], numbered[2]) if numbered else (value, "")


def anno_meant(said: str, *, java: bool = False) -> str:
    """What an escaped value or text means; `java` is for versions before 3.2."""

    def one(match: re.Match[str]) -> str:
        letters = match[1]
        return chr(int(letters[1:], 16)) if len(letters) == 5 else _MEANT.get(letters, letters)

    return (_JAVA if java else _ESCAPE).sub(one, said) if "\\" in said else said
