"""Sizes of memory and of files as people write them."""

from __future__ import annotations

import re

__all__ = ["parse_size"]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_MOST = 1 << 63


def parse_size(text: str) -> int:
    """Bytes in `800M`, `1.5GB`, `4 GiB`, `65536`.

    kB, MB, GB and TB (or k, M, G, T) are powers of 1000, kiB, MiB, GiB and TiB of 1024. Raises
    `ValueError` that says what was expected.
    """
    written = _SIZE.fullmatch(text.strip()) if len(text) < 100 else None
    size = 0
    if written:
        power = " kmgt".index(written[2].lower() or " ")
        size = int(float(written[1]) * (1024 if written[3] else 1000) ** power)
    if not 1 <= size < _MOST:
        raise ValueError("a size above 0 such as 800MB (of 1000) or 4GiB (of 1024)")
    return size
