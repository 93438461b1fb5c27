"""What is seen of a file or folder before anybody knows its format.

Each format looks at it and says whether this is its own (`matches`); endings help only where the
content is binary. `harness.formats.registry` asks them in turn.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from harness.coding import short
from harness.errors import InputError
from harness.formats.files import is_there, not_in, not_utf8, opened
from harness.formats.foreign import endings_below, foreign_data, foreign_json
from harness.formats.jsonstream import json_values, objects

__all__ = ["Head", "head_of", "heads", "unknown"]

_SIZE = 1 << 16
_OBJECTS = 20
_LINES = 5


@dataclass(frozen=True)
class Head:
    """A path, and the beginning of the file that it names."""

    path: Path
    data: bytes = b""
    """The first bytes of a file; empty for a folder and for what is not there."""
    encoding: str = "utf-8"
    value: Mapping[str, Any] = field(default_factory=dict)
    """One of the first JSON objects; empty where there is none, or where none has told enough."""

    @cached_property
    def start(self) -> str:
        """The first character, if JSON begins with it: `{` or `[`."""
        first = self.data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1].decode("ascii", "replace")
        return first if first in ("{", "[") else ""

    @cached_property
    def text(self) -> str:
        """The beginning of a text file; empty where it is not of its encoding."""
        try:
            return _decoded(self.data, self.encoding)
        except UnicodeDecodeError:
            return ""

    @property
    def is_cut(self) -> bool:
        """Whether the file goes on."""
        return len(self.data) == _SIZE

    @cached_property
    def standoff(self) -> Path | None:
        """The `.ann` file, or the first of the folder's, rather one that is not empty."""
        if self.path.is_file():
            return self.path if self.path.suffix == ".ann" else None
        layers = sorted(path for path in self.path.glob("*.ann") if path.is_file())
        return next((ann for ann in layers if ann.stat().st_size), layers[0] if layers else None)

    def standoff_lines(self) -> list[str]:
        """The first lines of `standoff`."""
        if self.standoff is None:
            return []
        with opened(self.standoff, "an .ann file") as handle:
            data: bytes = handle.read(_SIZE)
        return data.decode("utf-8", "replace").splitlines()[:_LINES]

    def holds(self, *patterns: str) -> bool:
        """Whether a folder holds anything that fits one of the patterns."""
        return self.path.is_dir() and any(any(self.path.glob(pattern)) for pattern in patterns)

    @staticmethod
    def first(items: object) -> list[Mapping[str, Any]]:
        """The first item of a list in a JSON object, if that is an object; in a list, or none."""
        head = items[:1] if isinstance(items, list) else []
        return [item for item in head if isinstance(item, Mapping)]


def _decoded(data: bytes, encoding: str = "utf-8") -> str:
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return getincrementaldecoder(name)().decode(data)  # the last character may be cut


def head_of(path: Path, encoding: str = "utf-8") -> Head:
    """The beginning of a file, or nothing. Raises `InputError` for one that cannot be read."""
    data = b""
    if is_there(path) and not path.is_dir():
        with opened(path, "a file") as handle:
            data = handle.read(_SIZE)
    return Head(path, data, encoding)


def heads(path: Path, encoding: str = "utf-8") -> Iterator[Head]:
    """What the formats are asked about, in turn: with each of the first JSON objects, then without.

    Broken JSON is left to the reader to report. Raises `InputError` for a file that cannot be read.
    """
    head = head_of(path, encoding)
    if head.start:
        try:
            for _, value in islice(objects(path), _OBJECTS):
                if value:
                    yield replace(head, value=value)
        except InputError:
            pass
    yield head


_FORMATS = "harness formats lists what is read; ?format=NAME behind the path names one of them"
_SEVERAL = (
    "; harness convert A B OUT makes one of several, and a pattern in quotes ('FOLDER/*.tsv') "
    "reads them as one"
)
_MOST_KEYS = 12
_MOST_ENDINGS = 12


def unknown(head: Head, guess: Callable[[Path], Any]) -> InputError:
    """The error for a path whose format nobody knows: what it seems to be, and what helps.

    `guess` tells the format of a file in a folder, or raises `InputError`.
    """
    path = head.path
    if not path.exists():
        return InputError("no such file or folder", path=path)
    if path.is_dir():
        return _unknown_folder(path, guess)
    if not head.data.strip():
        return InputError("the file is empty", path=path, hint="expected annotated documents")
    if not head.start and (foreign := foreign_data(head.data)):
        return InputError(f"is {foreign.name}, which is not read", path=path, hint=foreign.remedy)
    try:
        _decoded(head.data, head.encoding)
    except UnicodeDecodeError as error:
        if head.encoding == "utf-8":
            return not_utf8(head.data, error, path)
        return not_in(head.encoding, path, head.data[: error.start].count(b"\n") + 1)
    if head.start:
        return _unknown_json(path)
    return InputError(
        "is none of the known formats; cannot tell how to read it", path=path, hint=_FORMATS
    )


def _unknown_json(path: Path) -> InputError:
    try:
        _, value = next(json_values(path))
    except InputError as error:
        return error
    if foreign := foreign_json(value):
        return InputError(f"is {foreign.name}, which is not read", path=path, hint=foreign.remedy)
    if isinstance(value, Mapping):
        keys = [*map(short, islice(value, _MOST_KEYS)), *(["…"] if len(value) > _MOST_KEYS else [])]
        what = f"keys: {', '.join(keys) or 'none'}"
    else:
        what = f"it begins with {short(value)}"
    return InputError(
        f"is JSON of none of the known formats; {what}; cannot tell how to read it",
        path=path,
        hint=_FORMATS,
    )


def _unknown_folder(path: Path, guess: Callable[[Path], Any]) -> InputError:
    endings = sorted(endings_below(path).items(), key=lambda one: (-one[1], one[0] != ".txt", one))
    shown = [f"{count:,} {ending or 'without ending'}" for ending, count in endings]
    if len(shown) > _MOST_ENDINGS:
        shown[_MOST_ENDINGS:] = ["…"]
    if not endings:
        message, hint = "holds no file", "expected annotated documents"
    elif [ending for ending, _ in endings] == [".txt"]:
        message = f"holds texts alone and no annotations: {shown[0]}"
        hint = "put what annotates them beside them, such as brat's .ann, or name another folder"
    else:
        message = f"holds no annotations that are known: {', '.join(shown)}"
        hint = _of_a_file_in(path, [ending for ending, _ in endings if ending != ".txt"], guess)
    return InputError(f"{message}; cannot tell how to read it", path=path, hint=hint)


def _of_a_file_in(folder: Path, endings: list[str], guess: Callable[[Path], Any]) -> str:
    """What the first file with one of the endings is: of a format that is read, or known not to."""
    for ending in endings[:_MOST_ENDINGS]:
        files = (file for file in folder.rglob(f"*{ending}") if file.suffix == ending)
        found = list(islice((file for file in files if file.is_file()), 2))
        for file in found[:1]:
            name = file.relative_to(folder)
            try:
                said = f"{name} is of the format {guess(file).name}: name a file, not the folder"
                return f"{said}{_SEVERAL if len(found) > 1 else ''}"
            except InputError:
                pass
            if foreign := foreign_data(head_of(file).data):
                return f"{name} is {foreign.name}, which is not read: {foreign.remedy}"
    return "harness formats lists what is read"
