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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.annotation import Record, TaskName
from harness.digest import digest_text
from harness.errors import InputError
from harness.formats.losses import Losses
from harness.formats.reader import Reader
from harness.formats.source import Source, is_remote
from harness.gold.facts import GoldFacts, facts_of
from harness.gold.layers import load_layer, task_layers
from harness.labels.meeting import schema_of
from harness.labels.schema import Schema
from harness.perturb.perturbation import Level, Perturbation, perturbed
from harness.shards import Shard
from harness.tasks.base import Task

__all__ = ["RECOUNTED", "GoldSet", "Perturbed"]

RECOUNTED = "(count with --schema NAME to change it)"
"""What to do about labels whose schema was guessed."""


@dataclass(frozen=True, eq=False)
class Perturbed:
    """What a perturbed gold set was made of, and how (`harness.gold.perturbing`)."""

    original: GoldSet
    perturbation: Perturbation
    level: Level
    seed: int

    def apply(self, record: Record) -> Record:
        """A document of the original after the perturbation."""
        return perturbed(record, self.perturbation, self.level, seed=self.seed)

    def completed(self, facts: GoldFacts) -> GoldFacts:
        """The facts of the perturbed set with the original's tasks and labels, none of which is
        another for a mention that is gone: models are asked for them, schemas guessed from them."""
        before = self.original.facts
        labels = {
            layer: {**dict.fromkeys(counts, 0), **facts.labels.get(layer, {})}
            for layer, counts in before.labels.items()
        }
        return replace(facts, tasks=before.tasks, labels=labels)


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
    shard: Shard | None = None
    """Whose records are looked at; what is known of the set (`digest`, `labels`, `documents`, ...)
    is of all of them."""
    known: GoldFacts | None = field(default=None, repr=False)
    """Its facts, where they are known without reading it (`harness.gold.known`)."""
    perturbed: Perturbed | None = field(default=None, repr=False)
    """Of what it was made by a perturbation, if it was."""

    @property
    def place(self) -> str:
        """Where it lies, for people and records: a URL is no `Path`."""
        said = "" if self.said is None or self.card else self.said.path
        return said if is_remote(said) else str(self.path)

    def records(self) -> Iterator[Record]:
        """Every document with its layers, in the order of the file or of the names; of a shard,
        its own."""
        every = self.read(Losses())
        shard = self.shard
        return every if shard is None else (one for one in every if shard.has(one.id))

    def placed(self, task: Task) -> Iterator[tuple[int, Record]]:
        """The documents that are annotated for a task, each with its number among all of these,
        from 0; of a shard, its own."""
        shard, known = self.shard, self.known
        if known is not None and known.annotated.get(task.name) == known.documents:
            reader = self.reader()
            assert reader is not None  # As what is known says.
            return reader.some(None if shard is None else shard.has_encoded)
        places = enumerate(filter(task.is_annotated, self.read(Losses())))
        return places if shard is None else ((n, one) for n, one in places if shard.has(one.id))

    @property
    def losses(self) -> Mapping[str, int]:
        """What reading leaves out or changes, with how often."""
        return self.facts.losses

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
            raise InputError(f"has no annotator {name!r} (known: {known})", path=self.place)
        return self._annotated_by(name, Losses() if losses is None else losses)

    def _annotated_by(self, name: str, losses: Losses) -> Iterator[Record]:
        layers = task_layers(self.tasks)
        layer = load_layer(self.annotators[name], self.texts(), layers=layers, losses=losses)
        for record in self.records():
            if record.id in layer:
                annotations, ignore = layer[record.id]
                said = record.metadata
                yield Record(record.id, record.text, annotations, ignore, metadata=said)

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """The annotated layers: what the card says, else what at least one document has."""
        return self.facts.tasks if self.stated_tasks is None else self.stated_tasks

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
        for counts in self.facts.labels.values():
            total.update(counts)
        return total

    def labels_of(self, layer: str) -> Mapping[str, int]:
        """Those of one layer."""
        counts: Mapping[str, int] = self.facts.labels.get(layer, {})
        return {**dict.fromkeys(self.stated_labels, 0), **counts}

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return self.facts.documents

    @property
    def characters(self) -> int:
        """Code points of all texts."""
        return self.facts.characters

    @property
    def words(self) -> int:
        """Words of all texts, by white space."""
        return self.facts.words

    @property
    def digest(self) -> str:
        """sha256 over ids, texts and layers; the order of documents and of spans has no say.

        Aliases are in it where there are any: they decide which speakers are the same.
        """
        if not self.aliases:
            return self.facts.digest
        aliases = json.dumps(sorted((name, *sorted(rest)) for name, rest in self.aliases.items()))
        return digest_text(f"{self.facts.digest}{aliases}")

    @cached_property
    def tokens_digest(self) -> str:
        """sha256 of the documents' own tokens, whatever their order; takes a pass of its own."""
        every = self.read(Losses())
        own = [f"{one.id} {one.tokens}" for one in every if one.tokens is not None]
        return digest_text("".join(digest_text(line) for line in sorted(own)))

    def read_all(self) -> list[Record]:
        """Every record in memory; `digest`, `labels` and `documents` cost no second pass then."""
        losses = Losses()
        records = list(self.read(losses))
        self.__dict__["facts"] = self._completed(facts_of(records, losses))
        return [one for one in records if self.shard is None or self.shard.has(one.id)]

    @cached_property
    def facts(self) -> GoldFacts:
        """What one pass over it has counted."""
        if self.known is not None:
            return self.known
        losses = Losses()
        return self._completed(facts_of(self.read(losses), losses))

    def _completed(self, facts: GoldFacts) -> GoldFacts:
        return facts if self.perturbed is None else self.perturbed.completed(facts)
