"""Other scorers, asked about our predictions: as they answer when they are called directly.

What they are given is made here in another way than the code makes it: tag sequences are drawn
first, and spans of characters follow from them. Values that were stored of them go through too.
"""

from __future__ import annotations

import builtins
import json
import random
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record, Span
from harness.coding import encode
from harness.errors import InputError, LibraryMissing, NothingMeasured, UsageError
from harness.formats.tags import repaired
from harness.gold.goldset import GoldSet
from harness.interop.ask import SCORERS, Interop, as_scorer
from harness.interop.tokens import tag
from harness.paragraphs import tokens as tokenise
from harness.results.scored import Scored, score_records
from harness.tasks.ner.count import NerOptions

VECTORS = Path(__file__).parents[2] / "shared" / "vectors"
LABELS = ("PER", "ORG", "LOC", "MISC-2")

Spans = Sequence[tuple[int, int, str]]
Sentence = tuple[int, Spans, Spans]
"""How many tokens there are, and gold and predicted spans of tokens."""


def counted(gold: list[Record], predicted: list[Record], **options: Any) -> Scored:
    goldset = GoldSet("made", Path("made"), read=lambda losses: iter(gold))
    return score_records("predictions", goldset, predicted, "ner", gold=gold, **options)


def ask(name: str, gold: list[Record], predicted: list[Record]) -> Interop:
    if name != "conlleval":
        pytest.importorskip(name)
    return as_scorer(name, counted(gold, predicted))


def records(sentences: Sequence[Sentence]) -> tuple[list[Record], list[Record]]:
    """Documents whose own tokens would be cut by any rule that goes by letters."""
    gold, predicted = [], []
    for number, (length, ours, theirs) in enumerate(sentences):
        words = [f"U.N.-w{i}" for i in range(length)]
        starts = [sum(len(word) + 1 for word in words[:i]) for i in range(length)]
        tokens = tuple((at, at + len(word)) for at, word in zip(starts, words, strict=True))
        layers = [
            Annotations(
                tuple(Entity(tokens[a][0], tokens[b - 1][1], label) for a, b, label in side)
            )
            for side in (ours, theirs)
        ]
        gold.append(Record(str(number), " ".join(words), layers[0], tokens=tokens))
        predicted.append(Record(str(number), None, layers[1]))
    return gold, predicted


def drawn_tags(rng: random.Random, length: int) -> list[str]:
    """Valid IOB2 tags, neighbours of one type among them."""
    tags: list[str] = []
    while len(tags) < length:
        label = rng.choice(LABELS)
        inside = [f"I-{label}"] * rng.choice([0, 0, 1, 2])
        tags += rng.choice([["O"], ["O", "O"], [f"B-{label}", *inside]])
    return tags[:length]


def spans_of(tags: list[str]) -> Spans:
    return [chunk[:3] for chunk in repaired(tags, "IOB2", "strict", Counter())]


def tagged_corpora() -> Iterator[tuple[list[list[str]], list[list[str]]]]:
    """Gold and predicted tags; some documents and sides are without an entity."""
    for seed in range(60):
        rng = random.Random(seed)
        gold, predicted = [], []
        for _ in range(rng.choice([1, 2, 5])):
            ours = drawn_tags(rng, rng.randrange(1, 15))
            theirs = rng.choice([ours, drawn_tags(rng, len(ours)), ["O"] * len(ours)])
            gold.append(ours if rng.random() < 0.9 else ["O"] * len(ours))
            predicted.append(list(theirs))
        yield gold, predicted


def both(gold: list[list[str]], predicted: list[list[str]]) -> tuple[list[Record], list[Record]]:
    pairs = zip(gold, predicted, strict=True)
    return records([(len(one), spans_of(one), spans_of(other)) for one, other in pairs])


def close(ours: Any, theirs: Any, to: float = 1e-12) -> None:
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            close(ours[key], value, to)
    elif theirs is None or theirs != theirs:
        assert ours is None
    else:
        assert ours == pytest.approx(float(theirs), abs=to)


