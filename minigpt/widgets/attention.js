// Where every head of every layer of the small model looks, on the reader's text.
const MOST = 64;
const MAP = 0.86; // the share of the large picture that the map takes; the rest is for the last words' names

function render({ model, el }) {
  const body = card(
    el,
    "Attention of every head",
    "Choose a head by its small map; point at a token, or move with the arrow keys, to see where it looks.",
  );
  const text = { value: model.get("text"), rows: 2, maxlength: 600 };
  return modelFigure(body, model, text, (place, both, input) => attentionFigure(place, both, input, model));
}

function attentionFigure(body, { model: gpt, tokenizer }, input, widget) {
  let cache = null;
  let ids = [];
  let maps = []; // maps[layer][head][query] = weights over the tokens up to the query
  let layer = widget.get("layer") - 1;
  let head = widget.get("head") - 1;
  let query = -1;

  const note = h("p", { class: "mg-note" });
  let small = [];
  const grid = h("div", { class: "mg-heads", role: "group", "aria-label": "Heads" });
  const large = h("canvas", { class: "mg-map", role: "img" });
  large.addEventListener("pointermove", (event) => {
    const box = large.getBoundingClientRect();
    const cell = (box.width * MAP) / ids.length;
    const [k, q] = [event.clientX - box.left, event.clientY - box.top].map((v) => Math.floor(v / cell));
    if (q < 0 || q >= ids.length) return;
    choose(q);
    if (k >= 0 && k <= q) tell([k]);
  });
  const said = liveText();
  const row = tokenRow("The text, in tokens", (i) => choose(i));
  const lines = svg("svg", { class: "mg-lines", "aria-hidden": "true" });
  body.append(
    note,
    h(
      "div",
      { class: "mg-columns" },
      h("div", { class: "mg-narrow" }, h("p", { class: "mg-sub" }, "All heads"), grid),
      h("div", { class: "mg-narrow" }, h("p", { class: "mg-sub" }, "The chosen head: rows look at columns"), large),
    ),
    row.node,
    said,
  );

  // Another size has other heads: the chosen one stays where there is one in its place.
  function use(both) {
    gpt = both.model;
    cache = gpt.newCache();
    layer = Math.min(layer, gpt.n_layer - 1);
    head = Math.min(head, gpt.n_head - 1);
    small = Array.from({ length: gpt.n_layer * gpt.n_head }, (_, n) =>
      smallMap(Math.floor(n / gpt.n_head), n % gpt.n_head),
    );
    grid.style.gridTemplateColumns = `auto repeat(${gpt.n_head},1fr)`;
    grid.replaceChildren(
      h("span"),
      ...Array.from({ length: gpt.n_head }, (_, i) => h("span", { class: "mg-note" }, `head ${i + 1}`)),
      ...small.flatMap(({ pick, l, i }) => (i ? [pick] : [h("span", { class: "mg-note" }, `layer ${l + 1}`), pick])),
    );
    read();
  }

  function smallMap(l, i) {
    const canvas = h("canvas", { width: 96, height: 96 });
    const choose = () => {
      layer = l;
      head = i;
      drawAll();
    };
    const props = { type: "button", "aria-label": `layer ${l + 1}, head ${i + 1}`, onclick: choose };
    return { pick: h("button", props, canvas), canvas, l, i };
  }

  function read() {
    const all = tokenizer.encode(input.value);
    ids = [tokenizer.eot, ...all.slice(0, MOST - 1)];
    note.textContent = all.length > MOST - 1 ? `Only the first ${MOST - 1} of ${all.length} tokens are read here.` : "";
    maps = Array.from({ length: gpt.n_layer }, () => Array.from({ length: gpt.n_head }, () => []));
    cache.ids.length = 0;
    for (const id of ids) gpt.step(cache, id, (l, i, weights) => maps[l][i].push(weights));
    if (query < 0 || query >= ids.length) query = ids.length - 1;
    row.show(ids.map((id) => ({ bytes: tokenizer.bytes(id) })));
    row.node.append(lines);
    drawAll();
  }

  function choose(i) {
    const next = Math.min(Math.max(i, 0), ids.length - 1);
    if (next === query) return;
    query = next;
    drawQuery();
    drawMap(large, layer, head, true);
  }

  function drawAll() {
    for (const { pick, canvas, l, i } of small) {
      pick.setAttribute("aria-pressed", l === layer && i === head);
      drawMap(canvas, l, i, false);
    }
    drawMap(large, layer, head, true);
    drawQuery();
  }

  function drawMap(canvas, l, i, detailed) {
    const n = ids.length;
    canvas.width = detailed ? 720 : 96;
    canvas.height = canvas.width * (detailed ? MAP : 1);
    const draw = canvas.getContext("2d");
    const cell = canvas.height / n;
    draw.fillStyle = colour(body, "--mg-blue");
    for (let q = 0; q < n; q++)
      for (let k = 0; k <= q; k++) {
        draw.globalAlpha = Math.sqrt(maps[l][i][q][k]); // a square root, so that weak attention is seen too
        draw.fillRect(k * cell, q * cell, cell + 0.3, cell + 0.3);
      }
    draw.globalAlpha = 1;
    draw.strokeStyle = colour(body, "--mg-edge");
    draw.beginPath();
    for (let q = 0; q < n; q++) {
      draw.lineTo((q + 1) * cell, q * cell);
      draw.lineTo((q + 1) * cell, (q + 1) * cell);
    }
    draw.stroke();
    if (!detailed) return;
    draw.textBaseline = "middle";
    draw.font = `${Math.min(24, cell * 0.85)}px ui-monospace, Menlo, Consolas, monospace`;
    for (let q = 0; q < n; q++) {
      draw.fillStyle = colour(body, q === query ? "--mg-red" : "--mg-dim");
      draw.fillText(
        visible(tokenizer.bytes(ids[q])).replace("<|endoftext|>", "<|end\u2026|>"),
        (q + 1) * cell + 5,
        (q + 0.5) * cell,
      );
    }
    draw.strokeStyle = colour(body, "--mg-red");
    draw.lineWidth = 3;
    draw.strokeRect(1.5, query * cell, (query + 1) * cell - 1.5, cell);
    canvas.setAttribute(
      "aria-label",
      `Attention of layer ${l + 1}, head ${i + 1}: ${n} rows of tokens looking at ${n} columns`,
    );
  }

  function drawQuery() {
    const weights = maps[layer][head][query];
    row.mark(query);
    row.chips.forEach((chip, k) => {
      const weight = k <= query ? weights[k] : 0;
      chip.style.background = `color-mix(in oklab, var(--mg-blue) ${Math.round(70 * Math.sqrt(weight))}%, var(--mg-soft))`;
      chip.style.color = weight > 0.35 ? "var(--mg-bg)" : "";
      chip.classList.toggle("mg-strong", weight > 0.35);
      chip.classList.toggle("mg-later", k > query);
      chip.title = k <= query ? `${percent(weight)} of the attention` : "later: not seen";
    });
    drawLines(weights);
    tell([...weights.keys()].sort((a, b) => weights[b] - weights[a]).slice(0, 3));
  }

  function tell(keys) {
    const weights = maps[layer][head][query];
    said.textContent =
      `Layer ${layer + 1}, head ${head + 1}: \u201c${visible(tokenizer.bytes(ids[query]))}\u201d looks at ` +
      keys
        .map(
          (k) =>
            `\u201c${visible(tokenizer.bytes(ids[k]))}\u201d${k === query ? " (itself)" : ""} ${percent(weights[k])}`,
        )
        .join(", ") +
      ".";
  }

  // One curve from the looking token to each token that gets 3 % or more, as thick as its share.
  function drawLines(weights) {
    const middle = (chip) => [chip.offsetLeft + chip.offsetWidth / 2, chip.offsetTop];
    const [x0, y0] = middle(row.chips[query]);
    lines.setAttribute("style", `height:${row.node.scrollHeight}px`);
    lines.replaceChildren(
      ...[...weights.keys()]
        .filter((k) => weights[k] >= 0.03 && k !== query)
        .map((k) => {
          const [x1, y1] = middle(row.chips[k]);
          const rise = Math.min(y0, y1) - 10 - Math.min(24, Math.abs(x0 - x1) / 12);
          return svg("path", {
            d: `M${x0} ${y0}C${x0} ${rise} ${x1} ${rise} ${x1} ${y1}`,
            "stroke-width": 1 + 5 * weights[k],
            opacity: 0.35 + 0.65 * weights[k],
          });
        }),
    );
  }

  use({ model: gpt });
  return { typed: read, use, stop: redraw(body, drawAll) };
}

export default { render };
