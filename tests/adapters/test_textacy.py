"""textacy as it comes and paragraph by paragraph; conversions without it, the rest with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.adapter import Adapter, LoadRequest
from harness.adapters import textacy as whole
from harness.adapters import textacy_paragraphs as by_paragraph
from harness.annotation import Attribution, Span
from harness.errors import BackendUnavailable, DocumentRefused


class _Token:
    def __init__(self, idx: int, length: int) -> None:
        self.idx, self.length = idx, length

    def __len__(self) -> int:
        return self.length


class _Triple:
    def __init__(self, speaker: list[_Token], cue: list[_Token], content: tuple[int, int]) -> None:
        self.speaker, self.cue = speaker, cue
        self.content = type("Content", (), {"start_char": content[0], "end_char": content[1]})()


def test_token_lists_become_hulls_moved_by_the_offset() -> None:
    triple = _Triple([_Token(20, 3), _Token(12, 4)], [_Token(30, 4)], (0, 9))
    text = "x" * 60
    assert whole.attribution(text, triple, [], 5) == Attribution(
        (Span(5, 14),), Span(17, 28), Span(35, 39), "indirect"
    )
    assert whole.attribution(text, _Triple([], [], (0, 9)), []).source is None


def test_a_refusal_is_told_when_the_document_is_read() -> None:
    backend = whole.TextacyBackend(None, whole.ADAPTER.identity("no_such") or _IDENTITY)
    with pytest.raises(DocumentRefused, match="27 quotation marks"):
        backend.annotations("text", ValueError("27 quotation marks found"))


def test_triples_that_share_a_cue_are_one_relation() -> None:
    text = "“We go,” he said. “And we stay.”"
    cue, speaker = [_Token(12, 4)], [_Token(9, 2)]
    raw = [(0, _Triple(speaker, cue, (0, 8))), (0, _Triple(speaker, cue, (18, 32)))]
    backend = by_paragraph.TextacyParagraphsBackend(None, _IDENTITY)
    assert backend.annotations(text, raw).attributions == (
        Attribution((Span(0, 8), Span(18, 32)), Span(9, 11), Span(12, 16), "direct"),
    )


def test_both_keep_the_contract() -> None:
    for adapter in (whole.ADAPTER, by_paragraph.ADAPTER):
        assert isinstance(adapter, Adapter)
        assert adapter.unavailable("no_such_pipeline")
        capabilities = adapter.declaration.capabilities
        assert capabilities is not None and not capabilities.null_sources
        with pytest.raises(BackendUnavailable):
            adapter.load(LoadRequest("no_such_pipeline", "attribution"))


_IDENTITY = whole.ModelIdentity("none")
_PAIRED = "“We will not wait any longer,” Anna Smith said. “The time has come, friends.”"
_STRAY = "There is a ” here, and nothing more to say."


@pytest.fixture(scope="module")
def backends() -> Iterator[tuple[whole.TextacyBackend, by_paragraph.TextacyParagraphsBackend]]:
    pytest.importorskip("textacy")
    if whole.ADAPTER.unavailable("en_core_web_sm"):
        pytest.skip("the pipeline en_core_web_sm is not installed")
    request = LoadRequest("en_core_web_sm", "attribution")
    yield whole.ADAPTER.load(request), by_paragraph.ADAPTER.load(request)


@pytest.mark.models
def test_a_stray_mark_costs_the_document_or_its_paragraph_alone(
    backends: tuple[whole.TextacyBackend, by_paragraph.TextacyParagraphsBackend],
) -> None:
    as_it_comes, mended = backends
    text = f"{_STRAY}\n\n{_PAIRED}"
    raw, good = as_it_comes.predict([text, _PAIRED])
    with pytest.raises(DocumentRefused, match="5 quotation marks"):
        as_it_comes.annotations(text, raw)
    found = as_it_comes.annotations(_PAIRED, good).attributions or ()
    assert [_PAIRED[slice(*item.content[0])] for item in found] == [
        "“We will not wait any longer,”",
        "“The time has come, friends.”",
    ]
    empty, one, blank = mended.predict(["", text, "\n"])
    assert empty == blank == []
    (item,) = mended.annotations(text, one).attributions or ()
    assert [text[a:b] for a, b in item.content] == [
        "“We will not wait any longer,”",
        "“The time has come, friends.”",
    ]
    assert item.source is not None and text[slice(*item.source)] == "Anna Smith"
    assert item.cue is not None and text[slice(*item.cue)] == "said"
    assert item.kind == "direct"
