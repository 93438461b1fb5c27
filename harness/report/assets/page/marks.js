// Marks: the bars below the lines of a text, a row for gold and one for each backend, and arrows.
const ROW = 6;

/** Those of a text: gold, then of the backends of `tracks`; faint what is not `wanted`. */
function marksOf(body, tracks, wanted, kindOf) {
  const out = [];
  const rows = new Map(tracks.map((backend, at) => [backend, at + 1]));
  body.gold.forEach((item) => item.spans.forEach((span) => out.push({
    track: 0, ...span, kind: kindOf(item, span), style: "correct", item, entry: null })));
  for (const entry of body.entries) {
    const track = rows.get(entry.backend);
    if (track === undefined) continue;
    const item = entry.predicted || entry.gold;
    const style = classStyle(entry.error);
    for (const span of item.spans) {
      out.push({ track, ...span, kind: kindOf(item, span), style, item, entry, dim: !wanted.has(entry) });
    }
  }
  return out.filter((mark) => mark.start < mark.end);
}

/**
 * Put a text with its marks into a node. Spans nest and cross: the text is cut at every border, and
 * a piece carries the marks over it. Gives the pieces that have any.
 */
function drawPieces(node, body, marks, rows) {
  const { length } = body;
  const inOrder = [...marks].sort((a, b) => a.start - b.start);
  const cuts = [...new Set([0, length, ...inOrder.flatMap((mark) => [mark.start, mark.end])])]
    .filter((at) => at >= 0 && at <= length).sort((a, b) => a - b);
  const pieces = [];
  const out = [];
  let active = [];
  let next = 0;
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i], cuts[i + 1]];
    active = active.filter((mark) => mark.end > from);
    while (next < inOrder.length && inOrder[next].start <= from) active.push(inOrder[next++]);
    const text = shown(partOf(body, from, to));
    if (!active.length) { out.push(text); continue; }
    const piece = make("span", { className: "piece", textContent: text, data: { piece: pieces.length } });
    const layers = active.map((mark) => layer(mark, rows));
    piece.style.backgroundImage = layers.map((one) => one[0]).join(",");
    piece.style.backgroundPosition = layers.map((one) => one[1]).join(",");
    piece.style.backgroundSize = layers.map((one) => one[2]).join(",");
    pieces.push({ node: piece, marks: active, from, to });
    out.push(piece);
    const ended = active.filter((mark) => mark.end === to && mark.track && mark.style !== "correct" && !mark.dim
      && to === endOf(mark.item));
    if (ended.length) out.push(letters(ended));
  }
  fill(node, out);
  return pieces;
}

/** What ends here and is wrong: the number of the backend's row, the first letter of the class. */
function letters(marks) {
  return fill(make("sup", { className: "letters", "aria-hidden": "true" }), marks.map((mark) =>
    make("span", { className: `e-${mark.style}`, textContent: `${mark.track}${mark.style === "other" ? mark.entry.error[0] : mark.style[0]}` })));
}

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
