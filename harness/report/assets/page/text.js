// The text view: gold and backends as tracks under the lines, a list of mentions, an outline.
const MOST_TRACKS = 8;
const views = new Map();

class TextView {
  constructor(panel, documents, root) {
    Object.assign(this, { panel, documents, root, body: null, entries: [], at: -1, stepping: Promise.resolve() });
    const { index } = documents;
    this.outline = make("div", { className: "outline" });
    this.text = make("div", { className: "text", tabIndex: 0, role: "region", "aria-label": "Text" });
    this.list = make("ol", { className: "entries" });
    this.status = make("p", { className: "note", role: "status" });
    this.legend = make("div", { className: "legend" });
    this.head = make("h3");
    this.bar = this.makeBar(index);
    root.append(this.bar, make("div", { className: "columns" },
      make("details", { className: "outline-box", open: innerWidth > 900 }, make("summary", { textContent: "Documents" }), this.outline),
      make("div", { className: "reading" }, this.head, this.legend, this.text),
      make("div", { className: "side" }, make("h3", { textContent: "In order of the text" }), this.status, this.list)));
    this.text.addEventListener("click", (event) => this.clicked(event));
    this.text.addEventListener("mousemove", (event) => this.hovered(event));
    this.text.addEventListener("mouseleave", () => { byId("tip").hidden = true; });
  }

