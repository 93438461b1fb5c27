"""Turn local copies of openly licensed corpora into one training set with four labels.

Every source is a public repository; README.md beside this file names repository, commit and
licence. Nothing is downloaded: each argument is a folder or file that is already there, and a
source whose argument is left out is skipped. Output, in the folder given by ``--out``:

* ``train.json`` and ``heldout.json``: ``[{"source", "doc", "tokens", "tags"}, ...]``, one
  object a sentence, tags in BIO over PER, ORG, LOC, MISC;
* ``sources.json``: SHA-256 of every file read, sentences and entities taken from each source.

The held-out part is about a tenth of the documents of each source, chosen by a hash of the
document's name, so that it does not depend on order or on a random generator.
"""

import argparse
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
BLOCK = 25  # corpora without document borders: this many sentences count as one document


class Sentence(NamedTuple):
    source: str
    doc: str
    tokens: list[str]
    tags: list[str]


class Reader:
    """Opens files and remembers their SHA-256."""

    def __init__(self) -> None:
        self.sha256: dict[str, str] = {}

    def text(self, path: Path, source: str) -> str:
        raw = path.read_bytes()
        self.sha256[f"{source}/{path.name}"] = hashlib.sha256(raw).hexdigest()
        return raw.decode("utf-8")


# ---------------------------------------------------------------- the CoNLL-2003 convention