@pytest.mark.parametrize("strict", [False, True])
def test_seqeval_called_directly(strict: bool) -> None:
    metrics = pytest.importorskip("seqeval.metrics")
    from seqeval.scheme import IOB2

    mode = {"mode": "strict", "scheme": IOB2} if strict else {}
    equal = 0
    for gold, predicted in tagged_corpora():
        if strict and any(all(t == "O" for row in side for t in row) for side in (gold, predicted)):
            continue  # seqeval's strict mode breaks on a side without entities
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = metrics.classification_report(
                gold, predicted, output_dict=True, zero_division=0, **mode
            )
        count = counted(*both(gold, predicted))
        ours = as_scorer("seqeval", count)
        close(ours.scores, theirs)
        assert ours.tokens == "own"
        strict_f1 = count.score.to_json()["micro"]["f1"]
        if strict_f1 is not None and not count.caveats.not_scored:  # Plain, valid and flat.
            assert strict_f1 == pytest.approx(theirs["micro avg"]["f1-score"], abs=1e-12)
            assert "equal" in ours.explanation
            equal += 1
    assert equal > 20


def test_nervaluate_called_directly() -> None:
    evaluator = pytest.importorskip("nervaluate").Evaluator
    for gold, predicted in tagged_corpora():
        results = evaluator(gold, predicted, tags=list(LABELS), loader="list").evaluate()
        ours = ask("nervaluate", *both(gold, predicted)).scores
        close(ours["overall"], {k: vars(v) for k, v in results["overall"].items()})
        rows = results["entities"].items()
        by_type = {label: {k: vars(v) for k, v in row.items()} for label, row in rows}
        close(ours["entities"], by_type)


def test_conlleval_counts_as_seqeval_and_its_accuracy_too() -> None:
    metrics = pytest.importorskip("seqeval.metrics")
    for gold, predicted in tagged_corpora():
        overall = ask("conlleval", *both(gold, predicted)).scores["overall"]
        assert overall["tokens"] == sum(map(len, gold))
        accuracy = 100 * metrics.accuracy_score(gold, predicted)
        assert overall["accuracy"] == pytest.approx(accuracy, abs=0.0051)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f1 = 100 * metrics.f1_score(gold, predicted)
        assert overall["fb1"] == pytest.approx(f1, abs=0.0051)


def odd_document(id_: str, rng: random.Random) -> tuple[Record, Record]:
    """Spans that cut tokens, in both sides, and predictions that overlap."""
    words = [rng.choice(["Rome", "fell", "U.S.-led", "New", "York", "a", "x1"]) for _ in range(12)]
    text = " ".join(words)
    tokens = tokenise(text)

    def span() -> Entity:
        first = rng.randrange(len(tokens))
        last = min(len(tokens) - 1, first + rng.choice([0, 0, 1, 2]))
        start, end = tokens[first][0], tokens[last][1]
        if rng.random() < 0.2 and end - start > 2:
            end -= 1
        return Entity(start, end, rng.choice(LABELS))

    gold: list[Entity] = []
    for _ in range(rng.choice([0, 1, 3, 5])):
        one = span()
        if all(one.end <= e.start or e.end <= one.start for e in gold):
            gold.append(one)
    predicted = [e for e in gold if rng.random() < 0.6]
    predicted += [span() for _ in range(rng.choice([0, 0, 1, 3]))]
    return (
        Record(id_, text, Annotations(tuple(sorted(gold)))),
        Record(id_, None, Annotations(tuple(predicted))),
    )


def odd_corpora() -> Iterator[tuple[list[Record], list[Record]]]:
    for seed in range(60):
        rng = random.Random(seed)
        pairs = [odd_document(f"d{i}", rng) for i in range(rng.choice([1, 2, 5]))]
        yield [gold for gold, _ in pairs], [predicted for _, predicted in pairs]


def test_spacy_called_directly_with_spans_that_cut_tokens() -> None:
    pytest.importorskip("spacy")
    from spacy.scorer import get_ner_prf
    from spacy.tokens import Doc
    from spacy.training import Example
    from spacy.util import filter_spans
    from spacy.vocab import Vocab

    vocab = Vocab()
    dropped = 0
    for gold, predicted in odd_corpora():
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
        answer = ask("spacy", gold, predicted)
        close(answer.scores, get_ner_prf(examples))
        assert answer.tokens == "made"
    assert dropped > 10


