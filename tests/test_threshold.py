"""`harness threshold`: counts by hand, two ways to the same counts, what is said and refused."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from support import in_json, printed

from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.decide.threshold import guarantee, scores
from harness.decide.threshold.analyse import Wanted, system, systems
from harness.decide.threshold.crossfit import held_out
from harness.decide.threshold.curve import best_threshold, curve, short_between, some_points
from harness.decide.threshold.guarantee import recall_threshold
from harness.decide.threshold.scores import read_scores
from harness.errors import InputError, NothingMeasured, UsageError
from harness.report.figures.threshold import threshold_charts
from harness.report.threshold import suggestion
from harness.results.scored import Scored, score_records
from harness.tasks.base import DocumentPair, Outcome
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.task import NamedEntities

ROOT = Path(__file__).parent.parent
WORDS = "Ann Bob Cid Dan Eva"
PLACES = [(0, 3), (4, 7), (8, 11), (12, 15), (16, 19)]


def sure_and_unsure(rng: random.Random, record: Record) -> list[Entity]:
    """Finds most mentions with high confidence, and invents some with low confidence."""
    out = []
    for entity in record.annotations.entities or ():
        strength = rng.gauss(1.2, 1)
        if strength > -0.8:
            out.append(entity._replace(score=_confidence(strength)))
        if rng.random() < 0.6:
            start = rng.randrange(len(record.text or "") - 8)
            label = rng.choice(synthetic.LABELS)
            out.append(Entity(start, start + 7, label, _confidence(rng.gauss(-0.5, 1))))
    return out


def _confidence(strength: float) -> float:
    return round(1 / (1 + exp(-strength)), 3)


DOCS = synthetic.articles(24, seed=3)
SURE = synthetic.predict(DOCS, sure_and_unsure, seed=1)
PLAIN = synthetic.predict(DOCS, synthetic.skilled(0.8, 0.1), seed=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("thresholds")
    goldset = synthetic.gold(place, DOCS)
    return synthetic.run_folder(place / "run", goldset, {"sure": SURE, "plain": PLAIN})


def _scored(
    folder: Path, gold: list[Record], said: list[Record], options: NerOptions | None = None
) -> Scored:
    return score_records("planted", synthetic.gold(folder, gold), said, "ner", options)


def _planted(folder: Path, answers: list[tuple[int, str, float | None]], **options: Any) -> Scored:
    """Five gold mentions, of which the first is ORG and the others are PER; answers by place."""
    labels = ["ORG", "PER", "PER", "PER", "PER"]
    gold = [Entity(*at, label) for at, label in zip(PLACES, labels, strict=True)]
    said = [Entity(*PLACES[at], label, score) for at, label, score in answers]
    return _scored(
        folder,
        [Record("a", WORDS, Annotations(tuple(gold)))],
        [Record("a", None, Annotations(tuple(said)))],
        NerOptions(**options),
    )


ANSWERS: list[tuple[int, str, float | None]] = [
    (0, "PER", 0.95), (1, "PER", 0.9), (2, "PER", 0.6), (3, "ORG", 0.6), (4, "PER", 0.3),
]  # fmt: skip


def test_a_curve_by_hand(tmp_path: Path) -> None:
    points = curve(read_scores(_planted(tmp_path, ANSWERS)), 1.0)
    assert [(p.threshold, p.right, p.predicted) for p in points] == [
        (0.3, 3, 5), (0.6, 2, 4), (0.9, 1, 2), (0.95, 0, 1),
    ]  # fmt: skip
    assert [p.precision for p in points] == [0.6, 0.5, 0.5, 0.0]
    assert [p.recall for p in points] == [0.6, 0.4, 0.2, 0.0]
    assert points[1].f == pytest.approx(4 / 9) and points[-1].f == 0.0
    of_per = curve(read_scores(_planted(tmp_path, ANSWERS)).of(["PER"]), 1.0)
    assert [(p.right, p.predicted) for p in of_per] == [(3, 4), (2, 3), (1, 2), (0, 1)]
    assert of_per[0].recall == 0.75


def test_a_best_threshold_has_few_digits_and_cuts_there(tmp_path: Path) -> None:
    answers = [(0, "ORG", 0.95), (1, "PER", 0.9), (2, "PER", 0.8123), (3, "ORG", 0.4)]
    scores = read_scores(_planted(tmp_path, answers))
    assert best_threshold(scores, 1.0) == 0.8
    assert best_threshold(read_scores(_planted(tmp_path, answers[:3])), 1.0) == 0.0
    assert best_threshold(scores.of(["LOC"]), 1.0) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_short_number_lies_between(one: float, other: float) -> None:
    low, high = sorted((one, other))
    if low < high:
        assert low < short_between(low, high) <= high


answers = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(1, 4),
        st.sampled_from("AB"),
        st.sampled_from([0.2, 0.5, 0.9]),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(answers, answers, st.sampled_from(["raw", "normalised"]), st.sampled_from([0.2, 0.5, 0.9]))
def test_the_sweep_is_what_a_count_at_the_threshold_gives(
    tmp_path_factory: pytest.TempPathFactory,
    gold: list[tuple[int, int, str, float]],
    said: list[tuple[int, int, str, float]],
    boundary: Any,
    least: float,
) -> None:
    """Overlapping, repeated and trimmed mentions among them."""
    text = "the Ann, the Bob. the Cid"
    pieces = [0, 4, 7, 9, 13, 16, 18, 22, 25]

    def entities(rows: list[tuple[int, int, str, float]], score: bool) -> tuple[Entity, ...]:
        return tuple(
            Entity(
                pieces[at],
                pieces[min(at + length, len(pieces) - 1)],
                label,
                confidence if score else None,
            )
            for at, length, label, confidence in rows
        )

    folder = tmp_path_factory.mktemp("sweep")
    mine = entities(said, True)
    gold = [*gold, (0, 8, "A", 0.0), (0, 8, "B", 0.0)]  # Types that it lacks are not scored.
    docs = [Record("a", text, Annotations(entities(gold, False)))]
    options = NerOptions(boundary=boundary)
    whole = _scored(folder, docs, [Record("a", None, Annotations(mine))], options)
    kept = tuple(one for one in mine if one.score is not None and one.score >= least)
    part = _scored(folder, docs, [Record("a", None, Annotations(kept))], options)
    if not mine:
        with pytest.raises(NothingMeasured, match="answered nothing"):
            read_scores(whole)
        return
    scores = read_scores(whole)
    assert tuple(scores.table(least).sum(axis=0)) == part.parts[0].sums(part.total)
    for one in part.parts[2:]:
        assert tuple(scores.of([one.name]).table(least).sum(axis=0)) == one.sums(part.total)


def test_a_document_is_counted_once_whatever_its_confidences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where trimming makes predictions equal: of these the most confident are right."""
    number = 40
    gold = [Entity(8 * at + 4, 8 * at + 7, "PER") for at in range(number)]
    said = [one._replace(score=0.5 + at / 100) for at, one in enumerate(gold)]
    said += [Entity(one.start - 4, one.end, "PER", 0.01 * at) for at, one in enumerate(gold)]
    told = _scored(
        tmp_path,
        [Record("a", "the Ann " * number, Annotations(tuple(gold)))],
        [Record("a", None, Annotations(tuple(said)))],
        NerOptions(boundary="normalised"),
    )
    given: list[int] = []
    plain = NamedEntities.outcomes

    def counted(self: NamedEntities, pair: DocumentPair, options: NerOptions) -> Iterator[Outcome]:
        given.append(len(self.items(pair.predicted)))
        return plain(self, pair, options)

    monkeypatch.setattr(NamedEntities, "outcomes", counted)
    scores = read_scores(told)
    assert given == [2 * number]
    assert sorted(scores.confidence[scores.right]) == [one.score for one in said[:number]]


