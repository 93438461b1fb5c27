"""`gazetteer`: name lists and patterns, no model; the floor for entity recognition.

OntoNotes 5 labels. Lists live in `adapters/data/gazetteer.toml`; numbers, dates and money are
patterns here. Longest match wins, then the leftmost.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity
from harness.annotation import Annotations, Entity

_DATA = Path(__file__).parent / "data" / "gazetteer.toml"
_LISTS = ("GPE", "NORP", "LOC", "ORG", "EVENT", "LAW")

_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Jan\\.|Feb\\.|Aug\\.|Sept\\.|Oct\\.|Nov\\.|Dec\\."
)
_DAY = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_UNIT = "day|week|month|year|decade|century|weekend|quarter"
_SMALL = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|"
    "thirty|forty|fifty|hundred|thousand|million|billion"
)
_MANY = "(?: (?:hundred|thousand|million|billion|trillion))?"
# Nobody writes a longer number; without an end each comma of a row would look on to its end.
_NUMBER = rf"(?:\d[\d,]{{0,30}}(?:\.\d+)?|(?:{_SMALL})){_MANY}"
# With something after it, which begins neither with a digit nor with a comma.
_COUNT = rf"(?:\d[\d,]{{0,30}}+(?:\.\d+)?|(?:{_SMALL})){_MANY}"

# Order is rank: an earlier pattern wins over a later one of the same length.
_PATTERNS = (
    ("MONEY", rf"[$€£¥] ?{_NUMBER}|{_COUNT} (?:dollars|euros|pounds|yen|yuan|rubles)"),
    ("PERCENT", rf"{_COUNT} ?(?:%|percent|per cent)"),
    ("QUANTITY", rf"{_COUNT} (?:kilometers|kilometres|km|miles|meters|metres|tons|tonnes|kg)"),
    (
        "TIME",
        rf"{_COUNT} (?:hours?|minutes?|seconds?)"
        rf"|(?:this |(?:{_DAY}) )(?:morning|afternoon|evening|night)"
        r"|tonight|\d{1,2}(?::\d\d)? ?(?:a\.m\.|p\.m\.|am|pm)",
    ),
    (
        "DATE",
        rf"(?:{_MONTH})(?: \d{{1,2}})?(?:,? \d{{4}})?|\d{{1,2}} (?:{_MONTH})(?: \d{{4}})?"
        rf"|(?:(?:last|next|this) )?(?:{_DAY})"
        rf"|(?:last|next|this|the last|the next|the past|recent) (?:{_UNIT})s?"
        rf"|{_COUNT} (?:{_UNIT})s?(?: ago| old)?|{_COUNT}-year-old"
        r"|today|yesterday|tomorrow|(?:1[89]|20)\d\d",
    ),
    ("ORDINAL", r"\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|tenth"),
    ("CARDINAL", _NUMBER),
)


class GazetteerBackend(Backend):
    """The compiled lists and patterns."""

    def __init__(self, identity: ModelIdentity) -> None:
        self.identity = identity
        self._names, self._persons = _compile()
        self._patterns = [
            (label, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")) for label, pattern in _PATTERNS
        ]
        self.labels = tuple(sorted({"PERSON", *_LISTS, *(label for label, _ in _PATTERNS)}))

    def predict(self, texts: Sequence[str]) -> Iterable[list[Entity]]:
        for text in texts:
            yield _longest(list(self._candidates(text)))

    def annotations(self, text: str, raw: list[Entity]) -> Annotations:
        return Annotations(tuple(raw))

    def _candidates(self, text: str) -> Iterator[Entity]:
        for match in self._persons.finditer(text):
            yield Entity(match.start("name"), match.end("name"), "PERSON")
        for match in self._names.finditer(text):
            assert match.lastgroup is not None
            yield Entity(match.start(), match.end(), match.lastgroup)
        for label, pattern in self._patterns:
            for match in pattern.finditer(text):
                yield Entity(match.start(), match.end(), label)


class GazetteerAdapter(Adapter):
    """Name lists and patterns."""

    declaration = Declaration(
        name="gazetteer",
        tasks=("ner",),
        summary="name lists and patterns, no model: the floor for entity recognition",
        install="always there",
        code_licence="MIT",
        model_licence="none",
        labels="ontonotes5",
        default_models=("",),
        takes_model=False,
        traps=(
            "knows only the names in its lists, and people only after a title",
            "its lists were written by somebody who had read the seed articles (before any label "
            "existed), so its score on `seeds` flatters it",
        ),
    )

    def files(self, model: str) -> Sequence[Path]:
        return [_DATA, *self.sources()]

    def open(self, request: LoadRequest, identity: ModelIdentity) -> GazetteerBackend:
        return GazetteerBackend(identity)


def _longest(candidates: list[Entity]) -> list[Entity]:
    """A flat selection: longest first, then leftmost, then in the order of the patterns."""
    taken: list[Entity] = []
    covered: set[int] = set()
    ranked = sorted(
        enumerate(candidates),
        key=lambda item: (item[1].start - item[1].end, item[1].start, item[0]),
    )
    for _, entity in ranked:
        place = range(entity.start, entity.end)
        if covered.isdisjoint(place):
            covered.update(place)
            taken.append(entity)
    return sorted(taken)


@cache
def _compile() -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = tomllib.loads(_DATA.read_text("utf-8"))
    groups = "|".join(f"(?P<{label}>{_alternatives(data[label])})" for label in _LISTS)
    titles = _alternatives(data["titles"])
    word = r"[A-Z][\w’'-]*[a-z]\w*"
    persons = rf"(?<!\w)(?:{titles}) (?P<name>{word}(?: {word}){{0,2}})"
    # Most places are no name's beginning, which one look tells.
    initials = {"t", "T", *(name[0] for label in _LISTS for name in _split(data[label]))}
    first = f"(?=[{re.escape(''.join(sorted(initials)))}])"
    return re.compile(rf"{first}(?<!\w)(?:{groups})(?!\w)"), re.compile(persons)


def _split(listing: str) -> list[str]:
    return [name.strip() for name in listing.replace("\n", "").split("|") if name.strip()]


def _alternatives(listing: str) -> str:
    """An alternation of the names, longest first; a leading "the" may be missing."""
    patterns = []
    for name in sorted(_split(listing), key=len, reverse=True):
        if name.startswith("the "):
            patterns.append(rf"(?:[Tt]he )?{re.escape(name[4:])}")
        else:
            patterns.append(re.escape(name))
    return "|".join(patterns)


ADAPTER = GazetteerAdapter()
