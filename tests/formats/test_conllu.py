"""CoNLL-U: the text as it was, multiword tokens, tags in MISC or in a named column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record
from harness.api import score
from harness.errors import InputError, UsageError
from harness.formats import conllu
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

_ROW = "{0}\t{1}\t{1}\tX\t_\t_\t_\t_\t_\t{2}\n"


def _rows(*rows: str) -> str:
    """Rows from `number form misc`, a sentence."""
    return "".join(_ROW.format(*row.split()) for row in rows) + "\n"


DOCUMENTS = (
    "# newdoc id = d1\n# newpar\n# sent_id = d1-1\n# text = Vou à  Baía, de Ana-Rita!\n"
    + _rows(
        "1 Vou NER=O", "2-3 à _", "2 a NER=O", "3 a NER=B-LOC", "4 Baía NER=I-LOC|SpaceAfter=No"
    ).removesuffix("\n")
    + _rows("5 , NER=O", "6 de _", "7 Ana-Rita SpaceAfter=No|NER=B-PER", "8 ! NER=O")
    + "# sent_id = d1-2\n"
    + _rows("1 Ele NER=O|SpaceAfter=No", "1.1 foge NER=O", "2 . SpacesAfter=\\n\\n")
    + "# newpar\n"
    + _rows("1 Fim SpaceAfter=No", "2 # Entity=(e1-person(e2)e1)|NER=O")
    + "# newdoc id = d2\n# text = Só.\n"
    + _rows("1-2 Só. NER=S-X", "1 S _", "2 o. _").replace("S-X", "B-X")
)


def _file(folder: Path, content: str, name: str = "a.conllu") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def _shown(record: Record) -> list[tuple[str, str]]:
    text = record.text or ""
    return [(text[e.start : e.end], e.label) for e in record.annotations.entities or ()]


def test_text_and_entities(tmp_path: Path) -> None:
    path = _file(tmp_path, DOCUMENTS)
    assert guess(path).name == "conllu"
    losses = Losses()
    first, second = read_any(path, losses=losses)
    assert (first.id, second.id) == ("d1", "d2")
    assert first.text == "Vou à  Baía, de Ana-Rita! Ele.\n\nFim#"
    assert second.text == "Só."
    assert _shown(first) == [("à  Baía", "LOC"), ("Ana-Rita", "PER")]
    assert _shown(second) == [("Só.", "X")]
    assert sum(len(_shown(one)) for one in (first, second)) == DOCUMENTS.count("=B-")
    words = [first.text[start:end] for start, end in first.tokens or ()]
    assert words == ["Vou", "à", "Baía", ",", "de", "Ana-Rita", "!", "Ele", ".", "Fim", "#"]
    assert losses == {
        "empty nodes: left out": 1,
        "mentions in Entity=: left out": 2,
        "entities of a part of a multiword token: widened to all of it": 1,
    }


def test_without_documents_sentences_are(tmp_path: Path) -> None:
    content = "\ufeff# sent_id = s1\n" + _rows("1 Ada NER=B-PER", "2 left _") + _rows("1 Rain _")
    one, two = read_any(_file(tmp_path, content.replace("\n", "\r\n")))
    assert (one.id, one.text, one.number) == ("s1", "Ada left", None)
    assert (two.id, two.text, two.number) == ("a-00002", "Rain", 2)
    assert two.annotations.entities == ()


def test_no_tags_are_no_layer(tmp_path: Path) -> None:
    path = _file(tmp_path, _rows("1 Ada name=B-PER", "2 left name=O"))
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert record.annotations.entities is None
    assert losses == {"documents without NER= in MISC (misc-key=name?): no entity layer": 1}
    assert open_source(path).decided == {}
    (record,) = read_any(f"{path}?misc-key=Name")
    assert _shown(record) == [("Ada", "PER")]


def test_schemes_and_repair(tmp_path: Path) -> None:
    path = _file(tmp_path, _rows("1 Ada ner=S-PER", "2 of ner=O", "3 New ner=B-L", "4 Ox ner=E-L"))
    assert open_source(path).decided == {"scheme": "BIOES"}
    assert _shown(next(read_any(path))) == [("Ada", "PER"), ("New Ox", "L")]
    faulty = _file(tmp_path, _rows("1 a NER=O", "2 Ada NER=I-PER", "3 Roe NER=B-LOC"))
    with pytest.raises(InputError, match=r"(?s)a\.conllu:2: .*repair=conlleval"):
        list(read_any(faulty))
    losses = Losses()
    (record,) = read_any(f"{faulty}?repair=conlleval", losses=losses)
    assert _shown(record) == [("Ada", "PER"), ("Roe", "LOC")]
    assert losses.total() == 1


def test_named_columns(tmp_path: Path) -> None:
    content = (
        "# global.columns = ID FORM NER X:ROLE MISC\n# text = Ada left.\n"
        "1\tAda\tB-PER\tB-A0\t_\n2\tleft\t_\t*\tSpaceAfter=No\n3\t.\tO\t*\t_\n"
    )
    path = _file(tmp_path, content, "a.conllup")
    assert guess(path).name == "conllu"
    assert _shown(next(read_any(path))) == [("Ada", "PER")]
    assert _shown(next(read_any(f"{path}?tag-column=x:role"))) == [("Ada", "A0")]
    assert _shown(next(read_any(f"{path}?tag-column=-2"))) == [("Ada", "A0")]
    with pytest.raises(UsageError, match=r"no column 'NERD'.*Did you mean 'NER'"):
        list(read_any(f"{path}?tag-column=NERD"))
    wrong = _file(tmp_path, "# global.columns = FORM NER\nAda\tO\n")
    with pytest.raises(InputError, match=r"a\.conllu:1: .*expected one ID"):
        list(read_any(wrong))


def test_columns_of_keys_with_values_are_no_tags(tmp_path: Path) -> None:
    content = "1\tAda\tAda\tPROPN\t_\tCase=Nom|Number=Sing\t0\troot\t_\tname=B-PER\n"
    path = _file(tmp_path, content + "2\tleft\tleave\tVERB\t_\t_\t1\tx\t_\tname=O\n")
    for column in ("9", "-1", "MISC"):
        with pytest.raises(InputError, match=r"(?s)a\.conllu:1: .*MISC holds.*misc-key=name"):
            list(read_any(f"{path}?tag-column={column}"))
    with pytest.raises(InputError, match=r"a\.conllu:1: the column FEATS holds 'Case=Nom"):
        list(read_any(f"{path}?tag-column=feats"))
    assert _shown(next(read_any(f"{path}?misc-key=name"))) == [("Ada", "PER")]


def test_universal_ner(tmp_path: Path) -> None:
    content = (
        "# newdoc id = n1\n# sent_id = n1-1\n# text = Ada, of New Ox!\n"
        "1\tAda\tB-PER\t-\tzoe\n2\t,\tO\t-\t-\n3\tof\tO\t-\t-\n4\tNew\tB-LOC\t-\tzoe\n"
        "5\tOx\tI-LOC\t-\tzoe\n6\t!\tO\t-\t-\n\n# text = Rain\n1\tRain\tO\t-\t-\n"
    )
    path = _file(tmp_path, content, "a.iob2")
    assert guess(path).name == "conllu"
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert (record.id, record.text) == ("n1", "Ada, of New Ox! Rain")
    assert _shown(record) == [("Ada", "PER"), ("New Ox", "LOC")]
    assert not losses
    assert guess(_file(tmp_path, content.replace("# text", "# said"), "b.iob2")).name == "conll"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("1\tAda\tO\n", 1, "found 3 columns, expected 10"),
        (_rows("1 Ada _", "3 left _"), 2, "number '3': expected 2"),
        (_rows("1 Ada _", "2-3 left _", "2 le _"), 3, "before word 3 of its multiword"),
        (_rows("1 Ada _", "2.1 left _"), 2, r"number '2\.1': expected 1\.1"),
        (_rows("2-1 Ada _"), 1, "'2-1': expected 1"),
        (_rows("1 Ada _", "x left _"), 2, "number 'x'"),
        (_rows("1 Ada _").replace("\tAda", "\t", 1), 1, "without a form"),
        (_rows("1 Ada _").rstrip() + "\n# text = x\n", 2, "inside a sentence"),
        (_rows("1 Ada SpacesAfter=x"), 1, "SpacesAfter: found 'x'"),
        (_rows("1 Ada NER=B-PER|NER=O"), 1, "'ner' comes twice"),
        (_rows("1 Ada NER=PER", "2 x NER=B-PER"), 2, "others in the file have no letter"),
        ("# text = Ida\n" + _rows("1 Ada NER=O"), 2, "token 'Ada', but # text goes on 'Ida'"),
        ("# text = Ada left\n" + _rows("1 Ada NER=O"), 2, "no token for ' left'"),
        ("# newdoc id = x\n# newdoc id = x\n", 2, "'x' comes a second time"),
        ("# sent_id = 1\n", None, "holds no token"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(conllu.read(_file(tmp_path, content)))
    assert caught.value.line == line


def test_texts_that_differ_from_their_tokens(tmp_path: Path) -> None:
    path = _file(tmp_path, "# text = Ida left\n" + _rows("1 Ada NER=O"))
    with pytest.raises(InputError, match="text-from=tokens"):
        list(read_any(path))
    assert next(read_any(f"{path}?text-from=tokens")).text == "Ada"


def _written(folder: Path, *records: Record, **options: Any) -> tuple[Path, Losses]:
    losses = Losses()
    conllu.write(folder / "out.conllu", records, losses=losses, **options)
    return folder / "out.conllu", losses


def test_round_trip_is_exact(tmp_path: Path) -> None:
    text = " \u00a0Ada  Roe, (b. Ox)\t|x|\n\n\nNext.\nLast\\s line.\r\n "
    entities = (Entity(2, 10, "PER"), Entity(16, 18, "LOC"))
    records = [
        Record("d 1", text, Annotations(entities)),
        Record("d2", "", Annotations(())),
        Record("d3", "One", Annotations(())),
    ]
    path, losses = _written(tmp_path, *records)
    assert not losses
    assert list(read_any(path)) == records
    assert guess(path).name == "conllu"
    again, losses = _written(tmp_path, *read_any(path), scheme="BIOES")
    assert list(read_any(again)) == records
    assert not losses
    assert score(path, again, task="ner").f1 == 1.0
    assert score(path, path, task="ner").f1 == 1.0


def test_what_cannot_be_written(tmp_path: Path) -> None:
    entity = Annotations((Entity(0, 1, "A|B"),))
    with pytest.raises(InputError, match="cannot spell the label"):
        _written(tmp_path, Record("x", "a", entity))
    with pytest.raises(InputError, match="cannot hold the document id"):
        _written(tmp_path, Record("x\ny", "a", Annotations(())))
    with pytest.raises(InputError, match="'b' is in no token"):
        _written(tmp_path, Record("x", "a b", Annotations(()), tokens=((0, 1),)))
    _, losses = _written(
        tmp_path, Record("x", " \n", Annotations(())), Record("y", "a", Annotations())
    )
    assert losses == {
        "texts without a token: left out": 1,
        "documents without an entity layer: written as if nothing were there": 1,
    }
    assert not list(tmp_path.glob(".*"))


def test_brackets_of_corefud_are_no_tags(tmp_path: Path) -> None:
    rows = "1\tAda\t_\t_\t_\t_\t_\t_\t_\tEntity=(e1-person-1)\n2\tleft\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
    (tmp_path / "a.conllu").write_text(rows)
    with pytest.raises(InputError, match=r"a\.conllu:1: .*brackets of CorefUD"):
        list(read_any(f"{tmp_path / 'a.conllu'}?misc-key=Entity"))
