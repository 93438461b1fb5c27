"""A sentence of CoNLL-U as text: tokens, what stands between them, and the units with tags."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.annotation import Span
from harness.coding import short
from harness.errors import InputError
from harness.formats.tagging import GrowingText

__all__ = ["TreeSentence", "TreeToken", "escaped_gap", "gap_meant"]

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_MEANT = {"s": " ", "t": "\t", "n": "\n", "r": "\r", "p": "|", "\\": "\\"}
_ESCAPED = {ord(meant): f"\\{letter}" for letter, meant in _MEANT.items()}


class TreeToken(NamedTuple):
    """A token as it stands in the text: a word, or a multiword token."""

    form: str
    line: int
    glued: bool
    """Whether the next token follows at once (`SpaceAfter=No`)."""
    before: str
    after: str | None
    """What follows, where the file says it in full (`SpacesAfter`)."""

    @property
    def gap(self) -> str:
        """What follows within a paragraph."""
        return ("" if self.glued else " ") if self.after is None else self.after


@dataclass(slots=True)
class TreeSentence:
    """A sentence; or, without tokens, the beginning of a document."""

    line: int
    document: str | None = None
    """The id of the document that begins here, which may be empty."""
    name: str = ""
    text: str | None = None
    paragraph: bool = False
    """Whether a paragraph begins here."""
    tokens: list[TreeToken] = field(default_factory=list)
    tags: list[tuple[str | None, int, int]] = field(default_factory=list)
    """Of every tagged unit: the tag, the line, and which token it is or is in."""
    lost: Counter[str] = field(default_factory=Counter)

    def add_to(self, growing: GrowingText, path: Path, *, comment: bool) -> list[Span]:
        """Add the tokens to a text, with what stands between them; the spans of the tagged units.

        With `comment` the line `# text` says what that is; raises `InputError` where it differs
        from the tokens.
        """
        spans: list[Span] = []
        text = self.text if comment else None
        at, previous = 0, None
        for token in self.tokens:
            between = "" if previous is None else previous.gap
            if text is not None:
                start = at
                while not text.startswith(token.form, start) and text[start : start + 1].isspace():
                    start += 1
                if not text.startswith(token.form, start):
                    there = short(text[start : start + 30])
                    raise self._differs(
                        f"the token {short(token.form)}, but # text goes on {there}", path, token
                    )
                if previous is not None and previous.after is None:
                    between = text[at:start]
                at = start + len(token.form)
            growing.gap(between + token.before)
            spans.append(growing.token(token.form))
            previous = token
        if text is not None and text[at:].strip():
            message = f"no token for {short(text[at:])} at the end of # text"
            raise self._differs(message, path, self.tokens[-1])
        return [spans[token] for _, _, token in self.tags]

    def gap(self, paragraph: bool | None) -> str:
        """What stands between it and the next sentence, which may begin a paragraph; `None`: there
        is none."""
        last = self.tokens[-1]
        if paragraph is None:
            return last.after or ""
        return "\n" if paragraph and last.after is None else last.gap

    def _differs(self, message: str, path: Path, token: TreeToken) -> InputError:
        options = ("text-from", {"tokens": "builds the text of the tokens, without # text"})
        return InputError(f"found {message}", path=path, line=token.line, options=options)


def escaped_gap(gap: str) -> str:
    """White space as `SpacesAfter` spells it."""
    return gap.translate(_ESCAPED)


def gap_meant(said: str | None, key: str, path: Path, line: int) -> str | None:
    """The white space that a key such as `SpacesAfter` spells. Raises `InputError` for all else."""
    if said is None:
        return None
    try:
        gap = _ESCAPE.sub(lambda match: _MEANT[match[1]], said)
    except KeyError:
        gap = said
    if gap.strip():
        message = rf"{key}: found {short(said)}, expected white space such as \s\n"
        raise InputError(message, path=path, line=line)
    return gap
