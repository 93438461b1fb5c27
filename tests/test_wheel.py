"""The wheel holds all that the checkout has, gold sets too, and works in an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
# Folder of the checkout -> where it lies in the wheel.
FOLDERS = {
    "harness": "harness",
    "adapters": "harness/adapters",
    "goldsets": "harness/goldsets",
    "seeds": "harness/seeds",
}
SETUPTOOLS = 77  # as [build-system] asks for: nothing is fetched here

pytestmark = pytest.mark.slow


def call(*arguments: object, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to build in: what earlier builds left in the checkout must not get into the wheel."""
    copy = tmp_path_factory.mktemp("source")
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=left_out)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, so that this one is complete too."""
    try:
        found = metadata.version("setuptools")
    except metadata.PackageNotFoundError:
        found = "0"
    if int(found.partition(".")[0]) < SETUPTOOLS:
        pytest.skip(f"needs setuptools>={SETUPTOOLS} to build with: pip install '.[test]'")
    pytest.importorskip("pip")
    dist = tmp_path_factory.mktemp("dist")
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    call("-c", build, dist, cwd=source)
    (sdist,) = dist.glob("*.tar.gz")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    call("-m", "pip", "wheel", *options, "--wheel-dir", dist, sdist, cwd=dist)
    (built,) = dist.glob("*.whl")
    return built


def test_it_holds_every_file_of_the_checkout(source: Path, wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"{place}/{path.relative_to(source / name).as_posix()}"
        for name, place in FOLDERS.items()
        for path in (source / name).rglob("*")
        if path.is_file()
    }
    assert expected - held == set(), "name them in pyproject.toml: [tool.setuptools.package-data]"


def test_it_runs_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(installed)
    empty.mkdir()
    path = str(installed)
    backends = ("gazetteer", "quotes")
    call(
        *("-m", "harness", "run", *backends, "--gold", "seeds", "--no-cache"),
        cwd=empty,
        PYTHONPATH=path,
    )
    record = json.loads((empty / "results" / "run.json").read_text("utf-8"))
    assert [gold["documents"] for gold in record["gold"]] == [5]
    assert [(r["backend"], r["status"]) for r in record["results"]] == [(b, "ok") for b in backends]
    where = "from harness.gold.goldset import load_goldset as load; print(load('seeds').path)"
    gold = call("-c", where, cwd=empty, PYTHONPATH=path).strip()
    assert Path(gold) == installed / "harness" / "goldsets" / "seeds"
