"""The GLiNER adapter over a stand-in for the library: prompts, windows, seams, offsets."""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.adapter import LoadRequest, ModelIdentity
from harness.adapters.gliner import ADAPTER, GlinerBackend, prompts_for
from harness.annotation import Entity
from harness.errors import BackendUnavailable, UsageError


class FakeModel:
    """Finds capitalised words; says what it was asked for."""

    def __init__(self, max_len: int = 384) -> None:
        self.config = SimpleNamespace(max_len=max_len)
        self.asked: list[tuple[list[str], list[str]]] = []

    def float(self) -> FakeModel:
        return self

    def eval(self) -> FakeModel:
        return self

    def inference(self, texts: list[str], labels: list[str], **_: Any) -> list[list[dict]]:
        self.asked.append((texts, labels))
        return [
            [
                {"start": m.start(), "end": m.end(), "text": m[0], "label": labels[0], "score": 0.9}
                for m in re.finditer(r"[A-Z]\w+(?: [A-Z]\w+)*", text)
            ][::-1]
            for text in texts
        ]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """The library is installed, and gives this model."""
    fake = FakeModel()
    module = ModuleType("gliner")

    def from_pretrained(path: str, **options: Any) -> FakeModel:
        assert options["local_files_only"] is True
        if "broken" in Path(path).name:
            raise RuntimeError("size mismatch\nfor layer 1")
        return fake

    module.GLiNER = SimpleNamespace(from_pretrained=from_pretrained)  # type: ignore[attr-defined]
    module.__spec__ = SimpleNamespace(name="gliner")  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "gliner", module)
    monkeypatch.setattr("harness.adapter.lacking", lambda needed: None)
    return fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "small"
    made.mkdir()
    (made / "gliner_config.json").write_text(json.dumps({"max_len": 384}))
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def load(folder: Path, *labels: str, **options: Any) -> GlinerBackend:
    request = LoadRequest(str(folder), "ner", labels=labels, options=options, offline=True)
    return ADAPTER.load(request)


def ask(backend: GlinerBackend, text: str) -> list[tuple[str, str]]:
    (raw,) = backend.predict([text])
    found = backend.annotations(text, raw).entities or ()
    return [(text[entity.start : entity.end], entity.label) for entity in found]


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.adapter.lacking", lambda needed: "gliner is not installed")
    reason = ADAPTER.unavailable("urchade/gliner_small-v2.1")
    assert reason is not None
    assert "harness env create gliner" in reason


def test_labels_are_asked_for_in_words(model: FakeModel, folder: Path) -> None:
    backend = load(folder, "PERSON", "GPE", "WORK_OF_ART", "politicalparty", "SOME_THING")
    assert backend.labels == ("PERSON", "GPE", "WORK_OF_ART", "politicalparty", "SOME_THING")
    assert ask(backend, "so Jane Roe left.") == [("Jane Roe", "PERSON")]
    asked = model.asked[-1][1]
    assert asked == [
        "person", "country, city or state", "title of a book, song or film", "political party",
        "some thing",
    ]  # fmt: skip
    assert "PERSON=person; GPE=country, city or state" in backend.identity.notes["prompts"]


def test_two_labels_never_share_their_words() -> None:
    prompts = prompts_for(["PER", "PERSON", "person", "Person"])
    assert prompts["PER"] == "person"
    assert len(set(prompts.values())) == 4


def test_answers_carry_the_schemas_labels_and_offsets_of_the_text(
    model: FakeModel, folder: Path
) -> None:
    text = "\n 😀 she met Jane Roe.\r\n\r\nIn Me\u0301xico City, too.\n"
    assert ask(load(folder, "PER", "LOC"), text) == [
        ("Jane Roe", "PER"), ("In Me", "PER"), ("City", "PER"),
    ]  # fmt: skip


def test_a_long_paragraph_is_read_in_windows_and_each_entity_comes_once(
    model: FakeModel, folder: Path
) -> None:
    text = " ".join(f"then Name{n} Family{n} spoke of it again and again." for n in range(200))
    backend = load(folder, "PER", window=60, stride=10)
    found = ask(backend, text)
    assert found == [(f"Name{n} Family{n}", "PER") for n in range(200)]
    texts, _ = model.asked[-1]
    assert len(texts) > 10
    assert max(len(part.split()) for part in texts) <= 60


def test_no_window_is_longer_than_the_model_reads(folder: Path, model: FakeModel) -> None:
    model.config.max_len = 30
    backend = load(folder, "PER", stride=5)
    ask(backend, "word " * 500 + "Name.")
    assert max(len(part.split()) for part in model.asked[-1][0]) <= 30
    with pytest.raises(UsageError, match="no room"):
        load(folder, "PER", stride=15)


def test_an_entity_that_reaches_over_a_seam_leaves_no_overlap() -> None:
    class Reaching(FakeModel):
        def inference(self, texts: list[str], labels: list[str], **_: Any) -> list[list[dict]]:
            return [[{"start": at, "end": min(at + 9, len(text)), "label": labels[0], "score": 1}
                     for at in range(0, len(text) - 1, 4)] for text in texts]  # fmt: skip

    options = {**ADAPTER.options, "window": 20, "stride": 4}
    backend = GlinerBackend(Reaching(), ModelIdentity("x"), {"PER": "person"}, options)
    (found,) = backend.predict(["one two six ten. " * 30])
    assert all(left.end <= right.start for left, right in pairwise(found))
    assert all(isinstance(entity, Entity) for entity in found)


def test_nothing_is_asked_without_labels_or_text(model: FakeModel, folder: Path) -> None:
    with pytest.raises(BackendUnavailable, match="no labels") as caught:
        load(folder)
    assert "--labels" in str(caught.value.install)
    backend = load(folder, "PER")
    assert backend.predict(["", " \n"]) == [[], []]
    assert model.asked == []


def test_wrong_folders_are_refused(model: FakeModel, folder: Path) -> None:
    broken = folder.rename(folder.parent / "broken")
    with pytest.raises(BackendUnavailable, match=r"cannot be loaded: size mismatch$"):
        load(broken, "PER")
    (broken / "model.safetensors").unlink()
    assert "no weights" in str(ADAPTER.unavailable(str(broken)))
    (broken / "gliner_config.json").unlink()
    assert "gliner_config.json" in str(ADAPTER.unavailable(str(broken)))
    assert "no folder" in str(ADAPTER.unavailable("/no/such/folder"))
    assert ADAPTER.identity(str(broken)) is None


def test_a_hub_id_is_not_fetched_offline(
    model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackendUnavailable, match="downloads are off"):
        ADAPTER.load(LoadRequest("some/model", "ner", labels=("PER",), offline=True))
