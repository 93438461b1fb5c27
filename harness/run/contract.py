"""The contract test: the same questions put to every backend, through its real worker.

What a good backend does: one answer per text and in order, offsets in code points inside the text
and on the words that it means, whatever stands around them; the same answer whatever else is asked,
in whatever batch; nothing cut off, nothing stripped, nothing normalised. Each check that fails says
how to mend it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.annotation import Task, context
from harness.distributions import requirement_name
from harness.errors import BackendFailed, BackendUnavailable
from harness.registry import BackendSpec, adapter
from harness.run.key import Description, proof
from harness.run.launch import describe_backend, launch
from harness.run.options import Limits
from harness.run.predictor import Asked, Outcome, Predictor
from harness.run.protocol import Answer, Hello, load_message
from harness.tasks.registry import task_named, tasks

__all__ = ["LONG", "TEXTS", "Check", "check_backend"]

Status = Literal["ok", "failed", "warning"]

_PARAGRAPH = (
    "“The bridge in Riga will open in May,” Jane Roe of Example Corp. said on Monday. "
    "John Smith, who leads Acme Ltd. in Oslo, told reporters that 300 workers had been hired.\n\n"
)
# Every text has the paragraph in it, so that a backend has something to find, after what is to be
# survived: whoever miscounts that is off by so much on every word that follows.
TEXTS: dict[str, str] = {
    "plain": _PARAGRAPH,
    "empty": "",
    "white space": " \t\n\u00a0\u2003\r\n ",
    "leading white space": "  \n\n \t" + _PARAGRAPH,
    "line breaks of Windows": _PARAGRAPH.replace("\n", "\r\n") * 3,
    "no-break spaces": _PARAGRAPH.replace(" in ", "\u00a0in\u00a0") * 2,
    "emoji": "Well 😀👩‍👩‍👧🇳🇴 now. " * 3 + _PARAGRAPH,
    "combining accents": "Cafe\u0301 a\u0308u\u0308o\u0308. " * 3 + _PARAGRAPH,
    "compatibility characters": "ﬁve oﬃces, ½ of №\u20097, Ⅳ… " * 3 + _PARAGRAPH,
    "byte-order mark": "\ufeff" + _PARAGRAPH,
    "zero width": "a\u200bb\u00adc\u2060d. " * 3 + _PARAGRAPH,
    "control characters": "a\x00b\x0cc\x0b. " + _PARAGRAPH,
    "right to left": "שלום עולם. مرحبا. " * 2 + _PARAGRAPH,
    "one very long word": "x" * 3000 + ". " + _PARAGRAPH,
    "another": "Mary Major met Richard Miles in Lagos. She said: “We agreed on Tuesday.”\n",
}
LONG = _PARAGRAPH * (200_000 // len(_PARAGRAPH) + 1)


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer."""

    name: str
    status: Status
    detail: str = ""
    """What was found."""
    mend: str = ""
    """What to do about it."""


def check_backend(
    spec: BackendSpec,
    task: Task,
    *,
    labels: Sequence[str] = (),
    limits: Limits | None = None,
    offline: bool = True,
    long: bool = True,
) -> list[Check]:
    """Put every question to one backend; `long=False` leaves out the long document.

    Raises `BackendUnavailable` when it is not on this machine, `UsageError` for an unknown adapter.
    """
    description = describe_backend(spec)
    if description.unavailable is not None:
        install = adapter(spec.adapter).declaration.install or None
        raise BackendUnavailable(description.unavailable, install=install)
    contract = _Contract(spec, task, tuple(labels), limits or Limits(), offline, description)
    return list(contract.checks(long=long))