def test_rows_are_the_paragraphs_of_the_run(folder: Path) -> None:
    """What stands in each is what the run has counted there."""
    from harness.results.load import from_run

    scored = from_run(folder)[0]
    table = read_scores(scored).table(0.0)
    counts = np.asarray(scored.counts().rows)
    assert (table == counts).all()


def test_another_match_mode_is_said_and_read_as_strict(tmp_path: Path) -> None:
    told = _planted(tmp_path, ANSWERS, match="exact")
    assert told.f1 == 1.0
    found = system(told, Wanted(resamples=50))
    assert found.f1 == pytest.approx(0.6) and "match:strict" in found.signature
    assert any("counted with match mode exact" in note for note in found.notes)


def test_a_record_that_is_not_of_its_predictions_is_refused(tmp_path: Path) -> None:
    told = _planted(tmp_path, ANSWERS)
    other = _planted(tmp_path, ANSWERS[:4])
    with pytest.raises(InputError, match="predicted 4 of the record and 5"):
        read_scores(replace(other, count=told.count, documents=told.documents))


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([(1, "PER", None)], "gives no confidences"),
        ([(1, "PER", None), (2, "PER", 0.5)], "1 of its 2 predictions have no confidence"),
        ([(1, "PER", -0.5), (2, "PER", 0.5)], "below 0 or infinite"),
        ([], "answered nothing"),
    ],
)
def test_what_has_no_confidences_is_left_out_with_the_reason(
    tmp_path: Path, answers: list[tuple[int, str, float | None]], why: str
) -> None:
    told, good = _planted(tmp_path, answers), _planted(tmp_path, ANSWERS)
    with pytest.raises(NothingMeasured, match=why):
        systems([told], Wanted(resamples=50))
    found, (left,) = systems([good, told], Wanted(resamples=50))
    assert len(found) == 1 and why in left.reason


