"""`syntax/<pipeline>`: who said what, by rules over a dependency parse and the quotation marks.

Direct, indirect and mixed speech, beliefs, intentions and judgements, with null sources and
resolved speakers. The parse is spaCy's (`syntax/en_core_web_sm`) or Stanza's
(`syntax/stanza:en`); the rules are one set for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.adapter import (
    Backend,
    Capabilities,
    Declaration,
    LoadRequest,
    ModelIdentity,
    Option,
)
from harness.adapters import _spacy, _stanza
from harness.adapters._attribution import lexicon, rules
from harness.adapters._attribution.assemble import assemble
from harness.adapters._attribution.identity import with_rules
from harness.adapters._attribution.parsers import SpacyParser, StanzaParser
from harness.adapters._attribution.quotation import quotations
from harness.annotation import Annotations, Attribution
from harness.digest import digest_folder, folder_size
from harness.distributions import lacking
from harness.errors import BackendUnavailable, UsageError

_STANZA = "stanza:"
_STANZA_PROCESSORS = ("tokenize", "pos", "lemma", "depparse")


class SyntaxBackend(Backend):
    """A parser and the rules over it."""

    def __init__(
        self, parser: Any, identity: ModelIdentity, words: lexicon.Lexicon, *, nested: bool
    ) -> None:
        self.identity = identity
        self._parser = parser
        self._words = words
        self._nested = nested

    def predict(self, texts: Sequence[str]) -> Iterable[list[Attribution]]:
        """The attributions of each text: parse, rules and speakers are all timed."""
        for text, parsed in zip(texts, self._parser.parse(texts), strict=True):
            quotes = quotations(text)
            persons = [(m.start, m.end) for m in parsed.mentions if m.label in ("PERSON", "PER")]
            relations = rules.relations(
                text, parsed.paragraphs, quotes, self._words, persons, nested=self._nested
            )
            yield assemble(text, relations, quotes, parsed.mentions)

    def annotations(self, text: str, raw: list[Attribution]) -> Annotations:
        return Annotations(attributions=tuple(raw))


class SyntaxAdapter(_spacy.PipelineAdapter):
    """Our own rules.

    Options: `scope`, what counts as an attribution: classes joined by `+` out of speech, belief,
    perception, evidence, intention, attitude, decree, appearance (default: all, PolNeAR's scope);
    `nested=true` keeps relations inside another's content (default: the outermost only);
    `batch_size` (default 64) paragraphs.
    """

    declaration = Declaration(
        name="syntax",
        tasks=("attribution",),
        summary="rules over a dependency parse: direct, indirect and mixed speech with speakers",
        requires=_spacy.REQUIRES,
        install=_spacy.INSTALL,
        code_licence="MIT",
        model_licence="MIT",
        capabilities=Capabilities(),
        default_models=("en_core_web_sm",),
        traps=(
            "its default scope is PolNeAR's (judgements and wishes count); scope=speech narrows it",
            "relations inside another's content are left out unless nested=true",
            "written for English: another language's parse gives little",
        ),
    )

    options: Mapping[str, Option] = {"scope": "", "nested": False, "batch_size": 64}

    def unavailable(self, model: str) -> str | None:
        if model.startswith(_STANZA):
            return _stanza_unavailable(model.removeprefix(_STANZA))
        return super().unavailable(model)

    def identity(self, model: str) -> ModelIdentity | None:
        if model.startswith(_STANZA):
            parser = _stanza_identity(model.removeprefix(_STANZA))
        else:
            parser = super().identity(model)
        return parser and with_rules(parser, *self.sources())

    def load(self, request: LoadRequest) -> Backend:
        _scopes(str(request.options.get("scope", "")))  # A wrong one is told before all else.
        return super().load(request)

    def open(self, request: LoadRequest, identity: ModelIdentity) -> SyntaxBackend:
        options = request.options
        words = lexicon.load(_scopes(str(options["scope"])))
        parser: SpacyParser | StanzaParser
        if request.model.startswith(_STANZA):
            parser = _load_stanza(request.model.removeprefix(_STANZA))
        else:
            batch_size = max(1, int(options["batch_size"]))
            parser = SpacyParser(self.pipeline(request.model), batch_size=batch_size)
        return SyntaxBackend(parser, identity, words, nested=bool(options["nested"]))


def _scopes(option: str) -> tuple[str, ...]:
    if not option:
        return lexicon.SCOPES
    wanted = option.replace(",", "+").split("+")
    unknown = sorted(set(wanted) - set(lexicon.SCOPES))
    if unknown:
        raise UsageError(
            f"scope={option}: unknown class {', '.join(unknown)}; "
            f"expected {', '.join(lexicon.SCOPES)}, joined by +"
        )
    return tuple(scope for scope in lexicon.SCOPES if scope in wanted)


def _stanza_folder(language: str) -> Path:
    return _stanza.resources_folder() / language


def _stanza_unavailable(language: str) -> str | None:
    library = lacking(["stanza"])
    if library is not None:
        return f"{library}; {_stanza.INSTALL}"
    if not language.replace("-", "").replace("_", "").isalnum():
        return f"{language!r} is no language code; for example syntax/stanza:en"
    folder = _stanza_folder(language)
    absent = [name for name in _STANZA_PROCESSORS if not any((folder / name).glob("*.pt"))]
    if absent:
        return (
            f"Stanza has no {', '.join(absent)} model for {language!r} in {folder}; "
            f"python -c \"import stanza; stanza.download('{language}')\""
        )
    return None


def _stanza_identity(language: str) -> ModelIdentity | None:
    if _stanza_unavailable(language):
        return None
    folder = _stanza_folder(language)
    return ModelIdentity(
        f"stanza {language}", digest=digest_folder(folder), size_bytes=folder_size(folder)
    )


def _load_stanza(language: str) -> StanzaParser:
    import stanza

    folder = _stanza_folder(language)
    optional = [name for name in ("mwt", "ner") if any((folder / name).glob("*.pt"))]
    try:
        pipeline = stanza.Pipeline(
            language,
            dir=str(folder.parent),
            processors=",".join([*_STANZA_PROCESSORS, *optional]),
            download_method=None,
            verbose=False,
        )
    except Exception as error:  # Stanza raises whatever a broken resource folder makes it raise
        raise BackendUnavailable(
            f"the Stanza models for {language!r} cannot be loaded: {error}"
        ) from error
    return StanzaParser(pipeline)


ADAPTER = SyntaxAdapter()
