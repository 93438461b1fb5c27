"""Writing documents as CoNLL-U, with their white space as it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.annotation import Record, Span
from harness.errors import InputError
from harness.formats.conllu_text import escaped_gap
from harness.formats.files import atomic_writer
from harness.formats.losses import Losses, writable
from harness.formats.tags import written_tags
from harness.formats.tokens import Tokens, own_tokens, sentences

__all__ = ["write_trees"]


def write_trees(
    path: str | Path, records: Iterable[Record], scheme: str, tokens: Tokens, losses: Losses
) -> int:
    """Write `records`; returns how many. Raises `InputError` for what does not fit."""
    count = 0
    with atomic_writer(path) as handle:
        for record, text in writable(records, path):
            if record.id != record.id.strip() or not record.id.isprintable():
                raise InputError(f"a comment cannot hold the document id {record.id!r}")
            handle.write(f"# newdoc id = {record.id}\n")
            spans = [token for token in own_tokens(record, tokens) if token.end > token.start]
            if text and not spans:
                losses["texts without a token: left out"] += 1
                text = ""
            at = 0
            for number, (words, chunks) in enumerate(sentences(record, tokens, losses), 1):
                tags = _tags(record, words, chunks, scheme, losses)
                ends = [*spans[at : at + len(words) + 1], Span(len(text), len(text))]
                comments = f"# sent_id = {record.id}-{number}\n"
                handle.write(comments + _sentence(record, text, words, tags, ends, at == 0))
                at += len(words)
            if not at:
                handle.write("\n")
            count += 1
    return count


def _tags(
    record: Record,
    words: list[str],
    chunks: list[tuple[int, int, str]],
    scheme: str,
    losses: Losses,
) -> list[str] | None:
    if record.annotations.entities is None:
        return None
    for _, _, label in chunks:
        if not label or "|" in label or any(char.isspace() for char in label):
            raise InputError(f"{record.id}: MISC cannot spell the label {label!r}")
    return written_tags(chunks, len(words), scheme, losses)


def _sentence(
    record: Record,
    text: str,
    words: list[str],
    tags: list[str] | None,
    spans: list[Span],
    first: bool,
) -> str:
    """The lines of a sentence; of the spans, one more than there are words is used."""
    start, last = spans[0].start, len(words) - 1
    before = text[spans[0].start - 1 : spans[0].start] if not first else ""
    lines = ["# newpar\n"] if first or before == "\n" else []
    lines.append(f"# text = {text[start : spans[last].end]}".replace("\n", " ") + "\n")
    leading = text[:start] if first else ""
    for index, word in enumerate(words):
        gap = text[spans[index].end : spans[index + 1].start]
        if (gap + leading).strip():
            raise InputError(
                f"document {record.id!r}: {(gap + leading).strip()[:40]!r} is in no token",
                hint="tokens=words cuts the text anew",
            )
        if not word.strip(" \t"):
            raise InputError(
                f"document {record.id!r}: a token of white space alone cannot be written"
            )
        misc = [] if tags is None else [f"NER={tags[index]}"]
        whole = index == last and gap not in ("\n", "")
        misc += [f"SpacesAfter={escaped_gap(gap)}"] if whole else []
        misc += ["SpaceAfter=No"] if not gap else []
        misc += [f"SpacesBefore={escaped_gap(leading)}"] if leading else []
        leading = ""
        lines.append("\t".join([str(index + 1), word, *"_" * 7, "|".join(misc) or "_"]) + "\n")
    return "".join(lines) + "\n"
