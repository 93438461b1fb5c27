"""Every number of the committed run is frozen by name, so that none changes unseen.

They are taken by two paths, from the counts that the run keeps and from its stored predictions
counted again, and both have to give `tests/data/frozen/numbers.json`; so does the baseline. Freeze
a wanted change with `HARNESS_FREEZE=1 python -m pytest tests/test_frozen.py` and read the diff.
Costs, times, versions and digests are not frozen: a run made again over the same things passes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.decide import baseline
from harness.decide.compare import compare, systems_of
from harness.decide.comparison import bounds
from harness.results import measures
from harness.results.load import from_run, read_run
from harness.results.systems import GoldFinder, System, on_one_footing
from harness.stats.resample import Resampler
from harness.tasks.ner.options import MATCH_MODES

ROOT = Path(__file__).parent.parent
RUN = ROOT / "results"
FILE = ROOT / "tests" / "data" / "frozen" / "numbers.json"
OWN, COMMON = "own", "common"  # The schema in which a backend meets the gold, and that of all.
Numbers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def recorded() -> Numbers:
    """What the run's own counts say."""
    own, seed = from_run(RUN), read_run(RUN)[0].seed
    numbers: Numbers = {}
    for footing, systems in ((OWN, own), (COMMON, in_common(own))):
        numbers |= scores(footing, systems, seed) | comparisons(footing, systems)
    return json.loads(json.dumps(numbers), parse_float=lambda text: float(f"{float(text):.12g}"))


@pytest.fixture(scope="module")
def frozen(recorded: Numbers) -> Numbers:
    """The numbers on file; written first when that is asked for."""
    if os.environ.get("HARNESS_FREEZE"):
        dump = json.JSONEncoder(ensure_ascii=False).encode
        lines = (f"{dump(entry)}: {dump(found)}" for entry, found in sorted(recorded.items()))
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8", newline="\n")
    return json.loads(FILE.read_text("utf-8"))


def test_the_counts_of_the_run_give_the_frozen_numbers(frozen: Numbers, recorded: Numbers) -> None:
    require(frozen, recorded)


def test_stored_predictions_counted_again_give_the_frozen_counts(frozen: Numbers) -> None:
    finder = GoldFinder([ROOT / "goldsets" / "seeds"])
    numbers = scores(OWN, from_run(RUN, finder=finder, replay=True))
    for schema in {system.signature.schema for system in in_common(from_run(RUN))}:
        again = from_run(RUN, finder=finder, replay=True, schema=schema.partition("@")[0])
        numbers |= scores(COMMON, (system for system in again if system.task == "ner"))
    require(counts_in(frozen), numbers)


def test_the_baseline_has_the_frozen_counts(frozen: Numbers) -> None:
    real = scores(OWN, (system for system in from_run(RUN) if not system.sanity))
    accepted = [entry.system() for entry in baseline.read(RUN / "baseline.json").entries]
    expected = {entry: found for entry, found in counts_in(frozen).items() if entry in real}
    require(expected, scores(OWN, accepted))


def in_common(systems: list[System]) -> list[System]:
    """Those whose gold is met in several schemas, as the run counted them in one."""
    groups = map(on_one_footing, systems_of(systems).values())
    return [system for group, schema in groups if schema for system in group]


def scores(footing: str, systems: Iterable[System], seed: int | None = None) -> Numbers:
    """Counts and scores of every part in every match mode; with a seed, intervals too."""
    found: Numbers = {}
    for system in systems:
        resampler = None if seed is None else Resampler(system.documents, seed=seed)
        for part, mode, one in parts(system):
            score = {metric: measures.statistic(metric, one.group) for metric in measures.METRICS}
            total = one.counts.sum(axis=0)
            entry = {"counts": [int(n) if n.is_integer() else float(n) for n in total]}
            entry |= {metric: measures.as_float(of(total)) for metric, of in score.items()}
            if resampler and mode in ("strict", "-"):
                (drawn,) = measures.resample(resampler, [one], [score["f1"]])
                entry["interval"] = bounds(drawn.interval())
            found[name(system, footing, system.name, part, mode)] = entry
    return found


def parts(system: System) -> Iterator[tuple[str, str, measures.Columns]]:
    """Every part and match mode, with its counts per paragraph."""
    tallies = system.tallies
    if system.task == "attribution":
        yield from ((p, "-", measures.columns(tallies, p)) for p in measures.ATTRIBUTION_PARTS)
        return
    gold = list(measures.entity_types(tallies))
    predicted = {label for tally in tallies for *_, label in tally.cells("strict") if label}
    for part in ("micro", "macro", *sorted({*gold, *predicted})):
        for mode in MATCH_MODES:
            yield part, mode, measures.columns(tallies, part, match=mode, types=gold)


def comparisons(footing: str, systems: Iterable[System]) -> Numbers:
    """How the real backends differ that were counted in one schema."""
    groups: dict[str, list[System]] = {}
    for system in systems:
        if not system.sanity:  # Without pairs no flips are looked for: the counts alone speak.
            groups.setdefault(name(system, footing), []).append(replace(system, pairs=None))
    found: Numbers = {}
    for group, members in groups.items():
        result = compare(members).to_json()
        tied = [" = ".join(names) for names in result["groups"]]
        found[f"{group} | all"] = {"tied": tied}
        for row in result["systems"][1:]:
            wanted = ("difference", "difference_interval", "p", "p_holm", "detectable_difference")
            entry = f"{group} | {row['name']} against {members[0].name}"
            found[entry] = {key: row[key] for key in wanted}
    return found


def name(system: System, *what: str) -> str:
    return " | ".join((system.gold, system.task, system.signature.schema, *what))


def counts_in(numbers: Numbers) -> Numbers:
    """What counting alone gives: no intervals, no comparisons."""
    wanted = ("counts", *measures.METRICS)
    return {e: {k: found[k] for k in wanted} for e, found in numbers.items() if "counts" in found}


def require(old: Numbers, new: Numbers) -> None:
    """Fail with the name of every entry that differs, of twenty at most."""
    lines = []
    for entry in sorted({*old, *new}):
        before, after = old.get(entry, {}), new.get(entry, {})
        both = [(key, before.get(key, "-"), after.get(key, "-")) for key in before | after]
        differ = [f"{key} {a} -> {b}" for key, a, b in both if a != pytest.approx(b, abs=1e-9)]
        lines += [f"{entry}: {', '.join(differ)}"] if differ else []
    if lines:
        lines.insert(0, f"{len(lines)} entries differ, frozen -> now (20 at most are shown):")
        pytest.fail("\n".join(lines[:21]), pytrace=False)
