// The documents of a panel: unpacked when somebody opens one, a block at a time.
class Documents {
  constructor(panel) {
    this.panel = panel;
    this.blocks = new Map();
  }

  static all = new Map();

  /** Those of a panel, with the index read; `null` where the page has no texts of it. */
  static async of(panel) {
    if (!byId(`p${panel}-index`)) return null;
    return once(Documents.all, panel, async () => {
      const documents = new Documents(panel);
      documents.index = await unpack(`p${panel}-index`);
      documents.places = new Map(documents.index.documents.map((entry, place) => [entry.id, place]));
      return documents;
    });
  }

  get size() { return this.index.documents.length; }

  /** The body of the document at a place, with its entries: what became of every mention. */
  async body(place) {
    const block = Math.floor(place / this.index.block);
    const bodies = await once(this.blocks, block, () => unpack(`p${this.panel}-block${block}`));
    const raw = bodies[place - block * this.index.block];
    if (!raw.entries) this.read(raw, place);
    return raw;
  }

  read(raw, place) {
    const { labels, roles, classes, besides } = this.index;
    const item = (one) => one && {
      label: labels[one[0]],
      spans: one[1].map(([role, start, end]) => ({ role: roles[role], start, end })),
      facts: one[2] || {},
      slices: one[3] || [],
    };
    raw.id = this.index.documents[place].id;
    raw.place = place;
    raw.gold = raw.g.map(item);
    raw.length = this.index.documents[place].n;
    raw.entries = raw.p.flatMap((row, backend) => row.map(([error, at, predicted, right, more], number) => {
      const gold = at < 0 ? null : raw.gold[at];
      return {
        key: `${backend}.${number}`, document: raw.id, backend, gold, at,
        error: classes[error],
        right: right === 1,
        besides: more === undefined ? "" : besides[more],
        predicted: predicted === 1 ? gold : item(predicted || null),
      };
    }));
  }

  /** How many mentions and pairs of a document are no `correct` ones, of the chosen backends. */
  errors(place, backends, classes) {
    let sum = 0;
    this.index.documents[place].c.forEach((counts, backend) => {
      if (!backends.has(backend)) return;
      for (const [error, count] of counts) {
        const name = this.index.classes[error];
        if (name !== "correct" && (!classes.size || classes.has(name))) sum += count;
      }
    });
    return sum;
  }
}

/** The code points of the last text of which some were wanted: they take many times its room. */
let points = { body: null, chars: null };

/** A part of a text by code points, as offsets are counted. */
function partOf(body, from, to) {
  body.plain ??= !/[\ud800-\udfff]/.test(body.t);
  if (body.plain) return body.t.slice(from, to);
  if (points.body !== body) points = { body, chars: Array.from(body.t) };
  return points.chars.slice(from, to).join("");
}

/** Where an item begins and ends; what has no place in the text begins at infinity. */
const startOf = (item) => item.spans.reduce((least, span) => Math.min(least, span.start), Infinity);
const endOf = (item) => item.spans.reduce((most, span) => Math.max(most, span.end), -Infinity);
const entryStart = ({ gold, predicted }) =>
  Math.min(gold ? startOf(gold) : Infinity, predicted ? startOf(predicted) : Infinity);

/** An item in words: its label, its spans, what else is said of it. */
function inWords(item, body) {
  const pieces = item.spans.map((span) => {
    const text = oneLine(partOf(body, span.start, span.end));
    const cut = text.length > 90 ? `${text.slice(0, 44)} … ${text.slice(-44)}` : text;
    return span.role ? `${span.role} “${cut}”` : `“${cut}”`;
  });
  const roles = item.spans.some((span) => span.role);
  const facts = Object.entries(item.facts).map(([name, value]) => `${name} ${oneLine(value)}`);
  return [...(roles ? [] : [oneLine(item.label)]), ...pieces, ...facts].join(roles ? ", " : " ");
}

/** Gold and prediction of an entry in words. */
function entryText(entry, body) {
  const { gold, predicted } = entry;
  if (gold && predicted && gold === predicted) return inWords(gold, body);
  const said = [];
  if (gold) said.push(`gold: ${inWords(gold, body)}`);
  if (predicted) said.push(`predicted: ${inWords(predicted, body)}`);
  return said.join(" → ");
}

/** Gold that every chosen backend fails, and wrong answers that all of them give. */
function allDisagree(body, backends) {
  const wrong = body.entries.filter((entry) => entry.error !== "correct" && backends.has(entry.backend));
  const name = (item) => JSON.stringify([item.label, item.spans]);
  const byGold = new Map();
  const byAnswer = new Map();
  for (const entry of wrong) {
    if (entry.gold) byGold.set(entry.at, (byGold.get(entry.at) || new Set()).add(entry.backend));
    if (entry.predicted) byAnswer.set(name(entry.predicted), (byAnswer.get(name(entry.predicted)) || new Set()).add(entry.backend));
  }
  const every = (set) => set !== undefined && set.size === backends.size;
  return new Set(wrong.filter((entry) => (entry.gold && every(byGold.get(entry.at)))
    || (entry.predicted && every(byAnswer.get(name(entry.predicted))))));
}
