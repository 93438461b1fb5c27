"""Documents and texts that do not belong together, texts cut short, roles never given."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from harness.annotation import Record, TaskName, quoted
from harness.doctor.diagnosis import SHOWN, Diagnosis, MarkedDocument, RoleSpan, names
from harness.media import one_line
from harness.tasks.registry import task_named, tasks

__all__ = ["explain_documents", "explain_roles", "explain_texts", "explain_truncation"]


def explain_documents(
    gold: Sequence[Record], predicted: Sequence[Record], task: TaskName
) -> Iterator[Diagnosis]:
    known = {record.id for record in gold}
    given = {record.id for record in predicted}
    if known and given and not known & given:
        yield _other_documents(gold, predicted)
        return
    answered = [record for record in predicted if record.error is None]
    layer = task_named(task).layer
    layers = [record.annotations.layer(layer) for record in answered]
    if answered and all(items is None for items in layers):
        others = [name for name, one in tasks().items() if any(map(one.is_annotated, answered))]
        yield Diagnosis(
            "no-layer",
            f"no predicted document has the layer for {task}",
            tuple(f"they have the layer for {other}" for other in others),
            f"score them with --task {others[0]}"
            if others
            else f'write the key "{layer}" for every document',
        )
    elif answered and not any(layers):
        yield Diagnosis(
            "nothing-predicted",
            f"the predictions of all {len(answered)} documents are empty",
            (),
            "check that the backend was given the texts and that no filter dropped everything",
        )
    if missing := [record.id for record in gold if record.id not in given]:
        yield Diagnosis(
            "missing-documents",
            f"{len(missing)} of {len(gold)} gold documents have no prediction; each of their "
            "mentions counts as missed",
            (f"without prediction: {names(missing)}",),
            "predict every document, with an empty list where nothing was found",
        )
    if failed := [record for record in predicted if record.error is not None]:
        yield Diagnosis(
            "failed-documents",
            f"{len(failed)} of {len(predicted)} predicted documents hold an error in place of "
            "an answer",
            tuple(f"{quoted(r.id)}: {one_line(r.error or '', 120)}" for r in failed[:SHOWN]),
            "mend what made the backend fail on them",
        )


def _other_documents(gold: Sequence[Record], predicted: Sequence[Record]) -> Diagnosis:
    by_text = {record.text: record.id for record in gold if record.text}
    same = [(r.id, by_text[r.text]) for r in predicted if r.text is not None and r.text in by_text]
    evidence = [
        f"gold ids: {names([r.id for r in gold])}",
        f"predicted ids: {names([r.id for r in predicted])}",
    ]
    if same:
        evidence.append(
            f"the text of {quoted(same[0][0])} is that of the gold document {quoted(same[0][1])}"
        )
    return Diagnosis(
        "other-documents",
        "the predictions are for other document ids: none of them is in the gold",
        tuple(evidence),
        "give the predictions the ids of the gold documents"
        if same
        else "check that predictions and gold belong together, and that both use the same ids",
    )


def explain_texts(gold: Sequence[Record], predicted: Sequence[Record]) -> Iterator[Diagnosis]:
    """Predictions may carry the text that the backend saw: compare it where they do."""
    texts = {record.id: record.text for record in gold}
    causes: dict[str, list[str]] = defaultdict(list)
    for record in predicted:
        original = texts.get(record.id)
        if record.text is None or original is None or record.text == original:
            continue
        causes[_text_cause(original, record.text)].append(record.id)
    total = sum(1 for record in predicted if record.id in texts)
    for code, ids in sorted(causes.items(), key=lambda item: -len(item[1])):
        what, mend = _TEXT_CAUSES[code]
        yield Diagnosis(
            code,
            f"{len(ids)} of {total} predicted documents have another text than the gold: {what}",
            (f"for example {names(ids)}",),
            mend,
        )


_AS_IT_IS = "give the backend the gold's text as it is"
_TEXT_CAUSES = {
    "normal-form": ("the same in another Unicode normal form (NFC, NFD)", _AS_IT_IS),
    "newlines": ("the same with other newlines", f"{_AS_IT_IS}: open(path, newline='')"),
    "white-space": ("the same with other white space", _AS_IT_IS),
    "truncated": ("its beginning only", "give the backend the whole text, in windows if need be"),
    "other-text": ("it differs", "check that predictions and gold were made from the same files"),
}


def _text_cause(gold: str, predicted: str) -> str:
    if unicodedata.normalize("NFC", gold) == unicodedata.normalize("NFC", predicted):
        return "normal-form"
    if gold.replace("\r\n", "\n") == predicted.replace("\r\n", "\n"):
        return "newlines"
    if gold.split() == predicted.split():
        return "white-space"
    if predicted and gold.startswith(predicted.rstrip()) and len(predicted) < len(gold):
        return "truncated"
    return "other-text"


def explain_truncation(pairs: Sequence[MarkedDocument]) -> Iterator[Diagnosis]:
    """Documents in which the predictions stop although the gold goes on."""
    cut: list[tuple[MarkedDocument, int, int]] = []
    for pair in pairs:
        if not pair.predicted or len(pair.gold) < 4:
            continue
        last = max(item.end for item in pair.predicted)
        before = [item for item in pair.gold if item.start < last]
        after = len(pair.gold) - len(before)
        hits = sum(_touched(item, pair.predicted) for item in before)
        # Were the backend as good behind `last` as before it, would it miss all that is there?
        missed_by_chance = (1 - (hits + 1) / (len(before) + 2)) ** after
        if 4 * after >= len(pair.gold) and missed_by_chance < 0.001:
            cut.append((pair, last, after))
    if not cut:
        return
    shortest = min(len(pair.text) for pair, _, _ in cut)
    long = [pair for pair in pairs if len(pair.text) >= shortest and pair.gold]
    if 2 * len(cut) < len(long):
        return
    yield Diagnosis(
        "truncated",
        f"in {len(cut)} of the {len(long)} documents of at least {shortest} characters nothing "
        "is predicted in the last part: the backend has cut the texts",
        tuple(
            f"{quoted(pair.id)}: nothing after character {last} of {len(pair.text)}, where the "
            f"gold has {after} more"
            for pair, last, after in cut[:SHOWN]
        ),
        "let the backend read long texts in windows (for transformers: a stride)",
    )


def _touched(item: RoleSpan, others: Iterable[RoleSpan]) -> bool:
    return any(other.start < item.end and item.start < other.end for other in others)


def explain_roles(pairs: Sequence[MarkedDocument]) -> Iterator[Diagnosis]:
    gold = Counter(item.role for pair in pairs for item in pair.gold)
    predicted = Counter(item.role for pair in pairs for item in pair.predicted)
    for role in sorted(gold):
        if role and gold[role] >= 2 and predicted and not predicted[role]:
            yield Diagnosis(
                "role-missing",
                f"no prediction has a {role}; the gold has {gold[role]}",
                (),
                f"if the backend cannot give a {role}, declare so in its capabilities",
            )
