"""`flair/<hub id, folder or file>`: Flair's sequence taggers.

Flair keeps models as pickles, in a form that PyTorch's `weights_only` cannot read. Here an
unpickler reads them that admits tensors, plain values and Flair's own `Dictionary`, by name; a
model that holds anything else is refused, for loading it could run its author's code.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.adapter import Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.adapters._hub import HubAdapter, first_line, local_folder
from harness.adapters._paragraphs import encodable, paragraphs
from harness.annotation import Annotations, Entity, Span
from harness.errors import BackendUnavailable

_WEIGHTS = "pytorch_model.bin"


class Paragraph(NamedTuple):
    """Where a paragraph begins, and Flair's sentences of it."""

    start: int
    sentences: list[Any]


class FlairBackend(Backend):
    """A sequence tagger with Flair's own sentence splitter and tokenizer."""

    def __init__(
        self, tagger: Any, splitter: Any, identity: ModelIdentity, options: Mapping[str, Option]
    ) -> None:
        tags = {str(item) for item in tagger.label_dictionary.get_items()}
        names = {tag[2:] if tag[:2] in ("B-", "I-", "E-", "S-") else tag for tag in tags}
        self.labels = tuple(sorted(names - _NO_LABEL))
        self.identity = identity
        self._tagger = tagger
        self._splitter = splitter
        self._batch_size = max(1, int(options["batch_size"]))
        self._wrapped = bool(options["wrapped"])

    def predict(self, texts: Sequence[str]) -> Iterable[list[Paragraph]]:
        """Flair's sentences with their labels, by paragraph."""
        for text in texts:
            split = [
                Paragraph(span.start, self._splitter.split(encodable(text[slice(*span)])))
                for span in paragraphs(text, wrapped=self._wrapped)
            ]
            sentences = [s for paragraph in split for s in paragraph.sentences if len(s)]
            if sentences:
                self._tagger.predict(sentences, mini_batch_size=self._batch_size)
            yield split

    def annotations(self, text: str, raw: list[Paragraph]) -> Annotations:
        """Flair's spans: offsets in their sentence, that in its paragraph, that in the text.

        Raises `ValueError` when a span has other characters than Flair says.
        """
        entities = []
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
                    entities.append(Entity(*place, label.value, float(label.score)))
        return Annotations(tuple(entities))


class FlairAdapter(HubAdapter):
    """Flair's sequence taggers.

    Options: `batch_size` (sentences), `wrapped` (single line breaks do not end a paragraph).
    """

    declaration = Declaration(
        name="flair",
        tasks=("ner",),
        summary="Flair's sequence taggers",
        requires=("flair>=0.15,<0.16", "transformers>=4.25,<5", "torch>=2.4"),
        install="harness env create flair  # its pins conflict with transformers 5",
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
        confidences=True,
    )

    options: Mapping[str, Option] = {"batch_size": 32, "wrapped": False}
    example = "flair/flair/ner-english-fast, or a file"
    absent = f"Flair model {{}}; expected a file, or a folder with {_WEIGHTS}"
    fetched = (_WEIGHTS,)

    def place(self, model: str) -> Path | None:
        """The file with everything in it."""
        path = Path(model).expanduser()
        if path.is_file():
            return path
        folder = local_folder(model)
        return folder / _WEIGHTS if folder and (folder / _WEIGHTS).is_file() else None

    def check(self, place: Path) -> str | None:
        """Whether it can be loaded is known only when it is read."""
        return None

    def files(self, model: str) -> list[Path]:
        place = self.place(model)
        return [] if place is None else [place]

    def open(self, request: LoadRequest, identity: ModelIdentity) -> FlairBackend:
        tagger = _load(self.here(request.model))
        from flair.splitter import SegtokSentenceSplitter

        return FlairBackend(tagger, SegtokSentenceSplitter(), identity, request.options)


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
