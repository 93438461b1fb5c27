"""`gliner/<hub id or folder>`: zero-shot entities, prompted with the labels of the gold's schema.

What it was asked for is part of what it answers, so the prompts are in the model's identity and
in the key of the predictions store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.adapter import Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.adapters._hub import HubAdapter, first_line
from harness.adapters._paragraphs import encodable, paragraphs, words
from harness.adapters._windows import plan
from harness.annotation import Annotations, Entity, Span
from harness.errors import BackendUnavailable, UsageError

_CONFIG = "gliner_config.json"
_READ = {".json", ".txt", ".model"}
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")

# Labels as a reader would say them; GLiNER matches texts with these words.
PROMPTS = {
    "PER": "person",
    "PERSON": "person",
    "ORG": "organization",
    "GPE": "country, city or state",
    "LOC": "location",
    "MISC": "nationality, event or work of art",
    "NORP": "nationality, religious or political group",
    "FAC": "building, airport, highway or bridge",
    "WORK_OF_ART": "title of a book, song or film",
    "LAW": "law or treaty",
    "PERCENT": "percentage",
    "MONEY": "amount of money",
    "QUANTITY": "measurement",
    "ORDINAL": "ordinal number",
    "CARDINAL": "number",
    "politicalparty": "political party",
    "organisation": "organization",
    "misc": "nationality or other name",
}


class _Chunk(NamedTuple):
    text: int
    start: int
    end: int
    kept: Span
    """Entities that begin here are taken from this chunk."""


class GlinerBackend(Backend):
    """A GLiNER model and what it is asked for."""

    def __init__(
        self,
        model: Any,
        identity: ModelIdentity,
        prompts: dict[str, str],
        options: Mapping[str, Option],
    ) -> None:
        self.labels = tuple(prompts)
        self.identity = identity
        self._model = model
        self._asked = {prompt: label for label, prompt in prompts.items()}
        self._threshold = float(options["threshold"])
        self._batch_size = max(1, int(options["batch_size"]))
        self._wrapped = bool(options["wrapped"])
        longest = getattr(getattr(model, "config", None), "max_len", None)
        window = int(options["window"])
        self._window = min(window, longest) if isinstance(longest, int) else window
        self._stride = int(options["stride"])
        if self._window <= 2 * self._stride:
            raise UsageError(
                f"a window of {self._window} words has no room for stride={self._stride} on both "
                "sides"
            )

    def predict(self, texts: Sequence[str]) -> list[list[Entity]]:
        """GLiNER's entities, one list per text; long paragraphs in overlapping windows."""
        chunks = [
            chunk for number, text in enumerate(texts) for chunk in self._chunks(number, text)
        ]
        entities: list[list[Entity]] = [[] for _ in texts]
        if not chunks:
            return entities
        answers = self._model.inference(
            [encodable(texts[chunk.text][chunk.start : chunk.end]) for chunk in chunks],
            list(self._asked),
            flat_ner=True,
            threshold=self._threshold,
            multi_label=False,
            batch_size=self._batch_size,
        )
        for chunk, answer in zip(chunks, answers, strict=True):
            for item in sorted(answer, key=lambda item: (item["start"], item["end"])):
                start, end = chunk.start + item["start"], chunk.start + item["end"]
                own = entities[chunk.text]
                # At a seam an entity of the chunk before may reach over.
                if start in range(*chunk.kept) and not (own and start < own[-1].end):
                    label = self._asked[item["label"]]
                    own.append(Entity(start, end, label, float(item["score"])))
        return entities

    def annotations(self, text: str, raw: list[Entity]) -> Annotations:
        return Annotations(tuple(raw))

    def characters_seen(self, text: str, raw: list[Entity]) -> int:
        """All: no chunk is longer than the model reads."""
        return len(text)

    def _chunks(self, number: int, text: str) -> Iterable[_Chunk]:
        for at, stop in paragraphs(text, wrapped=self._wrapped):
            part = text[at:stop]
            spans = list(words(part))
            starts = [span.start for span in spans]
            for window in plan(part, starts, limit=self._window, context=self._stride):
                first, last = window.first, window.last
                after = starts[last] if last < len(starts) else len(part)
                yield _Chunk(
                    number,
                    at + starts[window.start],
                    at + spans[window.stop - 1].end,
                    Span(at + starts[first], at + after),
                )


