"""The texts of a page with every mention of every backend, packed so that a reader unpacks one.

Documents stand in blocks of a few, each compressed (zlib) and in base64; an index says how many
mentions of which class each document has. Offsets are code points.

    block: [{"t": text, "g": [item], "p": [[entry, ...] per backend]}]
    entry: [class, gold, predicted, right, besides]
    item:  [label, [[role, start, end], ...], {fact: value}, [slice, ...]]

`gold` is the number of the item in `g`, or -1; `predicted` is an item, or 0 where there is none or
it is the gold one to the letter (`1`); `right` is 1 where the two count as found, else 0, and
`besides` may be missing, as may what an item ends with. Labels, roles, classes and slices are
numbers in lists of the index.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from harness.annotation import Record
from harness.decide.explain.examined import NO_VALUE, Setting
from harness.errors import HarnessError
from harness.results.outcomes import Mention
from harness.results.scored import Scored, reason_of
from harness.tasks.base import DocumentPair, Task

__all__ = ["PAGE_BYTES", "Documents", "BackendMention", "pack_documents"]

BackendMention = tuple[str, Mention]
"""What a backend made of a mention."""

PAGE_BYTES = 14_000_000
"""What the texts of a page may take; more and it would be slow to open, attach and send."""

_BLOCK = 24
_BLOCK_CHARACTERS = 200_000
"""Documents in a block, or so many characters: one is unpacked in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What the script reads; `index` and `blocks` are base64 of compressed JSON."""

    index: str
    blocks: tuple[str, ...]
    backends: tuple[str, ...]
    """Whose mentions are shown."""
    shown: int
    all: int
    """How many documents are in the page, and how many there are."""
    missing: tuple[str, ...]
    """Why a backend's mentions are not shown."""
    labels: tuple[str, ...]
    """Of all mentions that are shown."""
    counts: dict[str, dict[str, int]]
    """By backend: the mentions and pairs of each class in what is shown."""
    listed: dict[str, Counter[tuple[str, ...]]]
    """By backend: how many mentions a click lists; the keys are those of `listed_under`."""
    slices: frozenset[tuple[str, str]] = frozenset()
    """Facet and value of those that any item is in, where they are known."""
    places: Mapping[BackendMention, tuple[str, ...]] = field(default_factory=dict)
    """Where the entries stand that were asked for: their keys in the document."""

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.index) + sum(map(len, self.blocks))

    def lists(self, backend: str, key: tuple[str, ...], count: float) -> bool:
        """Whether a click on a count lists as many mentions as it says; of a page that has not
        all documents: no more. Items may be counted under a label that they do not state."""
        number = self.listed.get(backend, Counter())[key]
        return number == count or (self.shown < self.all and number < count)


def listed_under(gold: str | None, predicted: str | None, right: bool) -> Iterator[tuple[str, ...]]:
    """The lists that a gold item, a prediction, or a pair is on, by their labels: side and label,
    and gold and predicted label (`-` for none)."""
    if gold is not None:
        yield "found" if right else "missed", gold
    if predicted is not None and not right:
        yield "spurious", predicted
    yield "pair", gold or "-", predicted or "-"


_Name = TypeVar("_Name")


class _Names(Generic[_Name]):
    """Numbers of names, in order of appearance."""

    def __init__(self) -> None:
        self.places: dict[_Name, int] = {}

    def __call__(self, name: _Name) -> int:
        return self.places.setdefault(name, len(self.places))


def pack_documents(
    scored: Sequence[Scored],
    *,
    room: int = PAGE_BYTES,
    setting: Setting | None = None,
    wanted: Iterable[BackendMention] = (),
) -> Documents | None:
    """Pack the documents of backends that were counted on the same gold, as far as `room` allows.

    With a `setting` every item has its slices; of `wanted` entries it is kept where they stand.
    Backends whose predictions or gold are not at hand are left out, and said to be; `None` where
    no mention of any can be shown, with nothing to say either.
    """
    missing: dict[str, list[str]] = {}
    able: list[tuple[Scored, list[DocumentPair]]] = []
    for one in scored:
        try:
            able.append((one, one.pairs()))
        except (HarnessError, OSError) as error:
            reason = f"mentions are not shown: {reason_of(one, error)}"
            missing.setdefault(reason, []).append(one.name)
    said = tuple(f"{', '.join(names)}: {reason}" for reason, names in missing.items())
    if not able:
        return Documents("", (), (), 0, 0, said, (), {}, {}) if said else None
    return _Packer(able, setting, wanted).pack(room, said)


