"""Files behind URLs: read from a copy, given up in time, without their secrets in what is shown."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support import in_json, printed

from harness.errors import HarnessError, InputError, LibraryMissing, UsageError
from harness.formats import remote
from harness.formats.opening import open_source, read_any
from harness.formats.source import Source, is_hub, is_remote
from harness.formats.urls import hidden, hidden_in, last_name, real, without_secrets
from harness.gold.loading import load_goldset
from harness.results.finder import GoldFinder
from harness.results.gold_record import gold_record
from harness.results.load import read_run


def lines(*labels: str) -> bytes:
    documents = (
        {"id": f"d{i}", "text": "NATO left", "entities": [{"start": 0, "end": 4, "label": label}]}
        for i, label in enumerate(labels)
    )
    return "".join(json.dumps(one) + "\n" for one in documents).encode()


GOLD = lines("ORG", "LOC", "ORG")


@dataclass
class Web:
    """A server on this machine: what it sends, by path, and what it was asked."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    """Set when whoever waits before or in the middle of an answer may go on."""


@pytest.fixture
def web() -> Iterator[Web]:
    here: Web

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, _ = self.path.partition("?")
            here.asked.append((self.path, dict(self.headers)))
            if path == "/hangs":
                here.silent.wait(20)
            if path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "/gold.jsonl")
                self.end_headers()
                return
            status = here.statuses.get(path, 200 if path in here.files else 404)
            tag = here.tags.get(path)
            if status == 200 and tag is not None and self.headers.get("If-None-Match") == tag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(status)
            if tag is not None:
                self.send_header("ETag", tag)
            data = here.files.get(path, b"no")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            half = len(data) // 2 if path in ("/stops", "/cut") else len(data)
            self.wfile.write(data[:half])
            self.wfile.flush()
            if path == "/stops":
                here.silent.wait(20)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Web(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield here
    here.silent.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def memory() -> Iterator[Callable[..., str]]:
    """Puts files into fsspec's memory; gives the URL of their folder."""
    fsspec = pytest.importorskip("fsspec", reason="the extra remote is not installed")
    system = fsspec.filesystem("memory")

    def put(files: dict[str, bytes]) -> str:
        for name, data in files.items():
            system.pipe_file(f"/bucket/{name}", data)
        return "memory://bucket"

    yield put
    system.rm("/bucket", recursive=True)


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_bytes(GOLD)
    return path


# The same as on this machine


def test_a_file_in_memory(memory: Callable[..., str], gold: Path, tmp_path: Path) -> None:
    url = memory(
        {"gold.jsonl": GOLD, "gold.jsonl.gz": gzip.compress(GOLD), "g.conll": b"A B-X\n\n"}
    )
    here = load_goldset(gold)
    for name in ("gold.jsonl", "gold.jsonl.gz"):
        goldset = load_goldset(f"{url}/{name}")
        assert (goldset.name, goldset.digest) == ("gold", here.digest)
        assert list(goldset.records()) == list(here.records())
        assert gold_record(goldset, tmp_path).path == f"{url}/{name}"
        assert goldset.place == f"{url}/{name}"
    assert [r.id for r in read_any(f"{url}/g.conll?scheme=IOB2")] == ["g-00001"]


def test_parts_behind_a_url(memory: Callable[..., str], gold: Path) -> None:
    rows = GOLD.splitlines(keepends=True)
    url = memory(
        {
            "parts/part-0.jsonl.gz": gzip.compress(rows[0]),
            "parts/part-1.jsonl.gz": gzip.compress(b""),
            "parts/part-2.jsonl.gz": gzip.compress(rows[1] + rows[2]),
            "parts/_SUCCESS": b"",
            "mixed/a.txt": b"NATO left",
            "mixed/a.ann": b"",
        }
    )
    here = load_goldset(gold)
    for source, name in ((f"{url}/parts", "parts"), (f"{url}/parts/part-*.gz", "part")):
        goldset = load_goldset(source)
        assert (goldset.name, goldset.digest) == (name, here.digest)
    with pytest.raises(InputError, match=r"folder of a\.ann, a\.txt: expected files of one name"):
        open_source(f"{url}/mixed")
    with pytest.raises(InputError, match="no file fits"):
        open_source(f"{url}/parts/*.conll")


