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

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.coding import parse_toml
from harness.errors import InputError, UsageError, nearest
from harness.formats.files import read_text
from harness.options import Flag
from harness.registry import BackendSpec

__all__ = ["find_suites", "load_suite"]

# Keys of a suite that are no option: the arguments of the command, and a note.
_ARGUMENTS = ("backends", "description")


def find_suites(folder: str | Path = ".") -> tuple[Path, Mapping[str, Any]]:
    """The nearest file with suites, in `folder` or above it, and its table of suites.

    `harness.toml` goes before a pyproject.toml that has `[tool.harness]`. Raises `InputError` when
    there is none or it is not as it should be.
    """
    for place in (Path(folder).resolve(), *Path(folder).resolve().parents):
        own = place / "harness.toml"
        if own.is_file():
            return own, _suites(parse_toml(read_text(own), own), own, "")
        shared = place / "pyproject.toml"
        if shared.is_file():
            table = parse_toml(read_text(shared), shared).get("tool", {}).get("harness")
            if table is not None:
                return shared, _suites(table, shared, "tool.harness.")
    raise InputError(
        "no harness.toml here or above, and no pyproject.toml with [tool.harness]",
        hint="a suite is a table [suites.NAME] with backends = [...] and gold = [...]",
    )


def load_suite(name: str, flags: Iterable[Flag], *, folder: str | Path = ".") -> dict[str, Any]:
    """What the suite of that name sets: values by the names of `flags`, and `backend`, a list.

    Raises `UsageError` for an unknown suite with the nearest name, `InputError` for an unknown key
    or a value that does not fit.
    """
    path, suites = find_suites(folder)
    if name not in suites:
        raise UsageError(f"{path}: no suite {name!r}{nearest(name, sorted(suites))}")
    table, where = suites[name], f"suites.{name}"
    if not isinstance(table, dict):
        raise _wrong(path, where, table, "a table")
    known = {flag.name: flag for flag in flags}
    _check_keys(table, (*_ARGUMENTS, *known), path, where)
    out: dict[str, Any] = {}
    for key, value in table.items():
        place = f"{where}.{key}"
        if key in known:
            out[key] = _read(known[key], value, path, place)
        elif key == "backends":
            items = _list(value, path, place)
            out["backend"] = [_backend(one, path, f"{place}[{i}]") for i, one in enumerate(items)]
    if "gold" in out:
        out["gold"] = [_beside(one, path) for one in out["gold"]]
    return out


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
                f"unknown key {place!r}{nearest(key, known, listed=False)}",
                path=path,
                hint=f"known keys: {', '.join(known)}",
            )


def _read(flag: Flag, value: Any, path: Path, place: str) -> Any:
    if flag.many:
        items = enumerate(_list(value, path, place))
        return [_one(flag, item, path, f"{place}[{i}]") for i, item in items]
    return _one(flag, value, path, place)


def _one(flag: Flag, value: Any, path: Path, place: str) -> Any:
    try:
        return flag.read(value)
    except ValueError as error:
        raise _wrong(path, place, value, str(error)) from None


def _backend(item: Any, path: Path, where: str) -> BackendSpec:
    if isinstance(item, str):
        return _spec(item, path, where)
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
    spec = _spec(name, path, f"{where}.backend")
    return BackendSpec(spec.adapter, spec.model, {**spec.options, **options})


def _spec(name: str, path: Path, where: str) -> BackendSpec:
    try:
        return BackendSpec.parse(name)
    except UsageError as error:
        raise InputError(f"{where}: {error}", path=path) from None


def _beside(name: str, path: Path) -> str:
    """A gold set by name, or a path as seen from the file's own folder."""
    beside = path.parent / name
    return str(beside) if not Path(name).exists() and beside.exists() else name


def _list(value: Any, path: Path, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(path, place, value, "a list")
    return value


def _wrong(path: Path, place: str, value: Any, expected: str) -> InputError:
    return InputError(f"{place} is {value!r}, expected {expected}", path=path)
