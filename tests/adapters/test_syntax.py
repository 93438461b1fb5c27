"""The rules over hand-made parses, both label inventories; the speakers; the real model."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from harness.adapter import Adapter, LoadRequest
from harness.adapters import syntax
from harness.adapters._attribution import lexicon, rules
from harness.adapters._attribution.assemble import assemble
from harness.adapters._attribution.identity import rules_digest
from harness.adapters._attribution.names import NameMention, People
from harness.adapters._attribution.parse import Parse, from_ud
from harness.adapters._attribution.parsers import StanzaParser
from harness.adapters._attribution.quotation import quotations
from harness.adapters._attribution.speakers import SourceMention, resolve
from harness.adapters.syntax import ADAPTER
from harness.annotation import Attribution, Span
from harness.errors import BackendUnavailable, UsageError
from tests.adapters.handmade import parse, ud

Shown = tuple[str | None, str | None, list[str]]


def shown(text: str, parsed: Parse, *, nested: bool = False, scope: str = "") -> list[Shown]:
    scopes = (scope,) if scope else lexicon.SCOPES
    quotes = quotations(text)
    found = rules.relations(text, [parsed], quotes, lexicon.load(scopes), nested=nested)

    def words(span: Span | None) -> str | None:
        return None if span is None else text[span.start : span.end]

    return [
        (words(item.source), words(item.cue), [text[a:b] for a, b in item.content])
        for item in found
    ]


SAID = "Ann Roe, the mayor, has not said that Bob wants to leave."
SAID_ROWS = """
Ann ann PROPN NNP compound 2
Roe roe PROPN NNP nsubj 9
, , PUNCT , punct 2
the the DET DT det 5
mayor mayor NOUN NN appos 2
, , PUNCT , punct 2
has have AUX VBZ aux 9
not not PART RB neg 9
said say VERB VBN ROOT 0
that that SCONJ IN mark 12
Bob bob PROPN NNP nsubj 12
wants want VERB VBZ ccomp 9
to to PART TO aux 14
leave leave VERB VB xcomp 12
. . PUNCT . punct 9
"""


def test_a_clause_with_that_inside_the_stop_outside_and_the_whole_verb_group() -> None:
    assert shown(SAID, parse(SAID, SAID_ROWS)) == [
        ("Ann Roe, the mayor", "has not said", ["that Bob wants to leave"])
    ]


def test_nested_relations_on_demand() -> None:
    assert shown(SAID, parse(SAID, SAID_ROWS), nested=True) == [
        ("Ann Roe, the mayor", "has not said", ["that Bob wants to leave"]),
        ("Bob", "wants", ["to leave"]),
    ]


def test_scope_selects_the_classes_of_words() -> None:
    parsed = parse(SAID, SAID_ROWS)
    assert shown(SAID, parsed, nested=True, scope="intention") == [("Bob", "wants", ["to leave"])]
    assert [cue for _, cue, _ in shown(SAID, parsed, nested=True, scope="speech")] == [
        "has not said"
    ]


def test_a_quotation_around_its_cue_is_one_relation() -> None:
    text = "“We go,” she said. “And we stay for good.”"
    rows = """
“ “ PUNCT `` punct 3
We we PRON PRP nsubj 3
go go VERB VBP ccomp 7
, , PUNCT , punct 7
” ” PUNCT '' punct 7
she she PRON PRP nsubj 7
said say VERB VBD ROOT 0
. . PUNCT . punct 7
"""
    # the second sentence has no cue of its own and needs no parse
    assert shown(text, parse(text, rows)) == [
        ("she", "said", ["“We go,”"]),
    ]
    whole = parse(text, rows + "“ “ PUNCT `` ROOT 0\nAnd and CCONJ CC dep 9\n”  ” PUNCT '' dep 9")
    assert shown(text, whole) == [("she", "said", ["“We go,”", "“And we stay for good.”"])]


def test_a_report_in_the_middle_of_its_clause() -> None:
    text = "The plan, Roe said, is dead."
    rows = """
