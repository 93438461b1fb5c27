"""All paths from the same gold and predictions to a number give the same number.

Labels are settled, documents paired and mentions counted in one place (`harness.results`); here
random gold and predictions go every way that there is, and all counts have to be equal. More of
them, and others each time: `HARNESS_EXAMPLES=500 python -m pytest tests/test_two_paths.py`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from material import Material, material
from ways import (
    REFUSED,
    Question,
    Ways,
    by_command,
    call,
    quick,
    replayed,
    require_equal,
    ways_from_files,
    ways_from_runs,
    ways_of_run,
)

import harness
from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec
from harness.results.load import from_file
from harness.run.options import RunOptions
from harness.run.runner import run
from harness.tasks.ner.options import BOUNDARY_RULES, MATCH_MODES

pytestmark = pytest.mark.slow

SCHEMAS = (None, "conll03", "ontonotes5", "per-org-loc")
EXAMPLES = int(os.environ.get("HARNESS_EXAMPLES", "10"))
matches, boundaries = st.sampled_from(MATCH_MODES), st.sampled_from(BOUNDARY_RULES)
fixed = settings(derandomize=EXAMPLES < 100, deadline=None, max_examples=EXAMPLES, database=None)


@pytest.fixture(scope="module")
def desk() -> Iterator[Path]:
    """A folder in memory where there is such a thing: small files are written by the thousand."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def folder(desk: Path) -> Path:
    return clear(desk)


@pytest.mark.parametrize("carded", [False, True], ids=["bare", "card"])
@pytest.mark.parametrize("schema", SCHEMAS)
def test_entities_are_counted_alike_on_every_path(
    desk: Path, schema: str | None, carded: bool
) -> None:
    @fixed
    @given(material("ner", carded=carded), matches, boundaries, st.booleans())
    def check(one: Material, match: str, boundary: str, large: bool) -> None:
        question = Question("ner", schema, match, boundary)  # type: ignore[arg-type]
        agree(desk, one, question, large)

    check()


@pytest.mark.parametrize("carded", [False, True], ids=["bare", "card"])
def test_attributions_are_counted_alike_on_every_path(desk: Path, carded: bool) -> None:
    @fixed
    @given(material("attribution", carded=carded), st.sampled_from(SCHEMAS), st.booleans())
    def check(one: Material, schema: str | None, large: bool) -> None:
        agree(desk, one, Question("attribution", schema), large)

    check()


def agree(desk: Path, one: Material, question: Question, large: bool) -> None:
    folder = clear(desk)
    path, said = one.write(folder)
    goldset = load_goldset(path)
    with replayed(large=large):
        files = ways_from_files(folder, goldset, said, one.answers, question)
        silent, stating = ways_from_runs(folder, goldset, one.answers, question, one.labels)
    require_equal(files)
    require_equal(silent)
    require_equal(stating)
    if question.task != "ner" or question.schema is not None:
        require_equal(files | silent)
    elif in_own_spelling(goldset, one):
        require_equal(files | silent, but=("signature",))


def clear(desk: Path) -> Path:
    shutil.rmtree(folder := desk / "work", ignore_errors=True)
    folder.mkdir()
    return folder


def in_own_spelling(goldset: GoldSet, one: Material) -> bool:
    """Whether comparing labels as they are spelled is comparing them in the gold's schema."""
    schema = goldset.schema
    return schema is None or {*goldset.labels, *one.labels} <= schema.labels.keys()


# --- a real program ----------------------------------------------------------------------------

PROGRAM = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as lines:
    said = {row["id"]: row for row in map(json.loads, lines)}
labels = sorted({e["label"] for row in said.values() for e in row.get("entities", ())})
hello = {"type": "hello", "protocol": 1, "offsets": "codepoint",
         "labels": labels if sys.argv[2] == "stating" else None}
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        print(json.dumps(hello), flush=True)
    for document in message.get("documents", ()):
        row = said.get(document["id"], {"id": document["id"], "error": "not there"})
        kind = "error" if row.get("error") else "annotations"
        print(json.dumps({**row, "type": kind}), flush=True)
