"""What compare and choose can say: by documents or paragraphs, by all swaps, or not at all."""

from __future__ import annotations

import random
from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic
from plain_rates import f1
from support import in_json, printed

from harness.annotation import Record
from harness.decide.compare import compare
from harness.stats.permutation import randomisation_test
from harness.stats.units import Units


def compared(capsys: pytest.CaptureFixture[str], command: list[str]) -> Any:
    (value,) = in_json(capsys, command)
    return value


def halves(documents: int, won: int) -> tuple[list[Record], dict[str, list[Record]]]:
    """Four mentions a document, in a paragraph each; `a` finds all in `won` of the documents and
    half in the others, `b` the other way round."""
    docs = synthetic.grid([[["PER"]] * 4] * documents)
    a = synthetic.keeping(docs, lambda number, place: number < won or place % 2 == 0)
    b = synthetic.keeping(docs, lambda number, place: number >= won or place % 2 == 0)
    return docs, {"a": a, "b": b}


@pytest.mark.parametrize(("documents", "won"), [(8, 6), (10, 7), (26, 16)])
def test_the_exact_p_by_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], documents: int, won: int
) -> None:
    """Each document is worth two mentions for one side, so p is that of a sign test."""
    ahead = abs(2 * won - documents)
    as_far = sum(
        comb(documents, k) for k in range(documents + 1) if abs(2 * k - documents) >= ahead
    )
    command = synthetic.comparing(tmp_path, *halves(documents, won))
    row = compared(capsys, command)["systems"][1]
    assert row["p"] == pytest.approx(as_far / 2**documents, rel=1e-9) and row["exact"]
    assert row["verdict"] == "tie" and row["p_holm"] == row["p"]
    # By paragraph it would differ: 2 * won of 2 * documents paragraphs, all alike.
    many = 2 * documents
    by_paragraph = sum(comb(many, k) for k in range(many + 1) if abs(2 * k - many) >= 2 * ahead)
    assert by_paragraph / 2**many < row["p"]
    low, high = row["difference_interval"]
    assert low < 0 < high
    text = printed(capsys, command)
    assert "over the same documents" in text and "resamples by document, seed 0" in text
    assert "speak of these documents" not in text


def test_below_8_documents_paragraphs_are_swapped_within_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = synthetic.grid([[["PER"]] * 2] * 7)
    a = synthetic.keeping(docs, lambda number, place: 2 * number + place < 11)
    b = synthetic.keeping(docs, lambda number, place: 2 * number + place >= 11)
    command = synthetic.comparing(tmp_path, docs, {"a": a, "b": b})
    row = compared(capsys, command)["systems"][1]
    assert row["p"] == pytest.approx(2 * sum(comb(14, k) for k in range(4)) / 2**14)
    text = printed(capsys, command)
    assert "by paragraph within document" in text and "over the same paragraphs" in text
    assert "speak of these documents, not of texts like them" in text


@pytest.mark.parametrize(("documents", "unit"), [(7, "paragraph"), (8, "document")])
def test_interval_and_p_have_the_same_units(tmp_path: Path, documents: int, unit: str) -> None:
    """In every document what one paragraph wins the other loses: documents all agree."""
    docs = synthetic.grid([[["PER"]] * 2] * documents)
    found = compare(
        synthetic.systems_of(
            synthetic.gold(tmp_path, docs),
            {str(side): synthetic.keeping(docs, lambda _, place, s=side: place == s)
             for side in (0, 1)},  # type: ignore[misc]
        ),
        resamples=500,
    )  # fmt: skip
    assert found.unit == unit
    row = found.rows[1]
    assert row.test is not None and row.paired is not None and row.paired.bounds is not None
    differing = 2 * documents if unit == "paragraph" else 0
    assert (row.test.units, row.test.p_value) == (differing, 1.0)
    low, high = row.paired.bounds
    assert (low < 0 < high) if differing else (low == high == 0)


