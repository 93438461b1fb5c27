"""How a backend's worker is started: which program, which interpreter, which surroundings."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.coding import DecodeError, decode
from harness.errors import BackendFailed
from harness.registry import BackendSpec
from harness.run.environments import find_environment
from harness.run.key import Description, describe_here
from harness.run.protocol import ProtocolError, parse_message

__all__ = ["Launch", "describe_backend", "launch"]

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
_OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
_DESCRIBE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Launch:
    """A command with its environment variables; `environment` names a `harness env`."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    environment: str = ""


def launch(spec: BackendSpec, *, threads: int = 1, offline: bool = True) -> Launch:
    """How to start the worker of a backend.

    `process:` commands are split like a shell does, but no shell runs. Every other backend gets
    the Python of its own environment where there is one (`harness env create`), else this one.
    Threads of numeric libraries are pinned; `offline` tells the model hubs to stay on this machine.
    """
    variables = _variables(threads, offline)
    if spec.external:
        return Launch(tuple(shlex.split(spec.model)), variables)
    environment = find_environment(spec.adapter)
    python = environment.python if environment else Path(sys.executable)
    command = (str(python), "-P", "-m", "harness.run.worker", "--backend", str(spec))
    return Launch(command, variables, environment.name if environment else "")


def describe_backend(spec: BackendSpec, *, prove: bool = True) -> Description:
    """What a backend is, seen from the environment that its worker will run in.

    With `prove` the files that may decide its answers are looked at (`harness.run.proof`).
    Raises `BackendFailed` when that environment cannot be asked.
    """
    environment = None if spec.external else find_environment(spec.adapter)
    if environment is None:
        return describe_here(spec, prove=prove)
    command = [environment.python, "-P", "-m", "harness.run.worker", "--describe"]
    if prove:
        command.append("--prove")
    try:
        done = subprocess.run(
            [*map(str, command), "--backend", str(spec)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DESCRIBE_SECONDS,
            env=_variables(1, offline=True),
            check=False,
        )
        message = parse_message(done.stdout)
        message.pop("type")
        return decode(Description, message)
    except (OSError, subprocess.SubprocessError, ProtocolError, DecodeError) as error:
        raise BackendFailed(
            f"{spec}: its environment {environment.name!r} does not answer ({error}); make it "
            f"again: harness env create {environment.name}"
        ) from None


def _variables(threads: int, offline: bool) -> dict[str, str]:
    variables = dict(os.environ)
    variables.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    variables["TOKENIZERS_PARALLELISM"] = "false"
    variables["PYTHONUTF8"] = "1"
    # Set iteration must not differ between two processes that are to give the same answer.
    variables["PYTHONHASHSEED"] = "0"
    if offline:
        variables.update(dict.fromkeys(_OFFLINE_VARIABLES, "1"))
    return variables
