// Two texts side by side, marked where they share n-grams of normalised words, as minigpt.memorization counts them.

// The words of a text as [word, start, end]: lower-case letters and digits, and where they stand in the text.
function placedWords(text) {
  const lower = text.toLowerCase();
  const find = (string) => [...string.matchAll(/[\p{L}\p{N}]+/gu)];
  if (lower.length === text.length) return find(lower).map((m) => [m[0], m.index, m.index + m[0].length]);
  // A few letters become two when they are made small: then word by word.
  return find(text).flatMap((m) =>
    find(m[0].toLowerCase()).map((part) => [part[0], m.index, m.index + m[0].length]),
  );
}

const ngramsOf = (words, n) =>
  Array.from({ length: Math.max(0, words.length - n + 1) }, (_, i) =>
    words
      .slice(i, i + n)
      .map(([word]) => word)
      .join(" "),
  );

// Which n-grams of a text are known, and which of its words are in one of them.
function compareWith(words, known, n) {
  const hits = ngramsOf(words, n).map((gram) => known.has(gram));
  const covered = words.map(() => false);
  hits.forEach((hit, i) => hit && covered.fill(true, i, i + n));
  return { hits, covered };
}

// The stretches of n-grams that were found, in words, the longest first.
function runsOf(words, hits, n) {
  const runs = [];
  for (let i = 0; i < hits.length; i++) {
    const start = i;
    while (hits[i]) i++;
    if (i > start)
      runs.push(
        words
          .slice(start, i + n - 1)
          .map(([word]) => word)
          .join(" "),
      );
  }
  return runs.sort((a, b) => b.split(" ").length - a.split(" ").length);
}

// A text with <mark> around the words that are covered, neighbours together.
function marked(text, words, covered) {
  const parts = [];
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    if (!covered[i]) continue;
    const start = words[i][1];
    while (covered[i + 1]) i++;
    parts.push(text.slice(at, start), h("mark", {}, text.slice(start, words[i][2])));
    at = words[i][2];
  }
  return [...parts, text.slice(at)];
}

function render({ model, el }) {
  const body = card(
    el,
    "Was it in the training text?",
    "Change either text, or n: what is marked stands in both, n words at a time.",
  );
  const draw = perFrame(() => show());
  const size = slider("n, words", { min: 1, max: 13, value: model.get("n"), say: (n) => plural(n, "word") }, draw);
  const train = textbox("Training text", model.get("train"), draw, { rows: 7, maxlength: 20000 });
  const test = textbox("Your text", model.get("text"), draw, { rows: 7, maxlength: 20000 });
  const facts = h("dl", { class: "mg-facts" });
  const views = [
    ["The training text, marked", h("p", { class: "mg-panel mg-marked", tabindex: 0 })],
    ["Your text, marked", h("p", { class: "mg-panel mg-marked", tabindex: 0 })],
  ];
  views.forEach(([name, view]) => {
    view.setAttribute("role", "group");
    view.setAttribute("aria-label", name);
  });
  const said = liveText();
  body.append(
    h("div", { class: "mg-row" }, size.node),
    h("div", { class: "mg-columns" }, train.node, test.node),
    facts,
    h(
      "div",
      { class: "mg-columns" },
      views.map(([name, view]) => h("div", {}, h("p", { class: "mg-sub" }, name), view)),
    ),
    said,
  );

  function show() {
    const n = size.value;
    const [known, asked] = [train, test].map((box) => placedWords(box.value));
    const ours = compareWith(asked, new Set(ngramsOf(known, n)), n);
    const theirs = compareWith(known, new Set(ngramsOf(asked, n)), n);
    views[0][1].replaceChildren(...marked(train.value, known, theirs.covered));
    views[1][1].replaceChildren(...marked(test.value, asked, ours.covered));
    const found = ours.hits.filter(Boolean).length;
    const runs = runsOf(asked, ours.hits, n);
    const fact = (value, name) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    facts.replaceChildren(
      fact(count(ours.hits.length), `${n}-grams in your text`),
      fact(count(found), "of them in the training text"),
      fact(ours.hits.length ? `${((100 * found) / ours.hits.length).toFixed(1)} %` : "\u2013", "overlap"),
      fact(runs.length ? count(runs[0].split(" ").length) : "0", "words in the longest run"),
    );
    said.textContent = !ours.hits.length
      ? `Your text has fewer than ${plural(n, "word")}, so nothing can be said of it.`
      : runs.length
        ? `The longest run: ${runs[0]}`
        : "The two texts share nothing of that length.";
  }
  show();
}

export default { render };
