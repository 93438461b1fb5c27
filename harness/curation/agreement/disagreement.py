"""Every place where two annotators differ, with its surroundings, for adjudication."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.annotation import Annotations, Span, context
from harness.formats.jsonl import annotations_to_json
from harness.tasks.base import DocumentPair, Task, shortened
from harness.tasks.registry import task_named

__all__ = ["Disagreement", "disagreements_of"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One difference between two annotators.

    `difference` is an error class of the scorer (`boundary`, `type`, `source`, ...), `kind` or
    `speaker` where the spans agree and only that differs, or `only <annotator>`.
    """

    document: str
    task: str
    annotators: tuple[str, str]
    difference: str
    start: int
    said: tuple[Any | None, Any | None]
    shown: tuple[str, str]
    """What either said in one line; `–` for nothing."""
    context: str

    def to_json(self) -> dict[str, Any]:
        return {
            "document": self.document,
            "task": self.task,
            "start": self.start,
            "difference": self.difference,
            "said": {
                name: _as_json(self.task, item)
                for name, item in zip(self.annotators, self.said, strict=True)
            },
            "context": self.context,
        }

    def lines(self) -> tuple[str, ...]:
        """For people: the place, what either said, the context."""
        one, other = self.annotators
        said = (f"{one}: {self.shown[0]}", f"{other}: {self.shown[1]}", self.context)
        return f"{self.document}:{self.start} {self.difference}", *(f"  {line}" for line in said)


def disagreements_of(
    pair: DocumentPair, task: Task, names: tuple[str, str], options: Any
) -> Iterator[Disagreement]:
    """What differs in one document that two annotators labelled, in the order of the text."""
    text = pair.gold.text or ""
    for outcome in task.outcomes(pair, options):
        difference = outcome.besides if outcome.error == "correct" else outcome.error
        if not difference:
            continue
        sides = (outcome.gold, outcome.predicted)
        items = [item for item in sides if item is not None]
        spans = [span for item in items for span in task.spans(item)]
        starts, ends = [span.start for span in spans], [span.end for span in spans]
        hull = Span(min(starts, default=0), max(ends, default=0))
        alone = names[1 if sides[0] is None else 0] if None in sides else ""
        yield Disagreement(
            pair.gold.id,
            task.name,
            names,
            f"only {alone}" if alone else difference,
            min(task.mention(item)[0] for item in items),
            sides,
            (_told(task, sides[0], text), _told(task, sides[1], text)),
            shortened(context(text, hull)),
        )


def _told(task: Task, item: Any | None, text: str) -> str:
    return "–" if item is None else task.describe(item, text)


def _as_json(task: str, item: Any | None) -> Any:
    if item is None:
        return None
    layer = task_named(task).layer
    return annotations_to_json(Annotations().with_layer(layer, (item,)))[layer][0]
