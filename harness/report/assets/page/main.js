// What is open stands in the address: panel, view, document, filters; back and forward work.
const VIEWS = ["overview", "types", "errors", "texts", "why"];
const MANY = new Set(["b", "c"]);
let state = {};

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const out = {};
  for (const name of new Set(asked.keys())) out[name] = MANY.has(name) ? asked.getAll(name) : asked.get(name);
  return out;
}

function address(of) {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(of)) {
    for (const one of [value].flat()) if (one !== "" && one !== undefined && one !== null) out.append(name, one);
  }
  return `#${out}`;
}

/** Whether the address says the state: others spell it otherwise, and in another order. */
function inAddress() {
  const sorted = (of) => {
    const out = new URLSearchParams(address(of).slice(1));
    out.sort();
    return String(out);
  };
  return sorted(readAddress()) === sorted(state);
}

/** Change some of the state without opening anything; `push` makes a step that back undoes. */
function remember(changes, push = false) {
  state = { ...state, ...changes };
  if (!inAddress()) history[push ? "pushState" : "replaceState"](null, "", address(state));
}

/** Open another place of the page; back leads to where one was. */
function go(changes) {
  const kept = changes.panel !== undefined && changes.panel !== state.panel
    ? { panel: changes.panel } : { panel: state.panel, view: state.view };
  state = { ...kept, ...changes };
  if (!inAddress()) history.pushState(null, "", address(state));
  open();
}

function choose(tabs, wanted) {
  for (const tab of tabs) {
    const chosen = tab === wanted;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
}

function open() {
  trouble();
  leaveTexts();
  const panels = all("section.panel");
  if (!panels.length) return;
  const number = Number(state.panel) in panels ? Number(state.panel) : 0;
  const view = VIEWS.includes(state.view) ? state.view : "overview";
  panels.forEach((panel, place) => { panel.classList.toggle("open", place === number); });
  choose(all("#panels [role=tab]"), all("#panels [role=tab]")[number]);
  const panel = panels[number];
  choose(all(".views [role=tab]", panel), panel.querySelector(`.views [data-view=${view}]`));
  for (const one of all(".view", panel)) one.classList.toggle("open", one.dataset.view === view);
  byId("tip").hidden = true;
  if (view === "texts") showTexts(number);
  const show = panel.querySelector(".view") && state.show ? askedList(state.show) : null;
  if (show) guard(openMentions(number, show));
  else {
    if (state.show) remember({ show: "" });
    closeSheet();
  }
}

function closeSheet() {
  listing = null;
  if (byId("sheet").open) byId("sheet").close();
}

/** Arrows, Home and End within a row of tabs, as everywhere. */
function arrows(list) {
  list.addEventListener("keydown", (event) => {
    const tabs = all("[role=tab]", list);
    const at = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length];
    tab.focus();
    tab.click();
  });
}

function setUpTheme() {
  const button = byId("theme");
  const show = () => { button.textContent = theme() === "dark" ? "Light" : "Dark"; };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    show();
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  button.hidden = false;
}

/** Paper is light, has every view and every table unfolded, and the figures of all. */
function setUpPrint() {
  let before = null;
  addEventListener("beforeprint", () => {
    if (before) return;
    const root = document.documentElement;
    before = { theme: root.dataset.theme, folded: all("details:not([open])") };
    root.classList.add("printing");
    root.dataset.theme = "light";
    for (const one of before.folded) one.open = true;
    all("[data-figure]").forEach(draw);
  });
  addEventListener("afterprint", () => {
    if (!before) return;
    const root = document.documentElement;
    root.classList.remove("printing");
    if (before.theme) root.dataset.theme = before.theme; else delete root.dataset.theme;
    for (const one of before.folded) one.open = false;
    before = null;
    redraw();
  });
}

/** What they do, and for what: a page that has none of it has not the key either. */
const KEYS = [
  ["j, k", "next and previous error, into the next document", "[data-texts]"],
  ["n, p", "next and previous document", "[data-texts]"], ["/", "search in the texts", "[data-texts]"],
  ["1 2 3 4 5", "overview, types, errors, texts, why", ".view"], ["← →", "within a row of tabs", "[role=tab]"],
  ["Esc", "close", "dialog"], ["?", "this list", "dialog"],
];

function showKeys() {
  listing = null;
  byId("sheet-title").textContent = "Keys";
  byId("sheet-body").replaceChildren(make("dl", { className: "facts" },
    ...KEYS.filter(([, , of]) => document.querySelector(of)).flatMap(([key, text]) => [make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: text })])));
  if (!byId("sheet").open) byId("sheet").showModal();
}

function setUpKeys() {
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("sheet").open) return;
    if (event.key === "?") showKeys();
    else if (/^[1-5]$/.test(event.key)) {
      if (document.querySelector(".view")) go({ view: VIEWS[Number(event.key) - 1] });
    }
    else if (state.view === "texts" && textKey(event.key)) event.preventDefault();
  });
}

function setUp() {
  document.documentElement.classList.add("js");
  all("table[data-sort]").forEach(setUpTable);
  all("[role=tablist]").forEach(arrows);
  for (const tab of all("#panels [role=tab]")) tab.addEventListener("click", () => go({ panel: tab.dataset.panel, view: state.view }));
  for (const tab of all(".views [role=tab]")) tab.addEventListener("click", () => go({ view: tab.dataset.view }));
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("button[data-show]");
    if (cell) listMentions(Number(cell.closest("[data-panel]")?.dataset.panel ?? 0), JSON.parse(cell.dataset.show));
  });
  byId("sheet-close").addEventListener("click", () => byId("sheet").close());
  byId("sheet").addEventListener("close", () => {
    if (byId("sheet").open || listing?.waits) return;    // for another list
    listing = null;
    remember({ show: "" });
  });
  byId("help").addEventListener("click", showKeys);
  byId("help").hidden = false;
  setUpTheme();
  setUpPrint();
  setUpKeys();
  state = readAddress();
  open();
  if (Object.keys(data.figures).length) setUpFigures();
  addEventListener("popstate", () => { state = readAddress(); open(); });
  document.documentElement.dataset.ready = "";
}

setUp();
