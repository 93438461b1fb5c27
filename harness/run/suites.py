"""Suites: runs that have a name, in `harness.toml` or in `[tool.harness]` of pyproject.toml.

    [suites.nightly]
    backends = ["spacy/en_core_web_sm", "rules=process:python rules.py",
                {backend = "stanza/en", options = {batch_size = 8}}]
    gold = ["seeds"]
    task = "ner"
    rounds = 3

In pyproject.toml the table is `[tool.harness.suites.nightly]`. Any long option of `harness run` may
stand in a suite, with `_` for `-`; what is said on the command line wins. A key that is not known
is an error, with the nearest that is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from harness.coding import DecodeError, decode, parse_toml, short
from harness.errors import InputError, UsageError, nearest
from harness.formats.files import is_there, read_text
from harness.formats.source import Source, leads_to_files
from harness.options import Flag
from harness.registry import BackendSpec

__all__ = ["OWN_FILE", "find_suites", "load_suite"]

OWN_FILE = "harness.toml"


_Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
_Option = Annotated[
    str | int | _Finite | bool, Meta(description="a string, a finite number, or true or false")
]


@dataclass(frozen=True, slots=True)
class _Backend:
    backend: str
    options: Mapping[str, _Option] = field(default_factory=dict)


_Entry = Annotated[str | _Backend, Meta(description='a name or {backend = "...", options = {...}}')]


def find_suites(folder: str | Path = ".") -> tuple[Path, Mapping[str, Any]]:
    """The nearest file with suites, in `folder` or above it, and its table of `suites`.

    `harness.toml` goes before a pyproject.toml that has `[tool.harness]`. Raises `InputError` when
    there is none or it is not TOML.
    """
    for place in (Path(folder).resolve(), *Path(folder).resolve().parents):
        own = place / OWN_FILE
        if is_there(own):  # Whatever it is, it is what was meant.
            return own, parse_toml(read_text(own), own)
        shared = place / "pyproject.toml"
        if is_there(shared):
            tools = parse_toml(read_text(shared), shared).get("tool")
            if isinstance(tools, dict) and "harness" in tools:
                return shared, tools["harness"]
    raise InputError(
        "no harness.toml here or above, and no pyproject.toml with [tool.harness]",
        hint="a suite is a table [suites.NAME] with backends = [...] and gold = [...]",
    )


def load_suite(name: str, flags: Iterable[Flag], *, folder: str | Path = ".") -> dict[str, Any]:
    """What the suite of that name sets: values by the names of `flags`, and `backend`, a list.

    Raises `UsageError` for an unknown suite with the nearest name, `InputError` for an unknown key
    or a value that does not fit, in whatever suite of the file.
    """
    path, table = find_suites(folder)
    known = {flag.name: flag for flag in flags}
    try:
        where = "" if path.name == OWN_FILE else "tool.harness"
        suites = decode(_file_of(known.values()), table, where, toml=True).suites
        if name not in suites:
            raise UsageError(f"{path}: no suite {name!r}{nearest(name, sorted(suites))}")
        read = {one: _read(suite, known, f"suites.{one}") for one, suite in suites.items()}
        said = read[name]
        for number, one in enumerate(said.get("gold", ())):
            said["gold"][number] = _beside(one, path, f"suites.{name}.gold[{number}]")
    except DecodeError as error:
        raise InputError(str(error), path=path) from None
    return said


def _file_of(flags: Iterable[Flag]) -> Any:
    """The dataclass of a file in which a suite may set those flags."""
    suite: Any = make_dataclass(
        "Suite",
        [
            ("backends", tuple[_Entry, ...] | None, None),
            ("description", str, ""),
            # What a value may be is the flag's own to say.
            *((one.name, tuple[Any, ...] | None if one.many else Any, None) for one in flags),
        ],
    )
    return make_dataclass("File", [("suites", dict[str, suite], field(default_factory=dict))])


def _read(suite: Any, flags: Mapping[str, Flag], where: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, flag in flags.items():
        value = getattr(suite, name)
        if value is not None and flag.many:
            places = (f"{where}.{name}[{i}]" for i in range(len(value)))
            said[name] = [_one(flag, *each) for each in zip(value, places, strict=True)]
        elif value is not None:
            said[name] = _one(flag, value, f"{where}.{name}")
    if suite.backends is not None:
        entries = enumerate(suite.backends)
        said["backend"] = [_spec(entry, f"{where}.backends[{i}]") for i, entry in entries]
    return said


def _one(flag: Flag, value: Any, place: str) -> Any:
    try:
        return flag.read(value)
    except ValueError as error:
        raise DecodeError(f"found {short(value)}, expected {error}", place) from None


def _spec(entry: str | _Backend, place: str) -> BackendSpec:
    named = _Backend(entry) if isinstance(entry, str) else entry
    try:
        spec = BackendSpec.parse(named.backend)
    except UsageError as error:
        raise DecodeError(str(error), place) from None
    return replace(spec, options={**spec.options, **named.options})


def _beside(name: str, path: Path, place: str) -> str:
    """A gold set by name, or a path as seen from the file's own folder."""
    source = Source.parse(name)
    beside = path.parent / source.path
    try:
        if not leads_to_files(source.path) and leads_to_files(str(beside)):
            return str(replace(source, path=str(beside)))
        return name
    except InputError as error:
        raise DecodeError(error.message, place) from None
