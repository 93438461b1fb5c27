"""`flair/<hub id, folder or file>`: Flair's sequence taggers.

Flair keeps models as pickles, in a form that PyTorch's `weights_only` cannot read. Here an
unpickler reads them that admits tensors, plain values and Flair's own `Dictionary`, by name; a
model that holds anything else is refused, for loading it could run its author's code.
"""

from __future__ import annotations

import importlib.util
import pickle
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.adapter import Declaration, LoadRequest, ModelIdentity, Option
from harness.adapters import _checkpoint
from harness.adapters._hub import fetch, first_line
from harness.adapters._options import read_options
from harness.adapters._paragraphs import encodable, paragraphs
from harness.annotation import Annotations, Entity, Span
from harness.digest import digest_files
from harness.errors import BackendUnavailable

INSTALL = "harness env create flair  # its pins conflict with transformers 5"

_DEFAULTS: dict[str, Option] = {"batch_size": 32, "wrapped": False}
_WEIGHTS = "pytorch_model.bin"


class Paragraph(NamedTuple):
    """Where a paragraph begins, and Flair's sentences of it."""

    start: int
    sentences: list[Any]


class FlairBackend:
    """A sequence tagger with Flair's own sentence splitter and tokenizer."""

    def __init__(
        self, tagger: Any, splitter: Any, identity: ModelIdentity, options: dict[str, Option]
    ) -> None:
        tags = {str(item) for item in tagger.label_dictionary.get_items()}
        names = {tag[2:] if tag[:2] in ("B-", "I-", "E-", "S-") else tag for tag in tags}
        self.labels: tuple[str, ...] | None = tuple(sorted(names - _NO_LABEL))
        self.identity = identity
        self._tagger = tagger
        self._splitter = splitter
        self._batch_size = max(1, int(options["batch_size"]))
        self._wrapped = bool(options["wrapped"])

    def predict(self, texts: Sequence[str]) -> Iterable[list[Paragraph]]:
        """Flair's sentences with their labels, by paragraph."""
        for text in texts:
            found = [
                Paragraph(span.start, self._splitter.split(encodable(text[slice(*span)])))
                for span in paragraphs(text, wrapped=self._wrapped)
            ]
            sentences = [s for paragraph in found for s in paragraph.sentences if len(s)]
            if sentences:
                self._tagger.predict(sentences, mini_batch_size=self._batch_size)
            yield found

    def annotations(self, text: str, raw: list[Paragraph]) -> Annotations:
        """Flair's spans: offsets in their sentence, that in its paragraph, that in the text.

        Raises `ValueError` when a span has other characters than Flair says.
        """
        found = []
        for paragraph in raw:
            for sentence in paragraph.sentences:
                at = paragraph.start + (sentence.start_position or 0)
                for span in sentence.get_spans(self._tagger.label_type):
                    label = span.get_label(self._tagger.label_type)
                    place = Span(at + span.start_position, at + span.end_position)
                    there = encodable(text[slice(*place)])
                    if there.split() != span.text.split():
                        raise ValueError(
                            f"Flair gives {span.text!r} for characters {place.start}-{place.end}, "
                            f"the text has {there!r}"
                        )
                    found.append(Entity(*place, label.value, float(label.score)))
        return Annotations(tuple(found))


