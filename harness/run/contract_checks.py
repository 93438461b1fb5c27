"""What the contract test makes of the answers: one check each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.annotation import context, replaced
from harness.run.contract_texts import LONG, TEXTS
from harness.run.predictor import Reply
from harness.run.protocol import Answer
from harness.tasks.base import Task
from harness.tasks.registry import layer_names, tasks

__all__ = [
    "FACTOR",
    "ContractCheck",
    "answers_all",
    "declared_labels",
    "inside_the_text",
    "in_linear_time",
    "not_cut_off",
    "on_the_words",
    "check_same",
    "said",
]

FACTOR = 10
"""A hostile text may take so many times the time of ordinary text, per character: it may consist
of tokens of one character where that has one in five."""

CheckStatus = Literal["ok", "failed", "warning"]


@dataclass(frozen=True, slots=True)
class ContractCheck:
    """One question and its answer."""

    name: str
    status: CheckStatus
    detail: str = ""
    """What was found."""
    mend: str = ""
    """What to do about it."""


def answers_all(replies: dict[str, Reply]) -> ContractCheck:
    """Whether every text has an answer."""
    bad = [(name, reply.error) for name, reply in replies.items() if reply.answer is None]
    refused = [name for name, reply in replies.items() if reply.final]
    if len(bad) > len(refused):
        name, error = next(pair for pair in bad if pair[0] not in refused)
        return ContractCheck(
            "answers every text",
            "failed",
            f"{len(bad)} of {len(replies)} texts: {', '.join(name for name, _ in bad)}; "
            f"{name}: {error}",
            "give one result per text, an empty one where there is nothing to find",
        )
    if refused:
        return ContractCheck(
            "answers every text",
            "warning",
            f"refuses {', '.join(refused)}: {bad[0][1]}",
            "a refused document counts as all-missed",
        )
    return ContractCheck("answers every text", "ok", f"{len(replies)} texts")


def inside_the_text(replies: dict[str, Reply]) -> ContractCheck:
    """Whether every span can be used."""
    problems = [
        (name, problem)
        for name, reply in replies.items()
        if reply.answer
        for problem in reply.answer.problems
    ]
    if problems:
        name, problem = problems[0]
        return ContractCheck(
            "spans inside the text",
            "failed",
            f"{len(problems)} thing(s) in its answers cannot be used; {name}: {problem}",
            "offsets are integers with 0 <= start < end <= len(text) (numpy integers are none); "
            "seconds and characters are numbers (docs/protocol.md)",
        )
    return ContractCheck("spans inside the text", "ok")


def check_same(
    name: str, one: dict[str, Reply], other: dict[str, Reply], mend: str
) -> ContractCheck:
    """Whether two answers to each text are the same."""
    differing = [key for key in one if said(one[key]) != said(other[key])]
    if not differing:
        return ContractCheck(name, "ok")
    return ContractCheck(
        name, "failed", f"{len(differing)} of {len(one)} texts: {', '.join(differing)}", mend
    )


def on_the_words(replies: dict[str, Reply]) -> ContractCheck:
    """Whether offsets fall between the words of the text."""
    name = "offsets on the words"
    total = 0
    for text_name, reply in replies.items():
        text = TEXTS[text_name]
        edges = _edges(reply.answer)
        total += len(edges)
        cut = [edge for edge in edges if _cuts(text, edge)]
        if len(cut) > len(edges) / 4:
            shift = _shift(text, edges)
            guess = f" They would fit {shift:+d} characters on." if shift else ""
            place = context(text, (cut[0], min(cut[0] + 8, len(text))), width=20)
            return ContractCheck(
                name,
                "failed",
                f"{text_name}: {len(cut)} of {len(edges)} span edges are in the middle of a "
                f"word, such as {place}.{guess}",
                "count code points of the text as it was given: not bytes, not UTF-16 units, "
                "not a stripped or normalised copy",
            )
    if not total:
        return ContractCheck(name, "warning", "it found nothing in any text, so this says nothing")
    return ContractCheck(name, "ok", f"{total // 2} spans in {len(replies)} texts")


def declared_labels(
    replies: dict[str, Reply], task: Task, declared: tuple[str, ...] | None
) -> ContractCheck:
    """Whether labels are those that the backend says it can give."""
    name = "declared labels"
    if not task.labelled:
        return ContractCheck(name, "ok", f"{task.title} have none")
    used = {
        item.label
        for reply in replies.values()
        if reply.answer
        for item in task.items(reply.answer.annotations)
    }
    if declared is None:
        return ContractCheck(
            name,
            "warning",
            f"it does not say which labels it can give (seen: {', '.join(sorted(used))})",
            "set the backend's `labels`, so that a ceiling for its recall can be shown",
        )
    strange = sorted(used - set(declared))
    if strange:
        return ContractCheck(
            name, "failed", f"not declared: {', '.join(strange)}", "add them to `labels`"
        )
    return ContractCheck(name, "ok", f"{len(used)} of {len(declared)} seen")


def not_cut_off(reply: Reply) -> ContractCheck:
    """Whether the end of the text `LONG` was looked at like its beginning."""
    name = "a document of 200,000 characters"
    if reply.answer is None:
        return ContractCheck(
            name,
            "failed",
            reply.error or "",
            "cut the text into windows that overlap, and join what they give",
        )
    edges = _edges(reply.answer)
    tenth = len(LONG) // 10
    head = sum(edge < tenth for edge in edges)
    tail = sum(edge > len(LONG) - tenth for edge in edges)
    seen = reply.answer.characters_seen
    if (head and tail < head / 4) or (seen is not None and seen < len(LONG)):
        return ContractCheck(
            name,
            "failed",
            f"{head // 2} spans in the first tenth, {tail // 2} in the last"
            + ("" if seen is None else f"; it looked at {seen} characters"),
            "the text is cut at the model's limit: use windows that overlap",
        )
    return ContractCheck(name, "ok", f"{reply.answer.seconds or 0:.1f} s, {len(edges) // 2} spans")


def in_linear_time(
    replies: dict[str, Reply], times: dict[str, float], ordinary: float
) -> ContractCheck:
    """Whether hostile texts are answered, with their time per character over that of `LONG`.

    A text may be refused by name. `ordinary`: the seconds of as much ordinary text.
    """
    name = "long hostile documents"
    bad = [
        f"{kind}: {reply.error} (as much ordinary text takes {ordinary:.2g} s)"
        for kind, reply in replies.items()
        if reply.answer is None and not reply.final
    ]
    bad += [
        f"{kind}: {times[kind]:.0f} times the time of ordinary text, per character"
        for kind, reply in replies.items()
        if reply.answer is not None and times[kind] > FACTOR
    ]
    if bad:
        return ContractCheck(
            name,
            "failed",
            "; ".join(bad),
            f"at most {FACTOR} times is linear: look for what goes through the rest of the text, "
            "or through all that was found, at each mark, word or sentence; or refuse by name "
            "(DocumentRefused) what is too long",
        )
    refused = [kind for kind, reply in replies.items() if reply.final]
    most = max(times.values(), default=0.0)
    told = f"; refuses {', '.join(refused)}: {replies[refused[0]].error}" if refused else ""
    return ContractCheck(
        name, "ok", f"at most {most:.1f} times the time of ordinary text, per character{told}"
    )


def said(reply: Reply) -> Answer | str | None:
    """What two replies have in common if they say the same: an answer, or an error."""
    if reply.answer is None:
        return reply.error
    return _comparable(reply.answer)


def _comparable(answer: Answer) -> Answer:
    """The answer without its time, and without scores' last digits, which batches may change."""
    annotations = answer.annotations
    for name in layer_names():
        if (items := annotations.layer(name)) is not None:
            annotations = annotations.with_layer(name, tuple(map(_rounded, items)))
    return answer._replace(annotations=annotations, seconds=None)


def _rounded(item: Any) -> Any:
    score = getattr(item, "score", None)
    return item if score is None else replaced(item, score=round(score, 3))


def _edges(answer: Answer | None) -> list[int]:
    """Starts and ends of every span."""
    if answer is None:
        return []
    return [
        edge
        for task in tasks().values()
        for item in task.items(answer.annotations)
        for span in task.spans(item)
        for edge in span
    ]


_WORD = re.compile(r"\w")


def _cuts(text: str, edge: int) -> bool:
    """Whether an offset falls between two letters or digits of one word."""
    inside: Callable[[str], object] = _WORD.match
    return 0 < edge < len(text) and bool(inside(text[edge - 1]) and inside(text[edge]))


def _shift(text: str, edges: Sequence[int]) -> int:
    """By how much the edges would have to move to fit the words; 0 when nothing fits."""
    best = min(
        range(-40, 41),
        key=lambda by: (sum(_cuts(text, edge + by) for edge in edges), abs(by)),
    )
    return best if not any(_cuts(text, edge + best) for edge in edges) else 0
