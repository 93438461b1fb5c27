"""A source: where annotations are read from, and how. `PATH?option=value&...`, in every verb.

    gold.conll?tag-column=2&scheme=IOB2        export.json?format=labelstudio&annotator=2
    s3://bucket/gold.jsonl.gz                  'parts/*.jsonl.zst?faulty=leave-out'

Options are spelled as a backend's are. A file that really has that name wins. A URL may have a
query of its own: what stands behind its last `?` is options where all of it is options that there
are (`OPTIONS`), and nothing behind it says that there are none.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from harness.errors import InputError, UsageError
from harness.formats.files import is_there
from harness.formats.packed import stem_of
from harness.formats.urls import hidden, is_url
from harness.options import query_of, query_value

__all__ = [
    "HUB",
    "OPTIONS",
    "Source",
    "files_like",
    "is_glob",
    "is_hub",
    "is_remote",
    "leads_to_files",
]

HUB = "hf:"
"""What the path of a data set on a hub begins with."""

_CRUSHED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

OPTIONS = frozenset(
    (
        *("annotator", "comments", "encoding", "faulty", "feature", "files", "format", "ids"),
        *("label-key", "labels", "layer", "level", "mentions", "misc-key", "most-unpacked", "name"),
        *("offsets", "online", "perturb", "perturb-seed", "remote-timeout", "repair", "schema"),
        *("scheme", "sentence-column"),
        *("spans-key", "split", "tag-column", "text-from", "text-key", "token-column", "triggers"),
    )
)
"""Every option of a source: of any format, of a gold set, of a URL."""


def is_hub(path: str | Path) -> bool:
    """Whether a path is the id of a data set on a hub (`hf:ID`); `hf://…` is a URL."""
    return str(path).startswith(HUB) and not is_url(str(path))


def is_remote(path: str | Path) -> bool:
    """Whether a path leads elsewhere than to this machine's files, and is never relative."""
    return is_hub(path) or is_url(path)


def is_glob(path: str) -> bool:
    """Whether a path is a pattern of files: with `*` or `[…]`, and a `/` or `.` as files have, for
    one without is a pattern of names. Of a URL, what stands before its query."""
    if is_url(path):
        return "*" in path.partition("?")[0]
    return any(mark in path for mark in "*[") and any(mark in path for mark in "/.")


def leads_to_files(path: str) -> bool:
    """Whether a path names a file or folder that is there, a pattern that a file fits, or what is
    elsewhere, of which nobody knows before it is read. Raises as `is_there`."""
    return is_remote(path) or is_there(path) or (is_glob(path) and bool(files_like(path)))


def files_like(pattern: str) -> list[str]:
    """The files that fit a pattern, sorted by name; hidden ones are left out."""
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207  keeps the path as it was said
    return sorted(path for path in found if Path(path).is_file())


@dataclass(frozen=True, slots=True)
class Source:
    """A path with options; `str()` prints it, `Source.parse` reads it back."""

    path: str
    """As it was given: a file, a folder, a pattern of files, the name of a gold set, `hf:ID`, or a
    URL, of which what may be secret is hidden (`harness.formats.urls`)."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """By the name under which a user says them (`tag-column`); values as text, or as they are."""

    def __post_init__(self) -> None:
        if is_url(self.path):
            object.__setattr__(self, "path", hidden(self.path))

    @classmethod
    def parse(cls, said: str | Path | Source) -> Source:
        """Read a source. Raises `UsageError` for an option without `=`, one that comes twice, and
        for options without a path."""
        if isinstance(said, Source):
            return said
        text = str(said)
        if isinstance(said, Path) and _CRUSHED.match(text) and not _names_a_file(text):
            raise UsageError(f"{text}: a URL is given as a string, for a Path makes one / of two")
        if not text:
            raise UsageError("expected a path, found nothing")
        if is_url(text):
            url, asked, query = text.rpartition("?")
            if not asked or not _are_options(query):
                return cls(text)
            return cls(url, query_of(query, hidden(url)))
        marks = [index for index, char in enumerate(text) if char == "?"]
        if not marks or _names_a_file(text):
            return cls(text)
        # A file may have a question mark in its name, and options all the same.
        mark = next((at for at in reversed(marks) if _names_a_file(text[:at])), marks[0])
        if not mark:
            raise UsageError(f"{text!r}: expected a path before its options")
        return cls(text[:mark], query_of(text[mark + 1 :], text))

    def __str__(self) -> str:
        said = "&".join(f"{name}={query_value(value)}" for name, value in self.options.items())
        if not said and is_url(self.path) and _are_options(self.path.rpartition("?")[2]):
            return f"{self.path}?"
        return f"{self.path}?{said}" if said else self.path

    @property
    def stem(self) -> str:
        """What is read is called so: the name of a file without its endings, of a folder, or what
        a pattern of files begins with, else that of its folder."""
        path = self.path
        if is_hub(path):
            return path
        if is_url(path):
            path = unquote(re.split("[?#]", path, maxsplit=1)[0]).rstrip("/")
        if is_glob(path) and not is_there(path):
            *folders, name = re.split(r"[*\[]", path, maxsplit=1)[0].split("/")
            return name.strip("-_. ") or Path("/".join(folders) or ".").resolve().name
        if not is_url(self.path) and Path(path).is_dir():
            return Path(path).resolve().name
        return stem_of(path) or path

    def but(self, **options: Any) -> Source:
        """The same with other values of some options, by their names in Python; `None` is none."""
        said = {name.replace("_", "-"): value for name, value in options.items()}
        merged = {**self.options, **said}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(self, options=kept)


def _are_options(query: str) -> bool:
    parts = [item.partition("=") for item in query.split("&")] if query else []
    return all(equals and name.replace("_", "-") in OPTIONS for name, equals, _ in parts)


def _names_a_file(text: str) -> bool:
    try:
        return is_there(Path(text))
    except InputError:  # No file can be called so: then it is options that make it long.
        return False
