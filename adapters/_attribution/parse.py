"""A parsed paragraph without a library: what the rules read, whoever parsed it.

The rules know one label inventory, ClearNLP's as spaCy's English pipelines use it. Stanza's
Universal Dependencies are converted (`from_ud`): prepositions and copulas become heads again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Parse", "Token", "UdWord", "from_spacy", "from_ud"]


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
        self._subtrees: dict[int, frozenset[int]] = {}

    def mark_quotations(self, spans: Iterable[tuple[int, int]]) -> None:
        """Note which tokens, marks included, lie in which of the quotations."""
        bounds = list(spans)
        for token in self.tokens:
            for number, (start, end) in enumerate(bounds):
                if start <= token.start < end:
                    self.quoted[token.index] = number

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> Token:
        return self.tokens[index]

    def subtree(self, index: int) -> frozenset[int]:
        """The token and everything below it."""
        if index not in self._subtrees:
            reached, queue = {index}, [index]
            while queue:
                for child in self.tokens[queue.pop()].children:
                    if child not in reached:
                        reached.add(child)
                        queue.append(child)
            self._subtrees[index] = frozenset(reached)
        return self._subtrees[index]

    def children(self, index: int, *deps: str) -> list[Token]:
        """Children, all of them or those with one of the labels, from left to right."""
        every = (self.tokens[child] for child in self.tokens[index].children)
        return [child for child in every if not deps or child.dep in deps]

    def child(self, index: int, *deps: str) -> Token | None:
        """The first such child from the left."""
        below = self.children(index, *deps)
        return below[0] if below else None

    def head(self, index: int) -> Token:
        return self.tokens[self.tokens[index].head]

    def ancestors(self, index: int) -> Iterable[Token]:
        """Heads, nearest first; ends at the root, and does not loop on a broken tree."""
        for _ in self.tokens:
            head = self.tokens[index].head
            if head == index:
                return
            index = head
            yield self.tokens[index]

    def sentence(self, index: int) -> tuple[int, int]:
        """First and past-the-last token index of the token's sentence."""
        number = self.tokens[index].sentence
        first = last = index
        while first and self.tokens[first - 1].sentence == number:
            first -= 1
        while last + 1 < len(self.tokens) and self.tokens[last + 1].sentence == number:
            last += 1
        return first, last + 1


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
    for place, copula in enumerate(sentence):
        if copula.dep != "cop" or sentence[copula.head].dep == "cop":
            continue
        old = copula.head
        predicate = sentence[old]
        copula.head, copula.dep = (
            (place if predicate.head == old else predicate.head),
            predicate.dep,
        )
        for other, token in enumerate(sentence):
            if token.head == old and other not in (old, place):
                label = token.dep.partition(":")[0]
                clausal = label in _CLAUSAL and label not in ("advmod", "obl", "conj", "cc")
                if clausal:
                    token.head = place
        predicate.head = place
        predicate.dep = "acomp" if predicate.pos in ("ADJ", "VERB") else "attr"


def _raise_prepositions(sentence: list[Token]) -> None:
    for place, case in enumerate(sentence):
        if case.dep != "case" or case.tag == "POS" or case.text in ("'s", "’s", "'", "’"):
            continue
        old = case.head
        noun = sentence[old]
        if noun.dep == "pobj":  # a second preposition: `from behind the house`
            continue
        label = "agent" if noun.dep.endswith(":agent") else "prep"
        if case.text.lower() == "by" and any(
            token.head == noun.head and token.dep in ("aux:pass", "nsubj:pass")
            for token in sentence
        ):
            label = "agent"
        case.head, case.dep = (place if noun.head == old else noun.head), label
        noun.head, noun.dep = place, "pobj"
