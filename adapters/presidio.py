"""`presidio`: the pattern recognisers of Microsoft Presidio, which need no model.

E-mail addresses, URLs, phone and account numbers, dates: no names of people or places, for those
Presidio asks another library (spaCy, Stanza, transformers, GLiNER), which is here by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity, Option
from harness.annotation import Annotations, Entity
from harness.digest import digest_files
from harness.distributions import requirement_name, versions
from harness.errors import BackendUnavailable

INSTALL = "pip install 'nlp-harness[presidio]'"


class PresidioBackend(Backend):
    """An analyzer whose recognisers look at characters alone."""

    def __init__(self, engine: Any, identity: ModelIdentity, options: Mapping[str, Option]) -> None:
        self._engine = engine
        self._language = str(options["language"])
        self._threshold = float(options["threshold"])
        self.labels = tuple(sorted(engine.get_supported_entities(self._language)))
        self.identity = identity

    def predict(self, texts: Sequence[str]) -> Iterable[list[Any]]:
        """Presidio's results for each text."""
        for text in texts:
            yield self._engine.analyze(
                text=text, language=self._language, score_threshold=self._threshold
            )

    def annotations(self, text: str, raw: list[Any]) -> Annotations:
        """Every result, also those that lie within each other (a URL in an e-mail address)."""
        entities = {
            Entity(item.start, item.end, item.entity_type, float(item.score)) for item in raw
        }
        return Annotations(tuple(sorted(entities)))


class PresidioAdapter(Adapter):
    """Presidio without a language model; options `threshold` (least score) and `language`."""

    declaration = Declaration(
        name="presidio",
        tasks=("ner",),
        summary="Presidio's pattern recognisers: addresses, numbers, dates; no names",
        requires=("presidio-analyzer>=2.2.360,<2.3", "phonenumbers", "tldextract"),
        install=INSTALL,
        code_licence="MIT",
        model_licence="none",
        labels="presidio",
        default_models=(),
        takes_model=False,
        traps=(
            "without a threshold weak patterns count (any eight digits are a US_BANK_NUMBER with "
            "0.05); 0.4 here",
            "its e-mail recogniser fetches a list of domains from the network at first use; the "
            "list that comes with tldextract is used here",
            "recognisers answer independently, so a URL lies inside an e-mail address",
            "without a language model context words (`card`, `account`) raise no score",
        ),
        confidences=True,
    )

    options: Mapping[str, Option] = {"threshold": 0.4, "language": "en"}

    def identity(self, model: str) -> ModelIdentity | None:
        """The recognisers are Presidio's code, so its version tells which they are."""
        needed = [requirement_name(item) for item in self.declaration.requires]
        here = versions(needed)
        if len(here) < len(needed):
            return None
        return ModelIdentity(
            "patterns",
            version=", ".join(f"{name} {here[name]}" for name in needed),
            digest=digest_files(self.sources()),
            licence="MIT",
        )

    def open(self, request: LoadRequest, identity: ModelIdentity) -> PresidioBackend:
        engine = _engine(str(request.options["language"]))
        return PresidioBackend(engine, identity, request.options)


def _engine(language: str) -> Any:
    import tldextract.tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    # Presidio calls tldextract's module-level extractor, which would go to the network.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    try:
        nothing = NoOpNlpEngine([{"lang_code": language, "model_name": ""}])
        nothing.load()
        registry = RecognizerRegistry(supported_languages=[language])
        registry.load_predefined_recognizers(languages=[language], nlp_engine=nothing)
        return AnalyzerEngine(registry=registry, nlp_engine=nothing, supported_languages=[language])
    except Exception as error:
        raise BackendUnavailable(f"Presidio cannot be loaded: {error}", install=INSTALL) from error


ADAPTER = PresidioAdapter()