The the DET DT det 2
plan plan NOUN NN nsubj 7
, , PUNCT , punct 5
Roe roe PROPN NNP nsubj 5
said say VERB VBD parataxis 7
, , PUNCT , punct 5
is be AUX VBZ ROOT 0
dead dead ADJ JJ acomp 7
. . PUNCT . punct 7
"""
    assert shown(text, parse(text, rows)) == [("Roe", "said", ["The plan", "is dead"])]


def test_according_to() -> None:
    text = "The plan is dead, according to two officials."
    rows = """
The the DET DT det 2
plan plan NOUN NN nsubj 3
is be AUX VBZ ROOT 0
dead dead ADJ JJ acomp 3
, , PUNCT , punct 3
according accord VERB VBG prep 3
to to ADP IN prep 6
two two NUM CD nummod 9
officials official NOUN NNS pobj 7
. . PUNCT . punct 3
"""
    assert shown(text, parse(text, rows)) == [
        ("two officials", "according to", ["The plan is dead"])
    ]


def test_a_passive_has_no_source_and_its_subject_in_the_content() -> None:
    text = "Roe is expected to win."
    rows = """
Roe roe PROPN NNP nsubjpass 3
is be AUX VBZ auxpass 3
expected expect VERB VBN ROOT 0
to to PART TO aux 5
win win VERB VB xcomp 3
. . PUNCT . punct 3
"""
    assert shown(text, parse(text, rows)) == [(None, "is expected", ["Roe", "to win"])]


def test_the_agent_of_a_passive_is_the_source() -> None:
    text = "Moe was told by Roe that it is over."
    rows = """
Moe moe PROPN NNP nsubjpass 3
was be AUX VBD auxpass 3
told tell VERB VBN ROOT 0
by by ADP IN agent 3
Roe roe PROPN NNP pobj 4
that that SCONJ IN mark 8
it it PRON PRP nsubj 8
is be AUX VBZ ccomp 3
over over ADV RB advmod 8
. . PUNCT . punct 3
"""
    assert shown(text, parse(text, rows)) == [("Roe", "was told", ["that it is over"])]


def test_the_next_report_of_a_sentence_is_one_of_its_own() -> None:
    text = "Roe says it is over, adding that nobody won."
    rows = """
Roe roe PROPN NNP nsubj 2
says say VERB VBZ ROOT 0
it it PRON PRP nsubj 4
is be AUX VBZ ccomp 2
over over ADV RB advmod 4
, , PUNCT , punct 4
adding add VERB VBG advcl 4
that that SCONJ IN mark 10
nobody nobody PRON NN nsubj 10
won win VERB VBD ccomp 7
. . PUNCT . punct 2
"""
    assert [(cue, content) for _, cue, content in shown(text, parse(text, rows))] == [
        ("says", ["it is over"]),
        ("adding", ["that nobody won"]),
    ]


def test_seeing_somebody_leave_reports_nothing() -> None:
    text = "Roe saw him leave."
    rows = """
Roe roe PROPN NNP nsubj 2
saw see VERB VBD ROOT 0
him he PRON PRP nsubj 4
leave leave VERB VB ccomp 2
. . PUNCT . punct 2
"""
    assert shown(text, parse(text, rows)) == []


def test_nouns_report_too() -> None:
    text = "Roe's claim that it is over failed."
    rows = """
Roe roe PROPN NNP poss 3
's 's PART POS case 1
claim claim NOUN NN nsubj 8
that that SCONJ IN mark 6
it it PRON PRP nsubj 6
is be AUX VBZ acl 3
over over ADV RB advmod 6
failed fail VERB VBD ROOT 0
. . PUNCT . punct 8
"""
    assert shown(text, parse(text, rows)) == [("Roe", "'s claim", ["that it is over"])]


def test_offsets_are_those_of_the_document() -> None:
    text = "A headline\n\n" + SAID
    (relation,) = rules.relations(
        text, [parse(SAID, SAID_ROWS, offset=12)], quotations(text), lexicon.load()
    )
    assert text[slice(*relation.content[0])] == "that Bob wants to leave"


# --- Universal Dependencies -------------------------------------------------------------------


def test_ud_says_the_same_of_a_clause_with_a_copula() -> None:
    text = "Roe said that the plan is a trap."
    words = ud(
        text,
        """
