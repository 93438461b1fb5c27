"""`textacy/<pipeline>`: textacy's direct quotations over a whole document, as they come.

Nothing is mended: where textacy counts an odd number of marks it raises, and the document is an
error. `textacy-paragraphs` is the same extractor with the mending.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from typing import Any

from harness.adapter import Capabilities, Declaration, LoadRequest, ModelIdentity
from harness.adapters import _spacy
from harness.adapters._attribution.identity import with_rules
from harness.adapters._options import read_options
from harness.annotation import Annotations, Attribution, Span
from harness.errors import BackendUnavailable, DocumentRefused
from harness.tasks.attribution.kinds import kind_of, quoted_regions

REQUIRES = ("textacy==0.13.0", *_spacy.REQUIRES)
INSTALL = "pip install 'nlp-harness[textacy]'"
CAPABILITIES = Capabilities(cues=True, null_sources=False, speakers=False, indirect=False)
# Rules look at the parse, the tags and the lemmas; entities are not read.
UNUSED = ("ner", "textcat", "textcat_multilabel")


class TextacyBackend:
    """`textacy.extract.direct_quotations` over spaCy documents."""

    labels: tuple[str, ...] | None = None

    def __init__(self, nlp: Any, identity: ModelIdentity) -> None:
        self.identity = identity
        self._nlp = nlp

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        """The list of triples of each text, or the `ValueError` that textacy raised on it."""
        for doc in self._nlp.pipe(texts):
            try:
                yield triples(doc)
            except ValueError as error:
                yield error

    def annotations(self, text: str, raw: Any) -> Annotations:
        """Triples to spans. Raises `DocumentRefused` where textacy refused the document."""
        if isinstance(raw, ValueError):
            raise DocumentRefused(f"textacy refuses the document: {raw}") from raw
        quoted = quoted_regions(text)
        found = [attribution(text, triple, quoted) for triple in raw]
        return Annotations(attributions=tuple(found))


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


def unavailable(model: str) -> str | None:
    """textacy first, then the pipeline."""
    if importlib.util.find_spec("textacy") is None:
        return f"textacy is not installed; {INSTALL}"
    return _spacy.unavailable(model)


def load_pipeline(model: str) -> Any:
    """The pipeline, once textacy is known to be there."""
    reason = unavailable(model)
    if reason:
        raise BackendUnavailable(reason)
    return _spacy.load_pipeline(model, needs="parser", exclude=UNUSED)


class TextacyAdapter:
    """textacy as its users get it."""

    declaration = Declaration(
        name="textacy",
        tasks=("attribution",),
        summary="textacy's direct quotations over the whole document, as they come",
        requires=REQUIRES,
        install=INSTALL,
        code_licence="Apache-2.0",
        model_licence="MIT",
        capabilities=CAPABILITIES,
        default_models=("en_core_web_sm",),
        traps=(
            "pairs marks by counting them: one stray mark makes it return what stands between the "
            "quotations, an odd number raises ValueError (only when the result is read)",
            "the speaker is a list of tokens that may not touch, without determiner or apposition",
            "a quotation without a speaker is dropped, so it has no null sources",
        ),
    )

    def unavailable(self, model: str) -> str | None:
        return unavailable(model)

    def identity(self, model: str) -> ModelIdentity | None:
        found = _spacy.model_identity(model)
        return found and with_rules(found, __file__)

    def load(self, request: LoadRequest) -> TextacyBackend:
        read_options(request.options, {})
        nlp = load_pipeline(request.model)
        identity = self.identity(request.model)
        assert identity is not None
        return TextacyBackend(nlp, identity)


ADAPTER = TextacyAdapter()
