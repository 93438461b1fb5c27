"""Finding adapters: the entry-point group `harness.adapters`, read lazily.

Built-in adapters are registered in this project's own pyproject.toml, exactly as anybody's.
Listing reads declarations only; no wrapped library is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points

from harness.adapter import Adapter, AnyAdapter, Option
from harness.errors import HarnessError, UsageError, nearest
from harness.options import check_text, query_of, query_value

__all__ = [
    "ADAPTER_GROUP",
    "OWN_DISTRIBUTION",
    "BackendSpec",
    "adapter",
    "adapter_of",
    "adapter_names",
    "adapters",
    "default_backends",
    "distribution_of",
]

ADAPTER_GROUP = "harness.adapters"
OWN_DISTRIBUTION = "nlp-harness"


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """A backend's name taken apart: `spacy/en_core_web_sm?batch_size=64`.

    `str()` gives the name back, with options sorted, so that it can serve as a key. It says what is
    asked; the alias does not: what is asked under another name answers the same.
    """

    adapter: str
    model: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    alias: str = ""
    """What its row is called; empty where that is the name."""

    def __str__(self) -> str:
        between = ":" if self.model and self.external else "/"
        name = f"{self.adapter}{between}{self.model}" if self.model else self.adapter
        query = "&".join(
            f"{key}={query_value(value)}" for key, value in sorted(self.options.items())
        )
        return f"{name}?{query}" if query else name

    @property
    def row(self) -> str:
        """What tables and records call it."""
        return self.alias or str(self)

    @property
    def external(self) -> bool:
        """Whether the model is the command of a program, as the adapter declares."""
        try:
            return adapter(self.adapter).declaration.external
        except HarnessError:  # Unknown or broken: whoever asks for the adapter itself hears of it.
            return False

    @classmethod
    def parse(cls, text: str) -> BackendSpec:
        """Read `adapter` or `adapter/model`, each with `?key=value&...`, or `process:command`.

        Before any of these may stand `alias=`. Values are read as true/false, integers, floats,
        else strings. Everything after the colon of an external adapter is the command. Raises
        `UsageError` for an empty name, an option without `=`, and an alias that is none.
        """
        try:
            check_text(text)
        except ValueError as error:
            raise UsageError(f"backend {text!r}: expected {error}") from None
        alias, given, named = text.partition("=")
        if given and not any(char in alias for char in _NO_ALIAS):
            _check_alias(alias)
            spec = cls.parse(named)
            if spec.alias:
                raise UsageError(f"backend {text!r}: one alias is enough")
            return replace(spec, alias=alias)
        first, colon, command = text.partition(":")
        if colon and cls(first).external:
            return cls(first, command)
        name, _, query = text.partition("?")
        adapter_name, _, model = name.partition("/")
        if not adapter_name:
            raise UsageError(f"backend {text!r}: expected a name such as spacy/en_core_web_sm")
        said = query_of(query, text)
        return cls(adapter_name, model, {key: _read(value) for key, value in said.items()})


_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_NO_ALIAS = "/:?"
"""Where one of these comes before the first `=`, that `=` is of an option or a command."""


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias):
        raise UsageError(
            f"alias {alias!r}: expected up to 64 letters, digits, '.', '_', '+' or '-', of which "
            "the first is a letter or digit, as in rules=process:./rules"
        )
    if alias in _entry_points():
        raise UsageError(f"alias {alias!r}: there is an adapter of that name; take another")


@cache
def _entry_points() -> dict[str, EntryPoint]:
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=ADAPTER_GROUP):
        other = points.get(point.name)
        if other is not None and other.value != point.value:
            raise UsageError(
                f"two adapters are registered as {point.name!r}: {other.value} and {point.value}; "
                "uninstall one of them"
            )
        points[point.name] = point
    if not points:
        raise HarnessError(
            f"no adapter is registered in the entry-point group {ADAPTER_GROUP!r}: is the "
            f"distribution {OWN_DISTRIBUTION} installed (pip install -e .)?"
        )
    return dict(sorted(points.items()))


def adapter_names() -> tuple[str, ...]:
    """Every registered adapter's name, sorted; imports nothing."""
    return tuple(_entry_points())


def distribution_of(name: str) -> Distribution | None:
    """The distribution that registers the adapter of that name."""
    return _entry_points()[name].dist


@cache
def adapter(name: str) -> AnyAdapter:
    """The adapter of that name.

    Raises `UsageError` with the nearest known name when there is none, and when the module behind
    an entry point cannot be imported.
    """
    points = _entry_points()
    if name not in points:
        raise UsageError(f"unknown backend {name!r}{nearest(name, points)}")
    try:
        loaded = points[name].load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"adapter {name!r} ({points[name].value}) cannot be imported: {error}"
        ) from None
    wrapper = loaded() if isinstance(loaded, type) else loaded
    if not isinstance(wrapper, AnyAdapter):
        raise UsageError(
            f"{points[name].value}: found {type(wrapper).__name__}, expected an object with "
            "declaration, unavailable(), identity() and load() (harness.adapter.Adapter)"
        )
    return wrapper


def adapter_of(spec: BackendSpec) -> AnyAdapter:
    """The adapter of a backend. Raises `UsageError` also for an option that it does not take."""
    wrapper = adapter(spec.adapter)
    if isinstance(wrapper, Adapter) and not wrapper.declaration.external:
        try:
            wrapper.settled(spec.options)
        except UsageError as error:
            raise UsageError(f"{spec}: {error}") from None
    return wrapper


def adapters() -> Iterator[tuple[str, AnyAdapter]]:
    """Every registered adapter, sorted by name."""
    for name in adapter_names():
        yield name, adapter(name)


def default_backends() -> list[BackendSpec]:
    """Each adapter's default models, in the adapters' order; available or not."""
    return [
        BackendSpec(name, model)
        for name, wrapper in adapters()
        for model in wrapper.declaration.default_models
    ]


def _read(value: str) -> Option:
    if value in ("true", "false"):
        return value == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
