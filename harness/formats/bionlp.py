"""BioNLP shared tasks (2009 to 2019): a `.txt` with what was given (`.a1`) and what was asked.

    T1<TAB>Protein 0 7<TAB>Ada Roe               .a1
    T2<TAB>Meeting 8 11<TAB>met                  .a2
    E1<TAB>Meeting:T2 Theme:T1                   .a2

Standoff lines of brat in two files a document (bionlp-st.dbcls.jp, "file formats"): the spans of
`.a1` are named by the events and relations of `.a2`, which has spans of its own. Those that are
the trigger of an event are no entities; events need no trigger (SeeDev 2016). Documents to be
answered have no `.a2`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError
from harness.formats.files import files_below, read_text
from harness.formats.foreign import count_unread
from harness.formats.losses import Losses
from harness.formats.sniff import Head
from harness.formats.standoff import Standoff, entity_of, parse_standoff, triggers_of
from harness.options import Flag

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "matches", "read"]

LOSES = "events with their triggers, relations, equivalences, modifications, references"
EXAMPLE = "T1\tProtein 0 7\tAda Roe\nT2\tMeeting 8 11\tmet\n"
LEAVES_OUT = True

_GIVEN, _ASKED = ".a1", ".a2"
_OWN = (_GIVEN, _ASKED, ".txt", ".md", ".conf")
_SKIPPED = {
    "R": "relations",
    "*": "equivalences",
    "N": "references to databases",
}

_FilesOption = Annotated[
    Literal["both", "a1"],
    Flag("which files the entities are read from: .a1 alone (what was given), or .a2 as well"),
]


def matches(head: Head) -> bool:
    """A folder with such files and no `.ann`, or one such file."""
    if head.path.is_file():
        return head.path.suffix in (_GIVEN, _ASKED)
    patterns = (f"{below}*{suffix}" for below in ("", "*/", "*/*/") for suffix in (_GIVEN, _ASKED))
    return head.standoff is None and head.holds(*patterns)


def read(
    path: str | Path, *, files: _FilesOption = "both", losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the documents of a folder and its subfolders, sorted by name, or the one of a file.

    The id is the file's stem, in a subfolder with the folder's name before it (`sub/stem`). A
    `.txt` alone is a document without layers.

    Raises `InputError` for a folder without one `.a1` or `.a2` and for one of them without `.txt`;
    what `standoff.parse_standoff` refuses.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    is_folder = path.is_dir()
    found = {suffix: _files(path, suffix) for suffix in (_GIVEN, _ASKED, ".txt")}
    names = {*found[_GIVEN], *found[_ASKED]}
    if not names:
        raise InputError(
            "holds no .a1 and no .a2 file",
            path=path,
            hint="expected <id>.txt with <id>.a1, and <id>.a2",
        )
    if is_folder:
        count_unread(path, _OWN, losses)
    for name in sorted(names | found[".txt"].keys()):
        given, asked = found[_GIVEN].get(name), found[_ASKED].get(name)
        source = found[".txt"].get(name)
        if source is None:
            known = given or asked
            assert known is not None
            raise InputError(
                f"has no text: expected {known.with_suffix('.txt')}",
                path=known,
                hint="put the .txt there",
            )
        text = read_text(source)
        if given is None and asked is None:
            losses["texts without .a1 and .a2: documents without layers"] += 1
            layers = Annotations()
        else:
            layers = Annotations(_entities(given, asked if files == "both" else None, text, losses))
        if files == "a1" and asked is not None:
            losses[".a2 files: not looked into"] += 1
        yield Record(name, text, layers, number=None if is_folder else 1)


def _files(path: Path, suffix: str) -> dict[str, Path]:
    """The files of a folder, or the one beside a file, by document."""
    if path.is_dir():
        return files_below(path, suffix)
    file = path.with_suffix(suffix)
    return {path.stem: file} if file.is_file() else {}


def _entities(
    given: Path | None, asked: Path | None, text: str, losses: Losses
) -> tuple[Entity, ...]:
    ann = Standoff(Path())
    triggers: set[str] = set()
    for file in (given, asked):
        if file is not None:
            ann = parse_standoff(file, text, given=ann, losses=losses)
            triggers |= triggers_of(ann)
            _count(ann, losses)
    if triggers:
        losses["triggers of events: left out"] += len(triggers)
    return tuple(entity_of(bound) for id_, bound in ann.spans.items() if id_ not in triggers)


def _count(ann: Standoff, losses: Losses) -> None:
    counts = {
        "events: left out": len(ann.events),
        "modifications and attributes: left out": len(ann.attributes),
        "notes: left out": len(ann.notes),
    }
    counts |= {f"{what}: left out": ann.skipped.get(key, 0) for key, what in _SKIPPED.items()}
    for message, count in counts.items():
        if count:
            losses[message] += count
