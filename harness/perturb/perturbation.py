"""The extension point: what a perturbation is, and how one is applied to a document.

A perturbation says which edits it makes of a document; what stands in the text moves along with
them (`harness.perturb.edits`). It is the same for the same seed, whatever was perturbed before, and
what a lower share changes a higher one changes as well, and in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol, TypeAlias, runtime_checkable

from harness.annotation import Record
from harness.digest import digest_text
from harness.errors import HarnessError, UsageError
from harness.perturb.edits import TextEdit, edited_record

__all__ = ["EVERYWHERE", "Level", "Perturbation", "Renaming", "TextPerturbation", "perturbed"]

Level: TypeAlias = float | str
"""How much is changed: a share of the places where it can be, or a word."""

EVERYWHERE: tuple[Level, ...] = ("all",)
"""The levels of what is done everywhere or not at all."""


@runtime_checkable
class Perturbation(Protocol):
    """Registered by an entry point in the group `harness.perturbations`."""

    @property
    def name(self) -> str:
        """As it is named on the command line: `typos`."""
        ...

    @property
    def summary(self) -> str:
        """What it does, and to a share of what, in a line."""
        ...

    @property
    def levels(self) -> tuple[Level, ...]:
        """From the least to the most, at least one: all of them shares in (0, 1], or all words."""
        ...

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        """The edits of a document that has a text, apart from each other.

        Code points of `record.text`, half-open. Those that would cut through an edge of a span of
        its layers are not made. `rng` is all that may be random.
        """
        ...


@runtime_checkable
class Renaming(Protocol):
    """What a perturbation is besides, after which people are called otherwise."""

    def speakers(self, record: Record, level: Level, rng: Random) -> Mapping[str, str | None]:
        """What canonical speakers are called now; `None` where nobody knows. Of those that are
        left out the names stay. `rng` gives the numbers that it gave `edits`."""
        ...


@dataclass(frozen=True, slots=True)
class TextPerturbation:
    """A perturbation that looks at the text alone."""

    name: str
    summary: str
    levels: tuple[Level, ...]
    change: Callable[[str, Level, Random], Iterable[TextEdit]]
    """The edits of a text."""

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        return self.change(record.text or "", level, rng)


def perturbed(record: Record, perturbation: Perturbation, level: Level, *, seed: int = 0) -> Record:
    """A document after a perturbation; one without text stays as it is.

    Where nothing is changed `text` is equal to that of `record`. Raises `UsageError` for what is no
    edit, for edits that are outside the text or not apart, and for whatever goes wrong in making
    them: the perturbation is at fault.
    """
    if record.text is None:
        return record
    # Of the level nothing goes in: the places that a lower one changes come first in a higher one.
    numbers = digest_text(f"{seed} {perturbation.name} {record.id}")
    called: Mapping[str, str | None] = {}
    try:
        edits = [*map(_checked, perturbation.edits(record, level, _random(numbers)))]
        if isinstance(perturbation, Renaming):
            called = dict(perturbation.speakers(record, level, _random(numbers)))
    except HarnessError:
        raise
    except Exception as error:  # Code of others: anything may be wrong with it.
        raise _at_fault(perturbation, record, f"{type(error).__name__}: {error}") from None
    try:
        new = edited_record(record, edits)
    except ValueError as error:
        raise _at_fault(perturbation, record, str(error)) from None
    said = new.annotations.attributions
    if not called or not said:
        return new
    renamed = (
        replace(one, speaker=one.speaker and called.get(one.speaker, one.speaker)) for one in said
    )
    return new.with_annotations(replace(new.annotations, attributions=tuple(renamed)))


def _random(numbers: str) -> Random:
    return Random(numbers)  # noqa: S311 not a secret


def _checked(edit: TextEdit) -> TextEdit:
    start, end, put = edit
    if type(start) is int and type(end) is int and isinstance(put, str):
        return edit
    raise TypeError(f"found {edit!r}, expected a TextEdit of two whole numbers and a string")


def _at_fault(perturbation: Perturbation, record: Record, problem: str) -> UsageError:
    return UsageError(
        f"the perturbation {perturbation.name!r} cannot be applied to document {record.id!r} "
        f"({problem}); mend or uninstall it"
    )
