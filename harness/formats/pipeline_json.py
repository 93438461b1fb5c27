"""Results of a `token-classification` pipeline of Hugging Face, as JSON: a list for each document.

    [[{"entity_group": "PER", "score": 0.99, "word": "Ada", "start": 0, "end": 3}], []]
    [[{"entity": "B-PER", "score": 0.99, "index": 1, "word": "Ada", "start": 0, "end": 3}], []]

Defined at huggingface.co/docs/transformers (TokenClassificationPipeline). What is not aggregated
are words with tags, which are read by the rules of tags; the score of an entity is then the mean of
its words'. Lists have no ids: the documents are numbered, and where there is no text, that of the
document they are about is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import short
from harness.formats.items import Where
from harness.formats.losses import Losses
from harness.formats.model_results import ResultList, first_results, results_of
from harness.formats.options import RepairOption, SchemeOption
from harness.formats.sniff import Head
from harness.formats.tagging import chunks_at, tag_pairs
from harness.formats.tags import Bigrams, check_scheme
from harness.formats.tools import Example, Labelling, records, scheme_found

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "census", "matches", "read", "settle"]

LOSES = "words, the scores of single words"
EXAMPLE = '[[{"entity_group": "ORG", "score": 0.9, "word": "NATO", "start": 0, "end": 4}], []]\n'
LEAVES_OUT = True

_GROUP, _TAG = "entity_group", "entity"
_MARKS = {_GROUP, _TAG}
_Word = Mapping[str, Any]


def matches(head: Head) -> bool:
    return any(
        _MARKS & item.keys() and {"word", "start", "end"} <= item.keys()
        for item in first_results(head)
    )


def read(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents; a file of words with tags is read twice, as in
    `harness.formats.conll`. Raises as `tools.records` does, and with the line for faulty tags."""
    check_scheme(scheme, repair)
    losses = Losses() if losses is None else losses
    told = scheme or scheme_found(census(path), path, None, repair).get("scheme")

    def example(result: ResultList, where: Where) -> Example:
        items = [_item(one) for one in result.items if not _is_word(one)]
        words = _words(result, where)
        if words and told is not None:
            tags, places = _tags(words)
            lines = [where.line or 0] * len(tags)
            for chunk in chunks_at(
                tags, lines, where.path or "", scheme=told, repair=repair, losses=losses
            ):
                parts = [place for place in places[chunk.start : chunk.end] if place is not None]
                items.append(_joined([words[place] for place in parts], chunk.label))
        return Example(result.id, result.text, [Labelling(None, lambda: items)], result.name)

    return records(path, example, losses=losses, stream=_stream, textless=True)


def settle(
    path: str | Path, *, scheme: SchemeOption = None, repair: RepairOption = "strict"
) -> dict[str, Any]:
    """The scheme as `read` would find it out; nothing where words are aggregated."""
    return scheme_found(census(path), path, scheme, repair)


def census(path: str | Path) -> Bigrams:
    """Every pair of neighbouring tags, with the line where it comes first."""
    return tag_pairs(_tag_lines(Path(path)))


def _tag_lines(path: Path) -> Iterator[list[tuple[str, int]]]:
    for line, result in _stream(path):
        words = _words(result, Where(path, line))
        if words:
            yield [(tag, line) for tag in _tags(words)[0]]


def _stream(path: Path) -> Iterator[tuple[int, ResultList]]:
    return results_of(path, _MARKS)


def _is_word(item: object) -> bool:
    return isinstance(item, Mapping) and _GROUP not in item and _TAG in item


def _words(result: ResultList, where: Where) -> list[_Word]:
    words = [item for item in result.items if _is_word(item)]
    for index, word in enumerate(words):
        if not isinstance(word[_TAG], str) or not word[_TAG]:
            raise where.error(f"{result.name}[{index}]: {_TAG} is {short(word[_TAG])}, no tag")
    return words


def _tags(words: list[_Word]) -> tuple[list[str], list[int | None]]:
    """The tags, with an `O` where words were left out between two; and the place of each word."""
    tags: list[str] = []
    places: list[int | None] = []
    for place, word in enumerate(words):
        if place and not _follows(words[place - 1], word):
            tags.append("O")
            places.append(None)
        tags.append(word[_TAG])
        places.append(place)
    return tags, places


def _follows(before: _Word, word: _Word) -> bool:
    """Whether one word is the next one: by its number, else by its place."""
    for key, other, most in (("index", "index", 1), ("end", "start", 1)):
        one, two = before.get(key), word.get(other)
        if type(one) is type(two) is int:
            return two - one <= most
    return False


def _item(item: object) -> Any:
    if not isinstance(item, Mapping):
        return item
    span = {"start": item.get("start"), "end": item.get("end"), "label": item.get(_GROUP)}
    return span if item.get("score") is None else {**span, "score": item["score"]}


def _joined(words: list[_Word], label: str) -> dict[str, Any]:
    span = {"start": words[0].get("start"), "end": words[-1].get("end"), "label": label}
    scores = [word["score"] for word in words if word.get("score") is not None]
    if not scores:
        return span
    odd = [score for score in scores if type(score) not in (int, float)]
    return {**span, "score": odd[0] if odd else sum(scores) / len(scores)}
