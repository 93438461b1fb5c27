"""Nothing is changed: for the proof that nothing else differs between two runs."""

from __future__ import annotations

from harness.perturb.perturbation import EVERYWHERE, TextPerturbation

__all__ = ["IDENTITY"]

IDENTITY = TextPerturbation(
    "identity", "nothing is changed", EVERYWHERE, lambda text, level, rng: ()
)