@pytest.mark.parametrize("name", ["seqeval", "nervaluate", "conlleval"])
def test_tokens_that_are_made_give_what_the_same_tokens_in_the_file_give(name: str) -> None:
    for gold, predicted in odd_corpora():
        own = [
            Record(r.id, r.text, r.annotations, tokens=tuple(tokenise(r.text or ""))) for r in gold
        ]
        one, other = ask(name, gold, predicted), ask(name, own, predicted)
        assert one.scores == other.scores
        assert (one.tokens, other.tokens) == ("made", "own")


def stored(name: str) -> Any:
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    return json.loads(path.read_text(encoding="utf-8"))


def agrees_with_conlleval(sentences: Sequence[Sentence], perl: dict[str, Any]) -> None:
    scores = ask("conlleval", *records(sentences)).scores
    overall = scores["overall"]
    assert [overall[k] for k in ("phrases", "found", "correct")] == [
        perl[f"phrases_{k}"] for k in ("gold", "found", "correct")
    ]
    assert [overall[k] for k in ("precision", "recall", "fb1")] == perl["micro_pct"]
    for label, row in perl["per_type_pct"].items():
        assert [scores["types"][label][k] for k in ("precision", "recall", "fb1", "found")] == row


def agrees_with_seqeval(sentences: Sequence[Sentence], theirs: dict[str, Any]) -> None:
    scores = ask("seqeval", *records(sentences)).scores
    rows = {**theirs["per_type"], **{f"{k} avg": theirs[k] for k in ("micro", "macro", "weighted")}}
    for label, row in rows.items():
        measured = {key.replace("f1-score", "f1"): value for key, value in scores[label].items()}
        assert measured == pytest.approx(row, abs=1e-9)


def agrees_with_nervaluate(sentences: Sequence[Sentence], theirs: dict[str, Any]) -> None:
    overall = ask("nervaluate", *records(sentences)).scores["overall"]
    for strategy, values in theirs.items():
        assert {k: overall[strategy][k] for k in values} == pytest.approx(values, abs=1e-9)


def test_values_stored_of_plain_cases() -> None:
    cases = stored("bio_cases.json")["cases"]
    for case in cases:
        sentences = [(len(d["tokens"]), d["gold_tok"], d["pred_tok"]) for d in case["docs"]]
        expected = case["expected"]
        agrees_with_conlleval(sentences, expected["conlleval_pl_percent"])
        if expected["seqeval_strict_iob2_zd0"]["per_type"]:
            agrees_with_seqeval(sentences, expected["seqeval_strict_iob2_zd0"])
        agrees_with_nervaluate(sentences, (expected["nervaluate_token"] or {}).get("overall", {}))
    assert len(cases) > 50


def test_values_stored_of_spacy() -> None:
    for case in stored("bio_cases.json")["cases"]:
        sentences = [(len(d["tokens"]), d["gold_tok"], d["pred_tok"]) for d in case["docs"]]
        theirs = case["expected"]["spacy_ner_prf"]
        scores = ask("spacy", *records(sentences)).scores
        for key in ("p", "r", "f"):
            assert scores[f"ents_{key}"] == pytest.approx(theirs[key], abs=1e-9)
        close(scores["ents_per_type"], theirs["per_type"], 1e-9)


@pytest.mark.parametrize("repair", ["conlleval", "discard"])
def test_values_stored_of_invalid_tags(repair: Any) -> None:
    cases = stored("invalid_bio_cases.json")["cases"]
    corpus = stored("corpus_conll2000_sample.json")
    wrapped = [{**case, "gold_bio": [case["gold_bio"]], "pred_bio": [case["pred_bio"]]}
               for case in cases]  # fmt: skip
    for case in [*wrapped, corpus]:
        sides = [
            [[c[:3] for c in repaired(tags, "IOB2", repair, Counter())] for tags in case[side]]
            for side in ("gold_bio", "pred_bio")
        ]
        sentences = list(zip(map(len, case["gold_bio"]), *sides, strict=True))
        expected = case["expected"]
        if repair == "discard":
            agrees_with_seqeval(sentences, expected["seqeval_strict_iob2"])
        else:
            agrees_with_seqeval(sentences, expected["seqeval_default"])
            agrees_with_conlleval(sentences, expected["conlleval_pl_percent"])
            agrees_with_nervaluate(sentences, expected["nervaluate_overall"])


