"""The page is one file, and nothing that it shows can run."""

from __future__ import annotations

import html.parser
import json
import re

from harness.report.html import BrowsedDocument, BrowsedGold, BrowsedItem, MarkedSpan, page
from harness.table import Table

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028&"


def _page() -> str:
    item = BrowsedItem("missed", EVIL, (MarkedSpan(0, 3, EVIL),), ())
    document = BrowsedDocument(EVIL, "Ada " + EVIL, {EVIL: (item,)})
    table = Table(EVIL, (EVIL,), ((EVIL,),), (EVIL,))
    return page(
        EVIL, [EVIL], [table], folded=[table], groups=[BrowsedGold(EVIL, (EVIL,), (document,))]
    )


class _Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_untrusted_text_makes_no_element() -> None:
    seen = _Elements()
    seen.feed(_page())
    assert seen.tags.count("script") == 2  # the data and ours
    assert "img" not in seen.tags
    assert not any(name.startswith("on") for name, _ in seen.attributes)


def test_the_data_survives_its_escapes() -> None:
    found = re.search(r'id="data">(.*?)</script>', _page(), re.DOTALL)
    assert found
    (group,) = json.loads(found[1])["groups"]
    (document,) = group["documents"]
    assert document["id"] == EVIL
    assert document["items"][EVIL][0]["error"] == "missed"
    assert document["items"][EVIL][0]["gold"] == [{"start": 0, "end": 3, "label": EVIL}]


def test_nothing_is_fetched_from_anywhere() -> None:
    text = _page()
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "default-src 'none'" in text
    assert not re.search(r"<(link|iframe|object|embed)\b", text)


def test_without_mentions_there_is_no_script() -> None:
    text = page("Title", [], [Table("T", ("a",), (("b",),))])
    assert "<script" not in text
