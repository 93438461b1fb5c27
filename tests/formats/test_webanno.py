"""WebAnno TSV 3: spans over several lines, stacked ones, parts of tokens, several annotators."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.annotation import Record
from harness.api import score
from harness.errors import InputError, UsageError
from harness.formats import conllu
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess
from harness.formats.sniff import head_of

NE = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
POS = "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS"
HEADER = (
    "#FORMAT=WebAnno TSV 3.3\n"
    f"#T_SP={POS}|PosValue\n"
    f"#T_SP={NE}|identifier|value\n"
    "#T_CH=de.tudarmstadt.ukp.dkpro.core.api.coref.type.CoreferenceLink|type|relation\n"
    f"#T_RL=webanno.custom.Rel|value|BT_{NE}\n\n\n"
)
BODY = (
    "#Sentence.id=s1\n#Text=😊 Ada Roe's\\tNATO\\\\x\n#Text=(New York)\n"
    "1-1\t0-2\t😊\tX\t_\t_\t_\t_\t_\t_\t\n"
    "1-2\t3-6\tAda\tNNP\t*[1]\tPER[1]\t*[1]\t*->1-1\t_\t_\t\n"
    "1-3\t7-12\tRoe's\tNNP\t_\t_\t_\t_\t_\t_\t\n"
    "1-3.1\t7-10\tRoe\t_\t*[1]\tPER[1]\t_\t_\t_\t_\t\n"
    "1-3.2\t12-12\t\t_\t*\t*\t_\t_\t_\t_\t\n"
    "1-4\t13-19\tNATO\\x\tNNP\turi\tORG\\|x\\_y\t_\t_\tof|by\t1-2|1-2\t\n"
    "1-5\t20-29\t(New York\tNNP\t*[2]|*[3]\tLOC[2]|B-MISC[3]\t_\t_\t_\t_\t\n"
    "1-6\t29-30\t)\t.\t*[2]\tLOC[2]\t_\t_\t_\t_\t\n"
    "\n"
    "#Text=#1 left.\n"
    "2-1\t32-34\t#1\tX\t*\t*\t_\t_\t_\t_\t\n"
    "2-2\t35-39\tleft\tX\t_\t_\t_\t_\t_\t_\t\n"
    "2-3\t39-40\t.\tX\t_\t_\t_\t_\t_\t_\t\n"
)
LOST = {
    "spans of other layers: left out": 9,
    "links of chains: left out": 1,
    "relations: left out": 2,
    "further features of annotations: left out": 1,
    "spans without characters: left out": 1,
    "spans without a value: called as their layer": 1,
}


def _file(folder: Path, content: str = HEADER + BODY, name: str = "a.tsv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())
    return path


def _shown(record: Record) -> list[tuple[str, str]]:
    text = record.text or ""
    return [(text[e.start : e.end], e.label) for e in record.annotations.entities or ()]


def test_spans_of_a_layer(tmp_path: Path) -> None:
    path = _file(tmp_path)
    assert guess(path).name == "webanno"
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert record.text == "😊 Ada Roe's\tNATO\\x\n(New York) \n#1 left."
    assert (record.id, record.number) == ("a", 1)
    assert _shown(record) == [
        ("Ada Roe", "PER"),
        ("NATO\\x", "ORG|x_y"),
        ("(New York)", "LOC"),
        ("(New York", "B-MISC"),
        ("#1", "NamedEntity"),
    ]
    rows = [row.split("\t") for row in BODY.split("\n") if row[:1].isdigit()]
    assert [record.text[a:b] for a, b in record.tokens or ()] == [
        row[2] for row in rows if "." not in row[0]
    ]
    assert losses == LOST
    assert score(path, path, task="ner").f1 == 1.0


def test_another_layer_and_feature(tmp_path: Path) -> None:
    path = _file(tmp_path)
    (record,) = read_any(f"{path}?layer=POS")
    assert [label for _, label in _shown(record)].count("NNP") == 4
    (record,) = read_any(f"{path}?feature=identifier")
    assert ("NATO\\x", "uri") in _shown(record)
    with pytest.raises(UsageError, match=r"no layer 'NE'\..*Known: POS, NamedEntity"):
        list(read_any(f"{path}?layer=NE"))
    with pytest.raises(UsageError, match=r"no feature 'vaule'\. Did you mean 'value'"):
        list(read_any(f"{path}?feature=vaule"))


def test_which_layer_is_meant(tmp_path: Path) -> None:
    body = "\n\n#Text=Ada\n1-1\t0-3\tAda\t{}\n"
    one = _file(
        tmp_path, f"#FORMAT=WebAnno TSV 3.2\n#T_SP={POS}|v\n#T_SP=my.Name|\n{body}".format("NN\t*")
    )
    losses = Losses()
    assert _shown(next(read_any(one, losses=losses))) == [("Ada", "Name")]
    assert losses == {"spans of other layers: left out": 1}
    none = _file(tmp_path, f"#FORMAT=WebAnno TSV 3.2\n#T_SP={POS}|v\n{body}".format("NN"))
    losses = Losses()
    assert next(read_any(none, losses=losses)).annotations.entities is None
    assert losses["documents without a layer of spans: no entity layer"] == 1
    slots = "#T_SP=my.Host|ROLE_my.Host:x_my.L|my.Name|kind\n"
    several = _file(
        tmp_path, f"#FORMAT=WebAnno TSV 3.3\n#T_SP=my.Name|\n{slots}{body}".format("*\tr\t1-1\tK")
    )
    with pytest.raises(InputError, match=r"(?s)several layers of spans: my\.Name, my\.Host.*=Host"):
        list(read_any(several))
    assert _shown(next(read_any(f"{several}?layer=my.Host"))) == [("Ada", "K")]


def test_offsets(tmp_path: Path) -> None:
    old = "#FORMAT=WebAnno TSV 3.1\n#T_SP=my.Name|value\n\n\n"
    rows = "1-1\t0-1\t😊\t_\n1-2\t2-5\tAda\tPER\n"
    path = _file(tmp_path, f"{old}#Text=\\uD83D\\uDE0A \\u0041da\n{rows}")
    with pytest.raises(InputError, match=r"(?s)a\.tsv:6: .*offsets=codepoint"):
        list(read_any(path))
    (record,) = read_any(f"{path}?offsets=codepoint")
    assert (record.text, _shown(record)) == ("😊 Ada", [("Ada", "PER")])


def test_exported_folders(tmp_path: Path) -> None:
    _file(tmp_path, name="annotation/b.txt/zoe.tsv")
    _file(tmp_path, (HEADER + BODY).replace("PER", "LOC"), "annotation/b.txt/ada.tsv")
    _file(tmp_path, name="annotation/a.txt/zoe.tsv")
    _file(tmp_path, name="annotation/a.txt/INITIAL_CAS.tsv")
    _file(tmp_path, name="curation/a.txt/CURATION_USER.tsv")
    assert guess(tmp_path).name == "webanno"
    losses = Losses()
    first, second = read_any(tmp_path, losses=losses)
    assert [(one.id, one.number) for one in (first, second)] == [("a.txt", None), ("b.txt", None)]
    assert (_shown(first)[0][1], _shown(second)[0][1]) == ("PER", "LOC")
    assert losses["labellings by further annotators: left out (annotator=NAME reads one)"] == 2
    assert open_source(tmp_path).annotators() == ("CURATION_USER", "INITIAL_CAS", "ada", "zoe")
    (one,) = read_any(f"{tmp_path}?annotator=CURATION_USER")
    assert one.id == "a.txt"
    assert len(list(read_any(f"{tmp_path}/annotation?annotator=zoe"))) == 2
    with pytest.raises(InputError, match="has no annotator 'eve'"):
        list(read_any(f"{tmp_path}?annotator=eve"))


def test_folders_of_files(tmp_path: Path) -> None:
    _file(tmp_path)
    _file(tmp_path, name="b.tsv")
    assert guess(tmp_path).name == "webanno"
    assert [one.id for one in read_any(tmp_path)] == ["a", "b"]
    assert open_source(tmp_path).annotators() == ()
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"holds no \.tsv file"):
        list(read_any(tmp_path / "none", "webanno"))


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("#FORMAT=WebAnno TSV 3.3", "#FORMAT=WebAnno TSV 2", 1, "expected #FORMAT=WebAnno TSV 3"),
        ("#T_SP=", "#T_XX=", 2, "expected #T_SP="),
        ("3-6\tAda", "3-5\tAda", 12, "'Ada', but the text has 'Ad' at 3-5"),
        ("0-2\t😊", "0-1\t😊", 11, "but the text has nothing at 0-1"),
        ("3-6\tAda\tNNP", "3-6\tAda", 12, "10 columns that begin '1-2"),
        ("1-2\t3-6", "x\t3-6", 12, "10 columns that begin 'x"),
        ("1-2\t3-6", "1-2\t3–6", 12, "expected 10: 1-1, 0-3"),
        ("2-1\t32-34", "2-1\t22-24", 21, "begins at 22, but the text before it ends at 30"),
        ("*[2]\tLOC[2]", "*[2]\tLOX[2]", 18, r"\[2\] is 'LOX' here, and 'LOC' before"),
        ("*\t*\t_\t_\t_\t_\t\n2-2", "*[1]\tPER[1]\t_\t_\t_\t_\t\n2-2", 21, r"\[1\] comes again"),
        (
            "#Sentence.id=s1\n#Text",
            "1-1\t0-1\tx\t_\t_\t_\t_\t_\t_\t_\n#Text",
            8,
            "before the first #Te",
        ),
        ("1-3.1\t7-10\tRoe", "1-3.1\t3-6\tAda", 14, "a part of a token that does not"),
        ("#Text=#1", "#Text=\\uD83D#1", 21, "but the text has"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    content = (HEADER + BODY).replace(old, new, 1)
    assert content != HEADER + BODY
    with pytest.raises(InputError, match=message) as caught:
        list(read_any(_file(tmp_path, content), "webanno"))
    assert caught.value.line == line


def test_what_of_a_folder_is_not_read_is_counted(tmp_path: Path) -> None:
    content = HEADER.replace("|identifier", "") + "#Text=Ada\n1-1\t0-3\tAda\t_\tPER\t_\t_\t_\t_\n"
    for name in ("a.tsv", "more/b.tsv", "c.ser", "source/a.xmi", "README"):
        _file(tmp_path, content, name)
    losses = Losses()
    assert [_shown(one) for one in read_any(tmp_path, losses=losses)] == [[("Ada", "PER")]]
    assert losses == {
        "files that end in .ser: not looked into": 1,
        "files that end in .xmi: not looked into": 1,
        "files without an ending: not looked into": 1,
        "files that end in .tsv in further folders: not looked into": 1,
    }
    features = HEADER.replace("|identifier|value", "|identifier|value|note")
    body = "#Text=Ada Roe\n1-1\t0-3\tAda\t_\tQ1[1]\tPER[1]\tx[1]\t_\t_\t_\t_\n"
    path = _file(tmp_path, features + body + body.replace("0-3\tAda", "4-7\tRoe").split("\n")[1])
    losses = Losses()
    assert _shown(next(read_any(path, losses=losses))) == [("Ada Roe", "PER")]
    assert losses == {"further features of annotations: left out": 2}


def test_version_2_is_known_and_refused(tmp_path: Path) -> None:
    old = f" # {NE} | value\n#id=1\n#text=Ada left.\n1-1\tAda\tB-PER\n1-2\tleft\tO\n\n"
    wide = "#id=7\n#text=Ada\n#goes on\n7-1\tAda" + 7 * "\t_" + "\tB-PER\n"
    for content in (old, wide, old.replace("\n", "\r\n")):
        path = _file(tmp_path, content)
        assert guess(path).name == guess(tmp_path).name == "webanno"
        assert not conllu.matches(head_of(path))
        with pytest.raises(InputError, match=r"(?s)a\.tsv:1: is WebAnno TSV 2, .*export it as"):
            list(read_any(path))
