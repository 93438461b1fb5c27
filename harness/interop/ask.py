"""What another scorer says of the same predictions, and why it differs from ours.

`seqeval` and `nervaluate` score tags of tokens, `spacy` entities of a tokenised `Doc`: the packages
themselves are asked, on the gold file's own tokens where it has any (`harness.interop.tokens`).
`conlleval` has no package, so that its rules stand here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.annotation import Entity, Record
from harness.errors import LibraryMissing, UsageError, nearest
from harness.interop import conlleval, nervaluate, seqeval, spacy
from harness.interop.tokens import Tagged, TokenSide, tag

if TYPE_CHECKING:
    from harness.results.scored import Scored

__all__ = ["SCORERS", "Interop", "Scorer", "as_scorer"]


class Scorer(NamedTuple):
    """Another scorer: how it is asked, what its headline is called, and where that stands."""

    scores: Callable[[Sequence[Tagged]], dict[str, Any]]
    headline: str
    f1: Callable[[Mapping[str, Any]], float | None]


SCORERS = {
    "seqeval": Scorer(seqeval.scores, "micro F1", lambda s: s["micro avg"]["f1-score"]),
    "conlleval": Scorer(conlleval.scores, "FB1", lambda s: s["overall"]["fb1"] / 100),
    "nervaluate": Scorer(nervaluate.scores, "strict F1", lambda s: s["overall"]["strict"]["f1"]),
    "spacy": Scorer(spacy.scores, "ents_f", lambda s: s["ents_f"]),
}


@dataclass(frozen=True, slots=True)
class Interop:
    """Another scorer's numbers under its own names, and one line on why they differ from ours."""

    scorer: str
    scores: Mapping[str, Any]
    tokens: str
    """`own`: of the gold's file; `made`: it has none; `mixed`: some of its documents have."""
    explanation: str


def as_scorer(name: str, scored: Scored) -> Interop:
    """The numbers of scorer `name` (one of `SCORERS`) for entities that were counted here.

    Labels are those that were compared. Unlike our count, theirs has what the gold set does not
    annotate and what lies in ignored regions. Raises `UsageError` for an unknown scorer and
    counts that are not strict, `LibraryMissing` for a scorer whose package is, `InputError` for a
    gold document that has neither a text nor tokens.
    """
    if name not in SCORERS:
        raise UsageError(f"unknown scorer {name!r}{nearest(name, SCORERS)}")
    task, count = scored.definition, scored.count
    if not task.labelled or not task.comparable_with_annotators(scored.options) or count is None:
        raise UsageError(
            f"{name} can be held against strict counts of entities, not {scored.signature}"
        )
    documents: list[Tagged] = []
    ignored = beside = 0
    for pair in scored.documents:
        gold, _ = count.mapping.gold(task.items(pair.gold.annotations))
        sides = count.mapping.predicted(task.items(pair.predicted))
        predicted = (*sides.kept, *sides.extra)
        documents.append(tag(pair.gold, gold, predicted))
        beside += len(sides.extra)
        ignored += sum(_is_ignored(entity, pair.gold) for entity in (*gold, *predicted))
    reasons = [*_lost(documents, spacy=name == "spacy")]
    if ignored:
        reasons.append(f"{ignored} mentions in ignored regions count there")
    if beside:
        reasons.append(f"{beside} predictions of types that the gold does not annotate count there")
    scores = _scores(name, documents)
    whose, sentence = _tokens([document.own for document in documents])
    headline = _compared(name, SCORERS[name].f1(scores), scored.f1)
    if name == "nervaluate":
        reasons.append("it pairs in text order, where one may take the gold mention of the next")
    return Interop(name, scores, whose, "; ".join([headline, sentence, *(reasons or [_ALIKE])]))


_ALIKE = (
    "every span ends where a token ends and none overlap, so only what is averaged and what is "
    "undefined can differ"
)


def _compared(name: str, theirs: float | None, ours: float | None) -> str:
    same = theirs is not None and ours is not None and abs(theirs - ours) < 5e-5
    verdict = "equal" if same else "different"
    if theirs is not None and ours is None:
        verdict += ", since undefined is 0 there"
    left, right = ("–" if value is None else f"{value:.4f}" for value in (theirs, ours))
    return f"{name} {SCORERS[name].headline} {left}, our strict micro F1 {right}: {verdict}"


def _scores(name: str, documents: Sequence[Tagged]) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of what is undefined; the explanation says it.
            return SCORERS[name].scores(documents)
    except ImportError as error:
        raise LibraryMissing(
            f"unavailable: --as {name} needs a package that is not here: {error}", extra="interop"
        ) from None


def _is_ignored(entity: Entity, gold: Record) -> bool:
    return any(r.start < entity.end and entity.start < r.end for r in gold.ignore)


def _tokens(own: Sequence[bool]) -> tuple[str, str]:
    """Whose tokens they are, as a word and as a sentence."""
    if all(own):
        return "own", "asked on the gold file's own tokens"
    made = r"made from the text (\w+, or one other character)"
    if not any(own):
        return "made", f"asked on tokens {made}, since the gold file has none"
    return (
        "mixed",
        f"asked on the gold file's own tokens in {sum(own)} of {len(own)} documents, "
        f"in the others on tokens {made}",
    )


def _lost(documents: Sequence[Tagged], *, spacy: bool) -> Iterator[str]:
    """What becomes of spans that tokens and flat tags cannot hold, with how many there are."""
    for side in ("gold", "predicted"):
        layers: list[TokenSide] = [getattr(document, side) for document in documents]
        cut = "widened to whole tokens"
        if spacy:
            cut = "ignored with what is predicted on their tokens" if side == "gold" else "dropped"
        counts = {
            f"spans that cut a token are {cut}": sum(len(layer.cut) for layer in layers),
            "spans that overlap a longer one are dropped": sum(x.overlapping for x in layers),
            "duplicates are dropped on both counts": sum(x.duplicates for x in layers),
            "spans that touch no token are dropped": sum(x.empty for x in layers),
        }
        yield from (f"{count} {side} {what}" for what, count in counts.items() if count)
