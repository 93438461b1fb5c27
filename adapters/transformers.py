"""`transformers/<hub id or folder>`: token classification over overlapping windows.

`transformers/reference` is this project's own small model. Every paragraph is read by itself, in
windows where it is long; words are tagged whole, and entities are slices of the text.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.adapter import Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.adapters import _checkpoint
from harness.adapters._checkpoint import Checkpoint
from harness.adapters._hub import HubAdapter, first_line
from harness.adapters._paragraphs import encodable, paragraphs
from harness.adapters._pieces import AGGREGATIONS, tag_words
from harness.adapters._tags import entities, labels_of
from harness.adapters._windows import Window, plan
from harness.annotation import Annotations, Entity
from harness.distributions import requirement_name
from harness.errors import BackendUnavailable, UsageError

INSTALL = "pip install 'nlp-harness[transformers]' && " + _checkpoint.REFERENCE_INSTALL

# These count positions from the padding index on, so that the first ones are never used.
_SHIFTED = {"roberta", "xlm-roberta", "camembert", "longformer", "xlm-roberta-xl", "data2vec-text"}


class Read(NamedTuple):
    """What came of one text."""

    entities: list[Entity]
    unseen: int
    """Characters of pieces that no window answered for; 0 unless something is wrong."""


class _Job(NamedTuple):
    paragraph: int
    window: Window


class TransformersBackend(Backend):
    """A token classifier with its fast tokenizer."""

    def __init__(
        self, model: Any, tokenizer: Any, identity: ModelIdentity, options: Mapping[str, Option]
    ) -> None:
        names = model.config.id2label
        self._tags = [str(names[number]) for number in range(len(names))]
        self.labels = labels_of(self._tags)
        self.identity = identity
        self._model = model
        self._tokenizer = tokenizer
        self._batch_size = max(1, int(options["batch_size"]))
        self._aggregation = str(options["aggregation"])
        self._spaces = options["words"] == "spaces"
        self._wrapped = bool(options["wrapped"])
        self._prefix, self._suffix = _special(tokenizer)
        special = len(self._prefix) + len(self._suffix)
        self._limit = _limit(model.config, tokenizer, int(options["window"])) - special
        self._context = int(options["stride"])
        if self._limit <= 2 * self._context:
            raise UsageError(
                f"a window of {self._limit} tokens has no room for stride={self._context} on both "
                f"sides; expected a stride below {max(0, self._limit) / 2:g}"
            )

    def predict(self, texts: Sequence[str]) -> Iterable[Read]:
        """One `Read` per text; windows of all texts share batches of like length."""
        parts = [
            (number, span)
            for number, text in enumerate(texts)
            for span in paragraphs(text, wrapped=self._wrapped)
        ]
        answers = self._read([encodable(texts[number][slice(*span)]) for number, span in parts])
        reads = [Read([], 0) for _ in texts]
        for (number, span), read in zip(parts, answers, strict=True):
            moved = (
                entity._replace(start=entity.start + span.start, end=entity.end + span.start)
                for entity in read.entities
            )
            reads[number] = Read(
                [*reads[number].entities, *moved], reads[number].unseen + read.unseen
            )
        return reads

    def annotations(self, text: str, raw: Read) -> Annotations:
        """The entities; their texts are slices, never the tokenizer's own idea of a word."""
        return Annotations(tuple(raw.entities))

    def characters_seen(self, text: str, raw: Read) -> int:
        """Characters that went through the model; all of them, unless a window was lost."""
        return len(text) - raw.unseen

    def _read(self, texts: Sequence[str]) -> list[Read]:
        import numpy

        if not texts:
            return []
        encoded = self._tokenizer(
            list(texts),
            add_special_tokens=False,
            truncation=False,
            padding=False,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
        jobs = [
            _Job(number, window)
            for number, text in enumerate(texts)
            for window in plan(
                text,
                [start for start, _ in offsets[number]],
                limit=self._limit,
                context=self._context,
            )
        ]
        rows = [numpy.full((len(own), len(self._tags)), numpy.nan, "float32") for own in ids]
        order = sorted(range(len(jobs)), key=lambda n: jobs[n].window.stop - jobs[n].window.start)
        for begin in range(0, len(order), self._batch_size):
            batch = [jobs[n] for n in order[begin : begin + self._batch_size]]
            self._run(batch, ids, rows)
        return [
            self._decode(text, own, probabilities)
            for text, own, probabilities in zip(texts, offsets, rows, strict=True)
        ]

    def _run(self, batch: list[_Job], ids: list[list[int]], rows: list[Any]) -> None:
        """Fill in the kept rows of a batch of windows."""
        import torch

        inputs = [
            [*self._prefix, *ids[job.paragraph][job.window.start : job.window.stop], *self._suffix]
            for job in batch
        ]
        width = max(map(len, inputs))
        pad = self._tokenizer.pad_token_id or 0
        padded = torch.tensor([row + [pad] * (width - len(row)) for row in inputs])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in inputs])
        with torch.inference_mode():
            logits = self._model(input_ids=padded, attention_mask=mask).logits
            probabilities = torch.softmax(logits.float(), dim=-1).numpy()
        for job, row in zip(batch, probabilities, strict=True):
            window = job.window
            shift = len(self._prefix) - window.start
            kept = row[window.first + shift : window.last + shift]
            rows[job.paragraph][window.first : window.last] = kept

    def _decode(self, text: str, offsets: list[tuple[int, int]], rows: Any) -> Read:
        import numpy

        lost = numpy.isnan(rows[:, 0]) if len(rows) else ()
        unseen = sum(end - start for (start, end), gone in zip(offsets, lost, strict=True) if gone)
        tagged = tag_words(
            text,
            offsets,
            rows,
            self._tags,
            aggregation=self._aggregation,
            spaces=self._spaces,
        )
        return Read(entities(tagged), unseen)


