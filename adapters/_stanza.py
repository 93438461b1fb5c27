"""Stanza's model files: which there are, what belongs to each, and a pipeline without a download.

A model is `reference` (this project's own), `PATH.pt`, `PATH.pt+VECTORS.pt`, or a language that
Stanza's resources folder holds (`en`, `en:conll03_charlm`). Imports Stanza only to load.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.adapter import ModelIdentity
from harness.adapters._hub import first_line
from harness.digest import digest_files, digest_text
from harness.errors import BackendUnavailable

__all__ = [
    "INSTALL",
    "Files",
    "check",
    "download",
    "find",
    "identity",
    "is_language",
    "load",
    "load_tokenizer",
    "missing_message",
    "resources_folder",
]

REFERENCE = Path(__file__).parent / "models" / "stanza-reference" / "reference.pt"
REFERENCE_LICENCE = "MIT"
INSTALL = "pip install 'nlp-harness[stanza]'"

_DEPENDENCIES = ("pretrain", "forward_charlm", "backward_charlm")


@dataclass(frozen=True, slots=True)
class Files:
    """A tagger with what it needs."""

    name: str
    tagger: Path
    language: str
    pretrain: Path | None = None
    forward_charlm: Path | None = None
    backward_charlm: Path | None = None
    tokenizer: Path | None = None
    """Stanza's own tokenizer for the language; `None`: spaCy's rules."""

    def all(self) -> list[Path]:
        return [
            path
            for path in (
                self.tagger,
                self.pretrain,
                self.forward_charlm,
                self.backward_charlm,
                self.tokenizer,
            )
            if path is not None
        ]


def resources_folder() -> Path:
    """Where Stanza keeps its models: $STANZA_RESOURCES_DIR, its cache, or ~/stanza_resources.

    The last was Stanza's default before 1.13; it counts where the cache has nothing.
    """
    chosen = os.environ.get("STANZA_RESOURCES_DIR")
    if chosen:
        return Path(chosen)
    try:
        version = metadata.version("stanza")
    except metadata.PackageNotFoundError:
        version = ""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with contextlib.suppress(ImportError):
        from platformdirs import user_cache_dir

        cache = Path(user_cache_dir("stanza", "StanfordNLP")).parent
    own, older = cache / "stanza" / version / "resources", Path.home() / "stanza_resources"
    return older if older.is_dir() and not own.is_dir() else own


def is_language(model: str) -> bool:
    """Whether this names a language, with or without a package: `en`, `zh-hans:ontonotes`."""
    return re.fullmatch(r"[a-z]{2,3}(-[a-z]+)?(:[\w.-]+)?", model, re.ASCII) is not None


def find(model: str) -> Files | None:
    """The files on this machine that `model` names, or `None`.

    Vectors and character models that an installed package asks for are named even where they are
    missing; `check` tells.
    """
    if model == "reference":
        return Files("reference", REFERENCE, "en") if REFERENCE.is_file() else None
    path, plus, vectors = model.partition("+") if not Path(model).exists() else (model, "", "")
    file = Path(path).expanduser()
    if file.is_file():
        language = re.match(r"([a-z]{2,3}(?:-[a-z]+)?)_", file.name)
        code = language[1] if language else "en"
        pretrain = Path(vectors).expanduser() if plus else None
        return Files(file.name, file, code, pretrain, tokenizer=_tokenizer(code))
    return _installed(model) if is_language(model) else None


def check(files: Files) -> str | None:
    """What is missing or broken among the files, without reading the weights."""
    for path in files.all():
        if not path.is_file():
            return (
                f"{files.name} needs {path.parent.name}/{path.name}, which is not in "
                f"{path.parent}; {_download(files.language)}"
            )
        with path.open("rb") as handle:
            head = handle.read(4)
        # torch.save writes a zip archive, or in its older form a pickle of protocol 2.
        if head != b"PK\x03\x04" and head[:2] != b"\x80\x02":
            return f"{path} is no torch file: it begins with {head!r}"
    return None


def identity(model: str) -> ModelIdentity | None:
    """Digest and size of every file that is loaded, the tokenizer's too."""
    files = find(model)
    if files is None or check(files):
        return None
    paths = files.all()
    return ModelIdentity(
        name=files.name,
        digest=digest_text("\n".join(digest_files([path]) for path in paths)),
        licence=REFERENCE_LICENCE if model == "reference" else "",
        size_bytes=sum(path.stat().st_size for path in paths),
        notes={"tokenizer": "stanza" if files.tokenizer else "spacy"},
    )


