// A line chart in SVG, drawn anew at its real width, so that its text keeps its size on a telephone.
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "1 4", "12 4"];
const HUES = ["--mg-blue", "--mg-red", "--mg-green", "--mg-pink", "--mg-amber", "--mg-grey"];

function short(value) {
  const size = Math.abs(value);
  for (const [unit, letter] of [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ])
    if (size >= unit) return `${Number((value / unit).toPrecision(3))}${letter}`;
  return String(Number(value.toPrecision(3)));
}

function ticks(low, high, log, wanted) {
  if (log) {
    const found = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const m of [1, 2, 5]) if (m * 10 ** e >= low * 0.999 && m * 10 ** e <= high * 1.001) found.push(m * 10 ** e);
    const tens = found.filter((v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9);
    if (found.length > wanted && tens.length >= 2) return tens;
    if (found.length >= 2) return found;
  }
  const rough = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

function extent(values, log) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values)
    if (Number.isFinite(v) && (!log || v > 0)) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
  if (low > high) return [log ? 1 : 0, log ? 10 : 1];
  if (low === high) return log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  return [low, high];
}

const pieceOf = (points, x, y) => {
  let path = "";
  let pen = "M";
  for (const [px, py] of points) {
    if (Number.isFinite(px) && Number.isFinite(py)) {
      path += `${pen}${px.toFixed(1)} ${py.toFixed(1)}`;
      pen = "L";
    } else pen = "M";
  }
  return path;
};

// plot(label).draw({series: [{name, points: [[x, y], ...], hue, dash, faint}], xlabel, ylabel, logx, logy, zero, cursor, height})
function plot(label) {
  const host = h("div", { class: "mg-plot" });
  const self = { node: host, toX: null, draw: null };
  self.draw = ({
    series,
    xlabel,
    ylabel,
    logx = false,
    logy = false,
    zero = false,
    cursor = null,
    height = 240,
    say = label,
  }) => {
    const width = Math.max(host.clientWidth, 220);
    const all = series.flatMap((s) => s.points);
    const xs = extent(
      all.map((p) => p[0]),
      logx,
    );
    const ys = extent(
      all.map((p) => p[1]),
      logy,
    );
    if (zero && !logy) ys[0] = Math.min(0, ys[0]);
    if (!logy) ys[1] += 0.04 * (ys[1] - ys[0]);
    const box = { left: 46, right: width - 12, top: 12, bottom: height - 38 };
    const scale = (low, high, log, from, to) =>
      log
        ? (v) => (v > 0 ? from + ((to - from) * Math.log(v / low)) / Math.log(high / low) : NaN)
        : (v) => from + ((to - from) * (v - low)) / (high - low);
    const x = scale(...xs, logx, box.left, box.right);
    const y = scale(...ys, logy, box.bottom, box.top);
    self.toX = (px) =>
      logx
        ? xs[0] * (xs[1] / xs[0]) ** ((px - box.left) / (box.right - box.left))
        : xs[0] + ((xs[1] - xs[0]) * (px - box.left)) / (box.right - box.left);
    const parts = [];
    for (const v of ticks(...ys, logy, 5))
      parts.push(
        svg("line", { class: "mg-grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) }),
        svg("text", { x: box.left - 6, y: y(v) + 4, "text-anchor": "end" }, short(v)),
      );
    for (const v of ticks(...xs, logx, width < 450 ? 4 : 7))
      parts.push(
        svg("line", { class: "mg-axis", x1: x(v), x2: x(v), y1: box.bottom, y2: box.bottom + 4 }),
        svg("text", { x: x(v), y: box.bottom + 17, "text-anchor": "middle" }, short(v)),
      );
    parts.push(
      svg("line", { class: "mg-axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
      svg("text", { x: (box.left + box.right) / 2, y: height - 4, "text-anchor": "middle" }, xlabel),
    );
    series.forEach(({ points, hue = HUES[0], dash = "", faint = false }) => {
      const placed = points.map(([px, py]) => [x(px), y(py)]);
      parts.push(
        svg("path", {
          d: pieceOf(placed),
          fill: "none",
          style: `stroke:var(${hue})`,
          "stroke-width": faint ? 1 : 2.2,
          "stroke-dasharray": dash,
          opacity: faint ? 0.35 : 1,
          "stroke-linejoin": "round",
        }),
      );
      if (placed.length <= 12 && !faint)
        for (const [cx, cy] of placed)
          if (Number.isFinite(cx) && Number.isFinite(cy))
            parts.push(svg("circle", { cx, cy, r: 3.2, style: `fill:var(${hue})` }));
    });
    if (cursor !== null) {
      parts.push(svg("line", { class: "mg-cursor", x1: x(cursor.x), x2: x(cursor.x), y1: box.top, y2: box.bottom }));
      for (const { value, hue } of cursor.at)
        if (Number.isFinite(y(value)))
          parts.push(
            svg("circle", {
              cx: x(cursor.x),
              cy: y(value),
              r: 4.5,
              style: `fill:var(${hue});stroke:var(--mg-bg);stroke-width:1.5`,
            }),
          );
    }
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": say }, parts);
    host.replaceChildren(h("div", { class: "mg-note" }, ylabel), drawing);
  };
  return self;
}

const keyLine = (name, hue, dash) =>
  h(
    "span",
    { class: "mg-stroke" },
    svg(
      "svg",
      { viewBox: "0 0 30 10", "aria-hidden": "true" },
      svg("line", {
        x1: 0,
        x2: 30,
        y1: 5,
        y2: 5,
        style: `stroke:var(${hue})`,
        "stroke-width": 2.6,
        "stroke-dasharray": dash,
      }),
    ),
    name,
  );
