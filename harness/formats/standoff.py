"""The lines of a brat `.ann` file, before anybody decides what they mean.

Shared by `brat` (this project's gold, and brat folders in general) and `polnear`. Format:
brat.nlplab.org/standoff.html. Offsets are code points into the `.txt` as it is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.annotation import Entity, Span, span_problems
from harness.coding import whole_number
from harness.errors import AnnotationError
from harness.formats.files import read_text
from harness.formats.losses import Losses
from harness.formats.units import same_words

__all__ = [
    "NO_TRIGGER",
    "EventLine",
    "Remark",
    "Standoff",
    "TextBound",
    "entity_of",
    "hull",
    "parse_standoff",
    "printed",
    "role_name",
    "triggers_of",
]

NO_TRIGGER = "-"
"""Stands for the trigger of an event that has none."""

# A printed span shows every line break or tab as one space, or the line would end there.
_AS_SPACE = str.maketrans(dict.fromkeys("\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))


class TextBound(NamedTuple):
    """A `T` line: a label and its fragments, sorted, rejoined where brat cut at a newline."""

    label: str
    fragments: tuple[Span, ...]
    line: int


class EventLine(NamedTuple):
    """An `E` line: its type, its trigger's id, and its arguments as `(role, id)`."""

    id: str
    type: str
    trigger: str
    arguments: tuple[tuple[str, str], ...]
    line: int


class Remark(NamedTuple):
    """An `A` or `M` line, `Kind E1 direct`, or a `#` line, `Speaker E1<TAB>text`."""

    name: str
    target: str
    value: str
    line: int


@dataclass
class Standoff:
    """Everything in one `.ann` file that this project reads; `skipped` counts the rest."""

    path: Path
    spans: dict[str, TextBound] = field(default_factory=dict)
    events: dict[str, EventLine] = field(default_factory=dict)
    attributes: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)
    has_triggers: bool = True
    """Whether every event names one first."""

    def fault(self, line: int, message: str, *, hint: str | None = None) -> None:
        """What cannot be used on a line: an error, or left out and counted."""
        self.losses.fault(self.error(line, message, hint=hint), "lines")

    def error(self, line: int, message: str, *, hint: str | None = None) -> AnnotationError:
        return AnnotationError(message, path=self.path, line=line, hint=hint)

    def regions(self, label: str) -> tuple[Span, ...]:
        """All fragments with that label."""
        bounds = (bound for bound in self.spans.values() if bound.label == label)
        return tuple(part for bound in bounds for part in bound.fragments)

    def span(self, id_: str, line: int) -> TextBound:
        """The `T` line that an event names; an error where there is none."""
        try:
            return self.spans[id_]
        except KeyError:
            raise self.error(
                line, f"the event names {id_}, but no line {id_} is in the file"
            ) from None


def parse_standoff(
    path: str | Path,
    text: str,
    *,
    trust_offsets: bool = False,
    given: Standoff | None = None,
    losses: Losses | None = None,
) -> Standoff:
    """Read an `.ann` file against the text of its document.

    A file that goes on from another one (BioNLP's `.a2` from its `.a1`) holds, and may name, what
    was `given` there; its events may be without a trigger. With `trust_offsets` the printed texts
    are not compared with the document, and a line that is no brat line is taken for the rest of a
    printed text (PolNeAR has a few of each).

    Attributes and notes about what is not there are left out. Whatever else cannot be used goes to
    `losses`, which raises an `AnnotationError` with the line unless it leaves faulty lines out: a
    line that is no brat line, a span outside the text, a printed text that differs, an id that
    comes twice, an event about an unknown id.
    """
    ann = Standoff(Path(path), losses=Losses() if losses is None else losses)
    if given is not None:
        ann.spans, ann.has_triggers = dict(given.spans), False
    content = read_text(path).removeprefix("\ufeff")
    for number, line in enumerate(content.split("\n"), 1):
        line = line.removesuffix("\r")
        fields = line.split("\t")
        start = line[:1]
        if not line.strip() or (trust_offsets and (start not in "TEAMRN#*" or len(fields) < 2)):
            continue
        if start == "T" and len(fields) >= 2:
            _add_span(ann, fields, number, text, trust_offsets)
        elif start == "E" and len(fields) >= 2:
            _add_event(ann, fields, number)
        elif start in "AM" and len(fields) >= 2:
            name, target, value = (*fields[1].split(), "", "", "")[:3]
            ann.attributes.append(Remark(name, target, value, number))
        elif start == "#" and len(fields) >= 2:
            kind, target = (*fields[1].split(), "", "")[:2]
            ann.notes.append(Remark(kind, target, "\t".join(fields[2:]), number))
        elif start in "RN*" and len(fields) >= 2:
            ann.skipped[start] = ann.skipped.get(start, 0) + 1
        else:
            ann.fault(
                number,
                f"found {line[:40]!r}, expected a brat line (T, E, A, # …, fields parted by tabs)",
            )
    _check_targets(ann)
    return ann


