"""A backend that keeps the protocol but for one thing: `backend.py MODE`; standard library only.

`MODES` says for every mode what it does wrong and what has to come of it. What it does wrong with
a document it does with those of `BAD` alone; all others get a sound answer.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from hostile import conduct, values
from hostile.saying import BAD, MODES, write
from hostile.spoiling import SPOILING

for _family in (*values.FAMILIES, *conduct.FAMILIES):
    _family()


def main() -> None:
    mode = (MODES | SPOILING)[sys.argv[1]]
    mode.start()
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if message["type"] == "load":
            write(mode.hello())
            continue
        for document in message["documents"]:
            write((mode.answer if document["id"] in BAD else mode.later)(document))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
