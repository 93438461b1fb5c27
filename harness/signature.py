"""One line that names everything which changes a score.

    ner|gold:seeds@1#a93f01c2|schema:ontonotes5|proj:none|match:strict|boundary:raw|avg:micro|match-alg:optimal|n:5d|v:0.3.0

The idea is sacrebleu's: a number without its signature cannot be compared with another. Two
numbers may be compared when their signatures are equal, apart from `v`, the tool's version.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from urllib.parse import quote, unquote

from harness import __version__
from harness.annotation import TASKS, Task
from harness.errors import InputError, NotComparable

__all__ = ["Signature", "check_comparable", "diff"]

# Printed key -> field, in printed order. `task` and the gold set come first, without this table.
_KEYS = {
    "schema": "schema",
    "proj": "projection",
    "match": "match",
    "boundary": "boundary",
    "avg": "average",
    "match-alg": "matching",
    "n": "documents",
    "v": "version",
}
# Left readable; what separates the fields, or the gold set's own parts, is escaped.
_READABLE = "/.,+>*=()[]!$&;~ '"
_READABLE_IN_FIELDS = _READABLE + "@#:"


@dataclass(frozen=True, slots=True)
class Signature:
    """`str()` prints it, `Signature.parse` reads it back; the two are inverse."""

    task: Task
    gold: str
    """The gold set's name."""
    gold_version: str
    gold_digest: str
    """First eight hexadecimal digits of the digest over texts and annotations."""
    documents: int
    """Documents scored, failed ones included: they count as all-missed."""
    schema: str = "none"
    """Label schema in which gold and predictions were compared; `none` for attribution."""
    projection: str = "none"
    """How the labels came to `schema`: `gold>schema` and `backend>schema`, or `none`."""
    match: str = "strict"
    boundary: str = "raw"
    average: str = "micro"
    matching: str = "optimal"
    """One-to-one matching of maximum weight."""
    version: str = __version__

    def __str__(self) -> str:
        name, version = (quote(part, safe=_READABLE) for part in (self.gold, self.gold_version))
        gold = f"{name}@{version}#{self.gold_digest[:8]}"
        parts = [self.task, f"gold:{gold}"]
        for key, name in _KEYS.items():
            value = getattr(self, name)
            shown = f"{value}d" if name == "documents" else quote(value, safe=_READABLE_IN_FIELDS)
            parts.append(f"{key}:{shown}")
        return "|".join(parts)

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a printed signature. Raises `InputError` that names the part that is wrong."""
        task, *parts = text.strip().split("|")
        if task not in TASKS:
            raise _wrong(text, f"task {task!r}, expected one of {', '.join(TASKS)}")
        values: dict[str, str] = {}
        for part in parts:
            key, colon, value = part.partition(":")
            if not colon or key in values or (key != "gold" and key not in _KEYS):
                raise _wrong(text, f"part {part!r}")
            values[key] = value
        missing = [key for key in ("gold", *_KEYS) if key not in values]
        if missing:
            raise _wrong(text, f"no {missing[0]!r}")
        name, at, rest = values.pop("gold").partition("@")
        version, hash_, digest = rest.partition("#")
        count = values.pop("n")
        if not at or not hash_:
            raise _wrong(text, "gold set without @version#digest")
        if not count.endswith("d") or not count[:-1].isdecimal():
            raise _wrong(text, f"n:{count}, expected a number of documents such as n:5d")
        return cls(
            task=task,
            gold=unquote(name),
            gold_version=unquote(version),
            gold_digest=digest,
            documents=int(count[:-1]),
            **{_KEYS[key]: unquote(value) for key, value in values.items()},
        )

    def but(self, *, match: str | None = None, average: str | None = None) -> Signature:
        """The same count read under another match mode or average."""
        return replace(self, match=match or self.match, average=average or self.average)


def diff(left: Signature, right: Signature, *, version: bool = False) -> list[tuple[str, str, str]]:
    """`(field, left, right)` for every field that differs, in the signature's own order.

    The tool's version is left out unless asked for: it is worth a remark, not a refusal.
    """
    names = [field.name for field in fields(Signature) if version or field.name != "version"]
    return [
        (name, str(getattr(left, name)), str(getattr(right, name)))
        for name in names
        if getattr(left, name) != getattr(right, name)
    ]


def check_comparable(left: Signature, right: Signature) -> None:
    """Raise `NotComparable`, naming the first field that differs, unless the two agree."""
    differences = diff(left, right)
    if differences:
        name, one, other = differences[0]
        raise NotComparable(
            f"the two were not counted the same way: {name.replace('_', ' ')} is {one!r} in one "
            f"and {other!r} in the other\n  {left}\n  {right}"
        )


def _wrong(text: str, what: str) -> InputError:
    return InputError(
        f"not a signature: {what}",
        hint=f"found {text[:200]!r}; expected ner|gold:NAME@VERSION#DIGEST|schema:...|n:5d|v:...",
    )