def test_errors_name_the_url_and_the_line(memory: Callable[..., str]) -> None:
    url = memory({"p/x0.jsonl": GOLD, "p/x1.jsonl": lines("X"), "p/b.jsonl": GOLD + b"{broken\n"})
    with pytest.raises(InputError, match=r"^memory://bucket/p/b\.jsonl:4: ") as raised:
        list(read_any(f"{url}/p/b.jsonl"))
    assert "memory://bucket/p/b.jsonl?faulty=leave-out" in str(raised.value)
    with pytest.raises(InputError) as raised:
        list(read_any(f"{url}/p/x*.jsonl"))
    assert "bucket/p/x1.jsonl:1: document id 'd0' comes a second time" in str(raised.value)
    assert "bucket/p/x0.jsonl:1)" in str(raised.value)
    assert tempfile.gettempdir() not in str(raised.value)


def test_every_verb(
    memory: Callable[..., str], gold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = memory({"gold.jsonl.gz": gzip.compress(GOLD), "pred.jsonl": lines("ORG", "ORG", "ORG")})
    pred = tmp_path / "pred.jsonl"
    pred.write_bytes(lines("ORG", "ORG", "ORG"))
    far, near = f"{url}/gold.jsonl.gz", str(gold)

    def score(gold: str, pred: str) -> Any:
        return in_json(capsys, ["score", "--gold", gold, "--pred", pred, "--task", "ner"])

    found = score(far, f"{url}/pred.jsonl")
    assert (found["micro"]["tp"], found["micro"]["fp"]) == (2, 1)
    assert found["micro"] == score(near, str(pred))["micro"]
    assert found["signature"] == score(near, str(pred))["signature"]
    compared = ["compare", "--task", "ner", "--gold"]
    assert in_json(capsys, [*compared, far, near, f"{url}/pred.jsonl"]) == in_json(
        capsys, [*compared, near, near, str(pred)]
    )
    assert " 0 errors" in printed(capsys, ["validate", far])
    printed(capsys, ["convert", far, str(tmp_path / "out.jsonl")])
    assert (tmp_path / "out.jsonl").read_bytes() == GOLD
    asked = ["predict", "gazetteer", "--no-cache", "--quiet", "--docs"]
    assert printed(capsys, [*asked, far]) == printed(capsys, [*asked, near])

    ran = ["run", "gazetteer", "--no-cache", "--quiet", "--gold"]
    printed(capsys, [*ran, far, "--out", str(tmp_path / "far")])
    printed(capsys, [*ran, near, "--out", str(tmp_path / "near")])
    records = [json.loads((tmp_path / p / "run.json").read_text("utf-8")) for p in ("far", "near")]
    assert [r["gold"][0]["path"] for r in records] == [far, "../gold.jsonl"]
    assert records[0]["gold"][0]["digest"] == records[1]["gold"][0]["digest"]
    # What the record says is enough to find the gold again.
    finder = GoldFinder()
    finder.learn(*read_run(tmp_path / "far"))
    found_again = finder.find("gold")
    assert found_again is not None
    assert found_again.place == far


def test_a_card_may_name_a_url(memory: Callable[..., str], gold: Path, tmp_path: Path) -> None:
    url = memory({"gold.jsonl": GOLD})
    (tmp_path / "goldset.toml").write_text(
        f'name = "set"\nversion = "1"\ndata = "{url}/gold.jsonl"\ntasks = ["ner"]\n', "utf-8"
    )
    assert load_goldset(tmp_path).digest == load_goldset(gold).digest


def test_from_the_web(web: Web, gold: Path) -> None:
    web.files["/gold.jsonl"] = GOLD
    web.files["/a b/größe.jsonl"] = GOLD
    assert load_goldset(f"{web.url}/gold.jsonl").digest == load_goldset(gold).digest
    assert load_goldset(f"{web.url}/elsewhere").digest == load_goldset(gold).digest
    stated = load_goldset(f"{web.url}/gold.jsonl?a=1&b=2?labels=ORG,X")
    assert (stated.stated_labels, stated.documents) == (("ORG", "X"), 3)
    assert [path for path, _ in web.asked] == [
        "/gold.jsonl", "/elsewhere", "/gold.jsonl", "/gold.jsonl?a=1&b=2",
    ]  # fmt: skip


# What changes


def test_all_passes_read_one_copy_and_the_next_reader_the_new_file(web: Web) -> None:
    web.files["/gold.jsonl"], web.tags["/gold.jsonl"] = GOLD, '"1"'
    url = f"{web.url}/gold.jsonl"
    before = load_goldset(url)
    first = list(before.records())
    assert len(web.asked) == 1
    same = load_goldset(url)
    assert list(same.records()) == first
    assert web.asked[-1][1]["If-None-Match"] == '"1"'
    web.files["/gold.jsonl"], web.tags["/gold.jsonl"] = lines("X"), '"2"'
    after = load_goldset(url)
    assert len(list(after.records())) == 1
    assert list(before.records()) == first
    assert before.digest == same.digest != after.digest


def test_a_file_in_memory_that_changes(memory: Callable[..., str]) -> None:
    url = memory({"gold.jsonl": GOLD})
    before = load_goldset(f"{url}/gold.jsonl")
    first = list(before.records())
    assert open_source(f"{url}/gold.jsonl").place.parts[0].path == (
        open_source(f"{url}/gold.jsonl").place.parts[0].path
    )
    memory({"gold.jsonl": lines("AAA", "BBB", "CCC")})
    assert load_goldset(f"{url}/gold.jsonl").digest != before.digest
    assert list(before.records()) == first


def test_a_file_that_changes_while_it_is_copied(
    memory: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    url = memory({"gold.jsonl": GOLD})
    get = MemoryFileSystem.get_file

    def slow(self: Any, path: str, *args: Any, **more: Any) -> None:
        get(self, path, *args, **more)
        self.pipe_file(path, GOLD + GOLD)

    monkeypatch.setattr(MemoryFileSystem, "get_file", slow)
    with pytest.raises(InputError, match="has changed while it was copied"):
        open_source(f"{url}/gold.jsonl")


def test_an_answer_that_is_cut_off(web: Web) -> None:
    web.files["/cut"] = GOLD
    with pytest.raises(InputError, match=r"is cut off: .* of .* bytes came"):
        open_source(f"{web.url}/cut")


# What is refused, and time limits


@pytest.mark.parametrize("path", ["hangs", "stops"])
def test_a_server_that_says_nothing(web: Web, path: str) -> None:
    web.files[f"/{path}"] = GOLD
    start = time.monotonic()
    with pytest.raises(InputError, match=r"nothing came within 0\.2 seconds") as raised:
        open_source(f"{web.url}/{path}?remote-timeout=0.2")
    assert time.monotonic() - start < 5
    assert raised.value.path == f"{web.url}/{path}"
    assert "remote-timeout" in str(raised.value)


def test_a_library_that_tries_for_ever(
    memory: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As s3fs does that asks a machine of Amazon's for credentials."""
    from fsspec.implementations.memory import MemoryFileSystem

    url = memory({"gold.jsonl": GOLD})
    free = threading.Event()
    monkeypatch.setattr(MemoryFileSystem, "info", lambda *_, **__: free.wait(20) and {})
    with pytest.raises(InputError, match=r"nothing came within 0\.2 seconds"):
        open_source(f"{url}/gold.jsonl?remote-timeout=0.2")
    free.set()


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "there is no such file"), (403, "may not be read: HTTP status 403"),
     (401, "may not be read"), (500, "cannot be read: HTTPError: HTTP Error 500")],
)  # fmt: skip
def test_a_server_that_refuses(web: Web, status: int, said: str) -> None:
    web.statuses["/gold.jsonl"] = status
    with pytest.raises(InputError, match=said) as raised:
        load_goldset(f"{web.url}/gold.jsonl").digest  # noqa: B018
    assert raised.value.path == f"{web.url}/gold.jsonl"
    assert raised.value.hint


