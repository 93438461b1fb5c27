"""The data model: spans, entities, attributions and the records that carry them.

Offsets are Unicode code points into the document's text as it was read, half-open
(`text[start:end]` is the span). Texts are never altered: no stripping, no newline or Unicode
normalisation. A layer that is `None` was not annotated; an empty tuple was annotated, and nothing
was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

__all__ = [
    "KINDS",
    "Annotations",
    "Attribution",
    "Capabilities",
    "Entity",
    "Kind",
    "Record",
    "Span",
    "TaskName",
    "fragments_apart",
    "replaced",
    "context",
    "printable",
    "quoted",
    "span_problems",
    "surroundings",
]

TaskName: TypeAlias = str
"""The name of a task."""

Kind = Literal["direct", "indirect", "mixed"]
KINDS: tuple[Kind, ...] = ("direct", "indirect", "mixed")


class Span(NamedTuple):
    """Code points `[start, end)` of a document's text."""

    start: int
    end: int


class Entity(NamedTuple):
    """A labelled span; `score` is the backend's confidence where it gives one.

    A discontinuous one has two or more `fragments`, sorted and apart; `start` and `end` are then
    those of its hull. It is equal to none that covers the gaps as well.
    """

    start: int
    end: int
    label: str
    score: float | None = None
    fragments: tuple[Span, ...] = ()

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who said what: one relation between a source, a cue and a content (PARC3, PolNeAR).

    `content` has at least one fragment, sorted by offset; several where it is discontinuous.
    `source` and `cue` are `None` where the text has none. `kind` is `None` where nobody said
    which; `speaker` is a canonical name, `None` where unknown (a backend abstains with `None`).
    """

    content: tuple[Span, ...]
    source: Span | None = None
    cue: Span | None = None
    kind: Kind | None = None
    speaker: str | None = None

    def spans(self) -> Iterator[tuple[str, Span]]:
        """Every span with its role: `source`, `cue`, `content` (one item a fragment)."""
        if self.source is not None:
            yield "source", self.source
        if self.cue is not None:
            yield "cue", self.cue
        for fragment in self.content:
            yield "content", fragment


@dataclass(frozen=True, slots=True)
class Annotations:
    """The layers of one document; `None` = not annotated, `()` = annotated, nothing there."""

    entities: tuple[Entity, ...] | None = None
    attributions: tuple[Attribution, ...] | None = None
    others: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Layers of tasks that are installed beside those of the harness, by name."""

    def layer(self, name: str) -> tuple[Any, ...] | None:
        """The layer of that name; `None` where it was not annotated."""
        if name == "entities":
            return self.entities
        return self.attributions if name == "attributions" else self.others.get(name)

    def with_layer(self, name: str, items: tuple[Any, ...] | None) -> Annotations:
        """The same with another layer of that name."""
        if name == "entities":
            return Annotations(items, self.attributions, self.others)
        if name == "attributions":
            return Annotations(self.entities, items, self.others)
        others = {key: layer for key, layer in self.others.items() if key != name}
        return replace(self, others=others if items is None else {**others, name: items})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an attribution backend can give at all.

    A role that a backend cannot give is printed as `–` instead of 0, and takes no part in that
    column's ranking.
    """

    cues: bool = True
    null_sources: bool = True
    speakers: bool = True
    indirect: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """One document with what somebody (annotator or backend) said about it.

    `text` is `None` in predictions that leave it out. `ignore` are regions that take no part in
    scoring (boilerplate). `error` says why a backend gave nothing for this document; such a
    record counts as all-missed.
    """

    id: str
    text: str | None
    annotations: Annotations
    ignore: tuple[Span, ...] = ()
    error: str | None = None
    number: int | None = field(default=None, compare=False)
    """The document's place in its file, from 1, where the file has no ids: `id` was made of it."""
    tokens: tuple[tuple[int, int], ...] | None = field(default=None, compare=False)
    """Code points `[start, end)` of the tokens that the file has, in order; `None`: it has none.

    Never used by scores of the harness itself; scorers of tokens are asked on them. They say how
    the file was cut and nothing of the document, so that records which differ in them are equal.
    """
    cuts: tuple[int, ...] | None = field(default=None, compare=False)
    """Code points at which its units begin, the first 0, where that is not at its paragraphs: of a
    text that was perturbed, where the paragraphs are now that it had before."""
    metadata: Mapping[str, str] | None = field(default=None, compare=False)
    """What its file or card says of the document besides (genre, source, date)."""

    def with_annotations(self, annotations: Annotations) -> Record:
        """The same document with other annotations."""
        return Record(  # Each by its name would take thrice as long.
            self.id,
            self.text,
            annotations,
            self.ignore,
            self.error,
            self.number,
            self.tokens,
            self.cuts,
            self.metadata,
        )


def span_problems(text_length: int, start: object, end: object) -> str | None:
    """What is wrong with the offsets of a span in a text of `text_length` code points.

    Returns `None` when `0 <= start < end <= text_length` and both are integers. An empty span is
    a problem: there is nothing that it could match.
    """
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{name} is {value!r}, expected an integer"
    assert isinstance(start, int) and isinstance(end, int)
    if start < 0:
        return f"start {start} is negative"
    if end <= start:
        return f"end {end} is not after start {start} (offsets are half-open)"
    if end > text_length:
        return f"end {end} is outside the text of {text_length} code points"
    return None


def fragments_apart(parts: Sequence[Span]) -> tuple[Span, ...]:
    """Fragments, at least one and in order, with those in one that nothing parts."""
    out = [parts[0]]
    for part in parts[1:]:
        if part.start == out[-1].end:
            out[-1] = Span(out[-1].start, part.end)
        else:
            out.append(part)
    return tuple(out)


def surroundings(text: str, span: tuple[int, int], *, width: int = 40) -> tuple[str, str, str]:
    """What stands before a span, the span, and what stands behind it, each on one line.

    Control characters are shown as spaces: texts are untrusted, and a terminal obeys escapes.
    """
    start, end = span
    lead = "…" if start > width else ""
    tail = "…" if end + width < len(text) else ""
    before, after = text[max(0, start - width) : start], text[end : end + width]
    return printable(lead + before), printable(text[start:end]), printable(after + tail)


def context(text: str, span: tuple[int, int], *, width: int = 40) -> str:
    """The span in its `surroundings`, itself in `[...]`."""
    before, inside, after = surroundings(text, span, width=width)
    return f"{before}[{inside}]{after}"


def printable(text: str) -> str:
    """`text` with everything that is not printable turned into a space."""
    return "".join(char if char.isprintable() else " " for char in text)


def replaced(item: Any, **fields: Any) -> Any:
    """An item, a named tuple or a dataclass, with other values of some fields."""
    return item._replace(**fields) if hasattr(item, "_replace") else replace(item, **fields)


def quoted(text: str) -> str:
    """`text`, printable, in quotation marks and no longer than 50 characters."""
    shown = printable(text)
    return f"“{shown if len(shown) <= 50 else shown[:49] + '…'}”"
