"""JSON and TOML values to dataclasses and back, checked against their own annotations.

A file is untrusted: every field's type is checked, strictly (no number for a string, no `true` for
a number). msgspec converts; where it refuses, the value is looked through once more, so that the
error names the key, what was found there and what was expected, in the words of this project.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.errors import InputError, near_name

__all__ = ["EXACT", "DecodeError", "FileKind", "compact", "decode", "decode_file", "encode"]
__all__ += [
    "from_words",
    "json_decoder",
    "laid_out",
    "load_json",
    "parse_json",
    "parse_toml",
    "short",
    "to_words",
]
__all__ += ["real_number", "whole_number"]

T = TypeVar("T")

EXACT = 2**53
"""Up to here every whole number is one of floating point, too; none from outside may be larger."""

_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
_DIGITS = 40
_PLAIN = re.compile("[0-9]{1,18}")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_BITS = 10_000
_PARTS = 200
"""Of a key such as `a.b.c`, at most: tomllib takes the square of their number."""
_BETWEEN = re.compile(r"[,={}\[\]]")
_TOO_LONG = re.compile(f"[0-9]{{{_DIGITS + 1}}}")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class DecodeError(ValueError):
    """What was found and what was expected, after the places given: a file, keys inside it."""

    def __init__(self, message: str, *places: str) -> None:
        super().__init__(": ".join([*filter(None, places), message]))


def encode(value: Any) -> Any:
    """Dataclasses become objects, named tuples and tuples lists, mappings objects."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: encode(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(
    kind: type[T], value: Any, where: str = "", *, extra: bool = False, toml: bool = False
) -> T:
    """The inverse of `encode`. Raises `DecodeError` for anything that does not fit.

    Keys that `kind` does not know are refused, unless `extra` lets them be. A key may be missing
    when its field has a default. `where` begins every error; with `toml` it says "a table" for "an
    object". A `msgspec.Meta` in an annotation sets bounds, its `description` the words for them.
    """
    import msgspec  # Late: most commands, and every worker, encode only.

    if not extra:
        _refuse_unknown(kind, value, where, "")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise _fault(kind, value, where, "", "a table" if toml else "an object") from None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of JSON file of this project's own, and what to do about one that cannot be used."""

    name: str
    versions: tuple[int, ...]
    """Values of `schema_version` that are read, the one that is written last."""
    marks: Mapping[str, Any]
    """Keys with the values by which one is known; `None` for any value."""
    broken: str
    foreign: str
    outdated: str


def decode_file(kind: type[T], text: str, file: FileKind, path: str | Path | None) -> T:
    """What a JSON file of this project's own says.

    Raises `InputError`, with the hints of `file`: for broken JSON, for what is no such file, for
    another version, and for a field of another type.
    """
    try:
        value = parse_json(text, keys_once=True)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a {file.name}: {error}", path=path, hint=file.broken) from None
    for key, mark in file.marks.items():
        there = value.get(key) if isinstance(value, dict) else None
        if there is None or mark not in (None, there):
            said = f'"{key}"' if mark is None else f'"{key}": "{mark}"'
            raise InputError(
                f"not a {file.name}: expected an object with {said}", path=path, hint=file.foreign
            )
    version = value.get("schema_version")
    if type(version) is not int or version not in file.versions:
        older = " or older" if len(file.versions) > 1 else ""
        raise InputError(
            f"{file.name} of schema version {short(version)}, expected {file.versions[-1]}{older}",
            path=path,
            hint=file.outdated,
        )
    try:
        return decode(kind, value)
    except DecodeError as error:
        raise InputError(f"not a valid {file.name}: {error}", path=path) from None


def to_words(options: Any, names: Iterable[str]) -> dict[str, str]:
    """Some fields of a dataclass, each as one word: `{"match": "strict", "depth": "2"}`."""
    return {name: str(getattr(options, name)) for name in names}


def from_words(kind: type[T], words: Mapping[str, str]) -> T:
    """The inverse of `to_words`, for fields that are strings, numbers or true and false.

    Raises `ValueError` for a word that a field cannot have, and whatever the dataclass raises.
    """
    import msgspec

    return msgspec.convert(dict(words), kind, strict=False)


