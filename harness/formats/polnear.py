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
from harness.formats.brat import roles_of
from harness.formats.files import read_text
from harness.formats.standoff import Standoff, hull, parse

__all__ = ["annotators", "read", "read_annotators"]

_FOLDERS = (("attributions", "text"), ("annotations", "text"), (".", "."))


def read(
    path: str | Path, *, annotator: str | None = None, report: Counter[str] | None = None
) -> Iterator[Record]:
    """Stream one record per article, sorted by name.

    Where several people labelled an article the alphabetically first of them is taken, or
    `annotator` (articles which that one did not label are left out): a random choice, as in the
    corpus' own reader, would change scores from run to run.

    Raises `InputError` for an `.ann` whose text is missing, and when there is none at all.
    """
    report = Counter() if report is None else report
    for doc, by in annotators(path).items():
        name = min(by) if annotator is None else annotator
        if name in by:
            yield _record(doc, by[name], report)


def read_annotators(
    path: str | Path, *, report: Counter[str] | None = None
) -> Iterator[tuple[str, Record]]:
    """Stream `(annotator, record)` for every annotator of every article."""
    report = Counter() if report is None else report
    for doc, by in annotators(path).items():
        for name in sorted(by):
            yield name, _record(doc, by[name], report)


def annotators(path: str | Path) -> dict[Path, dict[str, Path]]:
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
    found: dict[Path, dict[str, Path]] = {}
    for file in sorted(layers.glob("*.ann")):
        doc, _, name = file.stem.rpartition("_")
        source = texts / f"{doc}.txt"
        if not doc or not source.is_file():
            raise InputError(
                f"has no text: expected {source}", path=file, hint="names are <doc>_<annotator>.ann"
            )
        found.setdefault(source, {})[name] = file
    return dict(sorted(found.items()))


def _record(source: Path, ann: Path, report: Counter[str]) -> Record:
    text = read_text(source)
    found = parse(ann, text, trust_offsets=True)
    ignore = tuple(
        part
        for bound in found.spans.values()
        if bound.label == "Discard"
        for part in bound.fragments
    )
    doubts = sum(bound.label == "Discuss" for bound in found.spans.values())
    if doubts:
        report["Discuss regions (an annotator's doubt): left out"] += doubts
    return Record(source.stem, text, Annotations(None, tuple(_attributions(found, report))), ignore)


def _attributions(found: Standoff, report: Counter[str]) -> Iterator[Attribution]:
    for event in found.events.values():
        roles = roles_of(found, event)
        content = tuple(sorted(roles["Content"]))
        if not content:
            report["events without content: dropped"] += 1
            continue
        for role in ("Source", "Cue"):
            if len(roles[role]) > 1:
                report[f"discontinuous {role.lower()}s: first to last character"] += 1
        source, cue = (hull(roles[role]) if roles[role] else None for role in ("Source", "Cue"))
        yield Attribution(content, source, cue)
