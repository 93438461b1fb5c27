"""A parsed paragraph without a library: what the rules read, whoever parsed it.

The rules know one label inventory, ClearNLP's as spaCy's English pipelines use it. Stanza's
Universal Dependencies are converted (`from_ud`): prepositions and copulas become heads again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from harness.adapters._attribution.tokens import NONE, Tokens

__all__ = ["Parse", "Token", "UdWord", "from_spacy", "from_ud"]

T = TypeVar("T")
_MANY = 8  # Children: from there on they are sorted by label.


@dataclass(slots=True)
class Token:
    """One token; `start`, `end` are code points into the document, `head` an index."""

    text: str
    lemma: str
    pos: str
    tag: str
    dep: str
    head: int
    start: int
    end: int
    sentence: int = 0
    entity: str = ""
    index: int = 0
    children: list[int] = field(default_factory=list)


class Parse:
    """The tokens of one paragraph (white space left out) and the walks over their tree."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        for index, token in enumerate(self.tokens):
            token.index = index
            token.children = []
        for token in self.tokens:
            if token.head != token.index:
                self.tokens[token.head].children.append(token.index)
        self.quoted: dict[int, int] = {}
        """Number of the quotation that a token stands in; tokens outside are left out."""
        self.quotations: list[Tokens] = []
        """The tokens of each quotation."""
        self.starts = [token.start for token in self.tokens]
        self._subtrees: list[Tokens | None] = []
        self._labelled: dict[int, dict[str, list[int]]] = {}
        self._made: dict[object, Any] = {}

    def mark_quotations(self, spans: Iterable[tuple[int, int]]) -> None:
        """Note which tokens, marks included, lie in which of the quotations, which are disjoint."""
        self._made.clear()
        for number, (start, end) in enumerate(spans):
            inside = range(bisect_left(self.starts, start), bisect_left(self.starts, end))
            self.quoted.update(dict.fromkeys(inside, number))
            self.quotations.append(Tokens.span(inside.start, inside.stop))

    def once(self, name: object, make: Callable[[], T]) -> T:
        """What `make` gives, asked once for each name: lists in which rules look things up."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> Token:
        return self.tokens[index]

    def subtree(self, index: int) -> Tokens:
        """The token and everything below it."""
        if not self._subtrees:
            self._subtrees = self._all_subtrees()
        found = self._subtrees[index]
        return self._reached(index) if found is None else found

    def _all_subtrees(self) -> list[Tokens | None]:
        """From the leaves up; `None` for what hangs on no root, as in a broken tree."""
        order = [token.index for token in self.tokens if token.head == token.index]
        for index in order:
            order.extend(self.tokens[index].children)
        made: list[Tokens | None] = [None] * len(self.tokens)
        for index in reversed(order):
            below = (made[child] or NONE for child in self.tokens[index].children)
            made[index] = Tokens(
                [(index, index + 1), *(one for tokens in below for one in tokens.ranges)]
            )
        return made

    def _reached(self, index: int) -> Tokens:
        reached, queue = {index}, [index]
        while queue:
            for child in self.tokens[queue.pop()].children:
                if child not in reached:
                    reached.add(child)
                    queue.append(child)
        return Tokens.of(*reached)

    def below(self, index: int, *deps: str) -> list[int]:
        """Children, all of them or those with one of the labels, from left to right."""
        every = self.tokens[index].children
        if not deps:
            return every
        if len(every) < _MANY:
            return [child for child in every if self.tokens[child].dep in deps]
        if index not in self._labelled:
            sorted_ones = self._labelled.setdefault(index, {})
            for child in every:
                sorted_ones.setdefault(self.tokens[child].dep, []).append(child)
        found = [self._labelled[index].get(dep, []) for dep in dict.fromkeys(deps)]
        return found[0] if len(found) == 1 else sorted(child for some in found for child in some)

    def children(self, index: int, *deps: str) -> list[Token]:
        """The same as tokens."""
        return [self.tokens[child] for child in self.below(index, *deps)]

    def child(self, index: int, *deps: str) -> Token | None:
        """The first such child from the left."""
        if len(self.tokens[index].children) < _MANY:
            for child in self.tokens[index].children:
                if self.tokens[child].dep in deps:
                    return self.tokens[child]
            return None
        firsts = [some[0] for dep in deps if (some := self.below(index, dep))]
        return self.tokens[min(firsts)] if firsts else None

    def head(self, index: int) -> Token:
        return self.tokens[self.tokens[index].head]

    def clause_verb(self, index: int) -> Token | None:
        """The nearest verb or auxiliary, beginning with the token itself and going up."""
        known: dict[int, int | None] = self.once("clause_verb", dict)
        path: list[int] = []
        found = None
        while index not in known:
            known[index] = None  # In a broken tree the way up comes back here.
            path.append(index)
            if self.tokens[index].pos in ("VERB", "AUX"):
                found = index
                break
            index = self.tokens[index].head
        else:
            found = known[index]
        known.update(dict.fromkeys(path, found))
        return None if found is None else self.tokens[found]

    def sentence(self, index: int) -> tuple[int, int]:
        """First and past-the-last token index of the token's sentence."""
        starts = self.once("sentences", self._sentence_starts)
        place = bisect_left(starts, index + 1)
        return starts[place - 1], starts[place] if place < len(starts) else len(self.tokens)

    def _sentence_starts(self) -> list[int]:
        numbers = [token.sentence for token in self.tokens]
        return [i for i in range(len(numbers)) if not i or numbers[i] != numbers[i - 1]]


