"""Each medium's own parser, and what may not come out of it for a text to be harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import html5lib
from markdown_it import MarkdownIt
from pylatexenc import latexwalker

PAYLOADS = {
    "escape": "\x1b[31mred\x1b[2J",
    "c1": "\x9b2J\x85next\x7f",
    "newline": "a\nb\r::error::x\u2028::error::y",
    "command": "::error::pwned",
    "indented": " \t ::add-mask::x",
    "older": "x ##[error]y ##[add-mask]z",
    "azure": "##vso[task.setvariable variable=x]y",
    "formula": '=HYPERLINK("http://h.example/x","x")',
    "wide": "\uff20SUM(1+1)*cmd|' /C calc'!A0",
    "html": "<img src=http://h.example/i.png onerror=alert(1)></script><script>alert(1)</script>",
    "markdown": "@someone #12 [x](http://h.example/) ![i](http://h.example/i) www.h.org `a` |b|",
    "latex": "\\input{/etc/passwd} $x^2$ % & _ # ~ {y} [z] *",
    "xml": "]]> &amp; <![CDATA[ &#0; \x00 \u202eabc <details>",
}
"""What some medium would obey, one kind each."""

_OBEYED = re.compile(r"##\w*\[")
_OURS = re.compile(r"::error title=harness check::[^\n]*")


def log_lines(text: str, *, commands: bool = False) -> list[str]:
    """Lines as a CI runner and a terminal take them; none may be obeyed."""
    lines = text.splitlines()
    for line in lines:
        if commands and _OURS.fullmatch(line):
            line = line[2:]
        assert not line.lstrip().startswith("::"), line
        assert not _OBEYED.search(line), line
        assert line.isprintable(), ascii(line)
    return lines


def read_csv(text: str) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(text)))
    for row in rows:
        for cell in row:
            computed = re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)
            assert not computed or re.fullmatch(r"[+-]?[\d.,]+%?", cell), cell
    return rows


def read_json(text: str) -> Any:
    def refused(name: str) -> None:
        raise AssertionError(f"JSON has no {name}")

    return json.loads(text, parse_constant=refused)


def read_markdown(text: str) -> str:
    """The text that is shown; nothing of it is a link, an image, HTML, or tells anybody."""
    shown: list[str] = []
    stack = MarkdownIt("gfm-like").parse(text)
    while stack:
        token = stack.pop(0)
        assert token.type not in ("html_inline", "html_block", "link_open", "image"), token
        assert token.type not in ("s_open", "strong_open", "em_open"), token
        if token.type == "code_inline":
            shown.append("`")  # Nobody is told of what stands in code.
        elif not token.children:
            shown.append(token.content if token.type == "text" else " ")
        stack[:0] = token.children or []
    told = "".join(shown)
    assert not re.search(r"(?<!\w)@\w|#\d", told), told
    return told


def read_latex(text: str) -> str:
    """The plain text of the table; it holds no macro, mathematics or comment of a payload's."""
    known = {"toprule", "midrule", "bottomrule", "centering", "caption", "label", "textbf", "par"}
    known |= {"smallskip", "footnotesize", "raggedright", "allowbreak", "ensuremath", "geq", "leq"}
    known |= {"textbackslash", "textasciitilde", "textasciicircum", "textless"}
    known |= {"textgreater", "textbar", "char", "\\", *"&%$#_{}"}
    walker = latexwalker.LatexWalker(text, tolerant_parsing=False)
    nodes, _, _ = walker.get_latex_nodes()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        assert not node.isNodeType(latexwalker.LatexMathNode), node
        if node.isNodeType(latexwalker.LatexMacroNode):
            assert node.macroname in known, node
            optional = [arg for arg in node.nodeargd.argnlist or [] if arg] if node.nodeargd else []
            assert not optional or node.macroname != "\\", node
        if node.isNodeType(latexwalker.LatexEnvironmentNode):
            assert node.environmentname in ("table", "tabular"), node
        stack.extend(getattr(node, "nodelist", None) or [])
    return text


def read_html(text: str) -> Any:
    """The page as a browser builds it: no element of a payload's."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    for element in tree.iter():
        assert element.tag not in ("img", "iframe", "object", "base", "link"), element
        # The page's own, for who does not see it; nothing leads out of the page.
        assert element.tag != "a" or element.attrib.get("href") == "#main", element.attrib
        assert not any(name.startswith("on") for name in element.attrib), element.attrib
    scripts = list(tree.iter("script"))
    assert sum(script.get("type") is None for script in scripts) == 1
    for script in scripts:
        kind = script.get("type", "")
        assert kind in ("", "application/json", "application/octet-stream"), kind
        assert "alert(1)</script" not in (script.text or "")
    return tree


def read_xml(text: str) -> Any:
    return ElementTree.fromstring(text)
