// A sentence with two candidates in a pronoun's place: the nats of every word under each, and both scores, word by word.
const DEEP = 6; // nats at which a word has the darkest colour

// "Ada thanked Bibi because [Ada / Bibi] had helped." as its parts; null if it has no such place.
function partsOf(text) {
  const found = /^([^[]*)\[([^[\]/]*)\/([^[\]/]*)\](.*)$/s.exec(text);
  if (!found) return null;
  const [before, one, two, rest] = found.slice(1).map((part) => part.trim());
  if (!one || !two || !rest) return null;
  const gap = before ? " " : "";
  return { before, candidates: [gap + one, gap + two], rest: /^[.,;:!?']/.test(rest) ? rest : ` ${rest}` };
}

const joined = ({ before, candidates: [one, two], rest }) => `${before} [${one.trim()} / ${two.trim()}]${rest}`.trim();

// The same with the two in each other's place before the pronoun's place.
function switched(parts) {
  const names = parts.candidates.map((one) => one.trim());
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const either = new RegExp(`(?<![\\p{L}\\p{N}])(${names.map(escape).join("|")})(?![\\p{L}\\p{N}])`, "giu");
  const small = names.map((name) => name.toLowerCase());
  const turned = parts.before.replace(either, (found) => names[1 - small.indexOf(found.toLowerCase())] ?? found);
  return { ...parts, before: turned && turned[0].toUpperCase() + turned.slice(1) };
}

// Tokens after one another as words: a token that begins with a blank begins a word.
function wordsOf(tokenizer, ids, nats) {
  const words = [];
  ids.forEach((id, i) => {
    const bytes = [...tokenizer.bytes(id)];
    if (!words.length || bytes[0] === 32) words.push({ bytes: [], nats: 0 });
    words.at(-1).bytes.push(...bytes);
    words.at(-1).nats += nats[i];
  });
  return words;
}

// For each candidate the words of the whole sentence with their nats, and the place of the candidate among them.
function scoreSchema(gpt, tokenizer, { before, candidates, rest }) {
  const cache = gpt.newCache();
  const begin = tokenizer.encode(before);
  const ends = candidates.map((one) => [tokenizer.encode(one), tokenizer.encode(rest)]);
  const longest = 1 + begin.length + Math.max(...ends.map(([one, end]) => one.length + end.length));
  if (longest > gpt.n_positions + 1) return null;
  let logits = null;
  const cost = (id) => {
    let top = -Infinity;
    for (const z of logits) top = Math.max(top, z);
    let sum = 0;
    for (const z of logits) sum += Math.exp(z - top);
    return top + Math.log(sum) - logits[id];
  };
  const read = (ids) =>
    ids.map((id) => {
      const nats = cost(id);
      if (cache.ids.length < gpt.n_positions) {
        gpt.step(cache, id);
        logits = gpt.logits();
      }
      return nats;
    });
  gpt.step(cache, tokenizer.eot);
  logits = gpt.logits();
  const first = wordsOf(tokenizer, begin, read(begin));
  const held = [cache.ids.length, logits];
  return ends.map(([one, end]) => {
    cache.ids.length = held[0];
    logits = held[1];
    const named = { bytes: one.flatMap((id) => [...tokenizer.bytes(id)]), nats: read(one).reduce((a, b) => a + b, 0) };
    return { words: [...first, named, ...wordsOf(tokenizer, end, read(end))], place: first.length };
  });
}

// Sums over the first n words of one of them: all words, and those after the candidate.
function sumsAt({ words, place }, n) {
  const add = (some) => some.reduce((sum, word) => sum + word.nats, 0);
  return { full: add(words.slice(0, n)), partial: add(words.slice(place + 1, Math.max(n, place + 1))) };
}

function render({ model, el }) {
  const body = card(
    el,
    "A schema, word by word",
    "Write a sentence with two candidates in the pronoun\u2019s place, [this / that]. The more color, the less expected.",
  );
  const truth = h("p", { class: "mg-note" });
  const type = (text, said) => {
    const area = body.querySelector("textarea");
    area.value = text;
    area.dispatchEvent(new Event("input"));
    truth.textContent = said;
  };
  const examples = model.get("examples").map(([name, text, answer]) =>
    button(name, () => type(text, `On the page it is ${answer}.`)),
  );
  if (examples.length)
    body.append(h("div", { class: "mg-row", role: "group", "aria-label": "Schemas of tinyweb" }, examples), truth);
  const text = { value: model.get("text"), rows: 3, maxlength: 500 };
  const stop = modelFigure(body, model, text, (place, both, input) => schemaFigure(place, both, input, type));
  body.querySelector("textarea").addEventListener("input", () => {
    truth.textContent = "";
  });
  return stop;
}

function schemaFigure(body, { model: gpt, tokenizer }, input, type) {
  let parts = null;
  let found = null;
  let at = Infinity;

  const wrong = h("p", { class: "mg-note mg-wrong", role: "status" });
  const turn = button("Switch the two in the sentence", () => parts && type(joined(switched(parts)), ""));
  const reach = slider("Words read", { min: 0, max: 1, value: 1, say: (n) => plural(n, "word") }, (n) => {
    at = n;
    show();
  });
  const rows = [0, 1].map((i) => ({
    name: h("p", { class: "mg-sub" }),
    row: tokenRow(`The sentence with candidate ${i + 1}`, (w, how) => how !== "hover" && move(w + 1)),
  }));
  const sums = h("div", { class: "mg-scores" });
  const chart = plot("Lead of the first candidate");
  const key = h("div", { class: "mg-key" }, keyLine("full", HUES[0], ""), keyLine("partial", HUES[1], DASHES[1]));
  const said = liveText();
  const view = h(
    "div",
    { class: "mg-schema" },
    h("div", { class: "mg-row" }, reach.node, turn),
    ...rows.flatMap(({ name, row }) => [name, row.node]),
    h("div", { class: "mg-columns" }, sums, h("div", {}, chart.node, key)),
    said,
  );
  body.append(wrong, view);

  function use(both) {
    gpt = both.model;
    tokenizer = both.tokenizer;
    read();
  }

  function read() {
    parts = partsOf(input.value);
    found = parts && scoreSchema(gpt, tokenizer, parts);
    view.hidden = !found;
    wrong.textContent = !parts
      ? "Put two candidates in the pronoun\u2019s place, like this: Ada thanked Bibi because [Ada / Bibi] had helped."
      : found
        ? ""
        : `This is longer than the ${gpt.n_positions} tokens that the model can read.`;
    if (!found) return;
    const n = found[0].words.length;
    at = Math.min(at, n);
    reach.set(at, { max: n });
    rows.forEach(({ name, row }, i) => {
      name.textContent = `with \u201c${parts.candidates[i].trim()}\u201d`;
      row.show(
        found[i].words.map(({ bytes, nats }) => {
          const word = Uint8Array.from(bytes[0] === 32 ? bytes.slice(1) : bytes);
          return { bytes: word, title: `${nats.toFixed(2)} nats`, say: `${visible(word)}, ${nats.toFixed(1)} nats` };
        }),
      );
    });
    show();
  }

  function move(n) {
    if (n === at) return;
    at = n;
    reach.set(at);
    show();
  }

  function show() {
    const lead = (n) => {
      const [one, two] = found.map((one) => sumsAt(one, n));
      return { full: two.full - one.full, partial: two.partial - one.partial };
    };
    rows.forEach(({ row }, i) => {
      row.mark(at - 1);
      if (!at) row.chips[0].tabIndex = 0;
      row.chips.forEach((chip, w) => {
        const share = Math.min(1, found[i].words[w].nats / DEEP);
        // At most 48 %, so that the word can be read on it, in the dark as well.
        chip.style.background =
          w < at ? `color-mix(in oklab, var(--mg-blue) ${Math.round(48 * share)}%, var(--mg-soft))` : "";
        chip.classList.toggle("mg-later", w >= at);
        chip.classList.toggle("mg-named", w === found[i].place);
      });
    });
    const names = parts.candidates.map((one) => one.trim());
    const totals = found.map((one) => sumsAt(one, at));
    const { full, partial } = lead(at);
    const number = (v) => v.toFixed(2);
    const signed = (v) => `${v < 0 ? "\u2212" : "+"}${Math.abs(v).toFixed(2)}`;
    sums.replaceChildren(
      table(
        ["nats so far", "full", "partial"],
        totals.map((one, i) => [`with \u201c${names[i]}\u201d`, number(one.full), number(one.partial)]),
        [`lead of \u201c${names[0]}\u201d`, signed(full), signed(partial)],
      ),
    );
    const choice = (v) => (v === 0 ? "neither" : `\u201c${names[v > 0 ? 0 : 1]}\u201d`);
    const done = at === found[0].words.length;
    said.textContent =
      `${done ? "At the end" : "So far"}: full scoring is for ${choice(full)}, ` +
      (at > found[0].place + 1 ? `partial scoring for ${choice(partial)}.` : "partial scoring has not begun.");
    draw(lead);
  }

  function draw(lead) {
    const steps = Array.from({ length: found[0].words.length + 1 }, (_, n) => [n, lead(n)]);
    const many = Array(12).fill([NaN, NaN]); // so that no dots are drawn
    const line = (how) => [...steps.map(([n, one]) => [n, one[how]]), ...many];
    const here = steps[at][1];
    chart.draw({
      series: [
        { points: [[0, 0], [steps.length - 1, 0], ...many], hue: "--mg-grey", faint: true },
        { points: line("full"), hue: HUES[0] },
        { points: line("partial"), hue: HUES[1], dash: DASHES[1] },
      ],
      xlabel: "words read",
      ylabel: `nats by which \u201c${parts.candidates[0].trim()}\u201d leads`,
      cursor: {
        x: at,
        at: [
          { value: here.full, hue: HUES[0] },
          { value: here.partial, hue: HUES[1] },
        ],
      },
      height: 210,
      say: `Lead of the first candidate after ${plural(at, "word")}: full ${here.full.toFixed(2)}, partial ${here.partial.toFixed(2)} nats`,
    });
  }

  read();
  const ends = redraw(chart.node, () => found && show());
  return { typed: read, use, stop: ends };
}

export default { render };
