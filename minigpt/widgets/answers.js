// One beginning of a page, and how the models of all sizes write on, each with its likeliest tokens, side by side.
const MOST_NEW = 48; // tokens of an answer, as in the chapters
const SLICE = 12; // tokens that are read before the page may draw again
const SHOWN = 3;

function render({ model, el }) {
  const body = card(
    el,
    "Four sizes answer",
    "Type the beginning of a page, or take one of tinyweb\u2019s tasks: every model writes on to the end of the line.",
  );
  return answersFigure(body, model);
}

const breathe = () => new Promise((resolve) => setTimeout(resolve));

// What a model writes on, greedily: its tokens as {id, p}, and the likeliest of the first. null once wanted() is false.
async function writeOn({ model, tokenizer }, cache, text, wanted) {
  const size = model.n_positions;
  const all = [tokenizer.eot, ...tokenizer.encode(text)];
  const ids = all.length < size ? all : all.slice(MOST_NEW - size);
  let read = ids.findIndex((id, i) => id !== cache.ids[i]);
  while (read >= 0 && (read += SLICE) < ids.length) {
    model.read(cache, ids.slice(0, read));
    await breathe();
    if (!wanted()) return null;
  }
  const tokens = [];
  let first = null;
  for (const most = Math.min(MOST_NEW, size - ids.length); tokens.length < most; ) {
    const p = softmax(Float64Array.from(model.read(cache, [...ids, ...tokens.map(({ id }) => id)])));
    first ??= [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, SHOWN).map((id) => ({ id, p: p[id] }));
    const id = p.indexOf(Math.max(...p));
    tokens.push({ id, p: p[id] });
    if (id === tokenizer.eot || tokenizer.bytes(id).includes(10)) break;
    if (tokens.length % 4 === 0) await breathe();
    if (!wanted()) return null;
  }
  return { tokens, first };
}

function answersFigure(body, widget) {
  const sizes = Object.entries(widget.get("sizes"));
  const total = megabytes(sizes.reduce((sum, [, mb]) => sum + mb, 0));
  const turn = new Map(); // how often each task was taken
  let asked = 0;
  let timer = 0;

  const input = textbox("Your text", widget.get("prompt"), () => later(), { rows: 5, maxlength: 2000 });
  const truth = h("p", { class: "mg-note" });
  const note = h("p", { class: "mg-note", "aria-live": "polite" }, `The models are loaded when first asked: ${total}.`);
  const said = liveText();
  said.classList.add("mg-hidden"); // the columns show it
  const columns = sizes.map(([size, mb]) => column(size, mb));
  const tasks = widget.get("tasks").map(([name, items]) =>
    button(name, () => {
      const n = turn.get(name) ?? 0;
      turn.set(name, n + 1);
      const [prompt, answer] = items[n % items.length];
      input.area.value = prompt;
      ask();
      truth.textContent = `On the page, which no model has read, this follows: \u201c${answer.trim()}\u201d`;
    }),
  );
  body.append(
    h("div", { class: "mg-row", role: "group", "aria-label": "Tasks" }, tasks),
    input.node,
    h("div", { class: "mg-row" }, button("Answer", () => ask(), { class: "mg-button mg-main" }), note),
    truth,
    h("div", { class: "mg-answers" }, columns.map(({ node }) => node)),
    said,
  );

  function later() {
    clearTimeout(timer);
    truth.textContent = "";
    timer = setTimeout(ask, 300);
  }

  async function ask() {
    clearTimeout(timer);
    const mine = ++asked;
    const wanted = () => mine === asked;
    said.textContent = "";
    columns.forEach((one) => one.clear());
    for (const one of columns) {
      try {
        if (!one.ready()) await load(one);
        if (wanted()) await one.answer(input.value, wanted);
      } catch (error) {
        one.fail(error);
      }
      if (!wanted()) return;
    }
    said.textContent = columns.map((one) => one.says()).join(", ");
  }

  async function load(one) {
    const here = columns.filter((other) => other.ready()).reduce((sum, { mb }) => sum + mb, 0);
    note.textContent = `Loading ${one.size}: ${here.toFixed(1)} of ${total} are here ...`;
    try {
      await one.load();
    } finally {
      note.textContent = columns.every((other) => other.ready()) ? `All are here: ${total}.` : "";
    }
  }

  function column(size, mb) {
    const about = h("span", { class: "mg-note" }, megabytes(mb));
    const paper = h("div", { class: "mg-paper" });
    const bars = h("div", { class: "mg-bars" });
    let both = null;
    let cache = null;
    let text = "";
    const node = h(
      "div",
      { role: "group", "aria-label": `${size} parameters` },
      h("p", { class: "mg-sub" }, `${size} `, about),
      paper,
      h("p", { class: "mg-sub" }, "Its next token"),
      bars,
    );
    async function load() {
      both = openModel(await loadAsset(MODEL + size, widget));
      cache ??= both.model.newCache();
      about.textContent = `${both.model.n_layer} layers, ${both.model.n_embd} wide`;
    }
    async function answer(prompt, wanted) {
      const found = await writeOn(both, cache, prompt, wanted);
      if (!found) return;
      const { tokenizer } = both;
      const name = (id) => decodeOrNull(tokenizer.bytes(id)) ?? visible(tokenizer.bytes(id));
      const line = found.tokens.filter(({ id }) => id !== tokenizer.eot && !tokenizer.bytes(id).includes(10));
      text = line.map(({ id }) => name(id)).join("");
      const span = ({ id, p }) => h("span", { class: "mg-written", title: percent(p) }, name(id));
      paper.replaceChildren(...line.map(span));
      if (!line.length) paper.append(h("span", { class: "mg-note" }, "(nothing: it ends the line)"));
      bars.replaceChildren(
        ...found.first.flatMap(({ id, p }, i) => [
          h("span", { class: `mg-token mg-tint${i}` }, showToken(tokenizer.bytes(id))),
          h("span", { class: "mg-track" }, h("i", { style: `width:${(100 * p).toFixed(1)}%` })),
          h("span", { class: "mg-num" }, percent(p)),
        ]),
      );
    }
    return {
      node,
      size,
      mb,
      load,
      answer,
      ready: () => both !== null,
      says: () => `${size}: \u201c${text.trim()}\u201d`,
      clear() {
        paper.replaceChildren("\u2026");
        paper.classList.remove("mg-wrong");
        bars.replaceChildren();
        text = "";
      },
      fail(error) {
        paper.textContent = error.message;
        paper.classList.add("mg-wrong");
      },
    };
  }

  return () => {
    asked++;
    clearTimeout(timer);
  };
}

export default { render };
