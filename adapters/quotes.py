"""`quotes`: direct quotations by their marks alone, who said them by the words next to them.

No library and no model. What it finds it finds by typography, so it is the floor that every
other attribution backend has to beat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.adapter import (
    Adapter,
    Backend,
    Capabilities,
    Declaration,
    LoadRequest,
    ModelIdentity,
)
from harness.adapters._attribution import lexicon, quotation, window
from harness.adapters._attribution.assemble import assemble
from harness.adapters._attribution.identity import rules_digest
from harness.adapters._attribution.names import capitalised_mentions
from harness.adapters._attribution.relation import DraftAttribution
from harness.annotation import Annotations, Attribution, Span
from harness.paragraphs import lines


class QuotesBackend(Backend):
    """Marks paired paragraph by paragraph; cue and source from a window around each pair."""

    def __init__(self, identity: ModelIdentity) -> None:
        self.identity = identity
        self._window = window.SpeechPatterns(lexicon.load())

    def predict(self, texts: Sequence[str]) -> Iterable[list[Attribution]]:
        """The attributions of each text."""
        for text in texts:
            yield self._one(text)

    def annotations(self, text: str, raw: list[Attribution]) -> Annotations:
        return Annotations(attributions=tuple(raw))

    def _one(self, text: str) -> list[Attribution]:
        every = quotation.quotations(text)
        quotes = [quote for quote in every if not quotation.is_scare_quote(text, quote)]
        relations = []
        for group, speech in window.find(text, quotes, lines(text), self._window):
            spans = [Span(quote.start, quote.end) for quote in group]
            cue, source = (speech.cue, speech.source) if speech else (None, None)
            relations.append(DraftAttribution(spans, cue, source, "quotes"))
        return assemble(text, relations, every, capitalised_mentions(text))


class QuotesAdapter(Adapter):
    """The quotation-mark baseline."""

    declaration = Declaration(
        name="quotes",
        tasks=("attribution",),
        summary="quotation marks paired by paragraph, cue and source from the words around them",
        install="always there",
        code_licence="MIT",
        model_licence="none",
        capabilities=Capabilities(cues=True, null_sources=True, speakers=True, indirect=False),
        default_models=("",),
        takes_model=False,
        traps=(
            "indirect speech has no marks: it finds none, and a low recall is no fault of the text",
            "speakers only for full names that begin with a common given name: no tagger here",
        ),
    )

    def identity(self, model: str) -> ModelIdentity:
        return ModelIdentity("rules", digest=rules_digest(*self.sources()), licence="none")

    def open(self, request: LoadRequest, identity: ModelIdentity) -> QuotesBackend:
        return QuotesBackend(identity)


ADAPTER = QuotesAdapter()
