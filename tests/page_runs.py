"""Runs for pages, from given answers: two tasks, and a third, without a model or a process."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from synthetic import articles, gold, predict, skilled, speeches
from ways import Replayed, replayed

from harness.annotation import Annotations, Attribution, Record, Span
from harness.cli.main import main
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.run.options import RunOptions
from harness.run.runner import run

__all__ = ["answered", "page_of", "retold", "two_tasks"]


def answered(
    folder: Path, goldsets: Sequence[GoldSet], answers: Mapping[str, Sequence[Record]]
) -> Path:
    """A run with these answers of backends, in `folder / "run"`."""
    Replayed.backends = {
        name: ({record.id: record for record in records}, None) for name, records in answers.items()
    }
    options = RunOptions(tasks=("ner", "attribution"), out=folder / "run")
    with replayed():
        run([BackendSpec("process", name) for name in answers], list(goldsets), options)
    return folder / "run"


def page_of(runs: Sequence[Path], file: Path, *more: str) -> Path:
    """The page that the command writes."""
    assert main(["report", *map(str, runs), "--html", str(file), *more]) == 0
    return file


def two_tasks(folder: Path, documents: int = 30, backends: int = 3) -> Path:
    """A run over news with names and talks with quotations."""
    news, talks = articles(documents, seed=3, mentions=1), speeches(documents, seed=4)
    answers = {}
    for number in range(backends):
        names = predict(news, skilled(0.9 - 0.2 * number, 0.05 + 0.1 * number), seed=number)
        answers[f"system {number}"] = [*map(_misread, names), *retold(talks, seed=number)]
    return answered(folder, [gold(folder, news, "news"), gold(folder, talks, "talks")], answers)


def _misread(record: Record) -> Record:
    """Every fourth mention gets another label, every fifth another edge."""
    out = []
    for place, one in enumerate(record.annotations.entities or ()):
        if place % 4 == 3:
            one = one._replace(label="ORG" if one.label == "PER" else "PER")
        elif place % 5 == 4:
            one = one._replace(start=one.start + 2)
        out.append(one)
    return replace(record, annotations=Annotations(tuple(out)))


def retold(records: Sequence[Record], *, seed: int = 0) -> list[Record]:
    """Answers to quotations: some are lost, lose a part, or have another border or speaker."""
    rng = random.Random(seed)
    out = []
    for record in records:
        items: list[Attribution] = []
        for item in record.annotations.attributions or ():
            (content,) = item.content
            change = rng.choice(("keep", "keep", "lose", "source", "cue", "border", "speaker"))
            if change == "lose":
                continue
            if change in ("source", "cue"):
                item = replace(item, **{change: None})
            elif change == "border":
                item = replace(item, content=(Span(content.start + 6, content.end),))
            elif change == "speaker":
                item = replace(item, speaker="Nobody")
            items.append(item)
        if rng.random() < 0.3 and record.text:
            items.append(Attribution((Span(len(record.text) - 4, len(record.text) - 1),)))
        out.append(Record(record.id, None, Annotations(attributions=tuple(items))))
    return out
