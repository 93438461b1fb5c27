// Lists of mentions side by side: one box filters all lists of a pair.
function setUpLists(lists) {
  const rows = all("li", lists);
  if (rows.length <= LONG_TABLE) return;
  const box = make("input", { type: "search", className: "filter", placeholder: "Filter mentions" });
  const count = make("span", { className: "note", role: "status" });
  box.setAttribute("aria-label", "Filter the mentions of these lists");
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase();
    rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    count.textContent = wanted ? ` ${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  });
  lists.before(make("div", { className: "filter-line" }, box, count));
}

all("[data-lists]").forEach(setUpLists);
