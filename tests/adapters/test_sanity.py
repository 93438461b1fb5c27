"""The rows that check the harness: nothing, everything, the gold itself."""

from __future__ import annotations

import pytest

from harness.adapter import LoadRequest
from harness.adapters.sanity import EMPTY, ORACLE, WHOLE_DOCUMENT
from harness.annotation import Annotations, Attribution, Entity, Span, TaskName

TEXTS = ["Jane spoke.", ""]


def answers(adapter, task: TaskName, labels: tuple[str, ...] = ()) -> list[Annotations]:  # type: ignore[no-untyped-def]
    backend = adapter.load(LoadRequest("", task, labels=labels))
    return [
        backend.annotations(text, raw)
        for text, raw in zip(TEXTS, backend.predict(TEXTS), strict=True)
    ]


def test_empty_is_an_empty_layer_not_a_missing_one() -> None:
    assert answers(EMPTY, "ner") == [Annotations(entities=())] * 2
    assert answers(EMPTY, "attribution") == [Annotations(attributions=())] * 2


def test_whole_document_is_one_mention_with_the_first_label() -> None:
    assert answers(WHOLE_DOCUMENT, "ner", ("ORG", "PER")) == [
        Annotations(entities=(Entity(0, 11, "ORG"),)),
        Annotations(entities=()),
    ]
    assert answers(WHOLE_DOCUMENT, "attribution") == [
        Annotations(attributions=(Attribution((Span(0, 11),)),)),
        Annotations(attributions=()),
    ]


def test_the_oracle_echoes_the_layer_that_is_asked_for_and_needs_gold() -> None:
    gold = Annotations((Entity(0, 4, "PER"),), (Attribution((Span(5, 10),)),))
    backend = ORACLE.load(LoadRequest("", "ner"))
    assert list(backend.predict_gold(["Jane spoke."], [gold])) == [Annotations(gold.entities)]
    with pytest.raises(RuntimeError, match="needs gold"):
        list(backend.predict(["Jane spoke."]))
    assert ORACLE.declaration.needs_gold


@pytest.mark.parametrize("adapter", [EMPTY, ORACLE, WHOLE_DOCUMENT])
def test_they_are_marked_as_checks_and_take_no_model(adapter) -> None:  # type: ignore[no-untyped-def]
    assert adapter.declaration.sanity
    assert adapter.unavailable("") is None
    assert adapter.unavailable("x")
