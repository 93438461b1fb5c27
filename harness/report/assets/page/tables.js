// Tables: a click on a header sorts, a box filters the rows of long ones.
const LONG_TABLE = 8;

function cellValue(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = Number.parseFloat(text.replace(/,/g, "").replace(/^[~<\s[+]+/, "").replace("−", "-"));
  return [text, Number.isNaN(number) ? null : number];
}

function sortTable(table, column, down) {
  const body = table.tBodies[0];
  const numeric = table.tHead.rows[0].cells[column].classList.contains("n");
  const rows = [...body.rows].map((row) => [row, ...cellValue(row, column)]);
  rows.sort((a, b) => {
    if (numeric) {
      if (a[2] === null || b[2] === null) return (a[2] === null) - (b[2] === null);   // unknown last
      return down ? b[2] - a[2] : a[2] - b[2];
    }
    return down ? b[1].localeCompare(a[1]) : a[1].localeCompare(b[1]);
  });
  fill(body, rows.map(([row]) => row));
}

function setUpTable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", className: "sort", textContent: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending"
        && (head.classList.contains("n") || head.getAttribute("aria-sort") === "ascending");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortTable(table, column, down);
    });
  });
  if (table.tBodies[0].rows.length > LONG_TABLE) addFilter(table);
}

function addFilter(table) {
  const box = make("input", { type: "search", className: "filter", placeholder: "Filter rows" });
  const count = make("span", { className: "note" });
  box.setAttribute("aria-label", "Filter the rows of this table");
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase();
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    count.textContent = wanted ? ` ${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  });
  table.parentElement.before(make("div", { className: "filter-line" }, box, count));
}
