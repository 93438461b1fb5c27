"""The two files of a baseline: small in a diff, read strictly, and never half of one and half of
another."""

from __future__ import annotations

import difflib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import main
from harness.decide import baseline
from harness.decide.baseline import Baseline
from harness.decide.entry import Entry, rounded_scores
from harness.decide.mentions import LONGEST
from harness.digest import digest_text
from harness.errors import InputError
from harness.results.load import from_run, read_run
from harness.results.outcomes import Mention, Outcomes
from harness.tasks.tally import Tally

RESULTS = Path(__file__).parent.parent / "results"
FIRST, SECOND = "base.json", "base.mentions.jsonl"
SIGNED = "ner|gold:{}@1#0|schema:none|proj:none|match:strict|boundary:raw|n:{}d|v:1"
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def seeds() -> Baseline:
    return baseline.read(RESULTS / "baseline.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A baseline of two entries on one document."""
    baseline.write(tmp_path / FIRST, of(entry("a"), entry("b")))
    return tmp_path


def entry(backend: str, tallies: Mapping[str, Tally] | None = None, **values: Any) -> Entry:
    """An entry of one backend, with a tally for each document."""
    tallies = {"d": Tally({("correct", "PER"): 2, ("errors", "missed", "PER", None): 1})} | (
        dict(tallies or {})
    )
    one = Entry(
        backend=backend,
        gold="g",
        task="ner",
        signature=SIGNED.format("g", len(tallies)),
        documents=len(tallies),
        failed=0,
        model=None,
        packages={"spacy": "1", "torch": "2"},
        started="2026",
        scores={},
        units=tuple((document, 0) for document in tallies),
        tallies=tuple(tallies.values()),
        outcomes=outcomes({("d", 0): "found", ("d", 5): "found", ("d", 9): "missed"}),
    )
    one = replace(one, **values)
    return replace(one, scores=rounded_scores(one.scored()))


def outcomes(kinds: Mapping[tuple[str, int], str]) -> Outcomes:
    made: dict[str, set[Mention]] = {"found": set(), "missed": set(), "spurious": set()}
    for (document, start), kind in kinds.items():
        made[kind].add(Mention(document, start, start + 3, "PER"))
    return Outcomes(*map(frozenset, made.values()))


def of(*entries: Entry) -> Baseline:
    return Baseline("0", "2026", None, entries)


def former(accepted: Baseline) -> dict[str, Any]:
    """The file of version 1."""
    entries = []
    for one in accepted.entries:
        kinds: dict[str, Any] = {"found": None, "missed": None, "spurious": None}
        if one.outcomes is not None:
            for kind in kinds:
                kinds[kind] = rows = {}
                for document, *span in sorted(getattr(one.outcomes, kind)):
                    rows.setdefault(document, []).append(span)
        units = zip(one.units, one.tallies, strict=True)
        model = one.model and {name: getattr(one.model, name) for name in one.model.__slots__}
        entries.append(
            {**one.head(), "model": model, **kinds, "units": [[*u, t.to_json()] for u, t in units]}
        )
    git = accepted.git and {"commit": accepted.git.commit, "dirty": accepted.git.dirty}
    return {
        "kind": "harness-baseline",
        "schema_version": 1,
        "tool_version": accepted.tool_version,
        "accepted": accepted.accepted,
        "git": git,
        "entries": entries,
    }


def changed(before: Path, after: Path, name: str) -> int:
    """How many lines a diff takes away and adds."""
    one, two = ((path / name).read_text("utf-8").split("\n") for path in (before, after))
    codes = difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    return sum(b - a + d - c for tag, a, b, c, d in codes if tag != "equal")


def edit(folder: Path, change: Edit) -> None:
    path = folder / FIRST
    value = json.loads(path.read_text("utf-8"))
    change(value)
    path.write_text(json.dumps(value), "utf-8")


def sign(folder: Path, text: str) -> None:
    """Another second file, with its digest in the first."""
    (folder / SECOND).write_text(text, "utf-8")
    edit(folder, lambda value: value["mentions"].update(sha256=digest_text(text)))


# --- layout -------------------------------------------------------------------------------------


def test_the_committed_files_are_short(seeds: Baseline, tmp_path: Path) -> None:
    first = (RESULTS / "baseline.json").read_text("utf-8").split("\n")
    second = (RESULTS / "baseline.mentions.jsonl").read_text("utf-8").split("\n")
    assert max(map(len, first)) < 200 and max(map(len, second)) <= LONGEST
    assert len(first) < 45 * len(seeds.entries)
    baseline.write(tmp_path / "baseline.json", seeds)
    for name in ("baseline.json", "baseline.mentions.jsonl"):
        assert (tmp_path / name).read_bytes() == (RESULTS / name).read_bytes()
    assert not any(isinstance(value, list) for value in json.loads("\n".join(first))["entries"][0])


def test_the_committed_baseline_is_of_the_committed_run(seeds: Baseline) -> None:
    again = baseline.accepted(from_run(RESULTS), read_run(RESULTS)[0])
    assert again.entries == seeds.entries


def test_a_thousand_mentions_and_many_counts(tmp_path: Path) -> None:
    labels = [f"LABEL{number:03}" for number in range(200)]
    tally = Tally({("errors", "type", label, "PER"): 3 for label in labels})
    tally |= {("correct", label): 2 for label in labels}
    places = {("d", 7 * number): "found" for number in range(1000)}
    many = entry("a", {"d": Tally(tally)}, outcomes=outcomes(places))
    fewer = replace(many, outcomes=outcomes({**places, ("d", 0): "missed", ("d", 700): "missed"}))
    for name, one in (("one", many), ("two", fewer)):
        (tmp_path / name).mkdir()
        baseline.write(tmp_path / name / FIRST, of(one))
        assert baseline.read(tmp_path / name / FIRST) == of(one)
        lines = (tmp_path / name / SECOND).read_text("utf-8").split("\n")
        assert max(map(len, lines)) <= LONGEST
    # The lines of the first window, once each way, and a new one of what was missed.
    assert changed(tmp_path / "one", tmp_path / "two", SECOND) <= 17
    assert changed(tmp_path / "one", tmp_path / "two", FIRST) == 4


def test_a_changed_document_changes_few_lines(seeds: Baseline, tmp_path: Path) -> None:
    one = seeds.entries[0]
    assert one.outcomes is not None
    lost = min(one.outcomes.found)
    number = next(i for i, tally in enumerate(one.tallies) if tally["correct", lost.label])
    tally = Tally(one.tallies[number])
    tally.update({("correct", lost.label): -1, ("errors", "missed", lost.label, None): 1})
    tallies = (*one.tallies[:number], tally.without_zeros(), *one.tallies[number + 1 :])
    kinds = Outcomes(
        one.outcomes.found - {lost}, one.outcomes.missed | {lost}, one.outcomes.spurious
    )
    other = replace(one, tallies=tallies, outcomes=kinds)
    other = replace(other, scores=rounded_scores(other.scored()))
    for name, first in (("one", one), ("two", other)):
        accepted = replace(seeds, entries=(first, *seeds.entries[1:]))
        (tmp_path / name).mkdir()
        baseline.write(tmp_path / name / FIRST, accepted)
    # A paragraph's counts, what was found, what was missed.
    assert changed(tmp_path / "one", tmp_path / "two", SECOND) == 6
    # The digest, the number of mentions, micro, macro and the type.
    assert changed(tmp_path / "one", tmp_path / "two", FIRST) == 10


def test_the_order_of_acceptance_does_not_matter() -> None:
    a, b = of(entry("a")), of(entry("b"))
    assert baseline.merge(a, b) == baseline.merge(b, a) == of(entry("a"), entry("b"))


def test_two_baselines_in_a_folder_do_not_meet(tmp_path: Path) -> None:
    names = ["x.json", "x", "x.v2.json", "x.txt", "[a]*.json"]
    for number, name in enumerate(names):
        baseline.write(tmp_path / name, of(entry(f"b{number}")))
    for number, name in enumerate(names):
        assert baseline.read(tmp_path / name).entries[0].backend == f"b{number}"
    assert len(list(tmp_path.iterdir())) == 2 * len(names)


# --- there and back -----------------------------------------------------------------------------

LABELS = st.sampled_from(["PER", "GPE", "a\u2028b", "é\n", "micro"])
KEYS = st.one_of(
    st.tuples(st.just("correct"), LABELS),
    st.tuples(st.just("errors"), st.sampled_from(["boundary", "type"]), LABELS, LABELS),
    st.tuples(st.just("errors"), st.just("spurious"), st.none(), LABELS),
    st.just(("forgiven",)),
)
TALLIES = st.dictionaries(KEYS, st.integers(1, 9)).map(Tally)
PLACES = st.dictionaries(
    st.tuples(st.just("d"), st.integers(0, 9000)), st.sampled_from(["found", "missed", "spurious"])
)


@given(
    tallies=st.dictionaries(st.text(min_size=1).filter(str.isprintable), TALLIES, max_size=4),
    places=st.none() | PLACES,
)
def test_there_and_back(
    tallies: dict[str, Tally],
    places: dict[tuple[str, int], str] | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("there")
    kept = None if places is None else outcomes(places)
    accepted = of(entry("a", tallies, outcomes=kept), entry("b"))
    baseline.write(folder / FIRST, accepted)
    assert baseline.read(folder / FIRST) == accepted
    (folder / "old.json").write_text(json.dumps(former(accepted)), "utf-8")
    assert baseline.read(folder / "old.json") == accepted


def test_version_1_is_read_and_written_anew(
    seeds: Baseline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FIRST
    path.write_text(json.dumps(former(seeds)), "utf-8")
    old = baseline.read(path)
    for one, two in zip(old.entries, seeds.entries, strict=True):
        # What a backend cannot give was not said in version 1.
        assert replace(one, scores=two.scores) == two
        assert two.scores.items() <= one.scores.items()
    monkeypatch.chdir(tmp_path)
    argv = ["baseline", "accept", str(RESULTS), "--baseline", FIRST, "--yes"]
    assert main(argv) == 0
    assert json.loads(path.read_text("utf-8"))["schema_version"] == 2
    assert baseline.read(path).entries == seeds.entries


# --- damage -------------------------------------------------------------------------------------

NUMBER = "9" * 5000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v["entries"][1]["scores"]["micro"].update(f1=0.9), "its counts make it 0.8"),
        (lambda v: v["entries"][1]["scores"]["micro"].update(tp=3), "states 3 as tp of 'micro'"),
        (lambda v: v["entries"][1]["scores"]["micro"].pop("f1"), "states None as f1"),
        (lambda v: v["entries"][1]["scores"].update(X={}), "a score of 'X', which its counts"),
        (lambda v: v["entries"][1]["scores"].pop("micro"), "no score of 'micro'"),
        (lambda v: v["entries"][1].update(scores={"micro": 1}), "scores.micro: found 1"),
        (lambda v: v["entries"][1].update(documents=2), "number of documents is 1 in its sig"),
        (lambda v: v["entries"][1].update(failed=-1), "-1 of 1 documents failed"),
        (lambda v: v["entries"][1].update(failed=2), "2 of 1 documents failed"),
        (lambda v: v["entries"][1].update(task="nerd"), "entries[1].task: found 'nerd'"),
        (lambda v: v["entries"][1].update(task="attribution"), "has no b on g (ner)"),
        (lambda v: v["entries"][1].update(backend="c"), "has no b on g"),
        (lambda v: v["entries"][1].update(backend="a"), "two entries for a"),
        (lambda v: v["entries"][1].update(signature="ner"), "not a signature"),
        (lambda v: v["entries"][1].update(signature=f"ner|gold:g@1#0|n:{NUMBER}d|v:1"), "b on g"),
        (lambda v: v["entries"][1].update(outcomes=None), "its mentions are None"),
        (lambda v: v["entries"][1]["outcomes"].update(found=1), "in the second file"),
        (lambda v: v["entries"][1].update(outcomes={"found": NUMBER}), "expected a whole number"),
        (lambda v: v["entries"][1].update(model={"name": "x", "size_bytes": 2**60}), "bytes"),
        (lambda v: v["entries"].append(v["entries"][0] | {"gold": "h"}), "its mentions are {"),
        (lambda v: v["entries"][1].update(signature=SIGNED.format("h", 1)), "'h' in its signature"),
        (lambda v: v.pop("mentions"), "no 'mentions'"),
        (lambda v: v.update(mentions=None), "mentions: found None"),
        (lambda v: v["mentions"].update(sha256=""), "mentions.sha256: found ''"),
        (lambda v: v["mentions"].update(sha256="0" * 63 + "\n"), "mentions.sha256"),
        (lambda v: v["mentions"].update(sha256="0" * 64), "was accepted with"),
        (lambda v: v["mentions"].update(file="../x"), "mentions.file: found '../x'"),
        (lambda v: v["mentions"].update(file="/etc/passwd"), "mentions.file"),
        (lambda v: v["mentions"].update(file="link"), "mentions.file"),
        (lambda v: v["mentions"].update(file="a\0b"), "mentions.file"),
        (lambda v: v["mentions"].update(file="x" * 5000), "mentions.file"),
        (lambda v: v["mentions"].update(file=""), "mentions.file"),
        (lambda v: v["mentions"].update(file="none"), "is not there"),
        (lambda v: v["mentions"].update(file=FIRST), "was accepted with"),
    ],
)
def test_a_damaged_first_file(
    change: Edit, words: str, folder: Path, tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    outside = tmp_path_factory.mktemp("outside") / SECOND
    shutil.copy(folder / SECOND, outside)
    (folder / "link").symlink_to(outside)
    edit(folder, change)
    refused(folder, words, capsys)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"harness-baseline-mentions"', '"x"', "as the first line"),
        ('"PER":2', '"PER":-2', ":2: not a line of it: not a count: -2"),
        ('"PER":2', '"PER":9007199254740993', "expected a count"),
        ('"PER":2', f'"PER":{NUMBER}', "a number of 5000 digits"),
        ('"PER":2', '"PER":2.5', "not a count: 2.5"),
        ('"PER":2', '"PER":NaN', "the number NaN"),
        ('"PER":2', '"PER":true', "not a count: True"),
        ('"PER":2', '"PER":3', "its counts make it"),
        ('{"correct":{"PER":2}', "[" * 3000 + "]" * 3000 + ',{"x":1', "not a line of it"),
        ("[[0,3,", "[" * 100_000 + "[[0,3,", "not a line of it"),
        ("[[0,3,", "[[-1,3,", "a mention from -1 to 3"),
        ("[[0,3,", "[[4,3,", "a mention from 4 to 3"),
        ("[[0,3,", "[[0,9007199254740993,", "a mention from 0 to"),
        ("[[0,3,", '[["0",3,', "found '0', expected a whole number"),
        ("[[0,3,", "[[0,3.0,", "expected a whole number"),
        ("[[0,3,", '[[5,8,"PER"],[0,3,', "was there"),
        ("[[0,3,", "[[9,12,", "and as missed or spurious"),
        ('"found"', '"lost"', "found 'lost', expected a paragraph or found or missed"),
        ('"found"', "0", "found list"),
        ('"d",0,', '"d",1,', "not of one paragraph each"),
        ('"d",0,', '"d",-1,', "not of one paragraph each"),
        ('"d",0,', '"e",0,', "a mention in 'd', and no counts of that document"),
        ('["g","ner","a"', '["g","ner","x"', "the baseline has no x on g (ner)"),
        ('["g","ner","a"', '["g","ner"', "expected a list of 6"),
        ('["g","ner","a"', "<<<<<<< mine\n", "not a line of it"),
        ("\n", "\n\n", ":2: not a line of it"),
        ("]\n", "]\r\n", ""),
    ],
)
def test_a_damaged_second_file(
    old: str, new: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever edits it has to sign it; unsigned it is refused whatever it says."""
    text = (folder / SECOND).read_text("utf-8")
    assert old in text
    (folder / SECOND).write_text(text.replace(old, new, 1), "utf-8", newline="")
    refused(folder, f"{SECOND}{':2' if '<<<' in new else ''}: is not the file", capsys)
    if words:
        sign(folder, text.replace(old, new, 1))
        refused(folder, words, capsys)


def test_a_line_that_is_gone_or_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / SECOND).read_text("utf-8").splitlines(keepends=True)
    for number in range(1, len(lines)):
        for other in (lines[:number] + lines[number + 1 :], [*lines, lines[number]]):
            sign(folder, "".join(other))
            refused(folder, "base.", capsys)
    sign(folder, "".join(lines)[:-1])
    refused(folder, "as the last", capsys)


@pytest.mark.parametrize("how", ["gone", "folder", "pipe", "other", "empty", "bytes"])
def test_another_second_file(
    how: str, folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = folder / SECOND
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "other":
        baseline.write(tmp_path / "other.json", of(entry("a")))
        shutil.copy(tmp_path / "other.mentions.jsonl", path)
    elif how in ("empty", "bytes"):
        path.write_bytes(b"" if how == "empty" else b"\xff")
    refused(folder, SECOND, capsys)


def test_a_merge_conflict_in_the_first_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / FIRST).read_text("utf-8").replace('  "git"', '<<<<<<< mine\n  "git"')
    (folder / FIRST).write_text(text, "utf-8")
    refused(folder, "a merge conflict?", capsys)


def refused(folder: Path, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every verb that reads it says so, and nothing is overwritten."""
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    path = str(folder / FIRST)
    for argv in (
        ["baseline", "show", "--baseline", path],
        ["check", str(RESULTS), "--baseline", path],
        ["compare", path],
    ):
        capsys.readouterr()
        status, said = main(argv), capsys.readouterr().err
        assert (status, "Traceback" in said) == (2, False), (argv, said)
        assert words in said and str(folder) in said, (words, said)
    assert before == {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_a_link_to_a_baseline(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("link") / FIRST
    link.symlink_to(folder / FIRST)
    assert baseline.read(link) == baseline.read(folder / FIRST)


# --- writing ------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("from_former", [False, True])
def test_stopped_between_renames(
    number: int, after: bool, from_former: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, path = of(entry("a")), of(entry("a", failed=1), entry("b")), tmp_path / FIRST
    if from_former:
        path.write_text(json.dumps(former(old)), "utf-8")
    else:
        baseline.write(path, old)
    rename, calls = os.replace, []

    def stopped(*names: Any) -> None:
        calls.append(names)
        if len(calls) == number and not after:
            raise Killed
        rename(*names)
        if len(calls) == number:
            raise Killed

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(Killed):
        baseline.write(path, new)
    monkeypatch.undo()
    assert baseline.read(path) == (new if number + after > 2 else old)
    newer = of(entry("c"))
    baseline.write(path, newer)
    assert baseline.read(path) == newer
    assert sorted(file.name for file in tmp_path.iterdir()) == [FIRST, SECOND]


def test_a_first_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / FIRST).mkdir()
    with pytest.raises(InputError, match="is a directory"):
        baseline.write(tmp_path / FIRST, of(entry("a")))
    with pytest.raises(InputError, match="half a character"):
        baseline.write(tmp_path / "half.json", of(entry("a", started="\ud800")))
    assert [path.name for path in tmp_path.iterdir()] == [FIRST]


def test_what_is_no_second_file_is_not_overwritten(tmp_path: Path) -> None:
    for make in (Path.mkdir, lambda path: path.write_text("mine")):
        make(tmp_path / SECOND)
        with pytest.raises(InputError, match="is there already"):
            baseline.write(tmp_path / FIRST, of(entry("a")))
        assert [path.name for path in tmp_path.iterdir()] == [SECOND]
        shutil.move(tmp_path / SECOND, tmp_path / ".." / "moved")
        shutil.rmtree(tmp_path / ".." / "moved", ignore_errors=True)
