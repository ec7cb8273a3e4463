// A Bloom filter of a few hundred bits, filled with the words of the reader's text, one after another. Hashes and
// places are those of minigpt.memorization.bloom.
const GAMMA = 0x9e3779b97f4a7c15n;
const BASE = 0x2545f4914f6cdd1dn;
const ALL = 2n ** 64n;
const STRANGERS = 2000;
const MOST_ROWS = 10;
const u64 = (x) => BigInt.asUintN(64, x);

function scramble(x) {
  let z = u64(x + GAMMA);
  z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

// The hash of a string: its code points as a polynomial in BASE, scrambled.
const values = new Map();
function hashKey(key) {
  let sum = 0n;
  let power = 1n;
  for (const char of key) {
    if (!values.has(char)) values.set(char, scramble(BigInt(char.codePointAt(0))));
    sum = u64(sum + values.get(char) * power);
    power = u64(power * BASE);
  }
  return scramble(sum);
}

// The bit of a key in a row.
const FACTORS = Array.from({ length: MOST_ROWS }, (_, row) => scramble(BigInt(row)) | 1n);
const place = (hash, row, bits) => Number(u64(hash * FACTORS[row]) / (ALL / BigInt(bits) + 1n));

// What keys do to a filter, row by row: which key set each bit first; Infinity for a bit that stays 0.
function fillRows(hashes, rows, bits) {
  return Array.from({ length: rows }, (_, row) => {
    const setBy = new Array(bits).fill(Infinity);
    hashes.forEach((hash, i) => {
      const at = place(hash, row, bits);
      setBy[at] = Math.min(setBy[at], i);
    });
    return setBy;
  });
}

// After which key a stranger passes: that which set the last of its bits.
const passesAt = (filled, hash) => Math.max(...filled.map((setBy, row) => setBy[place(hash, row, setBy.length)]));
const onesOf = (setBy, n) => setBy.filter((i) => i < n).length;
const formula = (keys, rows, bits) => (1 - (1 - 1 / bits) ** keys) ** rows;
const wordsOf = (text) => [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])];

function render({ model, el }) {
  const body = card(
    el,
    "A Bloom filter, bit by bit",
    "The words of your text go in one by one. Then ask for any word, also for one that never went in.",
  );
  return bloomFigure(body, model);
}

