"""Tables with a span a row, as documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Entity, Record
from harness.coding import real_number, whole_number
from harness.errors import InputError
from harness.formats.csvrows import Sheet, cells_of
from harness.formats.hints import SAME_TEXT
from harness.formats.items import Decoder, Where
from harness.formats.losses import Losses
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.units import same_words

__all__ = ["span_documents"]

_NOTHING = ("", "-")
_SPAN = ("start", "end", "label")
_SOME = 200


def span_documents(
    path: Path, sheet: Sheet, encoding: str, unit: OffsetUnit, losses: Losses
) -> Iterator[Record]:
    """Stream the documents of a table with a span a row; see `harness.formats.csvtable`."""
    return _Spans(path, sheet, encoding, unit, losses).documents()


@dataclass
class _Document:
    name: str
    text: str | None
    offsets: Offsets | None
    entities: list[Entity] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Spans:
    path: Path
    sheet: Sheet
    encoding: str
    unit: OffsetUnit
    losses: Losses

    def documents(self) -> Iterator[Record]:
        """Raises `InputError` with the line, or leaves single spans out, as `losses` says."""
        columns, seen = dict(self.sheet.columns), set[str]()
        if "text" in columns and "surface" not in columns and self._is_surface(columns):
            columns["surface"] = columns.pop("text")
        now: _Document | None = None
        for line, row in cells_of(self.path, self.sheet, self.encoding):
            if not row:
                continue
            name, text = self._cell(row, columns, "document"), self._cell(row, columns, "text")
            alone = "document" not in columns
            if now is None or (name and name != now.name) or (alone and text not in ("", now.text)):
                if now is not None:
                    yield _record(now, len(seen), "document" in columns)
                now = self._begun(name, text, row, line, columns, seen)
            elif text and text != now.text:
                raise InputError(
                    f"the text of document {now.name!r} is not that of the rows before",
                    path=self.path,
                    line=line,
                    hint=SAME_TEXT,
                )
            entity = self._entity(row, columns, now, Where(self.path, line))
            if entity is not None:
                now.entities.append(entity)
        if now is None:
            raise InputError("the file holds no row", path=self.path)
        yield _record(now, len(seen), "document" in columns)

    def _is_surface(self, columns: dict[str, int]) -> bool:
        """Whether the column of texts holds what the spans are, and not what they are in."""
        lengths = []
        for (_, row), _ in zip(
            cells_of(self.path, self.sheet, self.encoding), range(_SOME), strict=False
        ):
            try:
                start, end = (whole_number(row[columns[key]]) for key in ("start", "end"))
            except (ValueError, IndexError):
                continue
            lengths.append((start, end - start == len(row[columns["text"]])))
        return all(same for _, same in lengths) and any(start for start, _ in lengths)

    def _cell(self, row: list[str], columns: dict[str, int], role: str) -> str:
        return row[columns[role]] if role in columns else ""

    def _begun(
        self,
        name: str,
        text: str,
        row: list[str],
        line: int,
        columns: dict[str, int],
        seen: set[str],
    ) -> _Document:
        if "document" in columns and not name:
            raise InputError("a row without a document", path=self.path, line=line)
        if name in seen:
            raise InputError(
                f"the rows of document {name!r} are not together",
                path=self.path,
                line=line,
                hint="sort the table by document",
            )
        name = name or f"{self.path.stem}-{len(seen) + 1:05}"
        seen.add(name)
        # A text that is empty is none, unless nothing is said of it.
        known = text if text or ("text" in columns and not self._has_span(row, columns)) else None
        return _Document(name, known, None if known is None else Offsets(known, self.unit))

    def _has_span(self, row: list[str], columns: dict[str, int]) -> bool:
        """Whether a row is about more than its document, which may have no entities."""
        return not all(row[columns[key]] in _NOTHING for key in _SPAN)

    def _entity(
        self, row: list[str], columns: dict[str, int], document: _Document, where: Where
    ) -> Entity | None:
        if not self._has_span(row, columns):
            return None
        start, end, label = (row[columns[key]] for key in _SPAN)
        item: dict[str, Any] = {"start": _number(start), "end": _number(end), "label": label}
        if (surface := self._cell(row, columns, "surface")) and surface not in _NOTHING:
            item["text"] = surface
        if score := self._cell(row, columns, "score"):
            try:
                item["score"] = real_number(score)
            except ValueError:
                item["score"] = score
        decoder = Decoder(
            document.text, where.sink(self.losses), offsets=document.offsets, same=same_words
        )
        return decoder.entity(item, "the span")


def _number(cell: str) -> Any:
    try:
        return whole_number(cell)
    except ValueError:
        return cell


def _record(document: _Document, number: int, named: bool) -> Record:
    return Record(
        document.name,
        document.text,
        Annotations(tuple(document.entities)),
        number=None if named else number,
    )
