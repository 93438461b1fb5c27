"""The measures of attribution: relations, elements, kinds, speakers and null sources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from harness.annotation import KINDS, Capabilities
from harness.tasks.attribution.tally import RELATIONS, ROLES
from harness.tasks.tally import Part, TallyKey, Weights

__all__ = ["given_parts", "parts"]


def parts(
    tally: Mapping[TallyKey, int], capabilities: Capabilities | None = None
) -> tuple[Part, ...]:
    """Every measure, `found50` first.

    What a backend cannot give has no rates: cues (and with them `triple` and `exact`), null
    sources, indirect speech, speakers. Gold that names nobody says nothing of speakers.
    """
    able = capabilities or Capabilities()
    withheld: set[str] = set()
    if not able.cues:
        withheld |= {"triple", "exact", "cue", "cue.overlap"}
    if not able.indirect:
        withheld.add("indirect")
    if not able.null_sources:
        withheld.add("null_source")
    if not able.speakers or not tally.get(("speaker.gold",)):
        withheld.add("speaker")
    return tuple(
        part._replace(available=part.name not in withheld)
        for part in (
            *(_counted(name, name, "gold", "predicted") for name in RELATIONS),
            *given_parts(""),
            *(Part(kind, partial(_weigh_kind, kind)) for kind in KINDS),
            _counted("speaker", "speaker.right", "speaker.gold", "speaker.predicted"),
            _counted(
                "null_source", "null_source.both", "null_source.gold", "null_source.predicted"
            ),
        )
    )


def given_parts(view: str) -> tuple[Part, ...]:
    """Elements, over all relations or (`given.`) over found50 pairs only."""
    return tuple(
        part
        for role, at in ((role, f"{view}{role}") for role in ROLES)
        for part in (
            _counted(role, f"{at}.same", f"{at}.gold", f"{at}.predicted"),
            _counted(
                f"{role}.overlap",
                f"{at}.shared_chars",
                f"{at}.gold_chars",
                f"{at}.predicted_chars",
            )._replace(counts="letters"),
        )
    )


def _counted(name: str, right: str, gold: str, predicted: str) -> Part:
    return Part(name, partial(_weigh, right, gold, predicted))


def _weigh(right: str, gold: str, predicted: str, key: TallyKey) -> Weights:
    hit = float(key[0] == right)
    return hit, float(key[0] == gold), hit, float(key[0] == predicted)


def _weigh_kind(kind: str, key: TallyKey) -> Weights:
    """Recall by the kind in the gold and precision by the predicted kind, both by found50."""
    name = key[0] or ""
    gold, confused, predicted = name.partition(">")
    return (
        float(bool(confused) and gold == kind),
        float(name == f"{kind}.gold"),
        float(bool(confused) and predicted == kind),
        float(name == f"{kind}.predicted"),
    )
