"""Slices of named entities: their type, their form, and where the form is met besides."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from harness.annotation import Entity
from harness.paragraphs import tokens
from harness.perturb.diacritics import has_diacritics
from harness.tasks.facets import Facet, Scene, form_of, general_facets

__all__ = ["mention_facets"]


_LENGTHS = ("one token", "two tokens", "three tokens", "four tokens and more")


class _Form(NamedTuple):
    """What can be seen of a mention by itself."""

    length: str
    case: str
    digits: str
    diacritics: str


def mention_facets() -> tuple[Facet, ...]:
    """Of every mention; `training` where a file of training data is given."""
    return (
        Facet("type", _type, "of type {}", needs_text=False),
        Facet("length", lambda scene, one: _form(scene, one).length, "of {}"),
        Facet("case", lambda scene, one: _form(scene, one).case, "{}"),
        Facet("digits", lambda scene, one: _form(scene, one).digits, "{} digits"),
        Facet("diacritics", lambda scene, one: _form(scene, one).diacritics, "{} diacritics"),
        Facet("form", _ambiguous, "whose form has {}", gold_only=True),
        Facet("repeated", Scene.occurrence, "that stand in their document {}"),
        Facet("training", _training, "{} in training"),
        *general_facets(),
    )


def _type(scene: Scene, one: Entity) -> str:
    return one.label


def _form(scene: Scene, one: Entity) -> _Form:
    return _seen(scene.text[one.start : one.end])


@lru_cache(1 << 15)
def _seen(text: str) -> _Form:
    words = _LENGTHS[min(max(len(tokens(text)), 1), len(_LENGTHS)) - 1]
    return _Form(
        words,
        _case(text),
        "with" if any(map(str.isdigit, text)) else "without",
        "with" if has_diacritics(text) else "without",
    )


def _case(text: str) -> str:
    cased = [sign for sign in text if sign.lower() != sign.upper()]
    if not cased:
        return "without case"
    if all(map(str.islower, cased)):
        return "in lower case"
    if all(sign.isupper() for sign in cased):
        return "in upper case"
    words = (word for word in text.split() if any(map(str.isalpha, word)))
    capitals = [next(filter(str.isalpha, word)).isupper() for word in words]
    return "capitalised" if all(capitals) else "in mixed case"


def _ambiguous(scene: Scene, one: Entity) -> str:
    labels = scene.corpus.labels.get(form_of(scene.text, one), ())
    return "several types" if len(labels) > 1 else "one type"


def _training(scene: Scene, one: Entity) -> str | None:
    trained = scene.corpus.trained
    if trained is None:
        return None
    labels = trained.get(form_of(scene.text, one))
    if labels is None:
        return "unseen"
    return "seen with its type" if one.label in labels else "seen with other types only"
