"""The extension point: what an adapter declares, and what a loaded backend does.

An *adapter* wraps one library; a *backend* is an adapter with a model and options, written
`adapter/model?option=value`. Adapter modules import nothing heavy at the top: `declaration` and
`unavailable` are read to list backends; `load` runs inside the backend's own worker process.

What all adapters have in common stands in `Adapter`, what all backends have in `Backend`. Both may
be inherited or not: whatever has the members of `AnyAdapter` and gives what has those of `Backend`
is an adapter.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from harness.annotation import Annotations, Capabilities, TaskName
from harness.digest import digest_files
from harness.distributions import lacking
from harness.errors import BackendUnavailable, UsageError

__all__ = [
    "THRESHOLD",
    "Adapter",
    "AnyAdapter",
    "Backend",
    "Capabilities",
    "Declaration",
    "LoadRequest",
    "ModelIdentity",
    "Option",
    "read_options",
]

Option = str | int | float | bool
"""A value in a backend's name: `?stride=32&wrapped=true`."""

THRESHOLD = "threshold"
"""The option of all backends that give confidences: entities with a lower one are not answered."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an adapter says of itself without importing the library that it wraps."""

    name: str
    """First part of the backend's name: `spacy` in `spacy/en_core_web_sm`."""
    tasks: tuple[TaskName, ...]
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
    external: bool = False
    """The model is the command of a program of its own, `name:command`; nothing is loaded here."""
    sanity: bool = False
    """A row that checks the harness rather than a library."""
    reference: bool = False
    """Whether `reference` among its models is this project's own small model."""
    traps: tuple[str, ...] = ()
    """Known ways to get a wrong number out of this library, one sentence each."""
    confidences: bool = False
    """Whether every entity has a `score`: only then is there an option `threshold`."""

    def only(self, backend: object) -> str:
        """Which tasks it knows, as a sentence about one of its backends."""
        return f"{backend} knows the task {', '.join(self.tasks)} only"

    def task_for(self, backend: object, wanted: TaskName | None) -> TaskName:
        """The task that is wanted of new texts, its first unless one is named.

        Raises `UsageError` for one that it does not know, and where it needs gold.
        """
        if self.needs_gold:
            raise UsageError(f"{backend} echoes gold annotations; it says nothing about new texts")
        if wanted is not None and wanted not in self.tasks:
            raise UsageError(self.only(backend))
        return wanted or self.tasks[0]


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
    task: TaskName
    labels: tuple[str, ...] = ()
    """Labels of the gold's schema: prompts for zero-shot backends; others may ignore them."""
    options: Mapping[str, Option] = field(default_factory=dict)
    offline: bool = False
    """Never try a download; a model that is not on this machine is unavailable."""


@runtime_checkable
class Backend(Protocol):
    """A loaded model. One instance serves one worker process, one call at a time."""

    labels: tuple[str, ...] | None = None
    """Every label it can produce (NER); `None` where unknown or without meaning (attribution)."""
    identity: ModelIdentity

    @abstractmethod
    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        """One raw result per text, in order, as the library gives it. This is what is timed."""

    def predict_gold(self, texts: Sequence[str], gold: Sequence[Annotations]) -> Iterable[Any]:
        """The same, with the gold of each text; asked where the declaration says `needs_gold`."""
        return self.predict(texts)

    @abstractmethod
    def annotations(self, text: str, raw: Any) -> Annotations:
        """Turn one raw result into annotations with code-point offsets. Not timed.

        Must not clip, shift or repair spans silently: the harness checks, reports and counts
        spans outside the text.
        """

    def characters_seen(self, text: str, raw: Any) -> int | None:
        """How many characters of the text the model has read; `None` where that is not known."""
        return None


@runtime_checkable
class AnyAdapter(Protocol):
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


