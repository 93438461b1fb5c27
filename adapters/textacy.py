"""`textacy/<pipeline>`: textacy's direct quotations over a whole document, as they come.

Nothing is mended: where textacy counts an odd number of marks it raises, and the document is an
error. `textacy-paragraphs` is the same extractor with the mending.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.adapter import Capabilities, Declaration, ModelIdentity
from harness.adapters import _spacy
from harness.adapters._attribution.identity import with_rules
from harness.annotation import Annotations, Attribution, Span
from harness.errors import DocumentRefused
from harness.quotation.regions import quoted_regions
from harness.tasks.attribution.kinds import kind_of


class TextacyBackend(_spacy.PipelineBackend):
    """`textacy.extract.direct_quotations` over spaCy documents."""

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        """The list of triples of each text, or the `ValueError` that textacy raised on it."""
        for doc in super().predict(texts):
            try:
                yield triples(doc)
            except ValueError as error:
                yield error

    def annotations(self, text: str, raw: Any) -> Annotations:
        """Triples to spans. Raises `DocumentRefused` where textacy refused the document."""
        if isinstance(raw, ValueError):
            raise DocumentRefused(f"textacy refuses the document: {raw}") from raw
        quoted = quoted_regions(text)
        every = [attribution(text, triple, quoted) for triple in raw]
        return Annotations(attributions=tuple(every))


def triples(doc: Any) -> list[Any]:
    """textacy's triples; the extractor is lazy, so its errors come while it is read."""
    from textacy.extract import direct_quotations

    return list(direct_quotations(doc))


def attribution(text: str, triple: Any, quoted: Sequence[Span], offset: int = 0) -> Attribution:
    """One triple, its offsets moved by `offset`.

    textacy gives speaker and cue as tokens that need not touch; each becomes the span from its
    first to its last token.
    """
    content = Span(triple.content.start_char + offset, triple.content.end_char + offset)
    cue = _hull(triple.cue, offset)
    return Attribution(
        (content,),
        _hull(triple.speaker, offset),
        cue,
        kind_of(text, (content,), quoted, cue=cue),
    )


def _hull(tokens: Sequence[Any], offset: int) -> Span | None:
    if not tokens:
        return None
    return Span(
        min(token.idx for token in tokens) + offset,
        max(token.idx + len(token) for token in tokens) + offset,
    )


class TextacyAdapter(_spacy.PipelineAdapter):
    """textacy as its users get it."""

    declaration = Declaration(
        name="textacy",
        tasks=("attribution",),
        summary="textacy's direct quotations over the whole document, as they come",
        requires=("textacy==0.13.0", *_spacy.REQUIRES),
        install=f"pip install 'nlp-harness[textacy]' && {_spacy.DOWNLOAD}",
        code_licence="Apache-2.0",
        model_licence="MIT",
        capabilities=Capabilities(cues=True, null_sources=False, speakers=False, indirect=False),
        default_models=("en_core_web_sm",),
        traps=(
            "pairs marks by counting them: one stray mark makes it return what stands between the "
            "quotations, an odd number raises ValueError (only when the result is read)",
            "the speaker is a list of tokens that may not touch, without determiner or apposition",
            "a quotation without a speaker is dropped, so it has no null sources",
        ),
    )
    # Rules look at the parse, the tags and the lemmas; entities are not read.
    unused = ("ner", "textcat", "textcat_multilabel")
    backend: type[TextacyBackend] = TextacyBackend

    def identity(self, model: str) -> ModelIdentity | None:
        pipeline = super().identity(model)
        return pipeline and with_rules(pipeline, *self.sources())


ADAPTER = TextacyAdapter()