def _add_span(
    ann: Standoff, fields: list[str], number: int, text: str, trust_offsets: bool
) -> None:
    label, _, offsets = fields[1].partition(" ")
    parts = []
    for part in offsets.split(";"):
        try:
            start, end = map(whole_number, part.split())
        except ValueError:
            ann.fault(
                number, f'offsets are {offsets!r}, expected "start end" or "start end;start end"'
            )
            return
        problem = span_problems(len(text), start, end)
        if problem:
            ann.fault(number, problem, hint="offsets count Unicode code points")
            return
        parts.append(Span(start, end))
    own = printed("\t".join(fields[2:]))
    shown = own.rstrip()
    there = " ".join(text[start:end] for start, end in parts)
    alike = shown == printed(there).rstrip() and (not shown or same_words(own, there))
    if len(fields) > 2 and not trust_offsets and not alike:
        ann.fault(
            number,
            f"{fields[0]} prints {shown[:60]!r}, but the document has {there[:60]!r} there",
            hint="were the offsets counted in bytes or UTF-16 units, or was the text changed?",
        )
        return
    if fields[0] in ann.spans:
        ann.fault(number, f"{fields[0]} comes a second time (first on {ann.spans[fields[0]].line})")
        return
    ann.spans[fields[0]] = TextBound(label, _rejoined(parts, text), number)


def _add_event(ann: Standoff, fields: list[str], number: int) -> None:
    pairs = [argument.partition(":") for argument in fields[1].split()]
    if pairs and not ann.has_triggers and not pairs[0][1]:
        pairs[0] = (pairs[0][0], ":", NO_TRIGGER)
    if not pairs or not all(role and id_ for role, _, id_ in pairs):
        ann.fault(number, f'found {fields[1]!r}, expected "Type:T1 Role:T2 ..."')
        return
    if fields[0] in ann.events:
        ann.fault(
            number, f"{fields[0]} comes a second time (first on {ann.events[fields[0]].line})"
        )
        return
    arguments = tuple((role, id_) for role, _, id_ in pairs[1:])
    ann.events[fields[0]] = EventLine(fields[0], pairs[0][0], pairs[0][2], arguments, number)


def _check_targets(ann: Standoff) -> None:
    for event in list(ann.events.values()):
        for id_ in (event.trigger, *(id_ for _, id_ in event.arguments)):
            if id_ not in ann.events and id_ not in ann.spans and id_ != NO_TRIGGER:
                ann.fault(event.line, f"the event names {id_}, but no line {id_} is in the file")
                ann.events.pop(event.id, None)
    for remarks in (ann.attributes, ann.notes):
        for remark in list(remarks):
            there = remark.target in ann.spans or remark.target in ann.events
            if remark.target[:1] in ("T", "E") and not there:
                remarks.remove(remark)
                ann.losses["attributes and notes about what is not in the file: left out"] += 1


def _rejoined(parts: list[Span], text: str) -> tuple[Span, ...]:
    """Fragments in order, mended where only white space (or nothing) parts them.

    brat cuts a span at every newline, and white space alone makes no content discontinuous.
    """
    joined: list[Span] = []
    for part in sorted(parts):
        if joined and not text[joined[-1].end : part.start].strip():
            joined[-1] = Span(joined[-1].start, max(part.end, joined[-1].end))
        else:
            joined.append(part)
    return tuple(joined)


def printed(text: str) -> str:
    """A span's text as an `.ann` line shows it: line breaks and tabs as spaces."""
    return text.translate(_AS_SPACE)


def hull(fragments: Iterable[Span]) -> Span:
    """The one span from the first start to the last end."""
    parts = list(fragments)
    return Span(min(part.start for part in parts), max(part.end for part in parts))


def entity_of(bound: TextBound) -> Entity:
    """A span as an entity; of several fragments it keeps them."""
    fragments = bound.fragments if len(bound.fragments) > 1 else ()
    return Entity(*hull(bound.fragments), bound.label, None, fragments)


def triggers_of(ann: Standoff) -> set[str]:
    """The ids of the spans that stand for an event: they have its type as their label."""
    return {
        event.trigger
        for event in ann.events.values()
        if event.trigger in ann.spans and ann.spans[event.trigger].label == event.type
    }


def role_name(role: str) -> str:
    """`Content2` -> `Content`: brat numbers roles that come more than once."""
    return role.rstrip("0123456789")
