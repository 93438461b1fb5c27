"""The transformers adapter: which files it takes and which it refuses, and what it makes of text.

Tests of files need no library. Those with tiny random models made on the spot, and with the
reference model, carry the mark `models`.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.adapter import LoadRequest
from harness.adapters import _checkpoint
from harness.adapters.transformers import ADAPTER, TransformersBackend
from harness.distributions import lacking
from harness.errors import BackendUnavailable, UsageError

TAGS = {"0": "O", "1": "B-PER", "2": "I-PER"}
CONFIG = {"architectures": ["BertForTokenClassification"], "id2label": TAGS, "model_type": "bert"}
LARGER = Path(__file__).resolve().parents[3] / "shared" / "models" / "minilm_conll03"

Make = Callable[..., Path]


def safetensors(**tensors: int) -> bytes:
    """A safetensors file of so many bytes per tensor, by its specification."""
    header, at = {}, 0
    for name, size in tensors.items():
        header[name] = {"dtype": "U8", "shape": [size], "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + bytes(at)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A folder that looks like a model; keywords replace its files, `None` leaves one out."""

    def folder(**changes: Any) -> Path:
        files = {
            "config.json": json.dumps(CONFIG),
            "model.safetensors": safetensors(weight=8),
            "tokenizer.json": "{}",
        } | {name.replace("__", "."): content for name, content in changes.items()}
        for name, content in files.items():
            if content is not None:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / name).write_bytes(data)
        return tmp_path

    return folder


def refused(folder: Path) -> str:
    reason = ADAPTER.unavailable(str(folder))
    assert reason is not None
    assert ADAPTER.identity(str(folder)) is None
    with pytest.raises(BackendUnavailable):
        ADAPTER.load(LoadRequest(model=str(folder), task="ner", offline=True))
    return reason


def needs_library() -> None:
    library = lacking(("transformers", "torch", "peft"))
    if library:
        pytest.skip(library)


# Files


def test_a_folder_that_looks_right_is_taken(make: Make) -> None:
    needs_library()
    folder = make()
    assert ADAPTER.unavailable(str(folder)) is None
    identity = ADAPTER.identity(str(folder))
    assert identity is not None
    assert identity.size_bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_a_relative_path_is_taken(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make()
    monkeypatch.chdir(folder.parent)
    found = _checkpoint.find(folder.name)
    assert found is not None
    assert found.folder == folder


def test_every_file_that_is_loaded_enters_the_digest(make: Make) -> None:
    before = ADAPTER.identity(str(make()))
    assert before is not None
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        content = (make() / name).read_bytes()
        other = safetensors(weight=9) if name.endswith("safetensors") else content + b" "
        after = ADAPTER.identity(str(make(**{name.replace(".", "__"): other})))
        assert after is not None
        assert after.digest != before.digest, name


def test_a_readme_does_not_enter_the_digest_but_tells_the_licence(make: Make) -> None:
    before = _checkpoint.identity(str(make()))
    after = _checkpoint.identity(str(make(README__md="---\nlicense: cc-by-4.0\n---\n# Model\n")))
    assert before is not None
    assert after is not None
    assert (before.digest, before.licence) == (after.digest, "")
    assert after.licence == "cc-by-4.0"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"config__json": None}, "no readable config.json"),
        ({"config__json": "{"}, "no readable config.json"),
        ({"config__json": "[]"}, "no readable config.json"),
        ({"model__safetensors": None}, "no weights"),
        ({"model__safetensors": None, "pytorch_model__bin": b"x"}, "pickle"),
        ({"model__safetensors": b""}, "no safetensors file"),
        ({"model__safetensors": b"\x80\x02}q\x00."}, "no safetensors file"),
        ({"model__safetensors": b"PK\x03\x04" + bytes(400)}, "no safetensors file"),
        ({"model__safetensors": safetensors(weight=9)[:-1]}, "truncated"),
        ({"model__safetensors": safetensors(weight=9)[:20]}, "no safetensors file"),
        ({"model__safetensors": safetensors(weight=9) + b"x"}, "too long"),
        ({"model__safetensors": struct.pack("<Q", 4) + b"[1]]" + bytes(9)}, "cannot be read"),
        ({"model__safetensors": struct.pack("<Q", 2) + b"{}"}, "no tensors"),
    ],
)
def test_broken_folders_are_refused(make: Make, changes: dict[str, Any], said: str) -> None:
    needs_library()
    assert said in refused(make(**changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architectures": ["BertForMaskedLM"]}, "another task"),
        ({"architectures": ["BertForSequenceClassification"]}, "another task"),
        ({"id2label": None}, "names no labels"),
        ({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}, "names no labels"),
        ({"id2label": {"0": "NOUN", "1": "VERB"}}, "no 'O'"),
    ],
)
def test_models_for_another_task_are_refused(
    make: Make, changes: dict[str, Any], said: str
) -> None:
    needs_library()
    assert said in refused(make(config__json=json.dumps(CONFIG | changes)))


