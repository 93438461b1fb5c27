"""Inflected forms of a verb lemma: enough English morphology to find cues without a tagger."""

from __future__ import annotations

__all__ = ["forms"]

_IRREGULAR = {
    "say": "says said saying",
    "tell": "tells told telling",
    "write": "writes wrote written writing",
    "think": "thinks thought thinking",
    "read": "reads read reading",
    "begin": "begins began begun beginning",
    "speak": "speaks spoke spoken speaking",
    "sing": "sings sang sung singing",
    "swear": "swears swore sworn swearing",
    "hold": "holds held holding",
    "find": "finds found finding",
    "feel": "feels felt feeling",
    "put": "puts put putting",
    "go": "goes went gone going",
    "teach": "teaches taught teaching",
    "lie": "lies lied lying",
    "foretell": "foretells foretold foretelling",
    "broadcast": "broadcasts broadcast broadcasting",
    "show": "shows showed shown showing",
    "understand": "understands understood understanding",
    "know": "knows knew known knowing",
    "plead": "pleads pleaded pled pleading",
    "spin": "spins spun spinning",
    "bet": "bets bet betting",
}
# Two-syllable verbs stressed at the end double their consonant, as one-syllable ones do.
_DOUBLING = frozenset(
    [
        "admit",
        "submit",
        "rebut",
        "quip",
        "rap",
        "snap",
        "crop",
        "concur",
        "infer",
        "chat",
        "spot",
        "vet",
        "nod",
        "hint",
    ]
) - {"hint"}


def forms(lemma: str) -> frozenset[str]:
    """Third person, past, participles of `lemma`, without the bare lemma itself."""
    if lemma in _IRREGULAR:
        return frozenset(_IRREGULAR[lemma].split())
    if lemma in _DOUBLING:
        stem = lemma + lemma[-1]
        return frozenset([lemma + "s", stem + "ed", stem + "ing"])
    if lemma.endswith("y") and lemma[-2:-1] not in "aeiou":
        return frozenset([lemma[:-1] + "ies", lemma[:-1] + "ied", lemma + "ing"])
    if lemma.endswith("e"):
        return frozenset([lemma + "s", lemma + "d", lemma[:-1] + "ing"])
    third = lemma + ("es" if lemma.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    return frozenset([third, lemma + "ed", lemma + "ing"])
