"""Whatever a backend does: an error row for what was hit, the rest unharmed, nothing left."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import BACKENDS, alive

from harness.cli.main import main
from harness.errors import BackendFailed, TooEntangled, UsageError
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.results.record import Result, RunRecord
from harness.run.counting import ScoringTime
from harness.run.options import Limits, RunOptions
from harness.run.process import Fault, Log, Worker
from harness.run.runner import check_required, run
from harness.tasks.ner.count import events
from harness.tasks.tally import Event

TEXTS = {
    "a": "Anna went to Bonn.",
    "b": "FAULT lies with Carla.",
    "c": "Dora likes Essen 😀 and Fulda.",
    "d": "Gerd.",
}
QUICK = Limits(document_seconds=0.4, load_seconds=20.0)
Make = Callable[..., GoldSet]

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


def speaker(mode: str) -> str:
    return f"process:{shlex.quote(sys.executable)} {BACKENDS / 'speaker.py'} {mode}"


def run_one(backend: str, gold: GoldSet, **options: object) -> Result:
    (result,) = record_of([backend], gold, **options).results
    return result


def record_of(backends: list[str], gold: GoldSet, **options: object) -> RunRecord:
    specs = [BackendSpec.parse(name) for name in backends]
    options.setdefault("limits", QUICK)
    return run(specs, [gold], RunOptions(**options))  # type: ignore[arg-type]


def tp(result: Result) -> int:
    found: int = result.scores["strict"]["tp"]
    return found


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raises", "ValueError: this text is beyond me in two lines"),
        ("sys-exit", "SystemExit: the library calls sys.exit"),
        ("exits", "exited with status 3 while working on document 'b'"),
        ("crashes", "killed by SIGSEGV"),
        ("hangs", "no answer within 0.4 s while working on document 'b'"),
        ("converts-badly", "ValueError: cannot convert"),
        ("short", "gave 0 results for 1 texts"),
        ("lazy", "a lazy result, whose work would be done off the clock"),
    ],
)
def test_one_document_is_hit(fault: str, words: str, make_gold: Make) -> None:
    result = run_one(f"planted/{fault}", make_gold(TEXTS))
    assert result.status == "partial"
    assert [failure.id for failure in result.failures] == ["b"]
    assert words in result.failures[0].error
    assert result.failed == 1
    # All-missed, and no more than that: 2 of the 8 gold mentions are in the document hit.
    assert tp(result) == 6
    assert result.scores["strict"]["fn"] == 2
    assert result.scores["strict"]["fp"] == 0


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("garbage", "printed 'Segmentation fault (just kidding)' on stdout"),
        ("wrong-id", "answered for 'another' when 'b' was due"),
        ("no-layer", 'has no list "entities"'),
        ("closes-stdout", "closed its stdin or stdout"),
        ("endless", "a line of more than 64 MiB"),
    ],
)
def test_a_foreign_program_hits_one_document(mode: str, words: str, make_gold: Make) -> None:
    limits = Limits(document_seconds=5.0)
    result = run_one(speaker(mode), make_gold(TEXTS), limits=limits)
    assert result.status == "partial"
    assert [failure.id for failure in result.failures] == ["b"]
    assert words in result.failures[0].error
    assert tp(result) == 6


def test_what_it_says_is_fit_to_be_written(make_gold: Make, tmp_path: Path) -> None:
    result = run_one(speaker("rude"), make_gold(TEXTS), out=tmp_path / "out")
    assert result.failures[0].error == "half   and  [31m red"
    assert (tmp_path / "out" / "run.json").exists()


def test_a_worker_that_closes_stdin(make_gold: Make) -> None:
    """It hangs on the document it was at; a fresh one gets the others."""
    result = run_one(speaker("closes-stdin"), make_gold(TEXTS))
    assert [failure.id for failure in result.failures] == ["b"]
    assert tp(result) == 6


def test_stdin_closed_before_documents_are_sent() -> None:
    program = 'import os, time; os.close(0); print(\'{"type": "x"}\', flush=True); time.sleep(60)'
    with Worker([sys.executable, "-c", program], env=os.environ) as worker:
        worker.receive(10, "starting")
        worker.send(b"x" * 1_000_000)
        with pytest.raises(Fault, match="closed its stdin or stdout while asked"):
            worker.receive(30, "asked")


def test_memory_limit(make_gold: Make) -> None:
    limits = Limits(document_seconds=30.0, memory_bytes=150 << 20)
    result = run_one("planted/eats", make_gold(TEXTS), limits=limits)
    assert [failure.id for failure in result.failures] == ["b"]
    assert "more than the 150 MiB that it was allowed" in result.failures[0].error
    assert tp(result) == 6
    peak = result.costs.peak_memory_bytes
    assert peak is not None
    assert 150 << 20 < peak < 450 << 20


def test_a_hundred_megabytes_on_stderr(make_gold: Make, tmp_path: Path) -> None:
    limits = Limits(document_seconds=60.0)
    result = run_one("planted/shouts", make_gold(TEXTS), limits=limits)
    assert result.status == "ok"
    assert tp(result) == 8


def test_stderr_is_kept_at_both_ends() -> None:
    log = Log(limit=10)
    for _ in range(1000):
        log.write(b"0123456789ABCDEF\n")
    log.write(b"the end\n")
    assert log.text() == "0123456789\n[... 16988 bytes left out ...]\nF\nthe end\n"
    assert log.size == 17008
    assert log.last_line() == "the end"


def test_what_a_library_prints_does_no_harm(make_gold: Make) -> None:
    result = run_one("planted/prints", make_gold(TEXTS))
    assert (result.status, tp(result)) == ("ok", 8)


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("planted/load-raises", "RuntimeError: the weights are corrupt"),
        ("planted/load-dies", "exited with status 7 while loading; its last words: about to die"),
        ("planted/load-hangs", "no answer within 1 s while loading"),
        ("planted/wrong-identity", "its files say"),
        (speaker("mute"), "exited with status 0 while loading"),
        (speaker("banner"), "printed 'Welcome to the Speaker 1.0!' on stdout"),
        (speaker("version"), "speaks protocol 2, this harness speaks 1"),
        (
            speaker("unit"),
            "offsets: found 'furlong', expected 'codepoint' or 'utf16' or 'byte'",
        ),
    ],
)
def test_what_cannot_be_loaded_fails_alone(backend: str, words: str, make_gold: Make) -> None:
    limits = Limits(load_seconds=1.0)
    record = record_of([backend, "planted/ok"], make_gold(TEXTS), limits=limits)
    broken, whole = record.results
    assert broken.status == "failed"
    assert broken.reason is not None
    assert words in broken.reason
    assert broken.scores == {}
    assert (whole.status, tp(whole)) == ("ok", 8)
    assert record.status == "partial"


@pytest.mark.parametrize(
    ("backend", "reason", "install"),
    [
        ("planted/missing", "it was never there", "pip install planted"),
        ("planted/load-unavailable", "no such library", "pip install such-a-library"),
        ("process:no-such-program-1a2b", "is not on this machine", "see docs/protocol.md"),
    ],
)
def test_unavailable_is_a_row(backend: str, reason: str, install: str, make_gold: Make) -> None:
    record = record_of([backend, "planted/ok"], make_gold(TEXTS))
    missing = record.results[0]
    assert missing.status == "unavailable"
    assert reason in (missing.reason or "")
    assert missing.install == install
    assert record.status == "success"
    check_required(record, ["planted/ok"])
    with pytest.raises(BackendFailed, match="is unavailable") as caught:
        check_required(record, [backend])
    assert caught.value.exit_status == 3


def test_required_that_was_not_run(make_gold: Make) -> None:
    record = record_of(["planted/ok?a=1", "empty"], make_gold(TEXTS))
    check_required(record, ["planted", "empty", "planted/ok?a=1"])
    with pytest.raises(BackendFailed, match="spacy was not run"):
        check_required(record, ["spacy"])


def test_nothing_answered_is_an_error(make_gold: Make) -> None:
    record = record_of(["planted/load-raises", "planted/missing"], make_gold(TEXTS))
    assert record.status == "error"


def test_it_gives_up_after_three_breakdowns_in_a_row(
    make_gold: Make, log: Callable[[], list[str]]
) -> None:
    texts = {str(i): f"FAULT number {i}." for i in range(6)}
    result = run_one("planted/exits", make_gold(texts))
    assert result.status == "failed"
    assert len(log()) == 3
    assert "exited with status 3" in result.failures[2].error
    assert result.failures[3].error.startswith("not tried: 3 breakdowns in a row")
    assert result.failed == 6


def test_time_in_all(make_gold: Make) -> None:
    texts = {str(i): f"Text number {i}." for i in range(50)}
    limits = Limits(total_seconds=1.2)
    start = time.monotonic()
    result = run_one("planted/slow:0.1", make_gold(texts), limits=limits)
    assert time.monotonic() - start < 4
    assert result.status == "partial"
    assert 0 < result.failed < 50
    assert "the 1.2 s for the whole backend were used up" in result.failures[-1].error


def test_time_in_all_holds_for_scoring(make_gold: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    late = 0.0

    def slow(gold: object, predicted: object, *options: object, **more: object) -> Iterator[Event]:
        nonlocal late
        late += 20.0 if predicted else 0.0
        return events(gold, predicted, *options, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("harness.tasks.ner.count.events", slow)
    monkeypatch.setattr("harness.run.counting.monotonic", lambda: time.monotonic() + late)
    gold = make_gold({str(i): f"Text number {i}." for i in range(9)})
    limits = Limits(total_seconds=90.0)
    bad, good = record_of(["planted/ok", "empty"], gold, limits=limits).results
    assert bad.status == "failed"
    assert "scoring did not end within" in bad.reason
    assert "the 90 s for the whole backend" in bad.reason
    assert bad.signature is None
    assert late < 9 * 20  # It was not counted to its end.
    assert good.status == "ok"
    assert run_one("planted/ok", gold).status == "ok"


def test_scoring_has_a_tenth_of_the_time_where_asking_took_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("harness.run.counting.monotonic", lambda: now)
    scoring = ScoringTime(10.0)
    now = 11.0
    with scoring.spent():
        now = 11.5
    with pytest.raises(BackendFailed, match="scoring did not end within 1 s"), scoring.spent():
        now = 12.1


def test_answers_too_dense_to_score_are_an_error_row(
    make_gold: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(gold: object, predicted: object, *options: object, **more: object) -> object:
        if predicted:
            raise TooEntangled("too dense")
        return iter(())

    monkeypatch.setattr("harness.tasks.ner.count.events", refuse)
    bad, good = record_of(["planted/ok", "empty"], make_gold(TEXTS)).results
    assert (bad.status, good.status) == ("failed", "ok")
    assert bad.reason == "document 'a': too dense"


@pytest.mark.parametrize("fault", ["raises", "exits", "hangs"])
def test_one_bad_document_spares_its_batch(fault: str, make_gold: Make) -> None:
    result = run_one(f"planted/{fault}", make_gold(TEXTS), batch_size=3)
    assert [failure.id for failure in result.failures] == ["b"]
    assert tp(result) == 6
    assert result.costs.median_seconds is None


def test_spans_that_cannot_be_used_are_dropped_and_counted(make_gold: Make) -> None:
    result = run_one("planted/outside", make_gold({"b": "FAULT is Carla's."}))
    assert result.status == "ok"
    assert result.dropped == 5
    assert result.scores["strict"]["predicted"] == 1
    said = [drop.error for drop in result.drops]
    assert said == [
        "entities[1]: end 5 is not after start 5 (offsets are half-open)",
        "entities[2]: end 24 is outside the text of 17 code points",
        "entities[3]: start -1 is negative",
        "entities[4]: label is '', expected a non-empty string",
        "entities[5]: start is '0', expected an integer",
    ]


@pytest.mark.parametrize("fault", ["no-layer", "wrong-type"])
def test_answers_of_the_wrong_kind_are_errors(fault: str, make_gold: Make) -> None:
    result = run_one(f"planted/{fault}", make_gold(TEXTS))
    assert result.status == "failed"
    assert result.failed == 4


@pytest.mark.parametrize("unit", ["utf16", "byte", "codepoint"])
def test_foreign_offsets_are_converted(unit: str, make_gold: Make) -> None:
    texts = {"e": "😀 Émile à Ōsaka 🇳🇴 Ø", "f": "plain Text", "g": "e\u0301 É \u00a0Nb"}
    result = run_one(speaker(unit), make_gold(texts))
    assert (result.status, result.dropped, result.reason) == ("ok", 0, None)
    assert result.scores["strict"]["f1"] == 1.0


def test_offsets_in_the_middle_of_a_character(make_gold: Make) -> None:
    result = run_one(speaker("middle"), make_gold({"a": "Bonn", "b": "😀 FAULT"}))
    assert result.dropped == 0
    # As code points [1, 2) is a span; the gold set has no type X.
    assert (result.scores["strict"]["predicted"], result.not_scored) == (1, {"X": 1})


def test_backends_that_cannot_be_told_apart_are_not_cached(make_gold: Make, tmp_path: Path) -> None:
    gold = make_gold(TEXTS)
    for mode, replayed in (("nameless", 0), ("utf16", 0), ("proven", 4)):
        run_one(speaker(mode), gold, cache=tmp_path / "cache")
        again = run_one(speaker(mode), gold, cache=tmp_path / "cache")
        assert again.costs.replayed == replayed, mode


def test_no_process_is_left_behind(make_gold: Make, tmp_path: Path) -> None:
    """A worker's own children end with it."""
    note = tmp_path / "grandchild"
    result = run_one(f"planted/forks:{note}", make_gold(TEXTS))
    assert [failure.id for failure in result.failures] == ["b"]
    assert ends(int(note.read_text("ascii")))


