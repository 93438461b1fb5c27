"""brat standoff: one `.txt` and one `.ann` per document. The form of this project's own gold.

    T1<TAB>ORG 0 4<TAB>NATO
    T2<TAB>Source 0 4<TAB>NATO
    T3<TAB>Cue 5 9<TAB>says
    T4<TAB>Content 10 22;30 41<TAB>it will grow in the east
    E1<TAB>Attribution:T4 Source:T2 Cue:T3 Content:T4
    A1<TAB>Kind E1 direct
    #1<TAB>Speaker E1<TAB>NATO
    T5<TAB>Ignore 50 90<TAB>...

`Source`, `Cue`, `Content` and `Attribution` are roles, `Ignore` marks a region that takes no part
in scoring, every other `T` label is an entity. Roles may be numbered (`Content2`). An `.ann` file
cannot say whether an empty layer was annotated: the caller's `layers`, then a brat
`annotation.conf` in the folder, then what occurs anywhere in the folder decides.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from harness.annotation import (
    KINDS,
    Annotations,
    Attribution,
    Kind,
    Record,
    Span,
)
from harness.coding import short
from harness.errors import InputError
from harness.formats.files import files_below, new_folder, read_text, write_text
from harness.formats.foreign import count_unread
from harness.formats.losses import Holds, Losses, count_losses, writable
from harness.formats.sniff import Head
from harness.formats.standoff import (
    EventLine,
    Standoff,
    entity_of,
    hull,
    parse_standoff,
    printed,
    role_name,
    triggers_of,
)
from harness.options import Flag
from harness.paths import LONGEST_NAME

__all__ = [
    "EXAMPLE",
    "HOLDS",
    "LAYERS",
    "LEAVES_OUT",
    "LOSES",
    "layers_in",
    "matches",
    "one_span",
    "read",
    "read_ann",
    "roles_of",
]
__all__ += ["write"]

BRAT_ROLES = ("Source", "Cue", "Content", "Attribution")
IGNORE = "Ignore"
LAYERS = ("entities", "attributions")
HOLDS = "entities, attributions, ignore regions, ids"
LOSES = "relations, events but attributions, attributes, notes"
EXAMPLE = "T1\tORG 0 4\tNATO\nT2\tPER 20 27\tAda Roe\n"
LEAVES_OUT = True
_HELD: tuple[Holds, ...] = ("entities", "attributions", "overlaps", "fragments", "ignore", "ids")
_HELD += ("scores", "errors", "absent")
"""What is held, or counted here in words of its own."""
_CONF = "annotation.conf"
_OWN = (".ann", ".txt", ".conf", ".toml", ".md")
_COREFERENCE = ("MENTION\t", "COREF\t")
"""Rows of LitBank, whose files end in `.ann` too."""
_TRIGGERS = "spans that are triggers of events: left out (triggers=keep reads them)"

_TriggersOption = Annotated[
    Literal["leave-out", "keep"],
    Flag("what becomes of the spans of events that are no attributions: entities, or nothing"),
]


def matches(head: Head) -> bool:
    found = head.standoff or next(
        (path for below in ("*/*.ann", "*/*/*.ann") for path in sorted(head.path.glob(below))), None
    )
    if found is None:
        return False
    lines = replace(head, path=found).standoff_lines()
    return not any(line.startswith(_COREFERENCE) for line in lines)


def read(
    path: str | Path, *, triggers: _TriggersOption = "leave-out", losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the records of a folder of `.ann` and `.txt` files, sorted by name, or of one `.ann`.

    The document's id is the file's stem, below the folder's own subfolders with their names before
    it (`sub/stem`). A `.txt` without `.ann` is a document without layers. `losses` counts what the
    model cannot hold.

    Raises `InputError` for an `.ann` without `.txt` and for a folder without one `.ann`.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    folder = path if path.is_dir() else path.parent
    files = {path.stem: path} if not path.is_dir() else files_below(folder, ".ann")
    if not files:
        raise InputError("holds no .ann file", path=path, hint="expected <id>.txt and <id>.ann")
    texts = files_below(folder, ".txt") if path.is_dir() else {path.stem: path.with_suffix(".txt")}
    if path.is_dir():
        count_unread(folder, _OWN, losses)
    chosen = layers_in(folder, triggers=triggers)
    for name in sorted({*files, *texts}):
        source = texts.get(name) or files[name].with_suffix(".txt")
        if not source.is_file():
            raise InputError(
                f"has no text: expected {source}", path=files[name], hint="put the .txt there"
            )
        text = read_text(source)
        if name in files:
            annotations, ignore = read_ann(
                files[name], text, layers=chosen, triggers=triggers, losses=losses
            )
            # One file alone may be called anything: it is the first document and the only one.
            number = None if path.is_dir() else 1
            yield Record(name, text, annotations, ignore, number=number)
        else:
            losses["texts without an .ann: documents without layers"] += 1
            yield Record(name, text, Annotations())


def layers_in(folder: Path, *, triggers: _TriggersOption = "leave-out") -> tuple[str, ...]:
    """Which layers a folder holds: what its `annotation.conf` declares, and what occurs in it."""
    conf = folder / _CONF
    layers = {*_declared(read_text(conf))} if conf.is_file() else set()
    for path in files_below(folder, ".ann").values():
        if len(layers) == len(LAYERS):
            break
        layers |= _occurring(read_text(path), triggers)
    return tuple(one for one in LAYERS if one in layers)


def _occurring(ann: str, triggers: str) -> set[str]:
    """The layers that the lines of a file are of; what cannot be read is for `read` to refuse."""
    spans, events = set[str](), set[str]()
    for line in ann.removeprefix("\ufeff").split("\n"):
        id_, _, rest = line.partition("\t")
        said = rest.partition(" ")[0]
        if line.startswith("E"):
            events.add(said)
        elif line.startswith("T") and said and role_name(said) not in (*BRAT_ROLES, IGNORE):
            spans.add(f"{said}:{id_}")
    entities = spans - events if triggers == "leave-out" else spans
    layers = {"entities"} if entities else set()
    if any(event.startswith("Attribution") for event in events):
        layers.add("attributions")
    return layers


def _declared(conf: str) -> tuple[str, ...]:
    section, layers = "", set()
    for line in conf.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif line and not line.startswith("#"):
            name = line.split()[0]
            if section == "[events]" and name.startswith("Attribution"):
                layers.add("attributions")
            elif section in ("[entities]", "[spans]") and name not in (*BRAT_ROLES, IGNORE):
                layers.add("entities")
    return tuple(one for one in LAYERS if one in layers)


def read_ann(
    path: str | Path,
    text: str,
    *,
    layers: Iterable[str] = LAYERS,
    triggers: _TriggersOption = "leave-out",
    losses: Losses | None = None,
) -> tuple[Annotations, tuple[Span, ...]]:
    """These layers of one `.ann` file, and its ignore regions.

    Raises `AnnotationError` with the line for all that `standoff.parse` refuses, an unknown kind,
    and an event without content.
    """
    ann = parse_standoff(path, text, losses=losses)
    return interpret(ann, layers=layers, triggers=triggers, losses=losses)


def interpret(
    ann: Standoff,
    *,
    layers: Iterable[str] = LAYERS,
    triggers: _TriggersOption = "leave-out",
    losses: Losses | None = None,
) -> tuple[Annotations, tuple[Span, ...]]:
    """What the lines of an `.ann` file mean; see the module's docstring."""
    losses = Losses() if losses is None else losses
    layers = tuple(layers)
    named = {
        id_: bound
        for id_, bound in ann.spans.items()
        if role_name(bound.label) not in BRAT_ROLES and bound.label != IGNORE
    }
    if triggers == "leave-out" and (found := triggers_of(ann) & named.keys()):
        losses[_TRIGGERS] += len(found)
        named = {id_: bound for id_, bound in named.items() if id_ not in found}
    entities = tuple(map(entity_of, named.values()))
    attributions = tuple(_attributions(ann, losses)) if "attributions" in layers else None
    for event in ann.events.values():
        if not event.type.startswith("Attribution"):
            losses[f"{event.type} events (only Attribution events are read)"] += 1
    further = sum(one.name != "Kind" for one in ann.attributes)
    if further:
        losses["attributes: left out (only Kind of attributions is read)"] += further
    remarks = sum(one.name != "Speaker" for one in ann.notes)
    if remarks:
        losses["notes: left out (only Speaker of attributions is read)"] += remarks
    for letter, count in ann.skipped.items():
        losses[f"{letter} lines (relations, links and equivalences have no place here)"] += count
    return Annotations(entities if "entities" in layers else None, attributions), ann.regions(
        IGNORE
    )


