"""Is there a Ray cluster at an address? Ray itself tries for minutes, and hardly says why."""

from __future__ import annotations

import socket
import subprocess
import sys

from harness.errors import UsageError

__all__ = ["check_address"]

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 11.0
# Exits with 0 also where a later Ray has no such thing: then Ray has to find out itself.
_ASK = """
try:
    from ray._raylet import GcsClient
except ImportError:
    raise SystemExit(0)
GcsClient(address={address!r})
"""


def check_address(address: str) -> None:
    """Raise `UsageError` where no cluster answers at HOST:PORT, within 15 seconds; for a client's
    address (`ray://`); and for what is no address. Empty, `auto` and `local` are Ray's to know."""
    if address.startswith("ray://"):
        raise UsageError(
            f"{address} is the address of a Ray client, which sees no node's files: run this "
            "command on a node of the cluster, with --ray-address auto or the head's HOST:6379"
        )
    if address in ("", "auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{address!r} is no address of a Ray cluster: expected HOST:PORT or auto")
    hint = "; is it running (ray status), and is this its address?"
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"the Ray cluster at {address} cannot be reached: {error}{hint}") from None
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK.format(address=address)],
            capture_output=True,
            timeout=_ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        raise UsageError(f"what listens at {address} does not answer as a Ray cluster{hint}")
