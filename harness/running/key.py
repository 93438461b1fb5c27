"""What a prediction depends on: the key under which the store keeps it.

Everything that could change an answer, or the time that it took, is a field of the key, in clear,
so that `harness cache explain` can name the one that differs.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.adapter import Adapter, ModelIdentity
from harness.annotation import Task
from harness.coding import encode
from harness.digest import digest_files, digest_text
from harness.registry import BackendSpec, adapter
from harness.running.distributions import versions
from harness.running.protocol import PROTOCOL, Hello

__all__ = ["INTERFACE", "Description", "Key", "describe", "document_digest", "make_key"]

INTERFACE = 1
"""Version of `harness.adapter`; raised when the same adapter would answer differently."""


@dataclass(frozen=True, slots=True)
class Description:
    """What can be known of a backend without loading it."""

    unavailable: str | None = None
    source: str = ""
    """sha256 over the adapter's module and the modules of its own package that it imports."""
    packages: Mapping[str, str] = field(default_factory=dict)
    model: ModelIdentity | None = None
    python: str = ""
    """Python of the worker, as in 3.11."""


@dataclass(frozen=True)
class Key:
    """The fields that a prediction depends on, besides the document's text."""

    fields: Mapping[str, Any]

    @cached_property
    def text(self) -> str:
        """The fields as canonical JSON."""
        return json.dumps(self.fields, sort_keys=True, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        return digest_text(self.text)


def describe(spec: BackendSpec) -> Description:
    """Describe a backend in this interpreter; imports no wrapped library, loads nothing."""
    found = adapter(spec.adapter)
    reason = found.unavailable(spec.model)
    if spec.adapter == "process":
        return Description(reason, "" if reason else _command_digest(spec.model))
    return Description(
        unavailable=reason,
        source=_source_digest(found),
        packages=versions(found.declaration.requires),
        model=None if reason else _identity(found, spec.model),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
    )


def make_key(
    spec: BackendSpec,
    description: Description,
    *,
    task: Task,
    labels: Sequence[str],
    batch_size: int,
    threads: int,
    environment: str = "",
    hello: Hello | None = None,
) -> Key | None:
    """The key of a backend, or `None` when what answers cannot be told apart for sure.

    Where `describe` knows no model identity, it takes a `hello` from the loaded worker. A backend
    that gives neither a version nor a digest of its model has no key: it is never cached.
    `labels` count only for backends that do not declare their own.
    """
    found = adapter(spec.adapter)
    model = description.model or (hello.model if hello else None)
    if model is None or not (model.version or model.digest):
        return None
    fields: dict[str, Any] = {
        "backend": str(spec),
        "task": task,
        "options": dict(spec.options),
        "labels": list(labels) if found.declaration.labels is None else None,
        "source": description.source,
        "packages": dict(description.packages),
        "model": encode(model),
        "python": description.python,
        "environment": environment,
        "batch_size": batch_size,
        "threads": threads,
        "interface": INTERFACE,
        "protocol": PROTOCOL,
    }
    if description.model is None and hello is not None:
        fields["packages"] = dict(hello.packages)
        fields["offsets"] = hello.offsets
    return Key(fields)


def document_digest(text: str, gold: Mapping[str, Any] | None = None) -> bytes:
    """sha256 of a document's text, and of the gold where the backend is given it."""
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    if gold is not None:
        found.update(b"\0gold\0" + json.dumps(gold, sort_keys=True).encode("ascii"))
    return found.digest()


def _identity(found: Adapter, model: str) -> ModelIdentity | None:
    # Adapters written before `identity` was part of the interface are asked after loading.
    ask = getattr(found, "identity", None)
    return ask(model) if callable(ask) else None


def _source_digest(found: Adapter) -> str:
    module = sys.modules.get(type(found).__module__)
    path = getattr(module, "__file__", None)
    if module is None or path is None:
        return ""
    top = module.__name__.partition(".")[0]
    package = sys.modules.get(top)
    folders = [Path(place) for place in getattr(package, "__path__", ())]
    return digest_files(_closure(Path(path), module.__name__, top, folders))


def _closure(path: Path, name: str, top: str, folders: Sequence[Path]) -> set[Path]:
    """The file of a module and of everything in its own package that it imports, at any depth."""
    done: set[Path] = set()
    waiting = [(path, name)]
    while waiting:
        path, name = waiting.pop()
        if path in done:
            continue
        done.add(path)
        for imported in _imports(path, name, path.stat().st_mtime_ns):
            first, _, rest = imported.partition(".")
            if first == top:
                waiting.extend((file, imported) for file in _files(rest, folders))
    return done


@lru_cache(maxsize=1024)
def _imports(path: Path, name: str, changed: int) -> tuple[str, ...]:
    """What a module imports, at the top or inside functions; `changed` is its time of change."""
    return tuple(_read_imports(path, name))


def _read_imports(path: Path, name: str) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _files(rest: str, folders: Sequence[Path]) -> Iterator[Path]:
    inner = Path(*rest.split(".")) if rest else Path()
    for folder in folders:
        for file in ((folder / inner).with_suffix(".py"), folder / inner / "__init__.py"):
            if file.is_file():
                yield file


def _command_digest(command: str) -> str:
    # What it loads beyond the files named is not known here: its hello has to tell.
    whole = hashlib.sha256(command.encode("utf-8", "surrogatepass"))
    for word in shlex.split(command):
        path = Path(word)
        if path.is_file():
            whole.update(digest_files([path]).encode())
    return whole.hexdigest()
