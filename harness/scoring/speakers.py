"""Whether two speaker names mean the same person.

Names are compared after normalisation (NFKC, case folded; a leading article, leading titles and a
trailing possessive off; white space and punctuation evened out), through an alias table where the
gold set has one, and by last name: "Stoltenberg" is "Jens Stoltenberg" if he is the only gold
speaker of the document whose name ends in that word. Never by substring: "Ann" is not "Annette".
Several speakers of one relation are joined by ";": all of them must be named, and nobody else, in
any order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Speakers", "normalise_name"]

_TITLES = frozenset(
    """
    adm admiral ambassador archbishop attorney baron baroness bishop brig brigadier capt captain
    cardinal chairman chairperson chairwoman chancellor chief cmdr col colonel commander
    commissioner congressman congresswoman corporal councillor count countess deputy det detective
    director doctor dr duchess duke emperor empress executive first foreign former gen general gov
    governor hon honorable honourable imam inspector judge justice king lady lieutenant lord lt
    madam madame maj major mayor minister miss mme monsieur mr mrs ms mullah officer pastor pm pope
    premier president prime prince princess prof professor queen rabbi rep representative rev
    reverend sec secretary sen senator sergeant sgt sheikh sheriff sir spokesman spokesperson
    spokeswoman supreme then treasurer vice
    """.split()  # noqa: SIM905
)
# A title before one of these is part of the name of an office or organisation.
_NO_TITLE_BEFORE = frozenset(
    """
    accounting administration affairs and assembly assistance at authority board bureau cabinet
    campaign commission committee council court department electric for group house in institute
    intelligence journal minister's ministry motors of office party police policy president's
    relations secretariat service staff times to union university
    """.split()  # noqa: SIM905
)
_NOBODY = frozenset(("", "unknown"))
_POSSESSIVE = re.compile(r"(?<=\w)(?:['’ʼ]s|(?<=s)['’ʼ])$")
_SEPARATOR = re.compile(r"[^\w'’ʼ-]+|_+")


def normalise_name(name: str) -> str:
    """`name` as it is compared; empty where it names nobody ("", "Unknown").

    "Secretary-General Jens Stoltenberg's" becomes "jens stoltenberg". Titles go from the front
    only, never the last word, and not where they name an office ("Minister of Finance", "Justice
    Department").
    """
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    folded = _POSSESSIVE.sub("", folded)
    words = [
        word
        for part in _SEPARATOR.split(folded)
        if (word := part.strip("'’ʼ-").replace("’", "'").replace("ʼ", "'"))
    ]
    if len(words) > 1 and words[0] == "the":
        del words[0]
    while len(words) > 1 and words[1] not in _NO_TITLE_BEFORE and _is_title(words[0]):
        del words[0]
    joined = " ".join(words)
    return "" if joined in _NOBODY else joined


def _is_title(word: str) -> bool:
    return all(part in _TITLES for part in word.split("-"))


class Speakers:
    """The gold speakers of one document, and the names that they go by."""

    __slots__ = ("_aliases", "_by_last_name")

    def __init__(
        self,
        gold: Iterable[str | None],
        aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`gold`: the speakers of all gold relations; `aliases`: canonical name to other names.

        An alias that two canonical names share means neither.
        """
        targets: dict[str, set[str]] = {}
        for canonical, others in (aliases or {}).items():
            target = normalise_name(canonical)
            for other in (canonical, *others):
                targets.setdefault(normalise_name(other), set()).add(target)
        self._aliases = {
            alias: next(iter(names)) for alias, names in targets.items() if len(names) == 1
        }
        by_last: dict[str, set[str]] = {}
        for name in gold:
            for holder in self._holders(name):
                by_last.setdefault(holder.rsplit(" ", 1)[-1], set()).add(holder)
        self._by_last_name = {
            last: next(iter(names)) for last, names in by_last.items() if len(names) == 1
        }

    def _holders(self, name: str | None) -> list[str]:
        """The people named, normalised and alias-free, each once, sorted."""
        normal = {normalise_name(part) for part in (name or "").split(";")} - {""}
        return sorted({self._aliases.get(part, part) for part in normal})

    def known(self, name: str | None) -> str | None:
        """The normalised, alias-free name; `None` where there is none (an abstention)."""
        return "; ".join(self._holders(name)) or None

    def match(self, gold: str | None, predicted: str | None) -> bool:
        """Whether both name the same speaker; an absent name matches nothing."""
        ours, theirs = self._holders(gold), self._holders(predicted)
        if not ours or len(ours) != len(theirs):
            return False
        equal = set(ours) & set(theirs)
        rest = [name for name in theirs if name not in equal]
        for name in ours:
            if name in equal:
                continue
            found = next((other for other in rest if self._same_last_name(name, other)), None)
            if found is None:
                return False
            rest.remove(found)
        return True

    def _same_last_name(self, gold: str, predicted: str) -> bool:
        """Whether one of two different names is the other's last word, and means nobody else."""
        if " " in gold and " " in predicted:
            return False
        last = predicted.rsplit(" ", 1)[-1]
        return last == gold.rsplit(" ", 1)[-1] and self._by_last_name.get(last) == gold
