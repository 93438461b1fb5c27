"""In which labels gold and predictions are compared; `open_count` asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.adapter import Declaration
from harness.annotation import Entity, Record, replaced
from harness.digest import digest_text
from harness.errors import SchemaError
from harness.gold.goldset import RECOUNTED, GoldSet
from harness.labels.meeting import Meeting, coverage, meet, project, schema_of
from harness.labels.schema import Projection, Schema, load_schema, schema_names
from harness.tasks.base import Task

__all__ = [
    "SettledEntities",
    "PredictedLabels",
    "LabelMapping",
    "common_schema",
    "known_schemas",
    "not_scored",
    "settle",
    "labels_of_predictions",
]


@dataclass(frozen=True, slots=True)
class PredictedLabels:
    """What is known of the labels of predictions. Nothing at all: they are taken for the gold's."""

    declared: str | tuple[str, ...] | None = None
    """A schema's name, or labels: what an adapter says before a model is loaded."""
    produced: tuple[str, ...] | None = None
    """Every label that the loaded model can give; goes before `declared` where it does not fit."""
    occurring: Mapping[str, int] | None = None
    """Labels that predictions have, where nobody states more."""

    @property
    def is_stated(self) -> bool:
        return self.declared is not None or self.produced is not None


def labels_of_predictions(
    task: Task,
    declaration: Declaration | None,
    produced: Sequence[str] | None,
    predicted: Iterable[Record] = (),
) -> PredictedLabels:
    """What a backend says of its labels; if it says nothing, what occurs in its predictions.

    Rows that check the harness have the gold's labels.
    """
    if not task.labelled or (declaration is not None and declaration.sanity):
        return PredictedLabels()
    declared = None if declaration is None else declaration.labels
    stated = PredictedLabels(declared, None if produced is None else tuple(produced))
    if stated.is_stated:
        return stated
    occurring: Counter[str] = Counter()
    for record in predicted:
        occurring.update([item.label for item in task.items(record.annotations)])
    return PredictedLabels(occurring=occurring)


class _Fate(NamedTuple):
    """What becomes of predictions of one label."""

    target: str
    """Under which they are compared; empty: they are not scored."""
    is_extra: bool
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """How the labels of both sides are brought together."""

    meeting: Meeting | None = None
    """Where they meet; `None` compares labels as they are spelled."""
    annotated: frozenset[str] | None = None
    """The labels, as they are compared, that the gold set annotates; `None`: any there may be."""
    occurring: frozenset[str] = frozenset()
    """Those of them that the gold really has."""
    gold_assumed: tuple[str, ...] = ()
    """What nobody stated of the gold and was taken to be so, a sentence each."""
    assumed: tuple[str, ...] = ()
    """The same of the predictions."""
    _fates: dict[str, _Fate] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def schema(self) -> str:
        """The schema, with its version, for the signature; `none` where there is none."""
        return "none" if self.meeting is None else str(self.meeting.schema)

    @property
    def declared(self) -> str:
        """The labels that are scored though the gold has none of them, for the signature: somebody
        has stated them, and no digest of the gold tells. Empty for none; of many a digest."""
        labels = "+".join(sorted((self.annotated or frozenset()) - self.occurring))
        return labels if len(labels) <= _LONGEST else f"#{digest_text(labels)[:8]}"

    @property
    def projection(self) -> str:
        """How both sides came to the schema, for the signature; `none` where nothing changes."""
        if self.meeting is None:
            return "none"
        sides = {"gold": self.meeting.project_gold, "pred": self.meeting.project_predicted}
        maps = [f"{side}={p.name}" for side, p in sides.items() if not p.is_identity]
        if self.meeting.by_name:
            maps.append("by-name")
        return ",".join(maps) or "none"

    def gold(self, entities: Iterable[Entity]) -> tuple[tuple[Entity, ...], Mapping[str, int]]:
        """Gold entities under the labels that are compared, and labels that no schema knows."""
        if self.meeting is None:
            return tuple(entities), _NONE
        return project(entities, self.meeting.project_gold)

    def predicted(self, entities: Iterable[Entity]) -> SettledEntities:
        """Predicted entities under the labels that are compared, and what is not scored."""
        entities = tuple(entities)
        fates = {label: self._fate(label) for label in {entity.label for entity in entities}}
        if all(fate.target == label and not fate.is_unknown for label, fate in fates.items()):
            return SettledEntities(entities, (), _NONE)
        kept: list[Entity] = []
        extra: list[Entity] = []
        unknown: Counter[str] = Counter()
        for entity in entities:
            label = entity.label
            target, is_extra, is_unknown = fates[label]
            if is_unknown:
                unknown[label] += 1
            if target:
                kept.append(entity if target == label else replaced(entity, label=target))
            elif is_extra:
                extra.append(entity)
        return SettledEntities(tuple(kept), tuple(extra), unknown)

    def reach(
        self, produced: Sequence[str] | None, gold_labels: Mapping[str, int]
    ) -> tuple[tuple[str, ...], float | None, tuple[str, ...], tuple[str, ...]]:
        """What a backend cannot give, the recall that this costs, merged and left-out labels."""
        if self.meeting is None:
            return (), None, (), ()
        missing, ceiling = coverage(self.meeting, produced, gold_labels)
        merged = tuple(str(merge) for merge in self.meeting.lossy)
        return missing, ceiling, merged, self.meeting.dropped_gold

    def _fate(self, label: str) -> _Fate:
        """What becomes of predictions of this label."""
        known = self._fates.get(label)
        if known is not None:
            return known
        target = label if self.meeting is None else self.meeting.project_predicted.apply(label)
        is_unknown = target is None
        if target is None:  # It stays under its own name, and counts where the gold has that.
            target = label
        is_scored = bool(target) and (self.annotated is None or target in self.annotated)
        is_extra = not is_scored and (bool(target) or not self._dropped_too(label))
        fate = self._fates[label] = _Fate(target if is_scored else "", is_extra, is_unknown)
        return fate

    def _dropped_too(self, label: str) -> bool:
        """Whether the gold annotates it, but under a label that has no counterpart either."""
        if self.meeting is None:
            return False
        own = self.meeting.project_predicted.source.canonical(label)
        return own is not None and self.meeting.project_gold.apply(own) == ""


