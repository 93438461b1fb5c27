"""Every way from gold and predictions to a number, each told in the same facts (test_two_paths.py).

A way leaves out what it does not know; one that raises has `REFUSED` for its facts.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import entity_counts as ner
import pytest
import relation_counts as attribution

import harness
from harness import pytest_plugin
from harness.annotation import Annotations, Record, TaskName
from harness.cli.main import main
from harness.decide.compare import compare
from harness.errors import HarnessError
from harness.formats.opening import read_any
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.report.page.documents import pack_documents
from harness.results.load import from_file, from_run, read_run, scored_in
from harness.results.record import Result
from harness.results.save import write_run
from harness.results.scored import Scored, stated_scores
from harness.run import cell
from harness.run.key import Description
from harness.run.options import RunOptions
from harness.run.predictions import Prediction
from harness.run.predictor import Query
from harness.run.process import Log
from harness.run.protocol import Hello
from harness.run.runner import run
from harness.tasks.ner.options import BoundaryRule, Match, NerOptions
from harness.tasks.registry import task_named

Facts = dict[str, Any]
Ways = dict[str, Facts]
REFUSED: Facts = {"refused": True}


@dataclass(frozen=True)
class Question:
    """How to count."""

    task: TaskName
    schema: str | None = None
    match: Match = "strict"
    boundary: BoundaryRule = "raw"

    @property
    def options(self) -> NerOptions:
        return NerOptions(match=self.match, boundary=self.boundary)

    @property
    def words(self) -> dict[str, Any]:
        """As keywords of the API."""
        own = {"match": self.match, "boundary": self.boundary} if self.task == "ner" else {}
        return {"task": self.task, "schema": self.schema, **own}


def require_equal(ways: Ways, *, but: tuple[str, ...] = ()) -> None:
    """Fail with the two ways and the fact that differ."""
    known: dict[str, tuple[str, Any]] = {}
    first = next(iter(ways))
    for way, facts in ways.items():
        assert (facts == REFUSED) == (ways[first] == REFUSED), f"{first} or {way} alone refuses"
        for fact in facts.keys() - {*but}:
            other, value = known.setdefault(fact, (way, facts[fact]))
            assert facts[fact] == value, f"{fact}: {way} (left) and {other} (right)"


def _attempt(way: str, facts: Callable[[], Facts]) -> Ways:
    try:
        return {way: facts()}
    except HarnessError:
        return {way: REFUSED}


# --- facts -------------------------------------------------------------------------------------


def without_source(signature: str) -> str:
    """Records have no file that was read in some way."""
    return re.sub(r"\|src:[^|]*", "", signature)


def facts_of(system: Scored) -> Facts:
    """What a system says, from its own counts, from `Counted`, and from the run's result."""
    tallies: Any = system.tallies
    signature = system.signature
    found: Facts = {
        "units": [
            (*unit, tally.to_json()) for unit, tally in zip(system.units, tallies, strict=True)
        ],
        "signature": without_source(str(signature)),
    }
    count, result, facts = system.count, system.result, system.caveats
    if count is not None:
        found |= _score_facts(system.score.to_json())
        found |= {
            "scores": _plain(stated_scores(system)),
            "not scored": dict(facts.not_scored),
            "f1 with all": facts.f1_with_all,
            "duplicates": facts.duplicates,
            "unknown": dict(facts.unknown_labels),
            "assumed": facts.assumed,
        }
    if result is not None and count is None:
        found |= facts_of_result(result)
    if system.task == "ner":
        again = _score_facts(ner.score(ner.total(tallies), system.options).to_json())
    else:
        again = _score_facts(attribution.score(attribution.total(tallies)).to_json())
    require_equal({"counts": again, "score": found})
    found |= again
    f1 = compare([system], resamples=1, min_support=1_000_000).rows[0].score
    found["f1"] = None if f1 is None else round(f1, 12)
    _check_outcomes(system, found)
    return found


def facts_of_result(result: Result) -> Facts:
    """What a run's record says of a result, without its counts."""
    return {
        "scores": _plain(result.scores),
        "not scored": dict(result.not_scored),
        "f1 with all": result.f1_with_all,
        "duplicates": result.duplicates,
        "unknown": dict(result.unknown_labels),
        "assumed": result.assumed,
        "signature": without_source(result.signature or ""),
    }


