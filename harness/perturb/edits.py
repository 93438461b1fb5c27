"""Edits of a text, and where they move what stands in it: exactly, or not at all.

An edit replaces `[start, end)` of the text as it was (code points, half-open) by other characters;
with `start == end` it inserts. What is inserted at an edge of a span stands outside it. The text of
a span afterwards is what the edits within it make of its own text, and nothing else: an edit that
would cut through an edge, with characters on either side of it, is not made.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from harness.annotation import Annotations, Attribution, Record, Span, fragments_apart, replaced
from harness.errors import UsageError
from harness.paragraphs import paragraph_starts

__all__ = ["TextEdit", "Edited", "edited", "edited_record", "item_spans", "record_spans"]


class TextEdit(NamedTuple):
    """`text` in place of the code points `[start, end)` of the text as it was."""

    start: int
    end: int
    text: str


class Edited:
    """A text after edits that are in order and apart from each other."""

    def __init__(self, text: str, edits: Sequence[TextEdit]) -> None:
        self.edits = tuple(edits)
        self._starts = [edit.start for edit in self.edits]
        self._ends = [edit.end for edit in self.edits]
        grown = (len(edit.text) - (edit.end - edit.start) for edit in self.edits)
        self._grown = [0, *accumulate(grown)]
        """By how much the text has grown in front of each edit, and behind the last."""
        self.text = "".join(self._pieces(text))

    def span(self, start: int, end: int) -> Span | None:
        """Where a span is now; `None` where nothing of it is left. No edit cuts its edges."""
        # Behind what is inserted at its start, before what is inserted at its end.
        first = start + self._grown[bisect_right(self._ends, start)]
        last = end + self._grown[bisect_left(self._starts, end)]
        return Span(first, last) if last > first else None

    def place(self, offset: int) -> int:
        """Where a place between two characters is now: before what is inserted there. Within what
        was replaced it is its end: what began in front of the place stays in front of it."""
        at = bisect_left(self._starts, offset)
        if at and self._ends[at - 1] > offset:
            return self._ends[at - 1] + self._grown[at]
        return offset + self._grown[at]

    def _pieces(self, text: str) -> Iterator[str]:
        done = 0
        for start, end, put in self.edits:
            yield text[done:start]
            yield put
            done = end
        yield text[done:]


def edited(text: str, edits: Iterable[TextEdit], spans: Iterable[tuple[int, int]] = ()) -> Edited:
    """A text after edits, of which those are left out that would cut through an edge of a span.

    Edits may come in any order. Those that change nothing are left out too. Raises `ValueError`
    where one lies outside the text, or two overlap or insert at one place, made or left out.
    """
    edges = sorted({edge for span in spans for edge in span})
    kept: list[TextEdit] = []
    before = (-1, -1)
    for start, end, put in sorted(edits):
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"an edit of [{start}, {end}) in a text of {len(text)} characters")
        if start < before[1] or (start, end) == before == (start, start):
            raise ValueError(
                f"two edits that are not apart, of [{before[0]}, {before[1]}) and [{start}, {end})"
            )
        before = (start, end)
        if text[start:end] == put:
            continue
        at = bisect_right(edges, start)
        if at < len(edges) and edges[at] < end:
            continue
        kept.append(TextEdit(start, end, put))
    return Edited(text, kept)


def edited_record(record: Record, edits: Iterable[TextEdit]) -> Record:
    """A document after edits: its text, and every span of its layers where it is now.

    An item of which nothing is left is gone; so are a fragment, a source, a cue of which nothing
    is left. Fragments of one between which nothing is left are one. `cuts` are where the paragraphs
    of the document as it was begin now, so that both have the same units. Raises `ValueError` as
    `edited` does, and `UsageError` for items of a task that have neither `start` and `end` nor are
    attributions: nobody knows where their spans are.
    """
    if record.text is None:
        return record
    layers = record.annotations
    new = edited(record.text, edits, record_spans(record))
    starts = record.cuts or paragraph_starts(record.text)
    return Record(
        record.id,
        new.text,
        Annotations(
            _moved(layers.entities, new),
            _moved(layers.attributions, new),
            {name: _moved(items, new) or () for name, items in layers.others.items()},
        ),
        tuple(span for one in record.ignore if (span := new.span(*one))),
        record.error,
        record.number,
        tokens=None
        if record.tokens is None
        else tuple(span for one in record.tokens if (span := _token(new, *one))),
        cuts=(0, *(new.place(start) for start in starts[1:])),
        metadata=record.metadata,
    )


def item_spans(record: Record) -> Iterator[list[Span]]:
    """All spans of each item of a document, its hull among them where it has one."""
    return (list(_spans(item)) for item in _items(record.annotations))


def record_spans(record: Record) -> list[Span]:
    """Every span whose edges no edit cuts: those of all items, and what is ignored."""
    return [*chain.from_iterable(item_spans(record)), *record.ignore]


def _items(layers: Annotations) -> Iterator[Any]:
    yield from layers.entities or ()
    yield from layers.attributions or ()
    for items in layers.others.values():
        yield from items


def _spans(item: Any) -> Iterator[Span]:
    if isinstance(item, Attribution):
        yield from (span for _, span in item.spans())
        return
    try:
        yield Span(item.start, item.end)
    except AttributeError:
        raise UsageError(
            f"{type(item).__name__} has no start and end: its texts cannot be perturbed"
        ) from None
    yield from getattr(item, "fragments", ())


def _moved(items: tuple[Any, ...] | None, new: Edited) -> tuple[Any, ...] | None:
    if items is None:
        return None
    return tuple(moved for item in items if (moved := _item(item, new)) is not None)


def _item(item: Any, new: Edited) -> Any:
    """An item where it is now; `None` where nothing of it is left."""
    if isinstance(item, Attribution):
        content = tuple(span for one in item.content if (span := new.span(*one)))
        source, cue = (one and new.span(*one) for one in (item.source, item.cue))
        return replaced(item, content=content, source=source, cue=cue) if content else None
    parts: tuple[Span, ...] = getattr(item, "fragments", ())
    fragments = tuple(span for one in parts if (span := new.span(*one)))
    if fragments:
        left = fragments_apart(fragments)  # What stood between two of them may be gone.
        hull = Span(left[0].start, left[-1].end)
        return replaced(
            item, start=hull.start, end=hull.end, fragments=left if len(left) > 1 else ()
        )
    hull_of = new.span(item.start, item.end)
    if hull_of is None or parts:
        return None
    return replaced(item, start=hull_of.start, end=hull_of.end)


def _token(new: Edited, start: int, end: int) -> Span | None:
    """Where a token is now, whose edges an edit may have cut: all that has become of it."""
    first, last = new.place(start), new.place(end)
    return Span(first, last) if last > first else None
