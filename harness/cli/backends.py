"""`harness backends`: what there is, what it gives, whether it runs here."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from harness import registry
from harness.adapter import AnyAdapter, ModelIdentity
from harness.cli.common import TASK, add_flags, output
from harness.cli.printer import note, print_json, print_tables
from harness.errors import BackendFailed
from harness.registry import BackendSpec
from harness.run.environments import find_environment, left_behind
from harness.table import Table

EPILOG = """\
Reads the adapters' own declarations; no wrapped library is imported. What has an environment of its
own (harness env) is asked there.

example:
  harness backends --json | python -m json.tool
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backend", nargs="*", help="only these, for example spacy/en_core_web_sm")
    add_flags(parser, TASK, *output("everything declared, for machines"))


def run(args: argparse.Namespace) -> int:
    specs = [BackendSpec.parse(name) for name in args.backend] or _listed()
    rows = [_describe(spec, registry.adapter(spec.adapter), model=args.json) for spec in specs]
    if args.task:
        rows = [row for row in rows if args.task in row["tasks"]]
    if args.json:
        print_json(rows)
        return 0
    table = Table(
        "Backends",
        ("backend", "tasks", "here", "code", "model", "what it is"),
        tuple(
            (
                row["backend"],
                ", ".join(row["tasks"]),
                row["here"],
                row["code_licence"],
                row["model_licence"] or None,
                row["summary"],
            )
            for row in rows
        ),
        notes=tuple(f"{row['backend']}: {row['reason']}" for row in rows if not row["available"]),
        optional=("model", "code"),
    )
    print_tables([table], args.format, args.columns)
    if left := left_behind():
        note(left)
    return 0


def _listed() -> list[BackendSpec]:
    """Default models of every adapter; an adapter without one is listed by its bare name."""
    return [
        BackendSpec(name, model)
        for name, adapter in registry.adapters()
        for model in adapter.declaration.default_models or ("",)
    ]


def _describe(spec: BackendSpec, adapter: AnyAdapter, *, model: bool) -> dict[str, Any]:
    """What is declared; with `model` also which one it is, for which its files are hashed.

    What an adapter declares of weights is said of its default models; another model speaks for
    itself, or nothing is known of it.
    """
    declared = asdict(adapter.declaration)
    default = not spec.model or spec.model in adapter.declaration.default_models
    identity: ModelIdentity | None = None
    environment, broken = spec.adapter, False
    try:
        if find_environment(spec.adapter) is None:
            environment = ""
            reason = adapter.unavailable(spec.model)
            if reason is None and (model or not default):
                identity = adapter.identity(spec.model)
        else:
            from harness.run.launch import describe_backend

            description = describe_backend(spec, prove=False)
            reason, identity = description.unavailable, description.model
    except BackendFailed as error:
        reason, broken = str(error), True
    # A program tells in its hello which model it is; a model that nothing is known of is not here.
    absent = not default and identity is None and not spec.external
    here = "broken" if broken else "no" if reason else "with --online" if absent else "yes"
    if not default:
        declared["model_licence"] = identity.licence if identity else ""
    return {
        "backend": str(spec),
        "available": reason is None,
        "here": here,
        "reason": reason,
        "environment": environment,
        **declared,
        "model": None if identity is None else {**asdict(identity), "notes": dict(identity.notes)},
    }