class _Packer:
    """Makes blocks and index in one pass."""

    def __init__(
        self,
        able: Sequence[tuple[Scored, list[DocumentPair]]],
        setting: Setting | None,
        wanted: Iterable[BackendMention],
    ) -> None:
        self.scored = [one for one, _ in able]
        self.task: Task = self.scored[0].definition
        first = able[0][1]
        self.golds = [pair.gold for pair in first]
        self.pairs = [{pair.gold.id: pair for pair in pairs} for _, pairs in able]
        self.setting = setting
        self.wanted: dict[str, set[BackendMention]] = {}
        """By document."""
        for one in wanted:
            self.wanted.setdefault(one[1].document, set()).add(one)
        texts: list[_Names[str]] = [_Names() for _ in range(4)]
        self.labels, self.roles, self.classes, self.besides = texts
        self.slices: _Names[tuple[int, int]] = _Names()
        """By the numbers of facet and value."""
        self._names: list[_Names[Any]] = [*texts, self.slices]
        self.classes("correct")
        self.sides: tuple[dict[BackendMention, list[str]], ...] = ({}, {})
        """Of gold and of predictions the keys of entries that are wanted."""
        self.pairings: list[Counter[tuple[int | None, int | None, bool]]] = [
            Counter() for _ in able
        ]

    def pack(self, room: int, missing: tuple[str, ...]) -> Documents:
        blocks: list[str] = []
        entries: list[dict[str, Any]] = []
        used, size = 0, self._block_size()
        for start in range(0, len(self.golds), size):
            before = [one.copy() for one in self.pairings]
            names = [dict(one.places) for one in self._names]
            sides = tuple(dict(one) for one in self.sides)
            made = [self._document(gold) for gold in self.golds[start : start + size]]
            block = packed([body for body, _ in made])
            if used + len(block) > room:
                self.pairings, self.sides = before, sides
                for one, places in zip(self._names, names, strict=True):
                    one.places = places
                break
            used += len(block)
            blocks.append(block)
            entries += [entry for _, entry in made]
        index = {
            "labels": list(self.labels.places),
            "roles": list(self.roles.places),
            "classes": list(self.classes.places),
            "besides": list(self.besides.places),
            "slices": self._slices(),
            "backends": [one.name for one in self.scored],
            "block": size,
            "documents": entries,
        }
        return Documents(
            packed(index),
            tuple(blocks),
            tuple(one.name for one in self.scored),
            len(entries),
            len(self.golds),
            missing,
            tuple(self.labels.places),
            {one.name: self._counts(entries, at) for at, one in enumerate(self.scored)},
            {one.name: self._listed(at) for at, one in enumerate(self.scored)},
            frozenset((facet, value) for facet, value, _ in self._slices()),
            {one: tuple(keys) for one, keys in (self.sides[1] | self.sides[0]).items()},
        )

    def _block_size(self) -> int:
        """Documents in a block: fewer of long ones."""
        mean = sum(len(gold.text or "") for gold in self.golds) / max(1, len(self.golds))
        return max(1, min(_BLOCK, int(_BLOCK_CHARACTERS / max(1.0, mean))))

    def _counts(self, entries: Sequence[dict[str, Any]], backend: int) -> dict[str, int]:
        names = list(self.classes.places)
        out: Counter[str] = Counter()
        for entry in entries:
            for error, n in entry["c"][backend]:
                out[names[error]] += n
        return dict(out)

    def _listed(self, backend: int) -> Counter[tuple[str, ...]]:
        out: Counter[tuple[str, ...]] = Counter()
        names: list[str | None] = [*self.labels.places, None]
        for (gold, predicted, right), n in self.pairings[backend].items():
            one, other = (names[-1 if side is None else side] for side in (gold, predicted))
            for key in listed_under(one, other, right):
                out[key] += n
        return out

    def _document(self, record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
        """A document's body for its block, and its entry in the index."""
        name, text = record.id, record.text or ""
        wanted = self.wanted.get(name, ())
        made: dict[Any, list[Any]] = {}
        gold: dict[Any, int] = {}
        items: list[Any] = []
        rows: list[list[Any]] = []
        counted: list[Counter[int]] = []
        for place, one in enumerate(self.scored):
            row: list[Any] = []
            counts: Counter[int] = Counter()
            pairings = self.pairings[place]
            pair = self.pairs[place].get(name)
            outcomes = () if pair is None else self.task.outcomes(pair, one.options)
            for outcome in outcomes:
                error = self.classes(outcome.error)
                counts[error] += 1
                said, answer = (
                    None if item is None else self._item(record, item, made)
                    for item in (outcome.gold, outcome.predicted)
                )
                at = -1
                if said is not None:
                    at = gold.setdefault(outcome.gold, len(items))
                    if at == len(items):
                        items.append(said)
                label = None if said is None else said[0]
                pairings[label, None if answer is None else answer[0], outcome.right] += 1
                predicted: Any = 0 if answer is None else 1 if answer == said else answer
                more = [self.besides(outcome.besides)] if outcome.besides else []
                for side, item in zip(self.sides, (outcome.gold, outcome.predicted), strict=True):
                    if item is None or not wanted:
                        continue
                    if (entry := (one.name, one.mention(name, item))) in wanted:
                        side.setdefault(entry, []).append(f"{place}.{len(row)}")
                row.append([error, at, predicted, int(outcome.right), *more])
            rows.append(row)
            counted.append(counts)
        listed = {
            "id": name,
            "n": len(text),
            "c": [list(map(list, c.items())) for c in counted],
        }
        return {"t": text, "g": items, "p": rows}, listed

    def _item(self, record: Record, item: Any, made: dict[Any, list[Any]]) -> list[Any]:
        """An item as it is written; `made` has those of the document, which backends share."""
        known = made.get(item)
        if known is None:
            task = self.task
            label = self.labels(task.label_of(task.mention(item)[2]))
            spans = [[self.roles(role), s.start, s.end] for role, s in task.role_spans(item)]
            facts = dict(task.facts(item))
            known = made[item] = [label, spans]
            codes = () if self.setting is None else self.setting.codes(record, item)
            slices = [self.slices(pair) for pair in enumerate(codes) if pair[1] != NO_VALUE]
            known += [facts, slices] if slices else [facts] if facts else []
        return known

    def _slices(self) -> list[tuple[str, str, int]]:
        """Facet and value of every slice, and 1 where only gold can be put into it."""
        if self.setting is None:
            return []
        named = [list(values) for values in self.setting.values]
        facets = self.setting.facets
        return [
            (facets[facet].name, named[facet][code], int(facets[facet].gold_only))
            for facet, code in self.slices.places
        ]


def packed(value: Any) -> str:
    """Compressed JSON in base64, which no text in it can break out of."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode("ascii"), 6)).decode("ascii")
