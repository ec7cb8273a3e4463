"""Language models that count: n-grams of words or tokens, with add-k or Kneser-Ney smoothing. Paper: section 2.

    >>> pages = [cut_words(page) for page in ("the hen sat", "the hen ate", "the owl sat")]
    >>> model = NGram.train(pages, n=3)
    >>> [(word, round(p, 2)) for word, p in model.likeliest(["the"], 2)]
    [(' hen', 0.52), (' owl', 0.18)]
    >>> round(float(model.probabilities(["the", " hen"]).sum()), 9)
    1.0

A model of order n predicts a word from the n - 1 words before it. A document stands between two END marks, and no
context reaches over them. A word that the vocabulary does not hold counts as UNKNOWN. Its probability is that of *some*
unknown word, so where many are unknown a perplexity looks better than it is; count them with `unknown`, or use tokens
that leave nothing unknown (`vocabulary=range(tok.vocab_size)` with a `Tokenizer`).

Why interpolated Kneser-Ney: of the smoothing methods that Chen and Goodman (1999) compared, its family did best
throughout. Why the plain form and not their modified one, with three discounts an order instead of one: it is one idea
less; chapter 02 measures the difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

END = "<|endoftext|>"  # before and after each document
UNKNOWN = "<|unknown|>"
_WORDS = re.compile(r" ?\w+| ?[^\w\s]|\s")


def cut_words(text: str) -> list[str]:
    """Words with the space before them, single other signs, single white space; joined, they are `text` again.

    In a script without spaces a whole run of letters is one word.

    >>> cut_words("The hen's 2 eggs.\\n")
    ['The', ' hen', "'", 's', ' 2', ' eggs', '.', '\\n']
    """
    return _WORDS.findall(text)


class Level(NamedTuple):
    """All n-grams of one length k, sorted by context.

    A gram's number is its place in `keys`. Its key is (number of its first k - 1 words at the level below) * V + (id of
    its last word), so the words that follow a context lie side by side. `times` is how often each occurs, `counts` what
    is smoothed: the same at the highest order and for grams that open a document; for the others, how many different
    words stand before the gram. `totals` and `kinds` belong to contexts: the sum of the counts that follow, and how
    many different words do.
    """

    keys: np.ndarray
    times: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray
    discount: float


def discount(counts: np.ndarray) -> float:
    """What is taken off each count: n1 / (n1 + 2 n2), if n1 counts are 1 and n2 are 2 (Ney et al. 1994).

    A small text may have none of one of them; then one half, which is our choice.
    """
    ones, twos = int((counts == 1).sum()), int((counts == 2).sum())
    return ones / (ones + 2 * twos) if ones and twos else 0.5


def find(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The place of each wanted key in the sorted keys, -1 where there is none."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)


def count_levels(ids: np.ndarray, room: np.ndarray, n: int, V: int, counted: bool) -> list[Level]:
    """The levels 1 to n of a text.

    Args:
        ids: END, the first document, END, the second, ..., END.
        room: for each place, how many ids lie between it and the END before it, that one included; 0 at the first.
        counted: whether `counts` shall be times at every level (add-k) and not as Kneser and Ney (1995) count.
    """
    numbers = np.zeros(len(ids), dtype=np.int64)  # of the gram of the level below that ends at each place
    levels, contexts = [], 1
    for k in range(1, n + 1):
        here = np.flatnonzero(room >= max(k - 1, 1))  # where a gram of k words, or its context, fits into the document
        if len(here) == 0:  # every document is shorter
            break
        keys, first, places, times = np.unique(
            numbers[here - 1] * V + ids[here], return_index=True, return_inverse=True, return_counts=True
        )
        if k > 1 and not counted:  # each kind of gram stands once before the shorter one in which it ends
            opens = room[firsts] == k - 2  # nothing can stand before the first words of a document
            before = np.bincount(numbers[here[first]], minlength=contexts)
            levels[-1] = with_counts(levels[-1], np.where(opens, levels[-1].times, before), V)
        levels.append(with_counts(Level(keys, times, times, np.zeros(contexts), np.zeros(contexts), 0), times, V))
        numbers = np.zeros(len(ids), dtype=np.int64)
        numbers[here] = places
        if k == 1:
            numbers[0] = numbers[-1]  # the END that opens the text, seen as a context
        firsts, contexts = here[first], len(keys)
    return levels


def with_counts(level: Level, counts: np.ndarray, V: int) -> Level:
    """The level with these counts, and with what follows from them."""
    contexts, size = level.keys // V, len(level.totals)
    totals, kinds = np.bincount(contexts, counts, size), np.bincount(contexts, minlength=size)
    return level._replace(counts=counts, totals=totals, kinds=kinds, discount=discount(counts))


class NGram:
    """An n-gram model; make one with `NGram.train`.

    Attributes:
        n: the order; less than was asked for if every document is shorter.
        words: id -> word; the first two are END and UNKNOWN.
        levels: the counts, a `Level` for each length from 1 to n.
        add_k: what is added to each count, or None for Kneser-Ney.
    """

    def __init__(self, words: list, levels: list[Level], add_k: float | None) -> None:
        self.words, self.levels, self.add_k = words, levels, add_k
        self.n = len(levels)
        self._ids = {word: i for i, word in enumerate(words)}

    @classmethod
    def train(
        cls,
        documents: Iterable[Sequence[Hashable]],
        n: int,
        *,
        add_k: float | None = None,
        vocabulary: Iterable[Hashable] | None = None,
        min_count: int = 1,
    ) -> NGram:
        """Count the n-grams of documents, each a sequence of words (or of anything else that can be counted).

        Args:
            add_k: for add-k smoothing, what is added to each count; 0 for none. Not given: interpolated Kneser-Ney.
            vocabulary: the words to know; if not given, those that occur at least `min_count` times. All others are
                UNKNOWN, in training too.

        Raises:
            ValueError: n or min_count is less than 1, add_k is negative, or there is no document.
        """
        if n < 1 or min_count < 1:
            raise ValueError(f"n and min_count count from 1; got n={n}, min_count={min_count}")
        if add_k is not None and add_k < 0:
            raise ValueError(f"add_k must not be negative, and is {add_k}")
        if isinstance(documents, str):
            raise ValueError("documents is one string: give a list of documents, each a list of words (see cut_words)")
        documents = [list(document) for document in documents]
        if not documents:
            raise ValueError("there is no document to count in")
        if vocabulary is None:
            times = Counter(chain.from_iterable(documents))
            vocabulary = [word for word, count in times.items() if count >= min_count]
        words = list(dict.fromkeys([END, UNKNOWN, *vocabulary]))
        model = cls(words, [], add_k)
        ids, room = model._encode(documents)
        levels = count_levels(ids, room, n, len(words), counted=add_k is not None)
        return cls(words, levels, add_k)

    def _encode(self, documents: list[Sequence[Hashable]]) -> tuple[np.ndarray, np.ndarray]:
        """(ids, room) as `count_levels` wants them."""
        known = self._ids
        rows = [[0, *(known.get(word, 1) for word in document)] for document in documents]
        ids = np.fromiter(chain(chain.from_iterable(rows), [0]), dtype=np.int64)
        room = np.concatenate([[0], *(np.arange(1, len(row) + 1) for row in rows)])
        return ids, room

    @property
    def vocab_size(self) -> int:
        """How many outcomes a probability is shared among: all words, UNKNOWN and END."""
        return len(self.words)

    def unknown(self, document: Sequence[Hashable]) -> int:
        """How many words of the document the model does not know."""
        return sum(word not in self._ids or word == UNKNOWN for word in document)

    def log_probabilities(self, document: Sequence[Hashable]) -> np.ndarray:
        """The log-probability of each word given those before it, and last of the document's END: (T + 1,), in nats."""
        ids, room = self._encode([document])
        V = self.vocab_size
        p = np.full(len(ids) - 1, 1 / V)  # of the words at the places 1, 2, ...
        numbers = np.zeros(len(ids), dtype=np.int64)
        for k, level in enumerate(self.levels, 1):
            context = np.where(room[1:] >= k - 1, numbers[:-1], -1)
            known = context >= 0
            places = np.where(known, find(level.keys, context * V + ids[1:]), -1)
            counts = np.where(places >= 0, level.counts[places], 0)
            totals, kinds = (np.where(known, table[context], 0) for table in (level.totals, level.kinds))
            p = np.where(room[1:] >= k - 1, self._smooth(counts, totals, kinds, level.discount, p), p)
            numbers = np.concatenate([[-1], places])
            if k == 1:
                numbers[0] = np.searchsorted(level.keys, 0)  # END opens the document
        with np.errstate(divide="ignore"):  # without smoothing a probability may be 0
            return np.log(p)

    def _smooth(self, counts, totals, kinds, discount: float, lower):
        """One level of smoothing: the probabilities of words with these counts; `lower` is that of the level below."""
        seen = totals > 0
        totals = np.where(seen, totals, 1)
        if self.add_k is not None:
            k, V = self.add_k, self.vocab_size
            return np.where(seen, (counts + k) / (totals + k * V), 1 / V)
        return np.where(seen, (np.maximum(counts - discount, 0) + discount * kinds * lower) / totals, lower)

    def nats(self, document: Sequence[Hashable]) -> float:
        """Minus the log-likelihood of the document, its END included, in nats."""
        return -float(self.log_probabilities(document).sum())

    def probabilities(self, context: Sequence[Hashable] = (), start: bool = True) -> np.ndarray:
        """The probability of every word of `words` to come next, (V,).

        Args:
            context: the words so far; the last n - 1 count.
            start: whether a document starts right before the context, or words that are not known were there.
        """
        ids = [self._ids.get(word, 1) for word in context]
        ids = ([0, *ids] if start else ids)[-self.n + 1 :] if self.n > 1 else []
        V = self.vocab_size
        p = np.full(V, 1 / V)
        for k, level in enumerate(self.levels[: len(ids) + 1], 1):
            number = self._number(ids[len(ids) - k + 1 :])
            counts = np.zeros(V)
            low, high = np.searchsorted(level.keys, [number * V, (number + 1) * V]) if number >= 0 else (0, 0)
            counts[level.keys[low:high] - number * V] = level.counts[low:high]
            total, kinds = (level.totals[number], level.kinds[number]) if number >= 0 else (0, 0)
            p = self._smooth(counts, np.full(V, total), kinds, level.discount, p)
        return p

    def _number(self, ids: Sequence[int]) -> int:
        """The number of a gram, that is, of a context; -1 if it never occurred, 0 for that of no words."""
        number = 0
        for level, i in zip(self.levels, ids):
            number = int(find(level.keys, np.array([number * self.vocab_size + i]))[0])
            if number < 0:
                return -1
        return number

    def likeliest(self, context: Sequence[Hashable] = (), top: int = 5, start: bool = True) -> list[tuple]:
        """The `top` likeliest next words with their probabilities; of equals, those seen first in training."""
        p = self.probabilities(context, start)
        return [(self.words[i], float(p[i])) for i in np.argsort(-p, kind="stable")[:top]]

    def sample(self, context: Sequence[Hashable] = (), max_words: int = 100, seed: int | None = None) -> list:
        """Words that the model writes after the context, each drawn by its probability, until END (which is left out).

        UNKNOWN is never drawn: nobody could write it.
        """
        dice = np.random.default_rng(seed)
        written: list = []
        while len(written) < max_words:
            p = self.probabilities([*context, *written])
            p[1] = 0.0
            reached = np.cumsum(p)
            drawn = int(np.searchsorted(reached, dice.random() * reached[-1], side="right"))
            if drawn == 0:
                break
            written.append(self.words[drawn])
        return written
