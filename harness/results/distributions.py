"""Installed distributions, looked up without importing them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["requirement_name", "versions"]


def requirement_name(requirement: str) -> str:
    """The distribution's name in a PEP 508 requirement: `spacy` in `spacy>=3.8,<3.9`."""
    found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return found[1] if found else requirement.strip()


def versions(requirements: Iterable[str], path: Sequence[str] | None = None) -> dict[str, str]:
    """Installed versions of the named distributions; those that are missing are left out.

    `path` are site-packages folders of another environment.
    """
    from importlib import metadata

    found = {}
    for name in sorted({requirement_name(item) for item in requirements}):
        for distribution in (
            metadata.distributions(name=name)
            if path is None
            else metadata.distributions(name=name, path=list(path))
        ):
            found[name] = distribution.version
            break
    return found