Roe Roe PROPN NNP nsubj 2
said say VERB VBD root 0
that that SCONJ IN mark 8
the the DET DT det 5
plan plan NOUN NN nsubj 8
is be AUX VBZ cop 8
a a DET DT det 8
trap trap NOUN NN ccomp 2
. . PUNCT . punct 2
""",
    )
    parsed = from_ud([words])
    assert [(t.text, t.dep, parsed.head(t.index).text) for t in parsed.tokens] == [
        ("Roe", "nsubj", "said"),
        ("said", "ROOT", "said"),
        ("that", "mark", "is"),
        ("the", "det", "plan"),
        ("plan", "nsubj", "is"),
        ("is", "ccomp", "said"),
        ("a", "det", "trap"),
        ("trap", "attr", "is"),
        (".", "punct", "said"),
    ]
    assert shown(text, parsed) == [("Roe", "said", ["that the plan is a trap"])]


def test_ud_according_to_and_prepositions() -> None:
    text = "The plan failed, according to officials in Lima."
    words = ud(
        text,
        """
The the DET DT det 2
plan plan NOUN NN nsubj 3
failed fail VERB VBD root 0
, , PUNCT , punct 7
according accord VERB VBG case 7
to to ADP IN fixed 5
officials official NOUN NNS obl 3
in in ADP IN case 9
Lima Lima PROPN NNP nmod 7
. . PUNCT . punct 3
""",
    )
    assert shown(text, from_ud([words])) == [
        ("officials in Lima", "according to", ["The plan failed"])
    ]


def test_ud_passive_with_agent() -> None:
    text = "It was said by Roe that we lost."
    words = ud(
        text,
        """
It it PRON PRP expl 3
was be AUX VBD aux:pass 3
said say VERB VBN root 0
by by ADP IN case 5
Roe Roe PROPN NNP obl:agent 3
that that SCONJ IN mark 8
we we PRON PRP nsubj 8
lost lose VERB VBD ccomp 3
. . PUNCT . punct 3
""",
    )
    assert shown(text, from_ud([words])) == [("Roe", "was said", ["that we lost"])]


def test_ud_infinitive_and_negation() -> None:
    text = "Roe does not want to go."
    words = ud(
        text,
        """