class GlinerAdapter(HubAdapter):
    """GLiNER models: span-based, zero-shot.

    Options: `threshold`, `batch_size`, `window` (words), `stride` (words of context on either side
    of a window), `wrapped` (single line breaks do not end a paragraph).
    """

    declaration = Declaration(
        name="gliner",
        tasks=("ner",),
        summary="GLiNER: zero-shot entities, prompted with the gold's labels",
        requires=("gliner>=0.2.20,<0.3", "transformers>=4.51.3,<5.17", "torch>=2.4"),
        install="harness env create gliner  # its pins conflict with transformers 5",
        code_licence="Apache-2.0",
        model_licence="",
        labels=None,
        default_models=(),
        traps=(
            "sentences over the model's length (384 words) are cut with a warning only; windows "
            "here",
            "its answers depend on the words it is asked with; they are written into the run",
            "older models fetch their encoder's tokenizer from the hub while loading",
        ),
        confidences=True,
    )

    options: Mapping[str, Option] = {
        "threshold": 0.5,
        "batch_size": 8,
        "window": 300,
        "stride": 40,
        "wrapped": False,
    }
    example = "gliner/urchade/gliner_small-v2.1, or a folder"
    absent = "folder {} with a GLiNER model"
    fetched = ("*.json", "*.txt", "*.model", *_WEIGHTS)
    notes: Mapping[str, str] = {"dtype": "float32"}

    def check(self, place: Path) -> str | None:
        if not (place / _CONFIG).is_file():
            return f"{place} has no {_CONFIG}: it holds no GLiNER model"
        if not any((place / name).is_file() for name in _WEIGHTS):
            return f"{place} has no weights ({' or '.join(_WEIGHTS)})"
        return None

    def files(self, model: str) -> list[Path]:
        place = self.place(model)
        return [
            path
            for path in (place.iterdir() if place else ())
            if path.is_file() and (path.suffix in _READ or path.name in _WEIGHTS)
        ]

    def open(self, request: LoadRequest, identity: ModelIdentity) -> GlinerBackend:
        """`request.labels` are what it is asked for. Raises `BackendUnavailable` without any."""
        if not request.labels:
            raise BackendUnavailable(
                "GLiNER finds what it is asked for, and no labels were given",
                install="harness predict gliner/... --labels PER,ORG,LOC",
            )
        prompts = prompts_for(request.labels)
        asked = "; ".join(f"{label}={prompt}" for label, prompt in prompts.items())
        identity = replace(identity, notes={**identity.notes, "prompts": asked})
        model = _load(self.here(request.model))
        return GlinerBackend(model, identity, prompts, request.options)


def prompts_for(labels: Sequence[str]) -> dict[str, str]:
    """Label -> words to ask with, in order; two labels never share them."""
    prompts: dict[str, str] = {}
    for label in labels:
        plain = label.replace("_", " ").replace("-", " ").lower()
        words_for = PROMPTS.get(label, plain)
        while words_for in prompts.values():
            words_for = f"{words_for} ({label})"
        prompts[label] = words_for
    return prompts


def _load(folder: Path) -> Any:
    try:
        from gliner import GLiNER

        model = GLiNER.from_pretrained(str(folder), local_files_only=True, map_location="cpu")
        return model.float().eval()
    except Exception as error:  # whatever a broken folder makes it raise
        raise BackendUnavailable(f"{folder.name} cannot be loaded: {first_line(error)}") from error


ADAPTER = GlinerAdapter()
