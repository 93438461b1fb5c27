"""Rasa's training data: JSON, Markdown and YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import surfaces

from harness.api import score
from harness.errors import InputError
from harness.formats import rasa
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

MARKDOWN = """\
<!-- a comment
  - of a table of contents -->
## intent:tell
- I am [Ada Roe](name)
- from [oslo]{"entity": "city", "value": "Oslo", "role": "from"} to [Bonn](city:bonn), [too]
* it rains

## synonym:Oslo
- oslo
## regex:number
- [0-9]{5}
"""
YAML = """\
version: "3.0"
nlu:
- intent: tell
  examples: |
    - I am [Ada Roe](name)
    - from [oslo]{"entity": "city", "value": "Oslo", "role": "from"} to [Bonn](city:bonn), [too]
    - it rains
- synonym: Oslo
  examples: |
    - oslo
- regex: number
  examples: |
    - [0-9]{5}
responses:
  utter_tell:
  - text: I see [you](name)
"""
ENTITIES = [("Ada Roe", "name"), ("oslo", "city"), ("Bonn", "city")]


ITEMS = """\
version: "3.1"
nlu:
- intent: tell
  examples:
  - text: |
      I am [Ada Roe](name)
    # a comment
    metadata:
      sentiment: neutral
      text: of no example
  # a comment
  - metadata: {"a": 1}
    text: >
      from [oslo]{"entity": "city", "value": "Oslo", "role": "from"}
      to [Bonn](city:bonn), [too]

  - text: "it rains"
- synonym: Oslo
  examples: |
    - oslo
- regex: number
  examples: |
    - [0-9]{5}
"""


def _json(*examples: Any, **rest: Any) -> str:
    return json.dumps({"rasa_nlu_data": {"common_examples": list(examples), **rest}}, indent=2)


JSON = _json(
    {"text": "I am Ada Roe", "intent": "tell",
     "entities": [{"start": 5, "end": 12, "value": "Ada Roe", "entity": "name"}]},
    {"text": "from oslo to Bonn, [too]", "intent": "tell", "entities": [
        {"start": 5, "end": 9, "value": "Oslo", "entity": "city", "role": "from"},
        {"start": 13, "end": 17, "value": "bonn", "entity": "city"},
    ]},
    {"text": "it rains", "intent": "tell"},
    entity_synonyms=[{"value": "Oslo", "synonyms": ["oslo"]}],
    regex_features=[{"name": "number", "pattern": "[0-9]{5}"}],
)  # fmt: skip


@pytest.mark.parametrize("content", [MARKDOWN, YAML, ITEMS, JSON])
def test_examples_and_their_entities(tmp_path: Path, content: str) -> None:
    path = tmp_path / "nlu"
    path.write_text(content)
    assert guess(path).name == "rasa"
    losses = Losses()
    records = list(read_any(path, losses=losses))
    assert [one.text for one in records] == [
        "I am Ada Roe", "from oslo to Bonn, [too]", "it rains"
    ]  # fmt: skip
    assert surfaces(*records) == ENTITIES
    assert records[2].annotations.entities == ()
    assert [one.number for one in records] == [1, 2, 3]
    kinds = {"synonyms": 1, "regular expressions": 1} if content == JSON else {
        "lines of synonym sections": 1, "lines of regex sections": 1}  # fmt: skip
    kinds |= {"metadata of examples": 2} if content == ITEMS else {}
    assert losses == {
        "roles of entities: left out": 1,
        "synonyms of entities: left out": 2,
        **{f"{what}: left out": count for what, count in kinds.items()},
    }
    assert score(path, path, task="ner").f1 == 1.0


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("## intent:a\n- ok\n- x [b]{entity: c}\n", 3, "is no JSON"),
        ('## intent:a\n- x [b]{"value": "c"}\n', 2, "label is None"),
        ("## synonym:a\n- b\n", None, "holds no example"),
        ("nlu:\n- intent: a\n  examples:\n  - text: |\n", 4, "an example without text"),
        ('{"rasa_nlu_data": []}', 1, "expected an object"),
        ('{"rasa_nlu_data": {"common_examples": 3}}', 1, '"common_examples" is 3'),
        (_json("x"), 1, "found 'x', expected an example"),
        (_json({"text": 3}), 1, 'has no "text"'),
        (_json({"text": "a", "entities": {"a": 1}}), 1, '"entities" is'),
        (_json({"text": "a", "entities": [{"start": 0, "end": 2, "entity": "x"}]}), 1,
         "end 2 is outside"),
        (_json({"text": "a", "entities": [3]}), 1, r"entities\[0\]: found 3"),
    ],
)  # fmt: skip
def test_refused_with_the_line(
    tmp_path: Path, content: str, line: int | None, message: str
) -> None:
    (tmp_path / "nlu").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        list(rasa.read(tmp_path / "nlu"))
    assert caught.value.line == line


def test_a_faulty_entity_may_be_left_out(tmp_path: Path) -> None:
    bad = {"start": 0, "end": 9, "entity": "x"}
    (tmp_path / "nlu").write_text(_json({"text": "Ada", "entities": [bad]}))
    losses = Losses()
    (record,) = read_any(tmp_path / "nlu", faulty="leave-out", losses=losses)
    assert record.annotations.entities == ()
    assert losses == {"faulty spans: left out": 1}
