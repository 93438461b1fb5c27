"""Gold sets: documents with hand-made layers, a card (`goldset.toml`), and a digest of it all.

    name = "seeds"                       # and version, description, language, licence, guidelines
    tasks = ["ner", "attribution"]       # layers that were annotated; an empty one counts as such
    schema = "ontonotes5"                # a name, or a TOML file in this folder
    texts = "../../seeds"                # a folder of <id>.txt, or a list of folders
    layers = "."                         # a folder of <id>.ann, what the harness scores against
    [annotators]
    a = "annotators/a"                   # each annotator's own folder of <id>.ann
    [[documents]]
    id = "000_23a35c672fad7310"
    origin = "where it comes from"
    [sha256.texts]                       # also [sha256.layers], [sha256.annotators.a]
    000_23a35c672fad7310 = "…"

Instead of `texts` and `layers` a card may name one file of any format: `data = "corpus.jsonl"`
(and `format`). A bare file or folder without a card is a gold set too, named after itself, its
schema guessed. `harness validate` checks all that a card claims.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Entity, Record, Span, TaskName
from harness.digest import digest_text
from harness.errors import InputError, UsageError, near_name, nearest
from harness.formats import brat, jsonl
from harness.formats.files import files_in, is_there, read_text
from harness.formats.losses import Losses
from harness.formats.registry import Reader, open_source
from harness.formats.source import HUB, Source
from harness.gold.card import Card, card_texts, read_card
from harness.labels.meeting import schema_of
from harness.labels.schema import Schema, load_schema
from harness.paths import CARD, goldset_folders
from harness.tasks.registry import task_named, task_names, tasks, wrong_task

__all__ = ["GoldSet", "LabelledDocuments", "known_goldsets", "load_goldset", "load_layer"]
__all__ += ["named_goldset", "record_digest"]
__all__ += ["RECOUNTED"]

RECOUNTED = "(count with --schema NAME to change it)"
"""What to do about labels whose schema was guessed."""

LabelledDocuments = dict[str, tuple[Annotations, tuple[Span, ...]]]
"""Document id -> annotations and ignore regions."""


@dataclass(frozen=True, eq=False)
class GoldSet:
    """Documents, layers and what the card says of them.

    Records are read anew each time they are asked for, so that memory stays flat; `digest`,
    `labels` and `documents` come from one pass over them, made when first needed.
    """

    name: str
    path: Path
    read: Callable[[Losses], Iterator[Record]] = field(repr=False)
    """Streams the records; what is left out is counted."""
    version: str = ""
    description: str = ""
    language: str = ""
    licence: str = ""
    card: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Everything in `goldset.toml`; empty without a card."""
    annotators: Mapping[str, Path] = field(default_factory=dict)
    """Name -> folder of that annotator's layer."""
    stated_tasks: tuple[TaskName, ...] | None = field(default=None, repr=False)
    stated_schema: Schema | None = field(default=None, repr=False)
    stated_labels: tuple[str, ...] = ()
    """Labels that were looked for, as the card or the source says, though none may occur."""
    reader: Callable[[], Reader | None] = field(default=lambda: None, repr=False)
    """How the file is read that it lies in, where it is one."""
    said: Source | None = field(default=None, repr=False)
    """How it was asked for, with the options of the gold set itself."""

    def records(self) -> Iterator[Record]:
        """Every document with its layers, in the order of the file or of the names."""
        return self.read(Losses())

    @property
    def losses(self) -> Mapping[str, int]:
        """What reading leaves out or changes, with how often."""
        return self._facts.losses

    @property
    def read_as(self) -> str:
        """What of the way it is read changes a score, such as its tag scheme; mostly nothing."""
        reader = self.reader()
        return "" if reader is None else reader.note

    @property
    def source(self) -> str:
        """The file with all options by which it is read; empty where a card says how."""
        reader = self.reader()
        return "" if reader is None else str(reader.settled)

    def texts(self) -> dict[str, str]:
        """Document id -> text."""
        return {record.id: record.text or "" for record in self.records()}

    def annotator(self, name: str, losses: Losses | None = None) -> Iterator[Record]:
        """The same documents with one annotator's layers; those without are left out."""
        if name not in self.annotators:
            known = ", ".join(sorted(self.annotators)) or "none"
            raise InputError(f"has no annotator {name!r} (known: {known})", path=self.path)
        return self._annotated_by(name, Losses() if losses is None else losses)

    def _annotated_by(self, name: str, losses: Losses) -> Iterator[Record]:
        layers = _layers(self.tasks)
        layer = load_layer(self.annotators[name], self.texts(), layers=layers, losses=losses)
        for record in self.records():
            if record.id in layer:
                annotations, ignore = layer[record.id]
                yield Record(record.id, record.text, annotations, ignore)

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """The annotated layers: what the card says, else what at least one document has."""
        return self._facts.tasks if self.stated_tasks is None else self.stated_tasks

    @property
    def schema(self) -> Schema | None:
        """What the card says, else a guess from the labels; `None` without an entity layer."""
        if self.stated_schema is not None or not self.labels:
            return self.stated_schema
        return schema_of(self.labels, self.schema_folders)

    @property
    def annotated_labels(self) -> tuple[str, ...]:
        """What its annotators looked for, in the schema's spelling and order: what a model that is
        prompted with labels is asked for. Without a stated schema these are the labels that occur.
        """
        schema = self.schema
        if schema is None:
            return ()
        occurring = {schema.canonical(label) for label in self.labels}
        stated = self.stated_schema is not None
        return tuple(label for label in schema.labels if stated or label in occurring)

    @property
    def assumed(self) -> Iterator[str]:
        """What was taken to be so because nobody stated it: a sentence, or none."""
        schema = self.schema
        if self.stated_schema is None and schema is not None:
            shown = ", ".join(sorted(self.labels))
            if schema.base is not None:
                taken = f"{schema.base} with {', '.join(schema.added)} added"
            else:
                taken = str(schema) if schema.origin else "no known schema, but a set of their own"
            yield f"gold labels {shown} taken to be {taken} {RECOUNTED}"

    @property
    def schema_folders(self) -> tuple[Path, ...]:
        """Where schemas and projections of this gold set's own may lie."""
        return (self.path,) if self.card and self.path.is_dir() else ()

    @property
    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Other names of speakers, by canonical name: `[aliases]` in the card."""
        stated = self.card.get("aliases", {})
        return {name: tuple(others) for name, others in stated.items()}

    @property
    def labels(self) -> Mapping[str, int]:
        """Labels as they are spelt, with how often each comes, of every layer that has labels.

        Those that were stated come too, be it 0 times.
        """
        total: Counter[str] = Counter(dict.fromkeys(self.stated_labels, 0))
        for counts in self._facts.labels.values():
            total.update(counts)
        return total

    def labels_of(self, layer: str) -> Mapping[str, int]:
        """Those of one layer."""
        counts: Mapping[str, int] = self._facts.labels.get(layer, {})
        return {**dict.fromkeys(self.stated_labels, 0), **counts}

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return self._facts.documents

    @property
    def digest(self) -> str:
        """sha256 over ids, texts and layers; the order of documents and of spans has no say.

        Aliases are in it where there are any: they decide which speakers are the same.
        """
        if not self.aliases:
            return self._facts.digest
        aliases = json.dumps(sorted((name, *sorted(rest)) for name, rest in self.aliases.items()))
        return digest_text(f"{self._facts.digest}{aliases}")

    def read_all(self) -> list[Record]:
        """Every record in memory; `digest`, `labels` and `documents` cost no second pass then."""
        losses = Losses()
        records = list(self.read(losses))
        self.__dict__["_facts"] = _facts_of(records, losses)
        return records

    @cached_property
    def _facts(self) -> _Facts:
        losses = Losses()
        return _facts_of(self.read(losses), losses)


@dataclass(frozen=True)
class _Facts:
    tasks: tuple[TaskName, ...]
    labels: Mapping[str, Counter[str]]
    """By layer."""
    documents: int
    digest: str
    losses: Mapping[str, int]


def _facts_of(records: Iterable[Record], losses: Losses) -> _Facts:
    labels = {task.layer: Counter[str]() for task in tasks().values() if task.labelled}
    known = {task.name: task.layer for task in tasks().values()}
    occurring: set[str] = set()
    digests = []
    for record in records:
        layers = record.annotations
        for layer, counts in labels.items():
            counts.update([item.label for item in layers.layer(layer) or ()])
        occurring.update(name for name in known if layers.layer(known[name]) is not None)
        digests.append(record_digest(record))
    total = digest_text("".join(sorted(digests)))
    annotated = tuple(name for name in known if name in occurring)
    return _Facts(annotated, labels, len(digests), total, dict(losses))


_dumps = json.JSONEncoder(sort_keys=True, check_circular=False).encode


def record_digest(record: Record) -> str:
    """sha256 of one document's id, text and layers, whatever the order of its annotations."""
    value = jsonl.record_to_json(Record(record.id, record.text, Annotations(), error=record.error))
    layers = record.annotations
    if layers.entities is not None:
        # Tuples as they are: a corpus has many, and an object for each takes most of the time.
        value["entities"] = _sorted(layers.entities)
        layers = layers.with_layer("entities", None)
    for name, items in jsonl.annotations_to_json(layers).items():
        value[name] = sorted(_dumps(item) for item in items)
    value["ignore"] = sorted(record.ignore)
    return digest_text(_dumps(value))


