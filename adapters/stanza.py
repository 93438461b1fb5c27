"""`stanza/<language or model file>`: Stanza's entity tagger, offsets and white space as they are.

`stanza/reference` is this project's own small model. Texts are cut into paragraphs first; tokens
are Stanza's own where its tokenizer for the language is installed, else spaCy's rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.adapters import _stanza
from harness.adapters._paragraphs import encodable, paragraphs, words
from harness.annotation import Annotations, Entity, Span
from harness.errors import BackendUnavailable


class StanzaDocuments(NamedTuple):
    """What Stanza made of one text: its documents with where each begins."""

    parts: list[tuple[int, Any]]


class StanzaBackend(Backend):
    """A tagger with a tokenizer."""

    def __init__(
        self, pipeline: Any, tokenize: Any, identity: ModelIdentity, options: Mapping[str, Option]
    ) -> None:
        self.labels = tuple(pipeline.processors["ner"].get_known_tags())
        self.identity = identity
        self._pipeline = pipeline
        self._tokenize = tokenize
        self._wrapped = bool(options["wrapped"])

    def predict(self, texts: Sequence[str]) -> Iterable[StanzaDocuments]:
        """Stanza's documents of each text; the sentences of a text are tagged in batches."""
        for text in texts:
            spans = list(paragraphs(text, wrapped=self._wrapped))
            documents = [self._tokenize(encodable(text[slice(*span)])) for span in spans]
            filled = [
                (span.start, document)
                for span, document in zip(spans, documents, strict=True)
                if document.sentences
            ]
            if filled:
                tagged = self._pipeline.process([d for _, d in filled], processors="ner")
                filled = [(at, d) for (at, _), d in zip(filled, tagged, strict=True)]
            yield StanzaDocuments(filled)

    def annotations(self, text: str, raw: StanzaDocuments) -> Annotations:
        """Stanza's spans, moved to where their paragraph begins.

        Raises `ValueError` when a span has other characters than Stanza says: its offsets would
        point at something else.
        """
        entities = []
        for at, document in raw.parts:
            for span in document.ents:
                entity = Entity(at + span.start_char, at + span.end_char, span.type)
                there = encodable(text[entity.start : entity.end])
                # Stanza writes any white space inside a token as a plain space.
                if not there or there != there.strip() or there.split() != span.text.split():
                    raise ValueError(
                        f"Stanza gives {span.text!r} for characters {entity.start}-{entity.end}, "
                        f"the text has {there!r}"
                    )
                entities.append(entity)
        return Annotations(tuple(entities))

    def characters_seen(self, text: str, raw: StanzaDocuments) -> int:
        """The text's length, less every character but white space that is in no token."""
        covered: list[Span] = []
        for at, document in raw.parts:
            covered.extend(
                Span(at + token.start_char, at + token.end_char) for token in document.iter_tokens()
            )
        seen, end = len(text), 0
        for span in [*covered, Span(len(text), len(text))]:
            seen -= sum(not char.isspace() for char in text[end : span.start])
            end = max(end, span.end)
        return seen


class StanzaAdapter(Adapter):
    """Any entity tagger of Stanza 1.15.

    Options: `batch_size` (sentences), `tokenizer` (`spaces` for text that was tokenised before, a
    sentence a line), `wrapped` (single line breaks do not end a paragraph).
    """

    declaration = Declaration(
        name="stanza",
        tasks=("ner",),
        summary="Stanza's entity tagger: installed languages, model files, the hub",
        requires=("stanza>=1.15,<1.16", "torch>=2.4", "spacy>=3.8,<3.9", "click>=8,<999"),
        install=_stanza.INSTALL,
        code_licence="Apache-2.0",
        model_licence=_stanza.REFERENCE_LICENCE,
        labels=None,
        default_models=("reference",),
        reference=True,
        traps=(
            "Stanza loads a tagger without the word vectors that it was trained with and tags at "
            "random, without a word; refused here",
            "its own 'spacy' tokenizer keeps white-space tokens, so entities begin with line "
            "breaks; paragraphs are cut first and such tokens dropped here",
            "another tokenizer or sentence splitter than the model's own changes its entities",
            "two threads on a busy machine can stall it; workers run with one",
        ),
    )

    options: Mapping[str, Option] = {"batch_size": 32, "tokenizer": "auto", "wrapped": False}
    choices: Mapping[str, tuple[str, ...]] = {"tokenizer": ("auto", "spacy", "stanza", "spaces")}

    def trouble(self, model: str) -> str | None:
        """A language that is not installed is none: it may be fetched."""
        if not model:
            return "no model was named; for example stanza/en, or a file"
        files = _stanza.find(model)
        if files is None:
            return None if _stanza.is_language(model) else _stanza.missing_message(model)
        return _stanza.check(files)

    def identity(self, model: str) -> ModelIdentity | None:
        return _stanza.identity(model)

    def fetch(self, request: LoadRequest) -> None:
        """A language's models, into Stanza's resources folder."""
        if request.offline:
            raise BackendUnavailable(_stanza.missing_message(request.model))
        _stanza.download(request.model)

    def open(self, request: LoadRequest, identity: ModelIdentity) -> StanzaBackend:
        files = _stanza.find(request.model)
        if files is None:
            raise BackendUnavailable(_stanza.missing_message(request.model))
        how = str(request.options["tokenizer"])
        if how == "auto":
            how = "stanza" if files.tokenizer else "spacy"
        if how == "stanza" and files.tokenizer is None:
            raise BackendUnavailable(
                f"Stanza's tokenizer for {files.language!r} is not in {_stanza.resources_folder()}"
            )
        pipeline = _stanza.load(files, batch_size=max(1, int(request.options["batch_size"])))
        identity = replace(identity, notes={**identity.notes, "tokenizer": how})
        return StanzaBackend(pipeline, _TOKENIZERS[how](files), identity, request.options)


def _spacy_rules(files: _stanza.Files) -> Any:
    """spaCy's rules for a language (or for any) as Stanza documents, without white space."""
    import spacy

    try:
        nlp = spacy.blank(files.language.partition("-")[0])
    except ImportError:
        nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")

    def tokenize(text: str) -> Any:
        return _document(
            text,
            (
                [Span(token.idx, token.idx + len(token)) for token in tokens if not token.is_space]
                for tokens in nlp(text).sents
            ),
        )

    return tokenize


def _between_spaces(files: _stanza.Files) -> Any:
    """Tokens as they stand between white space, one sentence."""
    return lambda text: _document(text, [list(words(text, spaces=True))])


def _document(text: str, sentences: Iterable[list[Span]]) -> Any:
    from stanza.models.common.doc import Document

    return Document(
        [
            [
                {
                    "id": (number,),
                    "text": text[token.start : token.end],
                    "misc": f"start_char={token.start}|end_char={token.end}",
                }
                for number, token in enumerate(tokens, 1)
            ]
            for tokens in sentences
            if tokens
        ],
        text,
    )


_TOKENIZERS = {
    "stanza": _stanza.load_tokenizer,
    "spacy": _spacy_rules,
    "spaces": _between_spaces,
}

ADAPTER = StanzaAdapter()
