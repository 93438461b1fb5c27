"""Why is the score so low? Names the mechanical causes: ids, labels, offsets, texts, truncation.

A pure function over gold and predicted records, no score needed. It reports a cause only when the
predictions say so: an explanation of offsets must turn most of what it touches into exact matches
that are none as they stand. A backend that is merely bad gets no finding.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.annotation import Record, TaskName
from harness.doctor.diagnosis import Diagnosis, pairs_of
from harness.doctor.documents import (
    explain_documents,
    explain_roles,
    explain_texts,
    explain_truncation,
)
from harness.doctor.labels import explain_labels
from harness.doctor.offsets import explain_offsets
from harness.tasks.registry import task_named

__all__ = ["SUSPICIOUS_F1", "diagnose", "suspicious"]

SUSPICIOUS_F1 = 0.3
"""Below this micro F1 the doctor is called unasked."""


def suspicious(f1: float | None) -> bool:
    """Whether a score is so low that its cause may be mechanical; undefined is suspicious."""
    return f1 is None or f1 < SUSPICIOUS_F1


def diagnose(
    gold: Sequence[Record], predicted: Sequence[Record], task: TaskName
) -> list[Diagnosis]:
    """The mechanical causes of a low score, the most basic one first; empty when there is none.

    Codes: `other-documents`, `missing-documents`, `failed-documents`, `no-layer`,
    `nothing-predicted`, `other-text`, `normal-form`, `newlines`, `no-common-label`,
    `other-label`, `utf16`, `bytes`, `stripped`, `white-space`, `closed-ends`, `one-short`,
    `quotation-marks`, `shifted`, `shifted-by-document`, `truncated`, `role-missing`.

    Offsets are code points. Records are matched by id; gold records need their texts for
    everything that looks at offsets. Labels are compared as they stand: project both sides onto
    one schema first.
    """
    findings = list(explain_documents(gold, predicted, task))
    if findings and findings[0].code in ("other-documents", "no-layer", "nothing-predicted"):
        return findings
    pairs = list(pairs_of(gold, predicted, task))
    texts = list(explain_texts(gold, predicted))
    findings += texts
    if task_named(task).labelled:
        findings += explain_labels(gold, predicted, task_named(task))
    offsets = explain_offsets(pairs)
    # A text that is known to differ says more than the offsets that follow from it.
    known = {finding.code for finding in texts}
    findings += [finding for finding in offsets if finding.code not in known]
    findings += explain_roles(pairs)
    if "truncated" not in known and not offsets:
        findings += explain_truncation(pairs)
    return findings
