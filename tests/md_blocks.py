"""Code blocks of a page in Markdown, and the commands in those for a shell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["SHELL", "Block", "blocks", "commands"]

SHELL = "sh"
"""What stands behind the fence of a block of commands."""


class Block(NamedTuple):
    """What stands between two fences."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Every block of a page, in its order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    return [Block(language, text) for language, text in found]


def commands(text: str) -> list[str]:
    """The commands of a shell block, without what a `#` says behind them.

    A line that ends in a backslash goes on in the next, and `<<'EOF'` to the line `EOF`.
    """
    out = []
    lines = iter(text.splitlines())
    for line in lines:
        whole = line
        while whole.endswith("\\"):
            whole = f"{whole[:-1]}{next(lines).lstrip()}"
        if whole.endswith("<<'EOF'"):
            while not whole.endswith("\nEOF"):
                whole = f"{whole}\n{next(lines)}"
        else:
            whole = re.sub(r"\s+# .*", "", whole)
        if whole.strip() and not whole.startswith("#"):
            out.append(whole.strip())
    return out
