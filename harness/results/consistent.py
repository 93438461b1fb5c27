"""Whether a run record says one thing: no gate may pass on a record that contradicts itself.

Records are written whole by this program; one whose parts do not fit was edited, is half of one run
and half of another, or comes from a fault of ours. None of its numbers can be trusted then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.record import (
    GoldRecord,
    Result,
    RunRecord,
    Unit,
    beside,
    inside,
    iter_units,
    run_status,
)
from harness.results.scored import Tally
from harness.scoring import attribution, ner
from harness.scoring.attribution_tally import ERRORS, RELATIONS
from harness.scoring.measures import f1, ratio
from harness.scoring.options import MATCH_MODES, NerOptions
from harness.signature import Signature

__all__ = ["check_record", "other_scores"]

_TOLERANCE = 1e-9
_MOST = 2**53
"""No count is larger, and up to here floating-point numbers are exact."""
_LISTED = 1000
"""So many documents that failed are listed at least."""

_Units = Sequence[tuple[str, int]]
"""Document and paragraph of every unit."""


def check_record(record: RunRecord, folder: str | Path, *, path: str | Path | None = None) -> None:
    """Raise `InputError` for the first thing in a record, or beside it, that contradicts another.

    `folder` is the record's: the files that it names have to be those that it is about. One that is
    gone is no contradiction.
    """
    for problem in _problems(record, Path(folder)):
        raise InputError(
            f"the record contradicts itself: {problem}",
            path=path,
            hint="it was edited, or is of several runs: run again",
        )


def _problems(record: RunRecord, folder: Path) -> Iterator[str]:
    cards = {card.name: card for card in record.gold}
    if len(cards) < len(record.gold):
        yield "two gold sets have the same name"
    counted: dict[tuple[str, str], tuple[str, _Units]] = {}
    for kind, results in (("results", record.results), ("common", record.common)):
        keys = [(result.gold, result.task, result.backend) for result in results]
        for gold, task, backend in keys:
            if keys.count((gold, task, backend)) > 1:
                yield f"two rows in {kind} are about {backend} on {gold} ({task})"
        for result in results:
            what = f"{result.backend} on {result.gold} ({result.task})"
            places: list[tuple[str, int]] = []
            for said in _of_result(result, cards, folder, places):
                yield f"{what}: {said}"
            if record.schema_version > 1:
                yield from (f"{what}: {said}" for said in _of_digests(result))
            if places:
                other, those = counted.setdefault((result.gold, result.task), (what, places))
                if places != those:
                    yield f"{what}: its counts are of other paragraphs than those of {other}"
    status = run_status(record.results)
    if record.results and record.status != status and record.schema_version > 1:
        yield f"its status is {record.status!r}, its results make it {status!r}"
    elif record.status == "error" and status != "error":
        yield f"its status is 'error', and its results were measured ({status!r})"


def _of_result(
    result: Result, cards: dict[str, GoldRecord], folder: Path, places: list[tuple[str, int]]
) -> Iterator[str]:
    """`places` takes what its counts are of."""
    if result.gold not in cards:
        yield f"the record has no gold set {result.gold!r}"
        return
    answered = result.status in ("ok", "partial")
    has_counts = bool(result.units) or result.units_file is not None
    if not answered:
        if has_counts or result.signature is not None:
            yield f"its status is {result.status!r}, and yet it has counts"
        return
    expected = "partial" if result.failed else "ok"
    listed = len(result.failures)
    if result.failed >= result.documents > 0:
        yield f"{result.failed} of {result.documents} documents failed, and yet it has counts"
    elif result.status != expected:
        yield f"its status is {result.status!r}, but {result.failed} documents failed"
    elif not min(result.failed, _LISTED) <= listed <= result.failed:
        yield f"{result.failed} documents failed, and {listed} are listed"
    if result.signature is None or not has_counts:
        yield f"its status is {result.status!r}, and yet it has no counts"
        return
    if result.units and result.units_file is not None:
        yield "it has counts of its own and in a file"
    yield from _of_card(result, cards[result.gold])
    yield from _of_scores(result)
    if result.predictions and inside(folder, result.predictions, "predictions").exists():
        beside(folder, result.predictions, result.predictions_digest, "predictions")
    yield from _of_counts(result, folder, places)


def _of_digests(result: Result) -> Iterator[str]:
    """Every file that a run writes is named with its digest."""
    for what, name, digest in (
        ("predictions", result.predictions, result.predictions_digest),
        ("units", result.units_file, result.units_digest),
    ):
        if name and not digest:
            yield f"it names a file of {what} without a digest"
        elif digest and not name:
            yield f"it has the digest of {what}, but names no file"


def _of_card(result: Result, card: GoldRecord) -> Iterator[str]:
    if result.task not in card.tasks:
        yield f"its gold set has no annotations for {result.task}"
    if result.documents > card.documents:
        yield f"{result.documents} documents of {card.documents} were counted"
    try:
        signature = Signature.parse(str(result.signature))
    except (InputError, ValueError) as error:
        yield f"its signature cannot be read: {str(error)[:300]}"
        return
    for name, signed, said in (
        ("task", signature.task, result.task),
        ("gold set", signature.gold, result.gold),
        ("version of the gold set", signature.gold_version, card.version),
        ("digest of the gold set", signature.gold_digest[:8], card.digest[:8]),
        ("number of documents", signature.documents, result.documents),
    ):
        if signed != said:
            yield f"the {name} is {signed!r} in its signature and {said!r} in the record"


def _of_counts(result: Result, folder: Path, places: list[tuple[str, int]]) -> Iterator[str]:
    if result.units_file is not None and not inside(folder, result.units_file, "units").exists():
        return
    paragraphs: dict[str, int] = {}
    failed = {failure.id for failure in result.failures}
    for unit in iter_units(result, folder):
        places.append((unit.document, unit.paragraph))
        if unit.paragraph != paragraphs.get(unit.document, 0):
            yield f"its counts of the document {unit.document!r} are not of one paragraph each"
            return
        paragraphs[unit.document] = unit.paragraph + 1
        if said := _odd(unit, result):
            yield f"its counts cannot be read: {said}"
            return
        if unit.document in failed and _predicts(unit):
            yield f"the document {unit.document!r} failed, and yet something is predicted in it"
            return
    if len(paragraphs) != result.documents:
        yield f"{result.documents} documents were counted, its counts are of {len(paragraphs)}"
    for lost in sorted(failed - paragraphs.keys()):
        yield f"the document {lost!r} failed, and its counts do not have it"


def _odd(unit: Unit, result: Result) -> str:
    """What is wrong with the counts of a unit, else nothing."""
    try:
        if result.task == "ner":
            tally = ner.NerTally.from_json(unit.tally)
            shifted = (n for mode in MATCH_MODES for n in tally.cells(mode).values())
            least = min(shifted, default=0)
        else:
            relations = attribution.AttributionTally.from_json(unit.tally)
            least = _spare(relations)
    except ValueError as error:
        return str(error)
    if any(abs(number) > _MOST for number in _numbers(unit.tally)):
        return f"a count in {unit.document!r} is larger than any can be"
    return f"those of {unit.document!r} do not add up" if least < 0 else ""


def _spare(tally: attribution.AttributionTally) -> int:
    """Below 0 where more relations are right than there are, or not all are in one class."""
    classes = sum(tally[f"error.{name}"] for name in ERRORS)
    gold, predicted = tally["gold"], tally["predicted"]
    if (gold, predicted) != (classes - tally["error.spurious"], classes - tally["error.missed"]):
        return -1
    return min(gold, predicted) - max(tally[name] for name in RELATIONS)


def _of_scores(result: Result) -> Iterator[str]:
    """Stated numbers may differ from those of the counts, but numbers they have to be."""
    blocks = result.scores if result.task == "ner" else result.scores.get("relations", {})
    tree = isinstance(blocks, Mapping) and all(isinstance(b, Mapping) for b in blocks.values())
    if not tree or not all(_is_number(leaf) for leaf in _leaves(result.scores)):
        yield "its scores are no numbers"


def other_scores(result: Result, tallies: Iterable[Tally]) -> str:
    """A sentence where a result's stated numbers are not those of its counts, else none.

    The counts are what everything is computed from; stated numbers are for readers of the file.
    What the counts do not tell is left out, as scores with forgiving boundaries are.
    """
    for place, value in _named(_scores(result, tallies)):
        said: Any = result.scores
        for name in place:
            said = said.get(name) if isinstance(said, Mapping) else None
        if said != value and (
            said is None
            or value is None
            or not _is_number(said)
            or not abs(said - value) <= _TOLERANCE
        ):
            where = " ".join(place[:-1])
            return (
                f"the record states a {place[-1]} under {where} of {said}, its counts make it "
                f"{value}"
            )
    return ""


def _scores(result: Result, tallies: Iterable[Tally]) -> Mapping[str, Any]:
    """The numbers that counts make, in the shape of a result's `scores`."""
    entities: list[ner.NerTally] = []
    relations: list[attribution.AttributionTally] = []
    for tally in tallies:
        if isinstance(tally, ner.NerTally):
            entities.append(tally)
        else:
            relations.append(tally)
    if result.task == "attribution":
        able = result.declaration.capabilities if result.declaration else None
        full = attribution.score(attribution.total(relations), capabilities=able).to_json()
        return {name: full[name] for name in ("relations", "elements", "kinds", "speaker")}
    whole = ner.total(entities)
    found: dict[str, Any] = {
        mode: ner.score(whole, NerOptions(match=mode)).micro.to_json() for mode in MATCH_MODES
    }
    stated = result.scores.get("normalised")
    if isinstance(stated, Mapping):  # Of these the counts say nothing, but they have to fit.
        tp, predicted, gold = (stated.get(name) or 0 for name in ("tp", "predicted", "support"))
        found["normalised"] = {"f1": f1(ratio(tp, predicted), ratio(tp, gold))}
    return found


def _named(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every number in a tree of objects, with the names on the way to it."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _named(item, (*place, name))
    else:
        yield place, value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(item)
    else:
        yield value


def _numbers(value: Any) -> Iterator[float]:
    return (leaf for leaf in _leaves(value) if isinstance(leaf, int | float))


def _is_number(value: Any) -> bool:
    """A number that can be computed with; `None` is an undefined one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and abs(value) <= _MOST)


def _predicts(unit: Unit) -> bool:
    """Whether the counts of a unit, of either task, have a prediction."""
    tally = unit.tally if isinstance(unit.tally, dict) else {}
    rows = tally.get("errors", ())
    wrong = isinstance(rows, list) and any(row[:1] != ["missed"] for row in rows)
    return wrong or any(bool(tally.get(name)) for name in ("correct", "predicted"))
