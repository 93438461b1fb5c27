"""Environments of their own for backends: which there are, and which of them may be run.

An interpreter is code, so none is run for lying somewhere: an environment counts when the registry
in the user's own folder has it (`harness.paths.environments_folder`), and when it is a folder there
that belongs to this user and that nobody else may write to. One that is registered and does not
stand this test is broken: its backend does not run, here or anywhere, until it is made again.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.annotation import printable
from harness.coding import FileKind, decode_file, encode, laid_out
from harness.errors import BackendFailed, InputError, UsageError
from harness.paths import environments_folder, home
from harness.registry import adapter_names

__all__ = [
    "Environment",
    "changing",
    "discard",
    "environments",
    "find_environment",
    "left_behind",
    "register",
    "release_name",
    "remove_environment",
]

_REGISTRY = "environments.json"
_RELEASE = "@"
_SCHEMA = 1
_MEND = "delete it, and make your environments again: harness env create NAME"
_ABSENT = "is not there"
_OWN = "expected your own, that nobody else may write to; $HARNESS_ENVS names another"
_FILE = FileKind(
    name="registry of environments",
    versions=(_SCHEMA,),
    marks={"environments": None},
    broken=_MEND,
    foreign=_MEND,
    outdated=_MEND,
)


@dataclass(frozen=True, slots=True)
class Environment:
    """A registered environment; one that was never finished is not registered."""

    name: str
    """The adapter that runs in it; of one with a certain release see `release_name`."""
    folder: str
    owner: int
    """The user who made it."""
    requirements: tuple[str, ...]
    """What was asked for, as pip was given it."""
    tool: str
    """`uv` or `venv`."""
    python_version: str

    @property
    def python(self) -> Path:
        return Path(self.folder) / "bin" / "python"

    @property
    def mend(self) -> str:
        """The command that makes it again."""
        _, of_release, release = self.name.partition(_RELEASE)
        return f"harness versions {release}" if of_release else f"harness env create {self.name}"

    @property
    def trouble(self) -> str | None:
        """Why it may not be run, or `None`."""
        place = environments_folder() / self.name
        if self.folder != str(place) or place.parent != environments_folder():
            return f"{self.folder} is not where environments lie, {environments_folder()}"
        wrong = _distrust(place, forbidden=0o077)  # What lies in it is as safe as it is.
        if wrong is None and self.owner != os.geteuid():
            return f"{place} was made by user {self.owner}, and you are {os.geteuid()}"
        if wrong is None and not os.access(self.python, os.X_OK):
            return f"{self.python} is not there, or does not run"
        return wrong and f"{place} {wrong}"


@dataclass(frozen=True, slots=True)
class _Registry:
    schema_version: int
    environments: tuple[Environment, ...]


def environments() -> list[Environment]:
    """Every registered environment, by name, broken ones too.

    Raises `InputError` for a registry that is damaged, or that others may write to.
    """
    folder = environments_folder()
    path = folder / _REGISTRY
    for place in (folder, path):
        wrong = _distrust(place, stat.S_ISDIR if place == folder else stat.S_ISREG)
        if wrong == _ABSENT:
            return []
        if wrong is not None:
            raise InputError(wrong, path=place, hint=_OWN if place == folder else _MEND)
    from harness.formats.files import read_text  # Late: most users have no environment.

    try:
        found = decode_file(_Registry, read_text(path), _FILE, path).environments
    except InputError as error:
        raise error.of(path, hint=_MEND) from None
    return sorted({one.name: one for one in found}.values(), key=lambda one: one.name)


def find_environment(name: str) -> Environment | None:
    """The environment of an adapter, or `None`.

    Raises `BackendFailed` for a broken one: another interpreter never takes its place unasked.
    """
    found = next((one for one in environments() if one.name == name), None)
    trouble = found and found.trouble
    if found and trouble:
        raise BackendFailed(
            f"its environment {name!r} is broken: {trouble}; make it again: {found.mend}, or do "
            f"without: harness env remove {name}"
        )
    return found


def release_name(adapter: str, package: str, version: str) -> str:
    """What the environment of an adapter is called that has a certain release of one package."""
    return f"{adapter}{_RELEASE}{package}=={version}"


def left_behind() -> str:
    """A line about environments that are not registered and lie where earlier versions looked.

    Nothing is known of them but their names. Empty where there are none.
    """
    old = home() / "envs"
    known = {one.name for one in environments()}
    names = [n for n in adapter_names() if n not in known and os.path.lexists(old / n)]
    if not names:
        return ""
    return printable(
        f"not used: {', '.join(names)} in {old}; harness env create {names[0]} makes it anew in "
        f"{environments_folder()}"
    )


@contextmanager
def changing() -> Iterator[Path]:
    """The environments folder, made if need be, while no other process changes it.

    Raises `InputError` where it is not the user's own, `UsageError` where another is at work.
    """
    from harness.results.lock import locked

    folder = environments_folder()
    environments()  # What is damaged is told before anything is done.
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = locked(folder / ".lock")
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=folder) from None
    if handle is None:
        raise UsageError(f"another `harness env` is at work in {folder}; wait for its end")
    with handle:
        yield folder


def register(made: Environment) -> None:
    """Have it count from now on, in place of any other of its name."""
    _write([*(one for one in environments() if one.name != made.name), made])


def discard(place: Path) -> None:
    """Take an environment, finished or not, out of the registry and delete it.

    Raises `InputError` for what is no folder of the user's own, which is left as it is.
    """
    there = os.path.lexists(place)
    wrong = _distrust(place, forbidden=0) if there else None
    if wrong is not None:
        raise InputError(f"{wrong}; it was left as it is", path=place, hint="delete it yourself")
    known = environments()
    rest = [one for one in known if one.name != place.name]
    if rest != known:
        _write(rest)
    try:
        if there:
            shutil.rmtree(place)
    except OSError as error:
        raise InputError(f"cannot be deleted: {error.strerror}", path=place) from None


def remove_environment(name: str) -> None:
    """Delete an environment, finished or not. Raises `UsageError` when there is none.

    Also raises `InputError` for what is no folder of the user's own: a symlink is not followed.
    """
    place = environments_folder() / name
    known = [one.name for one in environments()]
    there = name in known or os.path.lexists(place)
    if name in ("", ".", "..") or "/" in name or not there:
        raise UsageError(f"no environment {name!r}; there are: {', '.join(known) or 'none'}")
    with changing():
        discard(place)


def _write(known: Iterable[Environment]) -> None:
    from harness.formats.files import write_text

    path = environments_folder() / _REGISTRY
    value = {"schema_version": _SCHEMA, "environments": encode(tuple(known))}
    write_text(path, laid_out(value, ("environments",)) + "\n")
    path.chmod(0o600)  # Whatever the user's mask is: it says what is run.


def _distrust(
    place: Path, is_kind: Callable[[int], bool] = stat.S_ISDIR, *, forbidden: int = 0o022
) -> str | None:
    """Why something is not the user's own, and nobody else's; a symlink is not followed.

    `forbidden` are the bits of its mode that let others do what they must not.
    """
    try:
        status = place.lstat()
    except FileNotFoundError:
        return _ABSENT
    except (OSError, ValueError) as error:  # A name that no file can have is a ValueError.
        return f"cannot be looked at: {getattr(error, 'strerror', error)}"
    expected = "a folder" if is_kind is stat.S_ISDIR else "a file"
    if stat.S_ISLNK(status.st_mode):
        return f"is a symlink, expected {expected}"
    if not is_kind(status.st_mode):
        return f"is not {expected}"
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, and you are {os.geteuid()}"
    if status.st_mode & forbidden:
        mode = stat.S_IMODE(status.st_mode)
        what = "written to" if mode & 0o022 else "entered"
        return f"may be {what} by others (mode {mode:o}, expected {mode & ~forbidden:o})"
    return None
