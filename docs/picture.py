"""Take the picture of the page that the README shows: `python docs/picture.py`.

It makes the page of the committed run, as `harness report results --html` does, opens it in the
Chromium of the system and writes docs/page.png. Without Playwright or a Chromium it says so.
"""

from __future__ import annotations

import base64
import shutil
import struct
import sys
import tempfile
import zlib
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.cli.main import main as harness
from harness.cli.printer import note

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "page.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1200, 700

SHOWN = "#view=texts&doc=000_23a35c672fad7310"
"""What is open in it: the gold and two backends under the lines of an article."""

_PIXELS = """async (png) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, image.width, image.height).data;
  let out = "";
  for (let i = 0; i < bytes.length; i += 4) out += String.fromCharCode(...bytes.slice(i, i + 3));
  return btoa(out);
}"""


def main() -> None:
    """Write the picture, or leave it as it is and say why."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        playwright: Any = import_module("playwright.sync_api")
    except ImportError:
        playwright = None
    if browser is None or playwright is None:
        lacking = "Chromium" if browser is None else "Playwright (pip install playwright)"
        note(f"{PICTURE.name} stays as it is: {lacking} is not here")
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        if status := harness(["report", str(ROOT / "results"), "--html", str(page)]):
            sys.exit(status)
        with playwright.sync_playwright() as driver:
            options = ["--no-sandbox", "--disable-lcd-text"]
            opened = driver.chromium.launch(executable_path=browser, args=options)
            tab = opened.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            tab.goto(f"{page.as_uri()}{SHOWN}")
            tab.locator(".entries li").first.wait_for()
            tab.evaluate("document.querySelector('.panel.open .panel-title').scrollIntoView()")
            taken = base64.b64encode(tab.screenshot()).decode("ascii")
            pixels = base64.b64decode(opened.new_page().evaluate(_PIXELS, taken))
            opened.close()
    PICTURE.write_bytes(_png(pixels))


def _png(pixels: bytes) -> bytes:
    """A PNG of 256 colours at most, a third of the size: of close ones the most frequent."""
    colours = Counter(zip(*[iter(pixels)] * 3, strict=True))
    for step in (8, 16, 24, 32, 48, 64):
        closest: dict[tuple[int, ...], int] = {}
        palette: list[bytes] = []
        for colour, _ in colours.most_common():
            place = tuple(part // step for part in colour)
            if place not in closest:
                closest[place] = len(palette)
                palette.append(bytes(colour))
        if len(palette) <= 256:
            break
    index = {colour: closest[tuple(part // step for part in colour)] for colour in colours}
    row = bytes(index[one] for one in zip(*[iter(pixels)] * 3, strict=True))
    lines = b"".join(b"\0" + row[at : at + WIDTH] for at in range(0, len(row), WIDTH))

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"PLTE", b"".join(palette)),
            chunk(b"IDAT", zlib.compress(lines, 9)),
            chunk(b"IEND", b""),
        )
    )


if __name__ == "__main__":
    main()
