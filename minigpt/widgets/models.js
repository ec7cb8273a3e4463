// The book's models in a figure: which of them it shows, and the loading of weights when the reader asks for them.
const MODEL = "tinyweb-"; // an asset's name is this and a size
const megabytes = (n) => `${n.toFixed(1)} MB`;

// A text box and a choice of models, over a figure that make(place, both, input) builds when the first model is here.
// That returns {typed, use, stop}: what a new text, another model, and the end call. Returns what ends all.
function modelFigure(body, widget, text, make) {
  const sizes = widget.get("sizes");
  const names = Object.keys(sizes).map((size) => MODEL + size);
  const says = (name) => {
    const size = name.slice(MODEL.length);
    return size in sizes ? `${size} (${megabytes(sizes[size])})` : "the model";
  };
  let figure = null;
  let wanted = widget.get("model");
  let shown = wanted;
  let ended = false;
  const input = textbox("Your text", text.value, perFrame(() => (figure ? figure.typed() : load())), text);
  const pick = choice(
    "Model",
    names.map((name) => [name, says(name)]),
    wanted,
    (name) => {
      wanted = name;
      load();
    },
  );
  const start = button(`Load ${says(wanted)}`, load, { class: "mg-button mg-main" });
  const note = h("p", { class: "mg-note", "aria-live": "polite" });
  const place = h("div", { class: "mg-place" });
  body.append(...(names.length ? [pick.node] : []), input.node, h("div", { class: "mg-row" }, start, note), place);

  function load() {
    const name = wanted;
    note.textContent = `Loading ${says(name)} ...`;
    note.classList.remove("mg-wrong");
    loadAsset(name, widget).then(
      (asset) => name === wanted && !ended && use(name, openModel(asset)),
      (error) => name === wanted && fail(error),
    );
  }

  function use(name, both) {
    const { n_layer, n_head, n_embd: width, n_positions } = both.model;
    shown = name;
    if (figure) figure.use(both);
    else {
      if (start.contains(document.activeElement)) input.area.focus();
      start.remove();
      figure = make(place, both, input);
    }
    note.textContent = `${plural(n_layer, "layer")} of ${plural(n_head, "head")}, ${width} wide, context ${n_positions}.`;
  }

  function fail(error) {
    note.textContent = error.message;
    note.classList.add("mg-wrong");
    wanted = shown;
    pick.set(shown);
  }

  if (!names.length || globalThis.minigptLoading?.[wanted]) load();
  return () => {
    ended = true;
    figure?.stop();
  };
}
