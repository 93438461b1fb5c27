"""Labels that the gold does not know, and what they probably mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.annotation import Record
from harness.doctor.diagnosis import Diagnosis, counted
from harness.tasks.base import Task

__all__ = ["explain_labels"]


def explain_labels(
    gold: Sequence[Record], predicted: Sequence[Record], task: Task
) -> Iterator[Diagnosis]:
    known, given = (
        Counter(item.label for record in side for item in task.items(record.annotations))
        for side in (gold, predicted)
    )
    strange = {label: n for label, n in given.items() if label not in known}
    if not known or not strange:
        return
    means = _coinciding(gold, predicted, strange, task)
    tags = sum(1 for label in strange if label[:2] in ("B-", "I-", "E-", "S-", "L-", "U-"))
    if tags == len(strange):
        mend = "these are token tags: join them to spans and drop the prefix"
    elif means:
        maps = ", ".join(f"{a} -> {b}" for a, b in sorted(means.items()))
        mend = f"rename the labels or name a projection: {maps}"
    else:
        mend = "rename the labels, or name the schema of each side (a projection joins the two)"
    evidence = (f"gold: {counted(known)}", f"predicted: {counted(given)}")
    if len(strange) == len(given):
        total = sum(given.values())
        said = f"none of the {total} predictions has a label that the gold knows"
        yield Diagnosis("no-common-label", said, evidence, mend)
    elif means:
        shown = ", ".join(f"{a} ({strange[a]})" for a in sorted(means))
        said = f"predicted labels that the gold lacks stand on gold spans of another label: {shown}"
        yield Diagnosis("other-label", said, evidence, mend)


def _coinciding(
    gold: Sequence[Record], predicted: Sequence[Record], strange: Mapping[str, int], task: Task
) -> dict[str, str]:
    """For each strange label the gold label on whose spans most of its predictions stand."""
    spans: dict[str, dict[tuple[int, int], str]] = {
        record.id: {task.mention(item)[:2]: item.label for item in task.items(record.annotations)}
        for record in gold
    }
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for record in predicted:
        here = spans.get(record.id, {})
        for item in task.items(record.annotations):
            place = task.mention(item)[:2]
            if item.label in strange and place in here:
                votes[item.label][here[place]] += 1
    means = {}
    for label, counts in votes.items():
        other, hits = min(counts.items(), key=lambda item: (-item[1], item[0]))
        if hits >= 2 and 2 * hits >= counts.total() and 3 * hits >= strange[label]:
            means[label] = other
    return means
