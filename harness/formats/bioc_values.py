"""The documents of BioC files as plain values, from XML and JSON alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.coding import short, whole_number
from harness.formats.files import opened
from harness.formats.items import Where
from harness.formats.jsonstream import objects
from harness.formats.xmlstream import element_text, elements

__all__ = ["PLACE", "bioc_documents"]

PLACE: Any = object()
"""The key under which a value of an XML file holds its line; JSON has no such key."""

_DOCTYPES = ("BioC.dtd",)
_LISTS = ("documents", "PubTator3")
_INSIDE = {
    "document": ("id", "infon", "passage", "annotation", "relation"),
    "passage": ("infon", "offset", "text", "sentence", "annotation", "relation"),
    "sentence": ("infon", "offset", "text", "annotation", "relation"),
    "annotation": ("infon", "location", "text"),
}


def bioc_documents(path: Path) -> Iterator[tuple[int | None, Any]]:
    """Stream `(line, document)`; a document is what JSON says of it, whatever its type.

    Raises `InputError` for what is no BioC file; what `xmlstream.elements` and `jsonstream.objects`
    raise.
    """
    with opened(path, "a BioC file") as handle:
        first = handle.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first not in (b"{", b"["):
        for element in elements(path, "document", doctypes=_DOCTYPES, extra="bioc"):
            yield element.sourceline, _of_xml(element, path)
        return
    for line, value in objects(path):
        lists = [value[key] for key in _LISTS if key in value]
        if "passages" in value:
            yield line, value
        elif lists and isinstance(lists[0], list):
            yield from ((line, document) for document in lists[0])
        elif value.get("bioctype") != "BioCCollection":
            keys = ", ".join(map(repr, list(value)[:8]))
            raise Where(path, line).error(
                f'found an object with {short(keys) if keys else "no key"}, expected "documents" '
                'or "passages", lists'
            )


def _of_xml(element: Any, path: Path) -> dict[Any, Any]:
    """What JSON would say of an element."""
    out: dict[Any, Any] = {"infons": {}, PLACE: element.sourceline}
    for child in element:
        tag = child.tag
        if tag not in _INSIDE[element.tag]:
            what = f"<{tag}>" if isinstance(tag, str) else f"the entity {child.text}"
            raise Where(path, child.sourceline).error(
                f"found {what} inside <{element.tag}>, expected one of "
                f"{', '.join(_INSIDE[element.tag])}"
            )
        if tag == "infon":
            out["infons"][child.get("key", "")] = element_text(child, path)
        elif tag == "location":
            place = {key: _number(child.get(key)) for key in ("offset", "length")}
            out.setdefault("locations", []).append(place)
        elif tag == "relation":
            out.setdefault("relations", []).append({})
        elif tag in _INSIDE:
            out.setdefault(f"{tag}s", []).append(_of_xml(child, path))
        else:
            text = element_text(child, path)
            out[tag] = _number(text.strip()) if tag == "offset" else text
    return out


def _number(text: str | None) -> object:
    try:
        return text if text is None else whole_number(text)
    except ValueError:
        return text
