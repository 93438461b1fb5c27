"""Put the ranking tables of the committed run into the README: `python docs/readme_tables.py`.

They are what `harness report results --rankings --format github` prints; `make results` calls this
after the run, and a test compares the two.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.decide.ranking import rankings
from harness.report.run import ranking_tables
from harness.report.tables import render_tables
from harness.results import stored

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(?<=<!-- rankings -->\n).*?(?=<!-- /rankings -->)", re.DOTALL)


def main() -> None:
    """Replace what stands between the two markers; without both of them nothing is written."""
    folder, page = ROOT / "results", ROOT / "README.md"
    tables = render_tables(
        ranking_tables(stored.read(folder), rankings(stored.read(folder), folder)), "github"
    )
    text, found = MARKED.subn(lambda _: f"\n{tables}\n\n", page.read_text("utf-8"))
    if found != 1:
        raise SystemExit(f"{page.name}: {found} places between <!-- rankings --> and its end")
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
