// GPT-2's forward pass, one token at a time with cached keys and values. Weights as saved: y = x W + b, W of shape (in, out).
function halfToFloat(halves) {
  const table = new Float32Array(2048); // a half is sign (1 bit), exponent (5), fraction (10): fraction by table, rest by scale
  for (let i = 0; i < 1024; i++) {
    table[i] = i / 1024;
    table[1024 + i] = 1 + i / 1024;
  }
  const scale = Float32Array.from({ length: 32 }, (_, e) => 2 ** ((e || 1) - 15));
  const numbers = new Float32Array(halves.length); // a loop, since .from with a function takes ten times as long
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const exponent = (half >> 10) & 31;
    const value = scale[exponent] * table[(exponent ? 1024 : 0) + (half & 1023)];
    numbers[i] = half & 0x8000 ? -value : value;
  }
  return numbers;
}

function layerNorm(x, weight, bias, out) {
  const d = x.length;
  let mean = 0;
  for (let i = 0; i < d; i++) mean += x[i];
  mean /= d;
  let variance = 0;
  for (let i = 0; i < d; i++) variance += (x[i] - mean) ** 2;
  const scale = 1 / Math.sqrt(variance / d + 1e-5);
  for (let i = 0; i < d; i++) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

// Four rows of the weight at a time, so that `out` is read and written a quarter as often.
function linear(x, weight, bias, out) {
  const width = out.length;
  out.set(bias);
  let i = 0;
  for (; i + 3 < x.length; i += 4) {
    const [a, b, c, d] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
    const [second, third, fourth] = [width, 2 * width, 3 * width];
    for (let j = 0, at = i * width; j < width; j++, at++)
      out[j] += a * weight[at] + b * weight[at + second] + c * weight[at + third] + d * weight[at + fourth];
  }
  for (; i < x.length; i++) for (let j = 0, at = i * width; j < width; j++, at++) out[j] += x[i] * weight[at];
}

const gelu = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

function softmax(scores) {
  let top = -Infinity;
  for (const s of scores) top = Math.max(top, s);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += scores[i] = Math.exp(scores[i] - top);
  for (let i = 0; i < scores.length; i++) scores[i] /= sum;
  return scores;
}

class Gpt {
  // meta: {config: {n_layer, n_head, n_embd, n_positions, vocab_size}, tensors: [[name, shape], ...]}; halves: the tensors, in order
  constructor({ config, tensors }, halves) {
    Object.assign(this, config);
    const numbers = halfToFloat(new Uint16Array(halves));
    this.w = {};
    let at = 0;
    for (const [name, shape] of tensors) {
      const size = shape.reduce((a, b) => a * b, 1);
      this.w[name] = numbers.subarray(at, (at += size));
    }
    const d = this.n_embd;
    this.room = {
      x: new Float32Array(d),
      normed: new Float32Array(d),
      qkv: new Float32Array(3 * d),
      mixed: new Float32Array(d),
      out: new Float32Array(d),
      wide: new Float32Array(4 * d),
    };
  }

  // Keys and values of the tokens read so far, and which tokens they were.
  newCache() {
    const size = this.n_positions * this.n_embd;
    const layers = () => Array.from({ length: this.n_layer }, () => new Float32Array(size));
    return { ids: [], keys: layers(), values: layers() };
  }

  // Reads one token. seen(layer, head, weights) gets the attention of this token over itself and those before.
  step(cache, id, seen = null) {
    const { w, n_embd: d } = this;
    const { x, normed, qkv, mixed, out, wide } = this.room;
    const t = cache.ids.length;
    if (t >= this.n_positions)
      throw new RangeError(`The model has ${this.n_positions} positions; this would be one more.`);
    for (let i = 0; i < d; i++) x[i] = w["wte.weight"][id * d + i] + w["wpe.weight"][t * d + i];
    for (let layer = 0; layer < this.n_layer; layer++) {
      const of = (name) => w[`h.${layer}.${name}`];
      layerNorm(x, of("ln_1.weight"), of("ln_1.bias"), normed);
      linear(normed, of("attn.c_attn.weight"), of("attn.c_attn.bias"), qkv);
      cache.keys[layer].set(qkv.subarray(d, 2 * d), t * d);
      cache.values[layer].set(qkv.subarray(2 * d), t * d);
      this.attend(cache, layer, t, seen);
      linear(mixed, of("attn.c_proj.weight"), of("attn.c_proj.bias"), out);
      for (let i = 0; i < d; i++) x[i] += out[i];
      layerNorm(x, of("ln_2.weight"), of("ln_2.bias"), normed);
      linear(normed, of("mlp.c_fc.weight"), of("mlp.c_fc.bias"), wide);
      for (let i = 0; i < wide.length; i++) wide[i] = gelu(wide[i]);
      linear(wide, of("mlp.c_proj.weight"), of("mlp.c_proj.bias"), out);
      for (let i = 0; i < d; i++) x[i] += out[i];
    }
    cache.ids.push(id);
  }

  attend(cache, layer, t, seen) {
    const { qkv, mixed } = this.room;
    const d = this.n_embd;
    const size = d / this.n_head;
    const keys = cache.keys[layer];
    const values = cache.values[layer];
    mixed.fill(0);
    for (let head = 0; head < this.n_head; head++) {
      const first = head * size;
      const weights = new Float32Array(t + 1);
      for (let s = 0; s <= t; s++) {
        let dot = 0;
        for (let i = first; i < first + size; i++) dot += qkv[i] * keys[s * d + i];
        weights[s] = dot / Math.sqrt(size);
      }
      softmax(weights);
      for (let s = 0; s <= t; s++)
        for (let i = first; i < first + size; i++) mixed[i] += weights[s] * values[s * d + i];
      seen?.(layer, head, weights);
    }
  }

  // Scores of every token to come next, after the last step.
  logits() {
    const { w, n_embd: d, vocab_size: V } = this;
    const { x, normed } = this.room;
    layerNorm(x, w["ln_f.weight"], w["ln_f.bias"], normed);
    const scores = new Float32Array(V);
    for (let id = 0; id < V; id++) {
      let dot = 0;
      for (let i = 0, at = id * d; i < d; i++, at++) dot += normed[i] * w["wte.weight"][at];
      scores[id] = dot;
    }
    return scores;
  }

  // Brings a cache to hold exactly these tokens, reading only what is new; returns the logits after the last of them.
  read(cache, ids, seen = null) {
    let same = 0;
    while (same < cache.ids.length && same < ids.length - 1 && cache.ids[same] === ids[same]) same++;
    cache.ids.length = same;
    for (const id of ids.slice(same)) this.step(cache, id, seen);
    return this.logits();
  }
}

// A model with its tokenizer, from its asset; opened once for all figures of the page.
function openModel(asset) {
  const { meta, buffers } = asset;
  asset.opened ??= {
    model: new Gpt(meta, buffers[1]),
    tokenizer: new Bpe(new Uint16Array(buffers[0]), meta.tokenizer),
  };
  return asset.opened;
}
