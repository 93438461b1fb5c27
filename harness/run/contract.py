"""The contract test: the same questions put to every backend, through its real worker.

What a good backend does: one answer per text and in order, offsets in code points inside the text
and on the words that it means, whatever stands around them; the same answer whatever else is asked,
in whatever batch; nothing cut off, nothing stripped, nothing normalised; a time that is linear in
the text. Each check that fails says how to mend it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from harness.annotation import TaskName
from harness.distributions import requirement_name
from harness.errors import BackendFailed, BackendUnavailable
from harness.registry import BackendSpec, adapter
from harness.run.contract_checks import (
    FACTOR,
    ContractCheck,
    answers_all,
    check_same,
    declared_labels,
    in_linear_time,
    inside_the_text,
    not_cut_off,
    on_the_words,
)
from harness.run.contract_texts import HOSTILE, LONG, TEXTS, hostile
from harness.run.key import Description, proof
from harness.run.launch import Launch, describe_backend, launch
from harness.run.options import Limits
from harness.run.predictor import Predictor, Query, Reply
from harness.run.protocol import Hello
from harness.run.started import started
from harness.run.unchanged import contradictions
from harness.run.variables import variables
from harness.tasks.registry import task_named

__all__ = ["check_backend"]

_SIZE = 200_000
_SECONDS = 2.0  # That a hostile text should take: a slow backend is given shorter ones,
_LEAST_SIZE = 10_000  # but none is shorter.
_QUICK = 1e-6  # Seconds per character: nobody has to be faster, and less cannot be measured.


def check_backend(
    spec: BackendSpec,
    task: TaskName,
    *,
    labels: Sequence[str] = (),
    limits: Limits | None = None,
    offline: bool = True,
    passed: Sequence[str] = (),
    long: bool = True,
) -> list[ContractCheck]:
    """Put every question to one backend; `long=False` leaves out the long documents.

    Raises `BackendUnavailable` when it is not on this machine, `UsageError` for an unknown adapter.
    """
    description = describe_backend(spec, passed=passed)
    if description.unavailable is not None:
        install = adapter(spec.adapter).declaration.install or None
        raise BackendUnavailable(description.unavailable, install=install)
    how = launch(spec, offline=offline, passed=passed)
    contract = _Contract(spec, task, tuple(labels), limits or Limits(), offline, description, how)
    return list(contract.checks(long=long))


class _Contract:
    def __init__(
        self,
        spec: BackendSpec,
        task: TaskName,
        labels: tuple[str, ...],
        limits: Limits,
        offline: bool,
        description: Description,
        how: Launch,
    ) -> None:
        self._spec = spec
        self._task: TaskName = task
        self._labels = labels
        self._limits = limits
        self._offline = offline
        self._description = description
        self._launch = how
        self._hello = Hello()

    def checks(self, *, long: bool) -> Iterator[ContractCheck]:
        yield _cheap(self._spec)
        names = list(TEXTS)
        try:
            with self._started() as predictor:
                first = self._ask(predictor, names)
                # Under another name: who keeps answers by the id of a document is found, too.
                renamed = {f"{name} again": text for name, text in TEXTS.items()}
                twice = self._ask_texts(predictor, renamed)
        except (BackendFailed, BackendUnavailable) as error:
            yield ContractCheck("loads", "failed", str(error), "run its load() by itself and see")
            return
        yield ContractCheck("loads", "ok", f"{self._hello.load_seconds or 0:.2f} s")
        yield self._identity()
        yield self._proof()
        yield answers_all(first)
        yield inside_the_text(first)
        yield on_the_words(first)
        yield declared_labels(first, task_named(self._task), self._hello.labels)
        yield check_same(
            "the same within a process",
            first,
            {name: twice[f"{name} again"] for name in names},
            "the second answer to a text differs from the first: keep nothing between calls",
        )
        with self._started() as predictor:
            yield check_same(
                "the same again",
                first,
                self._ask(predictor, names),
                "the answer to a text differs from one process to the next: fix seeds, sort sets",
            )
        with self._started(batch_size=4) as predictor:
            yield check_same(
                "any batch size",
                first,
                self._ask(predictor, names),
                "predict([a, b]) differs from predict([a]) and predict([b]): look at padding, at "
                "results that are not one per text, at windows that run over the end of a text",
            )
        with self._started() as predictor:
            yield check_same(
                "no state between documents",
                first,
                self._ask(predictor, names[::-1]),
                "the answer to a text depends on the texts before it: keep nothing between calls",
            )
            if long:
                reply = self._ask_texts(predictor, {"long": LONG})["long"]
                yield not_cut_off(reply)
                if reply.answer is not None:
                    yield self._linear(predictor, (reply.answer.seconds or 0) / len(LONG))

    def _linear(self, predictor: Predictor, ordinary: float) -> ContractCheck:
        """`ordinary`: seconds per character of `LONG`."""
        rate = max(ordinary, _QUICK)
        size = int(min(_SIZE, max(_LEAST_SIZE, _SECONDS / rate)))
        seconds = min(self._limits.document_seconds, round(1.25 * FACTOR * rate * size, 1))
        asked = {kind: hostile(kind, size) for kind in HOSTILE}
        replies = self._ask_texts(predictor, asked, seconds=seconds)
        times = _times(replies, size * rate)
        slow = {kind: asked[kind] for kind, taken in times.items() if taken > FACTOR}
        if slow:  # What else the machine does slows down once, and hardly twice.
            with self._started() as another:
                replies |= self._ask_texts(another, slow, seconds=seconds)
            for kind, taken in _times(replies, size * rate).items():
                times[kind] = min(taken, times.get(kind, taken))
        return in_linear_time(replies, times, rate * size)

    def _ask(self, predictor: Predictor, names: Sequence[str]) -> dict[str, Reply]:
        return self._ask_texts(predictor, {name: TEXTS[name] for name in names})

    def _ask_texts(
        self, predictor: Predictor, texts: Mapping[str, str], *, seconds: float | None = None
    ) -> dict[str, Reply]:
        """`seconds`: in place of the limit for a document."""
        needs_gold = adapter(self._spec.adapter).declaration.needs_gold
        gold: dict[str, object] | None = {} if needs_gold else None
        asked = [Query(name, text, gold=gold) for name, text in texts.items()]
        return dict(zip(texts, predictor.ask(asked, seconds=seconds), strict=True))

    @contextmanager
    def _started(self, *, batch_size: int = 1) -> Iterator[Predictor]:
        """A process of its own: loading takes most of the time, so they are few."""
        with started(
            self._launch,
            self._spec,
            self._task,
            labels=self._labels,
            batch_size=batch_size,
            offline=self._offline,
            limits=self._limits,
        ) as (predictor, self._hello):
            yield predictor

    def _identity(self) -> ContractCheck:
        name = "says which model it is"
        described, loaded = self._description.model, self._hello.model
        if not (loaded.version or loaded.digest):
            return ContractCheck(
                name,
                "warning",
                "neither a version nor a digest",
                "give the backend's identity a name, a version and a digest (harness.digest)",
            )
        for field, one, other in contradictions(described, loaded):
            return ContractCheck(
                name,
                "failed",
                f"identity() gives the {field} {one[:20]!r}, the loaded model {other[:20]!r}",
                "build both with one function",
            )
        if described is None and not self._spec.external:
            return ContractCheck(
                name,
                "warning",
                "the adapter's identity() knows nothing: every run has to load the model",
                "read name and version from files or metadata in identity()",
            )
        return ContractCheck(name, "ok", f"{loaded.name} {loaded.version or loaded.digest[:8]}")

    def _proof(self) -> ContractCheck:
        """What would let answers be used again in other runs."""
        proven, why = proof(self._spec, self._description, self._hello)
        if proven:
            return ContractCheck("proven to be the same", "ok", why)
        return ContractCheck(
            "proven to be the same",
            "warning",
            f"{why}: every run asks it anew",
            "state in the hello a digest over everything that decides its answers"
            if self._spec.external
            else "give identity() a digest over the model's files (harness.digest)",
        )


def _times(replies: Mapping[str, Reply], ordinary: float) -> dict[str, float]:
    """What each answer took, in units of what as much ordinary text takes."""
    return {
        kind: (reply.answer.seconds or 0) / ordinary
        for kind, reply in replies.items()
        if reply.answer is not None
    }


def _cheap(spec: BackendSpec) -> ContractCheck:
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
        env=variables(),
    )
    if done.returncode:
        return ContractCheck(name, "failed", done.stderr.strip()[-300:], "mend the import")
    if done.stdout.strip():
        return ContractCheck(
            name,
            "failed",
            f"importing the adapter imports {done.stdout.strip()}",
            "move that import into load()",
        )
    return ContractCheck(name, "ok")
