"""Options declared once: a field of a frozen dataclass says what a user may set.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Limits:
        load_seconds: Annotated[float, Flag("for loading", name="load_timeout", above=0)] = 600.0

From this come the arguments of the command line (`harness.cli.common.add_flags`), the keys of a
suite and what they may be (`harness.run.suites`), the check of values that Python gives
(`check_options`), and the way back from what was said to the dataclass (`build`). Whatever has no
place in a dataclass is a `Flag` with a name of its own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import cache
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.coding import real_number
from harness.errors import UsageError, nearest
from harness.paths import too_long

__all__ = ["Flag", "build", "changed", "check_options", "check_text", "comma_list"]
__all__ += ["flags_of", "from_flags", "parameters", "query_of", "query_value"]

T = TypeVar("T")

_NOUNS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    Path: "a path",
}
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_LARGEST = 10**18


@dataclass(frozen=True, slots=True)
class Flag:
    """One option.

    In the annotation of a field, `name`, `kind`, `choices`, `many` (a tuple) and `default` are left
    to the field; a field that is `True` by default is turned off by its flag, which has a name of
    its own.
    """

    help: str = ""
    _: KW_ONLY
    name: str = ""
    """As a suite writes it; on the command line after `--`, with `-` for `_`."""
    kind: type = str
    """`bool`, `int`, `float`, `str` or `Path`; bool takes no value on the command line."""
    default: Any = None
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None
    noun: str = ""
    """What a value is, for errors (`seconds`), where it is more than its kind."""
    parse: Callable[[str], Any] | None = None
    """Reads a value of another spelling; its `ValueError` says what was expected."""
    many: bool = False
    """May be given several times: a list."""
    required: bool = False
    short: str = ""
    group: str = ""
    """Its heading in `--help`."""
    keyed: bool = False
    """Whether an answer in the predictions store depends on it (`harness.run.key`)."""
    inverted: bool = False
    """Whether the field is the contrary of the flag."""

    @property
    def expected(self) -> str:
        """What a value has to be: `a whole number from 1 up`."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        noun = self.noun or _NOUNS[self.kind]
        if self.least is not None and self.most is not None:
            return f"{noun} between {self.least:,.15g} and {self.most:,.15g}"
        if self.least is not None:
            return f"{noun} from {self.least:g} up"
        limit = "" if self.most is None else f", at most {self.most:,.15g}"
        return f"{noun} above {self.above:g}{limit}" if self.above is not None else noun + limit

    def read_text(self, text: str) -> Any:
        """A value from the command line. Raises `ValueError` that says what was expected."""
        check_text(text)
        if self.parse is not None:
            return self.parse(text)
        if self.kind is int:
            return self.read(int(text) if _WHOLE.fullmatch(text) else None)
        if self.kind is float:
            try:
                return self.read(real_number(text))
            except ValueError:
                raise ValueError(self.expected) from None
        return self.read(text)

    def read(self, value: Any) -> Any:
        """A value from TOML or from Python. Raises `ValueError` that says what was expected."""
        if self.parse is not None:
            parts = value if isinstance(value, (list, tuple)) else [value]
            return self.parse(",".join(map(query_value, parts)))
        allowed: Any = (self.kind,)
        if self.kind is float:
            allowed = (float, int)
        elif self.kind is Path:
            allowed = (Path, str)
        if not isinstance(value, allowed) or (isinstance(value, bool) and self.kind is not bool):
            raise ValueError(self.expected)
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.expected}{nearest(value, self.choices, listed=False)}")
        if isinstance(value, str):
            check_text(value)
        if self.kind is Path and (long := too_long(str(value))):
            raise ValueError(f"{self.expected}: {long}")
        if self.kind in (int, float) and not self._within(value):
            raise ValueError(self.expected)
        return self.kind(value)

    def _within(self, value: float) -> bool:
        return (
            (isfinite(value) if isinstance(value, float) else abs(value) < _LARGEST)
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )


