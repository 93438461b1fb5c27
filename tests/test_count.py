"""What a count sums up besides the scores."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.labels.meeting import meet
from harness.registry import BackendSpec
from harness.results.count import Count, count_pairs
from harness.results.settle import LabelMapping
from harness.run.options import RunOptions
from harness.run.runner import run
from harness.stats.rates import defined, rates
from harness.tasks.base import DocumentPair
from harness.tasks.ner.options import BoundaryRule, NerOptions
from harness.tasks.registry import task_named

TEXT = "Peru said that it rains."


def counting(folder: Path, task: str, mapping: LabelMapping) -> Count:
    """A count of documents that are not in its gold set."""
    path = folder / "empty.jsonl"
    jsonl.write(path, [Record("a", TEXT, Annotations((), ()))])
    definition = task_named(task)
    return Count(definition, definition.options(), load_goldset(path), mapping)


def test_duplicates_of_the_predictions_are_counted_in_the_meeting_schema(tmp_path: Path) -> None:
    meeting = meet("ontonotes5", "ontonotes5", schema="conll03")
    count = counting(tmp_path, "ner", LabelMapping(meeting))
    gold = Record("a", TEXT, Annotations((Entity(0, 4, "GPE"), Entity(0, 4, "GPE"))))
    # GPE and LOC are both LOC there; a third one is of another type, a fourth elsewhere.
    said = (Entity(0, 4, "GPE"), Entity(0, 4, "LOC"), Entity(0, 4, "ORG"), Entity(5, 9, "LOC"))
    count.add(DocumentPair(gold, Annotations(said)))
    assert count.caveats().duplicates == 1
    count.add(DocumentPair(gold, Annotations((said[0],) * 3)))
    assert count.caveats().duplicates == 3
    assert count.stated_scores()["strict"]["predicted"] == 4


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4), st.sampled_from("AXY")), max_size=8),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4), st.sampled_from("AB")), max_size=5),
    st.sampled_from(["strict", "exact", "partial", "type", "overlap=0.5"]),
    st.sampled_from(["raw", "normalised"]),
    st.sampled_from(["", "A"]),
)
def test_the_f1_with_all_is_that_of_counting_all(
    said: list[tuple[int, int, str]],
    gold: list[tuple[int, int, str]],
    match: str,
    boundary: BoundaryRule,
    types: str,
) -> None:
    """X and Y are no types of the gold: they count as if they were types that nothing has."""
    task, options = task_named("ner"), NerOptions(match=match, boundary=boundary, types=types)
    predicted, annotated = (
        tuple(Entity(at, at + length, label) for at, length, label in side) for side in (said, gold)
    )
    mapping = LabelMapping(annotated=frozenset("AB"))
    record = Record("a", TEXT, Annotations(annotated), ignore=(Span(2, 3),))
    count = Count(task, options, GoldSet("g", Path("g"), lambda _: iter(())), mapping)
    count.add(DocumentPair(record, Annotations(predicted)))
    every = count_pairs(task, [DocumentPair(record, Annotations(predicted))], options)
    headline = task.parts(every, options)[0]
    expected = rates(*headline.sums(every)).f1 if any(one[2] in "XY" for one in said) else None
    stated = count.sums.caveats(task, options, None)["f1_with_all"]
    assert stated == (None if expected is None else defined(expected))


def test_duplicates_among_attributions(tmp_path: Path) -> None:
    count = counting(tmp_path, "attribution", LabelMapping())
    one = Attribution((Span(10, 23),), Span(0, 4), Span(5, 9))
    gold = Record("a", TEXT, Annotations((), (one, one)))
    count.add(DocumentPair(gold, Annotations((), (one,) * 3)))
    assert count.caveats().duplicates == 2


def test_a_run_records_them(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    jsonl.write(path, [Record("a", TEXT, Annotations((Entity(0, 4, "GPE"),) * 2))])
    options = RunOptions(out=tmp_path / "out")
    (result,) = run([BackendSpec("oracle")], [load_goldset(path)], options).results
    assert result.duplicates == 1
