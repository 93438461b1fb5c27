"""Counts and measures: a tally is a Counter, a measure is four weights over its keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from harness.paragraphs import unit_of

__all__ = ["Event", "TallyKey", "Part", "Tally", "Weights"]

TallyKey: TypeAlias = tuple[str | None, ...]
"""What is counted; the first part, a string, names the kind of count."""

Event: TypeAlias = tuple[Sequence[int], TallyKey, int]
"""Something to count: offsets (code points), each of which decides a unit; its key; and how often
it counts at each of them."""

Weights: TypeAlias = tuple[float, float, float, float]
"""How much one count adds to `found`, `gold`, `right` and `predicted`."""


class Tally(Counter[TallyKey]):
    """Counts of one paragraph, of a document, or of many; no count is 0.

    In JSON, counts of one name are a number (`"gold": 3`), of two an object by the second (`{"PER":
    2}`), and of more a list of rows that end in the count (`["missed", "PER", null, 1]`).
    """

    @classmethod
    def units(cls, events: Iterable[Event], starts: Sequence[int] = (0,)) -> list[Tally]:
        """A tally for each unit, which begin at these offsets; they add up to the document's."""
        if len(starts) == 1:
            whole: dict[TallyKey, int] = {}
            for offsets, key, n in events:
                whole[key] = whole.get(key, 0) + n * len(offsets)
            return [cls.made(whole)]
        tallies: list[dict[TallyKey, int]] = [{} for _ in starts]
        for offsets, key, n in events:
            for offset in offsets:
                tally = tallies[unit_of(offset, starts)]
                tally[key] = tally.get(key, 0) + n
        return [cls.made(tally) for tally in tallies]

    @classmethod
    def of(cls, tallies: Iterable[Mapping[TallyKey, int]]) -> Tally:
        """The sum; of none, a tally without any count."""
        out: dict[TallyKey, int] = {}  # A plain one is twice as fast.
        for tally in tallies:
            for key, n in tally.items():
                out[key] = out.get(key, 0) + n
        return cls.made(out)

    @classmethod
    def made(cls, counts: dict[TallyKey, int]) -> Tally:
        """A tally of counts that may be 0; what `Counter` looks for in its argument takes longer
        than all the counting of a sentence."""
        out = cls.__new__(cls)
        dict.update(out, counts)
        return out.without_zeros() if 0 in counts.values() else out

    def without_zeros(self) -> Tally:
        """The same counts, in place: a sum of shifts may have come to nothing."""
        for key in [key for key, n in self.items() if not n]:
            del self[key]
        return self

    def to_json(self) -> dict[str, Any]:
        """The same for equal counts."""
        try:
            keys = sorted(self)
        except TypeError:  # `None` stands before any string.
            keys = sorted(self, key=_order)
        out: dict[str, Any] = {}
        for key in keys:
            name, held = str(key[0]), out.get(str(key[0]))
            if len(key) == 2 and key[1] is not None and type({} if held is None else held) is dict:
                out.setdefault(name, {})[key[1]] = self[key]
            elif len(key) > 2 and type([] if held is None else held) is list:
                out.setdefault(name, []).append([*key[1:], self[key]])
            elif len(key) == 1:
                out[name] = self[key]
            else:
                return self._mixed(keys)
        return out

    def _mixed(self, keys: Sequence[TallyKey]) -> dict[str, Any]:
        """The same where keys of one name have several forms: those are rows."""
        named: dict[str, list[tuple[str | None, ...]]] = {}
        for name, *rest in keys:
            named.setdefault(str(name), []).append(tuple(rest))
        return {name: self._under(name, rests) for name, rests in named.items()}

    def _under(self, name: str, rests: Sequence[tuple[str | None, ...]]) -> Any:
        """A number, an object by the one string behind the name, or rows."""
        if rests == [()]:
            return self[name,]
        if all(len(rest) == 1 and rest[0] is not None for rest in rests):
            return {rest[0]: self[name, *rest] for rest in rests}
        return [[*rest, self[name, *rest]] for rest in rests]

    @classmethod
    def from_json(cls, value: Any) -> Tally:
        """The inverse of `to_json`; a task says which keys there are (`Task.problem`).

        Raises `ValueError` for what `to_json` cannot have made.
        """
        if not isinstance(value, Mapping):
            raise ValueError(f"found {type(value).__name__}, expected an object of counts")
        out = cls()
        for name, counts in value.items():
            for key, n in _entries(name, counts):
                if key in out:
                    raise ValueError(f"two counts of {key}")
                if isinstance(n, bool) or not isinstance(n, int):
                    raise ValueError(f"not a count: {n!r} of {' '.join(map(str, key))}")
                if n:
                    out[key] = n
        return out


def _order(key: TallyKey) -> tuple[tuple[bool, str], ...]:
    return tuple((part is not None, part or "") for part in key)


def _entries(name: str, counts: Any) -> Iterator[tuple[TallyKey, Any]]:
    if isinstance(counts, Mapping):
        yield from (((name, label), n) for label, n in counts.items())
    elif isinstance(counts, list | tuple):
        for row in counts:
            if not isinstance(row, list | tuple) or not row:
                raise ValueError(f"not a count: {name} has {row!r}")
            *rest, n = row
            if not all(part is None or isinstance(part, str) for part in rest):
                raise ValueError(f"not a count: {name} has {row!r}")
            yield (name, *rest), n
    else:
        yield (name,), counts


class Part(NamedTuple):
    """One measure: what each key adds to `found` of `gold` and `right` of `predicted`.

    With `over` it is the mean over those of these parts that have gold (a macro average), undefined
    where none has, and `weigh` is of no account.
    """

    name: str
    weigh: Callable[[TallyKey], Weights]
    over: tuple[Part, ...] | None = None
    listed: bool = True
    """Whether it is one of those that a table by part goes through; an average is not."""
    available: bool = True
    """Whether the backend can give such a thing at all; else its rates are undefined."""
    counts: str = ""
    """What is counted where it is not what the task looks for: `letters`."""
    beta: float = 1.0
    """How many times as much recall weighs in F as precision, as a square root."""

    @property
    def weights(self) -> tuple[float, float]:
        """Of precision and recall in F (`harness.stats.rates`)."""
        return 1.0, self.beta**2

    @property
    def groups(self) -> tuple[Part, ...]:
        """The parts that it is the mean of; itself alone where it is no mean."""
        return (self,) if self.over is None else self.over

    def sums(self, tally: Mapping[TallyKey, int]) -> Weights:
        """`found`, `gold`, `right`, `predicted` of a tally."""
        found = gold = right = predicted = 0.0
        for key, n in tally.items():
            one, two, three, four = self.weigh(key)
            found, gold = found + n * one, gold + n * two
            right, predicted = right + n * three, predicted + n * four
        return found, gold, right, predicted
