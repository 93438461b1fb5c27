"""The project's own JSON lines, and files in general: byte-true, whole, and every fault named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness import spill
from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.coding import load_json
from harness.errors import AnnotationError, InputError
from harness.formats import jsonl
from harness.formats.files import atomic_writer, new_folder, read_text, write_text
from harness.formats.jsonl import record_from_json
from harness.formats.losses import Losses
from harness.formats.plain import plain_line, plain_record


def _file(folder: Path, *lines: str) -> Path:
    path = folder / "a.jsonl"
    path.write_bytes("\n".join(lines).encode())
    return path


def _doc(**rest: object) -> str:
    return json.dumps({"id": "b", "text": "Ines left"} | rest)


def _entity(**rest: object) -> str:
    return _doc(entities=[{"start": 0, "end": 4, "label": "PER"} | rest])


def _content(**rest: object) -> str:
    return _doc(attributions=[{"content": [{"start": 0, "end": 4}]} | rest])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (_entity(end=99), r"entities\[0\]: end 99 is outside the text of 9 code points"),
        (_entity(start=4), "end 4 is not after start 4"),
        (_entity(start=-1), "start -1 is negative"),
        (_entity(start=True), "start is True, expected an integer"),
        (_entity(start=0.0), r"start is 0\.0, expected an integer"),
        (_entity(text="Anna"), r"\"text\" is 'Anna', but the document has 'Ines' at \[0, 4\)"),
        (_entity(label=""), "label is '', expected a non-empty string"),
        (_entity(label=3), "label is 3"),
        (_entity(score="high"), "score is 'high', expected a number"),
        (_entity(score=float("nan")), "score is nan, expected a number"),
        (_doc(entities={}), '"entities" is an object, expected a list'),
        (_doc(entities=[[0, 4, "PER"]]), 'expected an object with "start", "end" and "label"'),
        (_doc(entities=[{"start": 0}]), 'expected an object with "start", "end" and "label"'),
        (_content(content=[]), '"content" is .*, expected a list of at least one span'),
        (_content(content=[{"start": 0, "end": 99}]), r"attributions\[0\]\.content\[0\]: end 99"),
        (_content(kind="loud"), "\"kind\" is 'loud', expected one of direct, indirect, mixed"),
        (_content(source={"start": 5}), r"attributions\[0\]\.source: found .* expected an object"),
        (_content(cue={"start": 5, "end": 3}), r"attributions\[0\]\.cue: end 3 is not after"),
        (_content(speaker=7), '"speaker" is 7, expected a string or null'),
        (_doc(ignore=[{"start": 0, "end": 0}]), r"ignore\[0\]: end 0 is not after start 0"),
        (_doc(text=5), '"text" is the int 5, expected a string'),
        (_doc(id=""), "\"id\" is '', expected a non-empty string"),
        (_doc(id=4.5), '"id" is 4.5, expected a non-empty string'),
        (_doc(error=4), '"error" is the int 4'),
        (_doc(text="\ud83d x"), '"text" holds half a character'),
        (_doc(id="\ud83d"), '"id" holds half a character'),
        (_entity(label="\ud83d"), r"entities\[0\]: \"label\" holds half a character"),
        (_content(speaker="\ud83d"), r"attributions\[0\]: \"speaker\" holds half a character"),
        ('{"id": "b", "n": ' + "9" * 5000 + "}", "not a JSON object: Exceeds the limit"),
        ("[1, 2]", "found a list, expected a JSON object"),
        ('{"id": "b", "text": "cut o', "not a JSON object: Unterminated string"),
        ('{"id": "b"} {"id": "c"}', "not a JSON object: Extra data"),
        ("[" * 100_000, "not a JSON object"),
        (_doc(id="a"), r"document id 'a' comes a second time \(first on line 1\)"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = _file(tmp_path, '{"id": "a", "text": "ok"}', "", line)
    with pytest.raises(InputError, match=message) as caught:
        list(jsonl.read(path))
    assert str(caught.value).startswith(f"{path}:3: ")
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("held", [1, 3, 4, 100])
def test_an_id_that_comes_twice_is_found_in_long_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(jsonl, "_HELD_IDS", held)
    monkeypatch.setattr(spill, "_BYTES", 32)
    ids = [f"d{number}" for number in range(50)]
    whole = _file(tmp_path, *(json.dumps({"id": one}) for one in ids))
    assert [record.id for record in jsonl.read(whole)] == ids
    path = _file(tmp_path, *(json.dumps({"id": one}) for one in [*ids, "d2", "d1", "d2"]))
    with pytest.raises(InputError, match=r"'d2' comes a second time \(first on line 3\)") as caught:
        list(jsonl.read(path))
    assert caught.value.line == 51
    losses = Losses("collect")
    assert [record.id for record in jsonl.read(path, losses=losses)] == ids
    told = [(error.line, error.message.partition("(")[2]) for error in losses.faults]
    assert told == [(51, "first on line 3)"), (52, "first on line 2)"), (53, "first on line 3)")]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        list(jsonl.read(tmp_path))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        list(jsonl.read(tmp_path / "missing"))
    for content in (b"", b"\n \n"):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(InputError, match="the file holds no document"):
            list(jsonl.read(tmp_path / "a"))
    (tmp_path / "a").write_bytes(b'{"id": "a"}\n{"id": "caf\xe9"}\n')
    with pytest.raises(InputError, match="is not UTF-8") as caught:
        list(jsonl.read(tmp_path / "a"))
    assert caught.value.line == 2


def test_without_text_offsets_are_not_limited(tmp_path: Path) -> None:
    line = json.dumps({"id": "a", "entities": [{"start": 10**6, "end": 10**6 + 1, "label": "X"}]})
    (record,) = jsonl.read(_file(tmp_path, line))
    assert record.text is None
    assert record.annotations.entities == (Entity(10**6, 10**6 + 1, "X"),)


def test_an_absent_layer_is_not_an_empty_one(tmp_path: Path) -> None:
    path = _file(tmp_path, '{"id": "a"}', '{"id": "b", "entities": []}', '{"doc": "c"}')
    assert [record.annotations for record in jsonl.read(path)] == [
        Annotations(),
        Annotations(()),
        Annotations(),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "a\r\nb\r\n", "a\u00a0b", "\ufeffa", "e\u0301", "😀", "a\u2028b\x85c", "\t\x1b[31m"],
)
def test_texts_stay_byte_true(tmp_path: Path, text: str) -> None:
    jsonl.write(tmp_path / "a.jsonl", [Record("a", text, Annotations(()))])
    (record,) = jsonl.read(tmp_path / "a.jsonl")
    assert record.text == text
    write_text(tmp_path / "a.txt", text)
    assert (tmp_path / "a.txt").read_bytes() == text.encode()
    assert read_text(tmp_path / "a.txt") == text


def test_a_bom_before_the_first_object_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes('\ufeff{"id": "a", "text": "x"}\r\n'.encode())
    assert [record.text for record in jsonl.read(tmp_path / "a")] == ["x"]


@st.composite
def _records(draw: st.DrawFn) -> Record:
    text = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
    span = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 5)).map(
        lambda pair: Span(pair[0], min(len(text), sum(pair)))
    )
    entity = st.builds(
        lambda s, label, score: Entity(*s, label, score),
        span, st.sampled_from(["PER", "ORG"]), st.none() | st.floats(0, 1),
    )  # fmt: skip
    attribution = st.builds(
        Attribution,
        st.lists(span, min_size=1, max_size=3).map(lambda parts: tuple(sorted(parts))),
        st.none() | span,
        st.none() | span,
        st.sampled_from([None, "direct", "indirect", "mixed"]),
        st.none() | st.text(max_size=5),
    )
    layers = Annotations(
        draw(st.none() | st.lists(entity, max_size=3).map(tuple)),
        draw(st.none() | st.lists(attribution, max_size=3).map(tuple)),
    )
    ignore = tuple(draw(st.lists(span, max_size=2)))
    return Record(draw(st.sampled_from(["a", "b/c", "ü"])), text, layers, ignore,
                  draw(st.none() | st.just("broken")))  # fmt: skip


@given(_records())
def test_round_trip(record: Record) -> None:
    line = jsonl.dumps(record)
    assert "\n" not in line
    assert jsonl.record_from_json(json.loads(line)) == record


def test_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("precious")

    def broken() -> object:
        yield Record("a", "x", Annotations(()))
        raise AnnotationError("no more")

    with pytest.raises(AnnotationError, match="no more"):
        jsonl.write(path, broken())  # type: ignore[arg-type]
    assert path.read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


def test_half_a_character_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="half a character"):
        jsonl.write(tmp_path / "a", [Record("a", "x\udc80", Annotations(()))])
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, message in ((tmp_path, "is a directory"), (tmp_path / "file" / "a", "cannot be wri")):
        with pytest.raises(InputError, match=message), atomic_writer(path) as handle:
            handle.write("x")
    with pytest.raises(InputError, match="cannot be written"), new_folder(tmp_path / "file" / "a"):
        pass
    with pytest.raises(InputError, match="is there already"), new_folder(tmp_path):
        pass


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with new_folder(tmp_path / name) as draft:
            (draft / "a").write_text("x")
            assert not (tmp_path / name / "a").exists()
        assert (tmp_path / name / "a").read_text() == "x"
    with pytest.raises(ValueError, match="stop"), new_folder(tmp_path / "broken") as draft:
        (draft / "a").write_text("x")
        raise ValueError("stop")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


_ANY = (
    st.none() | st.booleans() | st.integers(-2, 12) | st.floats() | st.text(max_size=3)
    | st.sampled_from([10**30, 1 << 60, (1 << 60) + 1, 1e308, "\ud83d", "Ö"])
)  # fmt: skip
_NUMBERS = st.integers(0, 12)
_NAMES = st.sampled_from(["PER", "Ö", "a"])


@given(
    st.fixed_dictionaries(
        {
            "id": _NAMES | _ANY,
            "entities": st.lists(
                st.fixed_dictionaries(
                    {"start": _NUMBERS | _ANY, "end": _NUMBERS | _ANY, "label": _NAMES | _ANY},
                    optional={"score": st.floats(0, 1) | _ANY, "text": _ANY},
                ),
                max_size=2,
            )
            | _ANY,
        },
        optional={"text": st.just("Ines 😀 left") | _ANY, "ignore": _ANY, "error": _ANY},
    )
)
@settings(max_examples=examples(500))
def test_plain_lines_are_read_as_all_others_are(value: dict[str, Any]) -> None:
    line = json.dumps(value).encode()
    record = plain_record(line)
    if record is not None:
        other = record_from_json(load_json(line))
        assert (record, repr(record)) == (other, repr(other))


_STRINGS = st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(['"\\', "\x00\x7f"])
_ENTITIES = st.builds(
    Entity,
    st.integers(0, 12),
    st.integers(0, 12),
    _STRINGS,
    st.none() | st.floats() | st.integers(0, 2),
    st.just(()) | st.just((Span(0, 1), Span(2, 3))),
)


@given(
    st.builds(
        Record,
        _STRINGS,
        st.none() | _STRINGS,
        st.builds(
            Annotations,
            st.none() | st.lists(_ENTITIES, max_size=3).map(tuple),
            st.none() | st.just(()),
        ),
        st.just(()) | st.just((Span(0, 1),)),
        st.none() | _STRINGS,
        tokens=st.none() | st.just(((0, 1),)),
    )
)
@settings(max_examples=examples(500))
def test_plain_records_are_written_as_all_others_are(record: Record) -> None:
    expected = json.dumps(jsonl.record_to_json(record), ensure_ascii=False)
    assert plain_line(record) in (None, expected)
    assert jsonl.dumps(record) == expected


def test_most_records_are_plain() -> None:
    layers = Annotations((Entity(0, 4, "PER", 0.25), Entity(5, 9, "Ö")))
    assert plain_line(Record("a", "Ines left", layers)) is not None


def test_keys_that_are_not_read_are_counted_and_none_may_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    entity = '{"start": 0, "end": 3, "label": "P", "fragment": [], "id": 1}'
    path.write_text(f'{{"id": "a", "text": "Ada", "entities": [{entity}], "ingore": [], "x": 1}}\n')
    losses = Losses()
    (record,) = jsonl.read(path, losses=losses)
    assert record.annotations.entities == (Entity(0, 3, "P"),)
    assert losses == {
        "key 'ingore' of documents: not read": 1,
        "key 'x' of documents: not read": 1,
        "key 'fragment' of entities: not read": 1,
        "key 'id' of entities: not read": 1,
    }
    for line in (
        '{"id": "a", "text": "Ada", "entities": [{"start": 0, "end": 3, "label": "P"}], '
        '"entities": []}\n',
        '{"id": "a", "text": "Ada", "ignore": [], "entities": [], "ignore": []}\n',
        '{"id": "a", "text": "Ada", "entities": [], "id": "c"}\n',
    ):
        path.write_text('{"id": "b", "entities": []}\n' + line)
        with pytest.raises(InputError, match=r"a\.jsonl:2: .*twice"):
            list(jsonl.read(path))


def test_fragments_that_touch_are_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    entity = (
        '{"start": 0, "end": 7, "label": "P", "text": "Ada Roe", '
        '"fragments": [{"start": 0, "end": 3}, {"start": 3, "end": 4}, {"start": 4, "end": 7}]}'
    )
    path.write_text(f'{{"id": "a", "text": "Ada Roe", "entities": [{entity}]}}\n'.replace(
        '"text": "Ada Roe", "frag', '"frag'))  # fmt: skip
    (record,) = jsonl.read(path)
    assert record.annotations.entities == (Entity(0, 7, "P"),)


@pytest.mark.parametrize("value", ["5", "true", "1.5", '"x"', "{}", '[1, "x"]'])
@pytest.mark.parametrize("key", ["entities", "attributions", "ignore", "tokens"])
def test_what_is_no_list_is_refused_beside_keys_that_are_not_read(
    tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"id": "a", "text": "Ada", "{key}": {value}, "more": 1}}\n')
    with pytest.raises(InputError, match=r"a\.jsonl:1: "):
        list(jsonl.read(path))
