"""DyGIE++ and SciERC: sentences of tokens, and entities as ranges of the document's tokens.

    {"doc_key": "a", "sentences": [["Ada", "left", "."], ["Bo", "stayed", "."]],
     "ner": [[[0, 0, "PER"]], [[3, 3, "PER"]]], "relations": [[], []]}

Defined at github.com/dwadden/dygiepp (doc/data.md). A document a line; ranges include their last
token and are counted from the document's first. What the model predicts is under `predicted_ner`,
with scores. White space is rebuilt: single spaces, a newline between sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import Record, Span
from harness.coding import short
from harness.formats.items import Where
from harness.formats.jsonstream import objects
from harness.formats.losses import Losses
from harness.formats.sniff import Head
from harness.formats.tokens import join_tokens
from harness.formats.tokenspans import items_of_tokens, strings_of
from harness.formats.tools import Example, Labelling, records
from harness.options import Flag

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "matches", "read"]

LOSES = "relations, clusters, events, white space between tokens"
EXAMPLE = '{"doc_key": "a", "sentences": [["NATO", "left"]], "ner": [[[0, 0, "ORG"]]]}\n'
LEAVES_OUT = True

_GOLD, _PREDICTED = "ner", "predicted_ner"
_SOFTMAX = 1
_OTHERS = {"relations": "relations", "clusters": "coreference clusters", "events": "events"}
_Layer = Annotated[
    str | None,
    Flag("which entities are read; the gold ones where there are some",
         choices=("gold", "predicted")),
]  # fmt: skip


def matches(head: Head) -> bool:
    value = head.value
    sentences = value.get("sentences")
    return (
        isinstance(sentences, list)
        and "paragraphs" not in value
        and ("doc_key" in value or {_GOLD, _PREDICTED} & value.keys() != set())
        and all(isinstance(sentence, list) for sentence in sentences[:3])
    )


def read(
    path: str | Path, *, layer: _Layer = None, losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the documents; one without entities of the layer has no entity layer.

    Raises as `tools.records` does, and with the line for sentences that are no lists of tokens and
    for entities that are not among the tokens of their sentence.
    """
    losses = Losses() if losses is None else losses
    if layer is None:
        has_gold = any(_GOLD in value for _, value in objects(Path(path)))
        layer = "gold" if has_gold else "predicted"

    def example(value: Mapping[str, Any], where: Where) -> Example:
        given = value.get("sentences")
        if not isinstance(given, list):
            raise where.error(f'"sentences" is {short(given)}, expected a list of lists of tokens')
        words = [strings_of(one, f"sentences[{i}]", where) for i, one in enumerate(given)]
        text, spans = join_tokens(words)
        key = _GOLD if layer == "gold" else _PREDICTED
        _count(value, key, losses)
        items = _entities(value.get(key), key, spans, where, losses)
        tokens = tuple(span for sentence in spans for span in sentence)
        labelling = Labelling(None, lambda: items)
        return Example(value.get("doc_key"), text, [labelling], key, tokens=tokens)

    return records(path, example, losses=losses)


def _count(value: Mapping[str, Any], key: str, losses: Losses) -> None:
    others = {**_OTHERS}
    if key == _GOLD:
        others[_PREDICTED] = "predicted entities"
    for name, what in others.items():
        lists = value.get(name)
        items = [lists] if name == "clusters" or not isinstance(lists, list) else lists
        count = sum(len(one) for one in items if isinstance(one, list))
        if count:
            how = " (layer=predicted reads them)" if name == _PREDICTED else ""
            losses[f"{what}: left out{how}"] += count


def _entities(
    given: Any, key: str, spans: list[list[Span]], where: Where, losses: Losses
) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != len(spans):
        raise where.error(
            f'"{key}" is {short(given)}, expected a list for each of {len(spans)} sentences'
        )
    tokens = [span for sentence in spans for span in sentence]
    items, at = [], 0
    for index, (sentence, own) in enumerate(zip(given, spans, strict=True)):
        within = (at, at + len(own))
        for item in items_of_tokens(sentence, tokens, f"{key}[{index}]", where, losses, within):
            more = item.pop("more", ())
            if len(more) > _SOFTMAX:
                item["score"] = more[_SOFTMAX]
            items.append(item)
        at += len(own)
    return items
