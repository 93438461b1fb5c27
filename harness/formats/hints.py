"""Options of readers that may read a file which cannot be read without: what a hint names.

A reader raises `InputError(..., options=...)`; `harness.formats.reader` tries each of them on the
whole file and names those that work, as a source that every verb reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import InputError, ReaderOptions

__all__ = [
    "FURTHER_ANNOTATORS",
    "HALF",
    "NUMBERED",
    "SAME_TEXT",
    "REPAIR_HINT",
    "OFFSETS_HINT",
    "UNKNOWN_TAGS",
    "UTF16",
    "no_annotator",
    "not_labelled_by",
]

FURTHER_ANNOTATORS = "labellings by further annotators: left out (annotator=NAME reads one)"
"""What is counted where a document has the labels of several, of whom one is read."""
UNKNOWN_TAGS = "tokens whose tag is unknown: taken as outside"
SAME_TEXT = "annotators must label the very same text, or offsets mean nothing"

REPAIR_HINT: ReaderOptions = (
    "repair",
    {"conlleval": "begins an entity there", "discard": "leaves it out"},
)
OFFSETS_HINT: ReaderOptions = (
    "offsets",
    {
        "utf16": "counts such a character as two (doccano, older Label Studio)",
        "codepoint": "counts it as one",
    },
)
NUMBERED: ReaderOptions = ("ids", {"number": "numbers the documents of the file"})
HALF = "one half of a UTF-16 pair is no text: mend it where it was made"
UTF16: ReaderOptions = ("offsets", {"utf16": "takes the offsets for UTF-16 units"})


def not_labelled_by(annotator: str) -> str:
    """What is counted of documents that the chosen annotator has not labelled."""
    return f"documents that {annotator} did not label: left out"


def no_annotator(name: str, known: Iterable[str], path: str | Path) -> InputError:
    """The error about an annotator who is not there, with those who are."""
    return InputError(
        f"has no annotator {name!r}, only {', '.join(sorted(known)) or 'nameless ones'}",
        path=path,
        options=("annotator", dict.fromkeys(sorted(known), "")),
    )
