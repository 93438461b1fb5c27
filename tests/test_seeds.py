"""The seed articles and their gold: unchanged, valid, and labelled as the card says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.curation.validate.validate import validate
from harness.gold.loading import load_goldset

ROOT = Path(__file__).parent.parent
SEEDS = {
    "000_23a35c672fad7310": 2698,
    "001_8a221ff2fe0de18f": 2907,
    "002_a9d0978c79ff90d1": 9017,
    "003_50a6a5cce73b30de": 2063,
    "004_d9b9fa6d9a6cb186": 3937,
}
SHARED = ROOT.parent / "shared" / "seeds"


def test_the_five_articles_are_whole() -> None:
    texts = {path.stem: path.read_bytes().decode("utf-8") for path in (ROOT / "seeds").iterdir()}
    assert {id_: len(text) for id_, text in texts.items()} == SEEDS


@pytest.mark.skipif(not SHARED.is_dir(), reason="the original articles are not on this machine")
def test_the_articles_are_byte_for_byte_the_originals() -> None:
    for path in sorted(SHARED.glob("*.txt")):
        own = ROOT / "seeds" / path.name
        assert hashlib.sha256(own.read_bytes()).digest() == (
            hashlib.sha256(path.read_bytes()).digest()
        )


def test_the_gold_set_is_valid_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert validate(ROOT / "goldsets" / "seeds") == []


def test_the_gold_set_is_as_large_as_its_readme_says() -> None:
    gold = load_goldset(ROOT / "goldsets" / "seeds")
    records = list(gold.records())
    entities = sum(len(record.annotations.entities or ()) for record in records)
    attributions = sum(len(record.annotations.attributions or ()) for record in records)
    readme = (ROOT / "goldsets" / "README.md").read_text("utf-8")
    words = sum(len((record.text or "").split()) for record in records)
    assert f"| `seeds` | 5 news articles, {words:,} words | {entities} | {attributions} |" in readme


def test_every_span_stays_within_a_line_or_is_told_apart() -> None:
    """A span over a line end is rare and wanted; an entity never has one."""
    for record in load_goldset(ROOT / "goldsets" / "seeds").records():
        text = record.text or ""
        for entity in record.annotations.entities or ():
            assert "\n" not in text[entity.start : entity.end]
