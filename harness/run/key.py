"""What a prediction depends on: the key under which the store keeps it.

Everything that could change an answer, or the time that it took, is a field of the key, in clear,
so that `harness cache explain` can name the one that differs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.adapter import ModelIdentity
from harness.annotation import TaskName
from harness.coding import encode
from harness.digest import digest_text
from harness.distributions import versions
from harness.registry import BackendSpec, adapter
from harness.run.proof import (
    adapter_files,
    adapter_requirements,
    command_files,
    files_beside,
    installed_files,
    named_files,
)
from harness.run.protocol import PROTOCOL, Hello
from harness.run.variables import passed_digests

__all__ = [
    "INTERFACE",
    "Description",
    "StoreKey",
    "describe_here",
    "document_digest",
    "make_key",
    "proof",
]

INTERFACE = 1
"""Version of `harness.adapter`; raised when the same adapter would answer differently."""


@dataclass(frozen=True, slots=True)
class Description:
    """What can be known of a backend without loading it."""

    unavailable: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of the declared distributions."""
    model: ModelIdentity | None = None
    python: str = ""
    """Python of the worker, as in 3.11.7."""
    source: str = ""
    """sha256 over every file of the adapter's distribution, or over those that a command names."""
    installed: str = ""
    """sha256 over the distributions of its environment."""
    named: str = ""
    """sha256 over the files that its options and its model's name name."""
    files: int = 0
    """How many files these three are over."""
    doubt: str = ""
    """Why they do not prove what answers; empty where they do."""


@dataclass(frozen=True)
class StoreKey:
    """The fields that a prediction depends on, besides the document's text."""

    fields: Mapping[str, Any]

    @cached_property
    def text(self) -> str:
        """The fields as canonical JSON."""
        return json.dumps(self.fields, sort_keys=True, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        return digest_text(self.text)


def describe_here(spec: BackendSpec, *, prove: bool = True) -> Description:
    """Describe a backend in this interpreter; imports no wrapped library, loads nothing.

    Without `prove` no file is looked at but those that tell the model's identity.
    """
    wrapper = adapter(spec.adapter)
    reason = wrapper.unavailable(spec.model)
    if spec.external:
        if reason or not prove:
            return Description(reason)
        command = command_files(spec.model)
        return Description(
            source=command.digest,
            named=named_files(spec.options).digest,
            files=command.files,
            doubt=command.doubt,
        )
    plain = Description(
        unavailable=reason,
        packages=versions(wrapper.declaration.requires),
        model=None if reason else wrapper.identity(spec.model),
        python=sys.version.split()[0],
    )
    if reason or not prove:
        return plain
    evidence = (
        adapter_files(spec.adapter),
        installed_files(adapter_requirements(spec.adapter)),
        named_files({**spec.options, "": spec.model}),
    )
    return replace(
        plain,
        source=evidence[0].digest,
        installed=evidence[1].digest,
        named=evidence[2].digest,
        files=sum(one.files for one in evidence),
        doubt=next((one.doubt for one in evidence if one.doubt), ""),
    )


def proof(spec: BackendSpec, description: Description, hello: Hello | None) -> tuple[bool, str]:
    """Whether the same thing would answer again in another run, and a sentence that says why."""
    model = _model(description, hello)
    if spec.external:
        if model is not None and model.digest:
            return True, f"the program states the digest {model.digest[:12]} in its hello"
        return False, description.doubt
    if description.doubt:
        return False, description.doubt
    if model is None or not model.digest:
        return False, "the adapter states no digest of its model"
    return True, (
        f"the digests of {description.files:,} files of its adapter and libraries and of its model "
        f"({model.digest[:12]}) are the same"
    )


def _model(description: Description, hello: Hello | None) -> ModelIdentity | None:
    return description.model or (hello.model if hello else None)


def make_key(
    spec: BackendSpec,
    description: Description,
    *,
    task: TaskName,
    labels: Sequence[str],
    batch_size: int,
    threads: int,
    environment: str = "",
    pass_env: Sequence[str] = (),
    hello: Hello | None = None,
    run: str = "",
) -> StoreKey | None:
    """The key of a backend, or `None` where it is not known before the backend is loaded.

    Where `describe_here` knows no model identity, it takes a `hello` from the loaded worker. What
    is not proven (`proof`) gets `run`, a run's own token, into its key, so that no other run finds
    its answers; without a token it has no key. `labels` count only for backends that do not
    declare their own.
    """
    wrapper = adapter(spec.adapter)
    if description.model is None and hello is None:
        return None
    proven, _ = proof(spec, description, hello)
    if not proven and not run:
        return None
    fields: dict[str, Any] = {
        "backend": str(spec),
        "task": task,
        "options": dict(spec.options),
        "labels": list(labels) if wrapper.declaration.labels is None else None,
        "source": description.source,
        "installed": description.installed,
        "named": description.named,
        "packages": dict(description.packages),
        "model": encode(_model(description, hello)),
        "python": description.python,
        "environment": environment,
        "batch_size": batch_size,
        "threads": threads,
        "interface": INTERFACE,
        "protocol": PROTOCOL,
    }
    if pass_env:
        fields["pass_env"] = dict(passed_digests(pass_env))
    if not proven:
        fields["run"] = run
        if spec.external:
            fields["beside"] = files_beside(spec.model)
    if description.model is None and hello is not None:
        fields["packages"] = dict(hello.packages)
        fields["offsets"] = hello.offsets
    return StoreKey(fields)


def document_digest(text: str, gold: Mapping[str, Any] | None = None) -> bytes:
    """sha256 of a document's text, and of the gold where the backend is given it."""
    whole = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    if gold is not None:
        whole.update(b"\0gold\0" + json.dumps(gold, sort_keys=True).encode("ascii"))
    return whole.digest()
