// The small model writes on from the reader's text, and shows what it chooses from.
const ROWS = 12;
// The steps of the top-k slider: 1 to 2 is as large a change as 100 to 200.
const KS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000];

// What temperature, top-k and top-p, in this order, make of the logits. Returns the tokens from likely to unlikely as
// {id, before: probability at temperature 1, after: probability of being drawn, cut: "" | "top-k" | "top-p"}.
function distribution(logits, { temperature, topK, topP }) {
  const before = softmax(Float64Array.from(logits));
  const heated = softmax(Float64Array.from(logits, (v) => v / temperature));
  const order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
  const threshold = logits[order[Math.min(topK, order.length) - 1]]; // ties with the k-th stay
  const passed = order.filter((id) => logits[id] >= threshold);
  const mass = passed.reduce((sum, id) => sum + heated[id], 0);
  let sum = 0;
  const kept = new Set(
    passed.filter((id, i) => {
      const inside = i === 0 || sum < topP; // the token that crosses p is still inside
      sum += heated[id] / mass;
      return inside || topP >= 1;
    }),
  );
  const left = order.reduce((total, id) => total + (kept.has(id) ? heated[id] : 0), 0);
  return order.map((id, i) => ({
    id,
    before: before[id],
    after: kept.has(id) ? heated[id] / left : 0,
    cut: kept.has(id) ? "" : i < passed.length ? "top-p" : "top-k",
  }));
}

// Laid end to end, the probabilities fill the line from 0 to 1; the token on whose piece u falls is drawn.
function drawAt(tokens, u) {
  let end = 0;
  for (const token of tokens) {
    end += token.after;
    if (u < end) return token;
  }
  return tokens.filter((token) => token.after > 0).at(-1);
}

// The tokens that the model sees: all, until the context is full; then the last three quarters are read in again.
function seenWindow(ids, prompt, size) {
  let start = Math.max(0, prompt - size);
  for (let n = prompt; n <= ids.length; n++) if (n - start > size) start = n - Math.max(1, Math.floor((size * 3) / 4));
  return ids.slice(start);
}

function render({ model, el }) {
  const body = card(
    el,
    "The model writes on",
    "Press Write, or go token by token and choose yourself. Every control acts on the bars at once.",
  );
  const text = { value: model.get("prompt"), rows: 2, maxlength: 1000 };
  return modelFigure(body, model, text, (place, both, input) => writerFigure(place, both, input, model));
}

