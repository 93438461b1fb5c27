"""Which formats there are, and which of them a file or folder is of.

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
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from harness.errors import UsageError, nearest
from harness.formats.files import refusals
from harness.options import Flag, parameters

__all__ = ["FORMATS", "Format", "format_named", "guess"]

FAULTY = Flag(
    "what becomes of a faulty span: an error, or left out and counted",
    name="faulty",
    choices=("refuse", "leave-out"),
    default="refuse",
)
"""The option of every format that can leave single spans out."""


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
