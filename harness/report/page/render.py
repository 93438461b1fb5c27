"""A page as one file: template, style, scripts and data, under a policy that allows nothing else.

Jinja2 escapes whatever a template prints; data stands in elements that no browser runs; the policy
names the one style and the one script by their digests. So text from corpora and backends stays
text, and nothing is loaded.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from harness import __version__
from harness.annotation import printable
from harness.coding import compact
from harness.report.figures.figure import Chart
from harness.report.figures.theme import CATEGORIES, config, css_variables

__all__ = ["asset", "environment", "page"]

_SCRIPTS = ("dom", "tables", "figures", "documents", "mentions", "marks", "text", "lists", "main")
"""In the order in which one uses the others; `assets/page/NAME.js`."""
_VENDOR = ("vega.min.js", "vega-lite.min.js", "vega-interpreter.js")


def page(template: str, charts: Mapping[str, Chart], **values: Any) -> str:
    """The text of a page. `template` is a file of `assets/page`; `charts` go by the id of the
    place where the script draws them."""
    style = f"{_colours()}\n{asset('page/page.css')}"
    script = "\n".join(
        [
            *(_vendored(name) for name in _VENDOR if charts),
            *(asset(f"page/{name}.js") for name in _SCRIPTS),
        ]
    )
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    from markupsafe import Markup

    made: str = (
        environment()
        .get_template(template)
        .render(
            **values,
            policy=policy,
            style=Markup(style),  # noqa: S704  # the package's own
            script=Markup(script),  # noqa: S704
            data=Markup(_data(charts)),  # noqa: S704  # escaped for its place
            version=__version__,
        )
    )
    return made


def asset(name: str) -> str:
    """A file of the package's own."""
    return files("harness.report").joinpath("assets", *name.split("/")).read_text("utf-8")


def _colours() -> str:
    """Those of the theme that a system asks for, unless the page's button says another."""

    def block(selector: str, theme: str) -> str:
        return f"{selector} {{ {' '.join(f'{k}: {v};' for k, v in css_variables(theme).items())} }}"

    dark = block(':root:not([data-theme="light"])', "dark")
    asked = block(':root[data-theme="dark"]', "dark")
    return f"{block(':root', 'light')}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n{asked}"


def environment() -> Any:
    """The engine of the templates: whatever it prints is escaped and has no control characters."""
    import jinja2

    def shown(value: Any) -> Any:
        """Control characters and marks of direction become spaces, as in every medium."""
        return printable(value) if type(value) is str else value

    return jinja2.Environment(
        autoescape=True,
        loader=jinja2.FunctionLoader(lambda name: asset(f"page/{name}")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )


def _vendored(name: str) -> str:
    """A file of `assets/vendor` as a classic script."""
    text = re.sub(r"\n//# sourceMappingURL=.*", "", asset(f"vendor/{name}"))
    if name != "vega-interpreter.js":
        return text
    # Published as a module only: its one import is of what Vega has, its one export goes to Vega.
    text = re.sub(r"^import (\{[^}]*\}) from 'vega-util';", r"const \1 = vega;", text, flags=re.M)
    text = re.sub(
        r"^export \{ (\w+) as expressionInterpreter \};",
        r"vega.expressionInterpreter = \1;",
        text,
        flags=re.M,
    )
    return f"(() => {{\n{text}\n}})();"


def _data(figures: Mapping[str, Chart]) -> str:
    """What the script reads first, as JSON that cannot end its element."""
    text = compact(
        {
            "figures": {place: one.spec() for place, one in figures.items()},
            "themes": {theme: config(theme) for theme in CATEGORIES},
        }
    )
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
