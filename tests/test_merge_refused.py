"""What cannot be put together is refused, with the shard's folder and what is wrong with it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cutting import QUIET, check_same, cut, laid, merged, undivided
from inside import forget, planted_inside
from sharded import PROGRAM
from support import printed

from harness.cli.main import main
from harness.digest import digest_file
from harness.results.stored import read
from harness.results.unfinished import unfinished
from harness.run.process import Worker

WORDS = ("telling/plain", "oracle")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def whole_and_shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with gold, the run that was not cut, and its shards of two, three and four."""
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with planted_inside(patch):
            gold = laid(20, faults=(5, 11))
            undivided(*WORDS, "--gold", gold)
            for n in (2, 3, 4):
                cut(*WORDS, "--gold", gold, n=n)
                Path("shards").rename(f"of{n}")
    yield folder


@pytest.fixture(autouse=True)
def desk(whole_and_shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder: a copy of all that."""
    folder = tmp_path / "desk"
    shutil.copytree(whole_and_shards, folder)
    monkeypatch.chdir(folder)
    with planted_inside(monkeypatch):
        yield folder


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a merge says that refuses, and writes no record."""

    def call(*words: str, status: int) -> str:
        capsys.readouterr()
        told = printed(capsys, ["merge", *words, "--out", "out"], status)
        assert told.startswith("harness: ")
        assert "Traceback" not in told
        assert not Path("out/run.json").exists()
        return told

    return call


def edit(folder: str, change: Callable[[Json], object]) -> None:
    """Change what a record says."""
    path = Path(folder) / "run.json"
    value = json.loads(path.read_text("utf-8"))
    change(value)
    path.write_text(json.dumps(value), "utf-8")


def beside(folder: str, kind: str, backend: str = "oracle") -> Path:
    (path,) = Path(folder).glob(f"{kind}/*/ner/{backend}*.jsonl")
    return path


def resigned(folder: str, kind: str) -> None:
    """As if a file had been written so: its digest is in the record."""

    def change(value: Json) -> None:
        digest, name = digest_file(beside(folder, kind)), f"{kind}_digest"
        for result in (*value["shard"]["results"], *value["results"]):
            if result["backend"] == "oracle" and name in result:
                result[name] = digest

    edit(folder, change)


def test_what_is_whole_is_merged() -> None:
    check_same(Path("whole"), merged(["of3"]))
    shutil.rmtree("out")
    check_same(Path("whole"), merged(["of4/04", "of4/02", "of2/01"]))


# Are they all there, once?


def test_missing_shards(refused: Callable[..., str]) -> None:
    told = refused("of3/01", status=3)
    assert "shards are missing: 2/3, 3/3; run them (--shard 2/3), and merge again" in told
    shutil.rmtree("of4/03")
    assert "missing: 3/4;" in refused("of4", status=3)
    assert "missing: 4/4;" in refused("of2/01", "of4/02", status=3)


@pytest.mark.parametrize(
    ("words", "named", "what"),
    [
        (("of3/01", "of3/02", "of3/03", "of3/02"), ("of3/02",), "is given twice"),
        (("of3", "of3"), ("of3/01",), "is given twice"),
        (("of2", "of4/01"), ("of2/01", "of4/01"), "shards with the same documents: 1/2 and 1/4"),
        (("of2", "of4/02"), ("of2/02", "of4/02"), "shards with the same documents: 2/2 and 2/4"),
        (("of2/01", "of3"), ("of2/01", "of3/01"), "shards with the same documents: 1/2 and 1/3"),
    ],
)
def test_doubled_and_overlapping_shards(
    words: tuple[str, ...], named: tuple[str, ...], what: str, refused: Callable[..., str]
) -> None:
    told = refused(*words, status=2)
    assert what in told
    assert all(name in told for name in named)


def test_what_is_no_shard(refused: Callable[..., str], desk: Path) -> None:
    assert "whole/run.json: is the record of a whole run" in refused("of3", "whole", status=2)
    shutil.copytree("whole", "of2/03")
    assert "of2/03/run.json: is the record of a whole run" in refused("of2", status=2)
    (desk / "plain").mkdir()
    assert "plain/run.json: no run here" in refused("of3", "plain", status=2)
    assert "nowhere: no run here" in refused("nowhere", status=2)
    assert "gold.jsonl" in refused("gold.jsonl", status=2)
    (desk / "of3/02/run.json").write_text('{"schema_version": 2', "utf-8")
    assert "of3/02/run.json: not a run record" in refused("of3", status=2)


def test_a_shard_that_is_not_finished(refused: Callable[..., str]) -> None:
    with pytest.raises(ZeroDivisionError), unfinished(Path("of3/02")):
        raise ZeroDivisionError
    told = refused("of3", status=3)
    assert "of3/02: a run into this folder was begun" in told


# Are they of one run?


OTHER_RUNS = {
    "tool_version": lambda record: _of_version(record, "0.0.1"),
    "python": lambda record: record.update(python="3.99.0"),
    "packages.numpy": lambda record: record["packages"].update(numpy="0.1"),
    "threads": lambda record: record.update(threads=8),
    "seed": lambda record: record.update(seed=3),
    "options.batch_size": lambda record: record["options"].update(batch_size=7),
    "options.rounds": lambda record: record["options"].update(rounds=2),
    "gold set.gold.digest": lambda record: _of_gold(record, "f" * 64),
    "gold set.gold.documents": lambda record: record["gold"][0].update(documents=21),
    "asked for": lambda record: record["shard"]["results"].reverse(),
    "model.digest": lambda record: record["results"][0]["model"].update(digest="other"),
    "model.version": lambda record: record["results"][0]["model"].update(version="2"),
    "labels": lambda record: record["results"][0].update(labels=["PER"]),
    "packages.spacy": lambda record: record["results"][0].update(packages={"spacy": "1"}),
    "environment": lambda record: record["results"][0].update(environment="spacy"),
    "declaration.code_licence": lambda record: record["results"][0]["declaration"].update(
        code_licence="GPL"
    ),
    "spec": lambda record: record["results"][0].update(spec="telling/other"),
    "labels settled": lambda record: record["shard"]["results"][0].update(settled=False),
    "signature": lambda record: _of_signature(record),
    "program": lambda record: record["shard"]["results"][0].update(program="f" * 64),
    "code of the harness": lambda record: record["shard"].update(code="f" * 64),
}
"""What a record says, and how it says something else."""


def _of_version(record: Json, version: str) -> None:
    was, record["tool_version"] = record["tool_version"], version
    for result in (*record["results"], *record["shard"]["results"]):
        result["signature"] = result["signature"].replace(f"v:{was}", f"v:{version}")


def _of_gold(record: Json, digest: str) -> None:
    was, record["gold"][0]["digest"] = record["gold"][0]["digest"][:8], digest
    for result in (*record["results"], *record["shard"]["results"]):
        result["signature"] = result["signature"].replace(was, digest[:8])


def _of_signature(record: Json) -> None:
    own = record["shard"]["results"][0]
    own["signature"] = own["signature"].replace("proj:none", "proj:gold=a--b")


@pytest.mark.parametrize("what", OTHER_RUNS)
def test_a_shard_of_another_run(what: str, refused: Callable[..., str]) -> None:
    edit("of3/03", OTHER_RUNS[what])
    told = refused("of3", status=3)
    assert "of3/03" in told
    assert "is not of the same run as of3/01" in told
    assert f": {what} is " in told


def test_the_gold_was_changed_between_shards(refused: Callable[..., str]) -> None:
    forget()
    gold = laid(21)
    main(["run", *WORDS, "--gold", gold, "--shard", "2/2", "--out", "of2/02", *QUIET])
    told = refused("of2", status=3)
    assert "of2/02 is not of the same run as of2/01: gold set.gold." in told


def test_another_backend_was_asked(refused: Callable[..., str]) -> None:
    words = ["telling/hasty", "oracle", "--gold", "gold.jsonl", "--shard", "2/2", "--out", "of2/02"]
    main(["run", *words, *QUIET])
    told = refused("of2", status=3)
    assert "of2/02 is not of the same run as of2/01: asked for is " in told


@pytest.mark.processes
def test_a_program_was_changed_between_shards(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else in the records tells: it states no digest."""
    monkeypatch.setattr("harness.run.predictor.Worker", Worker)
    monkeypatch.setenv("NLTK_DATA", "log")
    words = [f"told=process:{sys.executable} told.py 0 0", "--gold", "gold.jsonl", *QUIET]
    for number in (1, 2, 3):
        text = PROGRAM.replace('"ENT"', '"PER"')
        Path("told.py").write_text(text if number < 3 else text.replace("[A-Z]", "[A-M]"))
        assert main(["run", *words, "--shard", f"{number}/3", "--out", f"told/{number}"]) == 0
    told = refused("told", status=3)
    assert "told/3 (told on gold, ner) is not of the same run as told/1 " in told
    assert ": program is " in told


# Are their files theirs?


@pytest.mark.parametrize("kind", ["places", "predictions", "units"])
@pytest.mark.parametrize("how", ["edited", "truncated", "of another", "gone", "empty"])
def test_a_file_that_is_not_the_shards_own(
    kind: str, how: str, refused: Callable[..., str]
) -> None:
    path = beside("of3/02", kind)
    if how == "of another":
        shutil.copy(beside("of3/01", kind), path)
    elif how == "gone":
        path.unlink()
    else:
        text = path.read_bytes()
        cuts = {"edited": text.replace(b"1", b"2", 1), "truncated": text[:-2], "empty": b""}
        assert cuts[how] != text
        path.write_bytes(cuts[how])
    told = refused("of3", status=2)
    assert str(path) in told
    assert ("cannot be read" if how == "gone" else f"its {kind} are of another run") in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "has more than a row for each of its documents"),
        (lambda lines: [*lines, lines[-1]], "expected a number above "),
        (lambda lines: [*lines, "999"], "is in no shard"),
        (lambda lines: ["x", *lines[1:]], "found 'x', expected a number above -1"),
        (lambda lines: ["", *lines[1:]], "is in no shard"),
        (lambda lines: ["²", *lines[1:]], "expected a number above -1"),
        (lambda lines: ["-1", *lines[1:]], "found '-1', expected a number above -1"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "is in no shard"),
        (lambda lines: ["9" * 5000, *lines[1:]], "expected a number above "),
    ],
    ids=["short", "doubled", "beyond", "word", "empty", "square", "negative", "turned", "endless"],
)
def test_places_that_cannot_be(
    change: Callable[[list[str]], list[str]], said: str, refused: Callable[..., str]
) -> None:
    """Also where somebody has mended the digest."""
    path = beside("of3/02", "places")
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))
    resigned("of3/02", "places")
    told = refused("of3", status=2)
    assert said in told


def test_a_place_that_two_shards_have(refused: Callable[..., str]) -> None:
    first = beside("of2/01", "places").read_text().splitlines()[0]
    path = beside("of2/02", "places")
    lines = sorted([first, *path.read_text().splitlines()[:-1]], key=int)
    path.write_text("".join(f"{line}\n" for line in lines))
    resigned("of2/02", "places")
    told = refused("of2", status=2)
    assert (
        f"of2/02: document {int(first) + 1} of the gold set is in of2/01 (oracle on gold, ner) too"
        in told
    )


@pytest.mark.parametrize("kind", ["predictions", "units"])
@pytest.mark.parametrize("how", ["less", "more"])
def test_rows_that_are_less_or_more_than_documents(
    kind: str, how: str, refused: Callable[..., str]
) -> None:
    path = beside("of3/02", kind)
    *lines, last = path.read_text("utf-8").splitlines(keepends=True)
    if kind == "units":  # One of a document that there is not, or all of the last one's.
        name = json.loads(last)[0]
        lines = [line for line in lines if json.loads(line)[0] != name]
    more = [last, last.replace("d00", "e00")]
    path.write_text("".join([*lines, *(more if how == "more" else ())]), "utf-8")
    resigned("of3/02", kind)
    told = refused("of3", status=2)
    assert "of3/02" in told


@pytest.mark.parametrize(
    "sums",
    [None, {}, {"documents": 1}, "x", [1]],
    ids=str,
)
def test_sums_that_cannot_be(sums: object, refused: Callable[..., str]) -> None:
    edit("of3/02", lambda record: record["shard"]["results"][1].update(sums=sums))
    told = refused("of3", status=2)
    assert "of3/02/run.json: the sums of of3/02 (oracle on gold, ner) cannot be read" in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("documents", True),
        ("documents", -1),
        ("total", {"nonsense": 3}),
        ("total", {"gold": {"PER": "3"}}),
        ("further", {"normalised": 1}),
        ("unknown", {"PER": 1.5}),
        ("not_scored", ["PER"]),
    ],
)
def test_a_sum_that_cannot_be(name: str, value: object, refused: Callable[..., str]) -> None:
    edit("of3/02", lambda record: record["shard"]["results"][1]["sums"].update({name: value}))
    assert "the sums of of3/02 (oracle on gold, ner) cannot be read" in refused("of3", status=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("failed_at", []),
        ("failed_at", [1, 2, 3, 4, 5, 6]),
        ("drops_at", [1]),
        ("signature", ""),
        ("signature", "nonsense"),
        ("places", "../01/places"),
        ("predictions", "/etc/passwd"),
        ("documents", 3),
        ("documents", 0),
    ],
)
def test_a_record_that_contradicts_itself(
    name: str, value: object, refused: Callable[..., str]
) -> None:
    """Whatever is edited: a message, and never a number."""
    edit("of3/02", lambda record: record["shard"]["results"][0].update({name: value}))
    assert "of3/02" in refused("of3", status=2)


def test_a_shard_that_is_none(refused: Callable[..., str]) -> None:
    edit("of3/02", lambda record: record["shard"]["shard"].update(number=9))
    assert "of3/02/run.json: " in refused("of3", status=2)


# Where to


@pytest.mark.parametrize("out", ["of3/02", "of3/02/merged", "of3/../of3/01", "link"])
def test_a_merge_writes_into_no_shard(
    out: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "link").symlink_to(desk / "of3/03")
    before = {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()}
    told = printed(capsys, ["merge", "of3", "--out", out], 2)
    assert out in told and "write into another (--out)" in told
    assert {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()} == before


def test_a_merge_beside_its_shards_and_onto_a_run(desk: Path) -> None:
    """Into the folder that holds them; and again, onto what was merged, and onto another run."""
    shutil.copytree("whole", "out")
    check_same(desk / "whole", merged(["of3"]))
    check_same(desk / "whole", merged(["of4"]))
    assert main(["merge", "of3/01", "of3/02", "of3/03", "--out", "of3", "--rankings"]) == 0
    assert read("of3").shard is None


def test_a_merge_that_was_stopped_is_given_again(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    shutil.copytree("whole", "out")
    with monkeypatch.context() as patch:
        patch.setattr("harness.scale.merge.write", stop)
        assert main(["merge", "of3", "--out", "out"]) == 130
    assert "out: a run into this folder was begun" in printed(capsys, ["report", "out"], 3)
    check_same(desk / "whole", merged(["of3"]))
    assert not (desk / "out/unfinished.json").exists()


# A shard alone


def test_a_shard_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Its numbers are of a third of the documents: a baseline or a line of them would be a trap."""
    shard, alone = "of3/02", "of3/02 is shard 2/3 of a run, and its numbers are of its own"
    main(["baseline", "accept", "whole", "--baseline", "base.json", "--yes"])
    for command in (
        ["check", shard, "--baseline", "base.json"],
        ["check", shard, "--baseline", "base.json", "--replay"],
        ["baseline", "accept", shard, "--baseline", "new.json", "--yes"],
        ["history", "add", shard, "--history", "trend.jsonl"],
        ["compare", shard],
        ["compare", "whole", shard],
        ["choose", shard, "--task", "ner"],
        ["audit", shard],
    ):
        capsys.readouterr()
        told = printed(capsys, command, 3)
        assert alone in told, command
        assert "harness merge" in told
    assert not Path("new.json").exists() and not Path("trend.jsonl").exists()
    words = ["run", *WORDS, "--gold", "gold.jsonl", "--shard", "1/2", "--out", "new", *QUIET]
    told = printed(capsys, [*words, "--history", "trend.jsonl"], 2)
    assert "--history is of whole runs" in told and not Path("new").exists()


def test_a_shard_says_that_it_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    said = "Shard 2/3 alone: harness merge puts all of them together."
    for words in ([], ["--rankings"], ["--format", "github"]):
        capsys.readouterr()
        assert said in printed(capsys, ["report", "of3/02", *words]), words
    assert said in Path("of3/02/leaderboard.md").read_text("utf-8")
    assert main(["report", "of3/02", "--html", "page.html"]) == 0
    page = Path("page.html").read_text("utf-8")
    assert said in page and "No backend can be chosen: this is shard 2/3 of a run" in page
    assert "For quality take" not in page
    assert "Shard" not in printed(capsys, ["report", "whole"])


def test_the_odd_shard_is_named(refused: Callable[..., str], desk: Path) -> None:
    """Not the first one: what most say is what the run was."""
    edit("of3/01", lambda record: record.update(seed=9))
    told = refused("of3", status=3)
    assert "of3/01 is not of the same run as of3/02: seed is 9 in of3/01, and 0 in of3/02" in told


@pytest.mark.parametrize(
    ("words", "out", "there"),
    [
        (("--shard", "1/3"), "of3/02", "shard 2/3"),
        (("--shard", "1/3"), "whole", "a whole run"),
        ((), "of3/02", "shard 2/3"),
        (("--executor", "local", "--workers", "1"), "of3/02", "shard 2/3"),
    ],
)
def test_a_record_of_something_else_is_not_written_over(
    words: tuple[str, ...], out: str, there: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (desk / out / "run.json").read_bytes()
    command = ["run", "empty", "--gold", "gold.jsonl", "--out", out, "--no-cache", "-q", *words]
    assert f"{out} has {there}, which " in printed(capsys, command, 2)
    assert (desk / out / "run.json").read_bytes() == before


def test_a_set_that_is_not_that_of_the_shards(desk: Path, refused: Callable[..., str]) -> None:
    assert "no gold set 'nosuch'" in refused("of3", "--gold", "nosuch", status=2)


def test_sums_that_are_not_those_of_the_counts(desk: Path, refused: Callable[..., str]) -> None:
    def more(record: Json) -> None:
        record["shard"]["results"][0]["sums"]["total"]["errors"][0][-1] += 1

    edit("of3/02", more)
    told = refused("of3", status=2)
    assert "of3/02" in told and "its sums are not those of its counts" in told
