"""Precision, recall and F1 of attribution, computed from summed counts alone.

Undefined is `None`: precision where nothing is predicted, recall where nothing is gold, F1 where
neither is. F1 is 2 tp / (2 tp + fp + fn), which is 0 when only one side is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.adapter import Capabilities
from harness.annotation import KINDS
from harness.tasks.attribution.tally import (
    ERRORS,
    RELATIONS,
    ROLES,
    AttributionOptions,
    AttributionTally,
)
from harness.tasks.measures import f1, ratio

__all__ = ["AttributionScore", "AttributionBlock", "SpeakerScore", "score"]


@dataclass(frozen=True, slots=True)
class AttributionBlock:
    """One measure. Counts are relations or elements; under `overlap`, letters and digits."""

    precision: float | None
    recall: float | None
    f1: float | None
    tp: int
    fp: int
    fn: int
    support: int
    predicted: int

    @classmethod
    def of(cls, tp: int, predicted: int, support: int) -> AttributionBlock:
        return cls(
            ratio(tp, predicted),
            ratio(tp, support),
            ratio(2 * tp, predicted + support),
            tp,
            predicted - tp,
            support - tp,
            support,
            predicted,
        )

    def withheld(self) -> AttributionBlock:
        """The same counts without a verdict: the backend cannot give such a thing."""
        return replace(self, precision=None, recall=None, f1=None)

    def to_json(self) -> dict[str, float | int | None]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """Speakers. All three are `None` where the gold has no speaker or the backend gives none.

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

    def to_json(self) -> dict[str, float | int | None]:
        return asdict(self)


Elements = Mapping[str, Mapping[str, AttributionBlock]]


