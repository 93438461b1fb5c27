"""The files that one cell writes into the folder of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.digest import digest_file
from harness.formats.files import atomic_writer, write_text
from harness.results.record import stands_in_record
from harness.results.stored import file_name, slug
from harness.results.unit_files import UnitFile, write_units

__all__ = ["CellFiles"]


@dataclass(frozen=True, slots=True)
class CellFiles:
    """Files of predictions and units, and a log; none at all without a folder."""

    out: Path | None
    gold: str
    task: str
    backend: str

    def name(self, kind: str) -> str | None:
        """The name of a file as a record has it, relative to the folder."""
        named = (self.gold, self.task, self.backend)
        return None if self.out is None else file_name(kind, *named)

    def path(self, kind: str) -> Path | None:
        name = self.name(kind)
        return None if self.out is None or name is None else self.out / name

    def digest(self, kind: str) -> str:
        """sha256 of a file that was written; empty without a folder."""
        path = self.path(kind)
        return "" if path is None else digest_file(path)

    @contextmanager
    def open(self, kind: str) -> Iterator[IO[str] | None]:
        """Write a file, which is there only once it is whole; `None` without a folder."""
        path = self.path(kind)
        if path is None:
            yield None
        else:
            with atomic_writer(path) as handle:
                yield handle

    def units(
        self, documents: int, *, beside: bool = False
    ) -> AbstractContextManager[UnitFile | None]:
        """Write the units of a gold set of so many documents; `None` where they stand in the
        record itself: of few, unless they are to lie `beside` it in any case."""
        name = self.name("units")
        if self.out is None or name is None or not (beside or not stands_in_record(documents)):
            return nullcontext()
        return write_units(self.out, name, documents)

    def write_log(self, text: str) -> None:
        """Keep what a worker that broke down had to say, beside the results."""
        if self.out is not None and text.strip():
            name = f"{slug(self.gold)}-{self.task}-{slug(self.backend)}.log"
            write_text(self.out / "logs" / name, text)
