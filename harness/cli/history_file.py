"""Appending a run to a history, for the verbs that may: `history add`, `run` and `check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.printer import note
from harness.errors import HarnessError, InputError
from harness.table import plural

if TYPE_CHECKING:
    from harness.results.load import Opened

__all__ = ["append", "append_last", "tell_problems"]


def append(path: str | Path, opened: Opened) -> Sequence[InputError]:
    """Add a run's lines and say so; gives what is wrong with lines that were there."""
    from harness.decide.history.file import add_lines
    from harness.decide.history.line import lines_of

    left_out: list[str] = []
    lines = lines_of(opened, left_out)
    for problem in left_out:
        note(f"left out: {problem}")
    if not lines:
        note(f"nothing to add to {path}{'' if left_out else ': the run measured no backend'}")
        return ()
    added, old = add_lines(path, lines)
    tell_problems(old.problems)
    if added:
        note(f"{plural(added, 'line')} added to {path}")
    else:
        note(f"nothing to add to {path}: it has this run already")
    return old.problems


def append_last(path: str | None, opened: Opened) -> int:
    """Add the run of a verb that has said all else; 0, or the status of what was in the way.

    A history that cannot be written is noted: it takes nothing from what the verb found.
    """
    if path is None:
        return 0
    try:
        append(path, opened)
    except HarnessError as error:
        note(f"the run was not added: {error}")
        return error.exit_status
    return 0


def tell_problems(problems: Sequence[InputError]) -> None:
    """A note for each line that was left out."""
    for problem in problems:
        note(f"left out: {problem}")
