"""Which formats there are, and reading and writing any of them.

A format is a module of this folder and a row here. The module has

    matches(head) -> bool                       whether a file or folder is of this format
    read(path, *, losses, ...) -> Iterator[Record]
    LOSES, EXAMPLE                              what reading leaves out; two lines of such a file
    write(path, records, *, ...) -> int         where it can be written, with
    HOLDS, SUFFIXES                             what survives, and endings that mean this format
    settle(path, ...) -> dict                   what `read` would find out by itself, by option
    census(path, ...) -> Bigrams                tags: from which the scheme is told
    annotators(path, ...) -> tuple[str, ...]    where a file may hold the labels of several
    LEAVES_OUT = True                           where single faulty spans can be left out

The annotated keyword parameters of `read` and `write` are the format's options
(`harness.formats.options`); `losses` counts what is left out. Modules are imported when a format is
needed, and import heavy libraries inside functions.
"""

from __future__ import annotations

import importlib
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.annotation import Record
from harness.errors import HarnessError, InputError, UsageError, nearest
from harness.formats.files import ENCODINGS, is_there, refusals
from harness.formats.losses import Losses
from harness.formats.packed import unpacked_name
from harness.formats.parts import PartFile, Place, numbered_files, place_of, read_parts
from harness.formats.source import Source, is_hub
from harness.formats.tagging import told_scheme
from harness.formats.tags import Bigrams
from harness.formats.urls import hidden, is_url
from harness.options import Flag, parameters

__all__ = [
    "FORMATS",
    "Format",
    "Reader",
    "located",
    "for_output",
    "format_named",
    "guess",
    "open_source",
]
__all__ += ["read_any", "write_any"]

FAULTY = Flag(
    "what becomes of a faulty span: an error, or left out and counted",
    name="faulty",
    choices=("refuse", "leave-out"),
    default="refuse",
)
"""The option of every format that can leave single spans out."""

TIME_LIMIT = Flag(
    "seconds without a byte after which a URL is given up",
    name="remote-timeout",
    kind=float,
    above=0,
    most=86_400,
    noun="seconds",
)
"""The option of every URL."""
_PLACE = re.compile(r" \((?:line|row) \d+\)")


@dataclass(frozen=True, slots=True)
class Format:
    """One format; all but its name and a summary is asked of its module."""

    name: str
    summary: str
    module: str = ""
    """The module's name, where it is not the format's."""

    def load(self) -> ModuleType:
        return importlib.import_module(f"harness.formats.{self.module or self.name}")

    @property
    def writes(self) -> bool:
        return hasattr(self.load(), "write")

    @property
    def options(self) -> tuple[Flag, ...]:
        """Options of reading."""
        module = self.load()
        return (*parameters(module.read), *([FAULTY] if _has(module, "LEAVES_OUT") else []))

    @property
    def write_options(self) -> tuple[Flag, ...]:
        return parameters(getattr(self.load(), "write", None))

    @property
    def holds(self) -> str:
        """For people: what of a record survives being written; empty if it cannot be."""
        return str(getattr(self.load(), "HOLDS", ""))

    @property
    def loses(self) -> str:
        """For people: what of a file reading leaves out; empty for nothing."""
        return str(getattr(self.load(), "LOSES", ""))

    @property
    def example(self) -> str:
        """The first lines of such a file."""
        return str(getattr(self.load(), "EXAMPLE", ""))

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of a file to write that mean this format, where they mean only one."""
        return tuple(getattr(self.load(), "SUFFIXES", ()))


def _has(module: ModuleType, name: str) -> bool:
    return bool(getattr(module, name, False))


# A file is asked of them from the last to the first: what is more special stands further down.
FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format("jsonl", "this project's own JSON lines"),
        Format("brat", "brat standoff: a folder of .txt and .ann"),
        Format("bionlp", "BioNLP shared tasks: a folder of .txt, .a1 and .a2"),
        Format("conll", "CoNLL columns, any IOB1 / IOB2 / BIOES / BILOU tag file"),
        Format("csv", "CSV and TSV with a header: a token or a span a row", module="csvtable"),
        Format("pubtator", "PubTator: titles, abstracts and a line a mention"),
        Format("conllu", "CoNLL-U, CoNLL-U Plus: NER= in MISC, or a column of tags"),
        Format("bioc", "BioC, XML and JSON", module="bioc_files"),
        Format("cas", "UIMA CAS (XMI, JSON) of INCEpTION, WebAnno and DKPro", module="cas_xmi"),
        Format("ontonotes", "CoNLL-2012: the columns of OntoNotes 5"),
        Format("hipe", "HIPE-2022: tables with several layers of tags"),
        Format("webanno", "WebAnno TSV 3: files and exported folders of INCEpTION"),
        Format("booknlp", "BookNLP: .entities, .quotes and .tokens"),
        Format("docbin", "spaCy's DocBin (.spacy)"),
        Format("spacy_tuples", "spaCy's tuples: [text, {entities: [[0, 4, ORG]]}]"),
        Format("spacy_json", "spaCy's JSON: training data of v2, and Doc.to_json"),
        Format("gliner", "GLiNER's training data"),
        Format("dygie", "DyGIE++ and SciERC: sentences of tokens with ranges"),
        Format("cluener", "CLUENER: labels, surface forms and their places"),
        Format("rasa", "Rasa's training data: JSON, Markdown, YAML"),
        Format("presidio", "results of Presidio's analyser, as JSON"),
        Format("pipeline_json", "results of a token-classification pipeline, as JSON"),
        Format("doccano", "doccano's JSON lines"),
        Format("prodigy", "Prodigy's JSON lines"),
        Format("labelstudio", "Label Studio's JSON and JSON_MIN"),
        Format("pdnc", "PDNC novels (quotations)"),
        Format("polnear", "PolNeAR's brat folders: attributions, several annotators"),
        Format("litbank", "LitBank quotations (.ann tables and .txt)"),
        Format(
            "datasets",
            "data sets of Hugging Face: folder, .parquet, hf:<hub id>",
            module="hf",
        ),
    )
}


def format_named(name: str) -> Format:
    """The format of that name; `UsageError` with the nearest one when there is none."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}{nearest(name, FORMATS)}")
    return FORMATS[name]


