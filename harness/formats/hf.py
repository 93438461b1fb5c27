"""Hugging Face `datasets`: rows of tokens and tags, with the tags' names in a ClassLabel.

Read from a folder made by `save_to_disk`, a `.parquet` file or a folder of them, a local folder
without a script, or a hub id (`hf:conll2003`), which is looked for in this machine's cache and
never downloaded unless asked for. No dataset script is ever run.

A row is a sentence; rows with a column `sentence` belong together as long as their `id` stays the
same (so this project writes them), every other row is a document of its own.
"""

from __future__ import annotations

import contextlib
import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from glob import escape
from itertools import chain, groupby
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from harness.annotation import Record
from harness.coding import short
from harness.errors import BackendUnavailable, InputError, LibraryMissing
from harness.formats import hints
from harness.formats.hf_files import SAVED, check_saved, check_unpacked, split_files
from harness.formats.hf_written import write_data_set
from harness.formats.losses import Losses
from harness.formats.options import (
    RepairOption,
    SchemeOption,
    SplitOption,
    TagColumnOption,
    TokensOption,
    UnpackedOption,
)
from harness.formats.packed import MOST_UNPACKED, unpacked_name
from harness.formats.sniff import Head
from harness.formats.source import HUB, is_hub
from harness.formats.tags import (
    BadTag,
    Bigrams,
    Repair,
    check_scheme,
    guess_scheme,
    repaired,
)
from harness.formats.tokens import tagged
from harness.options import Flag

__all__ = ["EXAMPLE", "HOLDS", "LOSES", "SUFFIXES", "matches", "read", "write"]

HOLDS = "flat entities, tokens, ids"
LOSES = "other columns"
EXAMPLE = """\
{"tokens": ["NATO", "left"], "ner_tags": ["B-ORG", "O"]}
{"tokens": ["It", "rains"], "ner_tags": ["O", "O"]}
"""
SUFFIXES = (".parquet",)
_TOKENS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "labels", "ner")
_BATCH = 1000


def matches(head: Head) -> bool:
    if is_hub(head.path) or head.data.startswith(b"PAR1") or head.holds(*SAVED):
        return True
    if head.standoff is None and head.holds("*.parquet", "*/*.parquet"):
        return True
    keys = head.value.keys()
    return bool(keys & set(_TOKENS) and keys & set(_TAGS)) and "text" not in keys


class _Rows(NamedTuple):
    """A data set that can be gone through more than once, and which columns matter."""

    path: str
    name: str
    rows: Iterable[Mapping[str, Any]]
    tokens: str
    tags: str
    names: list[str] | None
    """The ClassLabel's names; `None` where the tags are strings."""
    grouped: bool


