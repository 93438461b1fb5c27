"""What a check has to say about a gold set."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from harness.media import one_line

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
    hint: str = ""
    """What to do, in one or several lines."""

    def __str__(self) -> str:
        return "\n".join(map(one_line, self.lines()))

    def lines(self) -> tuple[str, ...]:
        """For people: the place, what is wrong; what to do and the context where there are any."""
        place = ":".join(str(part) for part in (self.path, self.line) if part)
        where = ":".join(
            str(part) for part in (place or self.document, self.start) if part not in ("", None)
        )
        said = f"{where}: {self.severity} [{self.check}] {self.message}"
        more = (*self.hint.splitlines(), self.context)
        return said, *(f"    {line}" for line in more if line)

    def as_json(self) -> dict[str, Any]:
        """Only the fields that say something."""
        return {key: value for key, value in self._asdict().items() if value not in ("", None)}
