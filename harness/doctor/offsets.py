"""Which misreading of offsets explains the predictions best."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.annotation import quoted
from harness.doctor.diagnosis import SHOWN, Diagnosis, MarkedDocument, RoleSpan, example
from harness.doctor.readings import READINGS

__all__ = ["explain_offsets"]


class _Candidate(NamedTuple):
    """An explanation of the offsets, with what it explains of the predictions that it moves."""

    finding: Diagnosis
    explained: int
    moved: int
    right_as_is: int

    def convincing(self) -> bool:
        enough = self.explained >= 3 or self.explained == self.moved == 2
        return (
            enough and 3 * self.explained >= self.moved and self.explained >= 4 * self.right_as_is
        )


def explain_offsets(pairs: Sequence[MarkedDocument]) -> list[Diagnosis]:
    """The one explanation that makes most predictions exact, if any is convincing."""
    contents = [_contents(pair) for pair in pairs]
    candidates = [
        *_reading_candidates(pairs),
        *_edge_candidates(pairs),
        # Conventions about quotation marks concern contents alone.
        *_edge_candidates([pair for pair in contents if pair.predicted]),
        *_shift_candidate(pairs),
    ]
    good = [candidate for candidate in candidates if candidate.convincing()]
    if not good:
        by_document = _shift_by_document(pairs)
        return [by_document] if by_document else []
    # `max` keeps the first of equals: readings that say why come before bare numbers.
    return [max(good, key=lambda candidate: candidate.explained - candidate.right_as_is).finding]


def _contents(pair: MarkedDocument) -> MarkedDocument:
    """The pair with nothing but contents; empty for entities."""
    gold, predicted = (
        frozenset(item for item in side if item.role == "content")
        for side in (pair.gold, pair.predicted)
    )
    return MarkedDocument(pair.id, pair.text, gold, predicted)


def _reading_candidates(pairs: Sequence[MarkedDocument]) -> Iterator[_Candidate]:
    for reading in READINGS:
        explained = moved = as_is = 0
        examples: list[str] = []
        for pair in pairs:
            remap = reading.remap(pair.text)
            if remap is None:
                continue
            for item in sorted(pair.predicted):
                start, end = remap(item.start), remap(item.end)
                if (start, end) == (item.start, item.end):
                    continue
                moved += 1
                as_is += item in pair.gold
                if start is None or end is None:
                    continue
                target = RoleSpan(item.role, start, end)
                if target in pair.gold:
                    explained += 1
                    examples.append(example(pair, item, target))
        if moved:
            message = (
                f"the predicted offsets are {reading.what}: {explained} of the {moved} predictions "
                f"that this concerns then fit the gold exactly ({as_is} as they stand)"
            )
            finding = Diagnosis(reading.code, message, tuple(examples[:SHOWN]), reading.mend)
            yield _Candidate(finding, explained, moved, as_is)


_EDGES = tuple((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a != b)
_QUOTES = "\"'“”‘’„‚«»‹›`"


def _edge_candidates(pairs: Sequence[MarkedDocument]) -> Iterator[_Candidate]:
    """Each edge off by at most one, the same for all: closed ends, counting from 1, quotes."""
    moved = sum(len(pair.predicted) for pair in pairs)
    as_is = sum(len(pair.predicted & pair.gold) for pair in pairs)
    for left, right in _EDGES:
        hits = [
            (pair, item, target)
            for pair in pairs
            for item in sorted(pair.predicted)
            if (target := RoleSpan(item.role, item.start - left, item.end - right)) in pair.gold
        ]
        if hits:
            finding = _edge_finding(left, right, hits, moved, as_is)
            yield _Candidate(finding, len(hits), moved, as_is)


def _edge_finding(
    left: int,
    right: int,
    hits: Sequence[tuple[MarkedDocument, RoleSpan, RoleSpan]],
    moved: int,
    as_is: int,
) -> Diagnosis:
    share = f"{len(hits)} of {moved} then fit the gold exactly ({as_is} as they stand)"
    evidence = tuple(example(*hit) for hit in hits[:SHOWN])
    quotes = sum(_quoted(pair.text, item, target) for pair, item, target in hits)
    if (left, right) in ((1, -1), (-1, 1)) and 2 * quotes >= len(hits):
        without = "leave out" if left == 1 else "take in"
        return Diagnosis(
            "quotation-marks",
            f"the predicted spans {without} the quotation marks and the gold does not: {share}",
            evidence,
            "give contents with their quotation marks, or strip them on both sides",
        )
    if (left, right) == (0, -1):
        return Diagnosis(
            "closed-ends",
            "every end is one character short, so the predicted ends are closed (last character, "
            f"not the one after it): {share}",
            evidence,
            "add 1 to every end: offsets are half-open, [start, end)",
        )
    if (left, right) == (1, 0):
        what = "starts one character late, so the offsets count from 1 and the ends are closed"
        mend = "subtract 1 from every start: offsets count from 0 and are half-open"
    else:
        what = f"is off by {left:+d} at its start and {right:+d} at its end"
        mend = "offsets are Unicode code points, from 0, half-open: text[start:end] is the span"
    return Diagnosis("one-short", f"every predicted span {what}: {share}", evidence, mend)


def _quoted(text: str, item: RoleSpan, target: RoleSpan) -> bool:
    outer = (min(item.start, target.start), max(item.end, target.end))
    return text[outer[0] : outer[0] + 1] in _QUOTES and text[outer[1] - 1 : outer[1]] in _QUOTES


def _shift_candidate(pairs: Sequence[MarkedDocument]) -> Iterator[_Candidate]:
    counts: Counter[int] = Counter()
    for pair in pairs:
        counts.update(_shifts(pair))
    if not counts:
        return
    shift, explained = min(counts.items(), key=lambda item: (-item[1], abs(item[0]), item[0]))
    moved = sum(len(pair.predicted) for pair in pairs)
    as_is = sum(len(pair.predicted & pair.gold) for pair in pairs)
    finding = Diagnosis(
        "shifted",
        f"the predicted offsets are shifted by {shift:+d}: {explained} of {moved} predictions then "
        f"fit the gold exactly ({as_is} as they stand)",
        tuple(
            example(pair, item, target)
            for pair in pairs
            for item in sorted(pair.predicted)
            if (target := RoleSpan(item.role, item.start - shift, item.end - shift)) in pair.gold
        )[:SHOWN],
        "count from the first character of the document's text (no title, no byte order mark, "
        "nothing stripped, from 0)",
    )
    yield _Candidate(finding, explained, moved, as_is)


def _shifts(pair: MarkedDocument) -> Counter[int]:
    """Every shift other than 0 with the number of predictions that it makes exact."""
    starts: dict[tuple[str, int], list[int]] = defaultdict(list)
    for item in pair.gold:
        starts[item.role, item.end - item.start].append(item.start)
    counts = Counter(
        item.start - start
        for item in pair.predicted
        for start in starts.get((item.role, item.end - item.start), ())
    )
    del counts[0]
    return counts


def _shift_by_document(pairs: Sequence[MarkedDocument]) -> Diagnosis | None:
    """Another constant in every document: offsets that run on, or headers of different length."""
    shifts: dict[str, int] = {}
    explained = moved = 0
    for pair in pairs:
        counts = _shifts(pair)
        if len(pair.predicted) < 3 or not counts:
            continue
        shift, hits = min(counts.items(), key=lambda item: (-item[1], abs(item[0]), item[0]))
        if hits >= 3 and 2 * hits >= len(pair.predicted) and not pair.predicted & pair.gold:
            shifts[pair.id] = shift
            explained += hits
            moved += len(pair.predicted)
    total = sum(len(pair.predicted) for pair in pairs)
    if len(set(shifts.values())) < 2 or 2 * explained < total:
        return None
    shown = ", ".join(f"{quoted(id_)} {shift:+d}" for id_, shift in list(shifts.items())[:5])
    return Diagnosis(
        "shifted-by-document",
        f"the predicted offsets are shifted by a constant of its own in each document: {explained} "
        f"of {total} predictions then fit the gold exactly",
        (f"shifts: {shown}",),
        "count from the start of each document; offsets must not run on over the corpus",
    )