class _Contract:
    def __init__(
        self,
        spec: BackendSpec,
        task: Task,
        labels: tuple[str, ...],
        limits: Limits,
        offline: bool,
        description: Description,
    ) -> None:
        self._spec = spec
        self._task: Task = task
        self._labels = labels
        self._limits = limits
        self._offline = offline
        self._description = description
        self._hello = Hello()

    def checks(self, *, long: bool) -> Iterator[Check]:
        yield _cheap(self._spec)
        names = list(TEXTS)
        try:
            first = self._ask(names)
        except (BackendFailed, BackendUnavailable) as error:
            yield Check("loads", "failed", str(error), "run its load() by itself and see")
            return
        yield Check("loads", "ok", f"{self._hello.load_seconds or 0:.2f} s")
        yield self._identity()
        yield self._proof()
        yield _answers(first)
        yield _spans(first)
        yield self._words(first)
        yield self._known_labels(first)
        yield _same(
            "the same again",
            first,
            self._ask(names),
            "the answer to a text differs from one process to the next: fix seeds, sort sets",
        )
        yield _same(
            "no state between documents",
            first,
            self._ask(names[::-1]),
            "the answer to a text depends on the texts before it: keep nothing between calls",
        )
        twice = self._ask_texts([*TEXTS.items(), *((f"{k} again", v) for k, v in TEXTS.items())])
        again = {name: twice[f"{name} again"] for name in TEXTS}
        yield _same(
            "the same within a process",
            first,
            again,
            "the second answer to a text differs from the first: keep nothing between calls",
        )
        yield _same(
            "any batch size",
            first,
            self._ask(names, batch_size=4),
            "predict([a, b]) differs from predict([a]) and predict([b]): look at padding, at "
            "results that are not one per text, at windows that run over the end of a text",
        )
        if long:
            yield self._long()

    def _ask(self, names: Sequence[str], *, batch_size: int = 1) -> dict[str, Outcome]:
        return self._ask_texts([(name, TEXTS[name]) for name in names], batch_size=batch_size)

    def _ask_texts(
        self, texts: Sequence[tuple[str, str]], *, batch_size: int = 1
    ) -> dict[str, Outcome]:
        load = load_message(
            str(self._spec),
            task=self._task,
            model=self._spec.model,
            labels=self._labels,
            options=self._spec.options,
            batch_size=batch_size,
            offline=self._offline,
        )
        needs_gold = adapter(self._spec.adapter).declaration.needs_gold
        gold: dict[str, object] | None = {} if needs_gold else None
        asked = [Asked(name, text, gold=gold) for name, text in texts]
        with Predictor(
            launch(self._spec, offline=self._offline),
            load,
            task=self._task,
            batch_size=batch_size,
            limits=self._limits,
        ) as predictor:
            self._hello = predictor.start()
            outcomes = list(predictor.ask(asked))
        return {item.id: outcome for item, outcome in zip(asked, outcomes, strict=True)}

    def _identity(self) -> Check:
        name = "says which model it is"
        described, loaded = self._description.model, self._hello.model
        if not (loaded.version or loaded.digest):
            return Check(
                name,
                "warning",
                "neither a version nor a digest",
                "give the backend's identity a name, a version and a digest (harness.digest)",
            )
        for field in ("version", "digest"):
            one = getattr(described, field, "")
            other = getattr(loaded, field)
            if one and other and one != other:
                return Check(
                    name,
                    "failed",
                    f"identity() gives the {field} {one[:20]!r}, the loaded model {other[:20]!r}",
                    "build both with one function",
                )
        if described is None and not self._spec.external:
            return Check(
                name,
                "warning",
                "the adapter's identity() knows nothing: every run has to load the model",
                "read name and version from files or metadata in identity()",
            )
        return Check(name, "ok", f"{loaded.name} {loaded.version or loaded.digest[:8]}")

    def _proof(self) -> Check:
        """What would let answers be used again in other runs."""
        proven, why = proof(self._spec, self._description, self._hello)
        if proven:
            return Check("proven to be the same", "ok", why)
        return Check(
            "proven to be the same",
            "warning",
            f"{why}: every run asks it anew",
            "state in the hello a digest over everything that decides its answers"
            if self._spec.external
            else "give identity() a digest over the model's files (harness.digest)",
        )

    def _words(self, outcomes: dict[str, Outcome]) -> Check:
        name = "offsets on the words"
        found = 0
        for text_name, outcome in outcomes.items():
            text = TEXTS[text_name]
            edges = _edges(outcome.answer)
            found += len(edges)
            cut = [edge for edge in edges if _cuts(text, edge)]
            if len(cut) > len(edges) / 4:
                shift = _shift(text, edges)
                guess = f" They would fit {shift:+d} characters on." if shift else ""
                place = context(text, (cut[0], min(cut[0] + 8, len(text))), width=20)
                return Check(
                    name,
                    "failed",
                    f"{text_name}: {len(cut)} of {len(edges)} span edges are in the middle of a "
                    f"word, such as {place}.{guess}",
                    "count code points of the text as it was given: not bytes, not UTF-16 units, "
                    "not a stripped or normalised copy",
                )
        if not found:
            return Check(name, "warning", "it found nothing in any text, so this says nothing")
        return Check(name, "ok", f"{found // 2} spans in {len(outcomes)} texts")

    def _known_labels(self, outcomes: dict[str, Outcome]) -> Check:
        name = "declared labels"
        declared = self._hello.labels
        task = task_named(self._task)
        if not task.labelled:
            return Check(name, "ok", f"{task.title} have none")
        used = {
            item.label
            for outcome in outcomes.values()
            if outcome.answer
            for item in task.items(outcome.answer.annotations)
        }
        if declared is None:
            return Check(
                name,
                "warning",
                f"it does not say which labels it can give (seen: {', '.join(sorted(used))})",
                "set the backend's `labels`, so that a ceiling for its recall can be shown",
            )
        strange = sorted(used - set(declared))
        if strange:
            return Check(
                name, "failed", f"not declared: {', '.join(strange)}", "add them to `labels`"
            )
        return Check(name, "ok", f"{len(used)} of {len(declared)} seen")

    def _long(self) -> Check:
        name = "a document of 200,000 characters"
        outcome = self._ask_texts([("long", LONG)])["long"]
        if outcome.answer is None:
            return Check(
                name,
                "failed",
                outcome.error or "",
                "cut the text into windows that overlap, and join what they give",
            )
        edges = _edges(outcome.answer)
        tenth = len(LONG) // 10
        head = sum(edge < tenth for edge in edges)
        tail = sum(edge > len(LONG) - tenth for edge in edges)
        seen = outcome.answer.characters_seen
        if (head and tail < head / 4) or (seen is not None and seen < len(LONG)):
            return Check(
                name,
                "failed",
                f"{head // 2} spans in the first tenth, {tail // 2} in the last"
                + ("" if seen is None else f"; it looked at {seen} characters"),
                "the text is cut at the model's limit: use windows that overlap",
            )
        return Check(name, "ok", f"{outcome.answer.seconds or 0:.1f} s, {len(edges) // 2} spans")


