"""Does a backend answer the same to the same text, whatever else is going on?

What is varied: whether it was asked before, the order of the texts, the process, how many texts it
is handed at once, which others these are, the threads that it may use, and the full stop at the end
of the text, which may change what is said of the last word and of nothing else. Answers are
compared as in the contract test. Of each kind the shortest text whose answer changed is made
smaller as long as it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from random import Random
from time import monotonic
from typing import NamedTuple, TypeAlias

from harness.annotation import TaskName
from harness.errors import BackendFailed, BackendUnavailable
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec, adapter_of
from harness.results.certificate import Instability, Trial
from harness.run.asking import annotated, gold_labels
from harness.run.contract_checks import said
from harness.run.launch import launch
from harness.run.options import RunOptions
from harness.run.predictor import Predictor, Query, Reply
from harness.run.progress import Progress, ProgressBar
from harness.run.protocol import Answer
from harness.run.shrink import shrunk
from harness.run.started import started
from harness.table import plural
from harness.tasks.base import Task
from harness.tasks.registry import task_named

__all__ = ["CERTIFIED_CHARACTERS", "CERTIFIED_DOCUMENTS", "certify", "is_small"]

CERTIFIED_DOCUMENTS = 50
CERTIFIED_CHARACTERS = 300_000
"""Gold sets up to this size are tried unless somebody says otherwise."""

_TOGETHER = 4
"""Texts handed over at once, where they are otherwise handed over one by one."""
_PASSES = 6
"""So often all texts are asked about where nothing changes."""
_CALLS = 60
_SECONDS = 15.0
"""For making one text smaller."""
_ALONE = "there is one document alone"

_Said: TypeAlias = Answer | str | None
_Both: TypeAlias = Callable[[str], tuple[_Said, _Said]]
"""Asks about a text in both ways."""


def is_small(gold: GoldSet) -> bool:
    """Whether it is tried unless somebody says otherwise."""
    return gold.documents <= CERTIFIED_DOCUMENTS and gold.characters <= CERTIFIED_CHARACTERS


def certify(
    spec: BackendSpec,
    gold: GoldSet,
    task: TaskName,
    options: RunOptions,
    progress: Progress | None = None,
) -> list[Trial]:
    """Try a backend on the texts of a gold set; a trial for each kind, in a fixed order.

    It is loaded twice, or five times where other threads or batches change anything. Where it
    cannot be the trials say so. Nothing is tried of a backend that checks the harness, or is given
    the gold.
    """
    declaration = adapter_of(spec).declaration
    if declaration.sanity or declaration.needs_gold:
        return []
    texts = {one.id: one.text for one in annotated(gold, task) if one.text is not None}
    words = sum(len(text.split()) for text in texts.values())
    bar = (progress or Progress(quiet=True)).task(
        f"{spec.row} on {gold.name} ({task}), stability",
        _PASSES * len(texts),
        words=_PASSES * words,
        estimated=True,
    )
    trials = list(_Certificate(spec, gold, task_named(task), options, texts, bar).trials())
    bar.finish()
    return trials


class _Way(NamedTuple):
    """Who is asked about a text, and with which others around it."""

    worker: _Worker
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def ask(self, text: str) -> _Said:
        """What is said to the text itself."""
        replies = self.worker.ask([*self.before, text, *self.after])
        return said(replies[len(self.before)])

    def with_less_around(self) -> _Way:
        """The first lines of the others alone."""
        before, after = (
            tuple(one.strip().partition("\n")[0] for one in side)
            for side in (self.before, self.after)
        )
        return self._replace(before=before, after=after)


class _Worker:
    """A loaded worker, which is never asked about two texts under one name."""

    def __init__(self, predictor: Predictor, bar: ProgressBar) -> None:
        self._predictor = predictor
        self._bar = bar
        self._number = count(1)

    def ask(self, texts: Sequence[str]) -> list[Reply]:
        """Those that fit into a batch are handed over together."""
        replies = []
        asked = [Query(f"t{next(self._number)}", text) for text in texts]
        for text, reply in zip(texts, self._predictor.ask(asked), strict=True):
            replies.append(reply)
            self._bar.advance(words=len(text.split()), replayed=False, failed=reply.answer is None)
        return replies

    def all(self, texts: Sequence[str]) -> list[_Said]:
        return [said(reply) for reply in self.ask(texts)]


_Ways: TypeAlias = Callable[[int], tuple[_Way, _Way]]
"""The two ways in which the text at a place was asked about."""


@dataclass(frozen=True, eq=False)
class _Certificate:
    spec: BackendSpec
    gold: GoldSet
    task: Task
    options: RunOptions
    documents: Mapping[str, str]
    bar: ProgressBar

    @property
    def texts(self) -> list[str]:
        return list(self.documents.values())

    def trials(self) -> Iterator[Trial]:
        threads, size = self.options.threads, self.options.batch_size
        others = 1 if threads > 1 else 2
        how = f"{threads} and {others}"
        size = size if size > 1 else _TOGETHER
        try:
            with self._worker(threads) as alone:
                first = alone.all(self.texts)
                yield from self._one_by_one(alone, first)
                # Mostly none of it matters, which one process with all of it shows.
                if self._all_the_same(first, others, size):
                    yield self._trial("process", "", [])
                    yield from self._apart(size, [], [])
                    yield self._trial("threads", how, [])
                    return
                yield self._other("process", "", alone, first, threads)
                yield from self._together(alone, first, size)
                yield self._other("threads", how, alone, first, others)
        except (BackendFailed, BackendUnavailable) as error:
            yield self._trouble("all", "", str(error))

    def _one_by_one(self, alone: _Worker, first: Sequence[_Said]) -> Iterator[Trial]:
        texts = self.texts
        changed = _differing(first, alone.all(texts))
        yield self._trial("twice", "", changed, lambda place: (_Way(alone), _Way(alone)))
        changed = _differing(first, alone.all(texts[::-1])[::-1])

        def neighbours(place: int) -> tuple[_Way, _Way]:
            before, behind = texts[max(0, place - 1) : place], texts[place + 1 : place + 2]
            return _Way(alone, tuple(before)), _Way(alone, tuple(behind))

        if len(texts) > 1:
            yield self._trial("order", "forwards and backwards", changed, neighbours)
        else:
            yield self._trouble("order", "", _ALONE)
        how = "with and without"
        without = [_stopped(self.task, one, text) for one, text in zip(first, texts, strict=True)]
        toggled = alone.all([_toggled(text) for text in texts])
        others = [_stopped(self.task, one, text) for one, text in zip(toggled, texts, strict=True)]

        def both(text: str) -> tuple[_Said, _Said]:
            way = _Way(alone)
            one, other = way.ask(text), way.ask(_toggled(text))
            return _stopped(self.task, one, text), _stopped(self.task, other, text)

        yield self._shown("full stop", how, _differing(without, others), lambda place: [both])

    def _all_the_same(self, first: Sequence[_Said], threads: int, size: int) -> bool:
        """Whether other threads, batches and neighbours, all at once, leave all answers alone."""
        try:
            with self._worker(threads, size) as worker:
                together, mixed = self._in_batches(worker)
        except (BackendFailed, BackendUnavailable):
            return False  # Of which of them it comes is seen when they are tried apart.
        return not _differing(first, together) and not _differing(first, mixed)

    def _in_batches(self, worker: _Worker) -> tuple[list[_Said], list[_Said]]:
        """What is said of the texts in their order, and of each in another order."""
        texts = self.texts
        together = worker.all(texts)
        mixed = worker.all([texts[place] for place in self.shuffled])
        at = {place: number for number, place in enumerate(self.shuffled)}
        return together, [mixed[at[place]] for place in range(len(texts))]

    @cached_property
    def shuffled(self) -> list[int]:
        """The places of the texts in another order, always the same."""
        places = list(range(len(self.documents)))
        Random(0).shuffle(places)  # noqa: S311  not a secret
        return places

    def _together(self, alone: _Worker, first: Sequence[_Said], size: int) -> Iterator[Trial]:
        texts = self.texts
        try:
            with self._worker(self.options.threads, size) as several:
                together, mixed = self._in_batches(several)

                def handed(places: Sequence[int], place: int) -> _Way:
                    at = places.index(place)
                    begin = at // size * size
                    around = [texts[other] for other in places]
                    behind = around[at + 1 : begin + size]
                    return _Way(several, tuple(around[begin:at]), tuple(behind))

                in_order = range(len(texts))
                yield from self._apart(
                    size,
                    _differing(first, together),
                    _differing(together, mixed),
                    lambda place: (_Way(alone), handed(in_order, place)),
                    lambda place: (handed(in_order, place), handed(self.shuffled, place)),
                )
        except (BackendFailed, BackendUnavailable) as error:
            yield self._trouble("batch", f"1 and {size}", str(error))

    def _apart(
        self,
        size: int,
        changed: Sequence[int],
        moved: Sequence[int],
        ways: _Ways | None = None,
        others: _Ways | None = None,
    ) -> Iterator[Trial]:
        """Trials of batches, and of the other texts in them."""
        yield self._trial("batch", f"1 and {size}", changed, ways)
        if len(self.documents) > 1:
            yield self._trial("neighbours", f"in batches of {size}", moved, others)
        else:
            yield self._trouble("neighbours", "", _ALONE)

    def _other(
        self, varied: str, how: str, alone: _Worker, first: Sequence[_Said], threads: int
    ) -> Trial:
        """Another process, perhaps with other threads."""
        try:
            with self._worker(threads) as other:
                changed = _differing(first, other.all(self.texts))
                return self._trial(varied, how, changed, lambda place: (_Way(alone), _Way(other)))
        except (BackendFailed, BackendUnavailable) as error:
            return self._trouble(varied, how, str(error))

    @contextmanager
    def _worker(self, threads: int, batch_size: int = 1) -> Iterator[_Worker]:
        options = self.options
        how = launch(
            self.spec,
            threads=threads,
            offline=options.offline,
            passed=options.pass_env,
            named=options.environment,
        )
        with started(
            how,
            self.spec,
            self.task.name,
            labels=gold_labels(self.gold, self.task.name),
            batch_size=batch_size,
            offline=options.offline,
            limits=options.limits,
        ) as (predictor, _):
            yield _Worker(predictor, self.bar)

    # What came of it

    def _trial(
        self, varied: str, how: str, changed: Sequence[int], ways: _Ways | None = None
    ) -> Trial:
        def both_of(place: int) -> list[_Both]:
            """With less around it first: that is quicker, and shows more."""
            assert ways is not None
            one, other = ways(place)
            pairs = [(one.with_less_around(), other.with_less_around()), (one, other)]
            return [
                lambda text, pair=pair: (pair[0].ask(text), pair[1].ask(text))  # type: ignore[misc]
                for pair in dict.fromkeys(pairs)
            ]

        return self._shown(varied, how, changed, both_of)

    def _shown(
        self, varied: str, how: str, changed: Sequence[int], both_of: Callable[[int], list[_Both]]
    ) -> Trial:
        example = None
        if changed:
            place = min(changed, key=lambda one: (len(self.texts[one]), one))
            example = self._example(place, both_of(place))
        names = self.spec.row, self.gold.name, self.task.name
        return Trial(*names, varied, how, len(self.texts), len(changed), example)

    def _example(self, place: int, ways: Sequence[_Both]) -> Instability:
        """The smallest text that shows it."""
        document, text = list(self.documents)[place], self.texts[place]
        until = monotonic() + _SECONDS
        calls = 0
        for both in ways:
            calls += 1
            one, other = both(text)
            if one == other:
                continue

            def shows(part: str, both: _Both = both) -> bool:
                if monotonic() > until:
                    return False
                one, other = both(part)
                return one != other

            small, more = shrunk(text, shows, most=_CALLS)
            last = both(small)
            if last[0] != last[1]:  # What comes by chance need not come again.
                text, (one, other) = small, last
            before, after = self._words(one, other, text)
            return Instability(document, text, before, after, True, calls + more)
        return Instability(document, text, (), (), False, calls)

    def _words(self, one: _Said, other: _Said, text: str) -> list[tuple[str, ...]]:
        """What each says that the other does not."""
        sides = [
            list(self.task.items(a.annotations)) if isinstance(a, Answer) else [str(a)]
            for a in (one, other)
        ]
        shown = [
            tuple(
                item if isinstance(item, str) else self.task.describe(item, text)
                for item in side
                if item not in against
            )
            for side, against in ((sides[0], sides[1]), (sides[1], sides[0]))
        ]
        if not any(shown):
            number = plural(len(sides[0]), "item")
            return [(f"{number} in one order",), ("the same in another, or with other remarks",)]
        return shown

    def _trouble(self, varied: str, how: str, why: str) -> Trial:
        return Trial(self.spec.row, self.gold.name, self.task.name, varied, how, 0, 0, trouble=why)


def _differing(one: Sequence[_Said], other: Sequence[_Said]) -> list[int]:
    return [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


def _toggled(text: str) -> str:
    """The text without the full stop at its end, or with one where it has none."""
    stem = text.rstrip()
    tail = text[len(stem) :]
    return f"{stem[:-1]}{tail}" if stem.endswith(".") else f"{stem}.{tail}"


def _stopped(task: Task, answer: _Said, text: str) -> _Said:
    """What is said of all that stands before the last word of a text, and of nothing behind it."""
    if not isinstance(answer, Answer):
        return answer
    stem = text.rstrip().removesuffix(".").rstrip()
    words = stem.rsplit(maxsplit=1)  # A pattern would be tried at each character.
    end = len(stem) - len(words[-1]) if words else 0
    kept = [
        item
        for item in task.items(answer.annotations)
        if all(span.end <= end for span in task.spans(item))
    ]
    return Answer(task.layers(kept))
