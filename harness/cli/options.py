"""Options that several verbs share: the workers' limits and the predictions store."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.errors import UsageError
from harness.paths import cache_folder as default_cache
from harness.run.predictor import Limits
from harness.run.sizes import parse_size

__all__ = ["add_cache_options", "add_worker_options", "cache_folder", "limits", "size"]


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """`--threads`, `--batch-size`, limits, `--online`, the store's options, `--quiet`."""
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--batch-size",
        type=_whole,
        default=1,
        metavar="N",
        help="documents handed to a library in one call (default 1: each has a time of its own)",
    )
    group.add_argument(
        "--threads", type=_whole, default=1, metavar="N", help="threads of a worker (default 1)"
    )
    group.add_argument(
        "--timeout",
        type=_seconds,
        default=Limits().document_seconds,
        metavar="SECONDS",
        help="for one document (default %(default)g)",
    )
    group.add_argument(
        "--load-timeout",
        type=_seconds,
        default=Limits().load_seconds,
        metavar="SECONDS",
        help="for loading a backend (default %(default)g)",
    )
    group.add_argument(
        "--total-timeout",
        type=_seconds,
        metavar="SECONDS",
        help="for all documents of a backend and gold set (default: none)",
    )
    group.add_argument(
        "--max-memory",
        type=size,
        metavar="SIZE",
        help="resident memory of a worker, such as 800MB or 4GiB (default: none)",
    )
    group.add_argument(
        "--online", action="store_true", help="let backends fetch models (default: never)"
    )
    add_cache_options(parser)
    parser.add_argument("--quiet", "-q", action="store_true", help="no progress on stderr")


def add_cache_options(parser: argparse.ArgumentParser, *, bypass: bool = True) -> None:
    """`--cache-dir` and, with `bypass`, `--no-cache`."""
    group = parser.add_argument_group("predictions store")
    group.add_argument(
        "--cache-dir",
        metavar="FOLDER",
        help="folder of the store (default: $HARNESS_CACHE, else cache in $HARNESS_HOME, .harness)",
    )
    if bypass:
        group.add_argument(
            "--no-cache", action="store_true", help="neither read nor write the store"
        )
        group.add_argument(
            "--fresh", action="store_true", help="ask everything anew, and replace what it has"
        )


def cache_folder(args: argparse.Namespace) -> Path | None:
    """The store's folder, or `None` when it is bypassed."""
    if getattr(args, "no_cache", False):
        if args.cache_dir:
            raise UsageError("--no-cache and --cache-dir contradict each other")
        return None
    return Path(args.cache_dir) if args.cache_dir else default_cache()


def limits(args: argparse.Namespace) -> Limits:
    """The limits that the options of `add_worker_options` set."""
    return Limits(
        document_seconds=args.timeout,
        load_seconds=args.load_timeout,
        total_seconds=args.total_timeout,
        memory_bytes=args.max_memory,
    )


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a number from 1 up")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r}, expected seconds above 0")
    return value


def size(text: str) -> int:
    """The type of an option that takes bytes: `800MB`, `4GiB`."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}, expected {error}") from None
