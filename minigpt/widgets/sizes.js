// The sizes of GPT-2, and where their parameters sit.
const PRESETS = {
  "GPT-1": { n_layer: 12, n_head: 12, n_embd: 768, vocab: 40478, block: 512, final: false },
  "124M": { n_layer: 12, n_head: 12, n_embd: 768, vocab: 50257, block: 1024, final: true },
  "355M": { n_layer: 24, n_head: 16, n_embd: 1024, vocab: 50257, block: 1024, final: true },
  "774M": { n_layer: 36, n_head: 20, n_embd: 1280, vocab: 50257, block: 1024, final: true },
  "1558M": { n_layer: 48, n_head: 25, n_embd: 1600, vocab: 50257, block: 1024, final: true },
};
const PAPER = { "124M": "117M", "355M": "345M", "774M": "762M", "1558M": "1542M" };
const OLD_VOCAB = 40478;

// Where the parameters sit: [name, number]. The head is the token embedding again and adds nothing.
function parameterParts({ n_layer: L, n_embd: d, vocab, block, final }) {
  return [
    ["token embedding (also the head)", vocab * d],
    ["position embedding", block * d],
    ["attention", L * (4 * d * d + 4 * d)],
    ["MLP", L * (8 * d * d + 5 * d)],
    ["LayerNorms", L * 4 * d + (final ? 2 * d : 0)],
  ];
}
const parameters = (size) => parameterParts(size).reduce((sum, [, n]) => sum + n, 0);
