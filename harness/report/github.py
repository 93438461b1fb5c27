"""GitHub Actions: the step's summary and at most ten annotations, safe against what is shown.

Names of backends and documents, labels and texts are untrusted. In a log, a line that begins with
`::` or holds `##[` is a command to the runner; in a summary, Markdown and HTML take effect. So
commands are switched off around everything printed, and text is escaped wherever it is shown.
"""

from __future__ import annotations

import html
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from harness.annotation import printable
from harness.decide.gate.verdicts import GateReport
from harness.errors import InputError
from harness.report.gate import gate_lines, gate_table
from harness.report.tables import render_tables
from harness.table import Table

__all__ = ["MAX_ANNOTATIONS", "annotation_commands", "quiet_commands", "append_summary", "summary"]

MAX_ANNOTATIONS = 10
MAX_SUMMARY = 1_000_000
"""Bytes; GitHub shows nothing of a step whose summary exceeds 1 MiB."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~@$])")
_CUT = "\n\n… cut: the whole report is in the log and in the JUnit file.\n"


def annotation_commands(report: GateReport) -> list[str]:
    """Workflow commands for what failed or could not be checked; the last one sums up the rest."""
    bad = report.having("fail", "error")
    shown = bad if len(bad) <= MAX_ANNOTATIONS else bad[: MAX_ANNOTATIONS - 1]
    lines = [
        _command("error", f"{verdict.what}: {verdict.message}", title="harness check")
        for verdict in shown
    ]
    if len(shown) < len(bad):
        rest = len(bad) - len(shown)
        lines.append(_command("error", f"and {rest} more, see the summary", title="harness check"))
    return lines


def summary(report: GateReport, *, limit: int = MAX_SUMMARY) -> str:
    """The report as Markdown, of at most `limit` bytes."""
    table = gate_table(report, everything=False)
    body = Table(
        table.title,
        table.headers,
        tuple(
            tuple(_escape(cell) if isinstance(cell, str) else cell for cell in row)
            for row in table.rows
        ),
    )
    heading, _, rows = render_tables([body], "github").partition("\n")
    parts = [f"## harness check\n\n{heading}\n"]
    if table.rows:
        parts.append(rows)
    flipped = [_escape(line.strip()) for line in gate_lines(report, limit=20)]
    if flipped:
        parts.append("\n<details><summary>Flipped mentions</summary>\n")
        parts.extend(f"- {line}" for line in flipped)
        parts.append("\n</details>")
    parts.extend(f"\n{_escape(note)}" for note in table.notes)
    return _capped("\n".join(parts) + "\n", limit)


def append_summary(report: GateReport, path: Path) -> str | None:
    """Append the summary to a file, or say why nothing was appended.

    What other commands of the step have written counts against the limit too. Raises `InputError`
    where the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="\n") as handle:
            room = MAX_SUMMARY - path.stat().st_size
            if room < 1000:
                return f"{path}: nothing was appended: it is full, GitHub shows at most 1 MiB"
            handle.write(summary(report, limit=room))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    return None


@contextmanager
def quiet_commands(*streams: TextIO, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """In GitHub Actions, keep the runner from obeying anything printed inside the block.

    The runner reads stdout and stderr as one log and a token ends what it began wherever it comes,
    so all streams say the same one: whichever of them is sent elsewhere, the other still guards.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        yield
        return
    token = secrets.token_hex(16)
    _say(streams, f"::stop-commands::{token}\n")
    try:
        yield
    finally:
        # All that was printed goes out first: it must not come after the token.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        _say(streams, f"::{token}::\n")


def _say(streams: Iterable[TextIO], line: str) -> None:
    for stream in streams:
        stream.write(line)
        stream.flush()


def _command(kind: str, message: str, *, title: str) -> str:
    # `##[` would begin a command of the older kind anywhere in the line.
    text = printable(message).replace("##[", "## [")[:4000]
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} title={title}::{escaped}"


def _escape(text: str) -> str:
    """Untrusted text for Markdown: shown as it is, without any effect."""
    return _MARKDOWN.sub(r"\\\1", html.escape(printable(text), quote=False))


def _capped(text: str, limit: int) -> str:
    data = text.encode("utf-8")
    if len(data) <= limit:
        return text
    room = max(0, limit - len(_CUT.encode("utf-8")))
    cut = data[:room].decode("utf-8", "ignore")
    return cut.rpartition("\n")[0] + _CUT
