"""The tokens over which attribution is compared with Krippendorff's alpha.

A token is `\\w+|[^\\w\\s]` of the raw text, in the category source, cue, content or none. It
belongs to a span that holds any character of it. Where relations are nested it may have several
roles; it then counts as cue before source before content, since the cue and the source of an inner
relation lie within the content of the outer one, and are the more telling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.annotation import Attribution, Span

__all__ = ["token_roles"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ROLES = ("content", "source", "cue")


def token_roles(text: str, attributions: Iterable[Attribution]) -> list[tuple[Span, str]]:
    """Every token with its role: `cue` before `source` before `content`, else `none`."""
    roles = ["none"] * len(text)
    spans = [span for item in attributions for span in item.spans()]
    for role in _ROLES:
        for name, (start, end) in spans:
            if name == role:
                roles[start:end] = [role] * (end - start)
    tokens = []
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        role = max(roles[start:end], key=("none", *_ROLES).index)
        tokens.append((Span(start, end), role))
    return tokens
