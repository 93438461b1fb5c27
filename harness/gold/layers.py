"""Layers that lie beside the texts that they annotate: one annotator's, or the gold's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.annotation import Annotations, Span
from harness.errors import InputError, near_name
from harness.formats import brat
from harness.formats.files import files_in
from harness.formats.losses import Losses
from harness.formats.opening import open_source
from harness.formats.source import Source
from harness.tasks.registry import task_named

__all__ = ["LabelledDocuments", "load_layer", "task_layers"]

LabelledDocuments = dict[str, tuple[Annotations, tuple[Span, ...]]]
"""Document id -> annotations and ignore regions."""


def load_layer(
    path: str | Path,
    texts: Mapping[str, str],
    *,
    layers: Iterable[str] = brat.LAYERS,
    losses: Losses | None = None,
) -> LabelledDocuments:
    """One annotator's folder of `.ann` files (or one file of records) over known texts.

    Documents without a file are left out. Raises `InputError` for a file whose document is not
    among `texts`, and all that reading raises.
    """
    path = Path(path)
    if path.is_dir():
        files = files_in(path, ".ann")
        if not files:
            raise InputError("holds no .ann file", path=path)
        _check_known(files, texts, path)
        return {
            id_: brat.read_ann(file, texts[id_], layers=layers, losses=losses)
            for id_, file in files.items()
        }
    records = open_source(Source(str(path))).records(losses)
    layer = {record.id: (record.annotations, record.ignore) for record in records}
    _check_known(layer, texts, path)
    return layer


def task_layers(names: Iterable[str]) -> tuple[str, ...]:
    """The layers of tasks."""
    return tuple(task_named(name).layer for name in names)


def _check_known(ids: Iterable[str], texts: Mapping[str, str], path: Path) -> None:
    for id_ in ids:
        if id_ not in texts:
            near = near_name(id_, texts)
            hint = f"did you mean {near}?" if near else "remove it or add its text"
            raise InputError(f"annotates {id_!r}, which is no document here", path=path, hint=hint)
