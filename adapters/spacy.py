"""`spacy/<pipeline>`: the entities of any installed spaCy pipeline, or of a folder with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.adapter import Declaration, ModelIdentity, Option
from harness.adapters import _spacy
from harness.annotation import Annotations, Entity


class SpacyBackend(_spacy.PipelineBackend):
    """A spaCy pipeline with an `ner` component."""

    def __init__(self, nlp: Any, identity: ModelIdentity) -> None:
        super().__init__(nlp, identity)
        self.labels = tuple(sorted(nlp.get_pipe("ner").labels))

    def annotations(self, text: str, raw: Any) -> Annotations:
        """`Doc.ents` as entities; spaCy's character offsets are code points, half-open."""
        return Annotations(tuple(Entity(e.start_char, e.end_char, e.label_) for e in raw.ents))


class SpacyAdapter(_spacy.PipelineAdapter):
    """Any spaCy pipeline with an `ner` component."""

    declaration = Declaration(
        name="spacy",
        tasks=("ner",),
        summary="spaCy pipelines: the statistical `ner` component, as users get it",
        requires=_spacy.REQUIRES,
        install=_spacy.INSTALL,
        code_licence="MIT",
        model_licence="MIT",
        labels="ontonotes5",
        default_models=("en_core_web_sm", "en_core_web_md"),
        traps=(
            "entities never cross the sentence starts that the parser sets, so a pipeline "
            "without its parser gives other entities",
            "spaCy's own Scorer.score_spans drops predictions that do not align to gold tokens",
        ),
    )
    backend = SpacyBackend
    options: Mapping[str, Option] = {"batch_size": 32}
    component = "ner"
    # The parser stays: it sets sentence starts, which spaCy's NER does not cross.
    unused = ("lemmatizer", "textcat", "textcat_multilabel")


ADAPTER = SpacyAdapter()
