"""CoNLL-2012: named entities in brackets, nested ones as well, a document a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.api import score
from harness.errors import InputError
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

_NAME = "bc/ada/00/ada_0000"


def _row(number: int, word: str, entity: str, coref: str = "-", *arguments: str) -> str:
    columns = [_NAME, "0", str(number), word, "NN", "(X*)", "-", "-", "-", "Ada_Roe", entity]
    return "   ".join([*columns, *arguments, coref]) + "\n"


FIRST = (
    f"#begin document ({_NAME}); part 000\n"
    + _row(0, "-LRB-", "*", "(1|(2)", "*")
    + _row(1, "The", "(ORG*", "1)", "(A0*")
    + _row(2, "Ox", "(GPE)", "-", "*")
    + _row(3, "Times", "*)", "-", "*)")
    + "\n"
    + _row(0, "saw", "*")
    + _row(1, "Ada", "(PERSON(NORP)*")
    + _row(2, "Roe", "*)")
    + _row(3, "/.", "*")
    + "\n#end document\n"
)
SECOND = f"#begin document ({_NAME}); part 001\n" + _row(0, "Rain", "*") + "\n\n#end document\n"


def _file(folder: Path, content: str, name: str = "a.v4_gold_conll") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())
    return path


def test_parts_are_documents(tmp_path: Path) -> None:
    path = _file(tmp_path, FIRST + SECOND)
    assert guess(path).name == "ontonotes"
    losses = Losses()
    first, second = read_any(path, losses=losses)
    assert (first.id, second.id) == (f"{_NAME}_000", f"{_NAME}_001")
    assert first.text == "-LRB- The Ox Times\nsaw Ada Roe /."
    entities = first.annotations.entities or ()
    assert [(first.text[e.start : e.end], e.label) for e in entities] == [
        ("The Ox Times", "ORG"),
        ("Ox", "GPE"),
        ("Ada Roe", "PERSON"),
        ("Ada", "NORP"),
    ]
    column = [line.split()[10] for line in FIRST.split("\n") if line and line[0] != "#"]
    assert len(entities) == sum(cell.count("(") for cell in column)
    assert [first.text[start:end] for start, end in first.tokens or ()][4:] == [
        *("saw", "Ada", "Roe", "/."),
    ]
    assert second.annotations.entities == ()
    assert losses == {"mentions of coreference: left out": 2}
    assert score(path, path, task="ner").f1 == 1.0


def test_folders(tmp_path: Path) -> None:
    _file(tmp_path, FIRST, "bc/ada/a.v4_gold_conll")
    _file(tmp_path, SECOND, "bc/b.v4_gold_conll")
    assert guess(tmp_path).name == "ontonotes"
    assert [one.id[-3:] for one in read_any(tmp_path)] == ["000", "001"]
    _file(tmp_path, FIRST, "bc/ada/a.v4_auto_conll")
    with pytest.raises(InputError, match=r"a\.v4_gold_conll:1: .*ada_0000_000' comes a second"):
        list(read_any(tmp_path))


def test_other_columns(tmp_path: Path) -> None:
    path = _file(tmp_path, FIRST.replace("(1|(2)", "(1*").replace("1)", "*)").replace("-\n", "*\n"))
    losses = Losses()
    (record,) = read_any(f"{path}?tag-column=-1", losses=losses)
    assert [one.label for one in record.annotations.entities or ()] == ["1"]
    assert losses == {}


def test_without_named_entities_there_is_no_layer(tmp_path: Path) -> None:
    content = "#begin document x;\nx 0 0 Ada (1)\nx 0 1 [WORD] -\n# more\n#end document x\n"
    path = _file(tmp_path, content)
    assert guess(path).name == "ontonotes"
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert (record.id, record.text) == ("x", "Ada [WORD]")
    assert record.annotations.entities is None
    assert losses == {
        "documents without named entities in brackets: no entity layer": 1,
        "mentions of coreference: left out": 1,
        "words hidden as [WORD]: kept as they are": 1,
        "comments: left out": 1,
    }


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (FIRST.replace("(GPE)", "GPE"), 4, "found 'GPE'"),
        (FIRST.replace("(GPE)", "(GPE"), 3, "'ORG' does not end"),
        (FIRST.replace("(ORG*", "*"), 5, "ends an entity that has not begun"),
        (FIRST.replace("   (A0*", ""), 3, "found 12 columns, expected 13"),
        (FIRST.removeprefix("#"), 1, "expected #begin document"),
        (FIRST.removesuffix("#end document\n"), 11, "no #end document for"),
        (FIRST + FIRST, 13, "comes a second time"),
        (FIRST.replace("#end", "#end document\nx 0 0 y z\n#end"), 13, "expected #begin"),
        ("#begin document (x); part 0\nx 0 0\n#end document", 2, "found 3 columns, expected 4"),
        (FIRST.replace("\n\n", "\n" + SECOND), 6, "no #end document for"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(read_any(_file(tmp_path, content), "ontonotes"))
    assert caught.value.line == line


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file that ends in _conll"):
        list(read_any(tmp_path, "ontonotes"))
    with pytest.raises(InputError, match="is empty"):
        list(read_any(_file(tmp_path, ""), "ontonotes"))
