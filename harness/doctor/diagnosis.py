"""What the doctor says, and the spans that it looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.annotation import Record, TaskName, quoted
from harness.table import listed
from harness.tasks.registry import task_named

__all__ = [
    "SHOWN",
    "Diagnosis",
    "RoleSpan",
    "MarkedDocument",
    "counted",
    "example",
    "names",
    "pairs_of",
]

SHOWN = 3
"""Examples a finding carries at most."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One cause: a code for machines, a sentence, what was seen, what to do."""

    code: str
    message: str
    evidence: tuple[str, ...]
    mend: str

    def __str__(self) -> str:
        lines = [self.message, *(f"  {line}" for line in self.evidence), f"  -> {self.mend}"]
        return "\n".join(lines)


class RoleSpan(NamedTuple):
    """A span that has to match: `role` is empty for entities, else source, cue or content."""

    role: str
    start: int
    end: int


class MarkedDocument(NamedTuple):
    """A document that both sides have."""

    id: str
    text: str
    gold: frozenset[RoleSpan]
    predicted: frozenset[RoleSpan]


def pairs_of(
    gold: Sequence[Record], predicted: Sequence[Record], task: TaskName
) -> Iterator[MarkedDocument]:
    """The documents that both sides have and whose text the gold gives, in the gold's order."""
    given = {record.id: record for record in predicted}
    for record in gold:
        other = given.get(record.id)
        if other is not None and record.text is not None:
            items = frozenset(_items(record, task))
            yield MarkedDocument(record.id, record.text, items, frozenset(_items(other, task)))


def _items(record: Record, task: TaskName) -> Iterator[RoleSpan]:
    definition = task_named(task)
    for item in definition.items(record.annotations):
        for role, span in definition.role_spans(item):
            yield RoleSpan(role, span.start, span.end)


def example(pair: MarkedDocument, item: RoleSpan, target: RoleSpan) -> str:
    """A predicted span beside the gold span that it probably means."""
    said, meant = pair.text[item.start : item.end], pair.text[target.start : target.end]
    return (
        f"{quoted(pair.id)}: predicted [{item.start}, {item.end}) {quoted(said)}, "
        f"gold [{target.start}, {target.end}) {quoted(meant)}"
    )


def names(ids: Sequence[str]) -> str:
    return listed(map(quoted, ids), SHOWN)


def counted(counts: Counter[str]) -> str:
    shown = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return listed((f"{label} {n}" for label, n in shown), 8)
