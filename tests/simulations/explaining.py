"""Explanations of scores that are known: planted causes, planted weak slices, and none."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import exp, log
from pathlib import Path
from typing import NamedTuple

from synthetic import WORDS

from harness.annotation import Annotations, Entity, Record
from harness.decide.explain.explain import ExplainOptions, explain
from harness.decide.explain.explanation import Cost, Explanation
from harness.gold.goldset import GoldSet
from harness.results.scored import score_records

__all__ = ["Planted", "held", "planted_cause", "planted_slice", "share_of", "without_weakness"]

TYPES = ("PER", "ORG", "LOC", "MISC")
_NAMES = (
    *("Ana", "Bo", "Émile", "Li", "Otto", "Zoë", "Ida", "Kim", "Uma", "Noël", "Roe", "Lake"),
    *("Orbis", "NATO", "Union", "Berg", "Müller", "iota", "McRoy", "Ren", "Oslo", "Wu"),
)


@dataclass(frozen=True)
class Planted:
    """A gold set of names of many forms, at many places, in documents of many lengths."""

    documents: int = 100
    mentions: int = 12
    """In each document."""
    sd: float = 0.0
    """How much documents differ in what is found, and in what is made up, in log odds."""

    @property
    def setting(self) -> str:
        return f"{self.documents} documents × {self.mentions} mentions"


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


@dataclass(frozen=True)
class Skill:
    """How good a backend is in a document: `shift` is by how much more than on average, in log
    odds, whose standard deviation over documents is `sd`."""

    sd: float
    shift: float

    def chance(self, share: float, sign: int = 1) -> float:
        """The probability here of something that has this share over all documents, within a few
        hundredths (Zeger, Liang and Albert 1988: log odds stretched by the root of 1 + .346 sd^2).
        """
        odds = log(share / (1 - share)) * (1 + 0.346 * self.sd**2) ** 0.5
        return 1 / (1 + exp(-odds - sign * self.shift))


Answer = Callable[[random.Random, str, Entity, Entity, Skill], list[Entity]]
"""What is said where a gold mention and the decoy behind it stand, in a text."""


def explained(
    world: Planted,
    corpus: Corpus,
    answer: Answer,
    rng: random.Random,
    resamples: int = 100,
) -> Explanation:
    """A backend that answers so, explained."""
    said = []
    for record, others in zip(*corpus, strict=True):
        skill = Skill(world.sd, rng.gauss(0.0, world.sd))
        pairs = zip(record.annotations.entities or (), others, strict=True)
        entities = {
            one
            for gold, decoy in pairs
            for one in answer(rng, record.text or "", gold, decoy, skill)
        }
        said.append(Record(record.id, None, Annotations(tuple(sorted(entities)))))
    records = corpus.records
    goldset = GoldSet("planted", Path("planted.jsonl"), lambda losses: iter(records))
    scored = score_records("planted", goldset, said, "ner", gold=records)
    return explain([scored], ExplainOptions(resamples=resamples)).explanations[0]


def share_of(drawn: Callable[[Planted, int], bool], world: Planted, runs: int) -> float:
    """In how many of so many draws, by their seeds, it is so."""
    return sum(drawn(world, seed) for seed in range(runs)) / runs


# Causes

CAUSES = ("missed", "spurious", "boundary (determiner)", "boundary (other)", "type", "split")


def planted_cause(world: Planted, seed: int) -> bool:
    """Whether the cause that takes most from F is ranked first: one fault is made in 15 of 100
    mentions, every other in 3."""
    rng = random.Random(seed)
    cause = CAUSES[seed % len(CAUSES)]
    chances = [0.15 if kind == cause else 0.03 for kind in CAUSES]
    made = explained(world, corpus(world, rng), partial(_faulty, chances), rng)
    assert abs(sum(one.cost for one in made.costs) - (1 - made.f1)) < 1e-9
    # Types are confused in twelve ways, which are costs of their own: here they count as one.
    costs: Counter[str] = Counter()
    for one in made.costs:
        costs["type" if one.kind.startswith("type") else one.kind] += one.cost  # type: ignore[assignment]
    return costs.most_common(1)[0][0] == cause


RARE = (0.1, 0.05, 0.03, 0.02, 0.01, 0.005)
"""How often each of `CAUSES` is at work."""


def held(world: Planted, runs: int) -> float:
    """How many of the intervals of kinds hold what the kind costs on very many documents. Confused
    types are left out, for each pair has few cases."""

    def costs(where: Planted, seed: int) -> dict[str, Cost]:
        rng = random.Random(seed)
        made = explained(where, corpus(where, rng), partial(_faulty, RARE), rng, resamples=1000)
        return {one.kind: one for one in made.costs if not one.kind.startswith("type")}

    truth = costs(replace(world, documents=3000), runs)
    inside = []
    for seed in range(runs):
        for kind, one in costs(world, seed).items():
            bounds = one.interval.bounds
            inside.append(bounds is not None and bounds[0] <= truth[kind].cost <= bounds[1])
    return sum(inside) / len(inside)


def _faulty(
    chances: Sequence[float],
    rng: random.Random,
    text: str,
    one: Entity,
    decoy: Entity,
    skill: Skill,
) -> list[Entity]:
    chances = [skill.chance(chance, -1) for chance in chances]
    fault = rng.choices((*CAUSES, ""), (*chances, max(0.0, 1 - sum(chances))))[0]
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


def planted_slice(world: Planted, seed: int) -> bool:
    """Whether a slice with a recall of .6, where it is .85 elsewhere, is the first to be found: in
    documents of 12 mentions every twentieth ends in a digit, and no others have one."""
    rng = random.Random(seed)
    made = corpus(world, rng)
    every = [(n, place) for n in range(world.documents) for place in range(world.mentions)]
    weak: dict[int, set[int]] = {}
    for number, place in rng.sample(every, len(every) // 20):
        weak.setdefault(number, set()).add(place)
    records = [_numbered(one, weak.get(n, set())) for n, one in enumerate(made.records)]
    explanation = explained(world, made._replace(records=records), _weak_in_digits, rng)
    found = explanation.searched.weaknesses
    return bool(found) and ("digits", "with") in found[0].conditions


def _numbered(record: Record, places: set[int]) -> Record:
    """The document with a digit as the last character of some mentions."""
    text = record.text or ""
    for place in places:
        one = (record.annotations.entities or ())[place]
        text = f"{text[: one.end - 1]}7{text[one.end :]}"
    return Record(record.id, text, record.annotations)


def _weak_in_digits(
    rng: random.Random, text: str, one: Entity, decoy: Entity, skill: Skill
) -> list[Entity]:
    recall = 0.6 if text[one.end - 1] == "7" else 0.85
    return _answers(recall, rng, text, one, decoy, skill)


def _answers(
    recall: float, rng: random.Random, text: str, one: Entity, decoy: Entity, skill: Skill
) -> list[Entity]:
    found = rng.random() < skill.chance(recall)
    return [one] * found + [decoy] * (rng.random() < skill.chance(0.15, -1))


def without_weakness(world: Planted, seed: int) -> bool:
    """Whether anything is found where no slice is weaker than another."""
    rng = random.Random(seed)
    made = explained(world, corpus(world, rng), partial(_answers, 0.85), rng)
    return bool(made.searched.weaknesses)
