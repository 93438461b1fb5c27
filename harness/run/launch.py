"""How a backend's worker is started: which program, which interpreter, which surroundings."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.annotation import printable
from harness.coding import DecodeError, decode
from harness.errors import BackendFailed
from harness.registry import BackendSpec
from harness.run.environments import Environment, find_environment
from harness.run.key import Description, describe_here
from harness.run.process import Fault, Worker
from harness.run.variables import variables

__all__ = ["Launch", "describe_backend", "launch"]

_DESCRIBE_SECONDS = {True: 300.0, False: 60.0}
"""With the digests of its files, and without."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A command with its environment variables; `environment` names a `harness env`."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    environment: str = ""


def launch(
    spec: BackendSpec,
    *,
    threads: int = 1,
    offline: bool = True,
    passed: Sequence[str] = (),
    named: str = "",
) -> Launch:
    """How to start the worker of a backend.

    `process:` commands are split like a shell does, but no shell runs. Every other backend gets
    the Python of the environment that is `named`, else of its own where there is one (`harness env
    create`), else this one.
    The rest is for its environment, see `harness.run.variables`. Raises `UsageError` for a variable
    that cannot be passed.
    """
    environ = variables(threads=threads, offline=offline, passed=passed)
    if spec.external:
        return Launch(tuple(shlex.split(spec.model)), environ)
    environment = _environment(spec, named)
    python = environment.python if environment else Path(sys.executable)
    command = (str(python), "-P", "-m", "harness.run.worker", "--backend", str(spec))
    return Launch(command, environ, environment.name if environment else "")


def describe_backend(
    spec: BackendSpec, *, prove: bool = True, passed: Sequence[str] = (), named: str = ""
) -> Description:
    """What a backend is, seen from the environment that its worker will run in.

    With `prove` the files that may decide its answers are looked at (`harness.run.proof`); `named`
    is as of `launch`.
    Raises `BackendFailed` when that environment is broken or cannot be asked.
    """
    environment = None if spec.external else _environment(spec, named)
    if environment is None:
        return describe_here(spec, prove=prove)
    command = [str(environment.python), "-P", "-m", "harness.run.worker", "--describe"]
    command += [*(["--prove"] if prove else []), "--backend", str(spec)]
    try:
        with Worker(command, env=variables(passed=passed)) as worker:
            message = worker.receive(_DESCRIBE_SECONDS[prove], "describing the backend")
        if message.pop("type") != "description":
            raise DecodeError("it sent something else than a description")
        found = decode(Description, message)
    except (Fault, DecodeError) as error:
        raise BackendFailed(
            f"{spec}: its environment {environment.name!r} does not answer ({error}); make it "
            f"again: {environment.mend}"
        ) from None
    return replace(found, unavailable=found.unavailable and printable(found.unavailable))


def _environment(spec: BackendSpec, named: str) -> Environment | None:
    """The one that is named, else the adapter's own. Raises `BackendFailed` for a broken one."""
    found = find_environment(named or spec.adapter)
    if named and found is None:
        raise BackendFailed(f"{spec}: its environment {named!r} is gone")
    return found
