"""A signal stops a program once, and cuts nothing in two."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from harness.formats import files
from harness.formats.files import is_draft, write_text
from harness.interrupt import stoppable, uninterrupted

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops_and_the_next_says_nothing_new(number: int) -> None:
    cleaned = False
    with pytest.raises(KeyboardInterrupt), stoppable():
        try:
            with stoppable():
                signal.raise_signal(number)
                pytest.fail("not reached")
        finally:
            for other in SIGNALS:
                signal.raise_signal(other)
            with uninterrupted():
                signal.raise_signal(number)
            cleaned = True
    assert cleaned
    with pytest.raises(KeyboardInterrupt), stoppable():  # Another program, another stop.
        signal.raise_signal(number)


def test_a_program_that_was_stopped_ends_undisturbed() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with stoppable(at_last=True):
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before
    try:
        with pytest.raises(KeyboardInterrupt), stoppable(at_last=True):
            signal.raise_signal(signal.SIGTERM)
        for number in SIGNALS:
            signal.raise_signal(number)
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


def test_a_signal_waits_for_what_must_not_be_cut() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), stoppable():
        with uninterrupted():
            with uninterrupted():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")
        done.append("too much")
    assert done == ["inner", "outer"]


def test_what_python_makes_of_it_is_a_stop_all_the_same() -> None:
    class Name:
        def __set_name__(self, owner: object, name: str) -> None:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt) as caught, stoppable():
        type("Named", (), {"name": Name()})
    assert caught.type is KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), stoppable():  # But an error is an error.
        print(1 / 0)


def test_a_program_that_catches_it_says_how_it_ends() -> None:
    """Also where it leaves an `exec`, of which there are many while dataclasses are made."""
    program = (
        "import signal, sys\nfrom harness.interrupt import stoppable\n"
        "try:\n  with stoppable(): exec('signal.raise_signal(signal.SIGTERM)')\n"
        "except KeyboardInterrupt: sys.exit(130)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_neither_stops_nor_waits() -> None:
    seen = []

    def work() -> None:
        with stoppable(), uninterrupted():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def at_step(number: int, path: str) -> Callable[[FrameType, str, Any], Any]:
    """A trace function that raises SIGTERM at the given step of a file."""
    left = number

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != path:
            return None
        left -= event == "line"
        if left == 0 and event == "line":
            signal.raise_signal(signal.SIGTERM)
        return trace

    return trace


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broken", [False, True], ids=["whole", "broken"])
def test_a_file_is_old_or_new_wherever_a_signal_comes(tmp_path: Path, broken: bool) -> None:
    """At every line of the module that writes it."""
    path = tmp_path / "run.json"
    path.write_text("old", "utf-8")
    text = "half \ud800" if broken else "new"
    stops, found = 0, set()
    for number in range(1, 500):
        before = sys.gettrace()
        try:
            with stoppable():
                sys.settrace(at_step(number, files.__file__))
                write_text(path, text)
        except (KeyboardInterrupt, files.InputError) as error:
            stops += isinstance(error, KeyboardInterrupt)
        finally:
            sys.settrace(before)
        assert not [name.name for name in tmp_path.iterdir() if is_draft(name.name)], number
        found.add(path.read_text("utf-8"))
        if stops < number:
            break
        path.write_text("old", "utf-8")
    assert stops > 30
    assert found == ({"old"} if broken else {"old", "new"})
