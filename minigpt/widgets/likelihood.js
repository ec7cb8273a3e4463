// One text and its likelihood in every unit, however it is cut into windows. Counted as minigpt.zeroshot.language does.
const MOST = 160;
const CONTEXTS = [8, 16, 32, 64, 256];
const PARTS = [1, 2, 4, 8];
const SLICE = 14; // milliseconds of computing at a time, so that the page stays awake
const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u; // as Python splits

// [first new target, end] of each window: a full context, then `step` new ones each time.
function windowEnds(targets, context, step) {
  const found = [];
  for (let first = 0, end = Math.min(context, targets); first < targets; ) {
    found.push([first, end]);
    [first, end] = [end, Math.min(end + step, targets)];
  }
  return found;
}

function unitCounts(text, tokens) {
  const words = text.split(BLANKS).filter((word) => word).length;
  return {
    token: tokens,
    word: words,
    "word or line end": words + text.split("\n").length - 1,
    byte: toBytes(text).length,
    character: [...text].length,
  };
}

// The nats of each target, the tokens that it was predicted from, and the targets with which a window begins.
// Yields after each token.
function* predict(gpt, ids, context, parts) {
  const targets = ids.length - 1;
  const found = { nats: new Float64Array(targets), seen: new Uint16Array(targets), cuts: new Set(), read: 0 };
  for (const [first, end] of windowEnds(targets, context, context / parts)) {
    const begin = Math.max(0, end - context);
    const cache = gpt.newCache();
    if (first) found.cuts.add(first);
    for (let t = begin; t < end; t++) {
      gpt.step(cache, ids[t]);
      found.read++;
      if (t >= first) {
        const scores = gpt.logits();
        let top = -Infinity;
        for (const score of scores) top = Math.max(top, score);
        let sum = 0;
        for (const score of scores) sum += Math.exp(score - top);
        found.nats[t] = top + Math.log(sum) - scores[ids[t + 1]];
        found.seen[t] = t - begin + 1;
      }
      yield;
    }
  }
  return found;
}

function render({ model, el }) {
  const body = card(
    el,
    "One text, one likelihood, every unit and window",
    "Type, and press a number of the table: it is a way to cut the text. Point at a token to see what it cost, and why.",
  );
  const text = { value: model.get("text"), rows: 4, maxlength: 900 };
  return modelFigure(body, model, text, (place, both, input) => likelihoodFigure(place, both, input, model));
}

