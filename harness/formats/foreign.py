"""Formats that are not read, by what gives them away, and what turns them into one that is.

For the error of a file or folder that no format claims. Nothing here is ever read as annotations.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Foreign", "count_unread", "endings_below", "foreign_data", "foreign_json"]

_MOST_FILES = 100_000


class Foreign(NamedTuple):
    """A format that is not read."""

    name: str
    remedy: str


_OWN = "turn it into JSON lines or brat (harness formats shows how they look)"
_IMAGES = Foreign("a file of annotated images", "only annotated texts are read")
_PACKED = "unpack it, and name a file or folder of what it holds"
_OFFICE = "save its text as plain text; annotations in it are not read"

_BINARY = {
    b"7z\xbc\xaf\x27\x1c": Foreign("a 7z archive", _PACKED),
    b"Rar!": Foreign("a RAR archive", _PACKED),
    b"PK\x03\x04": Foreign("a zip archive or an office document", _PACKED),
    b"PK\x05\x06": Foreign("an empty zip archive", _PACKED),
    b"%PDF": Foreign("a PDF", _OFFICE),
    b"\xd0\xcf\x11\xe0": Foreign("an old office document", _OFFICE),
    b"SQLite format 3\0": Foreign("an SQLite database", _OWN),
    b"\x80\x02": Foreign("a Python pickle", "it is never opened, for it may run code: " + _OWN),
    b"\x80\x03": Foreign("a Python pickle", "it is never opened, for it may run code: " + _OWN),
    b"\x80\x04": Foreign("a Python pickle", "it is never opened, for it may run code: " + _OWN),
    b"\x80\x05": Foreign("a Python pickle", "it is never opened, for it may run code: " + _OWN),
}

_TEXT = {
    rb"<GateDocument\b": Foreign("GATE XML", "the Python package gatenlp loads it: " + _OWN),
    rb"<(TEI|teiCorpus|TEI\.2)\b": Foreign("TEI XML", _OWN),
    rb"<annotations\s[^>]*textSource=|<knowtator-project\b": Foreign("Knowtator XML", _OWN),
    rb"<(source_file|document)\b[^>]*\bDOCID=|<source_file\b": Foreign("ACE XML (.apf.xml)", _OWN),
    rb"<(ENAMEX|NUMEX)\b": Foreign("text with <ENAMEX> tags (MUC, SGML)", _OWN),
    rb"<(TimeML|TIMEX3)\b": Foreign("TimeML", _OWN),
    rb"<deIdi2b2>|<!\[CDATA\[[\s\S]{0,4000}<TAGS>": Foreign("XML of i2b2 or MAE", _OWN),
    rb"<cons\s[^>]*\bsem=": Foreign("GENIA's XML", _OWN),
    rb"<documentCollection\b[^>]*alvis": Foreign("Alvis XML", _OWN),
    rb"<FoLiA\b": Foreign(
        "FoLiA XML", "folia2columns of FoLiA-tools writes columns, which are read"
    ),
    rb"<(NAF|KAF)\b": Foreign("NAF or KAF", _OWN),
    rb"<(alto|PcGts)\b": Foreign("ALTO or PAGE, layouts of scanned pages", _OWN),
    rb"<root>\s*<document>[\s\S]{0,4000}<sentences>": Foreign("Stanford CoreNLP's XML", _OWN),
    rb"<annotations>[\s\S]{0,4000}<(image|track)\b": _IMAGES,
    rb"nif-core#": Foreign("NIF (RDF)", "the Python package pynif loads it: " + _OWN),
    rb"^@prefix\s|<rdf:RDF\b": Foreign("RDF", _OWN),
    rb"^\s*\(\s*(ROOT|TOP|S1)?\s*\((S|NP|VP|FRAG|SINV|SQ|SBARQ|X|INTJ)\b": Foreign(
        "Penn Treebank trees", "they have no named entities"
    ),
    rb"^(\d+\t[^\t\n]+(\t[^\t\n]+){10}\t[Y_]\b)": Foreign(
        "CoNLL-2009 (semantic roles)", "it has no named entities"
    ),
    rb"^T\d+\t\S+ \d+ \d+": Foreign(
        "standoff of brat", "name it <id>.ann and put its text, <id>.txt, beside it"
    ),
    rb"^(MENTION\tT\d+(\t\d+){4}\t|COREF\tT\d+\t)": Foreign(
        "LitBank's coreference", "its mentions come as tags too (entities/tsv), which are read"
    ),
    rb"^\s*<(!DOCTYPE html|html)\b": Foreign("a web page", "annotations in HTML are not read"),
    rb"^\s*<\?xml": Foreign("XML of a format that is not known", _OWN),
}
_PATTERNS = [
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), foreign)
    for pattern, foreign in _TEXT.items()
]


def foreign_data(data: bytes) -> Foreign | None:
    """What a file is that begins with these bytes; `None` where nobody knows."""
    for magic, foreign in _BINARY.items():
        if data.startswith(magic):
            return foreign
    return next((foreign for pattern, foreign in _PATTERNS if pattern.search(data)), None)


_CLASSES = Foreign("classification data (a label for each text)", "only labelled spans are read")
_KEYS: dict[tuple[str, ...], Foreign] = {
    ("sentences", "docDate"): Foreign("Stanford CoreNLP's JSON", _OWN),
    ("images", "annotations"): _IMAGES,
    ("shapes", "imagePath"): _IMAGES,
    ("denotations",): Foreign("PubAnnotation's JSON", _OWN),
    ("source-ref",): _IMAGES,
    ("text_snippet",): Foreign("JSON of Google's AutoML", _OWN),
    ("textSegmentAnnotations",): Foreign("JSON of Google's Vertex AI", _OWN),
    ("Entities", "File"): Foreign("JSON of Amazon Comprehend", _OWN),
    ("annotation", "content"): Foreign("Dataturks' JSON", _OWN),
    ("offset_sets",): Foreign("GATE's bdoc JSON", "the Python package gatenlp loads it: " + _OWN),
    ("annotation_sets",): Foreign(
        "GATE's bdoc JSON", "the Python package gatenlp loads it: " + _OWN
    ),
    ("question", "answers"): Foreign(
        "a file of questions with answers", "only labelled spans are read"
    ),
    ("data", "version"): Foreign("SQuAD's JSON", "only labelled spans are read"),
    ("@context",): Foreign("JSON-LD", _OWN),
}


def foreign_json(value: Any) -> Foreign | None:
    """What a file of JSON is that holds this value; `None` where nobody knows."""
    if not isinstance(value, Mapping):
        return None
    for keys, foreign in _KEYS.items():
        if all(key in value for key in keys):
            return foreign
    label = value.get("label")
    return _CLASSES if isinstance(value.get("text"), str) and type(label) in (str, int) else None


def endings_below(folder: Path) -> Counter[str]:
    """How many files there are of each ending, hidden ones and those in hidden folders apart."""
    return Counter(Path(name).suffix for name in islice(_unhidden(folder), _MOST_FILES))


def count_unread(folder: Path, read: Collection[str], losses: Counter[str]) -> None:
    """Count the files below a folder whose endings are none of those that its format reads."""
    for ending, count in endings_below(folder).items():
        if ending not in read:
            what = f"that end in {ending}" if ending else "without an ending"
            losses[f"files {what}: not looked into"] += count


def _unhidden(folder: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise error

    for _, below, names in os.walk(folder, onerror=refuse):
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (name for name in names if not name.startswith("."))
