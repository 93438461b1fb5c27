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

/** Put children in the place of those of a node: of any number, which arguments cannot be. */
function fill(node, children) {
  const made = document.createDocumentFragment();
  for (const child of children) made.append(child);
  node.replaceChildren(made);
  return node;
}

/** Wait for what goes on by itself; where it fails, the reader is told. */
const guard = (promise) => promise.catch((error) => trouble(`This cannot be shown: ${error.message}`));

/** Say what went wrong, above whatever is open; without a text nothing is wrong any more. */
function trouble(text = "") {
  const place = byId("trouble");
  const sheet = byId("sheet");
  (sheet.open ? sheet : document.body).append(place);
  place.textContent = oneLine(text);
  place.hidden = !text;
}

/** What is made once for a key; what failed is forgotten, so that it is tried again. */
function once(kept, key, start) {
  if (!kept.has(key)) {
    const promise = start();
    kept.set(key, promise);
    promise.catch(() => kept.delete(key));
  }
  return kept.get(key);
}

/** What control characters and line breaks look like on one line. */
const oneLine = (text) => text.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ");

/** A text as it is, but for what would turn the direction of all that follows, or has no shape. */
const shown = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]|(?![\n\t\r])\p{Cc}/gu,
  (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, "0")}`);

/** Compressed JSON in base64, as `harness.report.page.documents` packs it. */
async function unpack(id) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser cannot unpack the texts; Chrome 80, Safari 16.4, Firefox 113 and later ones can");
  }
  try {
    const bytes = Uint8Array.from(atob(byId(id).textContent.trim()), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  } catch (error) {
    throw new Error(`the part ${id} of this page is damaged (${error.message}); write the page anew`);
  }
}

const data = JSON.parse(byId("data").textContent);
