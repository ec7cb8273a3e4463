// What a run takes: parameters, arithmetic, memory by part, time and money; minigpt.training.calculator in the page. Needs sizes.js.

// Floating-point operations of training on one token: 6 for each weight that is multiplied, and attention's own products.
function flopsPerToken(run) {
  const n = parameters(shapeOf(run)) - run.block * run.n_embd;
  return 6 * n + 12 * run.n_layer * run.n_embd * run.block;
}
const shapeOf = ({ n_layer, n_embd, vocab, block }) => ({ n_layer, n_embd, vocab, block, final: true });

// Bytes of one process, by part; total is their peak. run.parallel: "ddp" or "fsdp". The numbers of atOnce and packed are the package's.
function memoryOf(run, { atOnce, packed }) {
  const { n_layer: L, n_head: H, n_embd: C, vocab: V, block: T, batch, accum, gpus, half, recompute } = run;
  const sharded = run.parallel === "fsdp";
  const n = parameters(shapeOf(run));
  const tokens = batch * T;
  const parts = sharded ? gpus : 1;
  const embedding = 4 * V * C;
  const weights = (4 * n) / parts;
  const optimizer = (8 * n) / parts;
  const copies = sharded
    ? 2 * (half ? 2 : 4) * (12 * C * C + 13 * C) + embedding
    : half
      ? 2 * 12 * C * C * L
      : 0;
  const stream = 4 * C;
  const block = 2 * stream + 14 * (half ? 2 : 4) * C + 4 * (H + 4);
  const activations = tokens * (L * (recompute ? stream : block) + 2 * stream);
  const rows = Math.min(Math.max(1, Math.floor(atOnce / V)), tokens);
  const logits = rows * V * (half ? 8 : 4) + (half ? embedding : 0);
  const accumulates = Math.floor(accum / gpus) > 1;
  const gradients = sharded && accumulates ? 4 * n : weights;
  const within = tokens * C * (half ? 12 : 20) + (recompute ? tokens * block : 0);
  const library = Math.min(packed, embedding);
  const passing = embedding + Math.max(logits, embedding, within) + library;
  const begins = (accumulates ? gradients : 0) + copies + activations + passing;
  const ends = gradients + 2 * embedding + library;
  const total = weights + optimizer + Math.max(begins, ends);
  return { weights, gradients, optimizer, copies, activations, passing, total };
}

// Of a whole run; price in dollars an hour of one GPU, null where none is known.
function costOf(run, peak, price) {
  const tokens = run.batch * run.accum * run.block * run.steps;
  const flops = flopsPerToken(run) * tokens;
  let seconds = flops / (run.gpus * peak * 1e12 * run.utilization);
  if (run.recompute) seconds *= 4 / 3;
  return { tokens, flops, seconds, dollars: price === null ? null : (price * run.gpus * seconds) / 3600 };
}

// Whole copies if they fit, else shared out.
function resolve(run, memory, constants) {
  if (run.parallel !== "auto") return run;
  const ddp = { ...run, parallel: "ddp" };
  const fits = memoryOf(ddp, constants).total < 0.9e9 * memory;
  return fits || run.gpus === 1 ? ddp : { ...run, parallel: "fsdp" };
}

const sizeWords = (n) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : `${(n / 1e6).toFixed(0)} MB`);
const power = (n) => n.toExponential(2).replace("e+", " \u00d7 10^");
function duration(seconds) {
  for (const [unit, length] of [
    ["days", 86400],
    ["hours", 3600],
    ["minutes", 60],
  ])
    if (seconds >= 2 * length || unit === "minutes") {
      const value = seconds / length;
      return `${value >= 9.95 ? count(value) : value.toFixed(1)} ${unit}`;
    }
}

const PARTS = [
  ["weights", "weights"],
  ["gradients", "gradients"],
  ["optimizer", "AdamW\u2019s averages"],
  ["copies", "copies of weights"],
  ["activations", "activations"],
  ["passing", "in passing"],
];

