"""Rules of the gate: a TOML file with floors, largest drops, and mentions that must be found.

    min_support = 30              # gold mentions below which a rule warns instead of failing
    blackout = 5                  # a document that had so many right and has none fails; false: off
    [[rule]]
    gold = "seeds"                # a name or a pattern; so is backend. Default: "*"
    backend = "spacy/*"
    task = "ner"                  # default: every task
    metric = "f1"                 # precision, recall or f1. Default: f1
    type = "PERSON"               # an entity type or an attribution part; "*": each of them.
    floor = 0.85                  #   Default: the headline (micro, found50)
    max_drop = 1.0                # points of a hundred below the baseline
    interval = false              # the margin alone decides; default: more than chance, too
    [[pin]]
    document = "article-1"        # a mention that must be found; offsets are code points
    start = 99
    end = 107
    label = "ORG"                 # may be left out

Where two rules speak of the same score, the later one wins, for floor and max_drop each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from harness.coding import DecodeError, decode, parse_toml
from harness.errors import UsageError
from harness.formats.files import read_text
from harness.tasks.parts import Metric
from harness.tasks.registry import task_names, tasks, wrong_task

__all__ = ["Pin", "Rule", "Rules", "default_rules", "parse_rules", "read_rules"]

GATE_SUPPORT = 30
BLACKOUT = 5

T = TypeVar("T")
_Name = Annotated[str, Meta(min_length=1, description="a string that is not empty")]
_Count = Annotated[int, Meta(ge=0, description="a whole number from 0 up")]
_Score = Annotated[float, Meta(ge=0, le=1, description="a number between 0 and 1")]
_POINTS = "a number of points between 0 and 100 (1.0 allows 0.83 to become 0.82)"
_Points = Annotated[float, Meta(ge=0, le=100, description=_POINTS)]
_Tables = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one `[[rule]]` demands; `max_drop` is in points."""

    gold: _Name = "*"
    backend: _Name = "*"
    task: _Name | None = None
    metric: Metric = "f1"
    type: _Name | None = None
    floor: _Score | None = None
    max_drop: _Points | None = None
    interval: bool | None = None
    """Whether a drop has to lie below 0 by its interval too; `None`: it has."""
    min_support: _Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A gold mention that must be found."""

    document: _Name
    start: _Count
    end: _Count
    label: _Name | None = None
    gold: _Name = "*"
    backend: _Name = "*"
    task: _Name | None = None
    """`None`: the first task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything in a rules file."""

    rules: tuple[Rule, ...]
    pins: tuple[Pin, ...] = ()
    min_support: int = GATE_SUPPORT
    blackout: int = BLACKOUT
    """How many right mentions of a document must not vanish together; 0: the rule is off."""
    source: str = "the built-in rules"
    may_be_idle: bool = False
    """Whether a rule may match nothing, as a built-in one may."""


@cache
def default_rules() -> Rules:
    """Without a file: the headline may drop by 1 point, and by more what each task names."""
    return Rules(
        rules=(
            Rule(max_drop=1.0),
            *(
                Rule(task=task.name, type=part, max_drop=points)
                for task in tasks().values()
                for part, points in task.gated.items()
            ),
        ),
        may_be_idle=True,
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A rules file as it is written."""

    min_support: _Count = GATE_SUPPORT
    blackout: _Count | bool = True
    rule: Annotated[_Tables, Meta(description="a list of tables, each under [[rule]]")] = ()
    pin: Annotated[_Tables, Meta(description="a list of tables, each under [[pin]]")] = ()


def read_rules(path: str | Path) -> Rules:
    """Read a rules file. Raises `UsageError` for what makes no sense, with the nearest name."""
    return parse_rules(parse_toml(read_text(path), path), source=str(path))


def parse_rules(value: Mapping[str, Any], *, source: str) -> Rules:
    """Rules from decoded TOML."""
    file = _decode(_File, value, source)
    rules = tuple(_rule(item, f"{source}: rule {n}") for n, item in enumerate(file.rule, 1))
    pins = tuple(_pin(item, f"{source}: pin {n}") for n, item in enumerate(file.pin, 1))
    if not rules and not pins:
        raise UsageError(f"{source}: no [[rule]] and no [[pin]]: it would check nothing")
    blackout = file.blackout
    if isinstance(blackout, bool):
        blackout = BLACKOUT if blackout else 0
    return Rules(
        rules=rules, pins=pins, min_support=file.min_support, blackout=blackout, source=source
    )


def _rule(item: Mapping[str, Any], where: str) -> Rule:
    if isinstance(item.get("metric"), str):  # In capitals or not, as on the command line.
        item = {**item, "metric": item["metric"].lower()}
    rule = _decode(Rule, item, where)
    if rule.floor is None and rule.max_drop is None:
        raise UsageError(f"{where}: neither floor nor max_drop: it would check nothing")
    _check_task(rule.task, where)
    return rule


def _pin(item: Mapping[str, Any], where: str) -> Pin:
    pin = _decode(Pin, item, where)
    if pin.end <= pin.start:
        raise UsageError(f"{where}: end {pin.end} is not after start {pin.start}")
    _check_task(pin.task, where)
    return pin if pin.task is not None else replace(pin, task=task_names()[0])


def _check_task(name: str | None, where: str) -> None:
    if name is not None and (problem := wrong_task(name)):
        raise UsageError(f"{where}: task: {problem}")


def _decode(kind: type[T], value: Mapping[str, Any], where: str) -> T:
    try:
        return decode(kind, value, where, toml=True)
    except DecodeError as error:
        raise UsageError(str(error)) from None
