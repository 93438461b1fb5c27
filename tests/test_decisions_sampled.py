"""Which p-values are counted and which are sampled, and how tables tell."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic
from plain_rates import as_counts
from support import in_json, printed

from harness.annotation import Annotations, Attribution, Span
from harness.decide.choose import choose
from harness.decide.compare import compare
from harness.decide.constraints import Constraints
from harness.report.comparison import comparison_tables
from harness.stats.permutation import holm, swap_test

pytestmark = pytest.mark.slow


def compared(capsys: pytest.CaptureFixture[str], command: list[str]) -> Any:
    (value,) = in_json(capsys, command)
    return value


def rows(table: Any) -> Any:
    return as_counts(table).rows


def test_a_p_that_few_assignments_speak_of_is_drawn_20_times_as_often() -> None:
    rng = np.random.default_rng(1)
    wide = rng.integers(0, 4, (40, 9)).astype(float)
    small = wide.copy()
    small[:, ::3] = np.maximum(0, wide[:, ::3] - 2)
    macro = partial(as_counts(wide).score, metric="recall")
    for other, often in ((small, True), (rng.permutation(wide), False)):
        test = swap_test(rows(wide), rows(other), macro, trials=1000)
        assert not test.exact and test.p_value is not None
        assert test.assignments == (20_000 if often else 1000)
        hits = test.p_value * (test.assignments + 1) - 1
        assert hits == pytest.approx(round(hits)) and hits >= 0
        # Drawn again is only what fewer than 20 assignments speak of.
        assert (1000 * test.p_value < 30) == often
    hits = []
    for seed in range(12):
        moved = wide + np.random.default_rng(seed).normal(0.1, 1.0, wide.shape).round()
        test = swap_test(rows(wide), rows(np.maximum(0, moved)), macro, trials=1000)
        assert test.p_value is not None
        if test.assignments == 1000:
            hits.append(round(test.p_value * 1001 - 1))
    assert min(hits) >= 20 and any(n < 60 for n in hits)
    narrow = swap_test(rows(wide[:16]), rows(small[:16]), macro)
    assert narrow.exact and narrow.assignments == 2**narrow.units


def test_the_mark_of_sampled_values_is_that_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A macro average over 24 documents is sampled, over 16 counted; one type always counted."""
    plan = [[["PER", "ORG", "LOC"] * 4]] * 24
    docs = synthetic.grid(plan)
    half = synthetic.keeping(docs, lambda number, place: (number + place) % 3 > 0)
    near = synthetic.keeping(docs, lambda number, place: number > 11 or place % 5 > 0)
    command = synthetic.comparing(tmp_path, docs, {"all": docs, "half": half, "near": near})
    for part in ("macro", "micro", "PER"):
        value = compared(capsys, [*command, "--part", part])
        exact = {row["name"]: row["exact"] for row in value["systems"][1:]}
        assert exact == {"half": part != "macro", "near": True}
        lines = [*filter(str.strip, printed(capsys, [*command, "--part", part]).splitlines())]
        for name, counted in exact.items():
            (line,) = [line for line in lines if line.startswith(name)]
            assert ("~" in line) == (not counted)
        by_type = [line for line in lines if line.startswith(("PER ", "ORG ", "LOC "))]
        assert by_type and not any("~" in line for line in by_type)
        assert any("~ marks" in line for line in lines) == (part == "macro")


def test_a_p_that_holm_takes_from_a_sampled_one_is_marked(tmp_path: Path) -> None:
    """Few - many is sampled, .0402, and comes before the .0625 of few, which is counted. So the
    p (Holm) of few is 2 x .0402 = .0804, and a sampled number without its mark."""
    docs = synthetic.grid([[["PER", "ORG", "LOC"] * 4]] * 24)

    def found(number: int, place: int) -> bool:
        return place != 2 or number % 2 == 0

    backends = {
        "most": synthetic.keeping(docs, found),
        "many": synthetic.keeping(
            docs,
            lambda n, place: (
                (found(n, place) and place != (3 if n == 13 else 5 if n < 14 else -1))
                or (place == 2 and 14 <= n < 20)
            ),
        ),
        "few": synthetic.keeping(
            docs, lambda n, place: found(n, place) and not (place == 4 and n < 5)
        ),
    }
    systems = synthetic.systems_of(synthetic.gold(tmp_path, docs), backends)
    row = compare(systems, part="macro", resamples=50).rows[2]
    other = compare([systems[2], systems[1]], part="macro", resamples=50).rows[1]
    assert row.test is not None and other.test is not None
    assert row.test.exact and not other.test.exact
    assert row.test.p_value == 2 / 2**5
    assert row.adjusted == pytest.approx(2 * (other.test.p_value or 0))  # Of the other pair.
    table = comparison_tables(compare(systems, part="macro", resamples=50))[0]
    assert str(table.rows[2][6]).startswith("~")


def test_choose_marks_the_p_that_it_names(tmp_path: Path) -> None:
    """all - few is counted, .0078, and the largest; all - many is sampled, and not named."""
    docs = synthetic.grid([[["PER", "ORG", "LOC"] * 4]] * 24)
    backends = {
        "all": docs,
        "few": synthetic.keeping(docs, lambda number, place: number >= 8 or place > 0),
        # Each type is lost in other documents, or the three would swap as one.
        "many": synthetic.keeping(docs, lambda n, place: (n % (2 + place % 3) + place) % 3 == 1),
    }
    systems = synthetic.systems_of(synthetic.gold(tmp_path, docs), backends)
    few, many = compare(systems, part="macro", resamples=50).rows[1:]
    assert few.test is not None and few.test.exact and few.adjusted == 2 / 2**8
    assert many.test is not None and not many.test.exact and (many.adjusted or 1) < 0.001
    reason = choose(systems, Constraints(task="ner", parts=("macro",)), resamples=50).reasons[0]
    assert "(largest p = 0.0078 after Holm's correction)" in reason


def test_the_mark_of_sampled_values_by_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kinds have four columns: where three differ, each otherwise, they are sampled."""
    kinds = (None, "direct", "indirect", "direct", "direct")
    docs, wrong = synthetic.kinds(40, lambda number, place: kinds[(number + place) % 5])
    # Some that are not in the gold, or what is right would swap as what is predicted.
    strange = Attribution((Span(0, 9),), None, None, "direct", None)
    wrong = [
        replace(answer, annotations=Annotations(attributions=(*said, strange)))
        if number % 3 == 0
        else answer
        for number, answer in enumerate(wrong)
        for said in [answer.annotations.attributions or ()]
    ]
    goldset = synthetic.gold(tmp_path, docs)
    paths = synthetic.saved(tmp_path, {"right": docs, "wrong": wrong})
    command = ["compare", *paths, "--gold", str(goldset.path), "--task", "attribution"]
    command += ["--flips", "0", "--resamples", "200", "--min-support", "0"]
    parts = compared(capsys, command)["parts"]
    assert "direct" in {part["part"] for part in parts if part["sampled"]}
    lines = printed(capsys, command).splitlines()
    for part in parts:
        (line,) = [
            line for line in lines if line.split()[:1] == [part["part"]] and " wrong " in line
        ]
        tested = part["adjusted"]["wrong"] is not None
        assert ("~" in line) == (tested and part["sampled"] == ["wrong"])


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
