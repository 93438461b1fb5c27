"""Many files are one set: the same records, digest and scores as of one file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from support import in_json, printed

from harness.errors import InputError
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.source import OPTIONS, Source
from harness.gold.loading import load_goldset

CONLL = ("NATO B-ORG\nleft O\n\n", "Rome B-LOC\nBonn I-LOC\nfell O\n\nIt O\n\n", "Kiev I-LOC\n\n")


def document(number: int, **more: Any) -> dict[str, Any]:
    entity = {"start": 0, "end": 4, "label": ("ORG", "LOC")[number % 2]}
    return {"id": f"d{number}", "text": "NATO left", "entities": [entity], **more}


def lines(*documents: Any) -> str:
    return "".join(json.dumps(one) + "\n" for one in documents)


def folder(path: Path, **texts: str) -> Path:
    """A folder of files, by name with `_` for `.`; `.gz` is compressed."""
    path.mkdir(exist_ok=True)
    for name, text in texts.items():
        data = text.encode()
        file = path / name.replace("_", ".")
        file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
    return path


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Five documents in three files, one of which is empty."""
    return folder(
        tmp_path / "parts",
        part0_jsonl_gz=lines(document(0), document(1), document(2)),
        part1_jsonl_gz="",
        part2_jsonl_gz=lines(document(3), document(4)),
    )


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "parts.jsonl"
    path.write_text(lines(*map(document, range(5))), "utf-8")
    return path


def test_a_folder_and_a_pattern_are_the_one_file(parts: Path, whole: Path) -> None:
    one = load_goldset(whole)
    for source in (
        parts,
        f"{parts}/*.gz",
        f"{parts}/part[0-9].jsonl.gz",
        f"{parts.parent}/**/*.gz",
    ):
        goldset = load_goldset(source)
        assert list(goldset.records()) == list(one.records())
        assert (goldset.digest, goldset.documents, goldset.labels) == (
            one.digest, 5, {"ORG": 3, "LOC": 2},
        )  # fmt: skip


