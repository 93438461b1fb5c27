"""A figure as data: one Vega-Lite specification, drawn by the page and written as a file.

Names of backends, labels and documents are values of data or text in a specification, never the
name of a field, an expression or a link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.media import one_line

__all__ = ["Chart", "Spec", "distinct", "figure_name", "inline", "shown"]

Spec = dict[str, Any]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""What the specification is written in: a name, from which nothing is loaded."""

_LONGEST = 48


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and what it says in words."""

    name: str
    """For its file: letters, digits, `-` and `_`; one of its kind within a report."""
    about: str
    """Of what: the gold set and task."""
    title: str
    summary: str
    """What somebody is told who cannot see it."""
    note: str
    """How it is to be read; stands under it."""
    body: Spec
    """The specification without size, colours of the ground and data that the theme has."""
    height: int
    """In pixels; the width is that of the place."""

    @property
    def spoken(self) -> str:
        """Everything that it says, in words."""
        return " ".join(filter(None, (f"{self.about}: {self.title}.", self.summary, self.note)))

    def spec(self) -> Spec:
        """The specification, as wide as its container."""
        return {
            "$schema": _SCHEMA,
            "description": one_line(self.spoken),
            "width": "container",
            "height": self.height,
            **self.body,
        }


def inline(rows: Iterable[Mapping[str, Any]]) -> Spec:
    """Data of a specification."""
    return {"values": [dict(row) for row in rows]}


def shown(name: str) -> str:
    """A name as a figure writes it: on one line, its middle left out where it is long."""
    text = one_line(name)
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[: half - 1]}…{text[-half:]}"


def figure_name(kind: str, *about: str) -> str:
    """A file's name of any texts, the kind of figure first; not of these alone
    (`harness.report.figures.write` numbers those that come again)."""
    plain = unicodedata.normalize("NFKD", "-".join((kind, *about))).encode("ascii", "ignore")
    text = plain.decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:100] or "figure"


def distinct(names: Sequence[str]) -> dict[str, str]:
    """Each name as a figure writes it; numbered where two would look the same."""
    out: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        text = shown(name)
        number = 2
        while text in taken:
            text = f"{shown(name)} ({number})"
            number += 1
        taken.add(text)
        out[name] = text
    return out
