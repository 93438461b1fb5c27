"""The same questions to every format of the table, and to every one that comes after it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damage import as_json, damages
from test_fuzz import CHANGES

from harness.annotation import Annotations, Entity, Record
from harness.errors import HarnessError, InputError
from harness.formats.losses import Losses
from harness.formats.opening import open_source
from harness.formats.registry import FORMATS, guess
from harness.formats.writing import write_any

NEEDS = {"docbin": "spacy", "datasets": "datasets", "bioc": "lxml", "cas": "lxml"}
"""The library without which a format cannot be asked."""
IN_LIBRARIES = {"datasets": 120, "docbin": 4}
"""Formats that a library reads, which takes its time: one in so many damages."""

TEXTS = ("Ines met NATO in Oslo.", "It rained.")
SPANS = ((0, 4, "PER"), (9, 13, "ORG"), (17, 21, "LOC"))
NOVEL = 'Ada met NATO officials in Oslo. She said that: "We agree on it," twice.'
XMI = (
    '<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" '
    'xmlns:ner="http:///de/tudarmstadt/ukp/dkpro/core/api/ner/type.ecore">\n'
    '<ner:NamedEntity xmi:id="2" sofa="1" begin="0" end="4" value="ORG"/>\n'
    '<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" sofaString="NATO left"/>\n'
    '<cas:View sofa="1" members="2"/></xmi:XMI>\n'
)
BIOC = (
    "<collection><document><id>1</id><passage><offset>0</offset><text>NATO left</text>"
    '<annotation id="1"><infon key="type">ORG</infon><location offset="0" length="4"/>'
    "<text>NATO</text></annotation></passage></document></collection>\n"
)
CAS = {
    "%TYPES": {"own.Place": {"%SUPER_TYPE": "uima.tcas.Annotation"}},
    "%FEATURE_STRUCTURES": [
        {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaID": "_InitialView", "sofaString": "NATO left"}
    ],
    "%VIEWS": {"_InitialView": {"%SOFA": 1, "%MEMBERS": []}},
}
ANN = "T1\tContent 4 7\tmet\nE1\tAttribution:T1 Content:T1\n"
# Where a format cannot be written, and its example is no whole file. Shapes that a writer does not
# write stand here, too.
FILES: dict[str, list[dict[str, str]]] = {
    "bionlp": [{"b/d.txt": NOVEL, "b/d.a1": "T1\tP 0 3\tAda\n", "b/d.a2": "E1\tX:T1 Y:T1\n"}],
    "pdnc": [
        {
            "b/n/novel_text.txt": NOVEL,
            "b/n/quotation_info.csv": "quoteID,quoteText,quoteByteSpans,speaker\n"
            'Q0,We,"[[47, 49]]",A\n',
        }
    ],
    "litbank": [{"b/a.txt": NOVEL, "b/a.ann": "QUOTE\tQ1\t0\t0\t0\t1\tAda met\nATTRIB\tQ1\tA-1\n"}],
    "polnear": [{"b/text/d.txt": NOVEL, "b/attributions/d_x.ann": ANN}],
    "bioc": [{"a.xml": BIOC}],
    "cas": [{"a.xmi": XMI}, {"a.json": json.dumps(CAS)}, {"b/annotation/d/x.xmi": XMI}],
}


@pytest.fixture(params=sorted(FORMATS))
def name(request: pytest.FixtureRequest) -> str:
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    return str(request.param)


def _records() -> list[Record]:
    entities = tuple(Entity(*span) for span in SPANS)
    return [
        Record("one", TEXTS[0], Annotations(entities)),
        Record("two", TEXTS[1], Annotations(())),
    ]


def _samples(name: str, folder: Path) -> Iterator[dict[str, bytes]]:
    """Sound files of a format, by their names, whose first part is what is to be read."""
    if FORMATS[name].writes:
        target = folder / f"written{(FORMATS[name].suffixes or ('',))[0]}"
        write_any(target, _records(), name)
        files = [path for path in target.rglob("*") if path.is_file()] or [target]
        yield {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
    for files in FILES.get(name, []):
        yield {file: content.encode() for file, content in files.items()}
    if "binary" not in FORMATS[name].example:
        yield {"example": FORMATS[name].example.encode()}


def _read(files: dict[str, bytes], name: str, folder: Path) -> str:
    """What the format says of these files; whatever it raises is said on purpose, or the test ends.

    They are read as a command would: all there is to ask about a source is asked.
    """
    for file, data in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return _asked(folder / next(iter(files)).split("/")[0], name)


def _asked(path: Path, name: str) -> str:
    said = ""
    for faulty in ("refuse", "leave-out"):
        if faulty != "refuse" and not getattr(FORMATS[name].load(), "LEAVES_OUT", False):
            continue
        options = {} if faulty == "refuse" else {"faulty": faulty}
        reader = open_source(path, format=name, **options)
        for ask in (
            lambda reader=reader: [*reader.records(Losses())],
            lambda reader=reader: reader.annotators(),
            lambda reader=reader: reader.census() if reader.has_tags else None,
        ):
            try:
                ask()
            except InputError as error:
                assert error.path is None or error.path.startswith(str(path.parent))
                said = said or str(error)
            except HarnessError as error:
                said = said or str(error)
    return said


def test_what_people_are_told(name: str) -> None:
    item = FORMATS[name]
    assert item.summary
    assert hasattr(item.load(), "LOSES")
    assert item.example.endswith("\n")
    assert 1 <= item.example.count("\n") <= 3
    assert all(len(line) <= 100 for line in item.example.split("\n"))
    assert all(flag.help for flag in (*item.options, *item.write_options))
    assert bool(item.holds) == item.writes


def test_what_is_written_is_read(name: str, tmp_path: Path) -> None:
    if not FORMATS[name].writes:
        pytest.skip("it is read only")
    target = tmp_path / f"written{(FORMATS[name].suffixes or ('',))[0]}"
    losses = Losses()
    assert write_any(target, _records(), name, losses=losses) == 2
    assert guess(target).name == name
    again = list(open_source(target).records())
    assert len(again) == 2
    for record, other in zip(_records(), again, strict=True):
        assert other.text is not None
        assert _letters(other.text) == _letters(record.text or "")  # tokens may be apart
        assert _spelt(other) == _spelt(record)


def test_tokens_are_written_or_their_loss_is_counted(name: str, tmp_path: Path) -> None:
    if not FORMATS[name].writes:
        pytest.skip("it is read only")
    target = tmp_path / f"written{(FORMATS[name].suffixes or ('',))[0]}"
    spans = ((0, 2), (2, 4), (5, 8), (9, 13), (14, 16), (17, 21), (21, 22))
    records = [replace(_records()[0], tokens=spans), _records()[1]]
    losses = Losses()
    write_any(target, records, name, losses=losses)
    left_out = losses["documents with tokens: tokens left out"]
    first = next(open_source(target).records())
    words = [(first.text or "")[start:end] for start, end in first.tokens or ()]
    kept = words == [TEXTS[0][start:end] for start, end in spans]
    assert (left_out, kept) in ((1, False), (0, True))


def _letters(text: str) -> str:
    return "".join(text.split())


def _spelt(record: Record) -> list[tuple[str, str]]:
    text = record.text or ""
    return [(one.label, text[one.start : one.end]) for one in record.annotations.entities or ()]


def test_what_is_no_such_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("x")
    noise = random.Random(7)
    files = {
        "empty": b"",
        "blank": b"\n \n",
        "noise": noise.randbytes(4000),
        "letters": bytes(noise.choices(b'ab \t\n{}[]<>|":,019', k=4000)),
        "prose": b"It rained all day.\nNobody left.\n",
        "value": b"7",
        "null": b"null",
        "list": b"[]",
        "lists": b"[[[]]]",
        "object": b"{}",
        "xml": b"<a><b/></a>",
        "utf16": "Ines left".encode("utf-16"),
    }
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
        said = _asked(tmp_path / file, name)
        assert said or file in ("prose", "letters", "blank", "object"), file
    assert _asked(tmp_path / "folder", name)
    assert _asked(tmp_path / "missing", name)


@pytest.mark.slow
def test_every_wrong_value_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """Of JSON: every value of a sound file, in its place whatever JSON can hold."""
    asked = 0
    for files in _samples(name, tmp_path / "sound"):
        for file, data in files.items():
            for lines in _json(data):
                for number, (place, what, value) in enumerate(damages(lines)):
                    if number % IN_LIBRARIES.get(name, 1) == 0 and what != "a megabyte":
                        asked += 1
                        text = as_json(value) if isinstance(value, list) and value else "7"
                        damaged = {**files, file: text.encode("utf-8", "surrogatepass")}
                        try:
                            _read(damaged, name, tmp_path / "damaged")
                        except Exception as error:
                            raise AssertionError(f"{what} at {place}: {text[:300]}") from error
    if not asked:
        pytest.skip("it is no JSON")


def _json(data: bytes) -> Iterator[Any]:
    """The values of a JSON file, as an array."""
    for text in (data, b"[" + re.sub(rb"\n(?=.)", b",", data.strip()) + b"]"):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        yield value if isinstance(value, list) else [value]
        return


@pytest.mark.slow
def test_no_damage_ends_in_a_traceback(name: str, tmp_path: Path) -> None:
    step = IN_LIBRARIES.get(name, 1)
    for files in _samples(name, tmp_path / "sound"):
        for number, (change, damage) in enumerate(sorted(CHANGES.items())):
            for file, data in files.items():
                for at in range(number % step, len(data) + 1, step * max(1, len(data) // 4)):
                    changed = damage(data, at, at * 7 + number)
                    try:
                        _read({**files, file: changed}, name, tmp_path / "damaged")
                    except Exception as error:
                        raise AssertionError(f"{change} at {at} of {file}") from error
