// The funnel of chapter 03: six filters to switch, what is left after each, and what a switch would change. All counts
// come with the figure: left[i] for the filters whose bits are set in i, so the funnel's stages are prefixes of i.
const KINDS = 8;
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

// Pages of each kind after each stage, from the archive to the last filter; a filter that is off passes all on.
function stages({ archive, left, switches }, on) {
  const after = switches.map((_, bit) => left[on & (2 ** (bit + 1) - 1)]);
  return [archive, left[0], ...after];
}

// The corpus that a set of filters leaves: pages, share of them that are right, share of the articles that are there.
function grade({ left, texts, wanted }, on) {
  const pages = sum(left[on]);
  return { pages, precision: pages ? texts[on] / pages : 0, recall: texts[on] / wanted };
}

function render({ model, el }) {
  const body = card(
    el,
    "The funnel",
    "Switch a filter off or on. Each bar is what is left after a step, by what the pages truly are.",
  );
  filtersFigure(body, model.get("ways"), model.get("on"));
}

function filtersFigure(body, ways, start) {
  const { switches, labels, archive } = ways;
  const all = 2 ** switches.length - 1;
  const share = (value) => value.toFixed(2);
  let on = start;
  const facts = h("dl", { class: "mg-facts" });
  const grid = h("div", { class: "mg-funnel" });
  const kinds = h("div", { class: "mg-scroll", tabindex: 0, role: "group", "aria-label": "Pages of each kind" });
  const said = liveText();
  const rows = ["in the archive", "linked to, with a text", ...switches].map((name, i) => row(name, i - 2));
  const set = (next, what) => {
    on = next;
    show();
    const { pages, precision, recall } = grade(ways, on);
    said.textContent = `${what}: ${plural(pages, "page")} left, precision ${share(precision)}, recall ${share(recall)}.`;
  };
  body.append(
    facts,
    h(
      "div",
      { class: "mg-row" },
      button("All on", () => set(all, "All filters on")),
      button("All off", () => set(0, "All filters off")),
    ),
    grid,
    said,
    h("p", { class: "mg-sub" }, "Pages of each kind"),
    kinds,
  );

  // One line of the funnel; the first two have nothing to switch.
  function row(name, bit) {
    const toggle = (checked) => set(on ^ (1 << bit), `${name} ${checked ? "on" : "off"}`);
    const box = bit < 0 ? null : checkbox(name, true, toggle);
    const bar = h("div", { class: "mg-stack", role: "img" });
    const number = h("span", { class: "mg-num" });
    const effect = h("span", { class: "mg-effect", id: `mg${Math.random().toString(36).slice(2)}` });
    box?.node.querySelector("input").setAttribute("aria-describedby", effect.id);
    grid.append(h("div", { class: "mg-stage" }, box?.node ?? h("span", {}, name), bar, number, effect));
    return { name, bit, box, bar, number, effect };
  }

  function show() {
    const { pages, precision, recall } = grade(ways, on);
    const fact = (value, name) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    facts.replaceChildren(
      fact(count(pages), "pages left"),
      fact(share(precision), "precision: right, of the pages left"),
      fact(share(recall), "recall: of all articles"),
    );
    stages(ways, on).forEach((counts, i) => showRow(rows[i], counts));
    const cell = (label, i) => h("span", { class: "mg-kind" }, h("i", { class: `mg-kind${i}` }), label);
    const line = (i) => [cell(labels[i], i), count(archive[i]), count(ways.left[on][i])];
    kinds.replaceChildren(
      table(
        ["kind", "in the archive", "left"],
        labels.map((_, i) => line(i)),
        ["all", count(sum(archive)), count(pages)],
      ),
    );
  }

  function showRow({ name, bit, box, bar, number, effect }, counts) {
    const isOn = bit < 0 || on >> bit & 1;
    box?.set(Boolean(isOn));
    bar.classList.toggle("mg-off", !isOn);
    const parts = labels.map((label, i) => [label, counts[i], i]).filter(([, pages]) => pages);
    bar.replaceChildren(
      ...parts.map(([label, pages, i]) =>
        h("i", {
          class: `mg-kind${i % KINDS}`,
          style: `flex-grow:${pages}`,
          title: `${label}: ${count(pages)}`,
        }),
      ),
      h("i", { style: `flex-grow:${sum(archive) - sum(counts)}` }),
    );
    const list = parts.map(([label, pages]) => `${label} ${count(pages)}`).join(", ");
    bar.setAttribute("aria-label", `${name}: ${plural(sum(counts), "page")}: ${list}`);
    number.textContent = count(sum(counts));
    if (bit < 0) return;
    const { precision, recall } = grade(ways, on ^ (1 << bit));
    effect.textContent = `${isOn ? "without" : "with"} it: precision ${share(precision)}, recall ${share(recall)}`;
  }

  show();
}

export default { render };
