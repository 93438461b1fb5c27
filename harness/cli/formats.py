"""`harness formats`: which formats there are, and how each can be read."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.common import add_flags, output
from harness.cli.printer import print_json, print_lines, print_tables
from harness.formats.registry import FORMATS, Format, format_named
from harness.options import Flag
from harness.table import Table

EPILOG = """\
Every command that reads annotations takes a source: PATH?option=value&...
Without an option the format is told by the file's content, and the format finds out the rest.
Every format has the option `format`; as gold, `labels` (annotated though none may occur) and
`schema` too.

examples:
  harness formats
  harness formats conll
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="*", help="only these formats, with all their options")
    add_flags(parser, *output("everything, for machines", tables=False))


def run(args: argparse.Namespace) -> int:
    print_formats([format_named(name) for name in args.name], as_json=args.json)
    return 0


def print_formats(formats: list[Format] | None = None, *, as_json: bool) -> None:
    """The formats named, each with all that is to be said of it, or a table of all."""
    if as_json:
        print_json([_as_json(item) for item in formats or FORMATS.values()])
    elif formats:
        for item in formats:
            print_lines(_described(item))
    else:
        rows = tuple(
            (item.name, "yes" if item.writes else "no", item.summary) for item in FORMATS.values()
        )
        print_tables([Table("Formats", ("format", "write", "what"), rows)], "simple")
        print_lines(["", "harness formats NAME says its options, what it loses, and shows one."])


def _as_json(item: Format) -> dict[str, Any]:
    return {
        "format": item.name,
        "read": True,
        "write": item.writes,
        "holds": item.holds if item.writes else "",
        "loses": item.loses,
        "what": item.summary,
        "options": {spelled(flag): flag.help for flag in item.options},
        "write_options": {spelled(flag): flag.help for flag in item.write_options},
        "example": item.example,
    }


def spelled(flag: Flag) -> str:
    """An option as a source spells it."""
    return flag.name.replace("_", "-")


def explained(flag: Flag) -> str:
    """What an option does, what it may be, and its default."""
    parts = [flag.help]
    if flag.choices:
        parts.append(f"one of {', '.join(flag.choices)}")
    if flag.default not in (None, False):
        parts.append(f"default: {flag.default}")
    return "; ".join(parts)


def _described(item: Format) -> list[str]:
    lines = [f"{item.name}: {item.summary}"]
    for title, flags in (("reading", item.options), ("writing", item.write_options)):
        if flags:
            lines.append(f"  options of {title}:")
            lines += [f"    {spelled(flag)}: {explained(flag)}" for flag in flags]
    if item.loses:
        lines.append(f"  reading leaves out: {item.loses}")
    lines.append(f"  writing keeps: {item.holds}" if item.writes else "  cannot be written")
    return [*lines, *(f"  | {line}" for line in item.example.splitlines()), ""]
