"""Real corpora, where they lie beside the checkout: statistics as published, speed, flat memory.

The corpora are not part of this project; without them these tests are skipped.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness.annotation import Record, Span
from harness.formats import jsonl, polnear
from harness.formats.columns import rows_of
from harness.formats.layout import layout_of
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess
from harness.formats.tags import BadTag, Repair, repaired
from harness.formats.writing import write_any
from harness.gold.loading import load_goldset
from harness.labels.meeting import coverage, meet

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
CORPORA, VECTORS = SHARED / "corpora", SHARED / "vectors"
BRAT_DEV = CORPORA / "polnear" / "brat-dev"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="needs the corpora in ../shared/corpora"),
]


def _labels(records: list[Record]) -> Counter[str]:
    return Counter(e.label for record in records for e in record.annotations.entities or ())


def test_polnear_dev_statistics() -> None:
    report = Losses()
    records = list(read_any(BRAT_DEV, losses=report))
    relations = [item for record in records for item in record.annotations.attributions or ()]
    assert len(records) == 84
    assert len(relations) == 2192
    assert sum(len(item.content) > 1 for item in relations) == 290
    assert sum(item.source is None for item in relations) == 126
    assert {item.kind for item in relations} == {None}
    assert sum(len(record.ignore) for record in records) == 24
    assert report["events without content: dropped"] == 1
    names = polnear.annotators(BRAT_DEV)
    assert sum(len(list(polnear.read(BRAT_DEV, annotator=name))) for name in names) == 94


def test_polnear_dev_is_relation_for_relation_what_others_converted() -> None:
    ours = {record.id: record for record in read_any(BRAT_DEV)}
    theirs = {record.id: record for record in jsonl.read(CORPORA / "polnear" / "polnear_dev.jsonl")}
    assert ours.keys() == theirs.keys()
    for id_, record in ours.items():
        other = theirs[id_]
        assert record.text == other.text
        assert sorted(record.ignore) == sorted(other.ignore)
        # They derived kinds, which the corpus does not annotate and this reader does not make up.
        assert Counter(record.annotations.attributions or ()) == Counter(
            replace(item, kind=None) for item in other.annotations.attributions or ()
        )


def test_polnear_train_is_read_in_time() -> None:
    start = time.process_time()
    records = list(read_any(CORPORA / "polnear" / "polnear_train.jsonl"))
    assert time.process_time() - start < 3
    assert len(records) == 840
    assert sum(len(record.annotations.attributions or ()) for record in records) == 19832


def test_litbank() -> None:
    records = list(read_any(CORPORA / "litbank_quotes.jsonl"))
    assert len(records) == 100
    assert sum(len(record.annotations.attributions or ()) for record in records) == 1765


@pytest.mark.parametrize(
    ("name", "sentences", "tokens", "entities"),
    [
        # Sentences and tokens as published (Tjong Kim Sang and De Meulder 2003, table 1). This
        # copy has 70 entities fewer in train, 4 in dev, than table 2 of that paper.
        ("conll2003_train", 14041, 203621, {"person": 6600, "location": 7129,
                                            "organisation": 6297, "misc": 3403}),
        ("conll2003_dev", 3250, 51362, {"person": 1842, "location": 1837,
                                        "organisation": 1341, "misc": 918}),
        # Sentences as published (Liu et al. 2021, table 1).
        ("crossner_politics_train", 200, None, None),
        ("crossner_politics_dev", 541, None, None),
    ],
)  # fmt: skip
def test_tag_files(
    name: str, sentences: int, tokens: int | None, entities: dict[str, int] | None
) -> None:
    path = CORPORA / "ner" / f"{name}.txt"
    assert guess(path).name == "conll"
    records = list(read_any(path))
    assert len(records) == sentences
    if tokens is not None:
        assert sum(len((record.text or "").split(" ")) for record in records) == tokens
        assert _labels(records) == entities


def test_conll_train_is_converted_in_time_and_back(tmp_path: Path) -> None:
    source = CORPORA / "ner" / "conll2003_train.txt"
    start = time.process_time()
    count = write_any(tmp_path / "train.jsonl", read_any(source), "jsonl")
    assert time.process_time() - start < 2
    assert count == 14041
    records = list(read_any(tmp_path / "train.jsonl"))
    report: Counter[str] = Counter()
    write_any(tmp_path / "back.conll", records, "conll", losses=report)
    assert report == {"document ids: left out": count}
    tags, back = (
        [(row.fields[0], row.fields[-1]) for row in rows_of(path, layout_of(path)) if row.fields]
        for path in (source, tmp_path / "back.conll")
    )
    assert back == tags


def test_memory_stays_flat(tmp_path: Path) -> None:
    source = CORPORA / "ner" / "crossner_politics_train.txt"
    (tmp_path / "ten").write_text(source.read_text("utf-8") * 10, "utf-8")

    def peak(path: Path) -> int:
        tracemalloc.start()
        for _ in read_any(path):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(source)  # imports
    assert peak(tmp_path / "ten") < 2 * peak(source)


def test_schemas_of_real_gold_are_guessed_and_meet_ontonotes() -> None:
    gold = load_goldset(CORPORA / "ner" / "conll2003_dev.txt")
    assert gold.schema is not None
    assert gold.schema.name == "conll03"
    meeting = meet(gold.schema, "ontonotes5")
    assert meeting.schema.name == "conll03"
    assert coverage(meeting, None, gold.labels) == ((), 1.0)
    politics = load_goldset(CORPORA / "ner" / "crossner_politics_dev.txt")
    assert politics.schema is not None
    assert politics.schema.name == "crossner-politics"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="needs the vectors in ../shared/vectors")
@pytest.mark.parametrize(
    ("peer", "repair"),
    [
        ("strict_iob2 (seqeval)", "discard"),
        ("discard (seqscore)", "discard"),
        ("begin/conlleval (seqeval default)", "conlleval"),
        ("begin/conlleval (seqscore)", "conlleval"),
    ],
)
def test_repairs_are_what_the_peers_read(peer: str, repair: Repair) -> None:
    cases = json.loads((VECTORS / "invalid_bio_cases.json").read_text())["cases"]
    assert len(cases) == 15
    for case in cases:
        for side in ("gold", "pred"):
            tags, expected = case[f"{side}_bio"], case["decoded"][f"{side}_spans_tok"][peer]
            found = [list(chunk[:3]) for chunk in repaired(tags, "IOB2", repair, Counter())]
            assert found == expected, case["id"]


@pytest.mark.skipif(not VECTORS.is_dir(), reason="needs the vectors in ../shared/vectors")
def test_bioes_and_bilou_are_what_seqeval_reads() -> None:
    policies: dict[str, Repair] = {"seqeval strict": "discard", "seqeval default": "conlleval"}
    cases = json.loads((VECTORS / "bioes_bilou_cases.json").read_text())["cases"]
    for case in cases:
        for peer, repair in policies.items():
            found = repaired(case["pred"], case["encoding"], repair, Counter())
            assert [list(chunk[:3]) for chunk in found] == case["decoded_pred"][peer], case["id"]
        refused = case["decoded_pred"]["seqscore none"] == "EncodingError"
        if refused:
            with pytest.raises(BadTag):
                repaired(case["pred"], case["encoding"], "strict", Counter())


def test_a_span_of_polnear_by_hand() -> None:
    record = next(r for r in read_any(BRAT_DEV) if r.id.startswith("politico_2016-09-08_flynn"))
    first = (record.annotations.attributions or ())[0]
    assert (first.source, first.cue, first.content) == (Span(0, 5), Span(6, 10), (Span(11, 72),))
