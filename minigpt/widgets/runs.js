// Recorded learning curves, to be compared.
const AXES = { step: "training steps", tokens: "tokens read", seconds: "seconds" };
const CURVES = { train: "", val: DASHES[2] };

// A running mean that forgets by a factor a point, corrected for its start.
function smooth(values, keep) {
  let mean = 0;
  let weight = 0;
  return values.map((v) => {
    if (!Number.isFinite(v)) return v;
    mean = keep * mean + (1 - keep) * v;
    weight = keep * weight + 1 - keep;
    return mean / weight;
  });
}

function nearest(points, x, log) {
  const far = (v) => (log ? Math.abs(Math.log(v / x)) : Math.abs(v - x));
  let best = null;
  for (const point of points)
    if (point[1] !== null && Number.isFinite(point[1]) && (best === null || far(point[0]) < far(best[0]))) best = point;
  return best;
}

function render({ model, el }) {
  const runs = model.get("runs");
  const body = card(el, model.get("title"), "Point at the curves, or move the reading line with the arrow keys.");
  const hue = (i) => HUES[i % HUES.length];
  const axes = Object.keys(AXES).filter((axis) => runs.every((run) => run[axis]));
  const curves = Object.keys(CURVES).filter((curve) => runs.some((run) => run[curve]));
  const shown = runs.map((run, i) => checkbox("", true, () => draw()));
  shown.forEach(({ node }, i) => node.append(keyLine(runs[i].name, hue(i), "")));
  const axis = choice(
    "Across",
    axes.map((name) => [name, AXES[name]]),
    axes[0],
    () => {
      at = null;
      draw();
    },
  );
  const logx = checkbox("log across", model.get("log_x"), () => draw());
  const logy = checkbox("log upward", model.get("log_y"), () => draw());
  const kinds = curves.map((name) => checkbox(name === "val" ? "validation (dotted)" : "training", true, () => draw()));
  const smoothing = slider(
    "Smoothing",
    { min: 0, max: 0.98, step: 0.01, value: model.get("smoothing"), show: (v) => (v ? v.toFixed(2) : "off") },
    perFrame(() => draw()),
  );
  const chart = plot("Loss of the recorded runs");
  const said = h("div", { class: "mg-scroll", role: "status", "aria-live": "polite" });
  const area = h(
    "div",
    { tabindex: 0, role: "slider", "aria-label": "Reading line", "aria-orientation": "horizontal", class: "mg-area" },
    chart.node,
  );
  const data = h("details", {}, h("summary", {}, "The numbers as a table"));
  data.addEventListener("toggle", () => {
    if (data.open) drawTable();
  });
  body.append(
    h(
      "div",
      { class: "mg-row", role: "group", "aria-label": "Runs" },
      shown.map(({ node }) => node),
    ),
    h(
      "div",
      { class: "mg-row" },
      axis.node,
      logx.node,
      logy.node,
      kinds.map(({ node }) => node),
      smoothing.node,
    ),
    area,
    said,
    data,
  );
  let at = null; // where the reading line stands, in units of the axis
  let series = [];

  function collect() {
    const visibleRuns = runs.map((run, i) => [run, i]).filter(([, i]) => shown[i].value);
    return visibleRuns.flatMap(([run, i]) =>
      curves
        .filter((name, c) => run[name] && kinds[c].value)
        .flatMap((name) => {
          const x = run[axis.value];
          const raw = run[name].map((v) => (v === null ? NaN : v));
          // validation is measured rarely: its points are joined over the steps between, and never smoothed
          const there = raw.map((v, k) => [x[k], v]).filter(([, v]) => name === "train" || Number.isFinite(v));
          const base = {
            name: `${run.name}, ${name === "val" ? "validation" : "training"}`,
            run: i,
            curve: name,
            hue: hue(i),
            dash: CURVES[name],
          };
          const keep = smoothing.value;
          if (name === "val" || keep === 0) return [{ ...base, points: there }];
          const even = smooth(
            there.map((p) => p[1]),
            keep,
          );
          return [
            { ...base, faint: true, points: there },
            { ...base, points: there.map(([px], k) => [px, even[k]]) },
          ];
        }),
    );
  }

  function draw() {
    series = collect();
    const xs = extent(
      series.flatMap((s) => s.points.map((p) => p[0])),
      logx.value,
    );
    at = Math.min(Math.max(at ?? xs[1], xs[0]), xs[1]);
    const read = series
      .filter((s) => !s.faint)
      .map((s) => ({ ...s, point: nearest(s.points, at, logx.value) }))
      .filter((s) => s.point);
    const text = `${AXES[axis.value]} ${short(at)}: ${read.map((s) => `${s.name} ${s.point[1].toFixed(3)}`).join(", ") || "no run is shown"}`;
    chart.draw({
      series,
      xlabel: AXES[axis.value],
      ylabel: model.get("y_label"),
      logx: logx.value,
      logy: logy.value,
      height: 300,
      cursor: series.length ? { x: at, at: read.map((s) => ({ value: s.point[1], hue: s.hue })) } : null,
      say: text,
    });
    for (const [key, value] of [
      ["min", xs[0]],
      ["max", xs[1]],
      ["now", at],
    ])
      area.setAttribute(`aria-value${key}`, Number(value.toPrecision(6)));
    area.setAttribute("aria-valuetext", text);
    said.replaceChildren(
      series.length
        ? table(
            [
              `at ${axis.value === "step" ? count(at) : short(at)} ${AXES[axis.value]}`,
              ...curves.map((c) => (c === "val" ? "validation" : "training")),
            ],
            runs
              .map((run, i) => [run, i])
              .filter(([, i]) => shown[i].value)
              .map(([run, i]) => [
                keyLine(run.name, hue(i), ""),
                ...curves.map((c) => read.find((s) => s.run === i && s.curve === c)?.point[1].toFixed(3) ?? "\u2013"),
              ]),
          )
        : "No run is shown.",
    );
  }

  function drawTable() {
    const rows = runs.flatMap((run) =>
      run[axes[0]]
        .map((_, k) => [run, k])
        .filter(([r, k]) => k % Math.ceil(r[axes[0]].length / 20) === 0 || k === r[axes[0]].length - 1)
        .map(([r, k]) => [
          r.name,
          ...axes.map((a) => short(r[a][k])),
          ...curves.map((c) => r[c]?.[k]?.toFixed(3) ?? "\u2013"),
        ]),
    );
    data.replaceChildren(
      data.firstChild,
      h(
        "div",
        { class: "mg-scroll", tabindex: 0, role: "group", "aria-label": "Table of the runs" },
        table(
          ["run", ...axes.map((a) => AXES[a]), ...curves.map((c) => (c === "val" ? "validation" : "training"))],
          rows,
        ),
      ),
    );
  }

  area.addEventListener("pointermove", (event) => {
    at = chart.toX(event.clientX - chart.node.getBoundingClientRect().left);
    draw();
  });
  area.addEventListener("keydown", (event) => {
    const xs = extent(
      series.flatMap((s) => s.points.map((p) => p[0])),
      logx.value,
    );
    const part = {
      ArrowRight: 0.02,
      ArrowUp: 0.02,
      ArrowLeft: -0.02,
      ArrowDown: -0.02,
      PageUp: 0.1,
      PageDown: -0.1,
      Home: -1,
      End: 1,
    }[event.key];
    if (part === undefined) return;
    event.preventDefault();
    at = logx.value ? at * (xs[1] / xs[0]) ** part : at + part * (xs[1] - xs[0]);
    draw();
  });
  draw();
  return redraw(body, draw);
}

export default { render };
