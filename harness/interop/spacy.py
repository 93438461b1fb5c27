"""spaCy's scorer of named entities (`get_ner_prf`), gold and predictions on the same tokens.

Gold is given as `Example.from_dict(doc, {"entities": [...]})` does it: a span that cuts a token
leaves its tokens without annotation, and predictions that touch such tokens are neither right nor
wrong. Predictions are given as `doc.char_span` does it: a span that cuts a token is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.annotation import Entity
from harness.interop.tokens import Tagged

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """`ents_p`, `ents_r`, `ents_f`, `ents_per_type`; all `None` when nothing was counted."""
    from spacy.scorer import get_ner_prf
    from spacy.tokens import Doc, Span
    from spacy.training import Example
    from spacy.vocab import Vocab

    vocab = Vocab()

    def doc(tokens: int, entities: Sequence[Entity], missing: Sequence[Entity] = ()) -> Doc:
        made = Doc(vocab, words=["x"] * tokens)  # Scores see places of tokens, never their letters.
        held = {token for span in entities for token in range(span.start, span.end)}
        lost = {token for span in missing for token in range(span.start, span.end)} - held
        made.set_ents(
            [Span(made, *span[:3]) for span in entities],
            missing=[made[token : token + 1] for token in sorted(lost)],
            default="outside",
        )
        return made

    scored: dict[str, Any] = get_ner_prf(
        Example(doc(d.tokens, d.predicted.aligned), doc(d.tokens, d.gold.aligned, d.gold.cut))
        for d in documents
    )
    return scored
