"""Parts of a gold set by the ids of its documents: which are where, and which part is this?"""

from __future__ import annotations

import random
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scale.parts import missing_shards
from harness.shards import MOST_SHARDS, Shard, ShardIndex, first_meeting, shard_here

NUMBERS = (1, 2, 3, 7, 16, 64)
SHARDS = st.integers(1, 60).flatmap(
    lambda count: st.builds(Shard, st.integers(1, count), st.just(count))
)
EXPECTED = "I/N with I from 1 to N, N at most 1,000,000, such as 3/64"
TASK, COUNT, LAST = "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MAX"
INDEX = "JOB_COMPLETION_INDEX"


def slurm(task: object, count: object = "", last: object = "") -> dict[str, str]:
    """What Slurm says to a task of an array; what is empty it does not say."""
    said = {TASK: str(task), COUNT: str(count), LAST: str(last)}
    return {name: value for name, value in said.items() if value}


def shards(*names: str) -> list[Shard]:
    return list(map(Shard.parse, names))


# How it is written


@given(SHARDS)
def test_what_is_written_is_read(shard: Shard) -> None:
    assert Shard.parse(str(shard)) == shard == Shard.parse(f" {shard}\n")


@pytest.mark.parametrize(
    ("text", "number", "count"),
    [("1/1", 1, 1), ("3/64", 3, 64), ("007/064", 7, 64), ("1000000/1000000", 10**6, 10**6)],
)
def test_a_shard(text: str, number: int, count: int) -> None:
    assert Shard.parse(text) == Shard(number, count)


NO_SHARDS = ["", "3", "/", "3/", "/3", "0/3", "4/3", "-1/3", "+1/3", "1/0", "0/0", "1/2/3", "1.0/2"]
NO_SHARDS += [
    "1 / 2",
    "a/b",
    "1/1000001",
    "1/9999999999",
    "٣/٦",
    "１/２",
    "1_0/20",
    "1/2x",
    "1\n/2",
]