def test_nobody_listens() -> None:
    with pytest.raises(InputError, match=r"cannot be read: .*refused"):
        open_source("http://127.0.0.1:9/gold.jsonl")


def test_no_such_file_in_memory(memory: Callable[..., str]) -> None:
    url = memory({"gold.jsonl": GOLD})
    with pytest.raises(InputError, match=r"there is no such file\n") as raised:
        open_source(f"{url}/nothing.jsonl")
    assert raised.value.path == f"{url}/nothing.jsonl"
    with pytest.raises(InputError, match="its \\? and what follows are taken for a part of it"):
        open_source(f"{url}/gold.jsonl?shceme=IOB2")


class NoCredentialsError(Exception):
    """As botocore calls it."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError("Unable to locate credentials"), "may not be read: NoCredentialsError"),
        (PermissionError("Forbidden"), "may not be read: PermissionError: Forbidden"),
        (FileNotFoundError("The specified bucket does not exist"), "there is no such file"),
        (OSError("[Errno 101] unreachable"), "cannot be read: OSError: .*unreachable"),
    ],
)
def test_what_a_library_raises(
    error: Exception, said: str, memory: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    def raising(*_: Any, **__: Any) -> None:
        raise error

    url = memory({"gold.jsonl": GOLD})
    monkeypatch.setattr(MemoryFileSystem, "info", raising)
    with pytest.raises(InputError, match=said):
        open_source(f"{url}/gold.jsonl")


def test_libraries_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    with pytest.raises(InputError, match="no protocol nobody:// is known"):
        open_source("nobody://bucket/gold.jsonl")

    def missing(*_: Any, **__: Any) -> None:
        raise ImportError("Install s3fs to access S3")

    with monkeypatch.context() as patched:
        patched.setattr(fsspec.core, "url_to_fs", missing)
        with pytest.raises(LibraryMissing, match=r"Install s3fs .*\(install: pip install s3fs"):
            open_source("s3://bucket/gold.jsonl")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(LibraryMissing, match=r"pip install 'nlp-harness\[remote\]'"):
        open_source("s3://bucket/gold.jsonl")


def test_a_web_server_has_no_list(web: Web) -> None:
    with pytest.raises(InputError, match="has no list of its files"):
        open_source(f"{web.url}/*.jsonl")


def test_a_server_sends_on_to_the_web_alone(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to files of this machine, and not with the password that was meant for it."""
    secret = f"http://ann:s3cret@{web.url.removeprefix('http://')}/elsewhere"
    web.files["/gold.jsonl"] = GOLD
    open_source(secret)
    assert ["Authorization" in headers for _, headers in web.asked] == [True, False]


