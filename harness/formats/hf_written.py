"""Writing a Hugging Face data set, memory flat: rows wait on the disk until all tags are known."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.annotation import Record
from harness.coding import load_json
from harness.formats.files import new_file, new_folder
from harness.formats.jsonstream import json_lines, write_lines
from harness.formats.losses import writable
from harness.formats.tags import written_tags
from harness.formats.tokens import Tokens, sentences

__all__ = ["write_data_set"]

_BATCH = 1000


def write_data_set(
    datasets: Any,
    path: str | Path,
    records: Iterable[Record],
    scheme: str,
    tokens: Tokens,
    losses: Counter[str],
) -> int:
    """Write records with the library `datasets`; returns how many. See `harness.formats.hf`."""
    with TemporaryDirectory(prefix="harness-") as folder:
        spool = Path(folder) / "rows.jsonl"
        count, names = _spooled(spool, records, scheme, tokens, losses, path)
        features = datasets.Features(
            {
                "id": datasets.Value("string"),
                "sentence": datasets.Value("int32"),
                "tokens": datasets.Sequence(datasets.Value("string")),
                "ner_tags": datasets.Sequence(datasets.ClassLabel(names=names)),
            }
        )
        arrow = Path(folder) / "rows.arrow"
        with importlib.import_module("datasets.arrow_writer").ArrowWriter(
            features=features, path=str(arrow), writer_batch_size=_BATCH
        ) as writer:
            for _, line in json_lines(spool):
                writer.write(load_json(line))
            writer.finalize()
        data = datasets.Dataset.from_file(str(arrow))
        if Path(path).suffix == ".parquet":
            with new_file(path) as draft:
                data.to_parquet(str(draft))
        else:
            with new_folder(path) as target:
                data.save_to_disk(str(target))
    return count


def _spooled(
    spool: Path,
    records: Iterable[Record],
    scheme: str,
    tokens: Tokens,
    losses: Counter[str],
    path: str | Path,
) -> tuple[int, list[str]]:
    """Rows on the disk, how many documents they are, and every tag: the head of a data set names
    them all."""
    names: set[str] = set()
    count = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal count
        for count, (record, _) in enumerate(writable(records, path), 1):  # noqa: B007
            empty: tuple[list[str], list[tuple[int, int, str]]] = ([], [])
            lines = iter(sentences(record, tokens, losses))
            for number, (words, chunks) in enumerate(chain([next(lines, empty)], lines)):
                tags = written_tags(chunks, len(words), scheme, losses)
                names.update(tags)
                row = {"id": record.id, "sentence": number, "tokens": words, "ner_tags": tags}
                yield row

    write_lines(spool, rows())
    return count, ["O", *sorted(names - {"O"})]
