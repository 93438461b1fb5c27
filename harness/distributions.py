"""Installed distributions, looked up without importing them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = [
    "file_text",
    "installed_from",
    "lacking",
    "origin_of",
    "parse_requirement",
    "placeholder",
    "requirement_name",
    "versions",
]

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")


def parse_requirement(requirement: str) -> tuple[str, frozenset[str]]:
    """The distribution's name and the extras in a PEP 508 requirement: `a[b, c]>=3.8`."""
    read = _REQUIREMENT.match(requirement)
    if read is None:
        return requirement.strip(), frozenset()
    extras = (part.strip() for part in (read[2] or "").split(","))
    return read[1], frozenset(filter(None, extras))


def requirement_name(requirement: str) -> str:
    """The distribution's name in a PEP 508 requirement: `spacy` in `spacy>=3.8,<3.9`."""
    return parse_requirement(requirement)[0]


def origin_of(point: metadata.EntryPoint) -> str:
    """An entry point as it is registered, and by which distribution."""
    package = "" if point.dist is None else f" of {point.dist.name} {point.dist.version}"
    return f"{point.name} = {point.value}{package}"


def lacking(requirements: Iterable[str]) -> str | None:
    """What is wrong with the first requirement that cannot be used, or `None`; imports nothing.

    It is not installed, or is a `placeholder`. A module of the distribution's name will do. Other
    versions are not compared, and a requirement with a marker (`; python_version < "3.12"`) is
    left out: it may not be meant.
    """
    for name in (requirement_name(item) for item in requirements if ";" not in item):
        installed = versions([name])
        if not installed and not _has_module(name.replace("-", "_")):
            return f"{name} is not installed"
        fake = placeholder(installed)
        if fake is not None:
            return fake
    return None


def placeholder(installed: Mapping[str, str]) -> str | None:
    """What is wrong with the first of these versions, by name, that is 999, or `None`.

    A name that a library does not have on a package index may be taken there by others, at a
    version that is newer than any of the library's.
    """
    for name, version in installed.items():
        if str(version).partition(".")[0] == "999":
            return (
                f"{name} {version} is a placeholder published by others, not the library; "
                f"uninstall it: pip uninstall {name}"
            )
    return None


def versions(requirements: Iterable[str]) -> dict[str, str]:
    """Installed versions of the named distributions; those that are missing are left out."""
    installed = {}
    for name in sorted({requirement_name(item) for item in requirements}):
        for distribution in metadata.distributions(name=name):
            installed[name] = distribution.version
            break
    return installed


def file_text(distribution: metadata.Distribution, name: str) -> str:
    """One of the files that say what is installed, such as RECORD; empty where it is not there."""
    try:
        return distribution.read_text(name) or ""
    except (OSError, UnicodeDecodeError):
        return ""


def installed_from(distribution: metadata.Distribution, *, editable: bool = False) -> Path | None:
    """The folder or file that it was installed from, be it there or not, where that is recorded.

    With `editable` only the folder of one that is installed so.
    """
    try:
        direct = json.loads(file_text(distribution, "direct_url.json") or "{}")
        url = str(direct.get("url", ""))
        if editable and not direct.get("dir_info", {}).get("editable"):
            return None
    except (ValueError, AttributeError):
        return None
    return Path(unquote(urlsplit(url).path)).absolute() if url.startswith("file://") else None


def _has_module(name: str) -> bool:
    return name.isidentifier() and importlib.util.find_spec(name) is not None