def parse_json(text: str, *, keys_once: bool = False) -> Any:
    """A JSON value without infinite or undefined numbers, endless whole ones, half characters.

    With `keys_once` also without a key that comes twice in an object: people see the one, programs
    take the other. Raises `ValueError` that says where, or `RecursionError`.
    """
    hooks: dict[str, Any] = {"parse_float": _finite, "parse_constant": _finite, "parse_int": _whole}
    if keys_once:
        value = json.loads(text, object_pairs_hook=_once, **hooks)
    else:
        value = json.loads(text, **hooks) if _TOO_LONG.search(text) else load_json(text, **hooks)
    if _HALF.search(text):
        try:
            compact(value).encode()
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            raise ValueError(f"found half a character ({half!r})") from None
    return value


def load_json(data: bytes | str, **hooks: Any) -> Any:
    """What `json.loads` makes of it, and raises; `hooks` are for the numbers that JSON has not.

    msgspec reads what is sound three times as fast, and to the same values; whatever it refuses,
    Python's own reads once more: that takes a NaN, and says at which column something is broken.
    """
    import msgspec

    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        pass
    return json.loads(data, **hooks)


def parse_toml(
    text: str, path: str | Path, *, error: type[InputError] = InputError
) -> dict[str, Any]:
    """The tables of a TOML file that has been read. Raises `error` where it is none."""
    import tomllib

    try:
        for number, line in enumerate(text.split("\n"), 1):
            if any(part.count(".") > _PARTS for part in _BETWEEN.split(line)):
                raise ValueError(f"a key of more than {_PARTS} parts (at line {number})")
        tables = tomllib.loads(text)
        _refuse_endless(tables)
        return tables
    except (ValueError, RecursionError) as problem:  # Numbers without end, tables without end.
        raise error(f"not TOML: {problem}", path=path) from None


def _refuse_endless(tables: Any) -> None:
    """Whole numbers of 0x... have no limit of their own, and cannot even be shown."""
    waiting: list[tuple[str, Any]] = [("", tables)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, dict):
            waiting += ((f"{where}{key}.", inner) for key, inner in value.items())
        elif isinstance(value, list):
            waiting += ((where, inner) for inner in value)
        elif isinstance(value, int) and value.bit_length() > _BITS:
            raise ValueError(f"{where.rstrip('.')} is a number of thousands of digits")


def json_decoder(kind: type[T]) -> Callable[[str], T]:
    """What decodes the JSON of many values of one kind, keys that it does not know let be.

    It raises `ValueError`, which does not say where, or `RecursionError`.
    """
    import msgspec

    return msgspec.json.Decoder(kind).decode


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def compact(value: Any) -> str:
    """JSON on one line without a space."""
    return _compact(value)


def laid_out(value: Any, unfolded: Container[str], indent: str = "") -> str:
    """JSON for people and version control: a key a line.

    The lists under the keys of `unfolded` have an item a line; items that are objects, a key; and
    so have objects under these keys.
    """
    inner = indent + "  "
    if not isinstance(value, dict):
        return compact(value)
    lines = []
    for key, item in value.items():
        if key not in unfolded or not item:
            text = compact(item)
        elif isinstance(item, dict):
            text = laid_out(item, unfolded, inner)
        else:
            rows = ",\n".join(f"{inner}  {laid_out(one, unfolded, inner + '  ')}" for one in item)
            text = f"[\n{rows}\n{inner}]"
        lines.append(f"{inner}{compact(key)}: {text}")
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def short(value: Any) -> str:
    """A value as a message shows it: in 60 characters at most."""
    try:
        text = repr(value[:60] if isinstance(value, str) else value)
    except RecursionError:
        return "something nested too deeply"
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:59] + "…"


