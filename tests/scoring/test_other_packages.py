"""Scores as krippendorff, scikit-learn and nervaluate compute them, on random input.

`test_vectors` has what other scorers computed once and was stored, `test_properties_ner` seqeval.
"""

from __future__ import annotations

import math
import random
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
from entity_counts import score, tally, total
from plain_rates import f1, precision, rates_of, recall

from harness.annotation import Entity
from harness.curation.agreement.alpha import nominal_alpha
from harness.tasks.ner.options import Match, NerOptions
from harness.tasks.ner.score import NerScore
from harness.tasks.parts import Block

pytestmark = pytest.mark.slow

LABELS = ("LOC", "MISC", "ORG", "PER")
STRATEGIES: dict[Match, str] = {
    "strict": "strict",
    "exact": "exact",
    "partial": "partial",
    "type": "ent_type",
}
OUTCOMES = {
    "cor": "correct",
    "inc": "incorrect",
    "par": "partial",
    "mis": "missed",
    "spu": "spurious",
}

Document = tuple[list[Entity], list[Entity]]
"""Gold and predicted mentions, in tokens."""


def scored(documents: list[Document], match: Match = "strict") -> NerScore:
    options = NerOptions(match=match)
    return score(total(tally(gold, predicted, options) for gold, predicted in documents), options)


# krippendorff


@pytest.mark.parametrize("seed", range(60))
def test_alpha_with_krippendorff(seed: int) -> None:
    """Tables of 2 to 6 annotators, in which up to half of all judgements are missing.

    Where nothing is comparable or all is one category it raises, or divides 0 by 0; we say `None`.
    """
    krippendorff = pytest.importorskip("krippendorff")
    rng = np.random.default_rng(seed)
    annotators, units, categories = rng.integers((2, 1, 1), (7, 30, 6))
    truth = rng.integers(0, categories, units)
    guesses = rng.integers(0, categories, (annotators, units))
    table = np.where(rng.random((annotators, units)) < rng.random(), truth, guesses).astype(float)
    table[rng.random(table.shape) < rng.random() / 2] = np.nan
    judged = [[str(int(value)) for value in unit if not np.isnan(value)] for unit in table.T]
    ours = nominal_alpha([Counter(unit) for unit in judged])
    if ours is None:
        assert len({value for unit in judged if len(unit) > 1 for value in unit}) <= 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = krippendorff.alpha(table, level_of_measurement="nominal")
        except ValueError:
            theirs = math.nan
    assert (math.nan if ours is None else ours) == pytest.approx(theirs, abs=1e-12, nan_ok=True)


# scikit-learn


def flat(rng: random.Random, labels: tuple[str, ...], size: int = 14) -> list[Entity]:
    """Mentions that do not overlap; some are adjacent."""
    mentions = []
    at = rng.randint(0, 3)
    while at < size:
        end = min(size, at + rng.choice([1, 1, 2, 3]))
        mentions.append(Entity(at, end, rng.choice(labels)))
        at = end + rng.choice([0, 1, 2, 4])
    return mentions


def alike(rng: random.Random, documents: int) -> list[Document]:
    """Some predictions are right, some are of another type or of one that the gold has not."""
    found = []
    there, said = rng.sample(LABELS, rng.randint(1, 3)), rng.sample(LABELS, rng.randint(1, 4))
    for _ in range(documents):
        gold = flat(rng, tuple(there))
        kept = [Entity(*g[:2], rng.choice([g.label, g.label, *said])) for g in gold]
        kept = [entity for entity in kept if rng.random() < 0.7]
        own = [e for e in flat(rng, tuple(said)) if rng.random() < 0.5]
        own = [e for e in own if all(e.end <= k.start or k.end <= e.start for k in kept)]
        found.append((gold, sorted(kept + own)))
    return found


def same(ours: Any, theirs: Any) -> None:
    """Both undefined, or equal."""
    assert (math.nan if ours is None else ours) == pytest.approx(
        float(theirs), abs=1e-12, nan_ok=True
    )


