"""Where two label schemas meet, and what gets lost on the way.

A gold set and a backend rarely use the same labels. `meet` finds the finest schema onto which both
can be projected (`harness.labels.schema`), `project` puts entities there, `coverage` says what a
backend cannot reach. Nothing is dropped silently: labels without counterpart are listed in the
`Meeting`, labels that a schema does not know are counted by `project` and stay in as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.annotation import Entity, replaced
from harness.digest import digest_text
from harness.errors import SchemaError
from harness.labels.schema import Projection, Schema, catalogue, load_schema

__all__ = [
    "Coverage",
    "Meeting",
    "Merge",
    "adhoc_schema",
    "coverage",
    "extended_schema",
    "guess_schema",
    "meet",
    "project",
    "schema_of",
]


class Merge(NamedTuple):
    """Several labels that become one in a meeting: what they told apart is lost."""

    side: str
    """`gold` or `predicted`."""
    labels: tuple[str, ...]
    into: str

    def __str__(self) -> str:
        return f"{self.side} {', '.join(self.labels)} -> {self.into}"


@dataclass(frozen=True)
class Meeting:
    """Where a gold schema and a backend's schema are compared, and what gets lost there."""

    schema: Schema
    project_gold: Projection
    project_predicted: Projection
    by_name: bool = False
    """No projection is known: labels of the same spelling are taken to mean the same."""

    @property
    def lossy(self) -> tuple[Merge, ...]:
        """Every merge on either side; empty when no distinction is lost."""
        sides = (("gold", self.project_gold), ("predicted", self.project_predicted))
        return tuple(
            Merge(side, labels, into)
            for side, projection in sides
            for into, labels in projection.merges.items()
        )

    @property
    def dropped_gold(self) -> tuple[str, ...]:
        """Gold labels without counterpart: their mentions take no part in the score."""
        return self.project_gold.dropped

    @property
    def dropped_predicted(self) -> tuple[str, ...]:
        """Predicted labels without counterpart: their mentions take no part in the score."""
        return self.project_predicted.dropped


class Coverage(NamedTuple):
    """What a backend can reach at all. Unpacks as `missing, ceiling_recall`."""

    missing: tuple[str, ...]
    """Labels with gold support that the backend cannot produce, in the schema's order."""
    ceiling_recall: float | None
    """Recall of a backend that finds all the rest; `None` when there is no gold mention."""


def guess_schema(labels: Iterable[str], folders: Sequence[str | Path] = ()) -> Schema | None:
    """The built-in schema that knows every one of `labels`, or `None`.

    A schema whose labels are all seen wins, in its own spelling before another spelling; then one
    that spells all of them so itself; then the one of which the largest share is seen.
    """
    given = set(labels)
    fits = []
    for schema in _guessable(given, folders):
        if given and schema.knows(given):
            seen = {schema.canonical(label) for label in given}
            own, share = given <= schema.labels.keys(), len(seen) / len(schema.labels)
            fits.append(((share == 1, own, share), schema))
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _guessable(labels: set[str], folders: Sequence[str | Path]) -> list[Schema]:
    return [
        schema
        for schema in catalogue(folders).schemas.values()
        if schema.guessable and not schema.is_contradicted(labels)
    ]


def extended_schema(labels: Iterable[str], folders: Sequence[str | Path] = ()) -> Schema | None:
    """The schema that knows most of `labels` (two at least), with the rest added.

    In-house label sets are mostly a known one with a type or two more: PER, ORG, LOC and DATE are
    CoNLL's with dates. The added labels meet others of the same spelling, all the rest is
    projected as the base is. One known label is enough where a schema that knows all of them is
    contradicted: LOC and DATE. `None` where no schema knows enough of them.
    """
    given = set(labels)
    everything = catalogue(folders).schemas.values()
    least = 1 if any(one.guessable and one.knows(given) for one in everything) else 2
    ranked = []
    for schema in _guessable(given, folders):
        known = {label for label in given if schema.canonical(label) is not None}
        own = sum(label in schema.labels for label in given)
        if len(known) >= least:
            ranked.append(((len(known), own, -len(schema.labels)), schema, known))
    if not ranked:
        return None
    _, base, known = max(ranked, key=lambda item: item[0])
    added = dict.fromkeys(sorted(given - known), "")
    return Schema(
        "+".join((base.name, *added)),
        base.version,
        {**base.labels, **added},
        base.aliases,
        guessable=False,
        base=base,
    )


def adhoc_schema(labels: Iterable[str]) -> Schema:
    """A schema of just these labels, named `custom`; its version is a digest of them."""
    own = sorted(set(labels))
    digest = digest_text("\n".join(own))[:8]
    return Schema("custom", digest, dict.fromkeys(own, ""), {}, guessable=False)


def schema_of(labels: str | Iterable[str], folders: Sequence[str | Path] = ()) -> Schema:
    """The schema of what an adapter or a file declares: a schema's name, or a set of labels.

    Labels that no schema knows extend the one that is nearest (`extended_schema`), or make a
    schema of their own (`adhoc_schema`).
    """
    if isinstance(labels, str):
        return load_schema(labels, folders)
    own = set(labels)
    return guess_schema(own, folders) or extended_schema(own, folders) or adhoc_schema(own)


