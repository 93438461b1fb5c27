"""A source whose format is known: reading it, and what its format finds out by itself.

Where it cannot be read, each option that a reader names in its error (`harness.formats.hints`) is
tried on the whole file, and those that work are named.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.annotation import Record
from harness.errors import HarnessError, InputError
from harness.formats.files import is_there, refusals
from harness.formats.keywords import about_source, encoding_of
from harness.formats.losses import Losses
from harness.formats.parts import PartFile, Place, read_parts, read_some_parts
from harness.formats.registry import Format, guess
from harness.formats.source import Source, is_hub
from harness.formats.tagging import told_scheme
from harness.formats.tags import Bigrams
from harness.options import parameters

__all__ = ["Reader"]

_PLACE = re.compile(r" \((?:line|row) \d+\)")


@dataclass(frozen=True, eq=False)
class Reader:
    """A source whose format is known and whose options are checked; reads as often as asked."""

    source: Source
    format: Format
    keywords: Mapping[str, Any] = field(repr=False)
    """The options that were said, as the reader takes them."""
    place: Place = field(repr=False)
    """The files; more than one are read as one set."""
    faulty: str = "refuse"
    named: bool = field(default=True, repr=False)
    """Whether somebody has said which format it is."""

    @cached_property
    def decided(self) -> Mapping[str, Any]:
        """What nobody said and the format finds out, such as a tag scheme, by option."""
        with self._helping():
            return self._decided()

    @property
    def settled(self) -> Source:
        """The source with everything that was said and found out: how it is read."""
        return replace(self.source, options={"format": self.format.name}).but(
            **{**self.keywords, **self.decided},
            faulty=None if self.faulty == "refuse" else self.faulty,
        )

    @property
    def note(self) -> str:
        """What of that changes a score, for a signature; empty where nothing does."""
        named = {**self.keywords, **self.decided}
        shown = [str(named["scheme"])] if named.get("scheme") else []
        shown += [str(named["repair"])] if named.get("repair", "strict") != "strict" else []
        shown += ["without faulty spans"] if self.faulty == "leave-out" else []
        return "+".join(shown)

    def records(self, losses: Losses | None = None) -> Iterator[Record]:
        """Stream the records. Raises what the format's reader raises, with what mends it."""
        losses = Losses() if losses is None else losses
        if losses.faulty == "refuse" and self.faulty == "leave-out":
            losses.faulty = "leave-out"
        self._check_there()
        with self._helping():
            yield from self._stream(losses, {**self.keywords, **self.decided})

    @property
    def can_skip(self) -> bool:
        """Whether documents can be left out without being looked at (`some`): each is a line that
        says its id, and none is left out as faulty, nor has layers of several annotators."""
        module = self.format.load()
        return (
            hasattr(module, "read_some")
            and self.faulty == "refuse"
            and not self.keywords
            and not any(module.annotators(part.path) for part in self.place.parts)
        )

    def some(self, has: Callable[[bytes], bool] | None) -> Iterator[tuple[int, Record]]:
        """The documents of which `has` says so, given the UTF-8 of their ids, or all of them; each
        with its number among all, from 0. Of others nothing is looked at, nor whether an id comes
        twice: only for files that `records` has read to the end without a fault, and of a source
        that `can_skip`."""
        with self._helping():
            yield from read_some_parts(self.place, self.source, self.format.load(), has)

    @property
    def has_tags(self) -> bool:
        """Whether such files hold tags of tokens, whose scheme can be told."""
        return hasattr(self.format.load(), "census")

    def census(self) -> Bigrams:
        """Every pair of neighbouring tags, with a place where it stands."""
        with self._helping():
            return self._census()

    def annotators(self) -> tuple[str, ...]:
        """Who labelled it, by name; empty where the format knows nobody."""
        module = self.format.load()
        if not hasattr(module, "annotators"):
            return ()
        with self._helping():
            found = self._asked(module.annotators, self.keywords)
            return tuple(dict.fromkeys(name for _, names in found for name in names))

    def but(self, **options: Any) -> Reader:
        """The same with other options, by their names in Python, as the reader takes them."""
        return replace(self, keywords={**self.keywords, **options})

    @contextmanager
    def _helping(self) -> Iterator[None]:
        """Errors within, with what mends them."""
        try:
            with refusals(self.source.path), about_source(self.source):
                yield
        except InputError as error:
            raise self.helped(error) from None

    def _stream(self, losses: Losses, keywords: Mapping[str, Any]) -> Iterator[Record]:
        """The records, read with these options."""
        module = self.format.load()
        return read_parts(self.place, self.source, module, losses, self._check, **keywords)

    def _check_there(self) -> None:
        part = self.place.parts[0]
        if not self.place.several and not is_hub(part.shown) and not is_there(part.path):
            raise InputError("no such file or folder", path=part.shown)

    def _check(self, part: PartFile) -> None:
        """Raise `InputError` for a part of another format."""
        if self.named:
            return
        found = guess(part.path, encoding_of(self.keywords))
        if found.name != self.format.name:
            raise InputError(
                f"is of the format {found.name}, and {self.place.parts[0].shown} of "
                f"{self.format.name}",
                path=part.path,
                hint="all files of a set are of one format: name those that are, as a pattern",
            )

    def _decided(self) -> Mapping[str, Any]:
        """What the format finds out; of several files all have to say the same."""
        module = self.format.load()
        if not hasattr(module, "settle"):
            return {}
        keywords = dict(self.keywords)
        if self.place.several and self.has_tags and "scheme" not in keywords:
            strict = keywords.get("repair", "strict") == "strict"
            try:
                keywords["scheme"] = told_scheme(self._census(), self.source.path, strict=strict)
            except InputError as error:
                message = _PLACE.sub("", error.message)  # A line of some file.
                raise InputError(message, path=error.path, options=error.options) from None
        found = self._asked(module.settle, keywords)
        if not found:
            return {}
        (first, decided), *others = found
        for part, also in others:
            for name in decided.keys() | also.keys():
                if decided.get(name) != also.get(name):
                    option = name.replace("_", "-")
                    raise InputError(
                        f"has the {option} {also.get(name)}, and {first.shown} the "
                        f"{option} {decided.get(name)}",
                        path=part.shown,
                        hint=f"say one for all files, ?{option}=…, or read them one by one",
                    )
        return dict(decided)

    def _census(self) -> Bigrams:
        pairs: dict[tuple[str, str], int] = {}
        for _, bigrams in self._asked(self.format.load().census, self.keywords):
            for pair, place in bigrams.items():
                pairs.setdefault(pair, place)
        return pairs

    def _asked(self, function: Any, keywords: Mapping[str, Any]) -> list[tuple[PartFile, Any]]:
        """What a function of the format says of each part; of several, of those with content."""
        known = {flag.name.replace("-", "_") for flag in parameters(function)}
        said = {name: value for name, value in keywords.items() if name in known}
        out = []
        for part in self.place.parts:
            with part.named():
                if self.place.several:
                    if part.is_empty:
                        continue
                    self._check(part)
                out.append((part, function(part.path, **said)))
        return out

    def helped(self, error: InputError) -> InputError:
        """The error with the options that really read the file; they are tried on all of it."""
        name, values = error.options or ("", {})
        lines = [
            f"{found}   # {what}" if what else found for found, what in self._tried(name, values)
        ]
        if lines:
            hint = "\n  ".join(["say how it is to be read, in any command:", *lines])
            return error.of(self.source.path, hint=hint)
        for found, _ in self._tried("faulty", {"leave-out": ""} if self.faulty == "refuse" else {}):
            left_out = f"or leave out what is faulty, in any command: {found}"
            hint = "\n  ".join(filter(None, [error.hint, left_out]))
            return error.of(self.source.path, hint=hint)
        return error

    def _tried(self, name: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The sources with such values that are read, and what they mean."""
        option = name.replace("-", "_")
        for value, what in values.items():
            if self._reads(option, value):
                yield shlex.quote(str(self.source.but(**{option: value}))), what

    def _reads(self, name: str, value: str) -> bool:
        flags = {flag.name.replace("-", "_"): flag for flag in self.format.options}
        if name not in flags:
            return False
        read = flags[name].read_text(value)
        losses = Losses(read) if name == "faulty" else Losses()
        several = self.place.several  # A single file decides as it is read.
        keywords = self.keywords if name == "faulty" else {**self.keywords, name: read}
        try:
            tried = replace(self, keywords=keywords)
            for _ in tried._stream(losses, {**keywords, **(tried._decided() if several else {})}):
                pass
        except (HarnessError, OSError):
            return False
        return True
