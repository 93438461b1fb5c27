"""Records that are hard on offsets, edits at random, and an oracle that knows edits alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any

from harness.annotation import (
    KINDS,
    Annotations,
    Attribution,
    Entity,
    Record,
    Span,
    fragments_apart,
)
from harness.paragraphs import paragraph_starts, tokens, unit_of
from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import Level, Perturbation, Renaming

PIECES = (
    *("Angela", "Merkel", "the", "Straße", "İstanbul", "ŉ", "ΟΔΟΣ", "ǆ", "café", "cafe\u0301"),
    *("\u0301", "Việt", "Vie\u0323\u0302t", "👩\u200d🚀", "🇫🇷", "👍🏽", "❤\ufe0f", "שלום", "مرحبا"),
    *(
        "हिन्दी",
        "東京",
        "한국",
        "modern",
        "official",
        "I1lO0",
        "\u200b",
        "\xad",
        "''",
        "U.N.",
        "won't",
    ),
    *('"Yes,"', "“No.”", "«Oui»", "‘so’", "\"'both'\"", "end.", "Really?", "...", "(as here)", "x"),
)
BETWEEN = (
    " ",
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "",
    "\xa0",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u2028",
    "\n \n",
)
PUT = ("", "", "x", "ab", "\u0301", "👩\u200d🚀", "\n", "\r\n", " ", "SS", "שלום", "long enough")
LABELS = ("PER", "PERSON", "ORG", "GPE", "LOC", "MISC", "location")


def wild_text(rng: Random) -> str:
    """Up to twenty words of many scripts, with line ends of all kinds between them."""
    return "".join(rng.choice(PIECES) + rng.choice(BETWEEN) for _ in range(rng.randint(0, 20)))


def wild_record(rng: Random, number: int = 0) -> Record:
    """A document with nested, adjacent, discontinuous and crossing items, edges anywhere."""
    text = wild_text(rng)
    if not text:
        return Record(f"d{number}", text, Annotations((), ()))

    def span() -> Span:
        if rng.random() < 0.5 and (words := tokens(text)):
            first = rng.randrange(len(words))
            last = min(len(words) - 1, first + rng.randrange(3))
            return Span(words[first][0], words[last][1])
        start = rng.randrange(len(text))
        return Span(start, min(len(text), start + rng.randint(1, 9)))

    def entity() -> Entity:
        parts = fragments_apart(_disjoint(span() for _ in range(rng.choice((1, 1, 1, 2, 3)))))
        left = parts if len(parts) > 1 else ()
        label, score = rng.choice(LABELS), rng.choice((None, 0.5))
        return Entity(parts[0].start, parts[-1].end, label, score, left)

    def attribution() -> Attribution:
        return Attribution(
            tuple(sorted(span() for _ in range(rng.randint(1, 3)))),
            span() if rng.random() < 0.7 else None,
            span() if rng.random() < 0.7 else None,
            rng.choice((None, *KINDS)),
            "Angela Merkel" if rng.random() < 0.1 else None,
        )

    entities = [entity() for _ in range(rng.randrange(6))]
    for one in entities[:2]:  # One that begins where another ends.
        if one.end < len(text):
            entities.append(Entity(one.end, min(len(text), one.end + 4), rng.choice(LABELS)))
    return Record(
        f"d{number}",
        text,
        Annotations(
            tuple(entities),
            tuple(attribution() for _ in range(rng.randrange(3))),
            {"others": tuple(entity() for _ in range(rng.randrange(2)))},
        ),
        tuple(span() for _ in range(rng.randrange(3))),
        tokens=tuple(tokens(text)) if rng.random() < 0.8 else None,
        metadata={"genre": "news"},
    )


def _disjoint(spans: Iterable[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def wild_edits(rng: Random, text: str) -> list[TextEdit]:
    """Edits that are apart, in any order; many meet, many are at edges, some change nothing."""
    edits: list[TextEdit] = []
    at = 0
    while True:
        start = at + rng.choice((0, 0, 1, 2, 3, 5, 8))
        end = start + rng.choice((0, 0, 1, 1, 1, 2, 4))
        if edits and start == end == edits[-1].start == edits[-1].end:
            start, end = start + 1, end + 1
        if end > len(text):
            rng.shuffle(edits)
            return edits
        put = text[start:end] if rng.random() < 0.05 else rng.choice(PUT)
        edits.append(TextEdit(start, end, put))
        at = end


@dataclass
class Recording:
    """A perturbation that keeps what edits it made, and whom it called otherwise."""

    of: Perturbation
    made: list[TextEdit] = field(default_factory=list)
    called: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def summary(self) -> str:
        return self.of.summary

    @property
    def levels(self) -> tuple[Level, ...]:
        return self.of.levels

    def edits(self, record: Record, level: Level, rng: Random) -> list[TextEdit]:
        self.made = list(self.of.edits(record, level, rng))
        return self.made

    def speakers(self, record: Record, level: Level, rng: Random) -> Mapping[str, str | None]:
        is_renaming = isinstance(self.of, Renaming)
        self.called = self.of.speakers(record, level, rng) if is_renaming else {}
        return self.called


@dataclass
class Verdict:
    """What is wrong with a document after edits, and how much was looked at."""

    made: int = 0
    """Edits that change something and cut through no edge."""
    spans: int = 0
    faults: list[str] = field(default_factory=list)

    def expect(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.faults.append(f"{what}: found {found!r}, expected {expected!r}")


def verdict(
    old: Record,
    new: Record,
    edits: Iterable[TextEdit],
    called: Mapping[str, str | None] = MappingProxyType({}),
    *,
    strict: bool = True,
) -> Verdict:
    """A document after edits against what each of its texts should be: made by replacing one after
    the other, from the last, in that text alone.

    An item of which all is deleted that stood in front of a unit's start begins where that unit
    begins, and nobody can tell that it did not before: `strict` says that there are none.
    """
    assert old.text is not None and new.text is not None
    spans = [span for item in _all_items(old) for span in _spans(item)] + list(old.ignore)
    edges = {edge for span in spans for edge in span}
    made = [
        TextEdit(start, end, put)
        for start, end, put in sorted(edits, reverse=True)
        if old.text[start:end] != put and not any(start < edge < end for edge in edges)
    ]
    oracle = _Oracle(old.text, made, called)
    out = Verdict(len(made))
    out.expect("text", new.text, oracle.whole())
    out.expect("ignore", new.ignore, tuple(filter(None, map(oracle.span, old.ignore))))
    out.expect("the rest", (new.id, new.metadata), (old.id, old.metadata))
    starts = paragraph_starts(old.text)
    assert new.cuts is not None
    out.expect("units", list(new.cuts), [0, *map(oracle.cut, starts[1:])])
    for name in ("entities", "attributions", "others"):
        before, after = old.annotations.layer(name), new.annotations.layer(name)
        if before is None or after is None:
            out.expect(name, after, before)
            continue
        out.expect(name, after, tuple(filter(None, map(oracle.item, before))))
        for one in (span for item in before for span in _spans(item)):
            out.spans += 1
            moved, unit = oracle.span(one), unit_of(one.start, starts)
            own = new.text[slice(*moved)] if moved else ""
            out.expect(f"text of {one}", own, oracle.own(one))
            if moved and (strict or new.cuts[(unit + 1) % len(starts)] != moved.start):
                out.expect(f"unit of {one}", unit_of(moved.start, new.cuts), unit)
    _check_tokens(old, new, oracle, made, out)
    return out


class _Oracle:
    """What edits, from the last to the first, make of a text or a part of it."""

    def __init__(
        self, text: str, edits: Sequence[TextEdit], called: Mapping[str, str | None]
    ) -> None:
        self._text, self._edits, self._called = text, edits, called

    def whole(self) -> str:
        text = self._text
        for start, end, put in self._edits:
            text = text[:start] + put + text[end:]
        return text

    def own(self, span: Span) -> str:
        """The text of a span: of the edits, those within it."""
        first, last = span
        text = self._text[first:last]
        for start, end, put in self._edits:
            if first <= start and end <= last and not start == end in span:
                text = text[: start - first] + put + text[end - first :]
        return text

    def cut(self, place: int) -> int:
        """Where a unit begins that began there: behind all that begins in front of it."""
        edits = [edit for edit in self._edits if edit.start < place]
        before = self._text[: max([place, *(edit.end for edit in edits)])]
        for start, end, put in edits:
            before = before[:start] + put + before[end:]
        return len(before)

    def span(self, span: Span | None) -> Span | None:
        """Where its text stands: behind all that ends in front of it."""
        if span is None or not (own := self.own(span)):
            return None
        before = self._text[: span.start]
        for start, end, put in self._edits:
            if end <= span.start:
                before = before[:start] + put + before[end:]
        return Span(len(before), len(before) + len(own))

    def item(self, item: Any) -> Any:
        if isinstance(item, Attribution):
            content = tuple(filter(None, map(self.span, item.content)))
            source, cue = self.span(item.source), self.span(item.cue)
            speaker = self._called.get(item.speaker or "", item.speaker)
            return Attribution(content, source, cue, item.kind, speaker) if content else None
        parts = list(filter(None, map(self.span, item.fragments or [item.span])))
        if not parts:
            return None
        left = fragments_apart(parts)
        hull = (left[0].start, left[-1].end)
        return Entity(*hull, item.label, item.score, left if len(left) > 1 else ())


def _all_items(record: Record) -> Iterator[Any]:
    for name in ("entities", "attributions", "others"):
        yield from record.annotations.layer(name) or ()


def _spans(item: Any) -> tuple[Span, ...]:
    if isinstance(item, Attribution):
        return tuple(span for _, span in item.spans())
    return item.fragments or (item.span,)


def _check_tokens(
    old: Record, new: Record, oracle: _Oracle, made: Sequence[TextEdit], out: Verdict
) -> None:
    """In order and apart; where no edit touches one's edges its text is that of a span."""
    if old.tokens is None or new.tokens is None or new.text is None or old.text is None:
        out.expect("tokens", new.tokens, old.tokens)
        return
    edges = [0, *(edge for token in new.tokens for edge in token), len(new.text)]
    out.expect("tokens", edges, sorted(edges))
    touched = {edge for start, end, _ in made for edge in range(start, end + 1)}
    free = (Span(*one) for one in old.tokens if touched.isdisjoint(one))
    missing = [moved for one in free if (moved := oracle.span(one)) not in (*new.tokens, None)]
    out.expect("tokens that no edit touches", missing, [])
