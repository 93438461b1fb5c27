"""Making an environment of its own for a backend, so that conflicting pins are compared in one run.

`create_environment("gliner")` makes one with the adapter's declared requirements and this project
itself, and registers it; from then on the workers of that adapter run in it. Made with `uv` where
it is installed, else with `venv` and pip. The folder that it is asked for in is not read: neither
modules nor settings that lie there say what is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from harness.distributions import installed_from, placeholder, requirement_name
from harness.errors import BackendUnavailable, UsageError
from harness.formats.files import read_text
from harness.paths import pinned_packages
from harness.registry import ADAPTER_GROUP, OWN_DISTRIBUTION, adapter
from harness.run.called import call
from harness.run.environments import Environment, changing, discard, register
from harness.run.installed import plain

__all__ = ["asked_for_in", "create_environment", "installed_in", "pinned_lines"]

_SECONDS = 3600.0
"""For one step: a large library over a slow line may take long, and what hangs does not end."""
_PLACEHOLDER = re.compile(r"\b999\b")


def create_environment(
    name: str,
    *,
    extra: Sequence[str] = (),
    python: str | None = None,
    called: str = "",
    wheels: Sequence[str] = (),
    say: Callable[[str], None] = lambda line: None,
) -> Environment:
    """Make (or make anew) the environment of the adapter `name`.

    `extra` are further requirements, `python` another interpreter to build on, `called` is another
    name for it (`harness.run.environments.release_name`), `wheels` are distributions that are not
    built from source, `say` gets a line for every step. Raises `UsageError` for an unknown adapter
    or interpreter, `InputError` for a damaged registry and `BackendUnavailable` with the
    installer's last words when it fails, takes too long, or installs a placeholder; nothing
    half-made is left.
    """
    asked = _asked(name, extra)
    called = called or name
    uv = shutil.which("uv")
    base = sys.executable if python is None else shutil.which(python)
    if base is None and not uv:
        raise UsageError(f"no Python at {python!r}; give a program such as python3.12, or its path")
    base = str(Path(base).absolute()) if base else str(python)
    with changing() as parent:
        folder = parent / called
        discard(folder)
        folder.mkdir(mode=0o700)
        inside = folder / "bin" / "python"
        if uv:
            make = [uv, "--directory", "/", "venv", "--quiet", "--python", base, str(folder)]
            install = [uv, "--directory", "/", "pip", "install", "--quiet", "--python", str(inside)]
        else:
            make = [base, "-I", "-m", "venv", str(folder)]
            install = [str(inside), "-I", "-m", "pip", "install", "--quiet"]
            install.append("--disable-pip-version-check")
        try:
            say(f"making {folder} with {'uv' if uv else 'venv and pip'}")
            _call(make, called)
            say(f"installing {' '.join(asked.shown)}")
            _install(install, called, asked, wheels)
            trouble = placeholder(installed_in(folder))
            if trouble is not None:
                found = trouble.partition(";")[0]
                raise BackendUnavailable(f"the environment {called!r} was not made: {found}")
            question = "import platform; print(platform.python_version())"
            version = _call([str(inside), "-I", "-c", question], called).split()[-1]
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        tool = "uv" if uv else "venv"
        made = Environment(called, str(folder), os.geteuid(), asked.told, tool, version)
        register(made)
    return made


def asked_for_in(name: str, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """What the environment of an adapter that is made now has as its `requirements`."""
    return _asked(name, extra).told


class _Asked(NamedTuple):
    """What is to be installed."""

    own: tuple[str, ...]
    """This project, and the distribution that registers the adapter."""
    named: tuple[str, ...]
    pinned: tuple[str, ...]
    """By hash alone: lines of the requirements file."""

    @property
    def told(self) -> tuple[str, ...]:
        return (*self.own, *self.named, *self.pinned)

    @property
    def shown(self) -> tuple[str, ...]:
        return (*self.own, *self.named, *(line.split()[0] for line in self.pinned))


def _asked(name: str, extra: Sequence[str]) -> _Asked:
    """Raises `UsageError` for an adapter that is unknown or has its own program."""
    declared = adapter(name).declaration
    if declared.external:
        raise UsageError(f"a {name}: backend brings its own program; it needs no environment")
    pinned, free = _pinned(extra)
    named = (*declared.requires, *(str(Path(o).absolute()) if o[:1] == "." else o for o in free))
    return _Asked(tuple(_own_requirements(name)), named, tuple(pinned))


def _install(command: Sequence[str], name: str, asked: _Asked, wheels: Iterable[str]) -> None:
    """Two steps: by hash, a wheel is taken alone, without what it says that it requires."""
    with tempfile.TemporaryDirectory() as drafts:
        limits, hashes = Path(drafts, "constraints.txt"), Path(drafts, "requirements.txt")
        names = sorted({requirement_name(one) for one in asked.named if one[0].isalnum()})
        limits.write_text("".join(f"{one}<999\n" for one in names), "utf-8")
        how = ["--constraint", str(limits), *(f"--only-binary={one}" for one in wheels)]
        _call([*command, *how, *_arguments((*asked.own, *asked.named))], name)
        if asked.pinned:
            hashes.write_text("\n".join(asked.pinned), "utf-8")
            only = ("--no-deps", "--require-hashes", "--requirement", str(hashes))
            _call([*command, *only], name)


def installed_in(folder: Path) -> dict[str, str]:
    """The distributions of an environment, with their versions."""
    sites = [str(path) for path in folder.glob("lib/python*/site-packages")]
    return {one.name: one.version for one in metadata.distributions(path=sites)}


def pinned_lines() -> dict[str, str]:
    """What is installed by its hash alone: names, in one spelling, and requirements."""
    lines = [line for line in read_text(pinned_packages()).splitlines() if line[:1].isalnum()]
    return {plain(requirement_name(line)): line for line in lines}


def _pinned(extra: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of what is installed by its hash alone, and the other requirements.

    Raises `UsageError` for another version of one that is pinned.
    """
    known = pinned_lines()
    pinned, free = [], []
    for item in extra:
        name = plain(requirement_name(item))
        line = known.get(name)
        if line is None:
            free.append(item)
            continue
        expected = line.split()[0]
        if plain(item.replace(" ", "")) not in (name, plain(expected)):
            raise UsageError(f"--with {item}: found another than {expected}, whose hash is known")
        pinned.append(line)
    return pinned, free


