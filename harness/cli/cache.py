"""`harness cache`: what the predictions store holds, and why it does or does not answer."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cli.common import TASK, add_flags, chosen_cache, output, store
from harness.cli.printer import print_json, print_lines
from harness.coding import encode
from harness.errors import NothingMeasured, UsageError
from harness.formats.files import is_there
from harness.options import Flag, flags_of
from harness.paths import FACTS, PREDICTIONS
from harness.registry import BackendSpec, adapter_of
from harness.run.copying import Copied
from harness.run.options import WorkerOptions
from harness.run.store import Store, StoredBackend
from harness.table import plural

EPILOG = """\
list     every key in the store with how many predictions it has
explain  whether a run would find BACKEND's predictions; if not, which field of the key differs
prune    forget predictions: --all, with what is known of gold sets; those of one BACKEND; or those
         --stale (not the newest key of their backend and task)
merge    copy all that other stores have into this one; each STORE is a folder, or the file
         predictions.sqlite in it, and stays as it is
gold     count large gold sets once, so that runs and shards need not: JSON lines of 1 MiB and more

examples:
  harness cache list
  harness cache explain spacy/en_core_web_sm --gold seeds
  harness cache prune --stale
  harness cache merge shards/1/store shards/2/store
  harness cache gold large.jsonl
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "explain", "prune", "merge", "gold"))
    parser.add_argument(
        "backend",
        nargs="*",
        metavar="BACKEND|STORE|GOLD",
        help="a backend, as spacy/en_core_web_sm; merge: stores to copy from; gold: gold sets",
    )
    parser.add_argument(
        "--gold", metavar="NAME", help="explain: the gold set to look its documents up for"
    )
    add_flags(parser, replace(TASK, help="explain: only this task"), *_keyed())
    parser.add_argument("--all", action="store_true", help="prune: everything")
    parser.add_argument("--stale", action="store_true", help="prune: keys that were replaced")
    add_flags(parser, *output("for machines", tables=False), *store(bypass=False))


def _keyed() -> list[Flag]:
    """The options of a run that its key depends on."""
    keyed = [flag for flag in flags_of(WorkerOptions) if flag.keyed]
    return [replace(flag, help="explain: as the run has it", group="") for flag in keyed]


def run(args: argparse.Namespace) -> int:
    folder = chosen_cache(args)
    assert folder is not None
    named = args.backend
    if args.action == "merge":
        return _merge(folder, named, as_json=args.json)
    if args.action == "gold":
        return _gold(folder, named, as_json=args.json)
    if len(named) > 1:
        raise UsageError(f"cache {args.action} takes one BACKEND at most, found {len(named)}")
    args.backend = named[0] if named else None
    if args.action != "explain" and not is_there(folder / PREDICTIONS):
        if args.json:
            print_json([])
        else:
            print_lines([f"there is no predictions store in {folder}"])
        return 0
    with Store(folder) as store:
        if args.action == "list":
            return _list(store, args)
        if args.action == "prune":
            return _prune(store, args)
        return _explain(store, args)


def _list(store: Store, args: argparse.Namespace) -> int:
    items = [item for item in store.backends() if args.backend in (None, item.name)]
    if args.json:
        print_json([_row(item) for item in items])
        return 0
    size = Path(store.path).stat().st_size
    print_lines([*map(_line, items), f"{len(items)} keys, {size / 1e6:.1f} MB in {store.path}"])
    return 0


def _line(item: StoredBackend) -> str:
    model = item.fields.get("model", {})
    return (
        f"{item.digest[:12]}  {item.predictions:>8}  {item.name} ({item.fields.get('task')})  "
        f"{model.get('name', '')} {model.get('version') or model.get('digest', '')[:8]}  "
        f"last used {item.used}"
    )


def _prune(store: Store, args: argparse.Namespace) -> int:
    if sum((args.all, args.stale, args.backend is not None)) != 1:
        raise UsageError("cache prune needs one of --all, --stale, or the name of a backend")
    known = store.backends()
    if args.all:
        going = known
    elif args.backend is not None:
        going = [item for item in known if item.name == args.backend]
        if not going:
            names = ", ".join(sorted({item.name for item in known})) or "none"
            raise UsageError(f"the store has nothing of {args.backend!r}; it has: {names}")
    else:
        going = _stale(known)
    gone = store.prune(item.id for item in going)
    if args.all:
        shutil.rmtree(store.path.with_name(FACTS), ignore_errors=True)
    if args.json:
        print_json({"keys": len(going), "predictions": gone})
    else:
        print_lines([f"{len(going)} keys with {gone} predictions removed"])
    return 0


