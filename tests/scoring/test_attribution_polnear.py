"""The scorer on real articles: 84 of PolNeAR's development set, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from relation_counts import score, tally, total

from harness.annotation import Attribution, Record, Span
from harness.formats.jsonl import read
from harness.tasks.tally import Tally

pytestmark = pytest.mark.slow

PATH = Path(__file__).parents[3] / "shared" / "corpora" / "polnear" / "polnear_dev.jsonl"


@pytest.fixture(scope="module")
def articles() -> list[Record]:
    if not PATH.is_file():
        pytest.skip(f"the PolNeAR corpus is not here: {PATH}")
    return list(read(PATH))


def relations(record: Record) -> tuple[Attribution, ...]:
    return record.annotations.attributions or ()


def count(record: Record, predicted: list[Attribution]) -> Tally:
    assert record.text is not None
    return tally(relations(record), predicted, text=record.text, ignore=record.ignore)


def test_gold_against_itself(articles: list[Record]) -> None:
    result = score(total(count(record, list(relations(record))) for record in articles))
    assert (len(articles), result.relations["exact"].support) == (84, 2192)
    assert result.relations["exact"].f1 == 1.0
    assert result.null_source.support == 126
    assert result.speaker.f1 is None  # the corpus names no speakers


def test_the_whole_document_finds_next_to_nothing(articles: list[Record]) -> None:
    result = score(
        total(
            count(record, [Attribution((Span(0, len(record.text or "")),))]) for record in articles
        )
    )
    found = result.relations["found50"]
    assert found.predicted == 84
    # In one short article a single relation makes up more than half of the text.
    assert found.tp <= 1
    assert found.f1 is not None
    assert found.f1 < 0.001


def test_five_different_copies_of_everything(articles: list[Record]) -> None:
    def copies(record: Record) -> list[Attribution]:
        assert record.text is not None
        return [
            Attribution(item.content, item.source, Span(at, at + 1))
            for item in relations(record)
            for at in range(5)
        ]

    found = score(total(count(record, copies(record)) for record in articles)).relations["found50"]
    assert found.recall == 1.0
    assert found.precision == pytest.approx(0.2, abs=0.001)
