// A sheet with the mentions that a cell of a table or figure stands for, each in its context.
const SHOWN_MENTIONS = 60;
const CONTEXT = 60;

const hasLabel = (item, label) => Boolean(item) && item.label === label;

/** A list that an address names; an empty one where it is none. */
function listOf(text) {
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) ? list.filter(Array.isArray) : [];
  } catch { return []; }
}

/** What an address asks for, with the numbers of its slices and the keys of its entries. */
function readAsked(show, index) {
  const numbered = new Map(index.slices.map(([facet, value], at) => [JSON.stringify([facet, value]), at]));
  return {
    slices: show.slice === undefined ? null : listOf(show.slice).map((one) => numbered.get(JSON.stringify(one)) ?? -1),
    keys: show.at === undefined ? null : new Set(listOf(show.at).map((one) => JSON.stringify(one))),
  };
}

const readAlready = new WeakMap();

/** Whether an entry's gold or prediction, or the one of them that is asked for, is in every slice. */
function inSlices({ gold, predicted }, slices, of, index) {
  const within = (item, gold) => Boolean(item) && slices.length > 0 && slices.every((one) => item.slices.includes(one) && (gold || !index.slices[one][2]));
  return (of !== "predicted" && within(gold, true)) || (of !== "gold" && within(predicted, false));
}

function fits(entry, show, index) {
  if (!readAlready.has(show)) readAlready.set(show, readAsked(show, index));
  const { slices, keys } = readAlready.get(show);
  const { gold, predicted, error, right } = entry;
  if (show.backend !== undefined && index.backends[entry.backend] !== show.backend) return false;
  if (show.class !== undefined && error !== show.class) return false;
  if (slices && !inSlices(entry, slices, show.of, index)) return false;
  if (keys && !keys.has(JSON.stringify([entry.document, entry.key]))) return false;
  if (show.side === "found") return right && hasLabel(gold, show.label);
  if (show.side === "missed") return !right && hasLabel(gold, show.label);
  if (show.side === "spurious") return !right && hasLabel(predicted, show.label);
  if (show.label !== undefined && !hasLabel(gold, show.label) && !hasLabel(predicted, show.label)) return false;
  if (show.gold !== undefined && (gold ? gold.label : "-") !== show.gold) return false;
  return show.predicted === undefined || (predicted ? predicted.label : "-") === show.predicted;
}

function titleOf(show) {
  const parts = [];
  if (show.backend !== undefined) parts.push(show.backend);
  if (show.class !== undefined) parts.push(show.class);
  if (show.label !== undefined) parts.push(show.label);
  if (show.side !== undefined) parts.push(show.side);
  if (show.gold !== undefined) parts.push(`gold ${show.gold}, predicted ${show.predicted}`);
  if (show.kind !== undefined) parts.push(`${show.kind}, examples`);
  if (show.slice !== undefined) parts.push(...listOf(show.slice).map(([facet, value]) => `${facet}: ${value}`));
  if (show.of !== undefined) parts.push(show.of);
  return parts.map(oneLine).join(" · ");
}

/** The text around an entry, with the marked part; of a long one beginning and end. */
function inContext(entry, body) {
  const { gold, predicted } = entry;
  const start = entryStart(entry);
  const end = Math.max(gold ? endOf(gold) : -Infinity, predicted ? endOf(predicted) : -Infinity);
  const text = (from, to) => oneLine(partOf(body, Math.max(0, from), to));
  if (!Number.isFinite(start)) return make("p", { className: "context", textContent: text(0, 2 * CONTEXT) });   // of the whole text
  const inside = end - start > 240 ? `${text(start, start + 110)} … ${text(end - 110, end)}` : text(start, end);
  return make("p", { className: "context" },
    (start > CONTEXT ? "… " : "") + text(start - CONTEXT, start), make("mark", { textContent: inside }),
    text(end, end + CONTEXT) + (end + CONTEXT < body.length ? " …" : ""));
}

/** What an address asks to list; nothing where that is no list of a page. */
function askedList(text) {
  try {
    const show = JSON.parse(text);
    const plain = show !== null && typeof show === "object" && !Array.isArray(show);
    return plain && Object.values(show).every((value) => typeof value === "string") ? show : null;
  } catch { return null; }
}

/** List mentions as a step of its own, which back undoes. */
function listMentions(panel, show) {
  remember({ show: JSON.stringify(show) }, true);
  guard(openMentions(panel, show));
}

/** The list that is being made; another one, or nothing, where it is not wanted any more. */
let listing = null;

async function openMentions(panel, show) {
  const asked = listing = { waits: true };
  trouble();
  const documents = await Documents.of(panel);
  if (listing !== asked) return;
  asked.waits = false;
  const sheet = byId("sheet");
  byId("sheet-title").textContent = titleOf(show);
  const list = make("ol", { className: "mentions" });
  const count = make("p", { className: "note", textContent: documents ? "…" : "The texts are not in this page." });
  byId("sheet-body").replaceChildren(count, list);
  if (!sheet.open) sheet.showModal();
  if (!documents) return;
  const found = [];
  for (let place = 0; place < documents.size; place++) {
    const body = await documents.body(place);
    if (listing !== asked) return;
    for (const entry of body.entries) if (fits(entry, show, documents.index)) found.push([entry, body]);
  }
  if (show.class === undefined && show.side === undefined && show.gold === undefined) {
    found.sort((a, b) => (a[0].error === "correct") - (b[0].error === "correct"));   // stable
  }
  showSome(panel, documents, found, list, count, 0);
}

function showSome(panel, documents, found, list, count, from) {
  const upTo = Math.min(found.length, from + SHOWN_MENTIONS);
  for (const [entry, body] of found.slice(from, upTo)) list.append(mentionRow(panel, documents, entry, body));
  const every = documents.index.documents.length;
  count.textContent = `${upTo.toLocaleString("en")} of ${found.length.toLocaleString("en")} in ${every.toLocaleString("en")} documents`;
  if (upTo < found.length) {
    const more = make("button", { type: "button", textContent: "More" });
    more.addEventListener("click", () => {
      more.remove();
      showSome(panel, documents, found, list, count, upTo);
    });
    list.after(more);
  }
}

function mentionRow(panel, documents, entry, body) {
  const where = make("button", { type: "button", className: "link", textContent: oneLine(body.id) });
  where.addEventListener("click", () => {
    byId("sheet").close();
    go({ panel: String(panel), view: "texts", doc: body.id, b: [documents.index.backends[entry.backend]], at: entry.key });
  });
  return make("li", { data: { error: entry.error } },
    make("div", {}, badge(entry.error), ` ${oneLine(documents.index.backends[entry.backend])} in `, where),
    inContext(entry, body), make("p", { className: "note", textContent: entryText(entry, body) + (entry.besides ? ` (other ${entry.besides})` : "") }));
}

/** The class of an error: a letter and the word, and a colour besides. */
function badge(error) {
  return make("span", { className: `badge e-${classStyle(error)}`, textContent: error.replace("_", " + ") });
}

const classStyle = (error) => ["correct", "missed", "spurious", "boundary"].includes(error) ? error : "other";
