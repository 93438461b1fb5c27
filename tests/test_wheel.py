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

pytestmark = [pytest.mark.processes, pytest.mark.slow]


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
    where = "from harness.gold.loading import load_goldset as load; print(load('seeds').path)"
    gold = call("-c", where, cwd=empty, PYTHONPATH=path).strip()
    assert Path(gold) == installed / "harness" / "goldsets" / "seeds"


FOREIGN = {
    "adapters/__init__.py": '"""Of another project."""\n\n__version__ = "1.3.0"\n',
    "adapters/spacy.py": "ADAPTER = 'of another project'\n",
    "adapters/composition.py": "class Stack:\n    pass\n",
}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A distribution that owns a top-level package `adapters`, as AdapterHub's on PyPI does."""
    path = tmp_path_factory.mktemp("foreign") / "adapters-1.3.0-py3-none-any.whl"
    info = {
        "METADATA": "Metadata-Version: 2.1\nName: adapters\nVersion: 1.3.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "top_level.txt": "adapters\n",
    }
    files = FOREIGN | {f"adapters-1.3.0.dist-info/{name}": text for name, text in info.items()}
    record = "adapters-1.3.0.dist-info/RECORD"
    files[record] = "".join(f"{name},,\n" for name in [*files, record])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The Python of an empty environment, which pip of this one installs into."""
    call("-m", "venv", "--without-pip", tmp_path / "environment", cwd=tmp_path)
    return tmp_path / "environment" / "bin" / "python"


def pip(environment: Path, *arguments: object) -> None:
    options = ("--python", environment, "--disable-pip-version-check", "--quiet")
    call("-m", "pip", *options, *arguments, cwd=environment.parent)


def site(environment: Path) -> Path:
    (found,) = (environment.parent.parent / "lib").glob("python*/site-packages")
    return found


@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
def test_it_touches_no_other_package_of_the_name_adapters(
    wheel: Path, foreign: Path, environment: Path, ours_first: bool
) -> None:
    def theirs() -> dict[str, bytes]:
        folder = site(environment) / "adapters"
        return {
            path.relative_to(folder.parent).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }

    expected = {name: text.encode() for name, text in FOREIGN.items()}
    for built in (wheel, foreign) if ours_first else (foreign, wheel):
        pip(environment, "install", "--no-deps", "--no-index", built)
    assert theirs() == expected
    program = (
        "import adapters, adapters.spacy, harness.adapters.quotes as ours; "
        "from importlib.metadata import distribution as d; "
        "print(adapters.__version__, adapters.spacy.ADAPTER, ours.ADAPTER.declaration.name, "
        "{f.parts[0] for f in d('nlp-harness').files} & {'adapters', 'harness'})"
    )
    alone = [environment, "-I", "-c", program]  # It sees neither the checkout nor PYTHONPATH.
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "1.3.0 of another project quotes {'harness'}", done.stderr
    pip(environment, "uninstall", "--yes", "nlp-harness")
    assert theirs() == expected
    assert not (site(environment) / "harness").exists()


def test_it_installs_one_import_package(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"harness"}
