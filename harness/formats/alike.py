"""Tags against tags: the scheme of two files is told from both together.

Predictions may be too few to tell a scheme, and a scheme that only one of two files follows would
count what is the same as different.
"""

from __future__ import annotations

from harness.formats.reader import Reader
from harness.formats.tags import BadTag, Bigrams, guess_scheme

__all__ = ["read_alike"]


def read_alike(one: Reader, other: Reader) -> tuple[Reader, Reader]:
    """The two with the tag scheme that fits both.

    Where none does, each is read in its own; one that follows no scheme, in that of the other.
    Those whose files hold no tags, or whose scheme somebody said, are left as they are. Raises what
    reading raises.
    """
    if any(not reader.has_tags or "scheme" in reader.keywords for reader in (one, other)):
        return one, other
    mine, theirs = one.census(), other.census()
    scheme = _scheme({**theirs, **mine})
    if scheme is not None:
        return one.but(scheme=scheme), other.but(scheme=scheme)
    own, others = _scheme(mine), _scheme(theirs)
    if own is not None and others is None:
        return one, other.but(scheme=own)
    return (one if own is not None or others is None else one.but(scheme=others)), other


def _scheme(pairs: Bigrams) -> str | None:
    try:
        return guess_scheme(pairs)
    except BadTag:
        return None