  makeBar(index) {
    const check = (name, value, text, badgeOf) => {
      const box = make("input", { type: "checkbox", name, value, checked: false });
      box.addEventListener("change", () => this.filtered());
      return make("label", { className: "check" }, box, badgeOf ? badge(value) : text);
    };
    this.backends = index.backends.map((name) => check("b", name, oneLine(name)));
    this.classes = index.classes.map((name) => check("c", name, name, true));
    this.label = make("select", { name: "label" }, make("option", { value: "", textContent: "every type" }),
      ...[...index.labels].sort().map((name) => make("option", { value: name, textContent: oneLine(name) })));
    this.query = make("input", { type: "search", name: "q", placeholder: "Search the texts" });
    this.query.setAttribute("aria-label", "Search the texts");
    this.disagree = check("all", "1", "all disagree with gold");
    this.label.setAttribute("aria-label", "Type");
    this.label.addEventListener("change", () => this.filtered());
    let waiting = 0;
    this.query.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => this.filtered(), 200); });
    const step = (text, title, key) => {
      const button = make("button", { type: "button", textContent: text, title });
      button.addEventListener("click", () => textKey(key));
      return button;
    };
    return make("div", { className: "bar" },
      make("fieldset", {}, make("legend", { textContent: "Backends" }), ...this.backends),
      make("fieldset", {}, make("legend", { textContent: "Classes" }), ...this.classes, this.disagree),
      make("fieldset", {}, make("legend", { textContent: "Find" }), this.label, this.query,
        step("← error", "previous error (k)", "k"), step("error →", "next error (j)", "j")));
  }

  /** Put the address into the controls. */
  async show() {
    const { index } = this.documents;
    const known = new Set(index.backends);
    const asked = (state.b || []).filter((name) => known.has(name));
    const chosen = new Set(asked.length ? asked : index.backends.slice(0, MOST_TRACKS));
    for (const box of all("input[name=b]", this.bar)) box.checked = chosen.has(box.value);
    const classes = new Set(state.c || []);
    for (const box of all("input[name=c]", this.bar)) box.checked = classes.has(box.value);
    this.label.value = index.labels.includes(state.label) ? state.label : "";
    this.query.value = state.q || "";
    all("input", this.disagree)[0].checked = state.all === "1";
    const place = this.documents.places.get(state.doc) ?? this.first();
    if (await this.showOutline()) await this.open(place, state.at);
  }

  /** Where somebody begins who asked for nothing: the first document. */
  first() { return 0; }

  chosenBackends() {
    const names = new Set(all("input[name=b]:checked", this.bar).map((box) => box.value));
    return new Set([...this.documents.index.backends.keys()].filter((at) => names.has(this.documents.index.backends[at])));
  }

  chosenClasses() { return new Set(all("input[name=c]:checked", this.bar).map((box) => box.value)); }

  async filtered() {
    const boxes = all("input[name=b]", this.bar);
    if (!boxes.some((box) => box.checked)) for (const box of boxes) box.checked = true;   // as without an address
    remember({
      b: all("input[name=b]:checked", this.bar).map((box) => box.value),
      c: [...this.chosenClasses()], label: this.label.value, q: this.query.value,
      all: all("input", this.disagree)[0].checked ? "1" : "", at: "",
    });
    if (await this.showOutline()) await this.open(this.body?.place ?? 0, "");
  }

  /** The entries of a body that the filters leave. */
  wanted(body) {
    const backends = this.chosenBackends();
    const classes = this.chosenClasses();
    const label = this.label.value;
    const query = this.query.value.toLowerCase();
    let entries = body.entries.filter((entry) => backends.has(entry.backend)
      && (!classes.size || classes.has(entry.error))
      && (!label || hasLabel(entry.gold, label) || hasLabel(entry.predicted, label))
      && (!query || entryText(entry, body).toLowerCase().includes(query) || oneLine(body.id).toLowerCase().includes(query)
        || this.inText(body, query)));
    if (all("input", this.disagree)[0].checked) {
      const against = allDisagree(body, backends);
      entries = entries.filter((entry) => against.has(entry));
    }
    return entries.sort((a, b) => place(a) - place(b) || a.backend - b.backend);
  }

  inText(body, query) { return body.t.toLowerCase().includes(query); }

  /** False where something else was asked for meanwhile. */
  async showOutline() {
    const asked = this.asked = {};
    const { index } = this.documents;
    const backends = this.chosenBackends();
    const classes = this.chosenClasses();
    const deep = this.label.value || this.query.value || all("input", this.disagree)[0].checked;
    const rows = [];
    for (let at = 0; at < this.documents.size; at++) {
      let errors = this.documents.errors(at, backends, classes);
      if (deep) {
        const entries = this.wanted(await this.documents.body(at));
        if (!entries.length) continue;
        errors = entries.filter((entry) => entry.error !== "correct").length;
      }
      rows.push([at, errors]);
    }
    if (this.asked !== asked) return false;
    this.outlined = rows;
    const most = Math.max(1, ...rows.map(([, errors]) => errors));
    this.outline.replaceChildren(
      make("p", { className: "note", textContent: `${rows.length.toLocaleString("en")} of ${this.documents.size.toLocaleString("en")} documents; number: errors` }),
      make("ol", {}, ...rows.map(([at, errors]) => {
        const button = make("button", { type: "button", data: { at } },
          make("span", { className: "name", textContent: oneLine(index.documents[at].id) }), make("span", { className: "number", textContent: errors }));
        button.style.setProperty("--share", errors / most);
        button.addEventListener("click", () => go({ ...state, doc: index.documents[at].id, at: "" }));
        return make("li", {}, button);
      })));
    return true;
  }

  async open(at, key) {
    const body = await this.documents.body(at);
    this.body = body;
    this.entries = this.wanted(body);
    for (const button of all("button[data-at]", this.outline)) {
      const here = Number(button.dataset.at) === at;
      button.toggleAttribute("aria-current", here);
      if (here) button.scrollIntoView({ block: "nearest" });
    }
    this.head.textContent = oneLine(body.id);
    this.tracks = [...this.chosenBackends()].slice(0, MOST_TRACKS);
    this.drawLegend();
    this.drawText();
    this.drawList();
    if (key) this.select(this.entries.findIndex((entry) => entry.key === key), false);
    else this.at = -1;
  }

  drawLegend() {
    const { index } = this.documents;
    const names = ["gold", ...this.tracks.map((backend) => index.backends[backend])];
    const kinds = this.roleKinds();
    this.legend.replaceChildren(
      make("ol", { className: "tracks" }, ...names.map((name, at) => make("li", { value: at, textContent: oneLine(name) }))),
      make("div", { className: "kinds" }, ...kinds.map((name, at) => make("span", { className: `kind k${at % 8}`, textContent: oneLine(name) }))),
      make("div", { className: "kinds" }, ...["correct", "missed", "spurious", "boundary", "other"].map((name) =>
        make("span", { className: `sample s-${name}`, textContent: name === "other" ? "type or element" : name }))));
  }

  /** What colours tell: roles where items have them, else labels. */
  roleKinds() {
    const { roles, labels } = this.documents.index;
    return roles.some(Boolean) ? roles : labels;
  }

  kind(item, span) {
    const kinds = this.roleKinds();
    return kinds.indexOf(span.role || item.label) % 8;
  }

  marks() {
    const out = [];
    const backends = new Map(this.tracks.map((backend, at) => [backend, at + 1]));
    const wanted = new Set(this.entries);
    this.body.gold.forEach((item) => item.spans.forEach((span) => out.push({
      track: 0, ...span, kind: this.kind(item, span), style: "correct", item, entry: null })));
    for (const entry of this.body.entries) {
      const track = backends.get(entry.backend);
      if (track === undefined) continue;
      const item = entry.predicted || entry.gold;
      const style = classStyle(entry.error);
      for (const span of item.spans) {
        out.push({ track, ...span, kind: this.kind(item, span), style, item, entry, dim: !wanted.has(entry) });
      }
    }
    return out.filter((mark) => mark.start < mark.end);
  }

  // Spans nest and cross: the text is cut at every border, and a piece carries the marks over it.
  drawText() {
    const { chars } = this.body;
    const marks = this.marks().sort((a, b) => a.start - b.start);
    const cuts = [...new Set([0, chars.length, ...marks.flatMap((m) => [m.start, m.end])])]
      .filter((at) => at >= 0 && at <= chars.length).sort((a, b) => a - b);
    const rows = this.tracks.length + 1;
    this.text.style.setProperty("--rows", rows);
    this.pieces = [];
    const out = [];
    let active = [];
    let next = 0;
    for (let i = 0; i + 1 < cuts.length; i++) {
      const [from, to] = [cuts[i], cuts[i + 1]];
      active = active.filter((mark) => mark.end > from);
      while (next < marks.length && marks[next].start <= from) active.push(marks[next++]);
      const text = shown(chars.slice(from, to).join(""));
      if (!active.length) { out.push(document.createTextNode(text)); continue; }
      const piece = make("span", { className: "piece", textContent: text, data: { piece: this.pieces.length } });
      const layers = active.map((mark) => layer(mark, rows));
      piece.style.backgroundImage = layers.map((one) => one[0]).join(",");
      piece.style.backgroundPosition = layers.map((one) => one[1]).join(",");
      piece.style.backgroundSize = layers.map((one) => one[2]).join(",");
      this.pieces.push({ node: piece, marks: active, from, to });
      out.push(piece);
      const letters = active.filter((mark) => mark.end === to && mark.track && mark.style !== "correct" && !mark.dim
        && to === endOf(mark.item));
      if (letters.length) {
        out.push(make("sup", { className: "letters", "aria-hidden": "true" }, ...letters.map((mark) =>
          make("span", { className: `e-${mark.style}`, textContent: `${mark.track}${mark.style === "other" ? mark.entry.error[0] : mark.style[0]}` }))));
      }
    }
    this.text.replaceChildren(...out);
  }

  /** The entries in order; of the correct ones that were not asked for, the one at a place. */
  drawList(chosen = -1) {
    const errors = this.entries.filter((entry) => entry.error !== "correct").length;
    const right = this.entries.length - errors;
    const listed = this.chosenClasses().has("correct") || !errors;
    this.status.textContent = `${errors} errors, ${right} correct${listed || !right ? "" : " (tick correct to list them)"}`;
    this.list.replaceChildren(...[...this.entries.entries()].filter(([at, entry]) => listed || at === chosen || entry.error !== "correct").map(([at, entry]) => {
      const button = make("button", { type: "button", data: { entry: at } },
        badge(entry.error), make("span", { className: "who", textContent: ` ${oneLine(this.documents.index.backends[entry.backend])} ` }),
        make("span", { textContent: entryText(entry, this.body) + (entry.besides ? ` (other ${entry.besides})` : "") }));
      button.addEventListener("click", () => this.select(at));
      return make("li", {}, button);
    }));
  }

  select(at, push = true) {
    all("[aria-current]", this.list).forEach((one) => one.removeAttribute("aria-current"));
    all(".selected", this.text).forEach((one) => one.classList.remove("selected"));
    all("svg.arrows", this.text).forEach((one) => one.remove());
    this.at = at;
    const entry = this.entries[at];
    if (!entry) return;
    remember({ doc: this.body.id, at: entry.key }, push);
    if (!this.list.querySelector(`[data-entry="${at}"]`)) this.drawList(at);
    const button = this.list.querySelector(`[data-entry="${at}"]`);
    button?.setAttribute("aria-current", "true");
    button?.scrollIntoView({ block: "nearest" });
    const items = [...new Set([entry.gold, entry.predicted].filter(Boolean))];
    const nodes = this.pieces.filter((piece) => items.some((item) =>
      item.spans.some((span) => span.start <= piece.from && piece.to <= span.end))).map((piece) => piece.node);
    nodes.forEach((node) => node.classList.add("selected"));
    nodes[0]?.scrollIntoView({ block: "center" });
    drawArrows(this.text, items, (span) => this.pieces.filter((piece) => span.start <= piece.from && piece.to <= span.end));
  }

  hovered(event) {
    const piece = event.target.closest?.(".piece");
    if (!piece) { byId("tip").hidden = true; return; }
    const { marks } = this.pieces[Number(piece.dataset.piece)];
    const tip = byId("tip");
    tip.replaceChildren(...[...marks].sort((a, b) => a.track - b.track).map((mark) => make("div", {},
      `${mark.track ? oneLine(this.documents.index.backends[mark.entry.backend]) : "gold"}: `,
      ...(mark.entry ? [badge(mark.entry.error), " "] : []), inWords(mark.item, this.body))));
    tip.hidden = false;
    placeTip(tip, event.clientX, event.clientY);
  }

  clicked(event) {
    const piece = event.target.closest?.(".piece");
    if (!piece) return;
    const { marks } = this.pieces[Number(piece.dataset.piece)];
    const entries = marks.map((mark) => mark.entry).filter(Boolean);
    const at = this.entries.findIndex((entry) => entries.includes(entry));
    if (at >= 0) this.select(at);
  }

  /** The next error in a direction, of this document or of the next that has one. */
  async step(direction) {
    let at = this.at;
    do at += direction; while (this.entries[at] && this.entries[at].error === "correct");
    if (this.at < 0 && direction < 0) at = -1;
    if (this.entries[at]) { this.select(at); return; }
    const places = this.outlined.filter(([, errors]) => errors).map(([place]) => place);
    const next = direction > 0 ? places.find((place) => place > this.body.place)
      : places.filter((place) => place < this.body.place).at(-1);
    if (next === undefined) { this.status.textContent = "No further error."; return; }
    await this.open(next, "");
    const errors = [...this.entries.keys()].filter((one) => this.entries[one].error !== "correct");
    this.select(direction > 0 ? errors[0] : errors.at(-1));
  }

  turn(direction) {
    const places = this.outlined.map(([place]) => place);
    const next = direction > 0 ? places.find((place) => place > this.body.place)
      : places.filter((place) => place < this.body.place).at(-1);
    if (next !== undefined) go({ ...state, doc: this.documents.index.documents[next].id, at: "" });
  }
}

