// The results of the paper's Figure 1 and Table 3, size by task. The reader uncovers the sizes from small to large, and may
// guess before. All numbers come with the figure, from minigpt.paper.
const number = (value) => String(Number(value.toPrecision(5)));
const wins = ({ lower, beat }, value) => beat !== null && (lower ? value < beat.value : value > beat.value);
const HIDDEN = "\u00b7";

function render({ model, el }) {
  const body = card(
    el,
    "The paper\u2019s results",
    "Choose a task, guess, and uncover the sizes from the smallest to the largest.",
  );
  return resultsFigure(body, model.get("sizes"), model.get("tasks"), model.get("task"), model.get("shown"));
}

function resultsFigure(body, sizes, tasks, first, start) {
  let chosen = first;
  const facts = h("dl", { class: "mg-facts" });
  const reach = slider(
    "Uncovered up to",
    {
      min: 1,
      max: sizes.length,
      value: start,
      show: (n) => sizes[n - 1].name,
      say: (n) => `the size ${sizes[n - 1].name}`,
    },
    () => draw(),
  );
  const chart = plot("A task by size");
  const key = h("div", { class: "mg-key" });
  const note = h("p", { class: "mg-note" });
  const grid = h("div", { class: "mg-scroll mg-results", tabindex: 0, role: "group", "aria-label": "All tasks" });
  const said = liveText();
  const picks = tasks.map(({ name }, i) =>
    h("button", { type: "button", class: "mg-token mg-task", tabindex: -1, onclick: () => pick(i) }, name),
  );
  grid.addEventListener("keydown", (event) => {
    const at = picks.indexOf(event.target);
    const move = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (at < 0 || move === undefined) return;
    event.preventDefault();
    pick(Math.min(Math.max(at + move, 0), picks.length - 1));
    picks[chosen].focus();
  });
  body.append(
    h("div", { class: "mg-row" }, reach.node),
    h("div", { class: "mg-columns" }, h("div", {}, facts, chart.node, key, note, said), grid),
  );

  function pick(i) {
    chosen = i;
    draw();
  }

  function draw() {
    const shown = reach.value;
    const task = tasks[chosen];
    const value = task.values[shown - 1];
    const fact = (what, name) => h("div", {}, h("dt", {}, name), h("dd", {}, what));
    const counted = tasks.filter(({ beat }) => beat !== null);
    const won = counted.filter((one) => wins(one, one.values[shown - 1])).length;
    facts.replaceChildren(
      fact(number(value), `${sizes[shown - 1].name}, ${task.unit}`),
      fact(task.beat === null ? "\u2013" : number(task.beat.value), task.beat === null ? "no line to beat" : task.beat.name),
      fact(`${won} of ${counted.length}`, `columns in which ${sizes[shown - 1].name} is better`),
    );
    drawChart(task, shown);
    const verdict =
      task.beat === null ? "" : wins(task, value) ? `, better than ${task.beat.name}` : `, not as good as ${task.beat.name}`;
    said.textContent = `${task.name}: ${sizes[shown - 1].name} has ${number(value)}${verdict}.`;
    note.textContent = [task.where, task.note].filter(Boolean).join(". ");
    drawTable(shown);
  }

  function drawChart(task, shown) {
    const x = sizes.map(({ millions }) => millions);
    const every = [...task.values, ...task.lines.map((line) => line.value)];
    // Two places that are not drawn keep the axes as they are while sizes are uncovered.
    const frame = [
      [x[0], Math.min(...every)],
      [NaN, NaN],
      [x.at(-1), Math.max(...every)],
    ];
    const lines = task.lines.map(({ value }, i) => ({
      points: [x[0], (x[0] + x.at(-1)) / 2, x.at(-1)].map((px) => [px, value]),
      hue: HUES[1 + (i % 5)],
      dash: DASHES[1 + (i % 5)],
    }));
    chart.draw({
      series: [
        { points: frame, faint: true },
        ...lines.map((line) => ({ ...line, points: [...line.points, ...Array(12).fill([NaN, NaN])] })),
        { points: task.values.slice(0, shown).map((value, i) => [x[i], value]), hue: HUES[0] },
      ],
      xlabel: "parameters in millions, as the paper counts them",
      ylabel: `${task.unit}${task.lower ? " (lower is better)" : ""}`,
      logx: true,
      zero: !task.lower,
      height: 260,
      say: `${task.name}, ${task.unit}: ${task.values.slice(0, shown).map((v, i) => `${sizes[i].name} ${number(v)}`).join(", ")}`,
    });
    key.replaceChildren(
      keyLine("the model, no label", HUES[0], ""),
      ...task.lines.map(({ name, value }, i) => keyLine(`${name} ${number(value)}`, lines[i].hue, lines[i].dash)),
    );
  }

  function drawTable(shown) {
    const active = document.activeElement;
    const rows = tasks.map((task, i) => [
      picks[i],
      ...task.values.map((value, s) =>
        s >= shown ? HIDDEN : wins(task, value)
            ? h("span", { class: "mg-better" }, number(value), h("span", { class: "mg-tick" }, " \u2713"))
            : number(value),
      ),
      task.beat === null ? "\u2013" : number(task.beat.value),
    ]);
    const head = ["task", ...sizes.map(({ name }) => name), "to beat"];
    grid.replaceChildren(
      table(head, rows),
      h("p", { class: "mg-note" }, "Bold: better than the number to beat. \u00b7: still covered."),
    );
    picks.forEach((node, i) => {
      node.setAttribute("aria-pressed", i === chosen);
      node.tabIndex = i === chosen ? 0 : -1;
    });
    if (picks.includes(active)) active.focus();
  }

  draw();
  return redraw(chart.node, () => drawChart(tasks[chosen], reach.value));
}

export default { render };
