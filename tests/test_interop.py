"""Our re-counting of other scorers, compared with the real packages and with their stored values.

Random documents hold adjacent, overlapping, duplicate and token-cutting spans, empty sides and
types of one side only.
"""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record, Span
from harness.errors import InputError, NothingMeasured, UsageError
from harness.interop.ask import SCORERS, as_scorer
from harness.interop.tokens import bio, tag, tokenise

VECTORS = Path(__file__).parents[2] / "shared" / "vectors"
LABELS = ("PER", "ORG", "LOC", "MISC")


def document(id_: str, rng: random.Random, *, cut: bool) -> tuple[Record, Record]:
    words = [rng.choice(["Rome", "fell", "U.S.-led", "New", "York", "a", "x1"]) for _ in range(12)]
    text = " ".join(words)
    tokens = tokenise(text)

    def span() -> Entity:
        first = rng.randrange(len(tokens))
        last = min(len(tokens) - 1, first + rng.choice([0, 0, 1, 2]))
        start, end = tokens[first][0], tokens[last][1]
        if cut and rng.random() < 0.2 and end - start > 2:
            end -= 1
        return Entity(start, end, rng.choice(LABELS))

    gold: list[Entity] = []
    for _ in range(rng.choice([0, 1, 3, 5])):
        candidate = span()
        if all(candidate.end <= e.start or e.end <= candidate.start for e in gold):
            gold.append(candidate)
    predicted = [e for e in gold if rng.random() < 0.6]
    predicted += [span() for _ in range(rng.choice([0, 0, 1, 3]))]
    return (
        Record(id_, text, Annotations(tuple(sorted(gold)))),
        Record(id_, None, Annotations(tuple(predicted))),
    )


def corpora(*, cut: bool = True, count: int = 60) -> Iterator[tuple[list[Record], list[Record]]]:
    for seed in range(count):
        rng = random.Random(seed)
        pairs = [document(f"d{i}", rng, cut=cut) for i in range(rng.choice([1, 2, 5]))]
        yield [gold for gold, _ in pairs], [predicted for _, predicted in pairs]


def tags(gold: list[Record], predicted: list[Record]) -> tuple[list[list[str]], list[list[str]]]:
    tagged = [
        tag(g.text or "", g.annotations.entities or (), p.annotations.entities or ())
        for g, p in zip(gold, predicted, strict=True)
    ]
    return (
        [bio(item.tokens, item.gold.spans) for item in tagged],
        [bio(item.tokens, item.predicted.spans) for item in tagged],
    )


def close(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            close(ours[key], value)
    elif theirs is None:
        assert ours is None
    else:
        assert ours == pytest.approx(float(theirs), abs=1e-9)


@pytest.mark.parametrize("strict", [False, True])
def test_seqeval(strict: bool) -> None:
    metrics = pytest.importorskip("seqeval.metrics")
    from seqeval.scheme import IOB2

    mode = {"mode": "strict", "scheme": IOB2} if strict else {}
    for gold, predicted in corpora():
        left, right = tags(gold, predicted)
        if not any(tag_ != "O" for row in left + right for tag_ in row):
            continue  # seqeval itself fails on a maximum over nothing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = metrics.classification_report(
                left, right, output_dict=True, zero_division=0, **mode
            )
        close(as_scorer("seqeval", gold, predicted).scores, theirs)


def test_nervaluate() -> None:
    evaluator = pytest.importorskip("nervaluate").Evaluator
    for gold, predicted in corpora():
        left, right = tags(gold, predicted)
        results = evaluator(left, right, tags=list(LABELS), loader="list").evaluate()
        ours = as_scorer("nervaluate", gold, predicted).scores
        close(ours["overall"], {k: v.__dict__ for k, v in results["overall"].items()})
        by_type = {
            label: {k: v.__dict__ for k, v in rows.items()}
            for label, rows in results["entities"].items()
        }
        close(ours["entities"], by_type)


def test_spacy() -> None:
    pytest.importorskip("spacy")
    from spacy.scorer import get_ner_prf
    from spacy.tokens import Doc
    from spacy.training import Example
    from spacy.util import filter_spans
    from spacy.vocab import Vocab

    vocab = Vocab()
    dropped = 0
    for gold, predicted in corpora():
        examples = []
        for g, p in zip(gold, predicted, strict=True):
            text = g.text or ""
            tokens = tokenise(text)
            words = [text[start:end] for start, end in tokens]
            spaces = [text[end : end + 1] == " " for _, end in tokens]
            doc = Doc(vocab, words=words, spaces=spaces)
            spans = [doc.char_span(*e[:3]) for e in p.annotations.entities or ()]
            dropped += spans.count(None)
            doc.ents = filter_spans([span for span in spans if span is not None])
            given = {"entities": [e[:3] for e in g.annotations.entities or ()]}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # W030: spans that do not align
                examples.append(Example.from_dict(doc, given))
        close(as_scorer("spacy", gold, predicted).scores, get_ner_prf(examples))
    assert dropped > 10


def stored(name: str) -> Any:
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    return json.loads(path.read_text(encoding="utf-8"))