def test_a_time_limit_is_of_urls(gold: Path) -> None:
    with pytest.raises(UsageError, match="remote-timeout is of a URL"):
        open_source(f"{gold}?remote-timeout=3")
    with pytest.raises(UsageError, match="remote-timeout is '0', expected seconds above 0"):
        open_source("http://127.0.0.1:9/x?remote-timeout=0")


# What is shown


SECRET = (
    "https://ann:pa55w0rd@host.example/a/gold.jsonl?X-Amz-Signature=0123456789abcdef&versionId=7"
)


def test_secrets_are_hidden() -> None:
    shown = hidden(SECRET)
    assert shown == (
        "https://REDACTED@host.example/a/gold.jsonl?X-Amz-Signature=REDACTED&versionId=7"
    )
    assert real(shown) == SECRET
    assert hidden(shown) == shown
    other = SECRET.replace("0123", "9876")
    assert real(hidden(other)) == other != real(shown)
    assert hidden("abfs://container@account.dfs/x.jsonl") == "abfs://container@account.dfs/x.jsonl"
    assert hidden("s3://key:pa55w0rd@bucket/x") == "s3://REDACTED@bucket/x"
    assert hidden("https://host/x#token") == "https://host/x#REDACTED"
    assert hidden("https://host/x?s3cr3tt0ken") == "https://host/x?REDACTED"
    assert hidden("hf://datasets/a/b@main/x.jsonl") == "hf://datasets/a/b@main/x.jsonl"
    assert hidden_in(f"--gold={SECRET} and") == f"--gold={shown} and"
    said = without_secrets(f"403 for url {SECRET!r}: 0123456789abcdef", SECRET)
    assert "pa55w0rd" not in said
    assert "0123456789abcdef" not in said
    assert "pa55w0rd" not in repr(Source.parse(SECRET))
    assert "pa55w0rd" not in repr(Source(SECRET))