function render({ model, el }) {
  const body = card(el, "What a run takes", "Start from a recipe, then change one number.");
  const machines = model.get("machines");
  const recipes = model.get("recipes");
  const constants = model.get("constants");
  const start = (name) => ({ vocab: 50257, block: 1024, ...recipes[name] });
  const run = { ...start(model.get("size")), gpus: model.get("gpus"), half: true, recompute: false, parallel: "auto" };
  run.utilization = model.get("utilization");
  let machine = model.get("machine");
  let price = machines[machine].price;

  // By size: a stored state has them by name.
  const names = Object.keys(recipes).sort((a, b) => recipes[a].n_embd - recipes[b].n_embd);
  const presets = names.map((name) =>
    button(name, () => {
      Object.assign(run, start(name));
      fill();
    }),
  );
  const field = (name, label, max, least = 1) => {
    const input = h("input", {
      type: "number",
      min: least,
      max,
      step: 1,
      inputmode: "numeric",
      oninput: () => {
        run[name] = Number(input.value);
        draw();
      },
    });
    return { name, label, max, least, input, node: h("label", { class: "mg-field" }, h("span", {}, label), input) };
  };
  const fields = [
    field("n_layer", "layers", 200),
    field("n_head", "heads", 200),
    field("n_embd", "width", 20000),
    field("vocab", "vocabulary", 1000000, 2),
    field("block", "context", 100000),
    field("batch", "sequences at once", 10000),
    field("accum", "batches a step", 100000),
    field("steps", "steps", 100000000),
    field("gpus", "GPUs", 10000),
  ];
  const kind = h(
    "select",
    {
      onchange: () => {
        machine = kind.value;
        price = machines[machine].price;
        fill();
      },
    },
    Object.keys(machines).map((name) => h("option", { value: name }, name)),
  );
  const priceInput = h("input", {
    type: "number",
    min: 0,
    step: 0.05,
    inputmode: "decimal",
    placeholder: "not known",
    oninput: () => {
      price = priceInput.value === "" ? null : Number(priceInput.value);
      draw();
    },
  });
  const shareSlider = slider(
    "share of the peak",
    { min: 5, max: 70, value: Math.round(100 * run.utilization), show: (v) => `${v} %` },
    (v) => {
      run.utilization = v / 100;
      draw();
    },
  );
  const precision = choice(
    "products in",
    [
      ["half", "16 bit"],
      ["full", "32 bit"],
    ],
    "half",
    (key) => {
      run.half = key === "half";
      draw();
    },
  );
  const sharing = choice(
    "on several GPUs",
    [
      ["auto", "as it fits"],
      ["ddp", "whole copies (DDP)"],
      ["fsdp", "shared out (FSDP)"],
    ],
    "auto",
    (key) => {
      run.parallel = key;
      draw();
    },
  );
  const recompute = checkbox("compute activations again", false, (on) => {
    run.recompute = on;
    draw();
  });
  const facts = h("dl", { class: "mg-facts" });
  const said = h("p", { class: "mg-total-line", role: "status", "aria-live": "polite" });
  const bar = h("div", { class: "mg-stack", "aria-hidden": "true" });
  const left = h("div", { class: "mg-scroll" });
  const right = h("div", { class: "mg-scroll" });
  body.append(
    h("div", { class: "mg-row", role: "group", "aria-label": "Recipes" }, presets),
    h(
      "div",
      { class: "mg-fields" },
      fields.map(({ node }) => node),
      h("label", { class: "mg-field" }, h("span", {}, "machine"), kind),
      h("label", { class: "mg-field" }, h("span", {}, "$ an hour, one"), priceInput),
      shareSlider.node,
    ),
    h("div", { class: "mg-row" }, precision.node, recompute.node),
    sharing.node,
    facts,
    said,
    bar,
    h("div", { class: "mg-columns" }, left, right),
    h(
      "p",
      { class: "mg-note" },
      "Memory is one GPU\u2019s, calculated; the parts are not all there at the same moment, and their peak is the last line. " +
        "Time follows from the data sheet\u2019s 16-bit peak and the share of it that you choose. Nothing here was measured on a GPU.",
    ),
  );

  function fill() {
    for (const { name, input } of fields) input.value = run[name];
    kind.value = machine;
    priceInput.value = price ?? "";
    draw();
  }

  function wrong() {
    for (const { name, label, max, least } of fields)
      if (!Number.isInteger(run[name]) || run[name] < least || run[name] > max)
        return `${label} must be a whole number from ${least} to ${count(max)}.`;
    if (run.n_embd % run.n_head)
      return `A width of ${run.n_embd} cannot be shared among ${run.n_head} heads: it must be a multiple.`;
    if (run.accum % run.gpus)
      return `${run.gpus} GPUs cannot share the ${run.accum} batches of a step: make it a multiple of ${run.gpus}.`;
    return price !== null && !(price >= 0) ? "The price must be a number of dollars, 0 or more." : "";
  }

  function draw() {
    presets.forEach((node) => {
      const wanted = start(node.textContent);
      node.setAttribute(
        "aria-pressed",
        Object.keys(wanted).every((key) => wanted[key] === run[key]),
      );
    });
    const fault = wrong();
    said.classList.toggle("mg-wrong", fault !== "");
    for (const node of [facts, bar, left, right]) node.hidden = fault !== "";
    if (fault) {
      said.textContent = fault;
      return;
    }
    const { peak, memory } = machines[machine];
    const now = resolve(run, memory, constants);
    const bytes = memoryOf(now, constants);
    const whole = costOf(now, peak, price);
    const n = parameters(shapeOf(now));
    const money = whole.dollars === null ? "no price" : `$${count(whole.dollars)}`;
    const one = run.gpus === 1;
    facts.replaceChildren(
      ...[
        ["parameters", count(n)],
        ["FLOP a token", count(flopsPerToken(now))],
        [`on ${run.gpus} \u00d7 ${machine}`, duration(whole.seconds)],
        ["of money", money],
        ["of memory, one GPU", sizeWords(bytes.total)],
      ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
    const fits = bytes.total < 0.9e9 * memory;
    said.textContent =
      (fits
        ? `It fits into ${memory} GB`
        : bytes.total < 1e9 * memory
          ? `${memory} GB would be filled to more than nine tenths: too close`
          : `It does not fit into ${memory} GB`) +
      (one ? "." : now.parallel === "ddp" ? ", each GPU with a whole copy." : ", weights and averages shared out.") +
      (run.half ? "" : " In 32 bit the GPU is slower than its 16-bit peak, and the time too short.");
    const room = Math.max(1e9 * memory, PARTS.reduce((sum, [key]) => sum + bytes[key], 0));
    bar.replaceChildren(
      ...PARTS.map(([key], i) => h("i", { style: `width:${(100 * bytes[key]) / room}%`, class: `mg-part${i}` })),
    );
    left.replaceChildren(
      table(
        ["memory of one GPU", "bytes", "a parameter"],
        PARTS.map(([key, name], i) => [
          [h("span", { class: `mg-dot mg-part${i}` }), name],
          sizeWords(bytes[key]),
          (bytes[key] / n).toFixed(1),
        ]),
        ["most at one time", sizeWords(bytes.total), (bytes.total / n).toFixed(1)],
      ),
    );
    right.replaceChildren(
      table(
        ["the run", ""],
        [
          ["tokens a step", count(run.batch * run.accum * run.block)],
          ["tokens", `${short(whole.tokens)}`],
          ["FLOP", power(whole.flops)],
          ["peak of one", `${peak} TFLOP/s`],
          ["batches a step, each GPU", count(run.accum / run.gpus)],
          ["tokens a second", short(whole.tokens / whole.seconds)],
          ["GPU-hours", count((whole.seconds * run.gpus) / 3600)],
        ],
      ),
    );
  }
  fill();
}

export default { render };
