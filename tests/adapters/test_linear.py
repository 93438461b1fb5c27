"""Time is linear in the text, whatever it consists of, and the shortcuts find what a search finds.

Times are ratios: CPU time per character of a long text over that of a short one of its kind, and
over that of articles. The least of several runs counts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from longest import KINDS, articles

from harness.adapter import Backend, LoadRequest
from harness.adapters._attribution import lexicon, rules
from harness.adapters._attribution.ahead import Ahead
from harness.adapters._attribution.contents import stretch
from harness.adapters._attribution.cover import Cover
from harness.adapters._attribution.parse import Parse, Token
from harness.adapters._attribution.quotation import quotations
from harness.adapters._attribution.stops import _STOP, Stops
from harness.adapters._attribution.tokens import Tokens
from harness.annotation import Span
from harness.quotation.regions import quoted_regions
from harness.registry import BackendSpec, adapter
from harness.tasks.attribution.kinds import DIRECT_SHARE, kind_of

SHORT, LONG = 4_000, 64_000
GROWTH = 3.0  # Linear is 1, quadratic is 16.
DENSITY = 12.0  # A text of marks has more to look at than one of words.
TRIED = (
    *("prose", "quotations", "straight quotations", "single quotations", "plural possessives"),
    *("said", "he said", "capitals", "names", "two names", "sentences", "paragraphs"),
    *("quoted paragraphs", "unbalanced paragraphs", "closing paragraphs", "labels", "spaces"),
    *("letters", "capital letters", "digits and commas", "full stops", "commas", "brackets"),
    *("apostrophes", "apostrophes between", "opening words", "nested", 'marks "', "marks “”"),
    *("marks »", "marks ‘", "quotation after names", "spaced verse"),
)
MORE: dict[str, Callable[[int], str]] = {
    "quotation after names": lambda size: "Abc " * (size // 4) + ". he said: “We will vote.”",
    "spaced verse": lambda size: "x:" + " " * (size // 2) + "‘A. " * (size // 8) + "“Yes, I will.”",
}


@cache
def _load(name: str) -> Backend:
    spec = BackendSpec.parse(name)
    if reason := adapter(spec.adapter).unavailable(spec.model):
        pytest.skip(reason)
    task = adapter(spec.adapter).declaration.tasks[0]
    return adapter(spec.adapter).load(LoadRequest(model=spec.model, task=task, offline=True))


def _seconds(ask: Callable[[], object]) -> float:
    start = time.process_time()
    ask()
    return time.process_time() - start


def _per_character(backend: Backend, texts: Sequence[str], rounds: int = 3) -> float:
    def ask() -> None:
        for text in texts:
            for raw in backend.predict([text]):
                backend.annotations(text, raw)

    return min(_seconds(ask) for _ in range(rounds)) / sum(map(len, texts))


@cache
def _of_articles(name: str) -> float:
    return _per_character(_load(name), articles(LONG))


@pytest.mark.parametrize("kind", TRIED)
@pytest.mark.parametrize("name", ["gazetteer", "quotes"])
def test_time_is_linear(name: str, kind: str) -> None:
    make = KINDS.get(kind) or MORE[kind]
    backend, text = _load(name), make(LONG)
    taken = _per_character(backend, [text], 2)
    assert taken < DENSITY * _of_articles(name)
    short = _per_character(backend, [make(SHORT)], 5)
    assert taken < GROWTH * max(short, _of_articles(name) / 4)


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.parametrize(
    "kind", ["quotations", "reports", "he said", "names", "brackets", "quoted paragraphs"]
)
def test_time_with_a_parser_is_linear(kind: str) -> None:
    name = "syntax/en_core_web_sm"
    taken = _per_character(_load(name), [KINDS[kind](16_000)], 1)
    assert taken < 6 * _of_few_articles(name)


@cache
def _of_few_articles(name: str) -> float:
    return _per_character(_load(name), articles(16_000), 2)


def _reports(count: int) -> tuple[str, list[Token]]:
    """He said he said he said: each the clause of the one before."""
    tokens = []
    for at in range(0, 2 * count, 2):
        place = 4 * at
        tokens.append(Token("He", "he", "PRON", "PRP", "nsubj", at + 1, place, place + 2))
        dep = "ccomp" if at else "ROOT"
        head = at - 1 if at else at + 1
        tokens.append(Token("said", "say", "VERB", "VBD", dep, head, place + 3, place + 7))
    return "He said " * count, tokens


def _star(count: int) -> tuple[str, list[Token]]:
    """Quotations and verbs, all of them below the first verb."""
    tokens, unit = [], "“We go on,” Roe said: "
    words = [("“", "PUNCT"), ("We", "PRON"), ("go", "VERB"), ("on", "ADV"), (",", "PUNCT")]
    words += [("”", "PUNCT"), ("Roe", "PROPN"), ("said", "VERB"), (":", "PUNCT")]
    for number in range(count):
        place = 0
        for word, pos in words:
            place = unit.index(word, place)
            start = number * len(unit) + place
            head = len(tokens) + 1 if word == "Roe" else 7
            dep = "nsubj" if word == "Roe" else "dep"
            lemma, tag = ("say", "VBD") if word == "said" else (word, pos)
            tokens.append(Token(word, lemma, pos, tag, dep, head, start, start + len(word)))
            place += len(word)
    return unit * count, tokens


@pytest.mark.parametrize("make", [_reports, _star])
@pytest.mark.parametrize("nested", [False, True])
def test_rules_over_a_parse_are_linear(
    make: Callable[[int], tuple[str, list[Token]]], nested: bool
) -> None:
    def seconds(count: int) -> float:
        text, tokens = make(count)
        quotes = quotations(text)

        def ask() -> None:
            rules.relations(text, [Parse(tokens)], quotes, lexicon.load(), nested=nested)

        return min(_seconds(ask) for _ in range(3)) / count

    assert seconds(800) < GROWTH * seconds(100)


SETS = st.frozensets(st.integers(0, 30), max_size=12)


@given(SETS, SETS, st.integers(0, 31))
def test_ranges_are_sets(one: frozenset[int], other: frozenset[int], place: int) -> None:
    left, right = Tokens.of(*one), Tokens.of(*other)
    assert list(left) == sorted(one)
    assert frozenset(left | right) == one | other
    assert frozenset(left & right) == one & other
    assert frozenset(left - right) == one - other
    assert frozenset(left.before(place)) == {i for i in one if i < place}
    assert frozenset(left.after(place)) == {i for i in one if i > place}
    assert (place in left) == (place in one)
    assert all(stop < start for (_, stop), (start, _) in pairwise(left.ranges))
    both = [i for i in sorted(one & other) if i > place]
    assert left.first_of(sorted(other), after=place) == (both[0] if both else None)
    assert left.last_of(sorted(other)) == max(one & other, default=None)


@given(st.lists(st.integers(0, 11), min_size=1, max_size=12))
def test_subtrees_of_any_tree(heads: list[int]) -> None:
    """Of broken ones as well, which go round in a circle."""
    tokens = [
        Token("a", "a", "X", "X", "dep", head % len(heads), i, i + 1)
        for i, head in enumerate(heads)
    ]
    parse = Parse(tokens)
    for index in range(len(tokens)):
        below, grown = set[int](), {index}
        while below != grown:
            below = grown
            grown = below | {token.index for token in tokens if token.head in below}
        assert set(parse.subtree(index)) == below


SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=8)


@given(SPANS, st.integers(0, 25), st.integers(1, 5))
def test_a_cover_is_the_union(spans: list[tuple[int, int]], start: int, length: int) -> None:
    cover, covered = Cover(), set[int]()
    for place, size in spans:
        cover.add(place, place + size)
        covered.update(range(place, place + size))
    asked = range(start, start + length)
    assert cover.overlaps(asked.start, asked.stop) == (not covered.isdisjoint(asked))


@given(st.text("ab'’.", max_size=20), st.lists(st.integers(0, 20), max_size=6))
def test_ahead_is_a_search(text: str, places: list[int]) -> None:
    pattern = re.compile(r"[ab.]['’](?!\w)")
    ahead = Ahead(pattern, text)
    for place in sorted(places):
        found = pattern.search(text, place)
        assert ahead.start(place) == (found.start() if found else len(text))


@given(st.text("AaMrsenGov.!”\" '", max_size=24), st.integers(0, 24), st.integers(0, 24))
def test_stops_between_are_those_of_the_piece(text: str, start: int, end: int) -> None:
    start, end = min(start, len(text)), min(end, len(text))
    assert Stops(text, 0, len(text)).count(start, end) == len(_STOP.findall(text[start:end]))


@given(st.text("“”\"' aA.", max_size=30), SPANS, st.integers(0, 30))
def test_a_span_is_stretched_as_by_each_quotation(
    text: str, spans: list[tuple[int, int]], cue: int
) -> None:
    quotes = quotations(text)

    def one_by_one(start: int, end: int, some: Iterable[tuple[int, ...]]) -> Span:
        for low, high, *_ in some:
            if not low < cue < high and low < end and start < high:
                start, end = min(start, low), max(end, high)
        return Span(start, end)

    given_spans = [Span(start, start + size) for start, size in spans]
    assert stretch(given_spans, quotes, cue, None) == [
        one_by_one(*span, quotes) for span in given_spans
    ]


@given(st.text("“”\"' aA1.", min_size=1, max_size=30), SPANS)
def test_a_kind_is_counted_letter_by_letter(text: str, spans: list[tuple[int, int]]) -> None:
    content = [Span(a, min(a + size, len(text))) for a, size in spans if a < len(text)]
    places = {i for start, end in content for i in range(start, end)}
    letters = {i for i in places if text[i].isalnum()} or places
    quoted = {i for start, end in quoted_regions(text) for i in range(start, end)}
    inside = len(letters & quoted)
    whole = "direct" if inside > DIRECT_SHARE * len(letters) else "mixed"
    assert kind_of(text, content, quoted_regions(text)) == (whole if inside else "indirect")
