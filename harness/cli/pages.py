"""Pages and figures that several verbs write: the options, and how it is said."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.options import Flag, comma_list

if TYPE_CHECKING:
    from harness.report.figures.figure import Chart

__all__ = ["HTML", "figure_flags", "write_charts", "write_page"]

HTML = Flag("write one self-contained page instead of printing", name="html", metavar="FILE")


def figure_flags() -> tuple[Flag, ...]:
    """`--figures` and `--figure-format`."""
    return (
        Flag("write every figure into a folder", name="figures", metavar="FOLDER", group="figures"),
        Flag(
            "svg, png, pdf, json (the specification); default: svg,png,pdf",
            name="figure_format",
            metavar="A,B",
            default=(),
            parse=comma_list,
            group="figures",
        ),
    )


def write_page(path: str, text: str) -> None:
    """Write a page, and say so."""
    from harness.cli.printer import note
    from harness.formats.files import write_text

    write_text(path, text)
    note(f"wrote {path}")


def write_charts(args: argparse.Namespace, charts: Sequence[Chart]) -> None:
    """Write figures as `figure_flags` ask, and say so."""
    from harness.cli.printer import note
    from harness.report.figures.write import FIGURE_FORMS, write_figures

    files = write_figures(charts, args.figures, args.figure_format or FIGURE_FORMS[:3])
    note(f"wrote {len(files)} files into {args.figures}")
