"""A backend in ten lines: every capitalised word. `harness run "process:python ten_lines.py"`."""

import json
import re
import sys

model = {"name": "capitals", "version": "1"}
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        print(json.dumps({"type": "hello", "protocol": 1, "labels": ["NAME"], "model": model}))
    for document in message.get("documents", []):
        words = re.finditer(r"\b[A-Z]\w+", document["text"])
        spans = [{"start": w.start(), "end": w.end(), "label": "NAME"} for w in words]
        print(json.dumps({"type": "annotations", "id": document["id"], "entities": spans}))
    sys.stdout.flush()
