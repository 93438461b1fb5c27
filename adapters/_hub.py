"""Models of the hub: found in a folder or in the hub's cache, fetched where that is allowed.

Fetching has a time limit and brings no code. Imports no library but to fetch.
"""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.adapter import Adapter, LoadRequest, ModelIdentity
from harness.errors import BackendUnavailable

__all__ = ["HubAdapter", "first_line", "is_path", "licence", "local_folder"]

_NOT_FETCHED = ["onnx/*", "openvino/*", "coreml/*", "flax*", "tf_*", "*training*"]


class HubAdapter(Adapter):
    """Models that are a folder (or a file), or a hub id, which is fetched where it is not here."""

    example: str
    """How a model may be named."""
    absent: str
    """What is missing where a path names no model; the model goes into the braces."""
    fetched: Sequence[str]
    """Patterns of the files that are fetched."""
    notes: Mapping[str, str] = {}

    @abstractmethod
    def check(self, place: Path) -> str | None:
        """What is wrong with the files, with the mend."""

    def place(self, model: str) -> Path | None:
        """Where the model lies on this machine."""
        return local_folder(model)

    def trouble(self, model: str) -> str | None:
        """A hub id that is not cached is none: its worker may fetch it."""
        if not model:
            return f"no model was named; for example {self.example}"
        place = self.place(model)
        if place is not None:
            return self.check(place)
        if _is_hub_id(model) and not is_path(model):
            return None
        return f"there is no {self.absent.format(repr(model))}"

    def identity(self, model: str) -> ModelIdentity | None:
        place = self.place(model) if model else None
        own = None if place is None or self.check(place) else super().identity(model)
        if place is None or own is None:
            return None
        name = place.name if is_path(model) else model
        return replace(own, name=name, licence=licence(place), notes=self.notes)

    def fetch(self, request: LoadRequest) -> None:
        """Into the hub's cache. Raises `BackendUnavailable` when what came is not usable."""
        _fetch(request.model, self.fetched, offline=request.offline)
        reason = self.check(self.here(request.model))
        if reason:
            raise BackendUnavailable(f"{request.model}: {reason}")

    def here(self, model: str) -> Path:
        """Where the model lies, once it has been found or fetched."""
        place = self.place(model)
        if place is None:
            raise BackendUnavailable(f"{model}: it is not in the hub's cache")
        return place


def is_path(model: str) -> bool:
    """Whether this can only be meant as a path, or is one that exists."""
    return model.startswith(("/", ".", "~")) or Path(model).exists()


def local_folder(model: str) -> Path | None:
    """The folder of a path, or of a hub id in the hub's cache."""
    path = Path(model).expanduser()
    if is_path(model):
        return path.resolve() if path.is_dir() else None
    return _snapshot(model) if _is_hub_id(model) else None


def licence(folder: Path) -> str:
    """Of the model card's front matter, `license: apache-2.0`."""
    try:
        card = (folder / "README.md").read_text("utf-8", "replace")
    except OSError:
        return ""
    front = card.split("---", 2)[1] if card.startswith("---") and card.count("---") > 1 else ""
    stated = re.search(r"^license:\s*[\"']?([\w .+-]+)", front, re.MULTILINE)
    return stated[1].strip() if stated else ""


def first_line(error: BaseException) -> str:
    """The first line of a library's message, or the error's name; at most 300 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _is_hub_id(model: str) -> bool:
    """Whether this could be fetched from the hub."""
    return re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?(@[\w./-]+)?", model, re.ASCII) is not None


def _snapshot(model: str) -> Path | None:
    """The snapshot of a hub id in the hub's cache, laid out as huggingface_hub does it."""
    name, _, revision = model.partition("@")
    home = os.environ.get("HF_HOME") or str(
        Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    )
    root = os.environ.get("HF_HUB_CACHE") or str(Path(home) / "hub")
    folder = Path(root).expanduser() / f"models--{name.replace('/', '--')}"
    try:
        commit = (folder / "refs" / (revision or "main")).read_text("ascii").strip()
    except (OSError, ValueError):
        commit = revision
    snapshot = folder / "snapshots" / commit
    return snapshot if commit and snapshot.is_dir() else None


def _fetch(model: str, patterns: Sequence[str], *, offline: bool) -> None:
    """Raises `BackendUnavailable` when downloads are off, or the hub has no such model."""
    name, _, revision = model.partition("@")
    if offline:
        raise BackendUnavailable(
            f"{model} is neither on this machine nor in the hub's cache, and downloads are off",
            install="give a folder, or fetch it once with --online",
        )
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "10")
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "30")
    try:
        from huggingface_hub import snapshot_download

        snapshot_download(
            name,
            revision=revision or None,
            allow_patterns=list(patterns),
            ignore_patterns=_NOT_FETCHED,
        )
    except Exception as error:  # no network, no such model, no permission, ...
        raise BackendUnavailable(
            f"{model} could not be fetched from the hub: {first_line(error)}",
            install="check the name and the network, or give a folder",
        ) from error
