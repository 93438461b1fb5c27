// Figures: each is a Vega-Lite specification, drawn when it comes into view, again in another theme.
const drawn = new Map();
const theme = () => document.documentElement.dataset.theme
  || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/** At once, so that paper too has what is drawn when somebody prints. */
function draw(figure) {
  const place = figure.dataset.figure;
  const drawing = figure.querySelector(".drawing");
  const now = theme();
  const width = drawing.clientWidth;
  const before = drawn.get(place);
  if (!width || (before && before.theme === now && before.width === width)) return;
  before?.view?.finalize();
  drawn.set(place, { theme: now, width, view: null });
  const { legend, ...look } = data.themes[now];
  const columns = Math.max(1, Math.min(legend.columns, Math.floor(width / 140)));
  const spec = { ...data.figures[place], config: { ...look, legend: { ...legend, columns } } };
  if (spec.facet) {    // Panels have a width of their own: as many stand side by side as there is room for.
    spec.columns = Math.max(1, Math.min(spec.columns, Math.floor((width - 70) / (spec.spec.width + 24))));
    delete spec.width;
    delete spec.height;
  }
  const compiled = vegaLite.compile(spec).spec;
  const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
    expr: vega.expressionInterpreter,
    loader: { load: () => Promise.reject(new Error("nothing is loaded")),
      sanitize: () => Promise.reject(new Error("nothing is linked")) },
    renderer: "canvas",
    hover: true,
    logLevel: vega.Error,
  });
  view.tooltip(showTip);
  view.addEventListener("click", (_, item) => guard(clickedMark(figure, item?.datum)));
  drawing.replaceChildren();
  view.initialize(drawing);
  if (!spec.facet) view.width(width - 16);
  view.run();
  drawn.set(place, { theme: now, width, view });
}

/** A cell or bar that names a backend lists its mentions, on a page that has mentions. */
async function clickedMark(figure, datum) {
  if (!datum?.name || !figure.closest(".view")) return;
  const panel = Number(figure.closest("[data-panel]").dataset.panel);
  if (datum.kind) {    // as the table's cell of the kind
    const cells = all("td button[data-show]", figure.closest(".view")).map((cell) => JSON.parse(cell.dataset.show));
    const cell = cells.find((one) => one.backend === datum.name && one.kind === datum.kind);
    if (cell) listMentions(panel, cell);
    return;
  }
  const show = { backend: datum.name };
  if (datum.class) show.class = datum.class;
  if (datum.keys) [show.gold, show.predicted] = datum.keys;
  if (datum.key) {
    show.label = await labelOf(panel, datum.key);
    if (!show.label) return;
  }
  listMentions(panel, show);
}

/** The label that a part is of; nothing for a part that is no label, as the table has it. */
async function labelOf(panel, part) {
  const labels = (await Documents.of(panel))?.index.labels ?? [];
  return [part, part.replace(/^type /, "")].find((name) => labels.includes(name));
}

function showTip(_, event, __, value) {
  const tip = byId("tip");
  tip.hidden = value === null || value === undefined || value === "";
  if (tip.hidden) return;
  const lines = typeof value === "object"
    ? Object.entries(value).map(([name, text]) => `${name}${name ? ": " : ""}${text}`) : [String(value)];
  fill(tip, lines.map((line) => make("div", { textContent: oneLine(line) })));
  placeTip(tip, event.clientX, event.clientY);
}

function placeTip(tip, x, y) {
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 16 + box.height > innerHeight ? y - box.height - 12 : y + 16}px`;
}

const seen = typeof IntersectionObserver === "undefined" ? null : new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "200px" });

function redraw() {
  for (const figure of all("[data-figure]")) {
    if (drawn.has(figure.dataset.figure)) draw(figure);
  }
}

function setUpFigures() {
  for (const figure of all("[data-figure]")) {
    if (seen) seen.observe(figure); else draw(figure);
  }
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(redraw, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
