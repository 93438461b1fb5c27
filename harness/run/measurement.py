"""What is found out about the documents of a cell while they stream through."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

from harness.results.record import MOST_DROPS, MOST_FAILURES, Failure, ResultStatus, result_verdict
from harness.run.predictions import Prediction
from harness.spill import Numbers

__all__ = ["Measurement"]


@dataclass(slots=True)
class Measurement:
    """Sums over documents, and a few numbers of each in the gold's order."""

    answered: Numbers = field(default_factory=lambda: Numbers("b"))
    """1 for every document with an answer, 0 for the others."""
    words: Numbers = field(default_factory=lambda: Numbers("q"))
    """Words of every document, by white space."""
    seconds: Numbers = field(default_factory=lambda: Numbers("d"))
    """Seconds of every document, `nan` where it was not timed or has no answer."""
    failures: list[Failure] = field(default_factory=list)
    """The first 1,000 documents without an answer."""
    drops: list[Failure] = field(default_factory=list)
    """The first 50 spans (and scores, kinds, speakers) that could not be used."""
    dropped: int = 0
    characters: int = 0
    """Code points of the answered documents."""
    characters_seen: int | None = None
    """How many of them the backend looked at; `None` where it never says so."""
    replayed: int = 0
    unstable: int = 0
    failed: int = 0
    """Documents without an answer."""

    @property
    def documents(self) -> int:
        return len(self.answered)

    def add(self, prediction: Prediction) -> None:
        """Add what one document cost, and what was wrong with its answer, to every sum."""
        answered = prediction.annotations is not None
        seconds = prediction.seconds if answered else None
        self.answered.append(answered)
        self.words.append(prediction.words)
        self.seconds.append(nan if seconds is None else seconds)
        self.replayed += prediction.replayed
        self.unstable += prediction.unstable
        if answered:
            self.characters += len(prediction.text)
            if prediction.characters_seen is not None:
                self.characters_seen = (self.characters_seen or 0) + prediction.characters_seen
        else:
            self.failed += 1
            if len(self.failures) < MOST_FAILURES:
                self.failures.append(Failure(prediction.id, prediction.error or "no answer"))
        self.dropped += len(prediction.problems)
        room = MOST_DROPS - len(self.drops)
        self.drops.extend(Failure(prediction.id, item) for item in prediction.problems[:room])

    def verdict(self) -> tuple[ResultStatus, str | None]:
        """How it went, and why it is not `ok`."""
        return result_verdict(self.documents, self.failed, self.failures)

    def fields(self) -> dict[str, Any]:
        """The fields of a `Result` that hold it, but those of times."""
        return {
            "documents": self.documents,
            "failed": self.failed,
            "failures": tuple(self.failures),
            "dropped": self.dropped,
            "drops": tuple(self.drops),
            "characters": self.characters,
            "characters_seen": self.characters_seen,
            "unstable": self.unstable,
        }
