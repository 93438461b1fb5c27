"""What must hold for every input, nested, crossing, touching and repeated mentions included."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from dataclasses import replace

import pytest
from entity_counts import mentions, number, score, tally, tally_units, total
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.annotation import Entity, Span
from harness.paragraphs import paragraph_starts
from harness.tasks.ner.count import outcomes
from harness.tasks.ner.options import MATCH_MODES, Match, NerOptions
from harness.tasks.ner.parts import parts
from harness.tasks.ner.score import NerScore
from harness.tasks.ner.tally import ERROR_CLASSES, cells
from harness.tasks.parts import METRICS, Block, Matrix
from harness.tasks.tally import Tally

TEXT = (
    "The Senate's vote.\nIn the Senate, a man met the Fed’s Smith'.\n\n“This Army,” Smiths' said."
)
STRICT = NerOptions()
BOUNDARIES = (NerOptions(), NerOptions(boundary="normalised"))
COUNTS = ("tp", "fp", "fn", "support", "predicted", "cor", "inc", "par", "mis", "spu")

entity = st.tuples(
    st.integers(0, len(TEXT) - 1), st.integers(1, 14), st.sampled_from(["A", "B", "C"])
).map(lambda m: Entity(m[0], min(m[0] + m[1], len(TEXT)), m[2]))
# Words of the text, so that equal and nearly equal spans are common.
word = st.sampled_from(
    [(0, 10), (4, 10), (0, 12), (4, 12), (22, 32), (26, 32), (26, 33), (46, 56), (50, 53), (54, 61)]
)
aimed = st.builds(lambda s, label: Entity(*s, label), word, st.sampled_from(["A", "B"]))
side = st.lists(st.one_of(entity, aimed), max_size=9)
documents = st.lists(st.tuples(side, side), max_size=3)
option = st.sampled_from(BOUNDARIES)
thorough = settings(max_examples=examples(120), deadline=None)


def count(gold: list[Entity], predicted: list[Entity], options: NerOptions = STRICT) -> Tally:
    return tally(gold, predicted, options, text=TEXT)


def correct(counts: Tally) -> int:
    return sum(n for key, n in counts.items() if key[0] == "correct")


def in_mode(counts: Tally, match: str) -> NerScore:
    return score(counts, NerOptions(match=match))


def rates(block: Block) -> tuple[float | None, float | None, float | None]:
    return block.precision, block.recall, block.f1


@given(side, side, option, st.randoms(use_true_random=False))
@thorough
def test_order_is_of_no_account(
    gold: list[Entity], predicted: list[Entity], options: NerOptions, random_: random.Random
) -> None:
    before = count(gold, predicted, options)
    shown = mentions(gold, predicted, options, text=TEXT)
    random_.shuffle(gold)
    random_.shuffle(predicted)
    assert count(gold, predicted, options) == before
    assert mentions(gold, predicted, options, text=TEXT) == shown


@given(side, side, option)
@thorough
def test_swapping_gold_and_predictions_swaps_precision_and_recall(
    gold: list[Entity], predicted: list[Entity], options: NerOptions
) -> None:
    here, there = count(gold, predicted, options), count(predicted, gold, options)
    for match in MATCH_MODES:
        one, other = in_mode(here, match), in_mode(there, match)
        assert set(one.types) == set(other.types)
        # Where labels may differ, pairs count under the gold label, whichever side that is.
        by_type = set(one.types) if match in ("strict", "type") else set()
        for a, b in [
            (one.micro, other.micro),
            *((one.types[label], other.types[label]) for label in by_type),
        ]:
            assert (a.precision, a.recall) == (b.recall, b.precision)
            assert a.f1 == (b.f1 if b.f1 is None else pytest.approx(b.f1))
            assert (a.fp, a.fn, a.support) == (b.fn, b.fp, b.predicted)
            assert (a.mis, a.spu) == (b.spu, b.mis)
        transposed = {(p, g): n for g, row in one.confusion.items() for p, n in row.items()}
        assert transposed == {
            (g, p): n for g, row in other.confusion.items() for p, n in row.items()
        }


@given(side, side, st.sampled_from(MATCH_MODES))
@thorough
def test_counts_add_up(gold: list[Entity], predicted: list[Entity], match: str) -> None:
    result = in_mode(count(gold, predicted), match)
    micro = result.micro
    assert micro.support == len({e[:3] for e in gold})
    assert micro.predicted == len({e[:3] for e in predicted})
    assert micro.support == micro.cor + micro.inc + micro.par + micro.mis
    assert micro.predicted == micro.cor + micro.inc + micro.par + micro.spu
    assert micro.tp == micro.cor + micro.par / 2
    assert micro.tp + micro.fn == micro.support
    assert micro.tp + micro.fp == micro.predicted
    for name in COUNTS:
        assert sum(getattr(b, name) for b in result.types.values()) == getattr(micro, name), name
    for label, block in result.types.items():
        assert block.support == len({e[:3] for e in gold if e.label == label})
        assert block.support == block.cor + block.inc + block.par + block.mis
        assert block.tp + block.fp == block.predicted and block.tp + block.fn == block.support
        rates = (block.precision, block.recall)
        if None not in rates and sum(rates):  # type: ignore[arg-type]
            harmonic = 2 * rates[0] * rates[1] / sum(rates)  # type: ignore[operator,arg-type]
            assert block.f1 == pytest.approx(harmonic)
        if match in ("strict", "type"):
            assert block.predicted == len({e[:3] for e in predicted if e.label == label})
        else:
            assert block.predicted == block.cor + block.inc + block.par + block.spu
    paired = sum(
        result.errors[name] for name in ERROR_CLASSES if name not in ("missed", "spurious")
    )
    assert paired + result.errors["missed"] == micro.support
    assert paired + result.errors["spurious"] == micro.predicted
    for label, block in result.types.items():
        assert sum(result.confusion.get(label, {}).values()) == block.support
        column = sum(row.get(label, 0) for row in result.confusion.values())
        assert column == len({e[:3] for e in predicted if e.label == label})


@given(side, side)
@thorough
def test_errors_and_confusion_are_the_same_in_every_mode(
    gold: list[Entity], predicted: list[Entity]
) -> None:
    counts = count(gold, predicted)
    strict = in_mode(counts, "strict")
    for match in MATCH_MODES:
        other = in_mode(counts, match)
        assert (other.errors, other.confusion) == (strict.errors, strict.confusion)


@given(documents, st.sampled_from(MATCH_MODES))
@thorough
def test_no_value_leaves_its_range(
    documents_: list[tuple[list[Entity], list[Entity]]], match: str
) -> None:
    result = in_mode(total(count(g, p) for g, p in documents_), match)
    blocks = [result.micro, result.macro, result.weighted, *result.types.values()]
    for block in blocks:
        assert all(rate is None or 0 <= rate <= 1 for rate in rates(block))
    for block in (result.micro, *result.types.values()):
        assert all(getattr(block, name) >= 0 for name in COUNTS)
        assert (block.precision is None) == (block.predicted == 0)
        assert (block.recall is None) == (block.support == 0)
        assert (block.f1 is None) == (block.support == block.predicted == 0)


@given(side, side)
@thorough
def test_strict_is_the_lowest(gold: list[Entity], predicted: list[Entity]) -> None:
    counts = count(gold, predicted)
    strict, exact, partial, type_ = (in_mode(counts, match).micro for match in MATCH_MODES)
    for looser in (exact, partial, type_):
        for low, high in zip(rates(strict), rates(looser), strict=True):
            assert (low is None) == (high is None)
            assert low is None or low <= high + 1e-12
    assert exact.tp <= partial.tp
    raw, normalised = (count(gold, predicted, options) for options in BOUNDARIES)
    assert correct(raw) + number(normalised, "forgiven") == correct(normalised)


@given(side, st.sampled_from(MATCH_MODES), option)
@thorough
def test_gold_scored_against_itself_is_perfect(
    gold: list[Entity], match: str, options: NerOptions
) -> None:
    result = in_mode(count(gold, gold, options), match)
    if gold:
        assert rates(result.micro) == rates(result.macro) == rates(result.weighted) == (1, 1, 1)
        assert all(rates(block) == (1, 1, 1) for block in result.types.values())
    else:
        assert rates(result.micro) == (None, None, None)


@given(side, side, st.sampled_from(MATCH_MODES), side)
@thorough
def test_documents_without_mentions_change_nothing_and_documents_add_up(
    gold: list[Entity], predicted: list[Entity], match: str, more: list[Entity]
) -> None:
    counts = count(gold, predicted)
    assert in_mode(total([counts, count([], [])]), match) == in_mode(total([counts]), match)
    # The same two documents one behind the other in one text.
    far = 1000
    moved = [Entity(e.start + far, e.end + far, e.label) for e in more]
    joined = tally([*gold, *moved], [*predicted, *moved], STRICT)
    assert joined == total([counts, count(more, more)])


@given(st.integers(2, 8), st.sampled_from(["exact", "type", "partial"]))
def test_many_predictions_match_one_gold_mention_once(k: int, match: str) -> None:
    gold = [Entity(10, 30, "A")]
    different = {
        "exact": [Entity(10, 30, f"L{i}") for i in range(k)],
        "type": [Entity(10 + i, 31 + i, "A") for i in range(k)],
        "partial": [Entity(10, 30, f"L{i}") for i in range(k)],
    }[match]
    block = in_mode(tally(gold, different, STRICT), match).micro
    assert block.precision == pytest.approx(1 / k)
    assert block.recall == 1
    assert (block.cor, block.spu) == (1, k - 1)


@given(side, side, st.lists(st.sampled_from(range(9)), max_size=5))
@thorough
def test_identical_duplicates_change_no_score(
    gold: list[Entity], predicted: list[Entity], again: list[int]
) -> None:
    once = list({e[:3]: e for e in predicted}.values())
    repeated = [once[i] for i in again if i < len(once)]
    plain, doubled = count(gold, once), count(gold, once + repeated)
    assert number(doubled, "duplicates_predicted") == len(repeated)
    assert Tally({k: n for k, n in doubled.items() if k != ("duplicates_predicted",)}) == plain
    assert bool(score(doubled, STRICT).warnings) == bool(
        repeated or len(gold) > len({e[:3] for e in gold})
    )


@given(side, side, option, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 9)), max_size=2))
@thorough
def test_units_add_up_to_the_document(
    gold: list[Entity],
    predicted: list[Entity],
    options: NerOptions,
    regions: list[tuple[int, int]],
) -> None:
    ignore = [Span(start, start + length) for start, length in regions]
    starts = paragraph_starts(TEXT)
    units = tally_units(gold, predicted, options, text=TEXT, ignore=ignore, starts=starts)
    assert len(units) == len(starts) == 3
    assert total(units) == total([tally(gold, predicted, options, text=TEXT, ignore=ignore)])
    for start, end, unit in zip(starts, [*starts[1:], len(TEXT)], units, strict=True):
        support = score(unit, STRICT).micro.support
        inside = {
            e[:3]
            for e in gold
            if start <= e.start < end
            and not any(max(e.start, s) < min(e.end, t) for s, t in ignore)
        }
        assert support == len(inside)


@given(side, side, option)
@thorough
def test_mentions_are_what_is_counted(
    gold: list[Entity], predicted: list[Entity], options: NerOptions
) -> None:
    listed = mentions(gold, predicted, options, text=TEXT)
    result = score(count(gold, predicted, options), options)
    for name in ERROR_CLASSES:
        assert sum(m.error == name for m in listed) == result.errors[name]
    assert {m.gold[:3] for m in listed if m.gold} == {e[:3] for e in gold}
    assert {m.predicted[:3] for m in listed if m.predicted} == {e[:3] for e in predicted}


@given(documents, option, st.sampled_from(MATCH_MODES))
@thorough
def test_a_measure_is_the_same_of_a_sum_and_of_a_matrix(
    read: list[tuple[list[Entity], list[Entity]]], options: NerOptions, match: Match
) -> None:
    """What `score` prints is what intervals and tests are made of, averages too."""
    tallies = [count(*sides, options) for sides in read] or [Tally()]
    whole = total(tallies)
    result = score(whole, replace(options, match=match))
    matrix = Matrix(tallies)
    blocks = {"micro": result.micro, "macro": result.macro, **result.types}
    named = {part.name: part for part in parts(whole, NerOptions(match=match))}
    # A type that is predicted and never gold has a block, and is no part.
    assert {"micro", "macro"} <= named.keys() <= blocks.keys()
    for name, part in named.items():
        for metric in METRICS:
            stated = getattr(blocks[name], metric)
            assert matrix.counts(part, metric).value == pytest.approx(stated, abs=1e-12)


@given(side, side, option)
@thorough
def test_a_tally_survives_json(
    gold: list[Entity], predicted: list[Entity], options: NerOptions
) -> None:
    counts = count(gold, predicted, options)
    assert Tally.from_json(counts.to_json()) == counts


@given(side, side)
@thorough
def test_new_names_for_labels_change_no_total(gold: list[Entity], predicted: list[Entity]) -> None:
    names = {"A": "z", "B": "y", "C": "x"}  # their order is turned round, too

    def renamed(entities: list[Entity]) -> list[Entity]:
        return [e._replace(label=names[e.label]) for e in entities]

    for match in MATCH_MODES:
        one = in_mode(count(gold, predicted), match)
        other = in_mode(count(renamed(gold), renamed(predicted)), match)
        assert one.micro == other.micro
        assert one.errors == other.errors


@given(st.lists(entity, min_size=1, max_size=6))
def test_the_whole_document_as_a_prediction_earns_next_to_nothing(gold: list[Entity]) -> None:
    whole = [Entity(0, len(TEXT), "A")]
    distinct = len({e[:3] for e in gold})
    for match in ("strict", "exact"):
        assert in_mode(count(gold, whole), match).micro.tp == 0
    for match in ("partial", "type"):
        assert in_mode(count(gold, whole), match).micro.recall <= 1 / distinct


def tags_and_spans(random_: random.Random) -> tuple[list[str], list[Entity]]:
    """A valid BIO sequence of 12 tokens and its spans."""
    tags: list[str] = []
    spans: list[Entity] = []
    while len(tags) < 12:
        if random_.random() < 0.5:
            tags.append("O")
            continue
        length = min(random_.randint(1, 3), 12 - len(tags))
        label = random_.choice(["PER", "ORG", "LOC"])
        spans.append(Entity(len(tags), len(tags) + length, label))
        tags += [f"B-{label}", *[f"I-{label}"] * (length - 1)]
    return tags, spans


@pytest.mark.parametrize("seed", range(40))
def test_random_flat_input_scores_as_in_seqeval(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seqeval = pytest.importorskip("seqeval.metrics")
        scheme = pytest.importorskip("seqeval.scheme")
        random_ = random.Random(seed)
        gold = [tags_and_spans(random_) for _ in range(random_.randint(1, 6))]
        predicted = [tags_and_spans(random_) for _ in gold]
        theirs = seqeval.classification_report(
            [tags for tags, _ in gold],
            [tags for tags, _ in predicted],
            mode="strict",
            scheme=scheme.IOB2,
            output_dict=True,
        )
    ours = score(
        total(tally(g, p, STRICT) for (_, g), (_, p) in zip(gold, predicted, strict=True)), STRICT
    )
    labels = {label for label in theirs if not label.endswith(" avg")}
    assert labels == set(ours.types)
    blocks = {"micro avg": ours.micro, "weighted avg": ours.weighted, **ours.types}
    if all(block.support for block in ours.types.values()):
        blocks["macro avg"] = ours.macro
    for name, block in blocks.items():
        for measure, key in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            value = getattr(block, measure)
            assert (value or 0.0) == pytest.approx(theirs[name][key], abs=1e-9), (name, measure)


@given(side, side, st.sampled_from(MATCH_MODES), option)
@thorough
def test_outcomes_are_the_strict_counts_in_every_mode(
    gold: list[Entity], predicted: list[Entity], match: Match, options: NerOptions
) -> None:
    options = replace(options, match=match)
    told = outcomes(gold, predicted, options, text=TEXT)
    labels = [
        (one.error, one.gold and one.gold.label, one.predicted and one.predicted.label)
        for one in told
    ]
    counts = count(gold, predicted, options)
    assert Counter(labels) == cells(counts)
    assert sum(one.right for one in told) == correct(counts)


def test_a_type_that_is_called_like_an_average_has_a_name_of_its_own() -> None:
    gold = [Entity(0, 4, "micro"), Entity(5, 8, "macro"), Entity(9, 12, "A")]
    names = [part.name for part in parts(count(gold, gold[:2]), NerOptions())]
    assert names == ["micro", "macro", "A", "type macro", "type micro"]
