"use strict";
// Everything shown comes from corpora and backends: it is put in as text, never as markup.
const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element with properties, `data-` attributes under `data`, and children (text or nodes). */
function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(node.dataset, value);
    else if (name.startsWith("aria-") || name === "role" || name === "for") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** What control characters and line breaks look like on one line. */
const oneLine = (text) => text.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ");

/** A text as it is, but for what would turn the direction of all that follows, or has no shape. */
const shown = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]|(?![\n\t\r])\p{Cc}/gu,
  (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, "0")}`);

/** Compressed JSON in base64, as `harness.report.page.documents` packs it. */
async function unpack(id) {
  const element = byId(id);
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const data = JSON.parse(byId("data").textContent);
