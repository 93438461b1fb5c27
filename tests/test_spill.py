"""What goes to a file comes back as it was, in order, with bounds so small that it has to."""

from __future__ import annotations

import copy
import os
import tempfile
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import spill
from harness.errors import InputError
from harness.spill import Numbers, Sorter, Strings


@pytest.fixture(autouse=True, scope="module")
def _small() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "_BYTES", 48)
        patch.setattr(spill, "_LEAST", 2)
        patch.setattr(spill, "_TOGETHER", 3)
        yield


@given(st.lists(st.binary(min_size=3, max_size=3), max_size=200))
def test_records_come_back_in_order(records: list[bytes]) -> None:
    sorter = Sorter(3)
    for record in records:
        sorter.add(record)
    assert len(sorter) == len(records)
    assert list(sorter) == sorted(records)


@given(st.lists(st.floats(allow_nan=False), max_size=50), st.floats(allow_nan=False))
def test_numbers_come_back_bit_by_bit(numbers: list[float], more: float) -> None:
    column = Numbers("d")
    for number in numbers:
        column.append(number)
    begun = iter(column)
    first = list(islice(begun, 7))
    assert list(zip(column, column, strict=True)) == [(one, one) for one in numbers]
    column.append(more)
    assert [*first, *islice(begun, len(numbers) - len(first))] == numbers
    assert list(column) == [*numbers, more]
    assert len(column) == len(numbers) + 1


@given(st.lists(st.text(max_size=9) | st.just("\ud800"), max_size=40), st.text(max_size=3))
def test_strings_come_back_by_number_and_in_order(strings: list[str], more: str) -> None:
    column, other = Strings(), Strings()
    for string in strings:
        column.append(string)
        other.append(string)
    assert len(column) == len(strings) and list(column) == strings
    assert [column[number] for number in range(len(column))] == strings
    assert column == other == copy.deepcopy(column)
    other.append(more)
    assert column != other and list(other) == [*strings, more]
    for number in (-1, len(column)):
        with pytest.raises(IndexError):
            column[number]


def test_numbers_cannot_be_copied() -> None:
    """Two would close one file."""
    numbers = Numbers("q")
    for number in range(7):
        numbers.append(number)
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.deepcopy(numbers)
    assert list(numbers) == list(range(7))


def test_without_room_it_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    numbers = Numbers("q")
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(InputError, match="kept: No space left on device") as caught:
        for number in range(7):
            numbers.append(number)
    assert caught.value.path == str(tmp_path)
    assert not [*tmp_path.iterdir()]
