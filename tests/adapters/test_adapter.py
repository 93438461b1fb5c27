"""What `harness.adapter.Adapter` does for whoever inherits it, and what need not be inherited."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from md_blocks import SHELL, blocks, commands

from harness import api, registry
from harness.adapter import (
    Adapter,
    AnyAdapter,
    Backend,
    Declaration,
    LoadRequest,
    ModelIdentity,
    Option,
)
from harness.annotation import Annotations, Entity
from harness.cli.main import main
from harness.errors import BackendUnavailable, UsageError
from harness.registry import BackendSpec
from harness.run.create import create_environment
from harness.run.key import describe_here
from harness.run.launch import launch
from harness.run.protocol import documents_message, load_message

ROOT = Path(__file__).parents[2]


class Words(Backend):
    """The words of a list."""

    def __init__(self, words: set[str], identity: ModelIdentity, request: LoadRequest) -> None:
        self.words, self.identity, self.request = words, identity, request

    def predict(self, texts: Sequence[str]) -> Iterable[list[str]]:
        return [[word for word in text.split() if word in self.words] for text in texts]

    def annotations(self, text: str, raw: list[str]) -> Annotations:
        spans = [(text.index(word), text.index(word) + len(word)) for word in raw]
        return Annotations(tuple(Entity(*span, "WORD") for span in spans))


def declare(**changes: Any) -> Declaration:
    plain = {"name": "words", "tasks": ("ner",), "summary": "words", "install": "pip install words"}
    return Declaration(**{**plain, **changes})


class NoModel(Adapter):
    declaration = declare(takes_model=False, model_licence="none", default_models=("",))
    options: Mapping[str, Option] = {"size": 3, "how": "any"}
    choices: Mapping[str, tuple[str, ...]] = {"how": ("any", "all")}

    def open(self, request: LoadRequest, identity: ModelIdentity) -> Words:
        return Words({"Anna"}, identity, request)


class Listed(Adapter):
    """A model is a file of words; `there` names one that can be fetched."""

    declaration = declare(model_licence="CC0-1.0", default_models=("usual",))

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def trouble(self, model: str) -> str | None:
        return None if model else "no model was named; for example words/usual"

    def files(self, model: str) -> list[Path]:
        file = self.folder / model
        return [file] if file.is_file() else []

    def fetch(self, request: LoadRequest) -> None:
        if request.offline or request.model != "there":
            super().fetch(request)
        (self.folder / request.model).write_text("Bert")

    def open(self, request: LoadRequest, identity: ModelIdentity) -> Words:
        return Words(set((self.folder / request.model).read_text().split()), identity, request)


def load(adapter: Adapter, model: str = "", *, offline: bool = True, **options: Option) -> Words:
    backend = adapter.load(LoadRequest(model, "ner", options=options, offline=offline))
    assert isinstance(backend, Words)
    return backend


# Without a model


def test_it_is_there_and_takes_no_model() -> None:
    assert NoModel().unavailable("") is None
    assert NoModel().unavailable("some") == "words takes no model, found 'some'"
    with pytest.raises(BackendUnavailable, match="takes no model"):
        load(NoModel(), "some")


def test_its_identity_is_its_own_source() -> None:
    identity = NoModel().identity("")
    assert identity is not None
    assert (identity.name, identity.licence, identity.size_bytes) == ("rules", "none", 0)
    assert len(identity.digest) == 64
    assert NoModel().sources() == (Path(__file__),)
    assert load(NoModel()).identity == identity


def test_options_come_with_their_defaults_and_are_checked() -> None:
    assert load(NoModel()).request.options == {"size": 3, "how": "any"}
    assert load(NoModel(), how="all").request.options == {"size": 3, "how": "all"}
    with pytest.raises(UsageError, match="unknown option 'siez'; expected one of: how, size"):
        load(NoModel(), siez=1)
    with pytest.raises(UsageError, match="how=none: expected one of any, all"):
        load(NoModel(), how="none")


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ((), None),
        (("pytest>=8",), None),
        (("PyTest[x] >=8", "hypothesis"), None),
        (("json",), None),  # a module that no distribution brings
        (('no-such-1a2b ; python_version < "3"',), None),
        (("pytest", "no-such-1a2b>=1,<2"), "no-such-1a2b is not installed; pip install words"),
        (("no such",), "no is not installed; pip install words"),
    ],
)
def test_what_it_requires_has_to_be_there(requires: tuple[str, ...], expected: str | None) -> None:
    class Needy(NoModel):
        declaration = declare(takes_model=False, requires=requires)

    assert Needy().unavailable("") == expected
    if expected:
        with pytest.raises(BackendUnavailable, match="is not installed"):
            load(Needy())


@pytest.mark.parametrize(("version", "fake"), [("999.9.9", True), ("999", True), ("99.9", False)])
def test_a_placeholder_is_refused_by_name(
    version: str, fake: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Needy(NoModel):
        declaration = declare(takes_model=False, requires=("pytest", "squatted>=1"))

    info = tmp_path / f"squatted-{version}.dist-info"
    info.mkdir()
    text = f"Metadata-Version: 2.1\nName: squatted\nVersion: {version}\n"
    (info / "METADATA").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    expected = (
        f"squatted {version} is a placeholder published by others, not the library; "
        "uninstall it: pip uninstall squatted; pip install words"
    )
    assert Needy().unavailable("") == (expected if fake else None)


# With models


def test_a_model_is_its_files(tmp_path: Path) -> None:
    adapter = Listed(tmp_path)
    (tmp_path / "usual").write_text("Anna")
    (tmp_path / "own").write_text("Anna Carl")
    usual, own = adapter.identity("usual"), adapter.identity("own")
    assert usual is not None and own is not None
    assert (usual.name, usual.licence, usual.size_bytes) == ("usual", "CC0-1.0", 4)
    assert (own.name, own.licence, own.size_bytes) == ("own", "", 9), "not said of this model"
    (tmp_path / "own").write_text("Anna Emil")
    changed = adapter.identity("own")
    assert changed is not None and changed.digest not in (own.digest, usual.digest)
    backend = load(adapter, "own")
    assert backend.identity == changed and backend.words == {"Anna", "Emil"}


def test_a_path_is_told_by_its_last_name(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("Anna")
    identity = Listed(Path("/")).identity(str(tmp_path / "own"))
    assert identity is not None and identity.name == "own"


def test_what_is_not_here_is_fetched_or_unavailable(tmp_path: Path) -> None:
    adapter = Listed(tmp_path)
    with pytest.raises(BackendUnavailable, match="no model was named"):
        load(adapter)
    with pytest.raises(BackendUnavailable, match="words/there: no file of this model"):
        load(adapter, "there")
    with pytest.raises(BackendUnavailable, match="words/nowhere: no file of this model"):
        load(adapter, "nowhere", offline=False)
    assert load(adapter, "there", offline=False).words == {"Bert"}
    assert load(adapter, "there").words == {"Bert"}, "it is here now"


def test_a_fetch_that_brings_nothing_is_no_model(tmp_path: Path) -> None:
    class Lying(Listed):
        def fetch(self, request: LoadRequest) -> None: ...

    with pytest.raises(BackendUnavailable, match="still not here"):
        load(Lying(tmp_path), "x", offline=False)


def test_a_backend_has_defaults_for_what_few_can_say(tmp_path: Path) -> None:
    backend = load(NoModel())
    assert backend.labels is None
    assert list(backend.predict_gold(["Anna"], [Annotations(entities=())])) == [["Anna"]]
    assert backend.characters_seen("Anna", ["Anna"]) is None


@pytest.mark.parametrize("kind", [Adapter, Backend])
def test_what_is_left_out_is_told_when_it_is_made(kind: type) -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (kind,), {})()


# What others may register

MODULE = """
import shutil
from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Annotations, Entity

