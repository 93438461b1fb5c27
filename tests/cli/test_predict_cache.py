"""`harness predict` and `harness cache` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.formats import jsonl

TEXTS = {"a": "Anna went\r\nto Bonn.", "b": "FAULT", "c": ""}
Capture = pytest.CaptureFixture[str]

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_bytes(text.encode())
    return folder


def test_predict_a_folder(docs: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ["predict", "planted/raises", "--docs", str(docs), "--out", str(out), "-q"]
    assert main(arguments) == 0
    found = {record.id: record for record in jsonl.read(out)}
    assert list(found) == ["a", "b", "c"]
    assert [(e.start, e.end) for e in found["a"].annotations.entities or ()] == [(0, 4), (14, 18)]
    assert found["a"].text is None
    assert found["b"].annotations.entities is None
    assert found["b"].error == "ValueError: this text is beyond me in two lines"
    assert found["c"].annotations.entities == ()
    assert "b: ValueError" in capsys.readouterr().err
    before = out.read_bytes()
    assert main(arguments) == 0
    assert out.read_bytes() == before


def test_predict_to_stdout_with_text(docs: Path, capsys: Capture) -> None:
    source = docs / "in.jsonl"
    source.write_text(json.dumps({"id": "x", "text": "Ärger in Bonn\u2028"}) + "\n", "utf-8")
    assert main(["predict", "planted/ok", "--docs", str(source), "--with-text", "--no-cache"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["text"] == "Ärger in Bonn\u2028"
    assert "planted/ok (ner): 1/1 documents" in err
    assert not (docs.parent / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["planted/ok", "--docs", "{docs}/none.jsonl"], 2, "cannot be read"),
        (["planted/ok", "--docs", "{docs}/empty"], 2, "no .txt file in this folder"),
        (["planted/ok", "--docs", "{docs}", "--task", "attribution"], 2, "knows the task ner only"),
        (["oracle", "--docs", "{docs}"], 2, "echoes gold annotations"),
        (["planted/missing", "--docs", "{docs}"], 3, "it was never there"),
        (["planted/load-raises", "--docs", "{docs}"], 3, "the weights are corrupt"),
        (["planted/no-layer", "--docs", "{docs}"], 3, "answered none of 3 documents"),
        (["planted/ok", "--docs", "{docs}", "--no-cache", "--cache-dir", "x"], 2, "contradict"),
        (["planted/ok", "--docs", "{docs}", "--max-memory", "lots"], 2, "such as 800MB"),
        (["planted/ok", "--docs", "{docs}", "--timeout", "0"], 2, "expected seconds above 0"),
        (
            ["planted/ok", "--docs", "{docs}", "--threads", "0"],
            2,
            "expected a whole number between 1 and 10,000",
        ),
        (["planted/ok"], 2, "--docs"),
    ],
)
def test_predict_says_what_is_wrong(
    arguments: list[str], status: int, words: str, docs: Path, capsys: Capture
) -> None:
    (docs / "empty").mkdir()
    assert main(["predict", *(item.format(docs=docs) for item in arguments)]) == status
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_cache(docs: Path, capsys: Capture) -> None:
    assert main(["cache", "list"]) == 0
    assert "there is no predictions store" in capsys.readouterr().out
    for threads in ("1", "2"):
        main(["predict", "planted/ok", "--docs", str(docs), "-q", "--threads", threads])
    capsys.readouterr()
    assert main(["cache", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["backend"], row["predictions"]) for row in rows] == [("planted/ok", 3)] * 2
    assert {row["key"]["threads"] for row in rows} == {1, 2}

    assert main(["cache", "explain", "planted/ok"]) == 0
    assert "a hit: the store answers for 3 documents" in capsys.readouterr().out
    assert main(["cache", "explain", "planted/ok", "--threads", "3"]) == 0
    said = capsys.readouterr().out
    assert "a miss: of 2 key(s) in the store the nearest differs in threads" in said
    assert main(["cache", "explain", "planted/slow:0", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["reason"] == "a miss: the store has nothing of this backend"
    assert main(["cache", "explain", "planted/no-identity"]) == 0
    assert "only known once it is loaded" in capsys.readouterr().out

    assert main(["cache", "explain", "process:'unbalanced", "--json"]) == 0
    assert "the command cannot be read" in capsys.readouterr().out

    assert main(["cache", "prune"]) == 2
    assert main(["cache", "prune", "nonsense"]) == 2
    assert "it has: planted/ok" in capsys.readouterr().err
    assert main(["cache", "prune", "--stale"]) == 0
    assert "1 keys with 3 predictions removed" in capsys.readouterr().out
    assert main(["cache", "prune", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"keys": 1, "predictions": 3}


def test_explain_names_a_changed_model(docs: Path, tmp_path: Path, capsys: Capture) -> None:
    model = tmp_path / "model.bin"
    model.write_text("ENT")
    backend = f"planted/model-file:{model}"
    main(["predict", backend, "--docs", str(docs), "-q"])
    model.write_text("XYZ1")
    capsys.readouterr()
    assert main(["cache", "explain", backend]) == 0
    assert "the nearest differs in model.digest" in capsys.readouterr().out


def test_explain_for_a_gold_set(docs: Path, tmp_path: Path, capsys: Capture) -> None:
    gold = tmp_path / "gold.jsonl"
    lines = [
        {"id": "a", "text": TEXTS["a"], "entities": [{"start": 0, "end": 4, "label": "ENT"}]},
        {"id": "new", "text": "never seen", "entities": []},
    ]
    gold.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    main(["predict", "planted/ok", "--docs", str(docs), "-q"])
    capsys.readouterr()
    assert main(["cache", "explain", "planted/ok", "--gold", str(gold)]) == 0
    assert "a hit: the store answers for 1 of the 2 documents of gold" in capsys.readouterr().out


@pytest.mark.parametrize("backend", ["oracle", "whole-document"])
def test_explain_looks_up_what_a_run_asks_for(
    backend: str, docs: Path, tmp_path: Path, capsys: Capture
) -> None:
    """The labels to look for are those that occur, not all of the schema that they are of."""
    gold = tmp_path / "gold.jsonl"
    entities = [{"start": 0, "end": 4, "label": "PER"}]
    gold.write_text(json.dumps({"id": "a", "text": "Anna went.", "entities": entities}) + "\n")
    command = ["run", backend, "--gold", str(gold), "-q"]
    assert main([*command, "--task", "ner", "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert main(["cache", "explain", backend, "--gold", str(gold), "--task", "ner"]) == 0
    assert "a hit: the store answers for 1 of the 1 documents" in capsys.readouterr().out