def _sorted(entities: Iterable[Entity]) -> list[Any]:
    """By offsets, label and score, one without a score first; fragments only where there are any,
    so that digests stay what they were before entities had some."""
    plain: list[Any] = [one if one.fragments else one[:4] for one in entities]
    try:
        return sorted(plain)
    except TypeError:  # Where nothing but the score tells two apart, and only one has it.
        return sorted(plain, key=_entity_order)


def _entity_order(entity: Sequence[Any]) -> tuple[Any, ...]:
    start, end, label, score, *fragments = entity
    return start, end, label, -1.0 if score is None else score, fragments


def load_goldset(
    name_or_path: str | Path | Source,
    *,
    schema: str | None = None,
    format: str | None = None,  # noqa: A002  named as the option is
    root: str | Path | None = None,
) -> GoldSet:
    """A gold set from a folder with a card, from a bare file or folder, or by its name.

    Names are looked up in `root`, by default in `harness.paths.goldset_folders()`. A bare file or
    folder may be a source with options (`harness.formats.source`); of a gold set with a card, and
    of any other, these are options: `schema` (also as a parameter, over the card's), `labels`
    (annotated though none may occur), and `annotator` (this one's layers in place of the gold's).
    Texts and layers are read when they are asked for, not here.

    Raises `InputError` when there is no such thing, with the nearest name, and when the card is
    not TOML or lacks what it takes to read the set; `SchemaError` for an unknown schema,
    `UsageError` for options that are not possible.
    """
    source = Source.parse(name_or_path)
    options = dict(source.options)
    schema = schema or options.pop("schema", None)
    labels = tuple(
        part.strip() for part in str(options.pop("labels", "")).split(",") if part.strip()
    )
    path = Path(source.path)
    there = is_there(path)
    roots = goldset_folders() if root is None else (Path(root),)
    named = named_goldset(path, roots)
    # A bare name means the gold set, also where a folder of that name (of texts, say) lies here.
    if named is not None and not (path / CARD).is_file():
        path = named
    if path.name == CARD and path.is_file():
        path = path.parent
    if (path / CARD).is_file():
        annotator = options.pop("annotator", None)
        if options:
            raise UsageError(
                f"{source}: option {next(iter(options))!r}; a gold set with a card has: annotator, "
                "labels, schema"
            )
        goldset = _from_card(path)
        if annotator is not None:
            goldset = _of_annotator(goldset, annotator)
    elif there or is_there(path) or source.path.startswith(HUB):
        goldset = _bare(path, replace(source, options=options), format)
    else:
        raise InputError(_no_such(source.path, roots))
    goldset = replace(goldset, said=source)
    if labels:
        goldset = replace(goldset, stated_labels=labels)
    if schema is None:
        return goldset
    return replace(goldset, stated_schema=load_schema(schema, goldset.schema_folders))


