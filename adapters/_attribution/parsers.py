"""Text to parsed paragraphs: spaCy's pipelines and Stanza's behind one call.

Every paragraph is parsed by itself, so that a headline without a full stop never becomes part of
the sentence after it. One without a letter or digit says nothing, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from harness.adapters._attribution.names import NameMention
from harness.adapters._attribution.parse import Parse, UdWord, from_spacy, from_ud
from harness.paragraphs import lines

__all__ = ["Parsed", "SpacyParser", "StanzaParser", "ud_sentences"]

_WORD = re.compile(r"\w")
_LONGEST_SUFFIX = 64  # Of spaCy's for any language, the row of full stops apart.


@dataclass(frozen=True, slots=True)
class Parsed:
    """The paragraphs of a document and the names in them."""

    paragraphs: list[Parse]
    mentions: list[NameMention]


class SpacyParser:
    """A spaCy pipeline with tagger, parser, lemmatizer and, for the speakers, `ner`."""

    def __init__(self, nlp: Any, *, batch_size: int = 64) -> None:
        _bound_affixes(nlp)
        self._nlp = nlp
        self._batch_size = batch_size

    def parse(self, texts: Sequence[str]) -> Iterator[Parsed]:
        """One result per text, in order; empty for a text of white space."""
        parts = (
            (text[start:end], (number, start))
            for number, text in enumerate(texts)
            for start, end in _worded(text)
        )
        piped = self._nlp.pipe(parts, as_tuples=True, batch_size=self._batch_size)
        groups = groupby(piped, key=lambda pair: pair[1][0])
        pending = next(groups, None)
        for number in range(len(texts)):
            parsed = Parsed([], [])
            if pending is not None and pending[0] == number:
                for doc, (_, start) in pending[1]:
                    parsed.paragraphs.append(from_spacy(doc, start))
                    parsed.mentions.extend(
                        NameMention(start + ent.start_char, start + ent.end_char, ent.label_)
                        for ent in doc.ents
                    )
                pending = next(groups, None)
            yield parsed


class StanzaParser:
    """A Stanza pipeline with `tokenize,pos,lemma,depparse` and perhaps `mwt` and `ner`."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def parse(self, texts: Iterable[str]) -> Iterator[Parsed]:
        """One result per text, in order."""
        for text in texts:
            parsed = Parsed([], [])
            for start, end in _worded(text):
                document = self._pipeline(text[start:end])
                parsed.paragraphs.append(from_ud(ud_sentences(document, start)))
                parsed.mentions.extend(
                    NameMention(start + ent.start_char, start + ent.end_char, ent.type)
                    for ent in getattr(document, "ents", None) or ()
                )
            yield parsed


def _worded(text: str) -> Iterator[tuple[int, int]]:
    return (line for line in lines(text) if _WORD.search(text, *line))


def _bound_affixes(nlp: Any) -> None:
    """Have the tokenizer look for prefixes at the beginning and for suffixes at the end alone.

    spaCy searches a word from one end to the other for each mark that it strips, though nothing but
    its ends can match: a row of 20,000 marks takes it minutes. The tokens are the same.
    """
    from spacy.util import compile_prefix_regex, compile_suffix_regex

    tokenizer, defaults = nlp.tokenizer, nlp.Defaults
    prefix = compile_prefix_regex(defaults.prefixes or ())
    if _searches(tokenizer, "prefix_search") == prefix.pattern:
        tokenizer.prefix_search = prefix.match
    suffix = compile_suffix_regex(defaults.suffixes or ())
    if _searches(tokenizer, "suffix_search") == suffix.pattern:

        def search(word: str) -> re.Match[str] | None:
            if len(word) <= _LONGEST_SUFFIX:
                return suffix.search(word)
            return suffix.search(word, min(len(word) - _LONGEST_SUFFIX, len(word.rstrip(".")) - 1))

        tokenizer.suffix_search = search


def _searches(tokenizer: Any, name: str) -> str | None:
    """The pattern, where it is one; somebody's own pipeline may have any function there."""
    owner = getattr(getattr(tokenizer, name, None), "__self__", None)
    return owner.pattern if isinstance(owner, re.Pattern) else None


def ud_sentences(document: Any, offset: int = 0) -> list[list[UdWord]]:
    """A Stanza document's sentences; words of one multi-word token share its characters.

    Such a token ("don't") is cut where its words' own texts say, if they add up to it.
    """
    sentences: list[list[UdWord]] = []
    for sentence in document.sentences:
        words: list[UdWord] = []
        for token in sentence.tokens:
            start, end = token.start_char + offset, token.end_char + offset
            adds_up = "".join(word.text for word in token.words) == token.text
            for word in token.words:
                stop = start + len(word.text) if adds_up else end
                words.append(
                    UdWord(
                        word.text,
                        word.lemma or "",
                        word.upos or "",
                        word.xpos or "",
                        word.deprel or "dep",
                        int(word.head or 0),
                        start,
                        stop,
                    )
                )
                start = stop if adds_up else start
        sentences.append(words)
    return sentences