def _attributions(ann: Standoff, losses: Counter[str]) -> Iterator[Attribution]:
    kinds = _kinds(ann)
    speakers = {note.target: note.value for note in ann.notes if note.name == "Speaker"}
    for event in ann.events.values():
        if not event.type.startswith("Attribution"):
            continue
        roles = roles_of(ann, event)
        if not roles["Content"]:
            raise ann.error(
                event.line, f"{event.id} has no content", hint="add Content:T… or remove the event"
            )
        yield Attribution(
            tuple(sorted(roles["Content"])),
            one_span(roles["Source"], "sources", losses),
            one_span(roles["Cue"], "cues", losses),
            kinds.get(event.id),
            speakers.get(event.id) or None,
        )


def roles_of(ann: Standoff, event: EventLine) -> Mapping[str, list[Span]]:
    """The fragments of each role of an event; by role, never by the type of its `T` line."""
    roles: dict[str, list[Span]] = {"Source": [], "Cue": [], "Content": []}
    for role, id_ in event.arguments:
        name = role_name(role)
        if name not in roles:
            raise ann.error(event.line, f"unknown role {role!r}, expected Source, Cue or Content")
        for part in ann.span(id_, event.line).fragments:
            if part not in roles[name]:
                roles[name].append(part)
    return roles


