"""HIPE-2022: layers of tags by name, text rebuilt, mentions of a part of a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.annotation import Record
from harness.api import score
from harness.errors import InputError, UsageError
from harness.formats import hipe
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

HEADER = "TOKEN\tNE-COARSE-LIT\tNE-FINE-LIT\tNE-NESTED\tNEL-LIT\tMISC\n"
CONTENT = (
    HEADER
    + "# hipe2022:document_id = p1\n# hipe2022:date = 1888-08-03\n# x:type = a\tb\n"
    + "#Gare\tO\tO\tO\t_\t_\n"
    + "de\tB-loc\tB-loc.adm\tO\tQ1\tEndOfLine\n"
    + "Bâle\tI-loc\tI-loc.adm\tB-pers\tQ1\tNoSpaceAfter\n"
    + ".\tO\tO\tO\t_\tEndOfLine|EndOfSentence\n"
    + "Adatempels\tB-loc\tB-loc.oro\tO\tNIL\tPartial-0:9|LED0.10\n"
    + "M\tB-pers\tB-pers.ind\tO\tQ2\tEndOfSentence\n"
    + "(Roe)\tI-pers\tI-pers.ind\tO\tQ2\tPartial-1:4\n"
    + "\n"
    + "Fin\tO\tO\tO\t_\t_\n"
    + "\n"
    + "# hipe2022:document_id = p2\n"
    + "Rue\tO\t_\tO\t_\t_\n"
)


def _file(folder: Path, content: str) -> Path:
    path = folder / "a.tsv"
    path.write_bytes(content.encode())
    return path


def _shown(record: Record) -> list[tuple[str, str]]:
    text = record.text or ""
    return [(text[e.start : e.end], e.label) for e in record.annotations.entities or ()]


def test_documents(tmp_path: Path) -> None:
    path = _file(tmp_path, CONTENT)
    assert guess(path).name == "hipe"
    losses = Losses()
    first, second = read_any(path, losses=losses)
    assert (first.id, second.id, second.text) == ("p1", "p2", "Rue")
    assert first.text == "#Gare de Bâle.\nAdatempels M\n(Roe)\nFin"
    assert _shown(first) == [("de Bâle", "loc"), ("Adatempel", "loc"), ("M\n(Roe", "pers")]
    assert len(_shown(first)) == sum(
        line.split("\t")[1].startswith("B-")
        for line in CONTENT.split("\n")
        if line.count("\t") == 5
    )
    tokens = [first.text[start:end] for start, end in first.tokens or ()]
    assert tokens == ["#Gare", "de", "Bâle", ".", "Adatempels", "M", "(Roe)", "Fin"]
    assert second.annotations.entities == ()
    assert losses == {}
    assert score(path, path, task="ner").f1 == 1.0


def test_layers(tmp_path: Path) -> None:
    path = _file(tmp_path, CONTENT)
    losses = Losses()
    first, second = read_any(f"{path}?layer=ne-fine-lit", losses=losses)
    assert [label for _, label in _shown(first)] == ["loc.adm", "loc.oro", "pers.ind"]
    assert second.annotations.entities is None
    assert losses == {"documents without NE-FINE-LIT: no entity layer": 1}
    first, _ = read_any(f"{path}?layer=NE-NESTED")
    assert _shown(first) == [("Bâle", "pers")]
    assert open_source(path).decided == {"scheme": "IOB2"}
    with pytest.raises(UsageError, match=r"no layer 'NE-FINE'\. Did you mean"):
        list(read_any(f"{path}?layer=NE-FINE"))


def test_ids_that_come_twice(tmp_path: Path) -> None:
    losses = Losses()
    records = list(read_any(_file(tmp_path, CONTENT.replace("= p2", "= p1")), losses=losses))
    assert [one.id for one in records] == ["p1", "p1#2"]
    assert losses == {"documents whose id has come before: #2 and so on is added": 1}


def test_without_ids_and_with_faults_repaired(tmp_path: Path) -> None:
    content = "TOKEN\tNE-COARSE-LIT\r\nAda\tB-a\r\nRoe\tI-b\r\nX\tI-b\r\nY\t_\r\n"
    path = _file(tmp_path, content)
    with pytest.raises(InputError, match=r"(?s)a\.tsv:3: .*repair=conlleval"):
        list(read_any(path))
    losses = Losses()
    (record,) = read_any(f"{path}?repair=conlleval", losses=losses)
    assert (record.id, record.number, record.text) == ("a-00001", 1, "Ada Roe X Y")
    assert _shown(record) == [("Ada", "a"), ("Roe X", "b")]
    assert losses == {
        "entities whose tags are no IOB2: taken as they begin": 1,
        "tokens with _ in NE-COARSE-LIT beside others: taken for O": 1,
    }


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (CONTENT.replace("Bâle\tI-loc", "Bâle"), 7, "found 5 columns, expected 6"),
        (CONTENT.replace("Bâle\t", "\t"), 7, "a row without token"),
        (CONTENT.replace("Partial-0:9", "Partial-0:11"), 9, "'Partial-0:11' of a token of 10"),
        (CONTENT.replace("Partial-0:9", "Partial-9:9"), 9, "'Partial-9:9'"),
        (CONTENT.replace("B-loc\tB", "loc\tB", 1), 7, "others in the file have no letter"),
        ("TOKEN\tTOKEN\n", 1, "expected the names of columns"),
        (HEADER, None, "holds no token"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(hipe.read(_file(tmp_path, content), layer=content.split()[1]))
    assert caught.value.line == line


def test_comments_as_a_table_writes_them(tmp_path: Path) -> None:
    """Padded with tabs, and without a name."""
    padded = CONTENT.replace("= p1\n", "= p1" + "\t" * 5 + "\n").replace(
        "# hipe2022:date = 1888-08-03\n", "# NOTE: by hand\n# language = fr\t\t\n"
    )
    assert list(read_any(_file(tmp_path, padded))) == list(read_any(_file(tmp_path, CONTENT)))
    with pytest.raises(InputError, match=r"a\.tsv:3: found 2 columns"):
        list(read_any(_file(tmp_path, f"{HEADER}de\tO\tO\tO\t_\t_\n#x\tO\n")))