def meet(
    gold: Schema | str,
    predicted: Schema | str,
    *,
    schema: Schema | str | None = None,
    folders: Sequence[str | Path] = (),
) -> Meeting:
    """The finest schema onto which both can be projected, with the projections.

    The same schema on both sides meets in itself. Otherwise each schema that both reach (also
    through a chain of projections) is a candidate; the one with the most labels which both sides
    can fill wins, then the one that drops fewest gold labels, then the fewest predicted ones,
    then the first by name. `schema` forces the meeting place.

    Where a side is no known schema (`adhoc_schema`), labels of the same spelling are taken to mean
    the same and the meeting is flagged `by_name`.

    Raises `SchemaError` when there is no common schema.
    """
    gold = load_schema(gold, folders) if isinstance(gold, str) else gold
    predicted = load_schema(predicted, folders) if isinstance(predicted, str) else predicted
    wanted = load_schema(schema, folders) if isinstance(schema, str) else schema
    own = [side.origin.parent for side in (gold, predicted, wanted) if side and side.origin]
    known = catalogue([*folders, *own])
    from_gold, from_predicted = known.reachable(gold), known.reachable(predicted)
    for side in (gold, predicted):
        if side.base is not None:
            for ways in (from_gold, from_predicted):
                _reach_extended(ways, side)
    candidates = [
        Meeting(from_gold[name].target, from_gold[name], from_predicted[name])
        for name in from_gold.keys() & from_predicted.keys()
        if from_gold[name].target == from_predicted[name].target
        and (wanted is None or name == wanted.name)
    ]
    candidates = [one for one in candidates if _shared(one)]
    if candidates:
        return min(candidates, key=_coarseness)
    if wanted is None and (gold.origin is None or predicted.origin is None):
        return _meet_by_name(gold, predicted)
    place = f" in {wanted}" if wanted else ""
    raise SchemaError(
        f"labels of the gold ({gold}) and of the predictions ({predicted}) cannot be compared"
        f"{place}: no projection leads there from both",
        hint="write one: a TOML file with from, to, version and [labels] in the gold set's folder",
    )


def project(
    entities: Iterable[Entity], projection: Projection
) -> tuple[tuple[Entity, ...], Mapping[str, int]]:
    """Entities under the labels of the projection's target, and unknown labels with counts.

    Entities whose label has no counterpart are left out. Those whose
    label the source schema does not know stay in as they are: they count as wrong unless the other
    side spells it the same, so that an odd label can neither vanish nor help. A tuple in which
    nothing changes is returned itself.
    """
    entities = tuple(entities)
    if projection.keeps({entity.label for entity in entities}):
        return entities, {}
    kept: list[Entity] = []
    unknown: Counter[str] = Counter()
    for entity in entities:
        label = entity.label
        target = projection.apply(label)
        if target is None:
            unknown[label] += 1
            kept.append(entity)
        elif target:
            kept.append(entity if target == label else replaced(entity, label=target))
    return tuple(kept), unknown


def coverage(
    meeting: Meeting, producible: Iterable[str] | None, gold_counts: Mapping[str, int]
) -> Coverage:
    """Which gold labels the backend cannot produce, and the recall that it cannot pass.

    `producible` are the backend's own labels (`None`: unknown, taken to be all of its schema);
    `gold_counts` how often each gold label comes. Both in the spelling of their own schema.
    A merged label counts as covered when the backend can produce any part of it.
    """
    own = meeting.project_predicted.source.labels if producible is None else producible
    reachable = {_target(meeting.project_predicted, label) for label in own}
    support: Counter[str] = Counter()
    for label, count in gold_counts.items():
        target = _target(meeting.project_gold, label)
        if target:
            support[target] += count
    total = sum(support.values())
    missing = [label for label, count in support.items() if count and label not in reachable]
    order = {label: rank for rank, label in enumerate(meeting.schema.labels)}
    missing.sort(key=lambda label: (order.get(label, len(order)), label))
    reached = total - sum(support[label] for label in missing)
    return Coverage(tuple(missing), reached / total if total else None)


def _target(projection: Projection, label: str) -> str:
    target = projection.apply(label)
    return label if target is None else target


def _shared(meeting: Meeting) -> frozenset[str]:
    return meeting.project_gold.image & meeting.project_predicted.image


def _coarseness(meeting: Meeting) -> tuple[int, int, int, str]:
    return (
        -len(_shared(meeting)),
        len(meeting.dropped_gold),
        len(meeting.dropped_predicted),
        meeting.schema.name,
    )


def _meet_by_name(gold: Schema, predicted: Schema) -> Meeting:
    schema = predicted if gold.origin is None and predicted.origin is not None else gold
    sides = [
        Projection(side, schema, {label: schema.canonical(label) or "" for label in side.labels})
        for side in (gold, predicted)
    ]
    meeting = Meeting(schema, sides[0], sides[1], by_name=True)
    if not _shared(meeting):
        raise SchemaError(
            f"gold and predictions share no label: gold has {_some(gold)}, predictions have "
            f"{_some(predicted)}",
            hint="write a projection: a TOML file with from, to, version and [labels] in the gold "
            "set's folder",
        )
    if gold.origin is None and schema is predicted and meeting.dropped_gold:
        # A gold label that the backend's schema lacks must stay in the score, as missed.
        kept = {label: gold.canonical(label) or "" for label in predicted.labels}
        return Meeting(
            gold, Projection.identity(gold), Projection(predicted, gold, kept), by_name=True
        )
    return meeting


def _reach_extended(ways: dict[str, Projection], place: Schema) -> None:
    """Add the way to a schema with labels of its own, where one leads to its base."""
    assert place.base is not None
    way = ways.get(place.base.name)
    if place.name in ways or way is None:
        return
    added = set(place.added)
    labels = {
        label: own if (own := place.canonical(label)) in added and own else to
        for label, to in way.labels.items()
    }
    ways[place.name] = Projection(way.source, place, labels, way.version)


def _some(schema: Schema) -> str:
    labels = list(schema.labels)
    return ", ".join(labels[:6]) + (", …" if len(labels) > 6 else "")
