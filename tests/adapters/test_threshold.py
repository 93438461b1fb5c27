"""The option `threshold`: entities of lower confidence are not answered, and where there are no
confidences it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.annotation import Annotations, Entity, Record
from harness.api import load_backend
from harness.decide.threshold.scores import read_scores
from harness.errors import UsageError
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec, adapter, adapter_of, adapters
from harness.results.scored import Scored, score_records

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


@pytest.mark.parametrize(
    ("least", "why"),
    [(float("nan"), "a finite number"), (float("inf"), "a finite number"), (-1.0, "from 0 up")],
)
@pytest.mark.parametrize("wrapper", [Wrapper(), Own()])
def test_a_threshold_is_a_finite_number(wrapper: Adapter, least: float, why: str) -> None:
    with pytest.raises(UsageError, match=rf"option threshold={least}: expected .*{why}"):
        _answers(wrapper, threshold=least)


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


@pytest.mark.models
def test_a_run_with_a_threshold_counts_what_the_sweep_says() -> None:
    """The reference model on an article, asked with a threshold and without."""
    reason = adapter("transformers").unavailable("reference")
    if reason:
        pytest.skip(reason)
    goldset = load_goldset("seeds")
    record = goldset.read_all()[0]

    def scored(**options: float) -> Scored:
        backend = load_backend("transformers/reference", **options)
        answer = Record(record.id, None, backend.annotate(record.text or ""))
        return score_records("reference", goldset, [answer], "ner", schema="conll03", gold=[record])

    part = scored(threshold=0.9)
    whole = read_scores(scored())
    counts = tuple(whole.table(0.9).sum(axis=0))
    assert counts == part.parts[0].sums(part.total)
    assert 0 < counts[3] < len(whole.confidence)
