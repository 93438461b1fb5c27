"""Backends together: right and wrong answers are put together by one rule, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from measured import without_pairs

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.decide.audit import audit
from harness.decide.complement import Complement, complement
from harness.errors import NothingMeasured, UsageError
from harness.report.choice import audit_lines, complement_tables
from harness.results.scored import Scored

Said = Sequence[Attribution]
Backends = Callable[..., list[Scored]]

TALK = "abcdefghij" * 10
"""Letters only, so that offsets are the scorer's characters."""


def said(*content: tuple[int, int], source: tuple[int, int] | None = None) -> Attribution:
    """A relation with a content of one fragment or several."""
    return Attribution(
        tuple(Span(*fragment) for fragment in content), Span(*source) if source else None
    )


FIRST, SECOND = said((0, 20)), said((30, 50))
"""What the gold has, where a test does not say otherwise."""


@pytest.fixture
def backends(tmp_path: Path) -> Backends:
    """Backends on one text, counted as a file of predictions is; each with what it says."""

    def make(
        gold: Said = (FIRST, SECOND),
        text: str = TALK,
        ignore: tuple[Span, ...] = (),
        **answers: Said,
    ) -> list[Scored]:
        record = Record("d", text, Annotations(attributions=tuple(gold)), ignore=ignore)
        rows = {
            name: [Record("d", None, Annotations(attributions=tuple(items)))]
            for name, items in answers.items()
        }
        return synthetic.systems_of(synthetic.gold(tmp_path, [record]), rows, "attribution")

    return make


def row(found: Complement, rule: str, *names: str) -> tuple[int, int]:
    """Right ones and wrong ones of a combination."""
    one = next(c for c in found.combinations if c.rule == rule and c.names == names)
    return one.right, one.predicted - one.right


# --- attributions ------------------------------------------------------------------------------


def test_two_by_hand(backends: Backends) -> None:
    systems = backends(
        a=[FIRST, said((60, 80)), said((82, 92))],
        b=[said((2, 20)), SECOND, said((62, 80))],
    )
    found = complement(systems)
    assert row(found, "one", "a") == (1, 2) and row(found, "one", "b") == (2, 1)
    assert row(found, "any", "a", "b") == (2, 2)  # [60, 80) and [62, 80) are one mistake
    assert row(found, "all", "a", "b") == (1, 1)  # which both make
    both = found.combinations[-1]
    assert (both.precision, both.recall, both.f1) == (0.5, 0.5, 0.5)
    assert found.only == {"a": 0, "b": 1} and found.nobody == 0
    assert found.matrix == {"a": {"b": 0}, "b": {"a": 1}}


def test_three_by_hand(backends: Backends) -> None:
    systems = backends(
        a=[FIRST, said((60, 80)), said((82, 92))],
        b=[said((2, 20)), SECOND, said((62, 80))],
        c=[SECOND, said((64, 84))],
    )
    found = complement(systems)
    assert row(found, "any", "a", "b", "c") == (2, 2)
    assert row(found, "most", "a", "b", "c") == (2, 1)
    assert row(found, "all", "a", "b", "c") == (0, 1)
    assert row(found, "any", "a", "c") == (2, 2) and row(found, "all", "a", "c") == (0, 1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (said((60, 70)), said((65, 75)), True),  # Dice is .5
        (said((60, 70)), said((66, 76)), False),
        (said((60, 70)), said((60, 90)), True),  # 2 * 10 / 40
        (said((60, 70)), said((60, 91)), False),
        (said((60, 65), (75, 80)), said((60, 80)), True),  # 10 of 20 characters
        (said((60, 62), (78, 80)), said((60, 80)), False),  # the hull alone is equal
        (said((60, 65), (75, 80)), said((65, 75)), False),
        (said((60, 65), (75, 80)), said((64, 66), (75, 80)), True),
    ],
)
def test_wrong_ones_are_the_same_from_half_of_the_content(
    backends: Backends, one: Attribution, other: Attribution, same: bool
) -> None:
    found = complement(backends(a=[one], b=[other]))
    assert row(found, "any", "a", "b") == (0, 1 if same else 2)
    assert row(found, "all", "a", "b") == (0, 1 if same else 0)


def test_kind_source_and_punctuation_do_not_tell_wrong_ones_apart(backends: Backends) -> None:
    text = "Ann said “Go!!!!!!” and left"
    one = replace(said((9, 19), source=(0, 3)), kind="direct")
    other = replace(said((10, 12)), kind="indirect")
    found = complement(backends(gold=[said((24, 28))], text=text, a=[one], b=[other]))
    assert row(found, "any", "a", "b") == (0, 1) and row(found, "all", "a", "b") == (0, 1)


def test_a_wrong_quotation_in_two_halves(backends: Backends) -> None:
    halves, whole = [said((60, 70)), said((70, 80))], [said((60, 80))]
    found = complement(backends(a=halves, b=whole, c=halves))
    assert row(found, "any", "a", "b") == (0, 2) and row(found, "all", "a", "b") == (0, 1)
    assert row(found, "all", "a", "c") == (0, 2)
    assert row(found, "most", "a", "b", "c") == (0, 2)
    assert row(found, "all", "a", "b", "c") == (0, 1)


