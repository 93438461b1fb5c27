"""Sums of parts of a gold set make the numbers of the whole, whatever the parts are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from material import Material, material
from support import examples

from harness.annotation import Annotations, Record
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.results.count import Count, open_count
from harness.results.settle import PredictedLabels
from harness.results.sums import Sums
from harness.tasks.attribution.task import Attributions
from harness.tasks.base import DocumentPair, Task
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.task import NamedEntities

sys.path.insert(0, str(Path(__file__).parent / "third"))
try:
    from topics import Topic, TopicOptions, Topics
finally:
    sys.path.pop(0)

NER, ATTRIBUTION = NamedEntities(), Attributions()
OPTIONS = (NerOptions(), NerOptions(match="partial"), NerOptions(boundary="normalised"))


def opened(gold: GoldSet, made: Material, options: Any) -> Count:
    """A new count of what a backend said; its labels are known from all of its answers."""
    task = NER if made.task == "ner" else ATTRIBUTION
    labels = PredictedLabels(occurring=dict.fromkeys(made.labels, 1))
    return open_count(gold, task, options, predicted_labels=labels, as_spelled=made.stated is None)


def pairs_of(made: Material) -> list[DocumentPair]:
    """Each document with what was said of it; without an answer with nothing."""
    task = NER if made.task == "ner" else ATTRIBUTION
    return [
        DocumentPair(gold, said.annotations)
        if (said := made.answers.get(gold.id)) is not None
        else DocumentPair(gold, task.layers(), error="no answer")
        for gold in made.gold
        if task.is_annotated(gold)
    ]


def check_adds_up(whole: Count, parts: Sequence[Count]) -> None:
    """The parts, as their shards have written them down, make the same of everything."""
    added = Sums()
    for part in parts:
        added.add(Sums.from_json(json.loads(json.dumps(part.sums.to_json()))))
    task, options, capabilities = whole.task, whole.options, whole.capabilities
    assert added.to_json() == whole.sums.to_json()
    one, other = (
        (sums.stated_scores(task, options, capabilities), sums.caveats(task, options, capabilities))
        for sums in (whole.sums, added)
    )
    assert json.dumps(one) == json.dumps(other)
    assert one[1] == {name: getattr(whole.caveats(), name) for name in one[1]}
    assert one[0] == whole.stated_scores()
    assert Sums.from_json(whole.sums.to_json()).to_json() == whole.sums.to_json()


@st.composite
def cuts(draw: st.DrawFn, task: str, carded: bool) -> tuple[Material, list[int], Any]:
    made = draw(material(task, carded=carded))
    where = draw(st.lists(st.integers(0, 2), min_size=len(made.gold), max_size=len(made.gold)))
    return made, where, draw(st.sampled_from(OPTIONS)) if task == "ner" else None


@settings(max_examples=examples(100))
@given(st.one_of(cuts("ner", False), cuts("ner", True), cuts("attribution", True)))
def test_any_cut_makes_the_same(drawn: tuple[Material, list[int], Any]) -> None:
    made, where, options = drawn
    with TemporaryDirectory() as folder:
        path, _ = made.write(Path(folder))
        gold = load_goldset(path.parent if path.name == "goldset.toml" else path)
        whole, *parts = (opened(gold, made, options) for _ in range(4))
        for pair, part in zip(pairs_of(made), where, strict=False):
            units = whole.add(pair)
            assert parts[part].add(pair) == units
        check_adds_up(whole, parts)


def test_a_third_task(tmp_path: Path) -> None:
    """Somebody else's task: nothing in the sums knows what is counted."""
    task: Task = Topics()
    rows = [Record(f"d{n}", f"text {n}", Annotations()) for n in range(9)]
    names = ("sport", "money", "rain")

    def about(*chosen: int) -> Annotations:
        return Annotations().with_layer("topics", tuple(Topic(names[n % 3]) for n in set(chosen)))

    jsonl.write(tmp_path / "gold.jsonl", rows)
    gold = load_goldset(tmp_path / "gold.jsonl?name=topics")
    options = TopicOptions(most=2)
    counts = [open_count(gold, task, options, predicted_labels=PredictedLabels()) for _ in range(4)]
    for n, row in enumerate(rows):
        pair = DocumentPair(replace(row, annotations=about(n, n + 1)), about(n, 2 * n))
        for one in (counts[0], counts[1 + n % 3]):
            one.add(pair)
    check_adds_up(counts[0], counts[1:])
    assert counts[0].sums.documents == 9
    assert counts[0].stated_scores()


# What is no sum


def test_nothing_is_a_sum() -> None:
    empty = Sums()
    assert Sums.from_json(empty.to_json()).to_json() == empty.to_json()
    empty.add(Sums())
    assert empty.to_json() == Sums().to_json()
    assert Sums().stated_scores(NER, NerOptions(), None)["strict"]["f1"] is None


def test_parts_stay_as_they_are() -> None:
    one, other = Sums(1), Sums(2)
    for sums, n in ((one, 1), (other, 5)):
        sums.total["gold", "PER"] = sums.unknown["X"] = n
        sums.further["normalised"] = type(sums.total)({("gold", "PER"): n})
    before = other.to_json()
    one.add(other)
    one.add(other)
    assert other.to_json() == before
    assert one.to_json() == {
        "documents": 5,
        "total": {"gold": {"PER": 11}},
        "unscored": {},
        "further": {"normalised": {"gold": {"PER": 11}}},
        "unknown": {"X": 11},
        "not_scored": {},
    }


def test_what_comes_to_nothing_is_not_there() -> None:
    """Shifts between kinds of errors may be negative in one part and undone by another."""
    one, other = Sums(), Sums()
    one.total["shift", "PER"], other.total["shift", "PER"] = 3, -3
    one.add(other)
    assert one.to_json() == Sums().to_json()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "expected an object of sums with documents, total, "),
        ([], "expected an object of sums"),
        ({}, "expected an object of sums"),
        ({"more": 1}, "expected an object of sums"),
        ({"documents": -1}, "documents: found -1, expected a count"),
        ({"documents": 1.0}, "documents: found 1.0, expected a count"),
        ({"documents": True}, "documents: found True, expected a count"),
        ({"documents": None}, "documents: found None, expected a count"),
        ({"documents": 2**53 + 1}, "expected a count"),
        ({"total": []}, "expected an object of counts"),
        ({"total": {"gold": {"PER": "1"}}}, "not a count: '1' of gold PER"),
        ({"total": {"gold": True}}, "not a count: True of gold"),
        ({"unscored": None}, "expected an object of counts"),
        ({"unscored": {"gold": [[]]}}, "not a count: gold has []"),
        ({"further": []}, "further: expected an object of counts by name"),
        ({"further": {"normalised": 1}}, "expected an object of counts"),
        ({"unknown": ["X"]}, "unknown: expected an object of counts by label"),
        ({"unknown": {"X": -1}}, "unknown: X: found -1, expected a count"),
        ({"not_scored": {"X": "1"}}, "not_scored: X: found '1', expected a count"),
    ],
    ids=str,
)
def test_broken_sums_are_refused(change: Any, said: str) -> None:
    value = {**Sums().to_json(), **change} if isinstance(change, dict) and change else change
    with pytest.raises(ValueError) as caught:
        Sums.from_json(value)
    assert said in str(caught.value)
