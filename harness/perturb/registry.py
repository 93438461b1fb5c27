"""Stub."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from random import Random

from harness.annotation import Record
from harness.errors import UsageError, nearest
from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import Level, Perturbation

__all__ = ["level_named", "perturbation_named", "perturbations"]


class _Upper:
    name = "upper"
    summary = "everything in capitals"
    levels: tuple[Level, ...] = (1.0,)

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        text = record.text or ""
        return [
            TextEdit(at, at + 1, char.upper())
            for at, char in enumerate(text)
            if len(char.upper()) == 1
        ]


class _Typos:
    name = "typos"
    summary = "letters doubled"
    levels: tuple[Level, ...] = (0.02, 0.1)

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        text = record.text or ""
        return [
            TextEdit(at, at + 1, char * 2)
            for at, char in enumerate(text)
            if char.isalpha() and rng.random() < float(level)
        ]


@cache
def perturbations() -> dict[str, Perturbation]:
    return {one.name: one for one in (_Upper(), _Typos())}


def perturbation_named(name: str) -> Perturbation:
    known = perturbations()
    if name not in known:
        raise UsageError(f"unknown perturbation {name!r}{nearest(name, list(known))}")
    return known[name]


def level_named(perturbation: Perturbation, text: str) -> Level:
    for level in perturbation.levels:
        if str(level) == text or (isinstance(level, float) and f"{level:g}" == text):
            return level
    words = [str(level) for level in perturbation.levels]
    raise UsageError(f"{perturbation.name} has no level {text!r}{nearest(text, words)}")
