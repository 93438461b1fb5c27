"""`textacy-paragraphs/<pipeline>`: textacy paragraph by paragraph, with what that mends.

A stray mark spoils its paragraph only, a paragraph that textacy refuses is left out, and triples
that share a cue ("…," he said. "…") are one relation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from harness.adapter import Declaration, LoadRequest, ModelIdentity
from harness.adapters import _spacy
from harness.adapters._attribution.identity import with_rules
from harness.adapters._attribution.merge import merge_shared_cues
from harness.adapters._attribution.quotation import paragraphs
from harness.adapters._options import read_options
from harness.adapters.textacy import (
    CAPABILITIES,
    INSTALL,
    REQUIRES,
    attribution,
    load_pipeline,
    triples,
    unavailable,
)
from harness.annotation import Annotations
from harness.tasks.attribution.kinds import kind_of, quoted_regions


class TextacyParagraphsBackend:
    """One `Doc` a paragraph, one list of triples with the paragraph's offset each."""

    labels: tuple[str, ...] | None = None

    def __init__(self, nlp: Any, identity: ModelIdentity) -> None:
        self.identity = identity
        self._nlp = nlp

    def predict(self, texts: Sequence[str]) -> Iterable[list[tuple[int, Any]]]:
        """For each text its triples, each with the offset of its paragraph."""
        parts = (
            (text[start:end], (number, start))
            for number, text in enumerate(texts)
            for start, end in paragraphs(text)
        )
        piped = self._nlp.pipe(parts, as_tuples=True)
        groups = groupby(piped, key=lambda pair: pair[1][0])
        pending = next(groups, None)
        for number in range(len(texts)):
            found: list[tuple[int, Any]] = []
            if pending is not None and pending[0] == number:
                for doc, (_, start) in pending[1]:
                    found.extend((start, triple) for triple in _survive(doc))
                pending = next(groups, None)
            yield found

    def annotations(self, text: str, raw: list[tuple[int, Any]]) -> Annotations:
        quoted = quoted_regions(text)
        found = [attribution(text, triple, quoted, offset) for offset, triple in raw]
        merged = merge_shared_cues(found)
        # A united content is asked anew: the kinds of its parts do not add up to its own.
        return Annotations(
            attributions=tuple(
                replace(item, kind=kind_of(text, item.content, quoted, cue=item.cue))
                for item in merged
            )
        )


def _survive(doc: Any) -> Iterator[Any]:
    try:
        yield from triples(doc)
    except ValueError:  # an odd number of marks: textacy gives the paragraph up, and so do we
        return


class TextacyParagraphsAdapter:
    """textacy with its two known weaknesses worked around."""

    declaration = Declaration(
        name="textacy-paragraphs",
        tasks=("attribution",),
        summary="textacy paragraph by paragraph, refusals survived, shared cues merged",
        requires=REQUIRES,
        install=INSTALL,
        code_licence="Apache-2.0",
        model_licence="MIT",
        capabilities=CAPABILITIES,
        default_models=("en_core_web_sm",),
        traps=(
            "a quotation that runs over paragraphs leaves an odd number of marks in each, and "
            "those paragraphs give nothing",
        ),
    )

    def unavailable(self, model: str) -> str | None:
        return unavailable(model)

    def identity(self, model: str) -> ModelIdentity | None:
        found = _spacy.model_identity(model)
        return found and with_rules(found, __file__)

    def load(self, request: LoadRequest) -> TextacyParagraphsBackend:
        read_options(request.options, {})
        nlp = load_pipeline(request.model)
        identity = self.identity(request.model)
        assert identity is not None
        return TextacyParagraphsBackend(nlp, identity)


ADAPTER = TextacyParagraphsAdapter()
