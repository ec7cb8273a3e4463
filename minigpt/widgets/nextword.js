// An n-gram model of tinyweb that the reader can watch: what it has counted, what it expects, what surprises it.
const ROWS = 10;
const LONGEST = 80;
const END = 0;
const UNKNOWN = 1;
// White space as Python's; JavaScript's \s is another set.
const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORD = new RegExp(` ?[\\p{L}\\p{N}_]+| ?[^\\p{L}\\p{N}_${BLANK}]|[${BLANK}]`, "gu");
const toBytes = (text) => new TextEncoder().encode(text);
const cutWords = (text) => text.match(WORD) ?? [];

// The training text as ids, END before and after each page, and for each id the places right after it. Kneser and Ney's
// counts are taken from it when they are asked for, as minigpt.ngram takes them.
class Counted {
  constructor({ meta, buffers }) {
    this.ids = new Uint16Array(buffers[0]);
    this.words = meta.words;
    this.discounts = meta.discounts;
    this.idOf = new Map(meta.words.map((word, i) => [word, i]));
    const size = meta.words.length;
    this.from = new Uint32Array(size + 1);
    for (let i = 0; i + 1 < this.ids.length; i++) this.from[this.ids[i] + 1]++;
    for (let i = 0; i < size; i++) this.from[i + 1] += this.from[i];
    const next = this.from.slice();
    this.after = new Uint32Array(this.ids.length - 1);
    for (let i = 0; i + 1 < this.ids.length; i++) this.after[next[this.ids[i]]++] = i + 1;
    this.kept = new Map();
  }

  encode(text) {
    return cutWords(text).map((word) => this.idOf.get(word) ?? UNKNOWN);
  }

  // What followed a context: {seen, times: id -> how often, before: id -> how many different words stood in front}.
  follow(context) {
    const key = context.join(" ");
    if (this.kept.has(key)) return this.kept.get(key);
    const { ids } = this;
    const k = context.length;
    const times = new Map();
    const pairs = new Set();
    let seen = 0;
    const [start, stop] = k ? [this.from[context[k - 1]], this.from[context[k - 1] + 1]] : [0, ids.length - 1];
    for (let at = start; at < stop; at++) {
      const place = k ? this.after[at] : at + 1;
      let j = 2;
      while (j <= k && ids[place - j] === context[k - j]) j++;
      if (j <= k) continue;
      seen++;
      times.set(ids[place], (times.get(ids[place]) ?? 0) + 1);
      if (context[0] !== END) pairs.add(ids[place - k - 1] * 65536 + ids[place]);
    }
    let before = times;
    if (context[0] !== END) {
      before = new Map();
      for (const pair of pairs) before.set(pair % 65536, (before.get(pair % 65536) ?? 0) + 1);
    }
    const found = { seen, times, before };
    if (this.kept.size > 5000) this.kept.clear();
    this.kept.set(key, found);
    return found;
  }

  // The contexts that a model of order n looks at, from none to the last n - 1 ids, with what followed each.
  levels(history, n) {
    const most = Math.min(n, history.length + 1);
    return Array.from({ length: most }, (_, i) => {
      const context = history.slice(history.length - i);
      const found = this.follow(context);
      const highest = i + 1 === n;
      const counts = highest ? found.times : found.before;
      let total = 0;
      for (const count of counts.values()) total += count;
      const discount = this.discounts[highest ? "highest" : "lower"][i];
      return { context, ...found, counts, total, discount, passed: total ? (discount * counts.size) / total : 1 };
    });
  }

  // The probability of every word, or null where counts alone have never seen the context.
  probabilities(history, n, smoothing) {
    const levels = this.levels(history, n);
    const p = new Float64Array(this.words.length);
    if (smoothing === "counts") {
      const { times, seen } = levels.at(-1);
      if (!seen) return null;
      for (const [id, count] of times) p[id] = count / seen;
      return p;
    }
    p.fill(1 / p.length);
    for (const { counts, total, discount, passed } of levels) {
      if (!total) continue;
      for (let id = 0; id < p.length; id++) p[id] *= passed;
      for (const [id, count] of counts) p[id] += Math.max(count - discount, 0) / total;
    }
    return p;
  }
}

