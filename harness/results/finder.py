"""Where the gold sets of runs lie, and which of them a user asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import HarnessError, NotComparable, UsageError
from harness.formats.source import Source, is_remote, leads_to_files
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset, named_goldset
from harness.gold.perturbing import original_name
from harness.results.record import GoldRecord, RunRecord
from harness.results.scored import Scored

__all__ = ["GoldFinder", "fits", "matches_pattern"]


def matches_pattern(pattern: str, name: str) -> bool:
    """Whether a name or a pattern of names fits a name."""
    return pattern == name or fnmatchcase(name, pattern)


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits one of the patterns; without any, every name does."""
    return not patterns or any(matches_pattern(pattern, name) for pattern in patterns)


class GoldFinder:
    """The gold sets that a user asked for: where they lie, and which results are about them.

    Each place is a path, the name of a known gold set, or a pattern of names. Without any, every
    gold set is wanted. One that was not given by its place is looked for where a record says that
    it lay (`learn`), and by its name.
    """

    def __init__(self, places: Iterable[str | Path | Source] = ()) -> None:
        self._given: dict[str, GoldSet] = {}
        self._found: dict[str, GoldSet | None] = {}
        self._gold_records: dict[str, tuple[GoldRecord, Path]] = {}
        self._renamed: dict[str, str] = {}
        patterns = []
        for place in places:
            path = Source.parse(place).path
            if leads_to_files(path) or named_goldset(path):
                goldset = load_goldset(place)
                self._given[goldset.name] = goldset
                patterns.append(goldset.name)
            else:
                patterns.append(str(place))
        self.patterns = tuple(patterns)

    def learn(self, record: RunRecord, folder: str | Path) -> None:
        """Take from a record where its gold sets lay; `folder` is the record's.

        A gold set that was given under another name is the record's if it has its digest.
        """
        names = {recorded.name for recorded in record.gold}
        for recorded in record.gold:
            self._gold_records.setdefault(recorded.name, (recorded, Path(folder)))
            for name, goldset in list(self._given.items()):
                # A perturbation that changes nothing leaves two sets with one digest.
                if recorded.name in self._given or name in names:
                    continue
                if goldset.digest == recorded.digest:
                    self._given[recorded.name] = _called(self._given.pop(name), recorded.name)
                    self._renamed[name] = recorded.name
                    self.patterns = tuple(recorded.name if p == name else p for p in self.patterns)

    @property
    def is_given(self) -> bool:
        """Whether any gold set was given by its place or by a known name."""
        return bool(self._given)

    def known_name(self, name: str) -> str:
        """The name that the records have for a gold set that was given under this one."""
        return self._renamed.get(name, name)

    def under_known_name(self, scored: Scored) -> Scored:
        """The same with its gold set under the name that the records have for it."""
        name = self.known_name(scored.gold)
        return scored if name == scored.gold else scored.under(name)

    def wants(self, name: str) -> bool:
        """Whether the gold set of that name was asked for."""
        return fits(name, self.patterns)

    def check_patterns(self) -> None:
        """Raise `UsageError` for a gold set that was asked for and is in no record."""
        for pattern in self.patterns:
            if not any(matches_pattern(pattern, name) for name in self._gold_records):
                known = ", ".join(sorted(self._gold_records)) or "none"
                raise UsageError(f"no gold set {pattern!r} in there; there is: {known}")

    def find(self, name: str) -> GoldSet | None:
        """The gold set of that name, or `None`.

        The one that was given, else one that a record knows and that is still the same, else
        whatever lies there; its digest has to be looked at.
        """
        if name in self._given:
            return self._given[name]
        if name not in self._found:
            there = list(self._candidates(name))
            recorded = self._gold_records[name][0] if name in self._gold_records else None
            same = [one for one in there if recorded is not None and one.digest == recorded.digest]
            goldset = next(iter([*same, *there]), None)
            self._found[name] = None if goldset is None else _called(goldset, name)
        return self._found[name]

    def take(self, name: str, goldset: GoldSet) -> None:
        """Have this one found under a name, unless one was given under it."""
        self._found[name] = _called(goldset, name)

    def check_given(self, record: RunRecord) -> None:
        """Raise `NotComparable` for a gold set that was given and is not the record's any more."""
        for recorded in record.gold:
            goldset = self._given.get(recorded.name)
            if goldset is not None and goldset.digest != recorded.digest:
                raise NotComparable(
                    f"the gold set {recorded.name!r} at {goldset.place} is not the one of the run: "
                    f"its digest is {goldset.digest[:8]}, the run's {recorded.digest[:8]}. The "
                    "run's counts are of the old gold: run again"
                )

    def looked(self, name: str) -> str:
        """Where the record says that a gold set lies, for an error; empty where it does not."""
        recorded, folder = self._gold_records.get(name, (None, Path()))
        if recorded is None or not recorded.path:
            return ""
        return f" ({recorded.path if is_remote(recorded.path) else folder / recorded.path})"

    def check_options(self, record: RunRecord) -> None:
        """Raise `NotComparable` for a gold set that was given and declares other labels, or another
        schema, than the record's did: no digest tells."""
        for recorded in record.gold:
            goldset = self._given.get(recorded.name)
            if goldset is None or goldset.said is None:
                continue
            before, now = (
                {name: str(options[name]) for name in _DECLARING if name in options}
                for options in (recorded.options, goldset.said.options)
            )
            if before != now:
                said = goldset.said.options
                others = {name: value for name, value in said.items() if name not in _DECLARING}
                named = Source(goldset.said.path, {**others, **before})
                raise NotComparable(
                    f"the gold set {recorded.name!r} was named with other labels or another schema "
                    f"by the run: name it as --gold {str(named)!r}, or run again"
                )

    def _candidates(self, name: str) -> Iterator[GoldSet]:
        places = [Source(name)]
        if name in self._gold_records:
            recorded, folder = self._gold_records[name]
            places = [Source(original_name(name, recorded.options), recorded.options)]
            if recorded.path:
                there = recorded.path if is_remote(recorded.path) else folder / recorded.path
                places.insert(0, Source(str(there), recorded.options))
        for place in places:
            try:
                goldset = load_goldset(place)
                _ = goldset.digest  # Whether it can be read at all.
            except (HarnessError, OSError):
                continue
            yield goldset


_DECLARING = ("labels", "schema")
"""Options of a gold set by which types are scored that it does not have."""


def _called(goldset: GoldSet, name: str) -> GoldSet:
    """The gold set under the name that a record knows: a file may have been renamed since."""
    return goldset if goldset.name == name else replace(goldset, name=name)