function bloomFigure(body, model) {
  const strangers = Array.from({ length: STRANGERS }, (_, i) => hashKey(`stranger ${i}`));
  let words = [];
  let hashes = [];
  let filled = []; // with all words; those that went in are the first few
  let passing = []; // of each stranger, after which word it passes
  const text = textbox("Your text", model.get("text"), perFrame(() => read()), { rows: 3, maxlength: 3000 });
  const queue = perFrame(() => show());
  const again = perFrame(() => fill());
  const rows = slider("Rows (hash functions)", { min: 1, max: MOST_ROWS, value: model.get("rows") }, again);
  const bits = slider("Bits a row", { min: 8, max: 96, step: 8, value: model.get("bits") }, again);
  const added = slider("Words that went in", { min: 0, max: 1, value: 0, say: (n) => plural(n, "word") }, queue);
  const next = button("Add the next word", () => {
    added.set(Math.min(added.value + 1, words.length));
    show();
  });
  const asked = h("input", { type: "text", maxlength: 60, spellcheck: "false", autocapitalize: "off", oninput: queue });
  asked.value = model.get("ask");
  const stranger = button("Find a word that passes", () => findStranger());
  const facts = h("dl", { class: "mg-facts" });
  const grid = h("div", { class: "mg-bits" });
  const verdict = liveText();
  const chart = plot("Error rate by the number of words");
  body.append(
    text.node,
    h("div", { class: "mg-row" }, rows.node, bits.node),
    h("div", { class: "mg-row" }, added.node, next),
    grid,
    h("div", { class: "mg-row" }, h("label", { class: "mg-field" }, h("span", {}, "Ask for"), asked), stranger),
    verdict,
    facts,
    h(
      "div",
      { class: "mg-key" },
      keyLine("by the formula", HUES[0], ""),
      keyLine(`measured: of ${count(STRANGERS)} words that never went in`, HUES[1], DASHES[1]),
    ),
    chart.node,
  );

  function read() {
    words = wordsOf(text.value);
    hashes = words.map(hashKey);
    added.set(Math.min(added.value, words.length), { max: Math.max(1, words.length) });
    fill();
  }

  function fill() {
    filled = fillRows(hashes, rows.value, bits.value);
    passing = strangers.map((hash) => passesAt(filled, hash));
    show();
  }

  const errorAfter = (n) => passing.filter((i) => i < n).length / STRANGERS;

  // The first made-up word, among a good many, that is taken for one that went in.
  function findStranger() {
    const found = passing.findIndex((i) => i < added.value);
    if (found >= 0) asked.value = `stranger ${found}`;
    show();
    if (found < 0) verdict.textContent = `None of ${count(STRANGERS)} strangers passes. Add words, or take bits away.`;
  }

  function show() {
    const n = Math.min(added.value, words.length);
    next.disabled = n >= words.length;
    drawBits(n);
    const key = asked.value.trim().toLowerCase();
    verdict.textContent = key ? judge(key, n) : "";
    const ones = filled.reduce((sum, setBy) => sum + onesOf(setBy, n), 0);
    const fact = (value, name) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    facts.replaceChildren(
      fact(count(n), "words went in"),
      fact(percent(ones / (rows.value * bits.value)), "of the bits are 1"),
      fact(percentOf(formula(n, rows.value, bits.value)), "error by the formula"),
      fact(percentOf(errorAfter(n)), "error measured"),
      fact(n ? ((rows.value * bits.value) / n).toFixed(1) : "\u2013", "bits a word"),
    );
    drawChart(n);
  }

  function judge(key, n) {
    const went = words.slice(0, n).includes(key);
    const places = filled.map((setBy, row) => place(hashKey(key), row, setBy.length));
    const zeros = places.filter((at, row) => filled[row][at] >= n).length;
    const its = plural(rows.value, "bit");
    if (went) return `\u201c${key}\u201d went in, so all of its ${its} are 1. It is never missed.`;
    if (zeros) return `\u201c${key}\u201d never went in: ${zeros} of its ${its} ${zeros === 1 ? "is" : "are"} 0.`;
    const by = [...new Set(places.map((at, row) => words[filled[row][at]]))].map((word) => `\u201c${word}\u201d`);
    return `\u201c${key}\u201d passes and never went in. Its bits were set by ${by.join(", ")}: a false alarm.`;
  }

  function drawBits(n) {
    const key = asked.value.trim().toLowerCase();
    const hash = key ? hashKey(key) : null;
    const newest = n ? hashes[n - 1] : null;
    grid.replaceChildren(
      ...filled.map((setBy, row) => {
        const ours = hash === null ? -1 : place(hash, row, setBy.length);
        const last = newest === null ? -1 : place(newest, row, setBy.length);
        const ones = onesOf(setBy, n);
        return h(
          "div",
          { class: "mg-bitrow", role: "img", "aria-label": `row ${row + 1}: ${ones} of ${setBy.length} bits are 1` },
          setBy.map((i, at) =>
            h("i", {
              class: `${i < n ? "mg-one" : ""} ${at === last ? "mg-last" : ""} ${at === ours ? "mg-asked" : ""}`,
              title: i < n ? `1, set by \u201c${words[i]}\u201d` : "0",
            }),
          ),
        );
      }),
    );
  }

  function drawChart(n) {
    const steps = Array.from({ length: words.length + 1 }, (_, i) => i);
    chart.draw({
      series: [
        { points: steps.map((i) => [i, 100 * formula(i, rows.value, bits.value)]), hue: HUES[0] },
        { points: steps.map((i) => [i, 100 * errorAfter(i)]), hue: HUES[1], dash: DASHES[1] },
      ],
      xlabel: "words that went in",
      ylabel: "error in %",
      zero: true,
      cursor: { x: n, at: [{ value: 100 * errorAfter(n), hue: HUES[1] }] },
      height: 200,
      say: `With ${plural(words.length, "word")} the formula says ${percentOf(formula(words.length, rows.value, bits.value))}.`,
    });
  }

  read();
  added.set(Math.min(model.get("added"), words.length));
  show();
  return redraw(body, queue);
}

// Error rates are small: two digits that count.
const percentOf = (p) => (p === 0 ? "0 %" : `${Number((100 * p).toPrecision(2))} %`);

export default { render };