def read(
    path: str | Path,
    *,
    split: SplitOption = None,
    tag_column: TagColumnOption = None,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    most_unpacked: UnpackedOption = MOST_UNPACKED,
    online: Annotated[bool, Flag("allow a download")] = False,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the rows of one split as documents; a file may unpack to `most_unpacked` MiB.

    Raises `InputError` for a column that is missing or holds numbers without names, several
    splits of which none is chosen, rows whose tokens and tags differ in number, and tags that
    follow no scheme (see `harness.formats.conll`); `LibraryMissing` without the library,
    `BackendUnavailable` for a hub id that is not on this machine.
    """
    losses = Losses() if losses is None else losses
    check_scheme(scheme, repair)
    table = _open(str(path), split, tag_column, most_unpacked, online)
    chosen = _scheme(table, repair) if scheme is None else scheme
    for number, (id_, group) in enumerate(_documents(table), 1):
        record = _record(id_ or f"{table.name}-{number:05}", group, table, chosen, repair, losses)
        yield record if id_ else replace(record, number=number)


def census(
    path: str | Path,
    *,
    split: SplitOption = None,
    tag_column: TagColumnOption = None,
    most_unpacked: UnpackedOption = MOST_UNPACKED,
    online: Annotated[bool, Flag("allow a download")] = False,
) -> Bigrams:
    """Every pair of neighbouring tags with the row where it comes first."""
    return _bigrams(_open(str(path), split, tag_column, most_unpacked, online))


def settle(
    path: str | Path,
    *,
    split: SplitOption = None,
    tag_column: TagColumnOption = None,
    scheme: SchemeOption = None,
    repair: RepairOption = "strict",
    most_unpacked: UnpackedOption = MOST_UNPACKED,
    online: Annotated[bool, Flag("allow a download")] = False,
) -> dict[str, Any]:
    """The scheme, and the column of the tags, as `read` would find them out."""
    table = _open(str(path), split, tag_column, most_unpacked, online)
    return {"scheme": scheme or _scheme(table, repair), "tag_column": table.tags}


def _open(path: str, split: str | None, tag_column: str | None, most: int, online: bool) -> _Rows:
    datasets = _library()
    folder = Path(path.removeprefix(HUB))
    try:
        if folder.exists():
            loaded = _from_disk(datasets, folder, most)
        else:
            loaded = _from_hub(datasets, path.removeprefix(HUB), online)
        data = _one_split(loaded, split, path)
        return _columns(data, tag_column, folder, path)
    except (InputError, BackendUnavailable):
        raise
    except Exception as error:
        raise _unreadable(error, path) from None


def _from_disk(datasets: Any, path: Path, most: int) -> Any:
    if path.is_dir() and any((path / name).is_file() for name in SAVED):
        check_saved(path, most)
        return datasets.load_from_disk(str(path))
    if path.is_dir():
        kind, splits = split_files(path)
    else:
        name = unpacked_name(path.name)
        kind = "json" if name.endswith((".json", ".jsonl")) else "parquet"
        splits = {"train": [path]}
    for file in chain.from_iterable(splits.values()):
        check_unpacked(file, kind, most)
    # A row group at a time, as is the default, may be all of a file's rows.
    how = {"batch_size": _BATCH} if kind == "parquet" else {}
    files = {split: [escape(str(p.absolute())) for p in paths] for split, paths in splits.items()}
    return datasets.load_dataset(kind, data_files=files, streaming=True, **how)


def _unreadable(error: Exception, path: str) -> InputError:
    """The library raises errors of a dozen kinds, when it opens something and at every row."""
    return InputError(f"cannot be read as a data set: {type(error).__name__}: {error}", path=path)


def _library() -> Any:
    try:
        import datasets
    except ImportError:
        raise LibraryMissing(
            "Hugging Face data sets need the library datasets", extra="datasets"
        ) from None
    datasets.disable_progress_bars()
    return datasets


def _from_hub(datasets: Any, name: str, online: bool) -> Any:
    try:
        with contextlib.nullcontext() if online else _offline(datasets):
            return datasets.load_dataset(name)
    except Exception as error:  # the library raises errors of a dozen kinds when it has no network
        if online:
            raise BackendUnavailable(f"{HUB}{name}: {type(error).__name__}: {error}") from None
        raise BackendUnavailable(
            f"{HUB}{name} is no file or folder, and not in this machine's cache of data sets",
            install=f"hf download --repo-type dataset {name}, then name its folder; or "
            f"{HUB}{name}?online=true",
        ) from None


@contextlib.contextmanager
def _offline(datasets: Any) -> Iterator[None]:
    """No network, even where the library was imported before: then its constants are set."""
    places = [datasets.config, importlib.import_module("huggingface_hub.constants")]
    before = [place.HF_HUB_OFFLINE for place in places]
    try:
        for place in places:
            place.HF_HUB_OFFLINE = True
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = value


def _one_split(loaded: Any, split: str | None, path: str) -> Any:
    if not isinstance(loaded, dict):
        return loaded
    splits = list(loaded)
    if split is None and len(splits) > 1:
        raise InputError(
            f"has the splits {', '.join(splits)}",
            path=path,
            options=("split", dict.fromkeys(splits, "")),
        )
    wanted = splits[0] if split is None else split
    if wanted not in loaded:
        raise InputError(f"has no split {wanted!r}, only {', '.join(splits)}", path=path)
    return loaded[wanted]


def _columns(data: Any, tag_column: str | None, folder: Path, path: str) -> _Rows:
    features = data.features
    if features is None:  # JSON and the like, streamed: only the rows tell
        data = data._resolve_features()
        features = data.features
    tokens = next((name for name in _TOKENS if name in features), None)
    tags = tag_column or next((name for name in _TAGS if name in features), None)
    if tokens is None or tags is None or tags not in features:
        wanted = tag_column or " or ".join(_TAGS if tokens else _TOKENS)
        raise InputError(
            f"has no column {wanted} (columns: {', '.join(features)})",
            path=path,
            options=("tag-column", dict.fromkeys((n for n in features if n != tokens), "")),
        )
    inner = getattr(features[tags], "feature", None)
    names = getattr(inner, "names", None)
    if names is None and getattr(inner, "dtype", None) != "string":
        raise InputError(
            f"column {tags} holds {getattr(inner, 'dtype', type(features[tags]).__name__)} values, "
            "expected a list of ClassLabel (which has the tags' names) or of strings",
            path=path,
            hint="cast it: ds.cast_column(name, datasets.Sequence(datasets.ClassLabel(names=…)))",
        )
    grouped = {"id", "sentence"} <= set(features)
    return _Rows(path, folder.stem, data, tokens, tags, names and list(names), grouped)


def _numbered(table: _Rows) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = enumerate(table.rows, 1)
    while True:
        try:
            numbered = next(rows, None)
        except Exception as error:
            raise _unreadable(error, table.path) from None
        if numbered is None:
            return
        yield numbered


def _documents(table: _Rows) -> Iterator[tuple[str | None, list[tuple[int, Mapping[str, Any]]]]]:
    numbered = _numbered(table)
    if not table.grouped:
        for number, row in numbered:
            yield None, [(number, row)]
        return
    for id_, group in groupby(numbered, key=lambda item: item[1]["id"]):
        yield str(id_), list(group)


def _tags(row: Mapping[str, Any], number: int, table: _Rows) -> list[str]:
    words = _listed(row[table.tokens], table.tokens, number, table.path)
    tags = _listed(row[table.tags], table.tags, number, table.path)
    if len(words) != len(tags):
        raise InputError(f"row {number}: {len(words)} tokens and {len(tags)} tags", path=table.path)
    _check_texts(words, table.tokens, number, table.path)
    if table.names is None:
        _check_texts(tags, table.tags, number, table.path)
        return tags
    try:
        return [table.names[tag] if tag >= 0 else "O" for tag in tags]
    except (IndexError, TypeError):
        raise InputError(f"row {number}: a tag that has no name", path=table.path) from None


def _listed(value: Any, column: str, number: int, path: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise InputError(f"row {number}: {column} is {short(value)}, expected a list", path=path)
    return value or []


def _check_texts(items: list[Any], column: str, number: int, path: str) -> None:
    for item in items:
        if type(item) is not str:
            raise InputError(
                f"row {number}: {short(item)} among {column}, expected a string", path=path
            )


def _bigrams(table: _Rows) -> dict[tuple[str, str], int]:
    pairs: dict[tuple[str, str], int] = {}
    for number, row in _numbered(table):
        before = "O"
        for tag in (*_tags(row, number, table), "O"):
            pairs.setdefault((before, tag), number)
            before = tag
    return pairs


def _scheme(table: _Rows, repair: Repair) -> str:
    try:
        return guess_scheme(_bigrams(table), strict=repair == "strict")
    except BadTag as error:
        at = f"row {error.place}: " if error.place >= 0 else ""
        raise InputError(
            at + error.message.replace("(place ", "(row "),
            path=table.path,
            options=hints.REPAIR_HINT,
        ) from None


def _record(
    id_: str,
    group: list[tuple[int, Mapping[str, Any]]],
    table: _Rows,
    scheme: str,
    repair: Repair,
    losses: Counter[str],
) -> Record:
    rows = []
    for number, row in group:
        try:
            chunks = repaired(_tags(row, number, table), scheme, repair, losses)
        except BadTag as error:
            raise InputError(f"row {number}: {error.message}", path=table.path) from None
        rows.append((row[table.tokens], chunks))
    return tagged(id_, rows)


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    losses: Counter[str],
    scheme: SchemeOption = "IOB2",
    tokens: TokensOption = "auto",
) -> int:
    """Write a `save_to_disk` folder, or one file when `path` ends in `.parquet`.

    Columns `id`, `sentence`, `tokens`, `ner_tags` (ClassLabel); a document without a token is one
    row with empty lists. `losses` counts what tokens and tags cannot hold.
    """
    return write_data_set(_library(), path, records, scheme or "IOB2", tokens, losses)
