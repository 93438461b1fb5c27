"""A backend that burns 10 ms of CPU time for each document: `process:python burn.py`."""

import json
import re
import sys
import time

SECONDS = 0.01

for message in map(json.loads, sys.stdin):
    if message["type"] == "load":
        print(json.dumps({"type": "hello", "protocol": 1, "labels": ["PERSON"]}))
    for document in message.get("documents", []):
        end = time.process_time() + SECONDS
        while time.process_time() < end:
            pass
        words = re.finditer(r"\b[A-Z]\w+", document["text"])
        spans = [{"start": w.start(), "end": w.end(), "label": "PERSON"} for w in words]
        print(json.dumps({"type": "annotations", "id": document["id"], "entities": spans}))
    sys.stdout.flush()
