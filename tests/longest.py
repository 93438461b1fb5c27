"""Long texts that are hard on rules: one function for each kind, given how many characters.

Whatever has to look back, or on to the end, at every mark, verb or name takes the square of their
number here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path

SEEDS = Path(__file__).parent.parent / "seeds"


def articles(size: int) -> list[str]:
    """The seed articles, again and again, until they have so many characters."""
    every = [path.read_bytes().decode() for path in sorted(SEEDS.glob("*.txt"))]
    return list(islice(cycle(every), 1 + len(every) * size // sum(map(len, every))))


def _prose(size: int) -> str:
    return _filled(" ".join(" ".join(articles(size)).split()) + " ", size)


def _filled(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def _kinds() -> dict[str, Callable[[int], str]]:
    units = {
        "quotations": "“We will vote in May,” Jane Roe said. ",
        "straight quotations": '"We will vote in May," he said. ',
        "quotations without words": "“We will all vote in May.” ",
        "scare quotes": "the “so-called” plan and the “new way” of it ",
        "single quotations": "‘We will vote in May,’ Jane Roe said. ",
        "straight single quotations": "'We will vote in May,' Jane Roe said. ",
        "plural possessives": "the 'voters' rights of the states' courts ",
        "reports": "He said that she said that they said that ",
        "said": "said ",
        "Said": "Said ",
        "he said": "he said ",
        "said he": "said he ",
        "capitals": "Abc ",
        "all capitals": "ABC ",
        "names": "Jane Roe ",
        "two names": "Jane Roe and John Smith met. ",
        "titles": "Mr Smith Sen. Jones ",
        "surnames": "Smith ",
        "initials": "J. ",
        "titled": "Mr. ",
        "sentences": "He left. ",
        "short sentences": "A. b. ",
        "paragraphs": "He left.\n",
        "quoted paragraphs": "“We will vote in May,” Jane Roe said.\n",
        "unbalanced paragraphs": "“We will all vote in May.\n",
        "straight unbalanced paragraphs": '"We will all vote in May.\n',
        "single unbalanced paragraphs": "‘We will all vote in May.\n",
        "closing paragraphs": "We will all vote in May.”\n",
        "labels": "Roe: We will all vote in May.\n",
        "empty lines": "\n",
        "lines of Windows": "\r\n",
        "spaces": " ",
        "no-break spaces": "\u00a0",
        "tabs": "\t",
        "letters": "a",
        "capital letters": "A",
        "accents": "e\u0301",
        "digits": "1",
        "digits and commas": "1,",
        "numbers": "1 ",
        "grouped numbers": "1,000 million ",
        "days": "Monday ",
        "measures": "6'2\" ",
        "commas": ",",
        "commas between": "a, ",
        "colons": ": ",
        "full stops": ".",
        "question marks": "?!",
        "ellipses": "… ",
        "brackets": "(",
        "closing brackets": ")",
        "pairs of brackets": "()",
        "hyphens": "-",
        "hyphens between": "a-",
        "dashes": "—",
        "slashes": "/",
        "apostrophes": "'",
        "curly apostrophes": "’",
        "apostrophes between": "a'",
        "spaced apostrophes": "' ",
        "word apostrophes": "s' a ",
        "opening words": "“a ",
        "opening single words": "‘a ",
        "straight single words": "'a ",
        "closing words": "a” ",
        "turned words": "»a « ",
        "nested": "“a ‘b ",
        "emoji": "😀",
    }
    units |= {f"marks {mark}": mark for mark in '"“”„‟«»″＂〝〞〟「」『』｢｣‘‚‛‹›＇`'}
    units |= {f"spaced marks {mark}": f"{mark} " for mark in '"“”„«»″「」‘‚‹›`'}
    units |= {f"marks {pair}": pair for pair in ("“”", "”“", "«»", "‘’", "``''", "''", ",,", "‚‚")}
    units |= {
        "one sentence of quotations": "“We go on,” he said, ",
        "quotations around": "“We go on,” he said, “and on,” he added, “and on” and ",
        "colons before quotations": "Roe said: “we all go on” ",
        "labels in a row": "Roe: “We all go on” ",
        "straight ones in a row": '"we go on" says Roe ',
        "relatives": "the man who said that ",
        "according": "according to Roe ",
        "claims": "the claim that his promise to ",
        "and": "he said and she said and ",
        "lists": "Roe, Smith, Jones, ",
        "I": "“I said I think I know” ",
    }
    return {"prose": _prose} | {name: partial(_filled, unit) for name, unit in units.items()}


KINDS = _kinds()
