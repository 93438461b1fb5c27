"""`textacy-paragraphs/<pipeline>`: textacy paragraph by paragraph, with what that mends.

A stray mark spoils its paragraph only, a paragraph that textacy refuses is left out, and triples
that share a cue ("…," he said. "…") are one relation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from harness.adapters._attribution.merge import merge_shared_cues
from harness.adapters.textacy import TextacyAdapter, TextacyBackend, attribution, triples
from harness.annotation import Annotations
from harness.paragraphs import lines
from harness.quotation.regions import quoted_regions
from harness.tasks.attribution.kinds import kind_of


class TextacyParagraphsBackend(TextacyBackend):
    """One `Doc` a paragraph, one list of triples with the paragraph's offset each."""

    def predict(self, texts: Sequence[str]) -> Iterable[list[tuple[int, Any]]]:
        """For each text its triples, each with the offset of its paragraph."""
        parts = (
            (text[start:end], (number, start))
            for number, text in enumerate(texts)
            for start, end in lines(text)
        )
        piped = self.nlp.pipe(parts, as_tuples=True)
        groups = groupby(piped, key=lambda pair: pair[1][0])
        pending = next(groups, None)
        for number in range(len(texts)):
            own: list[tuple[int, Any]] = []
            if pending is not None and pending[0] == number:
                for doc, (_, start) in pending[1]:
                    own.extend((start, triple) for triple in _survive(doc))
                pending = next(groups, None)
            yield own

    def annotations(self, text: str, raw: list[tuple[int, Any]]) -> Annotations:
        quoted = quoted_regions(text)
        every = [attribution(text, triple, quoted, offset) for offset, triple in raw]
        merged = merge_shared_cues(every)
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


class TextacyParagraphsAdapter(TextacyAdapter):
    """textacy with its two known weaknesses worked around."""

    declaration = replace(
        TextacyAdapter.declaration,
        name="textacy-paragraphs",
        summary="textacy paragraph by paragraph, refusals survived, shared cues merged",
        traps=(
            "a quotation that runs over paragraphs leaves an odd number of marks in each, and "
            "those paragraphs give nothing",
        ),
    )
    backend = TextacyParagraphsBackend


ADAPTER = TextacyParagraphsAdapter()
