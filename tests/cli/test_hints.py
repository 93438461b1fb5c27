"""A hint names only what works, and only options that the verb has."""

from __future__ import annotations

import argparse
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import VERBS

pytestmark = pytest.mark.processes

EMOJI = "Ines 😀 left Brackwater"
FILES = {
    "mixed.conll": "a B-X\nb O\nc I-X\n\n",
    "orphan.conll": "a O\nb I-X\nc B-X\nd B-X\n\n",
    "bare.conll": "a PER\nb O\n\n",
    "bare.jsonl": json.dumps({"tokens": ["a", "b"], "ner_tags": ["PER", "O"]}) + "\n",
    "mixed.jsonl": json.dumps({"tokens": ["a", "b", "c"], "ner_tags": ["B-X", "O", "I-X"]}) + "\n",
    "utf16.jsonl": json.dumps({"text": EMOJI, "label": [[13, 23, "LOC"]]}) + "\n",
    "either.jsonl": json.dumps({"text": EMOJI + "!", "label": [[12, 22, "LOC"]]}) + "\n",
    "units.jsonl": json.dumps({"text": EMOJI, "label": [[12, 22, "LOC"], [13, 23, "ORG"]]}) + "\n",
    "odd.txt": "nothing of the kind\n",
}
READERS = {
    "score": "score --gold {f} --pred {f} --task ner",
    "convert": "convert {f} out.jsonl",
    "validate": "validate {f}",
    "compare": "compare {f} {f} --gold {f} --task ner",
    "run": "run empty --gold {f} --task ner --no-cache --out o",
    "agreement": "agreement {f} ok.jsonl",
}
# Ways to read these files all the same: each that a hint names is tried.
WORK = {"mixed.conll", "mixed.jsonl", "utf16.jsonl", "either.jsonl", "units.jsonl"}

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "ok.jsonl").write_text('{"id": "x", "text": "a", "entities": []}\n', "utf-8")
    return tmp_path


def options_of(verb: str) -> set[str]:
    parser = argparse.ArgumentParser(verb)
    importlib.import_module(f"harness.cli.{VERBS[verb][0]}").configure(parser)
    return set(parser._option_string_actions)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("verb", READERS)
def test_every_hint_works(harness: Run, folder: Path, verb: str, name: str) -> None:
    if name.endswith(".jsonl") and "tokens" in FILES[name]:
        pytest.importorskip("datasets")
    done = harness(*READERS[verb].format(f=name).split())
    text = done.err + done.out
    if done.status == 0:
        return
    assert "Traceback" not in text
    sources = re.findall(r"^\s*'([^']+[?].*?)'(?:\s+#.*)?$", text, re.MULTILINE)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named <= options_of(verb), "the verb has no such option"
    assert bool(sources) == (name in WORK)
    for source in sources:
        read = harness(*READERS[verb].format(f=source).split())
        assert f"{name}:" not in read.err, read.err
        assert harness("convert", source, "OUT.jsonl").status == 0
        (folder / "OUT.jsonl").unlink()


def test_no_reader_names_an_option_of_its_own() -> None:
    """Readers do not know who has called them: they say which option, `Reader` says how."""
    root = Path(__file__).parent.parent.parent / "harness" / "formats"
    for path in sorted(root.glob("*.py")):
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"hint=.*--[a-z]", line):
                pytest.fail(f"{path.name}: {line.strip()}")


def test_tags_of_two_files_are_scored(harness: Run, folder: Path) -> None:
    """Documents without ids pair by their place in the file, if their texts are equal."""
    gold = "Peru B-LOC\nsaid O\n\nAda B-PER\nRoe I-PER\nat O\nNATO B-ORG\n\n"
    (folder / "gold.conll").write_text(gold)
    pred = gold.replace("said O", "said B-LOC").replace("NATO B-ORG", "NATO O")
    (folder / "pred.conll").write_text(pred)
    argv = ("score", "--gold", "gold.conll", "--task", "ner", "--json", "--pred")
    done = harness(*argv, "pred.conll")
    micro = json.loads(done.out)["micro"]
    assert (micro["tp"], micro["fp"], micro["fn"]) == (2, 1, 1)
    (folder / "other.conll").write_text(pred.replace("NATO", "Nato"))
    done = harness(*argv, "other.conll")
    assert done.status == 2
    assert "document 2 is not document 2 of the gold ('gold-00002')" in done.err
    assert "give the predictions the ids" not in done.err
    (folder / "more.conll").write_text(pred + "Oslo B-LOC\n\n")
    done = harness(*argv, "more.conll")
    assert done.status == 2 and "number 3" in done.err
    (folder / "few.conll").write_text(pred.partition("\n\n")[0] + "\n\n")
    done = harness(*argv, "few.conll")
    assert done.status == 0 and "1 gold document(s) have no" in done.err
    assert harness("agreement", "gold.conll", "pred.conll").status == 0
    done = harness("compare", "pred.conll", "few.conll", "--gold", "gold.conll", "--task", "ner")
    assert done.status == 0