function writerFigure(body, { model: gpt, tokenizer }, input, widget) {
  let cache = gpt.newCache();
  const topAll = gpt.vocab_size;
  let prompt = [];
  let written = [];
  let tokens = [];
  let times = [];
  let running = false;

  const seedInput = h("input", {
    type: "number",
    min: 0,
    max: 999999,
    value: widget.get("seed"),
    oninput: () => adjust(),
  });
  const how = choice(
    "Next token",
    [
      ["sample", "draw"],
      ["greedy", "the likeliest (greedy)"],
    ],
    widget.get("greedy") ? "greedy" : "sample",
    () => adjust(),
  );
  const temperature = slider(
    "Temperature",
    { min: 0.1, max: 2, step: 0.05, value: widget.get("temperature"), show: (v) => v.toFixed(2) },
    perFrame(() => adjust()),
  );
  const ks = [...new Set([...KS, widget.get("top_k") ?? 1])]
    .filter((k) => k < topAll)
    .sort((a, b) => a - b)
    .concat(topAll);
  const kOf = (v) => ks[v];
  const startK = widget.get("top_k") ? ks.indexOf(Math.min(widget.get("top_k"), topAll)) : ks.length - 1;
  const topK = slider(
    "Top-k",
    { min: 0, max: ks.length - 1, value: startK, show: (v) => (kOf(v) === topAll ? "off" : String(kOf(v))) },
    perFrame(() => adjust()),
  );
  const topP = slider(
    "Top-p",
    { min: 0.05, max: 1, step: 0.05, value: widget.get("top_p") ?? 1, show: (v) => (v >= 1 ? "off" : v.toFixed(2)) },
    perFrame(() => adjust()),
  );
  const back = button("\u2190 Back", () => {
    pause();
    written.pop();
    look();
  });
  const step = button("Step \u2192", () => {
    pause();
    take(next());
  });
  const write = button("Write", () => (running ? pause() : run()), { class: "mg-button mg-main" });
  const reset = button("Start again", () => begin());
  const paper = h("div", { class: "mg-paper", role: "group", "aria-label": "The text so far", tabindex: 0 });
  const line = h("div", { class: "mg-line", "aria-hidden": "true" });
  const bars = h("div", {
    class: "mg-bars mg-choices",
    role: "group",
    "aria-label": "Next token: press one to choose it yourself",
  });
  const kept = h("p", { class: "mg-note" });
  const said = liveText();
  const clock = h("p", { class: "mg-note mg-clock" });
  body.append(
    h("div", { class: "mg-row" }, write, step, back, reset, how.node),
    paper,
    said,
    h(
      "div",
      { class: "mg-row mg-controls" },
      temperature.node,
      topK.node,
      topP.node,
      h("label", { class: "mg-field" }, h("span", {}, "Seed"), seedInput),
    ),
    h("p", { class: "mg-sub" }, "What comes next?"),
    line,
    bars,
    kept,
    clock,
  );

  function begin() {
    pause();
    prompt = [tokenizer.eot, ...tokenizer.encode(input.value)];
    written = [];
    look();
  }

  // Another size: what is written stays, and the bars show what this one would write next.
  function use(both) {
    pause();
    gpt = both.model;
    cache = gpt.newCache();
    times = [];
    look();
  }

  // Runs the model on the text so far, then shows it.
  function look() {
    const ids = seenWindow([...prompt, ...written.map(({ id }) => id)], prompt.length, gpt.n_positions);
    const started = performance.now();
    const old = cache.ids.length;
    tokens.logits = gpt.read(cache, ids);
    if (ids.length === old + 1) times = [...times, performance.now() - started].slice(-30);
    drawPaper();
    adjust();
  }

  // Applies the controls to the logits of the last look.
  function adjust() {
    const { logits } = tokens;
    tokens = distribution(logits, { temperature: temperature.value, topK: kOf(topK.value), topP: topP.value });
    tokens.logits = logits;
    drawBars();
  }

  const number = () => random(Number(seedInput.value) * 7919 + prompt.length + written.length)();
  const next = () => (how.value === "greedy" ? tokens[0] : drawAt(tokens, number()));

  function take(token) {
    written.push(token);
    look();
    if (!running) say(token);
  }
  const say = ({ id, after, before }) => {
    said.textContent =
      `Wrote \u201c${visible(tokenizer.bytes(id))}\u201d, which had ` +
      `${percent(after || before)}${after ? "" : " before it was cut"}.`;
  };

  function run() {
    running = true;
    write.textContent = "Pause";
    said.textContent = "";
    const until = written.length + widget.get("length");
    const more = () => {
      if (!running) return;
      if (!body.isConnected) {
        running = false;
        return;
      }
      const token = next();
      take(token);
      if (written.length >= until || token.id === tokenizer.eot) {
        pause();
        say(token);
      } else setTimeout(() => requestAnimationFrame(more), 30);
    };
    more();
  }
  function pause() {
    running = false;
    write.textContent = "Write";
  }

  function drawPaper() {
    const span = (id, props) => {
      const text = decodeOrNull(tokenizer.bytes(id));
      return h("span", props, text ?? visible(tokenizer.bytes(id)));
    };
    paper.replaceChildren(
      ...prompt.map((id) => span(id, { class: id === tokenizer.eot ? "mg-eot" : "mg-given" })),
      ...written.map(({ id, before }, i) =>
        span(id, {
          class: `mg-written${i === written.length - 1 ? " mg-new" : ""}`,
          title: `${percent(before)} at temperature 1`,
        }),
      ),
    );
    paper.scrollTop = paper.scrollHeight;
    back.disabled = written.length === 0;
    const ms = [...times].sort((a, b) => a - b)[times.length >> 1];
    clock.textContent =
      `${plural(prompt.length, "token")} given, ${count(written.length)} written, computed in this page` +
      (times.length ? `: ${ms < 0.1 ? "under 0.1" : ms.toFixed(1)} ms a token` : "") +
      (prompt.length + written.length > gpt.n_positions
        ? `; the context of ${gpt.n_positions} is full, so the model sees only the last ones.`
        : ".");
  }

  function drawBars() {
    const top = Math.max(tokens[0].before, tokens[0].after);
    const width = (p) => `width:${((100 * p) / top).toFixed(2)}%`;
    const chosen = next();
    // The rows are made once and then changed, so that a key press on one leaves the focus where it was.
    while (bars.children.length < 3 * ROWS) {
      const i = bars.children.length / 3;
      bars.append(
        h("button", {
          type: "button",
          class: "mg-token",
          onclick: () => {
            pause();
            take(tokens[i]);
          },
        }),
        h("span", { class: "mg-track" }, h("i", { class: "mg-before" }), h("i", {})),
        h("span", { class: "mg-num" }),
      );
    }
    tokens.slice(0, ROWS).forEach((token, i) => {
      const [pick, track, num] = Array.from(bars.children).slice(3 * i, 3 * i + 3);
      pick.replaceChildren(...showToken(tokenizer.bytes(token.id)));
      pick.className = `mg-token mg-tint${i % 5}${token.cut ? " mg-cut" : ""}`;
      pick.setAttribute(
        "aria-label",
        `${sayToken(tokenizer.bytes(token.id))}, ${token.cut ? `cut by ${token.cut}` : percent(token.after)}`,
      );
      track.children[0].style = width(token.before);
      track.children[1].style = width(token.after);
      num.textContent =
        (token.cut ? `cut by ${token.cut}` : percent(token.after)) + (token === chosen ? " \u25c0" : "");
    });
    const inside = tokens.filter(({ cut }) => !cut);
    const mass = inside.reduce((sum, { before }) => sum + before, 0);
    kept.textContent =
      `${inside.length === tokens.length ? `All ${count(tokens.length)}` : `${count(inside.length)} of ${count(tokens.length)}`} tokens are kept; ` +
      `they had ${percent(mass)} before. Outlines: before the controls. \u25c0 is written at the next step.`;
    drawLine(inside);
  }

  // The pieces of the line from 0 to 1, and where the seed's number falls on it.
  function drawLine(inside) {
    const greedy = how.value === "greedy";
    line.hidden = greedy;
    if (greedy) return;
    const u = number();
    line.replaceChildren(
      ...inside
        .slice(0, 60)
        .map(({ id, after }, i) =>
          h(
            "i",
            { class: `mg-tint${i % 5}`, style: `width:${100 * after}%` },
            after > 0.06 ? showToken(tokenizer.bytes(id)) : null,
          ),
        ),
      h("i", { class: "mg-rest" }, inside.length > 60 ? "the rest" : null),
      h("b", { class: "mg-dart", style: `left:${100 * u}%` }),
    );
    line.title = `the seed\u2019s number for this place: ${u.toFixed(3)}`;
  }

  begin();
  return { typed: begin, use, stop: pause };
}

export default { render };