const place = (entry) => Math.min(...[entry.gold, entry.predicted].filter(Boolean).map(startOf));

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

const ROW = 6;

/** The bar of a mark: its colour is the type's, its pattern the class of the error. */
function layer(mark, rows) {
  const colour = `var(--k${mark.kind})`;
  const paint = {
    correct: `linear-gradient(${colour},${colour})`,
    boundary: `repeating-linear-gradient(90deg,${colour} 0 7px,transparent 7px 10px)`,
    missed: "repeating-linear-gradient(90deg,var(--missed) 0 2px,transparent 2px 5px)",
    spurious: `repeating-linear-gradient(45deg,${colour} 0 3px,var(--spurious) 3px 6px)`,
    other: `linear-gradient(${colour} 0 35%,transparent 35% 65%,var(--other) 65%)`,
  }[mark.style];
  const below = (rows - 1 - mark.track) * ROW;
  const height = mark.dim ? 1 : 4;
  return [paint, `0 calc(100% - ${below}px)`, `100% ${height}px`];
}

const SVG = "http://www.w3.org/2000/svg";

/** An arrow from source over cue to content for each item, and the speaker's name beside it. */
function drawArrows(text, items, piecesOf) {
  const box = text.getBoundingClientRect();
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "arrows");
  svg.setAttribute("aria-hidden", "true");
  const middle = (spans) => {
    const pieces = spans.flatMap(piecesOf);
    const at = pieces[0]?.node.getClientRects()[0];
    return at && [at.left + Math.min(at.width, 120) / 2 - box.left + text.scrollLeft, at.top - box.top + text.scrollTop];
  };
  items.forEach((item, number) => {
    const stops = ["source", "cue", "content"].map((role) => middle(item.spans.filter((span) => span.role === role))).filter(Boolean);
    for (let i = 0; i + 1 < stops.length; i++) svg.append(arrow(stops[i], stops[i + 1], number));
    const speaker = item.facts.speaker;
    if (stops.length && speaker !== undefined) {
      const label = document.createElementNS(SVG, "text");
      label.textContent = `${number ? "predicted " : ""}speaker: ${oneLine(speaker)}`;
      label.setAttribute("x", Math.max(4, stops[0][0] - 20));
      label.setAttribute("y", Math.max(10, stops[0][1] - 4 - 12 * number));
      svg.append(label);
    }
  });
  if (svg.childNodes.length) text.append(svg);
}

