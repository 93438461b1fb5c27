"""XML files read element by element: nothing is fetched, and nothing expands.

A file may begin with a declaration, comments and, where its format is known to have it, a plain
`<!DOCTYPE name SYSTEM "Known.dtd">`, which is not looked for. Entities of its own and any other
document type are refused before anything is parsed. Needs lxml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from harness.coding import short
from harness.errors import InputError, LibraryMissing
from harness.formats.files import opened

__all__ = ["check_prolog", "element_text", "elements"]

_PROLOG = 1 << 16
_BEFORE = re.compile(rb"\s*(<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']""")
_ONE_BYTE = re.compile(r"utf-?8|us-ascii|ascii|iso-?8859-\d+|latin-?\d+|windows-125\d|cp125\d")
"""Encodings in which the characters of XML are bytes of ASCII: nothing hides in them."""
_DOCTYPE = re.compile(rb"""<!DOCTYPE\s+[\w:.-]+(?:\s+SYSTEM\s+("[^"<>\[]*"|'[^'<>\[]*'))?\s*>""")
_DECLARES = re.compile(rb"\s*(?=<!(?!--))")
_ELEMENT = re.compile(rb"\s*<[A-Za-z_\x80-\xff]")


def check_prolog(data: bytes, path: Path, doctypes: Collection[str] = ()) -> None:
    """Refuse what could make a parser fetch or expand anything; `data` is the file's beginning.

    `doctypes` are the names of external document types that may be named; they are not fetched.
    Raises `InputError` for any other document type, for an encoding that is not built on ASCII, for
    more than 64 KiB before the first element, and for what is no XML.
    """
    data = data[:_PROLOG].removeprefix(b"\xef\xbb\xbf")
    declared = _ENCODING.match(data)
    encoding = declared[1].decode("ascii", "replace") if declared else "utf-8"
    if b"\0" in data[:4] or not _ONE_BYTE.fullmatch(encoding.lower()):
        shown = short(encoding) if declared else "UTF-16 or UTF-32"
        raise InputError(f"is XML in {shown}", path=path, line=1, hint="save it as UTF-8")
    at = _skip(data, 0)
    if (begins := _DECLARES.match(data, at)) is not None:
        found = _DOCTYPE.match(data, begins.end())
        named = b"" if found is None or found[1] is None else found[1][1:-1]
        if found is None or named.decode("utf-8", "replace") not in ("", *doctypes):
            shown = data[begins.end() : begins.end() + 60].decode("utf-8", "replace")
            raise InputError(
                f"has a document type of its own: {short(shown)}",
                path=path,
                line=data[: begins.end()].count(b"\n") + 1,
                hint="entities and foreign document types are not read: remove the <!DOCTYPE ...>",
            )
        at = _skip(data, found.end())
    if not _ELEMENT.match(data, at):
        shown = data[at:].lstrip()[:40].decode("utf-8", "replace")
        raise InputError(
            f"found {short(shown)}, expected the first element of an XML file",
            path=path,
            line=data[:at].count(b"\n") + 1,
        )


def _skip(data: bytes, at: int) -> int:
    while found := _BEFORE.match(data, at):
        at = found.end()
    return at


def elements(
    path: str | Path,
    *tags: str,
    data: bytes | None = None,
    doctypes: Collection[str] = (),
    extra: str = "formats",
) -> Iterator[Any]:
    """Stream the elements of these names, whole, in their order; each is gone after its turn.

    Without `data` it is read from the file; without names all elements are streamed. `extra` of
    this project installs lxml. Raises what `check_prolog` raises, `InputError` with the line for
    broken XML, and `LibraryMissing` without lxml.
    """
    try:
        from lxml import etree
    except ImportError:
        raise LibraryMissing("an XML file needs lxml", extra=extra) from None
    path = Path(path)
    with opened(path, "an XML file") if data is None else BytesIO(data) as handle:
        check_prolog(handle.read(_PROLOG), path, doctypes)
        handle.seek(0)
        stream = etree.iterparse(
            handle,
            events=("end",),
            tag=tags or None,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            remove_comments=True,
            remove_pis=True,
            huge_tree=False,
        )
        try:
            for _, element in stream:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            last = stream.error_log.last_error
            reason, line = (error.msg, error.lineno) if last is None else (last.message, last.line)
            raise InputError(
                f"is no well-formed XML: {str(reason).strip()}", path=path, line=line or None
            ) from None


def element_text(element: Any, path: Path) -> str:
    """The text of an element that holds nothing else.

    Raises `InputError` for elements and entities inside it: text would be lost.
    """
    for child in element:
        what = f"<{child.tag}>" if isinstance(child.tag, str) else f"the entity {child.text}"
        raise InputError(
            f"holds {what} inside <{element.tag}>, expected text",
            path=path,
            line=element.sourceline,
        )
    return element.text or ""
