"""What every registered adapter promises, asked of each in the same words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pkgutil import iter_modules

import pytest

from harness.adapter import Adapter, Backend, LoadRequest
from harness.annotation import Annotations, Attribution, Entity, TaskName, span_problems
from harness.errors import BackendUnavailable, DocumentRefused
from harness.formats.jsonl import annotations_to_json
from harness.labels.schema import load_schema
from harness.registry import ADAPTER_GROUP, BackendSpec, adapter
from harness.tasks.registry import task_named

# The registry's own list may hold what another test planted; this is what the project registers.
NAMES = sorted(
    point.name
    for point in entry_points(group=ADAPTER_GROUP)
    if point.value.startswith("harness.adapters.")
)
SPECS = [
    BackendSpec(name, model)
    for name in NAMES
    for model in adapter(name).declaration.default_models or ("",)
    if name not in ("process", "oracle", "gliner", "flair")
]
HEAVY = {
    *("torch", "spacy", "stanza", "transformers", "textacy", "gliner", "flair", "peft"),
    *("presidio_analyzer", "numpy", "huggingface_hub"),
}

REFUSED = Annotations()

TEXTS = {
    "empty": "",
    "white space": " \t\n\r\n\u00a0\u2003 ",
    "plain": "“We will vote in May,” Angela Merkel said in Berlin on Monday. The UN agreed.",
    "emoji": "\U0001f600\U0001f469\u200d\U0001f467 Angela Merkel met Macron \U0001f1eb\U0001f1f7.",
    "combining accents": "Nadia Joliot-Curie\u0301 said: “Le cafe\u0301 in Me\u0301xico is open.”",
    "CRLF": "Angela Merkel\r\nspoke in Berlin.\r\n\r\n“No,” said Boris Johnson.\r\nHe left.\r\n",
    "no-break space": "Mr\u00a0Smith of\u00a0Example\u00a0Corp. said “yes” in New\u00a0York.",
    "line separators": "Angela Merkel\u2028Paris\u2029London\x0bRome\x0cMadrid\x85Oslo",
    "zero width": "Angela\u200b Merkel\ufeff of\u00adGermany said: “no”.",
    "quotation marks only": "“”\"\"''«»”“",
    "capitals": "ANGELA MERKEL SPOKE IN BERLIN",
    "long word": "Berlin" * 400,
    "right to left": "قال محمد صلاح: «نعم» in Cairo.",
}


@pytest.fixture(params=NAMES)
def found(request: pytest.FixtureRequest) -> Adapter:
    return adapter(request.param)


def _tasks(spec: BackendSpec) -> Iterator[TaskName]:
    yield from adapter(spec.adapter).declaration.tasks


@cache
def _load(spec: str, task: TaskName) -> Backend:
    parsed = BackendSpec.parse(spec)
    reason = adapter(parsed.adapter).unavailable(parsed.model)
    if reason:
        pytest.skip(reason)
    labels = tuple(load_schema("conll03").labels)
    request = LoadRequest(model=parsed.model, task=task, labels=labels, offline=True)
    return adapter(parsed.adapter).load(request)


def _marks(spec: BackendSpec) -> list[pytest.MarkDecorator]:
    return [pytest.mark.models] if adapter(spec.adapter).declaration.requires else []


BACKENDS = [
    pytest.param(str(spec), task, id=f"{spec}-{task}", marks=_marks(spec))
    for spec in SPECS
    for task in _tasks(spec)
]


def _ask(backend: Backend, texts: list[str]) -> list[Annotations]:
    """A refusal that says why is an answer, too: one without any layer."""
    raws = list(backend.predict(texts))
    assert len(raws) == len(texts)
    found = []
    for text, raw in zip(texts, raws, strict=True):
        try:
            found.append(backend.annotations(text, raw))
        except DocumentRefused as refusal:
            assert str(refusal)
            found.append(REFUSED)
    return found


# Declarations


def test_every_module_of_adapters_is_registered() -> None:
    """A file that nobody registers is an adapter that no test and no user sees."""
    import harness.adapters as folder

    prefix = f"{folder.__name__}."
    modules = {one.name for one in iter_modules(folder.__path__, prefix) if not one.ispkg}
    adapters = {name for name in modules if not name.startswith(f"{prefix}_")}
    registered = {point.module for point in entry_points(group=ADAPTER_GROUP)}
    assert adapters <= registered, "register it in pyproject.toml, or begin its name with _"


def test_declaration_is_complete(found: Adapter) -> None:
    declared = found.declaration
    assert declared.tasks
    assert declared.summary
    assert declared.install
    if declared.name != "process":
        assert declared.code_licence
    assert (declared.capabilities is not None) <= ("attribution" in declared.tasks)
    for trap in declared.traps:
        assert trap[0].islower() or trap[0] in "'“" or trap.split()[0][0].isupper()
        assert not trap.endswith("."), "one sentence each, shown in a list"
    if isinstance(declared.labels, str):
        assert load_schema(declared.labels)


def test_declared_under_its_own_name(found: Adapter) -> None:
    assert adapter(found.declaration.name) is found


def test_default_models_take_a_model_only_where_that_is_declared(found: Adapter) -> None:
    if not found.declaration.takes_model:
        assert set(found.declaration.default_models) <= {""}
        assert found.unavailable("some-model") is not None


def test_a_model_that_is_nowhere_is_unavailable_and_says_why(found: Adapter) -> None:
    reason = found.unavailable("/no/such/model")
    assert reason
    assert "\n" not in reason
    assert found.identity("/no/such/model") is None or not found.declaration.takes_model


def test_loading_what_is_nowhere_is_an_error_of_ours(found: Adapter) -> None:
    if found.declaration.sanity or not found.declaration.takes_model:
        pytest.skip("has no models")
    with pytest.raises(BackendUnavailable) as caught:
        found.load(LoadRequest(model="/no/such/model", task=found.declaration.tasks[0]))
    assert caught.value.reason


@pytest.mark.parametrize("name", NAMES)
def test_looking_imports_nothing_heavy(name: str) -> None:
    program = (
        "import sys\n"
        "from harness.registry import adapter\n"
        f"found = adapter({name!r})\n"
        "for model in (*found.declaration.default_models, '', '/no/such/model'):\n"
        "    found.unavailable(model), found.identity(model)\n"
        f"heavy = sorted(set(sys.modules) & {HEAVY!r})\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_identity_tells_a_model_from_any_other(spec: BackendSpec) -> None:
    found = adapter(spec.adapter)
    if found.unavailable(spec.model):
        pytest.skip(str(found.unavailable(spec.model)))
    identity = found.identity(spec.model)
    assert identity is not None
    assert identity.name
    assert identity.digest or identity.version
    assert identity == found.identity(spec.model)


# Answers


@pytest.mark.parametrize(("spec", "task"), BACKENDS)
def test_identity_before_and_after_loading_agree(spec: str, task: TaskName) -> None:
    parsed = BackendSpec.parse(spec)
    backend = _load(spec, task)
    before = adapter(parsed.adapter).identity(parsed.model)
    assert before is not None
    assert (before.digest, before.version) == (backend.identity.digest, backend.identity.version)


@pytest.mark.parametrize(("spec", "task"), BACKENDS)
@pytest.mark.parametrize("case", TEXTS)
def test_offsets_lie_in_the_text(spec: str, task: TaskName, case: str) -> None:
    text = TEXTS[case]
    (found,) = _ask(_load(spec, task), [text])
    if found is REFUSED:
        return
    layer = found.layer(task_named(task).layer)
    assert layer is not None, "the layer that was asked for is annotated, be it with nothing"
    for item in layer:
        spans = [item.span] if isinstance(item, Entity) else [span for _, span in item.spans()]
        for span in spans:
            assert span_problems(len(text), *span) is None
            if not spec.startswith("whole-document"):
                assert text[slice(*span)] == text[slice(*span)].strip(), "edges are no white space"
    if not text.strip() and not spec.startswith("whole-document"):
        assert layer == ()
    annotations_to_json(found)


@pytest.mark.parametrize(("spec", "task"), BACKENDS)
def test_labels_are_among_those_declared(spec: str, task: TaskName) -> None:
    if task != "ner":
        pytest.skip("attributions have no labels")
    backend = _load(spec, task)
    used = {
        entity.label
        for found in _ask(backend, list(TEXTS.values()))
        for entity in found.entities or ()
    }
    if backend.labels is not None:
        assert used <= set(backend.labels)
        assert list(backend.labels) == sorted(set(backend.labels))
    declared = adapter(BackendSpec.parse(spec).adapter).declaration.labels
    if isinstance(declared, str) and backend.labels is not None:
        assert set(backend.labels) <= set(load_schema(declared).labels)


@pytest.mark.parametrize(("spec", "task"), BACKENDS)
def test_order_and_company_change_nothing(spec: str, task: TaskName) -> None:
    backend = _load(spec, task)
    texts = list(TEXTS.values())
    singly = [_places(_ask(backend, [text])[0]) for text in texts]
    together = [_places(found) for found in _ask(backend, texts)]
    backwards = [_places(found) for found in _ask(backend, texts[::-1])][::-1]
    assert together == singly == backwards


@pytest.mark.parametrize(("spec", "task"), BACKENDS)
def test_nothing_to_do_is_fine(spec: str, task: TaskName) -> None:
    assert _ask(_load(spec, task), []) == []


@pytest.mark.parametrize(("spec", "task"), BACKENDS)
def test_reads_to_the_end_of_a_long_document(spec: str, task: TaskName) -> None:
    """20,000 characters; the last paragraph must count as much as the first."""
    backend = _load(spec, task)
    paragraph = "“We will vote in May,” Angela Merkel said in Berlin on Monday."
    filler = "Nothing else was heard that day, and people went home early, tired of it all."
    text = "\n\n".join([paragraph, *[filler] * 250, paragraph])
    assert len(text) > 19_000
    (raw,) = backend.predict([text])
    layer = task_named(task).items(backend.annotations(text, raw))
    assert backend.characters_seen(text, raw) in (None, len(text))
    if "empty" in spec or "whole-document" in spec:
        return
    at = len(text) - len(paragraph)
    first = {_place(item, 0) for item in layer if _begin(item) < len(paragraph)}
    last = {_place(item, at) for item in layer if _begin(item) >= at}
    assert first == last
    if "presidio" not in spec:
        assert first


def _begin(item: Entity | Attribution) -> int:
    return item.start if isinstance(item, Entity) else item.content[0].start


def _place(item: Entity | Attribution, at: int) -> tuple[object, ...]:
    if isinstance(item, Entity):
        return (item.start - at, item.end - at, item.label)
    return tuple((role, span.start - at, span.end - at) for role, span in item.spans())


def _places(found: Annotations) -> list[tuple[object, ...]]:
    return [_place(item, 0) for item in (*(found.entities or ()), *(found.attributions or ()))]