@dataclass(frozen=True, slots=True)
class AttributionScore:
    """All that is reported for one backend on one set of documents.

    `kinds`: recall of the gold relations of a kind, precision of the predicted relations of that
    kind, both by found50; a found relation need not be given the right kind, that is what
    `kind_confusion` (gold kind, then predicted kind, on found50 pairs) shows. `null_source`: "no
    source" as an answer, right where the relation is found50 and gold has no source either.
    `given_content`: elements over found50 pairs only, so that finding and attributing can be told
    apart. `errors`: each gold and each predicted relation is in exactly one class.
    """

    relations: Mapping[str, AttributionBlock]
    elements: Elements
    given_content: Elements
    kinds: Mapping[str, AttributionBlock]
    kind_confusion: Mapping[str, Mapping[str, int]]
    speaker: SpeakerScore
    null_source: AttributionBlock
    errors: Mapping[str, int]
    diagnostics: Mapping[str, int]
    """Duplicates, ignored and nested relations left out; `split`: gold relations whose content
    several predictions touch; `merged`: predictions whose content touches several gold ones."""
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON of `harness score`, without signature and task."""
        out: dict[str, Any] = {
            "relations": _json(self.relations),
            "elements": {role: _json(views) for role, views in self.elements.items()},
            "kinds": _json(self.kinds),
            "speaker": self.speaker.to_json(),
            "null_source": self.null_source.to_json(),
            "given_content": {role: _json(views) for role, views in self.given_content.items()},
            "kind_confusion": {gold: dict(row) for gold, row in self.kind_confusion.items()},
            "errors": dict(self.errors),
            "diagnostics": dict(self.diagnostics),
        }
        if self.warnings:
            out["warnings"] = list(self.warnings)
        return out


def score(
    tally: AttributionTally,
    options: AttributionOptions | None = None,
    *,
    capabilities: Capabilities | None = None,
) -> AttributionScore:
    """The score of summed counts.

    With `capabilities`, whatever the backend cannot give is undefined instead of 0: cues (and
    with them `triple` and `exact`), null sources, indirect speech, speakers. `options` are those
    that the tally was counted with; they change no arithmetic.
    """
    able = capabilities or Capabilities()
    relations = {
        name: AttributionBlock.of(tally[name], tally["predicted"], tally["gold"])
        for name in RELATIONS
    }
    elements, given = _elements(tally, ""), _elements(tally, "given.")
    kinds: dict[str, AttributionBlock] = {kind: _kind(tally, kind) for kind in KINDS}
    null_source = AttributionBlock.of(
        tally["null_source.both"], tally["null_source.predicted"], tally["null_source.gold"]
    )
    if not able.cues:
        for name in ("triple", "exact"):
            relations[name] = relations[name].withheld()
        for views in (elements, given):
            views["cue"] = {view: block.withheld() for view, block in views["cue"].items()}
    if not able.indirect:
        kinds["indirect"] = kinds["indirect"].withheld()
    if not able.null_sources:
        null_source = null_source.withheld()
    return AttributionScore(
        relations=relations,
        elements=elements,
        given_content=given,
        kinds=kinds,
        kind_confusion={
            gold: {predicted: tally[f"{gold}>{predicted}"] for predicted in KINDS} for gold in KINDS
        },
        speaker=_speaker(tally, able.speakers),
        null_source=null_source,
        errors={name: tally[f"error.{name}"] for name in ERRORS},
        diagnostics={
            f"{what}_{side}": tally[f"{what}.{side}"]
            for what in ("duplicates", "ignored", "nested")
            for side in ("gold", "predicted")
        }
        | {"split": tally["split"], "merged": tally["merged"]},
        warnings=tuple(_warnings(tally)),
    )


def _elements(tally: AttributionTally, given: str) -> dict[str, dict[str, AttributionBlock]]:
    blocks = {}
    for role in ROLES:
        name = f"{given}{role}"
        blocks[role] = {
            "exact": AttributionBlock.of(
                tally[f"{name}.same"], tally[f"{name}.predicted"], tally[f"{name}.gold"]
            ),
            "overlap": AttributionBlock.of(
                tally[f"{name}.shared_chars"],
                tally[f"{name}.predicted_chars"],
                tally[f"{name}.gold_chars"],
            ),
        }
    return blocks


def _kind(tally: AttributionTally, kind: str) -> AttributionBlock:
    """Recall by gold kind and precision by predicted kind; `tp` and `fn` are of the gold side.

    F1 is undefined where relations of the kind were found but none was predicted to be of it: the
    0 that the counts of one side alone would give says nothing about finding them.
    """
    support, predicted = tally[f"{kind}.gold"], tally[f"{kind}.predicted"]
    found_gold = sum(tally[f"{kind}>{other}"] for other in KINDS)
    found_predicted = sum(tally[f"{other}>{kind}"] for other in KINDS)
    precision, recall = ratio(found_predicted, predicted), ratio(found_gold, support)
    one_sided = (precision is None and recall) or (recall is None and precision)
    return AttributionBlock(
        precision,
        recall,
        None if one_sided else f1(precision, recall),
        tp=found_gold,
        fp=predicted - found_predicted,
        fn=support - found_gold,
        support=support,
        predicted=predicted,
    )


def _speaker(tally: AttributionTally, able: bool) -> SpeakerScore:
    right, answered, pairs, support, predicted = (
        tally[f"speaker.{name}"] for name in ("right", "answered", "pairs", "gold", "predicted")
    )
    known = able and support > 0
    whole = AttributionBlock.of(right, predicted, support)
    return SpeakerScore(
        accuracy=ratio(right, answered) if known else None,
        coverage=ratio(answered, pairs) if known else None,
        f1=whole.f1 if known else None,
        precision=whole.precision if known else None,
        recall=whole.recall if known else None,
        right=right,
        answered=answered,
        pairs=pairs,
        support=support,
        predicted=predicted,
    )


def _warnings(tally: AttributionTally) -> Iterator[str]:
    for side, where in (("gold", "gold relations"), ("predicted", "predictions")):
        if count := tally[f"duplicates.{side}"]:
            times = "once" if count == 1 else f"{count} times"
            yield f"{where}: an identical relation was repeated {times} and counted once"


def _json(blocks: Mapping[str, AttributionBlock]) -> dict[str, dict[str, float | int | None]]:
    return {name: block.to_json() for name, block in blocks.items()}
