"""What the rest of the house knows of a task: its counts, its measures, its outcomes.

A task is one folder and one entry point in the group `harness.tasks`. It counts (`Tally`) and says
what its measures are (`Part`); everything else (intervals, tests, gates, choices, tables) is made
of those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from harness.annotation import Annotations, Capabilities, Record, Span, printable
from harness.stats.rates import defined, rates
from harness.table import Table
from harness.tasks.cases import Case, ExplainedMeasure, cases_of
from harness.tasks.facets import Facet, general_facets
from harness.tasks.parts import Score, parts_table
from harness.tasks.tally import Event, Part, Tally, TallyKey

__all__ = [
    "Column",
    "Outcome",
    "DocumentPair",
    "Task",
    "bracketed",
    "shortened",
]


class Outcome(NamedTuple):
    """A gold item, a prediction, or the two that were paired, with the class of the error."""

    error: str
    """The class of the error; `correct` where the two sides say the same."""
    gold: Any | None
    predicted: Any | None
    right: bool
    """Whether the pair counts as found: as in the strict headline, whatever else is counted."""
    besides: str = ""
    """What differs of a pair all the same whose class is `correct`: `kind`, `speaker`."""


_LONGEST = 120
_NO_LAYERS = Annotations()


def bracketed(text: str, span: Span) -> str:
    """`[the text of a span]`, without control characters."""
    return f"[{shortened(printable(text[span.start : span.end]))}]"


def shortened(text: str) -> str:
    """The middle of something long left out: what differs is mostly at the edges."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


class DocumentPair(NamedTuple):
    """One gold document and what was predicted for it; `predicted` is empty where nothing was."""

    gold: Record
    predicted: Annotations
    missing: bool = False
    """The predictions have no such document."""
    error: str | None = None
    """The backend failed on this document."""


class Column(NamedTuple):
    """The last column of scores in a ranking: its header, what it means, where its value is."""

    header: str
    meaning: str
    place: tuple[str, ...]
    """The keys of `Task.stated_scores` that lead to a block."""