class SettledEntities(NamedTuple):
    """What became of predicted entities."""

    kept: tuple[Entity, ...]
    extra: tuple[Entity, ...]
    """Of types that the gold set does not annotate, as they came: not scored, but counted."""
    unknown: Mapping[str, int]
    """Labels that the predictions' own schema does not have."""


_NONE: Mapping[str, int] = {}
_LONGEST = 40
"""Characters of labels in a signature."""


def not_scored(types: Mapping[str, int], f1_with_all: float | None) -> str:
    """A sentence on predicted types that the gold set does not annotate: how many, and what F1
    would be with them, where that is known."""
    listed = ", ".join(f"{label} ({n})" for label, n in types.items())
    f1 = "" if f1_with_all is None else f"; F1 with them: {f1_with_all:.3f}"
    return f"predicted types that the gold set does not annotate, not scored: {listed}{f1}"


def settle(
    goldset: GoldSet,
    predicted_labels: PredictedLabels,
    *,
    task: Task,
    schema: str | None = None,
    meet_in: str | Schema | None = None,
    as_spelled: bool = False,
) -> LabelMapping:
    """Where the labels of a gold set and of predictions meet.

    `schema` is what a user asked for: the schema to compare in, and that of labels which nobody
    states otherwise and which it knows. `meet_in` is a schema to meet in and says nothing of
    labels. With `as_spelled` labels are compared as they are spelled unless one of the two is
    given. What the gold set does not annotate is not scored: its types are those of the schema
    that its card states or that `schema` names, else those that occur in it. Raises `SchemaError`
    where the two have no schema in common.
    """
    if not task.labelled:
        return LabelMapping()
    folders = goldset.schema_folders
    target = None if schema is None else load_schema(schema, folders)
    if target is None and meet_in is None and as_spelled:
        return _as_spelled(goldset, task)
    gold, gold_assumed = _gold_schema(goldset, target)
    if gold is None:
        return _as_spelled(goldset, task)
    theirs, taken = _predicted_schema(predicted_labels, gold, target, goldset)
    if isinstance(meet_in, str):  # Labels added to a schema have no file to be loaded from.
        own = {str(one): one for one in (theirs, gold)}
        meet_in = own.get(meet_in) or load_schema(meet_in, folders)
    meeting = meet(gold, theirs, schema=meet_in or target, folders=folders)
    assumed = (taken,) if taken and not meeting.by_name and theirs != gold else ()
    annotated, occurring = _annotated(goldset, task, meeting, target)
    return LabelMapping(meeting, annotated, occurring, gold_assumed, assumed)


