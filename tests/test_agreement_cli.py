"""`harness agreement`: where labellings may lie, and what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.main import main

TEXT = "NATO met in Kyiv."
NATO = {"start": 0, "end": 4, "label": "ORG"}
KYIV = {"start": 12, "end": 16, "label": "GPE"}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        status = main(["agreement", *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def jsonl(path: Path, *entities: dict[str, object], **more: str) -> Path:
    row = {"id": "d", "text": TEXT, "entities": list(entities), **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(row) + "\n")
    return path


def folder(path: Path, ann: str, *, text: bool) -> Path:
    path.mkdir(parents=True)
    (path / "d.ann").write_text(ann, encoding="utf-8")
    if text:
        (path / "d.txt").write_text(TEXT, encoding="utf-8")
    return path


BOTH = "T1\tORG 0 4\tNATO\nT2\tGPE 12 16\tKyiv\n"
ONE = "T1\tORG 0 4\tNATO\n"


def test_two_files(run: Run, tmp_path: Path) -> None:
    a = jsonl(tmp_path / "a.jsonl", NATO, KYIV)
    b = jsonl(tmp_path / "b.jsonl", NATO)
    status, out, _ = run(a, b)
    assert status == 0
    assert "strict" in out
    assert "0.667" in out
    assert "d:12 only a" in out
    assert "NATO met in [Kyiv]." in out
    assert run(a, b, "--limit", "0")[1].count("only a") == 0


def test_json_limit(run: Run, tmp_path: Path) -> None:
    a, b = jsonl(tmp_path / "a.jsonl", NATO, KYIV), jsonl(tmp_path / "b.jsonl")
    whole = json.loads(run(a, b, "--json")[1])
    assert len(whole["disagreements"]) == 2
    assert whole["ner"]["strict"]["mean"] == 0.0
    assert len(json.loads(run(a, b, "--json", "--limit", "1")[1])["disagreements"]) == 1
    assert json.loads(run(a, b, "--json", "--limit", "0")[1])["disagreements"] == []


@pytest.mark.parametrize("form", ["github", "simple", "csv", "latex", "json"])
def test_formats(run: Run, tmp_path: Path, form: str) -> None:
    a, b = jsonl(tmp_path / "a.jsonl", NATO), jsonl(tmp_path / "b.jsonl")
    status, out, _ = run(a, b, "--format", form)
    assert status == 0
    assert ("only a" in out) == (form in ("github", "simple"))
    if form == "json":
        json.loads(out)


def test_annotators_with_one_file_name_go_by_their_paths(run: Run, tmp_path: Path) -> None:
    a, b = jsonl(tmp_path / "x" / "l.jsonl", NATO), jsonl(tmp_path / "y" / "l.jsonl", NATO)
    assert json.loads(run(a, b, "--json")[1])["annotators"] == [str(a), str(b)]


def test_one_file_that_names_its_annotators(run: Run, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "m.jsonl", NATO, KYIV, annotator="x")
    jsonl(path, NATO, annotator="y")
    jsonl(path, NATO, annotator="z")
    status, out, err = run(path, "--limit", "1")
    assert status == 0
    assert "annotators: x, y, z" in out
    assert "lowest" in out
    assert "1 more" in err
    assert json.loads(run(path, "--json")[1])["ner"]["strict"]["mean"] == pytest.approx(
        (2 / 3 + 2 / 3 + 1) / 3
    )


def test_folders_with_texts(run: Run, tmp_path: Path) -> None:
    a, b = folder(tmp_path / "a", BOTH, text=True), folder(tmp_path / "b", ONE, text=True)
    assert json.loads(run(a, b, "--json")[1])["ner"]["strict"]["mean"] == pytest.approx(2 / 3)


def test_bare_layers_take_their_texts_from_where_they_are_told(run: Run, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "d.txt").write_text(TEXT, encoding="utf-8")
    a, b = folder(tmp_path / "a", BOTH, text=False), folder(tmp_path / "b", ONE, text=False)
    status, out, _ = run(a, b, "--gold", texts, "--json")
    assert status == 0
    assert json.loads(out)["ner"]["strict"]["mean"] == pytest.approx(2 / 3)
    status, _, err = run(a, b)
    assert status == 2
    assert "--gold" in err


def test_gold_set_with_several_annotators(run: Run, tmp_path: Path) -> None:
    gold = folder(tmp_path / "set", BOTH, text=True)
    folder(gold / "annotators" / "a", BOTH, text=False)
    folder(gold / "annotators" / "b", ONE, text=False)
    (gold / "goldset.toml").write_text(
        'name = "set"\ntasks = ["ner"]\nschema = "ontonotes5"\ntexts = "."\nlayers = "."\n'
        '[annotators]\na = "annotators/a"\nb = "annotators/b"\n',
        encoding="utf-8",
    )
    found = json.loads(run(gold, "--json")[1])
    assert found["annotators"] == ["a", "b"]
    assert found["ner"]["strict"]["mean"] == pytest.approx(2 / 3)
    # Their folders know which gold set they lie in.
    same = run(gold / "annotators" / "a", gold / "annotators" / "b", "--json")
    assert json.loads(same[1]) == found


def test_bad_usage_is_exit_2_without_traceback(run: Run, tmp_path: Path) -> None:
    a = jsonl(tmp_path / "a.jsonl", NATO)
    for arguments in ([a], [a, a], [a, tmp_path / "absent"], [tmp_path / "absent"]):
        status, out, err = run(*arguments)
        assert status == 2, arguments
        assert out == ""
        assert err.startswith("harness: ")
    assert run(a, a, "--limit", "-1")[0] == 2


def test_nothing_in_common_is_exit_3(run: Run, tmp_path: Path) -> None:
    a, b = jsonl(tmp_path / "a.jsonl", NATO), tmp_path / "b.jsonl"
    b.write_text(
        json.dumps({"id": "e", "text": TEXT + " It rained.", "entities": []}) + "\n",
        encoding="utf-8",
    )
    status, _, err = run(a, b)
    assert status == 3
    assert "document ids differ" in err