def whole_number(text: str) -> int:
    """The number that up to 18 ASCII digits write, and nothing else. Raises `ValueError`."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"found {short(text)}, expected a whole number")
    return int(text)


def real_number(text: str) -> float:
    """The finite number that a text in ASCII writes, and nothing else. Raises `ValueError`."""
    if not _REAL.fullmatch(text):
        raise ValueError(f"found {short(text)}, expected a number")
    return _finite(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {short(key)} comes twice in an object")
        made[key] = value
    return made


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"found the number {text[:20]}")
    return number


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"found a number of {len(text)} digits")
    return int(text)


def _refuse_unknown(kind: Any, value: Any, where: str, place: str) -> None:
    option = next(filter(_is_dataclass, _options(kind)), None)
    if option is not None and isinstance(value, dict):
        names = _hints(option)
        for key in value:
            if key not in names:
                near = near_name(str(key), names)
                hint = f"Did you mean {near!r}?" if near else f"Known: {', '.join(names)}"
                raise DecodeError(f"unknown key {key!r}. {hint}", where, place)
    for inside, part, item in _parts(kind, value, place):
        if _holds_dataclass(part):
            _refuse_unknown(part, item, where, inside)


def _fault(kind: Any, value: Any, where: str, place: str, table: str) -> DecodeError:
    """What is wrong with a value that does not fit: its first part that does not, else itself."""
    import msgspec

    for inside, part, item in _parts(kind, value, place):
        try:
            msgspec.convert(item, part)
        except msgspec.ValidationError:
            return _fault(part, item, where, inside, table)
    for option in _options(kind):
        if _is_dataclass(option) and isinstance(value, dict):
            for field in dataclasses.fields(option):
                required = field.default is field.default_factory is dataclasses.MISSING
                if required and field.name not in value:
                    return DecodeError(f"no {field.name!r}", where, place)
    choices = [get_args(option) for option in _options(kind) if get_origin(option) is Literal]
    near = near_name(value, map(str, chain(*choices))) if isinstance(value, str) else None
    hint = f". Did you mean {near!r}?" if near else ""
    return DecodeError(f"found {short(value)}, expected {_words(kind, table)}{hint}", where, place)


def _parts(kind: Any, value: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Place, type and value of everything directly inside a value that has the form of `kind`."""
    for option in _options(kind):
        if isinstance(value, dict):
            if _is_dataclass(option):
                inside = {key: part for key, part in _hints(option).items() if key in value}
            elif get_origin(option) in (dict, Mapping):
                inside = dict.fromkeys(value, get_args(option)[1])
            else:
                continue
            for key, part in inside.items():
                yield f"{place}.{key}" if place else key, part, value[key]
        elif isinstance(value, (list, tuple)):
            if get_origin(option) is tuple and Ellipsis in get_args(option):
                items = (get_args(option)[0],) * len(value)
            else:
                items = _items(option)
            if len(items) == len(value):
                for number, (part, item) in enumerate(zip(items, value, strict=True)):
                    yield f"{place}[{number}]", part, item


def _words(kind: Any, table: str) -> str:
    """What is expected, for people."""
    if get_origin(kind) is Annotated:
        described = [note.description for note in get_args(kind)[1:] if note.description]
        return str(described[0]) if described else _words(get_args(kind)[0], table)
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        return " or ".join(dict.fromkeys(_words(member, table) for member in members))
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if _is_dataclass(kind) or get_origin(kind) in (dict, Mapping):
        return table
    if _items(kind):
        return f"a list of {len(_items(kind))}"
    return _WORDS.get(kind, "a list")


@cache
def _options(kind: Any) -> tuple[Any, ...]:
    """The members of a union, any other type alone; notes are taken off."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(option for member in get_args(kind) for option in _options(member))
    return (kind,)


@cache
def _items(kind: Any) -> tuple[Any, ...]:
    """The types of a tuple of fixed length, named or not; of any other type, none."""
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return tuple(_hints(kind).values())
    return get_args(kind) if get_origin(kind) is tuple and ... not in get_args(kind) else ()


def _is_dataclass(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


@cache
def _holds_dataclass(kind: Any) -> bool:
    return any(
        _is_dataclass(option) or any(map(_holds_dataclass, _items(option) or get_args(option)))
        for option in _options(kind)
    )


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)