def guess(path: str | Path, encoding: str = "utf-8") -> Format:
    """The format of a file or folder, judged by its content.

    A text that is not UTF-8 may be of a format that can be told its encoding: its reader says so.
    Raises `InputError` when nothing fits, or there is no such file.
    """
    from harness.formats.sniff import heads, unknown

    with refusals(path):
        for head in heads(Path(path), encoding):
            for item in reversed(FORMATS.values()):
                if item.load().matches(head):
                    return item
        if head.data and not head.text and encoding == "utf-8":
            for item in reversed(FORMATS.values()):
                told = any(flag.name == "encoding" for flag in item.options)
                if told and item.load().matches(replace(head, encoding="latin-1")):
                    return item
        raise unknown(head, guess)


def for_output(path: str | Path) -> Format:
    """The format that a path to write to asks for by its ending; `UsageError` when none does."""
    _check_plain(path)
    suffix = Path(path).suffix.lower()
    for item in FORMATS.values():
        if item.writes and suffix in item.suffixes:
            return item
    names = ", ".join(item.name for item in FORMATS.values() if item.writes)
    raise UsageError(f"{path}: cannot tell which format to write; say --to FORMAT ({names})")


@dataclass(frozen=True, eq=False)
class Reader:
    """A source whose format is known and whose options are checked; reads as often as asked."""

    source: Source
    format: Format
    keywords: Mapping[str, Any] = field(repr=False)
    """The options that were said, as the reader takes them."""
    place: Place = field(repr=False)
    """The files; more than one are read as one set."""
    faulty: str = "refuse"
    named: bool = field(default=True, repr=False)
    """Whether somebody has said which format it is."""

    @cached_property
    def decided(self) -> Mapping[str, Any]:
        """What nobody said and the format finds out, such as a tag scheme, by option."""
        with self._helping():
            return self._decided()

    @property
    def settled(self) -> Source:
        """The source with everything that was said and found out: how it is read."""
        return replace(self.source, options={"format": self.format.name}).but(
            **{**self.keywords, **self.decided},
            faulty=None if self.faulty == "refuse" else self.faulty,
        )

    @property
    def note(self) -> str:
        """What of that changes a score, for a signature; empty where nothing does."""
        named = {**self.keywords, **self.decided}
        shown = [str(named["scheme"])] if named.get("scheme") else []
        shown += [str(named["repair"])] if named.get("repair", "strict") != "strict" else []
        shown += ["without faulty spans"] if self.faulty == "leave-out" else []
        return "+".join(shown)

    def records(self, losses: Losses | None = None) -> Iterator[Record]:
        """Stream the records. Raises what the format's reader raises, with what mends it."""
        losses = Losses() if losses is None else losses
        if losses.faulty == "refuse" and self.faulty == "leave-out":
            losses.faulty = "leave-out"
        self._check_there()
        with self._helping():
            yield from self._stream(losses, {**self.keywords, **self.decided})

    @property
    def has_tags(self) -> bool:
        """Whether such files hold tags of tokens, whose scheme can be told."""
        return hasattr(self.format.load(), "census")

    def census(self) -> Bigrams:
        """Every pair of neighbouring tags, with a place where it stands."""
        with self._helping():
            return self._census()

    def annotators(self) -> tuple[str, ...]:
        """Who labelled it, by name; empty where the format knows nobody."""
        module = self.format.load()
        if not hasattr(module, "annotators"):
            return ()
        with self._helping():
            found = self._asked(module.annotators, self.keywords)
            return tuple(dict.fromkeys(name for _, names in found for name in names))

    def but(self, **options: Any) -> Reader:
        """The same with other options, by their names in Python, as the reader takes them."""
        return replace(self, keywords={**self.keywords, **options})

    @contextmanager
    def _helping(self) -> Iterator[None]:
        """Errors within, with what mends them."""
        try:
            with refusals(self.source.path), _about(self.source):
                yield
        except InputError as error:
            raise self.helped(error) from None

    def _stream(self, losses: Losses, keywords: Mapping[str, Any]) -> Iterator[Record]:
        """The records, read with these options."""
        module = self.format.load()
        return read_parts(self.place, self.source, module, losses, self._check, **keywords)

    def _check_there(self) -> None:
        part = self.place.parts[0]
        if not self.place.several and not is_hub(part.shown) and not is_there(part.path):
            raise InputError("no such file or folder", path=part.shown)

    def _check(self, part: PartFile) -> None:
        """Raise `InputError` for a part of another format."""
        if self.named:
            return
        found = guess(part.path, _encoding(self.keywords))
        if found.name != self.format.name:
            raise InputError(
                f"is of the format {found.name}, and {self.place.parts[0].shown} of "
                f"{self.format.name}",
                path=part.path,
                hint="all files of a set are of one format: name those that are, as a pattern",
            )

    def _decided(self) -> Mapping[str, Any]:
        """What the format finds out; of several files all have to say the same."""
        module = self.format.load()
        if not hasattr(module, "settle"):
            return {}
        keywords = dict(self.keywords)
        if self.place.several and self.has_tags and "scheme" not in keywords:
            strict = keywords.get("repair", "strict") == "strict"
            try:
                keywords["scheme"] = told_scheme(self._census(), self.source.path, strict=strict)
            except InputError as error:
                message = _PLACE.sub("", error.message)  # A line of some file.
                raise InputError(message, path=error.path, options=error.options) from None
        found = self._asked(module.settle, keywords)
        if not found:
            return {}
        (first, decided), *others = found
        for part, also in others:
            for name in decided.keys() | also.keys():
                if decided.get(name) != also.get(name):
                    option = name.replace("_", "-")
                    raise InputError(
                        f"has the {option} {also.get(name)}, and {first.shown} the "
                        f"{option} {decided.get(name)}",
                        path=part.shown,
                        hint=f"say one for all files, ?{option}=…, or read them one by one",
                    )
        return dict(decided)

    def _census(self) -> Bigrams:
        pairs: dict[tuple[str, str], int] = {}
        for _, bigrams in self._asked(self.format.load().census, self.keywords):
            for pair, place in bigrams.items():
                pairs.setdefault(pair, place)
        return pairs

    def _asked(self, function: Any, keywords: Mapping[str, Any]) -> list[tuple[PartFile, Any]]:
        """What a function of the format says of each part; of several, of those with content."""
        known = {flag.name.replace("-", "_") for flag in parameters(function)}
        said = {name: value for name, value in keywords.items() if name in known}
        out = []
        for part in self.place.parts:
            with part.named():
                if self.place.several:
                    if part.is_empty:
                        continue
                    self._check(part)
                out.append((part, function(part.path, **said)))
        return out

    def helped(self, error: InputError) -> InputError:
        """The error with the options that really read the file; they are tried on all of it."""
        name, values = error.options or ("", {})
        lines = [
            f"{found}   # {what}" if what else found for found, what in self._tried(name, values)
        ]
        if lines:
            hint = "\n  ".join(["say how it is to be read, in any command:", *lines])
            return error.of(self.source.path, hint=hint)
        for found, _ in self._tried("faulty", {"leave-out": ""} if self.faulty == "refuse" else {}):
            left_out = f"or leave out what is faulty, in any command: {found}"
            hint = "\n  ".join(filter(None, [error.hint, left_out]))
            return error.of(self.source.path, hint=hint)
        return error

    def _tried(self, name: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The sources with such values that are read, and what they mean."""
        option = name.replace("-", "_")
        for value, what in values.items():
            if self._reads(option, value):
                yield shlex.quote(str(self.source.but(**{option: value}))), what

    def _reads(self, name: str, value: str) -> bool:
        flags = {flag.name.replace("-", "_"): flag for flag in self.format.options}
        if name not in flags:
            return False
        read = flags[name].read_text(value)
        losses = Losses(read) if name == "faulty" else Losses()
        several = self.place.several  # A single file decides as it is read.
        keywords = self.keywords if name == "faulty" else {**self.keywords, name: read}
        try:
            tried = replace(self, keywords=keywords)
            for _ in tried._stream(losses, {**keywords, **(tried._decided() if several else {})}):
                pass
        except (HarnessError, OSError):
            return False
        return True


@contextmanager
def _about(source: Source) -> Iterator[None]:
    """An option that cannot be as it is said, as an error that names the source."""
    try:
        yield
    except UsageError as error:
        said = str(error)
        raise UsageError(said if source.path in said else f"{source.path}: {said}") from None


def open_source(
    said: str | Path | Source,
    format: str | None = None,  # noqa: A002  named as the option is
    *,
    besides: Sequence[str] = (),
    **options: Any,
) -> Reader:
    """How a source is read; nothing but its beginning is looked at, and only to tell its format.

    `besides` are options that whoever asks has taken out, for the error of one that there is not.
    `format` and `options`, by their names in Python, go beside what the source says itself. Raises
    `UsageError` for a format that there is not, and for an option that the format does not have or
    that is said twice.
    """
    source = Source.parse(said)
    given = dict(source.options)
    for name, value in {"format": format, **options}.items():
        if value is not None:
            if given.get(name.replace("_", "-"), value) != value:
                raise UsageError(f"{source}: {name.replace('_', '-')} is said twice")
            given[name.replace("_", "-")] = value
    place = located(source, given.pop("remote-timeout", None))
    named = given.pop("format", None)
    chosen, place = _chosen(source, place, given, named)
    with _about(source):
        keywords = _keywords(chosen, chosen.options, given, besides)
    faulty = str(keywords.pop("faulty", "refuse"))
    return Reader(
        replace(source, options=given), chosen, keywords, place, faulty, named is not None
    )


def located(source: Source, seconds: Any = None) -> Place:
    """The files that a source leads to, whatever their format; `seconds` is the time limit of a
    URL, else the source says it. Raises as `harness.formats.parts.place_of`."""
    said = source.options.get("remote-timeout") if seconds is None else seconds
    with _about(source):
        limit = None if said is None else float(_read_as(TIME_LIMIT, "remote-timeout", said))
        return place_of(source, limit)


def _chosen(
    source: Source, place: Place, given: Mapping[str, Any], named: Any
) -> tuple[Format, Place]:
    """The format of a source, and what is read: a folder that no format claims may be a set."""
    if named is not None:
        chosen = format_named(str(named))
        numbered = None if place.several else numbered_files(source.path)
        if numbered is not None and _is_of(numbered, chosen) and not _is_claimed(source.path):
            return chosen, numbered
        return chosen, place
    if place.several:
        return _guessed(_first(place), given), place
    try:
        return _guessed(place.parts[0], given), place
    except InputError:
        numbered = numbered_files(source.path)
        if numbered is None:
            raise
        try:
            return guess(_first(numbered).path, _encoding(given)), numbered
        except InputError:
            pass
        raise


def _first(place: Place) -> PartFile:
    """The first part that holds anything, else the first."""
    return next((part for part in place.parts if not part.is_empty), place.parts[0])


def _is_of(place: Place, chosen: Format) -> bool:
    try:
        return guess(_first(place).path) is chosen
    except InputError:
        return False


def _is_claimed(folder: str) -> bool:
    try:
        guess(folder)
    except InputError:
        return False
    return True


def _encoding(given: Mapping[str, Any]) -> str:
    encoding = str(given.get("encoding") or "utf-8")
    return encoding if encoding in ENCODINGS else "utf-8"


def _guessed(part: PartFile, given: Mapping[str, Any]) -> Format:
    """The format of what does not name it. Where none fits, an option that none has is the error:
    it may have been meant to mend that."""
    try:
        with part.named():
            return guess(part.path, _encoding(given))
    except InputError:
        flags = {flag.name.replace("_", "-"): flag for f in FORMATS.values() for flag in f.options}
        for name, value in given.items():
            flag = flags.get(name.replace("_", "-"))
            if flag is None:
                raise UsageError(
                    f"no format has an option {name!r}{nearest(name, flags)}"
                ) from None
            _read_as(flag, name, value)
        raise


def read_any(
    said: str | Path | Source,
    format: str | None = None,  # noqa: A002  named as the option is
    *,
    losses: Losses | None = None,
    **options: Any,
) -> Iterator[Record]:
    """Stream the records of a source; the format is guessed unless it is named.

    `losses` counts, by message, what the format has and the data model cannot hold. Raises what
    `open_source` raises, and all that its reader raises.
    """
    return open_source(said, format, **options).records(losses)


def write_any(
    path: str | Path,
    records: Iterable[Record],
    format: str,  # noqa: A002
    *,
    losses: Counter[str] | None = None,
    **options: Any,
) -> int:
    """Write records, whole or not at all; returns how many. `losses` counts what is lost."""
    _check_plain(path)
    chosen = format_named(format)
    if not chosen.writes:
        raise UsageError(f"format {chosen.name} can be read, not written")
    keywords = _keywords(chosen, chosen.write_options, options)
    losses = Losses() if losses is None else losses
    written: int = chosen.load().write(path, records, losses=losses, **keywords)
    return written


def _check_plain(path: str | Path) -> None:
    """Raise `UsageError` for a URL, and for the name of a compressed file: neither is written."""
    if is_url(path):
        raise UsageError(
            f"{hidden(str(path))}: nothing is written behind a URL: write a file, then copy it"
        )
    if unpacked_name(str(path)) != str(path):
        raise UsageError(
            f"{path}: compressed files are not written: write {unpacked_name(str(path))}, then "
            "compress it"
        )


def _keywords(
    chosen: Format, flags: tuple[Flag, ...], options: Mapping[str, Any], besides: Sequence[str] = ()
) -> dict[str, Any]:
    """What was said, by a parameter's name; a text as its flag reads it."""
    known = {flag.name.replace("_", "-"): flag for flag in flags}
    out = {}
    for said, value in options.items():
        name = said.replace("_", "-")
        if value is None:
            continue
        if name not in known:
            names = ", ".join(known) or "none"
            further = f"; a gold set has besides: {', '.join(besides)}" if besides else ""
            near = nearest(name, (*known, *besides), listed=False)
            raise UsageError(
                f"format {chosen.name} has no option {name!r}{near} It has: {names}{further}"
            )
        out[name.replace("-", "_")] = _read_as(known[name], name, value)
    return out


def _read_as(flag: Flag, name: str, value: Any) -> Any:
    try:
        return _said(flag, value)
    except ValueError as error:
        raise UsageError(f"{name} is {value!r}, expected {error}") from None


def _said(flag: Flag, value: Any) -> Any:
    if flag.kind is bool and isinstance(value, str):
        return flag.read({"true": True, "false": False}.get(value, value))
    if isinstance(value, str) or flag.kind is str:
        return flag.read_text(str(value))
    return flag.read(value)
