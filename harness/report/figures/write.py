"""Figures as files for slides and papers; the extra `figures` draws them without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.annotation import printable
from harness.errors import LibraryMissing, UsageError, nearest
from harness.formats.files import new_file
from harness.report.figures.figure import Chart, Spec, shown
from harness.report.figures.theme import config

__all__ = ["FIGURE_FORMS", "write_figures"]

FIGURE_FORMS = ("svg", "png", "pdf", "json")
"""`json` is the specification itself, which needs no extra."""

_WIDTH = 640
_SCALE = 2.0
_VERSION = "6.4"
"""Of Vega-Lite, as the page has it (`assets/vendor/vendor.toml`)."""


def write_figures(
    figures: Sequence[Chart], folder: str | Path, forms: Sequence[str] = ("svg", "png", "pdf")
) -> list[Path]:
    """Write every figure in every form; returns the files.

    A figure is 640 pixels wide, on a white ground, PNG at twice that. Raises `UsageError` for an
    unknown form, `LibraryMissing` without the extra, `InputError` where a file cannot be written.
    Nothing is loaded from a network.
    """
    for form in forms:
        if form not in FIGURE_FORMS:
            raise UsageError(f"unknown form of a figure {form!r}{nearest(form, FIGURE_FORMS)}")
    draw = _drawers() if set(forms) - {"json"} else {}
    out: list[Path] = []
    taken: set[str] = set()
    for figure in figures:
        name = _free(figure.name, taken)
        spec = {
            **figure.spec(),
            "width": _WIDTH,
            "title": {"text": shown(figure.title), "subtitle": shown(figure.about)},
            "config": config("light"),
        }
        spec = _printable(spec)
        for form in forms:
            path = Path(folder) / f"{name}.{form}"
            with new_file(path) as draft:
                draft.write_bytes(_as_json(spec) if form == "json" else draw[form](spec))
            out.append(path)
    return out


def _printable(value: Any) -> Any:
    """The same without control characters, which no XML can hold, in names and labels."""
    if isinstance(value, dict):
        return {key: _printable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    return printable(value) if isinstance(value, str) else value


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered where another has it; to some disks upper and lower case are one."""
    free, number = name, 2
    while free.lower() in taken:
        free = f"{name}-{number}"
        number += 1
    taken.add(free.lower())
    return free


def _as_json(spec: Spec) -> bytes:
    return (json.dumps(spec, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _drawers() -> dict[str, Callable[[Spec], bytes]]:
    try:
        library: Any = import_module("vl_convert")
    except ImportError:
        raise LibraryMissing(
            "figures are drawn by vl-convert-python, which is not installed; --figure-format json "
            "gives the specifications without it",
            extra="figures",
        ) from None
    said = {"vl_version": _VERSION, "allowed_base_urls": []}
    return {
        "svg": lambda spec: library.vegalite_to_svg(spec, **said).encode(),
        "png": lambda spec: library.vegalite_to_png(spec, scale=_SCALE, **said),
        "pdf": lambda spec: library.vegalite_to_pdf(spec, **said),
    }
