"""Which files a data set in a folder is made of, and how much they unpack to.

The library goes wherever a folder tells it to: its README and its list of files may name addresses
on the network, and paths elsewhere. Here the files of a folder are those that lie in it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.coding import parse_json, short
from harness.errors import InputError
from harness.formats.files import read_text, too_large
from harness.formats.packed import MOST_UNPACKED

__all__ = ["SAVED", "check_saved", "check_unpacked", "split_files"]

SAVED = ("state.json", "dataset_dict.json")
"""What `save_to_disk` leaves in a folder, of one split or of several."""
_KINDS = {".parquet": "parquet", ".arrow": "arrow", ".jsonl": "json", ".json": "json"}
_SPLITS = (
    ("train", ("train", "training")),
    ("validation", ("validation", "valid", "val", "dev")),
    ("test", ("test", "testing", "eval", "evaluation")),
)
_ARROW_FILE = b"ARROW1"
_SHARD = re.compile(r"(\w+(?:\.\w+)*)-[0-9]{5}-of-[0-9]{5}")


def split_files(folder: Path) -> tuple[str, dict[str, list[Path]]]:
    """What kind of files a folder holds, at most one folder deep, and those of each split.

    A split is what stands before the number of a shard (`dev_b-00000-of-00001.parquet`), else it
    is known by a word in the name of the file or its folder (`dev.parquet`, `train/0.parquet`);
    files without any are `train`. Raises `InputError` where there is no file, and where those of
    a split lie in several folders: which of them belong together is anybody's guess.
    """
    suffix = next((suffix for suffix in _KINDS if any(_within(folder, suffix))), None)
    if suffix is None:
        expected = ", ".join(_KINDS)
        raise InputError(f"cannot be read as a data set: no file {expected} in it", path=folder)
    splits: dict[str, list[Path]] = {}
    for path in sorted(_within(folder, suffix)):
        splits.setdefault(_split(path), []).append(folder / path)
    for split, paths in splits.items():
        parents = sorted({path.parent.name for path in paths})
        if len(parents) > 1:
            raise InputError(
                f"has files of {split} in several folders: {short(', '.join(parents))}",
                path=folder,
                hint="name one of these folders",
            )
    return _KINDS[suffix], splits


def _within(folder: Path, suffix: str) -> Iterator[Path]:
    for pattern in (f"*{suffix}", f"*/*{suffix}"):
        for path in folder.glob(pattern):
            place = path.relative_to(folder)
            if not any(part.startswith(".") for part in place.parts):
                yield place


def _split(path: Path) -> str:
    shard = _SHARD.match(path.name)
    if shard:
        return shard[1]
    words = {word for part in path.parts for word in re.split("[^a-z]+", part.lower())}
    return next((split for split, names in _SPLITS if words & {*names}), "train")


def check_saved(folder: Path, most: int = MOST_UNPACKED) -> None:
    """Look at a folder of `save_to_disk` before the library follows its list of files.

    Raises `InputError` for a name that leads elsewhere, and as `check_unpacked` does.
    """
    several = folder / SAVED[1]
    splits = _names(several, "splits") if several.is_file() else ["."]
    for part in (folder / split for split in splits):
        for name in _names(part / SAVED[0], "_data_files", "filename"):
            check_unpacked(part / name, "arrow", most)


def _names(path: Path, key: str, inner: str | None = None) -> list[str]:
    try:
        items = parse_json(read_text(path))[key]
        names = items if inner is None else [item[inner] for item in items]
    except (ValueError, RecursionError, LookupError, TypeError):
        names = None
    if not isinstance(names, list):
        raise InputError(f"is no list of a data set's files ({key})", path=path)
    for name in names:
        if not isinstance(name, str) or name in ("", "..") or name != Path(name).name:
            raise InputError(
                f"names {short(name)} in {key}, expected what lies beside it", path=path
            )
    return names


def check_unpacked(path: Path, kind: str, most: int = MOST_UNPACKED) -> None:
    """Raise `InputError` for a file that unpacks to more than `most` MiB.

    By what it says of itself: a group of rows of a Parquet file, all that is compressed in an Arrow
    file. Other kinds are not compressed, and broken files are the library's to judge.
    """
    sizes: Iterator[int] = iter(())
    if kind == "parquet":
        sizes = _row_groups(path)
    elif kind == "arrow":
        sizes = iter([sum(_compressed(path))])
    if any(size > most << 20 for size in sizes):
        raise too_large(path, most)


def _row_groups(path: Path) -> Iterator[int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return
    for number in range(metadata.num_row_groups):
        yield metadata.row_group(number).total_byte_size


def _compressed(path: Path) -> Iterator[int]:
    """How many bytes each compressed buffer of the messages unpacks to."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            if source.read(len(_ARROW_FILE)) != _ARROW_FILE:
                source.seek(0)
            else:
                source.seek(8)
            for message in pa.ipc.MessageReader.open_stream(source):
                yield from _buffers(message)
    except (pa.ArrowException, OSError, struct.error):
        return


def _buffers(message: Any) -> Iterator[int]:
    """Of one message; the layout of its head is that of `Message.fbs` of Apache Arrow."""
    head, body = memoryview(message.metadata), message.body
    table = _at(head, 0)
    batch = _field(head, table, 2)
    if message.type == "dictionary" and batch:
        batch = _field(head, batch, 1)
    if message.type not in ("record batch", "dictionary") or not batch or body is None:
        return
    if not _field(head, batch, 3):  # Not compressed: it takes what the file takes.
        return
    buffers = _field(head, batch, 2)
    (count,) = struct.unpack_from("<I", head, buffers)
    data = memoryview(body)
    for number in range(count):
        offset, length = struct.unpack_from("<qq", head, buffers + 4 + 16 * number)
        if length >= 8:
            (unpacked,) = struct.unpack_from("<q", data, offset)
            yield max(unpacked, length)


def _at(data: memoryview, place: int) -> int:
    """Where the offset that stands at `place` leads."""
    (offset,) = struct.unpack_from("<I", data, place)
    return place + int(offset)


def _field(data: memoryview, table: int, number: int) -> int:
    """Where a field of a table leads, of those that hold an offset; 0 where it is not there."""
    (back,) = struct.unpack_from("<i", data, table)
    layout = table - back
    (size,) = struct.unpack_from("<H", data, layout)
    if 6 + 2 * number > size:
        return 0
    (place,) = struct.unpack_from("<H", data, layout + 4 + 2 * number)
    return _at(data, table + place) if place else 0
