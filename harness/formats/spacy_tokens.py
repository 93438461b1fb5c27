"""The paragraphs of spaCy's training data: tokens with their tags, found in the raw text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.annotation import Span
from harness.coding import short
from harness.errors import ReaderOptions
from harness.formats.items import Where

__all__ = ["Paragraph", "paragraph_of"]

_FORMS = {
    "``": ('"', "“"), "''": ('"', "”"), "`": ("'", "‘"), "-LRB-": ("(",), "-RRB-": (")",),
    "-LSB-": ("[",), "-RSB-": ("]",), "-LCB-": ("{",), "-RCB-": ("}",),
}  # fmt: skip
"""How the Penn Treebank spells what stands in the text."""
_JOINED: ReaderOptions = ("text-from", {"tokens": "makes the text of the tokens"})
_KEYS = ("start", "end", "label")


@dataclass
class Paragraph:
    """A text with its sentences: the offsets of their tokens, and their tags."""

    text: str
    spans: list[list[Span]] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    """`-`: nobody knows."""
    entities: list[Any] | None = None

    @property
    def has_tags(self) -> bool:
        return any(tag != "-" for tags in self.tags for tag in tags)


def paragraph_of(value: Mapping[str, Any], where: Where, *, joined: bool) -> Paragraph:
    """A paragraph from its JSON object; `joined` makes its text of the tokens.

    Raises `InputError` for parts of another type and for tokens that are not in the text.
    """
    sentences = _sentences(value, where)
    raw = value.get("raw")
    if raw is not None and not isinstance(raw, str):
        raise where.error(f'"raw" is {short(raw)}, expected a string')
    if raw is None or joined:
        paragraph = _join(sentences)
    else:
        paragraph = Paragraph(raw)
        _find(sentences, paragraph, where)
    paragraph.tags = [[tag for _, tag, _ in sentence] for sentence in sentences]
    if raw is not None and not joined:
        paragraph.entities = _entities(value, where)
    return paragraph


_Token = tuple[str, str, str | None]
"""Form, tag, the white space behind it where the file says it."""


def _sentences(value: Mapping[str, Any], where: Where) -> list[list[_Token]]:
    sentences = value.get("sentences") or []
    if not isinstance(sentences, list):
        raise where.error(f'"sentences" is {short(sentences)}, expected a list')
    out = []
    for number, sentence in enumerate(sentences):
        tokens = sentence.get("tokens") if isinstance(sentence, Mapping) else None
        if not isinstance(tokens, list):
            raise where.error(f'sentences[{number}] has no list of "tokens"')
        out.append([_token(one, f"sentences[{number}].tokens[{i}]", where)
                    for i, one in enumerate(tokens)])  # fmt: skip
    return out


def _token(value: Any, place: str, where: Where) -> _Token:
    form = value.get("orth") if isinstance(value, Mapping) else None
    if not isinstance(form, str) or not form:
        raise where.error(f'{place} is {short(value)}, expected an object with an "orth"')
    tag, space = value.get("ner"), value.get("space")
    if tag is not None and (not isinstance(tag, str) or not tag):
        raise where.error(f'{place}: "ner" is {short(tag)}, expected a tag')
    return form, "-" if tag is None else tag, space if isinstance(space, str) else None


def _join(sentences: list[list[_Token]]) -> Paragraph:
    parts: list[str] = []
    at, spans = 0, []
    for sentence in sentences:
        own = []
        for form, _, said in sentence:
            space = " " if said is None else said
            own.append(Span(at, at + len(form)))
            parts += (form, space)
            at += len(form) + len(space)
        spans.append(own)
    return Paragraph("".join(parts).rstrip(" "), spans)


def _find(sentences: list[list[_Token]], paragraph: Paragraph, where: Where) -> None:
    text, at = paragraph.text, 0
    for number, sentence in enumerate(sentences):
        own = []
        for index, (form, _, space) in enumerate(sentence):
            found = _at(form, text, at)
            if found is None:
                raise where.error(
                    f"sentences[{number}].tokens[{index}]: the token {short(form)} is not in the "
                    f"text, which goes on with {short(text[at : at + 20])}",
                    options=_JOINED,
                )
            own.append(found)
            at = found.end
            if space and text.startswith(space, at):
                at += len(space)  # White space that follows may be a token.
        paragraph.spans.append(own)


def _at(form: str, text: str, at: int) -> Span | None:
    """Where the next token stands, behind white space alone."""
    while True:
        for spelled in (form, *_FORMS.get(form, ())):
            if text.startswith(spelled, at):
                return Span(at, at + len(spelled))
        if at >= len(text) or not text[at].isspace():
            return None
        at += 1


def _entities(value: Mapping[str, Any], where: Where) -> list[Any] | None:
    """Entities of the paragraph itself, which spaCy gives beside the tags, as objects."""
    given = value.get("entities")
    if given is None:
        return None
    if not isinstance(given, list):
        raise where.error(f'"entities" is {short(given)}, expected a list')
    return [
        dict(zip(_KEYS, item, strict=False)) if isinstance(item, list) else item for item in given
    ]
