"""What a check has to say about a gold set."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

__all__ = ["Finding", "Severity"]

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """One thing that is wrong (`error`) or looks wrong (`warning`). `check` names the check."""

    severity: Severity
    check: str
    message: str
    path: str = ""
    line: int | None = None
    document: str = ""
    start: int | None = None
    end: int | None = None
    context: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line) if part)
        where = ":".join(
            str(part) for part in (place or self.document, self.start) if part not in ("", None)
        )
        tail = f"\n    {self.context}" if self.context else ""
        return f"{where}: {self.severity} [{self.check}] {self.message}{tail}"

    def as_json(self) -> dict[str, Any]:
        """Only the fields that say something."""
        return {key: value for key, value in self._asdict().items() if value not in ("", None)}
