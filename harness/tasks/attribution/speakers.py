"""Whether two speaker names mean the same speaker. The rules:

1. Words: letters, marks and numbers of every script, NFKC and case folded. Vowel signs and accents
   count; format characters (joiners, direction marks, soft hyphens) do not. Apostrophes and
   hyphens stay inside words. "The" in front, a genitive at the end and punctuation go.
2. Titles and offices beside a name go: all up to the last title in front that a name follows
   ("NATO Secretary General Jens Stoltenberg"), and what has a title behind a comma ("Jens
   Stoltenberg, head of NATO"). Words that are surnames too (king, judge, major, ...) are titles
   only in front or behind another title.
3. What is left must be a name: no title, organisation or place. So offices stay whole, and
   "Prime Minister", "Vice President", "King County" or "Justice Department" mean themselves only.
4. A person's last name, with its particles or without, is the whole name, whichever side has it,
   if no other gold speaker of the document ends in it. For persons only: by form and by the word
   lists in `data/`, a name of two to five words that has and ends in nothing of an organisation or
   a place ("China" is not "Air China", "Labour" not "New Labour"). "The King" is no last name.
5. Academic suffixes go. Jr., Sr., II, ... may be missing on one side, unless another gold speaker
   has the same name without them; two different ones are two persons.
6. An alias table resolves other names first. An alias that two canonical names share means
   neither.
7. Several speakers are joined by ";": all must be named, and nobody else, in any order. "Unknown"
   and the empty name are nobody, who matches nobody.

Deliberately not matched, so that the alias table must say it: a last name that is also a place, an
organisation or a common noun ("Jordan" for Jim Jordan, "Fox" for Vicente Fox); first names, and
the first of two last names; family names that come first ("Xi"); last names in other scripts
than Latin, for which there are no word lists; nicknames, initials, acronyms, other spellings and
missing accents. Never by substring: "Ann" is not "Annette".
"Mr. Roe" and "Mrs. Roe" are both "Roe".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.tasks.attribution.persons import is_name, last_names, without_generation
from harness.tasks.attribution.titles import is_word_with_article, normalise_name

__all__ = ["Speakers"]


class Speakers:
    """The gold speakers of one document, and the names that they go by."""

    __slots__ = ("_aliases", "_by_base", "_by_last_word")

    def __init__(
        self,
        gold: Iterable[str | None],
        aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`gold`: the speakers of all gold relations; `aliases`: canonical name to other names."""
        targets: dict[str, set[str]] = {}
        for canonical, others in (aliases or {}).items():
            target = normalise_name(canonical)
            for other in (canonical, *others):
                targets.setdefault(normalise_name(other), set()).add(target)
        self._aliases = {
            alias: next(iter(names)) for alias, names in targets.items() if len(names) == 1
        }
        self._by_base: dict[str, set[str]] = {}
        self._by_last_word: dict[str, set[str]] = {}
        for name in set(gold):
            for holder in self._holders(name):
                base, _ = _split(holder)
                self._by_base.setdefault(base, set()).add(holder)
                self._by_last_word.setdefault(base.rsplit(" ", 1)[-1], set()).add(holder)

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
        offices = self._offices(gold) | self._offices(predicted)
        rest = [name for name in theirs if name not in equal]
        for name in ours:
            if name in equal:
                continue
            partner = next((other for other in rest if self._same(name, other, offices)), None)
            if partner is None:
                return False
            rest.remove(partner)
        return True

    def agree(self, gold: str | None, predicted: str | None) -> bool:
        """Whether both name the same speaker, or both nobody."""
        nobody = not self._holders(gold)
        return nobody == (not self._holders(predicted)) and (nobody or self.match(gold, predicted))

    def _offices(self, name: str | None) -> set[str]:
        """Names with an article: "the King" is not the last name of Stephen King."""
        parts = [part for part in (name or "").split(";") if is_word_with_article(part)]
        return {normalise_name(part) for part in parts} - self._aliases.keys()

    def _same(self, gold: str, predicted: str, offices: set[str]) -> bool:
        """Whether two different normal names are one person, and no other gold speaker."""
        (ours, our_suffix), (theirs, their_suffix) = _split(gold), _split(predicted)
        if our_suffix and their_suffix and our_suffix != their_suffix:
            return False
        if ours == theirs:
            return self._by_base.get(ours) == {gold} and is_name(ours.split())
        long, short = (ours, theirs) if " " in ours and len(ours) > len(theirs) else (theirs, ours)
        last_word = short.rsplit(" ", 1)[-1]
        return (
            short in last_names(long)
            and not {gold, predicted} & offices
            and self._by_last_word.get(last_word) == {gold}
        )


def _split(name: str) -> tuple[str, str]:
    words, suffix = without_generation(name.split())
    return " ".join(words), suffix
