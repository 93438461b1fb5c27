"""Checking gold: that a card says the truth, that files can be read, that labels look right.

Errors make a gold set unusable or untrustworthy; warnings are for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.annotation import Record
from harness.curation.validate.card import check_card, listed_documents
from harness.curation.validate.finding import Finding, Severity
from harness.curation.validate.lints import lint_record, lint_strings
from harness.digest import digest_text
from harness.errors import HarnessError, InputError, SchemaError
from harness.formats import brat
from harness.formats.files import files_in, is_there, read_text
from harness.formats.losses import Losses
from harness.formats.reader import Reader
from harness.formats.source import Source, is_remote, leads_to_files
from harness.gold.card import card_texts
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.labels.schema import Schema
from harness.paths import CARD
from harness.tasks.registry import task_named

__all__ = ["Validation", "validate"]


_REMARKABLE = 200
"""Code points from which on the same text twice in one set is no chance repetition of a line."""


class Validation:
    """Checks one gold set after another; knows the documents of those that it has seen.

    Give all the sets at once to learn of a document that lies in two of them.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}

    def remember(self, path: str | Path) -> None:
        """Know the texts of a gold set without checking it; an unreadable one is left out."""
        try:
            gold = load_goldset(path)
            if gold.card and "texts" in gold.card:
                files = card_texts(gold.card, gold.path)
                texts = [(id_, read_text(file)) for id_, file in files.items()]
            else:
                texts = [(record.id, record.text or "") for record in gold.records()]
        except InputError:
            return
        for id_, text in texts:
            if text:
                self._seen.setdefault(digest_text(text), (str(path), id_))

    def check(
        self,
        path: str | Path,
        *,
        schema: str | None = None,
        format: str | None = None,  # noqa: A002  named as the option is
    ) -> Iterator[Finding]:
        """Everything about one gold set, file or folder; errors of reading are findings too.

        Raises `InputError` only when there is nothing at that path.
        """
        try:
            gold = load_goldset(path, schema=schema, format=format)
        except InputError as error:
            place = Source.parse(path).path
            if not leads_to_files(place):
                raise
            yield _unreadable(error, place)
            return
        if gold.card:
            yield from check_card(gold)
        broken = False
        for finding in _readable(gold):
            broken = broken or finding.severity == "error"
            yield finding
        if not broken:
            yield from self._labels(gold)

    def _labels(self, gold: GoldSet) -> Iterator[Finding]:
        try:
            schema = gold.schema
        except SchemaError as error:
            yield _unreadable(error, gold.place)
            schema = None
        nested = bool(gold.card.get("nested", False)) if gold.card else False
        bare, absent = 0, listed_documents(gold.card)
        for record in gold.records():
            absent.discard(record.id)
            bare += record.text is None
            yield from self._known(gold, record)
            yield from _layers(gold, record)
            yield from lint_record(record, schema=_checkable(schema), nested=nested)
        for id_ in sorted(absent):
            message = f"lists document {id_!r}, which is not in {gold.card.get('data')}"
            yield Finding("error", "card", message, str(gold.path / CARD))
        yield from lint_strings(gold.records, path=gold.place)
        if bare:
            yield Finding(
                "warning",
                "no-text",
                f"{bare} document{'s have' if bare > 1 else ' has'} no text: whether offsets lie "
                "inside it and what the spans say was not checked",
                gold.place,
            )
        for name in gold.annotators:
            try:
                for record in gold.annotator(name):
                    yield from lint_record(
                        record, schema=_checkable(schema), nested=nested, path=f"annotator {name}"
                    )
            except InputError as error:
                yield _unreadable(error)

    def _known(self, gold: GoldSet, record: Record) -> Iterator[Finding]:
        if not record.text:
            return
        digest = digest_text(record.text)
        if digest in self._seen:
            name, id_ = self._seen[digest]
            if name == gold.place and len(record.text) < _REMARKABLE:
                return
            place = "twice in this set" if name == gold.place else f"also in {name}"
            yield Finding(
                "warning", "same-document", f"the text is {place}, as {id_!r}", "", None, record.id
            )
        else:
            self._seen[digest] = (gold.place, record.id)