def test_a_missing_part_of_split_weights_is_named(make: Make) -> None:
    needs_library()
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    folder = make(
        model__safetensors=None,
        **{
            "model-1__safetensors": safetensors(a=4),
            "model__safetensors__index__json": json.dumps(index),
        },
    )
    assert "model-2.safetensors" in refused(folder)


def test_an_adapter_without_its_encoder_says_which(make: Make) -> None:
    needs_library()
    folder = make(
        model__safetensors=None,
        adapter_config__json=json.dumps({"base_model_name_or_path": "nobody/nothing"}),
        adapter_model__safetensors=safetensors(a=4),
    )
    assert "nobody/nothing" in refused(folder)


def test_a_hub_id_that_is_not_cached_is_unavailable_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_library()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert ADAPTER.identity("nobody/nothing") is None
    with pytest.raises(BackendUnavailable, match="downloads are off") as caught:
        ADAPTER.load(LoadRequest(model="nobody/nothing", task="ner", offline=True))
    assert caught.value.install


def test_a_hub_id_is_found_in_the_hubs_cache(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make()
    cache = tmp_path / "hub" / "models--some--model"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc")
    shutil.copytree(folder, cache / "snapshots" / "abc", ignore=shutil.ignore_patterns("hub"))
    shutil.copytree(folder, cache / "snapshots" / "def", ignore=shutil.ignore_patterns("hub"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for model, commit in (("some/model", "abc"), ("some/model@def", "def")):
        found = _checkpoint.find(model)
        assert found is not None
        assert found.folder == cache / "snapshots" / commit
    assert _checkpoint.find("some/model@other") is None


@pytest.mark.parametrize("model", ["../x/y/z", "a/b/c", "a b", "", "/etc", "x/../y"])
def test_what_is_neither_path_nor_hub_id_is_never_fetched(model: str) -> None:
    reason = ADAPTER.unavailable(model)
    assert reason is not None
    assert "\n" not in reason


# Tiny models made on the spot


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random tagger with a fast tokenizer over a handful of pieces."""
    needs_library()
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,-'!?\""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    raw = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    raw.normalizer = BertNormalizer(lowercase=True)
    raw.pre_tokenizer = BertPreTokenizer()
    raw.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=raw, model_max_length=64, unk_token="[UNK]", pad_token="[PAD]",
        cls_token="[CLS]", sep_token="[SEP]",
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64,
        id2label={0: "O", 1: "B-PER", 2: "I-PER"}, label2id={"O": 0, "B-PER": 1, "I-PER": 2},
        initializer_range=0.5,
    )  # fmt: skip
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


def load(model: Path | str, **options: Any) -> TransformersBackend:
    request = LoadRequest(model=str(model), task="ner", options=options, offline=True)
    return ADAPTER.load(request)


def ask(backend: TransformersBackend, text: str) -> list[tuple[str, str]]:
    (raw,) = backend.predict([text])
    found = backend.annotations(text, raw).entities or ()
    assert backend.characters_seen(text, raw) == len(text)
    return [(text[entity.start : entity.end], entity.label) for entity in found]


@pytest.mark.models
def test_a_tiny_model_runs_and_computes_in_float32(tiny: Path) -> None:
    import torch

    backend = load(tiny, stride=8)
    assert backend.labels == ("PER",)
    assert {p.dtype for p in backend._model.parameters()} == {torch.float32}
    assert backend.identity.notes["stride"] == "8"


@pytest.mark.models
def test_agrees_with_the_model_asked_directly(tiny: Path) -> None:
    """One window, one piece a word: the tags are the arg-max of the library's own logits."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    text = "a b c d e f g h"
    model = AutoModelForTokenClassification.from_pretrained(tiny).eval()
    encoded = AutoTokenizer.from_pretrained(tiny)(text, return_tensors="pt")
    with torch.inference_mode():
        best = model(**encoded).logits[0].argmax(-1).tolist()[1:-1]
    backend = load(tiny, stride=8)
    (raw,) = backend.predict([text])
    tagged = {at for e in raw.entities for at in range(e.start, e.end) if text[at] != " "}
    assert tagged == {2 * i for i, tag in enumerate(best) if tag}


@pytest.mark.models
@pytest.mark.parametrize("aggregation", ["first", "max", "mean"])
def test_words_are_never_cut_and_all_is_seen(tiny: Path, aggregation: str) -> None:
    backend = load(tiny, stride=8, aggregation=aggregation)
    text = "Jane O'Brien-Smith of Zürich, said: Me\u0301xico! \u200b😀 " * 40
    (raw,) = backend.predict([text])
    assert raw.entities
    assert backend.characters_seen(text, raw) == len(text)
    for entity in raw.entities:
        inner = text[entity.start : entity.end]
        assert inner == inner.strip()
        for edge, outside in ((entity.start, entity.start - 1), (entity.end - 1, entity.end)):
            if 0 <= outside < len(text):
                assert not (text[edge].isalnum() and text[outside].isalnum()), inner


@pytest.mark.models
def test_no_entity_crosses_a_paragraph(tiny: Path) -> None:
    backend = load(tiny, stride=8)
    text = "\r\n".join(["jane smith spoke", "", "of peace \n and war"] * 30)
    (raw,) = backend.predict([text])
    assert raw.entities
    assert not any("\n" in text[e.start : e.end] or "\r" in text[e.start : e.end] for e in raw[0])


@pytest.mark.models
def test_batches_of_any_size_give_the_same(tiny: Path) -> None:
    texts = [f"{'word ' * length}x." for length in (1, 90, 3, 0, 40, 7)]
    answers = []
    for size in (1, 4, 100):
        backend = load(tiny, stride=8, batch_size=size)
        answers.append([[(e.start, e.end) for e in raw.entities] for raw in backend.predict(texts)])
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.models
def test_a_lost_window_shows_in_the_characters_seen(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = load(tiny, stride=8)
    run = backend._run
    monkeypatch.setattr(backend, "_run", lambda batch, ids, rows: run(batch[1:], ids, rows))
    text = "abc def. " * 200
    (raw,) = backend.predict([text])
    assert backend.characters_seen(text, raw) < len(text)


@pytest.mark.models
@pytest.mark.parametrize("options", [{"stride": 31}, {"stride": 64}, {"window": 10, "stride": 4}])
def test_a_stride_without_room_is_refused(tiny: Path, options: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="no room"):
        load(tiny, **options)


@pytest.mark.models
def test_other_weights_than_the_config_says_are_refused(tiny: Path, tmp_path: Path) -> None:
    """What `from_pretrained` would fill at random."""
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny, tmp_path / "headless")
    weights = load_file(folder / "model.safetensors")
    save_file(
        {key: value for key, value in weights.items() if not key.startswith("classifier")},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(BackendUnavailable, match=r"lack 2 tensors.*classifier"):
        load(folder)


@pytest.mark.models
def test_a_model_with_its_own_code_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "code")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "other", "auto_map": {"AutoConfig": "code.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("raise SystemExit('this code must never run')\n")
    with pytest.raises(BackendUnavailable, match="cannot be loaded"):
        load(folder)


@pytest.mark.models
def test_a_model_without_fast_tokenizer_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "slow")
    (folder / "tokenizer.json").unlink()
    settings = {"tokenizer_class": "CanineTokenizer", "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(BackendUnavailable, match="token"):
        load(folder)


# The reference model


@pytest.fixture(scope="session")
def reference() -> TransformersBackend:
    reason = ADAPTER.unavailable("reference")
    if reason:
        pytest.skip(reason)
    return load("reference")


@pytest.mark.models
def test_the_reference_model_finds_names(reference: TransformersBackend) -> None:
    text = "Angela Merkel met Emmanuel Macron in Paris.\n\nMicrosoft opened an office in Berlin."
    found = ask(reference, text)
    for wanted in (("Angela Merkel", "PER"), ("Emmanuel Macron", "PER"), ("Paris", "LOC"),
                   ("Microsoft", "ORG"), ("Berlin", "LOC")):  # fmt: skip
        assert wanted in found


@pytest.mark.models
def test_texts_are_slices_not_what_the_tokenizer_makes_of_them(
    reference: TransformersBackend,
) -> None:
    found = ask(reference, "😀 President Erdoğan spoke in São Paulo.")
    assert ("Erdoğan", "PER") in found
    assert ("São Paulo", "LOC") in found


@pytest.mark.models
@pytest.mark.parametrize("which", ["reference", "larger"])
def test_windows_may_fall_anywhere(which: str, request: pytest.FixtureRequest) -> None:
    """20,000 characters in one paragraph: what stands before changes nothing further on."""
    if which == "larger" and not LARGER.is_dir():
        pytest.skip("needs the model in ../shared/models")
    backend = request.getfixturevalue("reference") if which == "reference" else load(LARGER)
    seeds = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))
    text = " ".join(" ".join(path.read_text("utf-8").split()) for path in seeds)[:20_000]
    assert len(text) == 20_000
    prefixes = ["", "Yes. ", "Rain fell on the roofs of the old town all morning. " * 7]
    found = []
    for prefix in prefixes:
        (raw,) = backend.predict([prefix + text])
        assert backend.characters_seen(prefix + text, raw) == len(prefix + text)
        moved = [(e.start - len(prefix), e.end - len(prefix), e.label) for e in raw.entities]
        # 512 pieces of English are about 2,500 characters: the context that is promised.
        found.append({entity for entity in moved if entity[0] >= 2_500})
    assert len(found[0]) > 200
    assert found[0] == found[1] == found[2]
