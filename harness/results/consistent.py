"""Whether a run record says one thing: no gate may pass on a record that contradicts itself.

Records are written whole by this program; one whose parts do not fit was edited, is half of one run
and half of another, or comes from a fault of ours. None of its numbers can be trusted then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

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
from harness.scoring.attribution_score import AttributionBlock
from harness.scoring.measures import Block
from harness.scoring.options import MATCH_MODES, NerOptions
from harness.signature import Signature

__all__ = ["check_record", "other_scores"]

_TOLERANCE = 1e-9


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
    for kind, results in (("results", record.results), ("common", record.common)):
        keys = [(result.gold, result.task, result.backend) for result in results]
        for gold, task, backend in keys:
            if keys.count((gold, task, backend)) > 1:
                yield f"two rows in {kind} are about {backend} on {gold} ({task})"
        for result in results:
            what = f"{result.backend} on {result.gold} ({result.task})"
            yield from (f"{what}: {said}" for said in _of_result(result, cards, folder))
    status = run_status(record.results)
    if record.results and record.status != status and record.schema_version > 1:
        yield f"its status is {record.status!r}, its results make it {status!r}"
    elif record.status == "error" and status != "error":
        yield f"its status is 'error', and its results were measured ({status!r})"


def _of_result(result: Result, cards: dict[str, GoldRecord], folder: Path) -> Iterator[str]:
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
    if result.failed >= result.documents > 0:
        yield f"{result.failed} of {result.documents} documents failed, and yet it has counts"
    elif result.status != expected:
        yield f"its status is {result.status!r}, but {result.failed} documents failed"
    if result.signature is None or not has_counts:
        yield f"its status is {result.status!r}, and yet it has no counts"
        return
    yield from _of_signature(result, cards[result.gold])
    if result.predictions and inside(folder, result.predictions, "predictions").exists():
        beside(folder, result.predictions, result.predictions_digest, "predictions")
    yield from _of_counts(result, folder)


def _of_signature(result: Result, card: GoldRecord) -> Iterator[str]:
    signature = Signature.parse(str(result.signature))
    for name, signed, said in (
        ("task", signature.task, result.task),
        ("gold set", signature.gold, result.gold),
        ("version of the gold set", signature.gold_version, card.version),
        ("digest of the gold set", signature.gold_digest[:8], card.digest[:8]),
        ("number of documents", signature.documents, result.documents),
    ):
        if signed != said:
            yield f"the {name} is {signed!r} in its signature and {said!r} in the record"


def _of_counts(result: Result, folder: Path) -> Iterator[str]:
    if result.units_file is not None and not inside(folder, result.units_file, "units").exists():
        return
    documents: set[str] = set()
    failed = {failure.id for failure in result.failures}
    read = ner.NerTally if result.task == "ner" else attribution.AttributionTally
    for unit in iter_units(result, folder):
        documents.add(unit.document)
        try:
            read.from_json(unit.tally)
        except ValueError as error:
            yield f"its counts cannot be read: {error}"
            return
        if unit.document in failed and _predicts(unit):
            yield f"the document {unit.document!r} failed, and yet something is predicted in it"
            return
    if len(documents) != result.documents:
        yield f"{result.documents} documents were counted, its counts are of {len(documents)}"


def other_scores(result: Result, tallies: Iterable[Tally]) -> str:
    """A sentence where a result's stated headline numbers are not those of its counts, else none.

    The counts are what everything is computed from; stated numbers are for readers of the file.
    """
    for mode, block in _scores(tallies).items():
        stated = result.scores if result.task == "ner" else result.scores.get("relations", {})
        for name in ("tp", "predicted", "support", "f1"):
            said, value = stated.get(mode, {}).get(name), getattr(block, name)
            if said is not None and value is not None and abs(said - value) > _TOLERANCE:
                return (
                    f"the record states a {name} under {mode} of {said}, its counts make it {value}"
                )
    return ""


def _scores(tallies: Iterable[Tally]) -> Mapping[str, Block | AttributionBlock]:
    """The headline numbers that counts make, by match mode or relation."""
    entities: list[ner.NerTally] = []
    relations: list[attribution.AttributionTally] = []
    for tally in tallies:
        if isinstance(tally, ner.NerTally):
            entities.append(tally)
        else:
            relations.append(tally)
    if relations:
        return attribution.score(attribution.total(relations)).relations
    whole = ner.total(entities)
    return {mode: ner.score(whole, NerOptions(match=mode)).micro for mode in MATCH_MODES}


def _predicts(unit: Unit) -> bool:
    """Whether the counts of a unit, of either task, have a prediction."""
    tally = unit.tally if isinstance(unit.tally, dict) else {}
    rows = tally.get("errors", ())
    wrong = isinstance(rows, list) and any(row[:1] != ["missed"] for row in rows)
    return wrong or any(bool(tally.get(name)) for name in ("correct", "predicted"))
