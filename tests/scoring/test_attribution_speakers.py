"""Names of speakers: what is the same person and what is not."""

from __future__ import annotations

import pytest

from harness.scoring.speakers import Speakers, normalise_name


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
        ("Unknown", ""),
        ("  ", ""),
    ],
)
def test_normalised(name: str, normal: str) -> None:
    assert normalise_name(name) == normal


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
