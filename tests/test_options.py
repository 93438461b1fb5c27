"""Options are declared once: what comes of a declaration, and that it agrees everywhere."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Literal

import pytest

from harness.cli import cache as cli_cache
from harness.cli.common import add_flags
from harness.errors import UsageError
from harness.options import Flag, build, changed, check_options, flags_of, from_flags
from harness.registry import BackendSpec
from harness.run.key import describe_here, make_key
from harness.run.options import Limits, RunOptions, WorkerOptions, task_flags
from harness.run.predictions import PredictOptions
from harness.tasks.ner.options import BOUNDARY_RULES, MATCH_MODES, NerOptions
from harness.tasks.registry import tasks

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    wait: Annotated[float, Flag("seconds to wait", name="patience", above=0, noun="seconds")] = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    many_words: Annotated[int, Flag("how many", least=1, most=9)] = 2
    mode: Annotated[Literal["fast", "good"], Flag()] = "fast"
    folder: Annotated[Path | None, Flag("where", metavar="DIR")] = None
    quiet: Annotated[bool, Flag("say everything", name="loud")] = True
    inner: Inner = field(default_factory=Inner)
    bare: str = "no option"


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_flags(parser, *flags_of(Example))
    return parser.parse_args(words)


def test_a_declaration_becomes_a_command_line_and_comes_back() -> None:
    assert build(Example, vars(parsed())) == Example()
    args = parsed("--many-words=3", "--mode", "good", "--folder", "x", "--loud", "--patience", "2")
    assert build(Example, vars(args), bare="said") == Example(
        many_words=3,
        mode="good",
        folder=Path("x"),
        quiet=False,
        inner=Inner(wait=2.0),
        bare="said",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--many-words", "0"), "'0', expected a whole number between 1 and 9"),
        (("--many-words", "1.5"), "'1.5', expected a whole number between 1 and 9"),
        (("--many-words", "1_0"), "'1_0', expected a whole number"),
        (("--many-words", "9" * 5000), "expected a whole number"),
        (("--patience", "nan"), "'nan', expected seconds above 0"),
        (("--patience", "soon"), "'soon', expected seconds above 0"),
        (("--mode", "best"), "invalid choice: 'best'"),
    ],
)
def test_what_does_not_fit_is_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=re.escape(said)):
        parsed(*words)


def test_help_says_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, *flags_of(Example))
    parser.print_help()
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("how many; default: 2", "seconds to wait; default: 1.5", "--folder DIR where"):
        assert words in shown


def test_values_of_python_are_checked_as_well() -> None:
    check_options(Example())
    with pytest.raises(UsageError, match="many_words is 0, expected a whole number between 1 and"):
        check_options(Example(many_words=0))
    with pytest.raises(UsageError, match="wait is -1, expected seconds above 0"):
        check_options(Example(inner=Inner(wait=-1)))
    with pytest.raises(UsageError, match="threads is 0, expected a whole number between 1 and"):
        PredictOptions(threads=0)
    with pytest.raises(UsageError, match="seed is -1"):
        RunOptions(seed=-1)
    with pytest.raises(UsageError, match="document_seconds is 0"):
        RunOptions(limits=Limits(document_seconds=0))


def test_any_dataclass_declares_options() -> None:
    """Also one whose fields say nothing of a command line, by name."""
    match, boundary, *_ = flags_of(NerOptions, "match", "boundary")
    assert match.default == "strict"
    assert [match.read_text(mode) for mode in MATCH_MODES] == [*MATCH_MODES]
    assert match.read_text("overlap=0.50") == "overlap=0.5"
    assert (boundary.choices, boundary.default) == (BOUNDARY_RULES, "raw")
    (free, same) = changed((match, boundary), match={"default": None})
    assert (free.default, free.parse, same) == (None, match.parse, boundary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    lenient: Annotated[bool, Flag("count near misses as misses", name="severe")] = True
    most: Annotated[int, Flag("count so many", least=1)] = 9


def test_a_dataclass_is_made_of_the_flags_that_were_said() -> None:
    assert from_flags(Severity, {"severe": True, "most": None, "else": 1}) == Severity(
        lenient=False
    )
    assert from_flags(Severity, {"severe": False, "most": 2}) == Severity(most=2)
    with pytest.raises(UsageError, match="most is -1, expected a whole number from 1 up"):
        from_flags(Severity, {"most": -1})


def test_a_run_has_the_options_of_every_task() -> None:
    for task in tasks().values():
        for flag in flags_of(task.options, *task.signed):
            assert flag in task_flags()
    exact = RunOptions(counting={"match": "exact"})
    assert exact.scoring()["ner"] == NerOptions(match="exact")
    assert exact.scoring().keys() == tasks().keys()
    assert (exact.recorded()["match"], exact.recorded()["boundary"]) == ("exact", "raw")
    with pytest.raises(UsageError, match=r"no task has the option 'macth'\. Did you mean 'match'"):
        RunOptions(counting={"macth": "exact"})


def test_the_record_has_every_option() -> None:
    """Flat, by the names of the fields; `harness/results/record.py` has the others itself."""
    own = {part.name for part in fields(RunOptions)} - {"limits", "counting"}
    own |= {flag.name for flag in task_flags()} | {part.name for part in fields(Limits)}
    options = RunOptions(
        tasks=("ner", "attribution"), limits=Limits(memory_bytes=5), cache=Path("x"), suite="s"
    )
    recorded = options.recorded()
    elsewhere = {"environment", "threads", "seed", "command", "out", "shard"}
    assert recorded.keys() == own - elsewhere - {"behind", "token"}
    assert recorded["tasks"] == "ner,attribution"
    assert (recorded["cache"], recorded["memory_bytes"], recorded["suite"]) == (True, 5, "s")
    assert RunOptions().recorded()["tasks"] is None


def test_what_asks_a_backend_has_the_options_of_a_run() -> None:
    for kind in (RunOptions, PredictOptions):
        assert flags_of(kind)[: len(flags_of(WorkerOptions))] == flags_of(WorkerOptions)


def test_the_key_has_every_option_that_says_so() -> None:
    spec = BackendSpec.parse("gazetteer")
    keyed = {
        flag.name: 7 + number for number, flag in enumerate(cli_cache._keyed()) if not flag.many
    }
    key = make_key(spec, describe_here(spec), task="ner", labels=(), **keyed)  # type: ignore[arg-type]
    assert key is not None
    assert {name: key.fields[name] for name in keyed} == keyed
    assert "pass_env" not in key.fields  # Keys of earlier versions are still found.
    others = {flag.name for flag in flags_of(WorkerOptions)} - keyed.keys()
    assert not others & key.fields.keys()


def test_only_the_entry_point_reads_the_command_line() -> None:
    """Besides it, programs of their own: what a worker is started through, and a probe."""
    for path in sorted((ROOT / "harness").rglob("*.py")):
        name = path.relative_to(ROOT / "harness").as_posix()
        if name not in (
            "cli/main.py",
            "run/parenthood.py",
            "run/contract.py",
            "scale/ray_address.py",
        ):
            assert "sys.argv" not in path.read_text("utf-8"), name
