"""What stands in the rows of a predictions store."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from harness.run.answers import Bytes, Seconds

__all__ = ["KeyRow", "PredictionRow", "ProcessCosts", "Timing", "row_checksum"]


class Timing(NamedTuple):
    """Seconds that one round took for a document, and the process that they were measured in."""

    seconds: Seconds
    process: int


class ProcessCosts(NamedTuple):
    """What a worker process cost besides its predictions."""

    machine: str
    load_seconds: Seconds | None
    warmup_seconds: Seconds | None
    peak_memory_bytes: Bytes | None

    def with_peak(self, peak_memory_bytes: int | None) -> ProcessCosts:
        """The same with this peak memory, where it is the larger one."""
        peaks = [one for one in (self.peak_memory_bytes, peak_memory_bytes) if one is not None]
        return self._replace(peak_memory_bytes=max(peaks, default=None))


class KeyRow(NamedTuple):
    """A key; `id` is its number in this store, `fields` the text that `digest` is of."""

    id: int
    digest: str
    name: str
    fields: str
    hello: str
    created: str
    used: str


class PredictionRow(NamedTuple):
    """A prediction under a key."""

    document: bytes
    answer: str
    timings: str
    """JSON: whether it was unstable, and a `Timing` for each round."""
    checksum: bytes


def row_checksum(digest: str, document: bytes, answer: str, timings: str) -> bytes:
    """What a prediction's row carries: of its key's digest and of all that stands in it.

    Raises `ValueError`, `TypeError` or `AttributeError` for what no row of ours has.
    """
    parts = (digest.encode("ascii"), document, answer.encode("ascii"), timings.encode("ascii"))
    sized = b"".join([len(part).to_bytes(8, "big") + part for part in parts])
    return hashlib.blake2b(sized, digest_size=16).digest()
