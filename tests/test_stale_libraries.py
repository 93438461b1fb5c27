"""No stale answer of an adapter whose library has changed, here or in an environment of its own."""

from __future__ import annotations

import os
import shutil
import site
import sys
import venv
from pathlib import Path

import pytest
from planting import Bench, source, write

from harness.run import create

pytestmark = pytest.mark.processes

LIBRARY = {"thelib/__init__.py": "", "thelib/rules.txt": "Anna"}
READS = "Path(__import__('thelib').__file__).with_name('rules.txt').read_text()"


def test_a_library_that_is_changed_in_place(bench: Bench) -> None:
    """Neither its version nor its list of files, nor size and time of the file, tell of it."""
    bench.install("thelib", {**LIBRARY, "thelib/rules.txt": "Anna   "})
    path = bench.site / "thelib" / "rules.txt"
    before = path.stat()

    def change() -> None:
        write(path, "Bertram")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    bench.misses(bench.plug(READS, requires=["thelib>=1"]), change)


def test_a_library_of_another_version(bench: Bench) -> None:
    bench.install("thelib", LIBRARY)

    def change() -> None:
        shutil.rmtree(bench.site / "thelib-1.0.dist-info")
        bench.install("thelib", {**LIBRARY, "thelib/rules.txt": "Bertram"}, version="2.0")

    bench.misses(bench.plug(READS, requires=["thelib>=1"]), change)


def test_a_library_that_a_library_requires(bench: Bench) -> None:
    bench.install("thelib", LIBRARY)
    bench.install("upper", {"upper.py": ""}, requires=["middle[more]"])
    bench.install("middle", {"middle.py": ""}, requires=['The_Lib ; extra == "more"', "thelib"])
    backend = bench.plug(READS, requires=["upper"])
    bench.misses(backend, lambda: write(bench.site / "thelib" / "rules.txt", "Bertram"))


def test_a_library_that_the_distribution_requires(bench: Bench) -> None:
    """Only its metadata says so, not the adapter's declaration."""
    bench.install("thelib", LIBRARY)
    bench.install(
        "plug",
        {"plug.py": source("plug", READS)},
        adapter="plug",
        requires=["nlp-harness", "thelib"],
    )
    bench.misses("plug/x", lambda: write(bench.site / "thelib" / "rules.txt", "Bertram"))


def test_an_editable_library(bench: Bench) -> None:
    bench.install("thelib", {**LIBRARY, "../rules.txt": "Anna"}, editable=bench.project)
    reads = "Path(__import__('thelib').__file__).parents[2].joinpath('rules.txt').read_text()"
    backend = bench.plug(reads, requires=["thelib"])
    bench.misses(backend, lambda: write(bench.project / "rules.txt", "Bertram"))


@pytest.mark.parametrize("where", ["unrecorded", "no distribution", "hidden"])
def test_a_library_whose_files_are_not_known(where: str, bench: Bench) -> None:
    """Not recorded, imported from a folder on the path, or from there before the installed one."""
    path = bench.site / "thelib" / "rules.txt"
    if where == "unrecorded":
        bench.install("thelib", LIBRARY, recorded=False)
    else:
        path = bench.site / "thelib" / "rules.txt"
        for name, text in LIBRARY.items():
            write(bench.site / name, text)
    if where == "hidden":
        bench.install("thelib", LIBRARY, site=bench.project / "src")
    backend = bench.plug(READS, requires=["thelib"])
    why = bench.never_keeps(backend, lambda: write(path, "Bertram"))
    assert "thelib" in why


def test_another_distribution_is_installed(bench: Bench) -> None:
    """It may be what the adapter imports where it can: asked again, though nothing else changed."""
    backend = bench.plug("'Anna'")
    assert bench.run(backend).asked == 2
    bench.install("unrelated", {"unrelated.py": ""})
    assert bench.run(backend)[:3] == ({"Anna"}, 2, 0)
    assert bench.run(backend)[:3] == ({"Anna"}, 0, 2)


@pytest.mark.parametrize("what", ["project", "library"])
def test_files_that_change_while_it_loads(what: str, bench: Bench) -> None:
    """Then nobody knows which of the two has been loaded."""
    bench.install("thelib", LIBRARY)
    path = bench.site / ("plug" if what == "project" else "thelib") / "rules.txt"
    write(path, "Anna")
    read_and_change = f"(p := Path({str(path)!r}), p.read_text(), p.write_text('Bertram'))[1]"
    backend = bench.plug(read_and_change, requires=["thelib"])
    assert "changed while the run was under way" in bench.run(backend).trouble


# Environments


def test_an_environment_of_its_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only there is the library, and what is changed there is seen from here."""
    backend = bench.plug(READS, requires=["thelib"])
    site = fake_environment("plug", bench, monkeypatch)
    bench.install("thelib", LIBRARY, site=site)
    bench.misses(backend, lambda: write(site / "thelib" / "rules.txt", "Bertram"))


def fake_environment(name: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real environment that is lent this one's packages; its site-packages."""
    here = [path for path in sys.path if path.endswith("site-packages")] or site.getsitepackages()

    def call(command: list[str], name: str) -> str:
        if "venv" in command:
            venv.create(command[-1], symlinks=True)
        return "3.99.1\n" if "-c" in command else ""

    monkeypatch.setattr(create, "_call", call)
    bench.forget()
    made = create.create_environment(name)
    (folder,) = Path(made.folder).glob("lib/python*/site-packages")
    lent = "\n".join(f"import site; site.addsitedir({path!r})" for path in here)
    write(folder / "lent.pth", lent)
    return folder
