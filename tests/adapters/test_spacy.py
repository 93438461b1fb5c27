"""The spaCy adapter: finding pipelines without importing spaCy, and refusing what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.adapter import LoadRequest
from harness.adapters import _spacy
from harness.adapters.spacy import ADAPTER, SpacyBackend
from harness.errors import BackendUnavailable


@pytest.fixture(scope="session")
def backend() -> SpacyBackend:
    reason = ADAPTER.unavailable("en_core_web_sm")
    if reason:
        pytest.skip(reason)
    return ADAPTER.load(LoadRequest("en_core_web_sm", "ner", offline=True))


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    """A pipeline saved to a folder, with a rule for names and no `ner`."""
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Jane"}])
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


@pytest.mark.models
def test_entities_of_the_small_pipeline(backend: SpacyBackend) -> None:
    text = "\n😀 Angela Merkel met Emmanuel Macron in Paris on Monday.\n"
    (raw,) = backend.predict([text])
    found = backend.annotations(text, raw).entities or ()
    assert {(text[e.start : e.end], e.label) for e in found} >= {
        ("Angela Merkel", "PERSON"),
        ("Emmanuel Macron", "PERSON"),
        ("Paris", "GPE"),
        ("Monday", "DATE"),
    }


@pytest.mark.models
def test_the_labels_are_ontonotes(backend: SpacyBackend) -> None:
    assert backend.labels is not None
    assert len(backend.labels) == 18
    assert backend.identity.version.startswith("3.")


@pytest.mark.models
def test_a_pipeline_in_a_folder_is_taken_and_one_without_ner_refused(blank: Path) -> None:
    assert ADAPTER.unavailable(str(blank)) is None
    with pytest.raises(BackendUnavailable, match="no component 'ner', only entity_ruler"):
        ADAPTER.load(LoadRequest(str(blank), "ner"))


@pytest.mark.models
def test_a_damaged_pipeline_is_unavailable(blank: Path) -> None:
    (blank / "config.cfg").write_text("[nlp]\nlang = \n")
    with pytest.raises(BackendUnavailable, match="cannot be loaded"):
        ADAPTER.load(LoadRequest(str(blank), "ner"))


def test_a_changed_file_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("[nlp]\n")
    (tmp_path / "meta.json").write_text(json.dumps({"lang": "en", "name": "own", "version": "1"}))
    before = _spacy.model_identity(str(tmp_path))
    (tmp_path / "weights").write_bytes(b"x")
    after = _spacy.model_identity(str(tmp_path))
    assert before is not None
    assert after is not None
    assert (before.name, before.version) == ("en_own", "1")
    assert before.digest != after.digest


def test_a_pipeline_that_is_not_installed_names_the_mend() -> None:
    if "not installed" in str(ADAPTER.unavailable("")):
        pytest.skip("spaCy is not installed")
    reason = ADAPTER.unavailable("de_core_news_sm")
    assert "python -m spacy download de_core_news_sm" in str(reason)


@pytest.mark.parametrize(("version", "taken"), [("3.8.0", True), ("999.0", False)])
def test_a_placeholder_is_no_pipeline(
    version: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in {
        "xx_own_web_sm/__init__.py": "",
        "xx_own_web_sm/data/config.cfg": "[nlp]\n",
        f"xx_own_web_sm-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: xx-own-web-sm\nVersion: {version}\n"
        ),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    _spacy.find_pipeline.cache_clear()
    reason = ADAPTER.trouble("xx_own_web_sm")
    _spacy.find_pipeline.cache_clear()
    assert (reason is None) if taken else "xx_own_web_sm 999.0 is a placeholder" in str(reason)