def _stale(known: list[StoredBackend]) -> list[StoredBackend]:
    newest: dict[tuple[str, str], StoredBackend] = {}
    for item in known:
        place = (item.name, str(item.fields.get("task")))
        if place not in newest or (item.used, item.id) > (newest[place].used, newest[place].id):
            newest[place] = item
    kept = {item.id for item in newest.values()}
    return [item for item in known if item.id not in kept]


def _merge(folder: Path, sources: list[str], *, as_json: bool) -> int:
    if not sources:
        raise UsageError("cache merge needs the stores to copy from: folders, or their files")
    with Store(folder) as store:
        merged = store.merge(sources)
    if as_json:
        print_json([{"store": str(file), **encode(copied)} for file, copied in merged])
    else:
        print_lines(line for file, copied in merged for line in _copied_lines(file, copied))
    return 2 if any(copied.other_version for _, copied in merged) else 0


def _copied_lines(file: Path, copied: Copied) -> Iterator[str]:
    if copied.other_version:
        yield f"{file}: nothing copied, it is {copied.other_version}"
        return
    new = f"{plural(copied.predictions, 'prediction')} and {plural(copied.keys, 'key')} copied"
    yield f"{file}: {new}, {plural(copied.same, 'prediction')} were here"
    for name, number in sorted(copied.differing.items()):
        different = plural(number, "other answer")
        yield f"  {different} of {name} than those here, which stay: it is unstable"
    if copied.damaged:
        yield f"  not copied: {plural(copied.damaged, 'damaged prediction')}"
    if copied.unproven_keys:
        yield (
            f"  not copied: {plural(copied.unproven, 'prediction')} under "
            f"{plural(copied.unproven_keys, 'key')} of a single run, proven for no other"
        )


def _gold(folder: Path, named: list[str], *, as_json: bool) -> int:
    from harness.gold.known import why_not_kept, with_known_facts
    from harness.gold.loading import load_goldset
    from harness.run.proof import own_code

    if not named:
        raise UsageError("cache gold needs the gold sets to count: names, files or folders")
    rows = []
    for goldset in [load_goldset(name) for name in named]:  # A wrong name is told at once.
        found = with_known_facts(goldset, [folder], own_code(), required=True)
        known, why = found.known, why_not_kept(goldset) or "it was written to meanwhile"
        row: dict[str, Any] = {"gold": goldset.name, "kept": known is not None}
        if known is None:
            said, row["reason"] = f"nothing is kept: {why}", why
        else:
            row |= {"documents": known.documents, "digest": found.digest}
            said = f"{plural(known.documents, 'document')}, digest {found.digest[:12]}: kept"
        rows.append(row)
        if not as_json:
            print_lines([f"{goldset.name}: {said}"])
    if as_json:
        print_json(rows)
    return 0


def _explain(store: Store, args: argparse.Namespace) -> int:
    from harness.gold.loading import load_goldset
    from harness.run.reasons import reasons_for

    if args.backend is None:
        raise UsageError("cache explain needs the name of a backend")
    spec = BackendSpec.parse(args.backend)
    gold = load_goldset(args.gold) if args.gold else None
    declared = adapter_of(spec).declaration
    given = {flag.name: getattr(args, flag.name) for flag in _keyed()}
    rows = [
        reasons_for(store, spec, task, gold=gold, **given)
        for task in declared.tasks
        if args.task in (None, task) and (gold is None or task in gold.tasks)
    ]
    if not rows:
        raise NothingMeasured(declared.only(spec))
    if args.json:
        print_json(rows)
    else:
        print_lines(line for row in rows for line in row.lines())
    return 0


def _row(item: StoredBackend) -> dict[str, Any]:
    return {
        "digest": item.digest,
        "backend": item.name,
        "predictions": item.predictions,
        "created": item.created,
        "used": item.used,
        "key": dict(item.fields),
    }
