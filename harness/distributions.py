"""Installed distributions, looked up without importing them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from importlib import metadata

__all__ = ["missing", "requirement_name", "versions"]


def requirement_name(requirement: str) -> str:
    """The distribution's name in a PEP 508 requirement: `spacy` in `spacy>=3.8,<3.9`."""
    name = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return name[1] if name else requirement.strip()


def missing(requirements: Iterable[str]) -> str | None:
    """The first distribution that is required and not here, or `None`; imports nothing.

    A module of the distribution's name will do. Versions are not compared, and a requirement with
    a marker (`; python_version < "3.12"`) is left out: it may not be meant.
    """
    for name in (requirement_name(item) for item in requirements if ";" not in item):
        if not versions([name]) and not _has_module(name.replace("-", "_")):
            return name
    return None


def versions(requirements: Iterable[str]) -> dict[str, str]:
    """Installed versions of the named distributions; those that are missing are left out."""
    installed = {}
    for name in sorted({requirement_name(item) for item in requirements}):
        for distribution in metadata.distributions(name=name):
            installed[name] = distribution.version
            break
    return installed


def _has_module(name: str) -> bool:
    return name.isidentifier() and importlib.util.find_spec(name) is not None
