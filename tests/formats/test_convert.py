"""`harness convert`, end to end: formats guessed, losses said, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.formats import jsonl

TINY = Path(__file__).parent.parent / "data" / "goldsets" / "tiny"
TAGS = "Ines\tB-PER\nleft\tO\n\nRain\tO\n"


@pytest.fixture
def tags(tmp_path: Path) -> Path:
    (tmp_path / "in.conll").write_text(TAGS)
    return tmp_path / "in.conll"


def test_tags_to_json_lines(tags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tags), str(tmp_path / "out.jsonl")]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("out.jsonl: 2 documents, 1 entities, 0 attributions (conll -> jsonl)\n")
    assert err.startswith("harness: conll: read as ") and "scheme=IOB2" in err
    records = list(jsonl.read(tmp_path / "out.jsonl"))
    assert [record.text for record in records] == ["Ines left", "Rain"]


def test_a_gold_set_loses_its_attributions_in_tags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(TINY), str(tmp_path / "out.conll")]) == 0
    out, err = capsys.readouterr()
    assert "2 documents, 7 entities, 4 attributions (goldset -> conll)" in out
    assert "conll: 4 attributions left out\n" in err
    assert "conll holds: flat entities" in err


def test_json_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["convert", str(TINY), str(tmp_path / "x"), "--to", "prodigy", "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == {
        "from": "goldset",
        "to": "prodigy",
        "documents": 2,
        "entities": 7,
        "attributions": 4,
        "lost_reading": {},
        "lost_writing": {
            "attributions left out": 4,
            "documents with metadata: metadata left out": 2,
        },
    }


def test_a_gold_set_through_brat_and_back(tmp_path: Path) -> None:
    assert main(["convert", str(TINY), str(tmp_path / "brat"), "--to", "brat"]) == 0
    assert main(["convert", str(tmp_path / "brat"), str(tmp_path / "back.jsonl")]) == 0
    assert main(["convert", str(TINY), str(tmp_path / "direct.jsonl")]) == 0
    back, direct = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("back.jsonl", "direct.jsonl")
    )
    # The card alone says where its texts are from: brat has no place for it.
    assert [one.pop("metadata") for one in direct] == [{"origin": "invented"}] * 2
    assert back == direct


def test_offsets_for_doccano(tmp_path: Path) -> None:
    text = "😀 Ines"
    line = {"id": "a", "text": text, "entities": [{"start": 2, "end": 6, "label": "PER"}]}
    (tmp_path / "in.jsonl").write_text(json.dumps(line))
    arguments = ["convert", str(tmp_path / "in.jsonl"), str(tmp_path / "out"), "--to", "doccano"]
    assert main([*arguments, "--offsets", "utf16"]) == 0
    assert json.loads((tmp_path / "out").read_text())["label"] == [[3, 7, "PER"]]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a\tB-PER\nb\n", 2, "found 1 column"),
        ("a\tB-PER\nb\tO\n\nc\tI-PER\n", 4, "no IOB1"),
        ("a\tS-PER\nb\tU-PER\n", 2, "two schemes are mixed"),
        ('{"id": "a", "text": "x", "entities": []}\n{"id": "b", "text"', 2, "not a JSON object"),
        ('{"id": "a", "text": "x", "entities": [{"start": 0, "end": 9, "label": "X"}]}', 1,
         "outside the text"),
    ],
)  # fmt: skip
def test_faulty_input_leaves_nothing_behind(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    line: int,
    message: str,
) -> None:
    (tmp_path / "in").write_text(content)
    for target, extra in (("out.jsonl", []), ("out", ["--to", "brat"])):
        assert main(["convert", str(tmp_path / "in"), str(tmp_path / target), *extra]) == 2
        err = capsys.readouterr().err
        assert f"{tmp_path / 'in'}:{line}: " in err
        assert message in err
        assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_file_that_is_there_survives_a_failure(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("a\tB-PER\nb\n")
    (tmp_path / "out.jsonl").write_text("precious")
    assert main(["convert", str(tmp_path / "in"), str(tmp_path / "out.jsonl")]) == 2
    assert (tmp_path / "out.jsonl").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected IN and OUT"),
        (["IN"], "expected IN and OUT"),
        (["IN", "OUT.xyz"], "cannot tell which format to write"),
        (["IN", "OUT", "--to", "polnear"], "polnear can be read, not written"),
        (["IN", "OUT", "--to", "bratt"], "Did you mean 'brat'?"),
        (["IN", "OUT.jsonl", "--from", "xml"], "unknown format 'xml'"),
        (["IN", "OUT.jsonl", "--offsets", "utf16"], "--offsets means nothing from conll to jsonl"),
        (["IN.missing", "OUT.jsonl"], "no gold set"),
        (["IN", "."], "cannot tell which format to write"),
        (["IN", ".", "--to", "jsonl"], "is a directory"),
    ],
)
def test_usage(
    tags: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "IN").write_text(TAGS)
    assert main(["convert", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_list_of_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "--formats"]) == 0
    assert "labelstudio" in capsys.readouterr().out
    assert main(["convert", "--formats", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["format"]: row["write"] for row in rows}["polnear"] is False


def test_a_folder_of_tables_says_that_several_can_be_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", str(tmp_path / "out.jsonl")
    folder.mkdir()
    files = [folder / "a.conll", folder / "b.conll"]
    for file in files:
        file.write_text(TAGS)
    assert main(["convert", str(folder), out]) == 2
    said = capsys.readouterr().err
    assert (
        "a.conll is of the format conll: name a file, not the folder; harness convert A B" in said
    )
    assert main(["convert", *map(str, files), out]) == 0
    assert len(list(jsonl.read(out))) == 4
    files[1].unlink()
    capsys.readouterr()
    assert main(["convert", str(folder), out]) == 2
    assert "harness convert A B" not in capsys.readouterr().err
