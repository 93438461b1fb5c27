"""Slices of attributions: their kind, their source and cue, and how the content is marked."""

from __future__ import annotations

from functools import lru_cache

from harness.annotation import Attribution, Span
from harness.paragraphs import tokens
from harness.stats.overlaps import Reach
from harness.tasks.attribution.kinds import kind_of
from harness.tasks.facets import Facet, Scene, general_facets

__all__ = ["relation_facets"]

_PRONOUNS = frozenset((
    "i", "you", "he", "she", "it", "we", "they", "me", "him", "her", "us", "them", "one", "who",
    "whom", "which", "that", "this", "these", "those", "everyone", "someone", "anyone", "nobody",
    "everybody", "somebody", "some", "many", "most", "others", "both", "all",
))  # fmt: skip
_DETERMINERS = frozenset((
    "the", "a", "an", "this", "that", "these", "those", "his", "her", "their", "its", "our",
    "my", "your", "some", "many", "most", "one", "two", "three", "several", "few", "all", "both",
    "other", "another", "no",
))  # fmt: skip
_SAYING = frozenset(("say", "says", "said", "saying"))
_BESIDE, _NEAR = 30, 150
"""Characters between source and content."""
_OPENING, _CLOSING = frozenset("“„«"), frozenset("”»")


def relation_facets() -> tuple[Facet, ...]:
    """Of every relation."""
    return (
        Facet("kind", _kind, "that are {}"),
        Facet("source", _source, "whose source is {}"),
        Facet("distance", _distance, "{}"),
        Facet("cue", _cue, "with {}"),
        Facet("marks", _marks, "with {}"),
        Facet("paragraphs", _paragraphs, "{}"),
        Facet("nested", _nested, "{}", gold_only=True),
        Facet("length", _length, "of {}"),
        *general_facets(),
    )


def _kind(scene: Scene, one: Attribution) -> str:
    return one.kind or kind_of(scene.text, one.content, scene.quoted, cue=one.cue)


def _source(scene: Scene, one: Attribution) -> str:
    if one.source is None:
        return "not in the text"
    text = scene.text[one.source.start : one.source.end]
    words = text.split()
    if len(words) == 1 and words[0].strip("“”\"',").casefold() in _PRONOUNS:
        return "a pronoun"
    names = any(word[:1].isupper() for word in words[1:]) or (
        words and words[0][:1].isupper() and words[0].casefold() not in _DETERMINERS
    )
    return "a name" if names else "a noun phrase"


def _distance(scene: Scene, one: Attribution) -> str | None:
    if one.source is None:
        return None
    gaps = (
        max(0, part.start - one.source.end, one.source.start - part.end) for part in one.content
    )
    gap = min(gaps)
    if gap <= _BESIDE:
        return "with the source beside the content"
    return "with the source near the content" if gap <= _NEAR else "with the source far away"


def _cue(scene: Scene, one: Attribution) -> str:
    if one.cue is None:
        return "no cue"
    words = [word.casefold() for word in scene.text[one.cue.start : one.cue.end].split()]
    if "according" in words:
        return "the cue “according to”"
    return "the cue “said”" if _SAYING & set(words) else "another cue"


def _marks(scene: Scene, one: Attribution) -> str:
    """Whether the double marks of the content's paragraphs pair up."""
    touched = scene.lines_of(*scene.hull(one))
    return _marked(scene.text, tuple(scene.lines[touched]))


@lru_cache(64)
def _marked(text: str, paragraphs: tuple[tuple[int, int], ...]) -> str:
    """Remembered, since many contents may stand in one long paragraph."""
    text = "".join(text[start:end] for start, end in paragraphs)
    straight = text.count('"')
    opening = sum(sign in _OPENING for sign in text)
    closing = sum(sign in _CLOSING for sign in text)
    if not straight + opening + closing:
        return "no quotation marks"
    return "paired marks" if straight % 2 == 0 and opening == closing else "broken marks"


def _paragraphs(scene: Scene, one: Attribution) -> str:
    touched = scene.lines_of(*scene.hull(one))
    several = touched.stop - touched.start > 1
    return "continued over paragraphs" if several else "within a paragraph"


def _nested(scene: Scene, one: Attribution) -> str:
    hull = scene.hull(one)
    held = scene.remember(_contents).end(hull.start + 1, one.content) >= hull.end
    return "inside another content" if held else "inside no other content"


def _contents(scene: Scene) -> Reach:
    """The gold's contents, by their hulls."""
    return Reach((*scene.hull(one), one.content) for one in scene.items)


def _length(scene: Scene, one: Attribution) -> str:
    count = sum(len(tokens(scene.text[a:b])) for a, b in map(Span._make, one.content))
    return (
        "up to 10 tokens"
        if count <= 10
        else "11 to 30 tokens"
        if count <= 30
        else "more than 30 tokens"
    )
