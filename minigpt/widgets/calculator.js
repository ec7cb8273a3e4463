// Parameters and memory of a GPT-2-like model; needs sizes.js.
// Bytes as [row, float32, bfloat16 autocast]. Kept for the backward pass, numbers a token and layer: two inputs and two outputs of
// LayerNorms 4d, queries, keys and values 3d, what attention mixed d, the MLP's hidden layer before and after GELU 8d: 16d.
function trainingMemory(size, batch, formula) {
  const { n_layer: L, n_embd: d, n_head: H, vocab, block: T } = size;
  const n = parameters(size);
  const kept = batch * T * L * (16 * d + (formula ? H * T : 0));
  const logits = 4 * batch * T * vocab;
  return [
    ["weights", 4 * n, 4 * n],
    ["their copy in bfloat16", 0, 2 * n],
    ["gradients", 4 * n, 4 * n],
    ["Adam\u2019s two moments", 8 * n, 8 * n],
    ["activations", 4 * kept, 2 * kept],
    ["logits", logits, logits],
  ];
}

function writingMemory(size, batch) {
  const n = parameters(size);
  const cache = 2 * batch * size.n_layer * size.block * size.n_embd;
  return [
    ["weights", 4 * n, 2 * n],
    ["cache of keys and values, full", 4 * cache, 2 * cache],
  ];
}

function byteText(n) {
  if (n === 0) return "\u2013";
  const unit = n >= 1e9 ? [1e9, "GB"] : n >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${(n / unit[0]).toFixed(n / unit[0] >= 100 ? 0 : 1)} ${unit[1]}`;
}

function render({ model, el }) {
  const body = card(el, "Parameters and memory", "Start from a real size, then change one number and see what moves.");
  let size = { ...PRESETS[model.get("preset")] };
  let batch = model.get("batch");

  const presets = Object.keys(PRESETS).map((name) =>
    button(name, () => {
      size = { ...PRESETS[name] };
      fill();
    }),
  );
  const field = (name, label, min, max, step) => {
    const input = h("input", {
      type: "number",
      min,
      max,
      step,
      inputmode: "numeric",
      oninput: () => {
        size[name] = Number(input.value);
        draw();
      },
    });
    return { name, min, max, label, input, node: h("label", { class: "mg-field" }, h("span", {}, label), input) };
  };
  const fields = [
    field("n_layer", "layers", 1, 200, 1),
    field("n_head", "heads", 1, 200, 1),
    field("n_embd", "width", 1, 20000, 64),
    field("vocab", "vocabulary", 1, 1000000, 1),
    field("block", "context", 1, 100000, 1),
  ];
  const batchField = field("batch", "batch", 1, 10000, 1);
  batchField.input.addEventListener("input", () => {
    batch = Number(batchField.input.value);
    draw();
  });
  const old = checkbox(`GPT-1\u2019s vocabulary (${count(OLD_VOCAB)})`, false, (on) => {
    size.vocab = on ? OLD_VOCAB : 50257;
    fill();
  });
  const formula = checkbox("attention as the formula spells it (keeps every T \u00d7 T map)", false, () => draw());
  const total = h("p", { class: "mg-total-line", role: "status", "aria-live": "polite" });
  const bar = h("div", { class: "mg-stack", "aria-hidden": "true" });
  const partsTable = h("div", { class: "mg-scroll" });
  const memory = h("div", { class: "mg-scroll" });
  body.append(
    h("div", { class: "mg-row", role: "group", "aria-label": "Sizes" }, presets),
    h(
      "div",
      { class: "mg-fields" },
      fields.map(({ node }) => node),
      batchField.node,
    ),
    h("div", { class: "mg-row" }, old.node, formula.node),
    total,
    bar,
    h("div", { class: "mg-columns" }, partsTable, memory),
    whyTable(),
  );

  function fill() {
    for (const { name, input } of fields) input.value = size[name];
    batchField.input.value = batch;
    draw();
  }

  function wrong() {
    for (const { name, min, max, label } of [...fields, batchField]) {
      const value = name === "batch" ? batch : size[name];
      if (!Number.isInteger(value) || value < min || value > max)
        return `${label} must be a whole number from ${min} to ${count(max)}.`;
    }
    return size.n_embd % size.n_head
      ? `A width of ${size.n_embd} cannot be shared among ${size.n_head} heads: it must be a multiple.`
      : "";
  }

  function draw() {
    presets.forEach((node) => {
      const preset = PRESETS[node.textContent];
      node.setAttribute(
        "aria-pressed",
        Object.keys(preset).every((key) => preset[key] === size[key]),
      );
    });
    old.set(size.vocab === OLD_VOCAB);
    const fault = wrong();
    total.classList.toggle("mg-wrong", fault !== "");
    for (const node of [bar, partsTable, memory]) node.hidden = fault !== "";
    if (fault) {
      total.textContent = fault;
      return;
    }
    const n = parameters(size);
    total.replaceChildren(
      h("strong", {}, count(n)),
      ` parameters, heads of ${size.n_embd / size.n_head} numbers` +
        (size.final ? "" : "; no final LayerNorm, as in GPT-1"),
    );
    const parts = parameterParts(size);
    bar.replaceChildren(...parts.map(([, m], i) => h("i", { style: `width:${(100 * m) / n}%`, class: `mg-part${i}` })));
    partsTable.replaceChildren(
      table(
        ["where they sit", "parameters", "share"],
        parts.map(([name, m], i) => [[h("span", { class: `mg-dot mg-part${i}` }), name], count(m), percent(m / n)]),
        ["together", count(n), ""],
      ),
    );
    const training = trainingMemory(size, batch, formula.value);
    const writing = writingMemory(size, batch);
    const rows = (lines) => lines.map(([name, a, b]) => [name, byteText(a), byteText(b)]);
    const sum = (lines, i) => byteText(lines.reduce((all, line) => all + line[i], 0));
    memory.replaceChildren(
      table(["to train, a batch of " + plural(batch, "sequence"), "float32", "bfloat16"], rows(training), [
        "together",
        sum(training, 1),
        sum(training, 2),
      ]),
      table(["to write", "float32", "bfloat16"], rows(writing), ["together", sum(writing, 1), sum(writing, 2)]),
    );
  }
  fill();
}

// What the paper printed, against both counts.
function whyTable() {
  const millions = (n) => `${(n / 1e6).toFixed(2)}M`;
  return h(
    "div",
    {},
    h(
      "p",
      { class: "mg-sub" },
      "Why 117M? The paper\u2019s four figures, and the same models counted with two vocabularies",
    ),
    h(
      "div",
      { class: "mg-scroll" },
      table(
        ["released as", "the paper says", `with ${count(OLD_VOCAB)}`, "with 50,257 (real)"],
        Object.entries(PAPER).map(([name, said]) => [
          name,
          said,
          millions(parameters({ ...PRESETS[name], vocab: OLD_VOCAB })),
          millions(parameters(PRESETS[name])),
        ]),
      ),
    ),
    h(
      "p",
      { class: "mg-note" },
      "All four fit the old vocabulary. That this was the error is our inference: OpenAI said only that there was one.",
    ),
  );
}

export default { render };
