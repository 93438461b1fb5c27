"""`harness predict`: one backend over documents, its annotations as JSON lines."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.annotation import Annotations, Record
from harness.cli.common import LABELS_FLAG, TASK, add_flags, chosen_cache, worker
from harness.errors import InputError, NothingMeasured
from harness.formats.source import Source
from harness.options import build
from harness.registry import BackendSpec, adapter_of

if TYPE_CHECKING:
    from harness.formats.parts import PartFile

EPILOG = """\
DOCS is a file of JSON lines with "id" and "text", a .txt file, or a folder of .txt files; or any
source that is read: other formats, compressed, 'parts/*.jsonl.gz', s3://bucket/documents.jsonl.
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
    documents = _documents(docs)
    number = words = 0
    for record in documents():
        number += 1
        words += len((record.text or "").split())
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        cache = chosen_cache(args)
        store = None if cache is None else stack.enter_context(Store(cache))
        what = [str(spec), task, args.labels, _place(docs), args.out, str(Path.cwd())]
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
        shown = progress.task(f"{spec.row} ({task})", number, words=words)
        asked = (
            Query(record.id, record.text or "", document_digest(record.text or ""))
            for record in documents()
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


def _place(source: Source) -> str:
    from harness.formats.source import is_remote

    return source.path if is_remote(source.path) else str(Path(source.path).resolve())


def _documents(source: Source) -> Callable[[], Iterator[Record]]:
    """What reads, each time anew, the documents of a folder of .txt, of .txt files, of JSON lines,
    or of a source of any format; ids are never the same."""
    from harness.formats import jsonl
    from harness.formats.files import files_in, is_there
    from harness.formats.opening import located, open_source
    from harness.formats.parts import PartFile
    from harness.formats.source import is_glob, is_remote

    path = Path(source.path)
    here = not source.options and not is_remote(source.path)
    if here and is_there(path) and path.is_dir():
        files = [PartFile(str(file)) for file in files_in(path, ".txt").values()]
        if files:
            return lambda: _texts(files)
        try:
            reader = open_source(source)
        except InputError:
            raise InputError("no .txt file in this folder", path=path) from None
        return lambda: _with_texts(source, reader.records())
    if source.path.endswith(".txt") and not source.options.keys() - {"remote-timeout"}:
        parts = located(source).parts
        return lambda: _texts(parts)
    if here and path.suffix in ("", ".jsonl", ".json") and not is_glob(source.path):
        return lambda: _with_texts(source, jsonl.read(path))
    opened = open_source(source)
    return lambda: _with_texts(source, opened.records())


def _texts(files: Iterable[PartFile]) -> Iterator[Record]:
    from harness.formats.files import read_text

    seen: dict[str, str] = {}
    for file in files:
        with file.named():
            path = Path(file.path)
            first = seen.setdefault(path.stem, file.shown)
            if first != file.shown:
                raise InputError(f"two texts for document {path.stem!r}: {first}", path=path)
            yield Record(path.stem, read_text(path), Annotations())


def _with_texts(source: Source, records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        if record.text is None:
            raise InputError(f"document {record.id!r} has no text", path=source.path)
        yield record