def test_confidences_that_are_no_probabilities_have_no_calibration(tmp_path: Path) -> None:
    docs = synthetic.articles(8, seed=1)
    said = synthetic.predict(
        docs, lambda rng, r: [e._replace(score=5.0) for e in r.annotations.entities or ()]
    )
    found = system(_scored(tmp_path, docs, said), Wanted(resamples=50))
    assert found.calibration is None
    assert any("no probabilities" in note for note in found.notes)
    assert found.best is not None and found.best.threshold == 0.0


def test_folds_are_measured_at_the_threshold_of_the_others(folder: Path) -> None:
    """Chosen as the number of documents that were seen: each fold is measured without its own."""
    from harness.results.load import from_run

    scores = read_scores(from_run(folder)[0])
    seen: list[set[int]] = []

    def choose(others: Any) -> float:
        seen.append({int(one) for one in others.documents[others.rows]})
        return 0.5 if len(seen) == 1 else 0.0

    table, chosen = held_out(scores, choose, folds=4, seed=0)
    assert len(seen) == len(chosen) == 4 and chosen[0] == 0.5
    held = [set(range(24)) - one for one in seen]
    assert sorted(number for one in held for number in one) == sorted({*range(24)})
    first = np.isin(scores.documents, [*held[0]])
    assert (table[first] == scores.table(0.5)[first]).all()
    assert (table[~first] == scores.table(0.0)[~first]).all()


def test_the_recommendation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The threshold's own F on the documents it was chosen on is never what is told of it."""
    command = ["threshold", str(folder), "--resamples", "200", "--recall", "0.8"]
    told = in_json(capsys, command)
    (one,) = told["systems"]
    best, guaranteed = one["best"], one["guarantee"]
    highest = max(point["f"] for point in one["curve"]["all"])
    assert one["f1"] == best["now"] < best["f"] < highest
    assert best["gain_interval"][0] > 0 and best["gain"] == pytest.approx(best["f"] - best["now"])
    assert guaranteed["threshold"] > 0 and guaranteed["found"] > 0.8
    assert guaranteed["precision"] > guaranteed["precision_now"]
    assert [left["backend"] for left in told["left_out"]] == ["plain"]
    shown = " ".join(printed(capsys, command).split())
    assert f"sure: with ?threshold={best['threshold']} its F1 would be {best['f']:.3f}" in shown
    assert "plain (planted): left out: it gives no confidences" in shown
    chosen = in_json(capsys, ["choose", str(folder), "--task", "ner", "--resamples", "200"])
    candidates = {c["name"]: c for c in chosen["choices"][0]["candidates"]}
    assert candidates["plain"]["threshold"] is None
    suggested = candidates["sure"]["threshold"]
    assert (suggested["threshold"], suggested["f"]) == (best["threshold"], best["f"])