def from_spacy(doc: Any, offset: int = 0) -> Parse:
    """A parsed `Doc` whose text starts at `offset` of the document."""
    kept = [token for token in doc if not token.is_space]
    place = {token.i: index for index, token in enumerate(kept)}
    number, tokens = 0, []
    for index, token in enumerate(kept):
        if index and token.is_sent_start:
            number += 1
        head = token.head
        while head.i not in place and head.head.i != head.i:
            head = head.head
        tokens.append(
            Token(
                token.text,
                token.lemma_.lower(),
                token.pos_,
                token.tag_,
                token.dep_,
                place.get(head.i, index),
                offset + token.idx,
                offset + token.idx + len(token.text),
                number,
                token.ent_type_,
            )
        )
    return Parse(tokens)


class UdWord(NamedTuple):
    """A word of a Universal Dependencies tree; `head` counts from 1 in its sentence, 0 = root."""

    text: str
    lemma: str
    upos: str
    xpos: str
    deprel: str
    head: int
    start: int
    end: int
    entity: str = ""


_RENAMED = {
    "nsubj:pass": "nsubjpass",
    "csubj:pass": "csubjpass",
    "aux:pass": "auxpass",
    "obj": "dobj",
    "iobj": "dative",
    "acl:relcl": "relcl",
    "nmod:poss": "poss",
    "compound:prt": "prt",
    "root": "ROOT",
    "obl:tmod": "npadvmod",
    "obl:npmod": "npadvmod",
    "obl:unmarked": "npadvmod",
    "nmod:tmod": "npadvmod",
    "nmod:npmod": "npadvmod",
    "cc:preconj": "preconj",
    "discourse": "intj",
    "flat": "compound",
    "appos": "appos",
}
_OF_PASSIVES = ("aux:pass", "nsubj:pass")
_NEGATIONS = frozenset(["not", "n't", "n’t", "never"])


def from_ud(sentences: Iterable[Sequence[UdWord]]) -> Parse:
    """A parse from Universal Dependencies, its labels and heads turned into ClearNLP's.

    Three constructions differ in who is head: `case` (the preposition takes its noun's place and
    the noun becomes `pobj`), `cop` (the copula takes the predicate's place, its subject,
    auxiliaries and clauses), and `by`-agents (`obl:agent` becomes `agent` + `pobj`).
    """
    tokens: list[Token] = []
    for number, words in enumerate(sentences):
        base = len(tokens)
        sentence = [
            Token(
                word.text,
                (word.lemma or word.text).lower(),
                "PART" if word.text.lower() in _NEGATIONS and word.upos == "PART" else word.upos,
                word.xpos,
                word.deprel,
                place if word.head == 0 else word.head - 1,
                word.start,
                word.end,
                number,
                word.entity,
            )
            for place, word in enumerate(words)
        ]
        _raise_copulas(sentence)
        _raise_prepositions(sentence)
        for token in sentence:
            if token.dep == "advmod" and token.text.lower() in _NEGATIONS:
                token.dep = "neg"
            token.dep = _RENAMED.get(token.dep, token.dep.partition(":")[0])
            token.head += base
        tokens.extend(sentence)
    return Parse(tokens)


_CLAUSAL = frozenset(
    [
        "nsubj",
        "csubj",
        "aux",
        "advmod",
        "mark",
        "cc",
        "conj",
        "punct",
        "advcl",
        "parataxis",
        "discourse",
        "expl",
        "obl",
        "neg",
    ]
)


def _raise_copulas(sentence: list[Token]) -> None:
    below: dict[int, set[int]] = defaultdict(set)
    for place, token in enumerate(sentence):
        below[token.head].add(place)

    def hang(place: int, head: int) -> None:
        below[sentence[place].head].discard(place)
        below[head].add(place)
        sentence[place].head = head

    for place, copula in enumerate(sentence):
        if copula.dep != "cop" or sentence[copula.head].dep == "cop":
            continue
        old = copula.head
        predicate = sentence[old]
        hang(place, place if predicate.head == old else predicate.head)
        copula.dep = predicate.dep
        for other in below[old] - {old, place}:
            label = sentence[other].dep.partition(":")[0]
            if label in _CLAUSAL and label not in ("advmod", "obl", "conj", "cc"):
                hang(other, place)
        hang(old, place)
        predicate.dep = "acomp" if predicate.pos in ("ADJ", "VERB") else "attr"


def _raise_prepositions(sentence: list[Token]) -> None:
    passive = Counter(token.head for token in sentence if token.dep in _OF_PASSIVES)
    for place, case in enumerate(sentence):
        if case.dep != "case" or case.tag == "POS" or case.text in ("'s", "’s", "'", "’"):
            continue
        old = case.head
        noun = sentence[old]
        if noun.dep == "pobj":  # a second preposition: `from behind the house`
            continue
        label = "agent" if noun.dep.endswith(":agent") else "prep"
        if case.text.lower() == "by" and passive[noun.head]:
            label = "agent"
        passive[noun.head] -= noun.dep in _OF_PASSIVES
        case.head, case.dep = (place if noun.head == old else noun.head), label
        noun.head, noun.dep = place, "pobj"
