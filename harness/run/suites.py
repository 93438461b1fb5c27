"""Suites: runs that have a name, in `harness.toml` or in `[tool.harness]` of pyproject.toml.

    [suites.nightly]
    backends = ["spacy/en_core_web_sm", {backend = "stanza/en", options = {batch_size = 8}}]
    gold = ["seeds"]
    task = "ner"
    rounds = 3

In pyproject.toml the table is `[tool.harness.suites.nightly]`. Any long option of `harness run` may
stand in a suite, with `_` for `-`; what is said on the command line wins. A key that is not known
is an error, with the nearest that is.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError, UsageError
from harness.formats.files import read_text
from harness.registry import BackendSpec

__all__ = ["Suite", "find_suites", "load_suite"]

# Options of `harness run` that a suite may set: the type that TOML has to give.
_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "task": str,
    "out": str,
    "match": str,
    "boundary": str,
    "schema": str,
    "strict_labels": bool,
    "rounds": int,
    "jobs": int,
    "seed": int,
    "batch_size": int,
    "threads": int,
    "timeout": (int, float),
    "load_timeout": (int, float),
    "total_timeout": (int, float),
    "max_memory": (int, str),
    "online": bool,
    "cache_dir": str,
    "no_cache": bool,
    "fresh": bool,
    "format": str,
}
_KEYS = ("backends", "gold", "require", "description", *_OPTIONS)
_CHOICES = {
    "task": ("ner", "attribution"),
    "match": ("strict", "exact", "partial", "type"),
    "boundary": ("raw", "normalised"),
}
_FROM_ONE = ("rounds", "jobs", "batch_size", "threads")


@dataclass(frozen=True, slots=True)
class Suite:
    """A named run. Empty `backends` or `gold` leave the choice to the command."""

    name: str
    path: Path
    """The file that it stands in."""
    backends: tuple[BackendSpec, ...]
    gold: tuple[str, ...]
    require: tuple[str, ...]
    options: Mapping[str, Any]

    def defaults(self) -> dict[str, Any]:
        """What options are where the command line leaves them alone, by their names in Python.

        `suite_require` stands beside `require`: a list on the command line takes its place.
        """
        return {**self.options, "suite_require": self.require}


def find_suites(folder: str | Path = ".") -> tuple[Path, Mapping[str, Any]]:
    """The nearest file with suites, in `folder` or above it, and its table of suites.

    `harness.toml` goes before a pyproject.toml that has `[tool.harness]`. Raises `InputError` when
    there is none or it is not as it should be.
    """
    for place in (Path(folder).resolve(), *Path(folder).resolve().parents):
        own = place / "harness.toml"
        if own.is_file():
            return own, _suites(_toml(own), own, "")
        shared = place / "pyproject.toml"
        if shared.is_file():
            table = _toml(shared).get("tool", {}).get("harness")
            if table is not None:
                return shared, _suites(table, shared, "tool.harness.")
    raise InputError(
        "no harness.toml here or above, and no pyproject.toml with [tool.harness]",
        hint="a suite is a table [suites.NAME] with backends = [...] and gold = [...]",
    )


def load_suite(name: str, *, folder: str | Path = ".") -> Suite:
    """The suite of that name.

    Raises `UsageError` for an unknown suite with the nearest name, `InputError` for an unknown key
    or a value of the wrong type.
    """
    path, suites = find_suites(folder)
    if name not in suites:
        raise UsageError(
            f"{path}: no suite {name!r}.{_near(name, suites)} "
            f"Known: {', '.join(sorted(suites)) or 'none'}"
        )
    table = suites[name]
    if not isinstance(table, dict):
        raise _wrong(path, f"suites.{name}", table, "a table")
    where = f"suites.{name}"
    _check_keys(table, _KEYS, path, where)
    options = {key: _option(key, table[key], path, where) for key in _OPTIONS if key in table}
    return Suite(
        name,
        path,
        tuple(
            _backend(item, path, f"{where}.backends[{i}]")
            for i, item in enumerate(_list(table, "backends", path, where))
        ),
        tuple(_gold(item, path) for item in _strings(table, "gold", path, where)),
        tuple(_strings(table, "require", path, where)),
        options,
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", path=path) from None


def _suites(table: Mapping[str, Any], path: Path, prefix: str) -> Mapping[str, Any]:
    if not isinstance(table, dict):
        raise _wrong(path, prefix.rstrip("."), table, "a table")
    _check_keys(table, ("suites",), path, prefix.rstrip("."))
    suites = table.get("suites", {})
    if not isinstance(suites, dict):
        raise _wrong(path, f"{prefix}suites", suites, "a table of suites")
    return suites


def _check_keys(table: Mapping[str, Any], known: Iterable[str], path: Path, where: str) -> None:
    known = tuple(known)
    for key in table:
        if key not in known:
            place = f"{where}.{key}" if where else key
            raise InputError(
                f"unknown key {place!r}.{_near(key, known)}",
                path=path,
                hint=f"known keys: {', '.join(known)}",
            )


def _backend(item: Any, path: Path, where: str) -> BackendSpec:
    if isinstance(item, str):
        return BackendSpec.parse(item)
    if not isinstance(item, dict):
        raise _wrong(path, where, item, 'a name or {backend = "...", options = {...}}')
    _check_keys(item, ("backend", "options"), path, where)
    name, options = item.get("backend"), item.get("options", {})
    if not isinstance(name, str):
        raise _wrong(path, f"{where}.backend", name, "a backend's name")
    if not isinstance(options, dict):
        raise _wrong(path, f"{where}.options", options, "a table")
    for key, value in options.items():
        if not isinstance(value, (str, int, float, bool)):
            raise _wrong(path, f"{where}.options.{key}", value, "a string, number or boolean")
    spec = BackendSpec.parse(name)
    return BackendSpec(spec.adapter, spec.model, {**spec.options, **options})


def _option(key: str, value: Any, path: Path, where: str) -> Any:
    place = f"{where}.{key}"
    kind: Any = _OPTIONS[key]
    fits: bool = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not fits:
        names = kind if isinstance(kind, tuple) else (kind,)
        raise _wrong(path, place, value, " or ".join(_TYPES[name] for name in names))
    if key in _CHOICES and value not in _CHOICES[key]:
        guess = _near(value, _CHOICES[key])
        raise InputError(
            f"{place} is {value!r}, expected one of {', '.join(_CHOICES[key])}.{guess}", path=path
        )
    if key in _FROM_ONE and value < 1:
        raise _wrong(path, place, value, "a number from 1 up")
    if key == "max_memory":
        return _size(value, path, place)
    if key.endswith("timeout") and value <= 0:
        raise _wrong(path, place, value, "seconds above 0")
    return value


def _size(value: int | str, path: Path, place: str) -> int:
    from harness.run.sizes import parse_size

    try:
        return parse_size(str(value))
    except ValueError as error:
        raise _wrong(path, place, value, str(error)) from None


_TYPES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def _gold(name: str, path: Path) -> str:
    """A gold set by name, or a path as seen from the file's own folder."""
    beside = path.parent / name
    return str(beside) if not Path(name).exists() and beside.exists() else name


def _list(table: Mapping[str, Any], key: str, path: Path, where: str) -> list[Any]:
    items = table.get(key, [])
    if not isinstance(items, list):
        raise _wrong(path, f"{where}.{key}", items, "a list")
    return items


def _strings(table: Mapping[str, Any], key: str, path: Path, where: str) -> list[str]:
    items = _list(table, key, path, where)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise _wrong(path, f"{where}.{key}[{index}]", item, "a string")
    return items


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _wrong(path: Path, place: str, value: Any, expected: str) -> InputError:
    return InputError(f"{place} is {value!r}, expected {expected}", path=path)
