// Byte-level byte pair encoding: GPT-2's split into words, its encoder, and a trainer for small texts.
// Ids are laid out as GPT-2's: 256 bytes (the 188 printable ones first), then one id a merge.
const BYTE_OF_ID = (() => {
  const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b !== 173);
  const all = Array.from({ length: 256 }, (_, b) => b);
  return [...all.filter(printable), ...all.filter((b) => !printable(b))];
})();
const ID_OF_BYTE = (() => {
  const ids = [];
  BYTE_OF_ID.forEach((b, id) => {
    ids[b] = id;
  });
  return ids;
})();

// \s of JavaScript is not Unicode's White_Space (U+0085 is missing, U+FEFF is too much), so the property is named.
const WORDS =
  /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const LINES = /[^\n]*\n|[^\n]+/gu; // without the rule against merging across categories
const splitWords = (text, categories = true) => text.match(categories ? WORDS : LINES) ?? [];

const toBytes = (text) => new TextEncoder().encode(text);
const pairKey = (a, b) => a * 65536 + b;

function mergePair(ids, a, b, merged) {
  const out = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === a && ids[i + 1] === b) {
      out.push(merged);
      i++;
    } else out.push(ids[i]);
  }
  return out;
}

class Bpe {
  // pairs: Uint16Array, the two ids of each merge one after the other
  constructor(pairs, { categories = true } = {}) {
    this.pairs = pairs;
    this.categories = categories;
    this.merges = pairs.length / 2;
    this.eot = 256 + this.merges;
    this.rank = new Map();
    for (let r = 0; r < this.merges; r++) this.rank.set(pairKey(pairs[2 * r], pairs[2 * r + 1]), r);
    this.words = new Map();
    this.known = BYTE_OF_ID.map((b) => Uint8Array.of(b));
  }

  bytes(id) {
    if (id === this.eot) return toBytes("<|endoftext|>");
    return (this.known[id] ??= Uint8Array.from(
      [this.pairs[2 * (id - 256)], this.pairs[2 * (id - 256) + 1]].flatMap((part) => [...this.bytes(part)]),
    ));
  }

  // One word: the pair of lowest rank is merged wherever it stands, until no pair has a rank. seen(ids, rank) after each merge.
  encodeBytes(bytes, seen = null) {
    let ids = Array.from(bytes, (b) => ID_OF_BYTE[b]);
    for (;;) {
      let best = Infinity;
      for (let i = 0; i + 1 < ids.length; i++)
        best = Math.min(best, this.rank.get(pairKey(ids[i], ids[i + 1])) ?? Infinity);
      if (best === Infinity) return ids;
      ids = mergePair(ids, this.pairs[2 * best], this.pairs[2 * best + 1], 256 + best);
      seen?.(ids, best);
    }
  }

  encodeWord(word) {
    let ids = this.words.get(word);
    if (!ids) {
      ids = this.encodeBytes(toBytes(word));
      if (word.length < 40) this.words.set(word, ids);
    }
    return ids;
  }

  split(text) {
    return splitWords(text, this.categories);
  }
  encode(text) {
    return this.split(text).flatMap((word) => this.encodeWord(word));
  }
}
