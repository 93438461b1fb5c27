"""Facets on small texts, slices that add up, and metadata of documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from explaining import attribution, entities, scored_in_memory
from support import json_lines
from synthetic import articles, predict, skilled, speeches

from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.decide.explain.examined import Setting, examined
from harness.decide.explain.explain import ExplainOptions, explain
from harness.decide.explain.explanation import Explanation, Slice
from harness.errors import AnnotationError, InputError, UsageError
from harness.formats import jsonl
from harness.gold.loading import load_goldset
from harness.perturb.perturbation import perturbed
from harness.perturb.registry import perturbation_named
from harness.stats.overlaps import Reach
from harness.tasks.facets import Corpus, Facet, Scene, metadata_facets
from harness.tasks.registry import task_named

HEAD = "Ana Roe wins\n"
FIRST = "Ana Roe won in Riga-2, said NATO.\n"
REST = "“The são Paulo team,” iota said, beat ANA ROE of the New Lake Union McRoy Club."
TEXT = HEAD + FIRST + REST


def values(record: Record, items: Sequence[Any], task: str = "ner", **more: Any) -> dict[str, Any]:
    """What every facet says of items."""
    definition = task_named(task)
    corpus = Corpus(definition, [record, *more.pop("others", ())], **more)
    facets = (*definition.facets(), *metadata_facets(corpus))
    scene = Scene(corpus, record)
    return {one.name: [one.value(scene, item) for item in items] for one in facets}


def test_facets_of_mentions() -> None:
    again = Entity(len(HEAD), len(HEAD) + 7, "PER")
    marked = [("Riga-2", "LOC"), ("NATO", "ORG"), ("são Paulo", "LOC"), ("iota", "PER")]
    long = [("ANA ROE", "PER"), ("New Lake Union McRoy Club", "ORG"), ("-2", "LOC")]
    items = entities(TEXT, ("Ana Roe", "PER"), again, *marked, *long)
    record = Record("d", TEXT, Annotations(items))
    train = Record("t", "iota Ana Roe", Annotations(entities("iota", ("iota", "ORG"))))
    train_name = Record("u", "Ana Roe", Annotations(entities("Ana Roe", ("Ana Roe", "PER"))))
    got = values(record, items, training=[train, train_name])
    two, four = "two tokens", "four tokens and more"
    assert got["type"] == [one.label for one in items]
    assert got["length"] == [
        *(two, two, "three tokens", "one token", two, "one token", two, four, two),
    ]
    assert got["case"] == [
        *("capitalised",) * 3,
        *("in upper case", "in mixed case", "in lower case", "in upper case"),
        *("capitalised", "without case"),
    ]
    assert got["digits"] == ["with" if place in (2, 8) else "without" for place in range(9)]
    assert got["diacritics"] == ["with" if place == 4 else "without" for place in range(9)]
    assert got["form"] == ["one type"] * 9
    assert got["repeated"] == ["for the first time", "again", *["once"] * 7]
    seen, unseen = "seen with its type", "unseen"
    other = "seen with other types only"
    assert got["training"] == [seen, seen, unseen, unseen, unseen, other, seen, unseen, unseen]
    assert got["quotation marks"] == ["inside" if n == 4 else "outside" for n in range(9)]
    head, first, below = "in the headline", "in the first paragraph", "below the first paragraph"
    assert got["place"] == [head, first, first, first, *[below] * 4, first]
    assert len(TEXT) == 126
    assert got["position"] == [
        *("first third",) * 3,
        *("first third", "second third", "second third"),
        *("last third", "last third", "first third"),
    ]
    # One document: none is longer or denser than another.
    assert got["document length"] == got["density"] == [None] * 9


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *((name, "with") for name in ("Zoé", "Zoe\u0301", "Việt", "Королёв")),
        *((name, "without") for name in ("Zoe", "Søren", "ガーナ", "हिन्दी", "שָׁלוֹם")),
    ],
)
def test_diacritics_are_what_the_perturbation_takes_off(name: str, what: str) -> None:
    """Voicing marks of Japanese, vowel signs of Indic scripts and points of Hebrew are none."""
    item = Entity(0, len(name), "PER")
    record = Record("d", name, Annotations((item,)))
    assert values(record, [item])["diacritics"] == [what]
    changed = perturbed(record, perturbation_named("diacritics"), "all").text != name
    assert changed == (what == "with")


def test_a_form_of_several_types() -> None:
    text = "Lake met lake\xa0  Union and Lake Union"
    items = entities(text, ("Lake", "PER"), ("lake\xa0  Union", "ORG"), ("Lake Union", "LOC"))
    record = Record("d", text, Annotations(items))
    assert values(record, items)["form"] == ["one type", "several types", "several types"]
    assert values(record, items)["training"] == [None] * 3


def test_what_is_part_of_a_longer_word_is_not_met_again() -> None:
    text = "Iran and Iranians of Oman, Oman. In 北京和北京市, again Oman"
    items = entities(text, ("Iran", "LOC"), ("Oman", "LOC"), ("北京", "LOC"), ("ran", "LOC"))
    again = [
        Entity(start, start + 4, "LOC")
        for start in (text.index("Oman, O") + 6, text.rindex("Oman"))
    ]
    (*_, last) = again
    assert text[last.start : last.end] == "Oman"
    got = values(Record("d", text, Annotations(items)), (*items, *again))["repeated"]
    assert got == ["once", "for the first time", "for the first time", "once", "again", "again"]
    long = "a b c d e f g h i"
    items = (Entity(0, len(long), "LOC"), Entity(len(long) + 1, 2 * len(long) + 1, "LOC"))
    got = values(Record("d", f"{long} {long}", Annotations(items)), items)["repeated"]
    assert got == ["for the first time", "again"]


def test_a_headline_is_a_short_first_line_without_a_full_stop() -> None:
    for text, expected in (
        ("Roe won.\nRoe lost", "in the first paragraph"),
        ("Roe won", "in the first paragraph"),
        ("Roe won\nRoe lost", "in the headline"),
        (f"Roe {'won ' * 25}\nRoe lost", "in the first paragraph"),
        (f"Roe {'won ' * 24}\nRoe lost", "in the headline"),
    ):
        items = entities(text, ("Roe", "PER"))
        assert values(Record("d", text, Annotations(items)), items)["place"] == [expected], text


def test_thirds_of_documents() -> None:
    def lengths(*words: int) -> list[str | None]:
        records = [
            Record(f"d{n}", " ".join(["Roe"] * count), Annotations((Entity(0, 3, "PER"),)))
            for n, count in enumerate(words)
        ]
        corpus = Corpus(task_named("ner"), records)
        return [Scene(corpus, one).length for one in records]

    short, middle, long = (
        "short documents",
        "documents of middling length",
        "long documents",
    )
    assert lengths(1, 2, 3, 4, 5, 6) == [short, short, middle, middle, long, long]
    assert lengths(7, 7, 7) == [None] * 3
    assert lengths(1, 1, 1, 5) == [short, short, short, long]
    assert lengths(1, 5, 5, 5) == [short, long, long, long]
    assert lengths(2, 1, 1, 1, 1, 9, 9) == [middle, short, short, short, short, long, long]


SAID = (
    "“We won,” said Ana Roe.\n"
    "According to a spokesman, it was late. He thinks “that it, “as ever,” rained.\n"
    "“The cup is ours\n\n"
    "and “it stays here” for good.”"
)


def test_facets_of_relations() -> None:
    items = (
        attribution(SAID, "“We won,”", "Ana Roe", "said"),
        attribution(SAID, "it was late", "a spokesman", "According to"),
        attribution(SAID, "“that it, “as ever,” rained", "He", "thinks", kind="mixed"),
        attribution(SAID, "“The cup is ours\n\nand “it stays here” for good.”", None),
        attribution(SAID, "“it stays here”", "Ana Roe", None),
    )
    got = values(Record("d", SAID, Annotations(attributions=items)), items, "attribution")
    assert got["kind"] == ["direct", "indirect", "mixed", "mixed", "direct"]
    assert got["source"] == ["a name", "a noun phrase", "a pronoun", "not in the text", "a name"]
    beside = "with the source beside the content"
    far = "with the source near the content"
    assert got["distance"] == [beside, beside, beside, None, far]
    assert got["cue"] == [
        *("the cue “said”", "the cue “according to”", "another cue", "no cue", "no cue"),
    ]
    assert got["marks"] == [
        *("paired marks", "broken marks", "broken marks", "paired marks", "broken marks"),
    ]
    within, over = "within a paragraph", "continued over paragraphs"
    assert got["paragraphs"] == [within, within, within, over, within]
    inner, outer = "inside another content", "inside no other content"
    assert got["nested"] == [outer] * 4 + [inner]
    assert got["length"] == ["up to 10 tokens"] * 3 + ["11 to 30 tokens", "up to 10 tokens"]
    assert got["place"][0] == "in the first paragraph"


def test_how_far_stretches_reach() -> None:
    """Against looking at each."""
    stretches = [(0, 9, "a"), (0, 4, "b"), (2, 9, "c"), (5, 20, "a"), (6, 7, "c"), (6, 30, "b")]
    reach = Reach(stretches)
    for before in range(9):
        for name in ("a", "b", "c", "d", None):
            others = (end for start, end, one in stretches if start < before and one != name)
            assert reach.end(before, name) == max(others, default=-1), (before, name)


# Slices


def explained(gold: Sequence[Record], said: Sequence[Record], **options: Any) -> Explanation:
    task = options.pop("task", "ner")
    given = ExplainOptions(resamples=50, **{"min_support": 1, **options})
    return explain([scored_in_memory(gold, said, task)], given).explanations[0]


def by_facet(one: Explanation) -> dict[str, list[Slice]]:
    out: dict[str, list[Slice]] = {}
    for each in one.slices:
        out.setdefault(each.facet, []).append(each)
    return out


def test_slices_of_a_facet_add_up_and_have_the_rates_that_are_counted() -> None:
    gold = articles(10, seed=3)
    said = predict(gold, skilled(0.7, 0.4), seed=4)
    one = explained(gold, said)
    total = sum(len(record.annotations.entities or ()) for record in gold)
    made = sum(len(record.annotations.entities or ()) for record in said)
    for facet, slices in by_facet(one).items():
        assert sum(each.support for each in slices) == total, facet
        if facet != "form":
            assert sum(each.predicted for each in slices) <= made
    assert sum(each.predicted for each in by_facet(one)["type"]) == made
    for each in by_facet(one)["type"]:
        ours = {
            (r.id, e) for r in gold for e in r.annotations.entities or () if e.label == each.value
        }
        theirs = {
            (r.id, e) for r in said for e in r.annotations.entities or () if e.label == each.value
        }
        both = len(ours & theirs)
        recall, precision = both / len(ours), both / len(theirs)
        told = [each.contrasts[name].here.value for name in ("recall", "precision", "f1")]
        f1 = 2 * precision * recall / (precision + recall)
        assert told == pytest.approx([recall, precision, f1])
        rest = [o for o in by_facet(one)["type"] if o.value != each.value]
        found = sum(round((o.contrasts["recall"].here.value or 0) * o.support) for o in rest)
        elsewhere = found / sum(o.support for o in rest)
        assert each.contrasts["recall"].difference.value == pytest.approx(recall - elsewhere)


@pytest.mark.parametrize(("others", "told"), [(5, False), (6, True)])
def test_a_difference_has_an_interval_where_both_sides_are_held_by_enough(
    others: int, told: bool
) -> None:
    """Twenty documents have a name in lower case; in so many of them stands another one."""
    gold = []
    for number in range(20):
        text = f"We saw ada near {'Riga' if number < others else 'us'} again."
        names = [("ada", "PER"), *([("Riga", "LOC")] if number < others else [])]
        gold.append(Record(f"d{number:02}", text, Annotations(entities(text, *names))))
    said = [
        one.with_annotations(Annotations((one.annotations.entities or ())[: 1 if n % 3 else 0]))
        for n, one in enumerate(gold)
    ]
    parts = by_facet(explained(gold, said))["case"]
    for part in parts:
        recall = part.contrasts["recall"]
        assert recall.difference.value is not None
        assert (recall.difference.interval.bounds is not None) == told, part.value
    small = next(part for part in parts if part.value == "capitalised")
    assert (small.contrasts["recall"].here.interval.bounds is not None) == told


def test_slices_by_gold_alone_have_recall_alone() -> None:
    gold = articles(8, seed=3)
    (form, *_) = by_facet(explained(gold, gold))["form"]
    assert set(form.contrasts) == {"recall"} and form.predicted == 0


def test_slices_of_relations_add_up() -> None:
    gold = speeches(9, seed=2)
    one = explained(gold, gold, task="attribution")
    total = sum(len(record.annotations.attributions or ()) for record in gold)
    assert {sum(each.support for each in s) for s in by_facet(one).values()} == {total}
    assert one.f1 == 1 and one.costs == () and not one.searched.weaknesses


def test_only_the_slices_that_were_named_and_large_enough() -> None:
    gold = articles(10, seed=3)
    one = explained(gold, gold, slices=("type", "length"), min_support=20)
    assert set(by_facet(one)) == {"type", "length"}
    assert all(each.support >= 20 for each in one.slices)
    none = explained(gold, gold, slices=("type",), min_support=1000)
    assert none.slices == () and len(none.too_small) == 3
    assert none.searched.tested == 0 and none.searched.too_small == 2 * 3


def test_slices_that_there_are_not() -> None:
    gold = articles(8, seed=3)
    with pytest.raises(UsageError, match=r"unknown slice 'lenght' of named entities.*'length'"):
        explained(gold, gold, slices=("lenght",))
    with pytest.raises(UsageError, match=r"nothing has a slice by training; some.* need --train"):
        explained(gold, gold, slices=("training",))


def test_documents_without_text_have_slices_by_type_alone() -> None:
    gold = [
        Record(one.id, None, one.annotations, metadata={"genre": "ab"[n % 2]})
        for n, one in enumerate(articles(8, seed=3))
    ]
    one = explained(gold, [Record(r.id, None, Annotations(())) for r in gold])
    assert set(by_facet(one)) == {"type", "genre"}
    # Nothing is known to be alike, so that each example is another.
    assert [each.alike for each in one.costs[0].examples] == [1] * 5


# Training


def test_training_in_other_types_is_said() -> None:
    gold = articles(8, seed=3)
    train = [Record("t", "Riga", Annotations((Entity(0, 4, "WIZARD"),)))]
    one = explained(gold, gold, training=train)
    assert {each.value for each in by_facet(one)["training"]} == {
        "unseen",
        "seen with other types only",
    }
    assert any("does not have: WIZARD" in remark for remark in one.remarks)
    speech = explained(speeches(8), speeches(8), task="attribution", training=train)
    assert "there are no slices of attributions by training data" in speech.remarks


# Metadata


def documents(*metadata: dict[str, str] | None) -> list[Record]:
    return [
        Record(r.id, r.text, r.annotations, metadata=said)
        for r, said in zip(articles(len(metadata), seed=5), metadata, strict=True)
    ]


def test_metadata_slices_documents_and_what_does_not_is_named() -> None:
    gold = documents(
        *({"genre": "news" if n % 2 else "blog", "id": str(n), "lang": "en"} for n in range(8))
    )
    one = explained(gold, gold)
    assert {each.value for each in by_facet(one)["genre"]} == {"news", "blog"}
    odd = sum(len(r.annotations.entities or ()) for r in gold[1::2])
    assert {each.value: each.support for each in by_facet(one)["genre"]}["news"] == odd
    assert any("not sliced by id, lang" in remark for remark in one.remarks)
    with pytest.raises(UsageError, match="not sliced by lang"):
        explained(gold, gold, slices=("lang",))


def test_metadata_may_be_called_anything() -> None:
    key = "{0.__class__} \x1b[31m{"
    gold = documents(*({"type": "xy"[n % 2], key: "{}{a}"[n % 3 :]} for n in range(9)))
    one = explained(gold, gold)
    assert {each.value for each in by_facet(one)["document type"]} == {"x", "y"}
    assert {each.value for each in by_facet(one)["type"]} == {"PER", "ORG", "LOC"}
    phrases = {each.phrase for each in by_facet(one)[key]}
    assert f"in documents of {key} {{}}{{a}}" in phrases
    scored = scored_in_memory(gold, gold)
    assert examined(scored, Setting(scored, names=["document type"])).gold.codes.shape[1] == 1
    alike = documents(*({"type": "x"} for _ in range(8)))
    assert set(by_facet(explained(alike, alike, slices=("type",)))) == {"type"}


def line(**more: Any) -> dict[str, Any]:
    return {"id": "a", "text": "Roe", "entities": [], **more}


def test_metadata_of_json_lines(tmp_path: Path) -> None:
    said = {"id": "news", "year": 2001, "paid": True, "rate": 0.5, "none": None}
    path = json_lines(tmp_path, line(metadata=said), line(id="b"))
    first, second = jsonl.read(path)
    assert first.metadata == {"id": "news", "year": "2001", "paid": "true", "rate": "0.5"}
    assert second.metadata is None
    out = tmp_path / "out.jsonl"
    assert main(["convert", str(path), str(out)]) == 0
    assert [one.metadata for one in jsonl.read(out)] == [first.metadata, None]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ([1], "expected an object"),
        ({"a": "\ud800"}, "half a character"),
    ],
)
def test_metadata_that_is_none(metadata: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(line(metadata=metadata)) + "\n", "utf-8")
    with pytest.raises((InputError, AnnotationError), match=message):
        list(jsonl.read(path))


@pytest.mark.parametrize("in_file", [True, False])
def test_metadata_of_a_card(in_file: bool, tmp_path: Path) -> None:
    card = ['name = "c"', 'tasks = ["ner"]', 'data = "g.jsonl"' if in_file else 'texts = "."']
    card += ["[[documents]]", 'id = "a"', 'genre = "news"', "date = 2020-01-31", "n = 3"]
    (tmp_path / "goldset.toml").write_text("\n".join(card), "utf-8")
    (tmp_path / "a.txt").write_text("Roe", "utf-8")
    (tmp_path / "a.ann").write_text("", "utf-8")
    (tmp_path / "g.jsonl").write_text(
        json.dumps(line(metadata={"genre": "blog"})) + "\n" + json.dumps(line(id="b")), "utf-8"
    )
    first, *rest = load_goldset(tmp_path).read_all()
    # What the file says of its document is nearer than the card.
    genre = "blog" if in_file else "news"
    assert first.metadata == {"genre": genre, "date": "2020-01-31", "n": "3"}
    assert [one.metadata for one in rest] == [None] * in_file


NOT_READ = "values of metadata that are lists or objects: left out"


def test_lists_and_objects_in_metadata_are_left_out_and_counted(tmp_path: Path) -> None:
    said = {"authors": ["x"], "of": {"a": 1}, "genre": "news"}
    goldset = load_goldset(json_lines(tmp_path, line(metadata=said)))
    assert [one.metadata for one in goldset.records()] == [{"genre": "news"}]
    assert goldset.losses == {NOT_READ: 2}


@pytest.mark.parametrize("in_file", [True, False])
def test_a_card_with_a_list_for_metadata(in_file: bool, tmp_path: Path) -> None:
    card = ['name = "c"', 'tasks = ["ner"]', 'data = "g.jsonl"' if in_file else 'texts = "."']
    card += ["[annotators]", 'one = "."'] if not in_file else []
    card += ["[[documents]]", 'id = "a"', 'by = ["x", "y"]', 'genre = "news"', "of = {a = 1}"]
    (tmp_path / "goldset.toml").write_text("\n".join(card), "utf-8")
    (tmp_path / "a.txt").write_text("Roe", "utf-8")
    (tmp_path / "a.ann").write_text("", "utf-8")
    (tmp_path / "g.jsonl").write_text(json.dumps(line()), "utf-8")
    goldset = load_goldset(tmp_path)
    assert [one.metadata for one in goldset.records()] == [{"genre": "news"}]
    assert goldset.losses == {NOT_READ: 2}
    if not in_file:
        assert [one.metadata for one in goldset.annotator("one")] == [{"genre": "news"}]


def test_facets_without_a_phrase_say_with() -> None:
    assert Facet("colour", lambda scene, item: "red").phrase.format("red") == "with red"
