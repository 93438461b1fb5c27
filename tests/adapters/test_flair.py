"""The Flair adapter over stand-ins for the library: offsets, and which pickles it reads."""

from __future__ import annotations

import pickle
import sys
import zipfile
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.adapter import LoadRequest, ModelIdentity
from harness.adapters import flair
from harness.adapters.flair import ADAPTER, FlairBackend, Paragraph
from harness.errors import BackendUnavailable


class FakeSpan:
    def __init__(self, text: str, start: int, label: str = "PER") -> None:
        self.text, self.start_position, self.end_position = text, start, start + len(text)
        self._label = SimpleNamespace(value=label, score=0.75)

    def get_label(self, kind: str) -> Any:
        assert kind == "ner"
        return self._label


class FakeSentence:
    def __init__(self, text: str, start: int) -> None:
        self.text, self.start_position = text, start
        self.spans: list[FakeSpan] = []

    def __len__(self) -> int:
        return len(self.text.split())

    def get_spans(self, kind: str) -> list[FakeSpan]:
        return self.spans


class FakeTagger:
    label_type = "ner"
    label_dictionary = SimpleNamespace(
        get_items=lambda: ["<unk>", "O", "S-PER", "B-PER", "I-PER", "E-PER", "S-LOC", "<START>"]
    )

    def predict(self, sentences: list[FakeSentence], mini_batch_size: int) -> None:
        assert sentences
        for sentence in sentences:
            at = sentence.text.find("Jane Roe")
            if at >= 0:
                sentence.spans = [FakeSpan("Jane Roe", at)]


class FakeSplitter:
    def split(self, text: str) -> list[FakeSentence]:
        found, at = [], 0
        for part in text.split(". "):
            start = text.index(part, at)
            found.append(FakeSentence(part, start))
            at = start + len(part)
        return found


@pytest.fixture
def backend() -> FlairBackend:
    return FlairBackend(FakeTagger(), FakeSplitter(), ModelIdentity("fake"), ADAPTER.options)


def test_labels_come_from_the_dictionary(backend: FlairBackend) -> None:
    assert backend.labels == ("LOC", "PER")


def test_offsets_count_from_the_text(backend: FlairBackend) -> None:
    text = "\n 😀 It was. Then Jane Roe left. So\r\n\r\n Jane Roe\n"
    (raw,) = backend.predict([text])
    found = backend.annotations(text, raw).entities
    assert found is not None
    assert [text[entity.start : entity.end] for entity in found] == ["Jane Roe", "Jane Roe"]
    assert found[0].score == 0.75


def test_a_wrong_offset_is_an_error_not_a_wrong_span(backend: FlairBackend) -> None:
    sentence = FakeSentence("Then Jane Roe left", 0)
    sentence.spans = [FakeSpan("Jane Roe", 4)]
    with pytest.raises(ValueError, match="the text has"):
        backend.annotations("Then Jane Roe left", [Paragraph(0, [sentence])])


def test_empty_texts(backend: FlairBackend) -> None:
    assert [backend.annotations(t, r).entities for t, r in
            zip(["", " "], backend.predict(["", " "]), strict=True)] == [(), ()]  # fmt: skip


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.adapter.lacking", lambda needed: "flair is not installed")
    reason = ADAPTER.unavailable("flair/ner-english-fast")
    assert reason is not None
    assert "harness env create flair" in reason


def test_the_digest_is_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(b"one")
    first = ADAPTER.identity(str(file))
    file.write_bytes(b"two!")
    second = ADAPTER.identity(str(file))
    assert first is not None
    assert second is not None
    assert first.digest != second.digest
    (tmp_path / "pytorch_model.bin").write_bytes(b"three")
    folder = ADAPTER.identity(str(tmp_path))
    assert folder is not None
    assert folder.size_bytes == 5


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('this code must never run')",)


def test_the_unpickler_admits_plain_values() -> None:
    plain = {"a": [1, 2.5, "x", None, (True,)], "b": OrderedDict(c={1, 2}), "d": BytesIO(b"x")}
    again = flair._Narrow.load(BytesIO(pickle.dumps(plain, protocol=4)))
    assert again["a"] == plain["a"]
    assert again["b"] == plain["b"]


@pytest.mark.parametrize(
    "value", [Code(), {"deep": [Code()]}, print, Path, pickle.loads],
    ids=["code", "deep", "print", "class", "pickle"],
)  # fmt: skip
def test_the_unpickler_admits_nothing_else(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="it asks for"):
        flair._Narrow.load(BytesIO(pickle.dumps(value, protocol=4)))


@pytest.mark.models
def test_a_file_with_code_is_refused_when_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr("harness.adapter.lacking", lambda needed: None)
    for name in ("flair", "flair.models", "flair.data", "flair.splitter"):
        module = ModuleType(name)
        module.__spec__ = SimpleNamespace(name=name)  # type: ignore[assignment]
        monkeypatch.setitem(sys.modules, name, module)
    loaded: list[dict[str, Any]] = []

    class SequenceTagger(FakeTagger):
        @classmethod
        def load(cls, state: dict[str, Any]) -> SequenceTagger:
            loaded.append(state)
            return cls()

    sys.modules["flair.models"].SequenceTagger = SequenceTagger  # type: ignore[attr-defined]
    sys.modules["flair.splitter"].SegtokSentenceSplitter = FakeSplitter  # type: ignore[attr-defined]

    def load(state: object) -> FlairBackend:
        file = tmp_path / "model.pt"
        torch.save(state, file, pickle_protocol=4)
        return ADAPTER.load(LoadRequest(str(file), "ner", offline=True))

    weights = OrderedDict(layer=torch.ones(2, 2), bias=torch.nn.Parameter(torch.zeros(2)))
    good = {"__cls__": "SequenceTagger", "tag_dictionary": {}, "state_dict": weights}
    assert load(good).labels == ("LOC", "PER")
    assert loaded[0]["state_dict"]["layer"].tolist() == [[1, 1], [1, 1]]
    with pytest.raises(BackendUnavailable, match=r"more than plain values.*exec"):
        load(good | {"extra": Code()})
    with pytest.raises(BackendUnavailable, match="no sequence tagger"):
        load({"__cls__": "TextClassifier", "state_dict": weights})


def test_a_torchscript_archive_is_told_apart(tmp_path: Path) -> None:
    """`torch.load` would hand one to TorchScript, past the unpickler that admits little."""
    script, weights = tmp_path / "script.pt", tmp_path / "weights.pt"
    for path, name in ((script, "archive/constants.pkl"), (weights, "archive/data.pkl")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"")
    assert flair._is_script(script)
    assert not flair._is_script(weights)
