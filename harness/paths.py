"""Where things lie: the harness's own folder, the predictions store, gold sets known by name."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder", "goldset_folders", "home"]

_PACKAGE = Path(__file__).resolve().parent


def home() -> Path:
    """`$HARNESS_HOME`, else `.harness` in the current folder; always absolute.

    Environments and the predictions store lie in it.
    """
    return Path(os.environ.get("HARNESS_HOME") or ".harness").absolute()


def cache_folder() -> Path:
    """Folder of the predictions store: `$HARNESS_CACHE`, else `cache` in `home()`; absolute."""
    stated = os.environ.get("HARNESS_CACHE")
    return Path(stated).absolute() if stated else home() / "cache"


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