def one_span(parts: list[Span], what: str, losses: Counter[str]) -> Span | None:
    """The span of a source or cue, from its first to its last character; `None` without parts."""
    if len(parts) > 1:
        losses[f"discontinuous {what}: taken from the first to the last character"] += 1
    return hull(parts) if parts else None


def _kinds(ann: Standoff) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for attribute in ann.attributes:
        if attribute.name != "Kind":
            continue
        kind: Kind | None = next((kind for kind in KINDS if kind == attribute.value), None)
        if kind is None:
            raise ann.error(
                attribute.line, f"kind is {attribute.value!r}, expected one of {', '.join(KINDS)}"
            )
        kinds[attribute.target] = kind
    return kinds


def write(path: str | Path, records: Iterable[Record], *, losses: Counter[str]) -> int:
    """Write a folder with a `.txt` and an `.ann` per document and an `annotation.conf`.

    Whole or not at all; `path` must not exist yet, or be an empty folder. Counts in `losses` what
    brat cannot hold. Raises `InputError` for a document without text, an id that is no file name,
    and a label that brat cannot spell.
    """
    labels: dict[str, None] = {}
    layers: set[str] = set()
    count = 0
    with new_folder(path) as folder:
        for record, text in writable(records, path):
            name = "/".join(_file_name(part, record.id, path) for part in record.id.split("/"))
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (folder / f"{name}.txt").exists():
                raise InputError(f"two documents are named {name!r}", path=path)
            write_text(folder / f"{name}.txt", text)
            write_text(folder / f"{name}.ann", render(record, losses=losses))
            for entity in record.annotations.entities or ():
                labels[entity.label] = None
            layers |= {one for one in LAYERS if record.annotations.layer(one) is not None}
            count += 1
        write_text(folder / _CONF, _conf(labels, layers))
    return count


_RENAME = "write JSON lines instead, or rename the document"


