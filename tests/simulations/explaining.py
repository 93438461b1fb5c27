"""Explanations of scores that are known: planted causes, planted weak slices, and none."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from synthetic import WORDS

from harness.annotation import Annotations, Entity, Record
from harness.decide.explain.explain import ExplainOptions, explain
from harness.decide.explain.explanation import Explanation
from harness.gold.goldset import GoldSet
from harness.results.scored import score_records

__all__ = ["Planted", "planted_cause", "planted_slice", "without_weakness"]

TYPES = ("PER", "ORG", "LOC", "MISC")
_NAMES = (
    *("Ana", "Bo", "Émile", "Li", "Otto", "Zoë", "Ida", "Kim", "Uma", "Noël", "Roe", "Lake"),
    *("Orbis", "NATO", "Union", "Berg", "Müller", "iota", "McRoy", "Ren", "Oslo", "Wu"),
)


class Planted(NamedTuple):
    """A gold set of names of many forms, at many places, in documents of many lengths."""

    documents: int = 100
    mentions: int = 12
    """In each document."""


class Corpus(NamedTuple):
    """Gold documents, and in each as many stretches that look like mentions and are none."""

    records: list[Record]
    decoys: list[list[Entity]]


def corpus(world: Planted, rng: random.Random) -> Corpus:
    """Names of many forms, half of them gold; every facet of mentions has several values, gold and
    decoys alike."""
    records, all_decoys = [], []
    for number in range(world.documents):
        text, entities, decoys = "A short headline\n", [], []
        for place in range(2 * world.mentions):
            name = " ".join(rng.choice(_NAMES) for _ in range(rng.randint(1, 3)))
            if rng.random() < 0.15:
                name = name.lower() if rng.random() < 0.5 else name.upper()
            text += " ".join(rng.choices(WORDS, k=rng.randint(1, 12))) + " the "
            mark = rng.random() < 0.2
            text += "“" if mark else ""
            one = Entity(len(text), len(text) + len(name), rng.choice(TYPES))
            (decoys if place % 2 else entities).append(one)
            text += name + ("” " if mark else " ")
            if place % 8 == 7:
                text = f"{text.rstrip()}.\n"
        records.append(Record(f"d{number:04}", text, Annotations(tuple(entities))))
        all_decoys.append(decoys)
    return Corpus(records, all_decoys)


Answer = Callable[[random.Random, Record, Entity, Entity], list[Entity]]
"""What is said where a gold mention and the decoy behind it stand."""


def explained(
    world: Corpus, answer: Answer, rng: random.Random, *, resamples: int = 100
) -> Explanation:
    """A backend that answers so, explained."""
    records, decoys = world
    said = []
    for record, others in zip(records, decoys, strict=True):
        pairs = zip(record.annotations.entities or (), others, strict=True)
        entities = {one for gold, decoy in pairs for one in answer(rng, record, gold, decoy)}
        said.append(Record(record.id, None, Annotations(tuple(sorted(entities)))))
    goldset = GoldSet("planted", Path("planted.jsonl"), lambda losses: iter(records))
    scored = score_records("planted", goldset, said, "ner", gold=records)
    return explain([scored], ExplainOptions(resamples=resamples)).explanations[0]


# Causes

CAUSES = ("missed", "spurious", "boundary (determiner)", "boundary (other)", "type", "split")


def planted_cause(seed: int, world: Planted = Planted(), share: float = 0.15) -> bool:  # noqa: B008
    """Whether the cause that takes most from F is ranked first: one fault is made with a
    probability of `share` for each mention, every other with a fifth of it."""
    rng = random.Random(seed)
    cause = CAUSES[seed % len(CAUSES)]
    chances = [share if kind == cause else share / 5 for kind in CAUSES]
    made = explained(corpus(world, rng), partial(_faulty, chances), rng)
    assert abs(sum(one.cost for one in made.costs) - (1 - made.f1)) < 1e-9
    # Types are confused in twelve ways, which are costs of their own: here they count as one.
    costs: Counter[str] = Counter()
    for one in made.costs:
        costs["type" if one.kind.startswith("type") else one.kind] += one.cost  # type: ignore[assignment]
    return costs.most_common(1)[0][0] == cause


def _faulty(
    chances: Sequence[float], rng: random.Random, record: Record, one: Entity, decoy: Entity
) -> list[Entity]:
    fault = rng.choices((*CAUSES, ""), (*chances, 1 - sum(chances)))[0]
    middle = (one.start + one.end) // 2
    made: dict[str, list[Entity]] = {
        "missed": [],
        "spurious": [one, decoy],
        "boundary (determiner)": [one._replace(start=one.start - len("the "))],
        "boundary (other)": [one._replace(start=one.start + 1)],
        "type": [one._replace(label=rng.choice([t for t in TYPES if t != one.label]))],
        "split": [one._replace(end=middle), one._replace(start=middle)],
    }
    return made.get(fault, [one])


# Weak slices


def planted_slice(seed: int, world: Planted = Planted()) -> bool:  # noqa: B008
    """Whether a slice with a recall of .6, where it is .85 elsewhere, is the first to be found: 60
    mentions of 1,200 end in a digit, and no others have one."""
    rng = random.Random(seed)
    made = corpus(world, rng)
    every = [(n, place) for n in range(world.documents) for place in range(world.mentions)]
    weak: dict[int, set[int]] = {}
    for number, place in rng.sample(every, 60):
        weak.setdefault(number, set()).add(place)
    records = [_numbered(one, weak.get(n, set())) for n, one in enumerate(made.records)]
    found = explained(made._replace(records=records), _weak_in_digits, rng).searched.weaknesses
    return bool(found) and ("digits", "with") in found[0].conditions


def _numbered(record: Record, places: set[int]) -> Record:
    """The document with a digit as the last character of some mentions."""
    text = record.text or ""
    for place in places:
        one = (record.annotations.entities or ())[place]
        text = f"{text[: one.end - 1]}7{text[one.end :]}"
    return Record(record.id, text, record.annotations)


def _weak_in_digits(rng: random.Random, record: Record, one: Entity, decoy: Entity) -> list[Entity]:
    weak = (record.text or "")[one.end - 1] == "7"
    return _answers(0.6 if weak else 0.85, rng, record, one, decoy)


def _answers(
    recall: float, rng: random.Random, record: Record, one: Entity, decoy: Entity
) -> list[Entity]:
    return [one] * (rng.random() < recall) + [decoy] * (rng.random() < 0.15)


def without_weakness(seed: int, world: Planted = Planted()) -> bool:  # noqa: B008
    """Whether anything is found where no slice is weaker than another."""
    rng = random.Random(seed)
    return bool(explained(corpus(world, rng), partial(_answers, 0.85), rng).searched.weaknesses)