def _demonyms() -> set[tuple[str, ...]]:
    names = set()
    for line in (HERE / "demonyms.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            words = tuple(line.split())
            names |= {words, (*words[:-1], words[-1] + "s")}
    return names - {("Philippines",)}


DEMONYMS = _demonyms()
DETERMINERS = {"the", "a", "an", "this", "its", "his", "her", "their", "our"}
TITLES = {
    *("president", "minister", "prime", "vice", "chancellor", "ambassador", "governor", "gov."),
    *("mr", "mr.", "mrs", "mrs.", "ms", "ms.", "dr", "dr.", "prof", "prof.", "professor"),
    *("senator", "sen.", "congressman", "secretary", "mayor", "general", "gen.", "captain"),
    *("judge", "justice", "sheriff", "officer", "detective", "player"),
}
EDGE = set("\"'`“”‘’,.;:()[]") | {"''", "``", "'s", "’s", "-"}


def to_bio(spans: Iterable[tuple[int, int, str]], length: int) -> list[str]:
    """Tags for token spans ``[start, end)``; of overlapping spans the longest wins."""
    tags = ["O"] * length
    for start, end, label in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        if 0 <= start < end <= length and all(t == "O" for t in tags[start:end]):
            tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


def spans_of(tags: list[str]) -> Iterator[tuple[int, int, str]]:
    """Spans of BIO tags; an I- that continues nothing opens a span (IOB1 is read so too)."""
    start, label = 0, ""
    for i, tag in enumerate([*tags, "O"]):
        if label and tag != f"I-{label}":
            yield start, i, label
            label = ""
        if tag != "O" and not label:
            start, label = i, tag[2:]


def conventional(tokens: list[str], start: int, end: int, label: str) -> tuple[int, int, str]:
    """Drop determiners, titles and edge punctuation; nationalities and religions are MISC."""
    while start < end and (tokens[start].lower() in DETERMINERS or tokens[start] in EDGE):
        start += 1
    while label == "PER" and start < end and tokens[start].lower() in TITLES:
        start += 1
    while end > start and tokens[end - 1] in EDGE and tokens[end - 1] != ".":
        end -= 1
    words = tuple(t for t in tokens[start:end] if t != "-")
    if label in {"LOC", "ORG", "O"} and words in DEMONYMS:
        label = "MISC"
    return start, end, label


def split_hyphens(sentence: Sentence) -> Sentence:
    """Split words at inner hyphens, dashes and slashes, as the tokenisers used later do."""
    tokens, tags = [], []
    for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
        pieces = [token]
        if "://" not in token and not token.startswith(("@", "#", "www.")):
            pieces = [p for p in re.split(r"(?<=\w)([-–—/])(?=\w)", token) if p]
        tokens += pieces
        tags += [tag] + [tag.replace("B-", "I-")] * (len(pieces) - 1)
    return sentence._replace(tokens=tokens, tags=tags)


def join_initials(sentence: Sentence) -> Sentence:
    """ "U . S ." -> "U.S.", as running text has it; only inside one span and before more text."""
    tokens: list[str] = []
    tags: list[str] = []
    for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
        inside = tag[:1] == "I" or (tag == "O" and tags[-1:] == ["O"])
        previous = tokens[-1] if tokens else ""
        dot = token == "." and re.fullmatch(r"(?:[A-Z]\.)*[A-Z]", previous)
        letter = len(token) == 1 and token.isupper() and re.fullmatch(r"(?:[A-Z]\.)+", previous)
        if inside and (dot or letter):
            tokens[-1] += token
        else:
            tokens.append(token)
            tags.append(tag)
    if tokens and len(tokens[-1]) == 2 and tokens[-1][1] == ".":  # "vitamin C." ends a sentence
        tokens[-1:], tags[-1:] = [tokens[-1][0], "."], [tags[-1], "O"]
    return sentence._replace(tokens=tokens, tags=tags)


# ---------------------------------------------------------------- one function per source


def conll_columns(text: str, source: str, *, tag_column: int = -1) -> Iterator[Sentence]:
    """Blank-line separated ``token ... tag`` lines."""
    for number, block in enumerate(re.split(r"\n\s*\n", text.replace("\r\n", "\n"))):
        rows = [line.split() for line in block.split("\n")]
        rows = [row for row in rows if len(row) > 1 and row[0] != "-DOCSTART-"]
        if rows:
            tokens, tags = [row[0] for row in rows], [row[tag_column] for row in rows]
            yield Sentence(source, f"{source}-{number // BLOCK}", tokens, tags)


def relabel(sentence: Sentence, labels: dict[str, str]) -> Sentence:
    spans = [
        conventional(sentence.tokens, start, end, labels[label])
        for start, end, label in spans_of(sentence.tags)
        if label in labels
    ]
    return sentence._replace(tags=to_bio(spans, len(sentence.tokens)))


def read_redocred(folder: Path, reader: Reader) -> Iterator[Sentence]:
    for path in sorted(folder.glob("*_revised.json")):
        for number, doc in enumerate(json.loads(reader.text(path, "redocred"))):
            spans: dict[int, set[tuple[int, int, str]]] = {}
            for mention in (m for entity in doc["vertexSet"] for m in entity):
                if mention["type"] in {"PER", "ORG", "LOC", "MISC"}:
                    where = (*mention["pos"], mention["type"])
                    spans.setdefault(mention["sent_id"], set()).add(where)
            for i, tokens in enumerate(doc["sents"]):
                tokens = [t.strip() or "-" for t in tokens]
                found = [conventional(tokens, *s) for s in sorted(spans.get(i, ()))]
                tags = to_bio(found, len(tokens))
                yield Sentence("redocred", f"{path.stem}-{number}", tokens, tags)


CROSSNER = {
    **dict.fromkeys(["person", "writer", "scientist", "researcher", "musicalartist"], "PER"),
    **dict.fromkeys(["country", "location", "astronomicalobject"], "LOC"),
    **dict.fromkeys(["organisation", "university", "band", "magazine", "academicjournal"], "ORG"),
    **dict.fromkeys(["misc", "book", "poem", "event", "award", "album", "song"], "MISC"),
    **dict.fromkeys(["conference", "product", "programlang"], "MISC"),
}  # algorithm, field, genre, task, chemical and the like are no names in CoNLL's sense


def capitalised(sentence: Sentence) -> Iterator[tuple[int, int, str]]:
    """Spans that hold a capital letter; the others ("gas giant") are terms, not names."""
    for start, end, label in spans_of(sentence.tags):
        if any(c.isupper() for token in sentence.tokens[start:end] for c in token):
            yield start, end, label


def read_crossner(folder: Path, reader: Reader) -> Iterator[Sentence]:
    """Four domains, train and dev; politics is left for evaluation, tests are not touched."""
    for domain in ("ai", "literature", "music", "science"):
        for part in ("train", "dev"):
            path = folder / domain / f"{part}.txt"
            for s in conll_columns(reader.text(path, f"crossner-{domain}"), f"crossner-{domain}"):
                s = relabel(s, CROSSNER)._replace(doc=f"{part}-{s.doc}")
                yield s._replace(tags=to_bio(capitalised(s), len(s.tokens)))


def read_wikigold(path: Path, reader: Reader) -> Iterator[Sentence]:
    labels = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "MISC": "MISC"}
    for s in conll_columns(reader.text(path, "wikigold"), "wikigold"):
        yield relabel(s, labels)


