"""Rasa's training data for understanding: JSON, and the lines of Markdown and YAML.

    {"rasa_nlu_data": {"common_examples": [{"text": "I am Ada", "intent": "greet",
      "entities": [{"start": 5, "end": 8, "value": "Ada", "entity": "name"}]}]}}
    ## intent:greet
    - I am [Ada](name), from [Oslo]{"entity": "city", "role": "from"}

Defined at legacy-docs-oss.rasa.com (training data format). Every example is a document, numbered;
one without entities is one in which there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import parse_json, short
from harness.errors import InputError
from harness.formats.files import opened
from harness.formats.items import Where
from harness.formats.jsonstream import objects
from harness.formats.losses import Losses
from harness.formats.sniff import Head, head_of
from harness.formats.tools import Example, Labelling, records

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "matches", "read"]

LOSES = "intents, metadata, synonyms, roles, groups, regular expressions, lookup tables, responses"
EXAMPLE = "## intent:tell\n- [NATO](organization) left\n"
LEAVES_OUT = True

_ROOT = "rasa_nlu_data"
_LISTS = ("common_examples", "entity_examples", "intent_examples")
_FEATURES = {"entity_synonyms": "synonyms", "regex_features": "regular expressions",
             "lookup_tables": "lookup tables"}  # fmt: skip
_IN_JSON = re.compile(rf'\s*\{{\s*"{_ROOT}"')
_SECTION = re.compile(r"##?\s*(intent|synonym|regex|lookup)\s*:", re.IGNORECASE)
_ITEM = re.compile(r"\s*-\s+(intent|synonym|regex|lookup)\s*:", re.IGNORECASE)
_EXAMPLES = re.compile(r"\s+examples:\s*[|>]?[-+]?\s*(#.*)?\Z")
_LINE = re.compile(r"(\s*)[-*+]\s+(\S.*)")
_TEXT = re.compile(r"text:\s*(?:([|>])[-+]?\s*(?:#.*)?\Z|(\S.*))?")
_MARKED = re.compile(r"\[([^\[\]]+)\](?:\(([^():]+)(?::([^()]*))?\)|(\{[^{}]*\}))")
_KEYS = {"start": "start", "end": "end", "label": "entity"}


def matches(head: Head) -> bool:
    if _IN_JSON.match(head.text.removeprefix("\ufeff")):
        return True
    lines = head.text.split("\n")
    if any(line.startswith("nlu:") for line in lines):
        return any(_ITEM.match(line) for line in lines)
    return any(
        (section := _SECTION.match(line)) is not None and section[1].lower() == "intent"
        for line in lines
    )


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream the examples of a file. Raises as `tools.records` does, and with the line for an
    entity in braces that is no JSON."""
    losses = Losses() if losses is None else losses

    def example(value: Any, where: Where) -> Example:
        if not isinstance(value, Mapping):
            raise where.error(f"found {short(value)}, expected an example: an object")
        given, text = value.get("entities") or [], value.get("text")
        if not isinstance(given, list):
            raise where.error(f'"entities" is {short(given)}, expected a list')
        items: list[Any] = []
        for item in given:
            if not isinstance(item, Mapping):
                items.append(item)
                continue
            items.append({key: item.get(own) for key, own in _KEYS.items()})
            for key in ("role", "group"):
                if item.get(key) is not None:
                    losses[f"{key}s of entities: left out"] += 1
            if isinstance(text, str) and _is_synonym(item, text):
                losses["synonyms of entities: left out"] += 1
        return Example(None, text, [Labelling(None, lambda: items)], "entities")

    def stream(path: Path) -> Iterator[tuple[int, Any]]:
        head = head_of(path)
        return _of_json(path, losses) if head.start == "{" else _of_lines(path, losses)

    return records(path, example, losses=losses, stream=stream)


def _is_synonym(item: Mapping[str, Any], text: str) -> bool:
    start, end, value = item.get("start"), item.get("end"), item.get("value")
    if not (type(start) is type(end) is int and isinstance(value, str)):
        return False
    return text[start:end] != value


def _of_json(path: Path, losses: Losses) -> Iterator[tuple[int, Any]]:
    for line, value in objects(path):
        data = value.get(_ROOT)
        if not isinstance(data, Mapping):
            raise Where(path, line).error(f'"{_ROOT}" is {short(data)}, expected an object')
        for name in _LISTS:
            examples = data.get(name) or []
            if not isinstance(examples, list):
                raise Where(path, line).error(f'"{name}" is {short(examples)}, expected a list')
            yield from ((line, one) for one in examples)
        for name, what in _FEATURES.items():
            if isinstance(data.get(name), list) and data[name]:
                losses[f"{what}: left out"] += len(data[name])


