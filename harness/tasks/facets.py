"""By what items are put into slices: of their own form, of where they stand, of their document.

A facet gives an item one value, or none; a slice is the items of one value. Gold items and
predictions are asked alike, so that a slice has a recall (of its gold items) and a precision (of
its predictions).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from harness.annotation import Record, Span
from harness.paragraphs import lines, tokens
from harness.quotation.regions import quoted_regions

if TYPE_CHECKING:
    from harness.tasks.base import Task

__all__ = [
    "Corpus",
    "Facet",
    "Scene",
    "bucket",
    "form_of",
    "general_facets",
    "is_inside",
    "metadata_facets",
]

_T = TypeVar("_T")
_HEADLINE_TOKENS = 25
_LONG = 8
"""Tokens of a mention; what is longer is seldom there, and looked for by itself."""
_MOST_VALUES = 20
"""Of a key of metadata: what has more (an id, a date) says nothing of the others."""


class Facet(NamedTuple):
    """One way to put items into slices."""

    name: str
    value: Callable[[Scene, Any], str | None]
    """Of an item in a document; `None` puts it into none of its slices."""
    phrase: str = "with {}"
    """How its value is said of the items: `in {}`."""
    gold_only: bool = False
    """Whether it rests on the gold: asked of predictions it would say which are right."""
    of_document: bool = False
    """Whether all items of a document have the same value: documents are then what differs."""
    needs_text: bool = True
    """Whether nothing has a value of which the text is not at hand."""


class Corpus:
    """What is known of a whole gold set: names in several types, thirds of documents by length."""

    def __init__(
        self, task: Task, records: Iterable[Record], training: Iterable[Record] | None = None
    ) -> None:
        """With `training`, documents of which a backend may have learnt."""
        self.task = task
        self.labels: dict[str, set[str]] = {}
        """The types that each form (case folded) has, of tasks with labels."""
        sizes: list[float] = []
        densities: list[float] = []
        values: dict[str, Counter[str]] = {}
        self.words: dict[str, int] = {}
        """Of each document with a text."""
        for record in records:
            for key, value in (record.metadata or {}).items():
                values.setdefault(key, Counter())[value] += 1
            if record.text is None:
                continue
            text, items = record.text, task.items(record.annotations)
            words = self.words[record.id] = max(1, len(text.split()))
            sizes.append(words)
            densities.append(len(items) / words)
            if task.labelled:
                for item in items:
                    self.labels.setdefault(form_of(text, item), set()).add(item.label)
        self.sizes, self.densities = _thirds(sizes), _thirds(densities)
        self.metadata = tuple(
            key
            for key, counts in values.items()
            if 1 < len(counts) <= _MOST_VALUES and 2 * len(counts) <= counts.total()
        )
        """The keys by whose values documents are sliced."""
        self.unsliced = tuple(key for key in values if key not in self.metadata)
        """The others: those with one value, or with too many for as many documents."""
        self.trained = _forms(task, training) if training is not None and task.labelled else None
        """The types that each form has in training; `None` without any."""
        own = set[str]().union(*self.labels.values())
        trained = set[str]().union(*(self.trained or {}).values())
        self.strange = tuple(sorted(trained - own)) if own else ()
        """Types of training that this gold does not have."""


class Scene:
    """A document as facets see it. What is costly is found once, when a facet first asks."""

    def __init__(self, corpus: Corpus, record: Record) -> None:
        self.corpus = corpus
        self.record = record
        self.text = record.text or ""
        self._runs_of: dict[int, dict[str, tuple[int, bool]]] = {}
        self._remembered: dict[Callable[[Scene], Any], Any] = {}

    def remember(self, make: Callable[[Scene], _T]) -> _T:
        """What a task makes of a document, made once."""
        if make not in self._remembered:
            self._remembered[make] = make(self)
        made: _T = self._remembered[make]
        return made

    @cached_property
    def items(self) -> Sequence[Any]:
        """The gold items."""
        return self.corpus.task.items(self.record.annotations)

    @cached_property
    def quoted(self) -> tuple[Span, ...]:
        """What is within quotation marks."""
        return quoted_regions(self.text)

    def occurrence(self, item: Any) -> str:
        """Whether the words of an item stand in the text once, or which time this is. What is part
        of a longer word is another one."""
        start, end = self.hull(item)
        form = self.text[start:end]
        count = len(tokens(form))
        if count > _LONG:
            first = self.text.find(form)
            several = self.text.find(form, first + 1) >= 0
        else:
            first, several = self._runs(count).get(form, (start, False))
        if not several:
            return "once"
        return "for the first time" if start == first else "again"

    @cached_property
    def _tokens(self) -> Sequence[tuple[int, int]]:
        return tokens(self.text)

    def _runs(self, count: int) -> Mapping[str, tuple[int, bool]]:
        """The words of so many tokens on end, with where they stand first, and whether again."""
        known = self._runs_of.get(count)
        if known is None:
            known = self._runs_of[count] = {}
            every = self._tokens
            for (start, _), (_, end) in zip(every, every[max(0, count - 1) :], strict=False):
                words = self.text[start:end]
                known[words] = (known[words][0], True) if words in known else (start, False)
        return known

    @cached_property
    def lines(self) -> Sequence[tuple[int, int]]:
        """Start and end of every line that is not blank."""
        return lines(self.text)

    @cached_property
    def _line_ends(self) -> Sequence[int]:
        return [end for _, end in self.lines]

    def lines_of(self, start: int, end: int) -> slice:
        """Which lines a stretch has a part in."""
        first = bisect_right(self._line_ends, start)
        return slice(first, max(first, bisect_left(self.lines, (end,))))

    @cached_property
    def heads(self) -> tuple[int, int]:
        """Where the headline ends, 0 without one, and where the first paragraph ends.

        A headline is a first line of at most 25 tokens that does not end like a sentence, with
        others below it.
        """
        found = self.lines
        if len(found) < 2:
            return 0, len(self.text)
        start, end = found[0]
        line = self.text[start:end].rstrip()
        ends = line[-1:] in ".!?:;…\"'”’»"
        if ends or len(tokens(line)) > _HEADLINE_TOKENS:
            return 0, end
        return end, found[1][1]

    @cached_property
    def length(self) -> str | None:
        """Of the document among the others."""
        return bucket(self.corpus.words[self.record.id], self.corpus.sizes, _LENGTHS)

    @cached_property
    def density(self) -> str | None:
        """Of its items, among the other documents."""
        words = self.corpus.words[self.record.id]
        return bucket(len(self.items) / words, self.corpus.densities, _DENSITIES)

    def hull(self, item: Any) -> Span:
        """First to last character of an item."""
        return Span(*self.corpus.task.mention(item)[:2])


_LENGTHS = ("short documents", "documents of middling length", "long documents")
_DENSITIES = ("documents with few of them", "documents with some", "documents with many of them")


def bucket(value: float, edges: Sequence[float] | None, names: Sequence[str]) -> str | None:
    """The name of the interval that a value is in; an edge belongs to the interval above it.
    `None` where there are no edges."""
    return None if edges is None else names[bisect_right(edges, value)]


def form_of(text: str, item: Any) -> str:
    """The words of an item as they are looked up: case folded, with single blanks."""
    return _folded(text[item.start : item.end])


@lru_cache(1 << 15)
def _folded(form: str) -> str:
    return " ".join(form.split()).casefold()


def is_inside(regions: Sequence[Span], span: Span) -> bool:
    """Whether one of the regions, which are sorted and apart, holds all of a span."""
    at = bisect_right(regions, (span.start, len(regions) and regions[-1].end)) - 1
    return at >= 0 and span.end <= regions[at].end


def _thirds(values: Sequence[float]) -> tuple[float, float] | None:
    """The edges between thirds, as near to them as values that come several times allow; `None` of
    values that are all alike."""
    ordered = sorted(values)
    below = {ordered[n]: n for n in range(1, len(ordered)) if ordered[n - 1] < ordered[n]}
    if not below:
        return None
    first, second = (
        min(below, key=lambda edge: (abs(3 * below[edge] - thirds * len(ordered)), edge))
        for thirds in (1, 2)
    )
    return first, second


def _forms(task: Task, records: Iterable[Record]) -> Mapping[str, set[str]]:
    out: dict[str, set[str]] = {}
    for record in records:
        for item in task.items(record.annotations):
            out.setdefault(form_of(record.text or "", item), set()).add(item.label)
    return out


def general_facets() -> tuple[Facet, ...]:
    """Where items stand, and in which documents: of every task."""
    return (
        Facet("quotation marks", _quoted, "{} quotation marks"),
        Facet("place", _place, "{}"),
        Facet("position", _position, "in the {} of a document"),
        Facet(
            "document length",
            _length,
            "in {}",
            of_document=True,
        ),
        Facet(
            "density",
            _density,
            "in {}",
            of_document=True,
        ),
    )


def metadata_facets(corpus: Corpus) -> tuple[Facet, ...]:
    """What files and cards say of documents. A key that is called like another facet of the task
    has another name."""
    taken = {facet.name for facet in corpus.task.facets()}
    facets = []
    for key in sorted(corpus.metadata, key=lambda key: key in taken):  # Those with their own first.
        name = key
        while name in taken:
            name = f"document {name}"
        taken.add(name)
        phrase = f"in documents of {_literally(key)} {{}}"
        facets.append(Facet(name, _metadata(key), phrase, of_document=True, needs_text=False))
    return tuple(facets)


def _literally(text: str) -> str:
    """A text as `str.format` leaves it."""
    return text.replace("{", "{{").replace("}", "}}")


def _metadata(key: str) -> Callable[[Scene, Any], str | None]:
    return lambda scene, _: (scene.record.metadata or {}).get(key)


def _quoted(scene: Scene, item: Any) -> str:
    return "inside" if is_inside(scene.quoted, scene.hull(item)) else "outside"


def _place(scene: Scene, item: Any) -> str | None:
    headline, first = scene.heads
    start = scene.hull(item).start
    if start < headline:
        return "in the headline"
    return "in the first paragraph" if start < first else "below the first paragraph"


def _position(scene: Scene, item: Any) -> str:
    third = 3 * scene.hull(item).start // max(1, len(scene.text))
    return ("first third", "second third", "last third")[min(2, third)]


def _length(scene: Scene, _: Any) -> str | None:
    return scene.length


def _density(scene: Scene, _: Any) -> str | None:
    return scene.density
