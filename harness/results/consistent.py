"""Whether a run record says one thing: no gate may pass on a record that contradicts itself.

Records are written whole by this program; one whose parts do not fit was edited, is half of one run
and half of another, or comes from a fault of ours. None of its numbers can be trusted then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.annotation import TASKS
from harness.errors import InputError
from harness.results.record import (
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
from harness.signature import Signature
from harness.tasks.attribution import count as attribution
from harness.tasks.attribution.tally import ERRORS, RELATIONS
from harness.tasks.measures import f1, ratio
from harness.tasks.ner import count as ner
from harness.tasks.ner.options import MATCH_MODES, NerOptions

__all__ = ["add_gold", "check_record", "gold_differs", "other_scores"]

_TOLERANCE = 1e-9
_MOST = 2**53
"""No score is larger, and up to here floating-point numbers are exact."""
_LISTED = 1000
"""So many documents that failed are listed at least."""


@dataclass(slots=True)
class _Seen:
    """What the counts of a row are of."""

    what: str
    units: list[tuple[str, int]] = field(default_factory=list)
    """Document and paragraph."""
    gold: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Gold mentions by document and label."""


def check_record(record: RunRecord, folder: str | Path, *, path: str | Path | None = None) -> None:
    """Raise `InputError` for the first thing in a record, or beside it, that contradicts another.

    `folder` is the record's: the files that it names have to be those that it is about. One that is
    gone is no contradiction.
    """
    try:
        problem = next(_problems(record, Path(folder)), None)
    except InputError as error:
        raise InputError(error.message, path=error.path or path, hint=error.hint) from None
    if problem is not None:
        raise InputError(
            f"the record contradicts itself: {problem}",
            path=path,
            hint="it was edited, or is of several runs: run again",
        )


def _problems(record: RunRecord, folder: Path) -> Iterator[str]:
    cards = {card.name: card for card in record.gold}
    if len(cards) < len(record.gold):
        yield "two gold sets have the same name"
    for name, card in cards.items():
        for task, block in card.agreement.items():
            if task in TASKS and block and not _is_agreement(block):
                yield f"the agreement of annotators on {name!r} ({task}) is no numbers"
    seen: dict[tuple[str, str], _Seen] = {}
    alike: dict[str | None, _Seen] = {}
    for kind, results in (("results", record.results), ("common", record.common)):
        keys = [(result.gold, result.task, result.backend) for result in results]
        for gold, task, backend in keys:
            if keys.count((gold, task, backend)) > 1:
                yield f"two rows in {kind} are about {backend} on {gold} ({task})"
        for result in results:
            mine = _Seen(f"{result.backend} on {result.gold} ({result.task})")
            for said in _of_result(result, cards, folder, mine):
                yield f"{mine.what}: {said}"
            if record.schema_version > 1:
                yield from (f"{mine.what}: {said}" for said in _of_digests(result))
            if not mine.units:
                continue
            other = seen.setdefault((result.gold, result.task), mine)
            if other.units != mine.units:
                yield f"{mine.what}: its counts are of other paragraphs than those of {other.what}"
            other = alike.setdefault(result.signature, mine)
            for document, label, one, two in gold_differs(other.gold, mine.gold):
                yield (
                    f"{other.what} has {one} gold {label} in {document!r}, {mine.what} has {two}, "
                    "and they were counted in the same way"
                )
    measured = {(result.gold, result.task, result.backend) for result in record.results}
    for result in record.common:
        if (result.gold, result.task, result.backend) not in measured:
            yield f"{result.backend} on {result.gold} ({result.task}) is in common alone"
    status = run_status(record.results)
    if record.results and record.status != status and record.schema_version > 1:
        yield f"its status is {record.status!r}, its results make it {status!r}"
    elif record.status == "error" and status != "error":
        yield f"its status is 'error', and its results were measured ({status!r})"


def _of_result(
    result: Result, cards: dict[str, GoldRecord], folder: Path, seen: _Seen
) -> Iterator[str]:
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
    yield from _of_counts(result, folder, seen)


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


def _of_counts(result: Result, folder: Path, seen: _Seen) -> Iterator[str]:
    if result.units_file is not None and not inside(folder, result.units_file, "units").exists():
        return
    read = (
        ner.NerTally.from_json if result.task == "ner" else attribution.AttributionTally.from_json
    )
    paragraphs: dict[str, int] = {}
    failed = {failure.id for failure in result.failures}
    for unit in iter_units(result, folder):
        seen.units.append((unit.document, unit.paragraph))
        if unit.paragraph != paragraphs.get(unit.document, 0):
            yield f"its counts of the document {unit.document!r} are not of one paragraph each"
            return
        paragraphs[unit.document] = unit.paragraph + 1
        try:
            tally: Tally = read(unit.tally)
        except ValueError as error:
            yield f"its counts cannot be read: {error}"
            return
        if not _adds_up(tally) or _is_repeated(unit, tally):
            yield f"its counts of the document {unit.document!r} do not add up"
            return
        add_gold(seen.gold, unit.document, tally)
        if unit.document in failed and _predicts(unit):
            yield f"the document {unit.document!r} failed, and yet something is predicted in it"
            return
    if len(paragraphs) != result.documents:
        yield f"{result.documents} documents were counted, its counts are of {len(paragraphs)}"
    for lost in sorted(failed - paragraphs.keys()):
        yield f"the document {lost!r} failed, and its counts do not have it"


def _is_repeated(unit: Unit, tally: Tally) -> bool:
    """Whether two rows of a count are about one cell."""
    return isinstance(tally, ner.NerTally) and any(
        len(unit.tally.get(name, ())) != len(getattr(tally, name))
        for name in ("errors", "partial", "type")
    )


def _adds_up(tally: Tally) -> bool:
    """Whether no count is below 0, and every relation is in one class and right at most once."""
    if isinstance(tally, ner.NerTally):
        return all(n >= 0 for mode in MATCH_MODES for n in tally.cells(mode).values())
    classes = sum(tally[f"error.{name}"] for name in ERRORS)
    gold, predicted = tally["gold"], tally["predicted"]
    return (
        gold == classes - tally["error.spurious"]
        and predicted == classes - tally["error.missed"]
        and min(gold, predicted) >= max(tally[name] for name in RELATIONS)
    )


def add_gold(found: Counter[tuple[str, str]], document: str, tally: Tally) -> None:
    """Add how many gold mentions of each label (or relations) a document has by its counts."""
    if not isinstance(tally, ner.NerTally):
        found[document, "relations"] += tally["gold"]
        return
    for (_, label, _), n in tally.cells("strict").items():
        if label is not None:
            found[document, label] += n


def gold_differs(
    one: Counter[tuple[str, str]], other: Counter[tuple[str, str]]
) -> Iterator[tuple[str, str, int, int]]:
    """Document and label of which two counts of the same gold have a different number of gold."""
    if one == other:
        return
    for document, label in sorted(one.keys() | other.keys()):
        if one[document, label] != other[document, label]:
            yield document, label, one[document, label], other[document, label]


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


def _is_agreement(block: object) -> bool:
    names = ("f1", "lowest", "highest", "pairs")
    return isinstance(block, Mapping) and all(_is_number(block.get(name, "")) for name in names)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(item)
    else:
        yield value


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