def _of_lines(path: Path, losses: Losses) -> Iterator[tuple[int, dict[str, Any]]]:
    """The examples of intents; in YAML they are the lines of a block that is indented further, or
    the items of a list, each a text and what else is said of it."""
    section, in_yaml, block, count = "", False, False, 0
    item: _Item | None = None
    with opened(path, "training data of Rasa", mode="r", encoding="utf-8-sig") as handle:
        try:
            for number, raw in enumerate(handle, 1):
                line = raw.rstrip("\r\n")
                if item is not None:
                    if item.takes(line):
                        continue
                    yield item.line, item.example(path, losses)
                    item = None
                in_yaml = in_yaml or line.startswith(("nlu:", "version:"))
                begins = (_ITEM if in_yaml else _SECTION).match(line)
                if begins is not None:
                    section, block = begins[1].lower(), not in_yaml
                elif in_yaml and line[:1].strip() and line[0] not in "#-":
                    section, block = "", False  # Another part of the file: responses, stories.
                elif in_yaml and _EXAMPLES.match(line):
                    block = True
                elif section and block and (example := _LINE.match(line)) is not None:
                    if section != "intent":
                        losses[f"lines of {section} sections: left out"] += 1
                        continue
                    count += 1
                    if in_yaml and example[2].startswith(("text:", "metadata:")):
                        item = _Item(number, line)
                    else:
                        yield number, _example(example[2].rstrip(), Where(path, number))
        except UnicodeDecodeError:
            raise InputError("is not UTF-8", path=path, hint="save the file as UTF-8") from None
    if item is not None:
        yield item.line, item.example(path, losses)
    if not count:
        raise InputError("holds no example of an intent", path=path)


class _Item:
    """An example of YAML that is a list's item: `- text: |` and a line further in, `metadata:`."""

    def __init__(self, number: int, line: str) -> None:
        self.line = number
        self._indent = len(line) - len(line.lstrip())
        self._rows: list[tuple[int, int, str]] = []
        """Of each line its number, how far in it begins and what it says."""
        inner = line.lstrip()[1:].lstrip()
        self._add(number, len(line) - len(inner), inner)

    def takes(self, line: str) -> bool:
        """Whether it is one more line of this item."""
        said = line.lstrip()
        within = not said or len(line) - len(said) > self._indent
        if within:
            self._add(self._rows[-1][0] + 1, len(line) - len(said), said)
        return within

    def _add(self, number: int, indent: int, said: str) -> None:
        self._rows.append((number, indent, said.rstrip()))

    def example(self, path: Path, losses: Losses) -> dict[str, Any]:
        """Its text and entities. Raises `InputError` with the line where it has no text."""
        first = self._rows[0][1]
        texts: list[tuple[int, str]] = []
        key, joint = "", "\n"
        for number, indent, said in self._rows:
            if not said or (indent <= first and said[0] == "#"):
                continue
            if indent <= first:
                key = said.partition(":")[0]
                if key == "metadata":
                    losses["metadata of examples: left out"] += 1
                match = _TEXT.fullmatch(said)
                if match is None:
                    continue
                joint = "\n" if match[1] == "|" else " "
                if match[2]:
                    texts.append((number, _plain(match[2], Where(path, number))))
            elif key == "text":
                texts.append((number, said))
        if not texts:
            raise Where(path, self.line).error(
                "found an example without text",
                hint="expected `- text: |` and the text on the next line, further in",
            )
        return _example(joint.join(said for _, said in texts), Where(path, texts[0][0]))


def _plain(said: str, where: Where) -> str:
    """A scalar of YAML on one line."""
    if said[0] == said[-1] == "'" and len(said) > 1:
        return said[1:-1].replace("''", "'")
    if said[0] == '"':
        try:
            return str(parse_json(said))
        except (ValueError, RecursionError):
            raise where.error(f"{short(said)} is no text in quotation marks") from None
    return said


def _example(line: str, where: Where) -> dict[str, Any]:
    """The text of a line without its marks, and the entities that they are about."""
    parts: list[str] = []
    entities, at, length = [], 0, 0
    for mark in _MARKED.finditer(line):
        form, label, value, braces = mark.groups()
        said: Any = {"entity": label, "value": value}
        if braces is not None:
            try:
                said = parse_json(braces)
            except (ValueError, RecursionError) as error:
                raise where.error(f"{short(braces)} is no JSON: {error}") from None
        before = line[at : mark.start()]
        parts += (before, form)
        start = length + len(before)
        length = start + len(form)
        at = mark.end()
        entities.append({**said, "start": start, "end": length})
    parts.append(line[at:])
    return {"text": "".join(parts), "entities": entities}
