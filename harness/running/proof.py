"""What shows that the same thing would answer again: digests of every file that can matter.

An answer is used again in another run only where this is proven. Proven is an adapter's backend by

- every file of the distribution that registers the adapter (of an editable one, of its folder), and
  of this project,
- every file of the distributions that it declares, and of all that these require,
- name, version and list of files of every other distribution in its environment,
- every file or folder that an option names, and the digest that the adapter states of its model.

A program (`process:`) is proven by the digest that its hello states, and by nothing else: what it
imports and reads is not known here. The files on its command line, and what lies beside them, only
serve to see that it has changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shlex
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.digest import digest_files, remembered
from harness.registry import OWN_DISTRIBUTION, adapter, distribution_of

__all__ = [
    "Evidence",
    "adapter_files",
    "command_files",
    "files_beside",
    "installed_files",
    "named_files",
]

_MOST_FILES = 20_000
_SKIPPED = {
    "__pycache__", "node_modules", "build", "dist", ".git", ".hg", ".svn", ".venv", ".tox", ".nox",
    ".harness", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".benchmarks",
    ".idea", ".vscode", ".eggs",
}  # fmt: skip
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A digest over files; `doubt` says why it does not prove that nothing else has changed."""

    digest: str
    files: int = 0
    doubt: str = ""


def adapter_files(name: str) -> Evidence:
    """Every file of the distribution that registers an adapter, and of this project."""
    found = adapter(name)
    own = {path for place in _own_places() for path in _below(place)}
    distribution = distribution_of(name)
    if distribution is None or _plain(distribution.name) != OWN_DISTRIBUTION:
        module = sys.modules.get(type(found).__module__)
        file = getattr(module, "__file__", None)
        if file is None:
            return Evidence("", doubt=f"the adapter {name} is in no file")
        own |= _foreign(Path(file), type(found).__module__, distribution)
    if len(own) > _MOST_FILES:
        return Evidence("", len(own), f"more than {_MOST_FILES} files may decide its answers")
    return Evidence(_digest(own), len(own))


def installed_files(requirements: Sequence[str]) -> Evidence:
    """The distributions of this environment: contents of those required, lists of all others."""
    known, listed = _listing(tuple((place, _changed(place)) for place in sys.path))
    whole = hashlib.sha256(listed.encode())
    count = 0
    doubt = ""
    for name in sorted(_needed(requirements, known)):
        files = _files(known[name])
        if files is None:
            doubt = doubt or f"the files of the installed {name} are not recorded"
            continue
        count += len(files)
        whole.update(f"{name}\0{_content(known[name], files)}\n".encode())
    return Evidence(whole.hexdigest(), count, doubt)


def named_files(options: Mapping[str, Any]) -> Evidence:
    """Files and folders that options name, with what is in them."""
    places = [Path(value) for value in options.values() if isinstance(value, str) and value]
    files = {path for place in places if _exists(place) for path in _below(place)}
    if len(files) > _MOST_FILES:
        return Evidence("", len(files), f"an option names more than {_MOST_FILES} files")
    return Evidence(_digest(files) if files else "", len(files))


def command_files(command: str) -> Evidence:
    """The files that a command names, with their contents: they do not prove what it is."""
    files = _words(command)
    whole = hashlib.sha256(command.encode("utf-8", "surrogatepass"))
    whole.update(_digest(files).encode())
    doubt = "its hello states no digest, and nothing else tells what it imports and reads"
    return Evidence(whole.hexdigest(), len(files), doubt)


def files_beside(command: str) -> str:
    """What lies beside the files that a command names, by size and time of change.

    Where it differs the program may have changed: an interrupted run then does not go on with it.
    """
    whole = hashlib.sha256()
    for folder in sorted({path.parent for path in _words(command)}):
        for path in sorted(_below(folder))[:_MOST_FILES]:
            try:
                state = path.stat()
            except OSError:
                continue
            whole.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return whole.hexdigest()


def _words(command: str) -> list[Path]:
    """The files that a command names as words of its own; not the interpreter in front."""
    words = shlex.split(command)
    places = [Path(word) for word in words[1:] or words]
    return [path.absolute() for path in places if _exists(path) and path.is_file()]


def _own_places() -> Iterator[Path]:
    """The folders of this project's import packages."""
    yield Path(__file__).resolve().parent.parent
    spec = importlib.util.find_spec("adapters")  # Whether or not it has been imported here.
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place).resolve()


def _foreign(file: Path, module: str, distribution: metadata.Distribution | None) -> set[Path]:
    """The files that may be behind an adapter of another distribution."""
    found = {file.resolve()}
    recorded = None
    if distribution is not None:
        folder = _editable(distribution)
        if folder is not None:
            found |= set(_below(folder))
        recorded = _files(distribution)
        found |= set(recorded or ())
    package = sys.modules.get(module.partition(".")[0])
    places = [Path(place).resolve() for place in getattr(package, "__path__", ())]
    if not places and (recorded is None or file.resolve() not in recorded):
        places = [file.resolve().parent]  # A module alone may import whatever lies beside it.
    for place in places:
        found |= set(_below(place))
    return found