function likelihoodFigure(body, { model: gpt, tokenizer }, input, widget) {
  let ids = [];
  let text = "";
  let done = new Map(); // "context/parts" -> what predict found
  let work = []; // [key, generator] still to be computed, the chosen one first
  let timer = 0;
  let selected = 0;
  let chosen = [widget.get("context"), widget.get("parts")];
  let shade = "surprise";
  const key = (context, parts) => `${context}/${parts}`;
  const whole = () => done.get(key(CONTEXTS.at(-1), 1));

  const note = h("p", { class: "mg-note" });
  const row = tokenRow("The text, in tokens", (i) => select(i));
  const said = liveText();
  const shades = choice(
    "Color",
    [
      ["surprise", "surprise"],
      ["context", "context it had"],
      ["added", "added by the cut"],
    ],
    shade,
    (next) => {
      shade = next;
      paint();
    },
  );
  const everyUnit = "The same number in every unit";
  const units = h("div", { class: "mg-scroll", tabindex: 0, role: "group", "aria-label": everyUnit });
  const grid = h("div", { class: "mg-scroll mg-windows", role: "group", "aria-label": "Ways to cut the text" });
  body.classList.add("mg-likelihood");
  body.append(
    note,
    shades.node,
    row.node,
    said,
    h(
      "div",
      { class: "mg-columns" },
      h("div", {}, h("p", { class: "mg-sub" }, everyUnit), units),
      h("div", {}, h("p", { class: "mg-sub" }, "Perplexity a word: tokens of context, windows begun in each"), grid),
    ),
  );

  function read() {
    text = input.value;
    let tokens = tokenizer.encode(text);
    const cut = tokens.length > MOST;
    if (cut) {
      tokens = tokens.slice(0, MOST);
      text = new TextDecoder().decode(Uint8Array.from(tokens.flatMap((id) => [...tokenizer.bytes(id)])));
    }
    ids = [tokenizer.eot, ...tokens];
    note.textContent = cut ? `Only the first ${MOST} tokens are read here.` : "";
    selected = Math.min(selected, Math.max(0, tokens.length - 1));
    row.show(tokens.map((id) => ({ bytes: tokenizer.bytes(id) })));
    done = new Map();
    const order = CONTEXTS.flatMap((context) => PARTS.map((parts) => [context, parts]));
    const first = ([context, parts]) => Number(key(context, parts) !== key(...chosen)) + (context < CONTEXTS.at(-1));
    order.sort((a, b) => first(a) - first(b));
    work = tokens.length ? order.map(([c, p]) => [key(c, p), predict(gpt, ids, c, p)]) : [];
    grid.setAttribute("aria-busy", "true");
    drawGrid();
    paint();
    clearTimeout(timer);
    go();
  }

  // Computes for a moment, shows what is finished, and goes on after the page has had its turn.
  function go() {
    const until = performance.now() + SLICE;
    let finished = false;
    while (work.length && performance.now() < until) {
      const [name, steps] = work[0];
      const step = steps.next();
      if (!step.done) continue;
      done.set(name, step.value);
      work.shift();
      finished = true;
    }
    if (finished) {
      drawGrid();
      paint();
    }
    if (work.length) timer = setTimeout(go);
    else grid.setAttribute("aria-busy", "false");
  }

  const total = (found) => found.nats.reduce((sum, one) => sum + one, 0);

  function paint() {
    const found = done.get(key(...chosen));
    const full = whole();
    row.chips.forEach((chip, i) => {
      const share = !found
        ? 0
        : shade === "surprise"
          ? Math.min(found.nats[i], 8) / 8
          : shade === "context"
            ? found.seen[i] / Math.min(chosen[0], ids.length - 1)
            : full
              ? Math.min(Math.abs(found.nats[i] - full.nats[i]), 8) / 8
              : 0;
      const less = shade === "added" && full && found && found.nats[i] < full.nats[i];
      const hue = shade === "context" ? "--mg-blue" : less ? "--mg-green" : "--mg-red";
      chip.style.background = `color-mix(in srgb, var(${hue}) ${Math.round(34 * share)}%, var(--mg-bg))`;
      const had = found ? found.seen[i] / Math.min(chosen[0], ids.length - 1) : 0;
      chip.style.setProperty("--mg-had", `${Math.round(100 * had)}%`);
      chip.classList.toggle("mg-begins", Boolean(found?.cuts.has(i)));
      const cost = found ? `${found.nats[i].toFixed(1)} nats, seeing ${plural(found.seen[i], "token")}` : "";
      chip.title = cost;
      chip.setAttribute("aria-label", `${sayToken(tokenizer.bytes(ids[i + 1]))}${cost ? `: ${cost}` : ""}`);
    });
    drawUnits(found);
    select(selected);
  }

  function drawUnits(found) {
    const counts = unitCounts(text, ids.length - 1);
    const nats = found && ids.length > 1 ? total(found) : null;
    const number = (value, digits) => (value === null || !Number.isFinite(value) ? "\u2013" : value.toFixed(digits));
    const perplexity = (value) =>
      value === null || !Number.isFinite(value)
        ? "\u2013"
        : value < 1e6
          ? Number(value.toPrecision(4)).toLocaleString("en-US")
          : value.toExponential(1);
    const rows = Object.entries(counts).map(([name, n]) => {
      const each = nats === null || !n ? null : nats / n;
      const bits = each === null ? null : each / Math.LN2;
      return [`a ${name}`, count(n), number(each, 3), number(bits, 3), perplexity(each === null ? null : Math.exp(each))];
    });
    const all = ["the whole text", "1", number(nats, 1), number(nats === null ? null : nats / Math.LN2, 1), "\u2013"];
    units.replaceChildren(table(["", "count", "nats", "bits", "perplexity"], [all, ...rows]));
  }

  function drawGrid() {
    const focused = grid.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const counts = unitCounts(text, ids.length - 1);
    const cell = (context, parts) => {
      const found = done.get(key(context, parts));
      const value = found && counts.word ? Math.exp(total(found) / counts.word) : null;
      const brief = (x) => (x < 1e5 ? String(Number(x.toPrecision(3))) : x.toExponential(1));
      const shown = value === null ? "\u2026" : brief(value);
      const name = context === CONTEXTS.at(-1) ? "all of the text as context" : `context ${context}`;
      return h(
        "button",
        {
          type: "button",
          class: "mg-button",
          "data-key": key(context, parts),
          "aria-pressed": String(key(context, parts) === key(...chosen)),
          "aria-label": `${name}, ${plural(parts, "window")} begun in each: perplexity a word ${shown}`,
          title: found ? `${count(found.read)} tokens read for ${count(ids.length - 1)}` : "",
          onclick: () => {
            chosen = [context, parts];
            drawGrid();
            paint();
          },
        },
        shown,
      );
    };
    const rows = CONTEXTS.map((context) => {
      const last = context === CONTEXTS.at(-1);
      return [last ? "all" : String(context), ...PARTS.map((parts) => (last && parts > 1 ? "" : cell(context, parts)))];
    });
    const begun = PARTS.map((parts) => (parts > 1 ? `begun ${parts} times` : "begun once"));
    grid.replaceChildren(table(["context", ...begun], rows));
    if (focused) grid.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  function select(i) {
    selected = i;
    row.mark(i);
    const found = done.get(key(...chosen));
    if (!found || ids.length < 2) {
      said.textContent = ids.length < 2 ? "No text, no likelihood." : "Reading \u2026";
      return;
    }
    const full = whole();
    const name = visible(tokenizer.bytes(ids[i + 1]));
    const difference = full ? found.nats[i] - full.nats[i] : 0;
    const way = difference > 0 ? "more" : "less";
    const against =
      Math.abs(difference) < 0.05 ? "" : `; ${Math.abs(difference).toFixed(2)} ${way} than with all of the text before it`;
    said.textContent =
      `\u201c${name}\u201d cost ${found.nats[i].toFixed(2)} nats (one chance in ` +
      `${Number(Math.exp(found.nats[i]).toPrecision(2)).toLocaleString("en-US")}), seeing ${plural(found.seen[i], "token")}` +
      `${found.cuts.has(i) ? ", the first of its window" : ""}${against}.`;
  }

  function use(both) {
    gpt = both.model;
    read();
  }

  read();
  return {
    typed: read,
    use,
    stop: () => {
      clearTimeout(timer);
      work = [];
    },
  };
}

export default { render };
