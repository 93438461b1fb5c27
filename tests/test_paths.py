"""One place says where things lie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.gold.loading import known_goldsets, load_goldset
from harness.paths import cache_folder, environments_folder, goldset_folders, home, pinned_packages


def test_home_moves_the_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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


def test_environments_never_lie_in_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HARNESS_ENVS", "HARNESS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("XDG_DATA_HOME", "")
    own = environments_folder()
    assert own.is_relative_to(tmp_path / "me") and own.parts[-2:] == ("nlp-harness", "envs")
    monkeypatch.setenv("HARNESS_HOME", ".harness")
    assert environments_folder() == own, "a relative one moves the store alone"
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "there"))
    assert environments_folder() == tmp_path / "there" / "envs"
    monkeypatch.setenv("HARNESS_ENVS", str(tmp_path / "mine"))
    assert environments_folder() == tmp_path / "mine"
    for relative in ("envs", "./.harness/envs", "../envs", "~/envs"):
        monkeypatch.setenv("HARNESS_ENVS", relative)
        with pytest.raises(UsageError, match="absolute"):
            environments_folder()


def test_what_others_uploaded_is_pinned_by_hash() -> None:
    lines = pinned_packages().read_text("utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert len(pinned) == 3
    for line in pinned:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+( ; .*)? --hash=sha256:[0-9a-f]{64}", line), line


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
