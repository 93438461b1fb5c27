"""One place says where things lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.gold.goldset import known_goldsets, load_goldset
from harness.paths import cache_folder, goldset_folders, home


def test_home_moves_environments_and_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    monkeypatch.delenv("HARNESS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert home() == tmp_path / ".harness"
    assert cache_folder() == tmp_path / ".harness" / "cache"
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "there"))
    assert home() == tmp_path / "there"
    assert cache_folder() == tmp_path / "there" / "cache"
    monkeypatch.setenv("HARNESS_CACHE", "elsewhere")
    assert cache_folder() == tmp_path / "elsewhere"


def test_gold_sets_are_known_by_name_in_any_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_goldset("seeds").documents == 5
    own = tmp_path / "goldsets" / "seeds"
    own.mkdir(parents=True)
    (own / "goldset.toml").write_text('data = "a.jsonl"\n', "utf-8")
    (own / "a.jsonl").write_text('{"id": "a", "text": "Anna", "entities": []}\n', "utf-8")
    assert load_goldset("seeds").documents == 1, "the user's own goes first"
    assert goldset_folders()[0] == Path("goldsets")
    assert [place.name for place in known_goldsets()].count("seeds") == 1
