"""How large a page is and how long it takes: `python tests/benchmarks/page.py`.

Documents with names, by several backends; printed are the page's size, the CPU seconds of reading
the run and writing the page, and in the Chromium of the system the wall-clock time until it is
interactive, until the first text is open, and until all texts were read. Not a test.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from browsing import opened, started
from page_runs import page_of
from synthetic import articles, gold, predict, run_folder, skilled


def large_page(folder: Path, documents: int, backends: int) -> tuple[Path, float]:
    """The page of a run that is written here, and the CPU seconds that it took."""
    records = articles(documents, seed=1, paragraphs=8, mentions=2)
    answers = {
        f"backend {number}": predict(records, skilled(0.95 - 0.1 * number, 0.1), seed=number)
        for number in range(backends)
    }
    run = run_folder(folder / "run", gold(folder, records), answers)
    start = time.process_time()
    file = page_of([run], folder / "page.html")
    return file, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="*", default=[100, 1_000])
    parser.add_argument("--backends", type=int, default=5)
    options = parser.parse_args()
    print(f"{'documents':>10}{'MB':>8}{'CPU s':>8}{'ready s':>9}{'text s':>8}{'all s':>8}")
    with started() as browser:
        for number in options.documents:
            with tempfile.TemporaryDirectory() as name:
                file, cpu = large_page(Path(name), number, options.backends)
                start = time.perf_counter()
                with opened(browser, file) as page:
                    ready = time.perf_counter() - start
                    start = time.perf_counter()
                    page.keyboard.press("4")
                    page.wait_for_selector("#p0 .piece")
                    text = time.perf_counter() - start
                    start = time.perf_counter()
                    page.keyboard.press("3")
                    page.locator("#p0-errors td button[data-show]").first.click()
                    page.wait_for_selector(".mentions li")
                    every = time.perf_counter() - start
                size = file.stat().st_size / 1e6
                print(f"{number:>10}{size:>8.1f}{cpu:>8.1f}{ready:>9.2f}{text:>8.2f}{every:>8.2f}")


if __name__ == "__main__":
    main()
