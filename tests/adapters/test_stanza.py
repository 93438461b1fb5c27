"""The Stanza adapter: what it refuses, where it looks, and its offsets."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.adapter import LoadRequest
from harness.adapters import _stanza
from harness.adapters.stanza import ADAPTER, StanzaBackend
from harness.distributions import lacking
from harness.errors import BackendUnavailable, UsageError

TEXT = "Angela Merkel met Emmanuel Macron in Paris.\n\n\tMicrosoft opened an office in Berlin.\n"
LARGER = (
    Path(__file__).resolve().parents[3]
    / "shared/models/stanza_conll03_small/en_conll03_small_single_fp16.pt"
)


def needs_library() -> None:
    library = lacking(("stanza", "torch", "spacy"))
    if library:
        pytest.skip(library)


def load(model: Path | str, **options: Any) -> StanzaBackend:
    needs_library()
    return ADAPTER.load(LoadRequest(model=str(model), task="ner", options=options, offline=True))


def ask(backend: StanzaBackend, text: str) -> list[tuple[str, str]]:
    (raw,) = backend.predict([text])
    assert backend.characters_seen(text, raw) == len(text)
    found = backend.annotations(text, raw).entities or ()
    return [(text[entity.start : entity.end], entity.label) for entity in found]


# Files


@pytest.fixture
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A resources folder that Stanza's own download would have made, with files of one byte."""
    listing = {
        "en": {
            "packages": {"default": {"tokenize": "combined", "ner": "news_charlm"}},
            "ner": {
                "news_charlm": {
                    "dependencies": [
                        {"model": "forward_charlm", "package": "big"},
                        {"model": "backward_charlm", "package": "big"},
                        {"model": "pretrain", "package": "vectors"},
                    ]
                }
            },
        }
    }
    (tmp_path / "resources.json").write_text(json.dumps(listing))
    for name in ("ner/news_charlm", "ner/other", "tokenize/combined", "forward_charlm/big",
                 "backward_charlm/big", "pretrain/vectors"):  # fmt: skip
        file = tmp_path / "en" / f"{name}.pt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"PK\x03\x04" + name.encode())
    monkeypatch.setenv("STANZA_RESOURCES_DIR", str(tmp_path))
    return tmp_path


def test_an_installed_language_is_found_with_all_that_it_needs(resources: Path) -> None:
    found = _stanza.find("en")
    assert found is not None
    assert found.name == "en:news_charlm"
    folder = resources / "en"
    assert found.all() == [
        folder / "ner/news_charlm.pt",
        folder / "pretrain/vectors.pt",
        folder / "forward_charlm/big.pt",
        folder / "backward_charlm/big.pt",
        folder / "tokenize/combined.pt",
    ]
    assert _stanza.check(found) is None


def test_another_package_can_be_named(resources: Path) -> None:
    found = _stanza.find("en:other")
    assert found is not None
    assert found.tagger == resources / "en/ner/other.pt"
    assert found.pretrain is None
    assert _stanza.find("en:nothing") is None
    assert _stanza.find("de") is None


@pytest.mark.parametrize("gone", ["pretrain/vectors", "forward_charlm/big"])
def test_missing_resources_of_a_model_make_it_unavailable(resources: Path, gone: str) -> None:
    needs_library()
    (resources / "en" / f"{gone}.pt").unlink()
    reason = ADAPTER.unavailable("en")
    assert reason is not None
    assert gone in reason
    assert "stanza.download('en')" in reason
    assert ADAPTER.identity("en") is None
    with pytest.raises(BackendUnavailable, match=gone):
        load("en")


def test_every_file_enters_the_digest(resources: Path) -> None:
    seen = {_stanza.identity("en").digest}  # type: ignore[union-attr]
    for path in _stanza.find("en").all():  # type: ignore[union-attr]
        path.write_bytes(path.read_bytes() + b"!")
        seen.add(_stanza.identity("en").digest)  # type: ignore[union-attr]
    assert len(seen) == 6


def test_a_language_that_is_not_here_is_unavailable_offline(resources: Path) -> None:
    needs_library()
    with pytest.raises(BackendUnavailable, match=r"downloads are off.*stanza.download\('fi'\)"):
        load("fi")


def test_a_language_is_told_from_a_path() -> None:
    assert all(map(_stanza.is_language, ("en", "zh-hans", "en:conll03_charlm", "grc")))
    assert not any(map(_stanza.is_language, ("model.pt", "/en", "en/x", "", "english", "en:a/b")))
    assert ADAPTER.unavailable("no/such/file.pt")
    assert ADAPTER.unavailable("")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x08\x00\x00\x00"])
