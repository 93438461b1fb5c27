"""Random gold and predictions for the test that all paths to a number agree (test_two_paths.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st

from harness.annotation import KINDS, Annotations, Attribution, Entity, Record, Span, TaskName
from harness.formats import jsonl
from harness.tasks.registry import task_named

WORDS = (
    "Ada",
    "Roe",
    "the",
    "EU",
    "Peru's",
    "Oslo",
    "“We",
    "go”",
    "said",
    "U.N.",
    "é😀",
    "Monday.",
)
BREAKS = ("\n", "\n\n", "\r\n", " \n\t\n")
LABELS = {
    "ontonotes": ("PERSON", "ORG", "GPE", "LOC", "FAC", "DATE", "NORP"),
    "conll": ("PER", "ORG", "LOC", "MISC"),
    "house": ("PER", "LOC", "DATE"),
    "wizards": ("PER", "WIZARD"),
    "spelled": ("person", "Organization", "Per", "location", "gpe", "date", "MAGE"),
}
STRAY = ("WIZARD", "GPE", "MISC", "politician", "PRODUCT")
CARDS = ("", "ontonotes5", "conll03", "per-org-loc", "guild")
"""What a card may state as its schema; nothing, or one that lies beside it."""
SPEAKERS = ("Ada Roe", "Roe", "she", "Bo Li", "Ada Roe; Bo Li")
ALIASES = {"Ada Roe": ("she", "the chair"), "Bo Li": ("Li",)}

_GUILD = """name = "guild"
version = "1"
[labels]
PER = "people"
LOC = "places"
WIZARD = "people who do magic"
[aliases]
MAGE = "WIZARD"
"""
_GUILD_TO_CONLL = """from = "guild"
to = "conll03"
version = "1"
[labels]
PER = "PER"
LOC = "LOC"
WIZARD = "PER"
"""


@dataclass(frozen=True)
class Material:
    """Gold, and what a backend said: rows of a predictions file."""

    task: TaskName
    gold: tuple[Record, ...]
    said: tuple[Record, ...]
    """Rows may be missing; one with an `error` may hold spans that do not count."""
    stated: str | None
    """The schema that a card states; `None`: a bare file, without a card."""

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The gold, bare or with its card, and the file of predictions."""
        predictions, gold = folder / "said.jsonl", folder / "gold.jsonl"
        jsonl.write(predictions, self.said)
        if self.stated is None:
            jsonl.write(gold, self.gold)
            return gold, predictions
        gold = folder / "carded"
        gold.mkdir(exist_ok=True)
        jsonl.write(gold / "gold.jsonl", self.gold)
        card = ['name = "carded"', 'version = "3"', f'tasks = ["{self.task}"]']
        card += ['data = "gold.jsonl"', f'schema = "{self.stated}"' if self.stated else ""]
        card += ["[aliases]", *(f'"{name}" = {list(other)}' for name, other in ALIASES.items())]
        (gold / "goldset.toml").write_text("\n".join(card), "utf-8")
        for name, text in (("guild", _GUILD), ("guild--conll03", _GUILD_TO_CONLL)):
            (gold / f"{name}.toml").write_text(text, "utf-8")
        return gold, predictions

    @property
    def answers(self) -> dict[str, Record]:
        """What was said of documents that the gold annotates; without those that failed."""
        layer = task_named(self.task).layer
        annotated = {r.id for r in self.gold if r.annotations.layer(layer) is not None}
        return {r.id: r for r in self.said if r.id in annotated and r.error is None}

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that occur in what counts of the predictions."""
        rows = (row.annotations.entities or () for row in self.answers.values())
        return tuple(sorted({entity.label for row in rows for entity in row}))


def material(task: TaskName, *, carded: bool) -> st.SearchStrategy[Material]:
    """Some documents with a backend's answers; one document at least was answered."""
    return _materials(task, st.sampled_from(CARDS) if carded else st.none())