def _of_annotator(goldset: GoldSet, name: str) -> GoldSet:
    goldset.annotator(name)  # Whether there is one.
    return replace(
        goldset,
        name=f"{goldset.name} ({name})",
        read=lambda losses: goldset.annotator(name, losses),
    )


def named_goldset(name: str | Path, roots: Sequence[Path] | None = None) -> Path | None:
    """The folder of the gold set of that name, or `None`; `roots` as in `known_goldsets`."""
    for root in goldset_folders() if roots is None else roots:
        if (root / name / CARD).is_file():
            return root / name
    return None


def known_goldsets(roots: Sequence[Path] | None = None) -> list[Path]:
    """Folder of every gold set that is known by name, those of the nearest folder first.

    `roots` are the folders that they lie in (default: `harness.paths.goldset_folders()`).
    """
    folders = goldset_folders() if roots is None else roots
    places: dict[str, Path] = {}
    for root in folders:
        for card in sorted(root.glob(f"*/{CARD}")):
            places.setdefault(card.parent.name, card.parent)
    return list(places.values())


def load_layer(
    path: str | Path,
    texts: Mapping[str, str],
    *,
    layers: Iterable[str] = brat.LAYERS,
    losses: Losses | None = None,
) -> LabelledDocuments:
    """One annotator's folder of `.ann` files (or one file of records) over known texts.

    Documents without a file are left out. Raises `InputError` for a file whose document is not
    among `texts`, and all that reading raises.
    """
    path = Path(path)
    if path.is_dir():
        files = files_in(path, ".ann")
        if not files:
            raise InputError("holds no .ann file", path=path)
        _check_known(files, texts, path)
        return {
            id_: brat.read_ann(file, texts[id_], layers=layers, losses=losses)
            for id_, file in files.items()
        }
    records = open_source(Source(str(path))).records(losses)
    layer = {record.id: (record.annotations, record.ignore) for record in records}
    _check_known(layer, texts, path)
    return layer