def _file_name(part: str, id_: str, path: str | Path) -> str:
    """A part of an id, between slashes, as the name of a file or folder."""
    odd = any(char in '\\:*?"<>|' or not char.isprintable() for char in part)
    if not part or part.startswith(".") or odd:
        raise InputError(
            f"document id {short(id_)} cannot be a file name",
            path=path,
            hint=_RENAME,
        )
    if (length := len(os.fsencode(f"{part}.txt"))) > LONGEST_NAME:
        raise InputError(
            f"document id {short(id_)} makes a file name of {length} bytes, and the limit is "
            f"{LONGEST_NAME}",
            path=path,
            hint=_RENAME,
        )
    return part


def render(record: Record, *, losses: Counter[str] | None = None) -> str:
    """The `.ann` file of one record. A span used twice by the same role is one `T` line."""
    losses = Losses() if losses is None else losses
    assert record.text is not None
    count_losses(record, losses, holds=_HELD)
    lines = _Lines(record.text)
    for entity in record.annotations.entities or ():
        taken = role_name(entity.label) in BRAT_ROLES or entity.label == IGNORE
        if taken or any(char.isspace() for char in entity.label):
            raise InputError(f"{record.id}: an entity in brat cannot be labelled {entity.label!r}")
        lines.span(entity.label, entity.fragments or [entity.span], shared=False)
        if entity.score is not None:
            losses["entity scores: brat holds none"] += 1
    for item in record.annotations.attributions or ():
        _render_attribution(item, lines)
    for region in record.ignore:
        lines.span(IGNORE, [region])
    for layer in LAYERS:
        if record.annotations.layer(layer) is None:
            losses[f"documents without {layer}: brat cannot tell that from an empty layer"] += 1
    if record.error is not None:
        losses["errors of a backend: brat holds none"] += 1
    return "".join(line + "\n" for line in lines.lines)


def _render_attribution(item: Attribution, lines: _Lines) -> None:
    content = lines.span("Content", item.content)
    arguments = [f"Attribution:{content}"]
    if item.source is not None:
        arguments.append(f"Source:{lines.span('Source', [item.source])}")
    if item.cue is not None:
        arguments.append(f"Cue:{lines.span('Cue', [item.cue])}")
    arguments.append(f"Content:{content}")
    event = lines.add("E", " ".join(arguments))
    if item.kind is not None:
        lines.add("A", f"Kind {event} {item.kind}")
    if item.speaker is not None:
        if not item.speaker.isprintable():
            raise InputError(f"speaker {item.speaker!r} does not fit on one line of brat")
        lines.add("#", f"Speaker {event}\t{item.speaker}")


class _Lines:
    """The lines of an `.ann` file under construction, numbered per letter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[str] = []
        self._last: Counter[str] = Counter()
        self._spans: dict[tuple[str, tuple[Span, ...]], str] = {}

    def add(self, letter: str, rest: str) -> str:
        self._last[letter] += 1
        id_ = f"{letter}{self._last[letter]}"
        self.lines.append(f"{id_}\t{rest}")
        return id_

    def span(self, label: str, parts: Iterable[Span], *, shared: bool = True) -> str:
        key = (label, tuple(parts))
        if not shared or key not in self._spans:
            offsets = ";".join(f"{start} {end}" for start, end in key[1])
            shown = " ".join(self.text[start:end] for start, end in key[1])
            self._spans[key] = self.add("T", f"{label} {offsets}\t{printed(shown)}")
        return self._spans[key]


def _conf(labels: Iterable[str], layers: set[str]) -> str:
    lines = ["[entities]", *(sorted(labels) if "entities" in layers else ())]
    if "entities" in layers and not list(labels):
        lines.append("Entity")  # keeps "annotated, none there" apart from "not annotated"
    lines += ["Source", "Cue", "Content", IGNORE, "", "[relations]", "", "[events]"]
    if "attributions" in layers:
        lines.append("Attribution\tSource?:Source, Cue?:Cue, Content:Content")
    lines += ["", "[attributes]"]
    if "attributions" in layers:
        lines.append(f"Kind\tArg:Attribution, Value:{'|'.join(KINDS)}")
    return "\n".join(lines) + "\n"
