"""No stale answer of an adapter: what decides its answers is changed, and it is asked anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path

import pytest
from planting import Bench, source, write

from harness.cli.main import main

pytestmark = pytest.mark.processes

# Where rules may lie: the file, as seen from where modules lie, and how the adapter reads it.
PLACES = {
    "module": ("", "'{word}'"),
    "sibling": ("{name}/rules.py", "__import__('{name}.rules', fromlist=['WORD']).WORD"),
    "beside": ("{name}_rules.py", "__import__('{name}_rules').WORD"),
    "data": ("{name}/rules.txt", "HERE.joinpath('rules.txt').read_text()"),
    "build": ("{name}/build/rules.txt", "HERE.joinpath('build', 'rules.txt').read_text()"),
    "elsewhere": ("../data/rules.txt", "HERE.parents[1].joinpath('data/rules.txt').read_text()"),
}
LAYOUTS = {
    "one-module": ("module", "beside"),
    "unrecorded": ("module", "sibling", "beside", "data", "build"),
    "editable": tuple(PLACES),
    "regular": tuple(PLACES),
}


def rules(path: str, word: str) -> str:
    return f"WORD = '{word}'\n" if path.endswith(".py") else word


def plant(bench: Bench, layout: str, place: str) -> tuple[str, Callable[[], object]]:
    """An adapter whose rules lie in `place`; its backend's name, and what changes the rules."""
    name = f"plant_{layout}_{place}".replace("-", "_")
    path, expression = (text.replace("{name}", name) for text in PLACES[place])
    main = f"{name}.py" if layout == "one-module" else f"{name}/__init__.py"
    files = {main: source(name, expression.replace("{word}", "Anna"))}
    if path:
        files[path] = rules(path, "Anna")
    if layout == "editable":
        files["../pyproject.toml"] = "[project]\n"
    home = bench.install(
        name,
        files,
        adapter=name,
        recorded=layout == "regular",
        editable=bench.project if layout == "editable" else None,
    )
    after = source(name, expression.replace("{word}", "Bertram"))
    changed = (home / path, rules(path, "Bertram")) if path else (home / main, after)
    return f"{name}/x", partial(write, *changed)


@pytest.mark.parametrize(
    ("layout", "place"), [(layout, place) for layout, places in LAYOUTS.items() for place in places]
)
def test_rules_that_change(layout: str, place: str, bench: Bench) -> None:
    bench.misses(*plant(bench, layout, place))


def test_rules_behind_a_link(bench: Bench) -> None:
    """Folders below an editable one may be links to anywhere, or in a circle."""
    backend, _ = plant(bench, "editable", "elsewhere")
    data = bench.project / "data"
    data.rename(bench.folder / "shared")
    data.symlink_to(bench.folder / "shared")
    (bench.folder / "shared" / "up").symlink_to(bench.project)
    bench.misses(backend, lambda: write(bench.folder / "shared" / "rules.txt", "Bertram"))


def test_an_object_of_a_class_from_elsewhere(bench: Bench) -> None:
    """The class tells the file of its own module, not that of the object and its rules."""
    made = "from tools import Adapter\nADAPTER = Adapter()\nADAPTER.word = {!r}\n"
    bench.install("tools", {"tools.py": source("thin", "self.word")})
    folder = bench.project / "src"
    bench.install(
        "thin", {"thin.py": made.format("Anna")}, adapter="thin", recorded=False, site=folder
    )
    bench.misses("thin/x", lambda: write(folder / "thin.py", made.format("Bertram")))


def test_this_project_itself(bench: Bench) -> None:
    write(bench.own / "rules.txt", "Anna")
    path = bench.own / "rules.txt"
    bench.misses(bench.plug(f"Path({str(path)!r}).read_text()"), lambda: write(path, "Bertram"))


