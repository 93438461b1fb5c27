"""Gold and backends with known faults, for tests and simulations: seeded, no model, no network."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from harness.annotation import Annotations, Attribution, Entity, Record, Span, TaskName
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.results.save import write_run
from harness.results.scored import Scored, score_records
from harness.tasks.ner.options import Match, NerOptions

LABELS = ("PER", "ORG", "LOC")
TEXT = "the old bridge over the river was shut after a storm and crews came to look"
WORDS = TEXT.split()
NAMES = ("Ana Roe", "Acme Corp", "Riga", "Lake Union", "Bo Li", "Orbis")

Change = Callable[[random.Random, Record], list[Entity]]


def articles(
    documents: int, *, seed: int = 0, paragraphs: int = 3, mentions: int = 2
) -> list[Record]:
    """Documents of some paragraphs with about `mentions` entities each, some with none."""
    rng = random.Random(seed)
    out = []
    for number in range(documents):
        text, entities = "", []
        for _ in range(paragraphs):
            for _ in range(rng.randint(0, 2 * mentions)):
                text += " ".join(rng.choices(WORDS, k=rng.randint(2, 4))) + " "
                name = rng.choice(NAMES)
                entities.append(Entity(len(text), len(text) + len(name), rng.choice(LABELS)))
                text += name + " "
            text += " ".join(rng.choices(WORDS, k=4)) + ".\n\n"
        out.append(Record(f"d{number:04}", text, Annotations(tuple(entities))))
    return out


def grid(plan: Sequence[Sequence[Sequence[str]]]) -> list[Record]:
    """Documents of paragraphs of mentions: each is given by the labels of its mentions."""
    out = []
    for number, paragraphs in enumerate(plan):
        text, entities = "", []
        for labels in paragraphs:
            for label in labels:
                entities.append(Entity(len(text), len(text) + 5, label))
                text += "Orbis was here. "
            text += "Rain.\n\n"
        out.append(Record(f"g{number:03}", text, Annotations(tuple(entities))))
    return out


def rain(record: Record, label: str = "PER") -> Entity:
    """A mention in the last word of a document of `grid`, where there is none."""
    start = (record.text or "").rindex("Rain")
    return Entity(start, start + 4, label)


def keeping(records: Sequence[Record], keep: Callable[[int, int], bool]) -> list[Record]:
    """The right answers to those mentions that are kept, by numbers of document and mention."""
    return [
        Record(record.id, None, Annotations(tuple(
            entity
            for place, entity in enumerate(record.annotations.entities or ())
            if keep(number, place))))
        for number, record in enumerate(records)
    ]  # fmt: skip


def gold(
    folder: Path, records: Iterable[Record], name: str = "planted", schema: str = ""
) -> GoldSet:
    """A gold set on disk, so that digests, names and reading are the real ones.

    A folder with a card, where that is to state a schema.
    """
    path = folder / name / "gold.jsonl" if schema else folder / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    jsonl.write(path, records)
    if not schema:
        return load_goldset(path)
    card = f'name = "{name}"\nversion = "1"\ntasks = ["ner"]\ndata = "gold.jsonl"\n'
    (path.parent / "goldset.toml").write_text(f'{card}schema = "{schema}"\n', "utf-8")
    return load_goldset(path.parent)


def predict(records: Iterable[Record], change: Change, *, seed: int = 0) -> list[Record]:
    """What a backend says that changes the right answer in a known way."""
    rng = random.Random(seed)
    return [
        Record(record.id, None, Annotations(tuple(sorted(set(change(rng, record))))))
        for record in records
    ]


def skilled(recall: float, noise: float) -> Change:
    """Finds a share of the mentions and invents a few."""

    def change(rng: random.Random, record: Record) -> list[Entity]:
        entities = record.annotations.entities or ()
        out = [entity for entity in entities if rng.random() < recall]
        for _ in entities:
            if rng.random() < noise:
                start = rng.randrange(len(record.text or "x") - 8)
                out.append(Entity(start, start + 7, rng.choice(LABELS)))
        return out

    return change


def losing(base: Sequence[Record], share: float) -> Change:
    """The answers of `base` without a share of the entities, right and wrong alike."""
    said = {record.id: record.annotations.entities or () for record in base}

    def change(rng: random.Random, record: Record) -> list[Entity]:
        return [entity for entity in said[record.id] if rng.random() >= share]

    return change


def systems_of(
    goldset: GoldSet,
    backends: Mapping[str, Iterable[Record]],
    task: str = "ner",
    match: Match = "strict",
) -> list[Scored]:
    """Scored systems, in the order given."""
    kind: TaskName = "ner" if task == "ner" else "attribution"
    options = NerOptions(match=match)
    return [
        score_records(name, goldset, records, task=kind, options=options)
        for name, records in backends.items()
    ]


def run_folder(
    folder: Path,
    goldset: GoldSet,
    backends: Mapping[str, Iterable[Record]],
    task: str = "ner",
    match: Match = "strict",
) -> Path:
    """A run on disk, as `harness run` would have written it."""
    write_run(folder, systems_of(goldset, backends, task, match), [goldset])
    return folder


def saved(folder: Path, backends: Mapping[str, Iterable[Record]]) -> list[str]:
    """Files of predictions, one for each backend; their paths."""
    paths = [folder / f"{name}.jsonl" for name in backends]
    for path, records in zip(paths, backends.values(), strict=True):
        jsonl.write(path, records)
    return [str(path) for path in paths]


def comparing(folder: Path, docs: list[Record], backends: dict[str, list[Record]]) -> list[str]:
    """The arguments of `harness compare` for planted files."""
    goldset = gold(folder, docs)
    told = ["--gold", str(goldset.path), "--task", "ner", "--flips", "0", "--resamples", "500"]
    return ["compare", *saved(folder, backends), *told]


def speeches(documents: int, *, seed: int = 0) -> list[Record]:
    """Documents with quotations: content, source, cue, speaker."""
    rng = random.Random(seed)
    out = []
    for number in range(documents):
        text, items = "", []
        for _ in range(rng.randint(1, 4)):
            speaker = rng.choice(NAMES)
            start = len(text)
            text += "“" + " ".join(rng.choices(WORDS, k=5)) + "”"
            content = Span(start, len(text))
            cue = Span(len(text) + 1, len(text) + 5)
            text += " said "
            source = Span(len(text), len(text) + len(speaker))
            text += speaker + ".\n"
            items.append(Attribution((content,), source, cue, "direct", speaker))
        out.append(Record(f"s{number:03}", text, Annotations(attributions=tuple(items))))
    return out


def kinds(
    documents: int, said_of: Callable[[int, int], str | None]
) -> tuple[list[Record], list[Record]]:
    """Documents with four direct quotations, and answers that say of each what kind it is."""
    docs, answers = [], []
    for number in range(documents):
        text, gold, said = "", [], []
        for place in range(4):
            content = Span(len(text), len(text) + len(TEXT) + 4)
            text += f"“{TEXT} {place}” said Ana Roe.\n"
            gold.append(_quoted(content, "direct"))
            kind = said_of(number, place)
            said += [] if kind is None else [_quoted(content, kind)]
        name = f"k{number:03}"
        docs.append(Record(name, text, Annotations(attributions=tuple(gold))))
        answers.append(Record(name, None, Annotations(attributions=tuple(said))))
    return docs, answers


def _quoted(content: Span, kind: str) -> Attribution:
    return Attribution((content,), None, None, kind, None)  # type: ignore[arg-type]
