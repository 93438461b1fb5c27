"""Plain helpers that several test modules share; fixtures are in conftest.py."""

from __future__ import annotations

import re
from pathlib import Path

BACKENDS = Path(__file__).parent / "backends"


def gold_entities(text: str, label: str) -> list[dict[str, object]]:
    return [
        {"start": match.start(), "end": match.end(), "label": label}
        for match in re.finditer(r"[A-Z]\w*", text)
    ]


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
