"""Where things lie and what they are called: the harness's own folder, the predictions store, gold
sets known by name, the files of a run."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import UsageError

__all__ = [
    "CARD",
    "DIGESTS",
    "FACTS",
    "LEADERBOARD",
    "LONGEST_NAME",
    "PREDICTIONS",
    "RECORD",
    "UNFINISHED",
    "WRITTEN",
    "cache_folder",
    "environments_folder",
    "goldset_folders",
    "home",
    "pinned_packages",
    "too_long",
]

CARD = "goldset.toml"
"""In the folder of a gold set."""
RECORD = "run.json"
"""In the folder of a run, as are the following."""
UNFINISHED = "unfinished.json"
LEADERBOARD = "leaderboard.md"
WRITTEN = ("predictions", "units", "places", "logs")
"""Folders."""
PREDICTIONS = "predictions.sqlite"
"""In `cache_folder`."""
DIGESTS = "digests.json"
FACTS = f"{PREDICTIONS}.gold"
"""A folder there: what is known of large gold sets."""

LONGEST_NAME = 255
"""Bytes of a file's name, in every common file system."""
_LONGEST_PATH = 4095

_PACKAGE = Path(__file__).resolve().parent


def too_long(path: str) -> str:
    """What keeps a path from being one: more than 255 bytes in a part, or 4,095 in all."""
    data = os.fsencode(path)
    if len(data) > _LONGEST_PATH or any(len(part) > LONGEST_NAME for part in data.split(b"/")):
        return f"at most {LONGEST_NAME} bytes in a name and {_LONGEST_PATH:,} in a path"
    return ""


def home() -> Path:
    """`$HARNESS_HOME`, else `.harness` in the current folder; always absolute.

    The predictions store lies in it, as data: nothing below the current folder is ever run.
    """
    return Path(os.environ.get("HARNESS_HOME") or ".harness").absolute()


def cache_folder() -> Path:
    """Folder of the predictions store: `$HARNESS_CACHE`, else `cache` in `home()`; absolute."""
    stated = os.environ.get("HARNESS_CACHE")
    return Path(stated).absolute() if stated else home() / "cache"


def environments_folder() -> Path:
    """An environment for each adapter that was given one, by its name; always absolute.

    `$HARNESS_ENVS`, else `envs` in `$HARNESS_HOME` where that is absolute, else in the user's own
    data folder: interpreters lie in it, and somebody else's repository, unpacked, may be the
    current folder. Raises `UsageError` where the user's variables name a relative one.
    """
    folder = Path(os.environ.get("HARNESS_ENVS") or "")
    stated = Path(os.environ.get("HARNESS_HOME") or "")
    if folder == Path() and stated.is_absolute():
        folder = stated / "envs"
    elif folder == Path():
        import platformdirs  # Late: most commands look for no environment.

        folder = platformdirs.user_data_path("nlp-harness", appauthor=False) / "envs"
    if not folder.is_absolute():
        raise UsageError(f"environments in {folder}: set $HARNESS_ENVS to an absolute path")
    return folder


def pinned_packages() -> Path:
    """The requirements file, with hashes, of models that come as packages which others uploaded."""
    folder = _PACKAGE / "adapters"
    folder = folder if folder.is_dir() else _PACKAGE.parent / "adapters"
    return folder / "models" / "requirements.txt"


def goldset_folders() -> tuple[Path, ...]:
    """Folders of gold sets that are known by name, the nearest first.

    `goldsets` in the current folder, then the sets that come with this project: inside the
    installed package, or beside it in a checkout. Only folders that are there.
    """
    places = (Path("goldsets"), _PACKAGE / "goldsets", _PACKAGE.parent / "goldsets")
    folders: dict[Path, Path] = {}
    for place in places:
        if place.is_dir():
            folders.setdefault(place.resolve(), place)
    return tuple(folders.values())
