"""What a record says of a gold set, and where it lay."""

from __future__ import annotations

import os
from pathlib import Path

from harness.formats.source import is_remote
from harness.gold.goldset import GoldSet
from harness.gold.loading import named_goldset
from harness.gold.perturbing import original_name
from harness.results.record import GoldRecord

__all__ = ["gold_record"]


def gold_record(
    goldset: GoldSet, folder: Path | None = None, *, schema: str | None = None
) -> GoldRecord:
    """The gold set as it is now; `folder` is the record's, `schema` the one that was asked for."""
    own = goldset.schema
    return GoldRecord(
        name=goldset.name,
        version=goldset.version,
        digest=goldset.digest,
        schema="" if own is None else str(own),
        tasks=goldset.tasks,
        documents=goldset.documents,
        characters=goldset.characters,
        words=goldset.words,
        path=_place(goldset, folder),
        assumed=() if schema is not None else tuple(goldset.assumed),
        options={} if goldset.said is None else dict(goldset.said.options),
        losses=goldset.losses,
        read_as=goldset.read_as,
        agreement=dict(goldset.card.get("agreement", {})),
    )


def _place(goldset: GoldSet, folder: Path | None) -> str:
    """Relative to the record, so that both can be moved together; empty where the name finds it."""
    if folder is None or is_remote(goldset.place):
        return goldset.place
    place = goldset.path.resolve()
    options = {} if goldset.said is None else goldset.said.options
    known = named_goldset(original_name(goldset.name, options))
    if known is not None and known.resolve() == place and not place.is_relative_to(Path.cwd()):
        return ""  # It came with the harness.
    return Path(os.path.relpath(place, folder.resolve())).as_posix()
