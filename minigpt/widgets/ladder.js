// One passage, one model, and every rung of LAMBADA's ladder: what is compared, among how many, and whether it is right.
// Rungs are those of minigpt.zeroshot.lambada.climb; the last one chooses among the words of the passage.
const SLICE = 16; // tokens that are read before the page may draw again
const MOST_FREE = 8; // tokens that are written freely
const SHOWN = 5;
const WORD = /[\p{L}\p{N}_]+/gu;

const DRESSES = [
  ["raw", "as typed"],
  ["small", "small letters, marks apart"],
  ["curly", "curly quotes"],
  ["line", "a line end before"],
  ["nothing", "no <|endoftext|>"],
];

// A passage and its last word with the blank or line end before it; null if there are no two words.
function cutPassage(text) {
  const whole = text.replace(/[^\p{L}\p{N}_]+$/u, "");
  const at = whole.search(/\s\S+$/);
  return at > 0 && whole.slice(0, at).trim() ? { before: whole.slice(0, at), answer: whole.slice(at) } : null;
}

function dress({ before, answer }, how) {
  if (how === "small")
    return { before: before.toLowerCase().replace(/([.,;:!?])(?=\s|$)/g, " $1"), answer: answer.toLowerCase() };
  if (how === "curly")
    return { before: before.replace(/"([^"]*)"/g, "\u201c$1\u201d").replaceAll("'", "\u2019"), answer };
  return how === "line" ? { before: `\n${before.trim()}`, answer } : { before, answer };
}

// The ids of stop words that are one token with the blank before them, in small letters or with a capital.
function stopTokens(tokenizer, words) {
  const forms = words.flatMap((word) => [word, word[0].toUpperCase() + word.slice(1)]);
  return new Set(
    forms
      .map((form) => tokenizer.encode(` ${form}`))
      .filter((ids) => ids.length === 1)
      .map(([id]) => id),
  );
}

