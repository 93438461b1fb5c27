"""spaCy's JSON: the training data of version 2, and what `Doc.to_json` gives.

    [{"id": 0, "paragraphs": [{"raw": "Ada left.", "sentences": [{"tokens": [
      {"orth": "Ada", "ner": "U-PER"}, {"orth": "left", "ner": "O"}, ...]}]}]}]
    {"text": "Ada left.", "ents": [{"start": 0, "end": 3, "label": "PER"}], "tokens": [...]}

Defined at v2.spacy.io/api/annotation#json-input and spacy.io/api/doc#to_json. Each paragraph is a
document, as it is to spaCy. Its text is `raw`, in which the tokens are looked for, else the tokens
with the white space that they name, or one space, between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import Record, Span
from harness.coding import short
from harness.formats.hints import UNKNOWN_TAGS
from harness.formats.items import Where
from harness.formats.jsonstream import objects
from harness.formats.losses import Losses
from harness.formats.options import RepairOption, SchemeOption
from harness.formats.sniff import Head
from harness.formats.spacy_tokens import Paragraph, paragraph_of
from harness.formats.tagging import chunks_at, tag_pairs
from harness.formats.tags import Bigrams, check_scheme
from harness.formats.tools import Example, Labelling, lose_items, records, scheme_found
from harness.options import Flag

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "census", "matches", "read", "settle"]

LOSES = "categories, links, span groups, parts of speech and trees"
EXAMPLE = """\
[{"id": 0, "paragraphs": [{"raw": "NATO left", "sentences": [{"tokens": [
  {"orth": "NATO", "ner": "U-ORG"}, {"orth": "left", "ner": "O"}]}]}]}]
"""
LEAVES_OUT = True

_TextFrom = Annotated[
    str | None,
    Flag("what the text is: that of the paragraph, or its tokens", choices=("raw", "tokens")),
]


def matches(head: Head) -> bool:
    value = head.value
    paragraphs = value.get("paragraphs")
    if isinstance(paragraphs, list) and any(
        {"sentences", "raw"} & one.keys() for one in head.first(paragraphs)
    ):
        # Other files of paragraphs, of questions and answers, have no sentences.
        return any("sentences" in one or "entities" in one for one in head.first(paragraphs))
    return isinstance(value.get("ents"), list) and isinstance(value.get("text"), str)


def read(
    path: str | Path,
    *,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    text_from: _TextFrom = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents; a file with tags is read twice, as in `harness.formats.conll`.

    The entities of a paragraph are those of its tags, else of its own `entities`; with neither it
    has no entity layer. A tag of `-`, which is to say that nobody knows, is taken as `O` and
    counted. Raises as `tools.records` does, and with the line of the object for tokens that are not
    in the text and for faulty tags.
    """
    check_scheme(scheme, repair)
    told = scheme or scheme_found(census(path), path, None, repair).get("scheme")
    losses = Losses() if losses is None else losses

    def example(value: Any, where: Where) -> Example:
        id_, own = value
        if "ents" in own:
            return _doc(own, where, losses)
        for key, what in (("cats", "categories"), ("links", "links"), ("spans", "span groups")):
            lose_items(own, key, what, where, losses)
        paragraph = paragraph_of(own, where, joined=text_from == "tokens")
        if told is not None and paragraph.has_tags:
            items: list[Any] | None = _tagged(paragraph, where, losses)
        else:  # An empty list beside tokens without tags is what spaCy writes for want of any.
            items = paragraph.entities or (None if paragraph.tags else paragraph.entities)
        tokens = tuple(span for spans in paragraph.spans for span in spans)
        labelling = Labelling(None, lambda: items)
        return Example(id_, paragraph.text, [labelling], "entities", tokens=tokens or None)

    def _tagged(paragraph: Paragraph, where: Where, losses: Losses) -> list[Any]:
        items = []
        assert told is not None
        for tags, spans in zip(paragraph.tags, paragraph.spans, strict=True):
            unknown = tags.count("-")
            if unknown:
                losses[UNKNOWN_TAGS] += unknown
            known = ["O" if tag == "-" else tag for tag in tags]
            lines = [where.line or 0] * len(tags)
            for chunk in chunks_at(
                known, lines, where.path or "", scheme=told, repair=repair, losses=losses
            ):
                start, end = spans[chunk.start].start, spans[chunk.end - 1].end
                items.append({"start": start, "end": end, "label": chunk.label})
        return items

    return records(path, example, losses=losses, stream=_paragraphs)


def settle(
    path: str | Path, *, scheme: SchemeOption = None, repair: RepairOption = "strict"
) -> dict[str, Any]:
    """The scheme as `read` would find it out; nothing where there are no tags."""
    return scheme_found(census(path), path, scheme, repair)


def census(path: str | Path) -> Bigrams:
    """Every pair of neighbouring tags, with the line of the object where it comes first."""
    return tag_pairs(_tag_lines(Path(path)))


def _tag_lines(path: Path) -> Iterator[list[tuple[str, int]]]:
    for line, (_, own) in _paragraphs(path):
        if "ents" not in own:
            paragraph = paragraph_of(own, Where(path, line), joined=True)
            if paragraph.has_tags:
                for tags in paragraph.tags:
                    yield [("O" if tag == "-" else tag, line) for tag in tags]


def _paragraphs(path: Path) -> Iterator[tuple[int, tuple[object, Mapping[str, Any]]]]:
    """Id, if there is one for it, and paragraph; objects of `Doc.to_json` are their own."""
    for line, value in objects(path):
        where = Where(path, line)
        if "ents" in value:
            yield line, (value.get("id"), value)
            continue
        paragraphs = value.get("paragraphs")
        if not isinstance(paragraphs, list):
            raise where.error(f'"paragraphs" is {short(paragraphs)}, expected a list')
        id_ = value.get("id")
        for index, own in enumerate(paragraphs, 1):
            if not isinstance(own, Mapping):
                raise where.error(f"paragraphs[{index - 1}] is {short(own)}, expected an object")
            alone = len(paragraphs) == 1 or id_ is None
            yield line, (id_ if alone else f"{id_}-{index}", own)


def _doc(value: Mapping[str, Any], where: Where, losses: Losses) -> Example:
    """What `Doc.to_json` gives."""
    groups = value.get("spans")
    for name in groups if isinstance(groups, Mapping) else ():
        losses[f"span group {short(name)}: left out"] += 1
    ents = value.get("ents")
    if not isinstance(ents, list):
        raise where.error(f'"ents" is {short(ents)}, expected a list of objects')
    given, text = value.get("tokens"), value.get("text")
    tokens: list[Span] = []
    at = 0
    for item in given if isinstance(given, list) and isinstance(text, str) else ():
        start, end = (item.get("start"), item.get("end")) if isinstance(item, Mapping) else (0, 0)
        if not (type(start) is type(end) is int and at <= start < end <= len(text or "")):
            losses["documents whose tokens do not fit the text: without tokens"] += 1
            tokens = []
            break
        tokens.append(Span(start, end))
        at = end
    labelling = Labelling(None, lambda: ents)
    return Example(value.get("id"), text, [labelling], "ents", tokens=tuple(tokens) or None)
