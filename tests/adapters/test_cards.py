"""Models from a local path reach the F1 of their cards through our windows and aggregation.

Needs the models and the corpus in ../shared; one of each library, trained on CoNLL-2003 train.
The card is of the whole of dev, which the profile `whole` asks for. Otherwise every fourth document
is asked, and has to have the F1 that it has within a whole that reaches the card.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import whole

from harness.adapter import LoadRequest
from harness.adapters._paragraphs import words
from harness.annotation import Entity
from harness.gold.loading import load_goldset
from harness.labels.meeting import meet, project
from harness.registry import BackendSpec, adapter

SHARED = Path(__file__).resolve().parents[3] / "shared"
DEV = SHARED / "corpora/ner/conll2003_dev.txt"
STANZA = SHARED / "models/stanza_conll03_small/en_conll03_small_single_fp16.pt"
MINILM = SHARED / "models/minilm_conll03"


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "card", "fourth"),
    [
        (f"transformers/{MINILM}?words=spaces", 0.908, 0.9056),
        (f"stanza/{STANZA}?tokenizer=spaces", 0.913, 0.9177),
    ],
    ids=["transformers", "stanza"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:seqeval")
def test_a_model_reaches_its_card(spec: str, card: float, fourth: float) -> None:
    parsed = BackendSpec.parse(spec)
    if not DEV.is_file() or not Path(parsed.model).exists():
        pytest.skip("needs the corpora and models in ../shared")
    seqeval = pytest.importorskip("seqeval.metrics")
    reason = adapter(parsed.adapter).unavailable(parsed.model)
    if reason:
        pytest.skip(reason)
    backend = adapter(parsed.adapter).load(
        LoadRequest(parsed.model, "ner", options=parsed.options, offline=True)
    )
    texts, gold = (every if whole() else every[::4] for every in _gold())
    found = [
        backend.annotations(text, raw).entities or ()
        for text, raw in zip(texts, backend.predict(texts), strict=True)
    ]
    pairs = [(_set(one), _set(other)) for one, other in zip(found, gold, strict=True)]
    right = sum(len(one & other) for one, other in pairs)
    f1 = 2 * right / sum(len(one) + len(other) for one, other in pairs)
    assert f1 == pytest.approx(card if whole() else fourth, abs=0.003)
    tags = [
        [_tags(text, layer) for text, layer in zip(texts, layers, strict=True)]
        for layers in (gold, found)
    ]
    assert seqeval.f1_score(*tags) == pytest.approx(f1, abs=1e-12)


def _gold() -> tuple[list[str], list[tuple[Entity, ...]]]:
    documents = list(load_goldset(DEV).records())
    projection = meet("crossner-politics", "conll03").project_gold
    layers = [project(record.annotations.entities or (), projection)[0] for record in documents]
    return [record.text or "" for record in documents], layers


def _set(layer: tuple[Entity, ...]) -> set[tuple[int, int, str]]:
    return {(entity.start, entity.end, entity.label) for entity in layer}


def _tags(text: str, layer: tuple[Entity, ...]) -> list[str]:
    spans = list(words(text, spaces=True))
    tags = ["O"] * len(spans)
    for entity in layer:
        inside = [
            number
            for number, span in enumerate(spans)
            if span.start < entity.end and entity.start < span.end
        ]
        for number in inside:
            tags[number] = f"{'B' if number == inside[0] else 'I'}-{entity.label}"
    return tags
