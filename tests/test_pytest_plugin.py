"""The plugin, run in pytest sessions of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import synthetic

from harness.cli.main import main
from harness.decide.rules import parse_rules
from harness.gold.loading import load_goldset
from harness.results import stored

pytestmark = pytest.mark.processes

pytest_plugins = ["pytester"]

# Sessions within this one share its modules, and numpy cannot be loaded twice.
assert np.__version__

DOCS = synthetic.articles(40, seed=3)
GOOD = synthetic.predict(DOCS, synthetic.skilled(0.9, 0.1), seed=1)
WORSE = synthetic.predict(DOCS, synthetic.losing(GOOD, 0.2), seed=2)

SUITE = """
    from harness.annotation import Annotations
    from harness.formats import jsonl
    ANSWERS = {{r.text: r for r in jsonl.read("planted.jsonl")}}
    SAID = {{r.id: r.annotations.entities for r in jsonl.read("{said}.jsonl")}}

    def ours(text):
        return SAID[ANSWERS[text].id]

    def test_ours(harness_run):
        scored = harness_run(ours, gold="planted.jsonl")
        assert scored.f1 > 0.5
        assert str(scored.signature).startswith("ner|gold:planted@")
"""
PLUGIN = ("-p", "harness.pytest_plugin")
# Hypothesis would be imported anew, with its assertions rewritten, by every inner session.
QUICK = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:benchmark")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gold set, two answers, a run and a baseline."""
    folder = tmp_path_factory.mktemp("files")
    goldset = synthetic.gold(folder, DOCS)
    for name, records_ in (("good", GOOD), ("worse", WORSE)):
        synthetic.gold(folder, records_, name)
        synthetic.run_folder(folder / name, goldset, {"ours": records_})
    status = main(["baseline", "accept", str(folder / "good"), "--yes",
                   "--baseline", str(folder / "base.json"),
                   "--gold", str(goldset.path)])  # fmt: skip
    assert status == 0
    return folder


@pytest.fixture
def suite(pytester: pytest.Pytester, files: Path) -> pytest.Pytester:
    shutil.copytree(files, pytester.path, dirs_exist_ok=True)
    return pytester


def run(suite: pytest.Pytester, *args: str) -> pytest.RunResult:
    return suite.runpytest_inprocess(*_plugin(), *QUICK, *args)


def _plugin() -> tuple[str, ...]:
    """Named by hand unless the entry point of this installation has loaded it already."""
    from importlib.metadata import entry_points

    installed = {point.value for point in entry_points(group="pytest11")}
    return () if "harness.pytest_plugin" in installed else PLUGIN


def test_without_a_baseline_it_scores(suite: pytest.Pytester) -> None:
    suite.makepyfile(SUITE.format(said="worse"))
    run(suite).assert_outcomes(passed=1)


def test_with_a_baseline_it_gates(suite: pytest.Pytester) -> None:
    suite.makepyfile(SUITE.format(said="good"))
    run(suite, "--harness-baseline", "base.json").assert_outcomes(passed=1)
    suite.makepyfile(SUITE.format(said="worse"))
    result = run(suite, "--harness-baseline", "base.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*regression: *", "*FAILED*ours*micro f1*", "*lost: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_ini_file_may_say_it(suite: pytest.Pytester) -> None:
    suite.makepyfile(SUITE.format(said="worse"))
    suite.makeini("[pytest]\nharness_baseline = base.json\nharness_rules = gate.toml\n")
    (suite.path / "gate.toml").write_text("[[rule]]\nmax_drop = 1\n")
    run(suite).assert_outcomes(failed=1)
    (suite.path / "gate.toml").write_text("[[rule]]\nmax_drop = 60\n")
    run(suite).assert_outcomes(passed=1)


def test_a_backend_that_the_baseline_does_not_know_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile(SUITE.format(said="good").replace("gold=", 'name="other", gold='))
    result = run(suite, "--harness-baseline", "base.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*nothing in the baseline fits*"])


