// The text view: gold and backends as tracks under the lines, a list of mentions, an outline.
const MOST_TRACKS = 8;
const views = new Map();
/** Settled when what was asked for last is shown. */
let opening = Promise.resolve();

class TextView {
  constructor(panel, documents, root) {
    Object.assign(this, { panel, documents, root, body: null, entries: [], at: -1 });
    this.asked = null;                                   // what is being shown: another, and it stops
    this.stepping = Promise.resolve();
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
    const changed = () => { opening = guard(this.filtered()); };
    const check = (name, value, text, badgeOf) => {
      const box = make("input", { type: "checkbox", name, value, checked: false });
      box.addEventListener("change", changed);
      return make("label", { className: "check" }, box, badgeOf ? badge(value) : text);
    };
    this.backends = index.backends.map((name) => check("b", name, oneLine(name)));
    this.classes = index.classes.map((name) => check("c", name, name, true));
    this.label = fill(make("select", { name: "label" }), [make("option", { value: "", textContent: "every type" }),
      ...[...index.labels].sort().map((name) => make("option", { value: name, textContent: oneLine(name) }))]);
    this.query = make("input", { type: "search", name: "q", placeholder: "Search the texts" });
    this.query.setAttribute("aria-label", "Search the texts");
    this.disagree = check("all", "1", "all disagree with gold");
    this.label.setAttribute("aria-label", "Type");
    this.label.addEventListener("change", changed);
    let waiting = 0;
    this.query.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 200); });
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
    const at = this.documents.places.get(state.doc) ?? 0;
    const key = state.at;
    if (await this.showOutline()) await this.open(at, key);
  }

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
    const everywhere = !query || oneLine(body.id).toLowerCase().includes(query) || body.t.toLowerCase().includes(query);
    let entries = body.entries.filter((entry) => backends.has(entry.backend)
      && (!classes.size || classes.has(entry.error))
      && (!label || hasLabel(entry.gold, label) || hasLabel(entry.predicted, label))
      && (everywhere || entryText(entry, body).toLowerCase().includes(query)));
    if (all("input", this.disagree)[0].checked) {
      const against = allDisagree(body, backends);
      entries = entries.filter((entry) => against.has(entry));
    }
    return entries.sort((a, b) => entryStart(a) - entryStart(b) || a.backend - b.backend);
  }

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
    const most = rows.reduce((sofar, [, errors]) => Math.max(sofar, errors), 1);
    this.outline.replaceChildren(
      make("p", { className: "note", textContent: `${rows.length.toLocaleString("en")} of ${this.documents.size.toLocaleString("en")} documents; number: errors` }),
      fill(make("ol"), rows.map(([at, errors]) => {
        const button = make("button", { type: "button", data: { at } },
          make("span", { className: "name", textContent: oneLine(index.documents[at].id) }), make("span", { className: "number", textContent: errors }));
        button.style.setProperty("--share", errors / most);
        button.addEventListener("click", () => go({ ...state, doc: index.documents[at].id, at: "" }));
        return make("li", {}, button);
      })));
    return true;
  }

  /** False where something else was asked for meanwhile. */
  async open(at, key) {
    const asked = this.asked = {};
    const body = await this.documents.body(at);
    if (this.asked !== asked) return false;
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
    return true;
  }

  drawLegend() {
    const { index } = this.documents;
    const names = ["gold", ...this.tracks.map((backend) => index.backends[backend])];
    const kinds = this.roleKinds();
    this.legend.replaceChildren(
      make("ol", { className: "tracks" }, ...names.map((name, at) => make("li", { value: at, textContent: oneLine(name) }))),
      fill(make("div", { className: "kinds" }), kinds.map((name, at) => make("span", { className: `kind k${at % 8}`, textContent: oneLine(name) }))),
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

  drawText() {
    this.text.style.setProperty("--rows", this.tracks.length + 1);
    this.pieces = drawPieces(this.text, this.body, this.marks(), this.tracks.length + 1);
  }

  marks() {
    return marksOf(this.body, this.tracks, new Set(this.entries), (item, span) => this.kind(item, span));
  }

  /** The entries in order; of the correct ones that were not asked for, the one at a place. */
  drawList(chosen = -1) {
    const errors = this.entries.filter((entry) => entry.error !== "correct").length;
    const right = this.entries.length - errors;
    const listed = this.chosenClasses().has("correct") || !errors;
    this.status.textContent = `${errors} errors, ${right} correct${listed || !right ? "" : " (tick correct to list them)"}`;
    fill(this.list, [...this.entries.entries()].filter(([at, entry]) => listed || at === chosen || entry.error !== "correct").map(([at, entry]) => {
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
    fill(tip, [...marks].sort((a, b) => a.track - b.track).map((mark) => make("div", {},
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

  /** Go on when what was asked for before is shown, and only if the reader is still here. */
  soon(act) {
    this.stepping = guard(this.stepping.then(() => opening).then(() => (inSight(this.root) ? act() : null)));
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
    if (!await this.open(next, "")) return;
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

const inSight = (root) => Boolean(root.closest(".panel.open .view.open"));

/** What is not in sight any more need not be shown. */
function leaveTexts() {
  for (const view of views.values()) view.asked = null;
}

function showTexts(panel) { opening = guard(openTexts(panel)); }

async function openTexts(panel) {
  const documents = await Documents.of(panel);
  const root = document.querySelector(`[data-texts="${panel}"]`);
  if (!documents || !root || !inSight(root)) return;
  if (!views.has(panel)) views.set(panel, new TextView(panel, documents, root));
  await views.get(panel).show();
}

/** What a key does in the text view; whether it does anything. */
function textKey(key) {
  const view = views.get(Number(state.panel) || 0);
  if (!view?.body) return false;
  const forward = key === "j" || key === "n";
  if ("jk".includes(key)) view.soon(() => view.step(forward ? 1 : -1));
  else if ("np".includes(key)) view.soon(() => view.turn(forward ? 1 : -1));
  else if (key === "/") view.query.focus();
  else return false;
  return true;
}
