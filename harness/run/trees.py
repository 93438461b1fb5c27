"""The files below a place that may decide what a backend answers, and a digest over them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from harness.digest import digest_files
from harness.formats.files import is_draft
from harness.paths import DIGESTS, FACTS, LEADERBOARD, PREDICTIONS, RECORD, UNFINISHED, WRITTEN

__all__ = ["MOST_FILES", "below", "digest_tree", "exists"]

MOST_FILES = 20_000
"""Of more files than these nothing is proven: to look at them would take too long."""
_SKIPPED = {
    "__pycache__", "node_modules", ".git", ".hg", ".svn", ".venv", ".tox", ".nox", ".harness",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".benchmarks", ".idea",
    ".vscode", ".eggs",
}  # fmt: skip
_PROJECT = {"pyproject.toml", "setup.py", "setup.cfg"}
_RUN = {RECORD, UNFINISHED, LEADERBOARD, *WRITTEN}
# What a run says while it lasts.
_PASSING = re.compile(r".+\.log|\.coverage.*")


def below(place: Path) -> Iterator[Path]:
    """The file, or every file below a folder, as far as more than `MOST_FILES`.

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
            passing = is_draft(name) or _PASSING.fullmatch(name)
            if name not in written and not passing and path.is_file():
                yield path
                count += 1
                if count > MOST_FILES:
                    return


def digest_tree(files: Collection[Path]) -> str:
    """Names and contents; the same wherever all of them lie."""
    if not files:
        return ""
    root = Path(os.path.commonpath(files))
    return digest_files(files, root=root if root.is_dir() else root.parent)


def exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # A name that no file can have.
        return False


def _written(folder: Path, names: Collection[str]) -> set[str]:
    """What in a folder has been built or written by runs, and decides no answer."""
    written: set[str] = set()
    if not _PROJECT.isdisjoint(names):
        written |= {"build", "dist"}
    if UNFINISHED in names or (RECORD in names and _is_written(folder / RECORD)):
        written |= _RUN
    if PREDICTIONS in names or FACTS in names:
        written |= {name for name in names if name.startswith((PREDICTIONS, DIGESTS))}
    return written


def _is_written(path: Path) -> bool:
    """Whether a record is as a run writes it: whatever else there is may decide answers."""
    try:
        with path.open("rb") as handle:
            return b'"tool_version"' in handle.read(200)
    except OSError:
        return False
