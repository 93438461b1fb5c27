"""Lints over records: what a careful second reader of the labels would stop at.

Offsets and span texts are checked by the readers; here is what is allowed and yet looks wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from harness.annotation import Record, Span, context, quoted
from harness.coding import compact
from harness.curation.validate.finding import Finding, Severity
from harness.formats.jsonl import annotations_to_json
from harness.labels.schema import Schema
from harness.table import plural
from harness.tasks.base import Task
from harness.tasks.registry import tasks

__all__ = ["lint_record", "lint_strings"]

_OPENS = "([{“„«‹"
_CLOSES = ")]}”»›"
_NEVER_FIRST = f",.;:!?-–—'’{_CLOSES}"
_NEVER_LAST = f",;:!?-–—'’\"{_OPENS}”»›"
_ABBREVIATION = re.compile(r"(?:\w\.)+\w?\.$|\b[^\W\d_]{1,5}\.$")
_WORD = re.compile(r"\w+")
_SHOWN = 3


def lint_record(
    record: Record, *, schema: Schema | None = None, nested: bool = False, path: str = ""
) -> Iterator[Finding]:
    """Everything that one document shows by itself.

    `nested` allows names that overlap. Labels are checked where the schema is known, what spans
    say where there is a text (predictions leave it out).
    """
    text = record.text
    report = _Reporter(record, path)
    if text is not None:
        yield from _text(text, report)
    for task in tasks().values():
        items = task.items(record.annotations)
        for item in items:
            for span in task.spans(item) if text is not None else ():
                yield from _edges(Span(*span), text or "", report, punctuation=task.flat)
            if task.labelled and schema is not None and schema.canonical(item.label) is None:
                said = f"{schema} has no label {item.label!r}"
                yield report("error", "unknown-label", said, _hull(task, item))
        yield from _duplicates(task, items, report)
        if task.flat and not nested:
            yield from _overlaps(task, items, report)


class _Reporter(NamedTuple):
    record: Record
    path: str

    def __call__(self, severity: Severity, check: str, message: str, span: Span | None) -> Finding:
        shown = context(self.record.text, span) if span and self.record.text else ""
        start, end = span if span else (None, None)
        return Finding(severity, check, message, self.path, None, self.record.id, start, end, shown)


def _text(text: str, report: _Reporter) -> Iterator[Finding]:
    if not unicodedata.is_normalized("NFC", text):
        composed = unicodedata.normalize("NFC", text)
        at = next(i for i, (a, b) in enumerate(zip(text, composed, strict=False)) if a != b)
        yield report(
            "warning",
            "normal-form",
            "the text is not in Unicode normal form C: a backend that composes characters shifts "
            "every offset after here",
            Span(at, at + 1),
        )
    for char, name in (("\ufeff", "a byte order mark"), ("\ufffd", "a replacement character")):
        if char in text:
            at = text.index(char)
            yield report("warning", "odd-character", f"the text holds {name}", Span(at, at + 1))


def _edges(span: Span, text: str, report: _Reporter, *, punctuation: bool) -> Iterator[Finding]:
    shown = text[span.start : span.end]
    if shown != shown.strip():
        yield report(
            "warning", "white-space-edge", f"{shown!r} begins or ends in white space", span
        )
    elif punctuation and (
        shown[0] in _NEVER_FIRST
        or shown[-1] in _NEVER_LAST
        or (shown[-1] == "." and not _ABBREVIATION.search(shown))
    ):
        yield report(
            "warning", "punctuation-edge", f"{shown!r} begins or ends in punctuation", span
        )


def _hull(task: Task, item: Any) -> Span:
    return Span(*task.mention(item)[:2])


def _duplicates(task: Task, items: Sequence[Any], report: _Reporter) -> Iterator[Finding]:
    """Items of flat layers are the same by span and label, others as a whole."""
    seen: set[object] = set()
    for item in items:
        _, _, label = mention = task.mention(item)
        said: object = mention
        if not task.flat:
            said = compact(annotations_to_json(task.layers([item])))
        if said in seen:
            what = f"{label} twice on one span" if task.flat else f"twice in {task.layer}: {label}"
            yield report("warning", "duplicate", what, _hull(task, item))
        seen.add(said)


def _overlaps(task: Task, items: Sequence[Any], report: _Reporter) -> Iterator[Finding]:
    widest: tuple[int, int, str] | None = None
    for one in sorted(set(map(task.mention, items)), key=lambda m: (m[0], -m[1], m[2])):
        start, end, label = one
        if widest is not None and start < widest[1]:
            nested = end <= widest[1]
            how = "lies in" if nested else "overlaps"
            said = f"{label} {how} {widest[2]} [{widest[0]}, {widest[1]})"
            yield report("warning", "nested" if nested else "overlap", said, Span(start, end))
        if widest is None or end > widest[1]:
            widest = one


class _Mention(NamedTuple):
    document: str
    start: int


def lint_strings(read: Callable[[], Iterable[Record]], *, path: str = "") -> Iterator[Finding]:
    """What only the whole set shows: a string labelled two ways, and unlabelled repeats of one.

    Goes through the records twice for each layer of names; keeps the labelled strings, not the
    texts. Repeats are whole words in the same case that no name and no ignore region touches.
    """
    for task in tasks().values():
        if task.flat:
            yield from _lint_strings(task, read, path)


def _lint_strings(task: Task, read: Callable[[], Iterable[Record]], path: str) -> Iterator[Finding]:
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    where: dict[tuple[str, str], list[_Mention]] = defaultdict(list)
    for record in read():
        if record.text is None:
            continue
        for start, end, label in map(task.mention, task.items(record.annotations)):
            string = record.text[start:end]
            labels[string][label] += 1
            places = where[string, label]
            if len(places) < _SHOWN:
                places.append(_Mention(record.id, start))
    for string, counts in sorted(labels.items()):
        if len(counts) > 1:
            shown = "; ".join(
                f"{label} {count} ({_places(where[string, label])})"
                for label, count in counts.most_common()
            )
            yield Finding("warning", "two-labels", f"{quoted(string)} is {shown}", path)
    yield from _repeats(task, read, labels, path)


def _repeats(
    task: Task, read: Callable[[], Iterable[Record]], labels: dict[str, Counter[str]], path: str
) -> Iterator[Finding]:
    by_word: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for string in labels:
        first = _WORD.search(string)
        if first:
            by_word[first.group()].append((string, first.start()))
    repeats: Counter[str] = Counter()
    where: dict[str, list[_Mention]] = defaultdict(list)
    for record in read():
        text = record.text
        if text is None or not task.is_annotated(record):
            continue
        taken = bytearray(len(text))
        spans = [task.mention(item)[:2] for item in task.items(record.annotations)]
        for start, end in (*spans, *record.ignore):
            taken[start:end] = b"\1" * (end - start)
        for word in _WORD.finditer(text):
            for string, lead in by_word.get(word.group(), ()):
                start = word.start() - lead
                end = start + len(string)
                if start >= 0 and text.startswith(string, start) and not any(taken[start:end]):
                    if end < len(text) and string[-1].isalnum() and text[end].isalnum():
                        continue
                    repeats[string] += 1
                    if len(where[string]) < _SHOWN:
                        where[string].append(_Mention(record.id, start))
    for string, count in sorted(repeats.items()):
        labelled = ", ".join(f"{label} {n}" for label, n in labels[string].most_common())
        yield Finding(
            "warning",
            "unlabelled-repeat",
            f"{quoted(string)} is labelled ({labelled}) and stands unlabelled "
            f"{plural(count, 'time')}: {_places(where[string])}",
            path,
        )


def _places(mentions: list[_Mention]) -> str:
    return ", ".join(f"{mention.document}:{mention.start}" for mention in mentions)
