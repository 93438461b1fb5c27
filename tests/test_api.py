"""The public functions: what they give, at which edges, and which errors come."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import synthetic

import harness
from harness import api, registry
from harness.adapter import Declaration, LoadRequest, ModelIdentity
from harness.annotation import Annotations, Entity, Record
from harness.errors import (
    AnnotationError,
    BackendFailed,
    BackendUnavailable,
    InputError,
    NotComparable,
    NothingMeasured,
    UsageError,
)
from harness.formats import jsonl

DOCS = synthetic.articles(6, seed=4)


class Capitals:
    """Finds capitalised words; counts how it was called."""

    labels: tuple[str, ...] | None = ("NAME",)
    identity = ModelIdentity("capitals", version="1")

    def __init__(self, request: LoadRequest) -> None:
        self.request = request
        self.batches: list[int] = []

    def predict(self, texts: Sequence[str]) -> Iterator[Any]:
        self.batches.append(len(texts))
        if self.request.options.get("mode") == "short":
            return
        for text in texts:
            if text == "boom":
                raise RuntimeError("broken inside")
            yield text

    def annotations(self, text: str, raw: Any) -> Annotations:
        if self.request.options.get("mode") == "wild":
            return Annotations((Entity(0, len(text) + 5, "NAME"), Entity(0, 1, "NAME")))
        if self.request.options.get("mode") == "layerless":
            return Annotations()
        found, start = [], 0
        for word in text.split(" "):
            if word[:1].isupper():
                found.append(Entity(start, start + len(word), "NAME"))
            start += len(word) + 1
        return Annotations(tuple(found))


class CapitalsAdapter:
    declaration = Declaration("capitals", ("ner",), "planted", install="pip install capitals")

    def unavailable(self, model: str) -> str | None:
        return "no such model" if model == "none" else None

    def identity(self, model: str) -> ModelIdentity | None:
        return Capitals.identity

    def load(self, request: LoadRequest) -> Capitals:
        return Capitals(request)


@pytest.fixture
def capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    real = registry.adapter_of

    def adapter(spec: Any) -> Any:
        return CapitalsAdapter() if spec.adapter == "capitals" else real(spec)

    monkeypatch.setattr(api, "adapter_of", adapter)


@pytest.mark.usefixtures("capitals")
class TestLoadBackend:
    def test_predicts_one_answer_per_text_lazily(self) -> None:
        backend = api.load_backend("capitals", batch_size=2)
        endless = (f"see Riga {number}" for number in itertools.count())
        first = list(itertools.islice(backend.predict(endless), 3))
        assert [a.entities for a in first] == [(Entity(4, 8, "NAME"),)] * 3
        assert backend._backend.batches == [2, 2]  # type: ignore[attr-defined]
        assert backend.labels == ("NAME",) and backend.identity.version == "1"
        assert backend.task == "ner" and "capitals" in repr(backend)

    def test_edges(self) -> None:
        backend = api.load_backend("capitals")
        assert list(backend.predict([])) == []
        assert backend.annotate("").entities == ()
        assert backend.annotate("").attributions is None
        assert backend.annotate("🚢 Riga").entities == (Entity(2, 6, "NAME"),)

    def test_one_text_is_not_texts(self) -> None:
        backend = api.load_backend("capitals")
        with pytest.raises(TypeError, match="not one text"):
            backend.predict("Riga")
        with pytest.raises(TypeError, match="text 2 is int"):
            list(backend.predict(["a", 3]))  # type: ignore[list-item]

    def test_spans_outside_the_text_are_dropped_and_counted(self) -> None:
        backend = api.load_backend("capitals", mode="wild")
        assert backend.annotate("Riga").entities == (Entity(0, 1, "NAME"),)
        assert backend.dropped == 1 and backend.name == "capitals?mode=wild"

    def test_failures_say_where(self) -> None:
        backend = api.load_backend("capitals")
        with pytest.raises(BackendFailed, match="text 2: RuntimeError: broken inside"):
            list(backend.predict(["a", "boom"]))
        with pytest.raises(BackendFailed, match="0 results for 1 texts"):
            api.load_backend("capitals?mode=short").annotate("a")
        with pytest.raises(BackendFailed, match="entities"):
            api.load_backend("capitals", mode="layerless").annotate("a")

    def test_the_request_reaches_the_adapter(self) -> None:
        backend = api.load_backend("capitals/m?x=1", labels=["A"], offline=False, y=True)
        request = backend._backend.request  # type: ignore[attr-defined]
        assert request == LoadRequest("m", "ner", ("A",), {"x": 1, "y": True}, offline=False)

    def test_refusals(self) -> None:
        with pytest.raises(BackendUnavailable, match="pip install capitals"):
            api.load_backend("capitals/none")
        with pytest.raises(UsageError, match="knows the task ner"):
            api.load_backend("capitals", task="attribution")
        with pytest.raises(UsageError, match="batch_size"):
            api.load_backend("capitals", batch_size=0)
        with pytest.raises(UsageError, match="unknown backend"):
            api.load_backend("capital")
        with pytest.raises(UsageError, match="gold annotations"):
            api.load_backend("oracle")
        with pytest.raises(UsageError, match="program of its own"):
            api.load_backend("process:cat")


def test_a_real_adapter_loads() -> None:
    backend = api.load_backend("quotes")
    text = "“We must go on,” said Ana Roe."
    (item,) = backend.annotate(text).attributions or ()
    assert text[item.content[0].start : item.content[0].end].strip("“”,") == "We must go on"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return synthetic.gold(tmp_path, DOCS).path


def test_score_takes_files_records_and_mappings(gold: Path, tmp_path: Path) -> None:
    said = synthetic.predict(DOCS, synthetic.skilled(0.7, 0.2))
    jsonl.write(tmp_path / "ours.jsonl", said)
    from_file = api.score(gold, tmp_path / "ours.jsonl", task="ner")
    from_records = api.score(api.load_goldset(gold), said, task="ner", name="ours")
    from_mapping = api.score(str(gold), {r.id: r.annotations for r in said}, task="ner")
    assert from_file.name == "ours" and from_mapping.name == "predictions"
    assert from_file.to_json() == from_records.to_json() == from_mapping.to_json()
    assert from_file.f1 == from_file.to_json()["micro"]["f1"]
    assert str(from_file.signature).startswith("ner|gold:planted@")


def test_score_options_change_signature_and_score(gold: Path) -> None:
    said = {
        d.id: Annotations(tuple(e._replace(label="PER") for e in d.annotations.entities or ()))
        for d in DOCS
    }
    strict = api.score(gold, said, task="ner")
    exact = api.score(gold, said, task="ner", match="exact")
    assert exact.f1 == 1.0 and (strict.f1 or 0) < 1.0
    assert "match:exact" in str(exact.signature)
    with pytest.raises(NotComparable, match="match"):
        api.compare(strict, exact)
    assert api.compare(strict, exact, force=True, resamples=50).notes
    with pytest.raises(UsageError):
        api.score(gold, said, task="ner", boundary="loose")


def test_score_attributions(tmp_path: Path) -> None:
    docs = synthetic.speeches(3)
    gold = synthetic.gold(tmp_path, docs)
    scored = api.score(gold, docs, task="attribution")
    assert scored.f1 == 1.0
    with pytest.raises(NothingMeasured):
        api.score(gold, docs, task="ner")


def test_score_errors(gold: Path) -> None:
    with pytest.raises(InputError, match="no gold set"):
        api.score("nowhere", [], task="ner")
    with pytest.raises(InputError, match="not in the gold"):
        api.score(gold, {"x": Annotations(())}, task="ner")
    with pytest.raises(AnnotationError, match="outside the text"):
        api.score(gold, {"d0000": Annotations((Entity(0, 10**6, "PER"),))}, task="ner")
    nothing = api.score(gold, {}, task="ner")
    assert nothing.f1 == 0.0


def test_compare_takes_scores_runs_and_files(gold: Path, tmp_path: Path) -> None:
    said = synthetic.predict(DOCS, synthetic.skilled(0.7, 0.2))
    one = api.score(gold, DOCS, task="ner", name="one")
    two = api.score(gold, said, task="ner", name="two")
    found = api.compare(one, two, resamples=200)
    assert [row.name for row in found.rows] == ["one", "two"]
    run = synthetic.run_folder(tmp_path / "run", api.load_goldset(gold), {"a": DOCS, "b": said})
    assert [row.name for row in api.compare(run, gold=gold, resamples=50).rows] == ["a", "b"]
    jsonl.write(tmp_path / "c.jsonl", said)
    mixed = api.compare(one, tmp_path / "c.jsonl", gold=gold, task="ner", resamples=50)
    assert mixed.rows[1].name == "c" and mixed.flips["c"].lost
    with pytest.raises(UsageError, match="give gold and task"):
        api.compare(one, tmp_path / "c.jsonl")
    with pytest.raises(NothingMeasured):
        api.compare()


def test_compare_wants_one_gold_set(gold: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    other = synthetic.gold(tmp_path / "more", DOCS, "other")
    one, two = api.score(gold, DOCS, task="ner"), api.score(other, DOCS, task="ner")
    with pytest.raises(UsageError, match="several gold sets"):
        api.compare(one, two)
    assert len(api.compare(one, two, gold=other, resamples=20).rows) == 1


def test_records_of_the_api_are_those_of_the_data_model() -> None:
    assert api.Record is Record and api.Entity is Entity
    assert set(api.__all__) <= set(dir(api))


def test_the_package_gives_the_api_and_costs_nothing() -> None:
    code = (
        "import sys, harness; print([m for m in sys.modules if m.startswith('harness.')]); "
        "from harness import load_backend, score, compare, load_goldset, Entity; "
        "import harness.decide.compare; print(compare is harness.api.compare); "
        "print('numpy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:3] == ["[]", "True", "False"]
    assert set(harness.__all__) == set(api.__all__) and set(harness.__all__) <= set(dir(harness))
    with pytest.raises(AttributeError, match="no attribute 'lod_backend'"):
        harness.lod_backend  # noqa: B018


BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOCS_FOLDER = Path(__file__).parent.parent / "docs"


def test_the_examples_of_the_library_page_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Top to bottom in one name space, as a reader would; backends without a model."""
    monkeypatch.chdir(DOCS_FOLDER.parent)
    page = (DOCS_FOLDER / "library.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    assert len(blocks) >= 5
    space: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/library.md", "exec"), space)
    assert "Reuters" in capsys.readouterr().out


def test_options_that_are_signed_only_where_they_differ(tmp_path: Path) -> None:
    (tmp_path / "x.conll").write_text("Ada B-PER B-PER\nRoe I-PER O\nNATO B-ORG B-ORG\n")
    gold, predicted = (f"{tmp_path / 'x.conll'}?tag-column={column}" for column in (1, 2))
    plain = api.score(gold, predicted, task="ner")
    assert not plain.signature.fields.keys() & {"types", "beta", "levels"}
    some = api.score(gold, predicted, task="ner", types="PER", beta=2.0, levels="all")
    assert some.signature.fields["types"] == "PER"
    assert [part.name for part in some.parts] == ["micro", "macro", "PER", "tokens", "characters"]
    assert (some.score.micro.support, plain.score.micro.support) == (1, 2)
    both = api.compare(plain, plain, types="ORG")
    assert both.rows[0].score == 1
