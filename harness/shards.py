"""Parts of a gold set by the ids of its documents: `3/64` is the third of 64."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import gcd

__all__ = ["MOST_SHARDS", "Shard", "ShardIndex", "first_meeting", "shard_here"]

MOST_SHARDS = 1_000_000

_WRITTEN = re.compile("([0-9]{1,9})/([0-9]{1,9})", re.ASCII)
_AUTO = re.compile("auto(?:/([0-9]{1,9}))?", re.ASCII)
_SLURM = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MAX")
_KUBERNETES = "JOB_COMPLETION_INDEX"
_EXPECTED = f"I/N with I from 1 to N, N at most {MOST_SHARDS:,}, such as 3/64"


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """The documents whose id has the hash `number - 1` modulo `count`; `number` is from 1 up.

    Whatever else the gold set has, and in whatever order, an id is in the same shard.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The inverse of `str()`. Raises `ValueError` that says what was expected."""
        written = _WRITTEN.fullmatch(text.strip())
        shard = cls(int(written[1]), int(written[2])) if written else None
        if shard is None or not 1 <= shard.number <= shard.count <= MOST_SHARDS:
            raise ValueError(_EXPECTED)
        return shard

    def has(self, id_: str) -> bool:
        """Whether the document of that id is in it."""
        return self.has_encoded(id_.encode("utf-8", "surrogatepass"))

    def has_encoded(self, id_: bytes) -> bool:
        """The same of the UTF-8 of an id."""
        return self.count == 1 or _hash(id_) % self.count == self.number - 1

    def halves(self) -> tuple[Shard, Shard]:
        """Two shards that have its documents between them."""
        return Shard(self.number, 2 * self.count), Shard(self.number + self.count, 2 * self.count)

    def meets(self, other: Shard) -> bool:
        """Whether some document could be in both: two residue classes meet where they are the same
        modulo the greatest common divisor of their moduli."""
        return (self.number - other.number) % gcd(self.count, other.count) == 0


def shard_here(text: str, environ: Mapping[str, str]) -> Shard:
    """A shard as `Shard.parse` reads it, or that of `auto`: of this task of a job array.

    Slurm numbers the tasks of an array (`--array=1-64`), Kubernetes the pods of an indexed job,
    from 0 and without saying how many there are: `auto/64` does. Raises `ValueError` that says what
    was found and expected.
    """
    auto = _AUTO.fullmatch(text.strip())
    if auto is None:
        if text.strip().startswith("auto"):
            raise ValueError("auto, or auto/N for a job of N tasks")
        return Shard.parse(text)
    count = auto[1]
    if all(environ.get(name) for name in _SLURM[:1]):
        number, whole, last = (environ.get(name, "") for name in _SLURM)
        if count is None and whole != (last or whole):
            raise ValueError(
                f"an array whose tasks are numbered from 1 (--array=1-N), or auto/N for some tasks "
                f"of one: {_SLURM[1]} is {whole}, {_SLURM[2]} {last}"
            )
        found = f"{_SLURM[0]}={number}, {_SLURM[1]}={whole or '(not set)'}"
        return _numbered(number, count or whole, "1 to N (--array=1-N)", found)
    if index := environ.get(_KUBERNETES):
        if count is None:
            raise ValueError(f"auto/N: {_KUBERNETES} does not say how many pods there are")
        number = str(int(index) + 1) if re.fullmatch("[0-9]{1,9}", index, re.ASCII) else index
        return _numbered(number, count, "0 to N-1 (completions: N)", f"{_KUBERNETES}={index}")
    raise ValueError(
        f"a task of a job array: neither {_SLURM[0]} nor {_KUBERNETES} is set; else {_EXPECTED}"
    )


def _numbered(number: str, count: str, expected: str, found: str) -> Shard:
    try:
        return Shard.parse(f"{number}/{count}")
    except ValueError:
        raise ValueError(f"tasks numbered from {expected}; found {found}") from None


def _hash(id_: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(id_, digest_size=8).digest(), "big")


_Remainders = dict[int, list[tuple[int, Shard]]]
"""Shards with their places, by what their numbers leave."""


class ShardIndex:
    """Shards, by what they leave when divided: those that meet another are found without looking
    at each. As many look-ups as there are different numbers of shards, which are few."""

    def __init__(self, shards: Iterable[Shard] = ()) -> None:
        self._size = 0
        self._of: dict[int, list[tuple[int, Shard]]] = {}
        """By `count`, with their places."""
        self._left: dict[int, dict[int, _Remainders]] = {}
        """The same by `count`, and by what divides it."""
        for shard in shards:
            self.add(shard)

    def add(self, shard: Shard) -> None:
        """Another, behind all that are there."""
        one = self._size, shard
        self._size += 1
        self._of.setdefault(shard.count, []).append(one)
        for divisor, remainders in self._left.setdefault(shard.count, {}).items():
            remainders[shard.number % divisor].append(one)

    def meeting(self, shard: Shard) -> list[Shard]:
        """Those that could have a document in common with one (`Shard.meets`), in their order."""
        return [one for _, one in sorted(chain.from_iterable(self._found(shard)))]

    def meets(self, shard: Shard) -> bool:
        """Whether there is any of these."""
        return any(self._found(shard))

    def _found(self, shard: Shard) -> Iterator[list[tuple[int, Shard]]]:
        for count, divided in self._left.items():
            divisor = gcd(count, shard.count)
            if (remainders := divided.get(divisor)) is None:
                remainders = divided[divisor] = defaultdict(list)
                for one in self._of[count]:
                    remainders[one[1].number % divisor].append(one)
            yield remainders.get(shard.number % divisor, [])


def first_meeting(shards: Iterable[Shard]) -> tuple[Shard, Shard] | None:
    """The first two that could have a document in common, or `None`."""
    seen = ShardIndex()
    for shard in shards:
        if others := seen.meeting(shard):
            return others[0], shard
        seen.add(shard)
    return None