def known_schemas(goldset: GoldSet) -> list[Schema]:
    """The gold set's own schema and all others, those with most labels first; none without own."""
    own = goldset.schema
    if own is None:
        return []
    folders = goldset.schema_folders
    known = [own, *(load_schema(name, folders) for name in schema_names(folders))]
    return sorted(dict.fromkeys(known), key=lambda one: -len(one.labels))


def common_schema(one: str, other: str) -> str | None:
    """The finest schema onto which both (`ontonotes5@1`) can be projected, if any."""
    try:
        return meet(one.partition("@")[0], other.partition("@")[0]).schema.name
    except SchemaError:
        return None


def _gold_schema(goldset: GoldSet, target: Schema | None) -> tuple[Schema | None, tuple[str, ...]]:
    if goldset.stated_schema is not None:
        return goldset.stated_schema, ()
    if target is not None and goldset.labels and target.knows(goldset.labels):
        return target, ()
    return goldset.schema, (() if target is not None else tuple(goldset.assumed))


def _predicted_schema(
    predicted_labels: PredictedLabels, gold: Schema, target: Schema | None, goldset: GoldSet
) -> tuple[Schema, str]:
    """The predictions' schema, and a sentence where it was guessed."""
    folders = goldset.schema_folders
    if isinstance(predicted_labels.declared, str):
        declared = schema_of(predicted_labels.declared, folders)
        if predicted_labels.produced is None or declared.knows(predicted_labels.produced):
            return declared, ""
    labels: Collection[str] | None = predicted_labels.produced or predicted_labels.declared or None
    near = [] if target is None else [target]
    if labels is None:
        # Few of its labels may occur: that others are missing says nothing.
        labels, near = predicted_labels.occurring or (), [gold, *near]
    if not labels or set(labels) == set(gold.labels):
        return gold, ""
    for schema in near:
        if schema.knows(labels):
            return schema, ""
    guessed = schema_of(labels, folders)
    if guessed.origin is not None and set(labels) == set(guessed.labels):
        return guessed, ""
    if guessed.origin is None and near:  # None knows all of them: the one that knows most.
        best = max([*near, guessed.base or guessed], key=lambda schema: _known(schema, labels))
        guessed = best if best in near and _known(best, labels) else guessed
    shown = ", ".join(sorted(labels)[:12]) + (", …" if len(labels) > 12 else "")
    return guessed, f"predicted labels {shown} taken to be {guessed} {RECOUNTED}"


def _known(schema: Schema, labels: Iterable[str]) -> int:
    return (
        0
        if schema.origin is None and schema.base is None
        else sum(schema.canonical(label) is not None for label in labels)
    )


def _annotated(
    goldset: GoldSet, task: Task, meeting: Meeting, target: Schema | None
) -> tuple[frozenset[str], frozenset[str]]:
    """The labels of the meeting's schema that the gold set annotates, and those that it has."""
    onto: Projection = meeting.project_gold
    annotated, occurring = set[str](), set[str]()
    for label, count in goldset.labels_of(task.layer).items():
        to = onto.apply(label)
        annotated.add(label if to is None else to)
        if count:
            occurring.add(label if to is None else to)
    if goldset.stated_schema is not None:
        annotated |= onto.image
    elif target is not None:
        annotated |= set(target.labels)
    return frozenset(annotated - {""}), frozenset(occurring - {""})


def _as_spelled(goldset: GoldSet, task: Task) -> LabelMapping:
    """The labels that a gold set annotates, as they may be spelled there."""
    stated = goldset.stated_schema
    known = () if stated is None else (*stated.labels, *stated.aliases)
    counts = goldset.labels_of(task.layer)
    occurring = frozenset(label for label, count in counts.items() if count)
    return LabelMapping(annotated=frozenset({*counts, *known}), occurring=occurring)