def _own_requirements(name: str) -> list[str]:
    """This project, and the distribution that registers the adapter where it is another."""
    requirements = [_source(OWN_DISTRIBUTION, extra=name)]
    for point in metadata.entry_points(group=ADAPTER_GROUP, name=name):
        if point.dist is not None and point.dist.name != OWN_DISTRIBUTION:
            requirements.append(_source(point.dist.name, extra=name))
    return requirements


def _source(distribution: str, *, extra: str) -> str:
    """A requirement for an installed distribution: where it was installed from, if that is known.

    Its folder when that is a checkout, its wheel when it is still there, else its version, which
    an index has to have.
    """
    installed = metadata.distribution(distribution)
    extras = installed.metadata.get_all("Provides-Extra") or []
    suffix = f"[{extra}]" if extra in extras else ""
    place = installed_from(installed)
    if place is not None and (place / "pyproject.toml").is_file():
        return f"-e {place}{suffix}"
    if place is not None and place.is_file():
        return f"{distribution}{suffix} @ {place.as_uri()}"
    return f"{distribution}{suffix}=={installed.version}"


def _arguments(requirements: Sequence[str]) -> list[str]:
    arguments: list[str] = []
    for requirement in requirements:
        flag, space, rest = requirement.partition(" ")
        arguments.extend([flag, rest] if flag == "-e" and space else [requirement])
    return arguments


def _call(command: Sequence[str], name: str) -> str:
    """What a program says; of much the head and the tail."""
    status, said = call(command, _SECONDS)
    if status != 0:
        words = said.strip().splitlines()[-5:]
        if status is None:
            words.append(f"it was not done within {_SECONDS:,.0f} s")
        limited = _PLACEHOLDER.search(said)
        why = "; from version 999 on it is a placeholder, which is not installed" if limited else ""
        raise BackendUnavailable(
            f"the environment {name!r} could not be made: {' / '.join(words)}{why}",
            install=f"harness env create {requirement_name(name)}",
        )
    return said
