"""docs/backends.md says what the adapters declare, in the same words."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from harness.adapter import Adapter
from harness.registry import ADAPTER_GROUP, adapter

PAGE = (Path(__file__).parents[2] / "docs" / "backends.md").read_text("utf-8")
NAMES = sorted(
    point.name
    for point in entry_points(group=ADAPTER_GROUP)
    if point.value.startswith("harness.adapters.")
)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _sections() -> dict[str, str]:
    found = {}
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        for name in title.split(", "):
            found[name] = _plain(body)
    return found


def _rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| [")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _row(name: str) -> list[str]:
    pattern = re.compile(rf"`{re.escape(name)}[`/:]")
    (row, *_) = [row for row in _rows() if pattern.search(row[0])]
    return row


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_has_a_section_with_its_declaration(name: str) -> None:
    declared, section = adapter(name).declaration, _sections()[name]
    assert declared.summary.casefold() in section.casefold()
    for trap in declared.traps:
        assert _plain(trap) in section, f"{name}: trap not on the page: {trap}"
    install = declared.install.partition("  #")[0]
    assert install.casefold() in section.casefold(), f"{name}: {install}"


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_has_a_row_with_its_licences(name: str) -> None:
    declared, row = adapter(name).declaration, _row(name)
    if name != "process":
        assert row[2] == declared.code_licence
    assert row[3] == (declared.model_licence or row[3])
    if isinstance(declared.labels, str):
        assert row[4] == declared.labels
    tasks = {("ner",): "entities", ("attribution",): "attribution"}
    assert row[1] == tasks.get(declared.tasks, "both")
    for model in declared.default_models:
        wanted = f"`{name}/{model}`" if model else f"`{name}`"
        assert wanted in PAGE


def test_the_page_has_no_section_for_what_is_not_there() -> None:
    general = {"Naming a model", "What the neural backends share"}
    general |= {"Confidences"}
    general |= {"Models that others uploaded"}
    general |= {"Measured on CoNLL-2003 and CrossNER"}
    assert set(_sections()) - general == set(NAMES)


@pytest.mark.parametrize("name", ["stanza", "transformers", "gliner", "flair", "presidio"])
def test_options_on_the_page_are_those_that_the_adapter_reads(name: str) -> None:
    found = adapter(name)
    assert isinstance(found, Adapter)
    line = re.search(r"\*\*Options\*\*: (.*?)\.(?: \*|$)", _sections()[name])
    assert line is not None
    assert set(re.findall(r"`(\w+)`", line[1])) == set(found.accepted)
