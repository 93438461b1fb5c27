"""GitHub Actions: the step's summary and at most ten annotations."""

from __future__ import annotations

from pathlib import Path

from harness.decide.gate.verdicts import GateReport
from harness.errors import InputError
from harness.formats.files import is_there
from harness.media import github_command, markdown
from harness.report.gate import gate_lines, gate_table
from harness.report.tables import render_lines, render_tables
from harness.table import Table

__all__ = ["MAX_ANNOTATIONS", "annotation_commands", "append_summary", "summary"]

MAX_ANNOTATIONS = 10
MAX_SUMMARY = 1_000_000
"""Bytes; GitHub shows nothing of a step whose summary exceeds 1 MiB."""

_CUT = "\n\n… cut: the whole report is in the log and in the JUnit file.\n"


def annotation_commands(report: GateReport) -> list[str]:
    """Workflow commands for what failed or could not be checked; the last one sums up the rest."""
    bad = report.having("fail", "error")
    shown = bad if len(bad) <= MAX_ANNOTATIONS else bad[: MAX_ANNOTATIONS - 1]
    lines = [
        github_command("error", f"{verdict.what}: {verdict.message}", title="harness check")
        for verdict in shown
    ]
    if len(shown) < len(bad):
        rest = len(bad) - len(shown)
        more = f"and {rest} more, see the summary"
        lines.append(github_command("error", more, title="harness check"))
    return lines


def summary(report: GateReport, *, limit: int = MAX_SUMMARY) -> str:
    """The report as Markdown, of at most `limit` bytes."""
    table = gate_table(report, everything=False)
    body = Table(table.title, table.headers, table.rows)
    heading, _, rows = render_tables([body], "github").partition("\n")
    parts = [f"## harness check\n\n{heading}\n"]
    if table.rows:
        parts.append(rows)
    if flipped := list(gate_lines(report, limit=20)):
        parts.append("\n<details><summary>Flipped mentions</summary>\n")
        parts.append(render_lines(flipped, "github"))
        parts.append("\n</details>")
    parts.extend(f"\n{markdown(note)}" for note in table.notes)
    return _capped("\n".join(parts) + "\n", limit)


def append_summary(report: GateReport, path: Path) -> str | None:
    """Append the summary to a file, or say why nothing was appended.

    What other commands of the step have written counts against the limit too. Raises `InputError`
    where the file cannot be written.
    """
    if is_there(path) and not path.is_file():
        raise InputError("is no regular file, expected a file to append to", path=path)
    try:
        with path.open("a", encoding="utf-8", newline="\n") as handle:
            room = MAX_SUMMARY - path.stat().st_size
            if room < 1000:
                return f"{path}: nothing was appended: it is full, GitHub shows at most 1 MiB"
            handle.write(summary(report, limit=room))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    return None


def _capped(text: str, limit: int) -> str:
    data = text.encode("utf-8")
    if len(data) <= limit:
        return text
    room = max(0, limit - len(_CUT.encode("utf-8")))
    cut = data[:room].decode("utf-8", "ignore")
    return cut.rpartition("\n")[0] + _CUT
