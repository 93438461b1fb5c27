"""Whatever single edit is made in a record: it is refused, said, or changes nothing of note."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubtful import CHECK, OTHERS, Capture, Desk, accepted, said

from harness.results import stored
from harness.results.load import from_run

pytestmark = pytest.mark.slow

EDITS, BATCHES = 30, 10

# Edits that no check can see, for nothing else in the record, beside it or in the baseline says the
# same: where, when and with what a run was made, costs, what a backend says of itself, what was
# taken to be so, and the order of rows. A row that nothing was accepted of may go.
UNSEEN = re.compile(
    r"(started|finished|command|python|packages|machine|git|project|threads|seed|tool_version"
    r"|options|schema_version)(\..*)?|(gold|results|common)(\.#)?"
    r"|gold\.#\.(characters|words|path|schema|assumed|agreement|digest|documents|tasks)(\..*)?"
    r"|(results|common)\.#\.(reason|install|declaration|model|labels|packages|environment|dropped"
    r"|drops|duplicates|unknown_labels|not_scored|f1_with_all|assumed|schema|cannot_produce"
    r"|ceiling_recall|merged_labels|left_out_labels|characters|characters_seen|unstable|proof"
    r"|costs)(\..*)?|(results|common)\.#\.failures\.#(\.#)?"
    # Stated scores that the counts do not tell; counts of diagnostics; of which type a wrong
    # mention is. Another version that counted, and predictions that are gone, are said.
    r"|(results|common)\.#\.scores\.normalised(\..*)?"
    r"|(results|common)\.#\.units\.#\.#\.(duplicates|forgiven|split|merged|given|ignored|nested).*"
    r"|(results|common)\.#\.units\.#\.#\.errors\.#(\.#)?|(results|common)\.#\.(signature|predictions)"
)

Key = tuple[str, str, str]
Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return accepted(tmp_path_factory.mktemp("doubt"))


@pytest.mark.parametrize(
    "batch", [pytest.param(i, marks=[pytest.mark.slow] if i > 3 else []) for i in range(BATCHES)]
)
def test_no_single_edit_passes_unseen(
    batch: int, made: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(made.folder)
    made.restore()
    good, facts, scores = stored.read(made.path), _facts(made.path), _scores()
    rng = random.Random(batch)
    # Half of the edits by place, half by kind of place: there are many units.
    places = list(_places(made.good))
    kinds: dict[str, list[Place]] = {}
    for place in places:
        kinds.setdefault(_shown(place), []).append(place)
    for number in range(EDITS):
        value = copy.deepcopy(made.good)
        where, what = _edit(rng, value, rng.choice([places, kinds[rng.choice(sorted(kinds))]]))
        made.path.write_text(json.dumps(value), "utf-8")
        status, text = said(capsys, (*CHECK, "--json"))
        context = f"batch {batch}, edit {number}: {where}: {what}: {status} {text[:500]}"
        assert status in (0, 1, 2, 3) and "Traceback" not in text, context
        if number % 2:  # One of the others, too; all of them read a record in one way.
            verb = OTHERS[number // 2 % len(OTHERS)]
            other, shown = said(capsys, verb)
            assert other in (0, 2, 3) and "Traceback" not in shown, (context, verb, other, shown)
            assert status != 2 or other == 2, (context, verb)
        if status or what == "delete null" or stored.read(made.path) == good:
            continue
        codes = {verdict["code"] for verdict in json.loads(text)["verdicts"]}
        assert _facts(made.path) == facts, context
        if "other-scores" in codes:
            continue
        assert all(score >= scores[key] for key, score in _scores().items()), context
        if where in ("results.#.signature", "results.#.predictions"):
            assert re.search("counted by version|is not shown", text), context
        if where.startswith("common") and re.search("units|scores", where):
            # The gate does not read them; whatever shows them says it.
            told = said(capsys, ("report", "run"))[1]
            assert "warning: " in told or UNSEEN.fullmatch(where), (context, told)
        else:
            assert UNSEEN.fullmatch(where), context


def _edit(rng: random.Random, value: Any, places: list[Place]) -> tuple[str, str]:
    """Make one edit; returns where, with numbers as `#`, and what."""
    place = rng.choice(places)
    parent = value
    for name in place[:-1]:
        parent = parent[name]
    last, old = place[-1], parent[place[-1]]
    how = rng.choice(["delete", "change", "change", "change", "twice", "swap"])
    if how == "twice" and isinstance(parent, list):
        parent.insert(int(last), copy.deepcopy(old))
    elif how == "swap" and isinstance(parent, list) and len(parent) > 1:
        other = rng.randrange(len(parent))
        parent[last], parent[other] = parent[other], parent[last]
    elif how == "delete":
        del parent[last]
    else:
        how = "change"
        parent[last] = rng.choice([*_others(old), None, True, [], {}, "", 0, "x", {"x": 1}])
    return _shown(place), f"{how} {json.dumps(old)[:80]}"


def _others(old: Any) -> list[Any]:
    """Values that look like this one."""
    if isinstance(old, bool):
        return [not old, int(old)]
    if isinstance(old, int | float):
        near = [old + 1, old - 1, old * 2, -old, str(old)]
        return [*near, *near, 2**63, 10**400, 0.5, float("nan"), float("inf"), 1e308]
    if isinstance(old, str):
        other = re.sub(r"\d", lambda found: str((int(found[0]) + 1) % 10), old, count=1)
        return [f"{old}x", old[:-1], old.upper(), other, "../x", "a\0b", "\ud800", "x" * 5000]
    return []


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(item, (*place, name))


def _shown(place: Place) -> str:
    return ".".join("#" if isinstance(name, int) else str(name) for name in place)


def _facts(path: Path) -> object:
    """What a record says at its head, as far as the baseline was accepted of it."""
    record = stored.read(path)
    rows = {
        (one.gold, one.task, one.backend, one.status, one.documents, one.failed, signed)
        for one in record.results
        for signed in [str(one.signature).rpartition("|v:")[0]]
        if one.status != "unavailable"
    }
    return record.status, {(one.name, one.version, one.digest[:8]) for one in record.gold}, rows


def _scores() -> dict[Key, float]:
    """F1 of everything, by the counts."""
    return {(one.gold, one.task, one.backend): one.f1 or 0.0 for one in from_run("run")}
