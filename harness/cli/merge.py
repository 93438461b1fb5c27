"""`harness merge`: the shards of a run put together, as if it had never been cut."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.common import GOLD, HISTORY, RANKINGS, add_flags, output
from harness.errors import NothingMeasured
from harness.options import Flag, changed, flags_of
from harness.run.options import RunOptions

EPILOG = """\
SHARD is a folder that `harness run ... --shard I/N --out FOLDER` has written, or a folder of such
folders. All N have to be there, once, and of the same run: the same backends, options, versions,
and the same gold. The record, the predictions and the tables are then those of the run that was
not cut, byte for byte, apart from times. Where a backend could not be loaded in some shard, its
documents there count as failed, and the record is partial.

The gold is needed where labels of answers that nobody states decide how they are compared, where
backends with different labels are compared, and where a shard failed.

example:
  harness run gazetteer --gold seeds --shard 1/2 --out shards/1
  harness run gazetteer --gold seeds --shard 2/2 --out shards/2
  harness merge shards/1 shards/2 --out merged
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shard", nargs="+", type=Path, metavar="SHARD", help="folder of a shard")
    (out,) = changed(
        [flag for flag in flags_of(RunOptions) if flag.name == "out"], out={"required": True}
    )
    where = "where a gold set lies that was moved since"
    add_flags(
        parser,
        out,
        *changed([GOLD], gold={"help": where}),
        Flag("refuse where a shard failed as such", name="require_complete", kind=bool),
        RANKINGS,
        HISTORY,
        *output("print the run record"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.history_file import append_last
    from harness.cli.publish import publish
    from harness.results.finder import GoldFinder
    from harness.run.progress import Progress
    from harness.scale.merge import merge_shards

    merged = merge_shards(
        args.shard,
        args.out,
        finder=GoldFinder(args.gold),
        complete=args.require_complete,
        command=args.command,
    )
    record = merged.record
    publish(args, record)
    for line in merged.partial:
        Progress(quiet=True).note(line)
    added = append_last(args.history, (record, args.out))
    return NothingMeasured.exit_status if record.status == "error" else added
