"""Facts of large gold sets, kept from one run to the next and from one shard to another.

To know a gold set (`harness.gold.facts`) takes a pass over all of it. They are kept beside the
predictions store under a digest of everything that they come of: every byte of the files, the
options by which they are read, the code that reads them. So nothing that was kept can be of other
files than those that lie there now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.coding import compact, decode, encode, load_json
from harness.digest import digest_file, digest_text, load_memo, remembered_digest, save_memo
from harness.errors import InputError
from harness.formats.files import is_there, write_text
from harness.formats.reader import Reader
from harness.gold.facts import GoldFacts
from harness.gold.goldset import GoldSet
from harness.paths import DIGESTS, FACTS
from harness.tasks.registry import tasks

__all__ = ["with_known_facts"]

_LEAST_BYTES = 1 << 20
"""Of files that are smaller nothing is kept: they are as quickly read."""


def with_known_facts(goldset: GoldSet, folders: Sequence[Path], code: str) -> GoldSet:
    """The gold set with its facts, as they were kept in one of these folders, or in a pass over it;
    then they are kept in the first folder. `code` is the digest of this project's code.

    The same gold set where nothing shows what they come of: it is no file of lines that are read
    by themselves (`Reader.can_skip`), or a task of another package counts in it. Raises what
    reading it raises.
    """
    if goldset.known is not None or not folders:
        return goldset
    for folder in folders:
        load_memo(folder / DIGESTS)
    proof = _proof(goldset, code, remembered_digest)
    if proof is None:
        return goldset
    for folder in folders:
        if found := _kept(folder / FACTS / f"{proof}.json", proof):
            return replace(goldset, known=found)
    facts = goldset.facts
    if _proof(goldset, code, digest_file) != proof:
        return goldset  # It was written to meanwhile.
    with suppress(InputError, OSError):  # A full disk, a folder that may not be written into.
        _keep(folders[0] / FACTS / f"{proof}.json", proof, facts)
        save_memo(folders[0] / DIGESTS)
    return replace(goldset, known=facts)


def _proof(goldset: GoldSet, code: str, digest: Callable[[Path], str]) -> str | None:
    """The digest of all that the facts come of, or `None` where that is not known; wherever the
    files lie."""
    if any(not type(task).__module__.startswith("harness.") for task in tasks().values()):
        return None
    reader = goldset.reader()
    if reader is None or not reader.can_skip or not _is_large(reader):
        return None
    try:
        contents = [digest(Path(part.path)) for part in reader.place.parts]
    except OSError:
        return None
    python = sys.version_info[:2]  # Which knows white space by its version of Unicode.
    # Documents without ids are called after the source.
    return digest_text(compact([code, python, reader.format.name, reader.source.stem, contents]))


def _is_large(reader: Reader) -> bool:
    size = 0
    for part in reader.place.parts:
        if part.shown != part.path or not is_there(part.path) or not Path(part.path).is_file():
            return False
        size += os.path.getsize(part.path)  # noqa: PTH202  Path has no shorter one
    return size >= _LEAST_BYTES


def _keep(path: Path, proof: str, facts: GoldFacts) -> None:
    said = compact(encode(facts))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, compact({"facts": said, "digest": digest_text(proof + said)}) + "\n")


def _kept(path: Path, proof: str) -> GoldFacts | None:
    """What a file has, if it is as it was written."""
    try:
        value = load_json(path.read_bytes())
        said = value["facts"]
        if value["digest"] != digest_text(proof + said):
            return None
        return decode(GoldFacts, load_json(said))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
