"""A stand-in for Slurm's `sbatch`, which runs a job at once: as much of it as docs/scale needs.

Variables are as Slurm documents them (job_array.html): of `--array=7,12` SLURM_ARRAY_TASK_COUNT
is 2, SLURM_ARRAY_TASK_MIN 7 and SLURM_ARRAY_TASK_MAX 12; a script lies elsewhere when it runs. How
jobs have ended is kept in the folder $STAND_IN; its file `lost` names tasks whose node is lost,
once.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PLACE = Path(os.environ["STAND_IN"])
LOST = PLACE / "lost"


def main() -> int:
    parser = argparse.ArgumentParser(prog="sbatch", allow_abbrev=False)
    for name in ("array", "dependency", "output", "kill-on-invalid-dep"):
        parser.add_argument(f"--{name}")
    for name in ("cpus-per-task", "job-name", "mem", "nodes", "ntasks", "time"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--parsable", action="store_true")
    parser.add_argument("script", type=Path)
    parser.add_argument("arguments", nargs="*")
    said = sys.argv[1:]
    script = parser.parse_args(said).script
    lines = re.findall(r"^#SBATCH (.+)$", script.read_text("utf-8"), re.M)
    options = parser.parse_args([*lines, *said])  # The command line wins.
    number = str(100 + len(list(PLACE.glob("*.ended"))))
    spooled = shutil.copy(script, PLACE / f"slurm_script_{number}")
    ended = PLACE / f"{number}.ended"
    print(f"{number};cluster" if options.parsable else f"Submitted batch job {number}")
    if options.dependency:
        (before,) = re.fullmatch(r"afterok:(\d+)", options.dependency).groups()
        if (PLACE / f"{before}.ended").read_text("ascii") != "0":
            ended.write_text("never run", "ascii")
            return 0
    tasks = _numbers(options.array) if options.array else [None]
    statuses = [_task(options, number, spooled, task, tasks) for task in tasks]
    ended.write_text(str(max(statuses)), "ascii")
    return 0


def _numbers(array: str) -> list[int]:
    found: list[int] = []
    for part in array.partition("%")[0].split(","):
        first, last, step = re.fullmatch(r"(\d+)(?:-(\d+))?(?::(\d+))?", part).groups()
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return found


def _task(
    options: argparse.Namespace, job: str, script: Path, task: int | None, tasks: list[int]
) -> int:
    lost = LOST.read_text("ascii").split() if LOST.exists() else []
    if str(task) in lost:
        LOST.write_text(" ".join(one for one in lost if one != str(task)), "ascii")
        return 1
    environment = {**os.environ, "SLURM_JOB_ID": job}
    if options.cpus_per_task:
        environment["SLURM_CPUS_PER_TASK"] = options.cpus_per_task
    if task is not None:
        environment |= {
            "SLURM_ARRAY_JOB_ID": job,
            "SLURM_ARRAY_TASK_ID": str(task),
            "SLURM_ARRAY_TASK_COUNT": str(len(tasks)),
            "SLURM_ARRAY_TASK_MIN": str(min(tasks)),
            "SLURM_ARRAY_TASK_MAX": str(max(tasks)),
        }
    names = {"%A": job, "%j": job, "%a": str(4294967294 if task is None else task)}
    log = re.sub("%[Aja]", lambda found: names[found[0]], options.output)
    with Path(log).open("w", encoding="utf-8") as file:
        command = ["bash", str(script), *options.arguments]
        done = subprocess.run(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
