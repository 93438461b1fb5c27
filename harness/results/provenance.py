"""What a run has to say about where its numbers come from: time, machine, versions, commit."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import harness
from harness.distributions import versions
from harness.results.record import RECORD_SCHEMA, Git, Machine

__all__ = ["git_state", "machine", "now", "origin", "project_state"]

_SOURCES = ("harness", "adapters", "goldsets", "seeds", "pyproject.toml")


def origin(packages: Sequence[str], folder: Path | None) -> dict[str, Any]:
    """The fields of a `RunRecord` that say what made it; `folder` is the record's."""
    return {
        "schema_version": RECORD_SCHEMA,
        "tool_version": harness.__version__,
        "git": git_state(),
        "python": sys.version.split()[0],
        "packages": versions(packages),
        "machine": machine(),
        "project": project_state(folder),
    }


def now() -> str:
    """The time, as records have it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def machine() -> Machine:
    """This machine, as far as it says; unknown parts are empty or 0."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 0,
        memory_bytes=_memory(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
    )


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0


def git_state() -> Git | None:
    """The commit of the checkout that this harness runs from, and whether it was changed.

    Not the commit of the current folder, which may be any project's (`project_state`). `None` when
    the harness is installed from a wheel or git is missing.
    """
    root = Path(harness.__file__).resolve().parent.parent
    return _state(root, _SOURCES) if (root / ".git").exists() else None


def project_state(out: Path | None = None) -> Git | None:
    """The commit of the checkout that the current folder is in, and whether it was changed.

    Files below `out`, which the run itself writes, do not count. `None` outside of a checkout.
    """
    root = _git(Path.cwd(), "rev-parse", "--show-toplevel")
    if root is None:
        return None
    but = []
    if out is not None and out.resolve() != Path(root) and out.resolve().is_relative_to(root):
        but = [f":(exclude,top){out.resolve().relative_to(root).as_posix()}"]
    return _state(Path(root), (":(top)", *but))


def _state(root: Path, paths: Sequence[str]) -> Git | None:
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None or _runs_programs(root):
        return None
    status = _git(root, "status", "--porcelain", "--ignore-submodules=all", "--", *paths)
    return None if status is None else Git(commit, bool(status))


def _runs_programs(root: Path) -> bool:
    """Whether git would run filters that the checkout itself names: it may be anybody's."""
    listed = _git(root, "config", "--null", "--show-scope", "--name-only", "--list", "--includes")
    if listed is None:
        return True
    words = listed.split("\0")
    return any(
        scope not in ("system", "global", "command") and name.startswith("filter.")
        for scope, name in zip(words[::2], words[1::2], strict=False)
    )


def _git(root: Path, *arguments: str) -> str | None:
    # A relative folder in PATH is somebody else's, where a checkout is the current one.
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    git = shutil.which("git", path=os.pathsep.join(filter(os.path.isabs, folders)))
    if git is None:
        return None
    try:
        done = subprocess.run(
            [git, "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments],
            cwd=root,
            env={**os.environ, "GIT_ALLOW_PROTOCOL": "none"},  # Missing objects are not fetched.
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
