"""`harness score --as`: what of the other options another scorer can honour, and what it prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.cli.printer import print_json, print_lines
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.results.scored import Scored

__all__ = ["HONOURED", "REFUSED", "print_as", "refuse"]

HONOURED = frozenset({"gold", "pred", "task", "schema", "scorer", "json"})
"""What decides which files and labels are compared, and whether a machine reads the numbers."""

REFUSED: Mapping[str, str] = {
    "match": "it has its own rule of what is right (nervaluate prints four of them)",
    "boundary": "it compares the spans as they stand",
    "types": "it scores every label that there is",
    "beta": "it knows F1 alone",
    "levels": "it has units of its own",
    "strict_labels": "it takes any label",
    "doctor": "the causes are looked for in the score of the harness",
    "confusion": "it has no confusion matrix",
    "columns": "its numbers stand in no table",
    "format": "its numbers are printed under its own names, as JSON",
}
"""The options that no other scorer can honour, by their names in the code, and why."""


def refuse(
    args: argparse.Namespace,
    configure: Callable[[argparse.ArgumentParser], None],
    *,
    labelled: bool,
) -> None:
    """Raise `UsageError` for an option that was given and would do nothing.

    `configure` adds the options of `harness score` to a parser: its defaults are not "given".
    `labelled` says whether the task is of labelled spans.
    """
    if not labelled:
        raise UsageError(
            f"--as {args.scorer} scores entities only: give a --task of labelled spans, or leave "
            "--as out"
        )
    parser = argparse.ArgumentParser()
    configure(parser)
    for name, why in REFUSED.items():
        value = getattr(args, name, None)
        if value != parser.get_default(name):
            said = ",".join(value) if isinstance(value, tuple) else value
            flag = f"--{name.replace('_', '-')}" + ("" if value is True else f" {said}")
            raise UsageError(
                f"--as {args.scorer} cannot go with {flag}: {why}; leave one of the two out"
            )


def print_as(scorer: str, scored: Scored, *, as_json: bool) -> int:
    """Print what another scorer says of entities that were counted, and why it differs."""
    from harness.coding import encode
    from harness.interop.ask import as_scorer

    result = as_scorer(scorer, scored)
    assumed = scored.assumptions
    if as_json:
        print_json({**encode(result), "assumed": assumed})
    else:
        print_json(result.scores)
        print_lines(["", *result.explanation.splitlines(), *assumed])
    return 0
