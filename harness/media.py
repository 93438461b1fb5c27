"""How a text is shown: one function for each medium that it may get to.

Names of backends, ids of documents, labels and texts come from outside, and each medium obeys
something in them: a terminal escapes, a CI log `::error::`, a spreadsheet `=1+1`, Markdown a link.
What a function returns is shown as it is and has no effect. None of them raises.
"""

from __future__ import annotations

import re
from typing import Any

from harness.annotation import printable

__all__ = [
    "csv_cell",
    "github_command",
    "json_text",
    "latex",
    "markdown",
    "markdown_code",
    "one_line",
    "terminal",
    "verbatim",
    "xml_text",
]

_MOST = 2_000
"""Characters of one text on one line."""
_MOST_OF_COMMAND = 4_000

# `##[` begins a command to the runners of GitHub and Azure anywhere in a line, `##teamcity[` to
# TeamCity's; `::` one to GitHub's where only white space comes before.
_COMMAND = re.compile(r"##(?=\w*\[)")
_AT_START = re.compile(r"^(\s*):(?=:)")

_UNPRINTABLE = re.compile(r"[^\n -~]")
_JSON_COMMAND = re.compile(r"(##\w*)\[")

_FORMULA = re.compile(r"\s*([=+\-@＝＋－＠]|::)")  # Some spreadsheets take the wide ones.
_NUMBER = re.compile(r"[+-]?\d[\d,.]*(e[+-]?\d+)?%?", re.IGNORECASE)

_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",  # \textquotedbl is in no font of plain LaTeX.
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    # Behind the `\\` of the row before, these two would be its argument.
    "[": "{[}",
    "*": "{*}",
}

_MARKUP = re.compile(r"[\\`*~$|]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])")
_BLOCK = re.compile(r"^(?:([-+#=]+(?=\s|$)|>)|(\d{1,9})([.)])(?=\s|$))")
# What becomes a link or tells somebody: @name, #1, GH-1, http://, www.
_REFERENCE = re.compile(r"(?<!\w)@(?=\w)|#(?=\d)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)
_NO_WIDTH = "&#8203;"

# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def one_line(text: str, most: int = _MOST) -> str:
    """Printable, on one line, of `most` characters; `…` ends what is cut."""
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def terminal(text: str, *, before: str = "") -> str:
    """Lines for a terminal or the log of a CI service: no escapes, no commands.

    `before` is what of the first line has been written already.
    """
    first, *rest = text.split("\n")
    return "\n".join([_line(before, first), *(_line("", line) for line in rest)])


def verbatim(stream: Any, text: str) -> None:
    """Write what is wholly of this project's own, past the guard that a stream may have."""
    getattr(stream, "verbatim", stream.write)(text)


def json_text(text: str) -> str:
    """JSON with what a terminal or a log obeys in its strings escaped; the value is the same."""
    if not text.isascii() or "\x7f" in text:
        text = _UNPRINTABLE.sub(_escape, text)
    return _JSON_COMMAND.sub(r"\1\\u005b", text)


def csv_cell(text: str) -> str:
    """A cell that no spreadsheet computes: what looks like a formula has `'` before it."""
    shown = one_line(text)
    computed = _FORMULA.match(shown) and not _NUMBER.fullmatch(shown)
    return ("'" if computed else "") + terminal(shown)


def latex(text: str) -> str:
    """Text of a LaTeX document or table; two hyphens stay two."""
    shown = "".join(_LATEX.get(char, char) for char in one_line(text))
    return re.sub("-(?=-)", "-{}", shown)


def markdown(text: str) -> str:
    """A line or cell of GitHub's Markdown: no markup, HTML, link, mention or reference."""
    shown = _MARKUP.sub(r"\\\g<0>", one_line(text).strip()).replace("<", "&lt;")
    shown = _REFERENCE.sub(rf"\g<0>{_NO_WIDTH}", shown)
    return _BLOCK.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", shown)


def markdown_code(text: str) -> str:
    """A code span of Markdown, whatever back ticks are in it."""
    shown = one_line(text).strip()
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    gap = " " if longest else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def xml_text(text: str) -> str:
    """What XML can hold of it; the writer of the XML escapes."""
    return _NOT_XML.sub("�", text)


def github_command(kind: str, message: str, *, title: str) -> str:
    """A workflow command of our own, such as `error`: its message can hold no other."""
    shown = _COMMAND.sub("## ", one_line(message, _MOST_OF_COMMAND)).replace("%", "%25")
    return f"::{kind} title={title}::{shown}"


def _line(before: str, text: str) -> str:
    shown = _COMMAND.sub("## ", printable(before + text))
    shown = _AT_START.sub(r"\1: ", shown)
    # A command that would begin in what is written already is broken at the seam.
    return shown[len(before) :] if shown.startswith(before) else f" {_line('', text)}"


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
