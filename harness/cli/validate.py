"""`harness validate`: check gold sets and files of annotations."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace

from harness.cli.common import add_flags, output
from harness.cli.printer import note, print_json, print_lines, print_whole
from harness.curation.validate.card import sums_as_toml
from harness.curation.validate.finding import Finding
from harness.curation.validate.validate import validate
from harness.formats.source import Source, leads_to_files
from harness.formats.urls import hidden_in
from harness.gold.loading import load_goldset
from harness.table import plural

EPILOG = """\
Reads a gold set (a folder with goldset.toml, or its name), a file or a folder of annotations in
any format that `harness convert` reads. Errors make it unusable: exit status 2. Warnings are for
a person to look at: exit status 0, unless --strict.

checks: unreadable (offsets, span text, broken lines), not-held, no-text, card, sha256, agreement,
missing-layer, unknown-label, overlap, duplicate, white-space-edge, punctuation-edge, two-labels,
nested, unlabelled-repeat, normal-form, odd-character, same-document

examples:
  harness validate goldsets/seeds
  harness validate predictions.jsonl --schema ontonotes5
  harness validate goldsets/*/ --json
"""

_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="+", help="gold set, file or folder; several are compared")
    parser.add_argument("--schema", help="check labels against this schema (name or TOML file)")
    parser.add_argument("--from", dest="format", help="format of a file, where it is not guessed")
    parser.add_argument("--strict", action="store_true", help="warnings fail as well")
    parser.add_argument("--all", action="store_true", help=f"show more than {_SHOWN} of a kind")
    add_flags(parser, *output("all findings, for machines", tables=False))
    parser.add_argument(
        "--sums", action="store_true", help="print the sha256 tables for the card, check nothing"
    )


def run(args: argparse.Namespace) -> int:
    if args.sums:
        for path in args.path:
            print_whole(sums_as_toml(load_goldset(path)))
        return 0
    findings = validate(*map(_located, args.path), schema=args.schema, format=args.format)
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    status = 2 if errors or (args.strict and warnings) else 0
    if args.json:
        out = {
            "errors": errors,
            "warnings": warnings,
            "findings": [finding.as_json() for finding in findings],
        }
        print_json(out)
        return status
    _show(findings, whole=args.all)
    names = ", ".join(map(hidden_in, args.path))
    print_lines([f"{names}: {plural(errors, 'error')}, {plural(warnings, 'warning')}"])
    return status


def _located(said: str) -> str:
    """A source as it is, or a gold set's name as its folder."""
    source = Source.parse(said)
    if leads_to_files(source.path):
        return str(source)
    return str(replace(source, path=str(load_goldset(source.path).path)))


def _show(findings: list[Finding], *, whole: bool) -> None:
    shown: Counter[str] = Counter()
    for finding in sorted(findings, key=lambda f: f.severity):
        shown[finding.check] += 1
        if whole or shown[finding.check] <= _SHOWN:
            print_lines(finding.lines())
    for check, count in shown.items():
        if not whole and count > _SHOWN:
            note(f"… and {count - _SHOWN} more [{check}] (--all shows them)")