def ends(pid: int) -> bool:
    """Whether a process comes to its end within five seconds."""
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_no_process_is_left_behind_by_a_worker_that_ends() -> None:
    """Not even one of another session, whose parent is gone; and the status is the worker's."""
    program = (
        "import os, time; os.fork() or os.setsid() or os.fork() and os._exit(0) or "
        '(print(\'{"type": "x", "pid": %d}\' % os.getpid(), flush=True), time.sleep(600));'
        "input() or os._exit(7)"
    )
    with Worker([sys.executable, "-c", program], env=os.environ) as worker:
        pid = worker.receive(20, "starting")["pid"]
        assert alive(pid)
        worker.send(b"\n")
        with pytest.raises(Fault, match="exited with status 7"):
            worker.receive(20, "working")
        assert not alive(pid)


def test_the_process_in_between_may_be_killed() -> None:
    program = 'import os, time; print(\'{"type": "x", "pid": %d, "between": %d}\' % '
    program += "(os.getpid(), os.getppid()), flush=True); os.fork(); time.sleep(600)"
    with Worker([sys.executable, "-c", program], env=os.environ) as worker:
        said = worker.receive(20, "starting")
        os.kill(said["between"], signal.SIGKILL)
        with pytest.raises(Fault, match="killed by SIGKILL"):
            worker.receive(20, "working")
        assert ends(said["pid"])


