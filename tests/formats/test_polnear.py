"""PolNeAR's brat: its rules, on two invented articles."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.annotation import Annotations, Attribution, Record, Span
from harness.errors import InputError
from harness.formats import polnear

#       0         1         2         3         4         5         6
#       0123456789012345678901234567890123456789012345678901234567890123456789
TEXT = "“We won,” Roe said.\n\nCritics,\u00a0who\nlaughed, doubt that it rains.\nAd here"
ANN = (
    "T1\tSource 10 13\tRoe\n"
    "T2\tCue 14 18\tsaid\n"
    "T3\tContent 0 9\t“We won,”\n"
    "T4\tAttribution 14 18\tsaid\n"
    "E1\tAttribution:T4 Content:T3 Cue:T2 Source:T1\n"
    # brat cuts at the newline: one source in two fragments
    "T5\tSource 21 33;34 42\tCritics,\u00a0who laughed,\n"
    "T6\tCue 43 48\tdoubt\n"
    # the printed text goes on in a line of its own, and is wrong besides
    "T7\tContent 49 62\tthat it\nruns\n"
    "T8\tAttribution-no-source 43 48\tdoubt\n"
    # named no-source and yet has one; content in two numbered roles
    "E2\tAttribution-no-source:T8 Content:T7 Content2:T9 Cue:T6 Source:T5\n"
    "T9\tContent 10 18\tRoe said\n"
    "E3\tAttribution:T4 Source:T1\n"
    "T10\tDiscard 64 71\tAd here\n"
    "T11\tDiscuss 0 9\t“We won,”\n"
    "#1\tAnnotatorNotes E1\tfine\n"
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for folder in ("attributions", "text"):
        (tmp_path / folder).mkdir()
    (tmp_path / "text" / "paper_one.txt").write_bytes(TEXT.encode())
    (tmp_path / "text" / "paper_two.txt").write_bytes(b"Rain.\r\n")
    (tmp_path / "attributions" / "paper_one_b2.ann").write_text("")
    (tmp_path / "attributions" / "paper_one_a1.ann").write_bytes(ANN.encode())
    (tmp_path / "attributions" / "paper_two_c3.ann").write_text("")
    return tmp_path


def test_rules(corpus: Path) -> None:
    report: Counter[str] = Counter()
    first, second = polnear.read(corpus, losses=report)
    assert first == Record(
        "paper_one",
        TEXT,
        Annotations(
            None,
            (
                Attribution((Span(0, 9),), Span(10, 13), Span(14, 18)),
                Attribution((Span(10, 18), Span(49, 62)), Span(21, 42), Span(43, 48)),
            ),
        ),
        (Span(64, 71),),
    )
    assert second == Record("paper_two", "Rain.\r\n", Annotations(None, ()))
    assert report == {
        "events without content: dropped": 1,
        "Discuss regions (an annotator's doubt): left out": 1,
        "labellings by further annotators: left out (annotator=NAME reads one)": 1,
    }


def test_annotators(corpus: Path) -> None:
    assert polnear.annotators(corpus) == ("a1", "b2", "c3")
    files = polnear.labellings(corpus)
    assert {text.stem: sorted(by) for text, by in files.items()} == {
        "paper_one": ["a1", "b2"],
        "paper_two": ["c3"],
    }
    for name, ids in (("a1", ["paper_one"]), ("b2", ["paper_one"]), ("c3", ["paper_two"])):
        assert [record.id for record in polnear.read(corpus, annotator=name)] == ids
    (other,) = polnear.read(corpus, annotator="b2")
    assert other.annotations == Annotations(None, ())


def test_missing_text_and_no_corpus_at_all(corpus: Path, tmp_path: Path) -> None:
    (corpus / "text" / "paper_two.txt").unlink()
    with pytest.raises(InputError, match=r"has no text: expected .*paper_two\.txt"):
        list(polnear.read(corpus))
    with pytest.raises(InputError, match="holds no PolNeAR folder"):
        list(polnear.read(tmp_path / "text"))