def _score_facts(score: Mapping[str, Any]) -> Facts:
    score = _plain(score)
    f1 = (score["micro"] if "micro" in score else score["relations"]["found50"])["f1"]
    return {
        "score": score,
        "errors": {name: n for name, n in score["errors"].items() if n},
        "f1": None if f1 is None else round(f1, 12),
    }


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _check_outcomes(system: Scored, facts: Facts) -> None:
    """The sizes of the sets of mentions fit the counts, where mentions are not equal to others."""
    outcomes = system.outcomes
    assert outcomes is not None, system.without_outcomes
    found, missed, spurious = map(len, (outcomes.found, outcomes.missed, outcomes.spurious))
    score = facts["score"]
    if system.task == "ner":
        tp = score["errors"]["correct"]
        assert (found, missed) == (tp, score["micro"]["support"] - tp)
        alone = score["micro"]["predicted"] - tp
        # Of two that are equal but for their edges, the one left over may be spelled as the gold.
        assert spurious == alone or (system.options.boundary == "normalised" and spurious < alone)
        return
    block = score["relations"]["found50"]
    assert found <= block["tp"] and found + missed <= block["support"]
    assert spurious <= block["predicted"] - block["tp"]
    if found + missed == block["support"]:
        assert found == block["tp"]


# --- from a file, from records -----------------------------------------------------------------


def ways_from_files(
    folder: Path, goldset: GoldSet, said: Path, answers: Mapping[str, Record], question: Question
) -> Ways:
    """`score`, the API, `compare`, and what the pytest plugin writes; `answers` did not fail."""
    rows = list(read_any(said))
    layers = {id_: row.annotations for id_, row in answers.items()}
    words, options, schema = question.words, question.options, question.schema

    def compared() -> Scored:
        return from_file(said, goldset, task=question.task, options=options, schema=schema)

    def plugin() -> Scored:
        return call_plugin(folder / "plugin", goldset, layers, words)

    ways = {
        **_attempt("score", lambda: by_command(goldset, said, question)),
        **_attempt("API, file", lambda: _scored(harness.score(goldset, said, **words))),
        **_attempt("API, records", lambda: _scored(harness.score(goldset, rows, **words))),
        **_attempt("API, mapping", lambda: _scored(harness.score(goldset, layers, **words))),
        **_attempt("compare", lambda: facts_of(compared())),
        **_attempt("plugin", lambda: facts_of(plugin())),
    }
    if ways["plugin"] != REFUSED:
        ways |= ways_of_run(folder / "plugin", "ours", "plugin")
    if ways["compare"] != REFUSED:
        write_run(folder / "written", [compared()], [goldset])
        ways |= ways_of_run(folder / "written", said.stem, "written")
        if schema is not None:  # Counted as spelled, and then again in the schema.
            plain = from_file(said, goldset, task=question.task, options=options)
            write_run(folder / "plain", [plain], [goldset])
            again = from_run(folder / "plain", schema=schema)
            ways["compare --schema"] = facts_of(again[0])
    return ways


def by_command(goldset: GoldSet, said: Path, question: Question) -> Facts:
    """`harness score --json`."""
    argv = ["score", "--gold", str(goldset.path), "--pred", str(said), "--task", question.task]
    if question.task == "ner":
        argv += ["--match", question.match, "--boundary", question.boundary]
    if question.schema is not None:
        argv += ["--schema", question.schema]
    status, out, err = call(*argv, "--json")
    if status:
        assert status == 2, err
        return REFUSED
    body = json.loads(out)
    assert body.pop("task") == question.task
    unknown, assumed = body.pop("unknown_labels"), body.pop("assumed")
    found = {
        "signature": without_source(body.pop("signature")),
        "not scored": body.pop("not_scored"),
        "f1 with all": body.pop("f1_with_all"),
        "unknown": unknown.get("predictions", {}),
        "assumed": tuple(s for s in assumed if not s.startswith("gold labels")),
    }
    for name in (
        *("documents", "missing_documents", "failed_documents", "findings", "losses", "sources"),
    ):
        del body[name]
    return found | _score_facts(body)


def call(*argv: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(argv))
    return status, out.getvalue(), err.getvalue()


def _scored(scored: Scored) -> Facts:
    facts, body = facts_of(scored), scored.to_json()
    signature = body.pop("signature")
    assert str(scored.signature) == signature
    assert without_source(signature) == facts["signature"]
    del body["task"]
    return facts | _score_facts(body)


def call_plugin(
    folder: Path, goldset: GoldSet, layers: Mapping[str, Annotations], words: Mapping[str, Any]
) -> Scored:
    """A test with the fixture and the end of its session, with `--harness-results`."""
    config: Any = SimpleNamespace(getoption=lambda name: str(folder))
    golds = [
        r
        for r in goldset.records()
        if r.annotations.layer(task_named(words["task"]).layer) is not None
    ]
    none = Annotations((), ())
    backend = SimpleNamespace(predict=lambda texts: [layers.get(r.id, none) for r in golds])
    fixture = pytest_plugin.HarnessRun(config)
    scored = fixture(backend, gold=goldset, name="ours", check=False, **words)
    pytest_plugin.pytest_sessionfinish(SimpleNamespace(config=config))  # type: ignore[arg-type]
    return scored


