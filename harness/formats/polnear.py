"""PolNeAR (Newell et al. 2018): news attributions in brat, several annotators per article.

    attributions/<doc>_<annotator>.ann        text/<doc>.txt

Told apart from `brat` by its habits: any event is an attribution, with or without source, by its
roles and not by the name of its type; `Discard` marks boilerplate (ignored in scoring), `Discuss`
an annotator's doubt (no annotation); an event that its annotator left empty is dropped and
counted; a few lines are the rest of a span's printed text, and a few printed texts are wrong:
offsets are trusted. The corpus annotates no `kind`, so that it stays `None`: the scorer reads it
off the quotation marks, on both sides by one rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.annotation import Annotations, Attribution, Record
from harness.errors import InputError
from harness.formats.brat import one_span, roles_of
from harness.formats.files import files_in, read_text
from harness.formats.hints import FURTHER_ANNOTATORS, no_annotator
from harness.formats.losses import Losses
from harness.formats.options import AnnotatorOption
from harness.formats.sniff import Head
from harness.formats.standoff import Standoff, parse_standoff

__all__ = ["EXAMPLE", "LOSES", "annotators", "labellings", "matches", "read"]

_FOLDERS = (("attributions", "text"), ("annotations", "text"), (".", "."))


LOSES = "Discuss regions, nested attributions, types of events"
EXAMPLE = "T1\tContent 10 22\tit will grow\nE1\tAttribution:T1 Content:T1\n"


def matches(head: Head) -> bool:
    """Folders of its names, or files named after a text and an annotator."""
    if head.holds(*(f"{layer}/" for layer, _ in _FOLDERS[:2])):
        return True
    file = head.standoff
    if file is None or file.with_suffix(".txt").is_file():
        return False
    doc = file.stem.rpartition("_")[0]
    return doc != "" and file.with_name(f"{doc}.txt").is_file()


def annotators(path: str | Path) -> tuple[str, ...]:
    """Every annotator, sorted by name."""
    return tuple(sorted({name for by in labellings(path).values() for name in by}))


def read(
    path: str | Path, *, annotator: AnnotatorOption = None, losses: Losses | None = None
) -> Iterator[Record]:
    """Stream one record per article, sorted by name.

    Where several people labelled an article the alphabetically first of them is taken, or
    `annotator` (articles which that one did not label are left out): a random choice, as in the
    corpus' own reader, would change scores from run to run.

    Raises `InputError` for an `.ann` whose text is missing, and when there is none at all.
    """
    losses = Losses() if losses is None else losses
    every = labellings(path)
    known = {name for by in every.values() for name in by}
    if annotator is not None and annotator not in known:
        raise no_annotator(annotator, known, path)
    for doc, by in every.items():
        name = min(by) if annotator is None else annotator
        if name not in by:
            losses[f"articles that {annotator} did not label: left out"] += 1
            continue
        if annotator is None and len(by) > 1:
            losses[FURTHER_ANNOTATORS] += len(by) - 1
        yield _record(doc, by[name], losses)


def labellings(path: str | Path) -> dict[Path, dict[str, Path]]:
    """Text file of each article -> annotator -> `.ann` file. Sorted by the article's name."""
    path = Path(path)
    for layer, text in _FOLDERS:
        layers, texts = path / layer, path / text
        if any(layers.glob("*.ann")) and texts.is_dir():
            break
    else:
        raise InputError(
            "holds no PolNeAR folder", path=path, hint="expected attributions/*.ann and text/*.txt"
        )
    articles: dict[Path, dict[str, Path]] = {}
    for file in files_in(layers, ".ann").values():
        doc, _, name = file.stem.rpartition("_")
        source = texts / f"{doc}.txt"
        if not doc or not source.is_file():
            raise InputError(
                f"has no text: expected {source}", path=file, hint="names are <doc>_<annotator>.ann"
            )
        articles.setdefault(source, {})[name] = file
    return dict(sorted(articles.items()))


def _record(source: Path, file: Path, losses: Counter[str]) -> Record:
    text = read_text(source)
    ann = parse_standoff(file, text, trust_offsets=True)
    doubts = sum(bound.label == "Discuss" for bound in ann.spans.values())
    if doubts:
        losses["Discuss regions (an annotator's doubt): left out"] += doubts
    layers = Annotations(None, tuple(_attributions(ann, losses)))
    return Record(source.stem, text, layers, ann.regions("Discard"))


def _attributions(ann: Standoff, losses: Counter[str]) -> Iterator[Attribution]:
    for event in ann.events.values():
        roles = roles_of(ann, event)
        content = tuple(sorted(roles["Content"]))
        if not content:
            losses["events without content: dropped"] += 1
            continue
        source = one_span(roles["Source"], "sources", losses)
        yield Attribution(content, source, one_span(roles["Cue"], "cues", losses))
