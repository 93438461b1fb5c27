"""Fetching from the model hub, where that is allowed: within a time limit, and no code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import BackendUnavailable

__all__ = ["fetch", "first_line"]

_NOT_FETCHED = ["onnx/*", "openvino/*", "coreml/*", "flax*", "tf_*", "*training*"]


def fetch(model: str, patterns: Sequence[str], *, offline: bool) -> Path:
    """Copy the files of a hub id (`owner/name@revision`) into the hub's cache.

    Raises `BackendUnavailable` when downloads are off, the hub cannot be reached or has no such
    model.
    """
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

        return Path(
            snapshot_download(
                name,
                revision=revision or None,
                allow_patterns=list(patterns),
                ignore_patterns=_NOT_FETCHED,
            )
        )
    except Exception as error:  # no network, no such model, no permission, ...
        raise BackendUnavailable(
            f"{model} could not be fetched from the hub: {first_line(error)}",
            install="check the name and the network, or give a folder",
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of a library's message, or the error's name; at most 300 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
