// A backend over compromise 14: people, places and organizations by rules, in JavaScript.
//
//     npm ci --prefix adapters/examples/compromise
//     harness run "process:node adapters/examples/compromise/backend.js"
//
// Strings of JavaScript are counted in UTF-16 units. This program says so in its hello, and the
// harness converts the offsets.
"use strict";

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { performance } = require("node:perf_hooks");

const started = performance.now();
const nlp = require("compromise");
const { version } = nlp;

// Everything that decides an answer: this file, the library (one built file), and Node.js itself.
const digest = createHash("sha256")
  .update(readFileSync(__filename))
  .update(readFileSync(require.resolve("compromise")))
  .update(process.version)
  .digest("hex");

const LABELS = { PER: "people", LOC: "places", ORG: "organizations" };

function say(message) {
  process.stdout.write(JSON.stringify(message) + "\n");
}

// A match's own offsets take in the punctuation behind it; those of its terms do not.
function span(match) {
  const first = match.terms[0].offset;
  const last = match.terms[match.terms.length - 1].offset;
  return { start: first.start, end: last.start + last.length };
}

function answer({ id, text }) {
  const before = performance.now();
  const doc = nlp(text);
  const found = Object.entries(LABELS).map(([label, method]) => [
    label,
    doc[method]().json({ offset: true }),
  ]);
  const seconds = (performance.now() - before) / 1000;
  const entities = found.flatMap(([label, matches]) =>
    matches.map((match) => ({ ...span(match), label }))
  );
  say({ type: "annotations", id, entities, seconds });
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.type === "load") {
    say({
      type: "hello",
      protocol: 1,
      offsets: "utf16",
      labels: Object.keys(LABELS),
      packages: { compromise: version },
      model: { name: "compromise", version, digest, licence: "MIT" },
      seconds: { load: (performance.now() - started) / 1000 },
    });
  } else if (message.type === "documents") {
    for (const document of message.documents) {
      try {
        answer(document);
      } catch (error) {
        say({ type: "error", id: document.id, error: String(error) });
      }
    }
  }
});
