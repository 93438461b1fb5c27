"""The predictions of a backend, each with its confidence and whether it is right.

Under strict matching equals are paired with each other, so that leaving out a prediction changes
nothing for any other: what a threshold does can be read off one count of everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import InputError, NothingMeasured
from harness.paragraphs import unit_of
from harness.results.count import unit_starts
from harness.results.scored import Scored, read_with
from harness.tasks.base import DocumentPair, Outcome, Task

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["NoConfidences", "Scores", "has_confidences", "has_option", "read_scores", "strict"]

_STRICT = "strict"


class NoConfidences(NothingMeasured):
    """A task has no confidences, or a backend gives none: there is nothing to say of thresholds."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What a backend predicted, and what it missed, of some types.

    Predictions are sorted by confidence, the highest first. Rows are the paragraphs of the run, in
    its order: a right prediction is in that of the gold mention that it equals.
    """

    confidence: Array
    right: Any
    rows: Any
    labels: Any
    missed_rows: Any
    """Of gold mentions that no prediction equals."""
    missed_labels: Any
    documents: Any
    """The document of each row, numbered from 0."""

    @cached_property
    def support(self) -> int:
        """How many gold mentions there are."""
        return int(self.right.sum()) + len(self.missed_rows)

    @cached_property
    def document_count(self) -> int:
        """How many documents there are, whatever is in them."""
        return int(self.documents.max()) + 1 if len(self.documents) else 0

    @cached_property
    def gold(self) -> Array:
        """Gold mentions of each row."""
        import numpy as np

        size = len(self.documents)
        found = np.bincount(self.rows[self.right], minlength=size)
        gold: Array = (found + np.bincount(self.missed_rows, minlength=size)).astype(float)
        return gold

    def of(self, labels: Sequence[str]) -> Scores:
        """Of these types alone; without any, of all."""
        import numpy as np

        if not labels:
            return self
        return self._only(np.isin(self.labels, labels), np.isin(self.missed_labels, labels))

    def within(self, chosen: Any) -> Scores:
        """Of some documents alone, `(documents,)` of true and false; rows keep their numbers."""
        return self._only(
            chosen[self.documents[self.rows]], chosen[self.documents[self.missed_rows]]
        )

    def _only(self, kept: Any, missed: Any) -> Scores:
        return Scores(
            self.confidence[kept],
            self.right[kept],
            self.rows[kept],
            self.labels[kept],
            self.missed_rows[missed],
            self.missed_labels[missed],
            self.documents,
        )

    def table(self, threshold: Any) -> Array:
        """Found, gold, right and predicted of each row at a threshold, `(rows, 4)`; it may be one
        for each row."""
        import numpy as np

        size = len(self.documents)
        least = np.broadcast_to(np.asarray(threshold, dtype=float), (size,))[self.rows]
        kept = self.confidence >= least
        right = np.bincount(self.rows, kept & self.right, minlength=size)
        predicted = np.bincount(self.rows, kept, minlength=size)
        return np.stack([right, self.gold, right, predicted], axis=1).astype(float)


class _Answer(NamedTuple):
    confidence: float
    right: bool
    place: int
    label: str


def has_confidences(task: Task) -> bool:
    """Whether the items of a task can have a confidence at all."""
    return hasattr(task.item, "score")


def has_option(scored: Scored) -> bool:
    """Whether a threshold may be set in the backend's name: not where that is a program's."""
    declaration = None if scored.result is None else scored.result.declaration
    return declaration is None or not declaration.external


def strict(scored: Scored) -> Scored:
    """The same counts read under strict matching, whatever the run was counted with."""
    return read_with(scored, match=_STRICT)


def read_scores(scored: Scored) -> Scores:
    """The predictions of a backend as they were stored, with their labels as they are compared.

    Raises `NoConfidences` where they have none, `NothingMeasured` where not all of them have, and
    where gold or predictions are not at hand, and what `Scored.pairs` raises; `InputError` where
    they are not what the run has counted.
    """
    task = scored.definition
    if not has_confidences(task):
        raise NoConfidences(f"{task.title} have no confidence that a threshold could go by")
    pairs = scored.pairs()
    _check_confidences(scored, pairs)
    rows = {tuple(unit): row for row, unit in enumerate(scored.units)}

    def row_of(document: str, offset: int, starts: Sequence[int]) -> int:
        row = rows.get((document, unit_of(offset, starts)))
        if row is None:
            raise NothingMeasured(f"a part of document {document!r} is left out of the counts")
        return row

    answers: list[_Answer] = []
    missed: list[tuple[int, str]] = []
    for pair in pairs:
        document, starts = pair.gold.id, unit_starts(pair.gold)
        outcomes = list(task.outcomes(pair, scored.options))
        for answer in _answers(pair, outcomes, scored):
            answers.append(answer._replace(place=row_of(document, answer.place, starts)))
        for outcome in outcomes:
            if outcome.gold is not None and not outcome.right:
                missed.append((row_of(document, outcome.gold.start, starts), outcome.gold.label))
    found = _arranged(answers, missed, scored.document_numbers)
    _check_counts(scored, found)
    return found


def _answers(pair: DocumentPair, outcomes: Sequence[Outcome], scored: Scored) -> Iterator[_Answer]:
    """Every prediction that takes part, at the offset that says where it counts.

    Predictions that are matched by the same (trimming makes them equal) stand in for each other:
    of `n` as many are right as have a gold mention left, at every threshold, whichever stay. So
    the most confident ones are right.
    """
    task, text = scored.definition, pair.gold.text
    predicted: defaultdict[Hashable, list[Any]] = defaultdict(list)
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for one in outcomes:
        if (item := one.predicted) is not None:
            key = task.matched_by(item, text, scored.options)
            predicted[key].append(item)
            if one.right and one.gold is not None:
                places[key].append(one.gold.start)
    for key, alike in predicted.items():
        alike.sort(key=lambda item: -item.score)
        for item, place in zip_longest(alike, places[key]):
            right = place is not None
            yield _Answer(item.score, right, place if right else item.start, item.label)


def _arranged(
    answers: Sequence[_Answer], missed: Sequence[tuple[int, str]], documents: Any
) -> Scores:
    import numpy as np

    ranked = sorted(answers, key=lambda one: -one.confidence)
    rows, labels = ([one[side] for one in missed] for side in (0, 1))
    numbers = np.asarray(documents, dtype=np.int64)
    return Scores(
        np.array([one.confidence for one in ranked], dtype=float),
        np.array([one.right for one in ranked], dtype=bool),
        np.array([one.place for one in ranked], dtype=np.int64),
        np.array([one.label for one in ranked], dtype=object),
        np.array(rows, dtype=np.int64),
        np.array(labels, dtype=object),
        numbers,
    )


def _check_confidences(scored: Scored, pairs: Sequence[DocumentPair]) -> None:
    given = [one.score for pair in pairs for one in scored.definition.items(pair.predicted)]
    if not given:
        raise NothingMeasured("it answered nothing")
    lacking = sum(one is None for one in given)
    if lacking == len(given):
        raise NoConfidences(f"it gives no confidences ({len(given):,} predictions without one)")
    if lacking:
        raise NothingMeasured(
            f"{lacking:,} of its {len(given):,} predictions have no confidence: where a threshold "
            "would leave them is unknown"
        )
    odd = sum(not isfinite(one) or one < 0 for one in given)
    if odd:
        raise NothingMeasured(
            f"{odd:,} of its {len(given):,} confidences are below 0 or infinite, and a threshold "
            "is a number from 0 up"
        )


def _check_counts(scored: Scored, found: Scores) -> None:
    """Raise `InputError` where what was counted here is not what the run has counted."""
    ours = tuple(float(one) for one in found.table(float("-inf")).sum(axis=0))
    own = strict(scored)
    theirs = own.parts[0].sums(own.total)
    if ours != theirs:
        shown = ("found", "gold", "right", "predicted")
        differing = ", ".join(
            f"{name} {one:g} of the record and {other:g} of its predictions"
            for name, one, other in zip(shown, theirs, ours, strict=True)
            if one != other
        )
        raise InputError(
            f"the record contradicts itself: {scored.name} on {scored.gold}: {differing}",
            path=scored.source or None,
            hint="it was edited, or the code that counts has changed: run again",
        )
