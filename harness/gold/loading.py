"""Gold sets by path, by source and by name: with a card (`harness.gold.goldset`) or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Record, TaskName
from harness.errors import InputError, UsageError, nearest
from harness.formats import brat
from harness.formats.files import is_there, read_text, refusals
from harness.formats.losses import Losses
from harness.formats.metadata import metadata_of
from harness.formats.opening import open_source
from harness.formats.reader import Reader
from harness.formats.source import Source, is_remote, leads_to_files
from harness.gold.card import Card, card_texts, read_card
from harness.gold.goldset import GoldSet
from harness.gold.layers import load_layer, task_layers
from harness.gold.perturbing import PERTURBING, perturbed_goldset, perturbing_options
from harness.labels.schema import load_schema
from harness.options import comma_list
from harness.paths import CARD, goldset_folders
from harness.tasks.registry import task_named, task_names, wrong_task

__all__ = ["known_goldsets", "load_goldset", "named_goldset"]


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
    (annotated though none may occur), `name` (what it is called in tables and folders),
    `annotator` (this one's layers in place of the gold's), and what makes a perturbed set of it
    (`harness.gold.perturbing`).
    Texts and layers are read when they are asked for, not here.

    Raises `InputError` when there is no such thing, with the nearest name, and when the card is
    not TOML or lacks what it takes to read the set; `SchemaError` for an unknown schema,
    `UsageError` for options that are not possible.
    """
    source = Source.parse(name_or_path)
    with refusals(source.path):
        return _loaded(source, schema, format, root)


def _loaded(
    source: Source,
    schema: str | None,
    format: str | None,  # noqa: A002
    root: str | Path | None,
) -> GoldSet:
    options = dict(source.options)
    schema = schema or options.pop("schema", None)
    try:
        labels = comma_list(str(options.pop("labels"))) if "labels" in options else ()
    except ValueError as error:
        raise UsageError(f"{source}: labels: expected {error}") from None
    name = options.pop("name", None)
    perturbing = perturbing_options(options, source)
    path = Path(source.path)
    roots = goldset_folders() if root is None else (Path(root),)
    remote = is_remote(source.path)
    named = None if remote else named_goldset(path, roots)
    # A bare name means the gold set, also where a folder of that name (of texts, say) lies here.
    if named is not None and not (path / CARD).is_file():
        path = named
    if not remote and path.name == CARD and path.is_file():
        path = path.parent
    if not remote and (path / CARD).is_file():
        annotator = options.pop("annotator", None)
        if options:
            raise UsageError(
                f"{source}: option {next(iter(options))!r}; a gold set with a card has: annotator, "
                f"{', '.join(_OWN)}"
            )
        goldset = _from_card(path)
        if annotator is not None:
            goldset = _of_annotator(goldset, annotator)
    elif leads_to_files(source.path) or is_there(path):
        goldset = _bare(path, replace(source, options=options), format)
    else:
        raise InputError(_no_such(source.path, roots))
    goldset = replace(goldset, said=source)
    if labels:
        goldset = replace(goldset, stated_labels=labels)
    if schema is not None:
        own = load_schema(schema, goldset.schema_folders)
        goldset = replace(goldset, stated_schema=own)
    if perturbing is not None:
        perturbation, level, seed = perturbing
        goldset = perturbed_goldset(goldset, perturbation, level, seed=seed)
    if name is not None:
        if not str(name).strip():
            raise UsageError(f"{source}: a gold set cannot be called {name!r}")
        goldset = replace(goldset, name=str(name))
    return goldset


def _of_annotator(goldset: GoldSet, name: str) -> GoldSet:
    goldset.annotator(name)  # Whether there is one.
    return replace(
        goldset,
        name=f"{goldset.name} ({name})",
        read=lambda losses: goldset.annotator(name, losses),
        reader=lambda: None,  # That is of the gold's own layers.
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


_OWN = tuple(sorted(("labels", "name", "schema", *PERTURBING)))
"""Options of a gold set itself, whatever its format."""


def _bare(path: Path, source: Source, format_name: str | None) -> GoldSet:
    reader = cache(lambda: open_source(source, format_name, besides=_OWN))
    return GoldSet(
        name=source.stem if is_remote(source.path) else replace(source, path=str(path)).stem,
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
    source = data if is_remote(data.path) else replace(data, path=str(path / data.path))
    return cache(lambda: open_source(source, card.format))


def _card_reader(
    card: Card, value: Mapping[str, Any], path: Path, tasks: tuple[TaskName, ...] | None
) -> Callable[[Losses], Iterator[Record]]:
    left_out = Losses()
    metadata = _metadata(value, path, left_out)
    if card.data is not None:
        file = _card_file(card, path)

        def read_file(losses: Losses) -> Iterator[Record]:
            reader = file()
            assert reader is not None
            losses.update(left_out)
            records = reader.records(losses)
            return (_described(one, metadata) for one in records) if metadata else records

        return read_file
    if card.texts is None:
        raise InputError(
            'says neither "texts" (folder of .txt) nor "data" (a file)', path=path / CARD
        )
    layers = path / card.layers

    def read(losses: Losses) -> Iterator[Record]:
        losses.update(left_out)
        texts = card_texts(value, path)
        chosen = brat.layers_in(layers) if tasks is None else task_layers(tasks)
        known = {id_: read_text(file) for id_, file in texts.items()}
        layer = load_layer(layers, known, layers=chosen, losses=losses)
        for id_, file in texts.items():
            annotations, ignore = layer.get(id_, (Annotations(), ()))
            said = metadata.get(id_)
            yield Record(id_, read_text(file), annotations, ignore, metadata=said)

    return read


def _described(record: Record, metadata: Mapping[str, Mapping[str, str]]) -> Record:
    """A document of a file with what the card says of it, which the file itself may say better."""
    said = metadata.get(record.id)
    return replace(record, metadata={**said, **(record.metadata or {})}) if said else record


def _metadata(card: Mapping[str, Any], path: Path, losses: Losses) -> dict[str, Mapping[str, str]]:
    """What a card says of its documents, by id."""
    out = {}
    for place, document in enumerate(card.get("documents", ())):
        try:
            if said := metadata_of(document, losses, ("id",)):
                out[str(document.get("id"))] = said
        except ValueError as error:
            raise InputError(f"documents[{place}]: {error}", path=path / CARD) from None
    return out