def test_the_exact_p_is_the_share_of_all_swaps() -> None:
    """Counted one by one, with scores in plain arithmetic."""
    rng = random.Random(4)
    for _ in range(12):
        rows = [[(rng.randint(0, 3), rng.randint(3, 5), 4) for _ in range(8)] for _ in range(2)]

        def f(chosen: list[tuple[int, int, int]]) -> float:
            right, predicted, gold = (sum(column) for column in zip(*chosen, strict=True))
            return 2 * right / (predicted + gold)

        seen = f(rows[1]) - f(rows[0])
        hits = 0
        for swaps in product((0, 1), repeat=8):
            one = [rows[swap][i] for i, swap in enumerate(swaps)]
            two = [rows[1 - swap][i] for i, swap in enumerate(swaps)]
            hits += abs(f(two) - f(one)) >= abs(seen) - 1e-9
        test = randomisation_test(np.array(rows[0]), np.array(rows[1]), Units(range(8)), f1)
        assert test.exact and test.p_value == pytest.approx(hits / 2**8)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ([[["PER"] * 9]], "only one paragraph holds anything of it"),
        ([[["PER"] * 9], *[[[]] * 3] * 3], "only one paragraph holds anything of it"),
        ([[["PER"] * 9], *[[[]]] * 11], "only one document holds anything of it"),
        ([*[[["PER"] * 9]] * 5, *[[[]]] * 11], "only 5 documents hold anything of it"),
        ([[["PER"]] * 5], "only 5 paragraphs hold anything of it"),
    ],
)
def test_too_few_units_give_a_reason_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: Any, reason: str
) -> None:
    docs = synthetic.grid(plan)
    backends = {"all": docs, "some": synthetic.keeping(docs, lambda _, place: place % 3 > 0)}
    command = synthetic.comparing(tmp_path, docs, backends)
    value = compared(capsys, command)
    first, second = value["systems"]
    assert first["interval"] == second["interval"] == [None, None]
    assert second["difference_interval"] == [None, None]
    assert second["p"] is second["p_holm"] is second["detectable_difference"] is None
    assert second["verdict"] == "not tested" and value["pairs"] == 0
    assert first["lacking"].startswith(reason) and second["lacking"].startswith(reason)
    text = printed(capsys, command)
    assert f"all, some: no interval: {reason}, and it takes 6" in text
    assert f"some: no interval of the difference and no test: {reason}" in text
    assert "80 % power" not in text and "not tested" in text
    goldset = tmp_path / "planted.jsonl"
    told = ["--gold", str(goldset), "--task", "ner", "--resamples", "500"]
    synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, docs), backends)
    text = printed(capsys, ["choose", str(tmp_path / "run"), *told])
    assert "no recommendation" in text and f"({reason}" in text
    text = printed(capsys, ["report", str(tmp_path / "run"), "--rankings"])
    assert f"no interval: {reason}" in text and "80 % power" not in text


def test_ten_backends_on_six_paragraphs_cannot_get_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The smallest p is 2 / 2^6, and 45 pairs share the 5 %."""
    docs = synthetic.grid([[["PER"] * 10]] * 6)
    backends = {
        f"b{n}": synthetic.keeping(docs, lambda _, place, n=n: place <= n)  # type: ignore[misc]
        for n in range(10)
    }
    command = synthetic.comparing(tmp_path, docs, backends)
    value = compared(capsys, command)
    assert value["pairs"] == 45 and len(value["groups"]) == 1
    for row in value["systems"][1:]:
        assert row["p"] == 2 / 2**6 and row["p_holm"] == 1 and row["verdict"] == "tie"
        assert row["detectable_difference"] is None
    text = " ".join(printed(capsys, command).split())
    names = ", ".join(f"b{n}" for n in range(1, 10))
    assert f"{names}: with so few paragraphs no difference, however large, could be told" in text
    assert "after Holm's correction over all 45 pairs" in text and "80 % power" not in text
    two = compared(capsys, [*command[:2], command[10], *command[11:]])
    assert two["systems"][1]["verdict"] == "better"  # With one pair there is one.
