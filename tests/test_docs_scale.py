"""What lies in docs/scale is run, with a stand-in of the scheduler; its table is what it says."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from md_blocks import SHELL, blocks, commands
from support import timeless
from test_examples_help import ROOT, copy_checkout, shell

from harness.cli.main import main
from harness.results import stored
from harness.results.record import RunRecord

pytestmark = pytest.mark.processes

SCRIPT = ROOT / "docs" / "scale" / "array.sh"
MANIFEST = ROOT / "docs" / "scale" / "job.yaml"
PAGE = ROOT / "docs" / "scale.md"
UNCUT = "harness run gazetteer --gold seeds"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, beside which `sbatch` is a program."""
    folder = copy_checkout(tmp_path / "checkout")
    place = tmp_path / "slurm"
    place.mkdir()
    program = place / "sbatch"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {ROOT}/tests/slurm.py "$@"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    monkeypatch.setenv("STAND_IN", str(place))
    monkeypatch.chdir(folder)
    return folder


def uncut(*arguments: str, out: str) -> RunRecord:
    """The timeless record of the run that is not cut, into that folder, which is then gone."""
    command = [*UNCUT.split()[1:], *arguments[:2], "--out", out, "--quiet", "--rankings"]
    assert main(command) == 0
    record = timeless(stored.read(out))
    shutil.rmtree(out)
    return record


def states(folder: Path) -> list[str]:
    """How the jobs have ended, in the order in which they were submitted."""
    return [path.read_text("ascii") for path in sorted((folder.parent / "slurm").glob("*.ended"))]


def test_a_job_array_is_the_run_that_was_not_cut(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its tasks is lost: no merge, until that one has been run again."""
    expected = uncut("--threads", "1", out="results/cut/merged")
    monkeypatch.setenv("SHARDS", "3")
    (checkout.parent / "slurm" / "lost").write_text("2", "ascii")
    submit, again = (line for line in page_commands() if "array.sh" in line)
    done = shell(submit, checkout)
    assert done.returncode == 0, done.stderr
    assert states(checkout) == ["1", "never run"]
    assert not Path("results/cut/merged").exists()
    assert again.endswith("submit 7,12")
    done = shell(again.replace("7,12", "2"), checkout)
    logs = "".join(path.read_text("utf-8") for path in sorted(checkout.glob("*.log")))
    assert (done.returncode, states(checkout)[2:]) == (0, ["0", "0"]), done.stderr + logs
    merged = stored.read("results/cut/merged")
    assert timeless(merged) == expected
    with_documents = [str(one.shard) for one in merged.results[0].costs.shards]
    assert with_documents == ["2/3", "3/3"]  # By the hashes of five ids; 1/3 is empty.
    assert len(list(checkout.glob("shard-*.log"))) == 3 and "gazetteer" in logs


def test_the_script_says_what_it_expects(checkout: Path) -> None:
    done = shell("bash docs/scale/array.sh sbumit", checkout)
    assert done.returncode == 2 and "found sbumit" in done.stderr


def test_lines_for_the_scheduler_stand_above_all_commands() -> None:
    """Slurm reads none below the first command; an array there would make one of the merge."""
    lines = SCRIPT.read_text("utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if line and not line.startswith("#"))
    said = [n for n, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert said and max(said) < first
    assert lines[first] == "set -euo pipefail"
    assert not any("--array" in lines[n] for n in said)


def test_an_indexed_job_is_the_run_that_was_not_cut(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml = pytest.importorskip("yaml")
    shards, merge = yaml.safe_load_all(MANIFEST.read_text("utf-8"))
    spec = shards["spec"]
    assert (spec["completionMode"], merge["spec"]["suspend"]) == ("Indexed", True)
    whole = spec["completions"]
    assert f"--shard auto/{whole} " in command(shards)
    expected = uncut(out="merged")
    for index in range(2):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        done = shell(command(shards).replace(f"auto/{whole}", "auto/2"), checkout)
        assert done.returncode == 0, done.stderr
    monkeypatch.delenv("JOB_COMPLETION_INDEX")
    done = shell(command(merge), checkout)
    assert done.returncode == 0, done.stderr
    assert timeless(stored.read("merged")) == expected
    for job in (shards, merge):
        assert any(job["metadata"]["name"] in line for line in page_commands() if "kubectl" in line)


def command(job: Any) -> str:
    """What the only container of a job runs, as a line for a shell."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"][:2] == ["sh", "-c"]
    return str(container["command"][2])


def page_commands() -> list[str]:
    return [line for name, text in blocks(PAGE) if name == SHELL for line in commands(text) if line]


def test_the_files_say_the_commands_of_the_page() -> None:
    """What stands at the head of each is what the page tells."""
    for path, program in ((SCRIPT, "bash"), (MANIFEST, "kubectl")):
        head = re.findall(rf"^#   ({program} .+?)(?:  +#.*)?$", path.read_text("utf-8"), re.M)
        assert head == [line for line in page_commands() if line.startswith(program)]
