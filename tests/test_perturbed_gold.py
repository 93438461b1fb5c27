"""A perturbed gold set is a gold set: loaded by its options, counted in the original's units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
import synthetic

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import UsageError
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.gold.perturbing import CHANGED, GONE, gone_from, perturbed_goldset
from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import Level
from harness.perturb.registry import perturbation_named
from harness.results.finder import GoldFinder
from harness.results.gold_record import gold_record
from harness.results.load import from_run, read_run
from harness.results.scored import score_records
from harness.results.stored import slug

TEXT = "Ada met Bo.\n\nRain.\n\nEve left.\n"
RECORD = Record(
    "a", TEXT, Annotations((Entity(0, 3, "PER"), Entity(8, 10, "PER"), Entity(20, 23, "ORG")))
)


@dataclass(frozen=True)
class Cut:
    """Cuts off all from a place on."""

    name: str = "cut"
    summary: str = "the end is gone"
    levels: tuple[Level, ...] = (0.5,)
    at: int = 12

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        text = record.text or ""
        return [TextEdit(at, at + 1, "") for at in range(self.at, len(text))]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    jsonl.write(tmp_path / "g.jsonl", [RECORD])
    return tmp_path / "g.jsonl"


def test_its_records_are_the_perturbed_ones(gold: Path) -> None:
    upper = load_goldset(f"{gold}?perturb=upper")
    (record,) = upper.records()
    assert record.text == TEXT.upper()
    assert record.annotations == RECORD.annotations  # No letter of these becomes two.
    assert upper.name.startswith("g~upper")
    assert dict(upper.losses) == {CHANGED: 1}
    assert upper.digest != load_goldset(gold).digest
    assert upper.digest == load_goldset(f"{gold}?perturb=upper&perturb_seed=0").digest


def test_names_make_safe_files_and_are_those_that_were_said(gold: Path) -> None:
    upper = load_goldset(f"{gold}?perturb=upper")
    assert not set(slug(upper.name)) & set(":/\\ ")
    assert slug(upper.name) != slug("g")
    assert load_goldset(f"{gold}?perturb=upper&perturb-seed=3").name == f"{upper.name}:3"
    assert load_goldset(f"{gold}?perturb=upper&name=loud").name == "loud"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("perturb=uper", "upper"),
        ("perturb=upper&level=9", "9"),
        ("perturb=upper&perturb-seed=x", "whole number"),
        ("level=1", "perturb=NAME"),
        ("perturb=typos", "which level"),
    ],
)
def test_wrong_options_are_said(gold: Path, options: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_goldset(f"{gold}?{options}")


def test_labels_and_tasks_are_the_originals_though_none_is_left(gold: Path) -> None:
    """Else a model would be asked for other labels, and a schema guessed from others."""
    whole = load_goldset(gold)
    cut = perturbed_goldset(whole, Cut(), 0.5)
    (record,) = cut.records()
    assert record.text == TEXT[:12]
    assert cut.labels == {"PER": 2, "ORG": 0}
    assert (cut.tasks, cut.schema) == (whole.tasks, whole.schema)
    assert cut.annotated_labels == whole.annotated_labels
    assert cut.losses[f"{GONE} (entities)"] == 1


def test_what_is_gone_is_counted_for_each_layer(tmp_path: Path) -> None:
    quoted = tuple(Attribution((Span(at, at + 4),)) for at in (13, 20))
    layers = replace(RECORD.annotations, attributions=quoted)
    jsonl.write(tmp_path / "g.jsonl", [RECORD.with_annotations(layers)])
    losses = perturbed_goldset(load_goldset(tmp_path / "g.jsonl"), Cut(), 0.5).losses
    assert (gone_from(losses, "entities"), gone_from(losses, "attributions")) == (1, 2)
    assert gone_from(losses, "others") == 0
    assert gone_from({GONE: 3}, "entities") == 3  # As records had it once.


def test_what_is_known_of_the_original_is_not_known_of_it(gold: Path) -> None:
    whole = load_goldset(gold)
    known = replace(whole, known=whole.facts)
    upper = perturbed_goldset(known, perturbation_named("upper"), "all")
    assert upper.known is None and upper.reader() is None
    assert upper.digest == load_goldset(f"{gold}?perturb=upper").digest != known.digest


def test_units_are_those_of_the_text_before(gold: Path) -> None:
    """Three paragraphs; joined into one line they are three units still, and of a text that was
    cut off those are left that are there."""

    class Joined(Cut):
        def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
            text = record.text or ""
            return [TextEdit(at, at + 1, " ") for at, char in enumerate(text) if char == "\n"]

    whole = load_goldset(gold)

    def units(goldset: GoldSet, said: Record) -> dict[tuple[str, int], int]:
        scored = score_records("b", goldset, [said], "ner")
        return {
            unit: sum(tally.values())
            for unit, tally in zip(scored.units, scored.tallies, strict=True)
        }

    right = Record("a", None, Annotations((Entity(8, 10, "PER"), Entity(20, 23, "ORG"))))
    before = units(whole, right)
    assert list(before) == [("a", 0), ("a", 1), ("a", 2)]
    assert units(perturbed_goldset(whole, Joined(name="joined"), 0.5), right) == before
    some = Record("a", None, Annotations((Entity(8, 10, "PER"),)))
    assert units(perturbed_goldset(whole, Cut(), 0.5), some) == {("a", 0): before["a", 0]}
    cut_within = perturbed_goldset(whole, Cut(at=16), 0.5)
    assert list(units(cut_within, some)) == [("a", 0), ("a", 1)]


def test_a_record_finds_it_again_and_tells_it_from_the_original(tmp_path: Path, gold: Path) -> None:
    """Also where a perturbation changes nothing, so that both have one digest."""

    class Nothing(Cut):
        def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
            return ()

    whole = load_goldset(gold)
    upper = load_goldset(f"{gold}?perturb=upper")
    right = [Record("a", None, Annotations(RECORD.annotations.entities))]
    run = synthetic.run_folder(tmp_path / "run", upper, {"b": right})
    record, folder = read_run(run)
    assert record.gold[0].options["perturb"] == "upper"
    finder = GoldFinder()
    finder.learn(record, folder)
    found = finder.find(upper.name)
    assert found is not None and found.digest == upper.digest
    (again,) = from_run(run, replay=True)
    assert again.f1 == 1.0

    same = perturbed_goldset(whole, Nothing(name="nothing"), 0.5)
    assert same.digest == whole.digest
    finder = GoldFinder([gold])
    both = (gold_record(same, folder), gold_record(whole, folder))
    finder.learn(replace(record, gold=both), folder)
    assert finder.patterns == ("g",)