@pytest.mark.parametrize("text", NO_SHARDS)
def test_no_shard(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        Shard.parse(text)
    assert str(caught.value) == EXPECTED
    assert f"{MOST_SHARDS:,}" in EXPECTED


# Which documents it has


def test_ids_stay_where_they_are() -> None:
    """Values that were written down: shards of one run may be run by machines that differ."""
    places = {  # The remainders, from 1, of `printf ID | b2sum -l 64` as one number.
        "": (1, 1, 1),
        "a": (2, 3, 3),
        "004_d9b9fa6d9a6cb186": (2, 3, 4),
        "Zürich ☃": (1, 2, 3),
        "😀\ud800": (1, 2, 1),
    }
    found = {
        id_: tuple(
            next(n for n in range(1, count + 1) if Shard(n, count).has(id_)) for count in (2, 3, 7)
        )
        for id_ in places
    }
    assert found == places


@pytest.mark.parametrize("count", NUMBERS)
def test_every_id_is_in_one_shard_and_in_one_of_its_halves(count: int) -> None:
    rng = random.Random(count)
    ids = [f"doc-{number}" for number in range(150)]
    ids += ["".join(rng.choices("aé漢😀 /\n", k=rng.randint(0, 6))) for _ in range(150)]
    every = [Shard(number, count) for number in range(1, count + 1)]
    for id_ in ids:
        (own,) = (shard for shard in every if shard.has(id_))
        assert [half.has(id_) for half in own.halves()].count(True) == 1
        others = (half for shard in every if shard != own for half in shard.halves())
        assert not any(half.has(id_) for half in others)


def test_shards_are_of_about_one_size() -> None:
    """The number of a document, which most ids end in, says nothing of its shard."""
    for count in (2, 7, 16):
        sizes = [
            sum(Shard(n, count).has(f"{number:06}") for number in range(4800))
            for n in range(1, count + 1)
        ]
        assert sum(sizes) == 4800
        # Five standard deviations of a binomial.
        spread = 5 * (4800 / count * (1 - 1 / count)) ** 0.5
        assert all(abs(size - 4800 / count) < spread for size in sizes), sizes


@given(SHARDS)
def test_halves_are_shards_and_halve_again(shard: Shard) -> None:
    halves = shard.halves()
    assert [Fraction(1, half.count) for half in halves] == [Fraction(1, 2 * shard.count)] * 2
    assert all(Shard.parse(str(half)) == half and half.meets(shard) for half in halves)
    assert first_meeting(halves) is None


@given(SHARDS, SHARDS)
def test_shards_meet_where_one_hash_could_be_in_both(one: Shard, other: Shard) -> None:
    every = range(one.count * other.count)
    both = any(
        h % one.count == one.number - 1 and h % other.count == other.number - 1 for h in every
    )
    assert one.meets(other) == other.meets(one) == both


@given(st.lists(SHARDS, max_size=6))
def test_the_first_that_meet(found: list[Shard]) -> None:
    pairs = [(a, b) for place, b in enumerate(found) for a in found[:place] if a.meets(b)]
    assert first_meeting(found) == (pairs[0] if pairs else None)


@given(st.lists(SHARDS, max_size=12), st.lists(SHARDS, max_size=4))
def test_those_that_meet_are_found_whenever_they_came(
    found: list[Shard], asked: list[Shard]
) -> None:
    index = ShardIndex()
    for place in range(len(found) + 1):
        for shard in (*asked, *found):
            expected = [one for one in found[:place] if one.meets(shard)]
            assert index.meeting(shard) == expected
            assert index.meets(shard) == bool(expected)
        for shard in found[place : place + 1]:
            index.add(shard)
    assert ShardIndex(found).meeting(Shard(1, 1)) == found


# Are all there?


@pytest.mark.parametrize(
    ("there", "absent"),
    [
        (("1/1",), ()),
        (("1/2",), ("2/2",)),
        (("2/3",), ("1/3", "3/3")),
        (("1/2", "2/4"), ("4/4",)),
        (("1/2", "2/4", "4/4"), ()),
        (("1/2", "2/4", "4/8", "8/8"), ()),
        (("1/2", "2/4", "4/8"), ("8/8",)),
        (("1/3", "2/6"), ("3/6", "5/6", "6/6")),
    ],
)
def test_missing_shards(there: tuple[str, ...], absent: tuple[str, ...]) -> None:
    assert missing_shards(shards(*there)) == shards(*absent)


@given(st.data())
def test_what_was_halved_at_will_is_whole_and_without_one_that_one_is_missing(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(1, 5))
    cut = [Shard(number, count) for number in range(1, count + 1)]
    for _ in range(data.draw(st.integers(0, 4))):
        cut.extend(cut.pop(data.draw(st.integers(0, len(cut) - 1))).halves())
    assert first_meeting(cut) is None
    assert sum(Fraction(1, one.count) for one in cut) == 1
    assert missing_shards(cut) == []
    if len(cut) > 1:
        lost = cut.pop(data.draw(st.integers(0, len(cut) - 1)))
        missing = missing_shards(cut)
        assert sum((Fraction(1, one.count) for one in missing), Fraction()) == Fraction(
            1, lost.count
        )
        assert all(one.meets(lost) for one in missing)
        assert first_meeting([*cut, *missing]) is None


def test_ten_thousand_shards_are_looked_at_once_and_not_in_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In steps, which need no clock: as many for each as there are different numbers of them."""
    steps = 0

    def counted(one: int, other: int) -> int:
        nonlocal steps
        steps += 1
        return gcd(one, other)

    monkeypatch.setattr("harness.shards.gcd", counted)
    every = [Shard(number, 5_000) for number in range(1, 5_001)]
    every = [half for shard in every for half in shard.halves()]
    every[:2] = [Shard(1, 5_000)]
    every[-1:] = every[-1].halves()
    assert first_meeting(every) is None
    assert missing_shards(every[1:-1]) == [
        Shard(number, 20_000) for number in (1, 5_001, 10_001, 15_001, 20_000)
    ]
    assert steps < 3 * 10_000 + 2 * 20_000
    assert first_meeting([*every, Shard(7, 30_000)]) == (Shard(7, 10_000), Shard(7, 30_000))


@given(st.lists(SHARDS, min_size=1, max_size=8))
def test_missing_are_the_finest_that_none_meets(there: list[Shard]) -> None:
    count = max(shard.count for shard in there)
    finest = (Shard(number, count) for number in range(1, count + 1))
    absent = [one for one in finest if one not in there]
    wider = [one for one in there if one.count < count]
    expected = [one for one in absent if not any(one.meets(other) for other in wider)]
    assert missing_shards(there) == expected


# Which of them is run here?


@pytest.mark.parametrize(
    ("text", "environ", "shard"),
    [
        ("3/64", {}, "3/64"),
        ("3/64", slurm(1, 2, 2), "3/64"),  # What is said goes before what is found.
        ("auto", slurm(3, 64, 64), "3/64"),
        (" auto ", slurm(1, 1, 1), "1/1"),
        ("auto", slurm(64, 64), "64/64"),
        ("auto/64", slurm(3, 64, 64), "3/64"),
        ("auto/64", slurm(3), "3/64"),
        # Some tasks of the array once more: Slurm then counts these alone.
        ("auto/64", slurm(17, 3, 40), "17/64"),
        ("auto/64", {INDEX: "0"}, "1/64"),
        ("auto/64", {INDEX: "63"}, "64/64"),
        ("auto/2", {**slurm(1, 2, 2), INDEX: "1"}, "1/2"),
    ],
)
def test_the_shard_of_a_task(text: str, environ: dict[str, str], shard: str) -> None:
    assert shard_here(text, environ) == Shard.parse(shard)


NONE_SET = f"a task of a job array: neither {TASK} nor {INDEX} is set; else {EXPECTED}"
FROM_ONE = "tasks numbered from 1 to N (--array=1-N); found "
FROM_ZERO = "tasks numbered from 0 to N-1 (completions: N); found "
WHOLE = "an array whose tasks are numbered from 1 (--array=1-N), or auto/N for some tasks of one: "


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("auto", {}, NONE_SET),
        ("auto/4", {TASK: "", INDEX: ""}, NONE_SET),
        ("3", {}, EXPECTED),
        ("automatic", slurm(1, 2, 2), "auto, or auto/N for a job of N tasks"),
        ("auto/", slurm(1, 2, 2), "auto, or auto/N for a job of N tasks"),
        ("auto/x", slurm(1, 2, 2), "auto, or auto/N for a job of N tasks"),
        ("auto/1/2", slurm(1, 2, 2), "auto, or auto/N for a job of N tasks"),
        # --array=3,17,40 of 64: 3 of 3 would be another shard, and nobody would see it.
        ("auto", slurm(3, 3, 40), f"{WHOLE}{COUNT} is 3, {LAST} 40"),
        # --array=0-3: task 0 has no shard, and 1 to 3 would be those of their neighbours.
        ("auto", slurm(1, 4, 3), f"{WHOLE}{COUNT} is 4, {LAST} 3"),
        ("auto", slurm(0, 4, 3), f"{WHOLE}{COUNT} is 4, {LAST} 3"),
        ("auto/4", slurm(0, 4, 3), f"{FROM_ONE}{TASK}=0, {COUNT}=4"),
        ("auto/4", slurm(5, 5, 5), f"{FROM_ONE}{TASK}=5, {COUNT}=5"),
        ("auto", slurm(3), f"{FROM_ONE}{TASK}=3, {COUNT}=(not set)"),
        ("auto", slurm("x", 4, 4), f"{FROM_ONE}{TASK}=x, {COUNT}=4"),
        ("auto", slurm("1/1", 4, 4), f"{FROM_ONE}{TASK}=1/1, {COUNT}=4"),
        ("auto", slurm(1, "x", "x"), f"{FROM_ONE}{TASK}=1, {COUNT}=x"),
        ("auto/0", slurm(1, 1, 1), f"{FROM_ONE}{TASK}=1, {COUNT}=1"),
        ("auto", {INDEX: "0"}, f"auto/N: {INDEX} does not say how many pods there are"),
        ("auto/4", {INDEX: "4"}, f"{FROM_ZERO}{INDEX}=4"),
        ("auto/4", {INDEX: "-1"}, f"{FROM_ZERO}{INDEX}=-1"),
        ("auto/4", {INDEX: "one"}, f"{FROM_ZERO}{INDEX}=one"),
        ("auto/4", {INDEX: "²"}, f"{FROM_ZERO}{INDEX}=²"),
    ],
)
def test_no_shard_is_guessed(text: str, environ: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        shard_here(text, environ)
    assert str(caught.value) == said
