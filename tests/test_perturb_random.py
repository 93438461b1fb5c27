"""Every perturbation at every level, on documents that are hard on offsets."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perturbing import Recording, verdict, wild_edits, wild_record
from support import examples

from harness.annotation import Annotations, Record
from harness.perturb.edits import TextEdit, edited_record
from harness.perturb.perturbation import Perturbation, perturbed
from harness.perturb.registry import perturbations

RANDOMS = st.randoms(use_true_random=False)
RECORDS = RANDOMS.map(wild_record)
SHARES = {name: one for name, one in perturbations().items() if not isinstance(one.levels[0], str)}


@pytest.mark.parametrize("name", perturbations())
@settings(max_examples=examples(40))
@given(record=RECORDS, seed=st.integers(0, 99))
def test_gold_moves_exactly(name: str, record: Record, seed: int) -> None:
    """Texts of spans, order of items, units, tokens; and the same again for the same seed."""
    one = perturbations()[name]
    for level in (*one.levels, *([1.0] if name in SHARES else [])):
        recording = Recording(one)
        new = perturbed(record, recording, level, seed=seed)
        assert verdict(record, new, recording.made, recording.called).faults == []
        again = perturbed(record, one, level, seed=seed)
        assert (again, again.cuts, again.tokens) == (new, new.cuts, new.tokens)


@given(record=RECORDS)
def test_identity_is_equal(record: Record) -> None:
    new = perturbed(record, perturbations()["identity"], "all")
    assert (new, new.tokens, new.metadata) == (record, record.tokens, record.metadata)


@given(rng=RANDOMS)
def test_edits_at_random_move_gold_exactly(rng: Random) -> None:
    record = wild_record(rng)
    edits = wild_edits(rng, record.text or "")
    assert verdict(record, edited_record(record, edits), edits, strict=False).faults == []


@pytest.mark.parametrize("name", SHARES)
@settings(max_examples=examples(20))
@given(record=RECORDS, seed=st.integers(0, 99), shares=st.tuples(*[st.floats(0.01, 1)] * 2))
def test_what_a_lower_share_changes_a_higher_one_changes(
    name: str, record: Record, seed: int, shares: tuple[float, float]
) -> None:
    lower, higher = (_made(SHARES[name], record, share, seed) for share in sorted(shares))
    if name == "truncated":
        assert {at for edit in lower for at in range(edit.start, edit.end)} <= {
            at for edit in higher for at in range(edit.start, edit.end)
        }
    else:
        assert set(lower) <= set(higher)


def _made(one: Perturbation, record: Record, share: float, seed: int) -> list[TextEdit]:
    recording = Recording(one)
    perturbed(record, recording, share, seed=seed)
    return recording.made


@pytest.mark.parametrize("name", sorted(SHARES.keys() - {"truncated"}))
def test_seed_and_document_decide(name: str) -> None:
    """Other places for another seed, and for another document of the same text."""
    one = perturbations()[name]
    text = 'Modern officials said "flights will resume" in all major airfields. ' * 8
    found = {
        perturbed(Record(id_, text, Annotations()), one, 0.5, seed=seed).text
        for id_ in ("a", "b")
        for seed in (0, 1)
    }
    assert len(found) == 4
