"use strict";
// Everything shown comes from corpora and backends: it is put in with textContent, never as HTML.
const data = JSON.parse(document.getElementById("data").textContent);
const pick = (id) => document.getElementById(id);
const make = (tag, text, kind) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const fill = (select, names) => names.forEach((name) => {
  const option = make("option", name);
  option.value = name;
  select.append(option);
});

function groups() { return data.groups.map((group) => group.name); }
function group() { return data.groups.find((one) => one.name === pick("group").value); }

function refresh() {
  const one = group();
  pick("document").replaceChildren();
  fill(pick("document"), one.documents.map((doc) => doc.id));
  pick("backend").replaceChildren();
  fill(pick("backend"), one.backends);
  const classes = [...new Set(one.documents.flatMap((doc) =>
    Object.values(doc.items).flat().map((item) => item.error)))].sort();
  pick("class").replaceChildren(make("option", "every class"));
  pick("class").firstChild.value = "";
  fill(pick("class"), classes);
  show();
}

// Spans may nest or cross, so the text is cut at every border and each piece gets the marks over it.
function render(text, marks) {
  const chars = Array.from(text);                        // code points, as offsets are counted
  const cuts = [...new Set([0, chars.length, ...marks.flatMap((m) => [m.start, m.end])])]
    .filter((at) => at >= 0 && at <= chars.length).sort((a, b) => a - b);
  const box = make("div", undefined, "text");
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i], cuts[i + 1]];
    const over = marks.filter((m) => m.start <= from && to <= m.end);
    const piece = chars.slice(from, to).join("");
    if (!over.length) { box.append(piece); continue; }
    let node = document.createTextNode(piece);
    for (const mark of over) {
      const wrap = make("mark", undefined, mark.error);
      wrap.title = mark.note;
      wrap.append(node);
      if (to === mark.end) wrap.append(make("sup", mark.label));
      node = wrap;
    }
    box.append(node);
  }
  return box;
}

function show() {
  const one = group();
  const doc = one.documents.find((each) => each.id === pick("document").value);
  const wanted = pick("class").value;
  const items = (doc.items[pick("backend").value] || []).filter((item) => !wanted || item.error === wanted);
  const side = (name) => items.flatMap((item) => item[name].map((span) => ({
    ...span, error: item.error, note: item.note })));
  const panes = pick("panes");
  panes.replaceChildren();
  for (const [name, title] of [["gold", "Gold"], ["predicted", pick("backend").value]]) {
    const pane = make("section", undefined, "pane");
    pane.append(make("h3", title), render(doc.text, side(name)));
    panes.append(pane);
  }
  const list = pick("list");
  list.replaceChildren();
  for (const item of items) {
    const row = make("li");
    row.append(make("span", item.error, "tag " + item.error), item.note);
    list.append(row);
  }
  if (!items.length) list.append(make("li", "nothing of this kind here"));
  location.replace("#" + new URLSearchParams({
    group: one.name, document: doc.id, backend: pick("backend").value, class: wanted }));
}

const wish = new URLSearchParams(location.hash.slice(1));
fill(pick("group"), groups());
const choose = (id) => {
  const value = wish.get(id);
  if ([...pick(id).options].some((option) => option.value === value)) pick(id).value = value;
};
choose("group");
refresh();
["document", "backend", "class"].forEach(choose);
show();
pick("group").addEventListener("change", refresh);
["document", "backend", "class"].forEach((id) => pick(id).addEventListener("change", show));
