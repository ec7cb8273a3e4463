// What every figure shares: building the page, controls, colours, loading of assets, showing of tokens.
const SVG = "http://www.w3.org/2000/svg";

function build(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
const h = (tag, props = {}, ...children) => build(document.createElement(tag), props, children);
const svg = (tag, props = {}, ...children) => build(document.createElementNS(SVG, tag), props, children);

// The frame of a figure. Keys typed in it are its own: neither the notebook nor the page may take them for shortcuts.
function card(el, title, lead) {
  const body = h("div", { class: "mg-body" });
  const root = h(
    "div",
    { class: "mg", role: "group", "aria-label": title, "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "mg-head" }, h("span", { class: "mg-title" }, title), h("span", { class: "mg-lead" }, lead)),
    body,
  );
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);
  return body;
}

const liveText = () => h("p", { class: "mg-live", role: "status", "aria-live": "polite" });

const button = (text, onclick, props = {}) =>
  h("button", { type: "button", class: "mg-button", onclick, ...props }, text);

function slider(label, { min, max, step = 1, value, show = String, say = show }, onchange) {
  const input = h("input", { type: "range", min, max, step, value });
  const shown = h("span", { class: "mg-value", "aria-hidden": "true" });
  const paint = () => {
    shown.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", say(Number(input.value)));
  };
  input.addEventListener("input", () => {
    paint();
    onchange(Number(input.value));
  });
  paint();
  return {
    node: h("label", { class: "mg-field" }, h("span", {}, label), input, shown),
    get value() {
      return Number(input.value);
    },
    set(next, limits = {}) {
      for (const [key, limit] of Object.entries(limits)) input.setAttribute(key, limit);
      input.value = next;
      paint();
    },
  };
}

function checkbox(label, checked, onchange) {
  const input = h("input", { type: "checkbox", onchange: () => onchange(input.checked) });
  input.checked = checked;
  return {
    node: h("label", { class: "mg-check" }, input, h("span", {}, label)),
    get value() {
      return input.checked;
    },
    set(next) {
      input.checked = next;
    },
  };
}

function choice(label, options, value, onchange) {
  const name = `mg${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([key]) => h("input", { type: "radio", name, value: key, onchange: () => onchange(key) }));
  const set = (next) =>
    options.forEach(([key], i) => {
      inputs[i].checked = key === next;
    });
  set(value);
  return {
    node: h(
      "fieldset",
      { class: "mg-choice" },
      h("legend", {}, label),
      options.map(([, text], i) => h("label", {}, inputs[i], h("span", {}, text))),
    ),
    get value() {
      return inputs.find((input) => input.checked).value;
    },
    set,
  };
}

function textbox(label, value, oninput, { rows = 3, maxlength = 2000 } = {}) {
  const area = h("textarea", {
    rows,
    maxlength,
    spellcheck: "false",
    autocapitalize: "off",
    oninput: () => oninput(area.value),
  });
  area.value = value;
  return {
    node: h("label", { class: "mg-entry" }, h("span", {}, label), area),
    area,
    get value() {
      return area.value;
    },
  };
}

// A table of rows of cells; the first cell of each row names it.
function table(head, rows, foot = null) {
  const line = (cells, props = {}) =>
    h(
      "tr",
      props,
      cells.map((cell, i) => h(i ? "td" : "th", i ? {} : { scope: "row" }, cell)),
    );
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((cells) => line(cells)),
      foot && line(foot, { class: "mg-total" }),
    ),
  );
}

// At most one call a frame, however fast the reader types or drags.
function perFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

const count = (n) => Math.round(n).toLocaleString("en-US");
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;
const percent = (p) =>
  p >= 0.9995
    ? "100 %"
    : p >= 0.0995
      ? `${(100 * p).toFixed(0)} %`
      : p >= 0.001
        ? `${(100 * p).toFixed(1)} %`
        : "< 0.1 %";

// A small generator of random numbers in [0, 1) that a seed decides (mulberry32).
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

// The colour that a custom property has now, for canvases: a style sheet resolves it for everything else.
function colour(host, name) {
  const probe = h("i", { style: `display:none;color:var(${name})` });
  host.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// Calls draw when the page turns light or dark, and when the figure changes its width. Returns what ends that.
function redraw(host, draw) {
  const queue = perFrame(draw);
  const theme = new MutationObserver(queue);
  for (const node of [document.documentElement, document.body])
    theme.observe(node, { attributeFilter: ["data-theme", "data-jp-theme-light", "theme", "class"] });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", queue);
  const size = new ResizeObserver(queue);
  size.observe(host);
  return () => {
    theme.disconnect();
    size.disconnect();
    scheme.removeEventListener("change", queue);
  };
}

// Assets: {meta, buffers}. The built page has a script for each; in a notebook the kernel is asked. Kept once for the whole page.
function loadAsset(name, model) {
  const loading = (globalThis.minigptLoading ??= {});
  loading[name] ??= findAsset(name, model).then(({ meta, buffers }) => ({ meta, buffers: buffers.map(plainBuffer) }));
  loading[name].catch(() => {
    delete loading[name];
  });
  return loading[name];
}

async function findAsset(name, model) {
  const root = document.documentElement.dataset.content_root;
  const built = () => globalThis.minigptAssets?.[name];
  if (root !== undefined && !built() && !name.startsWith("own-"))
    await addScript(`${root}_static/generated/${name}.js`);
  return built() ?? askKernel(name, model, root === undefined ? 20000 : 2000);
}

function addScript(src) {
  return new Promise((resolve) => {
    const script = h("script", { src });
    script.onload = script.onerror = resolve;
    document.head.append(script);
  });
}

function askKernel(name, model, patience) {
  return new Promise((resolve, reject) => {
    const answer = (message, buffers) => {
      if (message?.type !== "asset" || message.name !== name) return;
      stop();
      if (message.error) reject(new Error(message.error));
      else resolve({ meta: message.meta, buffers });
    };
    const timer = setTimeout(() => {
      stop();
      reject(
        new Error(
          `This figure needs "${name}": a page of the built book has it in _static/generated/${name}.js, ` +
            "a running notebook sends it. Neither answered: run the cell above, or build the book again.",
        ),
      );
    }, patience);
    const stop = () => {
      clearTimeout(timer);
      model.off("msg:custom", answer);
    };
    model.on("msg:custom", answer);
    model.send({ type: "asset", name });
  });
}

// A page's script holds base64, a kernel sends views into a longer message: both become a buffer of their own.
function plainBuffer(data) {
  if (typeof data === "string") {
    const text = atob(data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes.buffer;
  }
  const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data);
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

// Fills the body when the asset is there; until then, and if it never comes, says so in the figure.
function withAsset(body, name, model, fill) {
  const note = h("p", { class: "mg-note", role: "status" }, "Loading ...");
  body.append(note);
  return loadAsset(name, model).then(
    (asset) => {
      note.remove();
      fill(asset);
    },
    (error) => {
      note.textContent = error.message;
      note.classList.add("mg-wrong");
    },
  );
}

// ---- Showing tokens ----
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const decodeOrNull = (bytes) => {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
};
const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");
const MARKS = new Map([
  [" ", "\u00b7"],
  ["\n", "\u21b5"],
  ["\t", "\u21e5"],
  ["\r", "\u240d"],
]);

// The parts of a token as [text, kind]: spaces as dots, line ends as arrows, what cannot be seen by its number,
// bytes that are no whole character in hexadecimal.
function visibleParts(bytes) {
  const text = decodeOrNull(bytes);
  if (text === null) return [[Array.from(bytes, hex).join(" "), "byte"]];
  const parts = [];
  for (const char of text) {
    if (MARKS.has(char)) parts.push([MARKS.get(char), "space"]);
    else if (/[\p{C}\p{Z}]/u.test(char)) parts.push([`U+${hex(char.codePointAt(0)).padStart(4, "0")}`, "byte"]);
    else if (parts.length === 0 && /\p{M}/u.test(char)) parts.push([`\u25cc${char}`, "text"]);
    else if (parts.length && parts.at(-1)[1] === "text") parts.at(-1)[0] += char;
    else parts.push([char, "text"]);
  }
  return parts;
}

const visible = (bytes) =>
  visibleParts(bytes)
    .map(([text, kind]) => (kind === "byte" ? `<${text}>` : text))
    .join("");
const showToken = (bytes) => visibleParts(bytes).map(([text, kind]) => h("span", { class: `mg-${kind}` }, text));

// A token in words, for those who hear the page.
function sayToken(bytes) {
  const words = { "\u00b7": "space", "\u21b5": "line end", "\u21e5": "tab", "\u240d": "carriage return" };
  return visibleParts(bytes)
    .map(([text, kind]) => (kind === "space" ? words[text] : kind === "byte" ? `byte ${text}` : text))
    .join(" ");
}

// A row of token buttons of which one is in the tab order; arrow keys move. onpick(i, how) on focus, pointer and click.
function tokenRow(label, onpick) {
  const row = h("div", { class: "mg-tokens", role: "group", "aria-label": label });
  let chips = [];
  const at = (target) => chips.indexOf(target.closest?.(".mg-token"));
  const pick = (how) => (event) => {
    const i = at(event.target);
    if (i >= 0) onpick(i, how);
  };
  row.addEventListener("focusin", pick("focus"));
  row.addEventListener("click", pick("click"));
  row.addEventListener("pointerover", pick("hover"));
  row.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined || !chips.length) return;
    event.preventDefault();
    chips[Math.min(Math.max(at(event.target) + move, 0), chips.length - 1)].focus();
  });
  const show = (items) => {
    chips = items.map(({ bytes, title, say, className = "" }) =>
      h(
        "button",
        {
          type: "button",
          class: `mg-token ${className}`,
          tabindex: -1,
          title,
          "aria-label": say ?? sayToken(bytes),
        },
        showToken(bytes),
      ),
    );
    const lines = chips.flatMap((chip, i) =>
      items[i].bytes.at(-1) === 10 ? [chip, h("span", { class: "mg-break" })] : [chip],
    );
    row.replaceChildren(...lines);
  };
  const mark = (selected) =>
    chips.forEach((chip, i) => {
      chip.setAttribute("aria-pressed", i === selected);
      chip.tabIndex = i === selected ? 0 : -1;
    });
  return {
    node: row,
    show,
    mark,
    get chips() {
      return chips;
    },
  };
}
