// An article, pairs, or a question of the reader's; ways to ask for what is wanted, from the paper's hint to none; and
// what a small model writes on, greedily to the end of the line.
const MOST_NEW = 48; // tokens of an answer, as in the chapter
const SLICE = 12; // tokens that are read before the page may draw again
const SHOWN = 4;
const breathe = () => new Promise((resolve) => setTimeout(resolve));

// The prompt of a way to ask: {pairs: whether they stand first, before and after: what stands around the text}.
const promptOf = (way, pairs, text) =>
  (way.pairs && pairs.trim() ? `${pairs.trim()}\n` : "") + way.before + text + way.after;

// What the model writes: its tokens as {id, p} with the one that ended it, and the likeliest of the first. The answer's
// probability is the product of all. null once wanted() is false.
async function writeLine({ model, tokenizer }, cache, text, wanted) {
  const size = model.n_positions;
  const all = [tokenizer.eot, ...tokenizer.encode(text)];
  const cut = Math.max(0, all.length + MOST_NEW - size);
  const ids = all.slice(cut);
  let read = ids.findIndex((id, i) => id !== cache.ids[i]);
  while (read >= 0 && (read += SLICE) < ids.length) {
    model.read(cache, ids.slice(0, read));
    await breathe();
    if (!wanted()) return null;
  }
  const tokens = [];
  let first = null;
  while (tokens.length < MOST_NEW) {
    const p = softmax(Float64Array.from(model.read(cache, [...ids, ...tokens.map(({ id }) => id)])));
    first ??= [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, SHOWN).map((id) => ({ id, p: p[id] }));
    const id = p.indexOf(Math.max(...p));
    tokens.push({ id, p: p[id] });
    if (id === tokenizer.eot || tokenizer.bytes(id).includes(10)) break;
    if (tokens.length % 4 === 0) await breathe();
    if (!wanted()) return null;
  }
  const ends = ({ id }) => id === tokenizer.eot || tokenizer.bytes(id).includes(10);
  return {
    ids,
    cut,
    first,
    line: tokens.filter((token) => !ends(token)),
    over: tokens.at(-1).id === tokenizer.eot,
    p: tokens.reduce((product, token) => product * token.p, 1),
  };
}

function render({ model, el }) {
  const body = card(
    el,
    "Ask without training",
    "Change the text, the example pairs, or the way to ask, and see what the model takes it for.",
  );
  return promptsFigure(body, model);
}