def validate(
    *paths: str | Path,
    schema: str | None = None,
    format: str | None = None,  # noqa: A002  named as the option is
) -> list[Finding]:
    """All findings about gold sets, and about documents that they share with their neighbours.

    Neighbours are the gold sets in the same folder: a document must not lie in two of them.
    """
    validation = Validation()
    named = [place for place in (Source.parse(path).path for path in paths) if not is_remote(place)]
    own = {Path(place).resolve() for place in named if is_there(place)}
    for path in own:
        if (path / CARD).is_file():
            for card in sorted(path.parent.glob(f"*/{CARD}")):
                if card.parent not in own:
                    validation.remember(card.parent)
    return [
        finding
        for path in paths
        for finding in validation.check(path, schema=schema, format=format)
    ]


def _checkable(schema: Schema | None) -> Schema | None:
    return schema if schema is not None and schema.origin is not None else None


def _unreadable(error: HarnessError, path: str | None = None) -> Finding:
    if not isinstance(error, InputError):
        return Finding("error", "unreadable", str(error), str(path or ""))
    place = str(error.path or path or "")
    return Finding("error", "unreadable", error.message, place, error.line, hint=error.hint or "")


def _layers(gold: GoldSet, record: Record) -> Iterator[Finding]:
    """An error where the card says that all documents have the layer; a file may be of documents
    that nobody has labelled yet."""
    kind: Severity = "error" if gold.card else "warning"
    for task in gold.tasks:
        if not task_named(task).is_annotated(record):
            message = f"no layer for {task}: not scored in it"
            yield Finding(kind, "missing-layer", message, gold.place, None, record.id)


def _readable(gold: GoldSet) -> Iterator[Finding]:
    """Everything that cannot be read: all faulty lines and spans where the format tells them apart,
    else the first."""
    if gold.card and "texts" in gold.card:
        yield from _readable_layers(gold)
        return
    path, reader = gold.place, None
    losses = Losses("collect")
    try:
        reader = gold.reader()
        path = path if reader is None else reader.source.path
        if reader is not None and reader.faulty == "leave-out":
            losses = Losses("leave-out")
        for _ in gold.read(losses):
            pass
    except HarnessError as error:
        yield _unreadable(error, path)
    yield from map(_unreadable, _helped(losses.faults, reader))
    yield from _not_held(losses, path)


def _helped(faults: list[InputError], reader: Reader | None) -> Iterator[InputError]:
    """The first fault that an option of the reader may mend says which; all have one cause."""
    first = next((fault for fault in faults if fault.options is not None), None)
    for fault in faults:
        yield reader.helped(fault) if fault is first and reader is not None else fault


def _not_held(losses: Losses, path: str) -> Iterator[Finding]:
    for message, count in sorted(losses.items()):
        if losses.faults and message.startswith("faulty "):
            continue  # Each is a finding.
        yield Finding("warning", "not-held", f"{count} {message}", path)


def _readable_layers(gold: GoldSet) -> Iterator[Finding]:
    try:
        texts = {id_: read_text(file) for id_, file in card_texts(gold.card, gold.path).items()}
    except InputError as error:
        yield _unreadable(error)
        return
    folders = [gold.path / str(gold.card.get("layers", ".")), *gold.annotators.values()]
    for folder in folders:
        for file in files_in(folder, ".ann").values():
            try:
                if file.stem not in texts:
                    raise InputError(f"annotates {file.stem!r}, which is no document", path=file)
                losses = Losses("collect")
                brat.read_ann(file, texts[file.stem], losses=losses)
                yield from map(_unreadable, losses.faults)
                yield from _not_held(losses, str(file))
            except InputError as error:
                yield _unreadable(error)
    if not any(folders[0].glob("*.ann")):
        yield Finding("error", "unreadable", "holds no .ann file", str(folders[0]))