function render({ model, el }) {
  const body = card(
    el,
    "What comes next?",
    "Type, and change n. Point at a word to see what the model expected in its place; press a bar to write that word.",
  );
  let stop = () => {};
  withAsset(body, "words", model, (asset) => {
    stop = nextWordFigure(body, new Counted(asset), model);
  });
  return () => stop();
}

function nextWordFigure(body, counted, widget) {
  const dice = random(widget.get("seed"));
  let words = [];
  let ids = [];
  let selected = 0;
  const update = perFrame(() => read());
  const input = textbox("Your text", widget.get("text"), update, { rows: 2, maxlength: 500 });
  const order = slider(
    "n",
    { min: 1, max: 6, value: widget.get("n"), say: (n) => `n = ${n}: ${plural(n - 1, "word")} of context` },
    () => update(),
  );
  const smoothing = choice(
    "Probabilities",
    [
      ["kneser-ney", "smoothed (Kneser\u2013Ney)"],
      ["counts", "counts alone"],
    ],
    widget.get("smoothing"),
    () => update(),
  );
  const one = button("Draw a word", () => draw(1));
  const twenty = button("Draw twenty", () => draw(20));
  const facts = h("dl", { class: "mg-facts" });
  const row = tokenRow("The words, and the place after them", (i) => select(i));
  const asked = h("p", { class: "mg-sub" });
  const bars = h("div", { class: "mg-bars", role: "group", "aria-label": "Next word: press one to write it" });
  const evidence = h("div", { class: "mg-scroll", tabindex: 0, role: "group", "aria-label": "What was counted" });
  const said = liveText();
  body.append(
    input.node,
    h("div", { class: "mg-row" }, order.node, smoothing.node),
    h("div", { role: "status", "aria-live": "polite" }, facts),
    row.node,
    h(
      "div",
      { class: "mg-columns" },
      h("div", {}, asked, bars),
      h("div", {}, h("p", { class: "mg-sub" }, "What was counted"), evidence),
    ),
    h("div", { class: "mg-row" }, one, twenty),
    said,
  );

  const history = (i) => [END, ...ids.slice(0, i)];
  const chances = (i) => counted.probabilities(history(i), order.value, smoothing.value);
  const bitsOf = (p) => (p > 0 ? -Math.log2(p) : Infinity);

  function read() {
    const before = words.length;
    words = cutWords(input.value).slice(0, LONGEST);
    ids = words.map((word) => counted.idOf.get(word) ?? UNKNOWN);
    if (selected >= before || selected > words.length) selected = words.length;
    const bits = words.map((_, i) => bitsOf(chances(i)?.[ids[i]] ?? 0));
    const total = bits.reduce((sum, b) => sum + b, 0);
    const size = toBytes(words.join("")).length;
    const rate = (value, digits) =>
      !words.length ? "\u2013" : Number.isFinite(value) ? value.toFixed(digits) : "\u221e";
    const fact = (value, name) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    facts.replaceChildren(
      fact(count(words.length), "words"),
      fact(rate(total * Math.LN2, 1), "nats"),
      fact(rate(total, 1), "bits"),
      fact(rate(2 ** (total / words.length), 1), "perplexity a word"),
      fact(rate(total / size, 2), "bits a byte"),
    );
    const chips = words.map((word, i) => {
      const unknown = ids[i] === UNKNOWN ? ", unknown" : "";
      const cost = Number.isFinite(bits[i]) ? `${bits[i].toFixed(1)} bits` : "impossible";
      const say = `${word.trim() || sayToken(toBytes(word))}: ${cost}${unknown}`;
      return { bytes: toBytes(word), title: cost + unknown, say };
    });
    row.show([...chips, { bytes: toBytes("?"), title: "next", say: "the next word", className: "mg-later" }]);
    row.chips.slice(0, -1).forEach((chip, i) => {
      const share = Math.round(Math.min(bits[i], 12) * 2.5);
      chip.style.background = `color-mix(in srgb, var(--mg-red) ${share}%, var(--mg-bg))`;
      chip.style.borderColor = "var(--mg-line)";
    });
    select(selected);
  }

  function select(i) {
    selected = i;
    row.mark(i);
    const p = chances(i);
    const here = i < words.length;
    const name = here ? words[i].trim() || visible(toBytes(words[i])) : "";
    asked.textContent = here ? `In the place of \u201c${name}\u201d` : "Next";
    drawBars(p, here ? ids[i] : null);
    drawEvidence(counted.levels(history(i), order.value));
  }

  const label = (id) => (id === END ? "end of page" : id === UNKNOWN ? "unknown word" : null);

  function drawBars(p, actual) {
    if (!p) {
      const nothing = "Counts alone say nothing: this context never occurred.";
      bars.replaceChildren(h("p", { class: "mg-note mg-wrong" }, nothing));
      return;
    }
    const best = Array.from(p.keys())
      .filter((id) => p[id] > 0)
      .sort((a, b) => p[b] - p[a] || a - b);
    const shown = best.slice(0, ROWS);
    if (actual !== null && !shown.includes(actual)) shown.push(actual);
    const top = p[best[0]];
    bars.replaceChildren(
      ...shown.flatMap((id, i) => {
        const bytes = toBytes(counted.words[id]);
        const name = label(id);
        return [
          h(
            "button",
            {
              type: "button",
              class: `mg-token mg-tint${i % 5}`,
              "aria-label": `${name ?? sayToken(bytes)}, ${percent(p[id])}`,
              disabled: name !== null,
              onclick: () => write(id),
            },
            name ?? showToken(bytes),
          ),
          h("span", { class: "mg-track" }, h("i", { style: `width:${((100 * p[id]) / top).toFixed(2)}%` })),
          h("span", { class: "mg-num" }, (p[id] > 0 ? percent(p[id]) : "0 %") + (id === actual ? " \u25c0" : "")),
        ];
      }),
    );
  }

  function drawEvidence(levels) {
    const name = (id) => (id === END ? "start" : id === UNKNOWN ? "unknown" : visible(toBytes(counted.words[id])));
    const rows = [...levels].reverse().map(({ context, seen, times, passed }) => [
      context.length ? context.map(name).join(" ") : "(any place)",
      count(seen),
      count(times.size),
      smoothing.value === "counts" ? "\u2013" : percent(passed),
    ]);
    const head = ["context", "times seen", "different words next", "passed on to the line below"];
    evidence.replaceChildren(table(head, rows));
  }

  function write(id) {
    const text = words.slice(0, selected).join("") + counted.words[id];
    input.area.value = text.slice(0, 500);
    words = [];
    selected = LONGEST + 1;
    read();
    said.textContent = `Wrote \u201c${visible(toBytes(counted.words[id]))}\u201d.`;
    row.chips.at(-1).focus();
  }

  function draw(times) {
    let text = words.join("");
    let wrote = 0;
    let end = "";
    for (; wrote < times && cutWords(text).length < LONGEST; wrote++) {
      const p = counted.probabilities([END, ...counted.encode(text)], order.value, smoothing.value);
      if (!p) {
        end = " Counts alone cannot go on from here.";
        break;
      }
      p[UNKNOWN] = 0;
      let u = dice() * p.reduce((sum, chance) => sum + chance, 0);
      let id = 0;
      while (id < p.length - 1 && u >= p[id]) u -= p[id++];
      if (id === END) {
        end = " The model ends the page here.";
        break;
      }
      text += counted.words[id];
    }
    input.area.value = text;
    words = [];
    selected = LONGEST + 1;
    read();
    said.textContent = `Drew ${plural(wrote, "word")}.${end}`;
  }

  read();
  return () => {};
}

export default { render };
