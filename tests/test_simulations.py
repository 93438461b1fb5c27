"""Every claim of docs/statistics.md by simulation, where documents differ by .5 in log odds.

That is one of the four columns of the docs, with a fifth of its runs, and with two fifths under the
profile `whole`; `make simulations` makes the whole tables. Of docs/history.md there are the claims
with an aim for an ordinary history, with fewer runs; of docs/thresholds.md all, with still fewer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulations.claims import PAGES, Claim, Outcome, measure
from simulations.draw import World, draw, population
from simulations.histories import Story
from support import whole

DOCS = Path(__file__).parent.parent / "docs"
CLAIMS = PAGES["statistics.md"]
ORDINARY = Story().setting
HISTORY = [
    one for one in PAGES["history.md"] if one.setting.startswith(ORDINARY) and one.aim != "–"
]


@pytest.fixture(scope="module")
def outcomes() -> dict[Claim, Outcome]:
    return {o.claim: o for o in measure(CLAIMS, 0.4 if whole() else 0.2, workers=2, spreads=(0.5,))}


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.family}: {c.says}, {c.setting}")
def test_a_claim_holds(claim: Claim, outcomes: dict[Claim, Outcome]) -> None:
    """Within its aim, or not further off than three standard errors explain."""
    outcome = outcomes[claim]
    assert outcome.holds, f"{outcome.shares[0]:.3f} of {outcome.runs} runs, to reach: {claim.aim}"


@pytest.mark.slow
def test_claims_about_thresholds_hold() -> None:
    """With a twentieth of the runs."""
    for outcome in measure(PAGES["thresholds.md"], 0.05, workers=2, spreads=(0.5,)):
        assert outcome.holds, (outcome.claim.says, outcome.claim.setting, outcome.shares)


@pytest.mark.slow
def test_claims_about_an_ordinary_history_hold() -> None:
    """With 20 runs: what is broken is seen, and no more; the tables have the rest."""
    assert len(HISTORY) >= 6
    for outcome in measure(HISTORY, 0.1, workers=2, spreads=(0.5,)):
        assert outcome.holds, (outcome.claim.says, outcome.claim.setting, outcome.shares)


@pytest.mark.parametrize("page", PAGES)
def test_the_docs_have_every_claim_with_what_was_measured(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (.+?) \| (.+?) \| (\d+) \|(.+)\| (.+?) \|$", text, re.M)
    written = {
        (family, says, setting): (int(runs), cells, aim)
        for family, says, setting, runs, cells, aim in rows
    }
    for claim in PAGES[page]:
        runs, cells, aim = written.pop((claim.family, claim.says, claim.setting))
        shares = [float(cell) / 100 for cell in cells.split("|")]
        assert (runs, aim, len(shares)) == (claim.runs, claim.aim, 4)
        assert all(claim.holds(share, runs) for share in shares), claim
    assert not written


def test_a_broken_claim_is_seen() -> None:
    claim = Claim("tests", "planted", World(8), lambda *_: 0.0, runs=1000, low=0.04, high=0.06)
    assert Outcome(claim, 1000, (0.05, 0.045)).holds
    assert not Outcome(claim, 1000, (0.05, 0.1)).holds
    assert not Outcome(claim, 1000, (0.01, 0.05)).holds
    assert Outcome(replace(claim, low=None, high=0.0), 20, (0.0,)).holds
    assert not Outcome(replace(claim, low=None, high=0.0), 20, (0.1,)).holds


def test_the_stated_truth_is_what_is_drawn() -> None:
    """Sums of many paragraphs come to what `population` and `expected` say."""
    world = World(3000, 4, sd=0.5, skills=(0.85, 0.7))
    found = draw(world, np.random.default_rng(1))
    for backend in (0, 1):
        mean = found.counts[backend].mean(axis=0)
        assert mean == pytest.approx(population(world, backend), rel=0.04)
        expected = found.expected(backend) / len(found.documents)
        assert mean == pytest.approx(expected, rel=0.04)