Roe Roe PROPN NNP nsubj 4
does do AUX VBZ aux 4
not not PART RB advmod 4
want want VERB VB root 0
to to PART TO mark 6
go go VERB VB xcomp 4
. . PUNCT . punct 4
""",
    )
    assert shown(text, from_ud([words])) == [("Roe", "does not want", ["to go"])]


def test_ud_heads_of_later_sentences_are_moved_along() -> None:
    words = ud(
        "He left.", "He he PRON PRP nsubj 2\nleft leave VERB VBD root 0\n. . PUNCT . punct 2"
    )
    parsed = from_ud([words, words])
    assert [parsed.head(index).index for index in range(6)] == [1, 1, 1, 4, 4, 4]
    assert parsed.sentence(4) == (3, 6)


class _Word:
    def __init__(self, text: str, head: int, deprel: str, upos: str) -> None:
        self.text, self.head, self.deprel, self.upos = text, head, deprel, upos
        self.lemma, self.xpos = text.lower(), ""


class _Token:
    def __init__(self, text: str, start: int, *words: _Word) -> None:
        self.text, self.start_char, self.end_char = text, start, start + len(text)
        self.words = words


class _Sentence:
    def __init__(self, *tokens: _Token) -> None:
        self.tokens = tokens


class _Document:
    def __init__(self, *sentences: _Sentence) -> None:
        self.sentences = sentences


def test_stanza_documents_are_read_with_their_offsets_paragraph_by_paragraph() -> None:
    asked: list[str] = []

    def pipeline(text: str) -> _Document:
        asked.append(text)
        place = text.index("don't")
        return _Document(
            _Sentence(
                _Token("I", text.index("I"), _Word("I", 3, "nsubj", "PRON")),
                _Token("don't", place, _Word("do", 3, "aux", "AUX"),
                       _Word("n't", 3, "advmod", "PART")),
                _Token("go", text.index("go"), _Word("go", 0, "root", "VERB")),
            )
        )  # fmt: skip

    text = "\nI don't go\n\n  I don't go"
    (parsed,) = StanzaParser(pipeline).parse([text])
    assert asked == ["I don't go", "  I don't go"]
    forms = [[text[t.start : t.end] for t in part.tokens] for part in parsed.paragraphs]
    assert forms == [["I", "do", "n't", "go"]] * 2


# --- speakers ---------------------------------------------------------------------------------


def speakers(text: str, *sources: str, names: dict[str, str]) -> list[str | None]:
    """Resolve sources, each given as its words; the first occurrence not yet used is meant."""
    mentions, place = [], {}
    for name, label in names.items():
        start = text.find(name)
        while start >= 0:
            mentions.append(NameMention(start, start + len(name), label))
            start = text.find(name, start + 1)
    asked = []
    for words in sources:
        start = text.index(words, place.get(words, 0))
        place[words] = start + 1
        asked.append(SourceMention(Span(start, start + len(words)), ()))
    return resolve(text, asked, mentions, quotations(text))


STORY = (
    "NATO Secretary General Jens Smith said one thing. He added another, and Smith's aide a third. "
    "Norway's Ann Lee disagreed, she wrote. The secretary general went home. The officials stayed."
)


def test_speakers_in_a_story() -> None:
    assert speakers(
        STORY,
        "NATO Secretary General Jens Smith",
        "He ",
        "Smith's aide",
        "Norway's Ann Lee",
        "she",
        "The secretary general",
        "The officials",
        names={"Jens Smith": "PERSON", "Ann Lee": "PERSON", "NATO": "ORG", "Norway": "GPE"},
    ) == ["Jens Smith", "Jens Smith", None, "Ann Lee", "Ann Lee", "Jens Smith", None]


def test_two_people_of_one_surname_are_not_guessed_between() -> None:
    text = "Ann Roe and Bob Roe met. Roe said it is over."
    people = {"Ann Roe": "PERSON", "Bob Roe": "PERSON"}
    start = text.index("Roe said")
    asked = [SourceMention(Span(start, start + 3), ())]
    mentions = [NameMention(0, 7, "PERSON"), NameMention(12, 19, "PERSON")]
    assert resolve(text, asked, mentions, []) == [None]
    assert [person.name for person in People(text, mentions).persons] == list(people)


def test_organisations_resolve_to_themselves_and_their_officials_to_nobody() -> None:
    text = "The White House said so. The Foo agency wrote it. White House officials agreed."
    names = {"White House": "ORG", "Foo": "ORG"}
    sources = ("The White House", "The Foo agency", "White House officials")
    assert speakers(text, *sources, names=names) == ["White House", "Foo", None]


def test_an_object_of_a_preposition_is_not_the_speaker() -> None:
    text = "A spokesman for Ann Roe said so. Ann Roe's lawyer Bob Moe agreed."
    names = {"Ann Roe": "PERSON", "Bob Moe": "PERSON"}
    sources = ("A spokesman for Ann Roe", "Ann Roe's lawyer Bob Moe")
    assert speakers(text, *sources, names=names) == [None, "Bob Moe"]


def test_the_president_of_another_country_is_somebody_else() -> None:
    text = "President Bob Moe met them. The president of Chile said no. The president said yes."
    sources = ("The president of Chile", "The president said")
    found = speakers(text, *sources, names={"Bob Moe": "PERSON"})
    assert found[0] is None


def test_i_in_a_quotation_is_whoever_is_quoted() -> None:
    text = "Ann Roe said: “I think we lost.”"
    outer = SourceMention(Span(0, 7), (Span(14, 32),))
    inner = SourceMention(Span(15, 16), (Span(23, 31),))
    assert resolve(text, [inner, outer], [NameMention(0, 7, "PERSON")], quotations(text)) == [
        "Ann Roe",
        "Ann Roe",
    ]


def test_kinds_and_speakers_come_with_the_relations() -> None:
    quotes = quotations(SAID)
    found = rules.relations(SAID, [parse(SAID, SAID_ROWS)], quotes, lexicon.load())
    (item,) = assemble(SAID, found, quotes, [NameMention(0, 7, "PERSON")])
    assert (item.kind, item.speaker) == ("indirect", "Ann Roe")


# --- the adapter ------------------------------------------------------------------------------


def test_the_adapter_keeps_the_contract() -> None:
    assert isinstance(ADAPTER, Adapter)
    assert "not installed" in (ADAPTER.unavailable("no_such_pipeline") or "")
    with pytest.raises(BackendUnavailable):
        ADAPTER.load(LoadRequest("no_such_pipeline", "attribution"))
    with pytest.raises(UsageError, match="unknown class gossip"):
        ADAPTER.load(LoadRequest("en_core_web_sm", "attribution", options={"scope": "gossip"}))


def test_stanza_without_models_is_unavailable_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("stanza") is None:
        pytest.skip("Stanza is not installed")
    monkeypatch.setenv("STANZA_RESOURCES_DIR", str(tmp_path))
    reason = ADAPTER.unavailable("stanza:en") or ""
    assert "depparse" in reason and "stanza.download('en')" in reason
    assert ADAPTER.identity("stanza:en") is None
    assert "no language code" in (ADAPTER.unavailable("stanza:../en") or "")


def test_the_digest_changes_with_the_rules() -> None:
    own = syntax.ADAPTER.sources()
    assert {path.name for path in own} == {"syntax.py", "_spacy.py"}
    assert len(rules_digest()) == 64
    assert rules_digest() != rules_digest(*syntax.ADAPTER.sources()) == rules_digest(*own)


def real(text: str, **options: bool) -> list[Attribution]:
    pytest.importorskip("spacy")
    if ADAPTER.unavailable("en_core_web_sm"):
        pytest.skip("the pipeline en_core_web_sm is not installed")
    backend = ADAPTER.load(LoadRequest("en_core_web_sm", "attribution", options=options))
    raws = list(backend.predict(["", text, "\n \n"]))
    assert [len(raw) for raw in (raws[0], raws[2])] == [0, 0]
    return list(backend.annotations(text, raws[1]).attributions or ())


@pytest.mark.models
def test_the_real_parser() -> None:
    text = (
        "Brussels\n\n“We will not wait any longer,” Prime Minister Anna Smith said on Monday. "
        "“The time has come.”\n\nShe told reporters that talks would begin “very soon”.\n\n"
        "According to the ministry, nothing has changed."
    )
    found = real(text)
    cut = [[text[a:b] for a, b in item.content] for item in found]
    assert cut == [
        ["“We will not wait any longer,”", "“The time has come.”"],
        ["that talks would begin “very soon”"],
        ["nothing has changed"],
    ]
    assert [item.kind for item in found] == ["direct", "mixed", "indirect"]
    assert [item.speaker for item in found] == ["Anna Smith", "Anna Smith", None]
    assert [item.source and text[slice(*item.source)] for item in found] == [
        "Prime Minister Anna Smith",
        "She",
        "the ministry",
    ]


@pytest.mark.models
def test_the_real_parser_keeps_offsets_in_awkward_texts() -> None:
    text = (
        "\r\n\u00a0 Roe\u00a0said that caf\u00e9s are shut \U0001f600 again.\r\nMore. “Yes, we do”"
    )
    for item in real(text, nested=True):
        for _, span in item.spans():
            assert 0 <= span.start < span.end <= len(text)
            assert text[span.start : span.end].strip("\r\n\u00a0 ") == text[span.start : span.end]


def test_a_new_subject_takes_the_pronoun_over_and_a_bystander_does_not() -> None:
    names = {"Bob Moe": "PERSON", "Tom Lee": "PERSON"}
    other = "Bob Moe said so. Mr. Tom Lee arrived. He agreed."
    assert speakers(other, "Bob Moe", "He", names=names) == ["Bob Moe", "Tom Lee"]
    same = "Bob Moe said so in the presence of his old friend Tom Lee. He agreed."
    assert speakers(same, "Bob Moe", "He", names=names) == ["Bob Moe", "Bob Moe"]


def test_a_name_before_a_noun_is_not_its_head() -> None:
    text = "Roe spokesman Bob Moe said so, and the Roe campaign agreed. Ann Roe slept."
    names = {"Bob Moe": "PERSON", "Ann Roe": "PERSON"}
    sources = ("Roe spokesman Bob Moe", "the Roe campaign")
    assert speakers(text, *sources, names=names) == ["Bob Moe", None]
