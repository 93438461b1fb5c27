"""What else there is: formats that are not read, by what gives them away."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

__all__ = ["endings_below"]

_MOST_FILES = 100_000


def endings_below(folder: Path) -> Counter[str]:
    """How many files there are of each ending, hidden ones and those in hidden folders apart."""
    files = (
        path
        for path in folder.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
    return Counter(path.suffix for path in islice(files, _MOST_FILES))
