"""What a cell of a shard keeps besides its result, so that the whole can be put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import IO

from harness.results.provenance import machine, now
from harness.results.record import Costs, ShardCosts, ShardResult
from harness.results.signature import Signature
from harness.results.sums import Sums
from harness.run.files import CellFiles
from harness.run.measurement import Measurement
from harness.run.proof import program_digest
from harness.shards import Shard

__all__ = ["Cut"]


class Cut:
    """Told of every document of a shard by its place, and in the end of their count."""

    def __init__(self, shard: Shard, files: CellFiles, measured: Measurement) -> None:
        self._shard = shard
        self._files = files
        self._measured = measured
        self._failed_at: list[int] = []
        self._drops_at: list[int] = []
        self._started, self._began, self._seconds = "", 0.0, 0.0
        self.result = ShardResult(files.gold, files.task, files.backend)

    def begin(self) -> None:
        """From here on it takes time."""
        self._started, self._began = now(), monotonic()

    def note_program(self, command: str) -> None:
        """What answers is a foreign program."""
        self.result = replace(self.result, program=program_digest(command))

    @contextmanager
    def places(self) -> Iterator[IO[str] | None]:
        """The file of places, which is there only once it is whole."""
        with self._files.open("places") as file:
            yield file

    def add(self, place: int, file: IO[str] | None) -> None:
        """A document at this place has been measured."""
        if file is not None:
            file.write(f"{place}\n")
        measured = self._measured
        self._failed_at += [place] * (len(measured.failures) - len(self._failed_at))
        self._drops_at += [place] * (len(measured.drops) - len(self._drops_at))

    def conclude(
        self, counted: tuple[Sums, Signature] | None, units: Mapping[str, str], *, settled: bool
    ) -> None:
        """All documents were measured, and all files are written; `units` are the fields of a
        result that name the file of units. Those that are not `counted` could not be under the
        labels of this shard alone."""
        sums, signature = counted or (None, "")
        files = self._files
        self._seconds = monotonic() - self._began
        self.result = replace(
            self.result,
            documents=self._measured.documents,
            settled=settled,
            sums=None if sums is None else sums.to_json(),
            signature=str(signature),
            places=files.name("places") or "",
            places_digest=files.digest("places"),
            predictions=files.name("predictions") or "",
            predictions_digest=files.digest("predictions"),
            units=units.get("units_file", ""),
            units_digest=units.get("units_digest", ""),
            failed_at=tuple(self._failed_at),
            drops_at=tuple(self._drops_at),
        )

    def timed(self, costs: Costs) -> Costs:
        """The costs with those of this shard, and without what is said of single documents: nobody
        knows what else the machine did."""
        answered = self._measured.documents - self._measured.failed
        own = ShardCosts(
            shard=self._shard,
            machine=machine(),
            documents=answered,
            started=self._started,
            seconds=round(self._seconds, 3),
            predict_seconds=costs.predict_seconds,
            documents_per_second=costs.documents_per_second,
        )
        return replace(costs, median_seconds=None, p95_seconds=None, shards=(own,))
