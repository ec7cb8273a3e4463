// Growth of the residual stream with depth, from a small random model that is computed here: no training, no stored numbers.
// Every sub-block normalizes the stream and adds what a random matrix makes of it. Its numbers have variance 1 / width, so
// that one sub-block adds a vector about as long as the stream was at the start.
const WIDTH = 64;
const POOL = 1 << 17;

// Normal random numbers, drawn once a seed: each matrix is a stretch of them that starts somewhere else.
function gaussians(seed) {
  const next = random(seed);
  return Float32Array.from(
    { length: POOL },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

// Root mean square of the stream before the first and after every sub-block; N = 2 x layers sub-blocks.
function streamSizes(layers, scaled, pool, seed) {
  const next = random(seed + 1000);
  const somewhere = () => Math.floor(next() * (POOL - WIDTH * WIDTH));
  const scale = (scaled ? 1 / Math.sqrt(2 * layers) : 1) / Math.sqrt(WIDTH);
  const first = somewhere();
  let x = Float64Array.from(pool.subarray(first, first + WIDTH));
  const size = () => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / WIDTH);
  x = x.map((v) => v / size());
  const sizes = [size()];
  const normed = new Float32Array(WIDTH);
  const ones = new Float32Array(WIDTH).fill(1);
  const zeros = new Float32Array(WIDTH);
  for (let k = 0; k < 2 * layers; k++) {
    layerNorm(x, ones, zeros, normed);
    const added = new Float64Array(WIDTH);
    const at = somewhere();
    for (let i = 0; i < WIDTH; i++) for (let j = 0; j < WIDTH; j++) added[j] += pool[at + i * WIDTH + j] * normed[i];
    for (let j = 0; j < WIDTH; j++) x[j] += scale * added[j];
    sizes.push(size());
  }
  return sizes;
}

function render({ model, el }) {
  const body = card(
    el,
    "Growth of the residual stream",
    "How large does the stream get when the model gets deeper? Move the depth, with and without GPT-2\u2019s 1/\u221aN.",
  );
  let seed = 1;
  let pool = gaussians(seed);
  const depth = slider(
    "Layers",
    { min: 1, max: 96, value: model.get("layers"), say: (n) => plural(n, "layer") },
    perFrame(() => draw()),
  );
  const sizes = [12, 24, 36, 48].map((n) =>
    button(
      `${n}`,
      () => {
        depth.set(n);
        draw();
      },
      { "aria-label": `${n} layers, as a size of GPT-2` },
    ),
  );
  const again = button("Other random weights", () => {
    seed++;
    pool = gaussians(seed);
    draw();
  });
  const chart = plot("Size of the residual stream");
  const said = liveText();
  body.append(
    h("div", { class: "mg-row" }, depth.node, h("span", { class: "mg-row" }, "GPT-2: ", sizes), again),
    h(
      "div",
      { class: "mg-key" },
      keyLine("as it is", HUES[1], ""),
      keyLine("output weights times 1/\u221aN", HUES[0], ""),
      keyLine("\u221a(1 + k) and \u221a(1 + k/N)", HUES[5], DASHES[2]),
    ),
    chart.node,
    said,
  );

  function draw() {
    const layers = depth.value;
    const N = 2 * layers;
    const plain = streamSizes(layers, false, pool, seed);
    const scaled = streamSizes(layers, true, pool, seed);
    const theory = (f) => plain.map((_, k) => [k, f(k)]);
    const series = [
      { points: theory((k) => Math.sqrt(1 + k)), hue: HUES[5], dash: DASHES[2] },
      { points: theory((k) => Math.sqrt(1 + k / N)), hue: HUES[5], dash: DASHES[2] },
      { points: plain.map((v, k) => [k, v]), hue: HUES[1] },
      { points: scaled.map((v, k) => [k, v]), hue: HUES[0] },
    ];
    const text =
      `After ${layers} layers (N = ${N} sub-blocks) the stream is ${plain.at(-1).toFixed(1)} times as large as at the start; ` +
      `with 1/\u221aN it is ${scaled.at(-1).toFixed(1)} times as large.`;
    chart.draw({
      series,
      xlabel: "sub-blocks passed, k",
      ylabel: "root mean square of the stream (1 at the start)",
      zero: true,
      height: 260,
      say: text,
    });
    said.textContent = text;
  }
  draw();
  return redraw(body, draw);
}

export default { render };