@pytest.mark.slow
def test_values_published_of_a_corpus() -> None:
    corpus = stored("corpus_faireval_germeval_ner.json")
    sentences = [
        (max((span[1] for span in s["gold"] + s["pred"]), default=0), s["gold"], s["pred"])
        for s in corpus["sentences"]
    ]
    theirs = corpus["expected"]["set_strict_sklearn"]["micro"]
    micro = ask("seqeval", *records(sentences)).scores["micro avg"]
    assert micro["f1-score"] == pytest.approx(theirs["f1"], abs=1e-9)
    assert micro["support"] == theirs["support"]
    traditional = corpus["expected"]["published_by_the_author"]["traditional_percent"]["overall"]
    assert ask("conlleval", *records(sentences)).scores["overall"]["fb1"] == traditional[-1]


GOLD = [Record("a", "The New York-based U.S. team", Annotations((Entity(4, 18, "ORG"),)))]


def predictions(*entities: Entity) -> list[Record]:
    return [Record("a", None, Annotations(entities))]


def test_explanation_says_equal_or_why_not() -> None:
    same = ask("seqeval", GOLD, predictions(Entity(4, 18, "ORG")))
    assert ": equal; asked on tokens made from the text" in same.explanation
    widened = ask("seqeval", GOLD, predictions(Entity(4, 15, "ORG")))
    assert ": different; " in widened.explanation
    assert "1 predicted spans that cut a token are widened" in widened.explanation
    assert widened.scores["micro avg"]["f1-score"] == 1.0
    overlap = ask("conlleval", GOLD, predictions(Entity(4, 18, "ORG"), Entity(4, 12, "ORG")))
    assert "1 predicted spans that overlap a longer one are dropped" in overlap.explanation
    twice = ask("conlleval", GOLD, predictions(Entity(4, 18, "ORG"), Entity(4, 18, "ORG")))
    assert "1 predicted duplicates" in twice.explanation and ": equal;" in twice.explanation
    blank = ask("conlleval", GOLD, predictions(Entity(4, 18, "ORG"), Entity(3, 4, "ORG")))
    assert "1 predicted spans that touch no token are dropped" in blank.explanation
    ignored = [Record("a", GOLD[0].text, GOLD[0].annotations, ignore=(Span(19, 28),))]
    noted = ask("seqeval", ignored, predictions(Entity(4, 18, "ORG"), Entity(19, 23, "ORG")))
    assert "1 mentions in ignored regions count there" in noted.explanation
    beside = ask("seqeval", GOLD, predictions(Entity(4, 18, "ORG"), Entity(19, 23, "GPE")))
    assert "1 predictions of types that the gold does not annotate count" in beside.explanation
    assert beside.scores["micro avg"]["precision"] == 0.5


def test_spacy_drops_what_cuts_a_token() -> None:
    dropped = ask("spacy", GOLD, predictions(Entity(4, 18, "ORG"), Entity(5, 9, "ORG")))
    assert "1 predicted spans that cut a token are dropped" in dropped.explanation
    assert dropped.scores["ents_f"] == 1.0
    blind = [Record("a", GOLD[0].text, Annotations((Entity(4, 17, "ORG"),)))]
    ignored = ask("spacy", blind, predictions(Entity(4, 18, "ORG")))
    assert "1 gold spans that cut a token are ignored with what is predicted" in ignored.explanation
    assert ignored.scores["ents_f"] is None


