"""A third task and a backend for it, as somebody else would write them: what is a text about?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from harness.adapter import (
    Adapter,
    Backend,
    Capabilities,
    Declaration,
    LoadRequest,
    ModelIdentity,
    Option,
)
from harness.annotation import Annotations, Span
from harness.digest import digest_files
from harness.options import Flag
from harness.tasks.base import DocumentPair, Outcome, Task
from harness.tasks.tally import Event, Part, Tally, TallyKey, Weights


class Topic(NamedTuple):
    """A label of a whole document."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOptions:
    """How many topics of a document are counted, in the alphabet's order."""

    most: Annotated[int, Flag("topics: count N of a document", metavar="N", least=1)] = 100


class Topics(Task):
    """Sets of labels of documents: right are those that both sides have."""

    name = "topics"
    layer = "topics"
    title = "topics of documents"
    item = Topic
    options = TopicOptions
    signed = ("most",)
    part_word = "topic"
    gated: Mapping[str, float] = {"*": 5.0}

    def spans(self, item: Topic) -> Iterable[Span]:
        return ()

    def mention(self, item: Topic) -> tuple[int, int, str]:
        return 0, 1, item.label

    def marked_spans(self, item: Topic) -> Iterator[tuple[str, Span]]:
        yield from ()

    def describe(self, item: Topic, text: str) -> str:
        return item.label

    def decode(self, value: Any, span: Callable[[Any], Span]) -> Topic:
        if not isinstance(value, str) or not value:
            raise ValueError(f"found {value!r}, expected a topic's name")
        return Topic(value)

    def encode(self, item: Topic) -> str:
        return item.label

    def count(self, pair: DocumentPair, options: TopicOptions) -> Iterator[Event]:
        for one in self.outcomes(pair, options):
            yield [0], (one.error, (one.gold or one.predicted).label), 1  # type: ignore[union-attr]

    def outcomes(self, pair: DocumentPair, options: TopicOptions) -> Iterator[Outcome]:
        gold, predicted = (
            set(sorted(self.items(side))[: options.most])
            for side in (pair.gold.annotations, pair.predicted)
        )
        for topic in sorted(gold | predicted):
            right = topic in gold and topic in predicted
            error = "correct" if right else "missed" if topic in gold else "spurious"
            here, there = (topic if topic in side else None for side in (gold, predicted))
            yield Outcome(error, here, there, right)

    def parts(
        self,
        tally: Mapping[TallyKey, int],
        options: TopicOptions,
        capabilities: Capabilities | None = None,
    ) -> Sequence[Part]:
        labels = sorted(self.gold_counts(Tally(tally)))
        each = tuple(Part(label, partial(_weigh, label)) for label in labels)
        return (
            Part("micro", partial(_weigh, None), listed=False),
            Part("macro", partial(_weigh, None), each, listed=False),
            *each,
        )

    def gold_counts(self, tally: Tally) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (error, label), n in tally.items():
            counts[str(label)] += n if error != "spurious" else 0
        return +counts


def _weigh(label: str | None, key: TallyKey) -> Weights:
    error, mine = key[0], float(label in (None, key[1]))
    right = mine * (error == "correct")
    return right, mine * (error != "spurious"), right, mine * (error != "missed")


class KeywordBackend(Backend):
    """Says that a text is about every topic whose name it has, or its first words have."""

    labels = None

    def __init__(self, request: LoadRequest, identity: ModelIdentity) -> None:
        self.identity = identity
        self._words = int(request.options["words"])

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        return [text.lower().split()[: self._words] for text in texts]

    def annotations(self, text: str, raw: Any) -> Annotations:
        topics = [Topic(word.strip(".")) for word in ("sport", "money", "rain") if word in raw]
        return Annotations().with_layer("topics", tuple(topics))


class Keywords(Adapter):
    """No model: the words are the rules; `words` is how many of a text's are looked at."""

    options: Mapping[str, Option] = {"words": 1000}

    declaration = Declaration(
        name="keywords",
        tasks=("topics",),
        summary="topics whose names are in the text",
        code_licence="MIT",
        takes_model=False,
        default_models=("",),
    )

    def files(self, model: str) -> Sequence[Path]:
        return [Path(__file__)]

    def identity(self, model: str) -> ModelIdentity:
        return ModelIdentity("rules", digest=digest_files(self.files(model)), licence="none")

    def open(self, request: LoadRequest, identity: ModelIdentity) -> Backend:
        return KeywordBackend(request, identity)
