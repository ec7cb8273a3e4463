// Accuracy against the number of examples in the context, by task and size; the reader chooses what to compare it with.
const share = (value) => `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)}\u00a0%`;

function render({ model, el }) {
  const tasks = model.get("tasks");
  const sizes = model.get("sizes");
  const body = card(
    el,
    "Examples in the context",
    "Choose a task, guess where the curve bends, and compare it with no example and with labels.",
  );
  const names = h(
    "select",
    { "aria-label": "Task", onchange: () => draw() },
    tasks.map(({ name }, i) => h("option", { value: i }, name)),
  );
  names.value = model.get("task");
  const shown = sizes.map((size, i) => checkbox("", true, () => draw()));
  shown.forEach(({ node }, i) => node.append(keyLine(sizes[i], HUES[i], "")));
  const none = checkbox("no example (dotted)", model.get("zero_shot"), () => draw());
  const tuned = checkbox("fine-tuned, no example (dashed)", model.get("fine_tuned"), () => draw());
  const labels = model.get("labels");
  const many = slider(
    "Labels",
    {
      min: 0,
      max: labels.length - 1,
      value: labels.length - 1,
      show: (i) => count(labels[i]),
      say: (i) => plural(labels[i], "label"),
    },
    () => draw(),
  );
  const spread = checkbox("95 % intervals", true, () => draw());
  const chart = plot("Items right by examples");
  const note = h("p", { class: "mg-note" });
  const grid = h("div", { class: "mg-scroll", tabindex: 0, role: "group", "aria-label": "The same as a table" });
  const said = liveText();
  body.append(
    h("div", { class: "mg-row" }, h("label", { class: "mg-field" }, h("span", {}, "Task"), names)),
    h(
      "div",
      { class: "mg-row", role: "group", "aria-label": "Sizes" },
      shown.map(({ node }) => node),
    ),
    h("div", { class: "mg-row" }, none.node, tuned.node, many.node, spread.node),
    chart.node,
    note,
    said,
    grid,
  );

  // The sides of the interval as two faint lines, which the chart knows how to draw.
  const band = (points, hue) =>
    [2, 3].map((side) => ({ points: points.map((point) => [point[0], 100 * point[side]]), hue, faint: true }));

  function draw() {
    const task = tasks[Number(names.value)];
    const n = labels[many.value];
    const chosen = sizes.map((_, i) => i).filter((i) => shown[i].value);
    const last = task.curves[0].at(-1)[0];
    const level = (value, i, dash) => ({
      points: [
        [0, 100 * value],
        [last, 100 * value],
      ],
      hue: HUES[i],
      dash,
      faint: dash === DASHES[2],
    });
    const after = (i) => task.tuned?.[i]?.[n];
    const series = chosen.flatMap((i) => [
      { points: task.curves[i].map(([k, value]) => [k, 100 * value]), hue: HUES[i] },
      ...(spread.value ? band(task.curves[i], HUES[i]) : []),
      ...(none.value ? [level(task.curves[i][0][1], i, DASHES[2])] : []),
      ...(tuned.value && after(i) !== undefined ? [level(after(i), i, DASHES[1])] : []),
    ]);
    const best = (i) => task.curves[i].reduce((a, b) => (b[1] > a[1] ? b : a));
    const text = chosen.length
      ? `${task.name}: ${chosen.map((i) => `${sizes[i]} is best with ${plural(best(i)[0], "example")}, ${share(best(i)[1])}`).join("; ")}.`
      : "No size is shown.";
    chart.draw({
      series: series.length ? series : [{ points: [[0, NaN]] }],
      xlabel: "examples in the context",
      ylabel: "items right (%)",
      zero: true,
      height: 290,
      say: text,
    });
    note.textContent = task.note + (tuned.value && !task.tuned ? " No model was fine-tuned on this task." : "");
    said.textContent = text;
    const rows = chosen.map((i) => [
      keyLine(sizes[i], HUES[i], ""),
      ...task.curves[i].map(([, value]) => share(value)),
      ...(tuned.value ? [after(i) === undefined ? "\u2013" : share(after(i))] : []),
    ]);
    const head = ["examples", ...task.curves[0].map(([k]) => String(k)), ...(tuned.value ? [`${count(n)} labels`] : [])];
    grid.replaceChildren(table(head, rows));
  }

  draw();
  return redraw(chart.node, draw);
}

export default { render };
