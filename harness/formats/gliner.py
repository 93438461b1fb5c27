"""GLiNER's training data: tokens, and entities as ranges of them, the last one included.

    [{"tokenized_text": ["Ada", "Roe", "left"], "ner": [[0, 1, "person"]]}]

Defined at github.com/urchade/GLiNER. One array, or an object a line. White space is rebuilt: single
spaces between tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.formats.items import Where
from harness.formats.jsonstream import write_lines
from harness.formats.losses import Losses, writable
from harness.formats.options import TokensOption
from harness.formats.sniff import Head
from harness.formats.tokens import join_tokens, sentences
from harness.formats.tokenspans import items_of_tokens, strings_of
from harness.formats.tools import Example, Labelling, lose_items, records

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "matches", "read", "write"]

HOLDS = "flat entities, tokens; no ids"
LOSES = "relations, white space between tokens"
EXAMPLE = '{"tokenized_text": ["NATO", "left"], "ner": [[0, 0, "organization"]]}\n'
LEAVES_OUT = True

_TOKENS, _ENTITIES = "tokenized_text", "ner"


def matches(head: Head) -> bool:
    return isinstance(head.value.get(_TOKENS), list)


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream the documents, numbered. One without `ner` has no entity layer.

    Raises as `tools.records` does, and with the line for what is no list of tokens.
    """
    losses = Losses() if losses is None else losses

    def example(value: Mapping[str, Any], where: Where) -> Example:
        words = strings_of(value.get(_TOKENS), f'"{_TOKENS}"', where)
        lose_items(value, "relations", "relations", where, losses)
        text, (tokens,) = join_tokens([words])
        given, items = value.get(_ENTITIES), None
        if given is not None:
            items = items_of_tokens(given, tokens, _ENTITIES, where, losses)
        return Example(
            value.get("id"), text, [Labelling(None, lambda: items)], _ENTITIES, tokens=tuple(tokens)
        )

    return records(path, example, losses=losses)


def write(
    path: str | Path, records: Iterable[Record], *, losses: Losses, tokens: TokensOption = "auto"
) -> int:
    """Write an object a line; counts in `losses` what ranges of tokens cannot hold.

    A document is one list of tokens, whatever its lines are. Raises as `tokens.sentences` does.
    """

    def lines() -> Iterator[dict[str, Any]]:
        for record, _ in writable(records, path):
            words: list[str] = []
            ranges: list[list[Any]] = []
            for sentence, chunks in sentences(record, tokens, losses, ids=False):
                ranges += (
                    [len(words) + start, len(words) + end - 1, label]
                    for start, end, label in chunks
                )
                words += sentence
            yield {_TOKENS: words, _ENTITIES: ranges}

    return write_lines(path, lines())
