"""Which slices a search finds, on items of which everything is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from explaining import scored_in_memory

from harness.annotation import Annotations, Entity, Record
from harness.decide.explain.explain import ExplainOptions, explain
from harness.decide.explain.explanation import Difference, Explanation
from harness.decide.explain.search import Clusters, Side, weakest

NOTHING = Side(np.zeros((0, 1), dtype=int), np.zeros(0, dtype=int), Clusters([], [], frozenset()))


def search(codes: Any, hits: Any, clusters: Any, min_support: int = 20) -> list[Any]:
    side = Side(np.asarray(codes), np.asarray(hits), Clusters(clusters, clusters, frozenset()))
    first, second = weakest((side, NOTHING), min_support=min_support, level=0.05)
    assert (second.found, second.tested, second.too_small) == ([], 0, 0)
    return [*first.found, first.tested, first.too_small]


def test_a_slice_with_more_hits_is_found_with_its_numbers() -> None:
    """40 of 200 items are in slice 1, of which 30 are hits; of the others 16 of 160."""
    codes = np.array([[1]] * 40 + [[0]] * 160)
    hits = np.array([1] * 30 + [0] * 10 + [1] * 16 + [0] * 144)
    found, tested, small = search(codes, hits, np.arange(200))
    assert (found.conditions, found.hits, found.size) == (((0, 1),), 30, 40)
    assert found.elsewhere == 0.1 and found.false_discovery_rate < 1e-6
    # The slice of 160 is more than half of all: the rule and no exception.
    assert (tested, small) == (1, 0)
    assert search(codes, hits, np.arange(200), min_support=41) == [0, 1]


def test_what_most_items_have_is_not_tested() -> None:
    codes = np.array([[1]] * 120 + [[0]] * 80)
    hits = np.array([1] * 100 + [0] * 100)
    assert search(codes, hits, np.arange(200)) == [1, 0]


def test_items_of_one_cluster_say_little() -> None:
    codes = np.array([[1]] * 40 + [[0]] * 160)
    hits = np.array([1] * 20 + [0] * 20 + [1] * 40 + [0] * 120)
    assert len(search(codes, hits, np.arange(200))) == 3
    # All hits of the slice in one of its eight clusters of five, then twenty.
    blocks = np.array([0] * 20 + [*range(1, 8)] * 2 + [1] * 6 + [*range(8, 168)])
    assert len(search(codes, hits, blocks)) == 2


@pytest.mark.parametrize(("clusters", "expected"), [(5, 2), (6, 3)])
def test_few_clusters_find_nothing(clusters: int, expected: int) -> None:
    codes = np.array([[1]] * 60 + [[0]] * 160)
    hits = np.array([1, 1, 1, 0, 1, 1] * 10 + [0] * 160)
    of = np.array([n % clusters for n in range(60)] + [*range(6, 166)])
    assert len(search(codes, hits, of)) == expected


@pytest.mark.parametrize("hits_there", [11, 12, 13])
def test_a_slice_of_one_cluster_is_not_found_however_large_its_p_value(hits_there: int) -> None:
    """With 11 hits its p-value is .09, above any level: with its weight it would be found beside
    the clear slice."""
    codes = np.array([[1]] * 160 + [[2]] * 20 + [[0]] * 220)
    there = [1] * hits_there + [0] * (20 - hits_there)
    hits = np.array([1] * 112 + [0] * 48 + there + [1] * 30 + [0] * 190)
    clusters = np.array([*range(160), *[160] * 20, *range(161, 381)])
    found = [one.conditions for one in search(codes, hits, clusters)[:-2]]
    assert found == [((0, 1),)]


def test_a_pair_is_found_that_none_of_its_slices_shows() -> None:
    """All are hits where both facets are 1, none where one of them is, and every second elsewhere:
    a third of each slice."""
    cells = [(a, b, n) for a in range(3) for b in range(3) for n in range(60)]
    codes = np.array([cell[:2] for cell in cells])
    hits = np.array([(a == b == 1) or (1 not in (a, b) and n % 2) for a, b, n in cells], dtype=int)
    first, *rest = search(codes, hits, np.arange(540))
    assert first.conditions == ((0, 1), (1, 1)) and (first.hits, first.size) == (60, 60)
    assert first.elsewhere == 0.25
    # The pairs whose every second item is a hit, where it is three of eight elsewhere.
    assert {one.hits for one in rest[:-2]} <= {30} and rest[-2:] == [6 + 9, 0]


# Between two backends


def documents(letters: str = "PPLO") -> list[Record]:
    """Twelve documents with a mention for each letter, and as many words that are none."""
    text = "".join(f"Riga{n} and Oslo{n} came. " for n in range(len(letters)))
    step = len(text) // len(letters)
    names = {"P": "PER", "L": "LOC", "O": "ORG"}
    marked = tuple(Entity(n * step, n * step + 5, names[one]) for n, one in enumerate(letters))
    return [Record(f"d{n}", text, Annotations(marked)) for n in range(12)]


def decoy(one: Entity, label: str) -> Entity:
    return Entity(one.start + 10, one.start + 15, label)


def said(records: list[Record], without: str, made_up: str) -> list[Record]:
    """All mentions but those of a type, and one of another type that is made up for each."""
    out = []
    for record in records:
        gold = record.annotations.entities or ()
        items = [one for one in gold if one.label != without]
        out.append(
            Record(record.id, None, Annotations((*items, *(decoy(one, made_up) for one in gold))))
        )
    return out


@pytest.fixture(scope="module")
def difference() -> Difference:
    records = documents()
    systems = [
        scored_in_memory(records, said(records, "LOC", "ORG"), name="a"),
        scored_in_memory(records, said(records, "PER", "LOC"), name="b"),
    ]
    options = ExplainOptions(resamples=20, slices=("type",))
    return explain(systems, options, reference="a").differences[0]


def test_what_the_second_loses(difference: Difference) -> None:
    """It misses 24 people that the first finds, and finds 12 places; it makes 48 places up, where
    the first makes up organisations."""
    sentences = {one.metric: one.sentence for one in difference.searched.weaknesses}
    wrong = "of the 48 wrong mentions of type LOC that only one of the two gives"
    assert sentences == {"precision": f"{wrong} 100 % are its own, 0 % elsewhere"}
    assert difference.searched.min_support == 10
    # People are 24 of the 36 that one of the two has alone: more than half.
    assert difference.searched.tested == 1 + 2


def test_costs_and_slices_of_the_difference(difference: Difference) -> None:
    # 24 of 48 gold and 72 predictions are right, of the first 36 of 48 and 84.
    assert difference.difference == pytest.approx(2 * 24 / 120 - 2 * 36 / 132)
    cases = {cost.kind: cost.cases for cost in difference.costs}
    assert cases == {"missed": 12, "spurious": 0}
    by_type = {one.value: one.contrasts["recall"].difference.value for one in difference.slices}
    assert by_type == {"PER": -1.0}  # Of the others there are twelve.


def test_two_slices_that_are_everything_mirror_each_other() -> None:
    records = [
        Record(r.id, r.text, r.annotations, metadata={"genre": "ab"[n % 2]})
        for n, r in enumerate(documents("PPPLLL"))
    ]
    answers = [
        Record(r.id, None, Annotations((r.annotations.entities or ())[n % 3 : 4 + n % 2]))
        for n, r in enumerate(records)
    ]
    one = explanation(records, answers, slices=("genre",))
    a, b = (each.contrasts["f1"].difference for each in one.slices)
    assert a.value == pytest.approx(-(b.value or 0), abs=1e-12) and a.value
    low, high = a.interval.bounds or (0, 0)
    assert low <= a.value <= high and low < high
    assert b.interval.bounds == pytest.approx((-high, -low), abs=1e-12)


def explanation(records: list[Record], answers: list[Record], **more: Any) -> Explanation:
    options = ExplainOptions(**{"resamples": 200, "min_support": 1, **more})
    return explain([scored_in_memory(records, answers)], options).explanations[0]


def test_examples_show_one_fault_first_and_then_what_is_frequent() -> None:
    """Riga0 has the wrong type and edge in all documents, Riga1 the wrong type in two, Riga2 in
    three."""
    records = documents("PPPL")
    answers = []
    for n, record in enumerate(records):
        zero, one, two, three = record.annotations.entities or ()
        zero = zero._replace(label="LOC", end=zero.end - 1)
        one = one._replace(label="LOC") if n < 2 else one
        two = two._replace(label="LOC") if n < 3 else two
        answers.append(Record(record.id, None, Annotations((zero, one, two, three))))
    costs = {cost.kind: cost for cost in explanation(records, answers).costs}
    shown = costs["type PER > LOC"].examples
    text = records[0].text or ""
    words = [text[one.mention.start : one.mention.end] for one in shown]
    assert words == ["Riga2", "Riga1", "Riga0"] and [one.alike for one in shown] == [3, 2, 12]
    assert [one.predicted[0].label for one in shown] == ["LOC"] * 3
    assert costs["type PER > LOC"].cases == 17
