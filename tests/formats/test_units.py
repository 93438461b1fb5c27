"""Offsets of tools in texts with emoji: one unit a document, as spans tell by their own text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import surfaces

from harness.errors import InputError
from harness.formats.opening import read_any
from harness.formats.units import same_words

TEXT = "Ada \U0001f600 Roe met NATO. aaaa"


def _task(folder: Path, *regions: tuple[int, int, str | None], text: str = TEXT) -> Path:
    results = [
        {"type": "labels", "to_name": "text", "value": {"start": start, "end": end, "labels": ["X"]}
         | ({} if own is None else {"text": own})}
        for start, end, own in regions
    ]  # fmt: skip
    task: dict[str, Any] = {"data": {"text": text}, "annotations": [{"result": results}]}
    (folder / "a.json").write_text(json.dumps([{"id": 1, **task}]))
    return folder / "a.json"


@pytest.mark.parametrize("unit", ["codepoint", "utf16"])
def test_all_spans_of_a_document_are_of_one_unit(tmp_path: Path, unit: str) -> None:
    more = int(unit == "utf16")
    told = [(0, 9 + more, "Ada \U0001f600 Roe"), (14 + more, 18 + more, "NATO")]
    # One that says nothing, and one that fits in both units, are of the unit of the others.
    untold = [(10 + more, 13 + more, None), (21 + more, 22 + more, "a")]
    (record,) = read_any(_task(tmp_path, *told, *untold))
    assert [said for said, _ in surfaces(record)] == ["Ada \U0001f600 Roe", "NATO", "met", "a"]
    for alone in untold:
        with pytest.raises(InputError, match="as one or as two"):
            list(read_any(_task(tmp_path, alone)))


def test_two_units_in_one_document_are_none(tmp_path: Path) -> None:
    """One is told to be code points, the other UTF-16: nobody knows what the tool counts."""
    mixed = ((0, 9, "Ada \U0001f600 Roe"), (15, 19, "NATO"))
    with pytest.raises(InputError, match="as one or as two"):
        list(read_any(_task(tmp_path, *mixed)))
    path = _task(tmp_path, *mixed)
    assert [len(r.annotations.entities or ()) for r in read_any(f"{path}?faulty=leave-out")] == [0]


@pytest.mark.parametrize("name", ["pubtator", "bioc", "brat", "csv"])
def test_an_edge_of_white_space_is_no_emoji(tmp_path: Path, name: str) -> None:
    """Ten code points of UTF-16 are nine characters: the tenth would be the space behind them."""
    path, own = tmp_path / "a", "Ada \U0001f600 Roe"
    if name == "pubtator":
        path.write_text(f"1|t|{TEXT}\n1|a|\n1\t0\t10\t{own}\tPER\n\n")
    elif name == "brat":
        path.mkdir()
        (path / "a.txt").write_text(TEXT)
        (path / "a.ann").write_text(f"T1\tPER 0 10\t{own}\n")
    elif name == "csv":
        path.write_text(f"doc,document_text,start,end,label,text\nd,{TEXT},0,10,PER,{own}\n")
    else:
        path.write_text(
            f"<collection><document><id>1</id><passage><offset>0</offset><text>{TEXT}</text>"
            f'<annotation id="1"><infon key="type">PER</infon><location offset="0" length="10"/>'
            f"<text>{own}</text></annotation></passage></document></collection>"
        )
    with pytest.raises(InputError):
        list(read_any(path, name))


def test_white_space_is_shown_as_tools_like() -> None:
    assert same_words("Ada Roe", "Ada\n Roe ")
    assert not same_words("Ada Roe", "Ada Roes")
    assert not same_words(None, "Ada")
    assert same_words(" Ada \U0001f600", "\nAda  \U0001f600")
    assert not same_words("Ada \U0001f600", "Ada \U0001f600 ")