def _below(place: Path) -> Iterator[Path]:
    """The file, or every file below a folder; no byte-code, environments, caches, or results."""
    if not place.is_dir():
        if place.is_file():
            yield place.resolve()
        return
    for root, folders, names in os.walk(place.resolve()):
        here = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not name.endswith(".egg-info")
            and not (here / name / "pyvenv.cfg").exists()
            and not (here / name / "run.json").exists()
            and not (here / name / "unfinished.json").exists()
            and not (here / name / "predictions.sqlite").exists()
        )
        for name in names:
            path = here / name
            if not name.endswith((".pyc", ".pyo")) and path.is_file():
                yield path


@lru_cache(maxsize=8)
def _listing(
    path: tuple[tuple[str, int], ...],
) -> tuple[dict[str, metadata.Distribution], str]:
    """The installed distributions, the first of each on the path, and a digest of their lists.

    `path` holds the folders that they are looked for in, with the times of their last change.
    """
    known: dict[str, metadata.Distribution] = {}
    for one in metadata.distributions(path=[place for place, _ in path]):
        name = one.metadata["Name"]
        if name:
            known.setdefault(_plain(name), one)
    whole = hashlib.sha256()
    for name, one in sorted(known.items()):
        if name != OWN_DISTRIBUTION:  # It is looked at file by file.
            lines = [line for line in _text(one, "RECORD").splitlines() if _decides(line)]
            whole.update("\n".join([name, one.version, *lines]).encode())
    return known, whole.hexdigest()


def _decides(line: str) -> bool:
    """Whether a line of RECORD is of a file that may decide an answer, wherever it is installed."""
    name = line.partition(",")[0]
    return not (
        name.startswith(("..", "/"))
        or name.endswith((".pyc", "/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json"))
    )


def _changed(place: str) -> int:
    try:
        return Path(place or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _needed(requirements: Sequence[str], known: Mapping[str, metadata.Distribution]) -> set[str]:
    """Names of installed distributions that are required, at any depth."""
    needed: set[str] = set()
    waiting = [_parsed(item) for item in requirements]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done or name not in known:
            continue
        done.add((name, extras))
        needed.add(name)
        for item in known[name].requires or ():
            _, _, marker = item.partition(";")
            if "extra" not in marker or any(extra in marker for extra in extras):
                waiting.append(_parsed(item))
    return needed


def _parsed(requirement: str) -> tuple[str, frozenset[str]]:
    found = _REQUIREMENT.match(requirement)
    if found is None:
        return requirement, frozenset()
    extras = frozenset(part.strip() for part in (found[2] or "").split(",") if part.strip())
    return _plain(found[1]), extras


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _files(one: metadata.Distribution) -> list[Path] | None:
    """The files of a distribution, or `None` where they are not recorded."""
    folder = _editable(one)
    if folder is not None:
        return list(_below(folder))
    record = _text(one, "RECORD")
    if not record:
        return None
    root = Path(str(one.locate_file("")))
    found = []
    for line in record.splitlines():
        name = line.rpartition(",")[0].rpartition(",")[0].strip('"')
        if name and _decides(name):
            found.append(root / name)
    return found


def _content(one: metadata.Distribution, files: Iterable[Path]) -> str:
    """A digest over files, looked at anew only when the state of one has changed."""
    state = hashlib.sha256()
    there = []
    for path in sorted(files):
        try:
            status = path.stat()
        except OSError:
            continue
        there.append(path)
        state.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        state.update(f"{status.st_ctime_ns}\0{status.st_ino}\n".encode())
    return remembered(
        f"distribution {one.name} {one.locate_file('')}",
        state.hexdigest(),
        lambda: _digest(there),
    )


def _digest(files: Collection[Path]) -> str:
    """Names and contents; the same wherever all of them lie."""
    if not files:
        return ""
    root = Path(os.path.commonpath(files))
    return digest_files(files, root=root if root.is_dir() else root.parent)


def _editable(one: metadata.Distribution) -> Path | None:
    """The folder of a distribution that is installed as editable."""
    try:
        direct = json.loads(_text(one, "direct_url.json") or "{}")
        url = str(direct.get("url", ""))
        if not direct.get("dir_info", {}).get("editable") or not url.startswith("file://"):
            return None
    except (ValueError, AttributeError):
        return None
    folder = Path(url.removeprefix("file://"))
    return folder if folder.is_dir() else None


def _text(one: metadata.Distribution, name: str) -> str:
    try:
        return one.read_text(name) or ""
    except (OSError, UnicodeDecodeError):
        return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # A name that no file can have.
        return False
