"""A task that somebody else installs goes through every verb, and nothing in the harness knows it.

It lies in tests/third as an installed distribution does: a module and its entry points.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from pages import unpacked_texts

from harness.digest import digest_file

pytestmark = pytest.mark.processes

THIRD = Path(__file__).parent / "third"
TOPICS = ("sport", "money", "rain")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve documents whose topics are in their text, now and then behind the tenth word."""
    folder = tmp_path_factory.mktemp("third")
    rng = random.Random(2)
    lines = []
    for number in range(12):
        topics = rng.sample(TOPICS, rng.randint(1, 3))
        filler = ["word"] * 10
        words = [topics[0], *filler, *topics[1:], *(["rain"] if number % 4 == 0 else [])]
        text = f"About {' '.join(words)} today"
        lines.append(json.dumps({"id": f"d{number}", "text": text, "topics": sorted(topics)}))
    (folder / "news.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    harness(folder, "run", "keywords", "keywords?words=8", "--gold", "news.jsonl", "--out", "run")
    return folder


def harness(folder: Path, *arguments: str, status: int = 0) -> str:
    """What a command prints."""
    program = "import sys; from harness.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(THIRD), "HARNESS_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_it_is_small() -> None:
    assert len((THIRD / "topics.py").read_text("utf-8").splitlines()) <= 200


def test_run_ranks_with_intervals(desk: Path) -> None:
    table = harness(desk, "report", "run", "--rankings")
    assert "news: topics of documents (12 documents" in table
    (row,) = [line for line in table.splitlines() if line.startswith("keywords ")]
    assert "[" in row and "]" in row


def test_score_agrees_with_the_run(desk: Path) -> None:
    predictions = "run/predictions/news/topics/keywords.jsonl"
    asked = ("--gold", "news.jsonl", "--pred", predictions, "--task", "topics", "--json")
    scored = json.loads(harness(desk, "score", *asked))
    record = json.loads((desk / "run" / "run.json").read_text("utf-8"))
    stated = next(r for r in record["results"] if r["backend"] == "keywords")["scores"]
    assert scored["micro"] == stated["micro"] and scored["micro"]["recall"] == 1.0
    assert 0 < scored["micro"]["precision"] < 1
    assert scored["signature"].startswith("topics|gold:news@#")


def test_its_own_option_is_in_the_signature_and_read_from_there(desk: Path) -> None:
    predictions = "run/predictions/news/topics/keywords.jsonl"
    asked = ("--gold", "news.jsonl", "--pred", predictions, "--task", "topics", "--json")
    one = json.loads(harness(desk, "score", *asked, "--most", "1"))
    assert one["micro"]["support"] == 12
    assert "|most:1|" in one["signature"]
    run = ("run", "keywords", "--gold", "news.jsonl", "--most", "1", "--out", "few")
    harness(desk, *run)
    # Nothing is said of its scores, which are checked under its own options.
    report = [sys.executable, "-m", "harness", "report", "few"]
    environment = {**os.environ, "PYTHONPATH": str(THIRD)}
    told = subprocess.run(report, cwd=desk, env=environment, capture_output=True, check=True)
    assert b"its counts make it" not in told.stderr
    (compared,) = json.loads(harness(desk, "compare", "few", "run", "--json", "--force"))
    assert compared["signature"] == one["signature"]
    harness(desk, "baseline", "accept", "few", "--baseline", "few.json", "--yes")
    harness(desk, "check", "few", "--baseline", "few.json", "--replay", "--gold", "news.jsonl")
    said = harness(desk, "check", "run", "--baseline", "few.json", status=3)
    assert "most was '1' in the baseline and is '100' now: run with the same --most" in said


def test_compare_and_choose_give_intervals_and_tests(desk: Path) -> None:
    (one,) = json.loads(harness(desk, "compare", "run", "--gold", "news.jsonl", "--json"))
    whole, short = one["systems"]
    assert whole["interval"][0] < whole["score"] < whole["interval"][1]
    assert short["verdict"] == "worse" and short["p_holm"] < 0.05
    assert {row["part"] for row in one["parts"]} <= set(TOPICS)
    assert one["flips"]["keywords?words=8"]["lost"]
    chosen = json.loads(harness(desk, "choose", "run", "--task", "topics", "--together", "--json"))
    assert chosen["choices"][0]["recommended"] == "keywords"


def test_its_scores_are_explained(desk: Path) -> None:
    fast = ("--resamples", "50", "--min-support", "2", "--json")
    asked = ("--gold", "news.jsonl", "--reference", "keywords", *fast)
    said = json.loads(harness(desk, "explain", "run", *asked))
    whole, short = said["systems"]
    kinds = [[cost["kind"] for cost in one["costs"]] for one in (whole, short)]
    assert kinds == [["spurious"], ["missed"]]
    for one in (whole, short):
        assert one["f1"] + sum(cost["cost"] for cost in one["costs"]) == pytest.approx(1)
    assert {each["facet"] for each in whole["slices"]} >= {"document length", "density"}
    (difference,) = said["differences"]
    assert difference["difference"] == pytest.approx(short["f1"] - whole["f1"])


def test_the_gate_checks_it(desk: Path) -> None:
    accept = ("baseline", "accept", "run", "--baseline", "base.json", "--yes")
    harness(desk, *accept, "--backend", "keywords")
    report = json.loads(harness(desk, "check", "run", "--baseline", "base.json", "--json"))
    parts = {verdict["part"] for verdict in report["verdicts"] if verdict["code"] == "ok"}
    assert parts == {"micro", *TOPICS}
    replay = ("check", "run", "--baseline", "base.json", "--replay", "--gold", "news.jsonl")
    harness(desk, *replay)
    base = desk / "base.json"
    for path in (base, desk / "base.mentions.jsonl"):
        path.write_text(
            path.read_text("utf-8").replace('"keywords"', '"keywords?words=8"'), "utf-8"
        )
    value = json.loads(base.read_text("utf-8"))
    value["mentions"]["sha256"] = digest_file(desk / "base.mentions.jsonl")
    base.write_text(json.dumps(value), "utf-8")
    rules = "min_support = 5\n[[rule]]\nmax_drop = 1.0\n[[rule]]\ntype = 'rain'\nmax_drop = 1.0\n"
    (desk / "gate.toml").write_text(rules, "utf-8")
    said = harness(
        desk, "check", "run", "--baseline", "base.json", "--rules", "gate.toml", status=1
    )
    assert "rain f1: lost" in said


def test_the_page_shows_its_items(desk: Path) -> None:
    harness(desk, "report", "run", "--gold", "news.jsonl", "--html", "page.html")
    page = (desk / "page.html").read_text("utf-8")
    assert "news: topics" in page
    index, blocks = unpacked_texts(page, 0)
    assert "rain" in index["labels"]
    assert {entry["id"] for entry in index["documents"]} and blocks[0][0]["g"]


def test_what_a_format_cannot_hold_is_counted(desk: Path) -> None:
    said = json.loads(harness(desk, "convert", "news.jsonl", "news.conll", "--json"))
    assert said["topics"] == said["lost_writing"]["topics left out"] > 12


def test_annotators_are_compared_on_it(desk: Path) -> None:
    first = [json.loads(line) for line in (desk / "news.jsonl").read_text("utf-8").splitlines()]
    second = [{**document, "topics": ["sport"]} for document in first]
    (desk / "second.jsonl").write_text("\n".join(map(json.dumps, second)) + "\n", "utf-8")
    said = json.loads(harness(desk, "agreement", "news.jsonl", "second.jsonl", "--json"))
    differing = {one["document"] for one in said["disagreements"]}
    assert differing == {one["id"] for one in first if one["topics"] != ["sport"]}


def test_sanity_rows_answer_for_it(desk: Path) -> None:
    rows = ("oracle", "empty", "whole-document")
    harness(desk, "run", *rows, "--gold", "news.jsonl", "--out", "sane")
    record = json.loads((desk / "sane" / "run.json").read_text("utf-8"))
    recalls = {one["backend"]: one["scores"]["micro"]["recall"] for one in record["results"]}
    assert recalls == {"oracle": 1.0, "empty": 0.0, "whole-document": 0.0}


def test_a_document_without_answer_is_written_in_its_own_layer(desk: Path) -> None:
    """So that what was scored here can be counted again."""
    answers = (desk / "run/predictions/news/topics/keywords.jsonl").read_text("utf-8")
    (desk / "fewer.jsonl").write_text(answers.partition("\n")[2], "utf-8")
    program = (
        "from harness.api import load_goldset, score\n"
        "from harness.results.save import write_run\n"
        "gold = load_goldset('news.jsonl')\n"
        "write_run('scored', [score(gold, 'fewer.jsonl', task='topics')], [gold])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(THIRD)}
    subprocess.run([sys.executable, "-c", program], cwd=desk, env=environment, check=True)
    (stored,) = (desk / "scored/predictions").rglob("*.jsonl")
    first = json.loads(stored.read_text("utf-8").splitlines()[0])
    assert first == {"id": "d0", "topics": []}
    accept = ("baseline", "accept", "scored", "--baseline", "scored.json", "--yes")
    harness(desk, *accept)
    harness(desk, "check", "scored", "--baseline", "scored.json", "--replay")


def test_validate_looks_at_its_items(desk: Path) -> None:
    twice = {"id": "a", "text": "About sport", "topics": ["sport", "sport"]}
    (desk / "twice.jsonl").write_text(json.dumps(twice) + "\n", "utf-8")
    (said,) = json.loads(harness(desk, "validate", "twice.jsonl", "--json"))["findings"]
    assert (said["check"], said["message"]) == ("duplicate", "twice in topics: sport")


def test_a_task_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", "utf-8")
    points = info / "entry_points.txt"
    asked = [sys.executable, "-m", "harness", "backends"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(THIRD)))}
    for value, said in (
        ("no_such_module:Task", "No module named 'no_such_module'"),
        ("json:dumps", "expected a harness.tasks.base.Task"),
        ("topics:Topics", "two tasks have the name 'topics'"),
    ):
        points.write_text(f"[harness.tasks]\nbroken = {value}\n", "utf-8")
        done = subprocess.run(
            asked, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 2, done.stderr
        assert said in done.stderr and f"broken = {value} of broken 1.0" in done.stderr


def test_what_is_no_topic_is_refused_with_its_place(desk: Path) -> None:
    (desk / "bad.jsonl").write_text('{"id": "d0", "topics": ["sport", 3]}\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "score", "--gold", "news.jsonl", "--pred", "bad.jsonl",
         "--task", "topics"],
        cwd=desk, env={**os.environ, "PYTHONPATH": str(THIRD)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "bad.jsonl:1: topics[1]: found 3, expected a topic's name" in done.stderr
