"""One line that names everything which changes a score.

    ner|gold:seeds@1#a93f01c2|schema:ontonotes5@1|proj:none|match:strict|boundary:raw|n:5d|v:0.4.0

The idea is sacrebleu's: a number without its signature cannot be compared with another. The middle
fields are the task's own. Two numbers may be compared when their signatures are equal, apart from
`v`, the tool's version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from harness import __version__
from harness.coding import whole_number
from harness.errors import InputError

__all__ = ["DECLARED", "READ_AS", "TOKENS", "Signature", "diff"]

DECLARED = "also"
"""The field of types that are scored though the gold has none of them, since a schema or labels
were stated. Signatures of versions before 0.7 do not say it."""

TOKENS = "tokens"
"""The field of the tokens that the gold's files have, where scores of tokens use them: no digest
of the gold has them."""

READ_AS = "src"
"""The field that says how files were read where that changes a score: the scheme of their tags,
what became of faulty ones. Whether the gold is the same its digest says."""

# Left readable; what separates the fields, or the gold set's own parts, is escaped.
_READABLE = "/.,+>*=()[]!$&;~ '"
_READABLE_IN_FIELDS = _READABLE + "@#:"
# Fields that versions before 0.4 wrote with the only value that they ever had.
_FORMER = {"avg": "micro", "match-alg": "optimal"}
_FORMER_OF_RELATIONS = {"schema": "none", "proj": "none", "match": "found50", "boundary": "none"}
_NAMES = {"proj": "projection"}


@dataclass(frozen=True, slots=True)
class Signature:
    """`str()` prints it, `Signature.parse` reads it back; the two are inverse."""

    task: str
    gold: str
    """The gold set's name."""
    gold_version: str
    gold_digest: str
    """First eight hexadecimal digits of the digest over texts and annotations."""
    documents: int
    """Documents scored, failed ones included: they count as all-missed."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What else changes the count, by the task: for labels `schema` (where both sides were
    compared) and `proj` (how they came there); `prompts` of backends that are told what to look
    for; then its options."""
    version: str = __version__

    @property
    def schema(self) -> str:
        """The label schema in which both sides were compared; `none` where there is none."""
        return self.fields.get("schema", "none")

    @property
    def projection(self) -> str:
        """How the labels came to `schema`; `none` where nothing changed."""
        return self.fields.get("proj", "none")

    def __str__(self) -> str:
        name, version = (quote(part, safe=_READABLE) for part in (self.gold, self.gold_version))
        parts = [self.task, f"gold:{name}@{version}#{self.gold_digest[:8]}"]
        parts += [
            f"{key}:{quote(value, safe=_READABLE_IN_FIELDS)}" for key, value in self.fields.items()
        ]
        return "|".join((*parts, f"n:{self.documents}d", f"v:{self.version}"))

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a printed signature. Raises `InputError` that names the part that is wrong."""
        task, *parts = text.strip().split("|")
        if not task or ":" in task:
            raise _wrong(text, f"task {task!r}")
        values: dict[str, str] = {}
        for part in parts:
            key, colon, value = part.partition(":")
            if not key or not colon or key in values:
                raise _wrong(text, f"part {part!r}")
            values[key] = value
        for key in ("gold", "n", "v"):
            if key not in values:
                raise _wrong(text, f"no {key!r}")
        name, at, rest = values.pop("gold").partition("@")
        version, hash_, digest = rest.partition("#")
        count = values.pop("n")
        if not at or not hash_:
            raise _wrong(text, "gold set without @version#digest")
        try:
            documents = whole_number(count[:-1] if count.endswith("d") else "")
        except ValueError:
            raise _wrong(text, f"n:{count}, expected a number of documents such as n:5d") from None
        projection, told, prompts = values.get("proj", "").partition(",prompts=")
        if told:  # So versions before 0.5 wrote it; the field stands directly behind.
            first = {"schema": values.pop("schema", "none"), "proj": projection, "prompts": prompts}
            values = first | {key: value for key, value in values.items() if key != "proj"}
        former = _FORMER | (_FORMER_OF_RELATIONS if values.get("match") == "found50" else {})
        tool = unquote(values.pop("v"))
        return cls(
            task=task,
            gold=unquote(name),
            gold_version=unquote(version),
            gold_digest=digest,
            documents=documents,
            fields={
                key: unquote(value) for key, value in values.items() if former.get(key) != value
            },
            version=tool,
        )

    def but(self, **fields: str) -> Signature:
        """The same count with other values of some of its fields."""
        return replace(self, fields={**self.fields, **fields})


def diff(left: Signature, right: Signature) -> list[tuple[str, str, str]]:
    """`(field, left, right)` for every field that differs, in the signature's own order.

    The tool's version, and how files were read, are left out: they are worth a remark, not a
    refusal.
    """
    sides = [_flat(side) for side in (left, right)]
    unsaid = any(_is_older(side.version) for side in (left, right))
    for side in sides:
        side.pop(READ_AS, None)
        if unsaid:
            side.pop(DECLARED, None)
    names = dict.fromkeys((*sides[0], *sides[1]))
    return [
        (_NAMES.get(name, name.replace("_", " ")), one, two)
        for name in names
        if (one := sides[0].get(name, "none")) != (two := sides[1].get(name, "none"))
    ]


def _is_older(version: str) -> bool:
    """Whether it is of a version that does not say which types were declared."""
    return bool(re.match(r"0\.[0-6](\.|$)", version))


def _flat(signature: Signature) -> dict[str, str]:
    return {
        "task": signature.task,
        "gold": signature.gold,
        "gold_version": signature.gold_version,
        "gold_digest": signature.gold_digest,
        "documents": str(signature.documents),
        **signature.fields,
    }


def _wrong(text: str, what: str) -> InputError:
    return InputError(
        f"not a signature: {what}",
        hint=f"found {text[:200]!r}; expected ner|gold:NAME@VERSION#DIGEST|schema:...|n:5d|v:...",
    )
