"""Comparisons of planted backends: differences, ties, flips, refusals, and the counts below."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import entity_counts as ner
import numpy as np
import pytest
import relation_counts as attribution
import synthetic
from measured import entity_types, signed_otherwise

from harness.adapter import Capabilities, Declaration
from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.decide.compare import check_same_count, compare
from harness.decide.comparison import Comparison
from harness.errors import InputError, NotComparable, NothingMeasured, UsageError
from harness.formats import jsonl
from harness.gold.loading import load_goldset
from harness.results import stored
from harness.results.finder import GoldFinder
from harness.results.load import from_file, from_run, is_run
from harness.results.outcomes import Mention, flips, mention_lines
from harness.results.record import Result
from harness.results.save import write_run
from harness.results.scored import Scored
from harness.results.select import distinct_names, grouped
from harness.results.signature import Signature
from harness.run.common import count_in_common
from harness.stats.permutation import swap_test
from harness.stats.units import Units
from harness.tasks.attribution.parts import parts as attribution_parts
from harness.tasks.attribution.tally import AttributionOptions
from harness.tasks.ner.options import MATCH_MODES, Match, NerOptions
from harness.tasks.ner.parts import parts, type_part
from harness.tasks.parts import METRICS, Matrix, part_named
from harness.tasks.tally import Tally

DOCS = synthetic.articles(12, seed=1)


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> list[Scored]:
    goldset = synthetic.gold(tmp_path_factory.mktemp("gold"), DOCS)
    good = synthetic.predict(DOCS, synthetic.skilled(0.9, 0.1), seed=1)
    return synthetic.systems_of(
        goldset,
        {
            "good": good,
            "twin": synthetic.predict(DOCS, synthetic.losing(good, 0.04), seed=2),
            "bad": synthetic.predict(DOCS, synthetic.skilled(0.3, 0.6), seed=3),
        },
    )


@pytest.fixture(scope="module")
def comparison(systems: list[Scored]) -> Comparison:
    return compare(systems, resamples=2000)


def test_scores_are_those_of_the_scorer(systems: list[Scored], comparison: Comparison) -> None:
    for system, row in zip(systems, comparison.rows, strict=True):
        score = ner.score(ner.total(system.tallies), NerOptions())
        assert row.score == pytest.approx(score.micro.f1, abs=1e-12)
        assert row.interval.low is not None and row.interval.high is not None
        assert row.interval.low <= row.score <= row.interval.high  # type: ignore[operator]


def test_the_reference_comes_first_and_the_others_are_judged(comparison: Comparison) -> None:
    verdicts = {row.name: row.verdict for row in comparison.rows}
    assert verdicts == {"good": "reference", "twin": "tie", "bad": "worse"}
    bad = comparison.rows[2]
    assert bad.difference is not None and bad.difference < -0.2
    assert bad.paired is not None and bad.paired.high is not None and bad.paired.high < 0
    assert bad.test is not None and bad.test.exact
    assert comparison.groups == (("good", "twin"), ("bad",))


def test_differences_and_p_values_are_those_of_the_test(
    systems: list[Scored], comparison: Comparison
) -> None:
    units = Units(systems[0].document_numbers)
    counts = [units.fold(system.counts().rows) for system in systems]
    score = systems[0].counts().score
    plain = [swap_test(counts[i], counts[j], score).p_value for i, j in ((0, 1), (0, 2), (1, 2))]
    assert comparison.rows[1].test is not None and comparison.rows[2].test is not None
    assert comparison.rows[1].test.p_value == plain[0]
    # Holm over all three pairs, although the table shows two.
    order = sorted(p for p in plain if p is not None)
    assert comparison.rows[2].adjusted == pytest.approx(max(3 * order[0], 2 * order[1]))


def test_flips_are_the_mentions_behind_the_difference(comparison: Comparison) -> None:
    twin = comparison.flips["twin"]
    assert twin.lost and not twin.gained and not twin.introduced
    assert twin.summary().startswith(f"lost {len(twin.lost)}, gained 0, new errors 0")
    lines = mention_lines(twin.lost, comparison.texts)
    first = twin.lost[0]
    text = comparison.texts[first.document]
    assert f"[{text[first.start : first.end]}]" in lines[0]
    assert mention_lines(twin.lost, {})[0].endswith(f"[{first.start}, {first.end})")


def test_parts_below_the_threshold_are_left_out(systems: list[Scored]) -> None:
    types = entity_types(systems[0])
    threshold = sorted(types.values())[1]
    rows = compare(systems, resamples=100, min_support=threshold).parts
    assert {row.part for row in rows} == {k for k, n in types.items() if n >= threshold}
    assert all(row.support == types[row.part] for row in rows)
    assert all(p is None or 0 <= p <= 1 for row in rows for p in row.adjusted.values())


def test_metric_and_part(systems: list[Scored]) -> None:
    recall = compare(systems, metric="recall", part="PER", resamples=200)
    tallies = systems[0].tallies
    block = ner.score(ner.total(tallies), NerOptions()).types["PER"]
    assert recall.rows[0].score == pytest.approx(block.recall)
    macro = compare(systems, part="macro", resamples=200)
    average = ner.score(ner.total(tallies), NerOptions()).macro
    assert macro.rows[0].score == pytest.approx(average.f1)


def test_one_system_alone_has_an_interval_and_nothing_else(systems: list[Scored]) -> None:
    alone = compare(systems[:1], resamples=100)
    assert alone.groups == (("good",),) and alone.pairs == 0 and alone.flips == {}


def test_json_holds_everything(comparison: Comparison) -> None:
    value = json.loads(json.dumps(comparison.to_json()))
    assert [row["verdict"] for row in value["systems"]] == ["reference", "tie", "worse"]
    assert value["unit"] == "document" and value["seed"] == 0
    assert [row["group"] for row in value["systems"]] == ["a", "a", "b"]
    assert value["systems"][1]["detectable_difference"] > 0 and value["pairs"] == 3
    assert value["systems"][0]["detectable_difference"] is None
    assert value["signature"].startswith("ner|gold:planted@")
    assert value["flips"]["twin"]["lost"][0][3] in synthetic.LABELS


def test_the_order_of_systems_only_turns_signs(systems: list[Scored]) -> None:
    there = compare(systems[:2], resamples=300).rows[1]
    back = compare([systems[1], systems[0]], resamples=300).rows[1]
    assert there.difference == pytest.approx(-(back.difference or 0))
    assert there.test is not None and back.test is not None
    assert there.test.p_value == back.test.p_value


# --- refusals ----------------------------------------------------------------------------------


def test_other_signatures_are_refused_and_the_field_named(systems: list[Scored]) -> None:
    good, twin = systems[:2]
    for field, value in (
        ("gold_digest", "00000000"),
        ("schema", "conll03@1"),
        ("match", "exact"),
        ("boundary", "normalised"),
        ("documents", 3),
    ):
        other = replace(twin, signature=signed_otherwise(twin.signature, field, value))
        with pytest.raises(NotComparable, match=field.replace("_", " ")):
            compare([good, other], resamples=50)
        forced = compare([good, other], resamples=50, force=True)
        assert any("forced" in note and field.split("_")[0] in note for note in forced.notes)


def test_a_backends_own_projection_and_the_version_are_no_obstacle(systems: list[Scored]) -> None:
    good, twin = systems[:2]
    mapped = replace(twin, signature=replace(twin.signature.but(proj="pred=x--y@1"), version="9.9"))
    assert any("9.9" in note for note in check_same_count([good, mapped]))
    other_gold = replace(twin, signature=twin.signature.but(proj="gold=x--y@1"))
    with pytest.raises(NotComparable, match="projection"):
        check_same_count([good, other_gold])


def test_other_units_need_force_and_shrink_to_what_is_shared(systems: list[Scored]) -> None:
    good, twin = systems[:2]
    fewer = replace(twin, units=twin.units[:-2], tallies=twin.tallies[:-2])
    with pytest.raises(NotComparable, match="units are shared"):
        compare([good, fewer], resamples=50)
    forced = compare([good, fewer], resamples=50, force=True)
    assert any("2 units" in note for note in forced.notes)
    strangers = replace(twin, units=tuple(("other", i) for i, _ in enumerate(twin.units)))
    with pytest.raises(NotComparable):
        compare([good, strangers], resamples=50, force=True)


def test_nothing_and_unknown_names(systems: list[Scored]) -> None:
    with pytest.raises(NothingMeasured):
        compare([])
    with pytest.raises(UsageError, match="Did you mean 'recall'"):
        compare(systems, metric="recal")
    with pytest.raises(UsageError, match="Did you mean 'PER'"):
        compare(systems, part="PERS")
    with pytest.raises(UsageError, match="there is: planted"):
        grouped(systems, gold="other")


# --- where systems come from -------------------------------------------------------------------


def test_a_run_gives_back_what_was_scored(tmp_path: Path, systems: list[Scored]) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    good = synthetic.predict(DOCS, synthetic.skilled(0.9, 0.1), seed=1)
    folder = synthetic.run_folder(tmp_path / "run", goldset, {"good": good})
    assert is_run(folder) and is_run(folder / "run.json") and not is_run(tmp_path)
    finder = GoldFinder([goldset.path])
    (system,) = from_run(folder, finder=finder)
    assert system.tallies == systems[0].tallies and system.units == systems[0].units
    assert system.outcomes == systems[0].outcomes
    (again,) = from_run(folder, finder=finder, replay=True)
    assert again.tallies == system.tallies
    assert again.signature == system.signature


def test_replay_counts_with_todays_gold(tmp_path: Path) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    good = synthetic.predict(DOCS, synthetic.skilled(1.0, 0.0))
    folder = synthetic.run_folder(tmp_path / "run", goldset, {"good": good})
    first = DOCS[0]
    entities = (first.annotations.entities or ())[1:]
    changed = synthetic.gold(
        tmp_path, [replace(first, annotations=Annotations(entities)), *DOCS[1:]]
    )
    finder = GoldFinder([changed.path])
    (stale,) = from_run(folder)
    assert stale.outcomes is None  # the gold is not the one that was scored against
    assert "has changed since the run" in stale.without_outcomes
    with pytest.raises(NotComparable, match="is not the one of the run"):
        from_run(folder, finder=finder)  # named, it is asked to be the one
    (replayed,) = from_run(folder, finder=finder, replay=True)
    assert replayed.signature.gold_digest != stale.signature.gold_digest
    assert replayed.outcomes is not None and len(replayed.outcomes.spurious) == 1
    # The record knows where it lay; what lies there now is not what it was.
    (found,) = from_run(folder, replay=True)
    assert found.signature == replayed.signature
    changed.path.unlink()
    with pytest.raises(NothingMeasured, match="--gold"):
        from_run(folder, replay=True)


def test_predictions_files_are_scored_as_harness_score_does(
    tmp_path: Path, systems: list[Scored]
) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    good = synthetic.predict(DOCS, synthetic.skilled(0.9, 0.1), seed=1)
    jsonl.write(tmp_path / "good.jsonl", good)
    system = from_file(tmp_path / "good.jsonl", goldset, task="ner")
    assert system.name == "good" and system.tallies == systems[0].tallies
    strangers = [Record("nobody", None, Annotations(()))]
    jsonl.write(tmp_path / "strange.jsonl", strangers)
    with pytest.raises(InputError, match="not in the gold"):
        from_file(tmp_path / "strange.jsonl", goldset, task="ner")


def test_names_become_distinct(systems: list[Scored]) -> None:
    one = replace(systems[0], source="runs/one")
    two = replace(systems[0], source="runs/two")
    assert [s.name for s in distinct_names([one, two])] == ["good (one)", "good (two)"]
    assert [s.name for s in distinct_names([one, one])] == ["good (one) #1", "good (one) #2"]


def test_backends_of_other_schemas_meet_in_one(tmp_path: Path) -> None:
    """OntoNotes gold; one backend knows its labels, the other those of CoNLL-2003."""
    ontonotes = {"PER": "PERSON", "ORG": "ORG", "LOC": "GPE"}
    docs = [
        replace(d, annotations=Annotations(tuple(
            e._replace(label=ontonotes[e.label]) for e in d.annotations.entities or ())))
        for d in DOCS
    ]  # fmt: skip
    goldset = load_goldset(synthetic.gold(tmp_path, docs).path, schema="ontonotes5")
    fine, coarse = synthetic.systems_of(goldset, {"fine": docs, "coarse": DOCS})
    write_run(tmp_path / "run", [fine, coarse], [goldset])
    record = stored.read(tmp_path / "run")
    results = []
    speaks = (("ontonotes5@1", tuple(ontonotes.values())), ("conll03@1", ("PER", "ORG", "LOC")))
    for result, (schema, labels) in zip(record.results, speaks, strict=True):
        assert result.signature is not None
        signature = Signature.parse(result.signature).but(schema=schema)
        results.append(replace(result, signature=str(signature), labels=labels))
    stored.write(tmp_path / "run" / "run.json", replace(record, results=tuple(results)))
    finder = GoldFinder([goldset.path])
    with pytest.raises(NotComparable, match="--schema conll03 counts them again"):
        compare(from_run(tmp_path / "run", finder=finder), resamples=20)
    again = from_run(tmp_path / "run", finder=finder, schema="conll03")
    assert {system.signature.schema for system in again} == {"conll03@1"}
    found = compare(again, resamples=20)
    assert [row.score for row in found.rows] == [1.0, 1.0] and not found.flips["coarse"]


def test_what_a_run_counted_in_common_is_compared_and_chosen_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No --schema is needed where the run has counted its backends in a common schema."""
    ontonotes = {"PER": "PERSON", "ORG": "ORG", "LOC": "GPE"}
    docs = [
        replace(d, annotations=Annotations(tuple(
            e._replace(label=ontonotes[e.label]) for e in d.annotations.entities or ())))
        for d in DOCS
    ]  # fmt: skip
    goldset = load_goldset(synthetic.gold(tmp_path, docs).path)
    fine, coarse = synthetic.systems_of(goldset, {"fine": docs, "coarse": DOCS})
    folder = tmp_path / "run"
    write_run(folder, [fine, coarse], [goldset])
    record = stored.read(folder)
    results = []
    for result, name in zip(record.results, ("ontonotes5", "conll03"), strict=True):
        signature = Signature.parse(str(result.signature)).but(schema=f"{name}@1")
        declaration = Declaration(result.backend, ("ner",), "", labels=name)
        results.append(replace(result, signature=str(signature), declaration=declaration))
    common = count_in_common(
        results, [goldset], {"ner": NerOptions(), "attribution": AttributionOptions()}, folder
    )
    golds = tuple(replace(one, schema="ontonotes5") for one in record.gold)
    before = replace(record, results=tuple(results), gold=golds)
    stored.write(folder / "run.json", before)
    base = [str(folder), "--gold", str(goldset.path), "--resamples", "50"]
    assert main(["compare", *base]) == 3  # Nothing was counted in common.
    assert "--schema conll03" in capsys.readouterr().err
    stored.write(folder / "run.json", replace(before, common=common))
    assert main(["compare", *base, "--json"]) == 0
    said = capsys.readouterr()
    assert "compared in conll03@1, the finest schema that all reach" in said.err
    (value,) = json.loads(said.out)
    assert "schema:conll03@1" in value["signature"] and value["flips"]["coarse"]["lost"] == []
    assert [row["score"] for row in value["systems"]] == [1.0, 1.0]
    assert main(["compare", *base, "--backend", "fine", "--json"]) == 0  # Its own schema does.
    assert "ontonotes5@1" in capsys.readouterr().out
    types = ["choose", *base, "--task", "ner", "--json", "--types"]
    assert main([*types, "PERSON,ORG,GPE"]) == 0
    said = capsys.readouterr()
    assert "PERSON is PER in conll03@1" in said.err
    assert json.loads(said.out)["choices"][0]["part"] == "PER, ORG, LOC"
    assert main(["audit", *base[:3], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["missed"] == []
    assert main([*types, "DATE"]) == 2
    assert "no counterpart" in capsys.readouterr().err


def test_predictions_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    folder = synthetic.run_folder(tmp_path / "run", goldset, {"good": DOCS})
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(
        text.replace('"predictions/planted/ner/good.jsonl"', '"../synthetic.jsonl"')
    )
    finder = GoldFinder([goldset.path])
    for replay in (False, True):
        with pytest.raises(InputError, match="outside"):
            from_run(folder, finder=finder, replay=replay)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text[: len(text) // 2], "not a run record"),
        (lambda text: text.replace('"schema_version": 2', '"schema_version": 99'), "version 99"),
        (lambda text: text.replace('"correct"', '"korrekt"', 1), "contradicts itself"),
        (lambda text: text.replace('"spurious"', '"odd"', 1), "not a count of an entity score"),
    ],
)
def test_broken_records(tmp_path: Path, change: object, expected: str) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    bad = synthetic.predict(DOCS, synthetic.skilled(0.5, 0.5))
    folder = synthetic.run_folder(tmp_path / "run", goldset, {"bad": bad})
    path = folder / "run.json"
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    with pytest.raises(InputError, match=expected):
        from_run(folder)


def test_a_run_without_counts(tmp_path: Path) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    folder = synthetic.run_folder(tmp_path / "run", goldset, {"good": DOCS})
    value = json.loads((folder / "run.json").read_text())
    value["results"][0]["units"] = []
    (folder / "run.json").write_text(json.dumps(value))
    with pytest.raises(InputError, match=r"contradicts itself: .* has no counts"):
        from_run(folder)


# --- measures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("match", MATCH_MODES)
def test_parts_give_the_scores_of_every_match_mode(match: Match) -> None:
    """Boundary and type errors, which earn different credit in each mode and on each side."""
    gold = [Entity(0, 4, "PER"), Entity(10, 14, "ORG"), Entity(20, 24, "LOC")]
    predicted = [Entity(0, 3, "PER"), Entity(10, 14, "LOC"), Entity(30, 34, "LOC")]
    options = NerOptions(match=match)
    tallies = [ner.tally(gold, predicted, options), ner.tally(gold, gold, options)]
    score = ner.score(ner.total(tallies), options)
    matrix = Matrix(tallies)
    known = {part.name: part for part in parts(ner.total(tallies), NerOptions(match=match))}
    for name, block in (("micro", score.micro), *score.types.items()):
        counted = matrix.counts(known[name])
        for metric in METRICS:
            found = float(counted.score(counted.total, metric))
            assert found == pytest.approx(getattr(block, metric))
        assert counted.support == block.support
    assert matrix.counts(known["macro"]).value == pytest.approx(score.macro.f1)


def test_what_is_undefined_has_no_value() -> None:
    nothing = Matrix([Tally()]).counts(type_part(None, NerOptions()))
    for metric in METRICS:
        assert np.isnan(nothing.score(np.zeros(4), metric))
    assert nothing.value is None
    assert nothing.score(np.array([0.0, 5.0, 0.0, 0.0])) == 0.0


def test_attribution_parts_are_those_of_the_scorer(tmp_path: Path) -> None:
    docs = synthetic.speeches(6, seed=2)
    goldset = synthetic.gold(tmp_path, docs)
    said = []
    for record in docs:
        items = [
            replace(item, source=None if i == 1 else item.source, speaker="Riga" if i else "Bo Li")
            for i, item in enumerate(record.annotations.attributions or ())
            if i != 2
        ]
        said.append(Record(record.id, None, Annotations(attributions=tuple(items))))
    (system,) = synthetic.systems_of(goldset, {"x": said}, "attribution")
    score = attribution.score(system.total)
    expected = {
        **score.relations,
        **{role: views["exact"] for role, views in score.elements.items()},
        **{f"{role}.overlap": views["overlap"] for role, views in score.elements.items()},
        **score.kinds,
        "speaker": score.speaker,
        "null_source": score.null_source,
    }
    assert set(expected) == {part.name for part in system.parts}
    for part in system.parts:
        counted = system.counts(part)
        for metric in METRICS:
            value = float(counted.score(counted.total, metric))
            theirs = getattr(expected[part.name], metric)
            if theirs is None:
                assert np.isnan(value) or value == 0.0, (part.name, metric)
            else:
                assert value == pytest.approx(theirs), (part.name, metric)
    result = compare([system], resamples=100)
    assert result.part == "found50" and result.rows[0].score == score.relations["found50"].f1


def test_attribution_flips_follow_found50(tmp_path: Path) -> None:
    docs = synthetic.speeches(6, seed=2)
    goldset = synthetic.gold(tmp_path, docs)
    fewer = [
        Record(r.id, None, Annotations(attributions=(r.annotations.attributions or ())[1:]))
        for r in docs
    ]
    full, cut = synthetic.systems_of(goldset, {"full": docs, "cut": fewer}, "attribution")
    found = compare([full, cut], resamples=100).flips["cut"]
    assert len(found.lost) == 6 and not found.gained
    assert found.lost[0] == Mention("s000", 0, found.lost[0].end, "direct")
    back = flips(cut.outcomes, full.outcomes)  # type: ignore[arg-type]
    assert back.gained == found.lost


def test_what_a_backend_cannot_give_is_undefined_and_not_0(tmp_path: Path) -> None:
    docs = synthetic.speeches(20, seed=2)
    goldset = synthetic.gold(tmp_path, docs)
    mute = [
        Record(r.id, None, Annotations(attributions=tuple(
            replace(item, cue=None, speaker=None) for item in r.annotations.attributions or ())))
        for r in docs
    ]  # fmt: skip
    full, bare = synthetic.systems_of(goldset, {"full": docs, "bare": mute}, "attribution")
    before = {row.part: row for row in compare([full, bare], resamples=50).parts}
    assert before["speaker"].scores["bare"] == 0.0
    declared = Declaration(
        "bare", ("attribution",), "x", capabilities=Capabilities(cues=False, speakers=False)
    )
    result = Result("bare", "planted", "attribution", "ok", declaration=declared)
    after = compare([full, replace(bare, result=result)], resamples=50).parts
    rows = {row.part: row for row in after}
    for part in ("speaker", "cue", "triple", "exact"):
        assert rows[part].scores["bare"] is None and rows[part].scores["full"] == 1.0
        assert rows[part].differences["bare"] is None and rows[part].adjusted["bare"] is None
    assert rows["source"].scores["bare"] == 1.0


def test_part_names() -> None:
    types = parts(Tally({("correct", "PER"): 1, ("correct", "ORG"): 1}), NerOptions())
    assert part_named("micro", types).name == "micro"
    with pytest.raises(UsageError, match="Did you mean 'found50'"):
        part_named("found_50", attribution_parts(Tally()))
    with pytest.raises(UsageError, match=r"unknown type .*Did you mean 'ORG'"):
        part_named("org", types, word="type")


def test_a_count_of_old_gold_never_stands_for_the_gold_that_is_named(tmp_path: Path) -> None:
    """Under a schema too; a replay alone counts again with the gold as it is now."""
    docs = synthetic.speeches(4)
    goldset = synthetic.gold(tmp_path, docs, "said")
    folder = synthetic.run_folder(tmp_path / "run", goldset, {"good": docs}, "attribution")
    first = replace(docs[0], annotations=Annotations((), ()))
    changed = synthetic.gold(tmp_path, [first, *docs[1:]], "said")
    with pytest.raises(NotComparable, match="is not the one of the run"):
        from_run(folder, finder=GoldFinder([changed.path]))
    with pytest.raises(NotComparable, match="is not the one of the run"):
        from_run(folder, finder=GoldFinder([changed.path]), schema="conll03")
    (again,) = from_run(folder, finder=GoldFinder([changed.path]), replay=True)
    assert again.signature.gold_digest == changed.digest[:8]
