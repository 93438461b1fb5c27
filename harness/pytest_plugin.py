"""A pytest plugin: a project gates its own backend in its own test suite.

    def test_our_model(harness_run):
        scored = harness_run(our_predict, gold="goldsets/news", name="ours")
        assert scored.f1 > 0.8

With `--harness-baseline FILE` (or `harness_baseline` in the ini file) the same test also fails when
a score has really dropped. `--harness-results DIR` keeps what was measured as a run, for
`harness baseline accept DIR`. `--harness-run RUN` checks a run that is already there: one test item
for each of its backends. When nothing of this is used, nothing of the harness is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.annotation import Annotations, Record
    from harness.decide.gate.verdicts import GateReport
    from harness.gold.goldset import GoldSet
    from harness.results.scored import Scored
    from harness.tasks.base import Task

__all__ = ["HarnessRun"]

_MEASURED = "_harness_measured"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "gate the scores of NLP backends")
    group.addoption("--harness-baseline", metavar="FILE", help="fail when a score drops below it")
    group.addoption("--harness-rules", metavar="FILE", help="rules of the gate (TOML)")
    group.addoption("--harness-run", metavar="RUN", help="check this run against the baseline")
    group.addoption("--harness-results", metavar="DIR", help="write what was measured as a run")
    parser.addini("harness_baseline", "baseline of --harness-baseline, relative to the ini file")
    parser.addini("harness_rules", "rules of --harness-rules, relative to the ini file")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    run = config.getoption("--harness-run")
    if run is not None:
        items.extend(_check_items(session, config, Path(run)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    measured = getattr(session.config, _MEASURED, None)
    folder = session.config.getoption("--harness-results")
    if measured and folder and not hasattr(session.config, "workerinput"):
        from harness.results.save import write_run

        goldsets = {goldset.name: goldset for _, goldset in measured}
        write_run(folder, [scored for scored, _ in measured], list(goldsets.values()))


@pytest.fixture
def harness_run(request: pytest.FixtureRequest) -> HarnessRun:
    """Scores a backend on a gold set, and checks it against the baseline where there is one."""
    return HarnessRun(request.config)


class HarnessRun:
    """What the fixture gives: call it with a backend and a gold set."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __call__(
        self,
        backend: Any,
        *,
        gold: GoldSet | str | Path,
        task: str | None = None,
        name: str | None = None,
        schema: str | None = None,
        check: bool = True,
        **options: Any,
    ) -> Scored:
        """Predict, score, and check.

        `backend` is a backend's name, an object with `predict(texts)`, or a function from a text to
        its annotations: an `Annotations`, entities, or `(start, end, label)` tuples with code-point
        offsets. `task` is by default the first, entities; `options` are the task's own. `name` is
        what the baseline knows it by (default: its own name). With `check`, the test fails when the
        gate does; without a baseline nothing is checked.
        """
        from harness.api import load_goldset, score
        from harness.gold.goldset import GoldSet
        from harness.tasks.registry import task_names

        goldset = gold if isinstance(gold, GoldSet) else load_goldset(gold)
        task = task or task_names()[0]
        shown = name or _name_of(backend)
        scored = score(
            goldset,
            _predictions(backend, goldset, task),
            task=task,
            name=shown,
            schema=schema,
            **options,
        )
        measured = getattr(self._config, _MEASURED, [])
        setattr(self._config, _MEASURED, [*measured, (scored, goldset)])
        if check:
            report = self.check(scored, goldset)
            if report is not None and report.exit_status:
                pytest.fail(_text(report), pytrace=False)
        return scored

    def check(self, scored: Scored, goldset: GoldSet) -> GateReport | None:
        """The gate's report on one score; `None` without a baseline."""
        path = _setting(self._config, "harness_baseline")
        if path is None:
            return None
        from harness.decide import baseline
        from harness.decide.gate.check import check
        from harness.results.save import run_record

        return check(
            run_record([scored], [goldset]),
            [scored],
            baseline.read(path),
            _rules(self._config),
            gold=[scored.gold],
            backends=[scored.backend],
        )


class _CheckItem(pytest.Item):
    """One backend of a run that is already there, checked against the baseline."""

    def __init__(self, *, report: Callable[[], GateReport], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._report = report

    def runtest(self) -> None:
        report = self._report()
        if report.exit_status:
            raise _Regression(_text(report))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        from harness.errors import HarnessError

        if isinstance(excinfo.value, _Regression | HarnessError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class _Regression(Exception):
    """The gate says no; the text says why."""


def _check_items(
    session: pytest.Session, config: pytest.Config, run: Path
) -> Iterator[pytest.Item]:
    from harness.decide import baseline
    from harness.decide.gate.check import check
    from harness.errors import HarnessError
    from harness.results.load import from_run, read_run

    path = _setting(config, "harness_baseline")
    if path is None:
        raise pytest.UsageError("--harness-run needs --harness-baseline")
    try:
        accepted, rules = baseline.read(path), _rules(config)
        record, _ = opened = read_run(run)
        scored = from_run(opened)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
    pairs = sorted({(entry.gold, entry.backend) for entry in accepted.entries})
    # An empty baseline is checked too, and fails: nothing passes by absence.
    for gold, backend in pairs or [("*", "*")]:

        def report(gold: str = gold, backend: str = backend) -> GateReport:
            return check(record, scored, accepted, rules, gold=[gold], backends=[backend])

        yield _CheckItem.from_parent(
            session, name=f"harness-check[{gold}-{backend}]", report=report
        )


def _setting(config: pytest.Config, name: str) -> Path | None:
    """An option, relative to where pytest was called, or an ini value, relative to its file."""
    given = config.getoption(f"--{name.replace('_', '-')}")
    if given:
        return Path(config.invocation_params.dir, given)
    stated = config.getini(name)
    return Path(config.rootpath, stated) if stated else None


def _rules(config: pytest.Config) -> Any:
    from harness.decide.rules import default_rules, read_rules

    path = _setting(config, "harness_rules")
    return default_rules() if path is None else read_rules(path)


def _name_of(backend: Any) -> str:
    if isinstance(backend, str):
        return backend
    return str(getattr(backend, "name", None) or getattr(backend, "__name__", "backend"))


def _predictions(backend: Any, goldset: GoldSet, task: str) -> list[Record]:
    from harness.annotation import Record
    from harness.api import load_backend
    from harness.run.asking import annotated
    from harness.tasks.registry import task_named

    if isinstance(backend, str):
        backend = load_backend(backend, task=task)
    records = list(annotated(goldset, task))
    texts = [record.text or "" for record in records]
    answers: Iterable[Any] = (
        backend.predict(texts) if hasattr(backend, "predict") else map(backend, texts)
    )
    return [
        Record(record.id, None, _annotations(answer, task_named(task)))
        for record, answer in zip(records, answers, strict=True)
    ]


def _annotations(answer: Any, task: Task) -> Annotations:
    """What a function may return: annotations, or a sequence of items or of what makes one."""
    from harness.annotation import Annotations

    if isinstance(answer, Annotations):
        return answer
    items = (item if isinstance(item, task.item) else task.item(*item) for item in answer)
    return task.layers(items)


def _text(report: GateReport) -> str:
    from harness.report.gate import gate_lines, gate_table
    from harness.report.tables import render_lines, render_tables

    table = render_tables([gate_table(report)], "simple")
    return f"{table}\n\n{render_lines(gate_lines(report), 'simple')}"
