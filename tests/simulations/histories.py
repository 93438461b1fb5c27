"""Histories with a known truth: a backend that is measured at each commit, and what may happen.

Each document has mentions of which the backend finds some. A share of them is on the border: at
each commit each of these flips between found and not found, back and forth (`flip`), as do some
predictions that are wrong. `churn`, the share of all mentions that flip at a commit, is
`border * flip`. A step takes mentions that were surely found, evenly or from a few documents, and
makes them such errors as the backend makes otherwise; a drift does so a little at each commit.
`sd` is how much documents differ in difficulty, in log odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.decide.history.counts import part_counts
from harness.decide.history.search import Course, Found, search
from harness.stats.changes import fall_seen, influences

__all__ = ["Story", "another", "course", "dated", "drift_told", "false_drift", "false_change"]

_RECALL = 0.8
_MISLABELLED = 0.4
"""Of the mentions that are not right, how many are predicted all the same."""
_SPURIOUS = 0.12
"""Predictions where nothing is, for each mention."""


@dataclass(frozen=True)
class Story:
    """How records come about, and what happens."""

    documents: int = 50
    mentions: float = 20.0
    """Per document."""
    records: int = 40
    sd: float = 0.0
    border: float = 0.05
    flip: float = 0.2
    wander: bool = False
    """Whether any mention may flip, and is then as sure as before."""
    step: float = 0.0
    """Points of F1 that are lost at `at`."""
    at: int = 20
    few: int = 0
    """How many documents lose them; 0: all alike."""
    drift: float = 0.0
    """Points of F1 that are lost at each record from `at` on."""

    @property
    def churn(self) -> float:
        """The share of all mentions that flip at a commit."""
        share = 4 * _RECALL * (1 - _RECALL) if self.wander else 1.0
        return self.flip * self.border * share

    @property
    def setting(self) -> str:
        """`50 documents × 20 mentions, 40 records, churn 1 %`."""
        return (
            f"{self.documents} documents × {self.mentions:g} mentions, {self.records} records, "
            f"churn {100 * self.churn:.2g} %"
        )


def course(story: Story, rng: Any) -> Course:
    """The counts of each record by document."""
    documents, records = story.documents, story.records
    whole = round(documents * story.mentions)
    place = np.sort(rng.choice(documents, whole, p=rng.dirichlet(np.full(documents, 5.0))))
    skill = 1 / (1 + np.exp(-np.log(_RECALL / (1 - _RECALL)) - rng.normal(0, story.sd, documents)))
    sure = rng.random(whole) < skill[place]
    mislabelled = rng.random(whole) < _MISLABELLED
    extra = rng.integers(0, documents, rng.poisson(_SPURIOUS * whole))
    wavering = rng.integers(0, documents, rng.poisson(story.border * whole / 2))
    border = np.ones(whole, dtype=bool) if story.wander else rng.random(whole) < story.border
    chance = np.where(story.wander, skill[place], 0.5)  # Of being found, in the long run.
    found = np.where(border, rng.random(whole) < chance, sure)
    there = rng.random(len(wavering)) < 0.5
    lost = _in_order_of_loss(story, place, found if story.wander else found & ~border, rng)
    gold = np.bincount(place, minlength=documents)
    table = np.zeros((records, documents, 4))
    for record in range(records):
        if record:
            turns = 2 * story.flip * np.where(found, 1 - chance, chance)
            found = found ^ (border & (rng.random(whole) < turns))
            there = there ^ (rng.random(len(wavering)) < story.flip)
        falls = max(0, record - story.at + 1)
        points = (story.step if falls else 0.0) + story.drift * falls
        right = found.copy()
        right[lost[: _needed(points, lost, mislabelled, whole)]] = False
        counted = np.bincount(place[right], minlength=documents)
        wrong = [place[~right & mislabelled], extra, wavering[there]]
        predicted = counted + np.bincount(np.concatenate(wrong), minlength=documents)
        table[record] = np.stack([counted, gold, counted, predicted], axis=-1)
    counts = [part_counts(rows, "micro", mean=False, beta=1.0) for rows in table]
    return Course(counts, range(documents))


def _in_order_of_loss(story: Story, place: Any, candidates: Any, rng: Any) -> Any:
    order = rng.permutation(np.flatnonzero(candidates))
    if story.few:
        chosen = rng.choice(story.documents, story.few, replace=False)
        order = order[np.isin(place[order], chosen)]
    return order


def _needed(points: float, lost: Any, mislabelled: Any, whole: int) -> int:
    """How many mentions have to be lost so that F1 falls by so many points."""
    if not points:
        return 0
    right, predicted = _RECALL * whole, (_RECALL + 0.2 * _MISLABELLED + _SPURIOUS) * whole
    before = right - np.arange(1, len(lost) + 1)
    kept = predicted - np.cumsum(~mislabelled[lost])
    falls = 2 * right / (predicted + whole) - 2 * before / (kept + whole)
    return int(np.searchsorted(falls, points / 100)) + 1


def dated(story: Story, runs: int) -> float:
    """How often the planted step is found, exactly at its place."""
    return _share(_all, story, runs, lambda found: story.at in _places(found))


def another(story: Story, runs: int) -> float:
    """How often there is a step elsewhere, beside or instead of the planted one."""
    return _share(_all, story, runs, lambda found: bool(_places(found) - {story.at}))


def false_change(story: Story, runs: int) -> float:
    """How often the search finds a step or a slope, where none was planted."""
    return _share(_tested, story, runs, lambda found: bool(found.steps or found.drifts))


def false_drift(story: Story, runs: int) -> float:
    """How often a fall is told at any record, were all looked at; or any drift at the last."""
    told = 0
    for number in range(runs):
        drawn = _drawn(story, number)
        values = influences([one.rows for one in drawn.counts], drawn.counts[0].score)
        looked = fall_seen(values, alpha=0.05 / 2, seed=number)
        told += looked is not None or bool(_all(story, number).drifts)
    return told / runs


def drift_told(story: Story, runs: int) -> float:
    """How often the planted drift is called one at the last record, and no step."""
    last = story.records - 1
    return _share(
        _all,
        story,
        runs,
        lambda found: not found.steps and any(one.until == last for one in found.drifts),
    )


def _places(found: Found) -> set[int]:
    return {step.place for step in found.steps}


def _share(find: Any, story: Story, runs: int, happened: Any) -> float:
    return sum(happened(find(story, number)) for number in range(runs)) / runs


def _drawn(story: Story, number: int) -> Course:
    # Each cell of the table has draws of its own, or chance would move a whole row.
    own = (story.documents, story.mentions, story.records, 10 * story.sd, 100 * story.border)
    rng = np.random.default_rng([number, *map(round, own), story.at, story.few])
    return course(story, rng)


def _all(story: Story, number: int, last: bool = True) -> Found:
    return search(_drawn(story, number), alpha=0.05, last=last, seed=number, resamples=10)


def _tested(story: Story, number: int) -> Found:
    """Without the looks at each record, which take most of the time."""
    return _all(story, number, last=False)
