"""The extension point: what a perturbation is, and how one is applied to a document.

A perturbation says which edits it makes of a document; what stands in the text moves along with
them (`harness.perturb.edits`). It is the same for the same seed, whatever was perturbed before, and
what a lower level changes a higher one changes as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Protocol, TypeAlias, runtime_checkable

from harness.annotation import Record
from harness.digest import digest_text
from harness.errors import UsageError
from harness.perturb.edits import TextEdit, edited_record

__all__ = ["Level", "Perturbation", "perturbed"]

Level: TypeAlias = float | str
"""How much is changed: a share of the places where it can be, or a word."""


@runtime_checkable
class Perturbation(Protocol):
    """Registered by an entry point in the group `harness.perturbations`."""

    name: str
    """As it is named on the command line: `typos`."""
    summary: str
    """What it does, a line."""
    levels: tuple[Level, ...]
    """From the least to the most; at least one."""

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        """The edits of a document that has a text, apart from each other.

        Code points of `record.text`, half-open. Those that would cut through an edge of a span of
        its layers are not made. `rng` is all that may be random.
        """
        ...


def perturbed(record: Record, perturbation: Perturbation, level: Level, *, seed: int = 0) -> Record:
    """A document after a perturbation; one without text stays as it is.

    Raises `UsageError` for edits that are outside the text or overlap: the perturbation is at
    fault.
    """
    if record.text is None:
        return record
    # Of the level nothing goes in: the places that a lower one changes come first in a higher one.
    rng = Random(digest_text(f"{seed} {perturbation.name} {record.id}"))  # noqa: S311 not a secret
    try:
        return edited_record(record, perturbation.edits(record, level, rng))
    except ValueError as error:
        raise UsageError(
            f"the perturbation {perturbation.name!r} cannot be applied to document "
            f"{record.id!r}: {error}"
        ) from None
