"""What shows that the same thing would answer again: digests of every file that can matter.

An answer is used again in another run only where this is proven. Proven is an adapter's backend by

- every file of the distribution that registers the adapter (of an editable one, of its folder;
  where its files are not recorded, of the folder that its module lies in), and of this project,
- every file of the distributions that the adapter or its distribution requires, and of all that
  these require,
- name, version and list of files of every other distribution in its environment,
- every file or folder that an option or the model's name names, and the digest that the adapter
  states of its model.

Not seen are environment variables, files that an adapter reads without an option that names them,
and what is imported without being required.

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
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.digest import digest_files, remembered
from harness.registry import GROUP, OWN_DISTRIBUTION, adapter, distribution_of

__all__ = [
    "Evidence",
    "adapter_files",
    "adapter_requirements",
    "command_files",
    "files_beside",
    "installed_files",
    "named_files",
]

_MOST_FILES = 20_000
_RACY_NS = 2_000_000_000
_SKIPPED = {
    "__pycache__", "node_modules", ".git", ".hg", ".svn", ".venv", ".tox", ".nox", ".harness",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".benchmarks", ".idea",
    ".vscode", ".eggs",
}  # fmt: skip
_PROJECT = {"pyproject.toml", "setup.py", "setup.cfg"}
_RUN = {"run.json", "unfinished.json", "leaderboard.md", "predictions", "units", "logs"}
_STORE = ("predictions.sqlite", "digests.json")
# What a run writes while it lasts: drafts of its files, and what it says on stderr.
_PASSING = re.compile(r"\..+\.(jsonl|json|md|txt|log)\.[a-z0-9_]{8}|.+\.log|\.coverage.*")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A digest over files; `doubt` says why it does not prove that nothing else has changed."""

    digest: str
    files: int = 0
    doubt: str = ""


def adapter_files(name: str) -> Evidence:
    """Every file of the distribution that registers an adapter, and of this project."""
    if distribution_of(name) is None:
        return Evidence("", doubt=f"it is not known which distribution brings the adapter {name}")
    own = {path for place in _own_places() for path in _below(place)}
    distribution = _foreign(name)
    if distribution is not None:
        recorded = _files(distribution)
        if recorded is None and _editable(distribution) is not None:
            return Evidence("", doubt=f"the folder of the adapter {name} is gone, or too large")
        for point in distribution.entry_points.select(group=GROUP, name=name):
            found = _behind(point.module, recorded or ())
            if not found:
                return Evidence("", doubt=f"the adapter {name} is in no file")
            own |= found
        kind = _file_of(type(adapter(name)).__module__)  # Its class may be of another library.
        own |= {kind} if kind else set()
    if len(own) > _MOST_FILES:
        return Evidence("", len(own), f"more than {_MOST_FILES} files may decide its answers")
    return Evidence(_digest(own), len(own))


def adapter_requirements(name: str) -> tuple[str, ...]:
    """What an adapter declares, and what the distribution that registers it requires."""
    distribution = _foreign(name)
    required = (distribution.requires if distribution else None) or ()
    always = (item for item in required if "extra" not in item.partition(";")[2])
    return (*adapter(name).declaration.requires, *always)


def installed_files(requirements: Sequence[str]) -> Evidence:
    """The distributions of this environment: contents of those required, lists of all others."""
    known, listed = _listing(tuple((place, _changed(place)) for place in sys.path))
    whole = hashlib.sha256(listed.encode())
    count = 0
    needed, doubt = _needed(requirements, known)
    for name in sorted(needed):
        files = _files(known[name])
        if files is None:
            doubt = doubt or f"the files of the installed {name} are not recorded, or too many"
            continue
        count += len(files)
        whole.update(f"{name}\0{_content(known[name], files)}\n".encode())
    return Evidence(whole.hexdigest(), count, doubt)


def named_files(options: Mapping[str, Any]) -> Evidence:
    """Files and folders that values of options name, with what is in them."""
    named = [Path(value) for value in options.values() if isinstance(value, str) and value]
    places = [*named, *map(_from_home, named)]
    files = {path for place in places if _exists(place) for path in _below(place)}
    if len(files) > _MOST_FILES:
        return Evidence("", len(files), f"its options name more than {_MOST_FILES} files")
    return Evidence(_digest(files) if files else "", len(files))


def command_files(command: str) -> Evidence:
    """The files that a command names, with their contents: they do not prove what it is."""
    files = [path for path in _words(command) if path.is_file()]
    whole = hashlib.sha256(command.encode("utf-8", "surrogatepass"))
    whole.update(_digest(files).encode())
    doubt = "its hello states no digest, and nothing else tells what it imports and reads"
    return Evidence(whole.hexdigest(), len(files), doubt)


def files_beside(command: str) -> str:
    """What lies beside the files that a command names, by size and time of change.

    Where it differs the program may have changed: an interrupted run then does not go on with it.
    A program that is given no file may be a module of the folder that it is started in.
    """
    words = shlex.split(command)
    named = _words(command)
    places = {path if path.is_dir() else path.parent for path in named}
    program = shutil.which(words[0]) if words else None
    if program is not None:
        places.add(Path(program).absolute())
    if not any(_exists(Path(word)) for word in words[1:]):
        places.add(Path.cwd())
    whole = hashlib.sha256()
    for path in sorted({path for place in places for path in _below(place)}):
        try:
            state = path.stat()
        except OSError:
            continue
        whole.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return whole.hexdigest()


