"""Every scheme against seqeval's own readers: 24,000 random sequences of tags."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from harness.formats.tags import repaired

scheme_module = pytest.importorskip("seqeval.scheme")
labeling = pytest.importorskip("seqeval.metrics.sequence_labeling")

# Theirs, and the letters that it allows.
SCHEMES = {
    "IOB1": ("IOB1", "IB"),
    "IOB2": ("IOB2", "IB"),
    "IOE1": ("IOE1", "IE"),
    "IOE2": ("IOE2", "IE"),
    "BIOES": ("IOBES", "BIES"),
    "BILOU": ("BILOU", "BILU"),
}
IN_BIOES = str.maketrans("LU", "ES")


def sequences(letters: str, seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    tags = ["O", *(f"{letter}-{label}" for letter in letters for label in ("X", "Y"))]
    return [chance.choices(tags, k=chance.randint(1, 7)) for _ in range(4000)]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("suffix", [False, True])
def test_discard_is_seqevals_strict_mode(scheme: str, suffix: bool) -> None:
    name, letters = SCHEMES[scheme]
    for tags in sequences(letters, len(scheme)):
        read = ["-".join(reversed(tag.split("-"))) for tag in tags] if suffix else tags
        theirs = scheme_module.Entities([read], getattr(scheme_module, name), suffix)
        expected = [(one.start, one.end, one.tag) for one in theirs.entities[0]]
        assert [c[:3] for c in repaired(read, scheme, "discard", Counter())] == expected, read


@pytest.mark.parametrize("scheme", SCHEMES)
def test_conlleval_is_seqevals_default(scheme: str) -> None:
    """Which knows the letters of BIOES alone: E- without B- begins an entity of its own."""
    for tags in sequences(SCHEMES[scheme][1], len(scheme)):
        spelled = [tag[:1].translate(IN_BIOES) + tag[1:] for tag in tags]
        expected = [(s, e + 1, label) for label, s, e in labeling.get_entities(spelled)]
        assert [c[:3] for c in repaired(tags, scheme, "conlleval", Counter())] == expected, tags


def test_bare_letters_and_no_letters() -> None:
    for tags in sequences("IB", 9):
        bare = [tag.partition("-")[0] for tag in tags]
        found = [c[:3] for c in repaired(bare, "IOB2", "conlleval", Counter())]
        assert found == [(s, e + 1, "_") for _, s, e in labeling.get_entities(bare)]
        plain = [tag[2:] or "O" for tag in tags]
        inside = [f"I-{tag}" if tag != "O" else tag for tag in plain]
        found = [c[:3] for c in repaired(plain, "IO", "strict", Counter())]
        assert found == [(s, e + 1, label) for label, s, e in labeling.get_entities(inside)]
