"""The command `harness`: one verb per module, imported only when it is called."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NoReturn, TypeVar

from harness import __version__
from harness.cli.streams import guarded_streams
from harness.errors import HarnessError, InputError, UsageError, nearest
from harness.interrupt import stoppable
from harness.media import one_line

__all__ = ["VERBS", "main", "parser_of"]

EXIT_STATUS = """\
exit status:
  0  fine
  1  the check says no (a score regressed)
  2  the input or the usage is wrong, or a library that one of them needs is missing
  3  nothing was measured, a required backend failed, or runs cannot be compared
  70 an unforeseen error: a fault of harness itself
"""

# verb: (module below harness.cli, one line of help); modules are imported when called.
VERBS: dict[str, tuple[str, str]] = {
    "run": ("run", "apply backends to gold sets, print the tables, write results/"),
    "merge": ("merge", "put the shards of a run together, as if it had not been cut"),
    "stress": (
        "stress",
        "how scores bend when texts are perturbed, and whether answers are stable",
    ),
    "score": ("score", "score a file of predictions against a file of gold; needs no backend"),
    "predict": ("predict", "apply one backend to documents and write its predictions"),
    "backends": ("backends", "list the backends: what they give, whether they run here"),
    "report": ("report", "print a stored run's tables again, or write them as one HTML page"),
    "explain": ("explain", "why a score is what it is: what errors cost, where it is weak"),
    "compare": ("compare", "what differs between backends, with intervals, tests and flips"),
    "check": ("check", "the CI gate: has a score really dropped below the baseline?"),
    "baseline": ("baseline", "show what was accepted, or accept a run as the new baseline"),
    "history": (
        "history",
        "scores over time: add a run, show steps, drifts and what changed there",
    ),
    "choose": ("choose", "which backend to take, given constraints; abstains when tied"),
    "threshold": ("threshold", "where to set the confidence threshold of a backend"),
    "audit": ("audit", "mentions on which all backends agree against the gold"),
    "validate": ("validate", "check a gold set or a file of annotations"),
    "agreement": ("agreement", "how far annotators agree with each other"),
    "convert": ("convert", "read annotations in one format and write them in another"),
    "formats": ("formats", "list the formats: their options, what they lose, an example"),
    "cache": ("cache", "look into the store of predictions"),
    "env": ("env", "give a backend an environment of its own"),
    "versions": ("versions", "at which release of a library did a backend's score change?"),
    "check-backend": ("check_backend", "the contract test for an adapter"),
    "completion": ("completion", "what bash, zsh and fish need to complete commands"),
}

T = TypeVar("T")

UNFORESEEN = 70
"""`EX_SOFTWARE` of sysexits.h; Python's own 1 would say that a score has regressed."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong last, below one line of usage: all options would be a page."""

    def error(self, message: str) -> NoReturn:
        usage = f"usage: {self.prog} ... ({self.prog} --help lists the options)"
        self.exit(2, f"{usage}\n{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Errors go to stderr, without a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    program = argv is None  # Not called by another one, which goes on.
    with guarded_streams():
        status = _guided(_dispatch, arguments, program)
        # Whatever waits to be printed goes out here, where it can still be said that it cannot.
        return _guided(_flushed, status, program)


def _guided(step: Callable[[T], int], given: T, program: bool) -> int:
    """What `step` returns, or the status of what it raises, which is said on stderr."""
    try:
        with stoppable(at_last=program):
            return step(given)
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("harness: stopped; what was finished is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`harness run | head`): no error of ours, but no
        # "fine" either, or `harness check | head` would pass. 128 + SIGPIPE, as others say it.
        return 141
    except PermissionError as error:
        # Never a fault of the harness, wherever it is met.
        print(f"harness: {one_line(str(error))}", file=sys.stderr)
        return InputError.exit_status
    except Exception:
        print(
            f"{traceback.format_exc()}harness: an unforeseen error, which is a fault of harness "
            f"{__version__} itself: please report it with the lines above",
            file=sys.stderr,
        )
        return UNFORESEEN


def _flushed(status: int) -> int:
    sys.stdout.flush()
    return status


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(_version())
        return 0
    verb = arguments[0]
    if verb not in VERBS:
        guess = nearest(verb, VERBS, listed=False)
        print(f"harness: unknown command {verb!r}{guess} See: harness --help", file=sys.stderr)
        return 2
    module, parser = parser_of(verb)
    # Reading a corpus makes millions of small objects that live to the end; looking through them
    # for garbage again and again takes a quarter of the time and finds none.
    gc.set_threshold(200_000, 50, 50)
    try:
        if hasattr(module, "preset"):
            module.preset(parser, arguments[1:])
        namespace = parser.parse_args(arguments[1:])
    except SystemExit as stop:  # argparse prints usage itself; keep its status, 0 or 2
        return int(stop.code or 0)
    if getattr(namespace, "columns", ()) and namespace.json:
        raise UsageError("--json prints everything: leave out --columns, or say --format json")
    from harness.formats.urls import hidden_in

    namespace.command = ["harness", *map(hidden_in, arguments)]  # It goes into the record.
    status: int = module.run(namespace)
    return status


def _version() -> str:
    """Which harness this is, without any path: for reports of faults."""
    from harness.results.provenance import git_state

    checkout = git_state()
    where = "" if checkout is None else f" ({checkout})"
    return f"harness {__version__}{where}, Python {sys.version.split()[0]}"


def parser_of(verb: str) -> tuple[ModuleType, argparse.ArgumentParser]:
    """The module of a verb, which is imported here, and its command line."""
    module_name, summary = VERBS[verb]
    module = importlib.import_module(f"harness.cli.{module_name}")
    parser = _Parser(
        prog=f"harness {verb}",
        description=summary[0].upper() + summary[1:] + ("" if summary.endswith("?") else "."),
        epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return module, parser


def _overview() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, (_, summary) in VERBS.items())
    return (
        "usage: harness VERB [options]      (harness VERB --help for each)\n\n"
        "Compares named-entity and quotation-attribution backends on gold annotations.\n\n"
        f"verbs:\n{verbs}\n\n"
        "  --version  which harness this is: version, commit, Python\n\n"
        "example:\n  harness run spacy/en_core_web_sm gazetteer --gold seeds\n\n"
        f"{EXIT_STATUS}"
    )


if __name__ == "__main__":
    sys.exit(main())
