"""The reporting words of `data/reporting_verbs.toml` by frame, for the scopes asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["VERBS_FILE", "SCOPES", "Lexicon", "load"]

VERBS_FILE = Path(__file__).parent.parent / "data" / "reporting_verbs.toml"
SCOPES = (
    "speech", "belief", "perception", "evidence", "intention", "attitude", "decree", "appearance"
)  # fmt: skip
_FRAMES = (
    "clause",
    "infinitive",
    "person-infinitive",
    "gerund",
    "object",
    "predicate",
    "passive",
    "prepositional",
)


@dataclass(frozen=True)
class Lexicon:
    """Lemmas by frame: `verbs["clause"]`, `nouns["infinitive"]`; `verb:preposition` pairs."""

    verbs: dict[str, frozenset[str]]
    nouns: dict[str, frozenset[str]]
    adjectives: frozenset[str]
    hearsay: frozenset[str]
    texts: frozenset[str]
    elsewhere: frozenset[str]
    """Verbs that take a clause in some scope that was not asked for."""

    @property
    def speech_verbs(self) -> frozenset[str]:
        """Verbs that take a quotation or a clause."""
        return self.verbs["clause"]


@lru_cache(maxsize=16)
def load(scopes: Iterable[str] = SCOPES, path: Path = VERBS_FILE) -> Lexicon:
    """The lexicon restricted to `scopes` (a tuple)."""
    with path.open("rb") as handle:
        data = tomllib.load(handle)
    wanted = frozenset(scopes)

    def collect(table: str, frame: str) -> frozenset[str]:
        rows = (row for row in data.get(table, ()) if row["scope"] in wanted)
        return frozenset(word for row in rows for word in row.get(frame, "").split())

    return Lexicon(
        {frame: collect("class", frame) for frame in _FRAMES},
        {frame: collect("nouns", frame) for frame in _FRAMES},
        collect("adjectives", "lemmas"),
        collect("hearsay", "lemmas"),
        collect("texts", "lemmas"),
        frozenset(
            word
            for row in data["class"]
            if row["scope"] not in wanted
            for word in row.get("clause", "").split()
        ),
    )