class Task:
    """A task with everything that it is asked for; the defaults serve a simple one.

    `options` is a frozen dataclass. Those of its fields that are in `signed` are in the signature
    and can be said on the command line; they are strings, numbers or true and false, and may be
    annotated with a `Flag` for the help (`harness.options`).
    """

    name: str
    layer: str
    """Where its items stand in records and files."""
    title: str
    """What backends are compared by, for the head of a table: `named entities`."""
    item: type[Any]
    options: type[Any]
    signed: tuple[str, ...] = ()
    signed_if_changed: tuple[str, ...] = ()
    """Further ones, in a signature only where they are not as by default."""
    read_off: tuple[str, ...] = ()
    """Options with which counts that were made with others may be read, where they serve
    (`needs_another_count`)."""
    order: int = 100
    """Its place among the tasks."""
    labelled: bool = False
    """Whether its items have a `label` of the gold set's label schema."""
    flat: bool = False
    """Whether its items are names: they overlap only where a gold set says `nested`, the same words
    have one label, and none begins or ends in punctuation. What is otherwise, lints report."""
    part_word: str = "part"
    """What a user calls one of its parts."""
    item_word: str = "items"
    """What a user calls its items."""
    column: Column | None = None
    same: Callable[[Record, Any, Any], bool] | None = None
    """Whether two wrong answers about a document are the same one; `None`: where span and label
    are."""
    same_text: str = "Answers are the same when they have the same span and label."
    gated: Mapping[str, float] = MappingProxyType({})
    """Parts that the built-in rules of the gate speak of, with the points that each may drop; `*`
    is every listed part."""

    def chosen_labels(self, options: Any) -> frozenset[str]:
        """The labels that are scored alone; empty for all."""
        return frozenset()

    def uses_tokens(self, options: Any) -> bool:
        """Whether the tokens of the gold's files have a part in the counts."""
        return False

    def needs_another_count(self, before: Any, after: Any) -> str | None:
        """What of the options `after` cannot be read off counts that were made with `before`."""
        return None

    def changed(self, options: Any) -> tuple[str, ...]:
        """Those of `signed_if_changed` that are not as by default."""
        usual = self.options()
        return tuple(
            name
            for name in self.signed_if_changed
            if getattr(options, name) != getattr(usual, name)
        )

    def items(self, annotations: Annotations) -> tuple[Any, ...]:
        """The layer; empty where it was not annotated."""
        return annotations.layer(self.layer) or ()

    def is_annotated(self, record: Record) -> bool:
        """Whether a document was labelled for it, be it that nothing was there."""
        return record.annotations.layer(self.layer) is not None

    def layers(self, items: Iterable[Any] = ()) -> Annotations:
        """Items, or that there are none, as the annotations of a document."""
        return _NO_LAYERS.with_layer(self.layer, tuple(items))

    def spans(self, item: Any) -> Iterable[Span]:
        """All spans of an item."""
        yield Span(item.start, item.end)

    def mention(self, item: Any) -> tuple[int, int, str]:
        """What an item is called by: start and end of its hull, and its label."""
        return item.start, item.end, item.label

    def label_of(self, mention: str) -> str:
        """The label of an item, of what `mention` calls it."""
        return mention

    def marked_spans(self, item: Any) -> Iterator[tuple[str, Span]]:
        """Each span of an item with what a page writes behind it."""
        yield item.label, Span(item.start, item.end)

    def facts(self, item: Any) -> Iterator[tuple[str, str]]:
        """What is said of an item besides its spans and its label, with what it is called."""
        return iter(())

    def role_spans(self, item: Any) -> Iterator[tuple[str, Span]]:
        """Each span of an item with its part in it; an empty name where there is one part only."""
        return (("", span) for span in self.spans(item))

    def describe(self, item: Any, text: str) -> str:
        """An item in words, on one line."""
        return f"{printable(item.label)} {bracketed(text, Span(item.start, item.end))}"

    def token_roles(
        self, text: str, items: Sequence[Any]
    ) -> Sequence[tuple[tuple[int, int], str]] | None:
        """Each token (offsets) with its category, for Krippendorff's alpha; `None`: no such."""
        return None

    def agreement_options(self) -> Mapping[str, Any]:
        """The options under which annotators are compared with each other, by name."""
        return {"": self.options()}

    def agreement_scores(self, sums: Mapping[str, Tally]) -> dict[tuple[str, ...], float | None]:
        """What two annotators agree in, by their counts under `agreement_options`: F1 by part."""
        way, tally = next(iter(sums.items()))
        parts = self.parts(tally, self.agreement_options()[way])
        return {
            (part.name,): defined(rates(*part.sums(tally), weights=part.weights).f1)
            for part in parts
            if part.over is None
        }

    def decode(self, value: Any, span: Callable[[Any], Span]) -> Any:
        """An item from JSON. Raises `ValueError` that says what was found and expected.

        `span` makes a `Span` of an object with `start` and `end`: checked against the text, and in
        code points whatever units the offsets are in.
        """
        raise NotImplementedError

    def encode(self, item: Any) -> Any:
        """The inverse of `decode`."""
        raise NotImplementedError

    def whole(self, text: str, label: str) -> tuple[Any, ...]:
        """An answer as long as a text that is not empty, which no honest score may reward; none
        where there is no such thing."""
        return ()

    def with_aliases(self, options: Any, aliases: Mapping[str, tuple[str, ...]]) -> Any:
        """The options with other names of people that a gold set states."""
        return options

    def count(self, pair: DocumentPair, options: Any) -> Iterator[Event]:
        """Everything that is counted of a document; the caller cuts it into units."""
        raise NotImplementedError

    def outcomes(self, pair: DocumentPair, options: Any) -> Iterator[Outcome]:
        """Every gold item and every prediction with its class of error, in the text's order."""
        raise NotImplementedError

    def matched_by(self, item: Any, text: str | None, options: Any) -> Hashable:
        """Under what an item is equal to one of the other side: of several items of a side that
        have the same, any may be the one that is. Without a rule each stands for itself."""
        return id(item)

    def explained(self, options: Any, capabilities: Capabilities | None = None) -> ExplainedMeasure:
        """Which F `cases` are about; the headline, unless there is more to it."""
        return ExplainedMeasure(f"F of {self.title}")

    def cases(
        self, pair: DocumentPair, options: Any, capabilities: Capabilities | None = None
    ) -> Iterable[Case]:
        """Every item of a document in one case, right or wrong for the reasons it names, so that
        mending all of them makes F 1. Their counts are those of the measure that `explained`
        names."""
        return cases_of(self.outcomes(pair, options))

    def facets(self) -> Sequence[Facet]:
        """By what items are put into slices."""
        return general_facets()

    def parts(
        self, tally: Mapping[TallyKey, int], options: Any, capabilities: Capabilities | None = None
    ) -> Sequence[Part]:
        """The measures that such counts have; the first is the headline."""
        raise NotImplementedError

    def problem(self, key: TallyKey, n: int) -> str | None:
        """Why a stored count cannot be one of this task's; `None` where it can."""
        return f"{' '.join(map(str, key))} is {n}, expected a count" if n < 0 else None

    def adds_up(self, tally: Tally) -> bool:
        """Whether counts of one unit are possible together."""
        return True

    def gold_counts(self, tally: Tally) -> Counter[str]:
        """How many gold items there are, by label: alike for all that was counted alike."""
        return Counter({self.layer: round(self.parts(tally, self.options())[0].sums(tally)[1])})

    def error_counts(self, tally: Mapping[TallyKey, int], options: Any) -> Mapping[str, int]:
        """How many items or pairs are in each class of error, as `outcomes` has them."""
        return {}

    def confusion(
        self, tally: Mapping[TallyKey, int], options: Any
    ) -> Mapping[str, Mapping[str, int]]:
        """Gold label, predicted label, number of pairs; `-` where one side has nothing."""
        return {}

    def labels_not_in_gold(self, tally: Tally) -> Counter[str]:
        """Labels that are predicted and never gold, with how often."""
        return Counter()

    def duplicates(self, tally: Tally) -> int:
        """Predictions that were left out because an identical one was counted."""
        return 0

    def further_options(self, options: Any) -> Mapping[str, Any]:
        """Other options under which documents are counted again, for the stated scores alone."""
        return {}

    def counts_alike(self, pair: DocumentPair, options: Any, other: Any) -> bool:
        """Whether it is plain to see that a document has the same counts under both options."""
        return False

    def score(self, tally: Tally, options: Any, capabilities: Capabilities | None = None) -> Any:
        """Everything that is reported of a sum, with `to_json`."""
        parts = self.parts(tally, options, capabilities)
        return Score.of(parts, tally)

    def stated_scores(
        self,
        tally: Tally,
        options: Any,
        capabilities: Capabilities | None = None,
        further: Mapping[str, Tally] | None = None,
    ) -> dict[str, Any]:
        """The numbers that a run record states, by measure."""
        out: dict[str, Any] = self.score(tally, options, capabilities).to_json()
        return out

    def match(self, options: Any) -> str:
        """The name of the way of counting that the headline is of."""
        return ""

    def tables(
        self, title: str, score: Mapping[str, Any], notes: tuple[str, ...] = ()
    ) -> Iterator[Table]:
        """Tables of `Score.to_json()`; the first is the one that a user asks for."""
        yield parts_table(title, score, notes)

    def stranger_events(
        self, record: Record, items: Sequence[Any], options: Any
    ) -> Iterable[Event] | None:
        """What is counted of predictions whose labels the gold does not have, by themselves; `None`
        where that is not what they add to the headline of all: they may earn something in it, or
        change what others earn."""
        return None

    def has_recall_ceiling(self, options: Any) -> bool:
        """Whether labels that a backend cannot give cost recall under these options."""
        return True

    def comparable_with_annotators(self, options: Any) -> bool:
        """Whether it is counted as the agreement of annotators is."""
        return True