def query_value(value: Any) -> str:
    """A value as it stands in a query: `true`, `0.5`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def comma_list(text: str) -> tuple[str, ...]:
    """`a, b` as its parts. Raises `ValueError` where there is none: that is no choice of all."""
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if not parts:
        raise ValueError("one or several, such as A,B")
    return parts


def check_text(text: str) -> None:
    """Raise `ValueError` for a text that is no UTF-8 or holds a NUL: no record can keep it, and no
    file or program is called so."""
    if "\0" in text:
        raise ValueError("text without a NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text in UTF-8") from None


def query_of(query: str, whole: str) -> dict[str, str]:
    """`key=value&...` as a dictionary; of an empty text an empty one.

    Raises `UsageError` that names `whole` for a part without `=`, and for a key that comes twice.
    """
    options: dict[str, str] = {}
    for item in query.split("&") if query else ():
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise UsageError(f"{whole!r}: option {item!r}, expected key=value")
        if key in options:
            raise UsageError(f"{whole!r}: option {key!r} comes a second time")
        options[key] = value
    return options


@cache
def parameters(function: Callable[..., Any] | None) -> tuple[Flag, ...]:
    """The flags that a function declares: keyword-only parameters annotated with a `Flag`."""
    if function is None:
        return ()
    hints = get_type_hints(function, include_extras=True)
    out = []
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and get_origin(hints[one.name]) is Annotated:
            hint, *notes = get_args(hints[one.name])
            flag = next((note for note in notes if isinstance(note, Flag)), None)
            if flag is not None:
                out.append(_of_hint(flag, one.name, one.default, hint))
    return tuple(out)


def flags_of(kind: type, *plain: str) -> tuple[Flag, ...]:
    """The flags that a dataclass declares, those of dataclasses inside it among them.

    They are the fields annotated with a `Flag`, and the `plain` ones by name.
    """
    out: list[Flag] = []
    for _, inner in _parts(kind, plain):
        if isinstance(inner, Flag):
            out.append(inner)
        elif inner is not None:
            out += flags_of(inner)
    return tuple(out)


def build(kind: type[T], values: Mapping[str, Any], *plain: str, **others: Any) -> T:
    """A dataclass from what was said of its flags, by their names, the `plain` ones among them.

    `others` are other fields. Raises whatever the dataclass raises, and `KeyError` for a flag that
    `values` does not have.
    """
    given = dict(others)
    for field, inner in _parts(kind, plain):
        if isinstance(inner, Flag):
            value = values[inner.name]
            given[field.name] = not value if inner.inverted else value
            if inner.many:
                given[field.name] = tuple(value)
        elif inner is not None:
            given[field.name] = build(inner, values)
    return kind(**given)


def from_flags(kind: type[T], values: Mapping[str, Any], *plain: str) -> T:
    """The same of what was said of some flags: those that are missing, or `None`, are as by
    default. Raises `UsageError` for what a flag does not allow."""
    said = {flag.name: flag.default for flag in flags_of(kind, *plain)}
    said |= {name: value for name, value in values.items() if value is not None}
    options = build(kind, said, *plain)
    check_options(options)
    return options


def changed(flags: Iterable[Flag], **changes: Mapping[str, Any]) -> tuple[Flag, ...]:
    """The flags, some with other fields: `changed(flags, task={"required": True})`."""
    return tuple(replace(flag, **changes.get(flag.name, {})) for flag in flags)


def check_options(options: Any) -> None:
    """Raise `UsageError` for a value that the flags of a dataclass do not allow."""
    for field, inner in _parts(type(options)):
        value = getattr(options, field.name)
        if inner is not None and not isinstance(inner, Flag):
            check_options(value)
        elif inner is not None and inner.kind is not bool and value is not None:
            for one in value if inner.many else (value,):
                try:
                    replace(inner, parse=None).read(one)
                except ValueError as error:
                    raise UsageError(f"{field.name} is {one!r}, expected {error}") from None


def _parts(
    kind: type, plain: tuple[str, ...] = ()
) -> Iterator[tuple[Field[Any], Flag | type | None]]:
    """Every field with its flag, the dataclass that it holds, or `None` for what is no option."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint, flag = hints[field.name], Flag() if field.name in plain else None
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            flag = next((note for note in notes if isinstance(note, Flag)), flag)
        if isinstance(hint, type) and is_dataclass(hint):
            yield field, hint
        else:
            yield field, None if flag is None else _completed(flag, field, hint)


def _completed(flag: Flag, field: Field[Any], hint: Any) -> Flag:
    """The flag with what its field says."""
    default = None if field.default is MISSING else field.default
    return _of_hint(flag, field.name, default, hint)


def _of_hint(flag: Flag, name: str, default: Any, hint: Any) -> Flag:
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
    many = get_origin(hint) is tuple
    hint = get_args(hint)[0] if many else hint
    choices = get_args(hint) if get_origin(hint) is Literal else flag.choices
    inverted = hint is bool and default is True
    return replace(
        flag,
        name=flag.name or name,
        kind=str if choices else hint,
        choices=choices,
        many=many or flag.many,
        default=False if inverted else default if flag.default is None else flag.default,
        inverted=inverted,
    )
