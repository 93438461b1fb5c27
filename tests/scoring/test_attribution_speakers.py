"""Names of speakers: what is the same person and what is not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speaker_names import DIFFERENT, SAME, SCRIPTS, pairs_of

from harness.tasks.attribution.lexicon import lexicon
from harness.tasks.attribution.speakers import Speakers
from harness.tasks.attribution.titles import normalise_name


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Jens Stoltenberg", "jens stoltenberg"),
        ("NATO  Secretary", "nato secretary"),
        ("Secretary-General Jens Stoltenberg’s", "jens stoltenberg"),
        ("Secretary General Jens Stoltenberg", "jens stoltenberg"),
        ("Mr. Trump", "trump"),
        ("Sen. Gary Peters", "gary peters"),
        ("the President", "president"),
        ("The White House", "white house"),
        ("The House", "house"),
        ("Minister of Finance", "minister of finance"),
        ("Justice Department", "justice department"),
        ("the sources'", "sources"),
        ("O’Brien", "o'brien"),
        ("Jean-Claude Juncker", "jean-claude juncker"),
        ("Joe\u00a0Biden", "joe biden"),
        ("Ｂｉｄｅｎ", "biden"),  # NFKC
        ("U.S. Treasury", "u s treasury"),
        ("AT&T", "at and t"),
        ("Disney+", "disney plus"),
        ("राम", "राम"),
        ("NATO’s secretary-general, Jens Stoltenberg", "jens stoltenberg"),
        ("Robert F. Kennedy, Junior", "robert f kennedy jr"),
        ("Martin Luther King Jr.", "martin luther king jr"),
        ("Stephen King", "stephen king"),
        ("Dr. King", "king"),
        ("Deputy Chief of Staff", "deputy chief of staff"),
        ("Attorney General", "attorney general"),
        ("Secretary of State Blinken", "blinken"),
        ("Office of President Trump", "office of president trump"),
        ("General Motors", "general motors"),
        ("President Park", "park"),
        ("Mr. Jordan", "mr jordan"),  # a place: whose title is no help
        ("Kim Jong Un, the leader of North Korea", "kim jong un"),
        ("Ann Roe, Senator Bob Doe", "ann roe, senator bob doe"),  # two people
        ("University of California, Berkeley", "university of california berkeley"),
        ("McDonald’s", "mcdonald's"),
        ("10,000 voters", "10 000 voters"),
        ("Unknown", ""),
        ("Mr. Unknown", ""),
        ("  ", ""),
    ],
)
def test_normalised(name: str, normal: str) -> None:
    assert normalise_name(name) == normal


def both_ways(one: str, other: str) -> tuple[bool, bool]:
    return Speakers([one]).match(one, other), Speakers([other]).match(other, one)


@pytest.mark.parametrize(("one", "other"), pairs_of(SAME))
def test_one_speaker(one: str, other: str) -> None:
    assert both_ways(one, other) == (True, True)


@pytest.mark.parametrize(("one", "other"), pairs_of(DIFFERENT) + pairs_of(SCRIPTS))
def test_two_speakers(one: str, other: str) -> None:
    assert both_ways(one, other) == (False, False)


@pytest.mark.slow
def test_no_name_of_an_organisation_or_place_is_another() -> None:
    people = {"George Bush Sr.", "John Smith", "Stephen King", "Donald Trump", "President Trump"}
    names = {name for pair in pairs_of(DIFFERENT) for name in pair} - people
    by_normal = {normalise_name(name): name for name in names}
    for one in by_normal.values():
        alone = Speakers([one])
        assert [n for n in by_normal.values() if alone.match(one, n)] == [one]


@pytest.mark.parametrize("name", ["Ann Roe", "Jens Stoltenberg", "Ursula von der Leyen", "Roe"])
def test_a_title_changes_nothing(name: str) -> None:
    titles = lexicon().titles
    fronts = itertools.product(("", "former ", "acting deputy ", "German "), titles.nouns)
    for front, noun in fronts:
        assert normalise_name(f"{front}{noun} {name}") == normalise_name(name), (front, noun)
    for surname in titles.surnames - titles.given:
        assert normalise_name(f"{surname} {name}") == normalise_name(name), surname
    for noun in titles.nouns:
        assert normalise_name(f"{name}, a {noun} of the party") == normalise_name(name), noun


WORDS = sorted(
    lexicon().titles.nouns | lexicon().titles.surnames | lexicon().titles.modifiers
    | lexicon().titles.generations | lexicon().titles.academic
)  # fmt: skip
names = st.text() | st.lists(
    st.sampled_from(WORDS)
    | st.sampled_from("the of bank Ann Roe von China , ( ) - 's ’ X General of".split()),  # noqa: SIM905
    max_size=7,
).map(" ".join)


@given(names)
def test_normalising_twice_changes_nothing(name: str) -> None:
    assert normalise_name(normalise_name(name)) == normalise_name(name)


@given(names, names)
def test_same_speaker_whichever_side_is_gold(one: str, other: str) -> None:
    forth, back = both_ways(one, other)
    assert forth == back


def test_suffixes_of_generations() -> None:
    both = Speakers(["George Bush Sr.", "George Bush Jr."])
    assert both.match("George Bush Sr.", "President George Bush, Senior")
    assert not both.match("George Bush Sr.", "George Bush")  # which of the two?
    assert not both.match("George Bush Sr.", "Bush")
    assert Speakers(["George Bush Sr."]).match("George Bush Sr.", "George Bush")
    assert Speakers(["George Bush Sr."]).match("George Bush Sr.", "Bush Sr.")
    assert not Speakers(["World War"]).match("World War", "World War II")


def test_article_makes_an_office_of_a_surname() -> None:
    speakers = Speakers(["Stephen King"])
    assert speakers.match("Stephen King", "King")
    assert not speakers.match("Stephen King", "the King")
    assert speakers.match("Stephen King", "the author, Stephen King")


def test_short_gold_name_is_the_long_one_unless_another_gold_name_ends_in_it() -> None:
    speakers = Speakers(["Clinton", "Hillary Clinton"])
    assert not speakers.match("Clinton", "Bill Clinton")
    assert not speakers.match("Clinton", "Hillary Clinton")


def test_places_that_are_last_names_need_the_alias_table() -> None:
    assert not Speakers(["Jim Jordan"]).match("Jim Jordan", "Jordan")
    aliases = {"Jim Jordan": ("Jordan",)}
    assert Speakers(["Jim Jordan"], aliases).match("Jim Jordan", "Jordan")


def test_last_name_is_enough_where_one_gold_speaker_has_it() -> None:
    speakers = Speakers(["Jens Stoltenberg", "Joe Biden", None])
    assert speakers.match("Jens Stoltenberg", "Stoltenberg")
    assert speakers.match("Jens Stoltenberg", "Mr. Stoltenberg")
    assert not speakers.match("Jens Stoltenberg", "Jens")
    assert not speakers.match("Jens Stoltenberg", "Ingrid Stoltenberg")
    assert not speakers.match("Jens Stoltenberg", "Biden")


def test_last_name_is_not_enough_where_two_share_it() -> None:
    speakers = Speakers(["Bill Clinton", "Hillary Clinton"])
    assert not speakers.match("Bill Clinton", "Clinton")
    assert speakers.match("Bill Clinton", "President Bill Clinton")


def test_gold_with_the_last_name_alone_takes_the_full_name() -> None:
    assert Speakers(["Stoltenberg"]).match("Stoltenberg", "Jens Stoltenberg")


def test_aliases() -> None:
    aliases = {"Vladimir Putin": ("the Kremlin chief", "Vladimir Vladimirovich Putin")}
    speakers = Speakers(["Vladimir Putin"], aliases)
    assert speakers.match("Vladimir Putin", "Kremlin chief")
    assert speakers.match("Vladimir Vladimirovich Putin", "Putin")
    assert not speakers.match("Vladimir Putin", "the Kremlin")


def test_alias_of_two_people_means_neither() -> None:
    aliases = {"Bill Clinton": ("the candidate",), "Hillary Clinton": ("the candidate",)}
    speakers = Speakers(["Bill Clinton", "Hillary Clinton"], aliases)
    assert not speakers.match("Bill Clinton", "the candidate")
    assert speakers.match("Bill Clinton", "Bill Clinton")


def test_several_speakers_must_all_be_named() -> None:
    both = "Xi Jinping; Vladimir Putin"
    speakers = Speakers([both, "Joe Biden"])
    assert speakers.match(both, both)
    assert speakers.match(both, "Putin; President Xi Jinping")
    assert not speakers.match(both, "Vladimir Putin")
    assert not speakers.match("Joe Biden", "Joe Biden; Vladimir Putin")
    assert not speakers.match(both, "Xi Jinping; Joe Biden")
    assert speakers.known(" ; ") is None


def test_nobody_matches_nobody() -> None:
    speakers = Speakers([None])
    assert not speakers.match(None, None)
    assert not speakers.match("Unknown", "Unknown")
    assert speakers.known("unknown") is None
    assert speakers.known("Mr. Biden") == "biden"
    assert speakers.agree(None, "Unknown")
    assert not speakers.agree("Joe Biden", None)
    assert not speakers.agree(None, "Joe Biden")
    assert Speakers(["Joe Biden"]).agree("Joe Biden", "President Biden")
