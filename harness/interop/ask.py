"""What another scorer would say about the same predictions, and why it differs from ours.

`seqeval`, `conlleval` and `nervaluate` score tags of tokens, `spacy` scores entities of a tokenised
`Doc`. Characters become tokens here by one documented rule (`harness.interop.tokens`), then each
scorer's own counting rule is applied. Written from the scorers' behaviour; none of the packages is
needed. The tests compare every number with the real packages.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.annotation import Entity, Record
from harness.errors import InputError, NothingMeasured, UsageError
from harness.interop import conlleval, nervaluate, seqeval, spacy
from harness.interop.tokens import Tagged, tag

__all__ = ["SCORERS", "Interop", "as_scorer"]


@dataclass(frozen=True, slots=True)
class Interop:
    """Another scorer's numbers under its own names, and one line on why they differ from ours."""

    scorer: str
    scores: Mapping[str, Any]
    explanation: str


SCORERS: dict[str, Callable[[Sequence[Tagged]], dict[str, Any]]] = {
    "seqeval": seqeval.scores,
    "conlleval": conlleval.scores,
    "nervaluate": nervaluate.scores,
    "spacy": spacy.scores,
}
_HEADLINE: dict[str, Callable[[Mapping[str, Any]], float | None]] = {
    "seqeval": lambda scores: scores["micro avg"]["f1-score"],
    "conlleval": lambda scores: scores["overall"]["fb1"] / 100,
    "nervaluate": lambda scores: scores["overall"]["strict"]["f1"],
    "spacy": lambda scores: scores["ents_f"],
}
_HEADLINE_NAME = {
    "seqeval": "micro F1",
    "conlleval": "FB1",
    "nervaluate": "strict F1",
    "spacy": "ents_f",
}


def as_scorer(name: str, gold: Sequence[Record], predicted: Sequence[Record]) -> Interop:
    """The numbers of scorer `name` (one of `SCORERS`) for entity predictions.

    Records are matched by id; a gold document without prediction counts as empty. Raises
    `UsageError` for an unknown scorer, `NothingMeasured` when no gold document has an entity
    layer, `InputError` for a gold document without text or a prediction without gold.
    """
    if name not in SCORERS:
        near = difflib.get_close_matches(name, SCORERS, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"unknown scorer {name!r}.{guess} Known: {', '.join(SCORERS)}")
    documents = _documents(gold, predicted)
    scores = SCORERS[name]([tagged for tagged, _ in documents])
    ours = _strict_f1(documents)
    theirs = _HEADLINE[name](scores)
    return Interop(name, scores, _explanation(name, theirs, ours, documents))


def _documents(gold: Sequence[Record], predicted: Sequence[Record]) -> list[tuple[Tagged, Record]]:
    said = {record.id: record.annotations.entities or () for record in predicted}
    measured = [record for record in gold if record.annotations.entities is not None]
    if not measured:
        raise NothingMeasured("no gold document has an entity layer")
    if unknown := said.keys() - {record.id for record in gold}:
        raise InputError(
            f"prediction for document {min(unknown)!r}, which the gold does not have",
            hint=f"gold ids look like {measured[0].id!r}; are these predictions for other texts?",
        )
    out = []
    for record in measured:
        if record.text is None:
            raise InputError(f"gold document {record.id!r} has no text to tokenise")
        tagged = tag(record.text, record.annotations.entities or (), said.get(record.id, ()))
        out.append((tagged, record))
    return out


def _strict_f1(documents: Sequence[tuple[Tagged, Record]]) -> float | None:
    right = total = 0
    for tagged, record in documents:
        gold, predicted = (
            {(e.start, e.end, e.label) for e in side if not _ignored(e, record)}
            for side in (tagged.gold.entities, tagged.predicted.entities)
        )
        right += len(gold & predicted)
        total += len(gold) + len(predicted)
    return 2 * right / total if total else None


def _ignored(entity: Entity, record: Record) -> bool:
    return any(s.start < entity.end and entity.start < s.end for s in record.ignore)


def _explanation(
    name: str,
    theirs: float | None,
    ours: float | None,
    documents: Sequence[tuple[Tagged, Record]],
) -> str:
    head = f"{name} {_HEADLINE_NAME[name]} {_number(theirs)}, our strict micro F1 {_number(ours)}"
    reasons = _reasons(name, [tagged for tagged, _ in documents])
    ignored = sum(
        _ignored(entity, record)
        for tagged, record in documents
        for entity in (*tagged.gold.entities, *tagged.predicted.entities)
    )
    if ignored:
        reasons.append(f"{ignored} mentions in ignored regions count there")
    same = theirs is not None and ours is not None and abs(theirs - ours) < 5e-5
    if not reasons:
        reasons = [
            "every span ends where a token ends and none overlap, so only what is averaged and "
            "what is undefined can differ"
        ]
    if theirs is not None and ours is None:
        reasons.append("undefined is 0 there")
    verb = "equal" if same else "different"
    return f"{head}: {verb}; " + "; ".join(reasons)


def _reasons(name: str, tagged: Sequence[Tagged]) -> list[str]:
    reasons = []
    for side in ("gold", "predicted"):
        layers = [getattr(item, side) for item in tagged]
        cut = sum(layer.misaligned for layer in layers)
        overlapping = sum(layer.overlapping for layer in layers)
        duplicates = sum(layer.duplicates for layer in layers)
        empty = sum(layer.empty for layer in layers)
        if cut and name == "spacy":
            what = "ignored with what is predicted on their tokens" if side == "gold" else "dropped"
            reasons.append(f"{cut} {side} spans that cut a token are {what}")
        elif cut:
            reasons.append(f"{cut} {side} spans that cut a token are widened to whole tokens")
        if overlapping:
            reasons.append(f"{overlapping} {side} spans that overlap a longer one are dropped")
        if duplicates:
            reasons.append(f"{duplicates} {side} duplicates are dropped on both counts")
        if empty:
            reasons.append(f"{empty} {side} spans of mere white space are dropped")
    if name == "nervaluate":
        reasons.append(
            "it pairs greedily in text order, so a prediction may take the gold mention of the next"
        )
    return reasons


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