def test_no_secret_in_any_file_or_message(
    web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web.files["/gold.jsonl"] = web.files["/pred.jsonl"] = GOLD
    base = f"http://ann:pa55w0rd@{web.url.removeprefix('http://')}"
    query = "X-Amz-Credential=AKIAsecret&X-Amz-Signature=5ecre7519na7ure"
    url, pred = f"{base}/gold.jsonl?{query}", f"{base}/pred.jsonl?{query}?faulty=leave-out"
    missing = f"{base}/missing.jsonl?{query}"
    out, page = tmp_path / "out", tmp_path / "page.html"
    commands = [
        (0, ["run", "gazetteer", "--gold", url, "--out", str(out), "--no-cache", "--quiet"]),
        (0, ["score", "--gold", url, "--pred", pred, "--task", "ner"]),
        (0, ["score", "--gold", url, "--pred", pred, "--task", "ner", "--json"]),
        (0, ["validate", url]),
        (0, ["convert", url, str(tmp_path / "converted.jsonl")]),
        (0, ["predict", "gazetteer", "--docs", url, "--no-cache", "--quiet"]),
        (0, ["report", str(out), "--html", str(page)]),
        (2, ["score", "--gold", missing, "--pred", pred, "--task", "ner"]),
        (2, ["validate", missing]),
        (2, ["convert", missing, str(tmp_path / "x.jsonl")]),
        (2, ["predict", "gazetteer", "--docs", missing]),
        (2, ["compare", pred]),
        (2, ["score", "--gold", f"{url}&a?remote-timeout=x", "--pred", pred, "--task", "ner"]),
    ]
    from harness.cli.main import main

    said = []
    for status, command in commands:
        assert main(command) == status, command
        said += [*capsys.readouterr()]
    kept = [file.read_text("utf-8", "replace") for file in tmp_path.rglob("*") if file.is_file()]
    for secret in ("pa55w0rd", "AKIAsecret", "5ecre7519na7ure"):
        assert not [text for text in (*said, *kept) if secret in text]
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["gold"][0]["path"] == hidden(url)
    assert "REDACTED" in " ".join(record["command"])


def test_options_of_a_url_and_its_own_query() -> None:
    def parsed(said: str) -> tuple[str, dict[str, Any]]:
        source = Source.parse(said)
        assert Source.parse(str(source)) == source
        return real(source.path), dict(source.options)

    assert parsed("s3://b/x.conll?scheme=IOB2&tag-column=2") == (
        "s3://b/x.conll", {"scheme": "IOB2", "tag-column": "2"},
    )  # fmt: skip
    assert parsed("https://h/x?sig=1&se=2?scheme=IOB2") == (
        "https://h/x?sig=1&se=2",
        {"scheme": "IOB2"},
    )
    assert parsed("https://h/x?sig=1&scheme=IOB2") == ("https://h/x?sig=1&scheme=IOB2", {})
    assert parsed("https://h/x?format=json") == ("https://h/x", {"format": "json"})
    assert parsed("https://h/x?versionId=3?") == ("https://h/x?versionId=3", {})
    assert parsed("https://h/x") == ("https://h/x", {})


def test_a_query_that_looks_like_options(web: Web) -> None:
    web.files["/gold.jsonl"] = GOLD
    open_source(f"{web.url}/gold.jsonl?name=x&format=jsonl?")
    assert web.asked[-1][0] == "/gold.jsonl?name=x&format=jsonl"


def test_what_is_remote() -> None:
    said = ("hf:a/b", "hf://datasets/a/b.jsonl", "s3://b/x", "C:/x", "a:b")
    assert [is_remote(path) for path in said] == [True, True, True, False, False]
    assert is_hub("hf:a/b")
    assert not is_hub("hf://datasets/a/b.jsonl")
    with pytest.raises(UsageError, match="a URL is given as a string"):
        Source.parse(Path("s3://bucket/x.jsonl"))


@pytest.mark.parametrize(
    ("url", "name"),
    [("s3://b/a/g.jsonl", "g.jsonl"), ("https://h/g%20x.jsonl?a/b", "g x.jsonl"),
     ("s3://b/..", "file"), ("https://h/a%2Fb", "a_b"), ("s3://b/parts/", "parts"),
     ("https://h/" + "x" * 300, "x" * 255)],
)  # fmt: skip
def test_names_of_copies(url: str, name: str) -> None:
    assert last_name(url) == name


# What is left behind


@pytest.mark.processes
@pytest.mark.parametrize("stop", [None, signal.SIGINT, signal.SIGTERM])
def test_copies_are_gone_when_the_process_ends(
    stop: signal.Signals | None, web: Web, tmp_path: Path
) -> None:
    web.files["/gold.jsonl"] = web.files["/stops"] = GOLD
    pred = f"{web.url}/{'gold.jsonl' if stop is None else 'stops'}"
    command = ["score", "--gold", f"{web.url}/gold.jsonl", "--pred", pred, "--task", "ner"]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *command],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if stop is not None:
        deadline = time.monotonic() + 20
        while not any(path == "/stops" for path, _ in web.asked) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert any(tmp_path.iterdir())
        process.send_signal(stop)
    _, said = process.communicate(timeout=20)
    assert process.returncode == (0 if stop is None else 130), said
    assert not [*tmp_path.iterdir()]


