"""Facts of large gold sets, kept from one run to the next and from one shard to another.

To know a gold set (`harness.gold.facts`) takes a pass over all of it. They are kept beside the
predictions store under a digest of everything that they come of: every byte of the files, the
options by which they are read, the code that reads them. So nothing that was kept can be of other
files than those that lie there now.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.coding import compact, decode, encode, load_json
from harness.digest import digest_file, digest_text, load_memo, remembered_digest, save_memo
from harness.errors import InputError
from harness.formats.files import is_there, write_text
from harness.formats.urls import is_url
from harness.gold.facts import GoldFacts
from harness.gold.goldset import GoldSet
from harness.paths import DIGESTS, FACTS
from harness.tasks.registry import tasks

__all__ = ["why_not_kept", "with_known_facts"]

_LEAST_BYTES = 1 << 20
"""Of files that are smaller nothing is kept: they are as quickly read."""


def with_known_facts(
    goldset: GoldSet, folders: Sequence[Path], code: str, *, required: bool = False
) -> GoldSet:
    """The gold set with its facts, as they were kept in one of these folders, or by a pass over it;
    then they are kept in the first folder. `code` is the digest of this project's code.

    The same gold set where they are not kept (`why_not_kept`), or it was written to meanwhile.
    Raises what reading it raises and, if it is `required`, `InputError` where they cannot be kept.
    """
    if goldset.known is not None or not folders or why_not_kept(goldset):
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
    try:
        _keep(folders[0] / FACTS / f"{proof}.json", proof, facts)
        save_memo(folders[0] / DIGESTS)
    except InputError:  # A full disk, a folder that may not be written into.
        if required:
            raise
    return replace(goldset, known=facts)


def why_not_kept(goldset: GoldSet) -> str:
    """Why nothing is kept of a gold set, for nothing would show what it comes of, or as it is
    quickly read; empty where its facts are kept."""
    for task in tasks().values():
        if not type(task).__module__.startswith("harness."):
            return f"the task {task.name} is of another package"
    reader = goldset.reader()
    if reader is None:
        return "it is not read from one file alone"
    shown = [part.shown for part in reader.place.parts]
    if any(is_url(one) or not is_there(one) or not Path(one).is_file() for one in shown):
        return "it is no file on this machine"
    if sum(Path(one).stat().st_size for one in shown) < _LEAST_BYTES:
        return "it is small, and as quickly read"
    if not reader.can_skip:
        return "it is no plain JSON lines, or read with options"
    return ""


def _proof(goldset: GoldSet, code: str, digest: Callable[[Path], str]) -> str | None:
    """The digest of all that the facts come of, wherever the files lie; `None` where they cannot be
    read."""
    reader = goldset.reader()
    assert reader is not None
    try:
        contents = [digest(Path(part.path)) for part in reader.place.parts]
    except OSError:
        return None
    python = sys.version_info[:2]  # Which knows white space by its version of Unicode.
    # Documents without ids are called after the source.
    return digest_text(compact([code, python, reader.format.name, reader.source.stem, contents]))


def _keep(path: Path, proof: str, facts: GoldFacts) -> None:
    said = compact(encode(facts))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=path.parent) from None
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
