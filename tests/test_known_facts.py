"""What is known of a large gold set is kept, and of nothing else than what lies there now."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import main
from harness.coding import encode
from harness.errors import InputError
from harness.formats import jsonl
from harness.gold import goldset, known
from harness.gold.facts import facts_of
from harness.gold.goldset import GoldSet
from harness.gold.known import with_known_facts
from harness.gold.loading import load_goldset
from harness.paths import FACTS, RECORD
from harness.scale.job import source_of
from harness.shards import Shard
from harness.tasks.registry import task_named

NER = task_named("ner")
CODE = "of this code"


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_LEAST_BYTES", 1)
    monkeypatch.setattr("harness.gold.held._HELD_DOCUMENTS", 1)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Grows with every pass over a gold set that counts it."""
    made: list[int] = []

    def counting(*args: object) -> object:
        made.append(1)
        return facts_of(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(goldset, "facts_of", counting)
    yield made


def line(id_: object, text: str = "Bonn", **more: object) -> str:
    entities = [{"start": 0, "end": 4, "label": "LOC"}]
    return json.dumps({"id": id_, "text": text, "entities": entities, **more}, ensure_ascii=False)


def write(path: Path, count: int = 5) -> Path:
    path.write_text("".join(line(f"d{n}") + "\n" for n in range(count)), "utf-8")
    return path


def looked_up(path: Path, folder: Path, code: str = CODE) -> GoldSet:
    return with_known_facts(load_goldset(path), [folder], code)


def test_they_are_those_of_a_pass(tmp_path: Path, passes: list[int]) -> None:
    path = write(tmp_path / "g.jsonl")
    facts = load_goldset(path).facts
    for _ in range(2):
        found = looked_up(path, tmp_path)
        assert encode(found.facts) == encode(found.known) == encode(facts)
        assert dict(found.labels) == {"LOC": 5} and found.tasks == ("ner",)
        assert found.digest == load_goldset(path).digest
    assert len(passes) == 4  # That which is kept, and three of sets that were asked themselves.


def test_other_bytes_options_or_code_have_other_facts(tmp_path: Path) -> None:
    path = write(tmp_path / "g.jsonl")
    first = looked_up(path, tmp_path).digest
    path.write_text(path.read_text("utf-8").replace("Bonn", "Ulm!", 1), "utf-8")
    assert looked_up(path, tmp_path).digest != first
    assert looked_up(path, tmp_path).digest == load_goldset(path).digest
    looked_up(path, tmp_path, "of other code")
    assert len(list((tmp_path / FACTS).iterdir())) == 3
    for said in ("faulty=leave-out", "annotator=a"):
        assert with_known_facts(load_goldset(f"{path}?{said}"), [tmp_path], CODE).known is None
    path.write_text(line("a", annotator="x") + "\n" + line("a", annotator="y") + "\n", "utf-8")
    assert looked_up(path, tmp_path).known is None


def test_the_same_files_elsewhere_have_the_same(tmp_path: Path, passes: list[int]) -> None:
    """A shard is given whole paths, and its folder may be another."""
    (tmp_path / "there").mkdir()
    path = write(tmp_path / "g.jsonl")
    looked_up(path, tmp_path)
    assert looked_up(path.rename(tmp_path / "there" / "g.jsonl"), tmp_path).documents == 5
    assert len(passes) == 1
    other = looked_up((tmp_path / "there" / "g.jsonl").rename(tmp_path / "h.jsonl"), tmp_path)
    assert other.documents == 5 and len(passes) == 2  # Ids may come of the name.


def test_a_shard_finds_what_its_driver_has_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: list[int]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "g.jsonl")
    gold = load_goldset("g.jsonl")
    with_known_facts(gold, [tmp_path], CODE)
    shard = with_known_facts(load_goldset(source_of(gold)), [tmp_path / "own", tmp_path], CODE)
    assert shard.documents == 5 and len(passes) == 1


