"""Tags against tags: the scheme of two files is told from both together.

Predictions may be too few to tell a scheme, and a scheme that only one of two files follows would
count what is the same as different.
"""

from __future__ import annotations

from harness.formats.registry import Reader
from harness.formats.tags import BadTag, Bigrams, guess_scheme

__all__ = ["read_alike"]


def read_alike(one: Reader, other: Reader) -> tuple[Reader, Reader]:
    """The two with the tag scheme that fits both; where none does, each finds its own.

    Those whose files hold no tags, or whose scheme somebody said, are left as they are. Raises what
    reading raises.
    """
    if any(not reader.has_tags or "scheme" in reader.keywords for reader in (one, other)):
        return one, other
    pairs: dict[tuple[str, str], int] = {}
    for bigrams in (one.census(), other.census()):
        for pair, place in bigrams.items():
            pairs.setdefault(pair, place)
    scheme = _scheme(pairs)
    if scheme is None:
        return one, other
    return one.but(scheme=scheme), other.but(scheme=scheme)


def _scheme(pairs: Bigrams) -> str | None:
    try:
        return guess_scheme(pairs)
    except BadTag:
        return None
