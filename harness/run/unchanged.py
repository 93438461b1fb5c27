"""Whether what a worker has loaded is what was described: files may change in between."""

from __future__ import annotations

from collections.abc import Iterator

from harness.adapter import ModelIdentity
from harness.errors import BackendFailed
from harness.registry import BackendSpec
from harness.run.key import Description
from harness.run.launch import describe_backend
from harness.run.protocol import Hello

__all__ = ["check_alike", "check_model", "check_unchanged", "contradictions"]


def check_model(spec: BackendSpec, described: ModelIdentity | None, loaded: ModelIdentity) -> None:
    """Raise `BackendFailed` where a model's files say one thing and the loaded model another."""
    for name, one, other in contradictions(described, loaded):
        raise BackendFailed(
            f"the loaded model has {name} {other[:40]!r}, its files say {one[:40]!r}: "
            "they changed meanwhile, or the adapter's identity() is wrong "
            f"(harness check-backend {spec})"
        )


def contradictions(
    described: ModelIdentity | None, loaded: ModelIdentity
) -> Iterator[tuple[str, str, str]]:
    """What both state of a model, and not alike: its name, as described, and as loaded."""
    for name in ("digest", "version"):
        one, other = getattr(described, name, ""), getattr(loaded, name)
        if one and other and one != other:
            yield name, one, other


def check_alike(spec: BackendSpec, first: Hello, again: Hello) -> None:
    """Raise `BackendFailed` unless two workers of a run say the same of themselves."""
    one, other = (
        (hello.model, hello.labels, hello.packages, hello.offsets) for hello in (first, again)
    )
    if one != other:
        raise _changed(spec)


def check_unchanged(spec: BackendSpec, before: Description, *, named: str = "") -> None:
    """Raise `BackendFailed` unless the files are as `before`; `named` is as of `launch`."""
    if _decisive(describe_backend(spec, named=named)) != _decisive(before):
        raise _changed(spec)


def _changed(spec: BackendSpec) -> BackendFailed:
    return BackendFailed(
        f"{spec} changed while the run was under way: its files, or what it says of "
        "itself, are not what they were when it began; run again"
    )


def _decisive(description: Description) -> tuple[str, ...]:
    """What must be the same when the backend is loaded, and loaded again."""
    model = "" if description.model is None else description.model.digest
    return description.source, description.installed, description.named, model
