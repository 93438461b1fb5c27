"""The house keeps its shape: imports go down only, nothing heavy comes with a cheap command."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {
    "torch", "spacy", "stanza", "transformers", "datasets", "pandas", "sklearn", "scipy",
    "pyarrow", "textacy", "numpy", "ray",
}  # fmt: skip

# The floors, from the ground up. A module may import from its own floor and from those below.
FLOORS = (
    (
        "errors",
        "annotation",
        "digest",
        "interrupt",
        "coding",
        "options",
        "paths",
        "paragraphs",
        "quotation",
        "shards",
        "media",
        "spill",
        "table",
        "__init__",
    ),
    ("adapter", "distributions", "registry"),
    ("labels", "perturb", "stats"),
    ("tasks",),
    ("formats",),
    ("gold", "interop", "doctor", "results"),
    ("run", "curation"),
    ("scale",),
    ("decide", "api"),
    ("report", "pytest_plugin"),
    ("cli", "__main__"),
)
# What an adapter may use of the harness.
FOR_ADAPTERS = {"adapter", "adapters", "annotation", "digest", "distributions", "errors"}
FOR_ADAPTERS |= {"paragraphs", "quotation", "tasks"}


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sorted((ROOT / "harness").rglob("*.py"))
    }


def _imports(path: Path) -> set[str]:
    """Modules of this project that a file imports, at the top or inside functions."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return {name for name in found if name.split(".")[0] in ("harness", "adapters")}


def _floor(module: str) -> int:
    name = module.split(".")[1] if "." in module else "__init__"
    for number, rooms in enumerate(FLOORS):
        if name in rooms:
            return number
    raise AssertionError(f"{module} stands on no floor: add it to FLOORS and docs/architecture.md")


@pytest.mark.parametrize("module", _modules())
def test_imports_go_down(module: str) -> None:
    known = _modules()
    own = _floor(module)
    for imported in _imports(_modules()[module]):
        if imported.startswith("adapters"):
            pytest.fail(f"{module} imports {imported}: adapters are found by entry points")
        target = imported if imported in known else imported.rpartition(".")[0]
        if target in known or f"{target}.__init__" in known:
            assert _floor(target) <= own, f"{module} (floor {own}) imports {imported} from above"


def test_no_circles() -> None:
    known = _modules()
    graph = {
        module: {name for name in _imports(path) if name in known and name != module}
        for module, path in known.items()
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for below in graph[module]:
                visit(below, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", sorted((ROOT / "adapters").glob("*.py")), ids=lambda p: p.name)
def test_adapters_use_the_interface_only(path: Path) -> None:
    used = {name.split(".")[1] for name in _imports(path) if name.startswith("harness.")}
    assert used <= FOR_ADAPTERS, f"{path.name} reaches into {sorted(used - FOR_ADAPTERS)}"


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["backends"], ["score", "--help"], ["run", "--help"], ["compare", "--help"]],
    ids=" ".join,
)
def test_cheap_commands_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from harness.cli.main import main\n"
        f"status = main({arguments!r})\n"
        f"heavy = sorted(set(sys.modules) & {HEAVY!r})\n"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