def with_demonyms(sentence: Sentence) -> Sentence:
    """Nationalities become MISC in a corpus whose guidelines leave them out."""
    spans = list(spans_of(sentence.tags))
    inside = {i for start, end, _ in spans for i in range(start, end)}
    for i, token in enumerate(sentence.tokens):
        if i not in inside and token[:1].isupper() and (token,) in DEMONYMS:
            spans.append((i, i + 1, "MISC"))
    return sentence._replace(tags=to_bio(spans, len(sentence.tokens)))


WNUT = {
    "person": "PER",
    "location": "LOC",
    "corporation": "ORG",
    "group": "ORG",
    "creative-work": "MISC",
    "product": "MISC",
}


def read_wnut(folder: Path, reader: Reader) -> Iterator[Sentence]:
    for s in conll_columns(reader.text(folder / "wnut17train.conll", "wnut17"), "wnut17"):
        if not any(t.startswith("@") for t in s.tokens):
            yield with_demonyms(relabel(s, WNUT))


def read_btc(folder: Path, reader: Reader) -> Iterator[Sentence]:
    """Tweets with an entity and without user names; section F is the corpus's test part."""
    for section in "abegh":
        text = reader.text(folder / f"{section}.conll", "btc")
        for s in conll_columns(text, "btc"):
            s = relabel(s, {"PER": "PER", "ORG": "ORG", "LOC": "LOC"})
            if any(t != "O" for t in s.tags) and not any(t.startswith("@") for t in s.tokens):
                yield with_demonyms(s)._replace(doc=f"{section}-{s.doc}")


# Genres of GUM whose texts are CC BY according to its LICENSE.txt (the annotations all are).
# Academic ones are left out all the same: their capitalised terms are seldom names.
GUM_GENRES = ("court", "interview", "news")
GUM_TYPES = {"person": "PER", "place": "LOC", "organization": "ORG"}
LINKS = {"of", "for", "and", "&", "the", "de", "la", "del", "van", "von", "in", "'s", "’s"}


def gum_mentions(rows: list[list[str]]) -> Iterator[tuple[int, int, str]]:
    """Mentions ``[start, end)`` with their entity type, from the Entity= key of column 10."""
    stack: list[tuple[int, str, str]] = []
    for i, row in enumerate(rows):
        value = re.search(r"(?:^|\|)Entity=([^|]*)", row[9])
        if not value:
            continue
        for opened, closed in re.findall(r"\(([^()]+\)?)|([^()]+)\)", value.group(1)):
            if opened:
                group, kind = opened.rstrip(")").split("-")[:2]
                if opened.endswith(")"):
                    yield i, i + 1, kind
                else:
                    stack.append((i, group, kind))
            else:
                for k in range(len(stack) - 1, -1, -1):
                    if stack[k][1] == closed:
                        start, _, kind = stack.pop(k)
                        yield start, i + 1, kind
                        break


def gum_name(rows: list[list[str]], start: int, end: int, kind: str) -> tuple[int, int] | None:
    """The proper name inside a mention: the capitalised words that hang on its PROPN head."""
    inside = range(start, end)
    parent = [int(row[6]) - 1 for row in rows]
    heads = [i for i in inside if parent[i] not in inside]
    if len(heads) != 1 or kind == "time":
        return None
    head = heads[0]
    if rows[head][3] != "PROPN":  # "defender Kyle Walker": the name is a flat child of the noun
        flat = [i for i in inside if parent[i] == head < i and rows[i][7] == "flat"]
        if not flat or rows[flat[0]][3] != "PROPN":
            return None
        head = flat[0]

    def capital(i: int) -> bool:
        word, pos = rows[i][1], rows[i][3]
        return (pos in {"PROPN", "ADJ", "NOUN", "VERB"} and word[0].isupper()) or word == "-"

    first = last = head
    while (
        first > start
        and capital(first - 1)
        and first - 1 < parent[first - 1] <= head
        and not rows[first - 1][7].startswith("nmod:desc")
    ):
        first -= 1
    i = head + 1
    while i < end:
        if capital(i) or (rows[i][7] == "flat" and rows[i][1][0].isalnum()):
            last = i
        elif rows[i][1] not in LINKS or kind == "person":
            break
        i += 1
    while rows[first][1] == "-" and first < last:
        first += 1
    while rows[last][1] == "-" and first < last:
        last -= 1
    return first, last + 1