const goesOn = (text) => /^([\p{L}\p{N}_]|['\u2019-][\p{L}\p{N}_])/u.test(text);

function likeliestOf(scores, banned = null) {
  let best = -1;
  for (let id = 0; id < scores.length; id++)
    if (!banned?.has(id) && (best < 0 || scores[id] > scores[best])) best = id;
  return best;
}

const same = (a, b) => a.length === b.length && a.every((id, i) => id === b[i]);

// All rungs from one pass; null once wanted() is false.
async function climbLadder({ model, tokenizer }, cache, passage, how, banned, wanted) {
  const { before, answer } = dress(passage, how);
  const start = how === "nothing" ? [] : [tokenizer.eot];
  const targets = tokenizer.encode(answer);
  const room = model.n_positions - Math.max(targets.length, MOST_FREE) - 1;
  const ids = [...start, ...tokenizer.encode(before)].slice(-room);
  for (let read = SLICE; read < ids.length; read += SLICE) {
    model.read(cache, ids.slice(0, read));
    await new Promise((resolve) => setTimeout(resolve));
    if (!wanted()) return null;
  }
  const text = (id) => decodeOrNull(tokenizer.bytes(id)) ?? "";
  const places = [];
  for (let i = 0; i <= targets.length; i++)
    places.push(Float32Array.from(model.read(cache, [...ids, ...targets.slice(0, i)])));
  const best = places.map((scores) => likeliestOf(scores));
  const allowed = places.map((scores) => likeliestOf(scores, banned));
  const last = targets.length - 1;
  const free = (first) => {
    const written = [first];
    while (written.length < MOST_FREE) {
      const next = likeliestOf(model.read(cache, [...ids, ...written]));
      if (next === tokenizer.eot || !goesOn(text(next))) return written;
      written.push(next);
    }
    return written;
  };
  const rung = (name, compared, guess, among, right) => ({ name, compared, guess, among, right });
  const every = `${count(model.vocab_size)} tokens`;
  const fewer = `${count(model.vocab_size - banned.size)} tokens, no stop words`;
  const spelled = (first) => [first, ...best.slice(1, targets.length)];
  const ends = !goesOn(text(best.at(-1)));
  const word = same(spelled(best[0]), targets);
  const filtered = same(spelled(allowed[0]), targets);
  const rungs = [
    rung("word", targets, spelled(best[0]), every, word),
    rung("word, stop words", targets, spelled(allowed[0]), fewer, filtered),
    rung("last token", targets.slice(last), [best[last]], every, best[last] === targets[last]),
    rung("last token, stop words", targets.slice(last), [allowed[last]], fewer, allowed[last] === targets[last]),
    rung("greedy", targets, free(best[0]), `${every}, written freely`, word && ends),
    rung("greedy, stop words", targets, free(allowed[0]), `${fewer}, written freely`, filtered && ends),
  ];
  const words = [...new Set(before.match(WORD) ?? [])].map((one) => tokenizer.encode(` ${one}`));
  let found = { nats: Infinity, ids: [] };
  for (const one of words) {
    if (one.length > MOST_FREE) continue;
    let nats = 0;
    let scores = places[0];
    for (let i = 0; i < one.length; i++) {
      if (i) scores = model.read(cache, [...ids, ...one.slice(0, i)]);
      nats -= Math.log(softmax(Float64Array.from(scores))[one[i]]);
    }
    if (nats < found.nats) found = { nats, ids: one };
    if (!wanted()) return null;
  }
  rungs.push(
    rung("among the passage\u2019s words", targets, found.ids, plural(words.length, "word"), same(found.ids, targets)),
  );
  return { rungs, p: softmax(Float64Array.from(places[0])), targets };
}

function render({ model, el }) {
  const body = card(
    el,
    "Climb LAMBADA\u2019s ladder",
    "The last word is the question. Take a passage or type one: every rung asks the same model in another way.",
  );
  const buttons = model.get("passages").map(([name, texts]) => {
    let turn = 0;
    return button(name, () => {
      const area = body.querySelector("textarea");
      area.value = texts[turn++ % texts.length];
      area.dispatchEvent(new Event("input"));
    });
  });
  body.append(h("div", { class: "mg-row", role: "group", "aria-label": "Passages" }, buttons));
  const text = { value: model.get("text"), rows: 5, maxlength: 1500 };
  return modelFigure(body, model, text, (place, both, input) => ladderFigure(place, both, input, model));
}

function ladderFigure(place, both, input, widget) {
  let cache = null;
  let banned = new Set();
  let asked = 0;
  let timer = 0;
  const look = choice("The text", DRESSES, "raw", () => ask());
  const passageView = h("p", { class: "mg-paper mg-passage" });
  const list = h("ol", { class: "mg-rungs", "aria-label": "Rungs" });
  const bars = h("div", { class: "mg-bars" });
  const said = liveText();
  place.append(
    look.node,
    passageView,
    list,
    said,
    h("div", {}, h("p", { class: "mg-sub" }, "What the model would write next"), bars),
  );

  function use(next) {
    both = next;
    cache = both.model.newCache();
    banned = stopTokens(both.tokenizer, widget.get("stop_words"));
    ask();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  }

  const chips = (ids, hue) =>
    h(
      "span",
      { class: "mg-pieces" },
      ids.map((id) => h("span", { class: `mg-token ${hue}` }, showToken(both.tokenizer.bytes(id)))),
    );

  async function ask() {
    clearTimeout(timer);
    const mine = ++asked;
    const passage = cutPassage(input.value);
    if (!passage) {
      list.replaceChildren();
      bars.replaceChildren();
      passageView.replaceChildren();
      said.textContent = "Type at least two words: the last one is the question.";
      return;
    }
    const shown = dress(passage, look.value);
    passageView.replaceChildren(shown.before, h("span", { class: "mg-blank" }, shown.answer.replace(/./gu, "_")));
    const found = await climbLadder(both, cache, passage, look.value, banned, () => mine === asked);
    if (!found) return;
    list.replaceChildren(...found.rungs.map(rungLine));
    drawBars(found);
    const reached = found.rungs.filter(({ right }) => right).length;
    said.textContent = `${reached} of ${found.rungs.length} rungs count this answer as right.`;
  }

  const rungLine = ({ name, compared, guess, among, right }) =>
    h(
      "li",
      { class: right ? "mg-reached" : "" },
      h("span", { class: "mg-rung" }, name),
      h("span", { class: "mg-verdict" }, right ? "\u2713 right" : "\u2717 wrong"),
      h("span", {}, "wanted ", chips(compared, "mg-tint2")),
      h("span", {}, "model ", chips(guess, right ? "mg-tint2" : "mg-tint1")),
      h("span", { class: "mg-note" }, `among ${among}`),
    );

  function drawBars({ p, targets }) {
    const top = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, SHOWN);
    if (!top.includes(targets[0])) top.push(targets[0]);
    bars.replaceChildren(
      ...top.flatMap((id) => [
        h("span", { class: `mg-token ${id === targets[0] ? "mg-tint2" : "mg-tint1"}` }, showToken(both.tokenizer.bytes(id))),
        h("span", { class: "mg-track" }, h("i", { style: `width:${(100 * p[id]).toFixed(1)}%` })),
        h("span", { class: "mg-num" }, percent(p[id])),
      ]),
    );
  }

  use(both);
  return {
    typed: later,
    use,
    stop() {
      asked++;
      clearTimeout(timer);
    },
  };
}

export default { render };