def _words(command: str) -> list[Path]:
    """The files and folders that a command names; no program that is looked for on the path."""
    words = shlex.split(command)
    given = [*words[1:], *(word.partition("=")[2] for word in words[1:])]
    if words and (os.sep in words[0] or not words[1:]):
        given.append(words[0])
    return sorted({Path(word).absolute() for word in given if word and _exists(Path(word))})


def _own_places() -> Iterator[Path]:
    """The folders of this project's import packages."""
    yield Path(__file__).resolve().parent.parent
    spec = importlib.util.find_spec("harness.adapters")  # Whether or not it has been imported here.
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place).resolve()


def _foreign(name: str) -> metadata.Distribution | None:
    """The distribution that registers an adapter, where it is not this project's own."""
    found = distribution_of(name)
    return None if found is None or _plain(found.name) == OWN_DISTRIBUTION else found


def _file_of(module: str) -> Path | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    return None if file is None else Path(file).resolve()


def _behind(module: str, recorded: Iterable[Path]) -> set[Path]:
    """The files that may be behind a module of a distribution; none where it has no file."""
    file = _file_of(module)
    if file is None:
        return set()
    recorded = {path.resolve() for path in recorded}
    package = sys.modules.get(module.partition(".")[0])
    places = [Path(place).resolve() for place in getattr(package, "__path__", ())] or [file]
    if file not in recorded:
        # It is not known what belongs to it: it may import whatever lies beside it.
        places = [place.parent for place in places]
    return {file} | recorded | {path for place in places for path in _below(place)}


def _below(place: Path) -> Iterator[Path]:
    """The file, or every file below a folder, as far as more than `_MOST_FILES`.

    No byte-code, environments, caches, and nothing that a run writes.
    """
    if not place.is_dir():
        if place.is_file():
            yield place.resolve()
        return
    count = 0
    seen: set[str] = set()
    for root, folders, names in os.walk(place.resolve(), followlinks=True):
        real = os.path.realpath(root)
        if real in seen:  # A link to a folder above it.
            folders.clear()
            continue
        seen.add(real)
        here = Path(root)
        written = _written(here, {*folders, *names})
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and name not in written
            and not name.endswith(".egg-info")
            and not (here / name / "pyvenv.cfg").exists()
        )
        for name in names:
            path = here / name
            if name not in written and not _PASSING.fullmatch(name) and path.is_file():
                yield path
                count += 1
                if count > _MOST_FILES:
                    return


def _written(folder: Path, names: Collection[str]) -> set[str]:
    """What in a folder has been built or written by runs, and decides no answer."""
    found: set[str] = set()
    if not _PROJECT.isdisjoint(names):
        found |= {"build", "dist"}
    if "unfinished.json" in names or ("run.json" in names and _is_record(folder / "run.json")):
        found |= _RUN
    if "predictions.sqlite" in names:
        found |= {name for name in names if name.startswith(_STORE)}
    return found


def _is_record(path: Path) -> bool:
    """Whether a file begins like the record of a run."""
    try:
        with path.open("rb") as handle:
            return b'"tool_version"' in handle.read(200)
    except OSError:
        return False


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


def _needed(
    requirements: Sequence[str], known: Mapping[str, metadata.Distribution]
) -> tuple[set[str], str]:
    """Names of installed distributions that are required, at any depth, and what is doubtful.

    This project is left out, which is looked at file by file; not so what it requires.
    """
    needed: set[str] = set()
    doubt = ""
    waiting = [_parsed(item) for item in requirements]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        if name not in needed and name != OWN_DISTRIBUTION:
            doubt = doubt or _elsewhere(name, known.get(name))
        if name not in known:
            continue
        if name != OWN_DISTRIBUTION:
            needed.add(name)
        for item in known[name].requires or ():
            _, _, marker = item.partition(";")
            if "extra" not in marker or any(extra in marker for extra in extras):
                waiting.append(_parsed(item))
    return needed, doubt


def _elsewhere(name: str, one: metadata.Distribution | None) -> str:
    """Says where a library is imported from, if not from its installed distribution."""
    names = {name.replace("-", "_")}
    home = None
    if one is not None:
        names |= {item for item in _text(one, "top_level.txt").split() if item.isidentifier()}
        home = (_editable(one) or Path(str(one.locate_file("")))).resolve()
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
        found = list(_below(folder))
        return found if 0 < len(found) <= _MOST_FILES else None
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
    newest = 0
    for path in sorted(files):
        try:
            status = path.stat()
        except OSError:
            continue
        there.append(path)
        state.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        state.update(f"{status.st_ctime_ns}\0{status.st_ino}\n".encode())
        newest = max(newest, status.st_ctime_ns)
    if time.time_ns() - newest < _RACY_NS:
        return _digest(there)  # It may change again within the same tick of the clock.
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
    """The folder of a distribution that is installed as editable, be it there or not."""
    try:
        direct = json.loads(_text(one, "direct_url.json") or "{}")
        url = str(direct.get("url", ""))
        if not direct.get("dir_info", {}).get("editable") or not url.startswith("file://"):
            return None
        return Path(unquote(urlsplit(url).path))
    except (ValueError, AttributeError):
        return None


def _text(one: metadata.Distribution, name: str) -> str:
    try:
        return one.read_text(name) or ""
    except (OSError, UnicodeDecodeError):
        return ""


def _from_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # Of nobody known here.
        return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # A name that no file can have.
        return False