@pytest.mark.parametrize("undefined", [0.0, math.nan])
def test_strict_scores_with_scikit_learn(undefined: float) -> None:
    """A sample is a span of either side, its class the type that each side gives it, or none.

    Where scikit-learn writes NaN we say `None`. Its macro and weighted precision then are means
    over the types that were predicted; ours are over those with gold, as its own with 0 are.
    """
    metrics = pytest.importorskip("sklearn.metrics")
    lacking = unsupported = 0
    for seed in range(60):
        rng = random.Random(seed)
        documents = alike(rng, rng.randint(1, 6))
        truth, said = [], []
        for gold, predicted in documents:
            sides = [{e[:2]: e.label for e in side} for side in (gold, predicted)]
            for span in sorted(sides[0].keys() | sides[1].keys()):
                truth.append(sides[0].get(span, "O"))
                said.append(sides[1].get(span, "O"))

        def theirs(
            labels: list[str], average: str | None, truth: Any = truth, said: Any = said
        ) -> Any:
            return metrics.precision_recall_fscore_support(
                truth, said, labels=labels, average=average, zero_division=undefined
            )

        def agree(block: Any, numbers: Any) -> None:
            for value, number in zip(
                (block.precision, block.recall, block.f1), numbers, strict=True
            ):
                same((value or 0.0) if undefined == 0.0 else value, number)

        ours = scored(documents)
        there = sorted({e.label for gold, _ in documents for e in gold})
        every = sorted({e.label for both in documents for side in both for e in side})
        assert list(ours.types) == every and list(ours.macro.types) == there
        for label, *numbers, support in zip(every, *theirs(every, None), strict=True):
            agree(ours.types[label], numbers)
            assert ours.types[label].support == support
        agree(ours.micro, theirs(every, "micro")[:3])
        unpredicted = [label for label in there if not ours.types[label].predicted]
        lacking += bool(unpredicted)
        unsupported += there != every
        for average in ("macro", "weighted"):
            block, numbers = getattr(ours, average), theirs(there, average)[:3]
            if undefined == 0.0 or not unpredicted:
                agree(block, numbers)
                continue
            weights = {x: ours.types[x].support if average == "weighted" else 1 for x in there}
            known = 1 - sum(weights[label] for label in unpredicted) / sum(weights.values())
            assert np.isnan(numbers[0]) == (not known)
            same(block.precision, numbers[0] * known if known else 0.0)
            same(block.recall, numbers[1])
            same(block.f1, numbers[2])
    assert lacking > 5 and unsupported > 5