function arrow([x1, y1], [x2, y2], number) {
  const lift = 14 + 8 * number + Math.min(30, Math.abs(x2 - x1) / 12);
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", number ? "predicted" : "gold");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${x1} ${y1} C${x1} ${y1 - lift} ${x2} ${y2 - lift} ${x2} ${y2 - 2}`);
  const head = document.createElementNS(SVG, "path");
  head.setAttribute("class", "head");
  head.setAttribute("d", `M${x2 - 4} ${y2 - 8} L${x2 + 4} ${y2 - 8} L${x2} ${y2 - 1} Z`);
  group.append(path, head);
  return group;
}

async function openTexts(panel) {
  const documents = await Documents.of(panel);
  const root = document.querySelector(`[data-texts="${panel}"]`);
  if (!documents || !root) return;
  if (!views.has(panel)) views.set(panel, new TextView(panel, documents, root));
  await views.get(panel).show();
}

/** What a key does in the text view; whether it does anything. */
function textKey(key) {
  const view = views.get(Number(state.panel) || 0);
  if (!view?.body) return false;
  if (key === "j" || key === "k") view.stepping = view.stepping.then(() => view.step(key === "j" ? 1 : -1));
  else if (key === "n" || key === "p") view.turn(key === "n" ? 1 : -1);
  else if (key === "/") view.query.focus();
  else return false;
  return true;
}