def _cheap(spec: BackendSpec) -> Check:
    """Importing the adapter must not import its library: `harness backends` does it for all."""
    name = "cheap to import"
    packages = [
        requirement_name(item).replace("-", "_")
        for item in adapter(spec.adapter).declaration.requires
    ]
    program = (
        "import sys; from harness.registry import adapter; adapter(sys.argv[1]); "
        "print(*(name for name in sys.argv[2:] if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, spec.adapter, *packages],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        return Check(name, "failed", done.stderr.strip()[-300:], "mend the import")
    if done.stdout.strip():
        return Check(
            name,
            "failed",
            f"importing the adapter imports {done.stdout.strip()}",
            "move that import into load()",
        )
    return Check(name, "ok")


def _answers(outcomes: dict[str, Outcome]) -> Check:
    bad = [(name, outcome.error) for name, outcome in outcomes.items() if outcome.answer is None]
    refused = [name for name, outcome in outcomes.items() if outcome.final]
    if len(bad) > len(refused):
        name, error = next(pair for pair in bad if pair[0] not in refused)
        return Check(
            "answers every text",
            "failed",
            f"{len(bad)} of {len(outcomes)} texts: {', '.join(name for name, _ in bad)}; "
            f"{name}: {error}",
            "give one result per text, an empty one where there is nothing to find",
        )
    if refused:
        return Check(
            "answers every text",
            "warning",
            f"refuses {', '.join(refused)}: {bad[0][1]}",
            "a refused document counts as all-missed",
        )
    return Check("answers every text", "ok", f"{len(outcomes)} texts")


def _spans(outcomes: dict[str, Outcome]) -> Check:
    problems = [
        (name, problem)
        for name, outcome in outcomes.items()
        if outcome.answer
        for problem in outcome.answer.problems
    ]
    if problems:
        name, problem = problems[0]
        return Check(
            "spans inside the text",
            "failed",
            f"{len(problems)} span(s) cannot be used; {name}: {problem}",
            "return integers with 0 <= start < end <= len(text); numpy integers are none",
        )
    return Check("spans inside the text", "ok")


def _same(name: str, one: dict[str, Outcome], other: dict[str, Outcome], mend: str) -> Check:
    differing = [key for key in one if _said(one[key]) != _said(other[key])]
    if not differing:
        return Check(name, "ok")
    return Check(
        name, "failed", f"{len(differing)} of {len(one)} texts: {', '.join(differing)}", mend
    )


def _said(outcome: Outcome) -> object:
    if outcome.answer is None:
        return outcome.error
    return _comparable(outcome.answer)


def _comparable(answer: Answer) -> Answer:
    """The answer without its time, and without scores' last digits, which batches may change."""
    entities = answer.annotations.entities
    if entities is not None:
        rounded = (
            entity if entity.score is None else entity._replace(score=round(entity.score, 3))
            for entity in entities
        )
        annotations = replace(answer.annotations, entities=tuple(rounded))
        answer = answer._replace(annotations=annotations)
    return answer._replace(seconds=None)


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
