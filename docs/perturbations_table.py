"""Write the table of docs/perturbations.md anew: `python docs/perturbations_table.py`.

A test compares the two: names, levels, what they do, and what becomes of the example.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.annotation import Annotations, Entity, Record
from harness.perturb.perturbation import Level, perturbed
from harness.perturb.registry import perturbations

PAGE = Path(__file__).resolve().parent / "perturbations.md"
MARKED = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- /table -->)", re.DOTALL)

TEXT = '“Zoë Roth has left,” the mayor’s official said.\n"We open in Turin on Monday"'
RECORD = Record("example", TEXT, Annotations((Entity(1, 9, "PERSON"), Entity(60, 65, "GPE", None))))
SHOWN_AT: dict[str, Level] = {"zero-width": 0.1, "ocr": 0.3, "quotes-missing": 0.5}
"""Where not at the last word, or for shares everywhere."""


def table() -> str:
    """A row for each perturbation, with what becomes of the example."""
    rows = ["| perturbation | what it does | levels | example |", "|---|---|---|---|"]
    for name, one in perturbations().items():
        levels = ", ".join(f"`{_level(level)}`" for level in one.levels)
        at = SHOWN_AT.get(name, one.levels[-1] if isinstance(one.levels[0], str) else 1.0)
        at = one.levels[0] if name == "truncated" else at
        shown = _code(perturbed(RECORD, one, at).text or "")
        stated = f" (at {_level(at)})" if at != one.levels[-1] else ""
        rows.append(f"| `{name}` | {one.summary} | {levels} | {shown}{stated} |")
    return "\n".join(rows)


def _level(level: Level) -> str:
    return level if isinstance(level, str) else f"{level:g}"


def _code(text: str) -> str:
    """A text as code of Markdown, in which what cannot be seen is escaped."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return f"``` {shown} ```" if "`" in shown else f"`{shown}`"


def main() -> None:
    """Replace what stands between the two markers; without both of them nothing is written."""
    text, found = MARKED.subn(lambda _: f"\n{table()}\n\n", PAGE.read_text("utf-8"))
    if found != 1:
        raise SystemExit(f"{PAGE.name}: {found} places between <!-- table --> and its end")
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
