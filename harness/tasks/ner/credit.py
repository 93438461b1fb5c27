"""What a match mode gives credit for, and under which type: the one definition of both.

MUC counts (Chinchor and Sundheim 1993, MUC-5; SemEval-2013 task 9.1): a pair is correct, partial or
incorrect, what has no partner is missing or spurious. A correct one earns 1, a partial one 1/2.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.tasks.ner.tally import ErrorClass

__all__ = ["CREDIT", "MucClass", "muc_class_of", "type_of_prediction"]

MucClass: TypeAlias = Literal["cor", "inc", "par", "mis", "spu"]

CREDIT: dict[MucClass, float] = {"cor": 1.0, "par": 0.5, "inc": 0.0, "mis": 0.0, "spu": 0.0}

_ALONE: dict[ErrorClass, MucClass] = {"missed": "mis", "spurious": "spu"}
_OUTCOMES: dict[str, dict[ErrorClass, MucClass]] = {
    "strict": _ALONE | {"correct": "cor", "boundary": "inc", "type": "inc", "boundary_type": "inc"},
    "exact": _ALONE | {"correct": "cor", "boundary": "inc", "type": "cor", "boundary_type": "inc"},
    "partial": _ALONE
    | {"correct": "cor", "boundary": "par", "type": "cor", "boundary_type": "par"},
    "type": _ALONE | {"correct": "cor", "boundary": "cor", "type": "inc", "boundary_type": "inc"},
}


def muc_class_of(error: ErrorClass, match: str) -> MucClass:
    """The MUC count of an error class under a match mode; under `overlap=T` what overlaps enough
    counts as correct, and no pair that overlaps less has any credit."""
    return _OUTCOMES.get(match, _OUTCOMES["strict"])[error]


def type_of_prediction(gold: str | None, predicted: str | None, match: str) -> str | None:
    """The type under which the prediction of a cell counts; `None` where there is no prediction.

    Its own label; under `exact` and `partial`, which do not look at labels, the label of the gold
    mention that it was paired with. So a type's precision and recall always count the same pairs,
    what a type has right is what was found of it, and the types add up to all of them.
    """
    if predicted is None or gold is None or match not in ("exact", "partial"):
        return predicted
    return gold