def test_a_program_has_options_of_its_own(folder: Path) -> None:
    from harness.results.load import from_run

    best = system(from_run(folder)[0], Wanted(resamples=50)).best
    assert best is not None and suggestion(best).startswith("with ?threshold=")
    told = suggestion(replace(best, option=False))
    assert told.startswith(f"with a threshold of {best.threshold} its F1 would be ")


def test_choosing_says_it_only_where_quality_is_what_it_is_about(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = ["choose", str(folder), "--task", "ner", "--resamples", "200"]
    assert "with ?threshold=" in printed(capsys, plain)
    assert "with ?threshold=" in printed(capsys, [*plain, "--types", "PER,LOC"])
    for told in (["--types", "macro"], ["--weight", "precision=0"]):
        assert "?threshold=" not in printed(capsys, [*plain, *told])


def test_a_recall_that_cannot_be_had_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = " ".join(printed(capsys, ["threshold", str(folder), "--recall", "0.999"]).split())
    assert "No threshold guarantees a recall of 0.999" in shown and "it takes 2995" in shown
    shown = printed(capsys, ["threshold", str(folder), "--recall", "0.975"])
    assert "without any threshold" in " ".join(shown.split())


def test_what_is_too_little_is_not_rounded_up_to_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.9^21.84 is 0.1002, and 22 are needed to come below 0.1."""
    monkeypatch.setattr(guarantee, "_effective", lambda scores, cut: 21.84)
    reached = guarantee.recall_threshold(read_scores(_planted(tmp_path, ANSWERS)), 0.9, 0.9)
    assert reached.threshold is None and reached.reason is not None
    assert "worth 21 independent ones here, and it takes 22" in reached.reason


def test_fewer_documents_than_can_be_cut(tmp_path: Path) -> None:
    docs = DOCS[:7]
    found = system(_scored(tmp_path, docs, SURE[:7]), Wanted(resamples=50))
    assert found.best is found.guarantee is None and found.calibration is not None
    assert any("7 documents, and it takes 8" in note for note in found.notes)


def test_unknown_types_and_gold_that_is_gone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = printed(capsys, ["threshold", str(folder), "--part", "PERS"], 2)
    assert "unknown type 'PERS'" in told and "Did you mean 'PER'?" in told
    (gold,) = folder.parent.glob("*.jsonl")
    kept = gold.read_bytes()
    gold.unlink()
    try:
        assert "not at hand" in printed(capsys, ["threshold", str(folder)], 3)
        gold.write_bytes(kept.replace(b"PER", b"ORG"))
        told = " ".join(printed(capsys, ["threshold", str(folder)], 3).split())
        assert "by: sure on planted (ner): gold set 'planted' has changed since the run" in told
        assert told.count("sure on planted") == 1
    finally:
        gold.write_bytes(kept)
    nothing = printed(capsys, ["threshold", str(ROOT / "results"), "--backend", "quotes"], 3)
    assert "attributions have no confidence" in nothing


def test_figures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "figures"
    command = ["threshold", str(folder), "--resamples", "50", "--figures", str(out)]
    assert main([*command, "--figure-format", "json"]) == 0
    told = capsys.readouterr()
    assert told.out == "" and "plain (planted): left out" in told.err
    specs: Mapping[str, Any] = {
        path.name.partition("-planted")[0]: json.loads(path.read_text("utf-8"))
        for path in out.iterdir()
    }
    assert specs.keys() == {"precision-recall", "reliability"}
    library = pytest.importorskip("vl_convert", reason="needs the extra figures")
    for spec in specs.values():
        assert library.vegalite_to_vega({**spec, "width": 400}, vl_version="6.4")["marks"]


def test_types_that_are_called_like_all_of_them(tmp_path: Path) -> None:
    gold = [Entity(*at, label) for at, label in zip(PLACES, ("all", "micro", "PER"), strict=False)]
    said = [one._replace(score=0.5) for one in gold[:2]]
    told = _scored(
        tmp_path,
        [Record("a", WORDS, Annotations(tuple(gold)))],
        [Record("a", None, Annotations(tuple(said)))],
    )
    found = system(told, Wanted(resamples=50))
    assert set(found.curve) == {"all", "type all", "type micro", "PER"}
    assert (found.mentions, system(told, Wanted(part="type micro")).mentions) == (3, 1)
    assert system(told, Wanted(part="micro")).mentions == 3


def test_many_points_are_thinned_and_the_best_stays(folder: Path) -> None:
    from harness.results.load import from_run

    scores = read_scores(from_run(folder)[0])
    every, some = curve(scores, 1.0), curve(scores, 1.0, most=20)
    assert len(some) <= 20 < len(every) and {*some} <= {*every}
    assert (some[0], some[-1]) == (every[0], every[-1])
    assert max(p.f or 0 for p in some) == max(p.f or 0 for p in every)
    assert len(some_points(every, 10)) == 10 and some_points(every, 10)[-1] == every[-1]


def test_no_gold_of_a_type_is_no_guarantee(folder: Path) -> None:
    from harness.results.load import from_run

    scored = from_run(folder)[0]
    nothing = recall_threshold(read_scores(scored).of(["XXX"]), 0.9, 0.95)
    assert nothing.threshold is None and nothing.reason == "there is no gold mention"
    with pytest.raises(UsageError, match="unknown type"):
        system(scored, Wanted(part="XXX"))
    assert threshold_charts(system(scored, Wanted(part="PER", resamples=50)))


def test_a_page_has_the_thresholds_of_backends_with_confidences(
    folder: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert main(["report", str(folder), "--html", str(page)]) == 0
    text = page.read_text("utf-8")
    assert text.count("<h3>Thresholds: sure</h3>") == 1 and "<h3>Thresholds: plain" not in text
    assert "p0-why3-0" in text and "p0-why3-1" in text  # Curve and reliability.
    assert "<h3>Thresholds</h3>" not in text and "no thresholds" not in text


def test_a_page_says_why_a_backend_has_no_thresholds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not of one that gives no confidences."""

    def half(rng: random.Random, record: Record) -> list[Entity]:
        return [
            one._replace(score=0.5 if place % 2 else None)
            for place, one in enumerate(record.annotations.entities or ())
        ]

    goldset = synthetic.gold(tmp_path, DOCS)
    answers = {"sure": SURE, "plain": PLAIN, "half": synthetic.predict(DOCS, half)}
    run = synthetic.run_folder(tmp_path / "run", goldset, answers)
    page = tmp_path / "page.html"

    def said() -> list[str]:
        assert main(["report", str(run), "--html", str(page)]) == 0
        text = page.read_text("utf-8")
        assert "Thresholds: half" not in text
        return re.findall("[a-z, ]+: no thresholds: [^<]*", text)

    (line,) = said()
    assert line.startswith("half: no thresholds: ") and "have no confidence: where" in line
    plain = scores._check_counts

    def contradicted(scored: Scored, found: Any) -> None:
        if scored.name == "sure":
            raise InputError(
                "the record contradicts itself: x", path=run / "run.json", hint="run again"
            )
        plain(scored, found)

    monkeypatch.setattr(scores, "_check_counts", contradicted)
    first, second = said()
    assert first == line and second.startswith("sure: no thresholds: ")
    assert second.endswith("run.json: the record contradicts itself: x; run again.")
