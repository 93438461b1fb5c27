"""How a cell's predictions are counted against gold: all that a cell knows of scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Record, Task
from harness.digest import digest_text
from harness.gold.goldset import GoldSet
from harness.labels.meeting import coverage
from harness.results.record import Unit, dump_units
from harness.results.scored import Count, signature_of
from harness.results.terms import settle, speech_of
from harness.tasks.attribution.count import AttributionOptions
from harness.tasks.ner.count import NerOptions

__all__ = ["Counting", "is_settled", "reach"]


def is_settled(task: Task, declaration: Declaration, produced: tuple[str, ...] | None) -> bool:
    """Whether it is known in which labels to count before all predictions are there.

    Where labels are neither declared nor told (`produced`), what occurs in them decides.
    """
    return task != "ner" or declaration.sanity or speech_of(declaration, produced).is_stated


class Counting:
    """Counts documents one by one; holds sums, not documents."""

    def __init__(
        self,
        goldset: GoldSet,
        task: Task,
        declaration: Declaration,
        *,
        scoring: NerOptions,
        schema: str | None,
        produced: tuple[str, ...] | None,
        predicted: Iterable[Record] = (),
    ) -> None:
        """`produced` are the loaded model's labels, where it tells; `predicted`: `is_settled`.

        Raises `SchemaError` where the labels of both sides do not meet.
        """
        self._goldset = goldset
        self._task: Task = task
        self._schema = schema
        self._produced = produced
        self._documents = 0
        speech = speech_of(declaration, produced, predicted)
        self._count = Count(
            task,
            scoring,
            terms=settle(goldset, speech, task=task, schema=schema),
            capabilities=declaration.capabilities,
            attribution_options=AttributionOptions(aliases=goldset.aliases),
        )

    def count(self, pairs: Iterable[tuple[Record, Record]], file: IO[str] | None) -> list[Unit]:
        """Count every document of the gold set with what is predicted for it, or an error.

        One with an error is all-missed. The units go into the file, else they are returned.
        """
        kept: list[Unit] = []
        for gold, predicted in pairs:
            self._documents += 1
            layers = None if predicted.error is not None else predicted.annotations
            units = self._count.add(gold, layers, predicted.error)
            if file is None:
                kept += units
            else:
                file.writelines(dump_units(units))
        return kept

    def fields(self, model: ModelIdentity | None) -> dict[str, Any]:
        """The fields of a `Result` that say how it was counted and what came of it."""
        count = self._count
        # A backend that is told what to look for was asked another question by other prompts.
        prompts = model.notes.get("prompts", "") if model else ""
        signature = signature_of(
            self._goldset,
            count.terms,
            task=self._task,
            options=count.options,
            documents=self._documents,
            prompts=digest_text(prompts)[:8] if prompts else "",
        )
        return {
            "schema": self._schema if self._task == "ner" else None,
            "signature": str(signature),
            "scores": count.scores(),
            "duplicates": count.duplicates,
            "unknown_labels": dict(sorted(count.unknown["predictions"].items())),
            **reach(count, self._produced, self._goldset),
        }


def reach(count: Count, produced: tuple[str, ...] | None, gold: GoldSet) -> dict[str, Any]:
    """What a backend cannot find, what the meeting of the schemas costs, what is not scored."""
    meeting = count.terms.meeting
    told: dict[str, Any] = {
        "not_scored": dict(sorted(count.not_scored.items())),
        "f1_with_all": count.f1_with_all,
        "assumed": count.terms.assumed,
    }
    if meeting is None:
        return told
    missing, ceiling = coverage(meeting, produced, gold.labels)
    if ceiling is not None and count.options.match in ("exact", "partial"):
        ceiling = 1.0  # Labels do not count: what it calls by another name is found.
    return {
        **told,
        "cannot_produce": missing,
        "ceiling_recall": ceiling,
        "merged_labels": tuple(str(merge) for merge in meeting.lossy),
        "left_out_labels": meeting.dropped_gold,
    }