def load(files: Files, *, batch_size: int) -> Any:
    """A `stanza.Pipeline` with nothing but the tagger; downloads nothing.

    Raises `BackendUnavailable` when the weights cannot be read or the word vectors are not there:
    Stanza itself loads such a tagger without a word and tags at random.
    """
    checkpoint = _read(files.tagger)
    _check_vectors(files, checkpoint)
    import stanza

    options = {
        "ner_model_path": str(files.tagger),
        "ner_pretrain_path": str(files.pretrain or ""),
        "ner_forward_charlm_path": str(files.forward_charlm or ""),
        "ner_backward_charlm_path": str(files.backward_charlm or ""),
        "ner_batch_size": batch_size,
    }
    try:
        with _bare_resources() as folder:
            pipeline = stanza.Pipeline(
                # Tokenisation happens elsewhere; only English has a tokenizer without a model.
                "en",
                dir=folder,
                package=None,
                processors={"tokenize": "spacy", "ner": "own"},
                download_method=None,
                use_gpu=False,
                verbose=False,
                **options,
            )
    except Exception as error:  # Stanza raises whatever a missing or foreign file makes it raise
        raise BackendUnavailable(f"{files.name} cannot be loaded: {first_line(error)}") from error
    _check_complete(files, pipeline.processors["ner"].trainers[0].model, checkpoint)
    return pipeline


def load_tokenizer(files: Files) -> Any:
    """Stanza's own tokenizer of the tagger's language."""
    import stanza

    assert files.tokenizer is not None
    root = files.tokenizer.parent.parent.parent
    try:
        return stanza.Pipeline(
            files.language,
            dir=str(root),
            package=None,
            processors={"tokenize": files.tokenizer.stem},
            download_method=None,
            use_gpu=False,
            verbose=False,
        )
    except Exception as error:
        raise BackendUnavailable(
            f"Stanza's tokenizer {files.tokenizer} cannot be loaded: {first_line(error)}",
            install=_download(files.language),
        ) from error


def download(model: str) -> None:
    """Fetch a language's tokenizer and tagger into the resources folder."""
    language, _, package = model.partition(":")
    import stanza

    try:
        stanza.download(
            language,
            model_dir=str(resources_folder()),
            package=None,
            processors={"tokenize": "default", "ner": package or "default"},
            verbose=False,
        )
    except Exception as error:
        raise BackendUnavailable(
            f"Stanza's {model!r} could not be fetched: {first_line(error)}",
            install="check the name and the network, or give a model file",
        ) from error


def missing_message(model: str) -> str:
    """Why `find` found nothing, with the mend."""
    if is_language(model):
        language = model.partition(":")[0]
        return (
            f"Stanza's {model!r} is not in {resources_folder()}, and downloads are off; "
            f"{_download(language)}"
        )
    return f"there is no file {model!r}; expected a Stanza tagger (.pt) or a language such as en"


def _installed(model: str) -> Files | None:
    language, _, package = model.partition(":")
    root = resources_folder()
    entries = _resources(root).get(language, {})
    package = package or _default(entries, "ner") or _only(root / language / "ner")
    tagger = root / language / "ner" / f"{package}.pt"
    if not package or not tagger.is_file():
        return None
    listed = entries.get("ner", {}).get(package, {}) if isinstance(entries.get("ner"), dict) else {}
    needs = {
        str(item.get("model")): root / language / str(item["model"]) / f"{item.get('package')}.pt"
        for item in listed.get("dependencies", ())
        if isinstance(item, dict) and item.get("model") in _DEPENDENCIES
    }
    return Files(f"{language}:{package}", tagger, language, **needs, tokenizer=_tokenizer(language))


