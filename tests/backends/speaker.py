"""A foreign program that speaks the protocol, well or badly: `speaker.py MODE`. Standard library
only: it stands for a backend written in another language."""

from __future__ import annotations

import json
import os
import re
import sys
import time

MODE = sys.argv[1]
UNIT = MODE if MODE in ("utf16", "byte") else "codepoint"


def say(message: object) -> None:
    print(json.dumps(message), flush=True)


def units(text: str, offset: int) -> int:
    if UNIT == "utf16":
        return len(text[:offset].encode("utf-16-le")) // 2
    return len(text[:offset].encode("utf-8")) if UNIT == "byte" else offset


def entities(text: str) -> list[dict[str, object]]:
    if MODE == "open" and text.isupper():
        return []
    return [
        {
            "start": units(text, match.start()),
            "end": units(text, match.end()),
            "label": "REST" if MODE == "open" and match[0] == "It" else "ENT",
            "text": match[0],
        }
        for match in re.finditer(r"[A-Z]\w*", text)
    ]


def answer(document: dict[str, str]) -> None:
    text, id_ = document["text"], document["id"]
    fault = "FAULT" in text
    if fault and MODE == "garbage":
        print("Segmentation fault (just kidding)", flush=True)
    if fault and MODE == "endless":
        while True:
            os.write(1, b"x" * 65536)
    if fault and MODE == "wrong-id":
        id_ = "another"
    if fault and MODE == "no-layer":
        say({"type": "annotations", "id": id_})
        return
    if fault and MODE == "closes-stdout":
        os.close(1)
        time.sleep(600)
    if fault and MODE == "closes-stdin":
        os.close(0)
        time.sleep(600)
    if fault and MODE == "rude":
        say({"type": "error", "id": id_, "error": "half \ud800 and \x1b[31m\nred"})
        return
    if fault and MODE == "middle":
        say({"type": "annotations", "id": id_, "entities": [{"start": 1, "end": 2, "label": "X"}]})
        return
    say({"type": "annotations", "id": id_, "entities": entities(text)})


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "load":
            if MODE == "mute":
                return
            if MODE == "banner":
                print("Welcome to the Speaker 1.0!")
            say(
                {
                    "type": "hello",
                    "protocol": 2 if MODE == "version" else 1,
                    "offsets": "furlong" if MODE == "unit" else UNIT,
                    **({} if MODE == "open" else {"labels": ["ENT"]}),
                    "model": {
                        "name": "speaker",
                        "version": "" if MODE == "nameless" else "1",
                        "digest": "speaker" if MODE == "proven" else "",
                    },
                }
            )
        else:
            for document in message["documents"]:
                answer(document)


main()