class FlairAdapter:
    """Flair's sequence taggers."""

    declaration = Declaration(
        name="flair",
        tasks=("ner",),
        summary="Flair's sequence taggers",
        requires=("flair>=0.15,<0.16", "transformers>=4.25,<5", "torch>=2.4"),
        install=INSTALL,
        code_licence="MIT",
        model_licence="",
        labels=None,
        default_models=(),
        traps=(
            "its model files are pickles, which can run code when loaded; only tensors and plain "
            "values are admitted here",
            "offsets of spans count from their sentence, not from the text",
            "zero-width characters get no token, so an offset behind one may be wrong; checked "
            "here, and an error of that document",
        ),
    )

    def unavailable(self, model: str) -> str | None:
        """Why it cannot run here. A hub id that is not cached can: its worker may fetch it."""
        if importlib.util.find_spec("flair") is None:
            return f"Flair is not installed; {INSTALL}"
        if not model:
            return "no model was named; for example flair/flair/ner-english-fast, or a file"
        if _find(model) is None:
            if _checkpoint.is_hub_id(model) and not _checkpoint.is_path(model):
                return None
            return (
                f"there is no Flair model {model!r}; expected a file, or a folder with {_WEIGHTS}"
            )
        return None

    def identity(self, model: str) -> ModelIdentity | None:
        file = _find(model)
        if file is None:
            return None
        return ModelIdentity(
            name=file.name if _checkpoint.is_path(model) else model,
            digest=digest_files([file]),
            size_bytes=file.stat().st_size,
        )

    def load(self, request: LoadRequest) -> FlairBackend:
        """Load a tagger; options `batch_size` (sentences, 32), `wrapped`."""
        options = read_options(request.options, _DEFAULTS)
        reason = self.unavailable(request.model)
        if reason:
            raise BackendUnavailable(reason)
        if _find(request.model) is None:
            fetch(request.model, [_WEIGHTS], offline=request.offline)
        file = _find(request.model)
        identity = self.identity(request.model)
        if file is None or identity is None:
            raise BackendUnavailable(f"{request.model} has no {_WEIGHTS}")
        tagger = _load(file)
        from flair.splitter import SegtokSentenceSplitter

        return FlairBackend(tagger, SegtokSentenceSplitter(), identity, options)


_ADMITTED = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("builtins", "set"),
    ("builtins", "dict"),
    ("builtins", "list"),
    ("_io", "BytesIO"),  # a tokenizer's files, as bytes
    ("flair.data", "Dictionary"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch", "device"),
    ("torch", "Size"),
}
_STORAGES = {
    f"{kind}Storage"
    for kind in ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Byte", "Bool")
}
_NO_LABEL = {"O", "<unk>", "<START>", "<STOP>", ""}


def _find(model: str) -> Path | None:
    path = Path(model).expanduser()
    if path.is_file():
        return path
    folder = _checkpoint.local_folder(model) if model else None
    file = folder / _WEIGHTS if folder else None
    return file if file is not None and file.is_file() else None


class _Unpickler(pickle.Unpickler):
    """Finds the classes that a model's weights and settings are made of, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ADMITTED or (module == "torch" and name in _STORAGES):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


class _Narrow:
    """What `torch.load` takes for a pickle module."""

    Unpickler = _Unpickler

    @staticmethod
    def load(file: Any, **options: Any) -> Any:
        return _Unpickler(file, **options).load()


def _is_script(file: Path) -> bool:
    """Whether it is an archive that `torch.load` would hand to TorchScript, past `_Narrow`."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _load(file: Path) -> Any:
    import flair
    import torch
    from flair.models import SequenceTagger

    flair.device = torch.device("cpu")
    if _is_script(file):
        raise BackendUnavailable(f"{file.name} is a TorchScript program, no model of Flair's")
    try:
        # Not `weights_only`, which cannot read the format: `_Narrow` admits less than that would.
        state = torch.load(file, map_location="cpu", weights_only=False, pickle_module=_Narrow)
    except Exception as error:
        raise BackendUnavailable(
            f"{file.name} is truncated, corrupt or a pickle that holds more than plain values "
            f"({first_line(error)}), which is not loaded here"
        ) from error
    kind = state.get("__cls__", "SequenceTagger") if isinstance(state, dict) else "nothing"
    if kind != "SequenceTagger" or "tag_dictionary" not in state:
        raise BackendUnavailable(f"{file.name} is no sequence tagger of Flair, but {kind}")
    try:
        return SequenceTagger.load(state)
    except Exception as error:  # whatever an old or broken file makes it raise
        raise BackendUnavailable(f"{file.name} cannot be loaded: {first_line(error)}") from error


ADAPTER = FlairAdapter()
