"""Corpora and backends drawn at random, of which the true scores are known.

Mentions are overdispersed (some paragraphs are full of names, many have none) and belong to four
types of unequal frequency and difficulty. How well a backend does varies between paragraphs and
between documents: `sd` is the standard deviation, in log odds, of what one backend has in a
document and no other has. That is what makes documents differ for a comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(48)

SHARES = np.array([0.45, 0.25, 0.2, 0.1])
"""How frequent the types are."""
EASE = np.array([0.4, 0.1, -0.2, -0.5])
"""How much easier than the average a type is, in log odds."""


@dataclass(frozen=True)
class World:
    """How counts come about."""

    documents: int
    paragraphs: int = 6
    """On average; documents differ."""
    mentions: float = 3.0
    """Per paragraph, of all types."""
    sd: float = 0.0
    skills: tuple[float, ...] = (0.85,)
    """Of each backend: the chance to find a mention of average difficulty."""
    precision: float = 0.85
    common: float = 0.3
    """How much documents differ in difficulty, for all backends alike, in log odds."""
    within: float = 0.5
    """The same for paragraphs."""

    @property
    def setting(self) -> str:
        """`8 documents × 6 paragraphs`."""
        documents = "1 document" if self.documents == 1 else f"{self.documents} documents"
        each = "1 paragraph" if self.paragraphs == 1 else f"{self.paragraphs} paragraphs"
        return f"{documents} × {each}"


@dataclass(frozen=True)
class Draw:
    """Counts of one corpus: `counts[b]` has the shape (paragraphs, types, 3), each cell
    (right, predicted, gold)."""

    world: World
    documents: Any
    """The document of each paragraph."""
    counts: tuple[Any, ...]
    odds: tuple[Any, ...]
    """Of each backend and document, before the difficulty of types and paragraphs."""
    spurious: tuple[Any, ...]
    """Of each backend and document: expected spurious mentions a paragraph, over all types."""

    def micro(self, backend: int = 0) -> Any:
        """(paragraphs, 3)."""
        return self.counts[backend].sum(axis=1).astype(float)

    def macro(self, backend: int = 0) -> Any:
        """(paragraphs, 3 x types)."""
        counts = self.counts[backend]
        return counts.reshape(len(counts), -1).astype(float)

    def expected(self, backend: int = 0) -> Any:
        """The expected sums of these documents, (types, 3)."""
        sizes = np.bincount(self.documents, minlength=self.world.documents)
        gold = self.world.mentions * SHARES
        found = _mean_skill(self.odds[backend][:, None] + EASE, self.world.within)
        right = found * gold
        predicted = right + self.spurious[backend][:, None] * SHARES
        table = np.stack([right, predicted, np.broadcast_to(gold, right.shape)], axis=-1)
        return np.tensordot(sizes, table, axes=1)


def draw(world: World, rng: Any) -> Draw:
    """One corpus, and what each backend makes of it."""
    sizes = 1 + rng.poisson(world.paragraphs - 1, world.documents)
    documents = np.repeat(np.arange(world.documents), sizes)
    density = world.mentions * rng.gamma(1.5, 1 / 1.5, len(documents))
    gold = rng.poisson(density[:, None] * SHARES)
    ease = rng.normal(0, world.common, world.documents)
    local = rng.normal(0, world.within, len(documents))
    counts, odds, spurious = [], [], []
    for skill in world.skills:
        own = _log_odds(skill) + ease + rng.normal(0, world.sd, world.documents)
        chance = _logistic((own[documents] + local)[:, None] + EASE)
        right = rng.binomial(gold, chance)
        rate = _spurious(world, skill) * np.exp(
            rng.normal(-(world.sd**2) / 2, world.sd, world.documents)
        )
        wrong = rng.poisson(rate[documents][:, None] * SHARES)
        counts.append(np.stack([right, right + wrong, gold], axis=-1))
        odds.append(own)
        spurious.append(rate)
    return Draw(world, documents, tuple(counts), tuple(odds), tuple(spurious))


def population(world: World, backend: int = 0) -> Any:
    """The expected sums a paragraph of texts like these, (types, 3)."""
    skill = world.skills[backend]
    spread = float(np.sqrt(world.common**2 + world.sd**2 + world.within**2))
    right = _mean_skill(_log_odds(skill) + EASE, spread) * world.mentions * SHARES
    predicted = right + _spurious(world, skill) * SHARES
    return np.stack([right, predicted, world.mentions * SHARES], axis=-1)


def _spurious(world: World, skill: float) -> float:
    return world.mentions * skill * (1 - world.precision) / world.precision


def _log_odds(skill: float) -> float:
    return float(np.log(skill / (1 - skill)))


def _logistic(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def _mean_skill(odds: Any, spread: float) -> Any:
    """The expected skill where log odds vary so much, by Gauss-Hermite quadrature."""
    grid = _logistic(np.asarray(odds)[..., None] + spread * _NODES)
    return grid @ _WEIGHTS / np.sum(_WEIGHTS)
