"""The tokens over which attribution is compared with Krippendorff's alpha.

A token (`harness.paragraphs`) is in the category source, cue, content or none. It
belongs to a span that holds any character of it. Where relations are nested it may have several
roles; it then counts as cue before source before content, since the cue and the source of an inner
relation lie within the content of the outer one, and are the more telling.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.annotation import Attribution, Span
from harness.paragraphs import tokens

__all__ = ["token_roles"]

_ROLES = ("content", "source", "cue")


def token_roles(text: str, attributions: Iterable[Attribution]) -> list[tuple[Span, str]]:
    """Every token with its role: `cue` before `source` before `content`, else `none`."""
    roles = ["none"] * len(text)
    spans = [span for item in attributions for span in item.spans()]
    for role in _ROLES:
        for name, (start, end) in spans:
            if name == role:
                roles[start:end] = [role] * (end - start)
    return [
        (Span(start, end), max(roles[start:end], key=("none", *_ROLES).index))
        for start, end in tokens(text)
    ]