# --- from a run --------------------------------------------------------------------------------


class Replayed:
    """Stands in for `Predictions`: answers without a process, by the backend's model."""

    backends: ClassVar[dict[str, tuple[Mapping[str, Record], tuple[str, ...] | None]]] = {}

    def __init__(self, spec: BackendSpec, **_: Any) -> None:
        self._answers, self._labels = self.backends[spec.model]
        self.description = Description()
        self.hello: Hello | None = None
        self.environment = self.proof = self.damaged = ""
        self.model = None
        self.log = Log()

    def process_costs(self) -> tuple[None, None, None]:
        return None, None, None

    def round(
        self, documents: Iterable[Query], number: int = 0, *, bar: object = None
    ) -> Iterator[Prediction]:
        self.hello = Hello(labels=self._labels)
        for asked in documents:
            answer = self._answers.get(asked.id)
            layers = None if answer is None else answer.annotations
            error = "it broke" if answer is None else None
            yield Prediction(asked.id, asked.text, layers, error)


@contextmanager
def quick() -> Iterator[pytest.MonkeyPatch]:
    """Runs wait for no disk and ask nothing of git."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.formats.files.os.fsync", lambda handle: None)
        patch.setattr("harness.results.provenance.git_state", lambda: None)
        patch.setattr("harness.results.provenance.project_state", lambda out=None: None)
        yield patch


@contextmanager
def replayed(*, large: bool = False) -> Iterator[None]:
    """Runs take `Replayed`; with `large` they keep their counts beside the record."""
    with quick() as patch:
        patch.setattr(cell, "Predictions", Replayed)
        if large:
            patch.setattr("harness.results.record.INLINE_DOCUMENTS", 0)
        yield


def ways_from_runs(
    folder: Path,
    goldset: GoldSet,
    answers: Mapping[str, Record],
    question: Question,
    labels: tuple[str, ...],
) -> tuple[Ways, Ways]:
    """A run with a backend that says nothing of its labels, and one that states them."""
    Replayed.backends = {"silent": (answers, None), "stating": (answers, labels)}
    specs = [BackendSpec("process", name) for name in Replayed.backends]

    def options(out: Path | None, schema: str | None) -> RunOptions:
        return RunOptions(
            tasks=(question.task,),
            counting={"match": question.match, "boundary": question.boundary},
            schema=schema,
            out=out,
        )

    run(specs, [goldset], options(folder / "run", question.schema))
    memory = run(specs, [goldset], options(None, question.schema))
    silent, stating = (
        ways_of_run(folder / "run", f"process:{name}", name) for name in Replayed.backends
    )
    for ways, result in zip((silent, stating), memory.results, strict=True):
        ways["in memory"] = REFUSED
        if result.signature is not None:
            units = [(u.document, u.paragraph, u.tally) for u in result.units]
            ways["in memory"] = {"units": units, **facts_of_result(result)}
    if question.schema is not None:  # Counted in the labels' own schema, and then again in this.
        (first,) = run(specs[:1], [goldset], options(folder / "own", None)).results
        if first.signature is not None:
            silent |= _attempt(
                "counted again",
                lambda: facts_of(from_run(folder / "own", schema=question.schema)[0]),
            )
    return silent, stating


def ways_of_run(folder: Path, backend: str, title: str) -> Ways:
    """The record of a backend, its counts read back and counted again, and the page."""
    record, _ = read_run(folder)
    result = next(r for r in record.results if r.backend == backend)
    names = (f"{title}, record", f"{title}, read", f"{title}, replayed", f"{title}, page")
    if result.signature is None:
        assert result.status == "failed" and not result.units
        return dict.fromkeys(names, REFUSED)
    (stored,) = scored_in(record, folder, [result])
    told = facts_of_result(result) | _score_facts(stored.score.to_json())
    read, again = (
        next(s for s in from_run(folder, replay=replay) if s.backend == backend)
        for replay in (False, True)
    )
    if read.common is not None:  # Its mentions too are brought together as its counts were.
        facts_of(read.common())
    shown = pack_documents([read])
    assert shown is not None
    assert not shown.missing
    facts = (told, facts_of(read), facts_of(again), {"errors": shown.counts[read.name]})
    return dict(zip(names, facts, strict=True))


def clear(folder: Path) -> Path:
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