def test_the_file_s_tokens_decide_what_is_cut() -> None:
    record = GOLD[0]
    own = Record("a", record.text, record.annotations, tokens=((0, 3), (4, 7), (8, 18), (19, 28)))
    shorter = predictions(Entity(4, 12, "ORG"))  # York- would be a token's end if tokens were made
    answer = ask("conlleval", [own], shorter)
    assert answer.scores["overall"]["tokens"] == 4
    assert answer.scores["overall"]["correct"] == 1
    assert "1 predicted spans that cut a token are widened" in answer.explanation
    assert "asked on the gold file's own tokens" in answer.explanation
    other = Record("b", "New York", Annotations(()))
    mixed = ask("conlleval", [own, other], shorter)
    assert mixed.tokens == "mixed"
    assert "own tokens in 1 of 2 documents" in mixed.explanation


def test_empty_tokens_of_a_table_stay_in_their_entity() -> None:
    tokens = ((0, 3), (4, 4), (5, 9))
    entities = (Entity(0, 9, "LOC"),)
    gold = Record("a", "New  York", Annotations(entities), tokens=tokens)
    assert tag(gold, entities, ()).tags()[0] == ["B-LOC", "I-LOC", "I-LOC"]
    edge = (Entity(0, 4, "LOC"),)
    assert tag(gold, edge, ()).tags()[0] == ["B-LOC", "I-LOC", "O"]


def test_a_gold_span_inside_an_aligned_one_does_not_hide_it_from_spacy() -> None:
    nested = (Entity(4, 18, "ORG"), Entity(5, 9, "ORG"))
    gold = [Record("a", GOLD[0].text, Annotations(nested))]
    assert ask("spacy", gold, predictions(Entity(4, 18, "ORG"))).scores["ents_f"] == 1.0


def test_nothing_gold_and_nothing_predicted() -> None:
    empty = [Record("a", "Nothing here", Annotations(()))]
    undefined = ask("seqeval", empty, predictions())
    assert undefined.scores["micro avg"]["f1-score"] == 0.0
    assert undefined.scores["macro avg"]["f1-score"] is None  # numpy's nan is no JSON
    assert "undefined is 0 there" in undefined.explanation
    assert ask("conlleval", empty, predictions()).scores["overall"]["accuracy"] == 100.0
    assert ask("nervaluate", empty, predictions()).scores["overall"]["strict"]["f1"] == 0.0
    assert ask("spacy", empty, predictions()).scores["ents_f"] is None


@pytest.mark.parametrize("name", SCORERS)
def test_a_text_without_tokens(name: str) -> None:
    gold = [Record("a", " \n", Annotations(()))]
    answer = ask(name, gold, predictions(Entity(0, 1, "X")))
    json.dumps(encode(answer), allow_nan=False)


@pytest.mark.parametrize("name", SCORERS)
def test_every_answer_is_json(name: str) -> None:
    for gold, predicted in tagged_corpora():
        json.dumps(encode(ask(name, *both(gold, predicted))), allow_nan=False)


def test_bad_input() -> None:
    count = counted(GOLD, predictions())
    with pytest.raises(UsageError, match="Did you mean 'seqeval'"):
        as_scorer("seqval", count)
    with pytest.raises(UsageError, match="match:exact"):
        as_scorer("seqeval", counted(GOLD, predictions(), options=NerOptions(match="exact")))
    with pytest.raises(NothingMeasured):
        ask("seqeval", [Record("a", "x", Annotations())], predictions())
    with pytest.raises(InputError, match="not in the gold: 'b'"):
        ask("seqeval", GOLD, [Record("b", None, Annotations(()))])
    with pytest.raises(InputError, match="no text"):
        ask("seqeval", [Record("a", None, Annotations(()))], [])


@pytest.mark.parametrize("name", ["seqeval", "nervaluate", "spacy"])
def test_a_missing_package_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(module: str, *rest: Any, **more: Any) -> Any:
        if module.partition(".")[0] == name:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(module, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        LibraryMissing, match=r"^unavailable: .*nlp-harness\[interop\]'\)$"
    ) as caught:
        as_scorer(name, counted(GOLD, predictions()))
    assert caught.value.exit_status == 2
    assert "\n" not in str(caught.value)
    assert ask("conlleval", GOLD, predictions()).scorer == "conlleval"  # which needs none