def records(case: dict[str, Any]) -> tuple[list[Record], list[Record]]:
    """The case's spans on a text whose tokens are words: punctuation would be split otherwise."""
    gold, predicted = [], []
    for number, doc in enumerate(case["docs"]):
        words = [f"w{i}" for i in range(len(doc["tokens"]))]
        starts = [sum(len(w) + 1 for w in words[:i]) for i in range(len(words) + 1)]

        def spans(key: str, doc: Any = doc, starts: list[int] = starts) -> tuple[Entity, ...]:
            return tuple(Entity(starts[a], starts[b] - 1, label) for a, b, label in doc[key])

        gold.append(Record(str(number), " ".join(words), Annotations(spans("gold_tok"))))
        predicted.append(Record(str(number), None, Annotations(spans("pred_tok"))))
    return gold, predicted


def test_values_stored_from_conlleval_and_the_others() -> None:
    checked = 0
    for case in stored("bio_cases.json")["cases"]:
        gold, predicted = records(case)
        expected = case["expected"]
        perl = expected["conlleval_pl_percent"]
        ours = as_scorer("conlleval", gold, predicted).scores
        overall = ours["overall"]
        assert [overall[k] for k in ("phrases", "found", "correct")] == [
            perl[f"phrases_{k}"] for k in ("gold", "found", "correct")
        ]
        assert [overall[k] for k in ("precision", "recall", "fb1")] == perl["micro_pct"]
        for label, row in perl["per_type_pct"].items():
            found = [ours["types"][label][k] for k in ("precision", "recall", "fb1", "found")]
            assert found == row
        seqeval = as_scorer("seqeval", gold, predicted).scores["micro avg"]
        assert seqeval["f1-score"] == pytest.approx(
            expected["seqeval_strict_iob2_zd0"]["micro"]["f1"], abs=1e-9
        )
        spacy = expected["spacy_ner_prf"]
        if spacy["f"] is not None:
            assert as_scorer("spacy", gold, predicted).scores["ents_f"] == pytest.approx(
                spacy["f"], abs=1e-9
            )
        nervaluate = as_scorer("nervaluate", gold, predicted).scores["overall"]
        theirs = expected["nervaluate_token"]
        if isinstance(theirs, dict) and "overall" in theirs:
            for strategy, values in theirs["overall"].items():
                assert nervaluate[strategy]["f1"] == pytest.approx(values["f1"], abs=1e-9)
        checked += 1
    assert checked > 50


GOLD = [Record("a", "The New York-based U.S. team", Annotations((Entity(4, 18, "ORG"),)))]


def said(*entities: Entity) -> list[Record]:
    return [Record("a", None, Annotations(entities))]


def test_explanation_says_equal_or_why_not() -> None:
    same = as_scorer("seqeval", GOLD, said(Entity(4, 18, "ORG")))
    assert "equal" in same.explanation
    widened = as_scorer("seqeval", GOLD, said(Entity(4, 15, "ORG")))
    assert "1 predicted spans that cut a token are widened" in widened.explanation
    assert widened.scores["micro avg"]["f1-score"] == 1.0
    dropped = as_scorer("spacy", GOLD, said(Entity(4, 18, "ORG"), Entity(5, 9, "LOC")))
    assert "1 predicted spans that cut a token are dropped" in dropped.explanation
    overlap = as_scorer("conlleval", GOLD, said(Entity(4, 18, "ORG"), Entity(4, 12, "LOC")))
    assert "overlap a longer one" in overlap.explanation
    twice = as_scorer("conlleval", GOLD, said(Entity(4, 18, "ORG"), Entity(4, 18, "ORG")))
    assert "duplicates" in twice.explanation and "equal" in twice.explanation
    ignored = [Record("a", GOLD[0].text, GOLD[0].annotations, ignore=(Span(19, 28),))]
    noted = as_scorer("seqeval", ignored, said(Entity(4, 18, "ORG"), Entity(19, 23, "GPE")))
    assert "1 mentions in ignored regions count there" in noted.explanation


def test_nothing_gold_and_nothing_predicted() -> None:
    empty = [Record("a", "Nothing here", Annotations(()))]
    assert as_scorer("spacy", empty, said()).scores["ents_f"] is None
    undefined = as_scorer("seqeval", empty, said())
    assert undefined.scores["micro avg"]["f1-score"] == 0.0
    assert "undefined is 0 there" in undefined.explanation
    assert as_scorer("conlleval", empty, said()).scores["overall"]["accuracy"] == 100.0
    assert as_scorer("nervaluate", empty, said()).scores["overall"]["strict"]["f1"] == 0.0


@pytest.mark.parametrize("name", SCORERS)
def test_a_text_without_tokens(name: str) -> None:
    gold = [Record("a", " \n", Annotations(()))]
    assert as_scorer(name, gold, said(Entity(0, 1, "X"))).scorer == name


def test_bad_input() -> None:
    with pytest.raises(UsageError, match="Did you mean 'seqeval'"):
        as_scorer("seqval", GOLD, said())
    with pytest.raises(NothingMeasured):
        as_scorer("seqeval", [Record("a", "x", Annotations())], said())
    with pytest.raises(InputError, match="'b', which the gold does not have"):
        as_scorer("seqeval", GOLD, [Record("b", None, Annotations(()))])
    with pytest.raises(InputError, match="no text"):
        as_scorer("seqeval", [Record("a", None, Annotations(()))], [])