def _layers(names: Iterable[str]) -> tuple[str, ...]:
    """The layers of tasks."""
    return tuple(task_named(name).layer for name in names)


def _check_known(ids: Iterable[str], texts: Mapping[str, str], path: Path) -> None:
    for id_ in ids:
        if id_ not in texts:
            near = near_name(id_, texts)
            hint = f"did you mean {near}?" if near else "remove it or add its text"
            raise InputError(f"annotates {id_!r}, which is no document here", path=path, hint=hint)


def _bare(path: Path, source: Source, format_name: str | None) -> GoldSet:
    reader = cache(lambda: open_source(source, format_name))
    name = path.stem if path.is_file() else path.resolve().name
    return GoldSet(
        name=name if is_there(path) else source.path,
        path=path,
        read=lambda losses: reader().records(losses),
        reader=reader,
    )


def _no_such(name: str, roots: Sequence[Path]) -> str:
    known = sorted({place.name for place in known_goldsets(roots)})
    guess = nearest(name, known, listed=False)
    listed = f" Known by name: {', '.join(known)}." if known else ""
    return f"no gold set {name!r}: no such file or folder{guess}{listed}"


def _from_card(path: Path) -> GoldSet:
    card, value = read_card(path / CARD)
    if card.tasks == ():
        raise InputError(
            f'"tasks" is empty, expected {" or ".join(task_names())}', path=path / CARD
        )
    stated = None
    if card.tasks is not None:
        for place, name in enumerate(card.tasks):
            if problem := wrong_task(name):
                raise InputError(f"tasks[{place}]: {problem}", path=path / CARD)
        known = map(task_named, card.tasks)
        stated = tuple(task.name for task in sorted(known, key=lambda task: task.order))
    schema = None
    if card.schema is not None:
        own = path / card.schema
        schema = load_schema(own if own.is_file() else card.schema, [path])
    return GoldSet(
        name=card.name or path.resolve().name,
        path=path,
        read=_card_reader(card, value, path, stated),
        version=card.version,
        description=card.description,
        language=card.language,
        licence=card.licence,
        card=value,
        annotators={name: path / place for name, place in card.annotators.items()},
        stated_tasks=stated,
        stated_schema=schema,
        stated_labels=card.labels,
        reader=_card_file(card, path),
    )


def _card_file(card: Card, path: Path) -> Callable[[], Reader | None]:
    if card.data is None:
        return lambda: None
    data = Source.parse(card.data)
    source = replace(data, path=str(path / data.path))
    return cache(lambda: open_source(source, card.format))


def _card_reader(
    card: Card, value: Mapping[str, Any], path: Path, tasks: tuple[TaskName, ...] | None
) -> Callable[[Losses], Iterator[Record]]:
    if card.data is not None:
        file = _card_file(card, path)

        def read_file(losses: Losses) -> Iterator[Record]:
            reader = file()
            assert reader is not None
            return reader.records(losses)

        return read_file
    if card.texts is None:
        raise InputError(
            'says neither "texts" (folder of .txt) nor "data" (one file)', path=path / CARD
        )
    layers = path / card.layers

    def read(losses: Losses) -> Iterator[Record]:
        texts = card_texts(value, path)
        chosen = brat.layers_in(layers) if tasks is None else _layers(tasks)
        known = {id_: read_text(file) for id_, file in texts.items()}
        layer = load_layer(layers, known, layers=chosen, losses=losses)
        for id_, file in texts.items():
            annotations, ignore = layer.get(id_, (Annotations(), ()))
            yield Record(id_, read_text(file), annotations, ignore)

    return read
