"""The installed distributions of this environment, and the files of those that are required."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

from harness.digest import remembered
from harness.distributions import file_text, installed_from, parse_requirement
from harness.registry import OWN_DISTRIBUTION
from harness.run import trees

__all__ = ["content", "files_of", "listing", "needed", "plain"]

_RACY_NS = 2_000_000_000
_HEADER = re.compile(r"^(Name|Version):(.*)$", re.MULTILINE)


def listing() -> tuple[dict[str, metadata.Distribution], str]:
    """The installed distributions, the first of each on the path, and a digest of their lists."""
    return _listing(tuple((place, _changed(place)) for place in sys.path))


@lru_cache(maxsize=8)
def _listing(
    path: tuple[tuple[str, int], ...],
) -> tuple[dict[str, metadata.Distribution], str]:
    """`path` holds the folders to look in, with the times of their last change."""
    known: dict[str, metadata.Distribution] = {}
    versions: dict[str, str] = {}
    for one in metadata.distributions(path=[place for place, _ in path]):
        name, version = _name_and_version(one)
        if name and known.setdefault(plain(name), one) is one:
            versions[plain(name)] = version
    whole = hashlib.sha256()
    for name, one in sorted(known.items()):
        if name != OWN_DISTRIBUTION:  # It is looked at file by file.
            lines = [line for line in file_text(one, "RECORD").splitlines() if _decides(line)]
            whole.update("\n".join([name, versions[name], *lines]).encode())
    return known, whole.hexdigest()


def _name_and_version(one: metadata.Distribution) -> tuple[str, str]:
    """The two headers alone: to parse all of them takes most of the time."""
    text = file_text(one, "METADATA") or file_text(one, "PKG-INFO")
    headers = dict(reversed(_HEADER.findall(text.partition("\n\n")[0])))
    return headers.get("Name", "").strip(), headers.get("Version", "").strip()


def needed(
    requirements: Sequence[str], known: Mapping[str, metadata.Distribution]
) -> tuple[set[str], str]:
    """Names of installed distributions that are required, at any depth, and what is doubtful.

    This project is left out, which is looked at file by file; not so what it requires.
    """
    names: set[str] = set()
    doubt = ""
    waiting = [_parsed(item) for item in requirements]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        if name not in names and name != OWN_DISTRIBUTION:
            doubt = doubt or _elsewhere(name, known.get(name))
        if name not in known:
            continue
        if name != OWN_DISTRIBUTION:
            names.add(name)
        for item in _requirements(known[name]):
            _, _, marker = item.partition(";")
            if "extra" not in marker or any(extra in marker for extra in extras):
                waiting.append(_parsed(item))
    return names, doubt


@cache
def _requirements(one: metadata.Distribution) -> tuple[str, ...]:
    """What a distribution requires; `listing` gives another object where it has changed."""
    return tuple(one.requires or ())


def files_of(one: metadata.Distribution) -> list[str] | None:
    """The files of a distribution, or `None` where they are not recorded.

    Paths as strings: libraries have thousands, and a `Path` takes longer than to look at its file.
    """
    folder = installed_from(one, editable=True)
    if folder is not None:
        files = list(map(str, trees.below(folder)))
        return files if 0 < len(files) <= trees.MOST_FILES else None
    return _recorded(one) or None


@cache
def _recorded(one: metadata.Distribution) -> list[str]:
    """The files that a distribution lists; `listing` gives another object where it has changed."""
    root = str(one.locate_file(""))
    rows = file_text(one, "RECORD").splitlines()
    names = (line.rpartition(",")[0].rpartition(",")[0].strip('"') for line in rows)
    decisive = (name for name in names if name and _decides(name))
    return [os.path.join(root, name) for name in decisive]  # noqa: PTH118  as above


def content(name: str, one: metadata.Distribution, files: Iterable[str]) -> str:
    """A digest over files, looked at anew only when the state of one has changed.

    It is remembered under the name of their distribution, and its place.
    """
    state = hashlib.sha256()
    there = []
    newest = 0
    for path in sorted(files):
        try:
            status = os.stat(path)  # noqa: PTH116  a Path takes longer than the look
        except OSError:
            continue
        there.append(path)
        state.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        state.update(f"{status.st_ctime_ns}\0{status.st_ino}\n".encode())
        newest = max(newest, status.st_ctime_ns)
    if time.time_ns() - newest < _RACY_NS:
        # It may change again within the same tick of the clock.
        return trees.digest_tree([*map(Path, there)])
    return remembered(
        f"distribution {name} {one.locate_file('')}",
        state.hexdigest(),
        lambda: trees.digest_tree([*map(Path, there)]),
    )


def plain(name: str) -> str:
    """A distribution's name as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _decides(line: str) -> bool:
    """Whether a line of RECORD is of a file that may decide an answer, wherever it is installed."""
    name = line.partition(",")[0]
    program = name.startswith(("..", "/")) and ("/bin/" in name or "/Scripts/" in name)
    return not (
        program
        or "__pycache__/" in name
        or name.endswith(("/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json"))
    )


def _changed(place: str) -> int:
    try:
        return Path(place or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _elsewhere(name: str, one: metadata.Distribution | None) -> str:
    """Says where a library is imported from, if not from its installed distribution."""
    names = {name.replace("-", "_")}
    home = None
    if one is not None:
        names |= {item for item in file_text(one, "top_level.txt").split() if item.isidentifier()}
        home = (installed_from(one, editable=True) or Path(str(one.locate_file("")))).resolve()
    for item in sorted(names - sys.stdlib_module_names):
        try:
            spec = importlib.util.find_spec(item)
        except (ImportError, ValueError):
            continue
        if spec is None or spec.origin is None or not spec.has_location:
            continue
        folder = Path(spec.origin).parent.resolve()
        if home is None or not folder.is_relative_to(home):
            return f"{name} is imported from {folder}, which is of no installed distribution"
    return ""


def _parsed(requirement: str) -> tuple[str, frozenset[str]]:
    name, extras = parse_requirement(requirement)
    return plain(name), extras