"""
TEXT = "Ada Roe of the EU went to Oslo.\n\nOn Monday the Norwegians of Peru's Lima said é😀 no."
GOLD = (("Ada Roe", "PERSON"), ("the EU", "ORG"), ("Oslo", "GPE"), ("Monday", "DATE"),
        ("Norwegians", "NORP"), ("Lima", "GPE"))  # fmt: skip
ANSWERS = {
    "own": (("Ada Roe", "PERSON"), ("EU", "ORG"), ("Oslo", "LOC"), ("Monday", "DATE"),
            ("Peru's Lima", "GPE"), ("é😀", "FAC")),
    "conll": (("Ada", "PER"), ("the EU", "ORG"), ("Oslo", "LOC"), ("Norwegians", "MISC"),
              ("Lima", "LOC"), ("Lima", "LOC"), ("no", "PER")),
}  # fmt: skip


def record(id_: str, entities: tuple[tuple[str, str], ...], text: str | None = TEXT) -> Record:
    spans = ((TEXT.index(name), name, label) for name, label in entities)
    found = tuple(Entity(start, start + len(name), label) for start, name, label in spans)
    return Record(id_, text, Annotations(found))


@pytest.mark.parametrize("answers", ANSWERS)
@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_program_that_replays_a_file_is_counted_as_the_file(
    folder: Path, schema: str | None, answers: str
) -> None:
    rows = (record("a", ANSWERS[answers], None), record("b", ()), record("c", GOLD[:2]))
    failed = Record("d", None, Annotations(), error="it broke")
    gold = tuple(record(id_, GOLD) for id_ in "abcde")
    one = Material("ner", gold, (*rows, failed), "ontonotes5")
    path, said = one.write(folder)
    (folder / "replay.py").write_text(PROGRAM, "utf-8")
    words = (sys.executable, str(folder / "replay.py"), str(said))
    names = {k: f"process:{shlex.join((*words, k))}" for k in ("silent", "stating")}
    question, goldset = Question("ner", schema, "strict", "normalised"), load_goldset(path)
    options = RunOptions(schema=schema, counting={"boundary": "normalised"}, out=folder / "out")
    with quick():
        run([BackendSpec.parse(name) for name in names.values()], [goldset], options)
        silent, stating = (ways_of_run(folder / "out", names[k], f"program, {k}") for k in names)
    with replayed():
        files = ways_from_files(folder, goldset, said, one.answers, question)
        stubs = ways_from_runs(folder, goldset, one.answers, question, one.labels)
    require_equal(silent | stubs[0] | (files if schema or answers == "own" else {}),
                  but=() if schema else ("signature",))  # fmt: skip
    require_equal(stating | stubs[1])
    if REFUSED not in (silent | stating).values():
        require_checked(folder, silent | stating)


def require_checked(folder: Path, ways: Ways) -> None:
    """`check --replay` counts what the run counted."""
    base = ("--baseline", str(folder / "base.json"))
    assert call("baseline", "accept", str(folder / "out"), *base, "--yes")[0] == 0
    more = ("--replay", "--json", "--all", "--resamples", "20")
    status, out, err = call("check", str(folder / "out"), *base, *more)
    verdicts = [v for v in json.loads(out)["verdicts"] if v["part"] == "micro"]
    assert status == 0 and len(verdicts) == 2, err
    for verdict in verdicts:
        assert verdict["status"] == "ok" and verdict["current"] == verdict["baseline"]
    told = {facts["f1"] for way, facts in ways.items() if way.endswith("record")}
    assert {round(verdict["current"], 12) for verdict in verdicts} == told


def test_a_file_without_ids_is_paired_by_place_on_every_path(folder: Path) -> None:
    texts = {"x": "Ada Roe saw Oslo .", "y": "Riga slept ."}
    golds = {"x": (Entity(0, 7, "PER"), Entity(12, 16, "LOC")), "y": (Entity(0, 4, "LOC"),)}
    rows = {id_: Record(id_, text, Annotations(golds[id_])) for id_, text in texts.items()}
    goldset = synthetic.gold(folder, rows.values())
    said, tags = folder / "said.conll", ("B-PER I-PER O B-PER O", "B-LOC O O")
    lines = (
        zip(t.split(), tag.split(), strict=True)
        for t, tag in zip(texts.values(), tags, strict=True)
    )
    said.write_text("\n".join("".join(f"{a} {b}\n" for a, b in one) for one in lines), "utf-8")
    answers = {**rows, "x": replace(rows["x"], annotations=Annotations(
        (Entity(0, 7, "PER"), Entity(12, 16, "PER"))))}  # fmt: skip
    with replayed():
        files = ways_from_files(folder, goldset, said, answers, Question("ner", "conll03"))
    require_equal(files)
    micro = files["score"]["score"]["micro"]
    assert (micro["tp"], micro["predicted"], micro["support"]) == (2, 3, 3)


# --- what is refused ---------------------------------------------------------------------------

SAID = {"start": 0, "end": 7, "label": "PERSON"}
REFUSALS = {
    "another document": {"id": "x", "entities": []},
    "another text": {"id": "a", "text": TEXT + " ", "entities": []},
    "a span outside": {"id": "a", "entities": [{**SAID, "end": 1000}]},
    "a span that says another text": {"id": "a", "entities": [{**SAID, "text": "Bo Li"}]},
    "no layer": {"id": "a"},
    "twice": {"id": "a", "entities": []},
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_one_path_from_a_file_refuses_all_refuse(folder: Path, why: str) -> None:
    goldset = synthetic.gold(folder, [record("a", GOLD)])
    said = folder / "said.jsonl"
    lines = [json.dumps(REFUSALS[why])] * (2 if why == "twice" else 1)
    said.write_text("\n".join(lines) + "\n", "utf-8")
    question = Question("ner", None, "strict", "raw")
    assert by_command(goldset, said, question) == REFUSED
    for read in (harness.score, lambda *a, **k: from_file(a[1], a[0], **k)):
        with pytest.raises(InputError) as refused:
            read(goldset, said, task="ner")
        assert str(said) in str(refused.value)
    gold = ("--gold", str(goldset.path), "--task", "ner")
    for argv in (("compare", str(said), *gold), ("score", "--pred", str(said), *gold)):
        status, out, err = call(*argv)
        assert (status, out) == (2, "") and str(said) in err
    with pytest.raises(InputError):
        harness.compare(said, gold=goldset, task="ner")