def test_results_become_a_run(suite: pytest.Pytester) -> None:
    suite.makepyfile(SUITE.format(said="good"))
    run(suite, "--harness-results", "out").assert_outcomes(passed=1)
    record = stored.read(suite.path / "out")
    assert [result.backend for result in record.results] == ["ours"]
    argv = ["check", str(suite.path / "out"), "--baseline", str(suite.path / "base.json")]
    assert main([*argv, "--resamples", "200"]) == 0


def test_a_run_is_checked_item_by_item(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_other(): pass")
    options = ("--harness-baseline", "base.json", "--harness-run")
    run(suite, *options, "good").assert_outcomes(passed=2)
    result = run(suite, *options, "worse")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*harness-check?planted-ours?*", "*regression: *"])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--harness-run", "good"), "needs --harness-baseline"),
        (("--harness-run", "nowhere", "--harness-baseline", "base.json"), "no run here"),
        (("--harness-run", "good", "--harness-baseline", "none.json"), "no baseline here"),
    ],
)
def test_bad_usage(suite: pytest.Pytester, args: tuple[str, ...], said: str) -> None:
    result = run(suite, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str() + result.stdout.str()


def test_objects_names_and_tuples_can_be_backends(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from harness.annotation import Annotations, Entity

        class Model:
            name = "mine"
            def predict(self, texts):
                for text in texts:
                    yield Annotations((Entity(0, 1, "PER"),))

        def test_object(harness_run):
            assert harness_run(Model(), gold="planted.jsonl").name == "mine"

        def test_tuples(harness_run):
            scored = harness_run(lambda text: [(0, 3, "PER")], gold="planted.jsonl", name="t")
            assert scored.f1 == 0.0

        def test_name(harness_run):
            assert harness_run("empty", gold="planted.jsonl").f1 == 0.0
        """
    )
    run(suite).assert_outcomes(passed=3)


def test_it_costs_nothing_when_it_is_not_used() -> None:
    """Loading the plugin imports pytest and not a single module of the harness but itself."""
    code = (
        "import sys, pytest, harness.pytest_plugin as p; "
        "print(sorted(m for m in sys.modules if m.startswith('harness') or m == 'numpy'))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['harness', 'harness.pytest_plugin']"


DOCS_PAGE = Path(__file__).parent.parent / "docs" / "ci.md"


def block(language: str) -> str:
    match = re.search(rf"^```{language}\n(.*?)^```", DOCS_PAGE.read_text("utf-8"), re.M | re.S)
    assert match is not None
    return match.group(1)


def test_the_example_of_the_page_about_ci(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_model=block("python"))
    suite.makepyfile(
        our_project="""
        from harness.formats import jsonl
        IDS = {r.text: r.id for r in jsonl.read("gold.jsonl")}
        SAID = {r.id: r.annotations.entities for r in jsonl.read("good.jsonl")}

        def find_names(text):
            return [entity[:3] for entity in SAID[IDS[text]]]
        """
    )
    suite.syspathinsert()
    shutil.copy(suite.path / "planted.jsonl", suite.path / "gold.jsonl")
    run(suite, "--harness-results", "results/ours").assert_outcomes(passed=1)
    accept = ["baseline", "accept", str(suite.path / "results" / "ours"), "--yes"]
    base = str(suite.path / "baseline.json")
    assert main([*accept, "--baseline", base, "--gold", str(suite.path / "gold.jsonl")]) == 0
    run(suite, "--harness-baseline", base).assert_outcomes(passed=1)


def test_the_rules_of_the_page_about_ci() -> None:
    """They can be read, and the pinned mention is in the gold."""
    rules = parse_rules(tomllib.loads(block("toml")), source="docs/ci.md")
    assert len(rules.rules) == 2 and rules.min_support == 30
    (pin,) = rules.pins
    gold = load_goldset("seeds", root=DOCS_PAGE.parent.parent / "goldsets")
    (record,) = [record for record in gold.records() if record.id == pin.document]
    spans = {e[:3] for e in record.annotations.entities or ()}
    assert (pin.start, pin.end, pin.label) in spans