def test_rates_with_scikit_learn() -> None:
    """Counts of all documents at once, with undefined rates, against one call for each."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    tables, expected = [], []
    for _ in range(200):
        truth, said = rng.random((2, rng.integers(1, 9))) < rng.random((2, 1))
        tables.append([(truth & said).sum(), said.sum(), truth.sum()])
        expected.append(
            metrics.precision_recall_fscore_support(
                truth, said, average="binary", zero_division=math.nan
            )[:3]
        )
    counts = np.array(tables, dtype=float)
    assert np.isnan(expected).any(axis=0).all()
    for ours, theirs in zip(rates_of(counts), np.transpose(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    for rate, theirs in zip((precision, recall, f1), np.transpose(expected), strict=True):
        np.testing.assert_allclose(rate(counts), theirs, atol=1e-12)
    four = counts[:, [0, 2, 0, 1]]
    for ours, theirs in zip(rates_of(four), np.transpose(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("weights", [(1, 1), (2, 1), (1, 2), (0.5, 3), (5, 0.2)])
def test_weighted_f_with_scikit_learn(weights: tuple[float, float]) -> None:
    """beta^2 is the weight of recall over that of precision; only the ratio counts."""
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = weights
    rng = np.random.default_rng(4)
    seen = Counter[str]()
    for _ in range(150):
        truth, said = rng.random((2, rng.integers(1, 12))) < rng.random((2, 1))
        theirs = metrics.fbeta_score(
            truth, said, beta=math.sqrt(second / first), zero_division=math.nan
        )
        counts = np.array([(truth & said).sum(), said.sum(), truth.sum()], float)
        for factor in (1.0, 7.0):
            same(rates_of(counts, (factor * first, factor * second)).f1, theirs)
        seen[
            "nan" if np.isnan(theirs) else str(float(theirs)) if theirs in (0, 1) else "other"
        ] += 1
    assert set(seen) == {"nan", "0.0", "1.0", "other"}


# nervaluate


def by_nervaluate(documents: list[Document], loader: str) -> Any:
    """Its result, from BIO tags or from dictionaries, whose `end` is the last token."""
    evaluator = pytest.importorskip("nervaluate").Evaluator
    sides: list[Any] = []
    for side in (0, 1):
        rows: list[Any] = []
        for document in documents:
            mentions = sorted(document[side])
            if loader == "dict":
                rows.append(
                    [{"label": e.label, "start": e.start, "end": e.end - 1} for e in mentions]
                )
                continue
            tags = ["O"] * max(e.end + 1 for both in document for e in [*both, Entity(0, 1, "")])
            for start, end, label, *_ in mentions:
                tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
            rows.append(tags)
        sides.append(rows)
    return evaluator(*sides, tags=list(LABELS), loader=loader).evaluate()


def one_to_one(rng: random.Random, *, relabel: float) -> list[Document]:
    """Documents in which no mention overlaps two: it is alone, or has one partner.

    So there is nothing to choose. Partners have the same span, or overlap, with another type in
    the share `relabel` of all pairs.
    """
    documents: list[Document] = []
    for _ in range(rng.randint(1, 4)):
        gold, predicted = [], []
        at = 0
        for _ in range(rng.randint(0, 8)):
            start = at + rng.randint(0, 2)
            end = start + rng.randint(1, 4)
            label = rng.choice(LABELS)
            other = rng.choice(LABELS) if rng.random() < relabel else label
            kind = rng.choice(["same", "same", "overlap", "missed", "spurious"])
            at = end
            if kind != "spurious":
                gold.append(Entity(start, end, label))
            if kind == "overlap":
                low, high = rng.randint(start, end - 1), end + rng.randint(0, 2)
                predicted.append(Entity(low, high, other))
                at = high
            elif kind != "missed":
                predicted.append(Entity(start, end, other))
        documents.append((gold, predicted))
    return documents


def outcomes(block: Block) -> dict[str, int]:
    return {theirs: getattr(block, ours) for ours, theirs in OUTCOMES.items()}


def of(label: str, mentions: list[Entity]) -> list[Entity]:
    return [entity for entity in mentions if entity.label == label]


def agree(ours: Block, theirs: Any, *, counts: bool = True) -> None:
    """The MUC counts and the rates; nervaluate writes 0 for what is undefined."""
    if counts:
        assert outcomes(ours) == {name: getattr(theirs, name) for name in OUTCOMES.values()}
    assert (ours.predicted, ours.support) == (theirs.actual, theirs.possible)
    for measure in ("precision", "recall", "f1"):
        assert (getattr(ours, measure) or 0.0) == pytest.approx(
            getattr(theirs, measure), abs=1e-12
        ), measure


CASES = [(seed, loader) for seed in range(30) for loader in ("list", "dict")]


@pytest.mark.parametrize(("seed", "loader"), CASES)
def test_overall_with_nervaluate(seed: int, loader: str) -> None:
    documents = one_to_one(random.Random(seed), relabel=0.5)
    theirs = by_nervaluate(documents, loader)
    for match, strategy in STRATEGIES.items():
        agree(scored(documents, match).micro, theirs["overall"][strategy])


@pytest.mark.parametrize(("seed", "loader"), CASES)
def test_types_with_nervaluate_where_partners_agree_on_them(seed: int, loader: str) -> None:
    """All counts and rates of every type, in all four modes."""
    documents = one_to_one(random.Random(seed), relabel=0)
    theirs = by_nervaluate(documents, loader)["entities"]
    for match, strategy in STRATEGIES.items():
        ours = scored(documents, match).types
        assert set(ours) == set(theirs)
        for label, block in ours.items():
            agree(block, theirs[label][strategy])


@pytest.mark.parametrize(("seed", "loader"), CASES)
def test_types_with_nervaluate_once_partners_are_given_the_gold_type(
    seed: int, loader: str
) -> None:
    """`exact` and `partial` do not look at types: a pair counts under the type of its gold mention.

    nervaluate differs as it comes: it scores a type over the mentions of that type alone, so two
    partners of different types never meet, one is missed, the other spurious, and its types do not
    add up to its overall counts. Given predictions that have their partner's type, which changes
    no overlap, it counts by type what we count without that.
    """
    documents = one_to_one(random.Random(seed), relabel=0.5)
    retyped = [
        (
            gold,
            [
                Entity(
                    *p[:2],
                    next((g.label for g in gold if g.start < p.end and p.start < g.end), p.label),
                )
                for p in predicted
            ],
        )
        for gold, predicted in documents
    ]
    theirs = by_nervaluate(retyped, loader)
    for match in ("exact", "partial"):
        ours = scored(documents, match)
        agree(ours.micro, theirs["overall"][match])
        assert set(theirs["entities"]) <= set(ours.types)
        for label, block in ours.types.items():
            if label in theirs["entities"]:
                agree(block, theirs["entities"][label][match])
            else:  # a type that stands only in predictions with a partner of another type
                assert (block.support, block.predicted) == (0, 0)
                assert not any(outcomes(block).values())


@pytest.mark.parametrize(("seed", "loader"), CASES)
def test_types_with_nervaluate_where_partners_differ(seed: int, loader: str) -> None:
    """`strict` and `type`: rates are the same, and it says missed and spurious for our incorrect.

    Under all modes it counts what we count on the mentions of that type alone.
    """
    documents = one_to_one(random.Random(seed), relabel=0.5)
    theirs = by_nervaluate(documents, loader)["entities"]
    for match, strategy in STRATEGIES.items():
        ours = scored(documents, match)
        assert set(ours.types) == set(theirs)
        for label, block in ours.types.items():
            other = theirs[label][strategy]
            alone = [(of(label, gold), of(label, predicted)) for gold, predicted in documents]
            agree(scored(alone, match).micro, other)
            if match in ("strict", "type"):
                agree(block, other, counts=False)
                assert block.cor == other.correct
                met = ours.confusion.get(label, {}).get(label, 0)
                assert other.missed == block.support - met
                assert other.spurious == block.predicted - met
                assert other.incorrect == met - block.cor
                assert block.inc == other.incorrect + other.missed - block.mis


@pytest.mark.parametrize("seed", range(60))
def test_flat_mentions_with_nervaluate(seed: int) -> None:
    """Mentions may overlap two here, in text order: it takes the first partner, we the best.

    Which of two it takes changes no rate but that under `type`, where it may miss a partner of
    the same type, and never gains. Under `strict` and `exact` we pair for more equal types before
    more pairs, so two of its pairs that are incorrect may be one of ours, one missed and one
    spurious.
    """
    rng = random.Random(seed)
    documents = [(flat(rng, LABELS[:2]), flat(rng, LABELS[:2])) for _ in range(4)]
    theirs = by_nervaluate(documents, "list")["overall"]
    for match, strategy in STRATEGIES.items():
        ours = scored(documents, match).micro
        if match == "type":
            assert ours.cor >= theirs[strategy].correct
            assert (ours.predicted, ours.support) == (len_of(documents, 1), len_of(documents, 0))
        else:
            agree(ours, theirs[strategy], counts=match == "partial")
            assert ours.cor == theirs[strategy].correct


def len_of(documents: list[Document], side: int) -> int:
    return sum(len(document[side]) for document in documents)


def test_nervaluate_overlooks_a_little_of_much() -> None:
    """Less than 1 % of the gold mention is no overlap to it; to us one character is one."""
    for length, met in ((100, True), (101, False)):
        document = ([Entity(0, length, "PER")], [Entity(length - 1, length + 1, "PER")])
        theirs = by_nervaluate([document], "dict")["overall"]["partial"]
        assert theirs.partial == met
        assert scored([document], "partial").micro.par == 1