class TransformersAdapter(HubAdapter):
    """Any token-classification model with safetensors and a fast tokenizer.

    Options: `stride` (tokens of context on either side of a window), `window` (tokens of the
    longest input), `batch_size` (windows), `aggregation`, `words` (`spaces` for text that was
    tokenised before), `wrapped` (single line breaks do not end a paragraph).
    """

    declaration = Declaration(
        name="transformers",
        tasks=("ner",),
        summary="transformers token classifiers, read in overlapping windows",
        requires=(
            "transformers>=5.0,<6",
            "tokenizers",
            "torch>=2.4",
            "safetensors>=0.4",
            "peft>=0.17",
        ),
        install=INSTALL,
        code_licence="Apache-2.0",
        model_licence=_checkpoint.REFERENCE_LICENCE,
        labels=None,
        default_models=("reference",),
        reference=True,
        traps=(
            "the library's own pipeline drops everything after the model's limit (512 pieces) "
            "unless a stride is given, without a word",
            "the pipeline's `word` is lower-cased and stripped of accents by some tokenizers, so "
            "texts are slices by offset here",
            "aggregation 'simple' cuts words in two ('er' + '##dogan')",
            "a model whose training labelled only the first piece of each corpus token loses "
            "points on raw text, most of all on hyphenated names",
            "version 5 computes in the checkpoint's precision; float32 is fixed here",
        ),
        confidences=True,
    )

    options: Mapping[str, Option] = {
        "stride": 64,
        "window": 512,
        "batch_size": 16,
        "aggregation": "first",
        "words": "script",
        "wrapped": False,
    }
    choices: Mapping[str, tuple[str, ...]] = {
        "aggregation": AGGREGATIONS,
        "words": ("script", "spaces"),
    }
    example = "transformers/dslim/bert-base-NER, or a folder"
    absent = "folder {} with a model"
    fetched = ("*.json", "*.txt", "*.model", "*.safetensors")

    def needs(self, model: str) -> Iterable[str]:
        """Everything, but peft for a low-rank adapter only."""
        checkpoint = _checkpoint.find(model)
        low_rank = checkpoint is not None and checkpoint.is_adapter
        return [n for n in self.declaration.requires if low_rank or requirement_name(n) != "peft"]

    def place(self, model: str) -> Path | None:
        return _checkpoint.folder_of(model)

    def check(self, place: Path) -> str | None:
        return _checkpoint.check(_checkpoint.read(place))

    def identity(self, model: str) -> ModelIdentity | None:
        return _checkpoint.identity(model)

    def open(self, request: LoadRequest, identity: ModelIdentity) -> TransformersBackend:
        model, tokenizer = _load(_checkpoint.read(self.here(request.model)))
        notes = {key: str(request.options[key]) for key in ("aggregation", "stride", "window")}
        identity = replace(identity, notes={**identity.notes, **notes})
        return TransformersBackend(model, tokenizer, identity, request.options)


def _load(checkpoint: Checkpoint) -> tuple[Any, Any]:
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

    name = checkpoint.folder.name
    local = {"trust_remote_code": False, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.tokenizer, **local)
        model, info = AutoModelForTokenClassification.from_pretrained(
            checkpoint.base or checkpoint.folder,
            config=AutoConfig.from_pretrained(checkpoint.folder, **local),
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            **local,
        )
        missing = sorted(info["missing_keys"])
        if checkpoint.base is not None:
            model, missing = _merge(model, checkpoint, missing)
    except Exception as error:  # the library raises whatever a broken folder makes it raise
        raise BackendUnavailable(f"{name} cannot be loaded: {first_line(error)}") from error
    if missing:
        raise BackendUnavailable(
            f"the weights of {name} lack {len(missing)} tensors, first {missing[0]}: it would "
            "answer at random; it was saved for another task or another architecture"
        )
    if not tokenizer.is_fast:
        raise BackendUnavailable(
            f"the tokenizer of {name} is slow: it gives no offsets into the text; save a fast one "
            "(tokenizer.json) into its folder"
        )
    return model.float().eval(), tokenizer


def _merge(model: Any, checkpoint: Checkpoint, missing: list[str]) -> tuple[Any, list[str]]:
    """Add a low-rank adapter to its encoder, and the head that comes with it."""
    from peft import PeftModel
    from safetensors import safe_open

    with safe_open(checkpoint.folder / "adapter_model.safetensors", framework="pt") as weights:
        given = set(weights.keys())
    still = [key for key in missing if f"base_model.model.{key}" not in given]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft and transformers, at each other
        peft = PeftModel.from_pretrained(model, str(checkpoint.folder))
        return peft.merge_and_unload(), still


def _special(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens that the model wants before and after a text."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    ids, mask = encoded["input_ids"], encoded["special_tokens_mask"]
    first = mask.index(0)
    last = len(mask) - mask[::-1].index(0)
    return list(ids[:first]), list(ids[last:])


def _limit(config: Any, tokenizer: Any, wanted: int) -> int:
    """The longest input: what was asked for, unless tokenizer or model take less."""
    limits = [wanted, int(min(tokenizer.model_max_length, 10**9))]
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        shifted = config.model_type in _SHIFTED
        limits.append(positions - ((config.pad_token_id or 0) + 1 if shifted else 0))
    return min(limits)


ADAPTER = TransformersAdapter()
