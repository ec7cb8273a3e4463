// Byte pair encoding, merge by merge, on a small text.
const countPairs = (words) => {
  const counts = new Map();
  for (const { ids, times } of words)
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = pairKey(ids[i], ids[i + 1]);
      counts.set(key, (counts.get(key) ?? 0) + times);
    }
  return counts;
};

// Among the pairs that are met most often, the one with the smaller ids wins: first id first, then second. In pairKey's order.
function bestPairs(counts) {
  return [...counts].sort(([a, m], [b, n]) => n - m || a - b);
}

// Every state from no merge to the last: {words, ranked pairs, pair merged}. Fewer steps when no pair is left.
function trainSteps(text, most, categories) {
  const times = new Map();
  for (const word of splitWords(text, categories)) times.set(word, (times.get(word) ?? 0) + 1);
  let words = [...times].map(([word, n]) => ({ word, times: n, ids: Array.from(toBytes(word), (b) => ID_OF_BYTE[b]) }));
  const steps = [{ words, ranked: bestPairs(countPairs(words)), pair: null }];
  while (steps.length <= most) {
    const top = steps.at(-1).ranked[0];
    if (!top) break;
    const pair = [Math.floor(top[0] / 65536), top[0] % 65536];
    const fresh = 255 + steps.length;
    words = words.map((word) => ({ ...word, ids: mergePair(word.ids, pair[0], pair[1], fresh) }));
    steps.push({ words, ranked: bestPairs(countPairs(words)), pair, times: top[1] });
  }
  return steps;
}

