"""`process:<command>`: any program, in any language, that speaks the worker protocol.

    harness run "process:node adapters/examples/compromise/backend.js"

The harness starts the command itself instead of a Python worker; see docs/protocol.md.
"""

from __future__ import annotations

import shlex
import shutil

from harness.adapter import Declaration, LoadRequest, ModelIdentity
from harness.errors import BackendUnavailable
from harness.tasks.registry import task_names


class ProcessAdapter:
    """Says what is known of a foreign program before it runs, which is little."""

    declaration = Declaration(
        name="process",
        tasks=task_names(),
        summary="any program that speaks the worker protocol on stdin and stdout",
        install="see docs/protocol.md",
        default_models=(),
        external=True,
        traps=(
            "its answers are used again in other runs only if its hello states a digest of "
            "everything that decides them, since nothing else proves that it is the same program",
        ),
    )

    def unavailable(self, model: str) -> str | None:
        """Why the command cannot be started."""
        try:
            words = shlex.split(model)
        except ValueError as error:
            return f"the command cannot be read ({error}): {model}"
        if not words:
            return "no command was given; for example process:node backend.js"
        if shutil.which(words[0]) is None:
            return f"the program {words[0]!r} is not on this machine"
        return None

    def identity(self, model: str) -> ModelIdentity | None:
        """Nothing: the program tells in its hello."""
        return None

    def load(self, request: LoadRequest) -> object:
        raise BackendUnavailable("process: backends are started by the harness, not loaded")


ADAPTER = ProcessAdapter()
