"""Every cause is planted once in otherwise right predictions; bad backends get no finding."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.cli.main import main
from harness.doctor.diagnose import diagnose, suspicious
from harness.doctor.diagnosis import Diagnosis
from harness.doctor.readings import READINGS
from harness.formats import jsonl

NAMES = [
    ("Jens Stoltenberg", "PERSON"),
    ("NATO", "ORG"),
    ("Oslo", "GPE"),
    ("the Øresund Bridge", "FAC"),
    ("Ana Peña", "PERSON"),
    ("Reuters", "ORG"),
]


def article(number: int, *, sentences: int = 6, filler: str = "") -> Record:
    """A document whose mentions stand at known places; every document differs."""
    text, entities = f"Report {'x' * number}. ", []
    for index in range(sentences):
        name, label = NAMES[(number + index) % len(NAMES)]
        text += f"{filler}In year {index} we met "
        entities.append(Entity(len(text), len(text) + len(name), label))
        text += f"{name} again.\n"
    return Record(f"doc{number}", text, Annotations(tuple(entities)))


def said(record: Record, entities: Sequence[Entity], **changes: object) -> Record:
    values = {"text": None, **changes}
    return Record(record.id, annotations=Annotations(tuple(entities)), **values)  # type: ignore[arg-type]


def moved(gold: Sequence[Record], move: Callable[[str, Entity], tuple[int, int]]) -> list[Record]:
    """Right predictions with every span moved."""
    return [
        said(r, [Entity(*move(r.text or "", e), e.label) for e in r.annotations.entities or ()])
        for r in gold
    ]


def codes(findings: Sequence[Diagnosis]) -> list[str]:
    return [finding.code for finding in findings]


GOLD = [article(number) for number in range(4)]


def test_right_predictions_have_no_finding() -> None:
    assert diagnose(GOLD, GOLD, "ner") == []
    assert diagnose(GOLD, moved(GOLD, lambda _, e: (e.start, e.end)), "ner") == []


def test_nothing_to_compare_is_not_an_error() -> None:
    assert diagnose([], [], "ner") == []
    assert codes(diagnose(GOLD, [], "ner")) == ["missing-documents"]


def test_other_documents_names_the_id_with_the_same_text() -> None:
    renamed = [Record(f"x/{r.id}.txt", r.text, r.annotations) for r in GOLD]
    (finding,) = diagnose(GOLD, renamed, "ner")
    assert finding.code == "other-documents"
    assert any("x/doc0.txt" in line and "doc0" in line for line in finding.evidence)


def test_missing_documents_are_counted() -> None:
    (finding,) = diagnose(GOLD, GOLD[:3], "ner")
    assert finding.code == "missing-documents"
    assert "1 of 4" in finding.message and "doc3" in finding.evidence[0]


def test_failed_documents_show_their_error() -> None:
    failed = [*GOLD[:3], Record("doc3", None, Annotations(()), error="out of memory")]
    (finding,) = diagnose(GOLD, failed, "ner")
    assert finding.code == "failed-documents"
    assert "out of memory" in finding.evidence[0]


def test_the_other_layer_is_named() -> None:
    other = [Record(r.id, None, Annotations(attributions=())) for r in GOLD]
    (finding,) = diagnose(GOLD, other, "ner")
    assert finding.code == "no-layer"
    assert "--task attribution" in finding.mend


def test_nothing_predicted() -> None:
    assert codes(diagnose(GOLD, [said(r, ()) for r in GOLD], "ner")) == ["nothing-predicted"]


def test_no_common_label_suggests_the_map() -> None:
    names = {"PERSON": "PER", "ORG": "Organisation", "GPE": "LOC", "FAC": "LOC"}
    predicted = [
        said(r, [e._replace(label=names[e.label]) for e in r.annotations.entities or ()])
        for r in GOLD
    ]
    (finding,) = diagnose(GOLD, predicted, "ner")
    assert finding.code == "no-common-label"
    assert "none of the 24 predictions" in finding.message
    assert "PER -> PERSON" in finding.mend and "Organisation -> ORG" in finding.mend


def test_tag_prefixes_are_recognised() -> None:
    predicted = [
        said(r, [e._replace(label=f"B-{e.label}") for e in r.annotations.entities or ()])
        for r in GOLD
    ]
    (finding,) = diagnose(GOLD, predicted, "ner")
    assert finding.code == "no-common-label"
    assert "token tags" in finding.mend


def test_one_renamed_label() -> None:
    predicted = [
        said(r, [e._replace(label="ORG" if e.label == "ORG" else "PER") for e in
                 r.annotations.entities or () if e.label in ("ORG", "PERSON")])
        for r in GOLD
    ]  # fmt: skip
    (finding,) = diagnose(GOLD, predicted, "ner")
    assert finding.code == "other-label"
    assert finding.mend.endswith("PER -> PERSON")


@pytest.mark.parametrize("shift", [-17, -1, 1, 3, 250])
def test_constant_shift(shift: int) -> None:
    gold = [
        Record(r.id, "Some title of the story\n" + (r.text or "") + " " * 300, Annotations(tuple(
            e._replace(start=e.start + 24, end=e.end + 24) for e in r.annotations.entities or ()
        ))) for r in GOLD
    ]  # fmt: skip
    predicted = moved(gold, lambda _, e: (e.start + shift, e.end + shift))
    (finding,) = diagnose(gold, predicted, "ner")
    assert finding.code == "shifted"
    assert f"shifted by {shift:+d}: 24 of 24" in finding.message


def test_shift_that_differs_by_document() -> None:
    starts, position = {}, 0
    for record in GOLD:
        starts[record.text] = position
        position += len(record.text or "") + 1
    predicted = moved(GOLD, lambda text, e: (e.start + starts[text], e.end + starts[text]))
    assert codes(diagnose(GOLD, predicted, "ner")) == ["shifted-by-document"]


@pytest.mark.parametrize(
    ("left", "right", "code"),
    [(0, -1, "closed-ends"), (1, 0, "one-short"), (1, -1, "one-short"), (-1, 0, "one-short")],
)
def test_edges_that_are_one_off(left: int, right: int, code: str) -> None:
    predicted = moved(GOLD, lambda _, e: (e.start + left, e.end + right))
    (finding,) = diagnose(GOLD, predicted, "ner")
    assert finding.code == code
    assert "24 of 24" in finding.message


EMOJI = [article(number, filler="🚢 Ahoy ☎ ") for number in range(3)]


def units(text: str, offset: int, encoding: str, width: int) -> int:
    return len(text[:offset].encode(encoding)) // width


@pytest.mark.parametrize(
    ("code", "encoding", "width"), [("utf16", "utf-16-le", 2), ("bytes", "utf-8", 1)]
)
def test_offset_units(code: str, encoding: str, width: int) -> None:
    predicted = moved(
        EMOJI, lambda t, e: (units(t, e.start, encoding, width), units(t, e.end, encoding, width))
    )
    (finding,) = diagnose(EMOJI, predicted, "ner")
    assert finding.code == code
    assert "18 of the 18" in finding.message


def test_offset_units_where_few_documents_are_concerned() -> None:
    """The micro score is fair, yet all that the one emoji touches is wrong."""
    gold = [*GOLD, article(9, filler="🚢")]
    predicted = moved(
        gold, lambda t, e: (units(t, e.start, "utf-16-le", 2), units(t, e.end, "utf-16-le", 2))
    )
    assert codes(diagnose(gold, predicted, "ner")) == ["utf16"]


@pytest.mark.parametrize(("ours", "theirs"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_normal_forms(ours: str, theirs: str) -> None:
    def retell(form: str) -> list[Record]:
        out = []
        for number in range(3):
            source = article(number, filler="Café Åse, à la carte. ")
            text, entities = unicodedata.normalize(form, source.text or ""), []
            for e in source.annotations.entities or ():
                start = len(unicodedata.normalize(form, (source.text or "")[: e.start]))
                end = len(unicodedata.normalize(form, (source.text or "")[: e.end]))
                entities.append(Entity(start, end, e.label))
            out.append(Record(source.id, text, Annotations(tuple(entities))))
        return out

    gold, predicted = retell(ours), retell(theirs)
    bare = [said(r, r.annotations.entities or ()) for r in predicted]
    assert codes(diagnose(gold, bare, "ner")) == ["normal-form"]
    assert codes(diagnose(gold, predicted, "ner")) == ["normal-form"]


@pytest.mark.parametrize("windows_gold", [True, False])
def test_newlines(windows_gold: bool) -> None:
    unix = [article(number) for number in range(3)]
    windows = [
        Record(r.id, (r.text or "").replace("\n", "\r\n"), Annotations(tuple(
            e._replace(start=e.start + (r.text or "")[: e.start].count("\n"),
                       end=e.end + (r.text or "")[: e.end].count("\n"))
            for e in r.annotations.entities or ())))
        for r in unix
    ]  # fmt: skip
    gold, other = (windows, unix) if windows_gold else (unix, windows)
    bare = [said(r, r.annotations.entities or ()) for r in other]
    assert codes(diagnose(gold, bare, "ner")) == ["newlines"]
    assert codes(diagnose(gold, other, "ner")) == ["newlines"]


def test_leading_white_space_that_was_stripped() -> None:
    gold = []
    for pad, record in enumerate(GOLD, 1):
        entities = [
            e._replace(start=e.start + pad, end=e.end + pad)
            for e in record.annotations.entities or ()
        ]
        gold.append(said(record, entities, text=" " * pad + (record.text or "")))
    bare = [said(r, r.annotations.entities or ()) for r in GOLD]
    assert codes(diagnose(gold, bare, "ner")) == ["stripped"]


def test_white_space_that_was_collapsed() -> None:
    gold = [article(number, filler="\n   ") for number in range(3)]
    predicted = moved(
        gold, lambda t, e: (len(" ".join(t[: e.start].split())) + 1,
                            len(" ".join(t[: e.end].split())))
    )  # fmt: skip
    assert codes(diagnose(gold, predicted, "ner")) == ["white-space"]


def test_truncated_documents() -> None:
    gold = [article(number, sentences=60) for number in range(3)]
    predicted = [said(r, [e for e in r.annotations.entities or () if e.end < 800]) for r in gold]
    (finding,) = diagnose([*gold, *GOLD[3:]], [*predicted, *GOLD[3:]], "ner")
    assert finding.code == "truncated"
    assert "3 of the 3 documents" in finding.message
    cut = [said(r, (), text=(r.text or "")[:800]) for r in gold[1:]]
    assert "truncated" in codes(diagnose(gold, [predicted[0], *cut], "ner"))


def test_a_text_that_is_another() -> None:
    predicted = [said(r, r.annotations.entities or (), text="Something else. " * 30) for r in GOLD]
    assert codes(diagnose(GOLD, predicted, "ner")) == ["other-text"]


QUOTE = "“We must go on,” said Ana Peña."


def quotes(left: int = 0, right: int = 0, *, source: bool = True) -> list[Record]:
    out = []
    for number in range(3):
        text = f"{'Well. ' * (number + 1)}{QUOTE}\n{QUOTE}"
        items = []
        for start in (text.index("“"), text.rindex("“")):
            content = Span(start + left, start + 16 + right)
            name = Span(start + 22, start + 30)
            items.append(
                Attribution((content,), name if source else None, Span(start + 17, start + 21))
            )
        out.append(Record(f"d{number}", text, Annotations(attributions=tuple(items))))
    return out


def test_quotation_marks_left_out() -> None:
    (finding,) = diagnose(quotes(), quotes(1, -1), "attribution")
    assert finding.code == "quotation-marks"
    assert "leave out" in finding.message
    (finding,) = diagnose(quotes(1, -1), quotes(), "attribution")
    assert "take in" in finding.message


def test_a_role_that_is_never_given() -> None:
    (finding,) = diagnose(quotes(), quotes(source=False), "attribution")
    assert finding.code == "role-missing"
    assert "source" in finding.message and "6" in finding.message


def test_untrusted_text_is_shown_without_control_characters() -> None:
    evil = [Record(r.id + "\x1b[31m", r.text, r.annotations) for r in GOLD]
    assert "\x1b" not in "".join(map(str, diagnose(GOLD, evil, "ner")))


@pytest.mark.parametrize("seed", range(30))
def test_a_bad_backend_has_no_mechanical_cause(seed: int) -> None:
    """Random misses, types, boundaries and inventions at every level of skill."""
    rng = random.Random(seed)
    gold = [article(number, sentences=rng.randint(3, 40)) for number in range(5)]
    skill = rng.random()
    predicted = []
    for record in gold:
        length, entities = len(record.text or ""), []
        for e in record.annotations.entities or ():
            draw = rng.random()
            if draw < skill * 0.8:
                entities.append(e)
            elif draw < 0.9:
                start = max(0, e.start + rng.choice([-8, -4, 0, 0, 4]))
                entities.append(Entity(start, min(length, e.end + rng.randint(0, 9)), "ORG"))
        for _ in range(rng.randint(0, 10)):
            start = rng.randrange(length - 20)
            entities.append(Entity(start, start + rng.randint(2, 18), "PERSON"))
        predicted.append(said(record, sorted(set(entities))))
    assert diagnose(gold, predicted, "ner") == []


def test_suspicious() -> None:
    assert suspicious(None) and suspicious(0.0) and suspicious(0.29)
    assert not suspicious(0.3)


TEXTS = st.text(alphabet="ab é́🚢\r\n ÅA̴ 한글", max_size=30)


@given(TEXTS)
@settings(max_examples=examples(300), deadline=None)
def test_readings_invert_the_change_that_they_name(text: str) -> None:
    """Every boundary of the document has an offset in the changed text that maps back to it."""
    counts: dict[str, Callable[[str], int]] = {
        "utf16": lambda prefix: len(prefix.encode("utf-16-le")) // 2,
        "bytes": lambda prefix: len(prefix.encode()),
    }
    for reading in READINGS:
        remap = reading.remap(text)
        if remap is None or reading.code not in counts:
            continue
        for offset in range(len(text) + 1):
            assert remap(counts[reading.code](text[:offset])) == offset
    for reading in READINGS:
        edits = list(reading.edits(text))
        assert edits == sorted(edits)
        if "\\r\\n turned into \\n" in reading.what:
            assert len(text.replace("\r\n", "\n")) == len(text) + sum(
                e.after - e.before for e in edits
            )
        if reading.what.endswith("form C"):
            changed = len(unicodedata.normalize("NFC", text))
            assert changed == len(text) + sum(e.after - e.before for e in edits)
        if reading.what.endswith("form D"):
            changed = len(unicodedata.normalize("NFD", text))
            assert changed == len(text) + sum(e.after - e.before for e in edits)


def test_the_command_explains_offsets_that_overshoot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """UTF-16 offsets run past the end of the text: an error, with its cause."""
    gold = [Record("a", "🚢🚢🚢🚢 Jens met Ana in Riga", Annotations((
        Entity(5, 9, "PER"), Entity(14, 17, "PER"), Entity(21, 25, "LOC"))))]  # fmt: skip
    predicted = moved(
        gold, lambda t, e: (units(t, e.start, "utf-16-le", 2), units(t, e.end, "utf-16-le", 2))
    )
    jsonl.write(tmp_path / "gold.jsonl", gold)
    jsonl.write(tmp_path / "pred.jsonl", predicted)
    paths = ["--gold", str(tmp_path / "gold.jsonl"), "--pred", str(tmp_path / "pred.jsonl")]
    assert main(["score", *paths, "--task", "ner"]) == 2
    error = capsys.readouterr().err
    assert "outside the text" in error and "UTF-16 code units" in error


def test_the_command_calls_the_doctor_when_the_score_is_low(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonl.write(tmp_path / "gold.jsonl", GOLD)
    jsonl.write(tmp_path / "pred.jsonl", moved(GOLD, lambda _, e: (e.start, e.end - 1)))
    paths = ["--gold", str(tmp_path / "gold.jsonl"), "--pred", str(tmp_path / "pred.jsonl")]
    assert main(["score", *paths, "--task", "ner"]) == 0
    assert "the predicted ends are closed" in capsys.readouterr().out
    assert main(["score", *paths, "--task", "ner", "--json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["code"] == "closed-ends" and "half-open" in finding["mend"]