def test_layers_of_an_annotator_are_not_those_of_the_gold(tmp_path: Path) -> None:
    """Whose file is the card's, but whose layers lie elsewhere."""
    folder = tmp_path / "carded"
    (folder / "anna").mkdir(parents=True)
    write(folder / "d.jsonl", 2)
    (folder / "goldset.toml").write_text('data = "d.jsonl"\n[annotators]\na = "anna"\n')
    for name in ("d0", "d1"):
        (folder / "anna" / f"{name}.ann").write_text("T1\tPER 0 4\tBonn\nT2\tPER 0 2\tBo\n")
    labels = []
    for said in (f"{folder}?annotator=a", str(folder), f"{folder}?annotator=a"):
        gold = with_known_facts(load_goldset(said), [tmp_path], CODE)
        read = [
            one.label for _, record in gold.placed(NER) for one in NER.items(record.annotations)
        ]
        assert dict(gold.labels) == Counter(read)
        labels.append(gold.labels)
    assert labels == [{"PER": 4}, {"LOC": 2}, {"PER": 4}]


def test_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "g.jsonl")
    (tmp_path / "file").write_text("")
    assert looked_up(path, tmp_path / "file").documents == 5
    assert main(["cache", "gold", "g.jsonl", "--cache-dir", "file"]) == 2
    assert "file" in capsys.readouterr().err
    assert main(["cache", "gold", "g.jsonl", "no-such-set", "--cache-dir", "c"]) == 2
    assert not (tmp_path / "c").exists()
    assert main(["cache", "gold", "g.jsonl", "seeds", "--cache-dir", "c"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch("g: 5 documents, digest [0-9a-f]{12}: kept", first)
    assert second == "seeds: nothing is kept: it is not read from one file alone"
    assert main(["cache", "gold", "g.jsonl?faulty=leave-out", "--cache-dir", "c", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (
        row == {"gold": "g", "kept": False, "reason": row["reason"]} and "options" in row["reason"]
    )


def test_pruning_all_prunes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "g.jsonl")
    assert (
        main(["run", "empty", "--gold", "g.jsonl", "--quiet", "--out", "o", "--cache-dir", "c"])
        == 0
    )
    assert (tmp_path / "c" / FACTS).is_dir()
    assert main(["cache", "prune", "--all", "--cache-dir", "c"]) == 0
    assert not (tmp_path / "c" / FACTS).exists()


def test_what_is_written_to_while_it_is_counted_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "g.jsonl")

    def writing(*args: object) -> object:
        facts = facts_of(*args)  # type: ignore[arg-type]
        path.write_text(path.read_text("utf-8").replace("Bonn", "Ulm!"), "utf-8")
        return facts

    monkeypatch.setattr(goldset, "facts_of", writing)
    assert looked_up(path, tmp_path).known is None
    assert not (tmp_path / FACTS).exists()


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('documents\\":5', 'documents\\":6'),
        lambda text: text[:-20],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: '{"facts": 1, "digest": ""}',
    ],
)
def test_what_was_edited_is_not_believed(
    edit: Callable[[str], str], tmp_path: Path, passes: list[int]
) -> None:
    path = write(tmp_path / "g.jsonl")
    looked_up(path, tmp_path)
    (kept,) = (tmp_path / FACTS).iterdir()
    text = kept.read_text("utf-8")
    edited = edit(text)
    assert edited != text
    kept.write_text(edited, "utf-8")
    assert looked_up(path, tmp_path).documents == 5
    assert len(passes) == 2 and kept.read_text("utf-8") == text


def test_other_kinds_of_gold_are_read(tmp_path: Path) -> None:
    (tmp_path / "g.conll").write_text("Bonn B-LOC\n", "utf-8")
    assert looked_up(tmp_path / "g.conll", tmp_path).known is None
    assert with_known_facts(load_goldset("seeds"), [tmp_path], CODE).known is None
    assert with_known_facts(load_goldset(write(tmp_path / "g.jsonl")), [], CODE).known is None
    assert not (tmp_path / FACTS).exists()


def test_a_faulty_file_is_refused_as_before(tmp_path: Path) -> None:
    path = write(tmp_path / "g.jsonl")
    path.write_text(path.read_text("utf-8") + line("d0") + "\n", "utf-8")
    with pytest.raises(InputError, match="comes a second time"):
        looked_up(path, tmp_path)
    assert not (tmp_path / FACTS).exists()


