"""Every place where two annotators differ, with its surroundings, for adjudication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.annotation import Annotations, Attribution, Entity, Span, Task, context, printable
from harness.formats.jsonl import annotations_to_json
from harness.tasks.attribution import count as attribution
from harness.tasks.attribution.count import AttributionOptions
from harness.tasks.ner import count as ner
from harness.tasks.ner.options import NerOptions

__all__ = ["Disagreement", "attribution_disagreements", "entity_disagreements"]

_ALONE = {"missed": 0, "spurious": 1}
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One difference between two annotators.

    `difference` is an error class of the scorer (`boundary`, `type`, `source`, ...), `kind` or
    `speaker` where the spans agree and only that differs, or `only <annotator>`.
    """

    document: str
    task: Task
    annotators: tuple[str, str]
    difference: str
    start: int
    said: tuple[Entity | Attribution | None, Entity | Attribution | None]
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
                name: _as_json(item) for name, item in zip(self.annotators, self.said, strict=True)
            },
            "context": self.context,
        }

    def lines(self) -> str:
        """For people: the place, what either said, the context."""
        one, other = self.annotators
        return (
            f"{self.document}:{self.start} {self.difference}\n"
            f"  {one}: {self.shown[0]}\n  {other}: {self.shown[1]}\n  {self.context}"
        )


def entity_disagreements(
    document: str,
    text: str,
    names: tuple[str, str],
    sides: tuple[Sequence[Entity], Sequence[Entity]],
    ignore: Sequence[Span] = (),
) -> Iterator[Disagreement]:
    """Entities of which span or label differs, in the order of the text."""
    for mention in ner.mentions(*sides, NerOptions(), text=text, ignore=ignore):
        if mention.error == "correct":
            continue
        said = mention.gold, mention.predicted
        given = [entity for entity in said if entity is not None]
        hull = Span(min(entity.start for entity in given), max(entity.end for entity in given))
        yield Disagreement(
            document,
            "ner",
            names,
            _difference(mention.error, names),
            hull.start,
            said,
            (_entity_shown(said[0], text), _entity_shown(said[1], text)),
            _short(context(text, hull)),
        )


def attribution_disagreements(
    document: str,
    text: str,
    names: tuple[str, str],
    sides: tuple[Sequence[Attribution], Sequence[Attribution]],
    options: AttributionOptions,
    ignore: Sequence[Span] = (),
) -> Iterator[Disagreement]:
    """Relations of which an element, the kind or the speaker differs, in the order of the text."""
    for pairing in attribution.pairs(*sides, options, text=text, ignore=ignore):
        said = pairing.gold, pairing.predicted
        difference = _difference(pairing.error, names)
        if difference == "correct":
            one, other = said
            assert one is not None and other is not None
            if one.kind != other.kind and one.kind and other.kind:
                difference = "kind"
            elif pairing.speaker is False or (other.speaker and not one.speaker):
                difference = "speaker"
            else:
                continue
        spans = [span for item in said if item is not None for _, span in item.spans()]
        hull = Span(min(span.start for span in spans), max(span.end for span in spans))
        yield Disagreement(
            document,
            "attribution",
            names,
            difference,
            pairing.start,
            said,
            (_attribution_shown(said[0], text), _attribution_shown(said[1], text)),
            _short(context(text, hull)),
        )


def _difference(error: str, names: tuple[str, str]) -> str:
    return f"only {names[_ALONE[error]]}" if error in _ALONE else error


def _entity_shown(entity: Entity | None, text: str) -> str:
    if entity is None:
        return "–"
    return f"{printable(entity.label)} {_quoted(text, entity.span)}"


def _attribution_shown(item: Attribution | None, text: str) -> str:
    if item is None:
        return "–"
    parts = [f"{role} {_quoted(text, span)}" for role, span in item.spans()]
    if item.source is None:
        parts.insert(0, "no source")
    if item.kind is not None:
        parts.append(item.kind)
    if item.speaker is not None:
        parts.append(f"speaker {printable(item.speaker)}")
    return ", ".join(parts)


def _quoted(text: str, span: Span) -> str:
    return f"[{_short(printable(text[span.start : span.end]))}]"


def _short(text: str) -> str:
    """The middle of something long left out: what differs is mostly at the edges."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


def _as_json(item: Entity | Attribution | None) -> Any:
    if item is None:
        return None
    if isinstance(item, Entity):
        return annotations_to_json(Annotations(entities=(item,)))["entities"][0]
    return annotations_to_json(Annotations(attributions=(item,)))["attributions"][0]
