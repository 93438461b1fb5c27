"""Tables of one backend's scores, and the remarks under a ranking."""

from __future__ import annotations

import relation_counts as attribution

from harness.annotation import Attribution, Span
from harness.report.remarks import remarks
from harness.results.record import Result
from harness.tasks.attribution.tables import element_table


def test_rows_of_kinds_say_why_they_do_not_add_up() -> None:
    text = "It rains, said Ada. It snows, said Bob."
    first, second = Span(0, 8), Span(20, 28)
    gold = [Attribution((first,), kind="direct"), Attribution((second,), kind="direct")]
    # Both are found; one is taken for indirect, so that one only is predicted to be direct.
    predicted = [Attribution((first,), kind="direct"), Attribution((second,), kind="indirect")]
    tally = attribution.tally(gold, predicted, text=text)
    table = element_table("t", attribution.score(tally).to_json(), notes=("signed",))
    rows = {str(row[0]): row for row in table.rows}
    assert rows["kind: direct"][-3:] == (2, 0, 0)
    assert rows["kind: indirect"][-3:] == (0, 0, 0)
    assert any("by the kind in the gold, P and FP by the predicted kind" in n for n in table.notes)
    assert table.notes[-1] == "signed"


def test_duplicates_are_remarked_on() -> None:
    results = [
        Result(name, "g", "ner", "ok", duplicates=count)
        for name, count in (("a", 3), ("b", 3), ("c", 1), ("d", 0))
    ]
    assert remarks(results) == [
        "a, b: 3 identical duplicates counted once",
        "c: 1 identical duplicate counted once",
    ]