def test_they_are_found_in_further_folders_and_kept_in_the_first(
    tmp_path: Path, passes: list[int]
) -> None:
    path, own, behind = write(tmp_path / "g.jsonl"), tmp_path / "own", tmp_path / "behind"
    looked_up(path, behind)
    assert with_known_facts(load_goldset(path), [own, behind], CODE).documents == 5
    assert len(passes) == 1 and not (own / FACTS).exists()


IDS = st.one_of(
    st.text("aü😀 {}:,", min_size=1, max_size=3),
    st.sampled_from(['q"', "b\\", "\u2028", "0", "a\tb"]),
    st.integers(10, 20),
)


@given(
    st.lists(IDS, unique_by=str, min_size=1, max_size=12),
    st.integers(1, 4),
    st.sampled_from(["plain", "compact", "escaped", "last", "doc", "none", "blank"]),
    st.sampled_from(["one", "gz", "parts"]),
)
def test_lines_that_are_not_looked_at_are_those_of_others(
    tmp_path_factory: pytest.TempPathFactory, ids: list[object], shards: int, form: str, files: str
) -> None:
    """However lines say their ids, whether in one file or in several."""
    folder = tmp_path_factory.mktemp("g")
    lines = []
    for place, id_ in enumerate(ids):
        value = json.loads(line(id_, text=f"Bonn {place}"))
        if form == "last":
            value["id"] = value.pop("id")
        if form == "doc":
            value = {"doc": value.pop("id"), **value}
        if form == "none" and place % 2:
            del value["id"]
        separators = (",", ":") if form == "compact" else None
        lines.append(json.dumps(value, ensure_ascii=form == "escaped", separators=separators))
    between = "\n\n" if form == "blank" else "\n"
    halves = [lines] if files != "parts" else [lines[: len(lines) // 2], lines[len(lines) // 2 :]]
    for number, half in enumerate(halves):
        data = "".join(one + between for one in half).encode()
        name = "g.jsonl" if files == "one" else f"g-{number}.jsonl{'.gz' * (files == 'gz')}"
        (folder / name).write_bytes(gzip.compress(data) if files == "gz" else data)
    said = str(folder / "g-*.jsonl") if files == "parts" else str(next(folder.iterdir()))
    gold = load_goldset(said)
    skipping = with_known_facts(gold, [folder], CODE)
    assert skipping.known is not None
    everything = list(gold.placed(NER))
    for number in range(1, shards + 1):
        shard = Shard(number, shards)
        expected = [(place, one) for place, one in everything if shard.has(one.id)]
        for one in (gold, skipping):
            own = list(replace(one, shard=shard).placed(NER))
            assert own == expected


def test_a_key_that_is_spelt_with_escapes(tmp_path: Path) -> None:
    """Parsers take the last of two keys, and so do shards."""
    path = write(tmp_path / "g.jsonl")
    path.write_text(path.read_text() + '{"id": "x", "\\u0069d": "y", "entities": []}\n')
    gold = looked_up(path, tmp_path)
    found = [
        one.id
        for number in (1, 2, 3)
        for _, one in replace(gold, shard=Shard(number, 3)).placed(NER)
    ]
    assert sorted(found) == sorted(one.id for one in load_goldset(path).records())


def test_where_some_are_not_annotated_all_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    jsonl.write(path, list(load_goldset(write(tmp_path / "a.jsonl")).records()))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"id": "x", "text": "Ulm", "attributions": []}\n')
    gold = looked_up(path, tmp_path)
    assert gold.known is not None and gold.known.annotated == {"ner": 5, "attribution": 1}
    places = [place for place, _ in gold.placed(task_named("attribution"))]
    assert places == [0]


def test_a_run_and_its_shards_make_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: list[int]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "g.jsonl", 30)
    words = ["run", "empty", "--gold", "g.jsonl", "--quiet", "--out"]
    assert main([*words, "whole"]) == 0
    assert len(passes) == 1
    for number in (1, 2, 3):
        assert main([*words, f"s/{number}", "--shard", f"{number}/3"]) == 0
    assert len(passes) == 1
    assert main([*words, "again"]) == 0
    assert len(passes) == 1
    counted = [json.loads((tmp_path / one / RECORD).read_text()) for one in ("whole", "again")]
    assert counted[0]["gold"] == counted[1]["gold"]
    assert main([*words, "none", "--no-cache"]) == 0
    assert len(passes) == 2
