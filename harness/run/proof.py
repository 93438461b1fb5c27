"""What shows that the same thing would answer again: digests of every file that can matter.

An answer is used again in another run only where this is proven. Proven is an adapter's backend by

- every file of the distribution that registers the adapter (of an editable one, of its folder;
  where its files are not recorded, of the folder that its module lies in), and of this project,
- every file of the distributions that the adapter or its distribution requires, and of all that
  these require,
- name, version and list of files of every other distribution in its environment,
- every file or folder that an option or the model's name names, and the digest that the adapter
  states of its model.

Not seen are environment variables that nobody passed by name, files that an adapter reads without
an option that names them, and what is imported without being required.

A program (`process:`) is proven by the digest that its hello states, and by nothing else: what it
imports and reads is not known here. The files on its command line, and what lies beside them, only
serve to see that it has changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.digest import digest_file, digest_folder, digest_pieces
from harness.distributions import installed_from
from harness.registry import ADAPTER_GROUP, OWN_DISTRIBUTION, adapter, distribution_of
from harness.run import installed, trees

__all__ = [
    "Evidence",
    "adapter_files",
    "adapter_requirements",
    "command_files",
    "files_beside",
    "own_code",
    "program_digest",
    "installed_files",
    "named_files",
]


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
    own = {path for place in _own_places() for path in trees.below(place)}
    distribution = _foreign(name)
    if distribution is not None:
        recorded = installed.files_of(distribution)
        if recorded is None and installed_from(distribution, editable=True):
            return Evidence("", doubt=f"the folder of the adapter {name} is gone, or too large")
        for point in distribution.entry_points.select(group=ADAPTER_GROUP, name=name):
            behind = _behind(point.module, [*map(Path, recorded or ())])
            if not behind:
                return Evidence("", doubt=f"the adapter {name} is in no file")
            own |= behind
        kind = _file_of(type(adapter(name)).__module__)  # Its class may be of another library.
        own |= {kind} if kind else set()
    return _evidence(own, f"more than {trees.MOST_FILES} files may decide its answers")


def adapter_requirements(name: str) -> tuple[str, ...]:
    """What an adapter declares, and what the distribution that registers it requires."""
    distribution = _foreign(name)
    required = (distribution.requires if distribution else None) or ()
    always = (item for item in required if "extra" not in item.partition(";")[2])
    return (*adapter(name).declaration.requires, *always)


def installed_files(requirements: Sequence[str]) -> Evidence:
    """The distributions of this environment: contents of those required, lists of all others."""
    known, listed = installed.listing()
    whole = hashlib.sha256(listed.encode())
    count = 0
    needed, doubt = installed.needed(requirements, known)
    for name in sorted(needed):
        files = installed.files_of(known[name])
        if files is None:
            doubt = doubt or f"the files of the installed {name} are not recorded, or too many"
            continue
        count += len(files)
        whole.update(f"{name}\0{installed.content(name, known[name], files)}\n".encode())
    return Evidence(whole.hexdigest(), count, doubt)


def named_files(options: Mapping[str, Any]) -> Evidence:
    """Files and folders that values of options name, with what is in them."""
    named = [Path(value) for value in options.values() if isinstance(value, str) and value]
    places = [*named, *map(_from_home, named)]
    files = {path for place in places if trees.exists(place) for path in trees.below(place)}
    return _evidence(files, f"its options name more than {trees.MOST_FILES} files")


def command_files(command: str) -> Evidence:
    """The files that a command names, with their contents: they do not prove what it is."""
    files = [path for path in _words(command) if path.is_file()]
    whole = hashlib.sha256(command.encode("utf-8", "surrogatepass"))
    whole.update(trees.digest_tree(files).encode())
    doubt = "its hello states no digest, and nothing else tells what it imports and reads"
    return Evidence(whole.hexdigest(), len(files), doubt)


def program_digest(command: str) -> str:
    """sha256 of a command and of what is in the files that it names, wherever they lie."""
    contents = []
    for path in _words(command):
        with suppress(OSError):  # A folder, or what may not be read.
            contents.append(digest_file(path))
    return digest_pieces((command, *contents))


@cache
def own_code() -> str:
    """sha256 over this project's files, which may change between two commits; as they were when
    this process first asked."""
    return digest_pieces(map(digest_folder, _own_places()))


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
    if not any(trees.exists(Path(word)) for word in words[1:]):
        places.add(Path.cwd())
    whole = hashlib.sha256()
    for path in sorted({path for place in places for path in trees.below(place)}):
        try:
            state = path.stat()
        except OSError:
            continue
        whole.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return whole.hexdigest()


def _evidence(files: set[Path], too_many: str) -> Evidence:
    if len(files) > trees.MOST_FILES:
        return Evidence("", len(files), too_many)
    return Evidence(trees.digest_tree(files), len(files))


def _words(command: str) -> list[Path]:
    """The files and folders that a command names; no program that is looked for on the path."""
    words = shlex.split(command)
    given = [*words[1:], *(word.partition("=")[2] for word in words[1:])]
    if words and (os.sep in words[0] or not words[1:]):
        given.append(words[0])
    return sorted({Path(word).absolute() for word in given if word and trees.exists(Path(word))})


def _own_places() -> Iterator[Path]:
    """The folders of this project's import packages."""
    yield Path(__file__).resolve().parent.parent
    spec = importlib.util.find_spec("harness.adapters")  # Whether or not it has been imported here.
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place).resolve()


def _foreign(name: str) -> metadata.Distribution | None:
    """The distribution that registers an adapter, where it is not this project's own."""
    brings = distribution_of(name)
    return None if brings is None or installed.plain(brings.name) == OWN_DISTRIBUTION else brings


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
    return {file} | recorded | {path for place in places for path in trees.below(place)}


def _from_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # Of nobody known here.
        return path
