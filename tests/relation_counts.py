"""Counts of relations for tests: of a document, by paragraph, and the score of a sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.adapter import Capabilities
from harness.annotation import Attribution, Span
from harness.tasks.attribution.count import events, pairs
from harness.tasks.attribution.score import AttributionScore
from harness.tasks.attribution.score import score as score_of
from harness.tasks.attribution.tally import AttributionOptions
from harness.tasks.tally import Tally

__all__ = ["pairs", "score", "tally", "tally_units", "total"]


class Named(Tally):
    """Counts that can be asked for by their name alone."""

    def __missing__(self, key: object) -> int:
        return self.get((key,), 0) if isinstance(key, str) else 0


total = Named.of


def score(
    counts: Tally,
    options: AttributionOptions | None = None,
    *,
    capabilities: Capabilities | None = None,
) -> AttributionScore:
    """The score of a sum; options change no arithmetic."""
    return score_of(counts, capabilities)


def tally(
    gold: Sequence[Attribution],
    predicted: Sequence[Attribution],
    options: AttributionOptions | None = None,
    *,
    text: str,
    ignore: Iterable[Span] = (),
) -> Named:
    """The counts of one document."""
    (whole,) = tally_units(gold, predicted, options, text=text, ignore=ignore, starts=[0])
    return whole


def tally_units(
    gold: Sequence[Attribution],
    predicted: Sequence[Attribution],
    options: AttributionOptions | None = None,
    *,
    text: str,
    starts: Sequence[int],
    ignore: Iterable[Span] = (),
) -> list[Tally]:
    """The same by unit; `starts` are the offsets at which units begin."""
    if not starts:
        raise ValueError("a document has at least one unit")
    counted = events(gold, predicted, options, text=text, ignore=ignore)
    return Named.units(counted, starts)