class Adapter(ABC):
    """What adapters have in common: one states its `declaration` and defines `open`.

    Where there are models, `trouble` says what is wrong with one and `files` which files it has
    (or `identity` which it is); `fetch` gets one that is not here.
    """

    declaration: Declaration
    options: Mapping[str, Option] = {}
    """Every option that it takes, with its default."""
    choices: Mapping[str, tuple[str, ...]] = {}
    """The words that an option may be, where it is not free."""

    @property
    def accepted(self) -> Mapping[str, Option]:
        """Every option that a user may give, with its default: its own, and `threshold` where its
        declaration says that entities have a confidence, unless its library has such an option."""
        if not self.declaration.confidences:
            return self.options
        return {THRESHOLD: 0.0, **self.options}

    def settled(self, given: Mapping[str, Option]) -> dict[str, Option]:
        """Its options, as given or by default. Raises `UsageError` as `read_options` does."""
        if THRESHOLD in given and THRESHOLD not in self.accepted:
            raise UsageError(
                f"option {THRESHOLD}: {self.declaration.name} gives no confidences, so that there "
                "is nothing that a threshold could go by"
            )
        return read_options(given, self.accepted, self.choices)

    @abstractmethod
    def open(self, request: LoadRequest, identity: ModelIdentity) -> Backend:
        """Import the library and load the model, which is there; `request` has every option."""

    def trouble(self, model: str) -> str | None:
        """What is wrong with a model, with the mend; `None` also where `fetch` may get it."""
        return None

    def needs(self, model: str) -> Iterable[str]:
        """The requirements without which this model cannot run."""
        return self.declaration.requires

    def model_packages(self, model: str) -> Iterable[str]:
        """The distributions by which this model is installed, where it is one; the first is best.

        An environment for one release of a library gets those whose hash is known here.
        """
        return ()

    def files(self, model: str) -> Sequence[Path]:
        """Every file that decides the answers; none where the model is not on this machine.

        Of an adapter without models those that it is written in; data files are to be added.
        """
        return () if self.declaration.takes_model else self.sources()

    def sources(self) -> tuple[Path, ...]:
        """The files that its class is written in, and those of the adapters it inherits from."""
        kinds = [kind for kind in type(self).__mro__ if issubclass(kind, Adapter)]
        return tuple(Path(str(sys.modules[kind.__module__].__file__)) for kind in kinds[:-1])

    def fetch(self, request: LoadRequest) -> None:
        """Get a model that is not here. Raises `BackendUnavailable` where that is not possible."""
        raise BackendUnavailable(
            f"{self.declaration.name}/{request.model}: no file of this model is on this machine"
        )

    def unavailable(self, model: str) -> str | None:
        """Why it cannot run here: it takes no model, a library is lacking, or `trouble`."""
        declared = self.declaration
        if model and not declared.takes_model:
            return f"{declared.name} takes no model, found {model!r}"
        library = lacking(self.needs(model))
        if library is not None:
            return f"{library}; {declared.install}"
        return self.trouble(model)

    def identity(self, model: str) -> ModelIdentity | None:
        """A digest of `files`. The licence is the one declared, where it is said of this model."""
        files = self.files(model)
        if not files:
            return None
        declared = self.declaration
        digest = digest_files(files)
        if not declared.takes_model:
            return ModelIdentity("rules", digest=digest, licence=declared.model_licence)
        return ModelIdentity(
            Path(model).name if Path(model).exists() else model,
            digest=digest,
            licence=declared.model_licence if model in declared.default_models else "",
            size_bytes=sum(path.stat().st_size for path in files),
        )

    def load(self, request: LoadRequest) -> Backend:
        """Open a model, after its options and files have been looked at, and fetched if need be.

        Raises `UsageError` for an option that it does not have, `BackendUnavailable` for the rest.
        """
        options = self.settled(request.options)
        identity = self._present(request.model)
        if identity is None:
            self.fetch(request)
            identity = self._present(request.model)
        if identity is None:
            raise BackendUnavailable(f"{request.model} was fetched and is still not here")
        backend = self.open(replace(request, options=options), identity)
        least = options.get(THRESHOLD, 0.0)
        # What the library leaves out itself is not there to be looked at again.
        if least == 0 or THRESHOLD in self.options:
            return backend
        return _Confident(backend, float(least))

    def _present(self, model: str) -> ModelIdentity | None:
        reason = self.unavailable(model)
        if reason:
            raise BackendUnavailable(reason)
        return self.identity(model)


class _Confident(Backend):
    """A backend without the entities whose confidence is below a threshold."""

    def __init__(self, inner: Backend, least: float) -> None:
        self.labels = inner.labels
        self.identity = inner.identity
        self._inner = inner
        self._least = least

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        return self._inner.predict(texts)

    def predict_gold(self, texts: Sequence[str], gold: Sequence[Annotations]) -> Iterable[Any]:
        return self._inner.predict_gold(texts, gold)

    def annotations(self, text: str, raw: Any) -> Annotations:
        """Raises `ValueError` for an entity without a confidence."""
        answer = self._inner.annotations(text, raw)
        kept = []
        for entity in answer.entities or ():
            if entity.score is None:
                raise ValueError(
                    f"the entity [{entity.start}, {entity.end}) has no confidence, so that no "
                    "threshold can be applied"
                )
            if entity.score >= self._least:
                kept.append(entity)
        return answer if answer.entities is None else replace(answer, entities=tuple(kept))

    def characters_seen(self, text: str, raw: Any) -> int | None:
        return self._inner.characters_seen(text, raw)


def read_options(
    given: Mapping[str, Option],
    defaults: Mapping[str, Option],
    choices: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, Option]:
    """A backend's options: `defaults` overridden by `given`.

    Raises `UsageError` for an option that is not among the defaults, a value of another kind than
    the default, a number that is below 0 or not finite, or a word that is not among its `choices`.
    """
    read = dict(defaults)
    for name, value in given.items():
        if name not in defaults:
            names = ", ".join(sorted(defaults)) or "none"
            raise UsageError(f"unknown option {name!r}; expected one of: {names}")
        default = defaults[name]
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(default, str):
            value = str(value)
        elif type(value) is not type(default):
            raise UsageError(f"option {name}={value}: expected {type(default).__name__}")
        elif not isinstance(value, bool) and not 0 <= value < inf:
            finite = "a number from 0 up" if value < 0 else "a finite number"
            raise UsageError(f"option {name}={value}: expected {finite}")
        allowed = (choices or {}).get(name)
        if allowed and value not in allowed:
            raise UsageError(f"option {name}={value}: expected one of {', '.join(allowed)}")
        read[name] = value
    return read
