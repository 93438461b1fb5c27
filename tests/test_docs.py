"""The documents say what the code does and what the committed run measured."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from harness import registry
from harness.cli.main import VERBS
from harness.decide.ranking import rankings
from harness.report.run import details, leaderboard, ranking_tables
from harness.report.tables import render_tables
from harness.results import stored

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("goldsets/*.md")])
RESULTS = ROOT / "results"


def test_the_readme_shows_the_committed_run() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = re.search(r"<!-- rankings -->\n(.*?)<!-- /rankings -->", readme, re.DOTALL)
    assert shown
    measured = render_tables(
        ranking_tables(stored.read(RESULTS), rankings(stored.read(RESULTS), RESULTS)), "github"
    )
    assert shown[1].strip() == measured.strip()


def test_the_leaderboard_is_that_of_the_record() -> None:
    record = stored.read(RESULTS)
    tables = [
        *ranking_tables(record, rankings(record, RESULTS)),
        *details(record, RESULTS, rankings(record, RESULTS)),
    ]
    assert (RESULTS / "leaderboard.md").read_text("utf-8") == leaderboard(record, tables)


def test_the_committed_run_is_of_a_clean_checkout() -> None:
    record = stored.read(RESULTS)
    assert record.git is not None
    assert not record.git.dirty
    assert {result.status for result in record.results} <= {"ok", "partial", "unavailable"}


def test_the_page_of_formats_is_what_they_declare() -> None:
    assert (ROOT / "docs" / "formats.md").read_text("utf-8") == runpy.run_path(
        str(ROOT / "docs" / "formats_page.py")
    )["page"]()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_in_the_pages_exist(page: Path) -> None:
    """Every `harness VERB --option` is one that the verb knows."""
    import argparse
    import importlib

    text = page.read_text("utf-8")
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
    for line in (line.strip() for block in blocks for line in block.splitlines()):
        found = re.match(r"(?:\$ )?harness ([a-z][a-z-]*)(.*)", line)
        if not found:
            continue
        verb, rest = found.groups()
        assert verb in VERBS, f"{page.name}: {line}"
        parser = argparse.ArgumentParser(allow_abbrev=False)
        importlib.import_module(f"harness.cli.{VERBS[verb][0]}").configure(parser)
        known = set(parser._option_string_actions)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    known |= set(inner._option_string_actions)
        for word in shlex.split(rest, comments=True):
            if word.startswith("--"):
                assert word.partition("=")[0] in known, f"{page.name}: {line}: {word}"


def test_every_backend_is_on_the_backends_page() -> None:
    page = (ROOT / "docs" / "backends.md").read_text("utf-8")
    for name in registry.adapter_names():
        assert f"`{name}" in page, f"docs/backends.md says nothing of {name}"


def test_modules_that_pages_name_are_there() -> None:
    for page in PAGES:
        if page.name != "CHANGELOG.md":  # It speaks of the past.
            named = re.findall(
                r"\b((?:adapters|docs|harness|tests)/[\w/]+\.py)", page.read_text("utf-8")
            )
            assert [path for path in named if not (ROOT / path).is_file()] == [], page.name


def test_nothing_names_a_machine() -> None:
    for page in PAGES:
        found = re.search(r"(?<![\w.])/(work|root|home|tmp)/", page.read_text("utf-8"))
        assert found is None, f"{page.name}: {found and found[0]}"