function render({ model, el }) {
  const body = card(
    el,
    "Byte pair encoding, merge by merge",
    "Which pair is merged next? Guess from the table, then press Step.",
  );
  let steps = [];
  let bpe = null;
  let now = model.get("start");
  let timer = null;

  const input = textbox(
    "Training text",
    model.get("text"),
    perFrame(() => {
      pause();
      train();
    }),
    { rows: 3, maxlength: 1500 },
  );
  const rule = checkbox("words first: no merge across letters, digits, other signs", model.get("categories"), () => {
    pause();
    train();
  });
  const place = slider("Merges", { min: 0, max: 1, value: 0 }, (value) => {
    pause();
    show(value);
  });
  const back = button("\u2190 Back", () => {
    pause();
    show(now - 1);
  });
  const step = button(
    "Step \u2192",
    () => {
      pause();
      show(now + 1);
    },
    { class: "mg-button mg-main" },
  );
  const play = button("Play", () => (timer === null ? start() : pause()));
  const said = liveText();
  const row = h("div", { class: "mg-tokens", role: "group", "aria-label": "The text, in tokens", tabindex: 0 });
  const pairs = h("div", { class: "mg-scroll" });
  const vocabulary = h("div", {
    class: "mg-tokens",
    role: "list",
    "aria-label": "Tokens made so far, in order",
    tabindex: 0,
  });
  const chart = plot("Bytes a token against merges");
  body.append(
    input.node,
    rule.node,
    h("div", { class: "mg-row" }, back, step, play, place.node),
    said,
    row,
    h(
      "div",
      { class: "mg-columns" },
      h("div", {}, h("p", { class: "mg-sub" }, "Pairs of neighbours, most frequent first"), pairs),
      h("div", {}, h("p", { class: "mg-sub" }, "New tokens, after the 256 bytes"), vocabulary, chart.node),
    ),
  );

  function start() {
    play.textContent = "Pause";
    if (now >= steps.length - 1) show(0);
    timer = setInterval(() => (now < steps.length - 1 ? show(now + 1) : pause()), 700);
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  function train() {
    steps = trainSteps(input.value, model.get("merges"), rule.value);
    bpe = new Bpe(Uint16Array.from(steps.slice(1).flatMap(({ pair }) => pair)));
    show(Math.min(now, steps.length - 1));
  }

  function tokensAt(k) {
    const byWord = new Map(steps[k].words.map(({ word, ids }) => [word, ids]));
    return splitWords(input.value, rule.value).flatMap((word, w) =>
      byWord.get(word).map((id, part) => ({ id, w, part })),
    );
  }

  function show(k) {
    now = Math.min(Math.max(k, 0), steps.length - 1);
    const tokens = tokensAt(now);
    const fresh = now ? 255 + now : -1;
    place.set(now, { max: steps.length - 1 });
    back.disabled = now === 0;
    step.disabled = now === steps.length - 1;
    row.replaceChildren(
      ...tokens.map(({ id, w, part }) =>
        h(
          "span",
          {
            title: `id ${id}`,
            class: `mg-token ${id === fresh ? "mg-new" : `mg-tint${w % 5}`}${part ? " mg-joined" : ""}`,
          },
          showToken(bpe.bytes(id)),
        ),
      ),
    );
    drawPairs();
    vocabulary.replaceChildren(
      ...steps
        .slice(1, now + 1)
        .map((_, i) =>
          h(
            "span",
            { role: "listitem", title: `id ${256 + i}`, class: `mg-token${256 + i === fresh ? " mg-new" : ""}` },
            showToken(bpe.bytes(256 + i)),
          ),
        ),
    );
    vocabulary.scrollTop = vocabulary.scrollHeight;
    drawChart();
    const bytes = toBytes(input.value).length;
    said.textContent =
      (now
        ? `Merge ${now}: \u201c${visible(bpe.bytes(steps[now].pair[0]))}\u201d + \u201c${visible(bpe.bytes(steps[now].pair[1]))}\u201d, ` +
          `met ${plural(steps[now].times, "time")}, become token ${fresh}. `
        : "No merge yet: every token is one byte. ") +
      `${plural(tokens.length, "token")} for ${plural(bytes, "byte")}, vocabulary ${256 + now}.` +
      (now === steps.length - 1
        ? now === model.get("merges")
          ? " That was the last merge of this figure."
          : " No pair is left."
        : "");
  }

  function drawPairs() {
    const ranked = steps[now].ranked.slice(0, 8);
    const top = ranked[0]?.[1] ?? 0;
    const tied = steps[now].ranked.filter(([, n]) => n === top).length;
    const last = now === steps.length - 1;
    pairs.replaceChildren(
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["pair", "count", ""].map((name) =>
              h("th", { scope: "col" }, name || h("span", { class: "mg-hidden" }, "place")),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          ranked.map(([key, n], i) =>
            h(
              "tr",
              { class: i === 0 && !last ? "mg-won" : null },
              h(
                "th",
                { scope: "row" },
                [Math.floor(key / 65536), key % 65536].map((id) =>
                  h("span", { class: "mg-piece" }, showToken(bpe.bytes(id))),
                ),
              ),
              h("td", {}, h("span", { class: "mg-meter", style: `width:${Math.round((64 * n) / top)}px` }), String(n)),
              h("td", {}, i === 0 && !last ? "next" : n === top ? "tie" : ""),
            ),
          ),
        ),
      ),
      h(
        "p",
        { class: "mg-note" },
        tied > 1 && !last
          ? `${tied} pairs are met ${plural(top, "time")}. The tie goes to the pair with the smaller ids.`
          : `${plural(steps[now].ranked.length, "different pair")} in all.`,
      ),
    );
  }

  function drawChart() {
    const bytes = toBytes(input.value).length;
    const points = steps.map(({ words }, k) => [
      k,
      bytes /
        Math.max(
          1,
          words.reduce((n, { ids, times }) => n + times * ids.length, 0),
        ),
    ]);
    chart.draw({
      series: [{ points }],
      xlabel: "merges",
      ylabel: "bytes a token",
      height: 170,
      zero: true,
      cursor: points.length ? { x: now, at: [{ value: points[now][1], hue: "--mg-red" }] } : null,
      say: `Bytes a token: ${points[0][1].toFixed(2)} with no merge, ${points.at(-1)[1].toFixed(2)} after ${points.length - 1}`,
    });
  }

  train();
  const stop = redraw(body, drawChart);
  return () => {
    pause();
    stop();
  };
}

export default { render };
