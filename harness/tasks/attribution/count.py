"""Attribution: what is counted of a document, and what became of every relation.

Contents are aligned one-to-one per document by maximum total Dice (`alignment`, which also gives
the tie-break); everything else is read off the aligned pairs:

- relations: `found50`, `found80` (Dice of the contents at least .5, .8), `pair` (found50 and the
  sources overlap or both are null), `triple` (pair, and the same of the cues), `exact` (all three
  equal up to punctuation and white space at the edges);
- elements: the sources, cues and contents that the aligned partner has too, equal or by the share
  of letters and digits in common. A null element is no element: null against null earns nothing;
- kind, speaker and null source, see `score`.

Identical annotations of one side collapse into one and are counted as duplicates. Characters in
ignored regions do not exist; a content with nothing else left is dropped and counted as ignored,
and a source or cue with nothing else left is null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from harness.annotation import Attribution, Span
from harness.errors import AnnotationError
from harness.quotation.regions import quoted_regions
from harness.tasks.attribution.alignment import Relation, align_relations, touches
from harness.tasks.attribution.characters import (
    Characters,
    Element,
    common,
    dice,
    equal_elements,
    share_half,
)
from harness.tasks.attribution.kinds import kind_of
from harness.tasks.attribution.speakers import Speakers
from harness.tasks.attribution.tally import AttributionOptions
from harness.tasks.tally import Event

__all__ = ["ElementAgreement", "Pairing", "events", "pairs"]

ElementAgreement = Literal["same", "overlap", "differ"]


@dataclass(frozen=True, slots=True)
class Pairing:
    """A gold relation with its partner, one that was missed, or a spurious prediction.

    `error` is one of `ERRORS`: `missed` and `spurious` have no partner; of an aligned pair it is
    the first thing that is wrong: `content` (Dice under .5), `source`, `cue` (no overlap),
    `boundary` (everything overlaps, something is not equal), or `correct`. The roles say `same`,
    `overlap` or `differ`; two null elements are the same. `speaker` is `None` where the gold
    names nobody.
    """

    gold: Attribution | None
    predicted: Attribution | None
    error: str
    dice: float = 0.0
    source: ElementAgreement = "differ"
    cue: ElementAgreement = "differ"
    content: ElementAgreement = "differ"
    speaker: bool | None = None

    @property
    def is_found(self) -> bool:
        """Whether the two contents share at least half."""
        return self.error not in ("missed", "spurious", "content")

    @property
    def start(self) -> int:
        """Offset that the pairing is filed under: the gold content's, else the predicted's."""
        owner = self.gold or self.predicted
        assert owner is not None
        return owner.content[0].start


def events(
    gold: Sequence[Attribution],
    predicted: Sequence[Attribution],
    options: AttributionOptions | None = None,
    *,
    text: str,
    ignore: Iterable[Span] = (),
) -> Iterator[Event]:
    """Everything that is counted of one document. The order of neither sequence matters.

    The alignment is the document's: units cut nothing. An aligned pair counts where the gold
    content starts, a spurious prediction where its own does. Raises `AnnotationError` for a span
    outside the text and for a relation without content.
    """
    left, right, met = _aligned(gold, predicted, options or AttributionOptions(), text, ignore)
    for start, counts in chain(_of_pairs(met, left.speakers), _of_sides(left, right)):
        for name, n in counts.items():
            yield [start], (name,), n


def pairs(
    gold: Sequence[Attribution],
    predicted: Sequence[Attribution],
    options: AttributionOptions | None = None,
    *,
    text: str,
    ignore: Iterable[Span] = (),
) -> list[Pairing]:
    """The aligned, missed and spurious relations of one document, by offset, for error reports."""
    left, _, met = _aligned(gold, predicted, options or AttributionOptions(), text, ignore)
    speakers = left.speakers
    out = []
    for one, other in met:
        if one is None or other is None:
            error = "spurious" if one is None else "missed"
            out.append(Pairing(one and one.origin, other and other.origin, error))
            continue
        has_speaker = speakers.known(one.speaker) is not None
        out.append(
            Pairing(
                one.origin,
                other.origin,
                _error(one, other),
                dice(one.content, other.content),
                _agreement(one.source, other.source),
                _agreement(one.cue, other.cue),
                _agreement(one.content, other.content),
                speakers.match(one.speaker, other.speaker) if has_speaker else None,
            )
        )
    return sorted(out, key=lambda pairing: (pairing.start, pairing.gold is None))


@dataclass(slots=True)
class _Side:
    """One side of a document, ready for alignment."""

    relations: list[Relation]
    dropped: list[tuple[int, str]]
    """Offset and reason (`duplicates`, `ignored`) of what takes no part."""
    speakers: Speakers


_Met = list[tuple[Relation | None, Relation | None]]


def _aligned(
    gold: Sequence[Attribution],
    predicted: Sequence[Attribution],
    options: AttributionOptions,
    text: str,
    ignore: Iterable[Span],
) -> tuple[_Side, _Side, _Met]:
    """Both sides, and their aligned pairs, then every left-over of either side."""
    reader = _Reader(text, ignore, options)
    left, right = reader.side(gold), reader.side(predicted)
    ours, theirs = left.relations, right.relations
    aligned = align_relations(ours, theirs, left.speakers.agree, right.speakers.agree)
    met: _Met = [(ours[i], theirs[j]) for i, j in aligned]
    used_left, used_right = {i for i, _ in aligned}, {j for _, j in aligned}
    met += ((one, None) for i, one in enumerate(ours) if i not in used_left)
    met += ((None, other) for j, other in enumerate(theirs) if j not in used_right)
    return left, right, met


class _Reader:
    """Turns attributions of one document into `Relation`s."""

    def __init__(self, text: str, ignore: Iterable[Span], options: AttributionOptions) -> None:
        self._text = text
        self._characters = Characters(text, ignore)
        self._options = options
        self._quoted: tuple[Span, ...] | None = None

    def side(self, attributions: Sequence[Attribution]) -> _Side:
        unique: dict[tuple[object, ...], Attribution] = {}
        dropped: list[tuple[int, str]] = []
        for item in attributions:
            if not item.content:
                raise AnnotationError("a relation without content", hint="give it a content span")
            key: tuple[object, ...] = (
                tuple(sorted(item.content)),
                item.source or (),
                item.cue or (),
                item.kind or "",
                item.speaker or "",
            )
            if key in unique:
                dropped.append((item.content[0][0], "duplicates"))
            unique[key] = item
        relations = []
        for key in sorted(unique):
            item = unique[key]
            content = self._characters.element(item.content)
            if content is None:
                dropped.append((item.content[0][0], "ignored"))
            else:
                relations.append(self._relation(key, item, content))
        speakers = Speakers((one.speaker for one in relations), self._options.aliases)
        return _Side(relations, dropped, speakers)

    def _relation(self, key: tuple[object, ...], item: Attribution, content: Element) -> Relation:
        kind = item.kind
        if kind is None:
            if self._quoted is None:
                self._quoted = quoted_regions(self._text)
            kind = kind_of(self._text, item.content, self._quoted, cue=item.cue)
        element = self._characters.element
        return Relation(
            key,
            content,
            None if item.source is None else element((item.source,)),
            None if item.cue is None else element((item.cue,)),
            kind,
            item.speaker,
            item,
        )


def _of_pairs(met: _Met, speakers: Speakers) -> Iterator[tuple[int, Counter[str]]]:
    """Counts, each batch with the offset that decides its unit."""
    for one, other in met:
        owner = one or other
        assert owner is not None
        counts: Counter[str] = Counter()
        if one is not None:
            _count_side(counts, one, "gold", speakers)
        if other is not None:
            _count_side(counts, other, "predicted", speakers)
        if one is not None and other is not None:
            _count_pair(counts, one, other, speakers)
        else:
            counts["error.spurious" if one is None else "error.missed"] += 1
        yield owner.content.start, counts


def _of_sides(left: _Side, right: _Side) -> Iterator[tuple[int, Counter[str]]]:
    """The same of what takes no part, and of contents that touch several of the other side."""
    for side, name in ((left, "gold"), (right, "predicted")):
        for start, reason in side.dropped:
            yield start, Counter({f"{reason}.{name}": 1})
    for side, name, touched in zip(
        (left, right), ("split", "merged"), touches(left.relations, right.relations), strict=True
    ):
        for one, n in zip(side.relations, touched, strict=True):
            if n > 1:
                yield one.content.start, Counter({name: 1})


def _count_side(counts: Counter[str], item: Relation, side: str, speakers: Speakers) -> None:
    counts[side] += 1
    counts[f"{item.kind}.{side}"] += 1
    counts[f"null_source.{side}"] += item.source is None
    counts[f"speaker.{side}"] += speakers.known(item.speaker) is not None
    _count_elements(counts, item, side, "")


def _count_elements(counts: Counter[str], item: Relation, side: str, given: str) -> None:
    for role, element in _roles(item):
        if element is not None:
            counts[f"{given}{role}.{side}"] += 1
            counts[f"{given}{role}.{side}_chars"] += element.size


def _count_pair(counts: Counter[str], gold: Relation, other: Relation, speakers: Speakers) -> None:
    shared = common(gold.content, other.content)
    sizes = gold.content.size + other.content.size
    found = share_half(gold.content, other.content)
    counts["found50"] += found
    # In integers: 2 * shared / sizes >= .8 could fail by rounding.
    counts["found80"] += 10 * shared >= 4 * sizes
    error = _error(gold, other)
    counts[f"error.{error}"] += 1
    counts["pair"] += found and _meet(gold.source, other.source)
    counts["triple"] += error in ("correct", "boundary")
    counts["exact"] += error == "correct"
    views = ("", "given.") if found else ("",)
    for (role, one), (_, two) in zip(_roles(gold), _roles(other), strict=True):
        if one is not None and two is not None:
            for given in views:
                counts[f"{given}{role}.same"] += equal_elements(one, two)
                counts[f"{given}{role}.shared_chars"] += common(one, two)
    if not found:
        return
    _count_elements(counts, gold, "gold", "given.")
    _count_elements(counts, other, "predicted", "given.")
    counts[f"{gold.kind}>{other.kind}"] += 1
    counts["null_source.both"] += gold.source is None and other.source is None
    if speakers.known(gold.speaker) is not None:
        counts["speaker.pairs"] += 1
        counts["speaker.answered"] += speakers.known(other.speaker) is not None
        counts["speaker.right"] += speakers.match(gold.speaker, other.speaker)


def _error(gold: Relation, other: Relation) -> str:
    """The first thing wrong with an aligned pair, or `correct`."""
    if not share_half(gold.content, other.content):
        return "content"
    if not _meet(gold.source, other.source):
        return "source"
    if not _meet(gold.cue, other.cue):
        return "cue"
    equal = all(
        _agreement(one, two) == "same"
        for (_, one), (_, two) in zip(_roles(gold), _roles(other), strict=True)
    )
    return "correct" if equal else "boundary"


def _roles(item: Relation) -> tuple[tuple[str, Element | None], ...]:
    return ("source", item.source), ("cue", item.cue), ("content", item.content)


def _meet(one: Element | None, other: Element | None) -> bool:
    """Whether two elements overlap, or both are null."""
    return _agreement(one, other) != "differ"


def _agreement(one: Element | None, other: Element | None) -> ElementAgreement:
    if one is None or other is None:
        return "same" if one is other else "differ"
    if equal_elements(one, other):
        return "same"
    return "overlap" if common(one, other) else "differ"