function promptsFigure(body, widget) {
  const sizes = widget.get("sizes");
  const tasks = widget.get("tasks");
  const turn = tasks.map(() => 0);
  const caches = new Map();
  let at = Math.max(0, tasks.findIndex(({ key }) => key === widget.get("task")));
  let name = widget.get("model");
  let truth = "";
  let asked = 0;
  let timer = 0;
  let opened = Boolean(globalThis.minigptLoading?.[name]); // whether the weights may be loaded

  const says = (asset) => {
    const size = asset.slice(MODEL.length);
    return size in sizes ? `${size} (${megabytes(sizes[size])})` : "your model";
  };
  const task = choice("Task", tasks.map(({ label }, i) => [String(i), label]), String(at), (i) => {
    at = Number(i);
    fill(false);
  });
  const names = Object.keys(sizes).map((size) => MODEL + size);
  const pick = choice("Model", names.map((one) => [one, says(one)]), name, (one) => {
    name = one;
    ask();
  });
  const pairs = textbox("Example pairs", "", () => later(), { rows: 4, maxlength: 1200 });
  const text = textbox("Your text", "", () => later(), { rows: 4, maxlength: 1500 });
  const label = text.node.querySelector("span");
  const ways = h("div", {});
  let way = null;
  const next = button("Another one", () => {
    turn[at]++;
    fill(true);
  });
  const go = button(
    "Ask",
    () => {
      opened = true;
      ask();
    },
    { class: "mg-button mg-main" },
  );
  const note = h("p", { class: "mg-note", "aria-live": "polite" });
  const paper = h("div", { class: "mg-paper", role: "group", "aria-label": "The prompt and what the model writes", tabindex: 0 });
  const said = liveText();
  const right = h("p", { class: "mg-note mg-truth" });
  const bars = h("div", { class: "mg-bars" });
  const barsHead = h("p", { class: "mg-sub" }, "Its first token");
  barsHead.hidden = true;
  body.append(
    h("div", { class: "mg-row" }, task.node, ...(names.length ? [pick.node] : [])),
    pairs.node,
    text.node,
    ways,
    h("div", { class: "mg-row" }, go, next, note),
    paper,
    said,
    right,
    barsHead,
    bars,
  );

  // The item whose turn it is, and the ways to ask of its task.
  function fill(again) {
    const { items, ways: all, noun } = tasks[at];
    const item = items[turn[at] % items.length];
    label.textContent = noun;
    pairs.node.hidden = !item.pairs;
    pairs.area.value = item.pairs;
    text.area.value = item.text;
    truth = item.answer;
    if (!again || way === null) {
      way = choice("Way to ask", all.map(({ label: name }, i) => [String(i), name]), "0", () => ask());
      ways.replaceChildren(way.node);
    }
    ask();
  }

  function later() {
    clearTimeout(timer);
    truth = "";
    timer = setTimeout(() => {
      opened = true;
      ask();
    }, 300);
  }

  const span = (tokenizer, id, props) =>
    h("span", props, decodeOrNull(tokenizer.bytes(id)) ?? visible(tokenizer.bytes(id)));

  async function ask() {
    clearTimeout(timer);
    const mine = ++asked;
    const wanted = () => mine === asked && body.isConnected;
    const prompt = promptOf(tasks[at].ways[Number(way.value)], pairs.value, text.value);
    right.textContent = truth ? `On the page, which no model has read: \u201c${truth}\u201d` : "";
    said.textContent = "";
    if (!opened) {
      paper.replaceChildren(h("span", { class: "mg-given" }, prompt));
      note.textContent = `Ask loads the model ${says(name)}.`;
      return;
    }
    try {
      note.classList.remove("mg-wrong");
      if (!globalThis.minigptLoading?.[name]) note.textContent = `Loading ${says(name)} ...`;
      const both = openModel(await loadAsset(name, widget));
      if (!wanted()) return;
      note.textContent = `${plural(both.model.n_layer, "layer")}, ${both.model.n_embd} wide.`;
      if (!caches.has(name)) caches.set(name, both.model.newCache());
      const found = await writeLine(both, caches.get(name), prompt, wanted);
      if (found && wanted()) show(both, found);
    } catch (error) {
      if (!wanted()) return;
      note.textContent = error.message;
      note.classList.add("mg-wrong");
    }
  }

  function show({ tokenizer }, { ids, cut, first, line, over, p }) {
    paper.replaceChildren(
      ...ids.map((id) => span(tokenizer, id, { class: id === tokenizer.eot ? "mg-eot" : "mg-given" })),
      ...line.map(({ id, p: one }) => span(tokenizer, id, { class: "mg-written", title: percent(one) })),
    );
    paper.scrollTop = paper.scrollHeight;
    const name = (id) => decodeOrNull(tokenizer.bytes(id)) ?? visible(tokenizer.bytes(id));
    const written = line.map(({ id }) => name(id)).join("").trim();
    said.textContent =
      (written ? `It writes \u201c${written}\u201d` : over ? "It writes nothing: for it, the page is over" : "It ends the line") +
      `, to which it gives ${percent(p)}.` +
      (cut ? ` The context is full: the first ${plural(cut, "token")} were left out.` : "");
    barsHead.hidden = false;
    bars.replaceChildren(
      ...first.flatMap(({ id, p: one }, i) => [
        h("span", { class: `mg-token mg-tint${i % 5}` }, id === tokenizer.eot ? "end of page" : showToken(tokenizer.bytes(id))),
        h("span", { class: "mg-track" }, h("i", { style: `width:${(100 * one).toFixed(1)}%` })),
        h("span", { class: "mg-num" }, percent(one)),
      ]),
    );
  }

  fill(false);
  return () => {
    asked++;
    clearTimeout(timer);
  };
}

export default { render };