@st.composite
def _materials(draw: st.DrawFn, task: TaskName, stated: st.SearchStrategy[str | None]) -> Material:
    worlds = st.sampled_from(sorted(LABELS))
    known, other = LABELS[draw(worlds)], LABELS[draw(worlds)]
    golds, said = [], []
    for number in range(draw(st.integers(1, 4))):
        text = draw(_texts())
        if task == "ner":
            gold, found = draw(_entities(text, known, other))
            layers, answer = Annotations(gold), Annotations(found)
        else:
            relations, answers = draw(_relations(text))
            layers, answer = Annotations(None, relations), Annotations(None, answers)
        ignore = [draw(_spans(text))] if text and draw(_seldom()) else []
        fate = draw(st.sampled_from(("said", "said", "said", "missing", "error", "blank error")))
        annotated = not golds or not draw(_seldom())
        golds.append(
            Record(f"d{number}", text, layers if annotated else Annotations(), tuple(ignore))
        )
        if fate == "missing" and number:
            continue
        failed = number and fate.endswith("error")
        if task == "ner" and text and (failed or not annotated):  # Labels that must not count.
            answer = replace(answer, entities=(*found, Entity(0, 1, draw(st.sampled_from(STRAY)))))
        row = Record(f"d{number}", text if draw(st.booleans()) else None, answer)
        if failed:
            row = replace(row, error="it broke")
        if failed and fate == "blank error":
            row = replace(row, annotations=Annotations())
        said.append(row)
    order = draw(st.permutations(said))
    return Material(task, tuple(golds), tuple(order), draw(stated))


def _seldom() -> st.SearchStrategy[bool]:
    return st.sampled_from((False, False, False, True))


@st.composite
def _texts(draw: st.DrawFn) -> str:
    least = 0 if draw(_seldom()) else 3
    words = st.lists(st.sampled_from(WORDS), min_size=least, max_size=6)
    paragraphs = draw(st.lists(words, min_size=least // 3, max_size=4))
    pause = draw(st.sampled_from(BREAKS))
    return pause.join(" ".join(words) for words in paragraphs)


def _spans(text: str) -> st.SearchStrategy[Span]:
    """Mostly words and what lies between their edges: edges of paragraphs, and across them."""
    if not text:
        return st.nothing()
    cuts = sorted({0, len(text), *(cut for m in re.finditer(r"\S+", text) for cut in m.span())})
    near = [Span(a, b) for i, a in enumerate(cuts) for b in cuts[i + 1 : i + 5]]
    return st.sampled_from(near) | st.builds(
        lambda start, length: Span(start, min(len(text), start + length)),
        st.integers(0, len(text) - 1),
        st.integers(1, 9),
    )


@st.composite
def _entities(
    draw: st.DrawFn, text: str, known: Sequence[str], other: Sequence[str]
) -> tuple[tuple[Entity, ...], tuple[Entity, ...]]:
    def some(labels: Sequence[str], most: int) -> list[Entity]:
        one = st.builds(
            lambda span, label, score: Entity(*span, label, score),
            _spans(text),
            st.sampled_from(labels),
            st.sampled_from((None, None, 0.5, 0.9)),
        )
        return draw(st.lists(one, max_size=most if text else 0))

    gold, found = some(known, 5), some(other, 3)
    for entity in gold:
        change = draw(st.sampled_from(("keep", "keep", "lose", "label", "spell", "edge", "twice")))
        if change == "lose":
            continue
        if change == "label":
            entity = entity._replace(label=draw(st.sampled_from(other)))
        elif change == "spell":
            entity = entity._replace(label=entity.label.lower())
        elif change == "edge" and entity.end - entity.start > 1:
            entity = entity._replace(start=entity.start + 1)
        found += [entity] * (2 if change == "twice" else 1)
    return tuple(gold), tuple(found)


@st.composite
def _relations(
    draw: st.DrawFn, text: str
) -> tuple[tuple[Attribution, ...], tuple[Attribution, ...]]:
    spans = _spans(text)
    role, speaker = st.none() | spans, st.sampled_from((None, *SPEAKERS))
    kind = st.none() | st.sampled_from(KINDS)
    content = st.lists(spans, min_size=1, max_size=3).map(lambda parts: tuple(sorted(parts)))
    one = st.builds(Attribution, content, role, role, kind, speaker)

    def some(most: int) -> list[Attribution]:
        return draw(st.lists(one, max_size=most if text else 0))

    gold, found = some(4), some(2)
    for item in gold:
        change = draw(
            st.sampled_from(("keep", "lose", "source", "cue", "speaker", "part", "twice"))
        )
        if change == "lose":
            continue
        if change in ("source", "cue"):
            item = replace(item, **{change: draw(role)})
        elif change == "speaker":
            item = replace(item, speaker=draw(speaker))
        elif change == "part":
            item = replace(item, content=item.content[:1])
        found += [item] * (2 if change == "twice" else 1)
    return tuple(gold), tuple(found)
