"""What a source leads to: one file or folder, or many files that are read as one set.

Many files are a pattern (`'parts/*.jsonl.gz'`), or a folder that no format claims and whose files
are numbered (`part-00000.jsonl`, `part-00001.jsonl`): others may be alternatives, such as two
annotators' or `train` and `test`, and are named by a pattern. They are
read in the order of their names. A file behind a URL is a copy (`harness.formats.remote`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.annotation import Record
from harness.errors import InputError, UsageError
from harness.formats.files import is_there
from harness.formats.losses import Losses
from harness.formats.packed import stem_of, unpacked_name
from harness.formats.remote import TIMEOUT, copied, url_files
from harness.formats.sniff import head_of
from harness.formats.source import Source, files_like, is_glob, is_hub
from harness.formats.urls import is_url, last_name

__all__ = ["PartFile", "Place", "numbered_files", "place_of", "read_parts", "read_some_parts"]

_NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+")
_OF = re.compile("-of-0*([1-9][0-9]{0,8})")
_MOST_SHOWN = 3
_MOST_LOCATED = 20
"""Ids that come twice are looked for in the files; each takes a pass."""
_LEFT_OUT = "faulty documents: left out"


@dataclass(frozen=True, eq=False)
class PartFile:
    """One file or folder."""

    shown: str
    """As it is named, for people: a path, or a URL."""
    seconds: float = TIMEOUT

    @cached_property
    def path(self) -> str:
        """Where it lies on this machine; a file behind a URL is copied when it is first asked
        for. Raises as `harness.formats.remote.copied`."""
        return str(copied(self.shown, self.seconds)) if is_url(self.shown) else self.shown

    @cached_property
    def is_empty(self) -> bool:
        """Whether it is a file with nothing in it, or nothing but white space."""
        head = head_of(Path(self.path))
        return Path(self.path).is_file() and not head.is_cut and not head.data.strip()

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors about the copy, within, are about what it is a copy of."""
        try:
            yield
        except InputError as error:
            if self.path == self.shown or error.path == self.shown:
                raise
            raise type(error)(
                error.message.replace(self.path, self.shown),
                path=self.shown if error.path == self.path else error.path,
                line=error.line,
                hint=error.hint and error.hint.replace(self.path, self.shown),
                options=error.options,
            ) from None


@dataclass(frozen=True, eq=False)
class Place:
    """What a source leads to."""

    parts: tuple[PartFile, ...]
    several: bool = False
    """Whether it is a set of files, be it of one."""


def place_of(source: Source, seconds: float | None = None) -> Place:
    """What a source leads to; a folder of numbered files on this machine is one part, for a format
    may claim it (`numbered_files`). Nothing is copied yet.

    Raises `InputError` where nothing fits a pattern, for a folder behind a URL that holds other
    files than numbered ones, and where it cannot be looked at; `UsageError` for a time limit of
    what is on this machine.
    """
    path = source.path
    if is_url(path):
        limit = TIMEOUT if seconds is None else seconds
        found = url_files(path, limit)
        if found is None:
            return Place((PartFile(path, limit),))
        named = found if is_glob(path) else _numbered(found, last_name)
        if not named:
            raise _no_set(found, path)
        if not is_glob(path):
            _check_whole(named, path)
        return Place(tuple(PartFile(url, limit) for url in named), several=True)
    if seconds is not None:
        raise UsageError(f"{path}: remote-timeout is of a URL, and this is none")
    if is_hub(path) or not is_glob(path) or is_there(path):
        return Place((PartFile(path),))
    files = files_like(path)
    if not files:
        raise InputError("no file fits this pattern", path=path)
    return Place(tuple(map(PartFile, files)), several=True)


def numbered_files(folder: str) -> Place | None:
    """The files of a folder where they are of one name and numbered, else `None`."""
    if is_url(folder) or not is_there(folder) or not Path(folder).is_dir():
        return None
    entries = sorted(str(path) for path in Path(folder).iterdir())
    if any(Path(path).is_dir() for path in entries if Path(path).name[0] not in "._"):
        return None
    files = _numbered(entries, lambda path: Path(path).name)
    if files:
        _check_whole(files, folder)
    return Place(tuple(map(PartFile, files)), several=True) if files else None


def _numbered(paths: Iterable[str], name: Callable[[str], str]) -> list[str]:
    """The paths, if their names differ in numbers alone, of which one counts them from 0 or 1;
    those that begin with `.` or `_`, as marks of programs do (`_SUCCESS`), are left out."""
    files = [path for path in paths if name(path)[0] not in "._"]
    if len({_NUMBER.sub("#", name(path)) for path in files}) != 1:
        return []
    numbers = [_NUMBER.findall(stem_of(name(path))) for path in files]
    counts = any(
        all(map(str.isdecimal, column))
        and min(map(int, column)) <= 1
        and len({*column}) == len(files)
        for column in zip(*numbers, strict=False)
    )
    return files if counts else []


