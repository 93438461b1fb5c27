"""Every error that the harness raises on purpose, with the exit status it leads to.

    HarnessError
      + UsageError           2  the command line, a suite or a rules file is wrong
      + LibraryMissing       2  a library that the input or an option needs is missing; says how
      + InputError           2  a file is wrong: names file, line, found, expected, mend
      |   + AnnotationError  2  offsets, span text or labels do not fit the document
      |   + TooEntangled     2  annotations that overlap too densely to be paired
      |   + SchemaError      2  an unknown or inconsistent label schema or projection
      + NothingMeasured      3  there was nothing to score
      + BackendUnavailable   3  a backend's library or model, or a hub's data set, is not here
      + BackendFailed        3  a required backend broke
      + DocumentRefused      3  a backend has no answer to a document and never will
      + NotComparable        3  two runs were counted differently

A regression is no error: the verb that finds one prints its table and exits with 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from harness.media import one_line

__all__ = [
    "AnnotationError",
    "BackendFailed",
    "BackendUnavailable",
    "DocumentRefused",
    "HarnessError",
    "InputError",
    "LibraryMissing",
    "NotComparable",
    "NothingMeasured",
    "ReaderOptions",
    "SchemaError",
    "TooEntangled",
    "UsageError",
    "closeness",
    "near_name",
    "nearest",
]


_MOST_OF_PATH = 500

ReaderOptions = tuple[str, Mapping[str, str]]
"""An option of a reader, and its values with what each does."""


class HarnessError(Exception):
    """Base of everything raised on purpose; `exit_status` is what the command ends with.

    The message may quote what a file or a backend said: it is cleaned and cut, line by line.
    """

    exit_status = 2

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(one_line, message.split("\n"))))


class UsageError(HarnessError):
    """The command line, a suite or a rules file asks for something impossible."""


class LibraryMissing(HarnessError):
    """A library that the input, or an option, needs is not installed; `install` would mend it.

    Whatever it is needed for: a format, a protocol, an executor, figures. A backend's own library
    is `BackendUnavailable`, since that is a row of a table and not what was asked for.
    """

    def __init__(self, reason: str, *, extra: str = "", package: str = "") -> None:
        """The library comes with this `extra` of the harness, or is a `package` of its own."""
        self.reason = reason
        self.install = (
            f"pip install {package}" if package else f"pip install 'nlp-harness[{extra}]'"
        )
        super().__init__(f"{reason} (install: {self.install})")


class InputError(HarnessError):
    """A file that cannot be used as it is.

    The message reads `FILE:LINE: found X, expected Y. MEND`; every part but the first may be
    missing where it has no meaning (a directory has no line).
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        hint: str | None = None,
        options: ReaderOptions | None = None,
    ) -> None:
        """`options` of the reader may read the file all the same; whoever can tries them."""
        self.options = options
        self.message = one_line(message)  # It names ids and labels: it shall not end the line.
        self.path = None if path is None else str(path)
        self.line = line
        self.hint = hint
        shown = None if self.path is None else one_line(self.path, _MOST_OF_PATH)
        place = ":".join(str(part) for part in (shown, line) if part is not None)
        text = f"{place}: {self.message}" if place else self.message
        super().__init__(f"{text}\n  {hint}" if hint else text)

    def of(self, path: str | Path | None, *, hint: str | None = None) -> Self:
        """The same about a file, where it names none, and with `hint` in place of its own."""
        return type(self)(
            self.message,
            path=self.path or path,
            line=self.line,
            hint=hint or self.hint,
            options=self.options,
        )


class AnnotationError(InputError):
    """A span outside its text, a span text that differs, an end before its start, ..."""


class SchemaError(InputError):
    """A label schema or projection that is unknown, or a label that it does not have."""


class TooEntangled(InputError):
    """Annotations of both sides that overlap so densely that an exact pairing is too much work."""


class NothingMeasured(HarnessError):
    """No document, no layer or no backend was left to measure."""

    exit_status = 3


class BackendUnavailable(HarnessError):
    """A backend cannot run here; `install` is the line that would mend it."""

    exit_status = 3

    def __init__(self, reason: str, *, install: str | None = None) -> None:
        self.reason = reason
        self.install = install
        super().__init__(f"{reason} (install: {install})" if install else reason)


class BackendFailed(HarnessError):
    """A backend that had to work broke while loading or predicting."""

    exit_status = 3


class DocumentRefused(HarnessError):
    """Raised by an adapter: the library refuses this document, and would do so again.

    Any other exception is an error of the moment, and the document is tried again in the next
    run. A refusal is kept in the predictions store like an answer.
    """

    exit_status = 3


class NotComparable(HarnessError):
    """Two results that were not counted the same way; names the first field that differs."""

    exit_status = 3


def near_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` may be a slip of; upper and lower case do not matter."""
    import difflib  # only where something went wrong: every command imports this module

    folded = {option.casefold(): option for option in known}
    if len(name) > 3 * max(map(len, folded), default=0):
        return None  # Below the cutoff whatever it is; it may be megabytes.
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else None


def closeness(name: str, known: Iterable[str]) -> float:
    """How near, from 0 to 1, the nearest of the known names is; case does not matter."""
    import difflib

    ratios = (
        difflib.SequenceMatcher(None, name.casefold(), option.casefold()).ratio()
        for option in known
    )
    return max(ratios, default=0.0)


def nearest(name: str, known: Iterable[str], *, listed: bool = True) -> str:
    """The end of a sentence that says `name` is unknown: `. Did you mean 'x'? Known: x, y, z`.

    Without a name that is near (`near_name`) the sentence just ends. The list is left out where it
    is empty or not wanted.
    """
    names = list(known)
    near = near_name(name, names)
    guess = f" Did you mean {near!r}?" if near else ""
    known_names = f" Known: {', '.join(names)}" if listed and names else ""
    return f".{guess}{known_names}"
