"""The gold set and the gate that these tests share."""

from __future__ import annotations

import pytest
import synthetic
from gate_bench import DOCS, Gate

from harness.gold.goldset import GoldSet


@pytest.fixture(scope="module")
def goldset(tmp_path_factory: pytest.TempPathFactory) -> GoldSet:
    return synthetic.gold(tmp_path_factory.mktemp("gold"), DOCS)


@pytest.fixture(scope="module")
def gate(goldset: GoldSet, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(goldset, tmp_path_factory.mktemp("gate"))
