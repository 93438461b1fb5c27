"""Agreement with other scorers, as computed by themselves and stored, and with published figures.

The vectors are not part of the repository: they are looked for in `shared/vectors` beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from entity_counts import score, tally, total

from harness.annotation import Entity
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.score import NerScore
from harness.tasks.parts import Average, Block
from harness.tasks.tally import Tally

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
STRICT = NerOptions()
CLOSE = 1e-9
# What nervaluate calls our modes.
NERVALUATE = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}

Spans = list[tuple[int, int, str]]


def load(name: str) -> dict[str, Any]:
    path = VECTORS / name
    if not path.is_file():
        return {"cases": []}
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason=f"no vectors beside the repository ({VECTORS})"
)
BIO = load("bio_cases.json")["cases"]
INVALID = load("invalid_bio_cases.json")["cases"]
OTHER = load("bioes_bilou_cases.json")["cases"]


def count(documents: list[tuple[Spans, Spans]]) -> Tally:
    return total(
        tally([Entity(*g) for g in gold], [Entity(*p) for p in predicted], STRICT)
        for gold, predicted in documents
    )


def scored(documents: list[tuple[Spans, Spans]]) -> NerScore:
    return score(count(documents), STRICT)


def valid(tags: list[str]) -> Spans:
    """Spans of BIO tags that keep the rules; an I- that breaks them belongs to no span."""
    spans: Spans = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append((i, i + 1, tag[2:]))
        elif tag.startswith("I-") and spans and spans[-1][1:] == (i, tag[2:]):
            spans[-1] = (spans[-1][0], i + 1, tag[2:])
    return spans


def repaired(tags: list[str]) -> Spans:
    """Spans as conlleval reads them: an I- that does not continue a span begins one."""
    spans: Spans = []
    for i, tag in enumerate(tags):
        if tag.startswith("I-") and spans and spans[-1][1:] == (i, tag[2:]):
            spans[-1] = (spans[-1][0], i + 1, tag[2:])
        elif tag != "O":
            spans.append((i, i + 1, tag[2:]))
    return spans


def agree(ours: Block | Average, theirs: dict[str, float]) -> None:
    """Equal to 1e-9, where they write 0 for what is undefined."""
    for measure in ("precision", "recall", "f1"):
        value = getattr(ours, measure)
        assert (value or 0.0) == pytest.approx(theirs[measure], abs=CLOSE), measure


def agree_with_seqeval(ours: NerScore, theirs: dict[str, Any]) -> None:
    agree(ours.micro, theirs["micro"])
    agree(ours.weighted, theirs["weighted"])
    assert ours.micro.support == theirs["micro"]["support"]
    assert set(ours.types) == set(theirs["per_type"])
    for label, block in theirs["per_type"].items():
        agree(ours.types[label], block)
        assert ours.types[label].support == block["support"]
    if theirs["per_type"] and all(b["support"] for b in theirs["per_type"].values()):
        agree(ours.macro, theirs["macro"])  # else seqeval averages over predicted types as well


def agree_with_conlleval(ours: NerScore, theirs: dict[str, Any]) -> None:
    """It prints two decimals of a percentage."""
    assert ours.micro.support == theirs["phrases_gold"]
    assert ours.micro.predicted == theirs["phrases_found"]
    assert ours.micro.tp == theirs["phrases_correct"]
    for block, percents in [
        (ours.micro, theirs["micro_pct"]),
        *((ours.types[label], row[:3]) for label, row in theirs["per_type_pct"].items()),
    ]:
        rates = (block.precision, block.recall, block.f1)
        for rate, percent in zip(rates, percents, strict=True):
            assert 100 * (rate or 0.0) == pytest.approx(percent, abs=0.005 + 1e-9)


@needs_vectors
@pytest.mark.parametrize("unit", ["char", "tok"])
@pytest.mark.parametrize("case", BIO, ids=lambda case: case["id"])
def test_strict_scores_on_valid_flat_input(case: dict[str, Any], unit: str) -> None:
    documents = [(doc[f"gold_{unit}"], doc[f"pred_{unit}"]) for doc in case["docs"]]
    ours = scored(documents)
    expected = case["expected"]
    agree_with_seqeval(ours, expected["seqeval_strict_iob2_zd0"])
    if expected["sklearn_multilabel"]:
        sklearn = expected["sklearn_multilabel"]
        agree(ours.micro, sklearn["micro"])
        agree(ours.weighted, sklearn["weighted"])
        if ours.macro.types:
            agree(ours.macro, sklearn["macro_gold_types_only"])
        for label, block in sklearn["per_type"].items():
            agree(ours.types[label], block)
            counts = (ours.types[label].tp, ours.types[label].fp, ours.types[label].fn)
            assert counts == (block["tp"], block["fp"], block["fn"])
    if expected["conlleval_pl_percent"] and "micro_pct" in expected["conlleval_pl_percent"]:
        agree_with_conlleval(ours, expected["conlleval_pl_percent"])


@needs_vectors
@pytest.mark.parametrize("case", BIO, ids=lambda case: case["id"])
def test_muc_counts_equal_those_of_nervaluate(case: dict[str, Any]) -> None:
    expected = case["expected"]["nervaluate_token"]
    if not expected or "overall" not in expected:
        pytest.skip("nervaluate has no result for this case")
    if case["expected"]["nervaluate_order_dependent"]:
        pytest.skip("nervaluate gives another result for another order of the same entities")
    counts = count([(doc["gold_tok"], doc["pred_tok"]) for doc in case["docs"]])
    for match, theirs in NERVALUATE.items():
        block = score(counts, NerOptions(match=match)).micro
        assert {
            "correct": block.cor,
            "incorrect": block.inc,
            "partial": block.par,
            "missed": block.mis,
            "spurious": block.spu,
        } == {
            k: expected["overall"][theirs][k]
            for k in ("correct", "incorrect", "partial", "missed", "spurious")
        }, match
        agree(block, expected["overall"][theirs])


@needs_vectors
@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["id"])
@pytest.mark.parametrize(
    ("decode", "reader", "policy"),
    [
        (valid, "seqeval_strict_iob2", "strict_iob2 (seqeval)"),
        (repaired, "seqeval_default", "begin/conlleval (seqeval default)"),
    ],
)
def test_strict_scores_on_invalid_tags(
    case: dict[str, Any], decode: Any, reader: str, policy: str
) -> None:
    gold, predicted = decode(case["gold_bio"]), decode(case["pred_bio"])
    stored = case["decoded"]["pred_spans_tok"][policy]
    if isinstance(stored, list):
        assert sorted(predicted) == sorted(map(tuple, stored))
    expected = case["expected"].get(reader)
    if not expected or "micro" not in expected:
        pytest.skip(f"{reader} has no scores for this case: {expected}")
    agree_with_seqeval(scored([(gold, predicted)]), expected)


@needs_vectors
@pytest.mark.parametrize("case", OTHER, ids=lambda case: case["id"])
def test_strict_scores_on_bioes_and_bilou(case: dict[str, Any]) -> None:
    decoded = case["decoded_pred"].get("seqeval strict")
    expected = case["expected"].get("seqeval_strict")
    if not isinstance(decoded, list) or not expected or "micro" not in expected:
        pytest.skip("seqeval strict has no scores for this case")
    # The gold of these cases is valid: its spans can be read in any way.
    gold: Spans = []
    for i, tag in enumerate(case["gold"]):
        if tag[0] in "BSU":
            gold.append((i, i + 1, tag[2:]))
        elif tag[0] in "IEML":
            gold[-1] = (gold[-1][0], i + 1, tag[2:])
    agree_with_seqeval(scored([(gold, [(s, e, label) for s, e, label in decoded])]), expected)


@needs_vectors
def test_the_published_conll_2000_sample() -> None:
    corpus = load("corpus_conll2000_sample.json")
    both = list(zip(corpus["gold_bio"], corpus["pred_bio"], strict=True))
    ours = scored([(repaired(gold), repaired(predicted)) for gold, predicted in both])
    micro = [
        round(100 * rate, 2) for rate in (ours.micro.precision, ours.micro.recall, ours.micro.f1)
    ]
    assert micro == [68.83, 80.83, 74.35]
    agree_with_conlleval(ours, corpus["expected"]["conlleval_pl_percent"])
    agree_with_seqeval(ours, corpus["expected"]["seqeval_default"])
    strict = scored([(valid(gold), valid(predicted)) for gold, predicted in both])
    agree_with_seqeval(strict, corpus["expected"]["seqeval_strict_iob2"])


@needs_vectors
def test_the_published_germeval_figures() -> None:
    corpus = load("corpus_faireval_germeval_ner.json")
    counts = count([(s["gold"], s["pred"]) for s in corpus["sentences"]])
    ours = score(counts, STRICT)
    published = corpus["expected"]["published_by_the_author"]["traditional_percent"]
    assert published["overall"][3:] == [86.66, 83.51, 85.05]
    for label, (tp, fp, fn, *percents) in published.items():
        block = ours.micro if label == "overall" else ours.types[label]
        assert (block.tp, block.fp, block.fn) == (tp, fp, fn)
        rates = [round(100 * rate, 2) for rate in (block.precision, block.recall, block.f1)]
        assert rates == percents
    sklearn = corpus["expected"]["set_strict_sklearn"]
    agree(ours.micro, sklearn["micro"])
    agree(ours.weighted, sklearn["weighted"])
    agree(ours.macro, sklearn["macro"])


@needs_vectors
def test_germeval_errors_against_faireval_and_nervaluate() -> None:
    corpus = load("corpus_faireval_germeval_ner.json")
    counts = count([(s["gold"], s["pred"]) for s in corpus["sentences"]])
    ours = score(counts, STRICT)
    fair = corpus["expected"]["faireval"]["overall"]["fair"]
    # FairEval lets one prediction stand for several errors, so its classes are close, not equal;
    # what does not depend on that is: exact matches, and a wrong label on the right span.
    assert ours.errors["correct"] == fair["TP"]
    assert ours.errors["type"] == fair["LE"]
    for match, theirs in NERVALUATE.items():
        block = score(counts, NerOptions(match=match)).micro
        expected = corpus["expected"]["nervaluate"]["overall"][theirs]
        # In four sentences one mention overlaps two, of which the second has its type. nervaluate
        # takes the first that it meets; the best pairing takes the second.
        better = 4 if match == "type" else 0
        assert block.cor == expected["correct"] + better
        assert block.inc == expected["incorrect"] - better
        assert block.par == expected["partial"]
        assert block.mis == expected["missed"]
        assert block.spu == expected["spurious"]
