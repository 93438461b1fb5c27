"""The option `threshold`: entities of lower confidence are not answered, and where there are no
confidences it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.annotation import Annotations, Entity
from harness.errors import UsageError
from harness.registry import BackendSpec, adapter, adapter_of, adapters

ANSWERS = (Entity(0, 1, "A", 0.3), Entity(1, 2, "A", 0.6), Entity(2, 3, "B", 0.9))


class Planted(Backend):
    labels = ("A", "B")
    identity = ModelIdentity("planted", digest="x")

    def __init__(self, entities: Sequence[Entity]) -> None:
        self._entities = tuple(entities)

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        return [text.upper() for text in texts]

    def annotations(self, text: str, raw: Any) -> Annotations:
        return Annotations(self._entities)

    def characters_seen(self, text: str, raw: Any) -> int:
        return len(text)


class Wrapper(Adapter):
    declaration = Declaration("planted", ("ner",), "planted", takes_model=False, confidences=True)
    entities: tuple[Entity, ...] = ANSWERS

    def open(self, request: LoadRequest, identity: ModelIdentity) -> Backend:
        return Planted(self.entities)


class Own(Wrapper):
    """Its library has such an option itself."""

    options: Mapping[str, Option] = {"threshold": 0.4}


def _answers(wrapper: Adapter, **options: float) -> tuple[Entity, ...] | None:
    backend = wrapper.load(LoadRequest("", "ner", options=options))
    assert (backend.labels, backend.identity.name) == (("A", "B"), "planted")
    (raw,) = backend.predict(["abc"])
    assert raw == "ABC" and backend.characters_seen("abc", raw) == 3
    return backend.annotations("abc", raw).entities


def test_entities_below_the_threshold_are_not_answered() -> None:
    assert _answers(Wrapper()) == _answers(Wrapper(), threshold=0) == ANSWERS
    assert _answers(Wrapper(), threshold=0.6) == ANSWERS[1:]
    assert _answers(Wrapper(), threshold=0.61) == ANSWERS[2:]
    assert _answers(Wrapper(), threshold=1) == ()


def test_a_library_that_has_a_threshold_keeps_its_own() -> None:
    assert _answers(Own(), threshold=0.95) == ANSWERS
    assert Own().settled({})["threshold"] == 0.4


def test_an_entity_without_confidence_is_an_error_and_not_left_out() -> None:
    wrapper = Wrapper()
    wrapper.entities = (Entity(0, 1, "A"),)
    assert _answers(wrapper) == wrapper.entities
    with pytest.raises(ValueError, match="no confidence"):
        _answers(wrapper, threshold=0.5)


@pytest.mark.parametrize("name", [name for name, _ in adapters()])
def test_it_is_refused_where_there_are_no_confidences(name: str) -> None:
    found = adapter(name)
    spec = BackendSpec(name, "x", {"threshold": 0.5})
    if found.declaration.external:
        return
    if found.declaration.confidences:
        assert adapter_of(spec) is found
    else:
        with pytest.raises(UsageError, match=f"{name} gives no confidences"):
            adapter_of(spec)


def test_which_give_confidences() -> None:
    given = {name for name, found in adapters() if found.declaration.confidences}
    assert given == {"transformers", "gliner", "flair", "presidio"}
