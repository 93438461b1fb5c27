"""Options of readers and writers that several formats have: each is declared here, once.

A format's own option is declared where its reader is. A parameter of `read` or `write` that is
annotated with one of these is an option of that format, in every verb and in the API.
"""

from __future__ import annotations

from typing import Annotated

from harness.formats.files import ENCODINGS
from harness.formats.offsets import OffsetUnit
from harness.formats.tags import SCHEMES, Repair
from harness.formats.tokens import Tokens
from harness.options import Flag

__all__ = [
    "AnnotatorOption",
    "CommentsOption",
    "EncodingOption",
    "OffsetsOption",
    "RepairOption",
    "SchemeOption",
    "SplitOption",
    "TagColumnOption",
    "TokenColumnOption",
    "TokensOption",
    "UnpackedOption",
]

SchemeOption = Annotated[
    str | None, Flag("tag scheme; told from the whole file where it is read", choices=SCHEMES)
]
RepairOption = Annotated[Repair, Flag("what becomes of faulty tag sequences")]
TagColumnOption = Annotated[
    str | None,
    Flag(
        "column of the tags: its number from 0, or from the end with -1, or its name; "
        "several with a comma",
        metavar="COLUMN",
    ),
]
TokenColumnOption = Annotated[
    str | None, Flag("column of the tokens: its number from 0, or its name", metavar="COLUMN")
]
CommentsOption = Annotated[
    str | None, Flag("whether lines with # before a sentence are comments", choices=("yes", "no"))
]
EncodingOption = Annotated[
    str | None, Flag("encoding of the file; utf-8 where none is said", choices=tuple(ENCODINGS))
]
OffsetsOption = Annotated[
    OffsetUnit | None, Flag("unit of the tool's offsets", choices=("codepoint", "utf16", "byte"))
]
AnnotatorOption = Annotated[str | None, Flag("read the labels of this annotator", metavar="NAME")]
SplitOption = Annotated[str | None, Flag("read this split", metavar="NAME")]
TokensOption = Annotated[Tokens, Flag("tokens of a text that has none of its own")]
UnpackedOption = Annotated[
    int, Flag("MiB that a file may unpack to", metavar="MIB", least=1, most=1_000_000)
]