def test_a_right_quotation_in_two_halves(backends: Backends) -> None:
    halves, whole = [said((60, 70)), said((70, 80))], said((60, 80))
    found = complement(backends(gold=[whole], a=halves, b=[whole]))
    assert row(found, "one", "a") == (1, 1) and row(found, "one", "b") == (1, 0)
    assert row(found, "any", "a", "b") == (1, 1) and row(found, "all", "a", "b") == (1, 0)


def test_one_content_with_two_sources_is_two_answers(backends: Backends) -> None:
    twice = [said((60, 80), source=(0, 5)), said((60, 80), source=(20, 25))]
    found = complement(backends(a=twice, b=twice[:1], c=[said((62, 80))]))
    assert row(found, "one", "a") == (0, 2)
    assert row(found, "any", "a", "b") == (0, 2) and row(found, "all", "a", "b") == (0, 1)
    assert row(found, "all", "a", "c") == (0, 1)
    found = complement(backends(a=twice, b=twice))
    assert row(found, "any", "a", "b") == row(found, "all", "a", "b") == (0, 2)


def test_gold_relations_with_one_content_are_told_apart(backends: Backends) -> None:
    twice = [said((60, 80), source=(0, 5)), said((60, 80), source=(20, 25))]
    found = complement(backends(gold=[FIRST, *twice], a=twice, b=twice[:1]))
    assert found.combinations[0].gold == 3
    assert row(found, "one", "a") == (2, 0) and row(found, "one", "b") == (1, 0)
    assert found.only == {"a": 1, "b": 0} and found.nobody == 1
    # A source too many is wrong, though its hull and kind are those of what was found.
    found = complement(backends(gold=twice[:1], a=twice, b=twice))
    assert row(found, "all", "a", "b") == (1, 1)


def test_what_is_ignored_does_not_count(backends: Backends) -> None:
    ignore = (Span(64, 80),)
    short, long = [said((60, 64))], [said((60, 80))]
    assert row(complement(backends(a=short, b=long)), "all", "a", "b") == (0, 0)
    assert row(complement(backends(ignore=ignore, a=short, b=long)), "all", "a", "b") == (0, 1)
    left, right = [said((55, 75))], [said((65, 85))]
    assert row(complement(backends(a=left, b=right)), "all", "a", "b") == (0, 1)
    apart = complement(backends(ignore=ignore, a=left, b=right))
    assert row(apart, "all", "a", "b") == (0, 0) and row(apart, "any", "a", "b") == (0, 2)
    gone = complement(backends(ignore=ignore, a=[said((66, 78))], b=[]))
    assert row(gone, "any", "a", "b") == (0, 0)


def test_only_those_who_are_put_together_link(backends: Backends) -> None:
    systems = backends(a=[said((60, 80))], b=[said((66, 86))], c=[said((73, 93))])
    found = complement(systems)
    assert row(found, "any", "a", "c") == (0, 2) and row(found, "all", "a", "c") == (0, 0)
    assert row(found, "any", "a", "b", "c") == (0, 1)  # b's lies between, and links all three
    assert row(found, "all", "a", "b", "c") == (0, 1)


def test_documents_are_apart(tmp_path: Path) -> None:
    gold = [Record(name, TALK, Annotations(attributions=(FIRST,))) for name in ("d", "e")]
    goldset = synthetic.gold(tmp_path, gold)

    def tell(**items: Attribution) -> list[Record]:
        return [
            Record(name, None, Annotations(attributions=(items[name],) if name in items else ()))
            for name in ("d", "e")
        ]

    rows = {"a": tell(d=said((60, 80))), "b": tell(e=said((60, 80)))}
    found = complement(synthetic.systems_of(goldset, rows, "attribution"))
    assert row(found, "any", "a", "b") == (0, 2) and row(found, "all", "a", "b") == (0, 0)


def test_what_a_baseline_kept_is_not_enough_for_contents(backends: Backends) -> None:
    a, b = backends(a=[FIRST], b=[SECOND])
    kept = replace(without_pairs(b), known_outcomes=b.outcomes)
    with pytest.raises(NothingMeasured, match=r"b on planted: .* not at hand"):
        complement([a, kept])
    with pytest.raises(NothingMeasured, match="not at hand"):
        audit([a, kept])


def test_the_table_says_the_rule(backends: Backends, tmp_path: Path) -> None:
    first, _ = complement_tables(complement(backends(a=[FIRST], b=[])))
    assert any("contents share at least half (Dice .5)" in note for note in first.notes)
    assert "1 gold mentions are found by none of them." in first.notes
    first, _ = complement_tables(complement(small(tmp_path, a=["x"], b=["x"])))
    assert any("same span and label" in note for note in first.notes)


# --- entities ----------------------------------------------------------------------------------