def test_what_runs_write_is_no_change(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results, the store, drafts and a log, in the very folder that is installed as editable."""
    backend, change = plant(bench, "editable", "elsewhere")
    monkeypatch.chdir(bench.project)
    monkeypatch.delenv("HARNESS_HOME")
    gold = ["--gold", str(bench.gold.path)]

    def asked(*command: str) -> int:
        before = len(bench.log())
        bench.forget()
        with Path("run.log").open("a") as log, redirect_stderr(log):
            assert main([*command]) == 0
        return len(bench.log()) - before

    for folder in ("results", "."):
        command = ["run", backend, *gold, "--out", folder, "--rounds", "2"]
        assert [asked(*command), asked(*command)] == [4 if folder == "results" else 0, 0]
    assert asked("run", backend, *gold, "--cache-dir", ".") == 2
    assert asked("run", backend, *gold, "--cache-dir", ".") == 0
    command = ["predict", backend, "--docs", str(bench.gold.path), "--out", "predicted.jsonl"]
    # The file that is written at the end may be one of those that the next run reads.
    assert [asked(*command) for _ in range(3)] == [0, 2, 0]
    change()
    assert asked(*command) == 2


def test_an_editable_folder_that_is_too_large(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be told whether anything in it has changed."""
    monkeypatch.setattr("harness.run.trees.MOST_FILES", 30)
    backend, change = plant(bench, "editable", "elsewhere")
    for number in range(30):
        write(bench.project / "data" / f"{number}", "")
    assert bench.never_keeps(backend, change).endswith("is gone, or too large")


# Models


@pytest.mark.parametrize("digest", ["digest_file(model)", "'of something else'"])
def test_a_model_with_a_digest(digest: str, bench: Bench, tmp_path: Path) -> None:
    write(tmp_path / "model", "Anna")
    bench.plug("Path(request.model).read_text()", digest=digest)
    bench.misses(f"plug/{tmp_path / 'model'}", lambda: write(tmp_path / "model", "Bertram"))


def test_a_model_with_a_version(bench: Bench, tmp_path: Path) -> None:
    write(tmp_path / "model", "Anna")
    bench.plug("Path(request.model).read_text()", digest="''")
    backend = f"plug/{tmp_path / 'model'}"
    why = bench.never_keeps(backend, lambda: write(tmp_path / "model", "Bertram"))
    assert why == "the adapter states no digest of its model"


# Options and labels


@pytest.mark.parametrize("given", ["{folder}/rules.txt", "{folder}", "~/rules.txt", "rules.txt"])
def test_a_file_that_an_option_names(
    given: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "named"
    write(folder / "rules.txt", "Anna")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    bench.plug(
        "next(p if p.is_file() else p / 'rules.txt' for p in "
        "[Path(request.options['rules']).expanduser()]).read_text()"
    )
    backend = f"plug/x?rules={given.format(folder=folder)}"
    bench.misses(backend, lambda: write(folder / "rules.txt", "Bertram"))


def test_an_option_that_happens_to_name_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.trees.MOST_FILES", 100)
    bench.plug("'Anna'")
    why = "not proven: its options name more than 100 files"
    assert bench.run("plug/x?separator=/").proof == why


def test_other_options(bench: Bench) -> None:
    bench.plug("request.options['word']")
    bench.misses("plug/x?word=Anna", lambda: None, after="plug/x?word=Bertram")


@pytest.mark.parametrize("declared", [False, True])
def test_other_labels(declared: bool, bench: Bench, tmp_path: Path) -> None:
    """They are asked for where a backend declares none; one that does has its own."""
    given = {} if declared else {"labels": None}
    bench.plug("'Anna' if 'A' in request.labels else 'Bertram'", **given)
    out = tmp_path / "predicted.jsonl"
    said = []
    for labels in ("A,B", "C"):
        bench.forget()
        given = ["--docs", str(bench.gold.path), "--out", str(out), "--labels", labels]
        assert main(["predict", "plug/x", *given, "--cache-dir", str(tmp_path / "store")]) == 0
        said.append(out.read_text())
    assert len(bench.log()) == (2 if declared else 4)
    assert (said[0] == said[1]) is declared