def test_peak_memory_is_the_child_s_own(make_gold: Make) -> None:
    """Not the parent's, which a fork and exec would hand down, and not an earlier child's."""
    fat = bytearray(300 << 20)
    fat[::4096] = b"x" * len(fat[::4096])
    gold = make_gold({"a": "Anna.", "b": "FAULT."})
    eats = run_one("planted/eats", gold, limits=Limits(memory_bytes=120 << 20))
    result = run_one("planted/ok", gold)
    del fat
    assert result.costs.peak_memory_bytes is not None
    assert result.costs.peak_memory_bytes < 60 << 20
    assert (eats.costs.peak_memory_bytes or 0) > 100 << 20


def test_unknown_backend_stops_before_anything_runs(make_gold: Make) -> None:
    with pytest.raises(UsageError, match=r"unknown backend 'plantd'\. Did you mean 'planted'"):
        record_of(["planted/ok", "plantd/ok"], make_gold(TEXTS))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["planted/crashes", "planted/ok"], 0, "killed by SIGSEGV"),
        (["planted/crashes", "planted/ok", "--require", "planted/ok"], 0, "killed by SIGSEGV"),
        (["planted/crashes", "--require", "planted"], 3, "required, but planted/crashes on tiny"),
        (["planted/load-raises", "planted/missing"], 3, "the weights are corrupt"),
        (["planted/missing", "planted/ok"], 0, "it was never there"),
        (["plantd"], 2, "Did you mean 'planted'"),
    ],
)
def test_exit_statuses(
    arguments: list[str],
    status: int,
    words: str,
    make_gold: Make,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gold = str(make_gold(TEXTS).path)
    places = ["--gold", gold, "--out", str(tmp_path / "out"), "--no-cache", "--rankings"]
    assert main(["run", *arguments, *places]) == status
    out, err = capsys.readouterr()
    assert words in out + err
    assert "Traceback" not in err
    if status == 0:
        assert "planted/ok" in out
