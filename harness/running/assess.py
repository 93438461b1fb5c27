"""Scores one backend on one gold set while its predictions stream in.

Gold and predictions meet in one label schema here; the counts are `harness.scoring`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.adapter import Capabilities
from harness.annotation import Annotations, Record, Task
from harness.evaluate import Pair, projection_name, tally_document
from harness.labels import Meeting, Projection, Schema, meet, project, schema_of
from harness.record import Unit
from harness.scoring import attribution, ner

__all__ = ["Assessor", "meeting_of", "spoken"]


def meeting_of(
    gold: Schema | None,
    predicted: str | Sequence[str] | None,
    *,
    schema: str | None = None,
    folders: Sequence[Path] = (),
) -> Meeting | None:
    """Where the gold's labels and a backend's meet; `None` when the gold has no entity schema.

    A backend that does not know its labels (`None`) is taken to use the gold's. Raises
    `SchemaError` when the two have no schema in common.
    """
    if gold is None:
        return None
    theirs = gold if predicted is None else schema_of(predicted, folders)
    return meet(gold, theirs, schema=schema, folders=folders)


def spoken(
    declared: str | Sequence[str] | None,
    produced: Sequence[str] | None,
    folders: Sequence[Path] = (),
) -> str | Sequence[str] | None:
    """The labels that a backend uses: what its adapter declares, unless the model says otherwise.

    An adapter declares one schema, but may load a model with other labels.
    """
    if produced is None or not isinstance(declared, str):
        return declared if produced is None else produced
    schema = schema_of(declared, folders)
    return declared if all(schema.canonical(label) for label in produced) else produced


_NORMALISED = ner.NerOptions(boundary="normalised")


class Assessor:
    """Counts documents one by one; holds sums, not documents."""

    def __init__(
        self,
        task: Task,
        options: ner.NerOptions,
        *,
        meeting: Meeting | None = None,
        capabilities: Capabilities | None = None,
        attribution_options: attribution.AttributionOptions | None = None,
    ) -> None:
        self._task: Task = task
        self._options = options
        self.meeting = meeting
        self._capabilities = capabilities
        self._attribution_options = attribution_options
        self._ner = ner.NerTally()
        self._normalised = ner.NerTally()
        self._attribution = attribution.AttributionTally()
        self.unknown: Counter[str] = Counter()
        """Predicted labels that the schema does not have, with how often each came."""

    @property
    def schema(self) -> str:
        """The meeting schema for the signature, `none` where there is none."""
        return "none" if self.meeting is None else str(self.meeting.schema)

    @property
    def projection(self) -> str:
        """How both sides came to the schema, for the signature."""
        return projection_name(self.meeting)

    @property
    def duplicates(self) -> int:
        """Predictions left out because an identical one was counted: same spans, same label in the
        meeting schema. What the gold repeats is not the backend's."""
        if self._task == "ner":
            return self._ner.duplicates_predicted
        return self._attribution["duplicates.predicted"]

    def add(self, gold: Record, predicted: Annotations | None, error: str | None) -> list[Unit]:
        """Count a document; one without predictions is all-missed. Returns its units."""
        layers = Annotations((), ()) if predicted is None else predicted
        if self._task == "ner" and self.meeting is not None:
            gold = self._onto(gold, self.meeting.project_gold, Counter())
            shown = Record(gold.id, None, layers)
            layers = self._onto(shown, self.meeting.project_predicted, self.unknown).annotations
        counted = tally_document(
            Pair(gold, layers, error=error), self._task, self._options, self._attribution_options
        )
        if self._task == "ner" and gold.text is not None:
            forgiving = ner.tally(
                gold.annotations.entities or (),
                layers.entities or (),
                _NORMALISED,
                text=gold.text,
                ignore=gold.ignore,
            )
            self._normalised = ner.total((self._normalised, forgiving))
        units: list[Unit] = []
        for unit in counted.units:
            if isinstance(unit, ner.NerTally):
                self._ner = ner.total((self._ner, unit))
            else:
                self._attribution = attribution.total((self._attribution, unit))
            units.append(Unit(gold.id, len(units), unit.to_json()))
        return units

    def scores(self) -> dict[str, Any]:
        """The headline numbers: per match mode for entities, per element for attributions.

        `normalised` is strict without determiners, possessives and edge punctuation, with the
        number of boundary errors that this forgives: conventions that differ between OntoNotes
        and CoNLL, so that skill and convention can be told apart.
        """
        if self._task == "ner":
            modes: dict[str, Any] = {
                mode: ner.score(self._ner, replace(self._options, match=mode)).micro.to_json()
                for mode in ner.MATCH_MODES
            }
            forgiving = ner.score(self._normalised, _NORMALISED)
            normalised = {**forgiving.micro.to_json(), "forgiven": forgiving.forgiven}
            return {**modes, "normalised": normalised}
        full = attribution.score(self._attribution, capabilities=self._capabilities).to_json()
        return {key: full[key] for key in ("relations", "elements", "kinds", "speaker")}

    @staticmethod
    def _onto(record: Record, projection: Projection, unknown: Counter[str]) -> Record:
        entities, strange = project(record.annotations.entities or (), projection)
        unknown.update(strange)
        return replace(record, annotations=Annotations(entities))