def test_a_file_that_no_torch_wrote_is_refused_unread(tmp_path: Path, content: bytes) -> None:
    needs_library()
    file = tmp_path / "en_model.pt"
    file.write_bytes(content)
    assert "no torch file" in str(ADAPTER.unavailable(str(file)))
    with pytest.raises(BackendUnavailable, match="no torch file"):
        load(file)


# Weights


@pytest.fixture(scope="session")
def checkpoint() -> dict[str, Any]:
    """The reference model's file as a dictionary, to be broken."""
    needs_library()
    import torch

    return torch.load(_stanza.REFERENCE, map_location="cpu", weights_only=True)


def save(checkpoint: dict[str, Any], path: Path, **changes: Any) -> Path:
    import torch

    torch.save(checkpoint | changes, path, _use_new_zipfile_serialization=False)
    return path


@pytest.mark.models
def test_a_tagger_without_its_word_vectors_is_refused(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    """Stanza would load it without a word and tag at random."""
    weights = {k: v for k, v in checkpoint["model"].items() if k != "word_emb.weight"}
    file = save(checkpoint, tmp_path / "en_bare.pt", model=weights)
    with pytest.raises(BackendUnavailable, match=r"word vectors.*\+VECTORS.pt"):
        load(file)


@pytest.mark.models
def test_vectors_in_a_file_of_their_own_give_the_same_answers(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    import torch

    weights = dict(checkpoint["model"])
    vectors = {"vocab": checkpoint["vocab"]["word"], "emb": weights.pop("word_emb.weight")}
    torch.save(vectors, tmp_path / "vectors.pt")
    file = save(checkpoint, tmp_path / "en_bare.pt", model=weights)
    model = f"{file}+{tmp_path / 'vectors.pt'}"
    assert ask(load(model), TEXT) == ask(load("reference"), TEXT)
    before = ADAPTER.identity(model)
    torch.save(vectors | {"emb": vectors["emb"] * 2}, tmp_path / "vectors.pt")
    after = ADAPTER.identity(model)
    assert before is not None
    assert after is not None
    assert before.digest != after.digest


@pytest.mark.models
def test_other_vectors_are_refused(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    """Same shape, other order of words: Stanza would take them."""
    import torch

    vocabulary = dict(checkpoint["vocab"]["word"])
    words = list(vocabulary["_id2unit"])
    words[10], words[11] = words[11], words[10]
    vocabulary |= {"_id2unit": words, "_unit2id": {w: i for i, w in enumerate(words)}}
    torch.save(
        {"vocab": vocabulary, "emb": checkpoint["model"]["word_emb.weight"]},
        tmp_path / "vectors.pt",
    )
    file = save(checkpoint, tmp_path / "en_model.pt")
    with pytest.raises(BackendUnavailable, match="other words"):
        load(f"{file}+{tmp_path / 'vectors.pt'}")


@pytest.mark.models
def test_missing_weights_are_not_filled_at_random(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    weights = {k: v for k, v in checkpoint["model"].items() if not k.startswith("tag_clf")}
    file = save(checkpoint, tmp_path / "en_model.pt", model=weights)
    with pytest.raises(BackendUnavailable, match=r"lacks 2 of its weights, first tag_clfs"):
        load(file)


@pytest.mark.models
def test_a_truncated_file_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "en_model.pt"
    file.write_bytes(_stanza.REFERENCE.read_bytes()[:-50_000])
    with pytest.raises(BackendUnavailable, match="truncated, corrupt"):
        load(file)


class Code:
    """A pickle that runs code when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('this code must never run')",)


@pytest.mark.models
def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    needs_library()
    file = tmp_path / "en_model.pt"
    file.write_bytes(pickle.dumps(Code(), protocol=2))
    with pytest.raises(BackendUnavailable, match="pickle that holds"):
        load(file)


@pytest.mark.models
def test_a_model_for_another_task_is_refused(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    vocabulary = {"word": checkpoint["vocab"]["word"]}
    file = save(checkpoint, tmp_path / "en_pos.pt", vocab=vocabulary)
    with pytest.raises(BackendUnavailable, match="no Stanza entity tagger"):
        load(file)


# Answers


@pytest.mark.models
def test_the_reference_model_finds_names() -> None:
    backend = load("reference")
    assert backend.labels == ("LOC", "MISC", "ORG", "PER")
    assert ask(backend, TEXT) == [
        ("Angela Merkel", "PER"), ("Emmanuel Macron", "PER"), ("Paris", "LOC"),
        ("Microsoft", "ORG"), ("Berlin", "LOC"),
    ]  # fmt: skip


@pytest.mark.models
def test_white_space_stays_as_it_is_and_no_entity_has_any_at_its_edge() -> None:
    text = "\r\n\r\n  Angela   Merkel\u00a0\r\nmet\u2003Macron \n in\tParis\n\n\n😀 Berlin."
    found = ask(load("reference"), text)
    assert ("Paris", "LOC") in found
    assert all(entity == entity.strip() and "\n" not in entity for entity, _ in found)


@pytest.mark.models
def test_a_span_that_is_not_what_stanza_says_is_an_error() -> None:
    backend = load("reference")
    (raw,) = backend.predict([TEXT])
    with pytest.raises(ValueError, match="the text has"):
        backend.annotations("x" + TEXT, raw)


@pytest.mark.models
def test_options_are_checked() -> None:
    with pytest.raises(UsageError, match="tokenizer=own"):
        load("reference", tokenizer="own")
    with pytest.raises(BackendUnavailable, match="tokenizer for 'en' is not in"):
        load("reference", tokenizer="stanza")


@pytest.mark.models
def test_text_that_was_tokenised_before_keeps_its_tokens() -> None:
    backend = load("reference", tokenizer="spaces")
    text = "German-born Angela Merkel , ex-chancellor"
    (raw,) = backend.predict([text])
    tokens = [token.text for _, document in raw.parts for token in document.iter_tokens()]
    assert tokens == text.split()
    assert backend.identity.notes["tokenizer"] == "spaces"


@pytest.mark.models
def test_stanzas_own_tokenizer_is_used_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tokenizer with random weights: its tokens are odd, its offsets must be right."""
    needs_library()
    import torch
    from stanza.models.tokenization.trainer import Trainer
    from stanza.models.tokenization.vocab import Vocab

    (tmp_path / "en/ner").mkdir(parents=True)
    (tmp_path / "en/tokenize").mkdir(parents=True)
    shutil.copy(_stanza.REFERENCE, tmp_path / "en/ner/small.pt")
    listing = {"en": {"lang_name": "English", "ner": {"small": {}}, "tokenize": {"own": {}},
                      "packages": {"default": {"tokenize": "own", "ner": "small"}}}}  # fmt: skip
    (tmp_path / "resources.json").write_text(json.dumps(listing))
    monkeypatch.setenv("STANZA_RESOURCES_DIR", str(tmp_path))
    vocabulary = Vocab([[(character, 0) for character in sorted(set(TEXT))]], "en")
    torch.manual_seed(3)
    arguments = {
        "lang": "en", "shorthand": "en_own", "vocab_size": len(vocabulary), "emb_dim": 4,
        "hidden_dim": 4, "dropout": 0.0, "feat_dropout": 0.0, "feat_dim": 5, "rnn_layers": 1,
        "conv_res": None, "hierarchical": False, "hier_invtemp": 0.5, "use_mwt": False,
        "feat_funcs": ["space_before", "capitalized", "numeric", "end_of_para", "start_of_para"],
        "max_seqlen": 300, "lr0": 0.001, "weight_decay": 0.0, "use_dictionary": False,
        "num_dict_feat": 0, "charlm_forward_file": None, "batch_size": 4, "skip_newline": False,
        "tok_noise": 0.0,
    }  # fmt: skip
    trainer = Trainer(args=arguments, vocab=vocabulary, lexicon=None, dictionary=None, device="cpu")
    trainer.save(str(tmp_path / "en/tokenize/own.pt"))

    backend = load("en")
    assert backend.identity.notes["tokenizer"] == "stanza"
    assert backend.identity.digest == ADAPTER.identity("en").digest  # type: ignore[union-attr]
    (raw,) = backend.predict([TEXT])
    tokens = [
        TEXT[at + token.start_char : at + token.end_char]
        for at, document in raw.parts
        for token in document.iter_tokens()
    ]
    assert tokens
    assert tokens != [word for _, document in raw.parts for word in document.text.split()]
    assert backend.characters_seen(TEXT, raw) == len(TEXT)
    backend.annotations(TEXT, raw)
    spacy = load("en", tokenizer="spacy")
    assert ask(spacy, TEXT) == ask(load("reference"), TEXT)


@pytest.mark.models
def test_the_larger_model_runs_from_its_path() -> None:
    if not LARGER.is_file():
        pytest.skip("needs the model in ../shared/models")
    backend = load(LARGER)
    assert backend.labels == ("LOC", "MISC", "ORG", "PER")
    assert ("Emmanuel Macron", "PER") in ask(backend, TEXT)
