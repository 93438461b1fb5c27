"""Frozen dataclasses to JSON values and back, checked against their own annotations.

One small decoder instead of one per class: a record read from disk is untrusted, so that every
field's type is checked, and the error says where in the file the wrong value is.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["DecodeError", "decode", "encode"]

T = TypeVar("T")


class DecodeError(ValueError):
    """What was found and what was expected, with the place inside the document."""

    def __init__(self, place: str, message: str) -> None:
        self.place, self.message = place, message
        super().__init__(f"{place}: {message}" if place else message)


def encode(value: Any) -> Any:
    """Dataclasses become objects, named tuples and tuples lists, mappings objects."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: encode(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], value: Any, place: str = "") -> T:
    """The inverse of `encode`. Raises `DecodeError` for anything that does not fit.

    Keys that `kind` does not know are refused: they were written by another version. A key may be
    missing when its field has a default.
    """
    result: T = _decode(kind, value, place)
    return result


def _decode(kind: Any, value: Any, place: str) -> Any:
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(kind, value, place)
    if origin is Literal:
        if value not in get_args(kind):
            raise _expected(place, value, " or ".join(map(repr, get_args(kind))))
        return value
    if origin is tuple:
        return _tuple(get_args(kind), value, place)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise _expected(place, value, "an object")
        item = get_args(kind)[1]
        return {key: _decode(item, part, f"{place}.{key}") for key, part in value.items()}
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, place)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        parts = _tuple(tuple(_hints(kind).values()), value, place)
        return kind(*parts)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise _expected(place, value, getattr(kind, "__name__", str(kind)))
    return value


def _union(kind: Any, value: Any, place: str) -> Any:
    options = get_args(kind)
    if value is None and type(None) in options:
        return None
    options = tuple(option for option in options if option is not type(None))
    if len(options) == 1:
        return _decode(options[0], value, place)
    for option in options:
        try:
            return _decode(option, value, place)
        except DecodeError:
            continue
    raise _expected(place, value, str(kind))


def _tuple(kinds: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _expected(place, value, "a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_decode(kinds[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    if len(value) != len(kinds):
        raise DecodeError(place, f"found {len(value)} items, expected {len(kinds)}")
    return tuple(
        _decode(kind, item, f"{place}[{i}]")
        for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _dataclass(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise _expected(place, value, "an object")
    hints = _hints(kind)
    unknown = sorted(value.keys() - hints.keys())
    if unknown:
        raise DecodeError(place, f"unknown key {unknown[0]!r}")
    found = {}
    for field in dataclasses.fields(kind):
        if field.name in value:
            where = f"{place}.{field.name}" if place else field.name
            found[field.name] = _decode(hints[field.name], value[field.name], where)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise DecodeError(place, f"no {field.name!r}")
    return kind(**found)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _expected(place: str, value: Any, what: str) -> DecodeError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return DecodeError(place, f"found {shown}, expected {what}")
