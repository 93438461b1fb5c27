"""`harness run --match`: the tables say what the signature under them says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.tasks.ner.options import MATCH_MODES

pytestmark = pytest.mark.processes

Run = Callable[..., Any]
NAMES = ("P", "R", "F1")


@pytest.mark.parametrize("match", MATCH_MODES)
def test_run_and_score_agree_in_every_mode(
    harness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, match: str
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    gold, out = tmp_path / "gold.jsonl", tmp_path / "out"
    text = "The United States and NATO met in Brussels on Monday."
    # A boundary that is off, a type that is off, one right, one missed.
    spans = [("United States", "GPE"), ("NATO", "GPE"), ("Brussels", "GPE"), ("met", "EVENT")]
    entities = [
        {"start": text.index(said), "end": text.index(said) + len(said), "label": label}
        for said, label in spans
    ]
    gold.write_text(json.dumps({"id": "a", "text": text, "entities": entities}) + "\n")
    common = ("--match", match, "--format", "json")
    run = harness(
        "run", "gazetteer", "--gold", gold, "--task", "ner", "--out", out, "--quiet", *common
    )
    predictions = out / "predictions" / "gold" / "ner" / "gazetteer.jsonl"
    scored = harness("score", "--gold", gold, "--pred", predictions, "--task", "ner", *common)
    details, ranking = json.loads(run.out)
    (table,) = json.loads(scored.out)
    assert f"match:{match}" in ranking["notes"][0]
    assert f"Ranked by F1, {match} micro." in ranking["notes"][1]
    assert details["rows"] == table["rows"]
    micro = next(row for row in table["rows"] if row["type"] == "micro")
    assert [ranking["rows"][0][name] for name in NAMES] == [micro[name] for name in NAMES]


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        (("--match", "strict"), True),
        (("--match", "partial"), False),
        (("--boundary", "normalised"), False),
        (("--schema", "conll03"), False),
    ],
)
def test_annotators_stand_only_beside_what_is_counted_alike(
    harness: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, str],
    shown: bool,
) -> None:
    """Their agreement is strict F1 in the gold's own labels."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    seeds = Path(__file__).parents[2] / "goldsets" / "seeds"
    common = ("--gold", seeds, "--task", "ner", "--out", tmp_path / "out", "--quiet", "--rankings")
    done = harness("run", "gazetteer", *common, *option)
    assert done.status == 0
    assert ("readers" in done.out) is shown
