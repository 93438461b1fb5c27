"""One self-contained HTML file: the tables of a run, and every mention in its text.

No network, no library: style and script are inlined. Texts come from corpora and backends, so they
are escaped here and put in as text by the script; a content security policy forbids the rest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from harness.coding import compact, encode
from harness.media import html_text
from harness.table import UNDEFINED, Table

__all__ = ["BrowsedDocument", "BrowsedItem", "BrowsedGold", "MarkedSpan", "page"]


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """Code points `[start, end)` with what is printed behind them."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class BrowsedItem:
    """A gold mention, a prediction, or a pair, with its error class and one line of text."""

    error: str
    note: str
    gold: tuple[MarkedSpan, ...]
    predicted: tuple[MarkedSpan, ...]


@dataclass(frozen=True, slots=True)
class BrowsedDocument:
    """A text and, per backend, its items in the order of the text."""

    id: str
    text: str
    items: dict[str, tuple[BrowsedItem, ...]]


@dataclass(frozen=True, slots=True)
class BrowsedGold:
    """The documents of one gold set and task."""

    name: str
    backends: tuple[str, ...]
    documents: tuple[BrowsedDocument, ...]


def page(
    title: str,
    meta: Sequence[str],
    tables: Sequence[Table],
    *,
    folded: Sequence[Table] = (),
    groups: Sequence[BrowsedGold] = (),
) -> str:
    """The whole page: open tables, folded ones, and with `groups` the mentions in their texts."""
    style = _asset("report.css")
    script = _asset("report.js") if groups else ""
    body = [
        f"<h1>{html_text(title)}</h1>",
        *(f'<p class="meta">{html_text(line)}</p>' for line in meta),
        *(_table(table, folded=False) for table in tables),
        *(_table(table, folded=True) for table in folded),
    ]
    if groups:
        body.append(_BROWSER)
        body.append(f'<script type="application/json" id="data">{_embedded(groups)}</script>')
        body.append(f"<script>{script}</script>")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


_BROWSER = """\
<h2>Mention by mention</h2>
<nav>
<label>Gold set <select id="group"></select></label>
<label>Document <select id="document"></select></label>
<label>Backend <select id="backend"></select></label>
<label>Show <select id="class"></select></label>
</nav>
<div class="panes" id="panes"></div>
<h3>In order of the text</h3>
<ul class="list" id="list"></ul>"""


def _table(table: Table, *, folded: bool) -> str:
    head = "".join(f"<th>{html_text(name)}</th>" for name in table.headers)
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td>{html_text(UNDEFINED if cell is None else str(cell))}</td>" for cell in row)
        + "</tr>"
        for row in table.rows
    )
    notes = "".join(f'<p class="note">{html_text(note)}</p>' for note in table.notes)
    body = (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></div>{notes}"
    )
    title = html_text(table.title)
    if folded:
        return f"<details><summary>{title}</summary>{body}</details>"
    return f"<h2>{title}</h2>{body}"


def _embedded(groups: Sequence[BrowsedGold]) -> str:
    """JSON that cannot end its script element, whatever is in the texts."""
    text = compact({"groups": encode(groups)})
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _asset(name: str) -> str:
    return (files("harness.report") / "assets" / name).read_text("utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
