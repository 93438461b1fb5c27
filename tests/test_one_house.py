"""What the house forbids: each thing is in one room, and no second copy comes up elsewhere."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from harness.tasks.registry import layer_names, task_named, task_names

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "harness").rglob("*.py"))
TREES = {
    path.relative_to(ROOT / "harness").as_posix(): ast.parse(path.read_text("utf-8"))
    for path in FILES
}

# Columns of datasets in the Hugging Face format are called so; it is no task of ours.
NO_TASK = {
    (f"formats/{name}.py", "ner")  # A key of a file, or the name of a column.
    for name in ("csvrows", "dygie", "gliner", "hf", "prodigy", "spacy_tokens")
}

SCORES = {"precision", "recall", "f1", "micro", "macro", "headline", "score"}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)

# What is used in these files and rooms only: everything else asks them.
ONLY_IN = {
    "difflib": {"errors.py"},
    "sqlite3": {"results/unit_database.py", "results/unit_files.py", "run/database.py"},
    "msgspec": {
        "coding.py",
        "decide/rules.py",
        "formats/plain.py",
        "gold/card.py",
        "run/answers.py",
        "run/suites.py",
    },
    "json.loads": {"coding.py", "digest.py", "distributions.py", "run/worker.py"},
    "argparse": {"cli/", "run/worker.py"},
    "sys.argv": {"cli/main.py", "run/parenthood.py"},
    "harness.results.count.Count": {
        "results/scored.py",
        "results/load.py",
        "run/common.py",
        "run/counting.py",
    },
    "harness.results.count.count_pairs": {"curation/agreement/agreement.py"},
    "harness.results.settle.settle": {"results/count.py"},
    "harness.labels.meeting.meet": {"results/settle.py"},
    "harness.labels.meeting.project": {"results/settle.py"},
    "harness.stats.rates.rates": {
        "tasks/",
        "results/sums.py",
        "results/consistent.py",
        "decide/complement.py",
        "decide/explain/",
    },
}


def _rooms(*names: str) -> Iterator[tuple[str, ast.Module]]:
    yield from ((name, tree) for name, tree in TREES.items() if name.startswith(names))


def _imported(tree: ast.Module) -> Iterator[str]:
    """`module` and `module.name` of every import, at the top or inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_task_is_named_outside_its_folder() -> None:
    names = set(task_names())
    assert names >= {"ner", "attribution"}
    named = [
        f"harness/{room}:{node.lineno}: {node.value!r}"
        for room, tree in TREES.items()
        if not room.startswith("tasks/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node.value in names
        and (room, node.value) not in NO_TASK
    ]
    assert not named, named


def test_nothing_asks_which_task_it_is() -> None:
    """Layers are data and formats read them by name; nobody else picks one by its name."""
    layers = set(layer_names())
    assert layers == {task_named(name).layer for name in task_names()}
    picked = [
        f"harness/{room}:{node.lineno}: {ast.unparse(node)}"
        for room, tree in TREES.items()
        if not room.startswith(("tasks/", "formats/", "interop/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(one, ast.Constant) and one.value in layers for one in ast.walk(node))
        and room != "annotation.py"
    ]
    assert not picked, picked


def test_no_room_above_knows_a_task() -> None:
    reached = [
        f"harness/{room}: {name}"
        for room, tree in TREES.items()
        if not room.startswith("tasks/")
        for name in _imported(tree)
        if name.startswith(tuple(f"harness.tasks.{task}" for task in task_names()))
    ]
    assert not reached, reached


def test_pages_and_verbs_do_no_arithmetic_on_scores() -> None:
    def is_score(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in SCORES

    computed = [
        f"harness/{room}:{node.lineno}: {ast.unparse(node)}"
        for room, tree in _rooms("report/", "cli/")
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ARITHMETIC)
            and (is_score(node.left) or is_score(node.right))
        )
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("sum", "mean", "fmean")
            and any(is_score(inner) for inner in ast.walk(node))
        )
    ]
    assert not computed, computed


@cache
def _used(room: str) -> tuple[set[str], set[str]]:
    """What a module imports, and every attribute that it names."""
    attributes = {ast.unparse(n) for n in ast.walk(TREES[room]) if isinstance(n, ast.Attribute)}
    return set(_imported(TREES[room])), attributes


@pytest.mark.parametrize("what", ONLY_IN)
def test_each_thing_has_one_place(what: str) -> None:
    module, _, name = what.rpartition(".")
    for room in TREES:
        imports, attributes = _used(room)
        if what in imports or (what in attributes and module in imports):
            assert room.startswith(tuple(ONLY_IN[what])), f"{name or what} is used in {room}"


def test_one_module_prints() -> None:
    """Every text goes through the function of its medium (`harness.media`)."""
    may = {"cli/printer.py", "cli/main.py", "run/worker.py", "run/progress.py"}
    for room, tree in TREES.items():
        if room in may:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("print", "sys.stdout.write"), room


def test_what_a_task_counts_is_added_up_in_one_place() -> None:
    """An event may count at many places at once: `Tally.units` alone knows how."""
    for room, tree in TREES.items():
        summed = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Tally.units"
            for inner in node.args
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("task.count"):
                assert node in summed and room == "results/count.py", f"{room}:{node.lineno}"


def test_init_files_are_empty() -> None:
    """The package itself gives its public names, late; no other has anything."""
    assert [
        room for room, tree in TREES.items() if room.endswith("/__init__.py") and tree.body
    ] == []


def test_names_come_from_where_they_are_defined() -> None:
    """No module passes on what another defines, those for users apart."""
    for room, tree in TREES.items():
        imported = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                passed_on = imported & set(ast.literal_eval(node.value))
                assert not passed_on or room in ("api.py", "adapter.py"), (room, passed_on)


# What each verb, format, task and scorer has under the same name, and what the public
# interface calls as the room below it does.
SHARED = {
    "cli/": {"EPILOG", "configure", "run"},
    "formats/": {
        *("EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "SUFFIXES", "annotators", "census", "matches"),
        *("read", "settle", "write"),
    },
    "interop/": {"scores"},
    "tasks/": {"error_counts", "events", "parts", "problem", "score"},
    "api.py": {"compare", "explain", "score"},
    "run/runner.py": {"run"},
    "results/": {"read", "write"},
    "decide/": {"compare", "explain", "read", "write"},
    "run/worker.py": {"main"},
    "cli/main.py": {"main"},
}


def _defined(tree: ast.Module) -> Iterator[str]:
    """Names that a module defines at its top and lets others use."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names = [node.name]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def test_a_name_means_one_thing() -> None:
    """Whatever has a public name in two modules is the same thing under one of the roles above."""
    places: dict[str, set[str]] = defaultdict(set)
    for room, tree in TREES.items():
        for name in _defined(tree):
            if not any(room.startswith(place) and name in names for place, names in SHARED.items()):
                places[name].add(room)
    # A type variable is as local as a parameter.
    twice = {name: rooms for name, rooms in places.items() if len(rooms) > 1 and name != "T"}
    assert not twice, twice


class _Blind(ast.NodeTransformer):
    """The same tree whatever names are local."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name("_", node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg("_")


def _body(function: ast.FunctionDef) -> ast.Module:
    """What it does, without its docstring."""
    first = function.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return ast.Module(function.body[1:] if told else function.body, [])


def test_no_function_is_written_twice() -> None:
    """Bodies that are the same but for the names in them."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in (*FILES, *sorted((ROOT / "adapters").glob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = _Blind().visit(_body(node))
                if sum(1 for _ in ast.walk(body)) >= 25:
                    where = f"{path.relative_to(ROOT).as_posix()}: {node.name}"
                    places[ast.dump(body)].append(where)
    twice = [where for where in places.values() if len(where) > 1]
    assert not twice, twice
