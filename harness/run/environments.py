"""An environment of its own for a backend, so that conflicting pins can be compared in one run.

`create("gliner")` makes `.harness/envs/gliner` with the adapter's declared requirements and this
project itself; from then on the workers of that adapter run in it. Made with `uv` where it is
installed, else with `venv` and pip.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.coding import decode, encode, load_json
from harness.distributions import installed_from, requirement_name
from harness.errors import BackendUnavailable, UsageError
from harness.paths import environments_folder
from harness.registry import ADAPTER_GROUP, OWN_DISTRIBUTION, adapter

__all__ = [
    "Environment",
    "create_environment",
    "environments",
    "find_environment",
    "remove_environment",
]

_CARD = "harness-env.json"


@dataclass(frozen=True, slots=True)
class Environment:
    """A finished environment; one without its card was never finished and does not count."""

    name: str
    """The adapter that runs in it."""
    requirements: tuple[str, ...]
    """What was asked for, as pip was given it."""
    tool: str
    """`uv` or `venv`."""
    python_version: str
    folder: str

    @property
    def python(self) -> Path:
        return Path(self.folder) / "bin" / "python"


def find_environment(name: str) -> Environment | None:
    """The finished environment of an adapter, or `None`."""
    folder = environments_folder() / name
    try:
        card = load_json((folder / _CARD).read_bytes())
        environment = decode(Environment, {**card, "folder": str(folder)})
    except (OSError, ValueError, TypeError):  # A `DecodeError` is a `ValueError`.
        return None
    return environment if environment.python.exists() else None


def environments() -> list[Environment]:
    """Every finished environment, by name."""
    names = sorted(path.parent.name for path in environments_folder().glob(f"*/{_CARD}"))
    return [environment for name in names if (environment := find_environment(name))]


def create_environment(
    name: str,
    *,
    extra: Sequence[str] = (),
    python: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Environment:
    """Make (or make anew) the environment of the adapter `name`.

    `extra` are further requirements, `python` another interpreter to build on, `say` gets a line
    for every step. Raises `UsageError` for an unknown adapter or interpreter and
    `BackendUnavailable` with the installer's last words when it fails; nothing half-made is ever
    used.
    """
    declared = adapter(name).declaration
    if declared.external:
        raise UsageError(f"a {name}: backend brings its own program; it needs no environment")
    requirements = (*_own_requirements(name), *declared.requires, *extra)
    uv = shutil.which("uv")
    if python is not None and not uv and shutil.which(python) is None:
        raise UsageError(f"no Python at {python!r}; give a program such as python3.12, or its path")
    folder = environments_folder() / name
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    base = python or sys.executable
    say(f"making {folder} with {'uv' if uv else 'venv and pip'}")
    inside = folder / "bin" / "python"
    if uv:
        _call([uv, "venv", "--quiet", "--python", base, str(folder)], name)
        install = [uv, "pip", "install", "--quiet", "--python", str(inside)]
    else:
        _call([base, "-m", "venv", str(folder)], name)
        install = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    say(f"installing {' '.join(requirements)}")
    _call([*install, *_arguments(requirements)], name)
    version = _call([str(inside), "-c", "import platform; print(platform.python_version())"], name)
    made = Environment(name, requirements, "uv" if uv else "venv", version.strip(), str(folder))
    card = encode(made)
    del card["folder"]
    (folder / _CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    return made


def remove_environment(name: str) -> None:
    """Delete an environment, finished or not. Raises `UsageError` when there is none."""
    folder = environments_folder() / name
    if name in ("", ".", "..") or "/" in name or not folder.is_dir():
        known = ", ".join(environment.name for environment in environments()) or "none"
        raise UsageError(f"no environment {name!r}; there are: {known}")
    shutil.rmtree(folder)


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
    import subprocess

    done = subprocess.run(
        list(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]
        raise BackendUnavailable(
            f"the environment {name!r} could not be made: {' / '.join(words)}",
            install=f"harness env create {requirement_name(name)}",
        )
    return done.stdout
