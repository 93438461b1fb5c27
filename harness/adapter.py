"""The extension point: what an adapter declares, and what a loaded backend does.

An *adapter* wraps one library; a *backend* is an adapter with a model and options, written
`adapter/model?option=value`. Adapter modules import nothing heavy at the top: `declaration` and
`unavailable` are read to list backends; `load` runs inside the backend's own worker process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from harness.annotation import Annotations, Task

__all__ = [
    "Adapter",
    "Backend",
    "Capabilities",
    "Declaration",
    "LoadRequest",
    "ModelIdentity",
    "Option",
]

Option = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an attribution backend can give at all.

    A role that a backend cannot give is printed as `–` instead of 0, and takes no part in that
    column's ranking.
    """

    cues: bool = True
    null_sources: bool = True
    speakers: bool = True
    indirect: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an adapter says of itself without importing the library that it wraps."""

    name: str
    """First part of the backend's name: `spacy` in `spacy/en_core_web_sm`."""
    tasks: tuple[Task, ...]
    summary: str
    requires: tuple[str, ...] = ()
    """PEP 508 requirements; their installed versions are recorded and enter the cache key."""
    install: str = ""
    """One shell line that makes the default backend available."""
    code_licence: str = ""
    model_licence: str = ""
    """Licence of the default model's weights; `none` where there is no model."""
    labels: str | tuple[str, ...] | None = None
    """A schema's name, a tuple of labels, or `None` when they are read from the model."""
    capabilities: Capabilities | None = None
    """For attribution adapters."""
    default_models: tuple[str, ...] = ()
    """Models run when no backend is named; `("",)` for an adapter without models."""
    takes_model: bool = True
    """Whether a model may follow the name (`spacy/...`); `False` for `quotes`."""
    needs_gold: bool = False
    """The runner sends the gold with each document (the `oracle` sanity row only)."""
    sanity: bool = False
    """A row that checks the harness rather than a library."""
    reference: bool = False
    """Whether `reference` among its models is this project's own small model."""
    traps: tuple[str, ...] = ()
    """Known ways to get a wrong number out of this library, one sentence each."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model answered: enters the cache key, so two models can never answer for each other."""

    name: str
    version: str = ""
    digest: str = ""
    """sha256 over the model's files, or over the adapter's rules where there is no model."""
    licence: str = ""
    size_bytes: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)
    """Whatever else changes the output: dtype, threads, stride, prompt labels."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What a backend is asked to be."""

    model: str
    task: Task
    labels: tuple[str, ...] = ()
    """Labels of the gold's schema: prompts for zero-shot backends; others may ignore them."""
    options: Mapping[str, Option] = field(default_factory=dict)
    offline: bool = False
    """Never try a download; a model that is not on this machine is unavailable."""


@runtime_checkable
class Backend(Protocol):
    """A loaded model. One instance serves one worker process, one call at a time."""

    labels: tuple[str, ...] | None
    """Every label it can produce (NER); `None` where that has no meaning (attribution)."""
    identity: ModelIdentity

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        """One raw result per text, in order, as the library gives it. This is what is timed."""
        ...

    def annotations(self, text: str, raw: Any) -> Annotations:
        """Turn one raw result into annotations with code-point offsets. Not timed.

        Must not clip, shift or repair spans silently: the harness checks, reports and counts
        spans outside the text.
        """
        ...


@runtime_checkable
class Adapter(Protocol):
    """Wraps one library. Registered by an entry point in the group `harness.adapters`."""

    declaration: Declaration

    def unavailable(self, model: str) -> str | None:
        """Why this model cannot run here, or `None`. Cheap: looks, but imports no library."""
        ...

    def identity(self, model: str) -> ModelIdentity | None:
        """Which model that is, from its files or metadata. Cheap: imports no library.

        Asked before any worker starts, to look predictions up in the store; a changed file must
        change `digest`. `None` when the model is not on this machine.
        """
        ...

    def load(self, request: LoadRequest) -> Backend:
        """Import the library and load the model.

        Raises `harness.errors.BackendUnavailable` when library or model is missing or not what it
        should be (another task, a corrupt file), with the reason and the mend.
        """
        ...