def _tokenizer(language: str) -> Path | None:
    folder = resources_folder() / language / "tokenize"
    entries = _resources(resources_folder()).get(language, {})
    name = _default(entries, "tokenize") or _only(folder)
    file = folder / f"{name}.pt"
    return file if name and file.is_file() else None


def _resources(root: Path) -> dict[str, Any]:
    try:
        value = json.loads((root / "resources.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _default(entries: dict[str, Any], processor: str) -> str:
    try:
        name = entries["packages"]["default"][processor]
    except (KeyError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def _only(folder: Path) -> str:
    files = list(folder.glob("*.pt"))
    return files[0].stem if len(files) == 1 else ""


def _read(path: Path) -> dict[str, Any]:
    """A tagger's file as a dictionary; `weights_only` lets no code in."""
    import torch

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        if {"model", "vocab", "config"} <= checkpoint.keys() and "tag" in checkpoint["vocab"]:
            return dict(checkpoint)
        keys = ", ".join(sorted(map(str, checkpoint))[:6]) or "nothing"
    except Exception as error:
        raise BackendUnavailable(
            f"{path} cannot be read as weights: it is truncated, corrupt or a pickle that holds "
            f"code ({first_line(error)})"
        ) from error
    raise BackendUnavailable(f"{path} is no Stanza entity tagger: it holds {keys}")


def _check_vectors(files: Files, checkpoint: dict[str, Any]) -> None:
    config, weights = checkpoint["config"], checkpoint["model"]
    if not config.get("word_emb_dim") or "word" not in checkpoint["vocab"]:
        return
    own = "word_emb.weight" in weights
    if not own and files.pretrain is None:
        raise BackendUnavailable(
            f"{files.name} was trained with word vectors ({config['word_emb_dim']} dimensions) "
            "that are not in its file; without them it would tag at random. Give them: "
            f"stanza/{files.tagger}+VECTORS.pt"
        )
    if files.pretrain is None:
        return
    from stanza.models.common.pretrain import Pretrain

    try:
        words = Pretrain(str(files.pretrain)).vocab.state_dict()["_id2unit"]
    except Exception as error:
        raise BackendUnavailable(
            f"{files.pretrain} holds no word vectors: {first_line(error)}"
        ) from error
    if list(words) != list(checkpoint["vocab"]["word"]["_id2unit"]):
        raise BackendUnavailable(
            f"{files.pretrain.name} holds other words than {files.name} was trained with; the "
            "tagger would read the wrong vectors"
        )


def _check_complete(files: Files, model: Any, checkpoint: dict[str, Any]) -> None:
    """Stanza loads with `strict=False`: whatever the file lacks stays random."""
    given = {key.replace("crit._", "crits.0._").replace("tag_clf.", "tag_clfs.0.")
             for key in checkpoint["model"]}  # fmt: skip
    elsewhere = ("word_emb.", "charmodel_forward.", "charmodel_backward.", "bert_model.")
    missing = [key for key in model.state_dict() if key not in given]
    missing = [key for key in missing if not key.startswith(elsewhere)]
    if missing:
        raise BackendUnavailable(
            f"{files.name} lacks {len(missing)} of its weights, first {missing[0]}; Stanza would "
            "fill them at random"
        )


@contextlib.contextmanager
def _bare_resources() -> Iterator[str]:
    """A folder that keeps Stanza from asking for its own list of models."""
    with tempfile.TemporaryDirectory(prefix="harness-stanza-") as folder:
        resources = {"en": {"lang_name": "English", "tokenize": {}, "packages": {}}}
        (Path(folder) / "resources.json").write_text(json.dumps(resources), "utf-8")
        yield folder


def _download(language: str) -> str:
    return f"python -c \"import stanza; stanza.download('{language}')\""
