// The documents of a panel: unpacked when somebody opens one, a block at a time.
class Documents {
  constructor(panel) {
    this.panel = panel;
    this.blocks = new Map();
    this.bodies = new Map();
  }

  static all = new Map();

  /** Those of a panel, with the index read; `null` where the page has no texts of it. */
  static async of(panel) {
    if (!byId(`p${panel}-index`)) return null;
    if (!Documents.all.has(panel)) {
      const documents = new Documents(panel);
      Documents.all.set(panel, unpack(`p${panel}-index`).then((index) => {
        documents.index = index;
        documents.places = new Map(index.documents.map((entry, place) => [entry.id, place]));
        return documents;
      }));
    }
    return Documents.all.get(panel);
  }

  get size() { return this.index.documents.length; }

  /** The body of the document at a place, with its entries: what became of every mention. */
  async body(place) {
    const block = Math.floor(place / this.index.block);
    if (!this.blocks.has(block)) this.blocks.set(block, unpack(`p${this.panel}-block${block}`));
    const raw = (await this.blocks.get(block))[place - block * this.index.block];
    if (!raw.entries) this.read(raw, place);
    return raw;
  }

  read(raw, place) {
    const { labels, roles, classes, besides } = this.index;
    const item = (one) => one && {
      label: labels[one[0]],
      spans: one[1].map(([role, start, end]) => ({ role: roles[role], start, end })),
      facts: one[2] || {},
    };
    raw.id = this.index.documents[place].id;
    raw.place = place;
    raw.gold = raw.g.map(item);
    raw.chars = Array.from(raw.t);                       // code points, as offsets are counted
    raw.entries = raw.p.flatMap((row, backend) => row.map(([error, at, predicted, right, more], number) => {
      const gold = at < 0 ? null : raw.gold[at];
      return {
        key: `${backend}.${number}`, backend, gold, at,
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

const startOf = (item) => Math.min(...item.spans.map((span) => span.start));
const endOf = (item) => Math.max(...item.spans.map((span) => span.end));

/** An item in words: its label, its spans, what else is said of it. */
function inWords(item, body) {
  const pieces = item.spans.map((span) => {
    const text = oneLine(body.chars.slice(span.start, span.end).join(""));
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
