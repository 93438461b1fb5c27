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
from pathlib import Path
from typing import Any

import pytest
from measured import counts_of, entity_types, without_pairs

from harness.annotation import KINDS
from harness.decide import baseline
from harness.decide.compare import compare
from harness.decide.comparison import bounds_or_none
from harness.decide.draws import resample
from harness.results.finder import GoldFinder
from harness.results.load import from_run, read_run
from harness.results.scored import Scored
from harness.results.select import grouped, in_one_schema
from harness.stats.rates import defined
from harness.stats.resample import Resampler
from harness.tasks.ner.options import MATCH_MODES
from harness.tasks.ner.tally import cells
from harness.tasks.parts import METRICS, PartCounts

pytestmark = pytest.mark.slow

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
    accepted = [entry.scored() for entry in baseline.read(RUN / "baseline.json").entries]
    expected = {entry: found for entry, found in counts_in(frozen).items() if entry in real}
    require(expected, scores(OWN, accepted))


def in_common(systems: list[Scored]) -> list[Scored]:
    """Those whose gold is met in several schemas, as the run counted them in one."""
    groups = map(in_one_schema, grouped(systems).values())
    return [system for group, schema in groups if schema for system in group]


def scores(footing: str, systems: Iterable[Scored], seed: int | None = None) -> Numbers:
    """Counts and scores of every part in every match mode; with a seed, intervals too."""
    found: Numbers = {}
    for system in systems:
        resampler = None if seed is None else Resampler(system.document_numbers, seed=seed)
        for part, mode, one in parts(system):
            entry: dict[str, Any] = {"counts": as_frozen(system, one)}
            entry |= {metric: defined(one.score(one.total, metric)) for metric in METRICS}
            if resampler and mode in ("strict", "-"):
                (drawn,) = resample(resampler, [one])
                entry["interval"] = bounds_or_none(drawn.interval())
            found[name(system, footing, system.name, part, mode)] = entry
    return found


def as_frozen(system: Scored, counts: PartCounts) -> list[float]:
    """Right, predicted, gold of each part of an average; of kinds, both sides."""
    wide = counts.total.reshape(-1, 4).tolist()
    if counts.part.name in KINDS:
        rows = wide
    else:
        rows = [[found, predicted, gold] for found, gold, _, predicted in wide]
    if not counts.part.over and counts.part.name == "macro":
        rows = []
    return [int(n) if n.is_integer() else n for row in rows for n in row]


def parts(system: Scored) -> Iterator[tuple[str, str, PartCounts]]:
    """Every part and match mode, with its counts per paragraph."""
    if not system.definition.labelled:  # What a backend cannot give was frozen as it was counted.
        for part in system.definition.parts(system.total, system.options):
            yield part.name, "-", system.counts(part)
        return
    gold = list(entity_types(system))
    predicted = {label for *_, label in cells(system.total) if label}
    for part_name in ("micro", "macro", *sorted({*gold, *predicted})):
        for mode in MATCH_MODES:
            yield part_name, mode, counts_of(system, part_name, match=mode)


def comparisons(footing: str, systems: Iterable[Scored]) -> Numbers:
    """How the real backends differ that were counted in one schema."""
    groups: dict[str, list[Scored]] = {}
    for system in systems:
        if not system.sanity:  # Without pairs no flips are looked for: the counts alone speak.
            groups.setdefault(name(system, footing), []).append(without_pairs(system))
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


def name(system: Scored, *what: str) -> str:
    return " | ".join((system.gold, system.task, system.signature.schema, *what))


def counts_in(numbers: Numbers) -> Numbers:
    """What counting alone gives: no intervals, no comparisons."""
    wanted = ("counts", *METRICS)
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
