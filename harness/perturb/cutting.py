"""What is missing at the end: most of a document, or a full stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from random import Random

from harness.annotation import Record
from harness.paragraphs import lines
from harness.perturb.edits import TextEdit, item_spans, record_spans
from harness.perturb.perturbation import Level, TextPerturbation
from harness.perturb.places import matches

__all__ = ["FINAL_STOP", "Truncated"]

_CLOSING = r"[\"'”’»›)\]]*"
_ENDS = ".!?…。！？"
_SENTENCE = re.compile(rf"\S.*?(?:(?<![{_ENDS}])[{_ENDS}]++{_CLOSING}(?=\s)|$)", re.DOTALL)
_STOP = re.compile(rf"(?<!\.)\.(?={_CLOSING}\s*$)")
_NO_STOP = re.compile(rf"(?<=\w){_CLOSING}(?=\s*$)")


class Truncated:
    """The end of a document is cut off, behind whole paragraphs or sentences."""

    name = "truncated"
    summary = (
        "the last share of a document's paragraphs is cut off, or of its sentences where it is one "
        "paragraph; no annotation is cut in two"
    )
    levels: tuple[Level, ...] = (0.5, 0.75)

    def edits(self, record: Record, level: Level, rng: Random) -> Iterator[TextEdit]:
        assert record.text is not None and not isinstance(level, str)
        parts = lines(record.text)
        if len(parts) < 2:
            parts = matches(_SENTENCE, record.text)
        kept = max(1, ceil(len(parts) * (1 - level)))
        # From where to where each annotation goes, all its parts together.
        hulls = [
            (min(span.start for span in spans), max(span.end for span in spans))
            for spans in item_spans(record)
        ]
        for _, cut in parts[kept - 1 : -1]:
            if not any(start < cut < end for start, end in hulls):
                break
        else:
            return
        # An edit that deletes whole annotations would cut through their edges.
        edges = {edge for span in record_spans(record) for edge in span if edge > cut}
        for start, end in pairwise(sorted({cut, len(record.text), *edges})):
            yield TextEdit(start, end, "")


def _final_stop(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for start, end in lines(text):
        line = text[start:end]
        if level == "without" and (stop := _STOP.search(line)):
            yield TextEdit(start + stop.start(), start + stop.end(), "")
        elif level == "with" and (there := _NO_STOP.search(line)):
            yield TextEdit(start + there.end(), start + there.end(), ".")


FINAL_STOP = TextPerturbation(
    "final-stop",
    "paragraphs without a full stop at their end, or with one where they end in a word",
    ("without", "with"),
    _final_stop,
)