TEXT = "Ana Roe met Bo Li in Riga. Orbis paid."
SPOTS = {"Ana Roe": "PER", "Bo Li": "PER", "Riga": "LOC", "Orbis": "ORG"}


def small(tmp_path: Path, **said: Sequence[str]) -> list[Scored]:
    """Backends on one sentence, each naming what it finds; `x` is a mistake."""

    def entity(name: str) -> Entity:
        if name.startswith("x"):
            return Entity(8, 11, "PER") if name == "x" else Entity(18, 20, "LOC")
        start = TEXT.index(name)
        return Entity(start, start + len(name), SPOTS[name])

    gold = [Record("d", TEXT, Annotations(tuple(map(entity, SPOTS))))]
    goldset = synthetic.gold(tmp_path, gold)
    return synthetic.systems_of(
        goldset,
        {
            name: [Record("d", None, Annotations(tuple(sorted(map(entity, found)))))]
            for name, found in said.items()
        },
    )


def test_complement_by_hand(tmp_path: Path) -> None:
    systems = small(
        tmp_path, a=["Ana Roe", "Bo Li", "x"], b=["Ana Roe", "Riga", "x"], c=["Ana Roe", "xx"]
    )
    found = complement(systems)
    by_rule = {(one.rule, one.names): one for one in found.combinations}
    union = by_rule["any", ("a", "b")]
    assert (union.right, union.predicted, union.gold) == (3, 4, 4)
    assert union.recall == 0.75 and union.precision == 0.75
    both = by_rule["all", ("a", "b")]
    assert (both.right, both.predicted) == (1, 2)
    most = by_rule["most", ("a", "b", "c")]
    assert (most.right, most.predicted) == (1, 2)
    everything = by_rule["any", ("a", "b", "c")]
    assert (everything.right, everything.predicted) == (3, 5)
    assert found.only == {"a": 1, "b": 1, "c": 0} and found.nobody == 1
    assert found.matrix["a"] == {"b": 1, "c": 1} and found.matrix["c"] == {"a": 0, "b": 0}
    with pytest.raises(NothingMeasured):
        complement(systems[:1])
    with pytest.raises(NothingMeasured, match="not at hand"):
        complement([systems[0], without_pairs(systems[1])])


# --- the same rule in an audit ------------------------------------------------------------------


def test_audit_by_hand(tmp_path: Path) -> None:
    systems = small(
        tmp_path, a=["Ana Roe", "x", "xx"], b=["Ana Roe", "x"], c=["Ana Roe", "x", "Riga"]
    )
    found = audit(systems)
    assert [c.mention[1:] for c in found.against] == [(8, 11, "PER")]
    assert found.against[0].backends == ("a", "b", "c")
    assert [c.mention[1:3] for c in found.missed] == [(12, 17), (27, 32)]
    lines = "\n".join(audit_lines(found))
    assert "1 mentions on which 3 of 3 backends agree against the gold" in lines
    assert "[met]" in lines and "[Orbis]" in lines
    assert len(audit(systems, agree=2).against) == 1
    for agree in (1, 4):
        with pytest.raises(UsageError, match="from 2 to 3"):
            audit(systems, agree=agree)
    with pytest.raises(NothingMeasured):
        audit(systems[:1])


def test_audit_shows_the_gold_mention_in_the_way(tmp_path: Path) -> None:
    systems = small(tmp_path, a=["xx"], b=["xx"])
    (candidate,) = audit(systems).against
    assert candidate.gold == ()
    text = "\n".join(audit_lines(audit(small(tmp_path, a=["x"], b=["x"])), limit=2))
    assert "… and 2 more" in text


def test_audit_groups_attributions_as_complement_does(backends: Backends) -> None:
    systems = backends(
        b=[FIRST, said((60, 80)), said((82, 92))],
        a=[said((62, 79)), said((15, 29))],
        c=[said((64, 84)), said((80, 91))],
    )
    for ordered in (systems, systems[::-1]):
        (candidate,) = audit(ordered).against
        assert candidate.mention[1:3] == (62, 79)  # a's, wherever a stands
        assert candidate.backends == tuple(system.name for system in ordered)
        both = audit(ordered, agree=2).against
        assert [c.mention[1:3] for c in both] == [(62, 79), (82, 92)]
        assert row(complement(ordered), "all", *candidate.backends) == (0, len([candidate]))
    assert [c.mention[1:3] for c in audit(systems).missed] == [(30, 50)]
    assert complement(systems).nobody == 1


def test_audit_leaves_out_one_more_source_for_a_gold_relation(backends: Backends) -> None:
    twice = [replace(FIRST, source=Span(60, 65)), replace(FIRST, source=Span(70, 75))]
    assert audit(backends(gold=twice[:1], a=twice, b=twice)).against == ()


def test_audit_shows_a_split_quotation_once(backends: Backends) -> None:
    halves = [said((60, 70)), said((70, 80))]
    (candidate,) = audit(backends(a=halves, b=[said((60, 80))])).against
    assert candidate.mention[1:3] == (60, 70)
