"""The n-grams of texts as the paper counts them (section 4): lower-case alphanumeric words, one space between.

What is hashed is the string itself, "four score and seven years ago our fathers"; but no such string is ever made. All
texts of a batch become one array of characters, in it words and n-grams are stretches, and `hash_parts` hashes them all
at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from minigpt.memorization.bloom import code_points, hash_parts
from minigpt.webtext.dedup import normal_words

PIECE = 2**16  # characters that become one array; what is longer is worked on in pieces
_SPACE = ord(" ")


def check_n(n: int) -> None:
    """Raises ValueError unless n is a number of words."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n is the number of words of an n-gram, a whole number from 1 (the paper: 8), not {n!r}")


def ngrams(text: str, n: int = 8) -> list[str]:
    """The n-grams of a text as strings, in order: the definition, for texts small enough.

    >>> ngrams("To be, or NOT to be: that is the question.", 8)
    ['to be or not to be that is', 'be or not to be that is the', 'or not to be that is the question']
    """
    check_n(n)
    words = normal_words(text)
    return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]


class Grams(NamedTuple):
    """The n-grams of some texts, one text after another: stretches of one array of characters."""

    codes: np.ndarray  # code points: the words of all texts, normalised, each with a space after it
    starts: np.ndarray  # of each n-gram, where it begins in `codes`,
    ends: np.ndarray  # and where it ends
    counts: np.ndarray  # of each text, how many n-grams it has: 0 if it has fewer than n words

    def hashes(self) -> np.ndarray:
        """The hash of each n-gram, (n-grams,) uint64: that of the string which `ngrams` gives."""
        return hash_parts(self.codes, self.starts, self.ends)

    def text(self, first: int, last: int) -> str:
        """The words from n-gram number `first` to number `last`."""
        codes = self.codes[self.starts[first] : self.ends[last]].astype("<u4")
        return codes.tobytes().decode("utf-32-le", errors="surrogatepass")


def find_ngrams(texts: list[str], n: int = 8) -> Grams:
    """The n-grams of one or more texts.

    >>> grams = find_ngrams(["To be, or NOT to be", "that is the question"], 3)
    >>> grams.counts.tolist(), grams.text(1, 2)
    ([4, 2], 'be or not to')
    """
    check_n(n)
    codes, words = normal_codes(texts)
    ends = np.flatnonzero(codes == _SPACE)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    text_of = np.repeat(np.arange(len(words)), words)
    first = np.flatnonzero(text_of[: max(0, len(ends) - n + 1)] == text_of[n - 1 :])  # in one text from end to end
    return Grams(codes, starts[first], ends[first + n - 1], np.maximum(words - n + 1, 0))


def grouped(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in groups of about `PIECE` characters."""
    group, size = [], 0
    for text in texts:
        if group and size + len(text) > PIECE:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text) + 1
    if group:
        yield group


def normal_codes(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The words of one or more texts, each with a space after it, and the number of words of each text.

    Returns:
        codes: code points of the letters and digits, lower-case, and of the spaces, (characters,).
        words: (texts,) int64.
    """
    lower = [text.lower() for text in texts]
    codes = code_points("\n".join(lower) + "\n")
    letter = is_alphanumeric().take(codes)
    after = np.concatenate([[False], letter[:-1]])  # whether a letter or digit comes before
    begins = np.concatenate([[0], np.cumsum([len(text) + 1 for text in lower])[:-1]])
    words = np.add.reduceat(letter & ~after, begins, dtype=np.int64)
    return np.where(letter, codes, codes.dtype.type(_SPACE))[letter | after], words


@cache
def is_alphanumeric() -> np.ndarray:
    """Of every code point, whether it is a letter or a digit, (1114112,) bool."""
    return np.fromiter((chr(code).isalnum() for code in range(0x110000)), dtype=bool, count=0x110000)


# ---- Long texts and many texts ----


def pieces(parts: Iterable[str], n: int) -> Iterator[str]:
    """A document, given in any parts, in pieces of about `PIECE` characters that together have its n-grams, each once.

    It is cut at white space (a word of more than `PIECE` characters is cut, too), and each piece begins with the last
    n - 1 words of the one before. A document without any n-gram gives one piece.
    """
    carry, text, given = "", "", False
    for part in parts:
        for begin in range(0, len(part), PIECE):
            text += part[begin : begin + PIECE]
            while len(text) > PIECE:
                cut = _cut(text[:PIECE])
                piece, text, given = carry + text[:cut], text[cut:], True
                yield piece
                carry = "".join(word + " " for word in last_words(piece, n - 1))
    if text or not given:
        yield carry + text


def _cut(text: str) -> int:
    """Where to cut: after the last white space in the second half, or else after what is no letter or digit."""
    cut = max(text.rfind(space) for space in " \n\t") + 1
    if cut > len(text) // 2:
        return cut
    others = (i + 1 for i in range(len(text) - 1, len(text) // 2, -1) if not text[i].isalnum())
    return next(others, len(text))


def last_words(text: str, count: int) -> list[str]:
    """The last words of a text, as `normal_words` gives them, without reading all of it."""
    size = 16 * count
    while count:
        words = normal_words(text[-size:])
        if size >= len(text) or len(words) > count:  # the first one may be the end of a longer word
            return words[-count:]
        size *= 2
    return []
