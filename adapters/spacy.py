"""`spacy/<pipeline>`: the entities of any installed spaCy pipeline, or of a folder with one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.adapter import Declaration, LoadRequest, ModelIdentity
from harness.adapters import _spacy
from harness.adapters._options import read_options
from harness.annotation import Annotations, Entity

# The parser stays: it sets sentence starts, which spaCy's NER does not cross.
_UNUSED = ("lemmatizer", "textcat", "textcat_multilabel")


class SpacyBackend:
    """A spaCy pipeline with an `ner` component."""

    def __init__(self, nlp: Any, identity: ModelIdentity, batch_size: int) -> None:
        self.labels = tuple(sorted(nlp.get_pipe("ner").labels))
        self.identity = identity
        self._nlp = nlp
        self._batch_size = batch_size

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        """One `Doc` per text."""
        return self._nlp.pipe(texts, batch_size=self._batch_size)

    def annotations(self, text: str, raw: Any) -> Annotations:
        """`Doc.ents` as entities; spaCy's character offsets are code points, half-open."""
        return Annotations(
            tuple(Entity(ent.start_char, ent.end_char, ent.label_) for ent in raw.ents)
        )


class SpacyAdapter:
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

    def unavailable(self, model: str) -> str | None:
        return _spacy.unavailable(model)

    def identity(self, model: str) -> ModelIdentity | None:
        return _spacy.model_identity(model)

    def load(self, request: LoadRequest) -> SpacyBackend:
        """Load the pipeline; option `batch_size` (default 32)."""
        options = read_options(request.options, {"batch_size": 32})
        nlp = _spacy.load_pipeline(request.model, needs="ner", exclude=_UNUSED)
        identity = _spacy.model_identity(request.model)
        assert identity is not None
        return SpacyBackend(nlp, identity, max(1, int(options["batch_size"])))


ADAPTER = SpacyAdapter()