def _check_whole(files: Sequence[str], folder: str) -> None:
    """Raise `InputError` for numbered files of which one is missing: half of a set has a score,
    too. The last of all is missed only where names say how many there are (`-of-00004`)."""
    names = [last_name(path) for path in files]
    columns = zip(*(_NUMBER.findall(stem_of(one)) for one in names), strict=False)
    counted = ([*map(int, one)] for one in columns if all(map(str.isdecimal, one)))
    numbers = next(one for one in counted if len({*one}) == len(files) and min(one) <= 1)
    stated = _OF.search(names[0])
    last = int(stated[1]) - 1 + min(numbers) if stated else max(numbers)
    missing = sorted({*range(min(numbers), last + 1)} - {*numbers})
    if missing:
        shown = ", ".join(map(str, missing[:_MOST_SHOWN]))
        raise InputError(
            f"holds parts numbered {min(numbers)} to {last}, and {shown} "
            f"{'is' if len(missing) == 1 else 'are'} missing: the set is not whole",
            path=folder,
            hint="name the parts that are meant by a pattern in quotes",
        )


def _no_set(found: Sequence[str], path: str) -> InputError:
    if not found:
        what = "no file fits this pattern" if is_glob(path) else "there is no file in this folder"
        return InputError(what, path=path)
    names = ", ".join(map(last_name, found[:_MOST_SHOWN]))
    ending = Path(last_name(found[0])).suffix
    return InputError(
        f"is a folder of {names}{', …' if len(found) > _MOST_SHOWN else ''}: expected files of one "
        "name, numbered from 0 or 1",
        path=path,
        hint=f"name a file, or all of a kind: '{path.rstrip('/')}/*{ending}'; brat and other "
        "formats of several kinds of files are read from this machine",
    )


def read_parts(
    place: Place,
    source: Source,
    module: ModuleType,
    losses: Losses,
    check: Callable[[PartFile], None],
    **keywords: Any,
) -> Iterator[Record]:
    """Stream the records of all parts, as if they were of one file: those without ids are numbered
    on, under the name of the set. `check` is asked of each part of several before it is read.

    Raises what the format's reader raises, about the part; and `InputError` for an id that comes in
    two parts, and where no part holds anything.
    """
    if not place.several:
        part = place.parts[0]
        packed = not is_hub(part.shown) and unpacked_name(part.path) != part.path
        with part.named():
            for record in module.read(part.path, losses=losses, **keywords):
                yield _numbered_on(record, source.stem, 0) if packed else record
        return
    twins = _Twins(place, module)
    before, name = 0, source.stem
    for index, part in enumerate(place.parts):
        with part.named():
            if part.is_empty:
                continue
            check(part)
            own, faulty = 0, losses[_LEFT_OUT]
            for record in module.read(part.path, losses=losses, **keywords):
                own += 1
                if record.number is not None:
                    yield _numbered_on(record, name, before)
                elif (error := twins.found(record.id, index)) is None:
                    yield record
                else:
                    losses.fault(error, "documents")
                    faulty += 1
            before += own + losses[_LEFT_OUT] - faulty
    if not before and not losses.faults:
        raise InputError("these files hold no document", path=source.path)
    if not losses[_LEFT_OUT]:
        del losses[_LEFT_OUT]


def read_some_parts(
    place: Place, source: Source, module: ModuleType, has: Callable[[bytes], bool] | None
) -> Iterator[tuple[int, Record]]:
    """The records of which `has` says so, given the UTF-8 of their ids, or all of them, as
    `read_parts` makes them, each with its number among all, from 0; of a format whose lines say
    what they are (`read_some`). For files that were read without a fault: of other lines nothing is
    looked at."""
    before = 0
    for part in place.parts:
        with part.named():
            if place.several and part.is_empty:
                continue
            renumbered = place.several or unpacked_name(part.path) != part.path
            number = before - 1
            for number, record in enumerate(module.read_some(part.path, has), before):
                if record is not None:
                    one = _numbered_on(record, source.stem, before) if renumbered else record
                    if has is None or has(one.id.encode("utf-8", "surrogatepass")):
                        yield number, one
            before = number + 1


def _numbered_on(record: Record, name: str, before: int) -> Record:
    if record.number is None:
        return record
    number = before + record.number
    return replace(record, id=f"{name}-{number:05}", number=number)


class _Twins:
    """Which ids have come in which part, by their hashes: ids would not fit into flat memory."""

    def __init__(self, place: Place, module: ModuleType) -> None:
        self._place, self._module = place, module
        self._seen: dict[int, int] = {}
        self._count = 0

    def found(self, id_: str, index: int) -> InputError | None:
        """The error about an id that has come in an earlier part; `None` where it has not."""
        first = self._seen.setdefault(hash(id_), index)
        if first == index:
            return None
        self._count += 1
        before, part = self._place.parts[first], self._place.parts[index]
        shown, line = before.shown, None
        if self._count <= _MOST_LOCATED:
            at = self._at(before, id_)
            if at is None:
                return None  # Two ids with one hash.
            line = self._at(part, id_)
            shown = f"{shown}:{at}" if at else shown
        return InputError(
            f"document id {id_!r} comes a second time (first in {shown})",
            path=part.path,
            line=line or None,
            hint="give every document an id of its own, over all files",
        )

    def _at(self, part: PartFile, id_: str) -> int | None:
        """The line of a document, 0 where the format does not tell; `None`: it is not there."""
        losses = Losses("leave-out")
        if hasattr(self._module, "read_lines"):
            numbered = self._module.read_lines(Path(part.path), losses)
        else:
            numbered = ((0, record) for record in self._module.read(part.path, losses=losses))
        return next((number for number, record in numbered if record.id == id_), None)
