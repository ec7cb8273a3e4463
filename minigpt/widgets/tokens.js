// GPT-2's own tokenizer on the reader's text.
const SHOWN = 800;

function render({ model, el }) {
  const body = card(
    el,
    "GPT-2\u2019s tokenizer",
    "Type anything. Each box is one token; point at one, or use the arrow keys, to see how it was merged.",
  );
  let stop = () => {};
  withAsset(body, "gpt2", model, ({ buffers }) => {
    stop = tokensFigure(body, new Bpe(new Uint16Array(buffers[0])), model);
  });
  return () => stop();
}

function tokensFigure(body, bpe, model) {
  let tokens = [];
  let selected = 0;
  const input = textbox(
    "Your text",
    model.get("text"),
    perFrame(() => update()),
    { rows: 3, maxlength: 20000 },
  );
  const facts = h("dl", { class: "mg-facts" });
  const row = tokenRow("Tokens", (i) => select(i));
  const note = h("p", { class: "mg-note" });
  const detail = h("div", { class: "mg-panel" });
  body.append(input.node, h("div", { role: "status", "aria-live": "polite" }, facts), row.node, note, detail);

  function update() {
    const text = input.value;
    tokens = bpe.split(text).flatMap((word, w) => bpe.encodeWord(word).map((id, part) => ({ id, word, w, part })));
    const bytes = toBytes(text).length;
    const fact = (value, name) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    facts.replaceChildren(
      fact(count(tokens.length), "tokens"),
      fact(count([...text].length), "characters"),
      fact(count(bytes), "bytes"),
      fact(tokens.length ? (bytes / tokens.length).toFixed(2) : "\u2013", "bytes a token"),
    );
    row.show(
      tokens.slice(0, SHOWN).map(({ id, w }, i) => {
        const bytesOf = bpe.bytes(id);
        return {
          bytes: bytesOf,
          className: `mg-tint${i % 5}${i && tokens[i - 1].w === w ? " mg-joined" : ""}`,
          title: `id ${id}`,
          say: `${sayToken(bytesOf)}, id ${id}`,
        };
      }),
    );
    note.textContent =
      tokens.length > SHOWN
        ? `The first ${count(SHOWN)} of ${count(tokens.length)} tokens are drawn; the counts are of all.`
        : "";
    select(Math.min(selected, Math.min(tokens.length, SHOWN) - 1));
  }

  function select(i) {
    selected = Math.max(i, 0);
    row.mark(selected);
    detail.replaceChildren(...(tokens.length ? tokenHistory(bpe, tokens[selected]) : ["No text, no tokens."]));
  }
  update();
  return () => {};
}

// How the word of a token came to be: its bytes, then one line a merge, each with the merge's place in the vocabulary.
function tokenHistory(bpe, { id, word, part }) {
  const pieces = (ids, fresh) =>
    h(
      "span",
      { class: "mg-pieces" },
      ids.map((piece) =>
        h("span", { class: `mg-piece${piece === fresh ? " mg-new" : ""}` }, showToken(bpe.bytes(piece))),
      ),
    );
  const lines = [
    h(
      "li",
      {},
      h("span", { class: "mg-step" }, "bytes"),
      pieces(
        Array.from(toBytes(word), (b) => ID_OF_BYTE[b]),
        -1,
      ),
    ),
  ];
  let merges = 0;
  const ids = bpe.encodeBytes(toBytes(word).slice(0, 400), (now, rank) => {
    merges++;
    if (merges <= 40)
      lines.push(h("li", {}, h("span", { class: "mg-step" }, `merge ${count(rank + 1)}`), pieces(now, 256 + rank)));
  });
  const origin = id < 256 ? "one of the 256 bytes" : `made by merge ${count(id - 255)} of 50,000`;
  return [
    h(
      "p",
      {},
      h("strong", {}, `Token ${id}`),
      ` (${origin}), part ${part + 1} of ${ids.length} of the word `,
      h("span", { class: "mg-piece" }, showToken(toBytes(word.slice(0, 60)))),
      `: ${plural(merges, "merge")}`,
    ),
    h("ol", { class: "mg-history", tabindex: 0, "aria-label": "Merges of this word" }, lines),
  ];
}

export default { render };
