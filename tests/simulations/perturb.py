"""Edits of texts move what stands in them exactly: edits at random, and every perturbation.

    python tests/simulations/perturb.py               # a million edits: some minutes
    python tests/simulations/perturb.py --edits 10000

Texts are of many scripts, with marks, emoji and line ends of all kinds; items are nested, adjacent,
crossing and discontinuous, their edges anywhere. What a text should be is made by replacing one
edit after the other in it alone (`perturbing.verdict`). Exit status 1: a span is wrong.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

if __name__ == "__main__":  # A file that is run is in no package.
    sys.path.insert(0, str(Path(__file__).parents[1]))

from perturbing import Recording, verdict, wild_edits, wild_record

from harness.perturb.edits import edited_record
from harness.perturb.perturbation import perturbed
from harness.perturb.registry import perturbations


@dataclass
class Tally:
    """What was tried, and what was wrong."""

    edits: int = 0
    spans: int = 0
    documents: int = 0
    identical: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.edits} edits made in {self.documents} documents, {self.spans} spans checked: "
            f"{len(self.faults)} wrong; {self.identical} of {self.documents} unchanged by identity"
        )

    @property
    def holds(self) -> bool:
        return not self.faults and self.identical == self.documents


def simulate(edits: int, *, seed: int = 0) -> tuple[Tally, Tally]:
    """So many edits at random, and as many of perturbations, in turn at all of their levels."""
    rng = Random(seed)
    return _tally(edits, rng, perturbing=False), _tally(edits, rng, perturbing=True)


def _tally(edits: int, rng: Random, *, perturbing: bool) -> Tally:
    known = perturbations()
    cases = [(one, level) for one in known.values() for level in one.levels]
    # Everywhere as well.
    cases += [(one, 1.0) for one in known.values() if isinstance(one.levels[0], float)]
    out = Tally()
    while out.edits < edits:
        number = out.documents
        record = wild_record(rng, number)
        if perturbing:
            perturbation, level = cases[number % len(cases)]
            recording = Recording(perturbation)
            new = perturbed(record, recording, level, seed=number)
            found = verdict(record, new, recording.made, recording.called)
        else:
            made = wild_edits(rng, record.text or "")
            found = verdict(record, edited_record(record, made), made, strict=False)
        out.edits += found.made
        out.spans += found.spans
        out.documents += 1
        out.identical += perturbed(record, known["identity"], "all") == record
        out.faults += found.faults
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description="edits of texts against an oracle")
    parser.add_argument("--edits", type=int, default=1_000_000, help="default: 1000000")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    outcomes = simulate(args.edits, seed=args.seed)
    for name, outcome in zip(("at random", "of perturbations"), outcomes, strict=True):
        print(f"{name}: {outcome}")
        for fault in outcome.faults[:5]:
            print(fault, file=sys.stderr)
    return 0 if all(outcome.holds for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
