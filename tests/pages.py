"""What a page holds, read out of its text as its script does."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from collections import Counter
from typing import Any

__all__ = ["class_counts", "panel_titles", "unpacked_texts"]


def _unpacked(page: str, name: str) -> Any:
    found = re.search(rf'id="{name}">([^<]*)</script>', page)
    assert found, name
    return json.loads(zlib.decompress(base64.b64decode(found[1])))


def unpacked_texts(page: str, panel: int) -> tuple[Any, list[Any]]:
    """The index of a panel's documents, and its blocks."""
    index = _unpacked(page, f"p{panel}-index")
    number = len(re.findall(rf'id="p{panel}-block\d+"', page))
    return index, [_unpacked(page, f"p{panel}-block{place}") for place in range(number)]


def panel_titles(page: str) -> list[str]:
    """What its panels are called."""
    return [html.unescape(one) for one in re.findall(r'class="panel-title">(.*?)</h2>', page)]


def class_counts(page: str, panel: int) -> dict[str, Counter[str]]:
    """By backend: how many mentions and pairs of each class its texts show."""
    index, blocks = unpacked_texts(page, panel)
    out: dict[str, Counter[str]] = {name: Counter() for name in index["backends"]}
    for document in (one for block in blocks for one in block):
        for name, row in zip(index["backends"], document["p"], strict=True):
            out[name].update(index["classes"][entry[0]] for entry in row)
    return out