def test_scores_as_gold_and_as_predictions(
    parts: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(lines(document(0), document(2), document(3, entities=[])), "utf-8")

    def score(gold: str | Path, pred: str | Path) -> Any:
        return in_json(capsys, ["score", "--gold", f"{gold}", "--pred", f"{pred}", "--task", "ner"])

    for many in (parts, f"{parts}/*.gz"):
        found = score(many, other)
        assert (found["micro"]["tp"], found["micro"]["fn"]) == (2, 3)
        assert found["micro"] == score(whole, other)["micro"]
    assert score(parts, whole)["micro"]["f1"] == score(whole, parts)["micro"]["f1"] == 1


def test_predictions_without_texts(
    parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = [{key: value for key, value in document(i).items() if key != "text"} for i in range(5)]
    bare[4]["entities"][0]["text"] = "NAT"
    pred = folder(tmp_path / "pred", p0_jsonl=lines(*bare[:2]), p1_jsonl=lines(*bare[2:]))
    said = printed(
        capsys, ["score", "--gold", f"{parts}", "--pred", f"{pred}", "--task", "ner"], status=2
    )
    assert "p1.jsonl:3: " in said
    assert "NAT" in said


def test_an_id_in_two_files_names_both_lines(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "in",
        a0_jsonl=lines(document(0), document(7)),
        a1_jsonl=lines(document(1), document(2), document(7), document(3)),
    )
    with pytest.raises(InputError) as raised:
        list(read_any(path))
    assert str(raised.value).startswith(
        f"{path}/a1.jsonl:3: document id 'd7' comes a second time (first in {path}/a0.jsonl:2)"
    )
    losses = Losses("leave-out")
    assert [one.id for one in read_any(path, losses=losses)] == ["d0", "d7", "d1", "d2", "d3"]
    assert dict(losses) == {"faulty documents: left out": 1}


def test_tags_are_read_in_the_scheme_of_all_and_numbered_on(tmp_path: Path) -> None:
    """The second file follows IOB2 as well, where its entities would be two and not one."""
    texts = ("NATO I-ORG\nleft O\n\n", "Rome O\nBonn O\n\nIt O\n\n", "Kiev I-LOC\nA B-LOC\n\n")
    one = tmp_path / "set.conll"
    one.write_text("".join(texts), "utf-8")
    path = folder(tmp_path / "set", **{f"x{i}_conll": text for i, text in enumerate(texts)})
    single, many = open_source(one), open_source(path)
    assert many.decided == single.decided
    assert many.decided["scheme"] == "IOB1"
    records = list(many.records())
    assert records == list(single.records())
    assert [(r.id, r.number) for r in records] == [(f"set-0000{n}", n) for n in range(1, 5)]
    assert load_goldset(path).digest == load_goldset(one).digest
    assert load_goldset(path).read_as == "IOB1"


def test_schemes_that_do_not_go_together(tmp_path: Path) -> None:
    path = folder(tmp_path / "set", x0_conll=CONLL[0] + CONLL[1], x1_conll=CONLL[2])
    with pytest.raises(InputError, match="mixes schemes") as raised:
        list(read_any(path))
    assert "repair=conlleval" in str(raised.value)
    assert raised.value.line is None


def test_columns_that_differ(tmp_path: Path) -> None:
    path = folder(tmp_path / "set", x0_conll="NATO B-ORG\nleft O\n", x1_conll="It X O\nis X B-Y\n")
    with pytest.raises(InputError, match=r"has the tag-column 2, and .*x0.conll the tag-column 1"):
        list(read_any(path))


def test_faulty_lines_keep_their_numbers(tmp_path: Path) -> None:
    """Documents without ids are joined by their numbers: what is left out must not shift them."""
    bare = [{"text": f"NATO {i}", "entities": []} for i in range(4)]
    texts = [lines(bare[0]) + "{broken\n", lines(*bare[1:3]), lines(bare[3])]
    one = tmp_path / "set.jsonl"
    one.write_text("".join(texts), "utf-8")
    path = folder(tmp_path / "set", **{f"x{i}_jsonl": text for i, text in enumerate(texts)})
    found = list(read_any(f"{path}?faulty=leave-out"))
    assert [record.number for record in found] == [1, 3, 4, 5]
    assert found == list(read_any(f"{one}?faulty=leave-out"))


def test_what_is_no_set(tmp_path: Path) -> None:
    """Alternatives, and files of other kinds, are not taken for parts; a pattern may name them."""
    for number, names in enumerate(
        (
            ("train.jsonl", "test.jsonl"),
            ("wnut16.jsonl", "wnut17.jsonl"),
            ("a.jsonl",),
            ("part0.jsonl", "part1.jsonl", "README.md"),
            ("part0.jsonl", "part1.conll"),
        )
    ):
        path = tmp_path / f"in{number}"
        path.mkdir()
        for place, name in enumerate(names):
            (path / name).write_text(lines(document(place)), "utf-8")
        with pytest.raises(InputError, match="holds no annotations that are known"):
            open_source(path)
        assert len(list(read_any(f"{path}/*.jsonl"))) == sum(".jsonl" in name for name in names)


def test_marks_of_programs_are_no_parts(parts: Path) -> None:
    for name in ("_SUCCESS", ".part0.jsonl.gz.crc"):
        (parts / name).write_text("", "utf-8")
    assert len(list(read_any(parts))) == 5


def test_all_files_are_of_one_format(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", x0_jsonl=lines(document(0)), x1_conll=CONLL[0])
    with pytest.raises(
        InputError, match=r"x1.conll: is of the format conll, and .*x0.jsonl of json"
    ):
        list(read_any(f"{path}/x*"))


def test_empty_sets(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", x0_jsonl="", x1_jsonl=" \n")
    for source in (path, f"{path}/*.jsonl"):
        with pytest.raises(InputError):
            list(read_any(source))
    with pytest.raises(InputError, match="hold no document"):
        list(read_any(f"{path}/*.jsonl", "jsonl"))
    with pytest.raises(InputError, match="no file fits this pattern"):
        open_source(f"{path}/*.conll")
    with pytest.raises(InputError, match="no gold set"):
        load_goldset(f"{path}/*.conll")


def test_a_file_of_that_name_wins(tmp_path: Path) -> None:
    (tmp_path / "a*.jsonl").write_text(lines(document(0)), "utf-8")
    (tmp_path / "ab.jsonl").write_text(lines(document(1)), "utf-8")
    assert [one.id for one in read_any(tmp_path / "a*.jsonl")] == ["d0"]


def test_a_folder_of_a_format_stays_what_it_is(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", a0_txt="NATO", a1_txt="left", a0_ann="", a1_ann="")
    assert open_source(path).format.name == "brat"


@pytest.mark.parametrize(
    ("said", "stem"),
    [
        ("x/parts/part-*.jsonl.gz", "part"),
        ("x/parts/*.jsonl", "parts"),
        ("x/news/**/*.conll", "news"),
        ("s3://bucket/gold-[v1]*.jsonl?scheme=IOB2", "gold"),
        ("s3://bucket/parts/", "parts"),
        ("https://host/a/gold.conll.zst?X-Amz-Signature=12345678", "gold"),
        ("x/gold.conll.xz?scheme=IOB2", "gold"),
    ],
)
def test_names(said: str, stem: str) -> None:
    assert Source.parse(said).stem == stem


def test_a_pattern_of_names_is_none_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.results.finder import GoldFinder

    monkeypatch.chdir(tmp_path)
    (tmp_path / "news").write_text("no gold set", "utf-8")
    assert GoldFinder(["n*"]).patterns == ("n*",)
    (tmp_path / "x.jsonl").write_text(lines(document(0)), "utf-8")
    assert GoldFinder(["*.jsonl"]).is_given


def test_a_card_may_name_many_files(parts: Path, whole: Path, tmp_path: Path) -> None:
    for data in ("parts", "parts/*.gz", "parts.jsonl"):
        (tmp_path / "goldset.toml").write_text(
            f'name = "set"\nversion = "1"\ndata = "{data}"\ntasks = ["ner"]\n', "utf-8"
        )
        goldset = load_goldset(tmp_path)
        assert (goldset.name, goldset.digest) == ("set", load_goldset(whole).digest)


def test_parquet_by_pattern(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    pytest.importorskip("datasets")
    rows = [
        {"tokens": ["NATO", "left"], "ner_tags": ["B-ORG", "O"]},
        {"tokens": ["Rome"], "ner_tags": ["B-LOC"]},
        {"tokens": ["Bonn"], "ner_tags": ["B-LOC"]},
    ]
    path = tmp_path / "set"
    path.mkdir()
    for number, some in enumerate((rows[:2], rows[2:])):
        parquet.write_table(arrow.Table.from_pylist(some), path / f"x{number}.parquet")
    by_folder, by_pattern = load_goldset(path), load_goldset(f"{path}/*.parquet?name=set")
    assert [r.id for r in by_pattern.records()] == ["set-00001", "set-00002", "set-00003"]
    assert [r.annotations for r in by_pattern.records()] == [
        r.annotations for r in by_folder.records()
    ]
    assert by_pattern.digest == by_folder.digest


def test_a_run_over_many_files(
    parts: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.results.load import read_run

    scores = []
    for name, gold in (("one", whole), ("many", parts), ("pattern", f"{parts}/*.gz")):
        out = tmp_path / name
        printed(
            capsys,
            ["run", "gazetteer", "--gold", str(gold), "--out", str(out), "--no-cache", "--quiet"],
        )
        record = read_run(out)[0]
        assert record.gold[0].documents == 5
        scores.append([(r.backend, r.scores, r.units) for r in record.results])
    assert scores[0] == scores[1] == scores[2]


def test_predict_over_many_files(
    parts: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        printed(capsys, ["predict", "gazetteer", "--docs", str(docs), "--no-cache", "--quiet"])
        for docs in (whole, parts, f"{parts}/*.gz")
    ]
    assert found == [found[0]] * 3
    assert len(found[0].splitlines()) == 5
    texts = folder(tmp_path / "texts", a_txt="NATO left", b_txt="It rains")
    assert printed(
        capsys, ["predict", "gazetteer", "--docs", f"{texts}/*.txt", "--no-cache", "--quiet"]
    ) == printed(capsys, ["predict", "gazetteer", "--docs", f"{texts}", "--no-cache", "--quiet"])


def test_validate_and_convert(
    parts: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "0 errors" in printed(capsys, ["validate", str(parts)])
    out = tmp_path / "out.jsonl"
    printed(capsys, ["convert", f"{parts}/*.gz", str(out)])
    assert out.read_bytes() == whole.read_bytes()
    said = printed(capsys, ["convert", f"{parts.parent}/*.jsonl", str(out)], status=2)
    assert "is what is read" in said


def test_every_option_of_a_source_is_known() -> None:
    """Of a URL's query only these are options: `harness.formats.source.OPTIONS`."""
    from harness.formats.opening import TIME_LIMIT
    from harness.formats.registry import FORMATS
    from harness.gold.perturbing import PERTURBING

    own = {flag.name.replace("_", "-") for one in FORMATS.values() for flag in one.options}
    of_gold = {"format", "labels", "name", "schema", *PERTURBING}
    assert own | of_gold | {TIME_LIMIT.name} == OPTIONS


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (("part0", "part2"), "1 is missing"),
        (("part1", "part2", "part5"), "3, 4 are missing"),
        (("train-00000-of-00003", "train-00001-of-00003"), "2 is missing"),
        (("train-00000-of-00004", "train-00003-of-00004"), "1, 2 are missing"),
    ],
)
def test_a_set_of_which_a_part_is_missing(
    names: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    """What was copied halfway has a score, too."""
    texts = {f"{name}_jsonl": lines(document(at)) for at, name in enumerate(names)}
    place = folder(tmp_path / "parts", **texts)
    with pytest.raises(InputError, match=f"{missing}: the set is not whole"):
        load_goldset(place).read_all()
    assert len(load_goldset(f"{place}/*.jsonl").read_all()) == len(names)
