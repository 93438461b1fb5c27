"""CoNLL columns: texts rebuilt with offsets, schemes guessed, every fault named with its line."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import InputError, UsageError
from harness.formats import conll
from harness.formats.losses import Losses

CONLL2003 = """\
-DOCSTART- -X- -X- O

Ines NNP I-NP I-PER
Calloway NNP I-NP I-PER
left VBD I-VP O
Brackwater NNP I-NP I-LOC
. . O O

She PRP I-NP O
saw VBD I-VP O
Anna NNP I-NP I-PER
Roe NNP B-NP B-PER

-DOCSTART- -X- -X- O

Rain NN I-NP O
"""
CONLL2002 = "Ines NP B-PER\nsalió VMI O\nde SPS O\nSanta NC B-LOC\nRosa NC I-LOC\n"
TABS = "New York\tB-LOC\n\u00a0\tO\n#\tO\n"


def _file(folder: Path, content: str, name: str = "a.conll") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def _read(folder: Path, content: str, **options: Any) -> list[Record]:
    return list(conll.read(_file(folder, content), **options))


def _shown(record: Record) -> list[tuple[str, str]]:
    text = record.text or ""
    return [(text[e.start : e.end], e.label) for e in record.annotations.entities or ()]


def test_conll2003_with_documents(tmp_path: Path) -> None:
    first, second = _read(tmp_path, CONLL2003)
    assert first.text == "Ines Calloway left Brackwater .\nShe saw Anna Roe"
    assert first.id == "a-00001"
    assert _shown(first) == [
        ("Ines Calloway", "PER"),
        ("Brackwater", "LOC"),
        ("Anna", "PER"),
        ("Roe", "PER"),
    ]
    assert second == Record("a-00002", "Rain", Annotations(()))


def test_conll2002_without_documents_gives_a_document_per_sentence(tmp_path: Path) -> None:
    records = _read(tmp_path, CONLL2002 + "\n" + CONLL2002)
    assert [record.text for record in records] == ["Ines salió de Santa Rosa"] * 2
    assert _shown(records[0]) == [("Ines", "PER"), ("Santa Rosa", "LOC")]


def test_tabs_keep_spaces_and_nbsp_within_tokens(tmp_path: Path) -> None:
    (record,) = _read(tmp_path, TABS)
    assert record.text == "New York \u00a0 #"
    assert _shown(record) == [("New York", "LOC")]


def test_crlf_bom_trailing_space_and_comments_change_nothing(tmp_path: Path) -> None:
    plain = _read(tmp_path, CONLL2003)
    odd = "\ufeff" + CONLL2003.replace("\n", " \r\n").replace("\n \r\n", "\n\r\n")
    assert _read(tmp_path, odd) == plain
    commented = CONLL2002.replace("Ines", "# id 12 domain=en\nInes", 1)
    assert _read(tmp_path, commented) == _read(tmp_path, CONLL2002)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("I-PER I-PER B-PER O", "IOB1"),
        ("B-PER I-PER B-PER O", "IOB2"),
        ("B-PER E-PER S-PER O", "BIOES"),
        ("B-PER L-PER U-PER O", "BILOU"),
    ],
)
def test_schemes_are_guessed_and_mean_the_same(tmp_path: Path, tags: str, scheme: str) -> None:
    content = "".join(f"{w} {t}\n" for w, t in zip("abcd", tags.split(), strict=True))
    path = _file(tmp_path, content)
    assert conll.settle(path)["scheme"] == scheme
    (record,) = conll.read(path)
    assert _shown(record) == [("a b", "PER"), ("c", "PER")]


def test_repair_policies(tmp_path: Path) -> None:
    content = "a B-PER\nb O\n\nc I-PER\nd I-PER\n"
    report: Counter[str] = Counter()
    assert _shown(_read(tmp_path, content, repair="conlleval", losses=report)[1]) == [
        ("c d", "PER")
    ]
    assert report.total() == 1
    assert _shown(_read(tmp_path, content, repair="discard")[1]) == []
    with pytest.raises(InputError, match=r"a\.conll:4: I-PER after O is no IOB2.*\(line 1\)"):
        _read(tmp_path, content)
    with pytest.raises(InputError, match="I-PER I-PER is no IOB2"):
        _read(tmp_path, content, scheme="IOB2")
    with pytest.raises(UsageError, match="expected one of strict, conlleval, discard"):
        _read(tmp_path, content, repair="guess")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a B-PER\nb\nc O\n", 2, "found 1 column, expected 2 as in most"),
        ("a N O\nb N O\n\nc O\n", 4, "found 2 columns, expected 3"),
        ("a\n", 1, "found 1 column, expected a token and a tag"),
        ("a B-PER\nb PER\n", 2, "found the tag 'PER'.*others in the file have one"),
        ("\tB-PER\nb\tO\n", 1, "a tag without a token"),
        ("a S-PER\n\nb U-PER\n", 3, "two schemes are mixed"),
        ("a B-PER\nb O\n\nc I-PER\n", 4, "no IOB1"),
        ("a B-PER\nb E-PER\nc B-PER\nd O\n", 4, "impossible in BIOES"),
        ("a B-PER\r\nb\r\n", 2, "found 1 column"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _read(tmp_path, content)
    assert caught.value.line == line
    assert caught.value.exit_status == 2


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file is empty"):
        _read(tmp_path, "")
    with pytest.raises(InputError, match="holds no token"):
        _read(tmp_path, "\n\n")
    with pytest.raises(InputError, match="is a directory"):
        list(conll.read(tmp_path))
    (tmp_path / "b").write_bytes(b"caf\xe9 O\n")
    with pytest.raises(InputError, match="not UTF-8"):
        list(conll.read(tmp_path / "b"))
    with pytest.raises(InputError, match="cannot be read"):
        list(conll.read(tmp_path / "missing"))


def test_another_column_holds_the_gold(tmp_path: Path) -> None:
    content = "Ines B-PER O\nleft O B-LOC\n"
    assert _shown(_read(tmp_path, content)[0]) == [("left", "LOC")]
    assert _shown(_read(tmp_path, content, tag_column="-2")[0]) == [("Ines", "PER")]
    with pytest.raises(UsageError, match="tag column 'x'"):
        _read(tmp_path, content, tag_column="x")


def _written(folder: Path, *records: Record, **options: Any) -> tuple[str, Counter[str]]:
    report: Counter[str] = Counter()
    conll.write(folder / "out.conll", records, losses=report, **options)
    return (folder / "out.conll").read_text(), report


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "BIOES", "BILOU", "BMEWO"])
def test_round_trip(tmp_path: Path, scheme: str) -> None:
    before = _read(tmp_path, CONLL2003)
    content, report = _written(tmp_path, *before, scheme=scheme)
    assert not report
    after = _read(tmp_path, content)
    assert [(r.text, r.annotations) for r in after] == [(r.text, r.annotations) for r in before]


def test_empty_documents_survive(tmp_path: Path) -> None:
    records = [Record("x", "", Annotations(())), Record("y", "a", Annotations(()))]
    content, _ = _written(tmp_path, *records)
    assert [record.text for record in _read(tmp_path, content)] == ["", "a"]


def test_raw_text_is_cut_before_punctuation(tmp_path: Path) -> None:
    text = "Ms. Roe's NATO-led team won, she said.\nReally?"
    record = Record("x", text, Annotations((Entity(4, 7, "PER"), Entity(10, 14, "ORG"))))
    content, report = _written(tmp_path, record)
    assert content.split("\n\n")[1].split("\n") == [
        *("Ms\tO", ".\tO", "Roe\tB-PER", "'\tO", "s\tO", "NATO\tB-ORG", "-\tO", "led\tO"),
        *("team\tO", "won\tO", ",\tO", "she\tO", "said\tO", ".\tO"),
    ]
    assert report == {"document ids: left out": 1}


def test_what_tags_cannot_hold_is_counted(tmp_path: Path) -> None:
    record = Record(
        "x",
        "Bank of\nNorth Hill ",
        Annotations(
            (
                Entity(0, 13, "ORG", 0.5),
                Entity(8, 13, "LOC"),
                Entity(14, 19, "LOC"),
                Entity(18, 19, "ODD"),
            ),
            (Attribution((Span(0, 4),)),),
        ),
        (Span(0, 1),),
        "broken",
    )
    content, report = _written(tmp_path, record)
    assert "Bank\tB-ORG\nof\tI-ORG\nNorth\tI-ORG\nHill\tB-LOC\n" in content
    assert report == {
        "document ids: left out": 1,
        "nested or overlapping entities: only the longest is kept": 2,
        "line breaks inside an entity: written as a space": 1,
        "entities with white space at an edge: trimmed": 1,
        "entity scores left out": 1,
        "attributions left out": 1,
        "ignore regions left out": 1,
        "errors of a backend left out": 1,
    }


def test_nothing_half_written(tmp_path: Path) -> None:
    good = Record("x", "a", Annotations(()))
    bad = Record("y", "a", Annotations((Entity(0, 1, "WORK OF ART"),)))
    with pytest.raises(InputError, match="a tag cannot spell the label 'WORK OF ART'"):
        _written(tmp_path, good, bad)
    with pytest.raises(InputError, match="has no text to write"):
        _written(tmp_path, good, Record("z", None, Annotations(())))
    assert list(tmp_path.iterdir()) == []


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    peaks = []
    for documents in (4000, 12000):  # more than what is looked at to tell the columns
        path = tmp_path / f"{documents}.conll"
        path.write_text("-DOCSTART-\tO\n\nAda\tB-PER\nleft\tO\n\n" * documents)
        tracemalloc.start()
        assert sum(1 for _ in conll.read(path)) == documents
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_scripts_without_spaces_are_joined_without_any(tmp_path: Path) -> None:
    (record,) = _read(tmp_path, "我\tO\n在\tO\n北\tB-LOC\n京\tI-LOC\n，\tO\nAda\tB-PER\n\n")
    assert record.text == "我在北京， Ada"
    assert _shown(record) == [("北京", "LOC"), ("Ada", "PER")]
    content, report = _written(tmp_path, record)
    assert not report
    assert [line.split("\t")[0] for line in content.split("\n")[2:8]] == [*"我在北京，", "Ada"]


def test_places_in_words_are_no_part_of_tokens(tmp_path: Path) -> None:
    losses = Losses()
    (record,) = _read(tmp_path, "口0\tO\n碑1\tO\n北0\tB-LOC\n京1\tI-LOC\n10\tO\n", losses=losses)
    assert (record.text, _shown(record)) == ("口碑北京 1", [("北京", "LOC")])
    assert losses == {"tokens with their place in a word: it is cut off": 5}
    rows = "口0\tO\n碑1\tO\n北0\tB-LOC\n" * 3000
    with pytest.raises(InputError, match=r"a\.conll:9001: .*a character and its place in a word"):
        _read(tmp_path, f"{rows}京\tO\n")


def test_a_token_that_reads_as_a_new_document_is_said(tmp_path: Path) -> None:
    text, tokens = "-DOCSTART- Oslo", ((0, 10), (11, 15))
    losses = Losses()
    place = Record("a", text, Annotations((Entity(11, 15, "LOC"),)), tokens=tokens)
    name = Record("b", text, Annotations((Entity(0, 10, "X"),)), tokens=tokens)
    conll.write(tmp_path / "x.conll", [place, name], losses=losses)
    assert losses["sentences that begin with -DOCSTART-: read as a new document"] == 1
    assert len(list(conll.read(tmp_path / "x.conll"))) == 3