CALENDAR = {
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
}


def unnamed(rows: list[list[str]], tags: list[str]) -> bool:
    """Whether two proper nouns in a row got no label: the conversion missed a name."""
    loose = [
        row[3] == "PROPN" and row[1] not in CALENDAR and tag == "O"
        for row, tag in zip(rows, tags, strict=True)
    ]
    return any(a and b for a, b in itertools.pairwise(loose))


def read_gum(folder: Path, reader: Reader) -> Iterator[Sentence]:
    splits = (folder / "splits.md").read_text(encoding="utf-8")
    parts = re.split(r"^## +(\w+)", splits, flags=re.M)
    test = set(re.findall(r"GUM_\w+", parts[parts.index("test") + 1]))
    for genre in GUM_GENRES:
        for path in sorted((folder / "dep").glob(f"GUM_{genre}_*.conllu")):
            if path.stem in test:
                continue
            for block in reader.text(path, "gum").split("\n\n"):
                rows = [line.split("\t") for line in block.split("\n") if line[:1].isdigit()]
                rows = [row for row in rows if row[0].isdigit()]
                if not rows:
                    continue
                tokens, spans = [row[1] for row in rows], []
                for start, end, kind in gum_mentions(rows):
                    name = gum_name(rows, start, end, kind)
                    if name:
                        spans.append(conventional(tokens, *name, GUM_TYPES.get(kind, "MISC")))
                s = Sentence("gum", path.stem, tokens, to_bio(spans, len(tokens)))
                if not unnamed(rows, s.tags):
                    yield with_demonyms(s)


# ---------------------------------------------------------------- putting it together


def key(tokens: list[str]) -> str:
    return re.sub(r"\W+", "", " ".join(tokens)).casefold()


def held_out(sentence: Sentence) -> bool:
    name = f"{sentence.source}/{sentence.doc}".encode()
    return int(hashlib.sha256(name).hexdigest(), 16) % 10 == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--redocred", type=Path, help="folder data/ of tonytan48/Re-DocRED")
    parser.add_argument("--crossner", type=Path, help="folder ner_data/ of zliucr/CrossNER")
    parser.add_argument("--wikigold", type=Path, help="wikigold.conll.txt")
    parser.add_argument("--wnut", type=Path, help="folder of leondz/emerging_entities_17")
    parser.add_argument("--btc", type=Path, help="folder of GateNLP/broad_twitter_corpus")
    parser.add_argument("--gum", type=Path, help="folder of amir-zeldes/gum")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], metavar="CONLL")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    reader, banned = Reader(), set()
    for path in args.exclude:  # sentences used for evaluation never come into training
        banned |= {key(s.tokens) for s in conll_columns(path.read_text("utf-8"), "excluded")}
    readers = {
        "redocred": read_redocred,
        "crossner": read_crossner,
        "wikigold": read_wikigold,
        "wnut": read_wnut,
        "btc": read_btc,
        "gum": read_gum,
    }
    parts: dict[str, list[dict[str, object]]] = {"train": [], "heldout": []}
    counts: dict[str, Counter[str]] = {}
    seen: set[str] = set()
    for name, read in readers.items():
        if getattr(args, name) is None:
            continue
        for raw in read(getattr(args, name), reader):
            sentence = split_hyphens(join_initials(raw))
            count, code = counts.setdefault(sentence.source, Counter()), key(sentence.tokens)
            if code in banned or code in seen or not code:
                count["left out: duplicate, empty or evaluation sentence"] += 1
                continue
            seen.add(code)
            part = "heldout" if held_out(sentence) else "train"
            parts[part].append(sentence._asdict())
            count[f"{part} sentences"] += 1
            count[f"{part} tokens"] += len(sentence.tokens)
            count.update(f"{part} {t[2:]}" for t in sentence.tags if t.startswith("B-"))
    args.out.mkdir(parents=True, exist_ok=True)
    for part, rows in parts.items():
        text = "[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n]\n"
        (args.out / f"{part}.json").write_text(text, encoding="utf-8")
    summary = {"counts": counts, "sha256": dict(sorted(reader.sha256.items()))}
    (args.out / "sources.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(counts, indent=1))


if __name__ == "__main__":
    main()