def test_a_copy_that_failed_is_removed(web: Web) -> None:
    web.files["/cut"] = GOLD
    with pytest.raises(HarnessError):
        open_source(f"{web.url}/cut")
    folder = Path(remote._FOLDERS[0].name)
    assert not [*folder.rglob("cut")]


def test_no_library_for_plain_files(gold: Path) -> None:
    code = (
        "import sys; from harness.cli.main import main; "
        f"main(['convert', {str(gold)!r}, {str(gold.with_name('out.jsonl'))!r}]); "
        "print(*{'fsspec', 'zstandard', 'pyarrow', 'urllib.request', 'ssl'} & {*sys.modules})"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[1:] == [""]


@pytest.mark.parametrize("many", ["/parts", "/parts/", "/parts/*.jsonl", "/*/x*.jsonl"])
def test_files_of_a_folder_keep_host_and_login(many: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of SFTP, whose file system knows paths alone: its URL says where they are."""
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem
    asked: list[str] = []

    class Hosted(memory):  # type: ignore[misc]
        protocol = "hosted"
        store: ClassVar[dict[str, Any]] = {}
        pseudo_dirs: ClassVar[list[str]] = [""]

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            if "://" in path:
                asked.append(path)
                path = "/" + path.partition("://")[2].partition("/")[2]
            return str(memory._strip_protocol(path))

    import fsspec

    fsspec.register_implementation("hosted", Hosted, clobber=True)
    system = fsspec.filesystem("hosted")
    for number, row in enumerate(GOLD.splitlines(keepends=True)):
        system.pipe_file(f"/parts/x{number}.jsonl", row)
    url = f"hosted://ann:pa55w0rd@host{many}"
    place = open_source(url).place
    assert [part.shown for part in place.parts] == [
        f"hosted://REDACTED@host/parts/x{number}.jsonl" for number in range(3)
    ]
    assert [r.id for r in read_any(url)] == ["d0", "d1", "d2"]
    assert all(path.startswith("hosted://ann:pa55w0rd@host/") for path in asked)
