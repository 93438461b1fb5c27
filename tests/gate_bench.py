"""A gate to be tried: a baseline of a backend with known answers, and checks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import synthetic

from harness.annotation import Entity, Record
from harness.decide import baseline as baselines
from harness.decide.baseline import Baseline
from harness.decide.gate.check import check
from harness.decide.gate.verdicts import GateReport
from harness.decide.rules import Rules, parse_rules
from harness.gold.goldset import GoldSet
from harness.results.record import RunRecord
from harness.results.save import write_run
from harness.results.scored import Scored

DOCS = synthetic.articles(60, seed=5)
GOOD = synthetic.predict(DOCS, synthetic.skilled(0.85, 0.1), seed=1)


class Gate:
    """A baseline of the backend `b`, and checks of changed answers against it."""

    def __init__(self, goldset: GoldSet, folder: Path, *, answers: Sequence[Record] = GOOD) -> None:
        self.goldset, self.folder, self.answers = goldset, folder, answers
        self.systems = self.measure({"b": answers})
        self.record = write_run(folder / "old", self.systems, [goldset])
        self.accepted = baselines.accepted(self.systems, self.record)

    def measure(self, backends: Mapping[str, Sequence[Record]]) -> list[Scored]:
        return synthetic.systems_of(self.goldset, backends)

    def check(
        self,
        answers: Sequence[Record] | None = None,
        rules: Rules | None = None,
        *,
        systems: list[Scored] | None = None,
        record: RunRecord | None = None,
        accepted: Baseline | None = None,
        **options: Any,
    ) -> GateReport:
        if systems is None:
            systems = self.measure({"b": self.answers if answers is None else answers})
        return check(
            record or self.record,
            systems,
            accepted or self.accepted,
            rules,
            resamples=2000,
            **options,
        )


def codes(report: GateReport, *statuses: Any) -> list[str]:
    return [verdict.code for verdict in report.having(*statuses)]


def rules(text: str) -> Rules:
    import tomllib

    return parse_rules(tomllib.loads(text), source="rules.toml")


def lose(share: float, seed: int = 1) -> list[Record]:
    return synthetic.predict(DOCS, synthetic.losing(GOOD, share), seed=seed)


def pin(entity: Entity, document: str, label: bool = True) -> str:
    text = f'[[pin]]\ndocument = "{document}"\nstart = {entity.start}\nend = {entity.end}\n'
    return text + (f'label = "{entity.label}"\n' if label else "")
