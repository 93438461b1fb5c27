"""Rules of the gate: a TOML file with floors, largest drops, and mentions that must be found.

    min_support = 30              # gold mentions below which a rule warns instead of failing
    blackout = 5                  # a document that had so many right and has none fails; false: off
    [[rule]]
    gold = "seeds"                # a name or a pattern; so is backend. Default: "*"
    backend = "spacy/*"
    task = "ner"                  # default: both tasks
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

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import InputError, UsageError
from harness.formats.files import read_text
from harness.tasks.parts import Metric, metric_named
from harness.tasks.registry import task_names, tasks

__all__ = ["Pin", "Rule", "Rules", "default_rules", "parse_rules", "read_rules"]

MIN_SUPPORT = 30
BLACKOUT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one `[[rule]]` demands; `max_drop` is in points."""

    gold: str = "*"
    backend: str = "*"
    task: str | None = None
    metric: Metric = "f1"
    type: str | None = None
    floor: float | None = None
    max_drop: float | None = None
    interval: bool | None = None
    """Whether a drop has to lie below 0 by its interval too; `None`: it has."""
    min_support: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A gold mention that must be found."""

    document: str
    start: int
    end: int
    task: str
    label: str | None = None
    gold: str = "*"
    backend: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything in a rules file."""

    rules: tuple[Rule, ...]
    pins: tuple[Pin, ...] = ()
    min_support: int = MIN_SUPPORT
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


def read_rules(path: str | Path) -> Rules:
    """Read a rules file. Raises `UsageError` for what makes no sense, with the nearest name."""
    text = read_text(path)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", path=path) from None
    return parse_rules(value, source=str(path))


def parse_rules(value: Mapping[str, Any], *, source: str) -> Rules:
    """Rules from decoded TOML."""
    _known_keys(value, ("min_support", "blackout", "rule", "pin"), source)
    rules = tuple(
        _rule(item, f"{source}: rule {number}")
        for number, item in enumerate(_tables(value, "rule", source), 1)
    )
    pins = tuple(
        _pin(item, f"{source}: pin {number}")
        for number, item in enumerate(_tables(value, "pin", source), 1)
    )
    if not rules and not pins:
        raise UsageError(f"{source}: no [[rule]] and no [[pin]]: it would check nothing")
    support = _whole(value, "min_support", source)
    return Rules(
        rules=rules,
        pins=pins,
        min_support=MIN_SUPPORT if support is None else support,
        blackout=_blackout(value, source),
        source=source,
    )


def _blackout(value: Mapping[str, Any], where: str) -> int:
    given = value.get("blackout", True)
    if isinstance(given, bool):
        return BLACKOUT if given else 0
    return _whole(value, "blackout", where) or 0


def _rule(item: Mapping[str, Any], where: str) -> Rule:
    _known_keys(item, [field.name for field in fields(Rule)], where)
    floor, max_drop = _number(item, "floor", where), _number(item, "max_drop", where)
    if floor is None and max_drop is None:
        raise UsageError(f"{where}: neither floor nor max_drop: it would check nothing")
    if floor is not None and not 0 <= floor <= 1:
        raise UsageError(f"{where}: floor is {floor:g}, expected a score between 0 and 1")
    if max_drop is not None and not 0 <= max_drop <= 100:
        raise UsageError(
            f"{where}: max_drop is {max_drop:g}, expected points between 0 and 100 "
            "(1.0 allows 0.83 to become 0.82)"
        )
    try:
        metric = metric_named(_string(item, "metric", where) or "f1")
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return Rule(
        gold=_string(item, "gold", where) or "*",
        backend=_string(item, "backend", where) or "*",
        task=_task(item, where),
        metric=metric,
        type=_string(item, "type", where),
        floor=floor,
        max_drop=max_drop,
        interval=_flag(item, "interval", where),
        min_support=_whole(item, "min_support", where),
    )


def _pin(item: Mapping[str, Any], where: str) -> Pin:
    _known_keys(item, [field.name for field in fields(Pin)], where)
    document = _string(item, "document", where)
    start, end = _whole(item, "start", where), _whole(item, "end", where)
    if document is None or start is None or end is None:
        raise UsageError(f"{where}: a pin needs document, start and end")
    if end <= start:
        raise UsageError(f"{where}: end {end} is not after start {start}")
    return Pin(
        document=document,
        start=start,
        end=end,
        label=_string(item, "label", where),
        gold=_string(item, "gold", where) or "*",
        backend=_string(item, "backend", where) or "*",
        task=_task(item, where) or task_names()[0],
    )


def _known_keys(item: Mapping[str, Any], known: Any, where: str) -> None:
    for key in item:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            guess = f". Did you mean {near[0]!r}?" if near else "."
            raise UsageError(f"{where}: unknown key {key!r}{guess} Known: {', '.join(known)}")


def _tables(value: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    tables = value.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise UsageError(f"{where}: {key} is no list of tables; write [[{key}]]")
    return tables


def _string(item: Mapping[str, Any], key: str, where: str) -> str | None:
    value = item.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise UsageError(f"{where}: {key} is {value!r}, expected a string")
    return value


def _number(item: Mapping[str, Any], key: str, where: str) -> float | None:
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise UsageError(f"{where}: {key} is {value!r}, expected a number")
    return float(value)


def _whole(item: Mapping[str, Any], key: str, where: str) -> int | None:
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{where}: {key} is {value!r}, expected a whole number from 0 up")
    return value


def _flag(item: Mapping[str, Any], key: str, where: str) -> bool | None:
    value = item.get(key)
    if value is not None and not isinstance(value, bool):
        raise UsageError(f"{where}: {key} is {value!r}, expected true or false")
    return value


def _task(item: Mapping[str, Any], where: str) -> str | None:
    value = _string(item, "task", where)
    if value in task_names():
        return value
    if value is not None:
        raise UsageError(f"{where}: task is {value!r}, expected one of {', '.join(task_names())}")
    return None
