"""A source: where annotations are read from, and how. `PATH?option=value&...`, in every verb.

    gold.conll?tag-column=2&scheme=IOB2        export.json?format=labelstudio&annotator=2

Options are spelled as a backend's are. A file that really has that name wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import InputError, UsageError
from harness.formats.files import is_there
from harness.options import query_of, query_value

__all__ = ["HUB", "Source"]

HUB = "hf:"
"""What the path of a data set on a hub begins with."""


@dataclass(frozen=True, slots=True)
class Source:
    """A path with options; `str()` prints it, `Source.parse` reads it back."""

    path: str
    """As it was given: a file, a folder, the name of a gold set, or `hf:ID`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """By the name under which a user says them (`tag-column`); values as text, or as they are."""

    @classmethod
    def parse(cls, said: str | Path | Source) -> Source:
        """Read a source. Raises `UsageError` for an option without `=`, one that comes twice, and
        for options without a path."""
        if isinstance(said, Source):
            return said
        text = str(said)
        if not text:
            raise UsageError("expected a path, found nothing")
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
        return f"{self.path}?{said}" if said else self.path

    def but(self, **options: Any) -> Source:
        """The same with other values of some options, by their names in Python; `None` is none."""
        said = {name.replace("_", "-"): value for name, value in options.items()}
        merged = {**self.options, **said}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(self, options=kept)


def _names_a_file(text: str) -> bool:
    try:
        return is_there(Path(text))
    except InputError:  # No file can be called so: then it is options that make it long.
        return False
