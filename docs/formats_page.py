"""Write docs/formats.md from what the formats declare: `python docs/formats_page.py`.

Options, what is lost and examples stand where each reader stands; a test compares the page.
"""

from __future__ import annotations

from pathlib import Path

from harness.cli.formats import explained, spelled
from harness.formats.registry import FORMATS, Format
from harness.options import Flag

PAGE = Path(__file__).resolve().parent / "formats.md"

HEAD = """\
# Formats, and how to say how a file is to be read

*This page is made from the readers' own declarations: `python docs/formats_page.py`. `harness
formats` prints the same.*

## A source: `PATH?option=value&...`

Every command that reads annotations (`run --gold`, `score`, `compare`, `convert`, `validate`,
`agreement`, `audit`), suites, cards (`data = "corpus.conll?tag-column=2"`) and the API take a
source: a path, and behind a question mark the options of its format, written as a backend's are.
A file that really has that name wins.

```sh
harness score --gold 'x.conll?tag-column=2' --pred 'x.conll?tag-column=3' --task ner
harness run gazetteer --gold 'export.json?format=labelstudio&annotator=2'
harness validate 'corpus/?format=webanno&layer=custom.Entity'
```

The format is told by the file's content and not by its ending; `format=NAME` says it. As gold, a
source has besides: `labels=PER,ORG,LOC`, types that were looked for though none may occur (a card
says `labels = [...]`), `schema=NAME`, and `name=NAME`, what it is called in tables and folders, so
that two columns of one file can be two gold sets of a run; a gold set with a card has these and
`annotator=NAME`. An option that a format does not have is an error that names those it has.
`convert` has the options of a single file as flags too, and takes several sources for one output.

## Many files, compressed files, URLs

A source may be many files that are one set, `.gz`, `.bz2`, `.xz` and `.zst`, and a URL, in every
command and in a card's `data`:

```sh
harness validate parts
harness score --gold 'parts/*.jsonl' --pred P.jsonl --task ner
harness run gazetteer --gold 's3://bucket/gold/part-*.jsonl.zst?remote-timeout=60'
harness score --gold https://host.example/gold.conll.gz --pred P.jsonl --task ner
```

**Many files** are a pattern in quotes with `*`, `[...]` or `**`, or a folder whose files have one
name and are numbered from 0 or 1 (`part-00000.jsonl`, `train-00001-of-00004.jsonl`). Other files
of a folder may be alternatives, such as `train` and `test`: a pattern says that they belong
together. A folder that a format claims (texts with `.ann`, Parquet, a card, ...) stays what it is.
Files are read in the order of their names, with the records and the digest of one file that holds
all of them: documents without ids are numbered on, the tag scheme is told from all files together,
losses are summed. An id that comes in two files is an error that names both places; all files are
of one format, with the same columns; an empty one is fine, as are names that begin with `.` or `_`
(`_SUCCESS`), which are left out. The set is called after the folder, or what the pattern begins
with.

**Compressed files** are told by their content and read as they are unpacked: memory holds a line.
One with a line of more than 512 MiB is refused, and so are broken ones and those that are cut off.
`.zst` needs `pip install 'nlp-harness[zstd]'`, or Python 3.14. Nothing is written compressed, or
behind a URL. Brat and other formats of several kinds of files are read from this machine alone.

**URLs**: `https://` and `http://` need nothing; `s3://`, `gs://`, `hf://datasets/...` and whatever
else fsspec knows need `pip install 'nlp-harness[remote]'` and the package of the protocol (s3fs,
gcsfs), which an error names (exit status 2, as for whatever a format lacks); credentials are given
as that package takes them. Folders and patterns
work where the protocol can list files; a web server cannot. Each file is copied once, piece by
piece, to the folder for temporary files (`$TMPDIR`), and is gone when the command ends: a run goes
through its gold several times, and all passes read the same copy, whatever becomes of the object
meanwhile. One that changes while it is copied is an error; who opens it anew, as another command
does, reads what is there then, and the gold's digest tells. Nothing waits without end: after 30
seconds without a byte a URL is given up, or after `?remote-timeout=SECONDS`.

A URL may have a query of its own. What stands behind its *last* `?` is options if all of it is
options that there are; else it belongs to the URL. So `https://h/x?sig=1?scheme=IOB2` has an
option, and a `?` at the very end says that there is none: `https://h/x?format=json?`.

Passwords, and the values of a URL's query but for versions (`versionId`, `generation`, `revision`,
`ref`), are not in records, pages or messages: `REDACTED` stands there. With `--executor` the
processes of shards are told them, by a pipe or through Ray. A record whose gold needs
them cannot find it again by itself: give `--gold`. Other URLs are asked again where a command needs
a record's gold, as when somebody else's record is opened.

## Nothing is lost in silence

Whatever a reader leaves out or changes is counted, by message: `convert` and `score` say it on
stderr, `validate` as findings, `run`, `report`, `compare`, `check` and `choose` below their
tables, and the record keeps it (`gold[].losses`). A faulty span is an error that names file and
line, and `validate` lists all of them; where a format has `faulty=leave-out`, it is left out
instead, and counted.

Nested entities are kept wherever the format has them, and are a warning of `validate`;
discontinuous ones (brat, WebAnno, BioC, ...) are kept as they are: one is not equal to the span
that covers its gaps too.

## Tags

Tags may be IOB1, IOB2, IOE1, IOE2, BIOES, BILOU, BMEWO, or have no letter at all (IO: `PER`,
`O`); the letter may stand behind (`PER-B`), or alone where there is one type (`B`, `I`, `O`; the
type is then called `_`). The scheme is told from the whole file, and of gold and predictions from
both together; `score` prints it, and it is in the signature (`src:gold=IOB2,pred=IOB2`). Where no
scheme fits, the error says where, and `repair=conlleval` (a tag that cannot continue begins an
entity, as the CoNLL script reads it) or `repair=discard` (what seqeval's strict mode reads)
decides: the choice alone moves F1 by points.

Columns are counted from 0. The token is the first one, or the second where the first counts 1, 2,
3 in every sentence; the tags are the last column that holds tags; `convert` says which were read,
and `token-column`, `tag-column` change them. Several tag columns (`tag-column=2,3`) are nested
entities. Files that are not UTF-8 (CoNLL-2002 as published) are read with `encoding=latin-1` or
`encoding=cp1252`. A prefix `en:` before every token (WikiANN), or its place in a word behind it
(Weibo), is cut off and counted. A line with `#` before a sentence is a comment where it is no
row; `# newdoc` begins a document, as `-DOCSTART-` does.

A file's tokens are kept: they go into JSON lines, come back out as they were, and `score --as`
asks other scorers on them. Tokens are joined by single spaces, in scripts without spaces
(Chinese, Japanese, Thai, Lao, Khmer, Burmese) by none. A text without tokens is cut into words
and punctuation, in those scripts into characters, and never at an annotation: two layers of one
text get the same tokens. What begins or ends inside a token is widened to it, and counted. A
line break ends a sentence unless it is inside an entity, which is counted: of texts with such
entities two layers may differ in where sentences end, so let both come from one file of tokens.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """All of it."""
    rows = [
        f"| [`{item.name}`](#{item.name}) | {item.summary} | {'yes' if item.writes else 'no'} |"
        for item in FORMATS.values()
    ]
    table = ["## The formats", "", "| format | what it is | written |", "|---|---|---|", *rows, ""]
    return "\n".join([HEAD, *table, *map(_section, FORMATS.values())])


def _section(item: Format) -> str:
    lines = [f"### {item.name}", "", f"{item.summary[0].upper()}{item.summary[1:]}.", ""]
    lines += ["```", *item.example.rstrip("\n").split("\n"), "```", ""]
    if item.loses:
        lines += [f"Reading leaves out: {item.loses}.", ""]
    lines += [f"Writing keeps: {item.holds}." if item.writes else "It is read, not written.", ""]
    for title, flags in (("reading", item.options), ("writing", item.write_options)):
        lines += _options(title, flags)
    return "\n".join(lines)


def _options(title: str, flags: tuple[Flag, ...]) -> list[str]:
    if not flags:
        return []
    return [
        f"Options of {title}:",
        "",
        *(f"* `{spelled(flag)}`: {explained(flag)}" for flag in flags),
        "",
    ]


if __name__ == "__main__":
    main()
