"""Everything that is reported about attribution, from summed counts alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.annotation import KINDS, Capabilities
from harness.coding import encode
from harness.stats.rates import defined, rates
from harness.tasks.attribution.parts import given_parts, parts
from harness.tasks.attribution.tally import ERRORS, RELATIONS, ROLES
from harness.tasks.parts import Block, block
from harness.tasks.tally import Part, TallyKey

__all__ = ["AttributionScore", "SpeakerScore", "score", "error_counts"]


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """Speakers. All rates are `None` where the gold has no speaker or the backend gives none.

    Over found50 pairs whose gold has a speaker: `coverage` is the share for which the backend
    names one, `accuracy` the share of right names among those. `f1` is end to end: right where
    the relation is found50 and the name is right, over all relations with a speaker.
    """

    accuracy: float | None
    coverage: float | None
    f1: float | None
    precision: float | None
    recall: float | None
    right: int
    answered: int
    pairs: int
    support: int
    predicted: int


Elements = Mapping[str, Mapping[str, Block]]


@dataclass(frozen=True, slots=True)
class AttributionScore:
    """All that is reported for one backend on one set of documents.

    `kinds`: recall of the gold relations of a kind, precision of the predicted relations of that
    kind, both by found50; `tp` and `fn` are of the gold side. A found relation need not be given
    the right kind, that is what `kind_confusion` (gold kind, then predicted kind, on found50 pairs)
    shows. `null_source`: "no source" as an answer, right where the relation is found50 and gold has
    no source either. `given_content`: elements over found50 pairs only, so that finding and
    attributing can be told apart; the counts of `overlap` are letters and digits. `errors`: each
    gold and each predicted relation is in exactly one class.
    """

    relations: Mapping[str, Block]
    elements: Elements
    kinds: Mapping[str, Block]
    speaker: SpeakerScore
    null_source: Block
    given_content: Elements
    kind_confusion: Mapping[str, Mapping[str, int]]
    errors: Mapping[str, int]
    diagnostics: Mapping[str, int]
    """Duplicates and ignored relations left out; `split`: gold relations whose content several
    predictions touch; `merged`: predictions whose content touches several gold ones."""
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON of `harness score`, without signature and task."""
        out: dict[str, Any] = encode(self)
        if not self.warnings:
            del out["warnings"]
        return out


def error_counts(tally: Mapping[TallyKey, int]) -> dict[str, int]:
    """Each class once per relation or pair."""
    return {name: tally.get((f"error.{name}",), 0) for name in ERRORS}


def score(
    tally: Mapping[TallyKey, int], capabilities: Capabilities | None = None
) -> AttributionScore:
    """The score of summed counts.

    With `capabilities`, whatever the backend cannot give is undefined instead of 0
    (`harness.tasks.attribution.parts`).
    """
    named = {part.name: part for part in parts(tally, capabilities)}
    given = {
        part.name: part._replace(available=named[part.name].available)
        for part in given_parts("given.")
    }

    def n(name: str) -> int:
        return tally.get((name,), 0)

    return AttributionScore(
        relations={name: block(named[name], tally) for name in RELATIONS},
        elements=_elements(named, tally),
        given_content=_elements(given, tally),
        kinds={kind: block(named[kind], tally) for kind in KINDS},
        kind_confusion={
            gold: {predicted: n(f"{gold}>{predicted}") for predicted in KINDS} for gold in KINDS
        },
        speaker=_speaker(named["speaker"], tally),
        null_source=block(named["null_source"], tally),
        errors=error_counts(tally),
        diagnostics={
            f"{what}_{side}": n(f"{what}.{side}")
            for what in ("duplicates", "ignored")
            for side in ("gold", "predicted")
        }
        | {"split": n("split"), "merged": n("merged")},
        warnings=tuple(_warnings(tally)),
    )


def _elements(
    named: Mapping[str, Part], tally: Mapping[TallyKey, int]
) -> dict[str, dict[str, Block]]:
    return {
        role: {
            "exact": block(named[role], tally),
            "overlap": block(named[f"{role}.overlap"], tally),
        }
        for role in ROLES
    }


def _speaker(part: Part, tally: Mapping[TallyKey, int]) -> SpeakerScore:
    right, answered, pairs = (
        tally.get((f"speaker.{name}",), 0) for name in ("right", "answered", "pairs")
    )
    whole = block(part, tally)
    named = rates(right, pairs, right, answered) if part.available else None
    share = rates(answered, pairs, answered, answered) if part.available else None
    return SpeakerScore(
        accuracy=None if named is None else defined(named.precision),
        coverage=None if share is None else defined(share.recall),
        f1=whole.f1,
        precision=whole.precision,
        recall=whole.recall,
        right=right,
        answered=answered,
        pairs=pairs,
        support=whole.support,
        predicted=whole.predicted,
    )


def _warnings(tally: Mapping[TallyKey, int]) -> Iterator[str]:
    for side, where in (("gold", "gold relations"), ("predicted", "predictions")):
        if count := tally.get((f"duplicates.{side}",), 0):
            times = "once" if count == 1 else f"{count} times"
            yield f"{where}: an identical relation was repeated {times} and counted once"
