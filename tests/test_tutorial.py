"""docs/tutorial.md, followed literally in an empty folder, without network."""

from __future__ import annotations

import html
import os
import subprocess
import sys
import sysconfig
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest
from md_blocks import SHELL, blocks
from pages import class_counts, unpacked_texts
from test_wheel import SETUPTOOLS

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorial.md"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which the package lies as a wheel puts it, and pip is offline."""
    found = next((one.version for one in metadata.distributions(name="setuptools")), "0")
    if int(found.partition(".")[0]) < SETUPTOOLS:
        pytest.skip(f"needs setuptools>={SETUPTOOLS} to install with: pip install '.[test]'")
    pytest.importorskip("pip")
    place = tmp_path / "installed" / "harness"
    place.mkdir(parents=True)
    inside = [ROOT / name for name in ("adapters", "goldsets", "seeds")]
    for path in (*(ROOT / "harness").iterdir(), *inside):
        (place / path.name).symlink_to(path)
    venv = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in {
        "python": f"{python}",
        "harness": f"{python} -m harness",
        "pip": f"{sys.executable} -m pip --python {python}",
    }.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HARNESS_")}
    return kept | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        # As a path, the libraries of this environment come without its editable packages.
        "PYTHONPATH": f"{place.parent}{os.pathsep}{sysconfig.get_path('purelib')}",
        "HARNESS_HOME": str(tmp_path / "home"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # "no isolation", in pip's own inverted way
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def test_it_is_followed_to_the_gate(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    said = ""
    for language, text in blocks(PAGE):
        if language == SHELL:
            done = subprocess.run(
                ["sh", "-e", "-c", text],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            said = done.stdout
        else:
            assert language == "text"
            assert [line for line in text.splitlines() if line not in said.splitlines()] == [], said
    page = (folder / "first.html").read_text("utf-8")
    assert class_counts(page, 0) == {"own": Counter(correct=18, boundary=11, missed=3)}
    index, ((first, *_),) = unpacked_texts(page, 0)
    error, gold, predicted, _ = first["p"][0][0]
    ((_, start, end),), ((_, begin, stop),) = first["g"][gold][1], predicted[1]
    assert index["classes"][error] == "boundary" and index["documents"][0]["id"] == "log-00001"
    shown = f"SHIP “{first['t'][start:end]}” → predicted: SHIP “{first['t'][begin:stop]}”"
    assert f"> boundary own gold: {shown}\n" in PAGE.read_text("utf-8")
    compared = html.unescape((folder / "compare.html").read_text("utf-8"))
    assert "own (second) against own (first), mention by mention" in compared
