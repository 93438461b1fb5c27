"""URLs of files: which strings are some, and how they are shown without their secrets.

What names a file goes into records, pages and errors. Who logs in and with what, and every value of
a query but those that name a version, may be a secret (a signed link's signature): `hidden` puts a
mark in their place and remembers the URL for the time of the process, so that it can be opened.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from harness.paths import LONGEST_NAME

__all__ = ["hidden", "hidden_in", "is_url", "last_name", "protocol", "real", "without_secrets"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:::[A-Za-z0-9+.-]+)*://")
_IN_TEXT = re.compile(rf"{_URL.pattern}[^\s'\"<>]*")
_LOGIN = re.compile(r"(?<=://)[^/?#]*@")
_MARK = "REDACTED"
_SHORTEST_SECRET = 4
_PLAIN = frozenset({"versionid", "generation", "revision", "ref", "download"})
"""Keys of a query whose values are no secrets, in small letters: they name a version."""
_CONTAINERS = frozenset({"abfs", "abfss", "wasb", "wasbs"})
"""Protocols that name a container where others name who logs in."""
_REAL: dict[str, str] = {}


def is_url(path: str | Path) -> bool:
    """Whether a path is a URL: `s3://…`, `https://…`, `zip://…::s3://…`."""
    return isinstance(path, str) and _URL.match(path) is not None


def protocol(url: str) -> str:
    """What stands before `://`, of several the first, in small letters."""
    return re.split("://|::", url, maxsplit=1)[0].lower()


def hidden(url: str) -> str:
    """The URL without its secrets; `real` gives it back. Two that differ only in secrets are shown
    as two: the second is numbered."""
    if url in _REAL:
        return url
    bare = shown = _masked(url)
    count = 1
    while _REAL.setdefault(shown, url) != url:
        count += 1
        shown = f"{bare}-{count}"
    return shown


def real(shown: str) -> str:
    """The URL that `hidden` has shown so."""
    return _REAL.get(shown, shown)


def hidden_in(text: str) -> str:
    """A text, such as an argument of a command, without the secrets of the URLs in it."""
    return _IN_TEXT.sub(lambda match: _masked(match.group()), text)


def without_secrets(message: str, url: str) -> str:
    """What a library says about a URL, without its secrets: it may quote parts of it."""
    login = _LOGIN.search(url)
    secrets = [] if login is None else login.group()[:-1].split(":")
    secrets += [pair.partition("=")[2] for pair in re.split("[?&#]", url)[1:]]
    for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            message = message.replace(secret, _MARK)
    return hidden_in(message)


def last_name(url: str) -> str:
    """What the file behind a URL is called, as a name that any folder can hold."""
    path = re.split("[?#]", url, maxsplit=1)[0].split("::", 1)[0].rstrip("/")
    name = unquote(path.rpartition("/")[2]).replace("/", "_").replace("\0", "_").strip()
    while len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        name = name[1:]
    return name if name.strip(".") else "file"


def _masked(url: str) -> str:
    address, mark, anchor = url.partition("#")
    place, asked, query = address.partition("?")
    if protocol(url) not in _CONTAINERS or ":" in _login(place):
        place = _LOGIN.sub(f"{_MARK}@", place)
    shown = place + asked + re.sub(r"[^&?]+", _masked_pair, query)
    return f"{shown}#{_MARK}" if mark and anchor else shown


def _login(place: str) -> str:
    match = _LOGIN.search(place)
    return "" if match is None else match.group()


def _masked_pair(match: re.Match[str]) -> str:
    key, equals, value = match.group().partition("=")
    if not equals:
        return _MARK if len(key) >= _SHORTEST_SECRET else key
    return f"{key}={value if key.lower() in _PLAIN or not value else _MARK}"
