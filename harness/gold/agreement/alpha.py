"""Krippendorff's alpha, and the tokens over which attribution is compared with it.

A token is `\\w+|[^\\w\\s]` of the raw text, in the category source, cue, content or none. It
belongs to a span that holds any character of it. Where relations are nested it may have several
roles; it then counts as cue before source before content, since the cue and the source of an inner
relation lie within the content of the outer one, and are the more telling.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from harness.annotation import Attribution, Span

__all__ = ["nominal_alpha", "token_roles"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ROLES = ("content", "source", "cue")


def nominal_alpha(units: Iterable[Mapping[str, int]]) -> float | None:
    """Alpha for nominal categories; each unit says how many annotators chose which category.

    1 is perfect agreement, 0 what chance would give, below 0 systematic disagreement. An
    annotator who did not judge a unit is left out of its counts; a unit with fewer than two
    judgements says nothing and is left out itself. `None` where nothing is left or where all
    judgements are the same category, since agreement by chance would then be perfect too.

    alpha = 1 - D_o / D_e over the matrix of coincidences, in which a unit judged m times counts
    each of its ordered pairs of judgements 1 / (m - 1) times (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability", section C).
    """
    totals: Counter[str] = Counter()
    agreed = 0.0
    for unit in units:
        judgements = sum(unit.values())
        if judgements < 2:
            continue
        totals.update(unit)
        agreed += sum(count * (count - 1) for count in unit.values()) / (judgements - 1)
    n = sum(totals.values())
    by_chance = sum(count * (count - 1) for count in totals.values())
    if n < 2 or by_chance == n * (n - 1):
        return None
    observed = 1 - agreed / n
    expected = 1 - by_chance / (n * (n - 1))
    return 1 - observed / expected


def token_roles(text: str, attributions: Iterable[Attribution]) -> list[tuple[Span, str]]:
    """Every token with its role: `cue` before `source` before `content`, else `none`."""
    roles = ["none"] * len(text)
    spans = [span for item in attributions for span in item.spans()]
    for role in _ROLES:
        for name, (start, end) in spans:
            if name == role:
                roles[start:end] = [role] * (end - start)
    found = []
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        role = max(roles[start:end], key=("none", *_ROLES).index)
        found.append((Span(start, end), role))
    return found
