"""Files behind URLs: a copy of each, kept for the time of the process.

A run goes through its gold several times, and readers go back to a file's beginning. All passes
read the same copy, so that an object which changes meanwhile is never read half and half, nor asked
for again. Who opens a source anew is given the copy only where the object is still the same. Copies
are written piece by piece, and lie in a temporary folder that is gone when the process ends.

`http` and `https` need nothing but Python; all else is fsspec's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from shutil import rmtree
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

from harness.errors import InputError, LibraryMissing
from harness.formats.urls import hidden, last_name, protocol, real, without_secrets
from harness.interrupt import uninterrupted

__all__ = ["TIMEOUT", "copied", "url_files"]

TIMEOUT = 30.0
"""Seconds without a byte after which a URL is given up."""
_WEB = ("http", "https")
_T = TypeVar("_T")
_IDENTITY = (
    *("etag", "checksum", "md5hash", "crc32c", "generation", "version_id", "versionid", "blob_id"),
    *("mtime", "lastmodified", "last_modified", "last-modified", "updated", "modified", "created"),
    *("size", "content-length"),
)
"""What is known of an object that another one under its name would have otherwise."""

Tick = Callable[[], None]
Identity = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Copy:
    path: Path
    identity: Identity


_COPIES: dict[str, _Copy] = {}
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def copied(url: str, seconds: float = TIMEOUT) -> Path:
    """A copy of the file behind a URL, under its own name.

    Raises `InputError` where there is none, where it may not be read, where nothing comes for so
    many seconds, and where it changes while it is copied; `LibraryMissing` for a protocol whose
    library is not installed.
    """
    before = _COPIES.get(url)
    with _room(url):
        target = Path(tempfile.mkdtemp(dir=_folder()), last_name(url))
    copy = _from_web if protocol(url) in _WEB else _from_file_system
    try:
        identity = _within(seconds, url, lambda tick: copy(url, target, before, seconds, tick))
    except BaseException:
        rmtree(target.parent, ignore_errors=True)
        raise
    if identity is None:
        assert before is not None
        return before.path
    _COPIES[url] = _Copy(target, identity)
    return target


def url_files(url: str, seconds: float = TIMEOUT) -> list[str] | None:
    """The files in a folder behind a URL, or that fit a pattern, sorted; `None` for a file.

    Raises as `copied`.
    """
    if protocol(url) in _WEB:
        if "*" in url.partition("?")[0]:
            raise InputError(
                "a web server has no list of its files",
                path=url,
                hint="name each, harness convert A B OUT makes one of several; or copy them",
            )
        return None
    return _within(seconds, url, lambda tick: _listed(url, tick))


def _folder() -> Path:
    if not _FOLDERS:
        with uninterrupted():  # Or nobody would remove it.
            _FOLDERS.append(
                tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True)
            )
    return Path(_FOLDERS[0].name)


class _Abandoned(Exception):
    """Nobody waits for it any more."""


def _within(seconds: float, url: str, work: Callable[[Tick], _T]) -> _T:
    """What `work` returns; an error where it does not call its `tick` for so many seconds.

    It goes on in a thread, for libraries try again for minutes; an abandoned one is ended by its
    next tick, or with the process.
    """
    done: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    state = {"last": monotonic(), "abandoned": False}

    def tick() -> None:
        if state["abandoned"]:
            raise _Abandoned
        state["last"] = monotonic()

    def run() -> None:
        try:
            done.put((True, work(tick)))
        except BaseException as error:  # Raised where it is waited for.
            done.put((False, error))

    Thread(target=run, daemon=True, name="harness-remote").start()
    try:
        while True:
            left = state["last"] + seconds - monotonic()
            if left <= 0:
                raise _silent(url, seconds)
            try:
                well, value = done.get(timeout=left)
            except Empty:
                continue
            if well:
                result: _T = value
                return result
            raise _refusal(value, url) from None
    finally:
        state["abandoned"] = True


def _refusal(error: BaseException, url: str) -> Exception:
    """What went wrong, for people. Libraries raise errors of a dozen kinds."""
    if isinstance(error, (InputError, LibraryMissing)):
        return error
    said = without_secrets(str(error) or type(error).__name__, real(url))
    kind = type(error).__name__
    if isinstance(error, ImportError):
        return _missing(url, error)
    if isinstance(error, ValueError) and "rotocol not known" in said:
        return InputError(
            f"no protocol {protocol(url)}:// is known", path=url, hint="s3, gs, hf, https, ..."
        )
    status = getattr(error, "code", getattr(error, "status", None))
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) or status in (404, 410):
        own = "; its ? and what follows are taken for a part of it" if "?" in url else ""
        return InputError(f"there is no such file{own}", path=url, hint="look at its spelling")
    if (
        isinstance(error, PermissionError)
        or status in (401, 403)
        or "redential" in f"{kind} {said}"
    ):
        shown = f"HTTP status {status}" if isinstance(status, int) else f"{kind}: {said}"
        return InputError(
            f"may not be read: {shown}",
            path=url,
            hint="give credentials as the library of the protocol takes them: its variables or "
            "files; a signed link may be too old",
        )
    return InputError(
        f"cannot be read: {kind}: {said}", path=url, hint="is there a network, and is it spelt so?"
    )


def _missing(url: str, error: ImportError | None = None) -> LibraryMissing:
    if error is None:
        return LibraryMissing(
            f"{url}: files at {protocol(url)}:// need the library fsspec", extra="remote"
        )
    return LibraryMissing(
        f"{url}: {without_secrets(str(error), real(url))}",
        package=_PACKAGES.get(protocol(url), "the package that it names"),
    )


_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(("ssh", "sftp"), "paramiko"),
    "hf": "huggingface_hub",
}


@contextmanager
def _room(url: str) -> Iterator[None]:
    """What this machine refuses while a copy is written."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot be copied to {tempfile.gettempdir()}: {error.strerror}",
            path=url,
            hint="$TMPDIR names another folder",
        ) from None


