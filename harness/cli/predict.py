"""`harness predict`: one backend over documents, its annotations as JSON lines."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from harness.annotation import Annotations, Record
from harness.cli.common import LABELS_FLAG, TASK, add_flags, chosen_cache, worker
from harness.errors import InputError, NothingMeasured
from harness.formats.source import Source
from harness.options import build
from harness.registry import BackendSpec, adapter_of

EPILOG = """\
DOCS is a file of JSON lines with "id" and "text", a .txt file, or a folder of .txt files.
A document that the backend fails on has "error" instead of a layer; the exit status is then 3
only if no document was answered.

example:
  harness predict spacy/en_core_web_sm --docs seeds --out predictions.jsonl
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backend", help="for example spacy/en_core_web_sm")
    parser.add_argument("--docs", required=True, metavar="DOCS", help="documents to annotate")
    parser.add_argument("--out", metavar="FILE", help="where to write (default: stdout)")
    add_flags(parser, replace(TASK, help="default: the backend's first"), LABELS_FLAG)
    parser.add_argument("--with-text", action="store_true", help="write the texts, too")
    add_flags(parser, *worker())


def run(args: argparse.Namespace) -> int:
    from harness.formats import jsonl
    from harness.formats.files import atomic_writer
    from harness.media import json_text
    from harness.run.key import document_digest
    from harness.run.predictions import Predictions, PredictOptions
    from harness.run.predictor import Query
    from harness.run.progress import Progress
    from harness.run.store import Store, taken_up

    spec = BackendSpec.parse(args.backend)
    task = adapter_of(spec).declaration.task_for(spec, args.task)
    docs = Source.parse(args.docs)
    path = Path(docs.path)
    documents = words = 0
    for record in _documents(docs):
        documents += 1
        words += len((record.text or "").split())
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        cache = chosen_cache(args)
        store = None if cache is None else stack.enter_context(Store(cache))
        what = [str(spec), task, args.labels, str(path.resolve()), args.out, str(Path.cwd())]
        token = "" if store is None else stack.enter_context(taken_up(store, ["predict", *what]))
        predictions = Predictions(
            spec,
            task=task,
            labels=args.labels,
            options=build(PredictOptions, vars(args), timed=False, run=token),
            store=store,
        )
        out = stack.enter_context(atomic_writer(args.out)) if args.out else sys.stdout
        progress = Progress(quiet=args.quiet)
        shown = progress.task(f"{spec.row} ({task})", documents, words=words)
        asked = (
            Query(record.id, record.text or "", document_digest(record.text or ""))
            for record in _documents(docs)
        )
        for prediction in stack.enter_context(closing(predictions.round(asked, bar=shown))):
            error, problems = prediction.error, prediction.problems
            text = prediction.text if args.with_text else None
            layers = prediction.annotations or Annotations()
            line = jsonl.dumps(Record(prediction.id, text, layers, error=error)) + "\n"
            out.write(line if args.out else json_text(line))
            for problem in problems[: max(0, 5 - counts["dropped"])]:
                progress.note(f"{spec.row}: {prediction.id}: dropped {problem}")
            counts["dropped"] += len(problems)
            counts["answered" if error is None else "failed"] += 1
            if error is not None and counts["failed"] <= 5:
                progress.note(f"{spec.row}: {prediction.id}: {error}")
        shown.finish()
        if predictions.damaged:
            progress.note(f"{spec.row}: {predictions.damaged}")
    if counts["dropped"]:
        progress.note(
            f"{spec.row}: {counts['dropped']} span(s) could not be used and were left out"
        )
    if not counts["answered"]:
        raise NothingMeasured(f"{spec.row} answered none of {counts['failed']} documents")
    return 0


def _documents(source: Source) -> Iterator[Record]:
    """Documents of a folder of .txt, of one .txt, of JSON lines, or of a source of any format; ids
    are never the same."""
    from harness.formats import jsonl
    from harness.formats.files import files_in, is_there, read_text
    from harness.formats.registry import read_any

    path = Path(source.path)
    if not source.options and is_there(path) and path.is_dir():
        files = list(files_in(path, ".txt").values())
        if not files:
            raise InputError("no .txt file in this folder", path=path)
    elif not source.options and path.suffix == ".txt":
        files = [path]
    else:
        lines = not source.options and path.suffix in ("", ".jsonl", ".json")
        for record in jsonl.read(path) if lines else read_any(source):
            if record.text is None:
                raise InputError(f"document {record.id!r} has no text", path=path)
            yield record
        return
    for file in files:
        yield Record(file.stem, read_text(file), Annotations())
