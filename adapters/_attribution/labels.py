"""Speech introduced by a label and a colon: transcripts, headlines ("Roe: ..."), "He said: ..."."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from harness.adapters._attribution.quotation import Quotation
from harness.adapters._attribution.relation import DraftAttribution
from harness.annotation import Span

__all__ = ["labelled"]

_START = r"[\s“\"]*"
_COLON = r"(?P<colon>\s?:)(?=\s|[“\"A-Z])\s*"
_TITLE = r"(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|St)\."
_LABEL = re.compile(rf"{_START}(?P<label>[A-Z][^:“”\"?!.;]{{1,60}}?){_COLON}")
_TITLED = re.compile(rf"{_START}(?P<label>{_TITLE}[^:“”\"?!;]{{0,60}}?){_COLON}")
_NO_SPEAKER = re.compile(
    r"(?i)^(?:related|read more|updated?|updates|correction|editor.?s? note|note|photos?|video"
    r"|watch|see also|sources?|more|also|here|breaking|exclusive|opinion|analysis|by|contact|tags"
    r"|filed under|follow|listen|poll|results?|(?:the )?bottom line|question|answer|fact|myth"
    r"|example)$"
)


def labelled(
    text: str,
    spans: Sequence[tuple[int, int]],
    quotes: Sequence[Quotation],
    names: Iterable[tuple[int, int]],
) -> list[DraftAttribution]:
    """Paragraphs that begin with a speaker's label.

    `Q` and `A` name nobody and are left. A label is taken for a speaker when a quotation follows
    it, when it introduces several paragraphs (a transcript), or when a person's name in `names`
    ends it.
    """
    name_ends = sorted(end for _, end in names)
    quoted_from = {quote.start for quote in quotes}
    found = []
    for start, end in spans:
        match = _TITLED.match(text, start, end) or _LABEL.match(text, start, end)
        if match and match.end() < end and not _NO_SPEAKER.match(match.group("label").strip()):
            found.append((match, end))
    said: dict[str, set[str]] = {}
    for match, end in found:
        said.setdefault(match.group("label"), set()).add(text[match.end() : end])
    made = []
    for match, end in found:
        label = Span(match.start("label"), match.end("label"))
        quote = match.end() in quoted_from
        ends = bisect_right(name_ends, label.start), bisect_right(name_ends, label.end)
        person = ends[0] < ends[1]
        repeated = len(said[match.group("label")]) > 1
        if not (quote or repeated or person) or len(match.group("label").split()) > 8:
            continue
        stop = match.end() + len(text[match.end() : end].rstrip())
        if stop > match.end():
            content = [Span(match.end(), stop)]
            colon = Span(match.end("colon") - 1, match.end("colon"))
            made.append(DraftAttribution(content, colon, label, "label"))
    return made