class Whole:
    labels = ("ENT",)
    identity = ModelIdentity("bare", version="1")

    def predict(self, texts):
        return [0 for _ in texts]

    def predict_gold(self, texts, gold):
        return self.predict(texts)

    def annotations(self, text, raw):
        return Annotations((Entity(0, len(text), "ENT"),))

    def characters_seen(self, text, raw):
        return len(text)

class Half:
    labels, identity = Whole.labels, Whole.identity
    predict, annotations = Whole.predict, Whole.annotations

class Bare:
    declaration = Declaration("bare", ("ner",), "inherits nothing", labels=("ENT",))

    def unavailable(self, model):
        return None

    def identity(self, model):
        return Whole.identity

    def load(self, request):
        return Half() if request.model == "half" else Whole()

class Shell(Bare):
    declaration = Declaration("shell", ("ner",), "programs", external=True)

    def unavailable(self, model):
        return None if shutil.which(model.split()[0]) else "no such program"

class Nothing:
    declaration = Declaration("nothing", ("ner",), "has no identity()")
    unavailable = load = None
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Installs a distribution of one module with adapters, here and for workers."""
    modules = []

    def put(module: str, source: str, points: Mapping[str, str]) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {place}\n" for name, place in points.items())
        (info / "entry_points.txt").write_text(f"[{registry.ADAPTER_GROUP}]\n{lines}")
        modules.append(module)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
        forget()

    def forget() -> None:
        registry._entry_points.cache_clear()
        registry.adapter.cache_clear()

    yield put
    forget()
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def others(install: Callable[..., None]) -> None:
    names = ("Bare", "Shell", "Nothing")
    install("others_1a2b", MODULE, {name.lower(): f"others_1a2b:{name}" for name in names})


def worker_says(backend: str) -> list[dict[str, Any]]:
    said = load_message(backend, task="ner", model=BackendSpec.parse(backend).model)
    said += documents_message([("a", "Anna", None)])
    command = [sys.executable, "-P", "-m", "harness.run.worker", "--backend", backend]
    done = subprocess.run(command, input=said, capture_output=True, check=False, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("others")
def test_nothing_has_to_be_inherited() -> None:
    found = registry.adapter("bare")
    assert isinstance(found, AnyAdapter) and not isinstance(found, Adapter)
    assert isinstance(found.load(LoadRequest("", "ner")), Backend)
    hello, answer = worker_says("bare")
    assert hello["model"]["name"] == "bare"
    assert answer["entities"] == [{"start": 0, "end": 4, "label": "ENT"}]
    assert answer["characters"] == 4
    assert api.load_backend("bare").annotate("Anna").entities == (Entity(0, 4, "ENT"),)


@pytest.mark.usefixtures("others")
def test_what_lacks_a_member_is_told_before_the_first_document() -> None:
    (line,) = worker_says("bare/half")
    assert line["type"] == "error"
    assert "Half, which is no backend: let it inherit harness.adapter.Backend" in line["error"]
    with pytest.raises(UsageError, match=r"expected an object with .*identity\(\)"):
        registry.adapter("nothing")


@pytest.mark.usefixtures("others")
def test_a_program_is_one_by_declaration_under_whatever_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "shell:env A=1 cat x/y?z=1"
    spec = BackendSpec.parse(text)
    assert spec == BackendSpec("shell", "env A=1 cat x/y?z=1")
    assert (str(spec), spec.external) == (text, True)
    assert launch(spec).command[-4:] == ("env", "A=1", "cat", "x/y?z=1")
    description = describe_here(spec)
    assert description.model is None and description.python == ""
    assert "what it imports and reads" in description.doubt
    assert describe_here(BackendSpec.parse("shell:no-such-1a2b")).unavailable == "no such program"
    with pytest.raises(UsageError, match="program of its own"):
        api.load_backend(text)
    with pytest.raises(UsageError, match="a shell: backend brings its own program"):
        create_environment("shell")
    assert main(["backends", "shell:cat", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["backend"], row["here"], row["external"]) == ("shell:cat", "yes", True)


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bare:x", BackendSpec("bare:x")),
        ("bare/a:b", BackendSpec("bare", "a:b")),
        ("bare?o=a:b", BackendSpec("bare", "", {"o": "a:b"})),
        ("nothing:x", BackendSpec("nothing:x")),
        ("no-such-1a2b:x", BackendSpec("no-such-1a2b:x")),
    ],
)
def test_a_colon_means_nothing_to_all_others(text: str, expected: BackendSpec) -> None:
    spec = BackendSpec.parse(text)
    assert spec == expected
    assert (str(spec), spec.external) == (text, False)


def test_no_adapter_is_told_by_its_name() -> None:
    """What one is able to do stands in its declaration, so that another can be the same."""
    names = {
        name
        for name, found in registry.adapters()
        if found.declaration.external or found.declaration.needs_gold or found.declaration.sanity
    }
    names -= {"empty"}  # An English word, too.
    assert "process" in names
    for path in (ROOT / "harness").rglob("*.py"):
        if (ROOT / "harness" / "adapters") in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Compare):
                literals = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
                assert not literals & names, f"{path.name}:{node.lineno}"


@pytest.mark.slow
def test_the_adapter_of_the_docs_keeps_the_contract(
    install: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    page = blocks(ROOT / "docs" / "running.md")
    *_, card = [text for language, text in page if language == "toml"]
    (source,) = [text for language, text in page if language == "python"]
    ((check, a_run),) = [commands(text) for language, text in page if language == SHELL]
    points = tomllib.loads(card)["project"]["entry-points"][registry.ADAPTER_GROUP]
    install("capitals", source, points)
    assert main([*shlex.split(check)[1:], "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["tasks"]["ner"]
    assert {check["status"] for check in checks} == {"ok"}, checks
    with pytest.raises(UsageError, match="unknown option 'shortes'; expected one of: shortest"):
        api.load_backend("capitals?shortes=4")
    assert api.load_backend("capitals?shortest=4").annotate("Anna, Bo").entities == (
        Entity(0, 4, "PERSON"),
    )
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(a_run)[1:]) == 0
    assert "capitals?shortest=4" in capsys.readouterr().out