# http and https


def _from_web(
    url: str, target: Path, before: _Copy | None, seconds: float, tick: Tick
) -> Identity | None:
    """Copy a file of a web server, in one answer; `None` where the copy from before is the same."""
    from base64 import b64encode
    from http.client import HTTPException
    from urllib import error as errors
    from urllib.parse import quote, unquote, urlsplit
    from urllib.request import (
        HTTPDefaultErrorHandler,
        HTTPErrorProcessor,
        HTTPHandler,
        HTTPRedirectHandler,
        HTTPSHandler,
        OpenerDirector,
        ProxyHandler,
        Request,
    )

    place = urlsplit(real(url))
    login, _, host = place.netloc.rpartition("@")
    address = place._replace(
        netloc=host,
        path=quote(place.path, safe="/%:@!$&'()*+,;=~-._"),
        query=quote(place.query, safe="/?%:@!$&'()*+,;=~-._"),
        fragment="",
    )
    headers = {"Accept-Encoding": "identity"}
    request = Request(address.geturl(), headers=headers)  # noqa: S310  http and https alone
    if login:  # Not where the server sends us on to.
        basic = b64encode(unquote(login if ":" in login else f"{login}:").encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {basic}")
    for header, key in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
        if before is not None and key in before.identity:
            request.add_header(header, before.identity[key])
    opener = OpenerDirector()  # Nothing but the web: no files, no FTP, wherever we are sent.
    for handler in (
        *(ProxyHandler(), HTTPHandler(), HTTPSHandler(), HTTPRedirectHandler()),
        *(HTTPDefaultErrorHandler(), HTTPErrorProcessor()),
    ):
        opener.add_handler(handler)
    try:
        answer = opener.open(request, timeout=seconds)
    except errors.HTTPError as error:
        error.close()
        if error.code == 304 and before is not None:
            return None
        raise
    except errors.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise _silent(url, seconds) from None
        raise
    if answer is None:
        raise InputError("sends us on to what is no web server", path=url)
    with answer:
        tick()
        identity = _identity({name.lower(): value for name, value in answer.headers.items()})
        if answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise InputError(
                f"comes in the encoding {answer.headers['Content-Encoding']}, which was not asked "
                "for",
                path=url,
                hint="copy it to this machine",
            )
        size = 0
        try:
            with _room(url), target.open("wb") as file:
                while data := _read(answer, url, seconds):
                    tick()
                    size += len(data)
                    file.write(data)
        except HTTPException as error:
            raise InputError(f"is cut off: {type(error).__name__}", path=url) from None
        expected = answer.headers.get("Content-Length")
        if expected is not None and expected.isdecimal() and int(expected) != size:
            raise InputError(f"is cut off: {size:,} of {int(expected):,} bytes came", path=url)
    return identity


def _read(answer: Any, url: str, seconds: float) -> bytes:
    try:
        data: bytes = answer.read1(1 << 18)
    except TimeoutError:
        raise _silent(url, seconds) from None
    except OSError as error:
        raise InputError(f"is cut off: {error.strerror or error}", path=url) from None
    return data


def _silent(url: str, seconds: float) -> InputError:
    return InputError(
        f"nothing came within {seconds:g} seconds",
        path=url,
        hint="is there a network, and are there credentials? ?remote-timeout=SECONDS behind it "
        "waits longer",
    )


# fsspec


def _opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise _missing(url) from None
    system, path = url_to_fs(real(url))
    system.invalidate_cache()
    return system, str(path)


def _identity(known: Mapping[str, Any]) -> dict[str, str]:
    lower = {str(key).lower(): value for key, value in known.items()}
    return {key: str(lower[key]) for key in _IDENTITY if lower.get(key) is not None}


def _from_file_system(
    url: str, target: Path, before: _Copy | None, seconds: float, tick: Tick
) -> Identity | None:
    """Copy a file through fsspec; `None` where the copy from before is the same."""
    system, path = _opened(url)
    tick()
    identity = _identity(system.info(path))
    tick()
    # A size alone does not tell that nothing has changed.
    if before is not None and before.identity == identity and identity.keys() - {"size"}:
        return None
    from fsspec.callbacks import Callback

    class Ticking(Callback):  # type: ignore[misc,unused-ignore]
        def relative_update(self, inc: int = 1) -> None:
            tick()

        def absolute_update(self, value: int) -> None:
            tick()

    system.get_file(path, str(target), callback=Ticking())
    tick()
    system.invalidate_cache()
    size = target.stat().st_size
    if _identity(system.info(path)) != identity or identity.get("size", str(size)) != str(size):
        raise InputError("has changed while it was copied", path=url, hint="try again")
    return identity


def _listed(url: str, tick: Tick) -> list[str] | None:
    system, path = _opened(url)
    tick()
    if "*" in path:
        found = system.glob(path, detail=True)
        entries = list(found.values())
    elif system.isdir(path):
        tick()
        entries = system.ls(path, detail=True)
    else:
        return None
    tick()
    names = [str(one["name"]) for one in entries if one.get("type") != "directory"]
    names = [name for name in names if name.strip("/") != path.strip("/")]  # A folder's own mark.
    # The host and who logs in are in the URL, not in the names that a file system gives.
    link, chained, rest = real(url).partition("::")
    link = link.partition("?")[0].partition("*")[0]
    base = f"{link.rpartition('/')[0] if '*' in path else link.rstrip('/')}/"
    inside = str(type(system)._strip_protocol(base)).rstrip("/")
    if not all(name.startswith(f"{inside}/") for name in names):
        raise InputError(f"its files cannot be named: {names[0]}", path=url, hint="name each")
    found = [f"{base}{name.removeprefix(inside).lstrip('/')}{chained}{rest}" for name in names]
    return sorted(map(hidden, found))
