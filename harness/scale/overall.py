"""How far all shards of a run are together: a line such as
`3 of 8 shards, 12,345 of 100,000 answers, 2 min left`."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from harness.run.progress import Progress, duration
from harness.shards import Shard

__all__ = ["Overall"]


class Overall:
    """Counts every answer once: one that was there before its shard was cut in two, or run again,
    is replayed in the halves, or in the next try."""

    def __init__(self, progress: Progress, total: int, shards: int, done: Mapping[Shard, int]):
        """`total` answers are expected of so many `shards`; those that are `done` are there."""
        self._progress = progress
        self._total = total
        self._shards = shards
        self._ended = len(done)
        self._before = min(total, sum(done.values()))
        self._told: dict[Shard, int] = {}
        self._fresh: dict[Shard, int] = {}
        self._halves: dict[Shard, tuple[Shard, Shard]] = {}
        self._parent: dict[Shard, Shard] = {}
        self._value: dict[Shard, int] = {}
        self._sum = 0
        self._begun = monotonic()
        self._shown = self._begun

    @property
    def answers(self) -> int:
        """How many answers are there; it never falls, and never passes the total."""
        return min(self._total, self._before + self._sum)

    def hear(self, shard: Shard, done: int, replayed: int) -> None:
        """A shard has so many answers, of which so many were in the store."""
        self._told[shard] = max(done, self._told.get(shard, 0))
        self._fresh[shard] = max(done - replayed, self._fresh.get(shard, 0))
        at: Shard | None = shard
        while at is not None:
            inner = sum(self._value.get(half, 0) for half in self._halves.get(at, ()))
            value = max(self._told.get(at, 0), inner)
            if (parent := self._parent.get(at)) is None:
                self._sum += value - self._value.get(at, 0)
            self._value[at], at = value, parent
        self._show()

    def cut(self, shard: Shard) -> None:
        """A shard was cut in two."""
        self._halves[shard] = shard.halves()
        self._parent |= dict.fromkeys(shard.halves(), shard)
        self._shards += 1

    def end(self) -> None:
        """A shard is done."""
        self._ended += 1
        self._show()

    def finish(self) -> None:
        """All are."""
        seconds = duration(monotonic() - self._begun)
        self._progress.update(f"{self._counts()} in {seconds}", last=True)

    def _show(self) -> None:
        now = monotonic()
        if now - self._shown >= self._progress.pace:
            self._shown = now
            self._progress.update(f"{self._counts()}, {self._left(now)}", last=False)

    def _counts(self) -> str:
        answers = f"{self.answers:,} of {self._total:,} answers"
        return f"{self._ended:,} of {self._shards:,} shards, {answers}"

    def _left(self, now: float) -> str:
        fresh = sum(self._fresh.values())
        if not fresh:
            return "time left unknown"
        left = (now - self._begun) / fresh * (self._total - self.answers)
        return f"{duration(left)} left"
