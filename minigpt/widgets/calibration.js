// How far a model's trust in its answers is right: bins of equally many answers, and the most trusted share of them.
const Z = 1.959964;

// The interval of Wilson for k right of n, as minigpt.metrics.wilson_interval has it.
function wilson(k, n) {
  const p = k / n;
  const centre = p + (Z * Z) / (2 * n);
  const spread = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const low = (centre - spread) / (1 + (Z * Z) / n);
  const high = (centre + spread) / (1 + (Z * Z) / n);
  return [k === 0 ? 0 : low, k === n ? 1 : high];
}

const share100 = (p) => (p === 0 ? "0 %" : percent(p));

// Python's round: halves go to the even neighbour.
function roundEven(x) {
  const down = Math.floor(x);
  return x - down === 0.5 ? down + (down % 2) : Math.round(x);
}

// Of [probability, right] rows from the most trusted down: how many, the mean stated, the right ones.
function summary(rows) {
  const right = rows.reduce((sum, [, hit]) => sum + hit, 0);
  const stated = rows.reduce((sum, [p]) => sum + p, 0) / rows.length;
  return { n: rows.length, stated, right, share: right / rows.length, ends: wilson(right, rows.length) };
}

// Bins of equally many answers, the least trusted first.
function binsOf(rows, bins) {
  const ordered = rows.slice().reverse();
  return Array.from({ length: bins }, (_, i) =>
    ordered.slice(roundEven((i * rows.length) / bins), roundEven(((i + 1) * rows.length) / bins)),
  )
    .filter((some) => some.length)
    .map(summary);
}

const topOf = (rows, share) => rows.slice(0, Math.max(1, roundEven((rows.length * share) / 100)));
const gap = (bins, n) => bins.reduce((sum, bin) => sum + (bin.n / n) * Math.abs(bin.share - bin.stated), 0);

function render({ model, el }) {
  const body = card(
    el,
    "Does it know what it knows?",
    "Each answer has the probability that the model gave it. Sort by it, cut into bins, and see which share is right.",
  );
  return calibrationFigure(body, model);
}

function calibrationFigure(body, widget) {
  const models = widget.get("models");
  let chosen = Math.max(0, models.findIndex(({ name }) => name === widget.get("model")));
  const queue = perFrame(() => draw());
  const pick = choice("Model", models.map(({ name }, i) => [String(i), name]), String(chosen), (i) => {
    chosen = Number(i);
    draw();
  });
  const bins = slider("Bins", { min: 2, max: 40, value: widget.get("bins"), say: (n) => `${n} bins` }, queue);
  const share = slider(
    "The most confident",
    { min: 1, max: 100, value: widget.get("share"), show: (n) => `${n} %`, say: (n) => `${n} percent` },
    queue,
  );
  const facts = h("dl", { class: "mg-facts" });
  const chart = h("div", { class: "mg-plot" });
  const grid = h("div", { class: "mg-scroll", tabindex: 0, role: "group", "aria-label": "The bins as a table" });
  const said = liveText();
  body.append(
    h("div", { class: "mg-row" }, pick.node),
    h("div", { class: "mg-row" }, bins.node, share.node),
    facts,
    said,
    h("p", { class: "mg-note" }, "share right (%), with its 95 % interval"),
    chart,
    h(
      "div",
      { class: "mg-key" },
      keyLine("a bin", HUES[0], ""),
      keyLine("the most confident", HUES[1], ""),
      keyLine("stated = right", "--mg-grey", DASHES[1]),
    ),
    grid,
  );

  function draw() {
    const rows = models[chosen].rows;
    const found = binsOf(rows, Math.min(bins.value, rows.length));
    const top = summary(topOf(rows, share.value));
    const fact = (value, name) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    facts.replaceChildren(
      fact(`${top.right} of ${count(top.n)}`, "right among the most confident"),
      fact(share100(top.share), `of them, between ${share100(top.ends[0])} and ${share100(top.ends[1])}`),
      fact(share100(top.stated), "stated on average"),
      fact(share100(rows[top.n - 1][0]), "stated at the least"),
      fact(share100(gap(found, rows.length)), "mean gap of the bins"),
    );
    said.textContent =
      `${models[chosen].name}: of the ${plural(top.n, "most confident answer")}, ${top.right} right, ` +
      `${share100(top.stated)} stated.`;
    drawChart(found, top);
    const line = (bin, name) => [name, count(bin.n), share100(bin.stated), share100(bin.share), bin.ends.map(share100).join(" to ")];
    grid.replaceChildren(
      table(
        ["bin", "answers", "stated", "right", "95 % interval"],
        found.map((bin, i) => line(bin, String(i + 1))),
      ),
    );
  }

  function drawChart(found, top) {
    const width = Math.max(chart.clientWidth, 220);
    const height = 270;
    const box = { left: 40, right: width - 14, top: 10, bottom: height - 38 };
    const x = (p) => box.left + (box.right - box.left) * p;
    const y = (p) => box.bottom - (box.bottom - box.top) * p;
    const parts = [];
    for (const tick of [0, 0.2, 0.4, 0.6, 0.8, 1])
      parts.push(
        svg("line", { class: "mg-grid", x1: box.left, x2: box.right, y1: y(tick), y2: y(tick) }),
        svg("text", { x: box.left - 6, y: y(tick) + 4, "text-anchor": "end" }, String(Math.round(100 * tick))),
        svg("text", { x: x(tick), y: box.bottom + 17, "text-anchor": "middle" }, String(Math.round(100 * tick))),
      );
    parts.push(
      svg("text", { x: (box.left + box.right) / 2, y: height - 4, "text-anchor": "middle" }, "stated probability (%)"),
      svg("line", {
        x1: x(0), y1: y(0), x2: x(1), y2: y(1), style: "stroke:var(--mg-grey)", "stroke-dasharray": DASHES[1], "stroke-width": 1.5,
      }),
    );
    const mark = ({ stated, share: right, ends }, hue, size) =>
      parts.push(
        svg("line", { x1: x(stated), x2: x(stated), y1: y(ends[0]), y2: y(ends[1]), style: `stroke:var(${hue})`, "stroke-width": size }),
        size > 2
          ? svg("rect", { x: x(stated) - 6, y: y(right) - 6, width: 12, height: 12, style: `fill:var(${hue})` })
          : svg("circle", { cx: x(stated), cy: y(right), r: 4.5, style: `fill:var(${hue})` }),
      );
    found.forEach((bin) => mark(bin, HUES[0], 1.6));
    mark(top, HUES[1], 2.6);
    const say = `Share right by stated probability: ${found.map((bin) => `${share100(bin.stated)} stated, ${share100(bin.share)} right`).join("; ")}`;
    chart.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": say }, parts));
  }

  draw();
  return redraw(chart, draw);
}

export default { render };
