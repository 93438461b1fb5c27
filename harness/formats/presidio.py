"""Results of Presidio's analyser: for each document a list of places with a type and a score.

    [[{"entity_type": "PERSON", "start": 0, "end": 3, "score": 0.85}], []]
    {"id": "a", "text": "Ada left", "results": [{"entity_type": "PERSON", "start": 0, "end": 3}]}

Defined at microsoft.github.io/presidio (analyzer, RecognizerResult). Lists have no ids: the
documents are numbered, and where there is no text, that of the document they are about is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.formats.items import Where
from harness.formats.losses import Losses
from harness.formats.model_results import ResultList, first_results, results_of
from harness.formats.sniff import Head
from harness.formats.tools import Example, Labelling, records

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "matches", "read"]

LOSES = "explanations, metadata of recognisers"
EXAMPLE = '[[{"entity_type": "ORGANIZATION", "start": 0, "end": 4, "score": 0.85}], []]\n'
LEAVES_OUT = True

_TYPE = "entity_type"
_KEYS = {"start", "end", _TYPE}


def matches(head: Head) -> bool:
    return any(item.keys() >= _KEYS for item in first_results(head))


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream the documents. Raises as `tools.records` does."""
    losses = Losses() if losses is None else losses

    def example(result: ResultList, where: Where) -> Example:
        items: list[Any] = []
        for item in result.items:
            if isinstance(item, dict):
                score = item.get("score")
                span = {"start": item.get("start"), "end": item.get("end")}
                item = {**span, "label": item.get(_TYPE)} | (
                    {} if score is None else {"score": score}
                )
            items.append(item)
        return Example(result.id, result.text, [Labelling(None, lambda: items)], result.name)

    def stream(path: Path) -> Iterator[tuple[int, ResultList]]:
        return results_of(path, {_TYPE})

    return records(path, example, losses=losses, stream=stream, textless=True)
